#include "gateway/calls/pending.h"

#include <stdlib.h>
#include <uthash.h>

#include "actors/base/heap.h"
#include "proto/codec.h"

#define DESK DV_PORT(DV_LINK_desk, 0)
#define SUBMIT_AGAIN_NS (1000 * DV_NS_PER_MS)
#define QUERY_AGAIN_NS (2000 * DV_NS_PER_MS) /* as long as a dead peer may go unnoticed */
#define ID_BITS_FREE 4 /* above the ids: for those who ask besides, and for counting on */
#define SECOND 1u /* in a request_id: of what was asked again, so that no two answers are mixed */

typedef struct question {
    uint64_t id; /* the request_id that we sent on; even */
    dv_port port;
    dv_peer peer;
    uint64_t peer_request_id;
    uint64_t answering; /* request_id of the answer that has begun; 0: none */
    bool again;         /* it was sent more than once */
    int64_t forget_ns;
    dv_timer timer; /* when to ask again, or to forget */
    UT_hash_handle hh;
    dv_message_type type;
    uint32_t size;
    char bytes[]; /* of the message as the thread sent it */
} question;

struct dv_pending {
    question *all;
    dv_heap timers;
    uint64_t last_id;
    int64_t wait_ns;
};

dv_pending *dv_pending_new(uint32_t wait_ms, uint64_t random)
{
    dv_pending *book = calloc(1, sizeof *book);
    if (book == NULL) abort();
    book->wait_ns = wait_ms * DV_NS_PER_MS;
    book->last_id = random >> ID_BITS_FREE & ~(uint64_t)SECOND;
    return book;
}

static void forget(dv_pending *book, question *q)
{
    dv_heap_unset(&book->timers, &q->timer);
    HASH_DEL(book->all, q);
    free(q);
}

void dv_pending_destroy(dv_pending **questions)
{
    dv_pending *book = *questions;
    if (book == NULL) return;
    while (book->all != NULL) forget(book, book->all);
    dv_heap_fini(&book->timers);
    free(book);
    *questions = NULL;
}

bool dv_pending_none(const dv_pending *book)
{
    return book->all == NULL;
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

void dv_pending_ask(dv_pending *book, const dv_envelope *envelope, dv_port port, dv_time now,
                    dv_outbox *outbox)
{
    question *q = question_new(envelope);
    book->last_id += 2;
    q->id = book->last_id;
    q->port = port;
    q->forget_ns = now.mono_ns + book->wait_ns;
    HASH_ADD(hh, book->all, id, sizeof q->id, q);
    int64_t again_ns = q->type == DV_MSG_submit_request ? SUBMIT_AGAIN_NS : QUERY_AGAIN_NS;
    dv_heap_set(&book->timers, &q->timer, dv_min_i64(now.mono_ns + again_ns, q->forget_ns));
    question_send(q, q->id, outbox);
}

static void ask_again(dv_pending *book, question *q, dv_time now, dv_outbox *outbox)
{
    bool submits = q->type == DV_MSG_submit_request;
    int64_t next_ns = submits ? now.mono_ns + SUBMIT_AGAIN_NS : q->forget_ns;
    dv_heap_set(&book->timers, &q->timer, dv_min_i64(next_ns, q->forget_ns));
    if (q->answering != 0) return;
    q->again = true;
    question_send(q, submits ? q->id : q->id | SECOND, outbox);
}

int64_t dv_pending_tick(dv_pending *book, dv_time now, dv_outbox *outbox)
{
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&book->timers, now.mono_ns)) != NULL) {
        question *q = DV_TIMER_OWNER(timer, question, timer);
        if (now.mono_ns >= q->forget_ns)
            forget(book, q);
        else
            ask_again(book, q, now, outbox);
    }
    return dv_heap_next(&book->timers);
}

/* ---- answers ---- */

/* Whether a refusal says nothing about what became of the order: it was sent more than once, and
   who could not take it this time is not who may have taken it before. */
static bool is_doubtful(const question *q, const dv_message *message)
{
    return q->again && message->type == DV_MSG_submit_refusal &&
           dv_err_class((uint16_t)message->submit_refusal.error) == DV_CLASS_RETRY;
}

void dv_pending_answer(dv_pending *book, const dv_envelope *envelope, bool last, dv_outbox *outbox)
{
    uint64_t answered = envelope->message.request_id, id = answered & ~(uint64_t)SECOND;
    question *q;
    HASH_FIND(hh, book->all, &id, sizeof id, q);
    if (q == NULL || (q->answering != 0 && q->answering != answered)) return;
    if (is_doubtful(q, &envelope->message)) return;
    q->answering = answered;
    dv_send_bytes(outbox, DESK, &q->peer, envelope->bytes, q->peer_request_id);
    if (last) forget(book, q);
}
