#include "actors/persistence/calls.h"

#include <stdlib.h>
#include <utlist.h>

#include "actors/base/log.h"
#include "proto/codec.h"

#define CALLS_MAX 10000 /* not answered; the high-water mark of their links */

typedef struct call {
    struct call *prev, *next;
    dv_store_request request;
    dv_port port;
    dv_peer peer;                          /* its sender */
    dv_message message;                    /* what asks */
    _Alignas(max_align_t) char borrowed[]; /* by the message */
} call;

struct dv_calls {
    call *waiting[DV_STORE_LANE_COUNT]; /* not submitted, oldest first */
    call *asked;                        /* submitted */
    uint32_t count;                     /* of both */
    dv_message *last[DV_MSG_COUNT];     /* replies that queries remember, by what asks; owned */
};

dv_calls *dv_calls_new(void)
{
    dv_calls *calls = calloc(1, sizeof *calls);
    if (calls == NULL) abort();
    return calls;
}

static void list_free(call *list)
{
    call *c, *next;
    DL_FOREACH_SAFE(list, c, next) free(c);
}

void dv_calls_destroy(dv_calls **calls)
{
    if (calls == NULL || *calls == NULL) return;
    for (dv_store_lane lane = 0; lane < DV_STORE_LANE_COUNT; lane++)
        list_free((*calls)->waiting[lane]);
    list_free((*calls)->asked);
    for (uint32_t i = 0; i < DV_MSG_COUNT; i++) free((*calls)->last[i]);
    free(*calls);
    *calls = NULL;
}

bool dv_calls_none(const dv_calls *calls)
{
    return calls->count == 0;
}

/* ---- replies ------------------------------------------------------------------------------ */

static void reply(const call *c, dv_message message, dv_outbox *outbox)
{
    message.request_id = c->message.request_id;
    dv_send(outbox, c->port, &c->peer, &message);
}

static void refuse(const dv_calls *calls, const call *c, dv_err error, dv_outbox *outbox)
{
    dv_message message;
    if (c->request.query->refuse(error, calls->last[c->message.type], &message))
        reply(c, message, outbox);
}

/* Keeps the reply of a query that remembers it. */
static void remember(dv_calls *calls, const call *c, const dv_store_answer *answer)
{
    if (!c->request.query->remembers || answer->count == 0) return;
    dv_message **last = &calls->last[c->message.type];
    if (*last == NULL) *last = malloc(sizeof **last);
    if (*last == NULL) abort();
    **last = answer->replies[0];
}

static dv_err verdict(const call *c, const dv_store_answer *answer)
{
    if (answer->error != DV_OK) return answer->error;
    return answer->count <= c->request.query->replies_max ? DV_OK : DV_STORE_REFUSED;
}

/* ---- calls -------------------------------------------------------------------------------- */

static call *call_new(const dv_query *query, const dv_envelope *envelope)
{
    const dv_shape *shape = dv_message_info_of(envelope->message.type)->shape;
    size_t borrowed = dv_record_borrowed_size(shape, envelope->message.body);
    call *c = malloc(sizeof *c + borrowed);
    if (c == NULL) abort();
    c->port = envelope->port;
    c->peer = envelope->peer;
    c->message = envelope->message;
    dv_record_borrow_from(shape, c->message.body, c->borrowed);
    c->request = (dv_store_request){.query = query, .message = &c->message};
    return c;
}

/* Forgets a call that is in no list. */
static void call_end(dv_calls *calls, call *c)
{
    calls->count--;
    free(c);
}

void dv_calls_add(dv_calls *calls, const dv_query *query, const dv_envelope *envelope,
                  dv_outbox *outbox)
{
    call *c = call_new(query, envelope);
    if (calls->count >= CALLS_MAX) {
        refuse(calls, c, DV_ENGINE_FULL, outbox);
        free(c);
        return;
    }
    calls->count++;
    DL_APPEND(calls->waiting[query->lane], c);
}

bool dv_calls_submit(dv_calls *calls, dv_store_lane lane, dv_store *store, uint64_t ticket)
{
    call *c = calls->waiting[lane];
    if (c == NULL) return false;
    DL_DELETE(calls->waiting[lane], c);
    c->request.ticket = ticket;
    DL_APPEND(calls->asked, c);
    store->class->submit(store, &c->request);
    return true;
}

bool dv_calls_answer(dv_calls *calls, const dv_store_answer *answer, dv_outbox *outbox)
{
    call *c;
    DL_SEARCH_SCALAR(calls->asked, c, request.ticket, answer->ticket);
    if (c == NULL) return false;
    DL_DELETE(calls->asked, c);
    dv_err error = verdict(c, answer);
    if (error == DV_OK) {
        remember(calls, c, answer);
        for (uint32_t i = 0; i < answer->count; i++) reply(c, answer->replies[i], outbox);
    } else {
        dv_warn("query_failed", NULL, dv_kv_string("query", c->request.query->name),
                dv_kv_string("error", dv_err_name((uint16_t)error)),
                dv_kv_text("why", answer->error_text));
        refuse(calls, c, error, outbox);
    }
    call_end(calls, c);
    return true;
}

void dv_calls_refuse(dv_calls *calls, dv_store_lane lane, dv_err error, dv_outbox *outbox)
{
    call *c, *next;
    DL_FOREACH_SAFE(calls->waiting[lane], c, next)
    {
        refuse(calls, c, error, outbox);
        DL_DELETE(calls->waiting[lane], c);
        call_end(calls, c);
    }
}
