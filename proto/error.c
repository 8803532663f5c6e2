#include "proto/error.h"

#include <stddef.h>

typedef struct error_row {
    uint16_t number;
    dv_error_class class;
    int http_status;
    const char *name;
    const char *text;
} error_row;

static const error_row ROWS[] = {
#define ROW(number, name, class, http, text) {number, DV_CLASS_##class, http, #name, text},
    DV_ERRORS(ROW)
#undef ROW
};

static const error_row *find(uint16_t number)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (ROWS[i].number == number) return &ROWS[i];
    return NULL;
}

const char *dv_err_name(uint16_t number)
{
    const error_row *row = find(number);
    return row ? row->name : "UNKNOWN_ERROR";
}

const char *dv_err_text(uint16_t number)
{
    const error_row *row = find(number);
    return row ? row->text : "an error of a newer version";
}

dv_error_class dv_err_class(uint16_t number)
{
    const error_row *row = find(number);
    return row ? row->class : DV_CLASS_UNKNOWN;
}

int dv_err_http_status(uint16_t number)
{
    const error_row *row = find(number);
    return row ? row->http_status : 500;
}
