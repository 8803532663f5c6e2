// Where an engine that trades on Solana is made to die: what has come in or is about to leave, in the
// order of an attempt, as failpoints name it (actors/base/failpoint.h). The numbers count messages of
// an order: its steps are routing, building, submitted, confirmed, finalized.

export function placesOf(dex) {
  const router = `router:${dex}`;
  const chain = 'chain:solana';
  return [
    `${router}:quote_request:handled:1`,
    'execution:quote_reply:taken:1',
    'persistence:step_request:taken:2',
    'persistence:step_reply:sending:2',
    `${router}:leg_request:taken:1`,
    `${router}:leg_reply:sending:1`,
    'execution:leg_reply:taken:1',
    `${chain}:build_request:taken:1`,
    `${chain}:build_request:handled:1`,
    `${chain}:build_reply:sending:1`,
    'execution:build_reply:taken:1',
    'execution:sign_request:sending:1',
    'signer:sign_request:taken:1',
    'signer:sign_request:handled:1',
    'signer:sign_reply:sending:1',
    'signer:sign_reply:sent:1',
    'execution:sign_reply:taken:1',
    'execution:sign_reply:handled:1',
    'execution:step_request:sending:3',
    'persistence:step_request:taken:3',
    'persistence:step_reply:sending:3',
    'execution:step_reply:taken:3',
    'execution:step_reply:handled:3',
    'execution:send_request:sending:1',
    `${chain}:send_request:taken:1`,
    `${chain}:send_request:handled:1`,
    `${chain}:send_request:sent:1`,
    `${chain}:status_reply:sending:1`,
    `${chain}:status_reply:sending:2`,
    'execution:status_reply:handled:2',
    'persistence:step_request:taken:4',
    'persistence:step_reply:sending:4',
    'execution:step_reply:taken:4',
    'execution:step_reply:handled:4',
    'persistence:step_request:taken:5',
    'persistence:step_reply:sending:5',
    'execution:step_reply:taken:5',
  ];
}
