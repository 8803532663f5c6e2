#include "gateway/json/batch_in.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "gateway/json/members.h"

/* One reading of an array of orders. */
typedef struct cutting {
    yajl_handle parser;
    dv_text body;
    dv_text *orders;
    uint32_t count;
    uint32_t depth; /* objects and arrays that are open */
    const char *flaw;
} cutting;

/* The offset right after the bytes that yajl has read. */
static size_t cut_at(const cutting *c)
{
    return yajl_get_bytes_consumed(c->parser);
}

static int cut_flawed(cutting *c, const char *flaw)
{
    c->flaw = flaw;
    return 0;
}

static const char NOT_ORDERS[] = "the body is not a JSON array of orders";
static const char TOO_MANY[] = "a batch holds at most 1000 orders";
_Static_assert(DV_BATCH_ORDERS_MAX == 1000, "the message above names the limit");

/* A value begins. yajl has just read the first byte of an object or array. */
static int cut_value(cutting *c, bool nests, bool is_object)
{
    if (c->depth == 0 && (!nests || is_object)) return cut_flawed(c, NOT_ORDERS);
    if (c->depth == 1) {
        if (c->count == DV_BATCH_ORDERS_MAX) return cut_flawed(c, TOO_MANY);
        c->orders[c->count++] = (dv_text){is_object ? c->body.at + cut_at(c) - 1 : NULL, 0};
    }
    if (!nests) return 1;
    if (c->depth == DV_JSON_DEPTH_MAX) return cut_flawed(c, NOT_ORDERS);
    c->depth++;
    return 1;
}

static int cut_null(void *context)
{
    return cut_value(context, false, false);
}

static int cut_boolean(void *context, int boolean)
{
    (void)boolean;
    return cut_value(context, false, false);
}

static int cut_number(void *context, const char *at, size_t size)
{
    (void)at;
    (void)size;
    return cut_value(context, false, false);
}

static int cut_string(void *context, const unsigned char *at, size_t size)
{
    (void)at;
    (void)size;
    return cut_value(context, false, false);
}

static int cut_object(void *context)
{
    return cut_value(context, true, true);
}

static int cut_array(void *context)
{
    return cut_value(context, true, false);
}

static int cut_end(void *context)
{
    cutting *c = context;
    if (--c->depth != 1) return 1;
    dv_text *order = &c->orders[c->count - 1];
    if (order->at != NULL) order->size = (uint32_t)(c->body.at + cut_at(c) - order->at);
    return 1;
}

static const yajl_callbacks CUTTING_CALLBACKS = {
    .yajl_null = cut_null,
    .yajl_boolean = cut_boolean,
    .yajl_number = cut_number,
    .yajl_string = cut_string,
    .yajl_start_map = cut_object,
    .yajl_end_map = cut_end,
    .yajl_start_array = cut_array,
    .yajl_end_array = cut_end,
};

dv_err dv_batch_in_array(dv_text body, dv_arena *arena, dv_text **ret_orders, uint32_t *ret_count,
                         dv_faults *ret_faults)
{
    *ret_faults = (dv_faults){0};
    cutting c = {.body = body,
                 .orders = dv_arena_alloc(arena, DV_BATCH_ORDERS_MAX * sizeof(dv_text))};
    c.parser = yajl_alloc(&CUTTING_CALLBACKS, NULL, &c);
    if (c.parser == NULL) abort();
    yajl_config(c.parser, yajl_dont_validate_strings,
                1); /* dv_order_in_read validates each order */
    yajl_status status = yajl_parse(c.parser, (const unsigned char *)body.at, body.size);
    if (status == yajl_status_ok) status = yajl_complete_parse(c.parser);
    yajl_free(c.parser);
    const char *flaw = c.flaw;
    if (flaw == NULL && (status != yajl_status_ok || c.count == 0)) flaw = NOT_ORDERS;
    if (flaw != NULL)
        dv_faults_add(ret_faults, flaw == TOO_MANY ? DV_REQUEST_TOO_LARGE : DV_REQUEST_MALFORMED,
                      (dv_text){0}, dv_text_of(flaw));
    *ret_orders = c.orders;
    *ret_count = c.count;
    return ret_faults->count > 0 ? ret_faults->error : DV_OK;
}

static dv_text trimmed(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at)) at++;
    while (at < end && isspace((unsigned char)end[-1])) end--;
    return (dv_text){at, (uint32_t)(end - at)};
}

dv_err dv_batch_in_lines(dv_text body, dv_arena *arena, dv_text **ret_orders, uint32_t *ret_count,
                         dv_faults *ret_faults)
{
    *ret_faults = (dv_faults){0};
    *ret_orders = dv_arena_alloc(arena, DV_BATCH_ORDERS_MAX * sizeof(dv_text));
    *ret_count = 0;
    const char *end = body.at + body.size;
    for (const char *at = body.at, *next; at < end; at = next + 1) {
        next = memchr(at, '\n', (size_t)(end - at));
        if (next == NULL) next = end;
        dv_text line = trimmed(at, next);
        if (line.size == 0) continue;
        if (*ret_count == DV_BATCH_ORDERS_MAX) {
            dv_faults_add(ret_faults, DV_REQUEST_TOO_LARGE, (dv_text){0}, dv_text_of(TOO_MANY));
            return ret_faults->error;
        }
        (*ret_orders)[(*ret_count)++] = line;
    }
    if (*ret_count == 0)
        dv_faults_add(ret_faults, DV_REQUEST_MALFORMED, (dv_text){0},
                      dv_text_of("the body has no lines"));
    return ret_faults->count > 0 ? ret_faults->error : DV_OK;
}
