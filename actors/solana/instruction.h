/* One instruction of a transaction: a program, the accounts it is given, and its data. */
#ifndef DV_SOLANA_INSTRUCTION_H
#define DV_SOLANA_INSTRUCTION_H

#include <assert.h>

#include "actors/solana/pubkey.h"

#define DV_INSTRUCTION_ACCOUNTS_MAX 128 /* the most that a transaction may lock */
#define DV_INSTRUCTION_DATA_MAX 1232    /* bytes: a whole transaction */

typedef struct dv_account_meta {
    dv_pubkey key;
    bool is_signer, is_writable;
} dv_account_meta;

/* Plain memory, without pointers. */
typedef struct dv_instruction {
    dv_pubkey program;
    uint32_t account_count;
    uint32_t data_size;
    dv_account_meta accounts[DV_INSTRUCTION_ACCOUNTS_MAX];
    uint8_t data[DV_INSTRUCTION_DATA_MAX];
} dv_instruction;

/* Build an instruction. There has to be room: what is added comes from us, not from outside. */
static inline void dv_instruction_begin(dv_instruction *self, const dv_pubkey *program)
{
    self->program = *program;
    self->account_count = 0;
    self->data_size = 0;
}

static inline void dv_instruction_add(dv_instruction *self, const dv_pubkey *key, bool is_signer,
                                      bool is_writable)
{
    assert(self->account_count < DV_INSTRUCTION_ACCOUNTS_MAX);
    self->accounts[self->account_count++] = (dv_account_meta){*key, is_signer, is_writable};
}

static inline void dv_instruction_put(dv_instruction *self, const void *bytes, uint32_t size)
{
    assert(size <= DV_INSTRUCTION_DATA_MAX - self->data_size);
    if (size > 0) memcpy(self->data + self->data_size, bytes, size);
    self->data_size += size;
}

/* Appends `size` bytes (1..8) of a value, little-endian. */
static inline void dv_instruction_put_le(dv_instruction *self, uint64_t value, uint32_t size)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    assert(size >= 1 && size <= sizeof bytes);
    dv_instruction_put(self, bytes, size);
}

#endif
