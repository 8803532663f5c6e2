/* The roster: which actors live and how they are, and how far the gateway itself has come. The
   gateway's actor writes the roster, and its threads read it. */
#ifndef DV_GATEWAY_CALLS_ROSTER_H
#define DV_GATEWAY_CALLS_ROSTER_H

#include "actors/base/clock.h"
#include "proto/message.h"
#include "proto/roles.h"

#define DV_ROSTER_MAX 256                               /* actor instances of all processes */
#define DV_INSTANCES_MAX (DV_ROSTER_MAX + DV_ROLES_MAX) /* with absent roles */

/* How far the gateway has come. A stage never returns to an earlier one. */
typedef enum dv_stage {
    DV_STAGE_SERVING,
    DV_STAGE_DRAINING, /* no new orders or WebSockets; answers under way are awaited */
    DV_STAGE_STOPPING, /* no question is answered */
} dv_stage;

/* An actor instance as its latest beat shows it, or an absent role. */
typedef struct dv_instance {
    char name[DV_NAME_MAX + 1];   /* role or role@node */
    char text[DV_REASON_MAX + 1]; /* what is missing, and what that costs */
    bool heard;                   /* false: an absent role */
    bool silent;                  /* no beat for more than three seconds */
    uint16_t degraded;            /* dv_err; ENGINE_TIMEOUT of a silent instance */
    uint32_t pid;
    uint32_t orders, overdue; /* of an execution, as in its beat */
    uint64_t turns, messages_in, messages_out, busy_us, idle_us; /* as in its beat */
    uint64_t started_at_us;                                      /* microseconds since 1970 */
    int64_t silent_ms;                                           /* since its last beat */
} dv_instance;

/* The engine as the latest beats show it. */
typedef struct dv_readiness {
    bool ready;                           /* orders are taken and executed */
    dv_err database;                      /* DV_OK: persistence lives and has PostgreSQL */
    dv_err redis;                         /* DV_OK: retry lives and has Redis */
    dv_instance gateway;                  /* this one */
    dv_instance others[DV_INSTANCES_MAX]; /* by role */
    uint32_t count;                       /* of others */
} dv_readiness;

typedef struct dv_roster dv_roster;

/* Makes an empty roster, which the caller owns. name: this gateway's instance. expected: the roles of
   this cluster, beside those that every cluster needs. Never NULL. */
dv_roster *dv_roster_new(const char *name, dv_roles expected);

/* Frees the roster and clears the pointer; accepts NULL. No thread may use it any more. */
void dv_roster_destroy(dv_roster **roster);

/* Notes a beat. Returns true if the actor may have lost what it was told before: it is new, was
   restarted, or was silent until now. */
bool dv_roster_beat(dv_roster *roster, const dv_beat_event *beat, dv_time now);

/* Enters a stage. */
void dv_roster_set_stage(dv_roster *roster, dv_stage stage);

/* The stage reached. */
dv_stage dv_roster_stage(dv_roster *roster);

/* Judges the engine by the beats of the last three seconds. Every role that is needed or expected must
   live. A role that stops orders must also be well. One instance of a role suffices, and one router
   among all. The caller frees the result, which is too large for a small stack. Never NULL. */
dv_readiness *dv_roster_judge(dv_roster *roster, dv_time now);

/* The role and the node in an instance's name, role@node. The node may be empty. */
dv_text dv_instance_role(const dv_instance *instance);
dv_text dv_instance_node(const dv_instance *instance);

#endif
