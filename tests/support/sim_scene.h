/* A scene for the simulated market: a table of tokens, a configuration without delays or faults, a
   ledger in a folder of its own, a venue and the chain that it trades on, whose answers are kept. Time
   passes when told to. */
#ifndef DV_TESTS_SIM_SCENE_H
#define DV_TESTS_SIM_SCENE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actors/chain/backend.h"
#include "actors/dex/sim/config.h"
#include "actors/dex/venue.h"
#include "proto/arena.h"
#include "proto/codec.h"
#include "tests/support/mints.h"

#define SCENE_WALL_US 1700000000000000
#define SCENE_NAME_SIZE 128
#define SCENE_SOL UINT64_C(1000000000) /* atoms in a whole one */

#define MINT_BONK "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
#define MINT_UNPRICED "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R"

/* An answer, with what it borrows copied. */
typedef struct scene_answer {
    uint64_t ticket;
    dv_message message;
} scene_answer;

typedef struct scene {
    char folder[SCENE_NAME_SIZE];
    dv_sim_config config;
    dv_confirmation confirmation;
    dv_tokens tokens;
    dv_venue *venue;
    dv_backend *chain;
    dv_time now;
    dv_arena *memory; /* of the answers */
    scene_answer *answers;
    size_t count, capacity;
    dv_venue_out to;
    dv_chain_out chain_to;
    void (*on_answer)(struct scene *scene, const dv_message *message); /* NULL: nothing more */
} scene;

/* A transaction as built: what a caller keeps of it. */
typedef struct scene_swap {
    dv_id order_id;
    uint64_t attempt, last_valid;
    dv_text signature, transaction;
} scene_swap;

static inline void scene_take(void *context, uint64_t ticket, const dv_message *message)
{
    scene *s = context;
    if (s->on_answer) s->on_answer(s, message);
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 64;
        s->answers = realloc(s->answers, s->capacity * sizeof *s->answers);
        ck_assert_ptr_nonnull(s->answers);
    }
    dv_buffer bytes = {0};
    dv_message_encode(message, &bytes);
    dv_text kept = dv_arena_text(s->memory, (dv_text){bytes.bytes, (uint32_t)bytes.size});
    scene_answer *a = &s->answers[s->count++];
    a->ticket = ticket;
    ck_assert_int_eq(dv_message_decode(kept.at, kept.size, s->memory, &a->message), DV_OK);
    dv_buffer_fini(&bytes);
}

static inline void scene_ask_chain(void *context, const dv_message *message)
{
    (void)context;
    ck_abort_msg("a simulated venue asks nothing: %u", message->type);
}

/* What the chain tells the routers reaches the venue at once. */
static inline void scene_publish(void *context, const char *dex, const dv_message *message)
{
    scene *s = context;
    if (dex == NULL || strcmp(dex, s->venue->class->dex) == 0)
        s->venue->class->hear(s->venue, message, s->now, &s->to);
}

static inline void scene_token(scene *s, const char *mint, uint8_t decimals, uint64_t nano_usd)
{
    dv_token *t = &s->tokens.tokens[s->tokens.count++];
    snprintf(t->symbol, sizeof t->symbol, "T%u", s->tokens.count);
    snprintf(t->mint, sizeof t->mint, "%s", mint);
    t->decimals = decimals;
    t->sim_price_nano_usd = nano_usd;
}

static inline scene *scene_new(void)
{
    scene *s = calloc(1, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "/tmp/drover-sim-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->folder));
    snprintf(s->config.sim_ledger, sizeof s->config.sim_ledger, "%s/deep/er/ledger.jsonl",
             s->folder);
    s->config.sim_seed = 1;
    s->config.sim_depth_usd = 1000000000;
    s->config.sim_block_ms = 400;
    s->config.sim_expiry_blocks = 150;
    scene_token(s, SOL, 9, 152350000000);
    scene_token(s, USDC, 6, 1000000000);
    scene_token(s, MINT_BONK, 5, 21300);
    scene_token(s, MINT_UNPRICED, 6, 0);
    s->now = (dv_time){.mono_ns = 5000000000, .wall_us = SCENE_WALL_US};
    s->memory = dv_arena_new();
    s->to = (dv_venue_out){scene_take, scene_ask_chain, s};
    s->chain_to = (dv_chain_out){scene_take, scene_publish, s};
    return s;
}

static inline void scene_open(scene *s, const char *dex)
{
    char why[DV_REASON_MAX] = "";
    s->venue = dv_sim_venue_new(dex, &s->config, &s->tokens);
    ck_assert_ptr_nonnull(s->venue);
    ck_assert_msg(s->venue->class->start(s->venue, s->now, why) == DV_OK, "%s", why);
    s->chain = dv_simulated_new(&s->config, s->confirmation, &s->tokens);
    ck_assert_msg(s->chain->class->start(s->chain, s->now, why) == DV_OK, "%s", why);
}

static inline void scene_close(scene *s)
{
    if (s->venue) s->venue->class->destroy(&s->venue);
    if (s->chain) s->chain->class->destroy(&s->chain);
    ck_assert(s->venue == NULL && s->chain == NULL);
}

static inline void scene_destroy(scene *s)
{
    scene_close(s);
    char path[SCENE_NAME_SIZE + 32];
    unlink(s->config.sim_ledger);
    snprintf(path, sizeof path, "%s/deep/er", s->folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/deep", s->folder);
    rmdir(path);
    rmdir(s->folder);
    dv_arena_destroy(&s->memory);
    free(s->answers);
    free(s);
}

/* The turns of both end; returns the next deadline. */
static inline int64_t scene_tick(scene *s)
{
    int64_t next_ns = s->chain->class->tick(s->chain, s->now, &s->chain_to);
    return dv_min_i64(next_ns, s->venue->class->tick(s->venue, s->now, &s->to));
}

static inline void scene_pass_ms(scene *s, int64_t ms)
{
    s->now.mono_ns += ms * DV_NS_PER_MS;
    s->now.wall_us += ms * DV_US_PER_MS;
    scene_tick(s);
}

static inline dv_id scene_order(uint32_t number)
{
    dv_id id = {{0x01, 0x93}};
    memcpy(&id.bytes[12], &number, sizeof number);
    return id;
}

static inline const scene_answer *scene_last(const scene *s, dv_message_type type)
{
    ck_assert_uint_gt(s->count, 0);
    const scene_answer *a = &s->answers[s->count - 1];
    ck_assert_int_eq(a->message.type, type);
    return a;
}

static inline void scene_ask(scene *s, const char *in, const char *out, dv_swap_mode mode,
                             uint64_t amount, uint32_t order)
{
    dv_quote_request ask = {.order_id = scene_order(order),
                            .attempt = 1,
                            .token_in = dv_text_of(in),
                            .token_out = dv_text_of(out),
                            .swap_mode = mode,
                            .amount = amount};
    s->venue->class->quote(s->venue, order, &ask, s->now, &s->to);
}

/* A quote told at once. */
static inline dv_quote scene_quote(scene *s, const char *in, const char *out, dv_swap_mode mode,
                                   uint64_t amount)
{
    scene_ask(s, in, out, mode, amount, 1);
    return scene_last(s, DV_MSG_quote_reply)->message.quote_reply.quote;
}

static inline dv_build_reply scene_build(scene *s, dv_build_request build)
{
    size_t before = s->count;
    dv_leg leg = {.venue = dv_text_of(s->venue->class->dex)};
    build.legs = &leg;
    build.legs_count = 1;
    s->chain->class->build(s->chain, 7, &build, s->now, &s->chain_to);
    ck_assert_uint_eq(s->count, before + 1);
    return scene_last(s, DV_MSG_build_reply)->message.build_reply;
}

/* Builds the first attempt of an order of ONE_SOL for USDC, which must succeed. */
static inline scene_swap scene_built(scene *s, uint32_t order, dv_swap_mode mode, uint64_t amount,
                                     uint64_t limit_amount)
{
    dv_build_reply built = scene_build(s, (dv_build_request){.order_id = scene_order(order),
                                                             .attempt = 1,
                                                             .token_in = dv_text_of(SOL),
                                                             .token_out = dv_text_of(USDC),
                                                             .swap_mode = mode,
                                                             .amount = amount,
                                                             .limit_amount = limit_amount});
    ck_assert_uint_eq(built.error, DV_OK);
    return (scene_swap){scene_order(order), 1, built.last_valid_block_height, built.signature,
                        built.transaction};
}

/* The same for 1 ONE_SOL at any price. */
static inline scene_swap scene_sell(scene *s, uint32_t order)
{
    return scene_built(s, order, DV_EXACT_IN, SCENE_SOL, 1);
}

/* Sends in a turn that goes on. */
static inline void scene_send_only(scene *s, const scene_swap *swap, uint64_t ticket)
{
    dv_send_request send = {.order_id = swap->order_id,
                            .attempt = swap->attempt,
                            .signature = swap->signature,
                            .transaction = swap->transaction,
                            .last_valid_block_height = swap->last_valid};
    s->chain->class->send(s->chain, ticket, &send, s->now, &s->chain_to);
}

static inline void scene_send(scene *s, const scene_swap *swap, uint64_t ticket)
{
    scene_send_only(s, swap, ticket);
    scene_tick(s);
}

/* What a check tells now. */
static inline dv_status_reply scene_check(scene *s, const scene_swap *swap)
{
    size_t before = s->count;
    dv_status_request check = {.order_id = swap->order_id,
                               .attempt = swap->attempt,
                               .signature = swap->signature,
                               .last_valid_block_height = swap->last_valid};
    s->chain->class->check(s->chain, 9, &check, s->now, &s->chain_to);
    ck_assert_uint_eq(s->count, before + 1);
    return scene_last(s, DV_MSG_status_reply)->message.status_reply;
}

/* The status told last, which must be of this transaction. */
static inline dv_status_reply scene_status(const scene *s, const scene_swap *swap)
{
    dv_status_reply status = scene_last(s, DV_MSG_status_reply)->message.status_reply;
    ck_assert(dv_text_equal(status.signature, swap->signature));
    ck_assert(dv_id_equal(&status.order_id, &swap->order_id));
    ck_assert_uint_eq(status.attempt, swap->attempt);
    return status;
}

/* How many statuses were told so far. */
static inline size_t scene_told(const scene *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) n += s->answers[i].message.type == DV_MSG_status_reply;
    return n;
}

/* How many lines of the ledger hold all of the given texts (NULL-terminated). */
static inline int scene_lines(const scene *s, const char *const texts[])
{
    FILE *file = fopen(s->config.sim_ledger, "r");
    ck_assert_ptr_nonnull(file);
    char line[2048];
    int count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        bool all = true;
        for (size_t i = 0; texts[i] != NULL; i++) all = all && strstr(line, texts[i]) != NULL;
        count += all;
    }
    fclose(file);
    return count;
}

static inline int scene_lines_with(const scene *s, const char *text)
{
    return scene_lines(s, (const char *const[]){text, NULL});
}

#endif
