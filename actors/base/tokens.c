#include "actors/base/tokens.h"

#include <czmq.h>

#include "proto/amount.h"
#include "proto/base58.h"

#define PRICE_DECIMALS 9 /* nano-dollars */

static const char *read_decimals(zconfig_t *section, dv_token *token)
{
    const char *text = zconfig_get(section, "decimals", "");
    uint64_t decimals;
    if (dv_decimal_parse(dv_text_of(text), 0, false, &decimals) != DV_DECIMAL_OK ||
        decimals > DV_DECIMALS_MAX)
        return "decimals is not a whole number from 0 to 18";
    token->decimals = (uint8_t)decimals;
    return NULL;
}

static const char *read_price(zconfig_t *section, dv_token *token)
{
    const char *text = zconfig_get(section, "sim_price", "0");
    if (dv_decimal_parse(dv_text_of(text), PRICE_DECIMALS, false, &token->sim_price_nano_usd) !=
        DV_DECIMAL_OK)
        return "sim_price is not a plain decimal of at most 9 fraction digits";
    return NULL;
}

/* NULL, or what is wrong with the section. */
static const char *read_token(zconfig_t *section, dv_token *token)
{
    const char *symbol = zconfig_name(section), *mint = zconfig_get(section, "mint", "");
    uint8_t key[32];
    if (strlen(symbol) == 0 || strlen(symbol) > DV_SYMBOL_MAX)
        return "its symbol is empty or longer than 16 bytes";
    if (!dv_base58_decode(dv_text_of(mint), key, sizeof key))
        return "mint is not base58 of 32 bytes";
    snprintf(token->symbol, sizeof token->symbol, "%s", symbol);
    snprintf(token->mint, sizeof token->mint, "%s", mint);
    const char *fault = read_decimals(section, token);
    return fault ? fault : read_price(section, token);
}

dv_err dv_tokens_load(const char *file, dv_tokens *ret_tokens, char ret_why[256])
{
    zconfig_t *root = zconfig_load(file);
    if (root == NULL) {
        snprintf(ret_why, 256, "cannot read the tokens file %.128s", file);
        return DV_CONFIG_INVALID;
    }
    ret_tokens->count = 0;
    const char *fault = NULL, *name = "";
    for (zconfig_t *s = zconfig_child(root); s && !fault; s = zconfig_next(s)) {
        dv_token token = {0};
        name = zconfig_name(s);
        if (ret_tokens->count == DV_TOKENS_MAX)
            fault = "there are more than 1024 tokens";
        else
            fault = read_token(s, &token);
        if (fault) break;
        if (dv_tokens_find(ret_tokens, dv_text_of(token.symbol)) ||
            dv_tokens_find(ret_tokens, dv_text_of(token.mint)))
            fault = "its symbol or mint is listed twice";
        ret_tokens->tokens[ret_tokens->count++] = token;
    }
    if (!fault && ret_tokens->count == 0) fault = "it lists no tokens";
    if (fault) snprintf(ret_why, 256, "%.100s, token \"%.32s\": %s", file, name, fault);
    zconfig_destroy(&root);
    return fault ? DV_CONFIG_INVALID : DV_OK;
}

const dv_token *dv_tokens_by_mint(const dv_tokens *tokens, dv_text mint)
{
    for (uint32_t i = 0; i < tokens->count; i++)
        if (dv_text_is(mint, tokens->tokens[i].mint)) return &tokens->tokens[i];
    return NULL;
}

const dv_token *dv_tokens_find(const dv_tokens *tokens, dv_text symbol_or_mint)
{
    for (uint32_t i = 0; i < tokens->count; i++)
        if (dv_text_is(symbol_or_mint, tokens->tokens[i].symbol)) return &tokens->tokens[i];
    return dv_tokens_by_mint(tokens, symbol_or_mint);
}
