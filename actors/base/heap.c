#include "actors/base/heap.h"

#include <stdlib.h>

#include "actors/base/clock.h"

static void put(dv_heap *heap, size_t i, dv_timer *timer)
{
    heap->timers[i] = timer;
    timer->place = i + 1;
}

static void sift_up(dv_heap *heap, size_t i)
{
    dv_timer *timer = heap->timers[i];
    while (i > 0 && heap->timers[(i - 1) / 2]->at_ns > timer->at_ns) {
        put(heap, i, heap->timers[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(heap, i, timer);
}

static void sift_down(dv_heap *heap, size_t i)
{
    dv_timer *timer = heap->timers[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count && heap->timers[child + 1]->at_ns < heap->timers[child]->at_ns)
            child++;
        if (heap->timers[child]->at_ns >= timer->at_ns) break;
        put(heap, i, heap->timers[child]);
        i = child;
    }
    put(heap, i, timer);
}

void dv_heap_set(dv_heap *heap, dv_timer *timer, int64_t at_ns)
{
    dv_heap_unset(heap, timer);
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 64;
        dv_timer **grown = realloc(heap->timers, capacity * sizeof *grown);
        if (grown == NULL) abort();
        heap->timers = grown;
        heap->capacity = capacity;
    }
    timer->at_ns = at_ns;
    heap->timers[heap->count] = timer;
    sift_up(heap, heap->count++);
}

void dv_heap_unset(dv_heap *heap, dv_timer *timer)
{
    if (timer->place == 0) return;
    size_t i = timer->place - 1;
    dv_timer *last = heap->timers[--heap->count];
    timer->place = 0;
    if (last == timer) return;
    put(heap, i, last);
    sift_up(heap, i);
    sift_down(heap, last->place - 1);
}

dv_timer *dv_heap_pop_due(dv_heap *heap, int64_t now_ns)
{
    if (heap->count == 0 || heap->timers[0]->at_ns > now_ns) return NULL;
    dv_timer *timer = heap->timers[0];
    dv_heap_unset(heap, timer);
    return timer;
}

int64_t dv_heap_next(const dv_heap *heap)
{
    return heap->count > 0 ? heap->timers[0]->at_ns : DV_NEVER;
}

void dv_heap_fini(dv_heap *heap)
{
    free(heap->timers);
    *heap = (dv_heap){0};
}
