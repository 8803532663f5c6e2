#include "actors/retry/retry.h"
