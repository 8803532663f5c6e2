// The checker of a campaign on a chain bites: a run in order passes, and each planted fault is named.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ChainChecker } from './chain_checker.mjs';
import { T0, retriedOrder } from './planted.mjs';

const LAST_VALID = 1150;

// An order whose first transaction expired, and which traded with its second one.
function scene() {
  const order = retriedOrder({ error: 307, lastValidOf: (number) => LAST_VALID * number });
  const { events } = order;
  const line = {
    signature: 'signature-2',
    orderId: 'order-1',
    attempt: 2,
    amountIn: '1000',
    amountOut: '150',
    ok: true,
    at: new Date(T0 + 6500).toISOString(),
  };
  return {
    orders: [order],
    ledger: [line],
    guards: new Map([['order-1', { stands: true, takenBack: false }]]),
    reads: new Map([['order-1', events.slice(0, 6).map(({ status }) => status)]]),
    heights: [
      { atMs: T0, height: 1000 },
      { atMs: T0 + 3900, height: LAST_VALID + 1 },
      { atMs: T0 + 9000, height: 3 * LAST_VALID },
    ],
  };
}

async function check({ orders, ...rest }) {
  const checker = new ChainChecker(rest);
  await checker.take(orders);
  return checker;
}

// What is planted, the invariant that has to be named, and how it is planted.
const PLANTED = [
  ['a second trade', 'I1', (s) => s.ledger.push({ ...s.ledger[0], signature: 'signature-1', attempt: 1 })],
  ['a confirmed order that never landed', 'I1', (s) => s.ledger.pop()],
  [
    'a failed order that landed',
    'I1',
    ({ orders: [order] }) => (order.status = order.events[7].status = 'failed'),
  ],
  ['a trade without a guard', 'I1', (s) => (s.guards.get('order-1').stands = false)],
  [
    'a guard without a trade',
    'I1',
    (s) => {
      const [order] = s.orders;
      order.status = order.events[7].status = 'failed';
      s.heights[2].atMs = T0 + 6000;
      s.ledger.pop();
    },
  ],
  ['an order that is gone', 'I2', (s) => (s.keys = new Map([['lost', { id: 'gone', at: T0 }]]))],
  ['a GET that told what was never stored', 'I3', (s) => s.reads.get('order-1').push('failed')],
  ['a new attempt before the last block was over', 'I6', (s) => (s.heights[1].height = LAST_VALID)],
  ['a new attempt before that could be seen', 'I6', (s) => (s.heights[1].atMs = T0 + 5000)],
  ['a trade that nobody committed', 'I5', (s) => (s.orders = [])],
  ['an amount an atom off', 'I7', (s) => (s.ledger[0].amountOut = '151')],
];

describe('the checker of a campaign on a chain', () => {
  it('has nothing to say about a run in order', async () => {
    const { violations, traded, doubled } = await check(scene());
    assert.deepEqual(violations, []);
    assert.deepEqual([traded, doubled], [1, 0]);
  });

  it('takes a guard that was taken back for one that stood', async () => {
    const taken = scene();
    taken.guards.set('order-1', { stands: false, takenBack: true });
    assert.deepEqual((await check(taken)).violations, []);
  });

  for (const [what, rule, plant] of PLANTED) {
    it(`notices ${what}, as ${rule}`, async () => {
      const planted = scene();
      plant(planted);
      const { violations } = await check(planted);
      const rules = violations.map((violation) => violation.rule);
      assert.ok(rules.includes(rule), `expected ${rule}, not ${JSON.stringify(violations)}`);
    });
  }

  it('counts what an order did twice, in vain, or in secret', async () => {
    const counted = async (plant) => {
      const planted = scene();
      plant(planted);
      const { doubled, confirmedUntraded, failedTraded } = await check(planted);
      return [doubled, confirmedUntraded, failedTraded];
    };
    assert.deepEqual(await counted(PLANTED[0][2]), [1, 0, 0]);
    assert.deepEqual(await counted(PLANTED[1][2]), [0, 1, 0]);
    assert.deepEqual(await counted(PLANTED[2][2]), [0, 0, 1]);
  });
});
