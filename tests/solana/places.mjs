// Where an engine that trades on Solana is made to die: what has come in or is about to leave, in the
// order of an attempt, as failpoints name it (actors/base/failpoint.h). The numbers count messages of
// an order: its steps are routing, building, submitted, landed, confirmed.

export function placesOf(dex) {
  const router = `router:${dex}`;
  return [
    `${router}:quote_ask:handled:1`,
    'execution:quote_told:taken:1',
    'persistence:order_step:taken:2',
    'persistence:step_done:sending:2',
    `${router}:swap_build:taken:1`,
    `${router}:swap_build:handled:1`,
    `${router}:swap_built:sending:1`,
    'execution:swap_built:taken:1',
    'execution:sign_ask:sending:1',
    'signer:sign_ask:taken:1',
    'signer:sign_ask:handled:1',
    'signer:sign_told:sending:1',
    'signer:sign_told:sent:1',
    'execution:sign_told:taken:1',
    'execution:sign_told:handled:1',
    'execution:order_step:sending:3',
    'persistence:order_step:taken:3',
    'persistence:step_done:sending:3',
    'execution:step_done:taken:3',
    'execution:step_done:handled:3',
    'execution:swap_send:sending:1',
    `${router}:swap_send:taken:1`,
    `${router}:swap_send:handled:1`,
    `${router}:swap_send:sent:1`,
    `${router}:swap_status:sending:1`,
    `${router}:swap_status:sending:2`,
    'execution:swap_status:handled:2',
    'persistence:order_step:taken:4',
    'persistence:step_done:sending:4',
    'execution:step_done:taken:4',
    'execution:step_done:handled:4',
    'persistence:order_step:taken:5',
    'persistence:step_done:sending:5',
    'execution:step_done:taken:5',
  ];
}
