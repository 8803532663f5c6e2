/* What nodes answer, in their own words and in others'. */
#include "actors/solana/answer.h"
#include "tests/support/mints.h"
#include "tests/support/suite.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_B "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
#define KEY_C "SysvarC1ock11111111111111111111111111111111"

static dv_pubkey key(const char *text)
{
    dv_pubkey k;
    ck_assert(dv_pubkey_parse(dv_text_of(text), &k));
    return k;
}

static dv_answer *parse_whole(const char *text)
{
    dv_answer *a = NULL;
    ck_assert_int_eq(dv_answer_parse(text, strlen(text), 7, &a), DV_OK);
    return a;
}

/* An answer with this result. */
static dv_answer *parse(const char *result)
{
    char *text;
    ck_assert(asprintf(&text, "{\"jsonrpc\":\"2.0\",\"result\":%s,\"id\":7}", result) > 0);
    dv_answer *a = parse_whole(text);
    free(text);
    return a;
}

static const char *const NO_ANSWERS[] = {
    "",
    "<html>502 Bad Gateway</html>",
    "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":8}",
    "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":null}",
    "{\"jsonrpc\":\"2.0\",\"result\":1}",
    "{\"jsonrpc\":\"1.0\",\"result\":1,\"id\":7}",
    "{\"result\":1,\"id\":7}",
    "{\"jsonrpc\":\"2.0\",\"id\":7}",
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1.5,\"message\":\"\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"message\":\"\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":\"no\"}",
    "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":7",
    "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":7} x",
    "[{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":7}]",
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]"
    "]]]]]]]]]]"
    "]]]]}",
};

START_TEST(what_is_no_answer_to_the_question_is_refused)
{
    dv_answer *a = NULL;
    ck_assert_int_eq(dv_answer_parse(NO_ANSWERS[_i], strlen(NO_ANSWERS[_i]), 7, &a),
                     DV_MESSAGE_MALFORMED);
    ck_assert_ptr_null(a);
}
END_TEST

START_TEST(a_fault_bears_its_code_and_what_the_preflight_met)
{
    dv_answer *a = parse_whole(
        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32002,\"message\":\"Transaction simulation "
        "failed\",\"data\":{\"err\":{\"InstructionError\":[3,{\"Custom\":6001}]},\"logs\":[]}},"
        "\"id\":7}");
    const dv_rpc_fault *fault = dv_answer_fault(a);
    ck_assert_ptr_nonnull(fault);
    ck_assert_int_eq(fault->code, DV_RPC_PREFLIGHT_FAILED);
    ck_assert(fault->failure.failed && fault->failure.in_instruction && fault->failure.is_custom);
    ck_assert_uint_eq(fault->failure.instruction, 3);
    ck_assert_uint_eq(fault->failure.custom, 6001);
    dv_answer_destroy(&a);
}
END_TEST

START_TEST(a_fault_may_come_without_an_id)
{
    dv_answer *a =
        parse_whole("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"Parse "
                    "error\"},\"id\":null}");
    ck_assert_int_eq(dv_answer_fault(a)->code, -32700);
    dv_answer_destroy(&a);
}
END_TEST

static const struct {
    const char *text;
    bool good;
    uint64_t number;
} NUMBERS[] = {
    {"0", true, 0},
    {"18446744073709551615", true, UINT64_MAX},
    {"300000040", true, 300000040},
    {"18446744073709551616", false, 0},
    {"-1", false, 0},
    {"1.0", false, 0},
    {"1e3", false, 0},
    {"\"1\"", false, 0},
    {"null", false, 0},
    {"[1]", false, 0},
};

START_TEST(a_number_is_whole_and_of_64_bits)
{
    uint64_t number = 77;
    dv_answer *a = parse(NUMBERS[_i].text);
    dv_err err = dv_answer_number(a, &number);
    ck_assert_int_eq(err, NUMBERS[_i].good ? DV_OK : DV_MESSAGE_MALFORMED);
    ck_assert_uint_eq(number, NUMBERS[_i].good ? NUMBERS[_i].number : 77);
    dv_answer_destroy(&a);
}
END_TEST

START_TEST(a_blockhash_comes_with_its_last_height_and_slot)
{
    dv_latest_blockhash latest;
    dv_answer *a = parse("{\"context\":{\"apiVersion\":\"2.3.0\",\"slot\":41},\"value\":{"
                         "\"blockhash\":\"" SOL "\",\"lastValidBlockHeight\":190}}");
    ck_assert_int_eq(dv_answer_blockhash(a, &latest), DV_OK);
    ck_assert_uint_eq(latest.slot, 41);
    ck_assert_uint_eq(latest.last_valid_block_height, 190);
    ck_assert_mem_eq(latest.blockhash.bytes, key(SOL).bytes, 32);
    dv_answer_destroy(&a);
    a = parse("{\"context\":{\"slot\":41},\"value\":{\"blockhash\":\"abc\","
              "\"lastValidBlockHeight\":190}}");
    ck_assert_int_eq(dv_answer_blockhash(a, &latest), DV_MESSAGE_MALFORMED);
    dv_answer_destroy(&a);
}
END_TEST

#define ACCOUNT(data)                                                                              \
    "{\"data\":" data ",\"executable\":false,\"lamports\":5,\"owner\":\"" KEY_B                    \
    "\",\"rentEpoch\":18446744073709552000,\"space\":3}"

START_TEST(accounts_come_as_bytes_and_missing_ones_are_empty)
{
    const dv_pubkey addresses[] = {key(SOL), key(KEY_B), key(KEY_C)};
    dv_account accounts[3];
    uint64_t slot;
    dv_answer *a = parse("{\"context\":{\"slot\":9},\"value\":[" ACCOUNT(
        "[\"AQID\",\"base64\"]") ",null," ACCOUNT("[\"/w==\",\"base64\"]") "]}");
    ck_assert_int_eq(dv_answer_accounts(a, addresses, 3, accounts, &slot), DV_OK);
    ck_assert_uint_eq(slot, 9);
    ck_assert_uint_eq(accounts[0].size, 3);
    ck_assert_mem_eq(accounts[0].data, "\1\2\3", 3);
    ck_assert_mem_eq(accounts[0].owner.bytes, addresses[1].bytes, 32);
    ck_assert_uint_eq(accounts[1].size, 0);
    ck_assert_mem_eq(accounts[1].address.bytes, addresses[1].bytes, 32);
    ck_assert_uint_eq(accounts[2].data[0], 0xff);
    dv_answer_destroy(&a);
}
END_TEST

static const char *const NO_ACCOUNTS[] = {
    "{\"context\":{\"slot\":9},\"value\":[]}",
    "{\"context\":{\"slot\":9},\"value\":[null,null]}",
    "{\"value\":[null]}",
    "{\"context\":{\"slot\":9},\"value\":[" ACCOUNT("[\"AQI*\",\"base64\"]") "]}",
    "{\"context\":{\"slot\":9},\"value\":[" ACCOUNT("[\"AQID\",\"base58\"]") "]}",
    "{\"context\":{\"slot\":9},\"value\":[" ACCOUNT("\"AQID\"") "]}",
    "{\"context\":{\"slot\":9},\"value\":[{\"data\":[\"AQID\",\"base64\"],\"lamports\":5}]}",
};

START_TEST(accounts_of_another_shape_are_refused)
{
    dv_pubkey address = key(SOL);
    dv_account account;
    uint64_t slot = 77;
    dv_answer *a = parse(NO_ACCOUNTS[_i]);
    ck_assert_int_eq(dv_answer_accounts(a, &address, 1, &account, &slot), DV_MESSAGE_MALFORMED);
    ck_assert_uint_eq(slot, 77);
    dv_answer_destroy(&a);
}
END_TEST

START_TEST(a_status_is_unknown_landed_or_failed)
{
    dv_signature_status s[4];
    uint64_t slot;
    dv_answer *a =
        parse("{\"context\":{\"slot\":82},\"value\":[null,"
              "{\"slot\":48,\"confirmations\":null,\"err\":null,\"status\":{\"Ok\":null},"
              "\"confirmationStatus\":\"finalized\"},"
              "{\"slot\":49,\"confirmations\":1,\"err\":{\"InstructionError\":[2,"
              "\"InvalidAccountData\"]},"
              "\"confirmationStatus\":\"confirmed\"},"
              "{\"slot\":50,\"confirmations\":0,\"err\":\"AccountInUse\","
              "\"confirmationStatus\":\"processed\"}]}");
    ck_assert_int_eq(dv_answer_statuses(a, 4, s, &slot), DV_OK);
    ck_assert(!s[0].found);
    ck_assert(s[1].found && !s[1].failure.failed);
    ck_assert_int_eq(s[1].commitment, DV_COMMITMENT_FINALIZED);
    ck_assert(s[2].failure.failed && s[2].failure.in_instruction && !s[2].failure.is_custom);
    ck_assert_str_eq(s[2].failure.name, "InvalidAccountData");
    ck_assert_int_eq(s[2].commitment, DV_COMMITMENT_CONFIRMED);
    ck_assert_str_eq(s[3].failure.name, "AccountInUse");
    ck_assert_int_eq(dv_answer_statuses(a, 3, s, &slot), DV_MESSAGE_MALFORMED);
    dv_answer_destroy(&a);
}
END_TEST

static const char *const NO_STATUSES[] = {
    "{\"context\":{\"slot\":82},\"value\":[{}]}",
    "{\"context\":{\"slot\":82},\"value\":[{\"slot\":48,\"err\":null,\"confirmationStatus\":\"\"}]"
    "}",
    "{\"context\":{\"slot\":82},\"value\":[{\"slot\":48,\"confirmationStatus\":\"finalized\"}]}",
    "{\"context\":{\"slot\":82},\"value\":[{\"slot\":48,\"err\":{\"InstructionError\":[1]},"
    "\"confirmationStatus\":\"finalized\"}]}",
    "{\"context\":{\"slot\":82},\"value\":[{\"slot\":48,\"err\":{\"InstructionError\":[1,{"
    "\"Custom\":"
    "4294967296}]},\"confirmationStatus\":\"finalized\"}]}",
    "{\"context\":{\"slot\":82},\"value\":[{\"slot\":48,\"err\":7,\"confirmationStatus\":"
    "\"finalized\"}]}",
    "{\"context\":{},\"value\":[null]}",
};

START_TEST(a_status_of_another_shape_is_refused)
{
    dv_signature_status s;
    uint64_t slot;
    dv_answer *a = parse(NO_STATUSES[_i]);
    ck_assert_int_eq(dv_answer_statuses(a, 1, &s, &slot), DV_MESSAGE_MALFORMED);
    dv_answer_destroy(&a);
}
END_TEST

/* Both ways in which nodes tell inner instructions: compiled, and parsed. 3DcCptZte3oM = 03 and 5
   as u64: Transfer. */
START_TEST(a_simulation_tells_what_moved_compiled_or_parsed)
{
    const dv_pubkey keys[] = {key(SOL), key(KEY_C), key(KEY_B)};
    uint8_t transfer[9] = {3, 5}, checked[10] = {12, 6, 0, 0, 0, 0, 0, 0, 0, 9};
    char transfer_text[DV_BASE58_TEXT_SIZE], checked_text[DV_BASE58_TEXT_SIZE], *result;
    dv_base58_encode(transfer, sizeof transfer, transfer_text);
    dv_base58_encode(checked, sizeof checked, checked_text);
    ck_assert(
        asprintf(&result,
                 "{\"context\":{\"slot\":5},\"value\":{\"err\":null,\"logs\":[],\"unitsConsumed\":"
                 "4200,\"innerInstructions\":[{\"index\":4,\"instructions\":["
                 "{\"programIdIndex\":2,\"accounts\":[0,1,0],\"data\":\"%s\"},"
                 "{\"programIdIndex\":0,\"accounts\":[],\"data\":\"%s\"},"
                 "{\"programIdIndex\":2,\"accounts\":[1,2,0,1],\"data\":\"%s\"},"
                 "{\"program\":\"spl-token\",\"programId\":\"" KEY_B "\",\"parsed\":{\"type\":"
                 "\"transfer\",\"info\":{\"source\":\"" SOL "\",\"destination\":\"" KEY_C "\","
                 "\"authority\":\"" SOL "\",\"amount\":\"7\"}}},"
                 "{\"program\":\"spl-token-2022\",\"programId\":\"" KEY_B "\",\"parsed\":{\"type\":"
                 "\"transferCheckedWithFee\",\"info\":{\"source\":\"" SOL "\",\"destination\":"
                 "\"" KEY_C "\",\"tokenAmount\":{\"amount\":\"800\"},\"feeAmount\":{\"amount\":"
                 "\"8\"}}}},"
                 "{\"program\":\"system\",\"parsed\":{\"type\":\"transfer\",\"info\":{}}}]}]}}",
                 transfer_text, transfer_text, checked_text) > 0);
    dv_simulation *s = calloc(1, sizeof *s);
    dv_answer *a = parse(result);
    ck_assert_int_eq(dv_answer_simulation(a, keys, 3, s), DV_OK);
    ck_assert_uint_eq(s->units, 4200);
    ck_assert_uint_eq(s->move_count, 4);
    ck_assert_uint_eq(s->moves[0].instruction, 4);
    ck_assert_uint_eq(s->moves[0].amount, 5);
    ck_assert_mem_eq(s->moves[0].source.bytes, keys[0].bytes, 32);
    ck_assert_mem_eq(s->moves[0].destination.bytes, keys[1].bytes, 32);
    ck_assert_uint_eq(s->moves[1].amount, 6);
    ck_assert_mem_eq(s->moves[1].destination.bytes, keys[0].bytes, 32);
    ck_assert_uint_eq(s->moves[2].amount, 7);
    ck_assert_uint_eq(s->moves[3].amount, 800);
    ck_assert_uint_eq(s->moves[3].withheld, 8);
    /* An index beyond the keys is no simulation of ours. */
    ck_assert_int_eq(dv_answer_simulation(a, keys, 2, s), DV_MESSAGE_MALFORMED);
    dv_answer_destroy(&a);
    free(result);
    free(s);
}
END_TEST

START_TEST(a_price_is_the_percentile_of_the_recent_ones)
{
    uint64_t price;
    dv_answer *a = parse("[{\"slot\":1,\"prioritizationFee\":30},{\"slot\":2,\"prioritizationFee\":"
                         "10},{\"slot\":3,\"prioritizationFee\":20}]");
    ck_assert_int_eq(dv_answer_fee(a, 50, &price), DV_OK);
    ck_assert_uint_eq(price, 20);
    ck_assert_int_eq(dv_answer_fee(a, 100, &price), DV_OK);
    ck_assert_uint_eq(price, 30);
    dv_answer_destroy(&a);
    a = parse("[]");
    ck_assert_int_eq(dv_answer_fee(a, 50, &price), DV_OK);
    ck_assert_uint_eq(price, 0);
    dv_answer_destroy(&a);
}
END_TEST

#define SIGNED(c)                                                                                  \
    "{\"signature\":\"111111111111111111111111111111111111111111111111111111111111111" c "\","

START_TEST(the_first_success_is_the_oldest_of_those_that_did_not_fail)
{
    dv_text signature;
    dv_answer *a = parse("[" SIGNED("1") "\"err\":\"x\"}," SIGNED("2") "\"err\":null}," SIGNED(
        "3") "\"err\":null}," SIGNED("4") "\"err\":{\"InstructionError\":[0,\"x\"]}}]");
    ck_assert_int_eq(dv_answer_first_success(a, &signature), DV_OK);
    ck_assert_uint_eq(signature.size, 64);
    ck_assert_int_eq(signature.at[63], '3');
    dv_answer_destroy(&a);
    a = parse("[]");
    ck_assert_int_eq(dv_answer_first_success(a, &signature), DV_OK);
    ck_assert_uint_eq(signature.size, 0);
    dv_answer_destroy(&a);
    static const char *const BAD[] = {"{}", "null", "[1]", "[{\"signature\":\"2\",\"err\":null}]",
                                      "[" SIGNED("2") "\"slot\":1}]"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        a = parse(BAD[i]);
        ck_assert_int_ne(dv_answer_first_success(a, &signature), DV_OK);
        dv_answer_destroy(&a);
    }
}
END_TEST

START_TEST(a_transaction_that_is_not_known_is_not_found)
{
    bool found = true;
    dv_landed *landed = calloc(1, sizeof *landed);
    dv_answer *a = parse("null");
    ck_assert_int_eq(dv_answer_landed(a, &found, landed), DV_OK);
    ck_assert(!found);
    dv_answer_destroy(&a);
    free(landed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answer");
    TCase *c = tcase_create("answer");
    suite_add_tcase(suite, c);
#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
    tcase_add_loop_test(c, what_is_no_answer_to_the_question_is_refused, 0, COUNT(NO_ANSWERS));
    tcase_add_test(c, a_fault_bears_its_code_and_what_the_preflight_met);
    tcase_add_test(c, a_fault_may_come_without_an_id);
    tcase_add_loop_test(c, a_number_is_whole_and_of_64_bits, 0, COUNT(NUMBERS));
    tcase_add_test(c, a_blockhash_comes_with_its_last_height_and_slot);
    tcase_add_test(c, accounts_come_as_bytes_and_missing_ones_are_empty);
    tcase_add_loop_test(c, accounts_of_another_shape_are_refused, 0, COUNT(NO_ACCOUNTS));
    tcase_add_test(c, a_status_is_unknown_landed_or_failed);
    tcase_add_loop_test(c, a_status_of_another_shape_is_refused, 0, COUNT(NO_STATUSES));
    tcase_add_test(c, a_simulation_tells_what_moved_compiled_or_parsed);
    tcase_add_test(c, a_price_is_the_percentile_of_the_recent_ones);
    tcase_add_test(c, the_first_success_is_the_oldest_of_those_that_did_not_fail);
    tcase_add_test(c, a_transaction_that_is_not_known_is_not_found);
    return suite_run(suite);
}
