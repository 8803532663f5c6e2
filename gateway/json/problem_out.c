#include "gateway/json/problem_out.h"

#include <stdio.h>

#include "gateway/json/writer.h"

#define MESSAGE_SIZE 1024 /* bytes of all faults in one line, with the NUL */

/* The member `error`. One client compares it with these two texts. */
static const char *error_headline(uint16_t error)
{
    if (error == DV_ORDER_NOT_FOUND) return "Order not found";
    return dv_err_http_status(error) == 400 ? "Validation error" : dv_err_text(error);
}

/* All faults in one line: "field message; field message". Faults that do not fit are left out. */
static dv_text faults_line(const dv_faults *faults, char ret_line[MESSAGE_SIZE])
{
    dv_text line = {ret_line, 0};
    for (uint32_t i = 0; i < faults->count; i++) {
        const dv_fault *fault = &faults->list[i];
        size_t room = MESSAGE_SIZE - line.size;
        int size = snprintf(ret_line + line.size, room, "%s%.*s%s%.*s", i > 0 ? "; " : "",
                            DV_TEXT_ARG(fault->field), fault->field.size > 0 ? " " : "",
                            DV_TEXT_ARG(fault->message));
        if (size < 0 || (size_t)size >= room) break;
        line.size += (uint32_t)size;
    }
    return line;
}

static void put_details(dv_json *json, const dv_faults *faults)
{
    dv_json_array(json, "details");
    for (uint32_t i = 0; faults && i < faults->count; i++) {
        const dv_fault *fault = &faults->list[i];
        dv_json_object(json, NULL);
        dv_json_array(json, "path");
        if (fault->field.size > 0) dv_json_text(json, NULL, fault->field);
        dv_json_array_end(json);
        dv_json_text(json, "message", fault->message);
        dv_json_object_end(json);
    }
    dv_json_array_end(json);
}

void dv_render_error(dv_buffer *out, dv_err error, dv_text message, const dv_faults *faults,
                     dv_text instance)
{
    uint16_t number = (uint16_t)error;
    char line[MESSAGE_SIZE], type[64];
    if (message.size == 0 && faults) message = faults_line(faults, line);
    if (message.size == 0) message = dv_text_of(dv_err_text(number));
    snprintf(type, sizeof type, "urn:drover:error:%s", dv_err_name(number));

    dv_json *json = dv_json_begin(out);
    dv_json_bool(json, "success", false);
    dv_json_string(json, "error", error_headline(number));
    dv_json_text(json, "message", message);
    put_details(json, faults);
    dv_json_string(json, "code", dv_err_name(number));
    dv_json_string(json, "type", type);
    dv_json_string(json, "title", dv_err_text(number));
    dv_json_uint(json, "status", (uint64_t)dv_err_http_status(number));
    dv_json_text(json, "detail", message);
    if (instance.size > 0) dv_json_text(json, "instance", instance);
    dv_json_end(&json);
}
