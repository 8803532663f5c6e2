// Faults of the chain and of the engine, on real swaps. Whatever happens: an order trades at most
// once, none is confirmed that did not trade, none is failed that did. The chain is the ledger.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { UNFINISHED, until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { checkLedger, traded } from './ledger.mjs';
import { DEX_OF, Scene, mintsOf, units } from './scene.mjs';

const PROGRAM = 'raydium_cpmm'; // the smallest one; what is tried here is the same for all
const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const LATE_FINAL_SLOTS = 60;
const BLOCKHASH_BLOCKS = 150;
const LONG_MS = 60_000; // for an order whose transaction has to expire

describe('faults on the compiled programs', { skip: missingPrograms() }, () => {
  withServices('of chain and engine', (services) => {
    let node;
    let scene;
    let pool = 0;

    // A node and an engine of its own, so that no fault meets another test.
    const open = async ({ endpoints = 1, env = {}, ...options } = {}) => {
      node = await Localnet.start({ ...NODE, endpoints, ...options });
      const recorded = node.venues.find((venue) => venue.program === PROGRAM).cases[pool++ % 2];
      const [usdc, tok] = mintsOf(recorded);
      scene = new Scene(services, {
        node,
        tokens: { USDC: usdc, TOK: tok },
        pools: [{ dex: DEX_OF[PROGRAM], address: recorded.pool }],
        env,
      });
      await scene.start();
    };
    const close = async () => {
      await scene.stop();
      await node.stop();
    };
    const order = () => {
      const amountIn = units(100_000n, scene.decimals('USDC'));
      return { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn, slippage: 0.2 };
    };

    describe('while a transaction is sent', () => {
      before(() => open());
      after(close);

      const FAULTS = [
        { kind: 'lost', count: 3 },
        { kind: 'close', count: 3 },
        { kind: 'drop', count: 2 },
        { kind: 'http', status: 429, retryAfter: 1 },
        { kind: 'http', status: 503, count: 3 },
        { kind: 'garbage', count: 2 },
        { kind: 'truncate', count: 2 },
        { kind: 'rpc', code: -32005, count: 2 },
        { kind: 'hang' },
        { kind: 'late', slots: 40 },
        { kind: 'fork', slots: 3 },
      ];
      for (const fault of FAULTS) {
        test(`${fault.kind} ${fault.status ?? fault.code ?? ''} costs time alone`, async () => {
          node.faults.add(fault);
          const trade = await scene.trade(order(), LONG_MS);
          node.faults.clear();
          assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
          await checkLedger(scene);
        });
      }

      test('one that never arrives is proven dead, and the next attempt trades', async () => {
        node.faults.add({ kind: 'drop', count: 0 });
        const { orderId } = await scene.engine.api.order(order());
        const submitted = async () =>
          (await scene.engine.api.get(`/api/orders/${orderId}`)).json.status === 'submitted';
        await until('the order is submitted', submitted);
        await until('the second attempt begins', () => attemptOf(scene, orderId, 2), LONG_MS);
        node.faults.clear();
        const ended = await scene.ended(orderId, LONG_MS);
        assert.equal(ended.status, 'confirmed', ended.failureReason);
        await checkLedger(scene);
      });

      test('a preflight that fails is not the end: the transaction dies, the next trades', async () => {
        node.faults.add({ kind: 'preflight', err: { InstructionError: [3, { Custom: 6006 }] } });
        const trade = await scene.trade(order(), LONG_MS);
        assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
        assert.equal(await signedOf(scene, trade.order.orderId ?? trade.order.id), 2);
        await checkLedger(scene);
      });
    });

    describe('while the chain is read', () => {
      before(() => open());
      after(close);

      const READS = [
        'getMultipleAccounts',
        'getLatestBlockhash',
        'simulateTransaction',
        'getSignatureStatuses',
        'getTransaction',
        'getEpochInfo',
      ];
      for (const method of READS) {
        for (const kind of ['garbage', 'http', 'close']) {
          test(`${method} meeting ${kind} costs time alone`, async () => {
            node.faults.add({ kind, method, count: 2 });
            const trade = await scene.trade(order(), LONG_MS);
            node.faults.clear();
            assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
            await checkLedger(scene);
          });
        }
      }
    });

    describe('when the endpoint takes few requests', () => {
      before(() => open({ env: { DROVER_SOLANA_RATE_PER_SECOND: 8 } }));
      after(close);

      test('orders trade all the same, and both DEXs together stay within its rate', async () => {
        const asked = node.endpoints[0].requests;
        const from = performance.now();
        for (let i = 0; i < 3; i++) {
          const trade = await scene.trade(order(), LONG_MS);
          assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
        }
        const seconds = (performance.now() - from) / 1000;
        const rate = (node.endpoints[0].requests - asked) / seconds;
        assert.ok(rate < 8 + 2, `${rate} requests a second`);
        await checkLedger(scene);
      });
    });

    describe('when endpoints disagree', () => {
      // Final so late that a blockhash is long unknown there: the height alone shows the lie.
      before(() => open({ endpoints: 2, slotMs: 25, finalSlots: LATE_FINAL_SLOTS }));
      after(close);

      // A node that answers the slot for the height makes every transaction look expired.
      test('a slot in the place of the height proves nothing', async () => {
        node.faults.add({ kind: 'slotForHeight', method: 'getEpochInfo', count: 0 });
        node.faults.add({ kind: 'late', slots: 60, count: 1 });
        node.faults.add({ kind: 'drop', count: 0 });
        const trade = await scene.trade(order(), LONG_MS);
        node.faults.clear();
        assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
        const signed = await signedOf(scene, trade.order.orderId ?? trade.order.id);
        assert.equal(signed, 1, 'expected no new transaction while the first could land');
        await checkLedger(scene);
      });

      // Nor does it keep a transaction from being proven dead: its last block would never come.
      test('a slot in the place of the height of a blockhash is found out', async () => {
        const lie = { kind: 'slotForHeight', method: 'getLatestBlockhash', endpoint: 0, count: 0 };
        node.faults.add(lie);
        await scene.engine.kill();
        await scene.engine.start();
        await until('the pool is read', () => scene.poolsReady() >= 2);
        node.faults.add({ kind: 'drop', count: 0, name: 'drop' });
        const { orderId } = await scene.engine.api.order(order());
        await until('the second attempt begins', () => attemptOf(scene, orderId, 2), LONG_MS);
        node.faults.end('drop');
        const ended = await scene.engine.finished(orderId, LONG_MS);
        node.faults.clear();
        assert.equal(ended.status, 'confirmed', ended.failureReason);
        assert.ok((await signedOf(scene, orderId)) >= 2, 'expected the first to be proven dead');
        await checkLedger(scene);
      });

      test('one endpoint alone proves nothing while the other is away', async () => {
        node.faults.add({ kind: 'drop', count: 0 });
        const { orderId } = await scene.engine.api.order(order());
        await until('the order is submitted', () => statusOf(scene, orderId, 'submitted'));
        node.faults.add({ kind: 'http', status: 503, method: '*', endpoint: 1, count: 0 });
        const { height } = node.chain;
        const expired = () => node.chain.height > height + BLOCKHASH_BLOCKS + 3 * LATE_FINAL_SLOTS;
        await until('its blockhash has expired', expired, LONG_MS);
        assert.ok(await statusOf(scene, orderId, 'submitted'), 'expected the outcome to be unknown');
        node.faults.clear();
        const ended = await scene.ended(orderId, LONG_MS);
        assert.equal(ended.status, 'confirmed', ended.failureReason);
        await checkLedger(scene);
      });
    });

    describe('when the engine is killed', () => {
      before(() => open({ env: { DROVER_LEASE_MS: 300, DROVER_SWEEP_MS: 200 } }));
      after(close);

      test('orders go on where they were, and none trades twice', async () => {
        const ids = [];
        for (let kill = 0; kill < 8; kill++) {
          ids.push((await scene.engine.api.order(order())).orderId);
          // Each time at another place: after so many requests to the chain.
          const at = node.chain.slot + kill;
          await until('the moment of the kill', () => node.chain.slot >= at);
          await scene.engine.kill();
          await scene.engine.start();
        }
        const count = `select count(*) from orders where ${UNFINISHED}`;
        const ended = async () => (await scene.engine.sql(count))[0][0] === '0';
        await until('every order has ended', ended, LONG_MS);
        await checkLedger(scene);
        const times = traded(node);
        assert.ok(ids.filter((id) => times.has(id)).length >= ids.length / 2, 'most of them trade');
      });
    });
  });
});

async function attemptOf(scene, orderId, attempt) {
  const [[now]] = await scene.engine.sql(`select attempt from orders where id = '${orderId}'`);
  return Number(now) >= attempt;
}

// How many transactions of an order were signed.
async function signedOf(scene, orderId) {
  const count = 'select count(*) from order_attempts where tx_signature is not null and order_id';
  return Number((await scene.engine.sql(`${count} = '${orderId}'`))[0][0]);
}

async function statusOf(scene, orderId, status) {
  const [[now]] = await scene.engine.sql(`select status from orders where id = '${orderId}'`);
  return now === status;
}
