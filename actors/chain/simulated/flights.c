/* What becomes of a transaction that was sent.

     send ─► flying ─► landed ─► final   in the ledger, then told (unless the answer is to be lost)
       │        │         └────► forked out: as dropped, which is told where it was confirmed
       │        └────► forgotten         its last block passed first: it is dead
       └──► dropped ─► flying            when it is sent again
                 └───► forgotten

   What landed is final at once unless sim_finality_ms says otherwise. The ledger knows only what is
   final: a chain that dies forgets what was not, so that its death is a fork. Which fault befalls a
   transaction is a matter of its signature, so that all sends of it agree. */
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "actors/chain/simulated/simulated.h"
#include "actors/dex/sim/dice.h"

#define LATE_EXTRA_US (1000 * DV_US_PER_MS)  /* a late landing: 3 settle times, and this */
#define LEDGER_AGAIN_NS (1 * DV_NS_PER_MS)   /* the lock is held for microseconds */
#define BROKEN_AGAIN_NS (200 * DV_NS_PER_MS) /* the file could not be written */

#define DROPPED_MAX_US (7 * 86400 * 1000000ll) /* a dropped send is remembered at most so long */

typedef enum fault {
    FAULT_NONE,
    FAULT_LOST_ANSWER, /* lands, but only a check tells */
    FAULT_DROP,        /* the first send never arrives */
    FAULT_LATE,        /* lands much later */
    FAULT_EXPIRE,      /* never lands */
    FAULT_SLIPPAGE,    /* meets a price past its limit */
    FAULT_FORK,        /* lands, and is forked out before it is final */
} fault;

struct dv_sim_flight {
    uint8_t signature[DV_SIM_SIGNATURE_SIZE]; /* the hash's key is its first part */
    dv_timer timer; /* dropped: to be forgotten; landed: to be final; otherwise to land */
    bool dropped;
    bool landed, forked;        /* not in the ledger yet; was forked out, which happens once */
    bool final;                 /* landed, and cannot be forked out any more */
    dv_sim_flight *prev, *next; /* among those that are final */
    dv_sim_fill fill;           /* what it traded, once landed */
    dv_err failed;              /* or why it did not */
    fault fault;
    dv_sim_dex_state *dex;
    uint64_t ticket; /* the last sender's */
    dv_sim_transaction transaction;
    UT_hash_handle hh;
};

/* ---- pure decisions ---- */

static uint64_t signature_dice(const dv_sim_dex_state *dex, const char *purpose,
                               const uint8_t *signature)
{
    return dv_sim_dice(dv_sim_dice_stream(dex->seed, purpose), signature, DV_SIM_SIGNATURE_SIZE);
}

static fault fault_of(const dv_simulated *v, const dv_sim_dex_state *dex, const uint8_t *signature)
{
    const dv_sim_config *c = v->config;
    const struct {
        fault fault;
        uint32_t percent;
    } FAULTS[] = {
        {FAULT_LOST_ANSWER, c->sim_fault_lost_answer_percent},
        {FAULT_DROP, c->sim_fault_drop_percent},
        {FAULT_LATE, c->sim_fault_late_percent},
        {FAULT_EXPIRE, c->sim_fault_expire_percent},
        {FAULT_SLIPPAGE, c->sim_fault_slippage_percent},
        {FAULT_FORK, c->sim_fault_fork_percent},
    };
    uint64_t hit = signature_dice(dex, "fault", signature) % 100;
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        if (hit < FAULTS[i].percent) return FAULTS[i].fault;
        hit -= FAULTS[i].percent;
    }
    return FAULT_NONE;
}

/* How long after its send the transaction lands. A late one still lands before its last block is
   over, if that leaves it any later than it would have been. */
static int64_t settle_us(dv_simulated *v, const dv_sim_flight *f, dv_time now)
{
    uint64_t least_us = (uint64_t)v->config->sim_settle_min_ms * DV_US_PER_MS;
    uint64_t most_us = (uint64_t)v->config->sim_settle_max_ms * DV_US_PER_MS;
    uint64_t bits = signature_dice(f->dex, "settle", f->signature);
    int64_t usual_us = (int64_t)dv_sim_dice_between(bits, least_us, most_us);
    if (f->fault != FAULT_LATE) return usual_us;
    int64_t end_us = dv_sim_height_end_us(&v->heights, f->transaction.last_valid_block_height);
    int64_t last_us = end_us - v->heights.block_us - now.wall_us;
    return dv_max_i64(usual_us, dv_min_i64(3 * usual_us + LATE_EXTRA_US, last_us));
}

static dv_status_reply status_of(const dv_sim_landing *landing)
{
    return (dv_status_reply){
        .outcome = landing->error == DV_OK ? DV_SWAP_FINALIZED : DV_SWAP_FAILED,
        .error = landing->error,
        .amount_in = landing->amount_in,
        .amount_out = landing->amount_out,
    };
}

/* What is known of a flight: nothing that is not in the ledger, unless it traded and that counts.
   Where all is final at once, nothing is ever confirmed without being so. */
static dv_status_reply flight_status(const dv_simulated *v, const dv_sim_flight *f)
{
    bool counts = f->landed && f->failed == DV_OK && v->config->sim_finality_ms > 0 &&
                  v->confirmation == DV_CONFIRMATION_CONFIRMED;
    if (!counts) return (dv_status_reply){.outcome = DV_SWAP_UNKNOWN};
    return (dv_status_reply){.outcome = DV_SWAP_CONFIRMED,
                             .amount_in = f->fill.amount_in,
                             .amount_out = f->fill.amount_out};
}

/* ---- the table of flights ---- */

static dv_sim_flight *flight_find(const dv_simulated *v, const uint8_t *signature)
{
    dv_sim_flight *flight;
    HASH_FIND(hh, v->flights, signature, DV_SIM_KEY_SIZE, flight);
    return flight;
}

static dv_sim_flight *flight_add(dv_simulated *v, const uint8_t *signature,
                                 const dv_sim_transaction *transaction)
{
    dv_sim_flight *f = calloc(1, sizeof *f);
    if (f == NULL) abort();
    memcpy(f->signature, signature, sizeof f->signature);
    f->transaction = *transaction;
    f->dex = dv_simulated_dex(v, dv_text_of(transaction->dex)); /* send saw to that */
    f->fault = fault_of(v, f->dex, signature);
    HASH_ADD(hh, v->flights, signature, DV_SIM_KEY_SIZE, f);
    return f;
}

static void flight_remove(dv_simulated *v, dv_sim_flight *f)
{
    if (f->prev != NULL) DL_DELETE(v->finals, f);
    dv_heap_unset(&v->landings, &f->timer);
    HASH_DEL(v->flights, f);
    free(f);
}

void dv_sim_flight_fini(dv_simulated *cluster)
{
    dv_sim_flight *f, *next;
    HASH_ITER (hh, cluster->flights, f, next) {
        flight_remove(cluster, f);
    }
    dv_heap_fini(&cluster->landings);
}

/* ---- landing ---- */

static void status_tell(const dv_chain_out *out, uint64_t ticket, const dv_id *order_id,
                        uint64_t attempt, dv_text signature, dv_status_reply status)
{
    status.order_id = *order_id;
    status.attempt = attempt;
    status.signature = signature;
    out->answer(out->context, ticket,
                &(dv_message){.type = DV_MSG_status_reply, .status_reply = status});
}

/* What the transaction does to its pool now; an error if it fails on chain. */
static dv_err execute(const dv_sim_flight *f, dv_time now, dv_sim_pool **ret_pool,
                      dv_sim_fill *ret_fill, dv_sim_moved *ret_moved)
{
    const dv_sim_transaction *t = &f->transaction;
    dv_sim_swap swap = {.exact_out = t->swap_mode == DV_EXACT_OUT, .amount = t->amount};
    *ret_pool = dv_sim_pools_find(&f->dex->pools, dv_text_of(t->token_in), dv_text_of(t->token_out),
                                  &swap.x_to_y);
    assert(*ret_pool != NULL); /* send saw to that */
    if (f->fault == FAULT_SLIPPAGE) return DV_VENUE_SLIPPAGE_EXCEEDED;
    dv_err error =
        dv_sim_pools_swap(&f->dex->pools, *ret_pool, &swap, now.wall_us, ret_fill, ret_moved);
    if (error != DV_OK) return error;
    bool past = swap.exact_out ? ret_fill->amount_in > t->limit_amount
                               : ret_fill->amount_out < t->limit_amount;
    return past ? DV_VENUE_SLIPPAGE_EXCEEDED : DV_OK;
}

/* Tells whoever sent it last, unless the answer is to be lost. */
static void sender_tell(const dv_sim_flight *f, dv_status_reply status, const dv_chain_out *out)
{
    if (f->fault == FAULT_LOST_ANSWER) return;
    const dv_sim_transaction *t = &f->transaction;
    char name[DV_BASE58_TEXT_SIZE];
    dv_text signature = {name, dv_base58_encode(f->signature, sizeof f->signature, name)};
    status_tell(out, f->ticket, &t->order_id, t->attempt, signature, status);
}

/* Loses a transaction, and remembers that until it has expired. */
static void drop(dv_simulated *v, dv_sim_flight *f, dv_time now)
{
    f->dropped = true;
    int64_t end_us = dv_sim_height_end_us(&v->heights, f->transaction.last_valid_block_height);
    int64_t left_us = dv_max_i64(dv_min_i64(end_us - now.wall_us, DROPPED_MAX_US), 0);
    dv_heap_set(&v->landings, &f->timer, now.mono_ns + left_us * DV_NS_PER_US);
}

/* What landed is to be in the ledger when the turn ends. */
static void finalize(dv_simulated *v, dv_sim_flight *f)
{
    f->final = true;
    DL_APPEND(v->finals, f);
}

/* Ends the flights that are final: first the ledger's lines, then the answers. */
static void finals_write(dv_simulated *v, dv_time now, const dv_chain_out *out)
{
    dv_sim_flight *f, *next;
    DL_FOREACH(v->finals, f)
    {
        dv_sim_ledger_add(&v->ledger, f->signature, &f->transaction, f->fill.amount_in,
                          f->fill.amount_out, f->failed, now.wall_us);
    }
    uint32_t written = dv_sim_ledger_write(&v->ledger);
    int64_t wait_ns = v->ledger.broken ? BROKEN_AGAIN_NS : LEDGER_AGAIN_NS;
    DL_FOREACH_SAFE(v->finals, f, next)
    {
        if (written > 0) {
            written--;
            sender_tell(f, status_of(dv_sim_ledger_find(&v->ledger, f->signature)), out);
            flight_remove(v, f);
        } else {
            DL_DELETE(v->finals, f);
            f->prev = NULL;
            dv_heap_set(&v->landings, &f->timer, now.mono_ns + wait_ns);
        }
    }
}

/* What landed becomes final, or is forked out. Its fill stays in the pool: arbitrage sees to that.
 */
static void mature(dv_simulated *v, dv_sim_flight *f, dv_time now, const dv_chain_out *out)
{
    if (f->final || f->fault != FAULT_FORK || f->forked) {
        finalize(v, f);
        return;
    }
    bool told = flight_status(v, f).outcome == DV_SWAP_CONFIRMED;
    f->landed = false;
    f->forked = true;
    drop(v, f, now);
    if (told) sender_tell(f, (dv_status_reply){.outcome = DV_SWAP_SUPERSEDED}, out);
}

/* Lands a flight, or forgets it when it is too late. */
static void land(dv_simulated *v, dv_sim_flight *f, dv_time now, const dv_chain_out *out)
{
    const dv_sim_transaction *t = &f->transaction;
    uint32_t finality_ms = v->config->sim_finality_ms;
    if (dv_sim_height_at(&v->heights, now.wall_us) > t->last_valid_block_height) {
        flight_remove(v, f);
        return;
    }
    dv_sim_pool *pool;
    dv_sim_moved moved;
    f->failed = execute(f, now, &pool, &f->fill, &moved);
    bool traded = f->failed == DV_OK;
    if (!traded) {
        bool exact_out = t->swap_mode == DV_EXACT_OUT;
        f->fill = (dv_sim_fill){exact_out ? 0 : t->amount, exact_out ? t->amount : 0, 0};
    }
    if (traded) {
        pool->moved = moved;
        pool->is_news = v->moved = true;
    }
    f->landed = true;
    if (finality_ms == 0) {
        finalize(v, f);
        return;
    }
    dv_heap_set(&v->landings, &f->timer, now.mono_ns + finality_ms * DV_NS_PER_MS);
    dv_status_reply status = flight_status(v, f);
    if (status.outcome == DV_SWAP_CONFIRMED) sender_tell(f, status, out);
}

int64_t dv_sim_flight_tick(dv_simulated *cluster, dv_time now, const dv_chain_out *out)
{
    dv_timer *timer;
    while ((timer = dv_heap_pop_due(&cluster->landings, now.mono_ns)) != NULL) {
        dv_sim_flight *f = DV_TIMER_OWNER(timer, dv_sim_flight, timer);
        if (f->dropped)
            flight_remove(cluster, f);
        else if (f->landed)
            mature(cluster, f, now, out);
        else
            land(cluster, f, now, out);
    }
    finals_write(cluster, now, out);
    return dv_heap_next(&cluster->landings);
}

/* ---- sending and checking ---- */

static void fly(dv_simulated *v, dv_sim_flight *f, dv_time now, const dv_chain_out *out)
{
    f->dropped = false;
    int64_t delay_us = settle_us(v, f, now);
    if (delay_us == 0)
        land(v, f, now, out);
    else
        dv_heap_set(&v->landings, &f->timer, now.mono_ns + delay_us * DV_NS_PER_US);
}

/* Takes in a transaction that is neither in the ledger nor dead. */
static void arrive(dv_simulated *v, const uint8_t *signature, const dv_sim_transaction *transaction,
                   uint64_t ticket, dv_time now, const dv_chain_out *out)
{
    dv_sim_flight *f = flight_find(v, signature);
    if (f != NULL) {
        f->ticket = ticket;
        if (f->dropped) fly(v, f, now, out);
        return;
    }
    const dv_sim_dex_state *dex = dv_simulated_dex(v, dv_text_of(transaction->dex));
    if (fault_of(v, dex, signature) == FAULT_EXPIRE) return;
    f = flight_add(v, signature, transaction);
    f->ticket = ticket;
    if (f->fault == FAULT_DROP)
        drop(v, f, now);
    else
        fly(v, f, now, out);
}

/* Reads what was sent; NULL, or why it is no transaction of this chain under this signature. */
static const char *send_read(dv_simulated *v, const dv_send_request *send, dv_sim_transaction *ret,
                             uint8_t ret_signature[DV_SIM_SIGNATURE_SIZE])
{
    uint8_t signature[DV_SIM_SIGNATURE_SIZE];
    bool x_to_y;
    if (!dv_sim_transaction_decode(send->transaction, ret))
        return "the bytes are no transaction of this chain";
    dv_sim_dex_state *dex = dv_simulated_dex(v, dv_text_of(ret->dex));
    if (dex == NULL) return "the transaction is for a DEX that is not simulated";
    dv_sim_sign(send->transaction, signature);
    if (!dv_base58_decode(send->signature, ret_signature, DV_SIM_SIGNATURE_SIZE) ||
        memcmp(signature, ret_signature, sizeof signature) != 0)
        return "the signature does not belong to the bytes";
    if (dv_sim_pools_find(&dex->pools, dv_text_of(ret->token_in), dv_text_of(ret->token_out),
                          &x_to_y) == NULL)
        return "the transaction is for a pool that is gone";
    return NULL;
}

/* What is known of a transaction. landed: whoever asks was told that it is confirmed. */
static dv_status_reply known(dv_simulated *v, const uint8_t *signature, uint64_t last_valid,
                             bool landed, dv_time now)
{
    const dv_sim_landing *landing = dv_sim_ledger_find(&v->ledger, signature);
    const dv_sim_flight *f = flight_find(v, signature);
    if (landing != NULL) return status_of(landing);
    if (f != NULL && f->landed) return flight_status(v, f);
    if (last_valid > 0 && dv_sim_height_at(&v->heights, now.wall_us) > last_valid)
        return (dv_status_reply){.outcome = DV_SWAP_DEAD, .error = DV_VENUE_TRANSACTION_EXPIRED};
    bool forked = landed && (f == NULL || f->dropped);
    return (dv_status_reply){.outcome = forked ? DV_SWAP_SUPERSEDED : DV_SWAP_UNKNOWN};
}

void dv_sim_flight_send(dv_backend *backend, uint64_t ticket, const dv_send_request *send,
                        dv_time now, const dv_chain_out *out)
{
    dv_simulated *v = (dv_simulated *)backend;
    dv_sim_transaction t;
    uint8_t signature[DV_SIM_SIGNATURE_SIZE];
    const char *refused = send_read(v, send, &t, signature);
    dv_status_reply status;
    if (refused != NULL) {
        /* The right bytes may still be on their way: this proves nothing. */
        status = (dv_status_reply){.outcome = DV_SWAP_UNKNOWN,
                                   .error = DV_VENUE_OUTCOME_UNKNOWN,
                                   .error_text = dv_text_of(refused)};
    } else {
        status = known(v, signature, t.last_valid_block_height, send->relied_on != 0, now);
        bool in_ledger = status.outcome == DV_SWAP_FINALIZED || status.outcome == DV_SWAP_FAILED;
        bool is_open = status.outcome == DV_SWAP_UNKNOWN || status.outcome == DV_SWAP_CONFIRMED;
        if (is_open) arrive(v, signature, &t, ticket, now, out);
        bool news = in_ledger || (status.outcome == DV_SWAP_CONFIRMED && !send->relied_on);
        const dv_sim_dex_state *dex = dv_simulated_dex(v, dv_text_of(t.dex));
        bool lost = news && fault_of(v, dex, signature) == FAULT_LOST_ANSWER;
        if (lost || (is_open && !news)) return;
    }
    status_tell(out, ticket, &send->order_id, send->attempt, send->signature, status);
}

void dv_sim_flight_check(dv_backend *backend, uint64_t ticket, const dv_status_request *check,
                         dv_time now, const dv_chain_out *out)
{
    dv_simulated *v = (dv_simulated *)backend;
    uint8_t signature[DV_SIM_SIGNATURE_SIZE];
    dv_status_reply status = {.outcome = DV_SWAP_UNKNOWN};
    /* What the transaction itself says counts for more than what the asker was told. Of one that is
       not named, or whose last height is not known, nothing is proven. */
    if (dv_base58_decode(check->signature, signature, sizeof signature)) {
        const dv_sim_flight *f = flight_find(v, signature);
        uint64_t last_valid =
            f ? f->transaction.last_valid_block_height : check->last_valid_block_height;
        status = known(v, signature, last_valid, check->relied_on != 0, now);
    }
    status_tell(out, ticket, &check->order_id, check->attempt, check->signature, status);
}
