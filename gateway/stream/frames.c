#include "gateway/stream/frames.h"
#include "proto/buffer.h"

#include <assert.h>

void dv_frames_init(dv_frames *frames, const dv_tokens *tokens, const dv_view *view)
{
    *frames = (dv_frames){.tokens = tokens, .view = view};
}

void dv_frames_fini(dv_frames *frames)
{
    for (uint32_t seq = 0; seq <= DV_EVENTS_MAX; seq++)
        for (int type = 0; type < 2; type++) dv_frame_drop(&frames->of[seq][type]);
}

dv_frame *dv_frames_get(dv_frames *frames, uint64_t seq, uint8_t frame_type)
{
    assert(seq >= 1 && seq <= frames->view->events_count && frame_type <= DV_FRAME_ORDER_UPDATE);
    dv_frame **frame = &frames->of[seq][frame_type];
    if (*frame == NULL) {
        dv_buffer text = {0};
        dv_render_frame(&text, frames->tokens, frames->view, (uint32_t)seq,
                        (dv_frame_type)frame_type);
        *frame = dv_frame_new(text.bytes, text.size);
        dv_buffer_fini(&text);
    }
    return *frame;
}
