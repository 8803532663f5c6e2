// kill -9 at every step of a Solana attempt, and an engine whose proofs are broken on purpose: of a
// build with failpoints (`./dev build fault`).

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { ROOT, UNFINISHED, until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { checkLedger, traded } from './ledger.mjs';
import { placesOf } from './places.mjs';
import { DEX_OF, Scene, mintsOf, units } from './scene.mjs';

const BINARY = path.join(ROOT, 'build/fault/drover');
const BROKEN_BINARY = path.join(ROOT, 'build/bugs/broken_proof/drover'); // bugs/broken_proof.patch
const PROGRAM = 'raydium_amm_v4';
const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const PLACES = placesOf('raydium');
const END_MS = 60_000;
// A step that is taken again must not leave a transaction that nobody looks after.
const SETTLED_SLOTS = 60;

function skip() {
  return missingPrograms() ?? (fs.existsSync(BINARY) ? undefined : 'there is no build/fault/drover');
}

describe('kills on the compiled programs', { skip: skip() }, () => {
  withServices('of an engine with failpoints', (services) => {
    let node;

    before(async () => {
      node = await Localnet.start(NODE);
    });
    after(() => node.stop());

    const open = async (env, binary = BINARY) => {
      const recorded = node.venues.find((venue) => venue.program === PROGRAM).cases[0];
      const [usdc, tok] = mintsOf(recorded);
      const scene = new Scene(services, {
        node,
        binary,
        tokens: { USDC: usdc, TOK: tok },
        pools: [{ dex: DEX_OF[PROGRAM], address: recorded.pool }],
        env: { DROVER_LEASE_MS: 300, DROVER_SWEEP_MS: 200, ...env },
      });
      await scene.start();
      return scene;
    };
    const order = (scene) => {
      const amountIn = units(100_000n, scene.decimals('USDC'));
      return { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn, slippage: 0.2 };
    };

    describe('at each place', () => {
      let scene;
      before(async () => {
        scene = await open();
      });
      after(() => scene.stop());

      for (const place of PLACES) {
        test(`a kill at ${place} costs time alone`, async () => {
          await scene.engine.stop();
          scene.engine.settings.DV_FAILPOINTS = `${place}:kill`;
          await scene.engine.start();
          await scene.engine.api.order(order(scene)).catch(() => {});
          const { child } = scene.engine;
          await until(`it dies at ${place}`, () => child.ended, END_MS);
          scene.engine.release();
          scene.engine.settings.DV_FAILPOINTS = undefined;
          await scene.engine.start();
          const count = `select count(*) from orders where ${UNFINISHED}`;
          const ended = async () => (await scene.engine.sql(count))[0][0] === '0';
          await until('the order has ended', ended, END_MS);
          await checkLedger(scene);
        });
      }

      test('every order that was accepted has traded', async () => {
        const ids = (await scene.engine.sql('select id from orders')).map(([id]) => id);
        const times = traded(node);
        assert.equal(ids.filter((id) => times.get(id) === 1).length, ids.length);
        assert.ok(ids.length >= PLACES.length - 2, `only ${ids.length} orders were accepted`);
      });
    });

    // The proof of death is broken: whatever is not found is taken for dead, and a new attempt begins
    // while the last one is on its way.
    for (const guard of ['yes', 'no']) {
      const what = guard === 'yes' ? 'lets each order trade once' : 'is what kept it from two trades';
      test(`with broken proofs, the guard alone ${what}`, async () => {
        const env = { DROVER_SOLANA_GUARD: guard, DROVER_RETRY_BASE_MS: 10 };
        const scene = await open(env, BROKEN_BINARY);
        try {
          const ids = [];
          for (let i = 0; i < 5; i++) {
            node.faults.add({ kind: 'late', slots: 40, count: 0 });
            ids.push((await scene.engine.api.order(order(scene))).orderId);
          }
          await until('transactions are on their way', () => node.chain.waiting.length > 5, END_MS);
          const quiet = async () => {
            const { slot } = node.chain;
            await until('slots pass', () => node.chain.slot > slot + SETTLED_SLOTS, END_MS);
            return node.chain.waiting.length === 0;
          };
          await until('nothing is on its way', quiet, END_MS);
          const times = ids.map((id) => traded(node).get(id) ?? 0);
          if (guard === 'yes') assert.ok(Math.max(...times) === 1, `they traded ${times} times`);
          else assert.ok(Math.max(...times) > 1, 'expected the broken proofs to show');
        } finally {
          node.faults.clear();
          await scene.engine.kill();
        }
      });
    }
  });
});
