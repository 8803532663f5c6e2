/* Any bytes as the body of an order: read within its bounds, and what is accepted can be sent. */
#include <assert.h>

#include "gateway/http/body.h"
#include "gateway/json/batch_in.h"
#include "gateway/json/order_in.h"
#include "proto/arena.h"
#include "proto/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const dv_tokens TOKENS = {
    .tokens =
        {
            {"SOL", "So11111111111111111111111111111111111111112", 9, 0},
            {"USDC", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6, 0},
            {"ODD", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 18, 0},
        },
    .count = 3,
};

/* An accepted order must fit its message, or it would be lost on its way to ingest. */
static void check_terms(const dv_terms *terms, dv_arena *arena)
{
    assert(terms->amount > 0);
    assert(!dv_text_equal(terms->token_in, terms->token_out));
    dv_message message = {.type = DV_MSG_submit_request, .submit_request = {.terms = *terms}},
               decoded;
    dv_buffer wire = {0};
    dv_message_encode(&message, &wire);
    dv_err error = dv_message_decode(wire.bytes, wire.size, arena, &decoded);
    assert(error == DV_OK);
    assert(decoded.submit_request.terms.amount == terms->amount);
    dv_buffer_fini(&wire);
}

/* The elements of a batch lie in its body, one after the other, and each begins and ends an object.
 */
static void check_batch(dv_text body, dv_arena *arena)
{
    dv_text *orders;
    uint32_t count;
    dv_faults faults;
    dv_err error = dv_batch_in_array(body, arena, &orders, &count, &faults);
    assert((error == DV_OK) == (faults.count == 0) && count <= DV_BATCH_ORDERS_MAX);
    const char *end = body.at;
    for (uint32_t i = 0; i < count && error == DV_OK; i++) {
        if (orders[i].at == NULL) continue;
        assert(orders[i].at > end && orders[i].size >= 2);
        end = orders[i].at + orders[i].size;
        assert(end < body.at + body.size && *orders[i].at == '{' && end[-1] == '}');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > DV_BODY_MAX) return 0;
    dv_arena *arena = dv_arena_new();
    dv_text body = {(const char *)bytes, (uint32_t)size};
    dv_terms terms;
    dv_order_fields fields;
    dv_faults faults;
    dv_err error = dv_order_in_read(body, (dv_text){0}, &TOKENS, arena, &terms, &fields, &faults);
    if (error == DV_OK) {
        assert(faults.count == 0);
        check_terms(&terms, arena);
    } else {
        assert(faults.count > 0 && faults.count <= DV_FAULTS_MAX && faults.error == error);
    }
    bool ping = dv_is_ping(body);
    assert(!ping || error != DV_OK);
    check_batch(body, arena);
    dv_arena_destroy(&arena);
    return 0;
}
