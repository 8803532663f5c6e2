/* The message codec, over the whole catalogue: what is encoded comes back, what is hostile does
   not, and older and newer peers understand each other. */
#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/message.h"
#include "tests/support/message_print.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#define BODY(message) ((message)->body)

static dv_arena *arena;
static dv_buffer bytes, again;
static const dv_message_info *catalogue[DV_MSG_COUNT];
static int catalogue_size;

static void catalogue_read(void)
{
    for (unsigned type = 0; type < DV_MSG_COUNT; type++)
        if (dv_message_info_of(type) != NULL)
            catalogue[catalogue_size++] = dv_message_info_of(type);
}

static void make(void)
{
    arena = dv_arena_new();
}

static void clean(void)
{
    dv_arena_destroy(&arena);
    dv_buffer_fini(&bytes);
    dv_buffer_fini(&again);
}

/* ---- messages with something in every field ---- */

typedef enum filling { SMALL, FULL } filling;

static dv_text text_filled(uint64_t size, bool utf8)
{
    static const char CHARACTERS[] = "a\"\\\n\x01\x7f/\xc3\xa9";
    char *at = dv_arena_alloc(arena, size + 1);
    for (uint64_t i = 0; i < size; i++) at[i] = CHARACTERS[i % (sizeof CHARACTERS - 1)];
    if (utf8 && size > 0 && (unsigned char)at[size - 1] == 0xc3) at[size - 1] = 'z';
    if (!utf8 && size > 0) at[0] = '\xff';
    return (dv_text){at, (uint32_t)size};
}

static void fill(const dv_shape *shape, char *record, filling how);

static void fill_field(const dv_field *f, char *record, filling how)
{
    static uint64_t counter;
    uint64_t small = f->max < 3 ? f->max : 3 + counter++ % (f->max < 9 ? f->max - 2 : 7);
    uint64_t n = how == FULL ? f->max : small;
    switch (f->kind) {
    case DV_FIELD_UINT: memcpy(record + f->offset, &n, sizeof n); break;
    case DV_FIELD_ID: memset(record + f->offset, 'i' + (int)(counter % 7), sizeof(dv_id)); break;
    case DV_FIELD_TEXT:
    case DV_FIELD_BLOB: {
        dv_text text = text_filled(n, f->kind == DV_FIELD_TEXT);
        memcpy(record + f->offset, &text, sizeof text);
        break;
    }
    case DV_FIELD_ONE: fill(f->shape, record + f->offset, how); break;
    case DV_FIELD_LIST: {
        uint32_t count = how == FULL ? (uint32_t)f->max : 2;
        char *list = dv_arena_alloc(arena, count * f->shape->size);
        for (uint32_t i = 0; i < count; i++) fill(f->shape, list + i * f->shape->size, how);
        memcpy(record + f->offset, &list, sizeof list);
        memcpy(record + f->count_offset, &count, sizeof count);
        break;
    }
    }
}

static void fill(const dv_shape *shape, char *record, filling how)
{
    for (uint32_t i = 0; i < shape->field_count; i++) fill_field(&shape->fields[i], record, how);
}

static dv_message filled(const dv_message_info *info, filling how)
{
    static uint64_t request_id = 3;
    dv_message message = {.type = info->type, .request_id = request_id *= 7};
    memset(BODY(&message), 0, info->shape->size);
    fill(info->shape, BODY(&message), how);
    return message;
}

/* Equal when they print alike, and (for blobs, which print as their size) encode alike. */
static void assert_equal(const dv_message *a, const dv_message *b)
{
    bytes.size = again.size = 0;
    message_print(a, &bytes);
    message_print(b, &again);
    ck_assert_uint_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.size);
    bytes.size = again.size = 0;
    dv_message_encode(a, &bytes);
    dv_message_encode(b, &again);
    ck_assert_uint_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.size);
}

/* ---- every message ---- */

START_TEST(what_is_encoded_comes_back)
{
    for (filling how = SMALL; how <= FULL; how++) {
        dv_message message = filled(catalogue[_i], how), got;
        bytes.size = 0;
        dv_message_encode(&message, &bytes);
        ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &got), DV_OK);
        char *copy = dv_arena_alloc(arena, bytes.size); /* what was decoded borrows from it */
        memcpy(copy, bytes.bytes, bytes.size);
        ck_assert_int_eq(dv_message_decode(copy, bytes.size, arena, &got), DV_OK);
        assert_equal(&message, &got);
    }
}
END_TEST

START_TEST(an_empty_message_comes_back_empty)
{
    dv_message message = {.type = catalogue[_i]->type}, got;
    memset(BODY(&message), 0, catalogue[_i]->shape->size);
    dv_message_encode(&message, &bytes);
    ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &got), DV_OK);
    got.type = message.type;
    message_print(&got, &again);
    bytes.size = 0;
    message_print(&message, &bytes);
    ck_assert_uint_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.size);
}
END_TEST

START_TEST(no_message_is_larger_than_its_bound)
{
    dv_message message = filled(catalogue[_i], FULL);
    dv_message_encode(&message, &bytes);
    ck_assert_uint_le(bytes.size, dv_message_bound(catalogue[_i]->type));
    ck_assert_uint_le(dv_message_bound(catalogue[_i]->type), DV_MESSAGE_SIZE_MAX);
}
END_TEST

START_TEST(a_message_cut_off_anywhere_is_malformed)
{
    dv_message message = filled(catalogue[_i], SMALL), got;
    dv_message_encode(&message, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        char *cut = malloc(size ? size : 1); /* so that reading past its end is noticed */
        memcpy(cut, bytes.bytes, size);
        ck_assert_int_eq(dv_message_decode(cut, size, arena, &got), DV_MESSAGE_MALFORMED);
        free(cut);
    }
}
END_TEST

START_TEST(a_message_with_any_byte_changed_is_survived)
{
    dv_message message = filled(catalogue[_i], SMALL), got;
    dv_message_encode(&message, &bytes);
    for (size_t at = 0; at < bytes.size; at++) {
        char was = bytes.bytes[at];
        for (int value = 0; value < 256; value += 5) {
            bytes.bytes[at] = (char)value;
            if (dv_message_decode(bytes.bytes, bytes.size, arena, &got) == DV_OK) {
                again.size = 0;
                dv_message_encode(&got, &again);
                ck_assert_uint_le(again.size, dv_message_bound(got.type));
            }
            dv_arena_reset(arena);
        }
        bytes.bytes[at] = was;
    }
}
END_TEST

START_TEST(a_printed_message_is_json)
{
    dv_message message = filled(catalogue[_i], SMALL);
    message_print(&message, &bytes);
    yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
    ck_assert_int_eq(yajl_parse(parser, (unsigned char *)bytes.bytes, bytes.size), yajl_status_ok);
    ck_assert_int_eq(yajl_complete_parse(parser), yajl_status_ok);
    yajl_free(parser);
    ck_assert_ptr_null(memchr(bytes.bytes, '\n', bytes.size));
}
END_TEST

START_TEST(a_record_is_printed_without_what_is_not_set)
{
    const dv_quote quotes[] = {{.venue = {"raydium", 7}, .amount_out = UINT64_MAX}, {.error = 211}};
    dv_attempt attempt = {.number = 2,
                          .reason = {"a\"b\\c\0\n", 7},
                          .quotes = quotes,
                          .quotes_count = 2,
                          .amount_in = 7};
    dv_record_print(&DV_SHAPE_attempt, &attempt, &bytes);
    dv_buffer_add(&bytes, "", 1);
    ck_assert_str_eq(bytes.bytes,
                     "{\"number\":2,\"reason\":\"a\\\"b\\\\c\\ufffd\\u000a\",\"quotes\":"
                     "[{\"venue\":\"raydium\",\"amount_out\":18446744073709551615},"
                     "{\"error\":211}],\"amount_in\":7}");
}
END_TEST

START_TEST(message_numbers_fit_their_links)
{
    for (int k = 0; k < _i; k++) ck_assert_str_ne(catalogue[k]->name, catalogue[_i]->name);
    ck_assert_int_lt(catalogue[_i]->link, DV_LINK_KIND_COUNT);
}
END_TEST

/* ---- older and newer peers ---- */

/* The shape as another version of Drover has it: with `by` fields more, or less, at the end of it
   and of every record in it. */
static const dv_shape *other_version(const dv_shape *shape, int by)
{
    uint32_t count = (uint32_t)((int)shape->field_count + by);
    dv_field *fields = dv_arena_alloc(arena, (count + 1) * sizeof *fields);
    for (uint32_t i = 0; i < count; i++) {
        static const dv_field NUMBER = {.name = "new", .kind = DV_FIELD_UINT, .max = UINT64_MAX};
        fields[i] = shape->field_count == 0  ? NUMBER
                    : i < shape->field_count ? shape->fields[i]
                                             : shape->fields[0];
        if (fields[i].shape != NULL) fields[i].shape = other_version(fields[i].shape, by);
    }
    dv_shape *other = dv_arena_alloc(arena, sizeof *other);
    *other = (dv_shape){shape->name, shape->size, fields, count};
    return other;
}

/* What a peer that has `shape` for this message would send. */
static void encode_as(const dv_shape *shape, const dv_message *message, dv_buffer *buffer)
{
    dv_buffer record = {0};
    dv_record_encode(shape, BODY(message), &record);
    size_t header = shape->field_count < 16 ? 1 : 3;
    uint8_t start[] = {0xdc, 0, (uint8_t)(shape->field_count + 2), (uint8_t)message->type, 0xcf};
    buffer->size = 0;
    dv_buffer_add(buffer, start, sizeof start);
    for (int shift = 56; shift >= 0; shift -= 8)
        dv_buffer_add(buffer, &(uint8_t){(uint8_t)(message->request_id >> shift)}, 1);
    dv_buffer_add(buffer, record.bytes + header, record.size - header);
    dv_buffer_fini(&record);
}

START_TEST(fields_of_a_newer_peer_are_passed_over)
{
    dv_message message = filled(catalogue[_i], SMALL), got;
    dv_buffer newer = {0};
    encode_as(other_version(catalogue[_i]->shape, 1), &message, &newer);
    ck_assert_int_eq(dv_message_decode(newer.bytes, newer.size, arena, &got), DV_OK);
    assert_equal(&message, &got);
    dv_buffer_fini(&newer);
}
END_TEST

START_TEST(fields_that_an_older_peer_lacks_are_empty)
{
    if (catalogue[_i]->shape->field_count == 0) return; /* none to lack */
    const dv_shape *older = other_version(catalogue[_i]->shape, -1);
    dv_message message = filled(catalogue[_i], SMALL), got;
    encode_as(older, &message, &bytes);
    memset(&got, 0xee, sizeof got);
    ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &got), DV_OK);
    encode_as(older, &got, &again);
    ck_assert_uint_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.size);

    const dv_field *last = &catalogue[_i]->shape->fields[older->field_count];
    static const char EMPTY[sizeof(dv_view) + sizeof(dv_job)];
    size_t size = last->kind == DV_FIELD_ONE    ? last->shape->size
                  : last->kind == DV_FIELD_ID   ? sizeof(dv_id)
                  : last->kind == DV_FIELD_UINT ? sizeof(uint64_t)
                  : last->kind == DV_FIELD_LIST ? sizeof(void *)
                                                : sizeof(dv_text);
    ck_assert_mem_eq(BODY(&got) + last->offset, EMPTY, size);
}
END_TEST

/* ---- hostile bytes ---- */

#define ID16 0xc4, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define HOSTILE(...)                                                                               \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[])                                    \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
static const struct {
    const uint8_t *bytes;
    size_t size;
} MALFORMED[] = {
    HOSTILE(0x90),                                  /* no number */
    HOSTILE(0x91, 101),                             /* no request id */
    HOSTILE(0x92, 101, 0xa1, '1'),                  /* a text for a request id */
    HOSTILE(0x92, 101, 0xcf, 1, 2, 3),              /* a request id that is cut off */
    HOSTILE(0xc0),                                  /* not an array */
    HOSTILE(0x80),                                  /* a map */
    HOSTILE(0x65),                                  /* a number alone */
    HOSTILE(0x92, 0, 1),                            /* numbers of no message */
    HOSTILE(0x92, 127, 1),                          /* */
    HOSTILE(0x92, 0xcc, 200, 1),                    /* */
    HOSTILE(0x92, 0xce, 0xff, 0xff, 0xff, 0xff, 1), /* */
    HOSTILE(0x92, 0xff, 1),                         /* a negative one */
    HOSTILE(0x92, 0xa1, 'A', 1),                    /* a text */
    HOSTILE(0x92, 0xca, 0, 0, 0, 0, 1),             /* a float */
    HOSTILE(0x92, 0xc7, 1, 1, 1, 1),                /* an extension */
    HOSTILE(0xc1),                                  /* never used */
    HOSTILE(0xdd, 0xff, 0xff, 0xff, 0xff),          /* claims that cannot be true */
    HOSTILE(0xdd, 0xff, 0xff, 0xff, 0xff, 101),
    HOSTILE(0x93, 101, 0, 0xdd, 0x7f, 0xff, 0xff, 0xff),
    HOSTILE(0x93, 101, 0, 0xdb, 0xff, 0xff, 0xff, 0xff),
    HOSTILE(0x93, 101, 0, 0xc6, 0xff, 0xff, 0xff, 0xff, 0, 0),
    HOSTILE(0x94, 101, 0, 0x92, 0x92, 0x92),
    HOSTILE(0x93, 101, 0, ID16, 0), /* bytes left over */
    HOSTILE(0x93, 101, 0, 0xc4, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
            14), /* short id */
    HOSTILE(0x93, 101, 0, 0xb0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), /* text id */
    HOSTILE(0x93, 31, 0, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0), /* over a maximum: load's u32 */
    HOSTILE(0x93, 102, 0, 2),                           /* watch_orders's 0 or 1 */
    HOSTILE(0x93, 31, 0, 0xff),                         /* negative */
    HOSTILE(0x93, 31, 0, 0xc0),                         /* nil */
    HOSTILE(0x93, 31, 0, 0xc3),                         /* true */
    HOSTILE(0x93, 31, 0, 0x90),                         /* an array for a number */
    HOSTILE(0x93, 120, 0, 7),                           /* a number for a text */
    HOSTILE(0x93, 120, 0, 0xc4, 1, 'x'),                /* bytes for a text */
    HOSTILE(0x93, 120, 0, 0xd9, 32, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x',
            'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x',
            'x', 'x'),             /* a byte too long */
    HOSTILE(0x94, 21, 0, ID16, 1), /* a number for a record */
    HOSTILE(0x93, 71, 0, 0x91, 1), /* a number for a list's element */
    HOSTILE(0x93, 71, 0, 0xa0),    /* a text for a list */
    /* UTF-8 as RFC 3629 does not have it: cut off, stray, overlong, surrogate, too high */
    HOSTILE(0x93, 120, 0, 0xa1, 0xc3),
    HOSTILE(0x93, 120, 0, 0xa1, 0x80),
    HOSTILE(0x93, 120, 0, 0xa2, 0xc0, 0x80),
    HOSTILE(0x93, 120, 0, 0xa2, 0xc1, 0xbf),
    HOSTILE(0x93, 120, 0, 0xa3, 0xe0, 0x9f, 0xbf),
    HOSTILE(0x93, 120, 0, 0xa3, 0xed, 0xa0, 0x80),
    HOSTILE(0x93, 120, 0, 0xa4, 0xf0, 0x8f, 0xbf, 0xbf),
    HOSTILE(0x93, 120, 0, 0xa4, 0xf4, 0x90, 0x80, 0x80),
    HOSTILE(0x93, 120, 0, 0xa4, 0xf5, 0x80, 0x80, 0x80),
    HOSTILE(0x93, 120, 0, 0xa3, 0xe2, 0x82, 0x28),
    HOSTILE(0x93, 120, 0, 0xa1, 0xff),
};
#define MALFORMED_COUNT (int)(sizeof MALFORMED / sizeof MALFORMED[0])

START_TEST(hostile_bytes_are_malformed)
{
    dv_message got;
    char *copy = malloc(MALFORMED[_i].size);
    memcpy(copy, MALFORMED[_i].bytes, MALFORMED[_i].size);
    ck_assert_int_eq(dv_message_decode(copy, MALFORMED[_i].size, arena, &got),
                     DV_MESSAGE_MALFORMED);
    free(copy);
}
END_TEST

START_TEST(valid_utf8_of_every_length_is_taken)
{
    static const uint8_t GOOD[] = {0x93, 120,  0,    0xaa, 'a',  0xc2, 0x80,
                                   0xe0, 0xa0, 0x80, 0xf4, 0x8f, 0xbf, 0xbf};
    dv_message got;
    ck_assert_int_eq(dv_message_decode(GOOD, sizeof GOOD, arena, &got), DV_OK);
    ck_assert_uint_eq(got.beat_event.actor.size, 10);
    ck_assert_uint_eq(got.beat_event.pid, 0);
}
END_TEST

/* ASCII is passed over by the word: whatever follows it is looked at all the same. */
START_TEST(utf8_is_checked_after_ascii_of_any_length)
{
    char text_bytes[40];
    for (uint32_t before = 0; before < 20; before++) {
        for (uint32_t after = 0; after < 18; after++) {
            memset(text_bytes, 'a', sizeof text_bytes);
            dv_text text = {text_bytes, before + 2 + after};
            memcpy(text_bytes + before, "\xc3\xa9", 2);
            ck_assert(dv_text_is_utf8(text));
            memcpy(text_bytes + before, "\xc3\x29", 2);
            ck_assert(!dv_text_is_utf8(text));
            memcpy(text_bytes + before, "a\xff", 2);
            ck_assert(!dv_text_is_utf8(text));
        }
    }
}
END_TEST

START_TEST(a_list_over_its_maximum_is_malformed)
{
    dv_message got;
    uint8_t start[] = {0x93, 71, 0, 0xdc, (DV_SWEEP_MAX + 1) >> 8, (DV_SWEEP_MAX + 1) & 0xff};
    dv_buffer_add(&bytes, start, sizeof start);
    for (int i = 0; i <= DV_SWEEP_MAX; i++) dv_buffer_add(&bytes, "\x90", 1);
    ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &got), DV_MESSAGE_MALFORMED);
    bytes.bytes[4] = (char)(DV_SWEEP_MAX >> 8);
    bytes.bytes[5] = (char)(DV_SWEEP_MAX & 0xff);
    ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size - 1, arena, &got), DV_OK);
    ck_assert_uint_eq(got.retries_reply.waiting_count, DV_SWEEP_MAX);
}
END_TEST

START_TEST(a_frame_gives_its_messages_one_by_one)
{
    uint32_t ends[DV_MSG_COUNT], count = 0;
    for (int i = 0; i < catalogue_size; i++) {
        dv_message message = filled(catalogue[i], SMALL);
        dv_message_encode(&message, &bytes);
        ends[count++] = (uint32_t)bytes.size;
    }
    ck_assert_uint_eq(dv_frame_count(bytes.bytes, bytes.size), count);
    dv_text rest = {bytes.bytes, (uint32_t)bytes.size};
    for (uint32_t i = 0; i < count; i++) {
        dv_message got;
        ck_assert_int_eq(dv_frame_decode(&rest, arena, &got), DV_OK);
        ck_assert_int_eq(got.type, catalogue[i]->type);
        ck_assert_uint_eq((size_t)(rest.at - bytes.bytes), ends[i]);
    }
    ck_assert_uint_eq(rest.size, 0);
}
END_TEST

START_TEST(a_frame_that_is_cut_counts_as_nothing_and_ends_with_what_does_not_decode)
{
    dv_message message = filled(catalogue[0], SMALL), got;
    dv_message_encode(&message, &bytes);
    uint32_t size = (uint32_t)bytes.size;
    dv_message_encode(&message, &bytes);
    for (uint32_t cut = 1; cut < size; cut++) {
        ck_assert_uint_eq(dv_frame_count(bytes.bytes, size + cut), 0);
        dv_text rest = {bytes.bytes, size + cut};
        ck_assert_int_eq(dv_frame_decode(&rest, arena, &got), DV_OK);
        ck_assert_uint_eq(rest.size, cut);
        ck_assert_int_eq(dv_frame_decode(&rest, arena, &got), DV_MESSAGE_MALFORMED);
        ck_assert_uint_eq(rest.size, 0);
    }
    ck_assert_uint_eq(dv_frame_count("", 0), 0);
}
END_TEST

/* Appends bytes that are written as a literal, NULs and all. */
#define ADD(literal) dv_buffer_add(&bytes, literal, sizeof(literal) - 1)

START_TEST(a_value_may_be_written_in_any_format_that_holds_it)
{
    static const struct {
        const char *bytes;
        size_t size;
    } numbers[] = {{"\x07", 1},
                   {"\xcc\x07", 2},
                   {"\xcd\0\x07", 3},
                   {"\xce\0\0\0\x07", 5},
                   {"\xcf\0\0\0\0\0\0\0\x07", 9}},
      texts[] = {{"\xa2ok", 3}, {"\xd9\2ok", 4}, {"\xda\0\2ok", 5}, {"\xdb\0\0\0\2ok", 7}},
      ids[] = {{"\xc4\x10", 2}, {"\xc5\0\x10", 3}, {"\xc6\0\0\0\x10", 5}},
      arrays[] = {{"\x94", 1}, {"\xdc\0\4", 3}, {"\xdd\0\0\0\4", 5}};
    for (int i = 0; i < 5; i++) {
        dv_message got;
        bytes.size = 0;
        dv_buffer_add(&bytes, arrays[i % 3].bytes, arrays[i % 3].size);
        ADD("\xcc");
        dv_buffer_add(&bytes, &(uint8_t){DV_MSG_watch_refusal}, 1);
        dv_buffer_add(&bytes, numbers[4 - i].bytes, numbers[4 - i].size);
        dv_buffer_add(&bytes, ids[i % 3].bytes, ids[i % 3].size);
        ADD("sixteen bytes id");
        dv_buffer_add(&bytes, numbers[i].bytes, numbers[i].size);
        ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &got), DV_OK);
        ck_assert_mem_eq(&got.watch_refusal.order_id, "sixteen bytes id", 16);
        ck_assert_uint_eq(got.watch_refusal.error, 7);
        ck_assert_uint_eq(got.request_id, 7);
        bytes.size = 0;
        ADD("\x93");
        dv_buffer_add(&bytes, &(uint8_t){DV_MSG_beat_event}, 1);
        ADD("\x05");
        dv_buffer_add(&bytes, texts[i % 4].bytes, texts[i % 4].size);
        ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &got), DV_OK);
        ck_assert(dv_text_is(got.beat_event.actor, "ok"));
    }
}
END_TEST

START_TEST(formats_that_no_message_uses_are_malformed)
{
    /* As the request id of a stats_request: nil, false, true, extensions, floats, signed numbers, maps,
       negative numbers. What follows would do for any of them, and for the rest of a frame. */
    static const uint8_t heads[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc7, 0xca, 0xcb, 0xd0, 0xd1, 0xd2,
                                    0xd3, 0xd4, 0xd8, 0xde, 0xdf, 0x80, 0x8f, 0xe0, 0xff};
    dv_message got;
    for (size_t i = 0; i < sizeof heads; i++) {
        bytes.size = 0;
        ADD("\x92");
        dv_buffer_add(&bytes, &(uint8_t){DV_MSG_stats_request}, 1);
        dv_buffer_add(&bytes, &heads[i], 1);
        ADD("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        dv_text frame = {bytes.bytes, (uint32_t)bytes.size};
        ck_assert_int_eq(dv_frame_decode(&frame, arena, &got), DV_MESSAGE_MALFORMED);
    }
    bytes.bytes[2] = 1; /* nothing else was wrong with it */
    dv_text frame = {bytes.bytes, (uint32_t)bytes.size};
    ck_assert_int_eq(dv_frame_decode(&frame, arena, &got), DV_OK);
}
END_TEST

START_TEST(a_message_is_sent_on_with_another_request_id_and_the_same_body)
{
    static const uint64_t IDS[] = {0,      0x7f,    0x80,       0xff,       0x100,
                                   0xffff, 0x10000, UINT32_MAX, 1ull << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof IDS / sizeof IDS[0]; i++) {
        dv_message message = filled(catalogue[_i], SMALL), got;
        message.request_id = IDS[i];
        bytes.size = 0;
        dv_message_encode(&message, &bytes);
        for (size_t k = 0; k < sizeof IDS / sizeof IDS[0]; k++) {
            dv_text came = {bytes.bytes, (uint32_t)bytes.size};
            again.size = 0;
            ck_assert_int_eq(dv_message_type_of(came), message.type);
            dv_message_encode_again(came, IDS[k], &again);
            ck_assert_int_eq(dv_message_decode(again.bytes, again.size, arena, &got), DV_OK);
            ck_assert_uint_eq(got.request_id, IDS[k]);
            ck_assert_int_eq(got.type, message.type);
            dv_message_type type;
            uint32_t fields;
            dv_text body = dv_message_body(came, &type, &fields);
            ck_assert_uint_eq(fields, catalogue[_i]->shape->field_count);
            ck_assert_mem_eq(again.bytes + again.size - body.size, body.at, body.size);
        }
    }
}
END_TEST

START_TEST(a_copy_of_a_record_outlives_its_texts)
{
    char texts[8] = "SOLUSDC";
    dv_terms terms = {.token_in = {texts, 3}, .token_out = {texts + 3, 4}, .amount = 5};
    ck_assert_uint_eq(dv_record_borrowed_size(&DV_SHAPE_terms, &terms), 7);
    char own[7];
    dv_record_borrow_from(&DV_SHAPE_terms, &terms, own);
    memset(texts, 'x', sizeof texts);
    ck_assert(dv_text_is(terms.token_in, "SOL") && dv_text_is(terms.token_out, "USDC"));
    ck_assert_uint_eq(terms.user_id.size, 0);
    ck_assert_uint_eq(terms.amount, 5);
}
END_TEST

START_TEST(a_copy_of_a_record_outlives_its_lists)
{
    char text[] = "raydium";
    dv_quote quotes[2] = {{.amount_in = 5}, {.venue = {text, 7}, .amount_in = 6}};
    dv_attempt attempts[1] = {
        {.number = 3, .quotes = quotes, .quotes_count = 2, .reason = {text, 3}}};
    dv_view view = {.attempts = attempts, .attempts_count = 1, .terms.token_in = {text, 2}};
    void *own = malloc(dv_record_borrowed_size(&DV_SHAPE_view, &view));
    dv_record_borrow_from(&DV_SHAPE_view, &view, own);
    memset(text, 'x', sizeof text);
    memset(quotes, 0, sizeof quotes);
    memset(attempts, 0, sizeof attempts);
    ck_assert(dv_text_is(view.terms.token_in, "ra"));
    const dv_attempt *a = &view.attempts[0];
    ck_assert_uint_eq(a->number, 3);
    ck_assert(dv_text_is(a->reason, "ray"));
    ck_assert_uint_eq(a->quotes[0].amount_in + a->quotes[1].amount_in, 11);
    ck_assert(dv_text_is(a->quotes[1].venue, "raydium"));
    free(own);
}
END_TEST

START_TEST(deep_nesting_and_nothing_and_too_much_are_refused)
{
    static char deep[100000], large[DV_MESSAGE_SIZE_MAX + 1];
    dv_message got;
    memset(deep, '\x91', sizeof deep);
    deep[sizeof deep - 1] = 1;
    ck_assert_int_eq(dv_message_decode(deep, sizeof deep, arena, &got), DV_MESSAGE_MALFORMED);
    ck_assert_int_eq(dv_message_decode("", 0, arena, &got), DV_MESSAGE_MALFORMED);
    ck_assert_int_eq(dv_message_decode(large, sizeof large, arena, &got), DV_MESSAGE_TOO_LARGE);
}
END_TEST

START_TEST(a_record_alone_comes_back)
{
    char record[sizeof(dv_view)] = {0}, got[sizeof(dv_view)];
    fill(&DV_SHAPE_view, record, FULL);
    dv_record_encode(&DV_SHAPE_view, record, &bytes);
    ck_assert_int_eq(dv_record_decode(&DV_SHAPE_view, bytes.bytes, bytes.size, arena, got), DV_OK);
    dv_record_encode(&DV_SHAPE_view, got, &again);
    ck_assert_uint_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.size);
    ck_assert_int_eq(dv_record_decode(&DV_SHAPE_view, "\xa0", 1, arena, got), DV_MESSAGE_MALFORMED);
}
END_TEST

int main(void)
{
    catalogue_read();
    Suite *suite = suite_create("message");
    TCase *c = tcase_create("catalogue"), *h = tcase_create("hostile");
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, h);
    tcase_add_checked_fixture(c, make, clean);
    tcase_add_checked_fixture(h, make, clean);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, what_is_encoded_comes_back, 0, catalogue_size);
    tcase_add_loop_test(c, an_empty_message_comes_back_empty, 0, catalogue_size);
    tcase_add_loop_test(c, no_message_is_larger_than_its_bound, 0, catalogue_size);
    tcase_add_loop_test(c, a_message_cut_off_anywhere_is_malformed, 0, catalogue_size);
    tcase_add_loop_test(c, a_message_with_any_byte_changed_is_survived, 0, catalogue_size);
    tcase_add_loop_test(c, a_printed_message_is_json, 0, catalogue_size);
    tcase_add_loop_test(c, message_numbers_fit_their_links, 0, catalogue_size);
    tcase_add_loop_test(c, fields_of_a_newer_peer_are_passed_over, 0, catalogue_size);
    tcase_add_loop_test(c, fields_that_an_older_peer_lacks_are_empty, 0, catalogue_size);
    tcase_add_loop_test(c, a_message_is_sent_on_with_another_request_id_and_the_same_body, 0,
                        catalogue_size);
    tcase_add_test(c, a_copy_of_a_record_outlives_its_texts);
    tcase_add_test(c, a_copy_of_a_record_outlives_its_lists);
    tcase_add_loop_test(h, hostile_bytes_are_malformed, 0, MALFORMED_COUNT);
    tcase_add_test(h, a_value_may_be_written_in_any_format_that_holds_it);
    tcase_add_test(h, formats_that_no_message_uses_are_malformed);
    tcase_add_test(h, valid_utf8_of_every_length_is_taken);
    tcase_add_test(h, utf8_is_checked_after_ascii_of_any_length);
    tcase_add_test(h, a_list_over_its_maximum_is_malformed);
    tcase_add_test(h, a_frame_gives_its_messages_one_by_one);
    tcase_add_test(h, a_frame_that_is_cut_counts_as_nothing_and_ends_with_what_does_not_decode);
    tcase_add_test(h, deep_nesting_and_nothing_and_too_much_are_refused);
    tcase_add_test(h, a_record_is_printed_without_what_is_not_set);
    tcase_add_test(h, a_record_alone_comes_back);
    return suite_run(suite);
}
