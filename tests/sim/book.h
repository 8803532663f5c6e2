/* The book: what is checked as it happens, and at the end, against the store's model, the venues'
   ledger and what clients saw. README.md names the invariants. */
#ifndef SIM_BOOK_H
#define SIM_BOOK_H

#include "actors/chain/simulated/transaction.h"
#include "tests/sim/store_model.h"
#include "tests/sim/world.h"

typedef struct sim_book sim_book;

/* An empty book; the world owns it. */
sim_book *sim_book_new(sim_world *world);
void sim_book_destroy(sim_book **book);

/* An actor sends this: nothing that is not committed. */
void sim_book_sent(sim_actor *actor, const dv_outbox_entry *entry);

/* The store commits: before and after each change of an order. */
void sim_book_inserted(sim_world *world, dv_model_order *order);
void sim_book_stepping(sim_world *world, const dv_model_order *order, const dv_step_request *step);
void sim_book_stepped(sim_world *world, const dv_model_order *order);
void sim_book_claiming(sim_world *world, dv_model_order *order, const char *owner);
void sim_book_claimed(sim_world *world, const dv_model_order *order);

/* A transaction landed on a venue. error: DV_OK if it traded. */
void sim_book_landed(sim_world *world, const dv_sim_transaction *transaction,
                     const uint8_t signature[DV_SIM_SIGNATURE_SIZE], uint64_t amount_in,
                     uint64_t amount_out, dv_err error);

/* A client read this event of an order, in this frame: the same bytes for everybody. */
void sim_book_frame(sim_world *world, const dv_id *order_id, uint64_t seq, uint64_t position,
                    dv_text state, dv_text frame);

/* Whether every order has come to its end. */
bool sim_book_at_rest(const sim_world *world);

/* Checks the whole of a run that came to rest. */
void sim_book_end(sim_world *world);

#endif
