#include "proto/b.h"
