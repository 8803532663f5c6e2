#include "proto/state.h"

#include <stddef.h>

#define BIT(name) (1u << DV_STATE_##name)

static const struct {
    const char *name;
    bool terminal;
    dv_state shown;
} STATES[DV_STATE_COUNT] = {[DV_STATE_NONE] = {"none", false, DV_STATE_NONE},
#define ROW(number, name, terminal, shown) [number] = {#name, terminal, DV_STATE_##shown},
                            DV_STATES(ROW)
#undef ROW
};

static const unsigned MOVES[DV_STATE_COUNT] = {
    [DV_STATE_NONE] = BIT(pending),
    [DV_STATE_pending] = BIT(watching) | BIT(routing) | BIT(cancelled) | BIT(failed),
    [DV_STATE_watching] = BIT(routing) | BIT(cancelled) | BIT(expired) | BIT(failed),
    [DV_STATE_routing] = BIT(building) | BIT(routing) | BIT(failed),
    [DV_STATE_building] = BIT(submitted) | BIT(routing) | BIT(failed),
    [DV_STATE_submitted] = BIT(confirmed) | BIT(finalized) | BIT(routing) | BIT(failed),
    [DV_STATE_confirmed] = BIT(finalized) | BIT(superseded),
    [DV_STATE_superseded] = BIT(finalized) | BIT(routing) | BIT(failed),
};

const char *dv_state_name(uint8_t state)
{
    return STATES[state < DV_STATE_COUNT ? state : DV_STATE_NONE].name;
}

dv_state dv_state_of(dv_text name)
{
    for (uint8_t state = DV_STATE_NONE + 1; state < DV_STATE_COUNT; state++)
        if (dv_text_is(name, STATES[state].name)) return (dv_state)state;
    return DV_STATE_NONE;
}

dv_state dv_state_shown(uint8_t state)
{
    return STATES[state < DV_STATE_COUNT ? state : DV_STATE_NONE].shown;
}

bool dv_state_terminal(uint8_t state)
{
    return state < DV_STATE_COUNT && STATES[state].terminal;
}

bool dv_state_is_sent(uint8_t state)
{
    const unsigned sent = BIT(submitted) | BIT(confirmed) | BIT(superseded);
    return state < DV_STATE_COUNT && (sent & (1u << state)) != 0;
}

bool dv_state_may_move(uint8_t from, uint8_t to)
{
    return from < DV_STATE_COUNT && to < DV_STATE_COUNT && (MOVES[from] & (1u << to)) != 0;
}
