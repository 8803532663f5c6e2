/* Any bytes as a transaction, a token account or a key file: refused, or read
   within their bounds. */
#include <assert.h>

#include "actors/solana/keypair.h"
#include "actors/solana/programs.h"
#include "actors/solana/token.h"
#include "actors/solana/transaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool is_within(const uint8_t *bytes, size_t size, const uint8_t *part, size_t count)
{
    return count == 0 || (part >= bytes && count <= (size_t)(bytes + size - part));
}

static void check_transaction(const uint8_t *bytes, size_t size)
{
    dv_transaction_view view;
    if (dv_transaction_decode(bytes, size, &view) != DV_OK) return;
    uint32_t keys = (uint32_t)view.key_count + view.looked_up_count;
    assert(view.signer_count > 0 && view.signer_count <= view.key_count);
    assert(view.readonly_signer_count < view.signer_count);
    assert(is_within(bytes, size, view.signatures, view.signer_count * DV_SIGNATURE_SIZE));
    assert(is_within(bytes, size, view.keys, view.key_count * DV_PUBKEY_SIZE));
    for (uint32_t i = 0; i < view.instruction_count; i++) {
        const dv_instruction_view *at = &view.instructions[i];
        assert(at->program > 0 && at->program < view.key_count);
        assert(is_within(bytes, size, at->data, at->data_size));
        assert(is_within(bytes, size, at->accounts, at->account_count));
        for (uint32_t k = 0; k < at->account_count; k++) assert(at->accounts[k] < keys);
    }
    for (uint32_t i = 0; i < view.lookup_count; i++) {
        assert(is_within(bytes, size, view.lookups[i].writable, view.lookups[i].writable_count));
        assert(is_within(bytes, size, view.lookups[i].readonly, view.lookups[i].readonly_count));
    }
}

static void check_accounts(const uint8_t *bytes, size_t size)
{
    static const dv_pubkey *const OWNERS[] = {&DV_PROGRAM_TOKEN, &DV_PROGRAM_TOKEN_2022};
    for (size_t i = 0; i < sizeof OWNERS / sizeof OWNERS[0]; i++) {
        dv_account account = {.owner = *OWNERS[i], .data = bytes, .size = (uint32_t)size};
        dv_mint mint;
        dv_token_account token;
        bool is_mint = dv_mint_decode(&account, &mint) == DV_OK;
        bool is_token = dv_token_account_decode(&account, &token) == DV_OK;
        assert(!(is_mint && is_token));
        if (is_mint && mint.has_transfer_fee)
            assert(dv_transfer_fee_ceil(dv_mint_fee_at(&mint, 7), 1000) <= 1000 ||
                   mint.newer.maximum > 1000 || mint.older.maximum > 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    dv_keypair keypair;
    check_transaction(bytes, size);
    check_accounts(bytes, size);
    if (size <= UINT32_MAX &&
        dv_keypair_parse((dv_text){(const char *)bytes, (uint32_t)size}, &keypair) == DV_OK)
        dv_keypair_wipe(&keypair);
    return 0;
}
