#include "actors/base/heap.h"

#include <stdlib.h>

#include "actors/base/clock.h"

static void put(dv_heap *heap, size_t i, dv_heap_entry entry)
{
    heap->entries[i] = entry;
    entry.timer->place = i + 1;
}

/* Both fill the hole at i, with the entry or what has to be there instead. */
static void sift_up(dv_heap *heap, size_t i, dv_heap_entry entry)
{
    while (i > 0 && heap->entries[(i - 1) / 2].at_ns > entry.at_ns) {
        put(heap, i, heap->entries[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(heap, i, entry);
}

static void sift_down(dv_heap *heap, size_t i, dv_heap_entry entry)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count && heap->entries[child + 1].at_ns < heap->entries[child].at_ns)
            child++;
        if (heap->entries[child].at_ns >= entry.at_ns) break;
        put(heap, i, heap->entries[child]);
        i = child;
    }
    put(heap, i, entry);
}

static void sift(dv_heap *heap, size_t i, dv_heap_entry entry)
{
    if (i > 0 && heap->entries[(i - 1) / 2].at_ns > entry.at_ns)
        sift_up(heap, i, entry);
    else
        sift_down(heap, i, entry);
}

void dv_heap_set(dv_heap *heap, dv_timer *timer, int64_t at_ns)
{
    timer->at_ns = at_ns;
    if (timer->place > 0) {
        sift(heap, timer->place - 1, (dv_heap_entry){at_ns, timer});
        return;
    }
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 64;
        dv_heap_entry *grown = realloc(heap->entries, capacity * sizeof *grown);
        if (grown == NULL) abort();
        heap->entries = grown;
        heap->capacity = capacity;
    }
    sift_up(heap, heap->count++, (dv_heap_entry){at_ns, timer});
}

void dv_heap_unset(dv_heap *heap, dv_timer *timer)
{
    if (timer->place == 0) return;
    size_t i = timer->place - 1;
    dv_heap_entry last = heap->entries[--heap->count];
    timer->place = 0;
    if (last.timer != timer) sift(heap, i, last);
}

dv_timer *dv_heap_pop_due(dv_heap *heap, int64_t now_ns)
{
    if (heap->count == 0 || heap->entries[0].at_ns > now_ns) return NULL;
    dv_timer *timer = heap->entries[0].timer;
    dv_heap_unset(heap, timer);
    return timer;
}

int64_t dv_heap_next(const dv_heap *heap)
{
    return heap->count > 0 ? heap->entries[0].at_ns : DV_NEVER;
}

void dv_heap_fini(dv_heap *heap)
{
    free(heap->entries);
    *heap = (dv_heap){0};
}
