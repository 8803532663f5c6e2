/* A statement as it is prepared on each connection. sql/queries.h, which the build makes, lists them. */
#ifndef DV_SQL_STATEMENT_H
#define DV_SQL_STATEMENT_H

#include <stdint.h>

typedef struct dv_statement {
    const char *name; /* of its file */
    uint32_t params;  /* binary; results are text */
    const char *sql;
} dv_statement;

#endif
