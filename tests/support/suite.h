/* How every test program of check ends. */
#ifndef DV_TESTS_SUITE_H
#define DV_TESTS_SUITE_H

#include <check.h>

/* Runs the suite, which it frees, and prints what failed. Returns what main is to return. */
int suite_run(Suite *suite);

#endif
