/* Admission: how many submissions, each an order or a batch, ask the engine at a time. Further
   submissions wait for a moment. Without a bound, the engine would spend its time on refusals, and
   each order would wait behind thousands. The gateway's threads share the admission. */
#ifndef DV_GATEWAY_HTTP_ADMISSION_H
#define DV_GATEWAY_HTTP_ADMISSION_H

#include <stdbool.h>

#include "actors/base/clock.h"

typedef struct dv_admission dv_admission;

/* Makes an admission, which the caller owns. room: submissions at a time, at least 1. wait_ns: the
   longest wait for room. Never NULL. */
dv_admission *dv_admission_new(uint32_t room, int64_t wait_ns);

/* Frees the admission and clears the pointer; accepts NULL. No thread may be inside or wait. */
void dv_admission_destroy(dv_admission **admission);

/* Admits a submission, which must leave again. Blocks for at most wait_ns. False: the engine is full. */
bool dv_admission_enter(dv_admission *admission, dv_time now);

/* A submission has its answer, or has stopped waiting for it. */
void dv_admission_leave(dv_admission *admission);

/* The engine has refused a submission because it is full. For 25 ms, new submissions are refused at
   once. Those that wait already go on waiting. */
void dv_admission_shut(dv_admission *admission, dv_time now);

#endif
