#include "gateway/json/members.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

static const char *const MEMBER_NAMES[DV_MEMBER_COUNT] = {
#define MEMBER_NAME(member, name) [DV_MEMBER_##member] = name,
    DV_MEMBERS(MEMBER_NAME)
#undef MEMBER_NAME
};

const char *dv_member_name(dv_member member)
{
    return MEMBER_NAMES[member];
}

bool dv_member_given(const dv_reading *r, dv_member member)
{
    return r->values[member].kind > DV_VALUE_NULL;
}

void dv_member_fault(dv_reading *r, dv_err error, dv_member member, const char *message)
{
    dv_faults_add(r->faults, error, dv_text_of(MEMBER_NAMES[member]), dv_text_of(message));
}

/* ---- yajl's callbacks: each returns 0 to stop --------------------------------------------- */

static int refuse_body(dv_reading *r, dv_text field, const char *message)
{
    dv_faults_add(r->faults, DV_REQUEST_MALFORMED, field, dv_text_of(message));
    return 0;
}

static int take_value(dv_reading *r, dv_value_kind kind, const char *at, size_t size)
{
    if (r->depth == 0) return refuse_body(r, (dv_text){0}, "the body is not a JSON object");
    if (r->depth > 1 || r->current == DV_MEMBER_COUNT) return 1;
    r->values[r->current] =
        (dv_value){kind, dv_arena_text(r->arena, (dv_text){at, (uint32_t)size})};
    return 1;
}

static int on_null(void *context)
{
    return take_value(context, DV_VALUE_NULL, NULL, 0);
}

static int on_boolean(void *context, int boolean)
{
    (void)boolean;
    return take_value(context, DV_VALUE_OTHER, NULL, 0);
}

static int on_number(void *context, const char *at, size_t size)
{
    return take_value(context, DV_VALUE_NUMBER, at, size);
}

static int on_string(void *context, const unsigned char *at, size_t size)
{
    return take_value(context, DV_VALUE_STRING, (const char *)at, size);
}

static int open_nested(dv_reading *r)
{
    if (r->depth == DV_JSON_DEPTH_MAX)
        return refuse_body(r, (dv_text){0}, "the body is nested more than 32 levels deep");
    r->depth++;
    return 1;
}

_Static_assert(DV_JSON_DEPTH_MAX == 32, "the message above names the limit");

static int on_object(void *context)
{
    dv_reading *r = context;
    if (r->depth > 0) take_value(r, DV_VALUE_OTHER, NULL, 0);
    return open_nested(r);
}

static int on_array(void *context)
{
    return take_value(context, DV_VALUE_OTHER, NULL, 0) ? open_nested(context) : 0;
}

static int on_end(void *context)
{
    ((dv_reading *)context)->depth--;
    return 1;
}

static int on_name(void *context, const unsigned char *at, size_t size)
{
    dv_reading *r = context;
    if (r->depth > 1) return 1;
    dv_text name = {(const char *)at, (uint32_t)size};
    dv_member member = 0;
    while (member < DV_MEMBER_COUNT && !dv_text_is(name, MEMBER_NAMES[member])) member++;
    r->current = member;
    if (member == DV_MEMBER_COUNT || r->values[member].kind == DV_VALUE_ABSENT) return 1;
    return refuse_body(r, dv_text_of(MEMBER_NAMES[member]), "is given twice");
}

static const yajl_callbacks CALLBACKS = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_name,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

/* Adds yajl's complaint about the body as a fault. */
static void syntax_fault(dv_reading *r, yajl_handle parser)
{
    unsigned char *why = yajl_get_error(parser, 0, NULL, 0);
    dv_text line = dv_text_of(why ? (const char *)why : "");
    while (line.size > 0 && line.at[line.size - 1] == '\n') line.size--;
    dv_text message = dv_arena_printf(r->arena, "the body is not JSON: %.*s", DV_TEXT_ARG(line));
    dv_faults_add(r->faults, DV_REQUEST_MALFORMED, (dv_text){0}, message);
    if (why) yajl_free_error(parser, why);
}

bool dv_members_read(dv_reading *r, dv_text body)
{
    if (!dv_text_is_utf8(body)) {
        refuse_body(r, (dv_text){0}, "the body is not UTF-8");
        return false;
    }
    yajl_handle parser = yajl_alloc(&CALLBACKS, NULL, r);
    if (parser == NULL) abort();
    yajl_status status = yajl_parse(parser, (const unsigned char *)body.at, body.size);
    if (status == yajl_status_ok) status = yajl_complete_parse(parser);
    if (status == yajl_status_error) syntax_fault(r, parser);
    yajl_free(parser);
    return status == yajl_status_ok;
}
