/* What wallets do and the engine does not: sign a whole transaction, verify one, and move lamports
   and tokens. */
#ifndef DV_TESTS_WALLET_H
#define DV_TESTS_WALLET_H

#include <sodium.h>

#include "actors/solana/keypair.h"
#include "actors/solana/programs.h"
#include "actors/solana/transaction.h"

/* Signs with those of the keypairs that the transaction asks for, in any order. False, and nothing
   signed, when one is missing. */
static inline bool wallet_sign(dv_transaction *transaction, const dv_keypair *keypairs,
                               uint32_t count)
{
    dv_transaction_view view;
    dv_transaction made = *transaction;
    if (dv_transaction_decode(made.bytes, made.size, &view) != DV_OK) return false;
    uint8_t *to = made.bytes + (view.signatures - made.bytes);
    for (uint32_t i = 0; i < view.signer_count; i++) {
        uint32_t k = 0;
        while (k < count && memcmp(keypairs[k].secret + DV_SEED_BYTES,
                                   view.keys + i * DV_PUBKEY_SIZE, DV_PUBKEY_SIZE) != 0)
            k++;
        if (k == count) return false;
        dv_signature signature = dv_keypair_sign(&keypairs[k], view.message, view.message_size);
        memcpy(to + i * DV_SIGNATURE_SIZE, signature.bytes, DV_SIGNATURE_SIZE);
    }
    *transaction = made;
    return true;
}

/* Whether every signature is that of its key. */
static inline bool wallet_verify(const dv_transaction_view *view)
{
    for (uint32_t i = 0; i < view->signer_count; i++)
        if (crypto_sign_verify_detached(view->signatures + i * DV_SIGNATURE_SIZE, view->message,
                                        view->message_size, view->keys + i * DV_PUBKEY_SIZE) != 0)
            return false;
    return true;
}

/* System: moves lamports; from signs. */
static inline void wallet_transfer(const dv_pubkey *from, const dv_pubkey *to, uint64_t lamports,
                                   dv_instruction *ret_instruction)
{
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_SYSTEM);
    dv_instruction_put_le(ret_instruction, 2, 4);
    dv_instruction_put_le(ret_instruction, lamports, 8);
    dv_instruction_add(ret_instruction, from, true, true);
    dv_instruction_add(ret_instruction, to, false, true);
}

/* SPL Token: makes the amount of a wrapped-SOL account what its lamports are. */
static inline void wallet_sync_native(const dv_pubkey *account, dv_instruction *ret_instruction)
{
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_TOKEN);
    dv_instruction_put_le(ret_instruction, 17, 1);
    dv_instruction_add(ret_instruction, account, false, true);
}

#endif
