#include "actors/dex/b.h"
