#include "actors/persistence/question.h"

#include <assert.h>
#include <stdlib.h>

/* ---- asking ------------------------------------------------------------------------------- */

_Static_assert(2 * DV_NAME_MAX <= DV_USER_ID_MAX, "an incarnation and its name fit");

/* Keeps a text, at this place of the question's memory. */
static dv_text keep(dv_question *q, uint32_t at, dv_text text)
{
    memcpy(q->text + at, text.at != NULL ? text.at : "", text.size);
    return (dv_text){q->text + at, text.size};
}

static void ask_beat(dv_question *q, const dv_lease_request *beat)
{
    q->request.type = DV_STORE_BEAT;
    q->request.beat = *beat;
    q->request.beat.owner = keep(q, 0, beat->owner);
    q->request.beat.name = keep(q, DV_NAME_MAX, beat->name);
}

static void ask_claim(dv_question *q, const dv_claim_request *claim)
{
    q->request.type = DV_STORE_CLAIM;
    q->request.claim = *claim;
    q->request.claim.owner = keep(q, 0, claim->owner);
    if (claim->orders_count == 0) return;
    q->orders = calloc(claim->orders_count, sizeof *q->orders);
    if (q->orders == NULL) abort();
    memcpy(q->orders, claim->orders, claim->orders_count * sizeof *q->orders);
    q->request.claim.orders = q->orders;
}

static void ask_owned(dv_question *q, const dv_owned_request *owned)
{
    q->request.type = DV_STORE_OWNED;
    q->request.owned = *owned;
    q->request.owned.owner = keep(q, 0, owned->owner);
}

static void ask_waiting(dv_question *q, const dv_retries_request *waiting)
{
    q->request.type = DV_STORE_WAITING;
    q->request.waiting = *waiting;
}

static void ask_order(dv_question *q, const dv_order_request *get)
{
    q->request.type = DV_STORE_GET;
    q->request.get = *get;
}

static void ask_list(dv_question *q, const dv_orders_request *list)
{
    q->request.type = DV_STORE_LIST;
    q->request.list = *list;
    q->request.list.user_id = keep(q, 0, list->user_id);
}

static void ask_events(dv_question *q, const dv_events_request *events)
{
    q->request.type = DV_STORE_EVENTS;
    q->request.events = *events;
}

dv_question *dv_question_new(const dv_envelope *envelope)
{
    dv_question *q = calloc(1, sizeof *q);
    if (q == NULL) abort();
    q->port = envelope->port;
    q->peer = envelope->peer;
    q->request_id = envelope->message.request_id;
    const dv_message *m = &envelope->message;
    switch (m->type) {
    case DV_MSG_lease_request: ask_beat(q, &m->lease_request); break;
    case DV_MSG_claim_request: ask_claim(q, &m->claim_request); break;
    case DV_MSG_owned_request: ask_owned(q, &m->owned_request); break;
    case DV_MSG_retries_request: ask_waiting(q, &m->retries_request); break;
    case DV_MSG_order_request: ask_order(q, &m->order_request); break;
    case DV_MSG_orders_request: ask_list(q, &m->orders_request); break;
    case DV_MSG_events_request: ask_events(q, &m->events_request); break;
    default:
        assert(m->type == DV_MSG_stats_request);
        q->request.type = DV_STORE_STATS;
        q->request_id = m->request_id;
    }
    return q;
}

void dv_question_destroy(dv_question **question)
{
    if (question == NULL || *question == NULL) return;
    free((*question)->orders);
    free(*question);
    *question = NULL;
}

/* ---- answering ---------------------------------------------------------------------------- */

static void send_to(const dv_question *q, dv_message message, dv_outbox *outbox)
{
    message.request_id = q->request_id;
    dv_send(outbox, q->port, &q->peer, &message);
}

static void send_told(const dv_question *q, const dv_store_answer *a, dv_outbox *outbox)
{
    dv_message told = {.type = DV_MSG_lease_reply, .lease_reply = a->beat};
    told.lease_reply.owner = q->request.beat.owner;
    send_to(q, told, outbox);
}

static void send_jobs(const dv_question *q, const dv_store_answer *a, dv_outbox *outbox)
{
    dv_message claimed = {.type = DV_MSG_claim_item};
    for (uint32_t i = 0; i < a->count; i++) {
        claimed.claim_item.job = a->jobs[i];
        send_to(q, claimed, outbox);
    }
    send_to(q,
            (dv_message){.type = DV_MSG_claim_reply,
                         .claim_reply = {.count = a->count, .error = a->error}},
            outbox);
}

static void send_owned(const dv_question *q, const dv_store_answer *a, dv_outbox *outbox)
{
    dv_owned_reply told = {.orders = a->owned, .orders_count = a->count, .error = a->error};
    send_to(q, (dv_message){.type = DV_MSG_owned_reply, .owned_reply = told}, outbox);
}

static void send_waiting(const dv_question *q, const dv_store_answer *a, dv_outbox *outbox)
{
    dv_retries_reply told = {.waiting = a->waiting, .waiting_count = a->count, .error = a->error};
    send_to(q, (dv_message){.type = DV_MSG_retries_reply, .retries_reply = told}, outbox);
}

static void send_stats(const dv_question *q, const dv_store_answer *a, dv_outbox *outbox)
{
    dv_message told = {.type = DV_MSG_stats_reply, .stats_reply = a->stats};
    told.stats_reply.error = a->error;
    send_to(q, told, outbox);
}

static void send_views(const dv_question *q, const dv_store_answer *a, dv_outbox *outbox)
{
    dv_message message = {.type = DV_MSG_order_item};
    for (uint32_t i = 0; i < a->count; i++) {
        message.order_item = (dv_order_item){.seq = a->views[i].mark, .view = a->views[i].view};
        send_to(q, message, outbox);
    }
    bool missing = a->error == DV_OK && q->request.type == DV_STORE_GET && a->count == 0;
    dv_query_reply done = {.error = missing ? DV_ORDER_NOT_FOUND : a->error,
                           .count = a->count,
                           .head_position = a->head_position};
    send_to(q, (dv_message){.type = DV_MSG_query_reply, .query_reply = done}, outbox);
}

void dv_question_answer(const dv_question *question, const dv_store_answer *answer,
                        dv_outbox *outbox)
{
    dv_store_answer a = *answer;
    if (a.error != DV_OK)
        a = (dv_store_answer){.error = answer->error, .stats = answer->stats}; /* nothing else */
    switch (question->request.type) {
    case DV_STORE_BEAT:
        if (a.error == DV_OK) send_told(question, &a, outbox);
        break;
    case DV_STORE_CLAIM: send_jobs(question, &a, outbox); break;
    case DV_STORE_OWNED: send_owned(question, &a, outbox); break;
    case DV_STORE_WAITING: send_waiting(question, &a, outbox); break;
    case DV_STORE_STATS: send_stats(question, &a, outbox); break;
    default: send_views(question, &a, outbox); break;
    }
}
