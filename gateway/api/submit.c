#include "gateway/api/submit.h"

#include <stdlib.h>

#include "gateway/json/order_in.h"
#include "gateway/json/order_out.h"
#include "gateway/json/problem_out.h"
#include "proto/arena.h"

/* Messages for orders that the engine did not answer in time. */
static const char MAYBE_KEYED[] =
    "the engine did not answer in time: the order may have been accepted; send it again with the "
    "same Idempotency-Key to find it, which never makes a second one";
static const char MAYBE[] =
    "the engine did not answer in time: the order may have been accepted; look for it before "
    "sending it again, which may make a second one. With an Idempotency-Key the same key finds it";

/* One order on its way to the engine, and what its answer needs. */
typedef struct submitting {
    const dv_shared *shared;
    dv_text path;
    dv_order_fields fields;
    bool keyed; /* with an idempotency key */
    dv_submission *ret;
} submitting;

static void refuse(dv_submission *ret, dv_err error, dv_text message, const dv_faults *faults,
                   dv_text path)
{
    ret->error = error;
    dv_render_error(&ret->body, error, message, faults, path);
}

/* The name that the client gave to a field of the terms. */
static dv_text field_named(const dv_order_fields *fields, dv_text field)
{
    const char *name = NULL;
    if (dv_text_is(field, "amount")) name = fields->amount;
    if (dv_text_is(field, "token_in")) name = fields->token_in;
    if (dv_text_is(field, "token_out")) name = fields->token_out;
    if (dv_text_is(field, "slippage_bps")) name = fields->slippage;
    if (dv_text_is(field, "order_type")) name = fields->type;
    if (dv_text_is(field, "client_order_id")) name = fields->client_order_id;
    if (dv_text_is(field, "user_id")) name = fields->user_id;
    return name ? dv_text_of(name) : field;
}

static void refused_take(const submitting *s, const dv_submit_refusal *refused)
{
    dv_err error = (dv_err)refused->error;
    dv_text message = refused->error_text;
    if (error == DV_ENGINE_FULL) dv_admission_shut(s->shared->admission, dv_time_now());
    if (refused->field.size == 0) {
        refuse(s->ret, error, message, NULL, s->path);
        return;
    }
    if (message.size == 0) message = dv_text_of(dv_err_text((uint16_t)error));
    dv_faults faults = {.error = error, .count = 1};
    faults.list[0] = (dv_fault){field_named(&s->fields, refused->field), message};
    refuse(s->ret, error, refused->error_text, &faults, s->path);
}

static bool answer_take(const submitting *s, const dv_message *answer)
{
    if (answer->type == DV_MSG_submit_refusal) {
        refused_take(s, &answer->submit_refusal);
    } else if (answer->type == DV_MSG_submit_reply) {
        const dv_view *view = &answer->submit_reply.view;
        s->ret->order_id = view->terms.order_id;
        s->ret->replayed = answer->submit_reply.replayed != 0;
        dv_render_accepted(&s->ret->body, s->shared->tokens, view);
    } else {
        return false;
    }
    return true;
}

static bool each_take(void *arg, uint32_t index, const dv_message *answer)
{
    submitting *const *list = arg;
    return answer_take(list[index], answer);
}

/* Reads an order and makes the question for the engine. False: the order is refused. */
static bool question_make(submitting *s, dv_text body, dv_text key, const char *address,
                          dv_arena *arena, dv_message *question)
{
    dv_submission *ret = s->ret;
    if (!dv_limiter_take(s->shared->limiter, address, dv_time_now().mono_ns, &ret->allowance)) {
        refuse(ret, DV_REQUEST_RATE_LIMITED, (dv_text){0}, NULL, s->path);
        return false;
    }
    *question = (dv_message){.type = DV_MSG_submit_request};
    dv_terms *terms = &question->submit_request.terms;
    dv_faults faults = {0};
    dv_err error =
        dv_order_in_read(body, key, s->shared->tokens, arena, terms, &s->fields, &faults);
    if (error != DV_OK) {
        refuse(ret, error, (dv_text){0}, &faults, s->path);
        return false;
    }
    ret->amount_string = (terms->style & DV_STYLE_AMOUNT_STRING) != 0;
    s->keyed = terms->client_order_id.size > 0;
    return true;
}

/* Asks the engine. An order without an answer gets the error as its answer. */
static void questions_ask(const dv_shared *shared, dv_message *questions, submitting *const *list,
                          uint32_t count)
{
    if (count == 0) return;
    dv_err error = dv_desk_ask_all(shared->desk, questions, count,
                                   shared->config->answer_timeout_ms, each_take, (void *)list);
    if (error == DV_ENGINE_DRAINING) error = DV_ENGINE_TIMEOUT; /* the orders had been sent */
    for (uint32_t i = 0; i < count && error != DV_OK; i++) {
        const submitting *s = list[i];
        if (s->ret->body.size > 0) continue; /* answered */
        dv_text message = {0};
        if (error == DV_ENGINE_TIMEOUT) message = dv_text_of(s->keyed ? MAYBE_KEYED : MAYBE);
        refuse(s->ret, error, message, NULL, s->path);
    }
}

/* Admits a submission. On DV_OK the caller must call dv_admission_leave. */
static dv_err enter(const dv_shared *shared)
{
    if (dv_roster_stage(shared->roster) != DV_STAGE_SERVING) return DV_ENGINE_DRAINING;
    return dv_admission_enter(shared->admission, dv_time_now()) ? DV_OK : DV_ENGINE_FULL;
}

void dv_submit(const dv_shared *shared, dv_text body, dv_text key, const char *address,
               dv_text path, dv_submission *ret)
{
    *ret = (dv_submission){0};
    dv_err error = enter(shared);
    if (error != DV_OK) {
        refuse(ret, error, (dv_text){0}, NULL, path);
        return;
    }
    dv_arena *arena = dv_arena_new();
    dv_message question;
    submitting s = {.shared = shared, .path = path, .ret = ret}, *list[] = {&s};
    bool goes = question_make(&s, body, key, address, arena, &question);
    questions_ask(shared, &question, list, goes ? 1 : 0);
    dv_arena_destroy(&arena);
    dv_admission_leave(shared->admission);
}

/* ---- batches ------------------------------------------------------------------------------ */

static void batch_ask(const dv_shared *shared, const dv_text *orders, uint32_t count,
                      const char *address, dv_text path, dv_arena *arena, dv_submission *ret)
{
    submitting *all = dv_arena_alloc(arena, count * sizeof *all);
    submitting **asked = dv_arena_alloc(arena, count * sizeof(submitting *));
    dv_message *questions = dv_arena_alloc(arena, count * sizeof *questions);
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        all[i] = (submitting){.shared = shared, .path = path, .ret = &ret[i]};
        asked[n] = &all[i];
        if (question_make(&all[i], orders[i], (dv_text){0}, address, arena, &questions[n])) n++;
    }
    questions_ask(shared, questions, asked, n);
}

dv_err dv_submit_batch(const dv_shared *shared, dv_batch_in *cut, dv_text body, const char *address,
                       dv_text path, dv_submission **ret, uint32_t *ret_count,
                       dv_faults *ret_faults)
{
    *ret = NULL;
    *ret_count = 0;
    *ret_faults = (dv_faults){0};
    dv_err error = enter(shared);
    if (error != DV_OK) return error;
    dv_arena *arena = dv_arena_new();
    dv_text *orders;
    uint32_t count;
    error = cut(body, arena, &orders, &count, ret_faults);
    if (error == DV_OK) {
        *ret = calloc(count, sizeof **ret);
        if (*ret == NULL) abort();
        *ret_count = count;
        batch_ask(shared, orders, count, address, path, arena, *ret);
    }
    dv_arena_destroy(&arena);
    dv_admission_leave(shared->admission);
    return error;
}

void dv_submissions_free(dv_submission **submissions, uint32_t count)
{
    if (*submissions == NULL) return;
    for (uint32_t i = 0; i < count; i++) dv_buffer_fini(&(*submissions)[i].body);
    free(*submissions);
    *submissions = NULL;
}
