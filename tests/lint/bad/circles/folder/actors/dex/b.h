#include "actors/base/c.h"
