/* Notification: committed events, for whoever watches.

   Purpose          puts committed events in the order of their position, keeps the view of each
                    active order, and sends it to the gateways that watch the order, or all orders,
                    after each event.
   Reads            events: order_event · recall: order_item, query_reply ·
                    feed: watch_order, unwatch_order, watch_orders
   Writes           feed: update_event, watch_refusal, head_event · recall: order_request, events_request
   Durable effects  none: all of it can be read again from PostgreSQL
   May block on     nothing
   Limits           views of active orders, and of the last 10,000 that ended; 16,384 events that
                    came too early; 10,000 orders recalled at once; 64 gateways, each until it has
                    been silent for 60 s
   If it dies       gateways watch again, here or at another one; every update carries the order's
                    whole history, so that nothing is skipped. Several may run at once */
#ifndef DV_NOTIFICATION_H
#define DV_NOTIFICATION_H

#include "actors/base/actor.h"
#include "actors/base/config.h"

extern const dv_actor_class DV_NOTIFICATION_CLASS;

/* Makes the actor's self. Never NULL. */
void *dv_notification_new(void);

#endif
