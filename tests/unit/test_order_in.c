/* Which orders are read, and how the faults of other bodies are told. */
#include "gateway/json/batch_in.h"
#include "gateway/json/members.h"
#include "gateway/json/order_in.h"
#include "proto/arena.h"
#include "tests/support/mints.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static dv_tokens tokens;
static dv_arena *arena;
static dv_terms terms;
static dv_order_fields fields;
static dv_faults faults;

static void set_up(void)
{
    char why[256];
    ck_assert_msg(dv_tokens_load("conf/tokens.conf", &tokens, why) == DV_OK, "%s", why);
    arena = dv_arena_new();
}

static void tear_down(void)
{
    dv_arena_destroy(&arena);
}

static dv_err read_with_key(const char *body, const char *key)
{
    return dv_order_in_read(dv_text_of(body), dv_text_of(key), &tokens, arena, &terms, &fields,
                            &faults);
}

static dv_err read_body(const char *body)
{
    return read_with_key(body, NULL);
}

static void assert_text(dv_text text, const char *expected)
{
    ck_assert_msg(dv_text_is(text, expected), "\"%.*s\" is not \"%s\"", DV_TEXT_ARG(text),
                  expected);
}

static bool faulted(const char *field)
{
    for (uint32_t i = 0; i < faults.count; i++)
        if (dv_text_is(faults.list[i].field, field)) return true;
    return false;
}

/* ---- orders that are right ---------------------------------------------------------------- */

typedef struct good_row {
    const char *body;
    uint64_t amount;
    uint64_t slippage_bps;
    uint64_t style;
    const char *amount_input;
} good_row;

#define PAIR "\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\","

static const good_row GOOD[] = {
    {"{" PAIR "\"amount\":1.5}", 1500000000, 100, 0, "1.5"},
    {"{" PAIR "\"amountIn\":\"100\",\"orderType\":\"market\"}", 100000000000, 100,
     DV_STYLE_AMOUNT_STRING, "100"},
    {"{\"type\":\"market\"," PAIR "\"amountIn\":1000,\"slippageTolerance\":0.005}", 1000000000000,
     50, 0, "1000"},
    {"{" PAIR "\"amount\":0.1,\"slippage\":\"0.02\"}", 100000000, 200, 0, "0.1"},
    {"{" PAIR "\"amount\":1e-7}", 100, 100, 0, "1e-7"},
    {"{" PAIR "\"amount\":1.50E+1}", 15000000000, 100, 0, "1.50E+1"},
    {"{" PAIR "\"amount\":18446744073.709551615}", UINT64_MAX, 100, 0, "18446744073.709551615"},
    {"{" PAIR "\"amount\":0.000000001}", 1, 100, 0, "0.000000001"},
    {"{" PAIR "\"amount\":1,\"slippage\":0}", 1000000000, 0, 0, "1"},
    {"{" PAIR "\"amount\":1,\"slippage\":1}", 1000000000, 10000, 0, "1"},
    {"{" PAIR "\"amount\":1,\"slippage\":0.00019999}", 1000000000, 1, 0, "1"},
    {"{" PAIR "\"amount\":1,\"slippage\":0.02,\"slippageTolerance\":\"0.02\"}", 1000000000, 200, 0,
     "1"},
    {"{\"tokenIn\":\"" SOL "\",\"tokenOut\":\"" USDC "\",\"amount\":1}", 1000000000, 100,
     DV_STYLE_IN_MINT | DV_STYLE_OUT_MINT, "1"},
    {"{\"\\u0074okenIn\":\"SO\\u004c\",\"tokenOut\":\"USDC\",\"amount\":1}", 1000000000, 100, 0,
     "1"},
    {"{" PAIR "\"amount\":1,\"type\":null,\"slippage\":null,\"userId\":null,\"symbol\":null}",
     1000000000, 100, 0, "1"},
    {"{" PAIR "\"amount\":1,\"amountOut\":7,\"x\":{\"amount\":2,\"amount\":3,\"y\":[[1e999]]}}",
     1000000000, 100, 0, "1"},
    {" \n{" PAIR "\"amount\":1} \r\n", 1000000000, 100, 0, "1"},
};

START_TEST(an_order_of_a_pair_is_read_exactly)
{
    const good_row *row = &GOOD[_i];
    ck_assert_msg(read_body(row->body) == DV_OK, "%s: %.*s", row->body,
                  DV_TEXT_ARG(faults.list[0].message));
    ck_assert_uint_eq(faults.count, 0);
    ck_assert_uint_eq(terms.amount, row->amount);
    ck_assert_uint_eq(terms.slippage_bps, row->slippage_bps);
    ck_assert_uint_eq(terms.style, row->style);
    ck_assert_uint_eq(terms.swap_mode, DV_EXACT_IN);
    ck_assert_uint_eq(terms.order_type, DV_ORDER_MARKET);
    assert_text(terms.amount_input, row->amount_input);
    assert_text(terms.token_in, SOL);
    assert_text(terms.token_out, USDC);
    ck_assert(dv_id_is_nil(&terms.order_id));
    ck_assert_uint_eq(terms.created_at_us, 0);
}
END_TEST

START_TEST(a_buy_is_exact_in_what_it_receives)
{
    ck_assert(read_body("{\"symbol\":\"AAPL\",\"side\":\"buy\",\"quantity\":10}") == DV_OK);
    assert_text(terms.token_in, USDC);
    ck_assert_str_eq(dv_tokens_by_mint(&tokens, terms.token_out)->symbol, "AAPL");
    ck_assert_uint_eq(terms.swap_mode, DV_EXACT_OUT);
    ck_assert_uint_eq(terms.amount, 1000000000); /* AAPL has 8 decimals */
    ck_assert_uint_eq(terms.slippage_bps, 50);
    ck_assert_uint_eq(terms.style, DV_STYLE_SIDE_BUY);
    assert_text(terms.amount_input, "10");
    ck_assert_str_eq(fields.amount, "quantity");
    ck_assert_str_eq(fields.token_out, "symbol");
}
END_TEST

START_TEST(a_sell_is_exact_in_what_it_pays)
{
    ck_assert(read_body("{\"symbol\":\"SOL\",\"side\":\"sell\",\"quantity\":\"0.5\","
                        "\"slippage\":0.1}") == DV_OK);
    assert_text(terms.token_in, SOL);
    assert_text(terms.token_out, USDC);
    ck_assert_uint_eq(terms.swap_mode, DV_EXACT_IN);
    ck_assert_uint_eq(terms.amount, 500000000);
    ck_assert_uint_eq(terms.slippage_bps, 1000);
    ck_assert_uint_eq(terms.style, DV_STYLE_SIDE_SELL | DV_STYLE_AMOUNT_STRING);
}
END_TEST

START_TEST(both_vocabularies_may_say_the_same)
{
    ck_assert(read_body("{" PAIR "\"amountIn\":\"2\",\"symbol\":\"SOL\",\"side\":\"sell\","
                        "\"quantity\":2.0}") == DV_OK);
    ck_assert_uint_eq(terms.amount, 2000000000);
    ck_assert_uint_eq(terms.style, DV_STYLE_AMOUNT_STRING);
    ck_assert_uint_eq(terms.slippage_bps, 50);
    ck_assert_str_eq(fields.amount, "amountIn");
}
END_TEST

START_TEST(fields_are_named_as_the_client_named_them)
{
    ck_assert(read_body("{" PAIR "\"amountIn\":1,\"orderType\":\"market\",\"userId\":\"u\","
                        "\"slippageTolerance\":0.1,\"clientOrderId\":\"c\"}") == DV_OK);
    ck_assert_str_eq(fields.amount, "amountIn");
    ck_assert_str_eq(fields.type, "orderType");
    ck_assert_str_eq(fields.slippage, "slippageTolerance");
    ck_assert_str_eq(fields.client_order_id, "clientOrderId");
    assert_text(terms.user_id, "u");
    assert_text(terms.client_order_id, "c");
}
END_TEST

START_TEST(the_idempotency_key_comes_from_the_header_or_the_body)
{
    ck_assert(read_with_key("{" PAIR "\"amount\":1}", "k-1") == DV_OK);
    assert_text(terms.client_order_id, "k-1");
    ck_assert_str_eq(fields.client_order_id, "Idempotency-Key");
    ck_assert(read_with_key("{" PAIR "\"amount\":1,\"clientOrderId\":\"k-1\"}", "k-1") == DV_OK);
    ck_assert(read_with_key("{" PAIR "\"amount\":1,\"clientOrderId\":\"k-2\"}", "k-1") ==
              DV_REQUEST_INVALID);
    ck_assert(faulted("clientOrderId"));
    ck_assert(read_with_key("{" PAIR "\"amount\":1}", "a\tb") == DV_REQUEST_INVALID);
    ck_assert(faulted("Idempotency-Key"));
}
END_TEST

START_TEST(texts_of_the_terms_outlive_the_body)
{
    char body[] = "{" PAIR "\"amount\":1.25,\"userId\":\"somebody\"}";
    ck_assert(read_body(body) == DV_OK);
    memset(body, 'x', sizeof body - 1);
    assert_text(terms.amount_input, "1.25");
    assert_text(terms.user_id, "somebody");
}
END_TEST

/* ---- orders that are not ------------------------------------------------------------------ */

typedef struct bad_row {
    const char *body;
    dv_err error;
    const char *field;
} bad_row;

#define X128                                                                                       \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                             \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AMOUNT_BAD(amount)                                                                         \
    {                                                                                              \
        "{" PAIR "\"amount\":" amount "}", DV_ORDER_AMOUNT_INVALID, "amount"                       \
    }
#define SLIPPAGE_BAD(slippage)                                                                     \
    {                                                                                              \
        "{" PAIR "\"amount\":1,\"slippage\":" slippage "}", DV_ORDER_SLIPPAGE_INVALID, "slippage"  \
    }
#define USER_BAD(user)                                                                             \
    {                                                                                              \
        "{" PAIR "\"amount\":1,\"userId\":" user "}", DV_REQUEST_INVALID, "userId"                 \
    }

static const bad_row BAD[] = {
    AMOUNT_BAD("0"),
    AMOUNT_BAD("0.0"),
    AMOUNT_BAD("0e400"),
    AMOUNT_BAD("-1"),
    AMOUNT_BAD("-0"),
    AMOUNT_BAD("1e400"),
    AMOUNT_BAD("1e-400"),
    AMOUNT_BAD("0.0000000001"),
    AMOUNT_BAD("0.30000000000000004"),
    AMOUNT_BAD("18446744073.709551616"),
    AMOUNT_BAD("1.0000000000000000000000000000000000000000000000000000000000"),
    AMOUNT_BAD("\"\""),
    AMOUNT_BAD("\"abc\""),
    AMOUNT_BAD("\"-1\""),
    AMOUNT_BAD("\"+1\""),
    AMOUNT_BAD("\"1e3\""),
    AMOUNT_BAD("\".5\""),
    AMOUNT_BAD("\"5.\""),
    AMOUNT_BAD("\" 1\""),
    AMOUNT_BAD("\"1\\u0000\""),
    AMOUNT_BAD("\"0x10\""),
    AMOUNT_BAD("\"1,5\""),
    AMOUNT_BAD("\"Infinity\""),
    AMOUNT_BAD("\"NaN\""),
    AMOUNT_BAD("\"0\""),
    AMOUNT_BAD("true"),
    AMOUNT_BAD("[1]"),
    AMOUNT_BAD("{}"),
    SLIPPAGE_BAD("1.5"),
    SLIPPAGE_BAD("1.00001"),
    SLIPPAGE_BAD("-0.1"),
    SLIPPAGE_BAD("1e9"),
    SLIPPAGE_BAD("\"1e-2\""),
    SLIPPAGE_BAD("\"\""),
    SLIPPAGE_BAD("\"1%\""),
    SLIPPAGE_BAD("false"),
    SLIPPAGE_BAD("{}"),
    USER_BAD("\"\""),
    USER_BAD("7"),
    USER_BAD("\"" X128 "a\""),
    USER_BAD("\"a\\u0000b\""),
    USER_BAD("\"a\\nb\""),
    USER_BAD("\"\\udc00\""),
    USER_BAD("[]"),
    {"{" PAIR "\"amount\":1,\"clientOrderId\":\"\"}", DV_REQUEST_INVALID, "clientOrderId"},
    {"{" PAIR "\"amount\":1,\"clientOrderId\":5}", DV_REQUEST_INVALID, "clientOrderId"},
    {"{" PAIR "\"amount\":1,\"slippage\":0.1,\"slippageTolerance\":0.2}", DV_ORDER_SLIPPAGE_INVALID,
     "slippageTolerance"},
    {"{" PAIR "\"amount\":1,\"amountIn\":1}", DV_ORDER_AMOUNT_INVALID, "amountIn"},
    {"{" PAIR "\"amount\":1,\"type\":\"limit\"}", DV_ORDER_TYPE_UNSUPPORTED, "type"},
    {"{" PAIR "\"amount\":1,\"orderType\":\"sniper\"}", DV_ORDER_TYPE_UNSUPPORTED, "orderType"},
    {"{" PAIR "\"amount\":1,\"type\":\"Market\"}", DV_ORDER_TYPE_UNSUPPORTED, "type"},
    {"{" PAIR "\"amount\":1,\"type\":1}", DV_ORDER_TYPE_UNSUPPORTED, "type"},
    {"{" PAIR "\"amount\":1,\"type\":\"market\",\"orderType\":\"limit\"}",
     DV_ORDER_TYPE_UNSUPPORTED, "orderType"},
    {"{\"tokenIn\":\"INVALID_TOKEN\",\"tokenOut\":\"SOL\",\"amount\":1}", DV_ORDER_TOKEN_UNKNOWN,
     "tokenIn"},
    {"{\"tokenIn\":\"sol\",\"tokenOut\":\"USDC\",\"amount\":1}", DV_ORDER_TOKEN_UNKNOWN, "tokenIn"},
    {"{\"tokenIn\":\"\",\"tokenOut\":\"USDC\",\"amount\":1}", DV_REQUEST_INVALID, "tokenIn"},
    {"{\"tokenIn\":\"SOL\\u0000\",\"tokenOut\":\"USDC\",\"amount\":1}", DV_REQUEST_INVALID,
     "tokenIn"},
    {"{\"tokenIn\":3,\"tokenOut\":\"USDC\",\"amount\":1}", DV_REQUEST_INVALID, "tokenIn"},
    {"{\"tokenIn\":\"SOL\",\"amount\":1}", DV_REQUEST_INVALID, "tokenOut"},
    {"{" PAIR "\"amount\":null}", DV_REQUEST_INVALID, "amount"},
    {"{\"tokenIn\":\"SOL\",\"tokenOut\":\"SOL\",\"amount\":1}", DV_ORDER_TOKENS_EQUAL, "tokenOut"},
    {"{\"tokenIn\":\"SOL\",\"tokenOut\":\"" SOL "\",\"amount\":1}", DV_ORDER_TOKENS_EQUAL,
     "tokenOut"},
    {"{\"symbol\":\"USDC\",\"side\":\"buy\",\"quantity\":1}", DV_ORDER_TOKENS_EQUAL, "symbol"},
    {"{\"symbol\":\"NOPE\",\"side\":\"buy\",\"quantity\":1}", DV_ORDER_TOKEN_UNKNOWN, "symbol"},
    {"{\"symbol\":\"SOL\",\"side\":\"BUY\",\"quantity\":1}", DV_REQUEST_INVALID, "side"},
    {"{\"symbol\":\"SOL\",\"side\":\"buy\",\"quantity\":0}", DV_ORDER_AMOUNT_INVALID, "quantity"},
    {"{\"symbol\":\"AAPL\",\"side\":\"buy\",\"quantity\":0.000000001}", DV_ORDER_AMOUNT_INVALID,
     "quantity"},
    {"{\"symbol\":\"SOL\",\"side\":\"buy\"}", DV_REQUEST_INVALID, "quantity"},
    {"{" PAIR "\"amount\":1,\"symbol\":\"SOL\",\"side\":\"buy\",\"quantity\":1}",
     DV_REQUEST_INVALID, "symbol"},
    {"{" PAIR "\"amount\":1,\"symbol\":\"SOL\",\"side\":\"sell\",\"quantity\":2}",
     DV_REQUEST_INVALID, "symbol"},
    {"{" PAIR "\"amount\":1,\"quantity\":1}", DV_REQUEST_INVALID, "quantity"},
};

START_TEST(a_bad_field_is_refused_and_named)
{
    const bad_row *row = &BAD[_i];
    terms.amount = 77;
    dv_err error = read_body(row->body);
    ck_assert_msg(error == row->error, "%s: %s, not %s", row->body, dv_err_name((uint16_t)error),
                  dv_err_name((uint16_t)row->error));
    ck_assert_msg(faulted(row->field), "%s: %s is not named", row->body, row->field);
    ck_assert(faults.list[0].message.size > 0);
    ck_assert_uint_eq(terms.amount, 77);
}
END_TEST

START_TEST(every_fault_is_listed)
{
    ck_assert(read_body("{}") == DV_REQUEST_INVALID);
    ck_assert_uint_eq(faults.count, 3);
    ck_assert(faulted("tokenIn") && faulted("tokenOut") && faulted("amount"));

    ck_assert(read_body("{\"side\":\"hold\"}") == DV_REQUEST_INVALID);
    ck_assert(faulted("symbol") && faulted("side") && faulted("quantity"));

    ck_assert(read_body("{\"type\":\"limit\",\"tokenIn\":\"A\",\"tokenOut\":\"B\",\"amount\":-1,"
                        "\"slippage\":2,\"userId\":\"\",\"clientOrderId\":\"\"}") ==
              DV_ORDER_TYPE_UNSUPPORTED);
    ck_assert_uint_eq(faults.count, 7);
    ck_assert(faults.error == DV_ORDER_TYPE_UNSUPPORTED);
}
END_TEST

START_TEST(a_fault_of_an_amount_is_explained)
{
    ck_assert(read_body("{" PAIR "\"amount\":0.0000000001}") != DV_OK);
    assert_text(faults.list[0].message, "SOL has 9 decimals: 0.0000000001 has more");
    ck_assert(read_body("{" PAIR "\"amount\":1e400}") != DV_OK);
    assert_text(faults.list[0].message, "1e400 is more than an order can hold");
    ck_assert(read_body("{" PAIR "\"amount\":-1}") != DV_OK);
    assert_text(faults.list[0].message, "must be more than 0");
}
END_TEST

/* ---- bodies that are no order at all -------------------------------------------------------- */

static const char *const MALFORMED[] = {
    "",
    " ",
    "hello",
    "null",
    "1",
    "\"text\"",
    "[]",
    "[{}]",
    "{",
    "{\"amount\":1",
    "{" PAIR "\"amount\":1} x",
    "{" PAIR "\"amount\":1}{}",
    "{" PAIR "\"amount\":1,}",
    "{" PAIR "\"amount\":01}",
    "{" PAIR "\"amount\":+1}",
    "{" PAIR "\"amount\":.5}",
    "{" PAIR "\"amount\":NaN}",
    "{" PAIR "\"amount\":Infinity}",
    "{" PAIR "\"amount\":0x10}",
    "{'amount':1}",
    "{" PAIR "\"amount\":1 /* one */}",
    "// note\n{" PAIR "\"amount\":1}",
    "{" PAIR "\"amount\":1,\"x\":\"\xff\"}",
    "{" PAIR "\"amount\":1,\"x\":\"\xc0\x80\"}",
    "{" PAIR "\"amount\":1,\"x\":\"\xed\xa0\x80\"}",
    "{" PAIR "\"amount\":1,\"x\":\"tab\there\"}",
    "\xef\xbb\xbf{" PAIR "\"amount\":1}",
    "{" PAIR "\"amount\":1,\"amount\":1}",
    "{" PAIR "\"amount\":1,\"\\u0061mount\":1}",
    "{" PAIR "\"amount\":1,\"type\":null,\"type\":\"market\"}",
};

START_TEST(a_body_that_is_not_one_json_object_is_malformed)
{
    dv_err error = read_body(MALFORMED[_i]);
    ck_assert_msg(error == DV_REQUEST_MALFORMED, "%s: %s", MALFORMED[_i],
                  dv_err_name((uint16_t)error));
    ck_assert_uint_eq(faults.count, 1);
    ck_assert(faults.list[0].message.size > 0);
}
END_TEST

START_TEST(a_name_given_twice_is_named)
{
    ck_assert(read_body("{" PAIR "\"amount\":1,\"amount\":1}") == DV_REQUEST_MALFORMED);
    assert_text(faults.list[0].field, "amount");
}
END_TEST

/* A body whose ignored member holds `depth` - 1 nested arrays or objects. */
static dv_err read_nested(uint32_t depth, const char *open, const char *close)
{
    static char body[1024];
    size_t size = (size_t)snprintf(body, sizeof body, "{" PAIR "\"amount\":1,\"x\":");
    for (uint32_t i = 1; i < depth; i++)
        size += (size_t)snprintf(body + size, sizeof body - size, "%s", open);
    size += (size_t)snprintf(body + size, sizeof body - size, "1");
    for (uint32_t i = 1; i < depth; i++)
        size += (size_t)snprintf(body + size, sizeof body - size, "%s", close);
    snprintf(body + size, sizeof body - size, "}");
    return read_body(body);
}

START_TEST(nesting_has_a_limit)
{
    ck_assert(read_nested(DV_JSON_DEPTH_MAX, "[", "]") == DV_OK);
    ck_assert(read_nested(DV_JSON_DEPTH_MAX, "{\"x\":", "}") == DV_OK);
    ck_assert(read_nested(DV_JSON_DEPTH_MAX + 1, "[", "]") == DV_REQUEST_MALFORMED);
    ck_assert(read_nested(DV_JSON_DEPTH_MAX + 1, "{\"x\":", "}") == DV_REQUEST_MALFORMED);
}
END_TEST

/* ---- batches ---- */

static dv_text *batch;
static uint32_t batch_count;

static dv_err read_batch(const char *body)
{
    return dv_batch_in_array(dv_text_of(body), arena, &batch, &batch_count, &faults);
}

START_TEST(a_batch_is_cut_into_its_orders)
{
    ck_assert(read_batch(" [ {\"a\":[{}, 1]} ,7, {\"}{\":\"]\\\"\"},[{}],\"x\",null, {} ] ") ==
              DV_OK);
    ck_assert_uint_eq(batch_count, 7);
    assert_text(batch[0], "{\"a\":[{}, 1]}");
    assert_text(batch[2], "{\"}{\":\"]\\\"\"}");
    assert_text(batch[6], "{}");
    static const uint32_t others[] = {1, 3, 4, 5};
    for (size_t i = 0; i < 4; i++) ck_assert_uint_eq(batch[others[i]].size, 0);
}
END_TEST

START_TEST(what_is_no_array_of_orders_is_malformed)
{
    static const char *const bodies[] = {
        "", "{}", "7", "null", "[]", "[{}", "[{}]]", "[{},]", "{\"orders\":[{}]}", "[{}] 7"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        ck_assert_msg(read_batch(bodies[i]) == DV_REQUEST_MALFORMED, "%s", bodies[i]);
        ck_assert_uint_eq(faults.count, 1);
    }
}
END_TEST

static dv_err read_batch_of(uint32_t count)
{
    static char body[4 * DV_BATCH_ORDERS_MAX + 8];
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        size += (size_t)snprintf(body + size, sizeof body - size, "%c{}", i == 0 ? '[' : ',');
    snprintf(body + size, sizeof body - size, "]");
    return read_batch(body);
}

START_TEST(a_batch_has_a_limit)
{
    ck_assert(read_batch_of(DV_BATCH_ORDERS_MAX) == DV_OK);
    ck_assert_uint_eq(batch_count, DV_BATCH_ORDERS_MAX);
    ck_assert(read_batch_of(DV_BATCH_ORDERS_MAX + 1) == DV_REQUEST_TOO_LARGE);
}
END_TEST

START_TEST(ndjson_is_cut_at_its_lines)
{
    dv_text body = dv_text_of("\n{\"a\":1}\r\n \t\n7\n  {} ");
    ck_assert(dv_batch_in_lines(body, arena, &batch, &batch_count, &faults) == DV_OK);
    ck_assert_uint_eq(batch_count, 3);
    assert_text(batch[0], "{\"a\":1}");
    assert_text(batch[1], "7");
    assert_text(batch[2], "{}");
}
END_TEST

START_TEST(ndjson_has_a_line_and_a_limit)
{
    static char body[2 * DV_BATCH_ORDERS_MAX + 3];
    for (size_t i = 0; i <= DV_BATCH_ORDERS_MAX; i++) memcpy(body + 2 * i, "7\n", 2);
    dv_text most = {body, 2 * DV_BATCH_ORDERS_MAX}, more = {body, most.size + 2};
    ck_assert(dv_batch_in_lines(most, arena, &batch, &batch_count, &faults) == DV_OK);
    ck_assert_uint_eq(batch_count, DV_BATCH_ORDERS_MAX);
    ck_assert(dv_batch_in_lines(more, arena, &batch, &batch_count, &faults) ==
              DV_REQUEST_TOO_LARGE);
    dv_text none = dv_text_of(" \n\n");
    ck_assert(dv_batch_in_lines(none, arena, &batch, &batch_count, &faults) ==
              DV_REQUEST_MALFORMED);
    ck_assert_uint_eq(faults.count, 1);
}
END_TEST

START_TEST(only_a_ping_is_a_ping)
{
    ck_assert(dv_is_ping(dv_text_of("{\"type\":\"ping\"}")));
    ck_assert(dv_is_ping(dv_text_of(" {\"timestamp\":1, \"type\" : \"ping\"} ")));
    static const char *const others[] = {
        "",
        "ping",
        "\"ping\"",
        "[]",
        "{}",
        "{\"type\":\"pong\"}",
        "{\"type\":\"PING\"}",
        "{\"type\":1}",
        "{\"x\":{\"type\":\"ping\"}}",
        "{\"type\":\"ping\"",
        "{\"type\":\"ping\"}}",
        "{\"type\":\"market\"," PAIR "\"amount\":1}",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!dv_is_ping(dv_text_of(others[i])), "%s", others[i]);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof(rows)[0])

int main(void)
{
    TCase *tcase = tcase_create("order_in");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, an_order_of_a_pair_is_read_exactly, 0, COUNT(GOOD));
    tcase_add_test(tcase, a_buy_is_exact_in_what_it_receives);
    tcase_add_test(tcase, a_sell_is_exact_in_what_it_pays);
    tcase_add_test(tcase, both_vocabularies_may_say_the_same);
    tcase_add_test(tcase, fields_are_named_as_the_client_named_them);
    tcase_add_test(tcase, the_idempotency_key_comes_from_the_header_or_the_body);
    tcase_add_test(tcase, texts_of_the_terms_outlive_the_body);
    tcase_add_loop_test(tcase, a_bad_field_is_refused_and_named, 0, COUNT(BAD));
    tcase_add_test(tcase, every_fault_is_listed);
    tcase_add_test(tcase, a_fault_of_an_amount_is_explained);
    tcase_add_loop_test(tcase, a_body_that_is_not_one_json_object_is_malformed, 0,
                        COUNT(MALFORMED));
    tcase_add_test(tcase, a_name_given_twice_is_named);
    tcase_add_test(tcase, nesting_has_a_limit);
    tcase_add_test(tcase, a_batch_is_cut_into_its_orders);
    tcase_add_test(tcase, what_is_no_array_of_orders_is_malformed);
    tcase_add_test(tcase, a_batch_has_a_limit);
    tcase_add_test(tcase, ndjson_is_cut_at_its_lines);
    tcase_add_test(tcase, ndjson_has_a_line_and_a_limit);
    tcase_add_test(tcase, only_a_ping_is_a_ping);
    Suite *suite = suite_create("unit/order_in");
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
