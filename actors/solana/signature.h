/* An ed25519 signature. The payer's signature also names its transaction. */
#ifndef DV_SOLANA_SIGNATURE_H
#define DV_SOLANA_SIGNATURE_H

#include <stdint.h>

#define DV_SIGNATURE_SIZE 64 /* bytes */

typedef struct dv_signature {
    uint8_t bytes[DV_SIGNATURE_SIZE];
} dv_signature;

#endif
