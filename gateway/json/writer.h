/* Writes JSON member by member into a dv_buffer, with yajl's generator. Every function takes the
   member's name; NULL for an element of an array, and for the whole text. */
#ifndef DV_GATEWAY_JSON_WRITER_H
#define DV_GATEWAY_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/message.h"
#include "proto/text.h"

typedef struct yajl_gen_t dv_json;

/* Makes a writer that appends to `out`, which is borrowed until destroy. Never NULL. */
dv_json *dv_json_new(dv_buffer *out);

/* Frees the writer and clears the pointer. Accepts NULL. */
void dv_json_destroy(dv_json **json);

/* The same for a text that is one object: begin opens it, end closes it. */
dv_json *dv_json_begin(dv_buffer *out);
void dv_json_end(dv_json **json);

/* Open and close. Everything opened must be closed. */
void dv_json_object(dv_json *json, const char *name);
void dv_json_object_end(dv_json *json);
void dv_json_array(dv_json *json, const char *name);
void dv_json_array_end(dv_json *json);

/* A string. In a text that is not UTF-8, each byte outside ASCII is written as "?". */
void dv_json_text(dv_json *json, const char *name, dv_text text);

/* The same; an empty text is written as null. */
void dv_json_text_or_null(dv_json *json, const char *name, dv_text text);

/* A string; NULL is written as an empty string. */
void dv_json_string(dv_json *json, const char *name, const char *string);

/* A number. digits: a JSON number. */
void dv_json_number(dv_json *json, const char *name, dv_text digits);
void dv_json_uint(dv_json *json, const char *name, uint64_t value);

/* The literals true, false and null. */
void dv_json_bool(dv_json *json, const char *name, bool value);
void dv_json_null(dv_json *json, const char *name);

/* Strings: an id in its canonical form; a time, given in microseconds since 1970, in ISO 8601. */
void dv_json_id(dv_json *json, const char *name, const dv_id *id);
void dv_json_time(dv_json *json, const char *name, int64_t wall_us);

#endif
