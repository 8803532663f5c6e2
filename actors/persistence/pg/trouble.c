#include "actors/persistence/pg/trouble.h"

/* By class or whole code; the first that fits. PostgreSQL's manual, appendix A, version 15. */
static const struct {
    const char *sqlstate;
    dv_trouble trouble;
} STATES[] = {
    {"08", DV_TROUBLE_UNREACHABLE},    /* connection exceptions, also libpq's own */
    {"25006", DV_TROUBLE_READ_ONLY},   /* a standby, or set so */
    {"26000", DV_TROUBLE_UNREACHABLE}, /* a pooler has forgotten a statement */
    {"28", DV_TROUBLE_FORBIDDEN},      /* password, pg_hba.conf */
    {"3D000", DV_TROUBLE_FORBIDDEN},   /* no such database */
    {"42501", DV_TROUBLE_FORBIDDEN},   /* no privilege */
    {"42", DV_TROUBLE_SCHEMA},         /* no such table, column, function */
    {"3F000", DV_TROUBLE_SCHEMA},      /* no such schema */
    {"0A000", DV_TROUBLE_SCHEMA},      /* a cached plan's result changed its type */
    {"53100", DV_TROUBLE_FULL},        {"53300", DV_TROUBLE_CONNECTIONS},
    {"53", DV_TROUBLE_RESOURCES},      {"57P", DV_TROUBLE_STARTING},
    {"58", DV_TROUBLE_BROKEN}, /* I/O errors, missing files */
};

dv_trouble dv_trouble_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
        if (strncmp(sqlstate, STATES[i].sqlstate, strlen(STATES[i].sqlstate)) == 0)
            return STATES[i].trouble;
    return DV_TROUBLE_NONE;
}

bool dv_trouble_lasts(dv_trouble trouble)
{
    return trouble == DV_TROUBLE_SCHEMA || trouble == DV_TROUBLE_FORBIDDEN;
}

bool dv_trouble_shows_in_writes(dv_trouble trouble)
{
    return trouble == DV_TROUBLE_FULL || trouble == DV_TROUBLE_RESOURCES ||
           trouble == DV_TROUBLE_BROKEN;
}

const char *dv_trouble_text(dv_trouble trouble, dv_store_lane lane)
{
    static const char *const TEXTS[DV_TROUBLE_COUNT][DV_STORE_LANE_COUNT] = {
#define TEXT(name, words)                                                                          \
    [DV_TROUBLE_##name] = {"PostgreSQL " words ": no order is accepted, and those in flight wait", \
                           "PostgreSQL " words ": orders go on, but cannot be looked up"},
        DV_TROUBLES(TEXT)
#undef TEXT
    };
    return TEXTS[trouble][lane];
}

static bool is_sqlstate(const char *at)
{
    for (int i = 0; i < 5; i++)
        if (!(at[i] >= '0' && at[i] <= '9') && !(at[i] >= 'A' && at[i] <= 'Z')) return false;
    return at[5] == ':';
}

void dv_trouble_sqlstate(const char *message, char ret_sqlstate[6])
{
    ret_sqlstate[0] = '\0';
    for (const char *at = message; (at = strstr(at, ":  ")) != NULL; at++)
        if (is_sqlstate(at + 3)) snprintf(ret_sqlstate, 6, "%.5s", at + 3);
}
