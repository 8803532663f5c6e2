/* Lists of orders, and the answer to a batch. Open, add each element, close; nothing else may be
   appended to `out` between. */
#ifndef DV_GATEWAY_JSON_LIST_OUT_H
#define DV_GATEWAY_JSON_LIST_OUT_H

#include "actors/base/tokens.h"
#include "proto/buffer.h"
#include "proto/message.h"

/* {"success":true,"orders":[…]}, or a bare array. */
typedef enum dv_list_shape { DV_LIST_WRAPPED, DV_LIST_BARE } dv_list_shape;

/* A list of orders. doubt_before_us: as for dv_render_single. close: the same shape as open. */
void dv_render_list_open(dv_buffer *out, dv_list_shape shape);
void dv_render_list_add(dv_buffer *out, const dv_tokens *tokens, const dv_view *view,
                        int64_t doubt_before_us);
void dv_render_list_close(dv_buffer *out, dv_list_shape shape);

/* The answer to a batch of `count` orders, of which `accepted` were accepted. answer: what the order
   would have got by itself. */
void dv_render_batch_open(dv_buffer *out, uint32_t count, uint32_t accepted);
void dv_render_batch_add(dv_buffer *out, dv_text answer);
void dv_render_batch_close(dv_buffer *out);

#endif
