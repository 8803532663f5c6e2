#include "proto/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_SIZE (64u * 1024u)

/* Blocks form a list, newest first; reset keeps the oldest, which is always BLOCK_SIZE. */
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
    arena->head = block_new(BLOCK_SIZE, NULL);
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

void dv_arena_reset(dv_arena *arena)
{
    while (arena->head->next != NULL) {
        block *next = arena->head->next;
        free(arena->head);
        arena->head = next;
    }
    arena->head->used = 0;
}

static void *take(dv_arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size = (size + align - 1) / align * align;
    block *b = arena->head;
    if (b->size - b->used < size) {
        b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE, b);
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
    char *at = take(arena, (size_t)text.size + 1);
    if (text.size > 0) memcpy(at, text.at, text.size);
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
