/* The mints that tests trade, as Solana's mainnet knows them. */
#ifndef DV_TESTS_MINTS_H
#define DV_TESTS_MINTS_H

#define SOL "So11111111111111111111111111111111111111112"
#define USDC "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"

#endif
