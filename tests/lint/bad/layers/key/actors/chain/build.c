#include "actors/solana/keypair.h"
