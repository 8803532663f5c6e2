/* Confirmation: the commitment of a transaction that makes its order confirmed. */
#ifndef DV_CHAIN_CONFIRMATION_H
#define DV_CHAIN_CONFIRMATION_H

typedef enum dv_confirmation {
    DV_CONFIRMATION_CONFIRMED, /* two thirds of the stake voted for the transaction's block */
    DV_CONFIRMATION_FINALIZED, /* no fork can drop the transaction */
} dv_confirmation;

extern const char *const DV_CONFIRMATION_NAMES[]; /* by dv_confirmation; NULL at the end */

#endif
