#include "actors/notification/sequence.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/base/clock.h"

#define GAP_WAIT_NS (200 * DV_NS_PER_MS)   /* for what is missing to come by itself */
#define TAIL_WAIT_NS (1000 * DV_NS_PER_MS) /* of silence, before the store is asked for more */
#define PAGE_WAIT_NS (2000 * DV_NS_PER_MS) /* for the store's answer */
#define BEHIND_NS (5000 * DV_NS_PER_MS)

/* An event that came too early. */
typedef struct early {
    char *bytes; /* NULL: none at this position */
    uint32_t size;
} early;

struct dv_sequence {
    bool started;
    uint64_t position; /* used up to here */
    uint64_t heard;    /* the highest one that was spoken of */
    int64_t since_ns;  /* of the last event used, of the gap, or of the last page: what is later */
    int64_t stuck_ns;  /* since when the gap stands; without one, without meaning */
    bool urgent;       /* to be read without waiting */
    bool reading;
    int64_t read_by_ns;
    dv_sequence_page page; /* under way */
    uint64_t hole;         /* lowest position of the page that does not follow; 0: none */
    uint64_t hole_after;   /* where the last whole page had a hole; UINT64_MAX: it had none */
    early window[DV_SEQUENCE_WINDOW]; /* by position modulo its size */
};

dv_sequence *dv_sequence_new(int64_t now_ns)
{
    dv_sequence *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    s->urgent = true;
    s->since_ns = s->stuck_ns = now_ns;
    s->hole_after = UINT64_MAX;
    return s;
}

void dv_sequence_destroy(dv_sequence **sequence)
{
    dv_sequence *s = *sequence;
    if (s == NULL) return;
    for (uint32_t i = 0; i < DV_SEQUENCE_WINDOW; i++) free(s->window[i].bytes);
    free(s);
    *sequence = NULL;
}

static bool gap(const dv_sequence *s)
{
    return !s->started || s->heard > s->position;
}

static early *slot(const dv_sequence *s, uint64_t position)
{
    return (early *)&s->window[position % DV_SEQUENCE_WINDOW];
}

static void slot_clear(const dv_sequence *s, uint64_t position)
{
    free(slot(s, position)->bytes);
    *slot(s, position) = (early){0};
}

void dv_sequence_start(dv_sequence *s, uint64_t position, int64_t now_ns)
{
    assert(!s->started);
    s->started = true;
    s->position = position;
    s->urgent = s->heard > position;
    if (s->heard < position) s->heard = position;
    s->since_ns = s->stuck_ns = now_ns;
}

bool dv_sequence_started(const dv_sequence *s)
{
    return s->started;
}

uint64_t dv_sequence_position(const dv_sequence *s)
{
    return s->position;
}

static void keep(const dv_sequence *s, uint64_t position, dv_text event)
{
    early *e = slot(s, position);
    if (e->bytes != NULL) return;
    *e = (early){malloc(event.size), event.size};
    if (e->bytes == NULL) abort();
    memcpy(e->bytes, event.at, event.size);
}

dv_turn dv_sequence_offer(dv_sequence *s, uint64_t position, dv_text event, int64_t now_ns)
{
    if (s->started && position <= s->position) return DV_TURN_PAST;
    if (!gap(s)) s->since_ns = s->stuck_ns = now_ns;
    if (position > s->heard) s->heard = position;
    if (!s->started) return DV_TURN_LATER;
    if (position == s->position + 1) return DV_TURN_NOW;
    if (position - s->position <= DV_SEQUENCE_WINDOW) keep(s, position, event);
    return DV_TURN_LATER;
}

dv_turn dv_sequence_offer_read(dv_sequence *s, uint64_t position)
{
    if (position <= s->position) return DV_TURN_PAST;
    if (position > s->heard) s->heard = position;
    if (position == s->position + 1) return DV_TURN_NOW;
    if (s->hole == 0) s->hole = position;
    return DV_TURN_LATER;
}

void dv_sequence_advance(dv_sequence *s, int64_t now_ns)
{
    s->position++;
    slot_clear(s, s->position);
    s->since_ns = s->stuck_ns = now_ns;
}

void dv_sequence_reject(dv_sequence *s)
{
    slot_clear(s, s->position + 1);
    s->urgent = true;
}

dv_text dv_sequence_next(const dv_sequence *s)
{
    const early *e = slot(s, s->position + 1);
    return (dv_text){e->bytes, e->size};
}

/* ---- reading ------------------------------------------------------------------------------ */

int64_t dv_sequence_due(const dv_sequence *s)
{
    if (s->reading) return s->read_by_ns;
    if (s->urgent) return s->since_ns;
    return s->since_ns + (gap(s) ? GAP_WAIT_NS : TAIL_WAIT_NS);
}

dv_sequence_page dv_sequence_read(dv_sequence *s, int64_t now_ns)
{
    uint64_t missing = s->heard - s->position;
    bool any = missing == 0 || missing > DV_SEQUENCE_PAGE;
    s->page = (dv_sequence_page){0};
    if (s->started)
        s->page = (dv_sequence_page){s->position, any ? DV_SEQUENCE_PAGE : (uint32_t)missing};
    s->reading = true;
    s->read_by_ns = now_ns + PAGE_WAIT_NS;
    s->urgent = false;
    s->hole = 0;
    return s->page;
}

/* A full page has more behind it; one that was cut to what is missing has not. */
uint64_t dv_sequence_read_done(dv_sequence *s, uint32_t count, bool whole, int64_t now_ns)
{
    uint64_t passed = 0;
    s->reading = false;
    s->since_ns = now_ns;
    if (!whole || !s->started) return 0;
    if (count == DV_SEQUENCE_PAGE) s->urgent = true;
    if (s->hole <= s->position + 1) {
        s->hole_after = UINT64_MAX;
    } else if (s->hole_after == s->position) {
        passed = s->hole - 1 - s->position;
        while (s->position < s->hole - 1) dv_sequence_advance(s, now_ns);
        s->urgent = true;
    } else {
        s->hole_after = s->position;
    }
    return passed;
}

bool dv_sequence_behind(const dv_sequence *s, int64_t now_ns)
{
    return gap(s) && now_ns - s->stuck_ns > BEHIND_NS;
}
