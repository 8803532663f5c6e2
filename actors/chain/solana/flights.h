/* Flights: transactions that were sent, or may have been. The same bytes go to every endpoint until
   they land or are proven dead. Statuses are polled; an outcome is told once it is finalized. Before
   that, a trade with the commitment `confirmed` is told once, if that commitment counts, and so is its
   loss when the chain drops the transaction. */
#ifndef DV_CHAIN_SOLANA_FLIGHTS_H
#define DV_CHAIN_SOLANA_FLIGHTS_H

#include "actors/chain/backend.h"
#include "actors/chain/solana/facts.h"
#include "actors/chain/solana/guards.h"

typedef struct dv_flight dv_flight;
typedef struct dv_flight_batch dv_flight_batch;

typedef struct dv_flights {
    const dv_solana_config *config; /* borrowed */
    const dv_facts *facts;          /* borrowed */
    dv_guards *guards;              /* borrowed */
    dv_rpc *rpc;                    /* borrowed */
    dv_pubkey wallet;
    const dv_chain_out *const *out; /* borrowed: of the call that is under way */
    dv_flight *flights;             /* owned, by signature */
    dv_flight *by_number;           /* the same */
    uint64_t last_number;
    uint64_t final_height; /* newest finalized block height seen */
    int64_t status_at_ns;  /* when to ask for statuses next */
    bool status_asked;
    uint32_t status_from;   /* how many open flights the last questions were about */
    dv_flight_batch *batch; /* owned: what the open one is about */
} dv_flights;

/* Forgets all flights. */
void dv_flights_fini(dv_flights *flights);

/* dv_backend_class.send and check. */
void dv_flights_send(dv_flights *flights, uint64_t ticket, const dv_send_request *send,
                     dv_time now);
void dv_flights_check(dv_flights *flights, uint64_t ticket, const dv_status_request *check,
                      dv_time now);

/* Forgets what was thought of a transaction: it has landed after all. */
void dv_flights_reopen(dv_flights *flights, const char *signature);

/* Resends, asks for statuses and proves what is due; returns the next deadline. */
int64_t dv_flights_tick(dv_flights *flights, int64_t now_ns);

#endif
