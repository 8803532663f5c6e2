// Pools found for a pair of tokens: of every program of the DEX, the deepest ones, and orders trade in
// the best of them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { plainCases, putPools } from './pairs.mjs';
import { DEX_OF, Scene, mintsOf, sortedMints, units } from './scene.mjs';

const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const PAIR = [
  { dex: 'raydium', address: 'USDC/TOK' },
  { dex: 'meteora', address: 'TOK/USDC' },
];

describe('pairs on the compiled programs', { skip: missingPrograms() }, () => {
  withServices('of two tokens', (services) => {
    describe('in the programs of two DEXs', () => {
      let node;
      let mints;
      let pools; // program → its pools' addresses
      let scene;

      before(async () => {
        node = await Localnet.start(NODE);
        const cpmm = node.venues.find(({ program }) => program === 'raydium_cpmm');
        mints = sortedMints(mintsOf(plainCases(cpmm)[0]));
        pools = Object.fromEntries(
          node.venues.map((venue) => {
            const count = venue.program === 'raydium_amm_v4' ? 2 : 1;
            return [venue.program, putPools(node.chain, venue, mints, count)];
          }),
        );
        scene = new Scene(services, {
          node,
          tokens: { USDC: mints[0], TOK: mints[1] },
          pools: PAIR,
          expected: Object.values(pools).flat().length,
        });
        await scene.start();
      });
      after(async () => {
        await scene.stop();
        await node.stop();
      });

      test('the pools of every program of both DEXs are found', () => {
        assert.equal(Object.keys(pools).length, Object.keys(DEX_OF).length);
        for (const [program, addresses] of Object.entries(pools)) {
          const lines = scene.logged('pair_pool').filter((line) => line.includes(program));
          assert.equal(lines.length, addresses.length, program);
          for (const address of addresses) {
            assert.ok(lines.some((line) => line.includes(address)), `${program} ${address}`);
          }
        }
      });

      test('the cluster shows how many pools a pair gave', async () => {
        const shown = async () => {
          const { json } = await scene.engine.api.get('/api/cluster');
          const text = (role) => json.instances.find((instance) => instance.role === role).text;
          return text('router:raydium') === 'USDC/TOK: 4 pools' &&
            text('router:meteora') === 'TOK/USDC: 2 pools';
        };
        await until('both routers tell', shown);
      });

      test('an order trades in the best of them, for what was quoted', async () => {
        const best = new Map();
        for (const [tokenIn, tokenOut] of [['USDC', 'TOK'], ['TOK', 'USDC'], ['USDC', 'TOK']]) {
          const amountIn = units(100_000n, scene.decimals(tokenIn));
          const fields = { tokenIn, tokenOut, amount: undefined, amountIn, slippage: 0.05 };
          const trade = await scene.trade(fields, 30_000);
          assert.equal(trade.order.status, 'confirmed', trade.order.failureReason);
          assert.equal(trade.amountOut, String(trade.quote.amount_out));
          const others = trade.quotes.filter(({ error }) => !error);
          for (const { amount_out: out } of others) assert.ok(BigInt(trade.amountOut) >= BigInt(out));
          best.set(trade.quote.pool, trade.quote.venue);
        }
        const all = Object.values(pools).flat();
        for (const pool of best.keys()) assert.ok(all.includes(pool), `${pool} was found`);
      });

      test('only the deepest pools of a program are taken', async () => {
        const few = new Scene(services, {
          node,
          tokens: scene.tokens,
          pools: [PAIR[0]],
          expected: 3,
          env: { DROVER_PAIR_POOLS_MAX: 1 },
        });
        await few.start();
        try {
          const depth = (address) => {
            const data = Buffer.from(node.chain.account(address).data());
            const vault = (at) => node.chain.svm.getAccount(data.subarray(at, at + 32)).data();
            const amount = (at) => Buffer.from(vault(at)).readBigUInt64LE(64);
            return amount(336) * amount(368);
          };
          const [a, b] = pools.raydium_amm_v4;
          const deepest = depth(a) > depth(b) ? a : b;
          const lines = few.logged('pool_ready').filter((line) => line.includes('raydium_amm_v4'));
          assert.equal(lines.length, 1);
          assert.ok(lines[0].includes(deepest), 'expected the deepest one');
          assert.equal(few.poolsReady(), 3);
        } finally {
          await few.stop();
        }
      });
    });
  });
});
