/* The end of the tables that store_tables.c implements; actors/persistence/store_model.h is the rest. */
#ifndef SIM_STORE_TABLES_H
#define SIM_STORE_TABLES_H

#include "actors/persistence/store_model.h"

/* Frees all rows; not the watcher's notes. */
void sim_tables_fini(dv_model *model);

#endif
