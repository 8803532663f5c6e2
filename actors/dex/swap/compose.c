#include "actors/dex/swap/compose.h"

#include <stdio.h>
#include <stdlib.h>

#include "actors/solana/builders.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "proto/message.h"

#define TOKEN_ACCOUNT_SIZE 165
#define INSTRUCTIONS_MAX 10
#define ARRAYS_THAT_FIT 4    /* whatever else is in the transaction */
#define ERROR_TOKEN_FUNDS 1  /* spl-token's InsufficientFunds, as programs hand it on */
#define ERROR_SYSTEM_FUNDS 1 /* SystemError::ResultWithNegativeLamports */
enum { UNIT_LIMIT = 0 };     /* the first instruction */

/* ---- addresses --------------------------------------------------------------------------- */

/* The seed of an order: its id in base58, at most 22 characters. */
typedef struct order_seed {
    char text[DV_BASE58_TEXT_SIZE];
} order_seed;

static order_seed seed_of(const dv_id *order_id)
{
    order_seed seed;
    dv_base58_encode(order_id->bytes, sizeof order_id->bytes, seed.text);
    return seed;
}

static bool is_sol(const dv_pubkey *mint)
{
    return dv_pubkey_equal(mint, &DV_MINT_WSOL);
}

/* ---- compiling --------------------------------------------------------------------------- */

/* The instructions of a transaction, as they are put together. */
typedef struct recipe {
    const dv_swap_leg *leg;
    const dv_swap_order *order;
    dv_swap_layout layout;
    dv_lamports wrapped; /* of the account of wrapped SOL: its rent, and what is paid */
    uint32_t count;
    dv_instruction at[INSTRUCTIONS_MAX];
} recipe;

static dv_instruction *next(recipe *r)
{
    assert(r->count < INSTRUCTIONS_MAX);
    return &r->at[r->count++];
}

static void add_guard(recipe *r)
{
    const dv_swap_order *o = r->order;
    order_seed seed = seed_of(&o->order_id);
    r->layout.guard = UINT8_MAX;
    if (!o->has_guard) return;
    r->layout.guard = (uint8_t)r->count;
    dv_ix_create_with_seed(&(dv_seeded_account){.payer = o->wallet,
                                                .owner = DV_PROGRAM_SYSTEM,
                                                .seed = dv_text_of(seed.text),
                                                .lamports = o->guard_rent},
                           next(r));
}

/* An account of the order's own for SOL. */
static void add_wrapped(recipe *r)
{
    const dv_swap_order *o = r->order;
    order_seed seed = seed_of(&o->order_id);
    dv_pubkey account = dv_swap_wrapped_address(&o->wallet, &o->order_id);
    dv_ix_create_with_seed(&(dv_seeded_account){.payer = o->wallet,
                                                .owner = DV_PROGRAM_TOKEN,
                                                .seed = dv_text_of(seed.text),
                                                .lamports = r->wrapped,
                                                .space = TOKEN_ACCOUNT_SIZE},
                           next(r));
    dv_ix_initialize_account(&account, &DV_MINT_WSOL, &o->wallet, &DV_PROGRAM_TOKEN, next(r));
}

static void add_accounts(recipe *r)
{
    const dv_swap_order *o = r->order;
    const dv_swap_ask *ask = &o->ask;
    if (is_sol(&ask->mint_in)) add_wrapped(r);
    if (is_sol(&ask->mint_out))
        add_wrapped(r);
    else if (!r->leg->out_exists)
        dv_ix_create_ata(&o->wallet, &o->wallet, &ask->mint_out, &r->leg->program_out, next(r));
    r->layout.account_in =
        dv_swap_account(&o->wallet, &o->order_id, &ask->mint_in, &r->leg->program_in);
    r->layout.account_out =
        dv_swap_account(&o->wallet, &o->order_id, &ask->mint_out, &r->leg->program_out);
}

/* What may be left out when the transaction is too large: each leaves out what it says and all that
   comes before it. */
typedef enum leave_out { NOTHING, BACK, MEMO, SPARE_1, SPARE_2 } leave_out;
_Static_assert(SPARE_2 - MEMO == DV_SWAP_SPARES, "every spare may be left out");

static void add_back(recipe *r)
{
    const dv_swap_order *o = r->order;
    order_seed seed = seed_of(&o->back_id);
    dv_ix_take_back(&(dv_seeded_account){.payer = o->wallet,
                                         .owner = DV_PROGRAM_SYSTEM,
                                         .seed = dv_text_of(seed.text),
                                         .lamports = o->guard_rent},
                    next(r));
}

static void add_end(recipe *r, leave_out out)
{
    const dv_swap_order *o = r->order;
    if (is_sol(&o->ask.mint_in) || is_sol(&o->ask.mint_out)) {
        dv_pubkey account = dv_swap_wrapped_address(&o->wallet, &o->order_id);
        dv_ix_close_account(&account, &o->wallet, &o->wallet, &DV_PROGRAM_TOKEN, next(r));
    }
    if (out < BACK && o->takes_back) add_back(r);
    if (out >= MEMO || !o->has_memo) return;
    char id[DV_ID_TEXT_SIZE], memo[DV_ID_TEXT_SIZE + 8];
    dv_id_format(&o->order_id, id);
    snprintf(memo, sizeof memo, "%s:%u", id, o->attempt);
    dv_ix_memo(dv_text_of(memo), NULL, next(r));
}

/* The swap, without as many of its spare accounts as are left out. */
static void add_swap(recipe *r, leave_out out)
{
    uint32_t less = out > MEMO ? out - MEMO : 0;
    dv_instruction *swap = next(r);
    *swap = r->leg->instruction;
    swap->account_count -= less < r->leg->spares ? less : r->leg->spares;
}

static void add_all(recipe *r, leave_out out)
{
    const dv_swap_order *o = r->order;
    r->count = 0;
    dv_ix_compute_unit_limit(o->units, next(r));
    if (o->unit_price > 0) dv_ix_compute_unit_price(o->unit_price, next(r));
    add_guard(r);
    add_accounts(r);
    r->layout.swap = (uint8_t)r->count;
    add_swap(r, out);
    add_end(r, out);
}

static dv_err compile(recipe *r, leave_out out, dv_transaction *ret, dv_refusal *ret_refusal)
{
    add_all(r, out);
    dv_transaction_plan plan = {.version = DV_TRANSACTION_V0,
                                .payer = r->order->wallet,
                                .blockhash = r->order->blockhash,
                                .instructions = r->at,
                                .instruction_count = r->count};
    dv_err err = dv_transaction_compile(&plan, ret);
    if (err == DV_MESSAGE_TOO_LARGE && out < SPARE_2) return compile(r, out + 1, ret, ret_refusal);
    if (err)
        return dv_refuse(ret_refusal, DV_VENUE_BUILD_FAILED, DV_PROGRAM_ERROR_NONE,
                         "the swap's transaction does not fit a packet");
    return DV_OK;
}

/* The atoms of wrapped SOL are lamports. */
static dv_lamports paid(const dv_swap_ask *ask)
{
    if (!is_sol(&ask->mint_in)) return (dv_lamports){0};
    return (dv_lamports){ask->mode == DV_SWAP_EXACT_OUT ? ask->limit : ask->amount};
}

dv_err dv_swap_compile(const dv_swap_leg *leg, const dv_swap_order *order,
                       dv_transaction *ret_transaction, dv_swap_layout *ret_layout,
                       dv_refusal *ret_refusal)
{
    recipe *r = malloc(sizeof *r); /* instructions are large */
    if (r == NULL) abort();
    r->leg = leg;
    r->order = order;
    dv_err err;
    if (dv_lamports_add(order->wrapped_rent, paid(&order->ask), &r->wrapped))
        err = compile(r, NOTHING, ret_transaction, ret_refusal);
    else
        err = dv_refuse(ret_refusal, DV_VENUE_FUNDS_INSUFFICIENT, DV_PROGRAM_ERROR_NONE,
                        "no wallet has so much SOL");
    if (err == DV_OK) *ret_layout = r->layout;
    free(r);
    return err;
}

bool dv_swap_fits(const dv_pool *pool, const dv_swap_order *order, const dv_chain_clock *clock,
                  bool out_exists, uint32_t arrays)
{
    dv_swap_leg leg;
    dv_transaction transaction;
    dv_swap_layout layout;
    dv_refusal refusal;
    dv_swap_party party = {order->wallet, order->order_id, out_exists};
    return arrays <= ARRAYS_THAT_FIT ||
           (dv_swap_leg_make(pool, &order->ask, clock, &party, &leg, &refusal) == DV_OK &&
            dv_swap_compile(&leg, order, &transaction, &layout, &refusal) == DV_OK);
}

void dv_swap_set_units(dv_transaction *transaction, uint32_t units)
{
    dv_transaction_view view;
    dv_err err = dv_transaction_decode(transaction->bytes, transaction->size, &view);
    assert(err == DV_OK); /* we compiled it */
    const dv_instruction_view *limit = &view.instructions[UNIT_LIMIT];
    uint8_t *at = transaction->bytes + (limit->data - transaction->bytes) + 1;
    for (uint32_t i = 0; i < 4; i++) at[i] = (uint8_t)(units >> (8 * i));
}

/* ---- what it did ------------------------------------------------------------------------- */

void dv_swap_simulated(const dv_simulation *simulation, const dv_swap_layout *layout,
                       const dv_swap_leg *leg, uint64_t *ret_in, uint64_t *ret_out)
{
    *ret_in = *ret_out = 0;
    for (uint32_t i = 0; i < simulation->move_count; i++) {
        const dv_token_move *m = &simulation->moves[i];
        if (m->instruction != layout->swap) continue;
        if (dv_pubkey_equal(&m->source, &layout->account_in)) *ret_in += m->amount;
        if (!dv_pubkey_equal(&m->destination, &layout->account_out)) continue;
        uint64_t withheld = m->withheld;
        if (withheld == 0) withheld = dv_transfer_fee_ceil(&leg->out_fee, m->amount);
        *ret_out += m->amount - withheld;
    }
}

static dv_pubkey program_of(const dv_transaction_view *view, uint32_t instruction)
{
    return dv_pubkey_at(view->keys + view->instructions[instruction].program * DV_PUBKEY_SIZE);
}

/* The instruction of a venue's program; false: there is none. */
static bool find_swap(const dv_transaction_view *view, uint8_t *ret_index)
{
    for (uint8_t i = 0; i < view->instruction_count; i++) {
        dv_pubkey program = program_of(view, i);
        if (dv_pool_class_of(&program) == NULL) continue;
        *ret_index = i;
        return true;
    }
    return false;
}

dv_err dv_swap_landed(const dv_landed *landed, const dv_pubkey *wallet, const dv_id *order_id,
                      uint64_t *ret_in, uint64_t *ret_out)
{
    dv_transaction_view view;
    uint8_t swap;
    uint64_t in = 0, out = 0;
    if (dv_transaction_decode(landed->transaction.bytes, landed->transaction.size, &view) !=
            DV_OK ||
        !find_swap(&view, &swap))
        return DV_VENUE_BUILD_FAILED;
    dv_pubkey wrapped = dv_swap_wrapped_address(wallet, order_id);
    for (uint32_t i = 0; i < landed->change_count; i++) {
        const dv_token_change *c = &landed->changes[i];
        if (!dv_pubkey_equal(&c->owner, wallet)) continue;
        if (c->before > c->after) in += c->before - c->after;
        if (c->after > c->before) out += c->after - c->before;
    }
    for (uint32_t i = 0; i < landed->move_count; i++) {
        const dv_token_move *m = &landed->moves[i];
        if (m->instruction != swap) continue;
        if (dv_pubkey_equal(&m->source, &wrapped)) in += m->amount;
        if (dv_pubkey_equal(&m->destination, &wrapped)) out += m->amount;
    }
    if (in == 0 || out == 0) return DV_VENUE_BUILD_FAILED;
    *ret_in = in;
    *ret_out = out;
    return DV_OK;
}

/* ---- why it failed ----------------------------------------------------------------------- */

static dv_err class_error(const dv_pool_class *class, uint32_t code, dv_err other)
{
    if (code == class->error_limit_out || code == class->error_limit_in)
        return DV_VENUE_SLIPPAGE_EXCEEDED;
    return code == ERROR_TOKEN_FUNDS ? DV_VENUE_FUNDS_INSUFFICIENT : other;
}

static dv_err instruction_error(const dv_failure *f, const dv_transaction_view *view, dv_err other,
                                char *ret_text)
{
    if (f->instruction >= view->instruction_count) return other;
    dv_pubkey program = program_of(view, f->instruction);
    const dv_pool_class *class = dv_pool_class_of(&program);
    bool is_system = dv_pubkey_equal(&program, &DV_PROGRAM_SYSTEM);
    const char *name = class ? class->name : is_system ? "the system program" : "a program";
    if (!f->is_custom) {
        snprintf(ret_text, DV_REASON_MAX + 1, "instruction %u, of %s, failed with %s",
                 f->instruction, name, f->name);
        return other;
    }
    snprintf(ret_text, DV_REASON_MAX + 1, "instruction %u, of %s, failed with its error %u",
             f->instruction, name, f->custom);
    if (class != NULL) return class_error(class, f->custom, other);
    if (is_system && f->custom == DV_SYSTEM_ALREADY_IN_USE) return DV_VENUE_ORDER_GUARDED;
    return is_system && f->custom == ERROR_SYSTEM_FUNDS ? DV_VENUE_FUNDS_INSUFFICIENT : other;
}

dv_err dv_swap_failure(const dv_failure *failure, const uint8_t *transaction, size_t size,
                       dv_err other, char *ret_text)
{
    dv_transaction_view view;
    snprintf(ret_text, DV_REASON_MAX + 1, "%s", failure->name);
    if (failure->in_instruction && dv_transaction_decode(transaction, size, &view) == DV_OK)
        return instruction_error(failure, &view, other, ret_text);
    static const char *const POOR[] = {"AccountNotFound", "InsufficientFundsForFee",
                                       "InsufficientFundsForRent"};
    for (size_t i = 0; i < sizeof POOR / sizeof POOR[0]; i++)
        if (strcmp(failure->name, POOR[i]) == 0) return DV_VENUE_FUNDS_INSUFFICIENT;
    return strcmp(failure->name, "BlockhashNotFound") == 0 ? DV_CHAIN_BEHIND : other;
}
