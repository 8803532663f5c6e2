/* What the signer has signed, in a file that outlives it: a line per message, on the disk before
   its signature leaves. A line is

     time_us order attempt sha256_of_the_message mint atoms lamports

   with the mint - and 0 atoms for a message that takes back. One process has the file, by a lock. A
   last line that a crash cut off is dropped: its signature never left. */
#ifndef DV_SIGNER_JOURNAL_H
#define DV_SIGNER_JOURNAL_H

#include "actors/solana/lamports.h"
#include "proto/message.h"

#define DV_MESSAGE_HASH_SIZE 32 /* SHA-256 */

typedef struct dv_signed {
    int64_t at_us; /* wall time */
    dv_id order_id;
    uint8_t attempt; /* 0: it takes back */
    uint8_t hash[DV_MESSAGE_HASH_SIZE];
    char mint[DV_MINT_MAX + 1]; /* paid; empty: none */
    uint64_t atoms;
    dv_lamports lamports;
} dv_signed;

typedef struct dv_signer_journal dv_signer_journal;

/* Told of each line that is kept, in order. */
typedef void dv_signed_reader(void *context, const dv_signed *line);

/* Opens or makes the file (0600), hands every line not older than `oldest_us` to the reader, and
   drops the others from the file. On START_FAILED ret_why says what is wrong: it cannot be read or
   written, another process has it, or a line is none. Blocks on the disk. */
DV_MUST_CHECK dv_err dv_signer_journal_open(const char *file, int64_t oldest_us,
                                            dv_signed_reader *reader, void *context,
                                            dv_signer_journal **ret_journal,
                                            char ret_why[DV_REASON_MAX]);

/* Takes a line, for the next commit. */
void dv_signer_journal_add(dv_signer_journal *journal, const dv_signed *line);

/* Writes what was added and waits until it is on the disk; blocks for that. On SIGNER_JOURNAL_AWAY
   none of it counts as written: it is cut off again, at the latest by the next commit or start. */
DV_MUST_CHECK dv_err dv_signer_journal_commit(dv_signer_journal *journal);

/* Closes it; accepts NULL, leaves NULL. */
void dv_signer_journal_close(dv_signer_journal **journal);

#endif
