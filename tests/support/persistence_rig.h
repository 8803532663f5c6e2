/* What the tests of persistence with a real PostgreSQL share: a server, a small run loop around the
   actor, and orders. */
#ifndef DV_TEST_PERSISTENCE_RIG_H
#define DV_TEST_PERSISTENCE_RIG_H

#include <check.h>

#include "actors/persistence/persistence.h"
#include "proto/arena.h"
#include "tests/support/pg.h"

#define DEADLINE_NS (30000 * DV_NS_PER_MS) /* of whatever a test waits for */

extern pg_server server;
extern const char *base; /* URL of the test's own database */

/* The actor, and all that it said. */
typedef struct rig {
    dv_persistence_config config;
    uint32_t start_timeout_ms;
    void *self;
    dv_outbox *outbox;
    dv_arena *arena;      /* of what was said; kept to the end */
    dv_message *messages; /* all that was said, in order */
    size_t count, capacity;
} rig;

/* Ends every connection of the actor. */
#define KILL_BACKENDS                                                                              \
    "select pg_terminate_backend(pid) from pg_stat_activity"                                       \
    " where application_name = 'drover' and datname = current_database()"

/* Sets the rig up; makes and starts the actor; does both, asserting that the actor starts, on the
   test's database or at another URL; ends the actor. start_timeout_ms may be set before the start. */
void rig_make(rig *r, const char *url, uint32_t connections, uint32_t batch_max);
dv_err rig_start(rig *r, char ret_why[DV_REASON_MAX]);
void rig_open(rig *r, uint32_t connections, uint32_t batch_max);
void rig_open_at(rig *r, const char *url, uint32_t connections, uint32_t batch_max);
void rig_close(rig *r);

/* Waits a moment for the actor's descriptors and takes one turn. */
void rig_turn(rig *r);

/* Hands the actor a message, as from a port. */
void rig_tell(rig *r, dv_port port, const dv_message *message);

/* How many messages of a type the actor has said, and the last one. */
size_t said(const rig *r, dv_message_type type);
const dv_message *last(const rig *r, dv_message_type type);

/* Turns until the actor has said `count` messages of a type. */
void rig_until(rig *r, dv_message_type type, size_t count);

/* What the actor's health says, empty when it is well; turns until it says these words. */
const char *rig_health(const rig *r);
void rig_until_health(rig *r, const char *words);

/* A crowd of orders that a test takes from insert to confirmed, as execution would. Begins as {0}.
 */
typedef struct crowd {
    size_t seen;                    /* messages of the rig looked at */
    uint64_t state[DV_STATE_COUNT]; /* orders by the state last told */
    uint64_t refused;               /* inserts */
} crowd;

/* Inserts more; takes a turn of the rig and asks for the next steps; does so until all are
   confirmed or refused. */
void crowd_insert(rig *r, uint32_t count);
void crowd_turn(rig *r, crowd *c, int64_t deadline_ns);
void crowd_finish(rig *r, crowd *c, uint64_t count);

/* Every order that was answered is there, every other is not, and each event was told. */
void assert_nothing_lost_or_doubled(rig *r, const crowd *c);

/* The terms of a new order; empty texts for no user, no key. */
dv_terms terms_make(const char *user, const char *key);

/* Hands the actor an insert, for "execution" or another owner, or a step. */
void tell_insert(rig *r, const dv_terms *terms);
void tell_insert_for(rig *r, const dv_terms *terms, const char *owner);
void tell_step(rig *r, const dv_step_request *step);

/* A step of the straight way, from the state given; everything learnt on it is filled in. */
dv_step_request step_from(const dv_id *id, uint64_t state);

/* Has the actor write an order for an owner, or a step, and waits until it has. */
dv_terms insert_one(rig *r, const char *owner);
uint64_t step_one(rig *r, const dv_step_request *step); /* returns the dv_err that it ended with */

/* Takes an order from pending to a state, by the straight way. */
void step_to(rig *r, const dv_id *id, uint64_t to);

/* The number that a statement gives. */
uint64_t ask_number(const char *sql);

/* Seqs and positions have no gap, times do not go back, rows and tallies agree with events. */
void assert_sound(void);

/* Runs the tests, up to a NULL, each with a database of its own. Returns main's result. */
int run_tests(const char *suite_name, const TTest *const tests[]);

#endif
