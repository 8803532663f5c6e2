/* Router: one DEX, its pools and its transactions.

   Purpose          quotes, builds and sends swaps on the venue of one DEX, and says what became of
                    them, in the catalogue's errors.
   Reads            quote: quote_request, build_request, send_request, status_request
                    past: order_item, query_reply
   Writes           quote: quote_reply, build_reply, status_reply
                    past: orders_request
   Durable effects  the venue's
   May block on     nothing (the simulated venue appends a line to its ledger file)
   Limits           200,000 requests open; one not answered in 120 s is forgotten
   If it dies       quotes are asked for again; sent transactions are sent again, the same bytes */
#ifndef DV_ROUTER_H
#define DV_ROUTER_H

#include "actors/base/actor.h"
#include "actors/dex/venue.h"

extern const dv_actor_class DV_ROUTER_CLASS;

/* Makes the actor's self around a venue, which is consumed and nulled. index: of its
   quote link, which is its DEX's number. */
void *dv_router_new(uint8_t index, dv_venue **venue);

#endif
