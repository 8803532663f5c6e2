#include "actors/base/outbox.h"

#include <stdlib.h>

#include "proto/arena.h"
#include "proto/codec.h"

typedef struct entry {
    dv_port port;
    dv_message_type type;
    dv_peer to;
    size_t at, size; /* in bytes */
} entry;

struct dv_outbox {
    dv_arena *arena;
    dv_buffer bytes;
    entry *entries;
    size_t count, capacity;
};

dv_outbox *dv_outbox_new(void)
{
    dv_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) abort();
    outbox->arena = dv_arena_new();
    return outbox;
}

void dv_outbox_destroy(dv_outbox **outbox)
{
    if (outbox == NULL || *outbox == NULL) return;
    dv_arena_destroy(&(*outbox)->arena);
    dv_buffer_fini(&(*outbox)->bytes);
    free((*outbox)->entries);
    free(*outbox);
    *outbox = NULL;
}

/* The next entry, which begins where the bytes end. */
static entry *entry_add(dv_outbox *outbox, dv_port port, const dv_peer *to, dv_message_type type)
{
    if (outbox->count == outbox->capacity) {
        size_t capacity = outbox->capacity ? outbox->capacity * 2 : 64;
        entry *grown = realloc(outbox->entries, capacity * sizeof *grown);
        if (grown == NULL) abort();
        outbox->entries = grown;
        outbox->capacity = capacity;
    }
    entry *e = &outbox->entries[outbox->count++];
    *e = (entry){.port = port, .type = type, .at = outbox->bytes.size};
    if (to != NULL) e->to = *to;
    return e;
}

void dv_send(dv_outbox *outbox, dv_port port, const dv_peer *to, const dv_message *message)
{
    entry *e = entry_add(outbox, port, to, message->type);
    dv_message_encode(message, &outbox->bytes);
    e->size = outbox->bytes.size - e->at;
}

void dv_send_bytes(dv_outbox *outbox, dv_port port, const dv_peer *to, dv_text bytes,
                   uint64_t request_id)
{
    entry *e = entry_add(outbox, port, to, dv_message_type_of(bytes));
    dv_message_encode_again(bytes, request_id, &outbox->bytes);
    e->size = outbox->bytes.size - e->at;
}

dv_arena *dv_outbox_arena(dv_outbox *outbox)
{
    return outbox->arena;
}

size_t dv_outbox_count(const dv_outbox *outbox)
{
    return outbox->count;
}

dv_outbox_entry dv_outbox_at(const dv_outbox *outbox, size_t i)
{
    const entry *e = &outbox->entries[i];
    return (dv_outbox_entry){e->port, e->type, e->to, outbox->bytes.bytes + e->at, e->size};
}

void dv_outbox_clear(dv_outbox *outbox)
{
    outbox->count = 0;
    outbox->bytes.size = 0;
    dv_arena_reset(outbox->arena);
}
