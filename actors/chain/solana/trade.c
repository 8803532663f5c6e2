#include "actors/chain/solana/trade.h"

#include <stdio.h>
#include <stdlib.h>

void dv_trade_params(dv_text signature, dv_commitment commitment,
                     char ret_params[DV_TRADE_PARAMS_SIZE])
{
    snprintf(ret_params, DV_TRADE_PARAMS_SIZE,
             "[\"%.*s\",{\"encoding\":\"base64\",\"commitment\":\"%s\","
             "\"maxSupportedTransactionVersion\":0}]",
             DV_TEXT_ARG(signature),
             commitment == DV_COMMITMENT_FINALIZED ? "finalized" : "confirmed");
}

dv_landed *dv_trade_read(const dv_pubkey *wallet, const dv_rpc_reply *reply, const dv_id *order_id,
                         uint64_t *ret_in, uint64_t *ret_out)
{
    bool found = false;
    dv_landed *landed = calloc(1, sizeof *landed);
    if (landed == NULL) abort();
    if (reply->error == DV_OK && dv_answer_landed(reply->answer, &found, landed) == DV_OK &&
        found && !landed->failure.failed &&
        dv_swap_landed(landed, wallet, order_id, ret_in, ret_out) == DV_OK)
        return landed;
    free(landed);
    return NULL;
}
