/* Requests that an actor has not answered yet, by ticket. Whatever works on a request is given its
   ticket, and answers by it later. Requests under one key share a ticket: the answer goes to the
   actor that asked last. */
#ifndef DV_BASE_TICKETS_H
#define DV_BASE_TICKETS_H

#include "actors/base/actor.h"

#define DV_TICKET_KEY_MAX DV_SIGNATURE_MAX /* bytes */

typedef struct dv_ticket dv_ticket;

typedef struct dv_tickets {
    uint64_t last;
    uint32_t max;      /* open at once */
    dv_ticket *open;   /* owned, by number, in order of asking */
    dv_ticket *by_key; /* those of them that have a key */
} dv_tickets;

/* Starts without requests. max: how many may be open. */
void dv_tickets_init(dv_tickets *tickets, uint32_t max);
void dv_tickets_fini(dv_tickets *tickets);

/* Whether no further request may be opened. */
bool dv_tickets_full(const dv_tickets *tickets);

/* Opens a ticket for a request, above 0. */
uint64_t dv_tickets_open(dv_tickets *tickets, const dv_envelope *envelope, dv_time now);

/* The open ticket of this key, which now answers this request; a new one when there is none. */
uint64_t dv_tickets_share(dv_tickets *tickets, dv_text key, const dv_envelope *envelope,
                          dv_time now);

/* Sends a message to the actor that waits for this ticket, and closes the ticket unless more is to
   follow. Does nothing when the ticket is not open: its asker has asked again, or will. */
void dv_tickets_answer(dv_tickets *tickets, uint64_t ticket, const dv_message *message, bool more,
                       dv_outbox *outbox);

/* Sends a message to the sender of a request, without a ticket. */
void dv_answer_now(const dv_envelope *envelope, const dv_message *message, dv_outbox *outbox);

/* Forgets tickets that have waited for two minutes; returns when the next one has. */
int64_t dv_tickets_forget(dv_tickets *tickets, dv_time now);

#endif
