#include "gateway/calls/pending.h"

#include <stdlib.h>
#include <uthash.h>

#include "actors/base/heap.h"
#include "proto/codec.h"

#define DESK DV_PORT(DV_LINK_desk, 0)
#define SUBMIT_AGAIN_NS (1000 * DV_NS_PER_MS)
#define QUERY_AGAIN_NS (2000 * DV_NS_PER_MS) /* a dead peer may go unnoticed for so long */
#define ID_BITS_FREE 4 /* high bits kept free: the top one marks requests of stream/all_feed.c */
#define SECOND 1u /* set in the request_id of a read sent again, to tell its two answers apart */

typedef struct question {
    uint64_t id; /* the request_id of the question as sent on; even */
    dv_port port;
    dv_peer peer;
    uint64_t peer_request_id;
    uint64_t answering; /* request_id of the answer under way; 0: none */
    bool again;         /* sent more than once */
    int64_t forget_ns;
    dv_timer timer; /* when to send again, or to forget */
    UT_hash_handle hh;
    dv_message_type type;
    uint32_t size;
    char bytes[]; /* the message as the thread sent it */
} question;

struct dv_pending {
    question *all;
    dv_heap timers;
    uint64_t last_id;
    int64_t wait_ns;
};

dv_pending *dv_pending_new(uint32_t wait_ms, uint64_t random)
{
    dv_pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL) abort();
    pending->wait_ns = wait_ms * DV_NS_PER_MS;
    pending->last_id = random >> ID_BITS_FREE & ~(uint64_t)SECOND;
    return pending;
}

static void forget(dv_pending *pending, question *q)
{
    dv_heap_unset(&pending->timers, &q->timer);
    HASH_DEL(pending->all, q);
    free(q);
}

void dv_pending_destroy(dv_pending **pending_at)
{
    dv_pending *pending = *pending_at;
    if (pending == NULL) return;
    while (pending->all != NULL) forget(pending, pending->all);
    dv_heap_fini(&pending->timers);
    free(pending);
    *pending_at = NULL;
}

bool dv_pending_none(const dv_pending *pending)
{
    return pending->all == NULL;
}

/* ---- asking ---- */

static question *question_new(const dv_envelope *envelope)
{
    question *q = calloc(1, sizeof *q + envelope->bytes.size);
    if (q == NULL) abort();
    q->type = envelope->message.type;
    q->peer = envelope->peer;
    q->peer_request_id = envelope->message.request_id;
    q->size = envelope->bytes.size;
    memcpy(q->bytes, envelope->bytes.at, q->size);
    return q;
}

static void question_send(const question *q, uint64_t request_id, dv_outbox *outbox)
{
    dv_send_bytes(outbox, q->port, NULL, (dv_text){q->bytes, q->size}, request_id);
}

void dv_pending_ask(dv_pending *pending, const dv_envelope *envelope, dv_port port, dv_time now,
                    dv_outbox *outbox)
{
    question *q = question_new(envelope);
    pending->last_id += 2;
    q->id = pending->last_id;
    q->port = port;
    q->forget_ns = now.mono_ns + pending->wait_ns;
    HASH_ADD(hh, pending->all, id, sizeof q->id, q);
    int64_t again_ns = q->type == DV_MSG_submit_request ? SUBMIT_AGAIN_NS : QUERY_AGAIN_NS;
    dv_heap_set(&pending->timers, &q->timer, dv_min_i64(now.mono_ns + again_ns, q->forget_ns));
    question_send(q, q->id, outbox);
}

static void ask_again(dv_pending *pending, question *q, dv_time now, dv_outbox *outbox)
{
    bool submits = q->type == DV_MSG_submit_request;
    int64_t next_ns = submits ? now.mono_ns + SUBMIT_AGAIN_NS : q->forget_ns;
    dv_heap_set(&pending->timers, &q->timer, dv_min_i64(next_ns, q->forget_ns));
    if (q->answering != 0) return;
    q->again = true;
    question_send(q, submits ? q->id : q->id | SECOND, outbox);
}

int64_t dv_pending_tick(dv_pending *pending, dv_time now, dv_outbox *outbox)
{
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&pending->timers, now.mono_ns)) != NULL) {
        question *q = DV_TIMER_OWNER(timer, question, timer);
        if (now.mono_ns >= q->forget_ns)
            forget(pending, q);
        else
            ask_again(pending, q, now, outbox);
    }
    return dv_heap_next(&pending->timers);
}

/* ---- answers ---- */

/* Whether a refusal leaves the order's fate open. The order was sent more than once: one instance
   refused it, and another may have accepted it. */
static bool is_doubtful(const question *q, const dv_message *message)
{
    return q->again && message->type == DV_MSG_submit_refusal &&
           dv_err_class((uint16_t)message->submit_refusal.error) == DV_CLASS_RETRY;
}

void dv_pending_answer(dv_pending *pending, const dv_envelope *envelope, bool last,
                       dv_outbox *outbox)
{
    uint64_t answered = envelope->message.request_id, id = answered & ~(uint64_t)SECOND;
    question *q;
    HASH_FIND(hh, pending->all, &id, sizeof id, q);
    if (q == NULL || (q->answering != 0 && q->answering != answered)) return;
    if (is_doubtful(q, &envelope->message)) return;
    q->answering = answered;
    dv_send_bytes(outbox, DESK, &q->peer, envelope->bytes, q->peer_request_id);
    if (last) forget(pending, q);
}
