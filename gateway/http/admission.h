/* The door: how many submissions, orders or batches of them, ask the engine at a time. Where more
   come than it can take they wait at the door, for a moment; else most of what it can do would go
   into refusing them, and whoever was let in would wait behind thousands. The gateway's threads
   share it. */
#ifndef DV_GATEWAY_HTTP_ADMISSION_H
#define DV_GATEWAY_HTTP_ADMISSION_H

#include <stdbool.h>

#include "actors/base/clock.h"

typedef struct dv_admission dv_admission;

/* Makes a door; the caller owns it. room: submissions inside at a time, at least 1. wait_ns: how
   long one waits to be let in. Never NULL. */
dv_admission *dv_admission_new(uint32_t room, int64_t wait_ns);

/* Frees it and clears the pointer, once no thread is inside or waits; accepts NULL. */
void dv_admission_destroy(dv_admission **door);

/* Lets a submission in, who must leave again; may block. False: the engine is full. */
bool dv_admission_enter(dv_admission *door, dv_time now);

/* A submission has its answer, or waits no longer. */
void dv_admission_leave(dv_admission *door);

/* The engine has refused one because it is full: for a moment whoever comes is refused at once.
   Those that wait already go on waiting. */
void dv_admission_shut(dv_admission *door, dv_time now);

#endif
