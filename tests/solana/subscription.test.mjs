// What the node tells of changes by WebSocket is acted on at once, also after its connection ended;
// looks at the pools are too far apart here to be what does it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { DEX_OF, Scene, mintsOf, units } from './scene.mjs';

const PROGRAM = 'raydium_cpmm';
const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const POLL_MS = 60_000;
const SOON_MS = 15_000;

describe('subscriptions on the compiled programs', { skip: missingPrograms() }, () => {
  withServices('of pools', (services) => {
    let node;
    let scene;
    let recorded;

    before(async () => {
      node = await Localnet.start(NODE);
      recorded = node.venues.find(({ program }) => program === PROGRAM).cases[0];
      const [usdc, tok] = mintsOf(recorded);
      scene = new Scene(services, {
        node,
        tokens: { USDC: usdc, TOK: tok },
        pools: [{ dex: DEX_OF[PROGRAM], address: recorded.pool }],
        env: { DROVER_SOLANA_POLL_MS: POLL_MS, DROVER_SOLANA_QUOTE_SLOTS_MAX: 100_000 },
      });
      await scene.start();
    });
    after(async () => {
      await scene.engine.kill(); // orders wait for the next look at what became of them
      await node.stop();
    });

    // The pool's account as it is, which counts as a change; the slot from which it shows.
    const change = () => {
      const { owner, lamports, dataBase64 } = recorded.accounts[recorded.pool];
      node.chain.put(recorded.pool, { owner, lamports, data: Buffer.from(dataBase64, 'base64') });
      return node.chain.slot;
    };

    // The slot of the state on which a new order is quoted.
    const quotedSlot = async () => {
      const amountIn = units(100_000n, scene.decimals('USDC'));
      const order = { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn };
      const { orderId } = await scene.engine.api.order(order);
      const select = `select routing_decision from order_attempts where order_id = '${orderId}'
        and routing_decision is not null`;
      const row = await until('the order is routed', async () => (await scene.engine.sql(select))[0]);
      const { quotes } = JSON.parse(row[0]);
      return quotes.find(({ venue }) => venue === DEX_OF[PROGRAM]).slot;
    };

    test('a pool that changes is looked at at once', async () => {
      const slot = change();
      const isNew = async () => (await quotedSlot()) >= slot;
      await until('a quote is of the changed state', isNew, SOON_MS);
    });

    test('what changed while the connection was away is looked at when it is back', async () => {
      node.endpoints[0].dropSockets();
      const slot = change();
      const isNew = async () => (await quotedSlot()) >= slot;
      await until('a quote is of the changed state', isNew, SOON_MS);
      assert.ok(node.chain.slot > slot);
    });
  });
});
