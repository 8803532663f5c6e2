#include "actors/solana/token.h"

#include "actors/solana/programs.h"
#include "proto/amount.h"

#define MINT_SIZE 82
#define ACCOUNT_SIZE 165
#define MULTISIG_SIZE                                                                              \
    355             /* no extended account has this size: programs recognise multisigs by it */
#define KIND_AT 165 /* of an extended account: 1 mint, 2 token account */
#define TLV_AT 166

enum { KIND_MINT = 1, KIND_ACCOUNT = 2 };

/* spl-token-2022 ExtensionType */
enum {
    EXTENSION_NONE = 0,
    EXTENSION_TRANSFER_FEE_CONFIG = 1,
    EXTENSION_NONTRANSFERABLE = 9,
    EXTENSION_TRANSFER_HOOK = 14,
    EXTENSION_PAUSABLE = 26,
    EXTENSION_KNOWN_MAX = 27, /* PausableAccount. No other known extension changes what arrives. */
};
#define TRANSFER_FEE_CONFIG_SIZE 108
#define TRANSFER_HOOK_SIZE 64
#define PAUSABLE_SIZE 33

/* COption: u32 0 or 1, then the value. */
static bool read_option(const uint8_t *at, bool *ret_has)
{
    uint32_t tag = dv_le32(at);
    if (tag > 1) return false;
    *ret_has = tag == 1;
    return true;
}

static bool read_option_key(const uint8_t *at, bool *ret_has, dv_pubkey *ret_key)
{
    if (!read_option(at, ret_has)) return false;
    *ret_key = *ret_has ? dv_pubkey_at(at + 4) : (dv_pubkey){{0}};
    return true;
}

/* Whether the account belongs to a token program and has a size that its kind may have. */
static bool has_shape(const dv_account *account, uint32_t base_size, uint8_t kind, bool *ret_2022)
{
    *ret_2022 = dv_pubkey_equal(&account->owner, &DV_PROGRAM_TOKEN_2022);
    if (!*ret_2022 && !dv_pubkey_equal(&account->owner, &DV_PROGRAM_TOKEN)) return false;
    if (account->size == base_size) return true;
    if (!*ret_2022 || account->size < TLV_AT || account->size == MULTISIG_SIZE) return false;
    for (uint32_t i = base_size; i < KIND_AT; i++)
        if (account->data[i] != 0) return false;
    return account->data[KIND_AT] == kind;
}

/* older at 72 of the extension, newer at 90: {epoch u64, maximum u64, bps u16}. */
static bool read_fee(const uint8_t *at, dv_transfer_fee *ret_fee)
{
    *ret_fee = (dv_transfer_fee){dv_le64(at), dv_le64(at + 8), dv_le16(at + 16)};
    return ret_fee->bps <= DV_BPS_ONE;
}

static bool read_mint_extension(uint16_t type, const uint8_t *at, uint16_t size, dv_mint *mint)
{
    switch (type) {
    case EXTENSION_TRANSFER_FEE_CONFIG:
        if (size != TRANSFER_FEE_CONFIG_SIZE || mint->has_transfer_fee) return false;
        mint->has_transfer_fee = true;
        return read_fee(at + 72, &mint->older) && read_fee(at + 90, &mint->newer);
    case EXTENSION_NONTRANSFERABLE: mint->is_nontransferable = true; return size == 0;
    case EXTENSION_TRANSFER_HOOK: {
        if (size != TRANSFER_HOOK_SIZE) return false;
        dv_pubkey program = dv_pubkey_at(at + 32);
        mint->has_transfer_hook = !dv_pubkey_is_zero(&program);
        return true;
    }
    case EXTENSION_PAUSABLE:
        if (size != PAUSABLE_SIZE) return false;
        mint->is_paused = at[32] != 0;
        return true;
    default: mint->has_unknown_extension |= type > EXTENSION_KNOWN_MAX; return true;
    }
}

/* Reads the extensions (u16 type, u16 length, bytes). mint: NULL for a token account, of whose
   extensions we read nothing. */
static bool read_extensions(const dv_account *account, dv_mint *mint)
{
    uint32_t at = TLV_AT;
    while (account->size >= 4 && at <= account->size - 4) {
        uint16_t type = dv_le16(account->data + at), size = dv_le16(account->data + at + 2);
        if (type == EXTENSION_NONE) return true;
        at += 4;
        if (size > account->size - at) return false;
        if (mint && !read_mint_extension(type, account->data + at, size, mint)) return false;
        at += size;
    }
    for (; at < account->size; at++)
        if (account->data[at] != 0) return false;
    return true;
}

dv_err dv_mint_decode(const dv_account *account, dv_mint *ret_mint)
{
    dv_mint mint = {0};
    if (!has_shape(account, MINT_SIZE, KIND_MINT, &mint.is_token_2022)) return DV_MESSAGE_MALFORMED;
    const uint8_t *data = account->data;
    mint.supply = dv_le64(data + 36);
    mint.decimals = data[44];
    if (!read_option_key(data, &mint.has_authority, &mint.authority) || data[45] != 1 ||
        !read_option_key(data + 46, &mint.has_freeze_authority, &mint.freeze_authority) ||
        !read_extensions(account, &mint))
        return DV_MESSAGE_MALFORMED;
    *ret_mint = mint;
    return DV_OK;
}

dv_err dv_token_account_decode(const dv_account *account, dv_token_account *ret_account)
{
    dv_token_account token = {0};
    if (!has_shape(account, ACCOUNT_SIZE, KIND_ACCOUNT, &token.is_token_2022))
        return DV_MESSAGE_MALFORMED;
    const uint8_t *data = account->data;
    uint8_t state = data[108]; /* 1 initialised, 2 frozen */
    token.mint = dv_pubkey_at(data);
    token.owner = dv_pubkey_at(data + 32);
    token.amount = dv_le64(data + 64);
    token.is_frozen = state == 2;
    if (!read_option_key(data + 72, &token.has_delegate, &token.delegate) ||
        !read_option(data + 109, &token.is_native) || (state != 1 && state != 2) ||
        !read_extensions(account, NULL))
        return DV_MESSAGE_MALFORMED;
    if (token.is_native) token.rent_exempt_reserve.count = dv_le64(data + 113);
    *ret_account = token;
    return DV_OK;
}

uint64_t dv_transfer_fee_ceil(const dv_transfer_fee *fee, uint64_t amount)
{
    uint64_t withheld;
    if (fee->bps == 0 || amount == 0) return 0;
    if (!dv_mul_div_ceil(amount, fee->bps, DV_BPS_ONE, &withheld) || withheld > fee->maximum)
        return fee->maximum;
    return withheld;
}

bool dv_transfer_fee_inverse_ceil(const dv_transfer_fee *fee, uint64_t net, uint64_t *ret_withheld)
{
    uint64_t withheld = 0;
    if (net > 0 && fee->bps == DV_BPS_ONE) {
        withheld = fee->maximum;
    } else if (net > 0 && fee->bps > 0) {
        dv_u128 rest = DV_BPS_ONE - fee->bps;
        dv_u128 gross = ((dv_u128)net * DV_BPS_ONE + rest - 1) / rest;
        if (gross - net >= fee->maximum) gross = (dv_u128)net + fee->maximum;
        if (gross > UINT64_MAX) return false;
        withheld = dv_transfer_fee_ceil(fee, (uint64_t)gross);
    }
    if (withheld > UINT64_MAX - net) return false;
    *ret_withheld = withheld;
    return true;
}
