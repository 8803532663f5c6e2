#include "actors/solana/builders.h"

#include "actors/solana/pda.h"
#include "actors/solana/programs.h"

/* The first byte of the data; of the system program, the first four. */
enum { BUDGET_UNIT_LIMIT = 2, BUDGET_UNIT_PRICE = 3 };
enum { SYSTEM_CREATE_WITH_SEED = 3, SYSTEM_TRANSFER_WITH_SEED = 11 };
enum { ATA_CREATE_IDEMPOTENT = 1 };
enum { TOKEN_CLOSE_ACCOUNT = 9, TOKEN_INITIALIZE_ACCOUNT_3 = 18 };

static void budget(uint8_t tag, uint64_t value, uint32_t size, dv_instruction *ret_instruction)
{
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_COMPUTE_BUDGET);
    dv_instruction_put_le(ret_instruction, tag, 1);
    dv_instruction_put_le(ret_instruction, value, size);
}

void dv_ix_compute_unit_limit(uint32_t units, dv_instruction *ret_instruction)
{
    budget(BUDGET_UNIT_LIMIT, units, 4, ret_instruction);
}

void dv_ix_compute_unit_price(uint64_t micro_lamports, dv_instruction *ret_instruction)
{
    budget(BUDGET_UNIT_PRICE, micro_lamports, 8, ret_instruction);
}

/* Appends a seed as the system program reads it: a u64 of its size, then its bytes. */
static void put_seed(dv_instruction *instruction, dv_text seed)
{
    assert(seed.size <= DV_SEED_SIZE_MAX);
    dv_instruction_put_le(instruction, seed.size, 8);
    dv_instruction_put(instruction, seed.at, seed.size);
}

void dv_ix_create_with_seed(const dv_seeded_account *account, dv_instruction *ret_instruction)
{
    dv_pubkey address = dv_address_of_seed(&account->payer, account->seed, &account->owner);
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_SYSTEM);
    dv_instruction_put_le(ret_instruction, SYSTEM_CREATE_WITH_SEED, 4);
    dv_instruction_put(ret_instruction, account->payer.bytes, DV_PUBKEY_SIZE);
    put_seed(ret_instruction, account->seed);
    dv_instruction_put_le(ret_instruction, account->lamports.count, 8);
    dv_instruction_put_le(ret_instruction, account->space, 8);
    dv_instruction_put(ret_instruction, account->owner.bytes, DV_PUBKEY_SIZE);
    dv_instruction_add(ret_instruction, &account->payer, true, true);
    dv_instruction_add(ret_instruction, &address, false, true);
}

void dv_ix_take_back(const dv_seeded_account *account, dv_instruction *ret_instruction)
{
    dv_pubkey address = dv_address_of_seed(&account->payer, account->seed, &account->owner);
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_SYSTEM);
    dv_instruction_put_le(ret_instruction, SYSTEM_TRANSFER_WITH_SEED, 4);
    dv_instruction_put_le(ret_instruction, account->lamports.count, 8);
    put_seed(ret_instruction, account->seed);
    dv_instruction_put(ret_instruction, account->owner.bytes, DV_PUBKEY_SIZE);
    dv_instruction_add(ret_instruction, &address, false, true);
    dv_instruction_add(ret_instruction, &account->payer, true, false);
    dv_instruction_add(ret_instruction, &account->payer, false, true);
}

void dv_ix_initialize_account(const dv_pubkey *account, const dv_pubkey *mint,
                              const dv_pubkey *owner, const dv_pubkey *token_program,
                              dv_instruction *ret_instruction)
{
    dv_instruction_begin(ret_instruction, token_program);
    dv_instruction_put_le(ret_instruction, TOKEN_INITIALIZE_ACCOUNT_3, 1);
    dv_instruction_put(ret_instruction, owner->bytes, DV_PUBKEY_SIZE);
    dv_instruction_add(ret_instruction, account, false, true);
    dv_instruction_add(ret_instruction, mint, false, false);
}

void dv_ix_create_ata(const dv_pubkey *payer, const dv_pubkey *owner, const dv_pubkey *mint,
                      const dv_pubkey *token_program, dv_instruction *ret_instruction)
{
    dv_pubkey ata = dv_ata_of(owner, mint, token_program);
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_ASSOCIATED_TOKEN);
    dv_instruction_put_le(ret_instruction, ATA_CREATE_IDEMPOTENT, 1);
    dv_instruction_add(ret_instruction, payer, true, true);
    dv_instruction_add(ret_instruction, &ata, false, true);
    dv_instruction_add(ret_instruction, owner, false, false);
    dv_instruction_add(ret_instruction, mint, false, false);
    dv_instruction_add(ret_instruction, &DV_PROGRAM_SYSTEM, false, false);
    dv_instruction_add(ret_instruction, token_program, false, false);
}

void dv_ix_close_account(const dv_pubkey *account, const dv_pubkey *destination,
                         const dv_pubkey *owner, const dv_pubkey *token_program,
                         dv_instruction *ret_instruction)
{
    dv_instruction_begin(ret_instruction, token_program);
    dv_instruction_put_le(ret_instruction, TOKEN_CLOSE_ACCOUNT, 1);
    dv_instruction_add(ret_instruction, account, false, true);
    dv_instruction_add(ret_instruction, destination, false, true);
    dv_instruction_add(ret_instruction, owner, true, false);
}

void dv_ix_memo(dv_text text, const dv_pubkey *signer, dv_instruction *ret_instruction)
{
    dv_instruction_begin(ret_instruction, &DV_PROGRAM_MEMO);
    dv_instruction_put(ret_instruction, text.at, text.size);
    if (signer != NULL) dv_instruction_add(ret_instruction, signer, true, false);
}
