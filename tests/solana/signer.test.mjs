// The signer as a node of its own, over tcp with CURVE, and the rest of the engine in another: it alone
// has the key, and what it signed outlives it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Cluster } from '../system/cluster.mjs';
import { ROOT, until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { checkLedger, traded } from './ledger.mjs';
import { DEX_OF, Scene, mintsOf, units } from './scene.mjs';

const BINARY = path.join(ROOT, 'build/fault/drover');
const PROGRAM = 'raydium_cpmm';
const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const PLAN = {
  vault: 'signer',
  rest: 'gateway,ingest,execution,persistence,notification,retry,router:raydium,router:meteora,chain:solana',
};
const AMOUNT = 100_000n; // atoms that an order pays
const END_MS = 60_000;

function skip() {
  return missingPrograms() ?? (fs.existsSync(BINARY) ? undefined : 'there is no build/fault/drover');
}

// The journal's whole lines: { key: 'order attempt', hash, line }.
function journalOf(scene) {
  if (!fs.existsSync(scene.journal)) return [];
  const lines = fs.readFileSync(scene.journal, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [, order, attempt, hash] = line.split(' ');
    return { key: `${order} ${attempt}`, hash, line };
  });
}

// A process's environment as the kernel has it from its start.
const environmentOf = (child) => fs.readFileSync(`/proc/${child.pid}/environ`, 'utf8');

describe('the signer apart from the rest', { skip: skip() }, () => {
  withServices('over tcp with CURVE', (services) => {
    let node;
    let scene;
    let cluster;
    let pool = 0;

    before(async () => {
      node = await Localnet.start(NODE);
    });
    after(() => node.stop());

    // Both nodes, on a pool of their own; only the vault is given the key. more: settings, by the
    // decimals of USDC.
    const open = async (more = () => ({})) => {
      const recorded = node.venues.find((venue) => venue.program === PROGRAM).cases[pool++ % 2];
      const [usdc, tok] = mintsOf(recorded);
      scene = new Scene(services, {
        node,
        tokens: { USDC: usdc, TOK: tok },
        pools: [{ dex: DEX_OF[PROGRAM], address: recorded.pool }],
      });
      scene.env = { DROVER_BUILD_TIMEOUT_MS: 1500, ...more(scene.decimals('USDC')) };
      const settings = { ...scene.settings(), DROVER_WALLET: scene.owner };
      cluster = await Cluster.make(services, PLAN, { env: settings, binary: BINARY });
      cluster.node('rest').launch();
      await startVault();
      await cluster.node('rest').ready();
      const isRead = () => cluster.node('rest').said(' pool_ready ');
      await until('the pool has been read', isRead, END_MS);
      return cluster;
    };
    const startVault = (env = {}) => cluster.node('vault').start({ PRIVATE_KEY: scene.key, ...env });
    const place = async () => {
      const amountIn = units(AMOUNT, scene.decimals('USDC'));
      const fields = { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn, slippage: 0.3 };
      return (await cluster.api.order(fields)).orderId;
    };
    const finished = (id) => cluster.node('rest').finished(id, END_MS);
    const confirmAll = async (ids) => {
      for (const id of ids) {
        const order = await finished(id);
        assert.equal(order.status, 'confirmed', order.failureReason);
        assert.equal(traded(node).get(id), 1, `expected ${id} to have traded once`);
      }
      await checkLedger({ node, engine: cluster });
    };
    // No attempt has two messages, and what was there before is there still.
    const checkJournal = (before) => {
      const lines = journalOf(scene);
      assert.deepEqual(lines.slice(0, before.length), before, 'expected the old lines to be kept');
      const hashes = new Map();
      for (const { key, hash } of lines) {
        assert.equal(hashes.get(key) ?? hash, hash, `${key} was signed twice, differently`);
        hashes.set(key, hash);
      }
      return lines;
    };

    describe('when it is killed', () => {
      before(() => open());
      after(() => cluster.kill());

      test('it alone has the key, and orders trade', async () => {
        const { vault, rest } = { vault: cluster.node('vault'), rest: cluster.node('rest') };
        assert.match(environmentOf(vault.child), /PRIVATE_KEY=/);
        assert.doesNotMatch(environmentOf(rest.child), /PRIVATE_KEY/);
        assert.ok(!Object.values(rest.environment()).some((value) => value.includes(scene.key)));
        await confirmAll([await place()]);
        assert.equal(journalOf(scene).length, 1);
      });

      test('orders wait for it, and go on once it is there again', async () => {
        const ids = await Promise.all([place(), place(), place()]);
        const signed = journalOf(scene).length;
        await until('it signs', () => journalOf(scene).length > signed, END_MS);
        await cluster.node('vault').kill();
        const lines = journalOf(scene);
        ids.push(await place(), await place());
        const waits = `select count(*) from orders where status = 'building'`;
        const isWaiting = async () => Number((await cluster.sql(waits))[0][0]) >= 1;
        await until('an order waits for a signature', isWaiting, END_MS);
        await startVault();
        await confirmAll(ids);
        checkJournal(lines);
      });

      for (const when of ['sign_request:handled', 'sign_reply:sending', 'sign_reply:sent']) {
        test(`killed at ${when}, it signs no other message for the attempt`, async () => {
          const vault = cluster.node('vault');
          await vault.kill();
          await startVault({ DV_FAILPOINTS: `signer:${when}:1:kill` });
          const id = await place();
          await until(`it dies at ${when}`, () => vault.child.ended, END_MS);
          const lines = journalOf(scene);
          await startVault();
          await confirmAll([id]);
          checkJournal(lines);
        });
      }
    });

    describe('when a day has a maximum', () => {
      const ORDERS = 4; // that a day has room for
      before(async () => {
        const most = (decimals) => units(BigInt(ORDERS) * AMOUNT, decimals);
        await open((decimals) => ({
          DROVER_SIGNER_DAY_MAX: `USDC=${most(decimals)}`,
          DROVER_ATTEMPTS_MAX: 2,
        }));
      });
      after(() => cluster.kill());

      test('it counts on where it was killed', async () => {
        const inTurn = async (count) => {
          const ids = [];
          for (let i = 0; i < count; i++) {
            ids.push(await place());
            await confirmAll(ids.slice(-1));
          }
        };
        await inTurn(ORDERS - 1);
        const lines = journalOf(scene);
        assert.equal(lines.length, ORDERS - 1);
        await cluster.node('vault').kill();
        await startVault();
        await inTurn(1);
        const refused = await finished(await place());
        assert.equal(refused.status, 'failed');
        assert.match(refused.failureReason, /24 hours exceed/);
        assert.equal(checkJournal(lines).length, ORDERS);
      });
    });
  });
});
