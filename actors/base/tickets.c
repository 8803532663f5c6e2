#include "actors/base/tickets.h"

#include <stdlib.h>
#include <uthash.h>

/* A request that is not answered by then never will be: its asker repeats the request or checks. */
#define LIFE_NS (120 * 1000 * DV_NS_PER_MS)

struct dv_ticket {
    uint64_t number;
    dv_port port;
    dv_peer peer;
    uint64_t request_id;
    int64_t asked_at_ns; /* monotonic */
    bool has_key;
    char key[DV_TICKET_KEY_MAX]; /* padded with zeros */
    UT_hash_handle by_number, by_key;
};

void dv_tickets_init(dv_tickets *tickets, uint32_t max)
{
    *tickets = (dv_tickets){.max = max};
}

static void ticket_close(dv_tickets *tickets, dv_ticket *t)
{
    HASH_DELETE(by_number, tickets->open, t);
    if (t->has_key) HASH_DELETE(by_key, tickets->by_key, t);
    free(t);
}

void dv_tickets_fini(dv_tickets *tickets)
{
    while (tickets->open != NULL) ticket_close(tickets, tickets->open);
}

bool dv_tickets_full(const dv_tickets *tickets)
{
    return HASH_CNT(by_number, tickets->open) >= tickets->max;
}

/* Puts a ticket at the end of the table, for this request. */
static void ticket_set(dv_tickets *tickets, dv_ticket *t, const dv_envelope *envelope, dv_time now)
{
    t->port = envelope->port;
    t->peer = envelope->peer;
    t->request_id = envelope->message.request_id;
    t->asked_at_ns = now.mono_ns;
    HASH_ADD(by_number, tickets->open, number, sizeof t->number, t);
}

static dv_ticket *ticket_new(dv_tickets *tickets, const dv_envelope *envelope, dv_time now)
{
    dv_ticket *t = calloc(1, sizeof *t);
    if (t == NULL) abort();
    t->number = ++tickets->last;
    ticket_set(tickets, t, envelope, now);
    return t;
}

uint64_t dv_tickets_open(dv_tickets *tickets, const dv_envelope *envelope, dv_time now)
{
    return ticket_new(tickets, envelope, now)->number;
}

uint64_t dv_tickets_share(dv_tickets *tickets, dv_text key, const dv_envelope *envelope,
                          dv_time now)
{
    char padded[DV_TICKET_KEY_MAX] = {0};
    if (key.size > 0) memcpy(padded, key.at, key.size);
    dv_ticket *t;
    HASH_FIND(by_key, tickets->by_key, padded, sizeof padded, t);
    if (t == NULL) {
        t = ticket_new(tickets, envelope, now);
        t->has_key = true;
        memcpy(t->key, padded, sizeof padded);
        HASH_ADD(by_key, tickets->by_key, key, sizeof t->key, t);
        return t->number;
    }
    HASH_DELETE(by_number, tickets->open, t);
    ticket_set(tickets, t, envelope, now);
    return t->number;
}

void dv_tickets_answer(dv_tickets *tickets, uint64_t ticket, const dv_message *message, bool more,
                       dv_outbox *outbox)
{
    dv_ticket *t;
    HASH_FIND(by_number, tickets->open, &ticket, sizeof ticket, t);
    if (t == NULL) return;
    dv_message answer = *message;
    answer.request_id = t->request_id;
    dv_send(outbox, t->port, &t->peer, &answer);
    if (!more) ticket_close(tickets, t);
}

void dv_answer_now(const dv_envelope *envelope, const dv_message *message, dv_outbox *outbox)
{
    dv_message answer = *message;
    answer.request_id = envelope->message.request_id;
    dv_send(outbox, envelope->port, &envelope->peer, &answer);
}

int64_t dv_tickets_forget(dv_tickets *tickets, dv_time now)
{
    while (tickets->open != NULL && tickets->open->asked_at_ns + LIFE_NS <= now.mono_ns)
        ticket_close(tickets, tickets->open);
    return tickets->open ? tickets->open->asked_at_ns + LIFE_NS : DV_NEVER;
}
