/* How the pools of a pair are asked for, which answers are believed, and which pools are taken. */
#include "actors/dex/pools/pair_search.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/dex/programs/program_ids.h"
#include "actors/solana/programs.h"
#include "tests/support/mints.h"
#include "tests/support/suite.h"

#define LOW "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R"
#define CPMM "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"
#define V4 "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"

static dv_tokens tokens = {.tokens = {{"RAY", LOW, 6, 0}, {"USDC", USDC, 6, 0}}, .count = 2};

static dv_pair pair_of(const char *text)
{
    dv_pair pair;
    char why[DV_REASON_MAX];
    ck_assert_int_eq(dv_pair_parse(text, &tokens, &pair, why), DV_OK);
    return pair;
}

/* ---- pairs ---- */

START_TEST(a_pair_is_two_tokens_of_the_table_by_symbol_or_mint)
{
    dv_pair pair = pair_of("USDC/" LOW);
    ck_assert_str_eq(pair.name, "USDC/RAY");
    ck_assert(dv_pair_is_of(&pair, &pair.mint[1], &pair.mint[0]));
    ck_assert(dv_pair_is_of(&pair, &pair.mint[0], &pair.mint[1]));
    ck_assert(!dv_pair_is_of(&pair, &pair.mint[0], &pair.mint[0]));
}
END_TEST

static const struct {
    const char *text, *why;
} NO_PAIRS[] = {
    {"USDC", "no pair"},
    {"USDC/", "no token"},
    {"/RAY", "no token"},
    {"USDC/ray", "no token"},
    {"USDC/RAY/SOL", "no token"},
    {"USDC/USDC", "one token twice"},
    {"USDC/" USDC, "one token twice"},
};

START_TEST(what_is_no_pair_is_refused_with_the_reason)
{
    dv_pair pair;
    char why[DV_REASON_MAX] = "";
    ck_assert_int_eq(dv_pair_parse(NO_PAIRS[_i].text, &tokens, &pair, why), DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, NO_PAIRS[_i].why) != NULL, "%s", why);
}
END_TEST

/* ---- questions ---- */

#define PARAMS(program, at, size, account, low_at, low, high_at, high)                             \
    "[\"" program "\",{\"encoding\":\"base64\",\"commitment\":\"confirmed\",\"dataSlice\":{"       \
    "\"offset\":" at ",\"length\":" size "},\"filters\":[{\"dataSize\":" account                   \
    "},{\"memcmp\":{\"offset\":" low_at ",\"bytes\":\"" low                                        \
    "\"}},{\"memcmp\":{\"offset\":" high_at ",\"bytes\":\"" high "\"}}]}]"

START_TEST(sorted_mints_are_asked_for_once_and_others_in_both_orders)
{
    static const char *const CPMM_ASKED = PARAMS(CPMM, "72", "160", "637", "168", LOW, "200", USDC);
    static const char *const V4_ASKED[] = {
        PARAMS(V4, "336", "128", "752", "400", USDC, "432", LOW),
        PARAMS(V4, "336", "128", "752", "400", LOW, "432", USDC)};
    char params[DV_PAIR_PARAMS_SIZE];
    dv_pair pair = pair_of("USDC/RAY");
    ck_assert_uint_eq(dv_pair_search_count(&DV_RAYDIUM_CPMM), 1);
    dv_pair_search s = dv_pair_search_at(&pair, &DV_RAYDIUM_CPMM, DV_RAYDIUM_CPMM_PROGRAMS, 0);
    dv_pair_search_params(&s, params);
    ck_assert_str_eq(params, CPMM_ASKED);
    ck_assert_uint_eq(dv_pair_search_count(&DV_RAYDIUM_AMM_V4), 2);
    for (uint32_t i = 0; i < 2; i++) {
        s = dv_pair_search_at(&pair, &DV_RAYDIUM_AMM_V4, DV_RAYDIUM_AMM_V4_PROGRAMS, i);
        dv_pair_search_params(&s, params);
        ck_assert_str_eq(params, V4_ASKED[i]);
    }
}
END_TEST

/* ---- answers ---- */

static const dv_pool_class *const CLASSES[] = {
    &DV_RAYDIUM_CPMM, &DV_RAYDIUM_AMM_V4, &DV_RAYDIUM_CLMM, &DV_METEORA_DAMM_V2, &DV_METEORA_DLMM};

typedef struct told {
    dv_pubkey address, owner, mint[2];
    uint32_t missing; /* bytes of the slice */
} told;

static void put(uint8_t *slice, uint32_t from, uint32_t at, const dv_pubkey *key)
{
    memcpy(slice + at - from, key->bytes, DV_PUBKEY_SIZE);
}

/* One account of an answer, as a node writes it; vault of a side: the address with its last byte
   changed. */
static void tell(FILE *out, const dv_pool_layout *layout, const told *t)
{
    uint8_t slice[256] = {0};
    char text[400], address[DV_BASE58_TEXT_SIZE], owner[DV_BASE58_TEXT_SIZE];
    uint32_t from = layout->mints_at < layout->vaults_at ? layout->mints_at : layout->vaults_at;
    uint32_t to = layout->mints_at + layout->vaults_at - from + 64;
    for (uint32_t side = 0; side < 2; side++) {
        dv_pubkey vault = t->address;
        vault.bytes[31] = (uint8_t)(100 + side);
        put(slice, from, layout->mints_at + 32 * side, &t->mint[side]);
        put(slice, from, layout->vaults_at + 32 * side, &vault);
    }
    sodium_bin2base64(text, sizeof text, slice, to - from - t->missing,
                      sodium_base64_VARIANT_ORIGINAL);
    dv_base58_encode(t->address.bytes, 32, address);
    dv_base58_encode(t->owner.bytes, 32, owner);
    fprintf(out,
            "{\"pubkey\":\"%s\",\"account\":{\"data\":[\"%s\",\"base64\"],\"executable\":false,"
            "\"lamports\":5,\"owner\":\"%s\",\"rentEpoch\":18446744073709551615,\"space\":%u}}",
            address, text, owner, layout->size);
}

static dv_answer *answer_of(const dv_pool_layout *layout, const told *all, uint32_t count)
{
    char *text;
    size_t size;
    dv_answer *a = NULL;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) fputc(',', out);
        tell(out, layout, &all[i]);
    }
    fprintf(out, "]}");
    fclose(out);
    ck_assert_int_eq(dv_answer_parse(text, size, 7, &a), DV_OK);
    free(text);
    return a;
}

static dv_pubkey name(uint32_t number)
{
    return (dv_pubkey){{1, (uint8_t)(number >> 8), (uint8_t)number}};
}

static told good_one(const dv_pair_search *s, uint32_t number)
{
    return (told){name(number), s->program, {s->mint[0], s->mint[1]}, 0};
}

static dv_pair_search search_of(const dv_pool_class *class, uint32_t index)
{
    dv_pair pair = pair_of("RAY/USDC");
    return dv_pair_search_at(&pair, class, &class->programs[0], index);
}

START_TEST(pools_are_read_of_every_program_in_every_order)
{
    const dv_pool_class *class = CLASSES[_i];
    static dv_pair_pool pools[DV_PAIR_FOUND_MAX];
    uint32_t count = 0, searches = dv_pair_search_count(class);
    for (uint32_t k = 0; k < searches; k++) {
        dv_pair_search s = search_of(class, k);
        told all[] = {good_one(&s, 10 * k + 1), good_one(&s, 10 * k + 2)};
        dv_answer *a = answer_of(&class->layout, all, 2);
        ck_assert_int_eq(dv_pair_search_read(&s, a, pools, &count), DV_OK);
        dv_answer_destroy(&a);
    }
    ck_assert_uint_eq(count, 2 * searches);
    for (uint32_t i = 0; i < count; i++) {
        dv_pubkey vault = pools[i].address;
        vault.bytes[31] = 101;
        ck_assert(dv_pubkey_equal(&pools[i].vault[1], &vault));
        ck_assert(!dv_pubkey_equal(&pools[i].mint[0], &pools[i].mint[1]));
    }
}
END_TEST

typedef enum lie { NO_LIE, OWNER, MINTS_SWAPPED, OTHER_MINT, SHORT, TWICE, KNOWN, TOO_MANY } lie;

static const struct {
    lie lie;
    dv_err err;
} LIES[] = {
    {NO_LIE, DV_OK},
    {OWNER, DV_MESSAGE_MALFORMED},
    {MINTS_SWAPPED, DV_MESSAGE_MALFORMED},
    {OTHER_MINT, DV_MESSAGE_MALFORMED},
    {SHORT, DV_MESSAGE_MALFORMED},
    {TWICE, DV_MESSAGE_MALFORMED},
    {KNOWN, DV_MESSAGE_MALFORMED},
    {TOO_MANY, DV_MESSAGE_TOO_LARGE},
};

static void lie_tell(lie what, const dv_pair_search *s, told *one)
{
    switch (what) {
    case OWNER: one->owner = DV_RAYDIUM_CLMM_PROGRAMS[0]; break;
    case MINTS_SWAPPED:
        one->mint[0] = s->mint[1];
        one->mint[1] = s->mint[0];
        break;
    case OTHER_MINT: one->mint[1] = name(9999); break;
    case SHORT: one->missing = 1; break;
    case TWICE: one->address = name(1); break;
    case KNOWN: one->address = name(500); break;
    default: break;
    }
}

START_TEST(an_answer_with_one_lie_is_not_believed_at_all)
{
    static dv_pair_pool pools[DV_PAIR_FOUND_MAX];
    static told all[DV_PAIR_FOUND_MAX];
    dv_pair_search s = search_of(&DV_RAYDIUM_AMM_V4, 1);
    uint32_t count = 1, told_count = LIES[_i].lie == TOO_MANY ? DV_PAIR_FOUND_MAX : 3;
    pools[0] = (dv_pair_pool){.address = name(500)};
    for (uint32_t i = 0; i < told_count; i++) all[i] = good_one(&s, i);
    lie_tell(LIES[_i].lie, &s, &all[2]);
    dv_answer *a = answer_of(&DV_RAYDIUM_AMM_V4.layout, all, told_count);
    ck_assert_int_eq(dv_pair_search_read(&s, a, pools, &count), LIES[_i].err);
    ck_assert_uint_eq(count, LIES[_i].err ? 1 : 4);
    dv_answer_destroy(&a);
}
END_TEST

static const char *const NONSENSE[] = {
    "7",
    "null",
    "{}",
    "{\"context\":{\"slot\":1},\"value\":[]}",
    "[7]",
    "[[]]",
    "[{}]",
    "[{\"pubkey\":\"" LOW "\"}]",
    "[{\"pubkey\":\"?\",\"account\":{\"data\":[\"\",\"base64\"],\"lamports\":1,\"owner\":\"" V4
    "\"}}]",
    "[{\"pubkey\":\"" LOW "\",\"account\":{\"data\":\"AA==\",\"lamports\":1,\"owner\":\"" V4
    "\"}}]",
    "[{\"pubkey\":\"" LOW
    "\",\"account\":{\"data\":[\"A\",\"base64\"],\"lamports\":1,\"owner\":\"" V4 "\"}}]",
};

START_TEST(nonsense_is_no_answer)
{
    static dv_pair_pool pools[DV_PAIR_FOUND_MAX];
    char *text;
    uint32_t count = 0;
    dv_answer *a = NULL;
    dv_pair_search s = search_of(&DV_RAYDIUM_AMM_V4, 0);
    ck_assert(asprintf(&text, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":%s}", NONSENSE[_i]) > 0);
    ck_assert_int_eq(dv_answer_parse(text, strlen(text), 7, &a), DV_OK);
    ck_assert_int_eq(dv_pair_search_read(&s, a, pools, &count), DV_MESSAGE_MALFORMED);
    ck_assert_uint_eq(count, 0);
    dv_answer_destroy(&a);
    free(text);
}
END_TEST

/* ---- depth ---- */

static uint64_t weighed(const dv_pubkey *owner, const dv_pubkey *mint, uint32_t size)
{
    uint8_t data[DV_PAIR_VAULT_SIZE + 1] = {0};
    dv_pair_pool pool = {.mint = {name(1), name(2)}, .held = {5, 5}};
    dv_account vault = {.owner = *owner, .data = data, .size = size};
    memcpy(data, mint->bytes, 32);
    data[64] = 77;
    dv_pair_weigh(&pool, 1, &vault);
    ck_assert_uint_eq(pool.held[0], 5);
    return pool.held[1];
}

START_TEST(only_token_accounts_of_the_mint_hold_anything)
{
    dv_pubkey mint = name(2), other = name(1);
    ck_assert_uint_eq(weighed(&DV_PROGRAM_TOKEN, &mint, DV_PAIR_VAULT_SIZE), 77);
    ck_assert_uint_eq(weighed(&DV_PROGRAM_TOKEN_2022, &mint, DV_PAIR_VAULT_SIZE), 77);
    ck_assert_uint_eq(weighed(&DV_PROGRAM_SYSTEM, &mint, DV_PAIR_VAULT_SIZE), 0);
    ck_assert_uint_eq(weighed(&DV_PROGRAM_TOKEN, &other, DV_PAIR_VAULT_SIZE), 0);
    ck_assert_uint_eq(weighed(&DV_PROGRAM_TOKEN, &mint, DV_PAIR_VAULT_SIZE + 1), 0);
    ck_assert_uint_eq(weighed(&DV_PROGRAM_TOKEN, &mint, 0), 0);
}
END_TEST

START_TEST(the_deepest_pools_come_first_and_empty_ones_not_at_all)
{
    /* One that is full of one token alone is not deep. */
    dv_pair_pool pools[] = {
        {.address = name(1), .held = {1000, 10}},
        {.address = name(2), .held = {0, 0}},
        {.address = name(3), .held = {UINT64_MAX, 0}},
        {.address = name(4), .held = {200, 200}},
        {.address = name(6), .held = {UINT64_MAX, UINT64_MAX}},
        {.address = name(5), .held = {10, 1000}},
    };
    static const uint32_t ORDER[] = {6, 4, 1, 5, 3};
    ck_assert_uint_eq(dv_pair_sort(pools, 6), 5);
    for (uint32_t i = 0; i < 5; i++) {
        dv_pubkey expected = name(ORDER[i]);
        ck_assert_msg(dv_pubkey_equal(&pools[i].address, &expected), "place %u", i);
    }
    ck_assert_uint_eq(dv_pair_sort(pools, 0), 0);
}
END_TEST

#define LENGTH(list) (int)(sizeof(list) / sizeof(list)[0])

int main(void)
{
    if (sodium_init() < 0) return 1;
    TCase *t = tcase_create("pair_search");
    tcase_add_test(t, a_pair_is_two_tokens_of_the_table_by_symbol_or_mint);
    tcase_add_loop_test(t, what_is_no_pair_is_refused_with_the_reason, 0, LENGTH(NO_PAIRS));
    tcase_add_test(t, sorted_mints_are_asked_for_once_and_others_in_both_orders);
    tcase_add_loop_test(t, pools_are_read_of_every_program_in_every_order, 0, LENGTH(CLASSES));
    tcase_add_loop_test(t, an_answer_with_one_lie_is_not_believed_at_all, 0, LENGTH(LIES));
    tcase_add_loop_test(t, nonsense_is_no_answer, 0, LENGTH(NONSENSE));
    tcase_add_test(t, only_token_accounts_of_the_mint_hold_anything);
    tcase_add_test(t, the_deepest_pools_come_first_and_empty_ones_not_at_all);
    Suite *suite = suite_create("pair_search");
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
