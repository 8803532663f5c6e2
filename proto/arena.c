#include "proto/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_LEAST (4u * 1024u) /* the first block's size; each further block is twice as large */
#define BLOCK_MOST (64u * 1024u) /* the largest block, unless one allocation needs more */

/* Blocks form a list, newest first. */
typedef struct block {
    struct block *next;
    size_t size, used;
    _Alignas(max_align_t) unsigned char bytes[];
} block;

struct dv_arena {
    block *head;
};

static block *block_new(size_t size, block *next)
{
    block *b = malloc(sizeof *b + size);
    if (b == NULL) abort();
    b->next = next;
    b->size = size;
    b->used = 0;
    return b;
}

dv_arena *dv_arena_new(void)
{
    dv_arena *arena = malloc(sizeof *arena);
    if (arena == NULL) abort();
    arena->head = block_new(BLOCK_LEAST, NULL);
    return arena;
}

void dv_arena_destroy(dv_arena **arena)
{
    if (arena == NULL || *arena == NULL) return;
    dv_arena_reset(*arena);
    free((*arena)->head);
    free(*arena);
    *arena = NULL;
}

/* Keeps the largest block of at most BLOCK_MOST, since the next turn needs as much. The first block
   is one. */
void dv_arena_reset(dv_arena *arena)
{
    block *kept = NULL;
    for (block *b = arena->head, *next; b != NULL; b = next) {
        next = b->next;
        bool better = b->size <= BLOCK_MOST && (kept == NULL || b->size > kept->size);
        free(better ? kept : b);
        if (better) kept = b;
    }
    kept->next = NULL;
    kept->used = 0;
    arena->head = kept;
}

static size_t next_size(const block *newest)
{
    return newest->size < BLOCK_MOST ? 2 * newest->size : BLOCK_MOST;
}

static void *take(dv_arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size = (size + align - 1) / align * align;
    block *b = arena->head;
    if (b->size - b->used < size) {
        size_t usual = next_size(b);
        b = block_new(size > usual ? size : usual, b);
        arena->head = b;
    }
    void *at = b->bytes + b->used;
    b->used += size;
    return at;
}

void *dv_arena_alloc(dv_arena *arena, size_t size)
{
    void *at = take(arena, size);
    memset(at, 0, size);
    return at;
}

dv_text dv_arena_text(dv_arena *arena, dv_text text)
{
    if (text.size == 0) return (dv_text){"", 0};
    char *at = take(arena, (size_t)text.size + 1);
    memcpy(at, text.at, text.size);
    at[text.size] = '\0';
    return (dv_text){at, text.size};
}

dv_text dv_arena_printf(dv_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0) size = 0;
    char *at = take(arena, (size_t)size + 1);
    vsnprintf(at, (size_t)size + 1, format, again);
    va_end(again);
    return (dv_text){at, (uint32_t)size};
}
