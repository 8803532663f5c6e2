// Orders that are confirmed before they are final, on the compiled programs: the chain has its say
// between the two, and the engine may die there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { checkLedger, traded } from './ledger.mjs';
import { DEX_OF, Scene, mintsOf, units } from './scene.mjs';

const PROGRAM = 'raydium_cpmm';
const SLOT_MS = 40;
const FINAL_SLOTS = 30;
const NODE = { slotMs: SLOT_MS, finalSlots: FINAL_SLOTS, venues: true };
const END_MS = 30_000;

const UP_TO_SUBMITTED = ['pending', 'routing', 'building', 'submitted'];
const told = (frames) => frames.map(({ status, finality }) => finality ?? status);

describe('finality on the compiled programs', { skip: missingPrograms() }, () => {
  withServices('of the local node', (services) => {
    let node;
    let scene;

    const open = async (env = {}) => {
      node = await Localnet.start(NODE);
      const recorded = node.venues.find((venue) => venue.program === PROGRAM).cases[0];
      const [usdc, tok] = mintsOf(recorded);
      scene = new Scene(services, {
        node,
        tokens: { USDC: usdc, TOK: tok },
        pools: [{ dex: DEX_OF[PROGRAM], address: recorded.pool }],
        env: { DROVER_LEASE_MS: 300, DROVER_SWEEP_MS: 200, ...env },
      });
      await scene.start();
    };
    const close = async () => {
      await scene.stop();
      await node.stop();
    };

    // Places an order and watches it from its first event.
    const place = async () => {
      const amountIn = units(100_000n, scene.decimals('USDC'));
      const order = { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn, slippage: 0.2 };
      const { orderId } = await scene.engine.api.order(order);
      return orderId;
    };
    const watch = (orderId) => scene.engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
    const upTo = async (orderId, finality) => {
      const watching = await watch(orderId);
      const find = () => watching.updates().some((frame) => frame.finality === finality);
      await watching.until(`${finality} of ${orderId}`, find, END_MS);
      return watching.updates();
    };
    const checkOnce = async (orderId) => {
      await checkLedger(scene);
      assert.equal(traded(node).get(orderId), 1);
      const [[count]] = await scene.engine.sql(
        `select count(*) from order_events where order_id = '${orderId}' and status = 'finalized'`,
      );
      assert.equal(count, '1');
    };
    // An order that is confirmed while the chain stands still; returns its id and signature.
    const confirmed = async () => {
      const orderId = await place();
      const { txHash } = (await upTo(orderId, 'confirmed')).at(-1);
      node.chain.pause();
      const { slot } = node.chain.landed.get(txHash);
      assert.ok(slot > node.chain.slotAt('finalized'), 'expected it not to be final yet');
      return { orderId, txHash };
    };

    describe('with the commitment confirmed', () => {
      before(() => open());
      after(close);

      test('a trade is confirmed before it is final, and finalized after', async () => {
        const { orderId, txHash } = await confirmed();
        const early = (await scene.engine.api.get(`/api/orders/${orderId}`)).json;
        assert.deepEqual([early.status, early.finality], ['confirmed', 'confirmed']);
        assert.ok(early.executions[0].execution_price > 0);
        node.chain.run();
        const frames = await upTo(orderId, 'finalized');
        assert.deepEqual(told(frames), [...UP_TO_SUBMITTED, 'confirmed', 'finalized']);
        assert.equal(frames.at(-1).type, 'finalized');
        assert.equal(frames.at(-1).price, frames.at(-2).price);
        assert.ok(node.chain.landed.get(txHash).slot <= node.chain.slotAt('finalized'));
        await checkOnce(orderId);
      });

      test('a trade that is forked out is taken back, and trades once', async () => {
        const { orderId, txHash } = await confirmed();
        node.chain.forkOut(txHash);
        node.chain.run();
        const frames = await upTo(orderId, 'finalized');
        const way = [...UP_TO_SUBMITTED, 'confirmed', 'superseded', 'finalized'];
        assert.deepEqual(told(frames), way);
        assert.deepEqual(
          frames.slice(-3).map(({ status }) => status),
          ['confirmed', 'submitted', 'confirmed'],
        );
        assert.equal(frames.at(-1).txHash, txHash, 'expected the same bytes');
        await checkOnce(orderId);
      });

      test('a fork that brings the trade back at once is no news', async () => {
        const { orderId, txHash } = await confirmed();
        node.chain.forkOut(txHash, { requeueAfter: 0 });
        node.chain.advance();
        node.chain.run();
        const frames = await upTo(orderId, 'finalized');
        assert.deepEqual(told(frames), [...UP_TO_SUBMITTED, 'confirmed', 'finalized']);
        await checkOnce(orderId);
      });

      test('a kill between the two costs time alone', async () => {
        const { orderId } = await confirmed();
        await scene.engine.kill();
        await scene.engine.start();
        node.chain.run();
        const frames = await upTo(orderId, 'finalized');
        assert.deepEqual(told(frames), [...UP_TO_SUBMITTED, 'confirmed', 'finalized']);
        await checkOnce(orderId);
      });

      test('a fork while the engine is dead is found by the next one', async () => {
        const { orderId, txHash } = await confirmed();
        await scene.engine.kill();
        node.chain.forkOut(txHash);
        await scene.engine.start();
        node.chain.run();
        const frames = await upTo(orderId, 'finalized');
        const way = [...UP_TO_SUBMITTED, 'confirmed', 'superseded', 'finalized'];
        assert.deepEqual(told(frames), way);
        await checkOnce(orderId);
      });

      test('a trade that is forked out for good is proven dead, and tried anew', async () => {
        const { orderId, txHash } = await confirmed();
        node.chain.forkOut(txHash);
        node.faults.add({ kind: 'drop', count: 0 });
        node.chain.run();
        await upTo(orderId, 'superseded');
        const again = async () =>
          (await scene.engine.api.get(`/api/orders/${orderId}`)).json.retryCount > 0;
        await until('the next attempt', again, END_MS);
        node.faults.clear();
        const { json } = await scene.engine.api.get(`/api/orders/${orderId}`);
        assert.equal(json.executions[0].execution_price, null);
        const order = await scene.ended(orderId, END_MS);
        assert.equal(order.status, 'confirmed', order.failureReason);
        await checkOnce(orderId);
      });
    });

    describe('with the commitment finalized', () => {
      before(() => open({ DROVER_SOLANA_COMMITMENT: 'finalized' }));
      after(close);

      test('a trade is confirmed once it is final, by one event', async () => {
        const orderId = await place();
        const frames = await upTo(orderId, 'finalized');
        assert.deepEqual(told(frames), [...UP_TO_SUBMITTED, 'finalized']);
        assert.deepEqual([frames.at(-1).type, frames.at(-1).status], ['status_update', 'confirmed']);
        const { txHash } = frames.at(-1);
        assert.ok(node.chain.landed.get(txHash).slot <= node.chain.slotAt('finalized'));
        await checkOnce(orderId);
      });
    });
  });
});
