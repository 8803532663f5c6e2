/* The simulated chain's memory: a file of JSON lines, one per transaction that landed.

     {"signature":"5h…","orderId":"0193…","attempt":1,"dex":"raydium","tokenIn":"So1…",
      "tokenOut":"EPj…","amountIn":"1000","amountOut":"152","ok":true,"error":null,
      "at":"2026-11-21T10:00:00.123Z"}                                          (on one line)

   Amounts are atoms. A transaction that landed and failed traded nothing; its line holds the exact
   amount that it asked for, and "0". The lines of a turn are written at once, under a lock, since
   another process may write to the file too. A line that a crash tore is cut off when the file is next
   written to or opened: no actor was ever told of it. */
#ifndef DV_CHAIN_SIMULATED_LEDGER_H
#define DV_CHAIN_SIMULATED_LEDGER_H

#include <uthash.h>

#include "actors/base/config.h"
#include "actors/chain/simulated/transaction.h"
#include "proto/buffer.h"

/* The part of a signature that transactions are told apart by: a hash's first 16 bytes. */
#define DV_SIM_KEY_SIZE 16

/* What became of a transaction that landed. */
typedef struct dv_sim_landing {
    uint8_t key[DV_SIM_KEY_SIZE];
    uint64_t amount_in, amount_out;     /* atoms traded; 0 when it failed */
    dv_err error;                       /* DV_OK: it traded */
    struct dv_sim_landing *prev, *next; /* among those to be written */
    UT_hash_handle hh;
} dv_sim_landing;

typedef struct dv_sim_ledger {
    char path[DV_CONFIG_TEXT_MAX];
    int fd;                   /* -1: not open */
    bool broken;              /* the last lines could not be written */
    dv_sim_landing *landings; /* owned, by key */
    dv_sim_landing *added;    /* owned, to be written; in the order of their lines */
    dv_buffer lines;          /* theirs */
} dv_sim_ledger;

/* An empty ledger that is not open. */
void dv_sim_ledger_init(dv_sim_ledger *ledger, const char *path);

/* Opens the file, making it and its directories, and reads it; may block. START_FAILED when that
   cannot be done or a line of it cannot be read, and ret_why says what and where. */
DV_MUST_CHECK dv_err dv_sim_ledger_open(dv_sim_ledger *ledger, char ret_why[DV_REASON_MAX]);
void dv_sim_ledger_fini(dv_sim_ledger *ledger);

/* What became of the transaction of a signature; NULL when it has not landed. */
const dv_sim_landing *dv_sim_ledger_find(const dv_sim_ledger *ledger,
                                         const uint8_t signature[DV_SIM_SIGNATURE_SIZE]);

/* Adds a landing to those that are written next. error: DV_OK, or why it landed and failed. */
void dv_sim_ledger_add(dv_sim_ledger *ledger, const uint8_t signature[DV_SIM_SIGNATURE_SIZE],
                       const dv_sim_transaction *transaction, uint64_t amount_in,
                       uint64_t amount_out, dv_err error, int64_t wall_us);

/* Writes the lines of what was added. Returns how many of these landings, from the first, have
   their line now and are remembered. The others are forgotten and may be added again: another process
   has the lock for a moment, or the file cannot be written (`broken`). */
DV_MUST_CHECK uint32_t dv_sim_ledger_write(dv_sim_ledger *ledger);

#endif
