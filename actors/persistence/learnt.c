#include "actors/persistence/learnt.h"

/* Whether anything but its number is set. */
static bool has_learnt(const dv_attempt *a)
{
    return a->due_at_us != 0 || a->venue.size > 0 || a->reason.size > 0 || a->quotes_count > 0 ||
           a->signature.size > 0 || a->transaction.size > 0 || a->last_valid_block_height != 0 ||
           a->limit_amount != 0 || a->amount_in != 0 || a->amount_out != 0 || a->error != 0 ||
           a->error_text.size > 0;
}

uint32_t dv_step_learnt(const dv_step_request *step, dv_attempt ret_attempts[2])
{
    uint32_t count = 0;
    dv_attempt after = step->attempt;
    if (step->failed_error != 0 && step->from_attempt == after.number) {
        after.error = step->failed_error;
        after.error_text = step->failed_text;
    } else if (step->failed_error != 0 && step->from_attempt > 0) {
        ret_attempts[count++] = (dv_attempt){.number = step->from_attempt,
                                             .error = step->failed_error,
                                             .error_text = step->failed_text};
    }
    if (after.number > 0 && has_learnt(&after)) ret_attempts[count++] = after;
    return count;
}
