/* A heap of deadlines with removal: what an actor has to do, and when. Intrusive: the owner embeds
   a dv_timer in its own struct and finds the struct from it. */
#ifndef DV_BASE_HEAP_H
#define DV_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A deadline. Zeroed means not set. Its owner keeps the memory while it is in a heap. */
typedef struct dv_timer {
    int64_t at_ns; /* monotonic */
    size_t place;  /* 1 + index in the heap; 0: not in one */
} dv_timer;

/* Deadlines are compared without a look at the timers, which lie all over the memory. */
typedef struct dv_heap_entry {
    int64_t at_ns; /* as in the timer */
    dv_timer *timer;
} dv_heap_entry;

/* Starts as {0}; dv_heap_fini frees the array, not the timers. */
typedef struct dv_heap {
    dv_heap_entry *entries;
    size_t count, capacity;
} dv_heap;

/* Puts the timer in, or moves it if it is there already. Aborts when out of memory. */
void dv_heap_set(dv_heap *heap, dv_timer *timer, int64_t at_ns);

/* Takes the timer out; nothing happens when it is not in. */
void dv_heap_unset(dv_heap *heap, dv_timer *timer);

/* Takes out and returns the earliest timer if it is due at now_ns, or NULL. */
dv_timer *dv_heap_pop_due(dv_heap *heap, int64_t now_ns);

/* The earliest deadline, DV_NEVER when there is none. */
int64_t dv_heap_next(const dv_heap *heap);

/* Frees the array; the timers are their owners'. */
void dv_heap_fini(dv_heap *heap);

/* The struct that a timer is embedded in. */
#define DV_TIMER_OWNER(timer, type, member)                                                        \
    ((type *)(void *)((char *)(timer)-offsetof(type, member)))

#endif
