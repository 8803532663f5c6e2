/* The table of tokens: the one that is shipped is good, and a bad one names its fault. */
#include "actors/base/tokens.h"
#include "tests/support/mints.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dv_tokens tokens;
static char why[256];

static dv_err load(const char *content)
{
    char path[] = "/tmp/drover-tokens-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    dv_err error = dv_tokens_load(path, &tokens, why);
    unlink(path);
    return error;
}

/* A table of tokens, one line each, as `symbol mint decimals price`. */
static dv_err load_one(const char *symbol, const char *mint, const char *decimals,
                       const char *price)
{
    char content[512];
    snprintf(content, sizeof content,
             "%s\n    mint = \"%s\"\n    decimals = %s\n    sim_price = \"%s\"\n", symbol, mint,
             decimals, price);
    return load(content);
}

START_TEST(the_shipped_table_has_the_clients_symbols)
{
    static const char *const SYMBOLS[] = {"SOL", "USDC", "USDT", "ETH",  "BTC",  "BONK",
                                          "RAY", "JUP",  "MPL",  "AAPL", "TSLA", "GOOG"};
    ck_assert_msg(dv_tokens_load("conf/tokens.conf", &tokens, why) == DV_OK, "%s", why);
    for (size_t i = 0; i < sizeof SYMBOLS / sizeof SYMBOLS[0]; i++) {
        const dv_token *token = dv_tokens_find(&tokens, dv_text_of(SYMBOLS[i]));
        ck_assert_msg(token != NULL, "no %s", SYMBOLS[i]);
        ck_assert_uint_gt(token->sim_price_nano_usd, 0);
        ck_assert_ptr_eq(dv_tokens_by_mint(&tokens, dv_text_of(token->mint)), token);
    }
}
END_TEST

START_TEST(a_token_is_found_by_symbol_or_mint_exactly)
{
    ck_assert_int_eq(load_one("SOL", SOL, "9", "152.35"), DV_OK);
    const dv_token *sol = dv_tokens_find(&tokens, dv_text_of("SOL"));
    ck_assert_ptr_nonnull(sol);
    ck_assert_uint_eq(sol->decimals, 9);
    ck_assert_uint_eq(sol->sim_price_nano_usd, 152350000000);
    ck_assert_ptr_eq(dv_tokens_find(&tokens, dv_text_of(SOL)), sol);
    ck_assert_ptr_null(dv_tokens_find(&tokens, dv_text_of("sol")));
    ck_assert_ptr_null(dv_tokens_find(&tokens, dv_text_of("SO")));
    ck_assert_ptr_null(dv_tokens_find(&tokens, dv_text_of("")));
    ck_assert_ptr_null(dv_tokens_by_mint(&tokens, dv_text_of("SOL")));
}
END_TEST

START_TEST(a_token_without_price_is_not_simulated)
{
    ck_assert_int_eq(load("SOL\n    mint = \"" SOL "\"\n    decimals = 9\n"), DV_OK);
    ck_assert_uint_eq(tokens.tokens[0].sim_price_nano_usd, 0);
}
END_TEST

static const struct {
    const char *symbol, *mint, *decimals, *price, *fault;
} FAULTS[] = {
    {"SEVENTEEN-LETTERS", SOL, "9", "1", "symbol"},
    {"SOL", "", "9", "1", "mint"},
    {"SOL", "So1111111111111111111111111111111111111111", "9", "1", "mint"},
    {"SOL", "0o11111111111111111111111111111111111111112", "9", "1", "mint"},
    {"SOL", SOL, "19", "1", "decimals"},
    {"SOL", SOL, "-1", "1", "decimals"},
    {"SOL", SOL, "nine", "1", "decimals"},
    {"SOL", SOL, "256", "1", "decimals"},
    {"SOL", SOL, "9", "-1", "sim_price"},
    {"SOL", SOL, "9", "0.0000000001", "sim_price"},
    {"SOL", SOL, "9", "cheap", "sim_price"},
};

START_TEST(a_fault_names_the_token_and_the_field)
{
    ck_assert_int_eq(
        load_one(FAULTS[_i].symbol, FAULTS[_i].mint, FAULTS[_i].decimals, FAULTS[_i].price),
        DV_CONFIG_INVALID);
    ck_assert_msg(strstr(why, FAULTS[_i].fault) != NULL, "%s", why);
    ck_assert_msg(strstr(why, FAULTS[_i].symbol) != NULL, "%s", why);
}
END_TEST

START_TEST(a_symbol_or_mint_listed_twice_is_refused)
{
    ck_assert_int_eq(load("SOL\n    mint = \"" SOL "\"\n    decimals = 9\n"
                          "SOL\n    mint = \"" USDC "\"\n    decimals = 6\n"),
                     DV_CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(why, "twice"));
    ck_assert_int_eq(load("SOL\n    mint = \"" SOL "\"\n    decimals = 9\n"
                          "WSOL\n    mint = \"" SOL "\"\n    decimals = 9\n"),
                     DV_CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(why, "WSOL"));
}
END_TEST

START_TEST(an_empty_or_missing_file_is_refused)
{
    ck_assert_int_eq(load("# nothing\n"), DV_CONFIG_INVALID);
    ck_assert_int_eq(dv_tokens_load("/nonexistent/tokens.conf", &tokens, why), DV_CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(why, "/nonexistent/tokens.conf"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tokens");
    TCase *c = tcase_create("tokens");
    suite_add_tcase(suite, c);
    tcase_add_test(c, the_shipped_table_has_the_clients_symbols);
    tcase_add_test(c, a_token_is_found_by_symbol_or_mint_exactly);
    tcase_add_test(c, a_token_without_price_is_not_simulated);
    tcase_add_loop_test(c, a_fault_names_the_token_and_the_field, 0,
                        sizeof FAULTS / sizeof FAULTS[0]);
    tcase_add_test(c, a_symbol_or_mint_listed_twice_is_refused);
    tcase_add_test(c, an_empty_or_missing_file_is_refused);
    return suite_run(suite);
}
