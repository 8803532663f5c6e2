#include "gateway/json/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>

#include "actors/base/clock.h"
#include "proto/amount.h"
#include "proto/buffer.h"

static void append(void *out, const char *bytes, size_t size)
{
    dv_buffer_add(out, bytes, size);
}

/* The generator only refuses misuse: a member without a name, an end too many, 129 levels. */
static void must(yajl_gen_status status)
{
    assert(status == yajl_gen_status_ok);
    (void)status;
}

dv_json *dv_json_new(dv_buffer *out)
{
    dv_json *json = yajl_gen_alloc(NULL);
    if (json == NULL) abort();
    yajl_gen_config(json, yajl_gen_print_callback, append, out);
    return json;
}

void dv_json_destroy(dv_json **json)
{
    if (json == NULL || *json == NULL) return;
    yajl_gen_free(*json);
    *json = NULL;
}

dv_json *dv_json_begin(dv_buffer *out)
{
    dv_json *json = dv_json_new(out);
    dv_json_object(json, NULL);
    return json;
}

void dv_json_end(dv_json **json)
{
    dv_json_object_end(*json);
    dv_json_destroy(json);
}

static void put_name(dv_json *json, const char *name)
{
    if (name) must(yajl_gen_string(json, (const unsigned char *)name, strlen(name)));
}

void dv_json_object(dv_json *json, const char *name)
{
    put_name(json, name);
    must(yajl_gen_map_open(json));
}

void dv_json_object_end(dv_json *json)
{
    must(yajl_gen_map_close(json));
}

void dv_json_array(dv_json *json, const char *name)
{
    put_name(json, name);
    must(yajl_gen_array_open(json));
}

void dv_json_array_end(dv_json *json)
{
    must(yajl_gen_array_close(json));
}

/* Writes a text that is not UTF-8, with "?" for bytes outside ASCII. */
static void put_foreign(dv_json *json, dv_text text)
{
    char *ascii = malloc(text.size);
    if (ascii == NULL) abort();
    for (uint32_t i = 0; i < text.size; i++)
        ascii[i] = (unsigned char)text.at[i] < 0x80 ? text.at[i] : '?';
    must(yajl_gen_string(json, (const unsigned char *)ascii, text.size));
    free(ascii);
}

void dv_json_text(dv_json *json, const char *name, dv_text text)
{
    put_name(json, name);
    const char *at = text.size > 0 ? text.at : "";
    if (dv_text_is_utf8(text))
        must(yajl_gen_string(json, (const unsigned char *)at, text.size));
    else
        put_foreign(json, text);
}

void dv_json_string(dv_json *json, const char *name, const char *string)
{
    dv_json_text(json, name, dv_text_of(string));
}

void dv_json_number(dv_json *json, const char *name, dv_text digits)
{
    assert(digits.size > 0);
    put_name(json, name);
    must(yajl_gen_number(json, digits.at, digits.size));
}

void dv_json_uint(dv_json *json, const char *name, uint64_t value)
{
    char digits[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(value, 0, digits);
    dv_json_number(json, name, (dv_text){digits, size});
}

void dv_json_bool(dv_json *json, const char *name, bool value)
{
    put_name(json, name);
    must(yajl_gen_bool(json, value));
}

void dv_json_null(dv_json *json, const char *name)
{
    put_name(json, name);
    must(yajl_gen_null(json));
}

void dv_json_id(dv_json *json, const char *name, const dv_id *id)
{
    char text[DV_ID_TEXT_SIZE];
    dv_id_format(id, text);
    dv_json_string(json, name, text);
}

void dv_json_time(dv_json *json, const char *name, int64_t wall_us)
{
    char text[DV_ISO_SIZE];
    dv_time_iso(wall_us, text);
    dv_json_string(json, name, text);
}

void dv_json_text_or_null(dv_json *json, const char *name, dv_text text)
{
    if (text.size > 0)
        dv_json_text(json, name, text);
    else
        dv_json_null(json, name);
}
