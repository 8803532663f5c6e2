/* Scratch memory that is freed all at once: what a turn of an actor decodes and builds. */
#ifndef DV_PROTO_ARENA_H
#define DV_PROTO_ARENA_H

#include <stddef.h>

#include "proto/text.h"

typedef struct dv_arena dv_arena;

/* Makes an empty arena; the caller owns it. Aborts when the machine has no memory at all. */
dv_arena *dv_arena_new(void);

/* Frees the arena and all that was allocated in it, and clears the pointer. Accepts NULL. */
void dv_arena_destroy(dv_arena **arena);

/* Frees every allocation; the memory is kept for the next turn. */
void dv_arena_reset(dv_arena *arena);

/* Returns `size` zeroed bytes, aligned for any type, valid until reset. Never NULL: a decoded
   message or a configured limit bounds every allocation, so running out is our own bug. */
void *dv_arena_alloc(dv_arena *arena, size_t size);

/* A copy of a text, valid until reset. */
dv_text dv_arena_text(dv_arena *arena, dv_text text);

/* A formatted text, valid until reset. */
dv_text dv_arena_printf(dv_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
