#include "actors/solana/account.h"

#include "actors/solana/programs.h"

const dv_account *dv_account_find(const dv_account_set *accounts, const dv_pubkey *address)
{
    for (uint32_t i = 0; i < accounts->count; i++)
        if (dv_pubkey_equal(&accounts->at[i].address, address)) return &accounts->at[i];
    return NULL;
}

dv_err dv_chain_clock_decode(const dv_account *account, dv_chain_clock *ret_clock)
{
    if (!dv_pubkey_equal(&account->owner, &DV_SYSVAR_OWNER) || account->size < DV_CLOCK_SIZE)
        return DV_MESSAGE_MALFORMED;
    *ret_clock = (dv_chain_clock){
        .slot = dv_le64(account->data),
        .epoch = dv_le64(account->data + 16),
        .unix_time = (int64_t)dv_le64(account->data + 32),
    };
    return DV_OK;
}
