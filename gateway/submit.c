#include "gateway/submit.h"

#include "gateway/render.h"

/* What a client is told whose order was not answered in time. */
static const char MAYBE_KEYED[] =
    "the engine did not answer in time: the order may have been accepted; send it again with the "
    "same Idempotency-Key to find it, which never makes a second one";
static const char MAYBE[] =
    "the engine did not answer in time: the order may have been accepted; look for it before "
    "sending it again, which may make a second one. With an Idempotency-Key the same key finds it";

/* What the answer is read with. */
typedef struct submitting {
    const dv_front *front;
    const dv_order_fields *fields;
    dv_text path;
    dv_submission *ret;
} submitting;

static void refuse(dv_submission *ret, dv_err error, dv_text message, const dv_faults *faults,
                   dv_text path)
{
    ret->error = error;
    dv_render_error(&ret->body, error, message, faults, path);
}

/* What the client called a field of terms. */
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

static void refused_take(const submitting *s, const dv_order_refused *refused)
{
    dv_err error = (dv_err)refused->error;
    dv_text message = refused->error_text;
    if (refused->field.size == 0) {
        refuse(s->ret, error, message, NULL, s->path);
        return;
    }
    if (message.size == 0) message = dv_text_of(dv_err_text((uint16_t)error));
    dv_faults faults = {.error = error, .count = 1};
    faults.list[0] = (dv_fault){field_named(s->fields, refused->field), message};
    refuse(s->ret, error, refused->error_text, &faults, s->path);
}

static bool answer_take(void *arg, const dv_message *answer)
{
    const submitting *s = arg;
    if (answer->type == DV_MSG_order_refused) {
        refused_take(s, &answer->order_refused);
    } else if (answer->type == DV_MSG_order_accepted) {
        const dv_view *view = &answer->order_accepted.view;
        s->ret->order_id = view->terms.order_id;
        s->ret->replayed = answer->order_accepted.replayed != 0;
        dv_render_accepted(&s->ret->body, s->front->tokens, view);
    } else {
        return false;
    }
    return true;
}

/* Reads the order and asks the engine. */
static void order_submit(const dv_front *front, dv_desk *desk, dv_text body, dv_text key,
                         dv_text path, dv_arena *arena, dv_submission *ret)
{
    dv_message question = {.type = DV_MSG_order_submit};
    dv_terms *terms = &question.order_submit.terms;
    dv_order_fields fields = {0};
    dv_faults faults = {0};
    dv_err error = dv_request_order(body, key, front->tokens, arena, terms, &fields, &faults);
    if (error != DV_OK) {
        refuse(ret, error, (dv_text){0}, &faults, path);
        return;
    }
    ret->amount_string = (terms->style & DV_STYLE_AMOUNT_STRING) != 0;
    submitting s = {front, &fields, path, ret};
    error = dv_desk_ask(desk, &question, front->config->answer_timeout_ms, answer_take, &s);
    if (error == DV_ENGINE_DRAINING) error = DV_ENGINE_TIMEOUT; /* the order was on its way */
    dv_text message = {0};
    if (error == DV_ENGINE_TIMEOUT)
        message = dv_text_of(terms->client_order_id.size > 0 ? MAYBE_KEYED : MAYBE);
    if (error != DV_OK) refuse(ret, error, message, NULL, path);
}

void dv_submit(const dv_front *front, dv_desk *desk, dv_text body, dv_text key, const char *address,
               dv_text path, dv_submission *ret)
{
    *ret = (dv_submission){0};
    if (dv_board_stage(front->board) != DV_STAGE_SERVING) {
        refuse(ret, DV_ENGINE_DRAINING, (dv_text){0}, NULL, path);
        return;
    }
    if (!dv_limiter_take(front->limiter, address, dv_time_now().mono_ns, &ret->allowance)) {
        refuse(ret, DV_REQUEST_RATE_LIMITED, (dv_text){0}, NULL, path);
        return;
    }
    dv_arena *arena = dv_arena_new();
    order_submit(front, desk, body, key, path, arena, ret);
    dv_arena_destroy(&arena);
}
