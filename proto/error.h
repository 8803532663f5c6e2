/* The error catalogue: every way in which an order, a message or a start can fail. Numbers never
   change their meaning and are never used again. */
#ifndef DV_PROTO_ERROR_H
#define DV_PROTO_ERROR_H

#include <stdint.h>

/* What an error means for the attempt that met it. */
typedef enum dv_error_class {
    DV_CLASS_OK,
    DV_CLASS_REJECT,  /* the order can never succeed: fail it, or refuse the request */
    DV_CLASS_RETRY,   /* nothing happened, and a new attempt may succeed */
    DV_CLASS_UNKNOWN, /* it may have happened: find out, never repeat blindly */
    DV_CLASS_FATAL,   /* the process or its surroundings are broken */
} dv_error_class;

/* X(number, NAME, class, HTTP status, text). The name is also the API's stable `code`. */
#define DV_ERRORS(X)                                                                               \
    X(0, OK, OK, 200, "no error")                                                                  \
    /* 1xx: what a caller sent */                                                                  \
    X(100, REQUEST_MALFORMED, REJECT, 400, "the request is not well-formed")                       \
    X(101, REQUEST_INVALID, REJECT, 400, "a field is missing or invalid")                          \
    X(102, REQUEST_TOO_LARGE, REJECT, 413, "the body is larger than 1 MiB")                        \
    X(103, REQUEST_NOT_JSON, REJECT, 415, "the body must be application/json")                     \
    X(104, REQUEST_METHOD, REJECT, 405, "this method is not allowed here")                         \
    X(105, REQUEST_NO_SUCH_PATH, REJECT, 404, "there is nothing at this path")                     \
    X(106, REQUEST_RATE_LIMITED, REJECT, 429, "too many requests: slow down")                      \
    X(110, ORDER_NOT_FOUND, REJECT, 404, "no order has this id")                                   \
    X(111, ORDER_TYPE_UNSUPPORTED, REJECT, 400, "this order type is not supported")                \
    X(112, ORDER_AMOUNT_INVALID, REJECT, 400, "the amount is not usable")                          \
    X(113, ORDER_TOKEN_UNKNOWN, REJECT, 400, "the token is not known here")                        \
    X(114, ORDER_TOKENS_EQUAL, REJECT, 400, "the two tokens are the same")                         \
    X(115, ORDER_SLIPPAGE_INVALID, REJECT, 400, "the slippage is not a fraction from 0 to 1")      \
    X(116, ORDER_KEY_REUSED, REJECT, 422, "this idempotency key belongs to a different order")     \
    /* 2xx: the engine itself */                                                                   \
    X(200, ENGINE_FULL, RETRY, 503, "the engine has as many orders in flight as it may have")      \
    X(201, ENGINE_DRAINING, RETRY, 503, "the engine is stopping and takes no new orders")          \
    X(202, ENGINE_TIMEOUT, UNKNOWN, 503, "the engine did not answer in time")                      \
    X(203, STORE_AWAY, RETRY, 503, "the database is away")                                         \
    X(204, STORE_REFUSED, FATAL, 500, "the database refused a statement")                          \
    X(205, STORE_STALE, REJECT, 409, "another instance owns this order")                           \
    X(206, SCHEDULE_AWAY, RETRY, 503, "the retry schedule is away")                                \
    X(207, MESSAGE_MALFORMED, REJECT, 400, "the message could not be decoded")                     \
    X(208, MESSAGE_TOO_LARGE, REJECT, 400, "the message is larger than its bound")                 \
    X(209, CONFIG_INVALID, FATAL, 500, "the configuration is not usable")                          \
    X(210, START_FAILED, FATAL, 500, "an actor could not start")                                   \
    X(211, OUT_OF_MEMORY, FATAL, 500, "out of memory")                                             \
    X(212, ENGINE_NOT_READY, RETRY, 503, "no execution instance is there to take the order")       \
    /* 3xx: venues */                                                                              \
    X(300, VENUE_NO_QUOTE, RETRY, 502, "no venue gave a usable quote")                             \
    X(301, VENUE_QUOTE_FAILED, RETRY, 502, "the venue could not quote")                            \
    X(302, VENUE_QUOTE_LATE, RETRY, 504, "the venue did not quote in time")                        \
    X(303, VENUE_NO_POOL, REJECT, 422, "the venue has no pool for this pair")                      \
    X(304, VENUE_LIQUIDITY_INSUFFICIENT, REJECT, 422, "the pool cannot fill this amount")          \
    X(305, VENUE_SLIPPAGE_EXCEEDED, REJECT, 422, "the price moved past the order's limit")         \
    X(306, VENUE_BUILD_FAILED, RETRY, 502, "the venue could not build the transaction")            \
    X(307, VENUE_TRANSACTION_EXPIRED, RETRY, 504, "the transaction expired and can never land")    \
    X(308, VENUE_TRANSACTION_FAILED, RETRY, 502, "the transaction failed on chain")                \
    X(309, VENUE_OUTCOME_UNKNOWN, UNKNOWN, 504, "what became of the transaction is not known")     \
    X(310, VENUE_AMOUNT_TOO_SMALL, REJECT, 422, "the amount is too small to give any output")      \
    X(311, VENUE_POOL_UNSUPPORTED, REJECT, 422, "the pool has a feature that is not supported")    \
    X(312, VENUE_POOL_CLOSED, RETRY, 502, "the pool does not trade now")                           \
    X(313, VENUE_POOL_MALFORMED, REJECT, 502, "the pool's accounts are not what they should be")   \
    X(314, VENUE_ACCOUNT_MISSING, RETRY, 502, "an account of the pool is missing")                 \
    X(315, VENUE_QUOTE_STALE, RETRY, 502, "the pool's state is too old to quote or trade on")      \
    X(316, VENUE_SIMULATION_DIFFERS, RETRY, 502, "the simulated swap differs from its quote")      \
    X(317, VENUE_SIMULATION_FAILED, RETRY, 502, "the swap fails when it is simulated")             \
    X(318, VENUE_FUNDS_INSUFFICIENT, REJECT, 422, "the wallet has not what the swap takes")        \
    X(319, VENUE_ORDER_GUARDED, UNKNOWN, 409, "the ledger says that this order has traded")        \
    X(320, VENUE_NOT_ALLOWED, REJECT, 403, "the venue may not trade on this cluster")              \
    /* 4xx: the chain */                                                                           \
    X(400, CHAIN_AWAY, RETRY, 503, "no endpoint of the chain answers")                             \
    X(401, CHAIN_ANSWER_MALFORMED, RETRY, 502, "an endpoint of the chain answered nonsense")       \
    X(402, CHAIN_RATE_LIMITED, RETRY, 503, "the chain's endpoints take no more requests now")      \
    X(403, CHAIN_BEHIND, RETRY, 503, "the endpoint is behind the chain")                           \
    X(404, CHAIN_REFUSED, RETRY, 502, "an endpoint of the chain refused the request")              \
    /* 5xx: the signer */                                                                          \
    X(500, SIGNER_REFUSED, REJECT, 422, "the signer's policy forbids this transaction")            \
    X(501, SIGNER_LIMIT_REACHED, RETRY, 503, "the signer has signed as much as it may in a day")   \
    X(502, SIGNER_CONFLICT, RETRY, 503, "another transaction was signed for this attempt")         \
    X(503, SIGNER_NO_KEY, REJECT, 503, "the signer has no key")                                    \
    X(504, SIGNER_JOURNAL_AWAY, RETRY, 503, "the signer cannot write down what it signs")

typedef enum dv_err {
#define DV_ERROR_ENUM(number, name, class, http, text) DV_##name = number,
    DV_ERRORS(DV_ERROR_ENUM)
#undef DV_ERROR_ENUM
} dv_err;

#define DV_MUST_CHECK __attribute__((warn_unused_result))

/* The stable name of an error, e.g. "ORDER_NOT_FOUND"; "UNKNOWN_ERROR" for a number not listed. */
const char *dv_err_name(uint16_t number);

/* A sentence for people. */
const char *dv_err_text(uint16_t number);

/* The error's class. A number that is not listed, such as a newer peer's, is UNKNOWN. */
dv_error_class dv_err_class(uint16_t number);

/* The HTTP status that answers a request that met this error. */
int dv_err_http_status(uint16_t number);

#endif
