#include "actors/dex/pools/cluster.h"

#include "proto/base58.h"

#define SILENT_NS (10 * DV_NS_PER_S) /* the chain actor tells each second */

/* getGenesisHash (solana.com/docs/references/clusters). */
static const char MAINNET[] = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
static const char DEVNET[] = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";

void dv_cluster_view_take(dv_cluster_view *view, const dv_cluster_event *event, int64_t now_ns)
{
    view->heard_at_ns = now_ns;
    view->error = (dv_err)event->error;
    view->has_genesis = event->genesis.size == sizeof view->genesis;
    if (view->has_genesis) memcpy(view->genesis, event->genesis.at, sizeof view->genesis);
    view->has_wallet = event->wallet.size == DV_PUBKEY_SIZE;
    if (view->has_wallet) memcpy(view->wallet.bytes, event->wallet.at, DV_PUBKEY_SIZE);
    view->endpoints = (uint32_t)event->endpoints;
    view->dexes = (uint32_t)event->dexes;
    dv_cluster_view_saw_slot(view, event->slot);
}

void dv_cluster_view_saw_slot(dv_cluster_view *view, uint64_t slot)
{
    if (slot > view->slot) view->slot = slot;
}

dv_err dv_cluster_view_admitted(const dv_cluster_view *view, int64_t now_ns)
{
    if (view->heard_at_ns == 0 || view->heard_at_ns + SILENT_NS < now_ns || !view->has_wallet)
        return DV_CHAIN_AWAY;
    return view->error;
}

static bool is_cluster(const dv_cluster_view *view, const char *genesis)
{
    uint8_t bytes[32];
    return view->has_genesis && dv_base58_decode(dv_text_of(genesis), bytes, sizeof bytes) &&
           memcmp(bytes, view->genesis, sizeof bytes) == 0;
}

bool dv_cluster_view_has_program(const dv_cluster_view *view, uint32_t program)
{
    if (is_cluster(view, MAINNET)) return program == 0;
    return program == 1 || !is_cluster(view, DEVNET);
}
