/* Retry: the Redis schedule of attempts that wait.

   Purpose          remembers when an attempt may begin and says so then, also after any restart.
   Reads            schedule: arm_retry, forget_retry · sweep: retries_reply
   Writes           schedule: retry_event · sweep: retries_request
   Durable effects  two sorted sets in Redis, due times and leases of what was handed out, and two
                    hashes, who armed it and how often it was handed out. PostgreSQL holds the same
                    due times; a sweep re-arms what Redis lost
   May block on     looking up the name of Redis's host, when connecting; otherwise nothing
   Limits           256 handed out per turn
   If it dies       retries are late by a lease or a sweep, nothing else; likewise when Redis is
   away */
#ifndef DV_RETRY_H
#define DV_RETRY_H

#include "actors/base/actor.h"
#include "actors/retry/schedule.h"

extern const dv_actor_class DV_RETRY_CLASS;

/* Makes the actor's self. config is borrowed for its life. Never NULL. */
void *dv_retry_new(const dv_retry_config *config);

/* The same on another schedule than Redis, e.g. a simulator's model; it is consumed and nulled. */
void *dv_retry_new_on(const dv_retry_config *config, dv_schedule **schedule);

#endif
