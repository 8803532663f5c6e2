#include "actors/persistence/query.h"

const dv_query *dv_query_of(dv_message_type asks)
{
    for (const dv_query *const *q = DV_QUERIES; *q != NULL; q++)
        if ((*q)->asks == asks && !(*q)->batched) return *q;
    return NULL;
}

dv_message *dv_answer_add(dv_store_answer *answer, dv_message_type type, dv_arena *arena)
{
    uint32_t count = answer->count;
    bool full = (count & (count - 1)) == 0; /* there is room for a power of two of them */
    if (full) {
        dv_message *more = dv_arena_alloc(arena, (count == 0 ? 1 : 2 * count) * sizeof *more);
        if (count > 0) memcpy(more, answer->replies, count * sizeof *more);
        answer->replies = more;
    }
    dv_message *reply = &answer->replies[answer->count++];
    reply->type = type;
    return reply;
}

void dv_answer_views(dv_store_answer *answer, const dv_views *views, dv_err if_none,
                     dv_arena *arena)
{
    for (uint32_t i = 0; i < views->count; i++)
        dv_answer_add(answer, DV_MSG_order_item, arena)->order_item =
            (dv_order_item){.seq = views->list[i].mark, .view = views->list[i].view};
    dv_answer_add(answer, DV_MSG_query_reply, arena)->query_reply =
        (dv_query_reply){.error = views->count == 0 ? if_none : DV_OK,
                         .count = views->count,
                         .head_position = views->head_position};
}

bool dv_refuse_views(dv_err error, const dv_message *last, dv_message *ret_reply)
{
    (void)last;
    *ret_reply = (dv_message){.type = DV_MSG_query_reply, .query_reply = {.error = error}};
    return true;
}
