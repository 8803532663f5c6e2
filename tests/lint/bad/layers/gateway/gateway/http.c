#include "actors/execution/execution.h"
