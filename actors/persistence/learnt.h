/* What a step teaches of attempts: order_events.learnt, and the attempts of an order_event. */
#ifndef DV_LEARNT_H
#define DV_LEARNT_H

#include "proto/message.h"

/* The fields learnt with a step, and the error that ended the attempt before. Returns how many attempts,
   by number; none when nothing was learnt. They borrow from the step. */
uint32_t dv_step_learnt(const dv_step_request *step, dv_attempt ret_attempts[2]);

#endif
