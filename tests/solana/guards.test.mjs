// Guards on the ledger: an order that has traded, though nobody knows of it any more, is confirmed by
// the trade that the ledger has; and their rent comes back.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { ROOT, until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { checkLedger, traded } from './ledger.mjs';
import { DEX_OF, Scene, mintsOf, units } from './scene.mjs';

const BROKEN_BINARY = path.join(ROOT, 'build/bugs/broken_proof/drover'); // bugs/broken_proof.patch
const PROGRAM = 'raydium_cpmm';
const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const END_MS = 90_000; // an order that may have traded is looked at every 30 s
const LATE_SLOTS = 25;
const GUARD_BLOCKS = 150 + 300; // an order's guard stays for so many blocks
const LEFT = 3; // guards

describe('guards on the compiled programs', { skip: missingPrograms() }, () => {
  withServices('of orders that have traded', (services) => {
    let node;
    before(async () => {
      node = await Localnet.start(NODE);
    });
    after(() => node.stop());

    const open = async (env = {}, binary = undefined) => {
      const recorded = node.venues.find(({ program }) => program === PROGRAM).cases[0];
      const [usdc, tok] = mintsOf(recorded);
      const pools = [{ dex: DEX_OF[PROGRAM], address: recorded.pool }];
      const scene = new Scene(services, { node, tokens: { USDC: usdc, TOK: tok }, pools, env, binary });
      return scene.start();
    };
    const order = (scene) => {
      const amountIn = units(100_000n, scene.decimals('USDC'));
      return { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn, slippage: 0.3 };
    };
    const stored = async ({ engine }, id) => {
      const columns = 'attempt, tx_signature, amount_in, amount_out';
      const where = `where order_id = '${id}' order by attempt desc limit 1`;
      return (await engine.sql(`select ${columns} from order_attempts ${where}`))[0];
    };

    test('a database that is older than the trade catches up with it', async () => {
      const scene = await open({ DROVER_LEASE_MS: 300 });
      try {
        const { orderId } = await scene.engine.api.order(order(scene));
        await scene.engine.finished(orderId);
        const before = await stored(scene, orderId);
        await scene.engine.kill();
        await scene.engine.sql(
          `begin;
           update orders set status = 'routing', outcome = null, seq = 2 where id = '${orderId}';
           delete from order_events where order_id = '${orderId}' and seq > 2;
           commit`,
        );
        await scene.engine.start();
        const told = await scene.engine.finished(orderId, END_MS);
        assert.equal(told.status, 'confirmed', told.failureReason);
        const [, ...trade] = await stored(scene, orderId);
        assert.deepEqual(trade, before.slice(1), 'expected the trade that it made');
        assert.equal(told.txHash, before[1]);
        await checkLedger(scene);
      } finally {
        await scene.engine.kill();
      }
    });

    test('rent comes back that was left when the engine was killed', async () => {
      const scene = await open({ DROVER_LEASE_MS: 300 });
      try {
        const cost = async () => {
          const trade = await scene.trade(order(scene));
          assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
          const { preBalances, postBalances, fee } = node.chain.landed.get(trade.signature);
          return preBalances[0] - postBalances[0] - BigInt(fee);
        };
        const rent = node.chain.svm.minimumBalanceForRentExemption(0n);
        for (let i = 0; i < LEFT; i++) assert.equal(await cost(), rent, 'it keeps a guard');
        await scene.engine.kill();
        await scene.engine.start();
        const free = node.chain.height + GUARD_BLOCKS;
        await until('the guards may go', () => node.chain.height > free, END_MS);
        let back = 0;
        const all = async () => (back += (await cost()) === 0n ? 1 : 0) === LEFT;
        await until('each is taken back', all, GUARD_BLOCKS * NODE.slotMs);
      } finally {
        await scene.engine.kill();
      }
    });

    // Proofs that are broken on purpose call a transaction dead that is on its way; the one after it
    // fails for the guard, or is not even signed.
    const isBuilt = fs.existsSync(BROKEN_BINARY);
    test('an attempt that was wrongly called dead is found', { skip: !isBuilt }, async () => {
      const scene = await open({ DROVER_RETRY_BASE_MS: 200 }, BROKEN_BINARY);
      try {
        for (const count of [1, 2]) {
          node.faults.add({ kind: 'late', slots: LATE_SLOTS, count });
          const { orderId } = await scene.engine.api.order(order(scene));
          const told = await scene.engine.finished(orderId, END_MS);
          assert.equal(told.status, 'confirmed', told.failureReason);
          assert.equal(traded(node).get(orderId), 1);
          const [attempt] = await stored(scene, orderId);
          assert.ok(Number(attempt) > 1, 'expected its first attempt to be called dead');
          await until('nothing is on its way', () => node.chain.waiting.length === 0);
        }
        await checkLedger(scene);
      } finally {
        await scene.engine.kill();
      }
    });
  });
});
