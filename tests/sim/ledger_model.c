#include "tests/sim/ledger_model.h"

#include <stdlib.h>

#include "proto/base58.h"
#include "tests/sim/book.h"

sim_ledger *sim_ledger_new(sim_world *world)
{
    (void)world;
    sim_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) abort();
    return ledger;
}

void sim_ledger_destroy(sim_ledger **ledger)
{
    sim_landed *l, *next;
    for (l = (*ledger)->landings; l != NULL; l = next) {
        next = l->next;
        free(l);
    }
    free(*ledger);
    *ledger = NULL;
}

const sim_landed *sim_ledger_find(const sim_ledger *ledger, dv_text signature)
{
    uint8_t bytes[DV_SIM_SIGNATURE_SIZE];
    if (!dv_base58_decode(signature, bytes, sizeof bytes)) return NULL;
    for (const sim_landed *l = ledger->landings; l != NULL; l = l->next)
        if (memcmp(l->signature, bytes, sizeof bytes) == 0) return l;
    return NULL;
}

/* ---- in place of actors/chain/simulated/ledger.c --------------------------------------------------- */

void dv_sim_ledger_init(dv_sim_ledger *ledger, const char *path)
{
    (void)path;
    *ledger = (dv_sim_ledger){.fd = -1};
}

void dv_sim_ledger_fini(dv_sim_ledger *ledger)
{
    dv_sim_landing *landing, *next;
    HASH_ITER (hh, ledger->landings, landing, next) {
        HASH_DEL(ledger->landings, landing);
        free(landing);
    }
}

const dv_sim_landing *dv_sim_ledger_find(const dv_sim_ledger *ledger,
                                         const uint8_t signature[DV_SIM_SIGNATURE_SIZE])
{
    dv_sim_landing *found;
    HASH_FIND(hh, ledger->landings, signature, DV_SIM_KEY_SIZE, found);
    return found;
}

static void remember(dv_sim_ledger *ledger, const sim_landed *l)
{
    dv_sim_landing *landing = calloc(1, sizeof *landing);
    if (landing == NULL) abort();
    memcpy(landing->key, l->signature, DV_SIM_KEY_SIZE);
    landing->error = l->error;
    if (l->error == DV_OK) {
        landing->amount_in = l->amount_in;
        landing->amount_out = l->amount_out;
    }
    HASH_ADD(hh, ledger->landings, key, DV_SIM_KEY_SIZE, landing);
}

dv_err dv_sim_ledger_open(dv_sim_ledger *ledger, char ret_why[DV_REASON_MAX])
{
    (void)ret_why;
    for (const sim_landed *l = sim_now->ledger->landings; l != NULL; l = l->next)
        remember(ledger, l);
    return DV_OK;
}

/* What is added is in it at once, unless it cannot be written; lines.size counts what was. */
void dv_sim_ledger_add(dv_sim_ledger *ledger, const uint8_t signature[DV_SIM_SIGNATURE_SIZE],
                       const dv_sim_transaction *transaction, uint64_t amount_in,
                       uint64_t amount_out, dv_err error, int64_t wall_us)
{
    (void)wall_us;
    ledger->broken = sim_now->now_ns < sim_now->ledger->broken_until_ns;
    if (ledger->broken) {
        sim_now->faults[SIM_FAULT_venue_stuck]++;
        return;
    }
    sim_landed *l = calloc(1, sizeof *l);
    if (l == NULL) abort();
    memcpy(l->signature, signature, sizeof l->signature);
    snprintf(l->dex, sizeof l->dex, "%s", transaction->dex);
    l->amount_in = amount_in;
    l->amount_out = amount_out;
    l->error = error;
    l->next = sim_now->ledger->landings;
    sim_now->ledger->landings = l;
    sim_book_landed(sim_now, transaction, signature, amount_in, amount_out, error);
    remember(ledger, l);
    ledger->lines.size++;
}

uint32_t dv_sim_ledger_write(dv_sim_ledger *ledger)
{
    uint32_t written = (uint32_t)ledger->lines.size;
    ledger->lines.size = 0;
    return written;
}
