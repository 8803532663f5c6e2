// The checker bites: a run in order passes, and each planted fault is named by its invariant.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Checker, SHOWN } from './checker.mjs';
import { Seen, told } from './load.mjs';
import { T0, retriedOrder } from './planted.mjs';

const BLOCK_MS = 10;

// An order that failed on chain once and was confirmed at its second attempt, and all that tells
// of it.
function scene() {
  const order = retriedOrder({ error: 500, lastValidOf: () => T0 / BLOCK_MS + 10_000 });
  const { events } = order;
  const line = (number, ok, second) => ({
    signature: `signature-${number}`,
    orderId: 'order-1',
    attempt: number,
    amountIn: '1000',
    amountOut: ok ? '150' : '0',
    ok,
    at: new Date(T0 + 1000 * second).toISOString(),
  });
  const seen = new Seen();
  for (const event of events) {
    const txHash = event.status === 'finalized' ? 'signature-2' : undefined;
    seen.byPosition[event.position] = told({
      ...event,
      status: SHOWN[event.status] ?? event.status,
      orderId: order.id,
      timestamp: event.atMs,
      txHash,
    });
    seen.firstAt[event.position] = event.commitMs + 1;
  }
  const keys = new Map([['key-1', { id: 'order-1', at: T0 + 10 }]]);
  return { orders: [order], ledger: [line(1, false, 3.5), line(2, true, 6.5)], seen, keys };
}

async function check({ orders, ...rest }) {
  const checker = new Checker({ ...rest, blockMs: BLOCK_MS });
  await checker.take(orders);
  return checker.violations;
}

// What is planted, the invariant that has to be named, and how it is planted.
const PLANTED = [
  ['a second swap', 'I1', (s) => s.ledger.push({ ...s.ledger[1], signature: 'another' })],
  ['a signature that landed twice', 'I1', (s) => s.ledger.push({ ...s.ledger[1] })],
  ['a confirmed order without a swap', 'I1', (s) => s.ledger.pop()],
  [
    'a failed order that traded',
    'I1',
    ({ orders: [order] }) => (order.status = order.events[7].status = 'failed'),
  ],
  ['an accepted order that is not there', 'I2', (s) => s.keys.set('lost', { id: 'gone', at: T0 })],
  [
    'an order that never ends',
    'I2',
    ({ orders: [order] }) => {
      order.events.pop();
      Object.assign(order, { status: 'submitted', seq: 7 });
    },
  ],
  [
    'an end that is not final',
    'I3',
    ({ orders: [order] }) => (order.events[6].status = 'finalized'),
  ],
  [
    'another transaction than the ledger’s',
    'I3',
    ({ orders: [order] }) => (order.attempts[1].signature = 'another'),
  ],
  ['a gap in seq', 'I4', ({ orders: [order] }) => order.events.splice(4, 1)],
  [
    'a state that may not follow',
    'I4',
    ({ orders: [order] }) => (order.events[2].status = 'pending'),
  ],
  ['a gap in position', 'I4', ({ orders: [order] }) => (order.events[7].position = 9)],
  ['a frame of another time', 'I4', (s) => (s.seen.byPosition[3] += '1')],
  ['an event shown to nobody', 'I4', (s) => delete s.seen.byPosition[3]],
  ['a frame that was never stored', 'I5', (s) => (s.seen.byPosition[9] = 'order-1|9|failed')],
  ['a frame before its commit', 'I5', (s) => (s.seen.firstAt[4] -= 50)],
  ['an answer before its commit', 'I5', (s) => (s.keys.get('key-1').at = T0 - 50)],
  [
    'a landing before its commit',
    'I5',
    ({ orders: [order] }) => (order.events[6].commitMs = T0 + 6900),
  ],
  [
    'a landing of bytes never committed',
    'I5',
    ({ orders: [order] }) => (order.attempts[0].signature = 'another'),
  ],
  ['a swap without an order', 'I5', (s) => (s.orders = [])],
  ['a new attempt before the proof', 'I6', (s) => s.ledger.shift()],
  [
    'a new attempt before the last failed',
    'I6',
    (s) => (s.ledger[0].at = new Date(T0 + 5000).toISOString()),
  ],
  ['an amount an atom off', 'I7', ({ orders: [order] }) => (order.attempts[1].out = '151')],
  ['a key with two orders', 'I8', (s) => s.orders.push({ ...s.orders[0], id: 'order-2' })],
  ['a key answered with another order', 'I8', (s) => (s.keys.get('key-1').id = 'order-2')],
];

describe('the checker of a chaos run', () => {
  it('has nothing to say about a run in order', async () => {
    assert.deepEqual(await check(scene()), []);
  });

  for (const [what, rule, plant] of PLANTED) {
    it(`notices ${what}, as ${rule}`, async () => {
      const planted = scene();
      plant(planted);
      const violations = await check(planted);
      const rules = violations.map((violation) => violation.rule);
      assert.ok(rules.includes(rule), `expected ${rule}, not ${JSON.stringify(violations)}`);
    });
  }

  it('notices a frame that contradicts one shown before', () => {
    const seen = new Seen();
    const frame = (status) => ({
      orderId: 'order-1',
      seq: 1,
      position: 1,
      status,
      attempt: 0,
      timestamp: '2026-01-01T00:00:00.000Z',
      order: { statusHistory: [{ status }] },
    });
    seen.take(frame('pending'), 'one');
    seen.take(frame('pending'), 'two');
    assert.equal(seen.violations.length, 0);
    seen.take(frame('routing'), 'three');
    assert.equal(seen.violations[0].rule, 'I4');
  });
});
