/* Numbers of the Solana protocol that several parts of the backend rely on. */
#ifndef DV_CHAIN_SOLANA_LIMITS_H
#define DV_CHAIN_SOLANA_LIMITS_H

/* A blockhash is valid for so many blocks (agave MAX_PROCESSING_AGE). */
#define DV_BLOCKHASH_BLOCKS 150

/* Blocks by which a height may run ahead of what slots allow: a block may be of another fork, and a
   blockhash some slots older than the quote. */
#define DV_HEIGHT_SLACK 64

/* Bytes of a transaction in base64, its NUL included. */
#define DV_TRANSACTION_BASE64_SIZE 1645

#endif
