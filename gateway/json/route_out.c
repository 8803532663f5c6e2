#include "gateway/json/route_out.h"

#include <ctype.h>
#include <stdio.h>

#include "proto/amount.h"

/* Clients read the prices and fees of these DEXs by name: raydiumPrice, raydiumFee and so on. */
static const char *const NAMED_DEXES[] = {"raydium", "meteora"};
#define NAMED_DEX_COUNT (sizeof NAMED_DEXES / sizeof NAMED_DEXES[0])

const char *dv_dex_name(dv_text venue, char ret_name[DV_DEX_NAME_SIZE])
{
    dv_text_copy(ret_name, DV_DEX_NAME_SIZE, venue);
    ret_name[0] = (char)toupper((unsigned char)ret_name[0]);
    return ret_name;
}

void dv_put_dex(dv_json *json, const char *name, dv_text venue)
{
    char text[DV_DEX_NAME_SIZE];
    dv_json_string(json, name, dv_dex_name(venue, text));
}

/* The quote of a DEX; NULL when the DEX gave none. */
static const dv_quote *quote_of(const dv_attempt *attempt, const char *dex)
{
    for (uint32_t i = 0; i < attempt->quotes_count; i++)
        if (attempt->quotes[i].error == 0 && dv_text_is(attempt->quotes[i].venue, dex))
            return &attempt->quotes[i];
    return NULL;
}

static void put_atoms(dv_json *json, const char *name, uint64_t atoms)
{
    char text[DV_AMOUNT_TEXT_SIZE];
    uint32_t size = dv_decimal_format(atoms, 0, text);
    dv_json_text(json, name, (dv_text){text, size});
}

static void put_quote_row(dv_json *json, const dv_moment *m, const dv_quote *quote)
{
    dv_json_object(json, NULL);
    dv_json_text(json, "dex", quote->venue);
    if (quote->error != 0) {
        dv_json_string(json, "error", dv_err_text((uint16_t)quote->error));
        dv_json_string(json, "code", dv_err_name((uint16_t)quote->error));
    } else {
        dv_put_quote_price(json, "price", m, quote);
        dv_put_fee(json, "fee", quote);
        put_atoms(json, "amountIn", quote->amount_in);
        put_atoms(json, "amountOut", quote->amount_out);
        dv_json_uint(json, "priceImpactBps", quote->price_impact_bps);
        dv_json_text(json, "pool", quote->pool);
        if (quote->slot > 0) dv_json_uint(json, "slot", quote->slot);
    }
    dv_json_object_end(json);
}

void dv_put_routing(dv_json *json, const char *name, const dv_moment *m, const dv_attempt *attempt,
                    bool with_quotes)
{
    char member[DV_VENUE_MAX + 8];
    if (name) dv_json_object(json, name);
    dv_json_text_or_null(json, "dex", attempt->venue);
    for (size_t i = 0; i < NAMED_DEX_COUNT; i++) {
        snprintf(member, sizeof member, "%sPrice", NAMED_DEXES[i]);
        dv_put_quote_price(json, member, m, quote_of(attempt, NAMED_DEXES[i]));
    }
    for (size_t i = 0; i < NAMED_DEX_COUNT; i++) {
        snprintf(member, sizeof member, "%sFee", NAMED_DEXES[i]);
        dv_put_fee(json, member, quote_of(attempt, NAMED_DEXES[i]));
    }
    dv_json_text(json, "reason", attempt->reason);
    if (with_quotes) {
        dv_json_array(json, "quotes");
        for (uint32_t i = 0; i < attempt->quotes_count; i++)
            put_quote_row(json, m, &attempt->quotes[i]);
        dv_json_array_end(json);
    }
    if (name) dv_json_object_end(json);
}
