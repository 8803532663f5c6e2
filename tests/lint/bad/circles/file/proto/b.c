#include "proto/a.h"
