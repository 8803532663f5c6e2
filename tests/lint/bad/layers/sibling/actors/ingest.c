#include "actors/retry.h"
