/* Accounts as a node returns them, and the clock that the programs read. */
#ifndef DV_SOLANA_ACCOUNT_H
#define DV_SOLANA_ACCOUNT_H

#include <stddef.h>

#include "actors/solana/lamports.h"
#include "actors/solana/pubkey.h"

/* One account. The bytes are borrowed and hostile: check the owner, the size and the discriminator
   before you read them. An account that is not on chain has size 0. */
typedef struct dv_account {
    dv_pubkey address;
    dv_pubkey owner; /* the program that may change it */
    dv_lamports lamports;
    const uint8_t *data;
    uint32_t size; /* bytes of data */
} dv_account;

typedef struct dv_account_set {
    const dv_account *at;
    uint32_t count;
} dv_account_set;

/* The account of an address, NULL when the set does not hold it. */
const dv_account *dv_account_find(const dv_account_set *accounts, const dv_pubkey *address);

/* The Clock sysvar in the block where a swap runs. */
typedef struct dv_chain_clock {
    uint64_t slot;
    uint64_t epoch;
    int64_t unix_time; /* seconds since 1970 */
} dv_chain_clock;

/* Seconds since 1970, 0 before. */
static inline uint64_t dv_chain_clock_seconds(const dv_chain_clock *clock)
{
    return clock->unix_time < 0 ? 0 : (uint64_t)clock->unix_time;
}

#define DV_CLOCK_SIZE 40

/* Reads the sysvar's account: slot u64 at 0, epoch u64 at 16, unixTimestamp i64 at 32.
   MESSAGE_MALFORMED when it is too short or belongs to another program. */
DV_MUST_CHECK dv_err dv_chain_clock_decode(const dv_account *account, dv_chain_clock *ret_clock);

/* Little-endian integers. The caller knows that the bytes are there. */
static inline uint16_t dv_le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t dv_le32(const uint8_t *at)
{
    return (uint32_t)dv_le16(at) | (uint32_t)dv_le16(at + 2) << 16;
}

static inline uint64_t dv_le64(const uint8_t *at)
{
    return (uint64_t)dv_le32(at) | (uint64_t)dv_le32(at + 4) << 32;
}

static inline unsigned __int128 dv_le128(const uint8_t *at)
{
    return (unsigned __int128)dv_le64(at) | (unsigned __int128)dv_le64(at + 8) << 64;
}

#endif
