#include "actors/dex/pools/pools.h"
