#include "actors/base/failpoint.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/base/log.h"
#include "proto/codec.h"

#define POINTS_MAX 64
#define TEXT_MAX 120 /* bytes of one entry */

typedef enum action { KILL, STOP, PAUSE, DROP, TWICE } action;

typedef struct point {
    char text[TEXT_MAX]; /* as it was written */
    char actor[32];      /* or the place */
    unsigned type;       /* of the message; 0: any */
    dv_fail_when when;
    uint64_t nth;     /* fires then; 0: by chance */
    uint32_t percent; /* the chance */
    uint64_t seed;
    action action;
    int pause_ms;
    _Atomic uint64_t reached, fired;
} point;

static point points[POINTS_MAX];
static uint32_t point_count;
static _Thread_local bool seen[DV_MSG_COUNT]; /* in this turn of this thread's actor */

/* ---- reading ---------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014): the same number for the same seed. */
static uint64_t mixed(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* A whole number from 1 on, up to the character that ends it. */
static bool number_read(const char *text, char end, uint64_t most, uint64_t *ret)
{
    char *stop;
    unsigned long long value = strtoull(text, &stop, 10);
    if (*text < '0' || *text > '9' || *stop != end || (end != '\0' && stop[1] != '\0'))
        return false;
    *ret = value;
    return value >= 1 && value <= most;
}

static bool count_read(point *p, const char *text)
{
    uint64_t value;
    size_t size = strlen(text);
    if (*text == '~') {
        if (!number_read(text + 1, '\0', 1000000000, &value)) return false;
        p->nth = 1 + mixed(p->seed) % value;
    } else if (size > 0 && text[size - 1] == '%') {
        if (!number_read(text, '%', 100, &value)) return false;
        p->percent = (uint32_t)value;
    } else {
        return number_read(text, '\0', UINT64_MAX, &p->nth);
    }
    return true;
}

static bool action_read(point *p, const char *text)
{
    static const char *const ACTIONS[] = {
        [KILL] = "kill", [STOP] = "stop", [DROP] = "drop", [TWICE] = "twice"};
    uint64_t ms;
    if (strncmp(text, "pause=", 6) == 0) {
        p->action = PAUSE;
        if (!number_read(text + 6, '\0', 3600000, &ms)) return false;
        p->pause_ms = (int)ms;
        return true;
    }
    for (action a = KILL; a <= TWICE; a++) {
        if (ACTIONS[a] == NULL || strcmp(ACTIONS[a], text) != 0) continue;
        p->action = a;
        return a < DROP || p->when == DV_FAIL_TAKEN || p->when == DV_FAIL_SENDING;
    }
    return false;
}

static bool when_read(point *p, const char *text)
{
    static const char *const WHENS[] = {"taken", "handled", "sending", "sent", "at"};
    for (dv_fail_when when = DV_FAIL_TAKEN; when <= DV_FAIL_AT; when++) {
        p->when = when;
        if (strcmp(WHENS[when], text) == 0) return true;
    }
    return false;
}

static bool message_read(point *p, const char *name)
{
    p->type = 0;
    if (strcmp(name, "*") == 0) return true;
    while (p->type < DV_MSG_COUNT) {
        const dv_message_info *info = dv_message_info_of(++p->type);
        if (info != NULL && strcmp(info->name, name) == 0) return true;
    }
    return false;
}

/* Cuts the last field off; an empty text when there is none. */
static const char *field_cut(char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL) return "";
    *colon = '\0';
    return colon + 1;
}

/* An actor's name may hold a colon, so fields are cut off from the end. */
static bool point_read(point *p, uint64_t seed)
{
    char text[TEXT_MAX];
    memcpy(text, p->text, sizeof text);
    p->seed = seed;
    const char *does = field_cut(text), *count = field_cut(text);
    if (!when_read(p, field_cut(text)) || !count_read(p, count) || !action_read(p, does))
        return false;
    if (p->when != DV_FAIL_AT && !message_read(p, field_cut(text))) return false;
    if (*text == '\0' || strlen(text) >= sizeof p->actor) return false;
    snprintf(p->actor, sizeof p->actor, "%.31s", text);
    return true;
}

dv_err dv_failpoints_read(const char *list, uint64_t seed, char ret_why[256])
{
    memset(points, 0, sizeof points);
    point_count = 0;
    while (list != NULL && *list != '\0') {
        size_t size = strcspn(list, ",");
        point *p = &points[point_count];
        bool fits = point_count < POINTS_MAX && size < TEXT_MAX;
        if (fits) {
            memcpy(p->text, list, size);
            fits = point_read(p, mixed(seed + point_count));
        }
        if (!fits) {
            snprintf(ret_why, 256,
                     "DV_FAILPOINTS: \"%.*s\" is neither actor:message:when:count:action nor "
                     "place:at:count:action (actors/base/failpoint.h)",
                     (int)(size < 100 ? size : 100), list);
            return DV_CONFIG_INVALID;
        }
        point_count++;
        list += size + (list[size] == ',');
    }
    return DV_OK;
}

dv_err dv_failpoints_load(char ret_why[256])
{
    const char *seed = getenv("DV_FAILPOINTS_SEED");
    return dv_failpoints_read(getenv("DV_FAILPOINTS"), seed ? strtoull(seed, NULL, 10) : 1,
                              ret_why);
}

/* ---- failing ---------------------------------------------------------------------------- */

/* Whether it fires this time. */
static bool reached(point *p)
{
    uint64_t n = 1 + atomic_fetch_add(&p->reached, 1);
    return p->nth != 0 ? n == p->nth : mixed(p->seed + n) % 100 < p->percent;
}

static void tell(point *p)
{
    char line[TEXT_MAX + 80];
    unsigned long long fired = 1 + atomic_fetch_add(&p->fired, 1);
    if ((fired & (fired - 1)) != 0) return; /* no power of two */
    int size = snprintf(line, sizeof line, "failpoint %s pid=%d fired=%llu\n", p->text,
                        (int)getpid(), fired);
    ssize_t written = write(STDERR_FILENO, line, (size_t)size);
    (void)written;
}

static dv_fail_verdict fire(point *p)
{
    dv_log_flush(); /* it may be the last chance */
    tell(p);
    switch (p->action) {
    case KILL: kill(getpid(), SIGKILL); break;
    case STOP: kill(getpid(), SIGSTOP); break;
    case PAUSE: poll(NULL, 0, p->pause_ms); break;
    case DROP: return DV_FAIL_DROP;
    case TWICE: return DV_FAIL_TWICE;
    }
    return DV_FAIL_NOTHING;
}

/* Whether the name is that of the role's instance: "execution", "execution@a". */
static bool is_actor(const point *p, const char *name)
{
    size_t size = strlen(p->actor);
    if (strcmp(p->actor, "*") == 0) return true;
    return strncmp(name, p->actor, size) == 0 && (name[size] == '\0' || name[size] == '@');
}

dv_fail_verdict dv_failpoint_message(const char *actor, dv_fail_when when, dv_message_type type)
{
    dv_fail_verdict verdict = DV_FAIL_NOTHING;
    if (when != DV_FAIL_SENT) seen[type] = true;
    for (uint32_t i = 0; i < point_count; i++) {
        point *p = &points[i];
        if (p->when != when || (p->type != 0 && p->type != type) || !is_actor(p, actor)) continue;
        if (!reached(p)) continue;
        dv_fail_verdict next = fire(p);
        if (next != DV_FAIL_NOTHING) verdict = next;
    }
    return verdict;
}

void dv_failpoint_turn_end(const char *actor)
{
    for (unsigned type = 0; type < DV_MSG_COUNT; type++) {
        if (!seen[type]) continue;
        seen[type] = false;
        (void)dv_failpoint_message(actor, DV_FAIL_SENT, type);
    }
}

void dv_failpoint_place(const char *place)
{
    for (uint32_t i = 0; i < point_count; i++)
        if (points[i].when == DV_FAIL_AT && strcmp(points[i].actor, place) == 0 &&
            reached(&points[i]))
            (void)fire(&points[i]);
}
