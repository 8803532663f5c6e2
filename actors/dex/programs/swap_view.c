#include "actors/dex/programs/swap_view.h"

#include "actors/dex/programs/program_ids.h"

/* One instruction of one program. Offsets are in its data, positions among its accounts. */
typedef struct form {
    const dv_pubkey *programs;
    uint8_t program_count;
    uint8_t mark_size, mark[8]; /* the beginning of the data */
    uint8_t size;               /* of the data */
    uint8_t amount_at, limit_at;
    uint8_t zeros_at, zeros; /* bytes that have to be 0 */
    uint8_t mode_at, mode;   /* a byte that has to have this value; mode_at 0: none has */
    bool exact_out;
    uint8_t owner, account_in, account_out;
} form;

#define CPMM_INPUT 0x8f, 0xbe, 0x5a, 0xda, 0xc4, 0x1e, 0x33, 0xde
#define CPMM_OUTPUT 0x37, 0xd9, 0x62, 0x56, 0xa3, 0x4a, 0xb4, 0xad
#define CLMM_SWAP_V2 0x2b, 0x04, 0xed, 0x0b, 0x1a, 0xc9, 0x1e, 0x62
#define SWAP2 0x41, 0x4b, 0x3f, 0x4c, 0xeb, 0x5b, 0x5b, 0x88 /* of DLMM and of DAMM v2 */
#define DLMM_EXACT_OUT2 0x2b, 0xd7, 0xf7, 0x84, 0x89, 0x3c, 0xf3, 0x51

#define CPMM                                                                                       \
    .programs = DV_RAYDIUM_CPMM_PROGRAMS, .program_count = 2, .owner = 0, .account_in = 4,         \
    .account_out = 5
#define AMM                                                                                        \
    .programs = DV_RAYDIUM_AMM_V4_PROGRAMS, .program_count = 2, .owner = 7, .account_in = 5,       \
    .account_out = 6
#define CLMM                                                                                       \
    .programs = DV_RAYDIUM_CLMM_PROGRAMS, .program_count = 2, .owner = 0, .account_in = 3,         \
    .account_out = 4
#define DLMM                                                                                       \
    .programs = &DV_METEORA_DLMM_PROGRAM, .program_count = 1, .owner = 10, .account_in = 4,        \
    .account_out = 5
#define DAMM                                                                                       \
    .programs = &DV_METEORA_DAMM_V2_PROGRAM, .program_count = 1, .owner = 8, .account_in = 2,      \
    .account_out = 3

static const form FORMS[] = {
    {CPMM, .mark_size = 8, .mark = {CPMM_INPUT}, .size = 24, .amount_at = 8, .limit_at = 16},
    {CPMM, .mark_size = 8, .mark = {CPMM_OUTPUT}, .size = 24, .amount_at = 16, .limit_at = 8,
     .exact_out = true},
    {AMM, .mark_size = 1, .mark = {16}, .size = 17, .amount_at = 1, .limit_at = 9},
    {AMM, .mark_size = 1, .mark = {17}, .size = 17, .amount_at = 9, .limit_at = 1,
     .exact_out = true},
    {CLMM, .mark_size = 8, .mark = {CLMM_SWAP_V2}, .size = 41, .amount_at = 8, .limit_at = 16,
     .zeros_at = 24, .zeros = 16, .mode_at = 40, .mode = 1},
    {CLMM, .mark_size = 8, .mark = {CLMM_SWAP_V2}, .size = 41, .amount_at = 8, .limit_at = 16,
     .zeros_at = 24, .zeros = 16, .mode_at = 40, .mode = 0, .exact_out = true},
    {DLMM, .mark_size = 8, .mark = {SWAP2}, .size = 28, .amount_at = 8, .limit_at = 16,
     .zeros_at = 24, .zeros = 4},
    {DLMM, .mark_size = 8, .mark = {DLMM_EXACT_OUT2}, .size = 28, .amount_at = 16, .limit_at = 8,
     .zeros_at = 24, .zeros = 4, .exact_out = true},
    {DAMM, .mark_size = 8, .mark = {SWAP2}, .size = 25, .amount_at = 8, .limit_at = 16,
     .mode_at = 24, .mode = 0},
    {DAMM, .mark_size = 8, .mark = {SWAP2}, .size = 25, .amount_at = 8, .limit_at = 16,
     .mode_at = 24, .mode = 1}, /* a partial fill pays at most the amount */
    {DAMM, .mark_size = 8, .mark = {SWAP2}, .size = 25, .amount_at = 8, .limit_at = 16,
     .mode_at = 24, .mode = 2, .exact_out = true},
};
#define FORM_COUNT (sizeof FORMS / sizeof FORMS[0])

static bool is_of(const form *f, const dv_pubkey *program)
{
    for (uint32_t i = 0; i < f->program_count; i++)
        if (dv_pubkey_equal(&f->programs[i], program)) return true;
    return false;
}

bool dv_swap_is_program(const dv_pubkey *program)
{
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (is_of(&FORMS[i], program)) return true;
    return false;
}

static bool fits(const form *f, const uint8_t *data, size_t size, uint32_t account_count)
{
    if (size != f->size || memcmp(data, f->mark, f->mark_size) != 0) return false;
    for (uint32_t i = 0; i < f->zeros; i++)
        if (data[f->zeros_at + i] != 0) return false;
    if (f->mode_at != 0 && data[f->mode_at] != f->mode) return false;
    return account_count > f->owner && account_count > f->account_in &&
           account_count > f->account_out;
}

static uint64_t le64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

bool dv_swap_read(const dv_pubkey *program, const uint8_t *data, size_t size,
                  uint32_t account_count, dv_swap_view *ret_view)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        const form *f = &FORMS[i];
        if (!is_of(f, program) || !fits(f, data, size, account_count)) continue;
        *ret_view = (dv_swap_view){.exact_out = f->exact_out,
                                   .amount = le64(data + f->amount_at),
                                   .limit = le64(data + f->limit_at),
                                   .owner = f->owner,
                                   .account_in = f->account_in,
                                   .account_out = f->account_out};
        return true;
    }
    return false;
}
