/* The members of an order's JSON object, as a client wrote them. Nothing is judged here but JSON. */
#ifndef DV_GATEWAY_JSON_MEMBERS_H
#define DV_GATEWAY_JSON_MEMBERS_H

#include <stdbool.h>

#include "gateway/json/faults.h"
#include "proto/arena.h"

#define DV_JSON_DEPTH_MAX 32 /* objects and arrays within each other */

/* M(member, name): the members of an order. The members of one vocabulary stand together. */
#define DV_MEMBERS(M)                                                                              \
    M(TOKEN_IN, "tokenIn")                                                                         \
    M(TOKEN_OUT, "tokenOut")                                                                       \
    M(AMOUNT, "amount")                                                                            \
    M(AMOUNT_IN, "amountIn")                                                                       \
    M(SYMBOL, "symbol")                                                                            \
    M(SIDE, "side")                                                                                \
    M(QUANTITY, "quantity")                                                                        \
    M(TYPE, "type")                                                                                \
    M(ORDER_TYPE, "orderType")                                                                     \
    M(SLIPPAGE, "slippage")                                                                        \
    M(SLIPPAGE_TOLERANCE, "slippageTolerance")                                                     \
    M(USER_ID, "userId")                                                                           \
    M(CLIENT_ORDER_ID, "clientOrderId")

typedef enum dv_member {
#define DV_MEMBER_ENUM(member, name) DV_MEMBER_##member,
    DV_MEMBERS(DV_MEMBER_ENUM)
#undef DV_MEMBER_ENUM
        DV_MEMBER_COUNT,
} dv_member;

typedef enum dv_value_kind {
    DV_VALUE_ABSENT,
    DV_VALUE_NULL, /* counts as absent, but a second member of its name is a fault */
    DV_VALUE_STRING,
    DV_VALUE_NUMBER,
    DV_VALUE_OTHER, /* true, false, an object or an array: no member may have such a value */
} dv_value_kind;

typedef struct dv_value {
    dv_value_kind kind;
    dv_text text; /* a number as it was written; a string without its escapes */
} dv_value;

/* One reading of one body. Starts with arena and faults, both borrowed, and current at
   DV_MEMBER_COUNT. */
typedef struct dv_reading {
    dv_arena *arena;
    dv_faults *faults;
    uint32_t depth;    /* objects and arrays that are open */
    dv_member current; /* the member whose value comes next; DV_MEMBER_COUNT: an unknown member */
    dv_value values[DV_MEMBER_COUNT];
} dv_reading;

/* Reads the members of one JSON object into r->values; unknown members are ignored. On false, a
   fault says why: the body is no JSON object, nests too deep, or names a member twice. */
bool dv_members_read(dv_reading *r, dv_text body);

/* Whether a member has a value other than null. */
bool dv_member_given(const dv_reading *r, dv_member member);

/* The name of a member, as clients write it. */
const char *dv_member_name(dv_member member);

/* Adds a fault of a member. */
void dv_member_fault(dv_reading *r, dv_err error, dv_member member, const char *message);

#endif
