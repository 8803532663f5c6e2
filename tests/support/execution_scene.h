/* A scene for the execution actor alone: one order, two routers, their chain, and what they say. */
#ifndef DV_TESTS_EXECUTION_SCENE_H
#define DV_TESTS_EXECUTION_SCENE_H

#include "actors/execution/execution.h"
#include "actors/topology.h"
#include "proto/view.h"
#include "tests/support/mints.h"
#include "tests/support/stage.h"

#define ASSIGN DV_PORT(DV_LINK_assign, 0)
#define WRITE DV_PORT(DV_LINK_write, 0)
#define SCHEDULE DV_PORT(DV_LINK_schedule, 0)
#define RAYDIUM DV_PORT(DV_LINK_quote, 0)
#define METEORA DV_PORT(DV_LINK_quote, 1)
#define CHAIN DV_PORT(DV_LINK_chain, DV_CHAIN_solana) /* of both DEXs */

#define RETRY_SWEEP_MS 2000

static dv_execution_config config;
static dv_tokens tokens;
static stage *s;
static const dv_id ORDER = {{1, 2, 3}};

static inline void setup(void)
{
    char why[256];
    dv_config_set_defaults(&DV_EXECUTION_SECTION, &config);
    ck_assert_int_eq(dv_tokens_load("conf/tokens.conf", &tokens, why), DV_OK);
    config.retry_jitter_percent = 0;
    static const uint8_t CHAINS[DV_DEX_COUNT] = {DV_CHAIN_solana, DV_CHAIN_solana};
    s = stage_new(&DV_EXECUTION_CLASS,
                  dv_execution_new(&config, RETRY_SWEEP_MS, &tokens, CHAINS, "execution@a", 7));
}

static inline void teardown(void)
{
    stage_destroy(s);
}

static inline dv_terms terms(void)
{
    return (dv_terms){.order_id = ORDER,
                      .order_type = DV_ORDER_MARKET,
                      .swap_mode = DV_EXACT_IN,
                      .token_in = dv_text_of(SOL),
                      .token_out = dv_text_of(USDC),
                      .amount = 1000000000,
                      .slippage_bps = 100,
                      .created_at_us = 1};
}

static inline void assign(void)
{
    stage_receive(s, ASSIGN, "ingest",
                  (dv_message){.type = DV_MSG_assign_order,
                               .assign_order.job = {
                                   .terms = terms(), .state = DV_STATE_pending, .epoch = 1}});
}

/* Answers the step that the actor sent last; checks what it was. */
static inline const dv_step_request *commit(dv_state from, dv_state to, uint8_t attempt)
{
    const dv_step_request *step = &stage_expect(s, DV_MSG_step_request)->message.step_request;
    ck_assert_str_eq(dv_state_name((uint8_t)step->from_state), dv_state_name(from));
    ck_assert_str_eq(dv_state_name((uint8_t)step->to_state), dv_state_name(to));
    ck_assert_uint_eq(step->attempt.number, attempt);
    stage_receive(s, WRITE, "",
                  (dv_message){.type = DV_MSG_step_reply,
                               .step_reply = {.order_id = step->order_id,
                                              .to_state = step->to_state,
                                              .attempt = step->attempt.number,
                                              .epoch = step->epoch}});
    return step;
}

static inline void tell_quote(dv_port port, uint8_t attempt, dv_err error, uint64_t amount_out)
{
    stage_receive(s, port, "",
                  (dv_message){.type = DV_MSG_quote_reply,
                               .quote_reply = {.order_id = ORDER,
                                               .attempt = attempt,
                                               .quote = {.venue = dv_text_of("whoever"),
                                                         .error = error,
                                                         .amount_in = 1000000000,
                                                         .amount_out = amount_out,
                                                         .fee_ppm = 2500,
                                                         .pool = dv_text_of("pool")}}});
}

static inline void tell_leg(dv_port port, uint8_t attempt, dv_err error)
{
    stage_receive(s, port, "",
                  (dv_message){.type = DV_MSG_leg_reply,
                               .leg_reply = {.order_id = ORDER,
                                             .attempt = attempt,
                                             .error = error,
                                             .leg = {.venue = dv_text_of("meteora"),
                                                     .data = dv_text_of("swap")}}});
}

static inline void tell_built(uint8_t attempt, dv_err error)
{
    stage_receive(s, CHAIN, "",
                  (dv_message){.type = DV_MSG_build_reply,
                               .build_reply = {.order_id = ORDER,
                                               .attempt = attempt,
                                               .error = error,
                                               .signature = dv_text_of("signature"),
                                               .transaction = {"\1\2\3", 3},
                                               .last_valid_block_height = 99}});
}

static inline void tell_status(dv_swap_outcome outcome, dv_err error)
{
    stage_receive(s, CHAIN, "",
                  (dv_message){.type = DV_MSG_status_reply,
                               .status_reply = {.order_id = ORDER,
                                                .attempt = 1,
                                                .signature = dv_text_of("signature"),
                                                .outcome = outcome,
                                                .error = error,
                                                .amount_in = 1000000000,
                                                .amount_out = 150000000}});
}

/* Takes the order to a state of its first attempt, Meteora having the better quote. */
static inline void advance(dv_state state)
{
    assign();
    commit(DV_STATE_pending, DV_STATE_routing, 1);
    if (state == DV_STATE_routing) return;
    tell_quote(RAYDIUM, 1, DV_OK, 150000000);
    tell_quote(METEORA, 1, DV_OK, 153000000);
    commit(DV_STATE_routing, DV_STATE_building, 1);
    if (state == DV_STATE_building) return;
    tell_leg(METEORA, 1, DV_OK);
    tell_built(1, DV_OK);
    commit(DV_STATE_building, DV_STATE_submitted, 1);
}

#endif
