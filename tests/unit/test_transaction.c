/* Keys, and transactions at their bounds and from hostile bytes. */
#include "actors/solana/transaction.h"

#include <check.h>
#include <stdio.h>

#include "actors/solana/builders.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "tests/support/suite.h"
#include "tests/support/wallet.h"

static const uint8_t SEED[DV_SEED_BYTES] = {1, 2, 3};
static const dv_blockhash BLOCKHASH = {{9}};

static dv_pubkey key_of(uint32_t number)
{
    dv_pubkey key = {{0x77}};
    memcpy(key.bytes + 1, &number, sizeof number);
    return key;
}

/* The text of the seed's key file, one number changed. */
static dv_text key_file(char *text, size_t size, int changed, int by)
{
    dv_keypair keypair;
    size_t n = 0;
    dv_keypair_of_seed(SEED, &keypair);
    for (int i = 0; i < 64; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%d", i ? ", " : "[",
                              keypair.secret[i] + (i == changed ? by : 0));
    snprintf(text + n, size - n, "]\n");
    return dv_text_of(text);
}

START_TEST(a_key_file_is_read_with_the_spaces_that_json_allows)
{
    char text[1024];
    dv_keypair keypair, wanted;
    dv_keypair_of_seed(SEED, &wanted);
    ck_assert_int_eq(dv_keypair_parse(key_file(text, sizeof text, -1, 0), &keypair), DV_OK);
    ck_assert_mem_eq(&keypair, &wanted, sizeof keypair);
}
END_TEST

START_TEST(a_key_file_whose_halves_do_not_belong_together_is_refused)
{
    char text[1024];
    dv_keypair keypair;
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(dv_keypair_parse(key_file(text, sizeof text, i, 1), &keypair),
                         DV_REQUEST_MALFORMED);
}
END_TEST

START_TEST(other_texts_are_no_key_file)
{
    static const char *const TEXTS[] = {"", "[", "[]", "[1]", "null", "[1,2,3", "{\"a\":1}"};
    char text[1024], cut[1032];
    dv_keypair keypair;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        ck_assert_int_eq(dv_keypair_parse(dv_text_of(TEXTS[i]), &keypair), DV_REQUEST_MALFORMED);
    dv_text whole = key_file(text, sizeof text, -1, 0);
    for (uint32_t size = 0; size < whole.size - 1; size++) /* the newline may be missing */
        ck_assert_int_eq(dv_keypair_parse((dv_text){text, size}, &keypair), DV_REQUEST_MALFORMED);
    snprintf(cut, sizeof cut, "%s1", text);
    ck_assert_int_eq(dv_keypair_parse(dv_text_of(cut), &keypair), DV_REQUEST_MALFORMED);
    key_file(text, sizeof text, 3, 256); /* a number above 255 */
    ck_assert_int_eq(dv_keypair_parse(dv_text_of(text), &keypair), DV_REQUEST_MALFORMED);
}
END_TEST

/* A transfer to many accounts, by one payer. */
static uint32_t make_instructions(dv_instruction *instructions, uint32_t accounts, uint32_t data)
{
    dv_instruction_begin(&instructions[0], &DV_PROGRAM_TOKEN);
    for (uint32_t i = 0; i < accounts; i++) {
        dv_pubkey key = key_of(i);
        dv_instruction_add(&instructions[0], &key, false, i % 2);
    }
    for (uint32_t i = 0; i < data; i++) dv_instruction_put_le(&instructions[0], i & 0xff, 1);
    return 1;
}

static dv_transaction_plan plan_of(const dv_instruction *instructions, uint32_t count)
{
    dv_keypair keypair;
    dv_keypair_of_seed(SEED, &keypair);
    return (dv_transaction_plan){.version = DV_TRANSACTION_V0,
                                 .payer = dv_keypair_pubkey(&keypair),
                                 .blockhash = BLOCKHASH,
                                 .instructions = instructions,
                                 .instruction_count = count};
}

START_TEST(a_transaction_fills_a_packet_to_the_last_byte_and_no_further)
{
    static dv_instruction instructions[1];
    dv_transaction made, bigger;
    dv_transaction_plan plan = plan_of(instructions, 1);
    uint32_t data = 0;
    make_instructions(instructions, 4, 0);
    while (dv_transaction_compile(&plan, &bigger) == DV_OK) {
        made = bigger;
        make_instructions(instructions, 4, ++data);
    }
    ck_assert_uint_eq(made.size, DV_TRANSACTION_SIZE_MAX);
    ck_assert_int_eq(dv_transaction_compile(&plan, &bigger), DV_MESSAGE_TOO_LARGE);
}
END_TEST

START_TEST(more_keys_than_an_index_counts_are_refused)
{
    static dv_instruction instructions[3];
    dv_transaction made;
    dv_transaction_plan plan = plan_of(instructions, 3);
    for (uint32_t i = 0; i < 3; i++) {
        dv_instruction_begin(&instructions[i], &DV_PROGRAM_TOKEN);
        for (uint32_t k = 0; k < 100; k++) {
            dv_pubkey key = key_of(100 * i + k);
            dv_instruction_add(&instructions[i], &key, false, false);
        }
    }
    ck_assert_int_eq(dv_transaction_compile(&plan, &made), DV_MESSAGE_TOO_LARGE);
}
END_TEST

START_TEST(a_table_makes_room_for_more_keys)
{
    static dv_instruction instructions[1];
    static dv_pubkey addresses[DV_LOOKUP_TABLE_ADDRESSES_MAX];
    dv_transaction made;
    dv_transaction_view view;
    dv_transaction_plan plan = plan_of(instructions, 1);
    make_instructions(instructions, 100, 0);
    ck_assert_int_eq(dv_transaction_compile(&plan, &made), DV_MESSAGE_TOO_LARGE);
    for (uint32_t i = 0; i < DV_LOOKUP_TABLE_ADDRESSES_MAX; i++) addresses[i] = key_of(255 - i);
    dv_lookup_table table = {key_of(1000), addresses, DV_LOOKUP_TABLE_ADDRESSES_MAX};
    plan.tables = &table;
    plan.table_count = 1;
    ck_assert_int_eq(dv_transaction_compile(&plan, &made), DV_OK);
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_OK);
    ck_assert_uint_eq(view.key_count, 2); /* the payer and the program */
    ck_assert_uint_eq(view.looked_up_count, 100);
    ck_assert_uint_eq(view.lookups[0].writable_count, 50);
    ck_assert_uint_eq(view.lookups[0].writable[0], 254); /* key 1 */
    plan.version = DV_TRANSACTION_LEGACY;
    ck_assert_int_eq(dv_transaction_compile(&plan, &made), DV_REQUEST_INVALID);
}
END_TEST

START_TEST(a_changed_byte_breaks_the_signature)
{
    static dv_instruction instructions[1];
    dv_transaction made;
    dv_transaction_view view;
    dv_keypair own;
    dv_keypair_of_seed(SEED, &own);
    dv_pubkey payer = dv_keypair_pubkey(&own), other = key_of(3);
    dv_transaction_plan plan = plan_of(instructions, 1);
    wallet_transfer(&payer, &other, 5, instructions);
    ck_assert_int_eq(dv_transaction_compile(&plan, &made), DV_OK);
    ck_assert(wallet_sign(&made, &own, 1));
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_OK);
    ck_assert(wallet_verify(&view));
    made.bytes[made.size - 2] ^= 1; /* of the amount */
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_OK);
    ck_assert(!wallet_verify(&view));
}
END_TEST

/* Made once: signed, v0, with a table. */
static void make_whole(dv_transaction *ret)
{
    static dv_instruction instructions[2];
    static dv_pubkey addresses[3];
    dv_keypair own;
    dv_transaction_plan plan = plan_of(instructions, 2);
    for (uint32_t i = 0; i < 3; i++) addresses[i] = key_of(i);
    dv_lookup_table table = {key_of(1000), addresses, 3};
    plan.tables = &table;
    plan.table_count = 1;
    dv_ix_compute_unit_limit(200000, &instructions[0]);
    make_instructions(&instructions[1], 3, 10);
    dv_keypair_of_seed(SEED, &own);
    ck_assert_int_eq(dv_transaction_compile(&plan, ret), DV_OK);
    ck_assert(wallet_sign(ret, &own, 1));
}

START_TEST(a_transaction_cut_off_anywhere_or_followed_by_anything_is_refused)
{
    dv_transaction made;
    dv_transaction_view view;
    make_whole(&made);
    for (uint32_t size = 0; size < made.size; size++)
        ck_assert_int_eq(dv_transaction_decode(made.bytes, size, &view), DV_MESSAGE_MALFORMED);
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_OK);
    made.bytes[made.size] = 0;
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size + 1, &view), DV_MESSAGE_MALFORMED);
    ck_assert_int_eq(dv_transaction_decode(made.bytes, DV_TRANSACTION_SIZE_MAX + 1, &view),
                     DV_MESSAGE_TOO_LARGE);
}
END_TEST

START_TEST(a_header_without_a_paying_signer_is_refused)
{
    dv_transaction made;
    dv_transaction_view view;
    make_whole(&made);
    uint8_t *header = made.bytes + made.message_at + 1;
    header[1] = 1; /* the payer is read-only */
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_MESSAGE_MALFORMED);
    make_whole(&made);
    header[0] = 0; /* nobody signs */
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_MESSAGE_MALFORMED);
    make_whole(&made);
    header[2] = 200; /* more read-only keys than keys */
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_MESSAGE_MALFORMED);
    make_whole(&made);
    made.bytes[made.message_at] = 0x81; /* version 1 */
    ck_assert_int_eq(dv_transaction_decode(made.bytes, made.size, &view), DV_MESSAGE_MALFORMED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transaction");
    TCase *c = tcase_create("transaction");
    suite_add_tcase(suite, c);
    tcase_add_test(c, a_key_file_is_read_with_the_spaces_that_json_allows);
    tcase_add_test(c, a_key_file_whose_halves_do_not_belong_together_is_refused);
    tcase_add_test(c, other_texts_are_no_key_file);
    tcase_add_test(c, a_transaction_fills_a_packet_to_the_last_byte_and_no_further);
    tcase_add_test(c, more_keys_than_an_index_counts_are_refused);
    tcase_add_test(c, a_table_makes_room_for_more_keys);
    tcase_add_test(c, a_changed_byte_breaks_the_signature);
    tcase_add_test(c, a_transaction_cut_off_anywhere_or_followed_by_anything_is_refused);
    tcase_add_test(c, a_header_without_a_paying_signer_is_refused);
    return suite_run(suite);
}
