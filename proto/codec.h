/* Encoding, decoding and printing of messages and records, by the tables that follow from their
   declarations. msgpack is known here and nowhere else. */
#ifndef DV_PROTO_CODEC_H
#define DV_PROTO_CODEC_H

#include "proto/arena.h"
#include "proto/buffer.h"
#include "proto/message.h"

typedef enum dv_field_kind {
    DV_FIELD_UINT,
    DV_FIELD_ID,
    DV_FIELD_TEXT,
    DV_FIELD_BLOB,
    DV_FIELD_ONE,
    DV_FIELD_LIST,
} dv_field_kind;

/* The shape of a record or message, for the generic walkers and for people. */
typedef struct dv_shape dv_shape;

typedef struct dv_field {
    const char *name;
    dv_field_kind kind;
    size_t offset;         /* of the member */
    size_t count_offset;   /* of a list's count */
    uint64_t max;          /* value, bytes or elements */
    const dv_shape *shape; /* of ONE and LIST */
    const char *meaning;
} dv_field;

struct dv_shape {
    const char *name;
    size_t size; /* bytes of the struct */
    const dv_field *fields;
    uint32_t field_count;
};

/* A message's entry in the catalogue. */
typedef struct dv_message_info {
    dv_message_type type;
    const char *name;
    dv_link_kind link;
    dv_link_side sender;
    const dv_shape *shape;
} dv_message_info;

/* The entry of a type; NULL for a number that is not in the catalogue. */
const dv_message_info *dv_message_info_of(unsigned type);

/* The most bytes a message of this type takes on the wire; 0 for an unknown type. */
size_t dv_message_bound(unsigned type);

/* No message is larger on the wire; a unit test holds every bound against it. */
#define DV_MESSAGE_SIZE_MAX (256u * 1024u)

/* Appends a message's encoding. The message must obey the catalogue's maxima (asserted): the texts
   a caller got from outside were checked when they came in. */
void dv_message_encode(const dv_message *message, dv_buffer *buffer);

/* Appends an encoded message with another request id, without decoding it. The bytes are those that
   dv_message_encode made, or that dv_message_decode has accepted (asserted). */
void dv_message_encode_again(dv_text bytes, uint64_t request_id, dv_buffer *buffer);

/* The type of such a message; and what follows its head, which is so many fields. */
dv_message_type dv_message_type_of(dv_text bytes);
dv_text dv_message_body(dv_text bytes, dv_message_type *ret_type, uint32_t *ret_fields);

/* The elements of a message's array before its fields: number and request id. */
#define DV_MESSAGE_HEAD 2

/* Reads a message from bytes of any origin. What it returns borrows texts from `bytes` and lists
   from `arena`; on an error it is not to be looked at. Errors: MESSAGE_MALFORMED (not msgpack,
   unknown type, wrong kind of field, over a maximum, invalid UTF-8), MESSAGE_TOO_LARGE. */
DV_MUST_CHECK dv_err dv_message_decode(const void *bytes, size_t size, dv_arena *arena,
                                       dv_message *ret_message);

/* Frames: what travels as one piece, one message after the other. A frame holds at most
   DV_FRAME_SIZE_MAX bytes, and a message that is larger by itself alone. */
#define DV_FRAME_SIZE_MAX (8u * 1024u)

/* How many messages a frame of any origin holds, which says nothing of their contents; 0: it is not
   msgpack. */
uint32_t dv_frame_count(const void *bytes, size_t size);

/* Reads the first message of a frame as dv_message_decode does, and takes it off the frame. One
   that is malformed is taken off, too, and all that follows if its end cannot be told: the frame
   gets smaller with each call, unless it is empty. */
DV_MUST_CHECK dv_err dv_frame_decode(dv_text *frame, dv_arena *arena, dv_message *ret_message);

/* Encode and decode a record on its own, as an actor keeps or stores it. */
void dv_record_encode(const dv_shape *shape, const void *record, dv_buffer *buffer);
DV_MUST_CHECK dv_err dv_record_decode(const dv_shape *shape, const void *bytes, size_t size,
                                      dv_arena *arena, void *ret_record);

/* Appends a record as one line of JSON, without the members that are 0, nil or empty, at any depth.
   Texts are quoted, blobs stand as their lengths. */
void dv_record_print(const dv_shape *shape, const void *record, dv_buffer *buffer);

/* For a copy of a record that is to outlive what the record borrows: the bytes of its texts and lists
   together, at any depth; and the move of them to memory of that size, aligned as malloc aligns, which
   the record then borrows. */
size_t dv_record_borrowed_size(const dv_shape *shape, const void *record);
void dv_record_borrow_from(const dv_shape *shape, void *record, void *to);

/* The same with memory of the arena. */
void dv_record_keep(const dv_shape *shape, void *record, dv_arena *arena);

#define DV_RECORD_SHAPE(name) extern const dv_shape DV_SHAPE_##name;
DV_RECORDS(DV_RECORD_SHAPE)
#undef DV_RECORD_SHAPE

#endif
