// What the checkers' own tests plant their faults in.

export const T0 = 1_800_000_000_000;

// An order whose first attempt ended with an error and which was confirmed at its second, as
// readOrders tells it. lastValidOf: an attempt's number → its last valid block height.
export function retriedOrder({ error, lastValidOf }) {
  const states = [
    ['pending', 0],
    ['routing', 1],
    ['building', 1],
    ['submitted', 1],
    ['routing', 2],
    ['building', 2],
    ['submitted', 2],
    ['finalized', 2],
  ];
  const events = states.map(([status, attempt], i) => {
    const atMs = T0 + 1000 * i;
    return { seq: i + 1, position: i + 1, status, attempt, atMs, commitMs: atMs + 5 };
  });
  const attempt = (number, more) => ({
    number,
    signature: `signature-${number}`,
    dex: 'raydium',
    lastValid: lastValidOf(number),
    dueMs: null,
    ...more,
  });
  return {
    id: 'order-1',
    key: 'key-1',
    status: 'finalized',
    attempt: 2,
    seq: 8,
    events,
    attempts: [attempt(1, { error }), attempt(2, { in: '1000', out: '150' })],
  };
}
