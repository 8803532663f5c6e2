/* A question: a message that asks the store for something other than a batch, from its arrival
   until it is answered. It lives in persistence, in one list at a time. */
#ifndef DV_QUESTION_H
#define DV_QUESTION_H

#include "actors/persistence/store.h"

typedef struct dv_question {
    struct dv_question *prev, *next; /* in a list of persistence's */
    dv_store_request request;        /* its texts point to `text`, its list to `orders` */
    dv_port port;
    dv_peer peer; /* who is to be answered */
    uint64_t request_id;
    char text[DV_USER_ID_MAX]; /* a user's id, or an instance's two names */
    dv_owned *orders;          /* of a claim; owned */
} dv_question;

/* A copy of what a message asks: lease_request, claim_request, owned_request, retries_request, order_request,
   orders_request, events_request or stats_request. Never NULL: aborts when out of memory. */
dv_question *dv_question_new(const dv_envelope *envelope);

/* Accepts NULL. */
void dv_question_destroy(dv_question **question);

/* Tells whoever asked what the store said, or that it ended with answer->error; then only `stats`
   is read of the rest. A beat that ended so is not answered: the next one will be. */
void dv_question_answer(const dv_question *question, const dv_store_answer *answer,
                        dv_outbox *outbox);

#endif
