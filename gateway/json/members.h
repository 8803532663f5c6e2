/* The members of one order in JSON, as a client wrote them: read, and not judged yet. */
#ifndef DV_GATEWAY_JSON_MEMBERS_H
#define DV_GATEWAY_JSON_MEMBERS_H

#include "gateway/json/order_in.h"
#include "proto/arena.h"

/* M(member, name): what an order may consist of, each vocabulary's members in one run. Everything
   else in a body is ignored. */
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
#define MEMBER_ENUM(member, name) DV_MEMBER_##member,
    DV_MEMBERS(MEMBER_ENUM)
#undef MEMBER_ENUM
        DV_MEMBER_COUNT,
} dv_member;

typedef enum dv_value_kind {
    DV_VALUE_ABSENT,
    DV_VALUE_NULL, /* as good as absent, but its name is taken */
    DV_VALUE_STRING,
    DV_VALUE_NUMBER,
    DV_VALUE_OTHER, /* true, false, an object or an array: right for no member */
} dv_value_kind;

typedef struct dv_value {
    dv_value_kind kind;
    dv_text text; /* a number's as it was written, a string's with its escapes resolved */
} dv_value;

/* One reading of one body. */
typedef struct dv_reading {
    dv_arena *arena;
    dv_faults *faults;
    uint32_t depth;    /* objects and arrays that are open */
    dv_member current; /* whose value comes next; DV_MEMBER_COUNT: one that is ignored */
    dv_value values[DV_MEMBER_COUNT];
} dv_reading;

/* Adds a fault to those of a body: of a field by its name, or of a member. Beyond DV_FAULTS_MAX none. */
void dv_faults_add(dv_faults *faults, dv_err error, dv_text field, dv_text message);
void dv_member_fault(dv_reading *r, dv_err error, dv_member member, const char *message);

/* The name of a member, as clients write it. */
const char *dv_member_name(dv_member member);

/* Reads the members of an object; every other member is ignored. False: it is no JSON object, or nests too
   deep, or has a member twice; the faults say what. */
bool dv_members_read(dv_reading *r, dv_text body);

#endif
