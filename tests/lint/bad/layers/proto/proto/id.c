#include "actors/base/log.h"
