/* The board: what the gateway's actor tells its threads. The actor writes, every thread reads; this
   and the hub are the only memory that the gateway's threads share. */
#ifndef DV_GATEWAY_BOARD_H
#define DV_GATEWAY_BOARD_H

#include "actors/base/clock.h"
#include "proto/message.h"

#define DV_BOARD_MAX 64 /* actors of all processes */

/* How far the gateway has come; it only goes on. */
typedef enum dv_stage {
    DV_STAGE_SERVING,
    DV_STAGE_DRAINING, /* no new orders, no new WebSockets; answers under way are waited for */
    DV_STAGE_STOPPING, /* nobody answers any more */
} dv_stage;

/* The engine as the latest beats show it. */
typedef struct dv_readiness {
    bool ready;      /* orders are taken and executed */
    dv_err database; /* DV_OK: persistence lives and has PostgreSQL */
    dv_err redis;    /* DV_OK: retry lives and has Redis */
    /* A row for each actor that beats and each that should. An actor that is silent is degraded
       with ENGINE_TIMEOUT. */
    dv_beat beats[DV_BOARD_MAX];
    uint32_t count;
    char texts[DV_BOARD_MAX][DV_NAME_MAX + DV_REASON_MAX]; /* what beats point to */
} dv_readiness;

typedef struct dv_board dv_board;

/* Makes an empty board; the caller owns it. Never NULL. */
dv_board *dv_board_new(void);

/* Frees the board and clears the pointer; accepts NULL. No thread may use it any more. */
void dv_board_destroy(dv_board **board);

/* Writes down how an actor is. Returns true if another process beats under this name than did
   before: what the old one was told is forgotten. */
bool dv_board_beat(dv_board *board, const dv_beat *beat, dv_time now);

/* Goes on to a stage. */
void dv_board_set_stage(dv_board *board, dv_stage stage);

/* The stage reached. */
dv_stage dv_board_stage(dv_board *board);

/* Judges the engine by the beats of the last three seconds: every role must live, and those that an
   order passes through must be well. Of several instances of a role one suffices. */
void dv_board_judge(dv_board *board, dv_time now, dv_readiness *ret);

#endif
