#include "gateway/api/batch.h"

#include "gateway/api/submit.h"
#include "gateway/http/body.h"
#include "gateway/json/list_out.h"

static dv_text answer_of(const dv_submission *submission)
{
    return (dv_text){submission->body.bytes, (uint32_t)submission->body.size};
}

static void batch_show_lines(dv_reply *reply, const dv_submission *list, uint32_t count)
{
    reply->content_type = DV_TYPE_NDJSON;
    for (uint32_t i = 0; i < count; i++) {
        dv_text answer = answer_of(&list[i]);
        dv_buffer_add(&reply->body, answer.at, answer.size);
        dv_buffer_add(&reply->body, "\n", 1);
    }
}

static void batch_show_list(dv_reply *reply, const dv_submission *list, uint32_t count,
                            uint32_t accepted)
{
    dv_render_batch_open(&reply->body, count, accepted);
    for (uint32_t i = 0; i < count; i++) dv_render_batch_add(&reply->body, answer_of(&list[i]));
    dv_render_batch_close(&reply->body);
}

/* One accepted order makes the batch a success. Without one, the first order's error is the
   status. */
static void batch_show(const dv_request *request, dv_reply *reply, bool lines,
                       const dv_submission *list, uint32_t count)
{
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < count; i++) accepted += list[i].error == DV_OK;
    if (accepted == 0) dv_reply_refuse(reply, request, list[0].error);
    if (accepted > 0) reply->status = 200;
    const dv_submission *last = &list[count - 1];
    dv_reply_allowance(reply, &last->allowance, last->error == DV_REQUEST_RATE_LIMITED);
    reply->body.size = 0;
    if (lines)
        batch_show_lines(reply, list, count);
    else
        batch_show_list(reply, list, count, accepted);
}

void dv_api_batch_post(dv_request *request, dv_reply *reply)
{
    dv_buffer body = {0};
    bool lines = dv_body_is(request, DV_TYPE_NDJSON);
    if (dv_body_take(request, reply, lines || dv_body_is(request, DV_TYPE_JSON), &body)) {
        dv_submission *list;
        dv_faults faults;
        uint32_t count;
        dv_err error =
            dv_submit_batch(request->shared, lines ? dv_batch_in_lines : dv_batch_in_array,
                            (dv_text){body.bytes, (uint32_t)body.size}, request->info->remote_addr,
                            request->path, &list, &count, &faults);
        if (error == DV_OK)
            batch_show(request, reply, lines, list, count);
        else
            dv_reply_error(reply, error, (dv_text){0}, faults.count > 0 ? &faults : NULL,
                           request->path);
        dv_submissions_free(&list, count);
    }
    dv_buffer_fini(&body);
}
