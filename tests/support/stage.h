/* A stage to play an actor's handlers on without threads: hands in messages at a chosen time, and
   reads what the actor put into its outbox. */
#ifndef DV_TESTS_STAGE_H
#define DV_TESTS_STAGE_H

#include <check.h>
#include <stdlib.h>

#include "actors/base/actor.h"
#include "proto/arena.h"
#include "proto/codec.h"

#define STAGE_SENT_MAX 4096

typedef struct stage_sent {
    dv_port port;
    dv_peer to;
    dv_message message; /* borrows from the stage's memory */
} stage_sent;

typedef struct stage {
    const dv_actor_class *class;
    void *self;
    dv_time now;
    dv_outbox *outbox;
    dv_arena *memory; /* of everything sent so far */
    stage_sent sent[STAGE_SENT_MAX];
    size_t sent_count, read; /* read: how many were looked at */
} stage;

static inline stage *stage_new(const dv_actor_class *class, void *self)
{
    stage *s = calloc(1, sizeof *s);
    s->class = class;
    s->self = self;
    s->now = (dv_time){.mono_ns = 1000000000, .wall_us = 1700000000000000};
    s->outbox = dv_outbox_new();
    s->memory = dv_arena_new();
    return s;
}

static inline void stage_destroy(stage *s)
{
    s->class->destroy(&s->self);
    ck_assert_ptr_null(s->self);
    dv_outbox_destroy(&s->outbox);
    dv_arena_destroy(&s->memory);
    free(s);
}

static inline void stage_collect(stage *s)
{
    for (size_t i = 0; i < dv_outbox_count(s->outbox); i++) {
        dv_outbox_entry e = dv_outbox_at(s->outbox, i);
        ck_assert_uint_lt(s->sent_count, STAGE_SENT_MAX);
        stage_sent *sent = &s->sent[s->sent_count++];
        dv_text bytes = dv_arena_text(s->memory, (dv_text){e.bytes, (uint32_t)e.size});
        sent->port = e.port;
        sent->to = e.to;
        ck_assert_int_eq(dv_message_decode(bytes.at, bytes.size, s->memory, &sent->message), DV_OK);
    }
    dv_outbox_clear(s->outbox);
}

static inline dv_peer stage_peer(const char *name)
{
    dv_peer peer = {.size = (uint8_t)strlen(name)};
    memcpy(peer.bytes, name, peer.size);
    return peer;
}

/* Hands a message in as if it had crossed a socket: encoded and decoded. */
static inline void stage_receive(stage *s, dv_port port, const char *peer, dv_message message)
{
    dv_buffer bytes = {0};
    dv_message_encode(&message, &bytes);
    dv_envelope envelope = {
        .port = port, .peer = stage_peer(peer), .bytes = {bytes.bytes, (uint32_t)bytes.size}};
    dv_arena *arena = dv_arena_new();
    ck_assert_int_eq(dv_message_decode(bytes.bytes, bytes.size, arena, &envelope.message), DV_OK);
    ck_assert_ptr_nonnull(s->class->handlers[message.type]);
    s->class->handlers[message.type](s->self, &envelope, s->now, s->outbox);
    stage_collect(s);
    dv_buffer_fini(&bytes);
    dv_arena_destroy(&arena);
}

static inline int64_t stage_tick(stage *s)
{
    int64_t next = s->class->tick(s->self, s->now, s->outbox);
    stage_collect(s);
    return next;
}

static inline void stage_pass_ms(stage *s, int64_t ms)
{
    s->now.mono_ns += ms * DV_NS_PER_MS;
    s->now.wall_us += ms * DV_US_PER_MS;
    stage_tick(s);
}

/* The next message of a type that the actor sent and that was not looked at yet; NULL if none.
   Messages before it count as looked at. */
static inline const stage_sent *stage_next(stage *s, dv_message_type type)
{
    while (s->read < s->sent_count) {
        const stage_sent *sent = &s->sent[s->read++];
        if (sent->message.type == type) return sent;
    }
    return NULL;
}

/* The same, and there must be one. */
static inline const stage_sent *stage_expect(stage *s, dv_message_type type)
{
    const stage_sent *sent = stage_next(s, type);
    ck_assert_msg(sent != NULL, "expected the actor to send %s", dv_message_info_of(type)->name);
    return sent;
}

/* How many messages of a type are not looked at yet. */
static inline size_t stage_waiting(const stage *s, dv_message_type type)
{
    size_t n = 0;
    for (size_t i = s->read; i < s->sent_count; i++) n += s->sent[i].message.type == type;
    return n;
}

static inline void stage_skip(stage *s)
{
    s->read = s->sent_count;
}

#endif
