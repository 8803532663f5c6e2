#include "actors/execution.h"
