/* What is wrong with a client's request, fault by fault. */
#ifndef DV_GATEWAY_JSON_FAULTS_H
#define DV_GATEWAY_JSON_FAULTS_H

#include <stdint.h>

#include "proto/error.h"
#include "proto/text.h"

#define DV_FAULTS_MAX 8

/* One fault. Both texts are borrowed. */
typedef struct dv_fault {
    dv_text field;   /* the field as clients name it; empty: the body as a whole */
    dv_text message; /* a sentence that continues the field's name */
} dv_fault;

/* The faults of one request. Starts as {0}. */
typedef struct dv_faults {
    dv_err error; /* of the first fault */
    uint32_t count;
    dv_fault list[DV_FAULTS_MAX]; /* the first ones */
} dv_faults;

/* Adds a fault. Faults beyond DV_FAULTS_MAX are left out. */
void dv_faults_add(dv_faults *faults, dv_err error, dv_text field, dv_text message);

#endif
