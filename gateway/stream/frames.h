/* The frames of one order. Each frame is rendered when first asked for, and shared by all connections. */
#ifndef DV_GATEWAY_STREAM_FRAMES_H
#define DV_GATEWAY_STREAM_FRAMES_H

#include "gateway/json/frame_out.h"
#include "gateway/stream/hub.h"

typedef struct dv_frames {
    const dv_tokens *tokens;
    const dv_view *view;
    dv_frame *of[DV_EVENTS_MAX + 1][2]; /* by seq and dv_frame_type; NULL: not rendered yet */
} dv_frames;

/* tokens and view are borrowed until fini. */
void dv_frames_init(dv_frames *frames, const dv_tokens *tokens, const dv_view *view);
void dv_frames_fini(dv_frames *frames);

/* The frame of an event, owned by `frames`. seq: 1..events_count. */
dv_frame *dv_frames_get(dv_frames *frames, uint64_t seq, uint8_t frame_type);

#endif
