/* What may be wrong with PostgreSQL, told apart by SQLSTATE, and the words for it. */
#ifndef DV_STORE_TROUBLE_H
#define DV_STORE_TROUBLE_H

#include "actors/persistence/store.h"

/* X(NAME, what PostgreSQL does, said of it) */
#define DV_TROUBLES(X)                                                                             \
    X(UNREACHABLE, "cannot be reached")                                                            \
    X(STARTING, "is starting, stopping or recovering")                                             \
    X(SILENT, "does not answer")                                                                   \
    X(READ_ONLY, "is read-only")                                                                   \
    X(FULL, "has no disk space left")                                                              \
    X(CONNECTIONS, "has too many connections")                                                     \
    X(RESOURCES, "lacks memory or another resource")                                               \
    X(BROKEN, "reports errors of its machine")                                                     \
    X(SCHEMA, "has a schema that this program does not fit")                                       \
    X(FORBIDDEN, "refuses this user or has no such database")

typedef enum dv_trouble {
    DV_TROUBLE_NONE,
#define DV_TROUBLE_ENUM(name, words) DV_TROUBLE_##name,
    DV_TROUBLES(DV_TROUBLE_ENUM)
#undef DV_TROUBLE_ENUM
        DV_TROUBLE_COUNT
} dv_trouble;

/* What a SQLSTATE says of the server or its machine, whatever was asked: the connection is dropped
   and made again after a pause. NONE: only the statement is at fault. */
dv_trouble dv_trouble_of(const char *sqlstate);

/* Whether a person has to do something about it: waiting at start would be in vain. */
bool dv_trouble_lasts(dv_trouble trouble);

/* Whether only a write shows that it is over. */
bool dv_trouble_shows_in_writes(dv_trouble trouble);

/* What is away, why, and what that costs; a constant. Not for NONE. */
const char *dv_trouble_text(dv_trouble trouble, dv_store_lane lane);

/* Finds the SQLSTATE in a message of libpq of PQERRORS_VERBOSE, which has no other place for it
   while connecting: "FATAL:  53300: sorry, too many clients already". Empty: there is none. */
void dv_trouble_sqlstate(const char *message, char ret_sqlstate[6]);

#endif
