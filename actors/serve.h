/* The process that serves: makes its actors, starts them one after the other, waits for a signal, lets
   them finish, and stops them. */
#ifndef DV_SERVE_H
#define DV_SERVE_H

#include "actors/settings.h"
#include "actors/wiring.h"

/* Serves until SIGINT or SIGTERM. Blocks that long. ret_well: every actor started, and finished in time.
   On an error nothing was started, and ret_why says what is wrong and what to do. */
DV_MUST_CHECK dv_err dv_serve(dv_settings *settings, dv_wiring *wiring, bool *ret_well,
                              char ret_why[256]);

#endif
