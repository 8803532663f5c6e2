#include "gateway/json/list_out.h"

#include <stdio.h>

#include "gateway/json/order_out.h"

void dv_render_list_open(dv_buffer *out, dv_list_shape shape)
{
    dv_text open = dv_text_of(shape == DV_LIST_BARE ? "[" : "{\"success\":true,\"orders\":[");
    dv_buffer_add(out, open.at, open.size);
}

void dv_render_list_add(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                        int64_t doubt_before_us)
{
    /* No order ends in "[", so a "[" at the end means that this order is the first. */
    if (out->bytes[out->size - 1] != '[') dv_buffer_add(out, ",", 1);
    dv_render_order(out, tokens, view, doubt_before_us);
}

void dv_render_list_close(dv_buffer *out, dv_list_shape shape)
{
    dv_text close = dv_text_of(shape == DV_LIST_BARE ? "]" : "]}");
    dv_buffer_add(out, close.at, close.size);
}

void dv_render_batch_open(dv_buffer *out, uint32_t count, uint32_t accepted)
{
    char head[96];
    int size =
        snprintf(head, sizeof head, "{\"success\":%s,\"count\":%u,\"accepted\":%u,\"orders\":[",
                 accepted == count ? "true" : "false", count, accepted);
    dv_buffer_add(out, head, (size_t)size);
}

void dv_render_batch_add(dv_buffer *out, dv_text answer)
{
    if (out->bytes[out->size - 1] != '[') dv_buffer_add(out, ",", 1); /* as in a list */
    dv_buffer_add(out, answer.at, answer.size);
}

void dv_render_batch_close(dv_buffer *out)
{
    dv_buffer_add(out, "]}", 2);
}
