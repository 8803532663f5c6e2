#include "gateway/board.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SILENT_AFTER_NS (3000 * DV_NS_PER_MS)
#define FORGET_AFTER_NS (60000 * DV_NS_PER_MS) /* an instance that does not come back */

/* What an actor's name begins with, up to a colon, and whether its being degraded stops orders. */
typedef struct role_row {
    const char *name;
    bool stops_orders;
} role_row;

static const role_row ROLES[] = {
    {"ingest", true}, {"execution", true}, {"persistence", true},
    {"router", true}, {"retry", false},    {"notification", false},
};
#define ROLE_COUNT (sizeof ROLES / sizeof ROLES[0])

typedef struct row {
    char actor[DV_NAME_MAX + 1];
    char text[DV_REASON_MAX + 1];
    uint32_t pid;
    uint16_t degraded;
    int64_t beat_at_ns;
} row;

struct dv_board {
    pthread_mutex_t mutex; /* guards rows */
    row rows[DV_BOARD_MAX];
    uint32_t count;
    _Atomic dv_stage stage;
};

dv_board *dv_board_new(void)
{
    dv_board *board = calloc(1, sizeof *board);
    if (board == NULL) abort();
    pthread_mutex_init(&board->mutex, NULL);
    return board;
}

void dv_board_destroy(dv_board **board)
{
    if (*board == NULL) return;
    pthread_mutex_destroy(&(*board)->mutex);
    free(*board);
    *board = NULL;
}

/* The row of an actor; of an unknown one a new row, in place of the longest silent if need be. */
static row *row_of(dv_board *board, dv_text actor)
{
    row *oldest = &board->rows[0];
    for (uint32_t i = 0; i < board->count; i++) {
        if (dv_text_is(actor, board->rows[i].actor)) return &board->rows[i];
        if (board->rows[i].beat_at_ns < oldest->beat_at_ns) oldest = &board->rows[i];
    }
    row *r = board->count < DV_BOARD_MAX ? &board->rows[board->count++] : oldest;
    *r = (row){0};
    dv_text_copy(r->actor, sizeof r->actor, actor);
    return r;
}

bool dv_board_beat(dv_board *board, const dv_beat *beat, dv_time now)
{
    pthread_mutex_lock(&board->mutex);
    row *r = row_of(board, beat->actor);
    bool replaced = r->pid != 0 && r->pid != beat->pid;
    r->pid = (uint32_t)beat->pid;
    r->degraded = (uint16_t)beat->degraded;
    r->beat_at_ns = now.mono_ns;
    dv_text_copy(r->text, sizeof r->text, beat->text);
    pthread_mutex_unlock(&board->mutex);
    return replaced;
}

void dv_board_set_stage(dv_board *board, dv_stage stage)
{
    atomic_store(&board->stage, stage);
}

dv_stage dv_board_stage(dv_board *board)
{
    return atomic_load(&board->stage);
}

/* ---- judging ---- */

static bool plays(const row *r, const role_row *role)
{
    size_t n = strlen(role->name);
    return strncmp(r->actor, role->name, n) == 0 && (r->actor[n] == '\0' || r->actor[n] == ':');
}

static void beat_add(dv_readiness *ret, const char *actor, uint32_t pid, uint16_t degraded,
                     const char *text)
{
    if (ret->count == DV_BOARD_MAX) return;
    dv_beat *beat = &ret->beats[ret->count];
    char *at = ret->texts[ret->count++];
    uint32_t actor_size = (uint32_t)strlen(actor), text_size = (uint32_t)strlen(text);
    memcpy(at, actor, actor_size);
    memcpy(at + actor_size, text, text_size);
    *beat = (dv_beat){.actor = {at, actor_size},
                      .pid = pid,
                      .degraded = degraded,
                      .text = {at + actor_size, text_size}};
}

/* The error of a role: of its best instance, ENGINE_TIMEOUT when none lives. */
static dv_err role_judge(const dv_board *board, const role_row *role, int64_t now_ns,
                         dv_readiness *ret)
{
    dv_err error = DV_ENGINE_TIMEOUT;
    bool seen = false;
    for (uint32_t i = 0; i < board->count; i++) {
        const row *r = &board->rows[i];
        int64_t silence_ns = now_ns - r->beat_at_ns;
        if (!plays(r, role) || silence_ns > FORGET_AFTER_NS) continue;
        seen = true;
        bool silent = silence_ns > SILENT_AFTER_NS;
        uint16_t degraded = silent ? DV_ENGINE_TIMEOUT : r->degraded;
        beat_add(ret, r->actor, r->pid, degraded, silent ? "it has fallen silent" : r->text);
        if (!silent && (error == DV_ENGINE_TIMEOUT || degraded == DV_OK)) error = (dv_err)degraded;
    }
    if (!seen) beat_add(ret, role->name, 0, DV_ENGINE_TIMEOUT, "it has not been heard of");
    return error;
}

void dv_board_judge(dv_board *board, dv_time now, dv_readiness *ret)
{
    ret->count = 0;
    ret->ready = dv_board_stage(board) == DV_STAGE_SERVING;
    pthread_mutex_lock(&board->mutex);
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        dv_err error = role_judge(board, &ROLES[i], now.mono_ns, ret);
        if (error == DV_ENGINE_TIMEOUT || (error != DV_OK && ROLES[i].stops_orders))
            ret->ready = false;
        if (strcmp(ROLES[i].name, "persistence") == 0) ret->database = error;
        if (strcmp(ROLES[i].name, "retry") == 0) ret->redis = error;
    }
    pthread_mutex_unlock(&board->mutex);
}
