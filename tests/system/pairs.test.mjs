// Pools are searched for by pair: what a node refuses, or says that cannot be, is told and not
// believed. No program runs here: pools are read and quoted, and nothing is traded.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import bs58 from 'bs58';

import { putPools, plainCases } from '../solana/pairs.mjs';
import { Scene, mintsOf, sortedMints } from '../solana/scene.mjs';
import { until, withServices } from './harness.mjs';
import { Localnet } from './localnet/localnet.mjs';
import { recorded } from './localnet/venues.mjs';

const NODE = { slotMs: 20, finalSlots: 8 };
const AMM_V4 = '675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8';
const POOL_SIZE = 752;
const MINTS_AT = 400; // of an AMM v4 pool: coin, pc
const SLICE_AT = 336; // of the answers: vaults, then mints
const STATUS_ORDER_BOOK = 1;
const SEARCH_MS = 30_000;

describe('pairs', () => {
  withServices('on a node', (services) => {
    let node;
    let mints;
    let pools;
    const venue = recorded().find(({ program }) => program === 'raydium_amm_v4');

    before(async () => {
      node = await Localnet.start({ ...NODE, endpoints: 2 });
      const [first] = plainCases(venue);
      mints = sortedMints(mintsOf(first));
      for (const mint of mints) {
        const { owner, lamports, dataBase64 } = first.accounts[mint];
        node.chain.put(mint, { owner, lamports, data: Buffer.from(dataBase64, 'base64') });
      }
      pools = putPools(node.chain, venue, mints, 3);
    });
    after(() => node.stop());

    const open = async ({ expected = 0, tokens, ...env } = {}) => {
      const scene = new Scene(services, {
        node,
        tokens: tokens ?? { USDC: mints[0], TOK: mints[1] },
        pools: [{ dex: 'raydium', address: 'USDC/TOK' }],
        expected,
        env: { DROVER_METEORA_MODE: undefined, DROVER_PAIR_SEARCH_S: 5, ...env },
      });
      await scene.start();
      return scene;
    };
    const fault = (fields) => node.faults.add({ method: 'getProgramAccounts', count: 0, ...fields });

    test('a pair gives its pools', async () => {
      const scene = await open({ expected: 3 });
      try {
        for (const pool of pools) {
          assert.ok(scene.logged('pool_ready').some((line) => line.includes(pool)));
        }
      } finally {
        await scene.stop();
      }
    });

    test('an endpoint that does not search is passed over for one that does', async () => {
      fault({ kind: 'rpc', code: -32010, message: 'excluded from indexes', endpoint: 0 });
      const scene = await open({ expected: 3 });
      try {
        assert.deepEqual(scene.logged('pair_unresolved'), []);
      } finally {
        node.faults.clear();
        await scene.stop();
      }
    });

    // A node's word about one account, as of a search in both orders of the mints.
    const told = (address, changes = {}) => {
      const data = Buffer.from(node.chain.account(pools[0]).data());
      const slice = data.subarray(SLICE_AT, MINTS_AT + 64);
      const account = {
        data: [slice.toString('base64'), 'base64'],
        executable: false,
        lamports: 1,
        owner: AMM_V4,
        rentEpoch: 0,
        space: POOL_SIZE,
        ...changes,
      };
      return { pubkey: address, account };
    };
    const address = (number) => bs58.encode(Buffer.alloc(32, number));
    const owner = bs58.encode(Buffer.alloc(32, 7));
    const short = { data: [Buffer.alloc(127).toString('base64'), 'base64'] };
    const mintless = { data: [Buffer.alloc(128).toString('base64'), 'base64'] };
    const many = () => Array.from({ length: 1001 }, () => told(pools[0]));
    const LIES = [
      ['an error -32010', { kind: 'rpc', code: -32010, message: 'no' }, 'CHAIN_REFUSED'],
      ['HTTP 403', { kind: 'http', status: 403, body: 'Forbidden' }, 'CHAIN_REFUSED'],
      ['HTTP 410', { kind: 'http', status: 410 }, 'CHAIN_REFUSED'],
      ['HTTP 429', { kind: 'http', status: 429, retryAfter: 60 }, 'CHAIN_RATE_LIMITED'],
      ['garbage', { kind: 'garbage' }, 'CHAIN_ANSWER_MALFORMED'],
      ['too many bytes', { kind: 'garbage', body: ' '.repeat(1 << 21) }, 'MESSAGE_TOO_LARGE'],
      ['too many pools', { kind: 'answer', result: many }, 'MESSAGE_TOO_LARGE'],
      ['an owner', { kind: 'answer', result: () => [told(address(1), { owner })] }, 'MALFORMED'],
      ['other mints', { kind: 'answer', result: () => [told(address(1), mintless)] }, 'MALFORMED'],
      ['another size', { kind: 'answer', result: () => [told(address(1), short)] }, 'MALFORMED'],
      ['no accounts', { kind: 'answer', result: { pools: [] } }, 'MALFORMED'],
    ];
    for (const [what, { result, ...how }, error] of LIES) {
      test(`${what} in the place of pools is told, and nothing is believed of it`, async () => {
        fault({ ...how, result: typeof result === 'function' ? result() : result });
        const scene = await open();
        try {
          const tellsIt = () => scene.logged('pair_unresolved').some((line) => line.includes(error));
          await until(`the log says ${error}`, tellsIt, SEARCH_MS);
          assert.equal(scene.poolsReady(), 0);
          const { json } = await scene.engine.api.get('/readyz');
          assert.ok(json.ready, 'the endpoint counts as well for everything else');
        } finally {
          node.faults.clear();
          await scene.stop();
        }
      });
    }

    test('pools are found once a node searches again', async () => {
      fault({ kind: 'rpc', code: -32010, message: 'no' });
      const scene = await open();
      try {
        await until('it is told', () => scene.logged('pair_unresolved').length > 0, SEARCH_MS);
        node.faults.clear();
        await until('the pools are read', () => scene.poolsReady() === pools.length, SEARCH_MS);
      } finally {
        node.faults.clear();
        await scene.stop();
      }
    });

    test('a pool that is not supported is refused, and the next deepest takes its place', async () => {
      const vault = (data, at) => node.chain.account(bs58.encode(data.subarray(at, at + 32)));
      const held = (data, at) => Buffer.from(vault(data, at).data()).readBigUInt64LE(64);
      const dataOf = (pool) => Buffer.from(node.chain.account(pool).data());
      const depth = (pool) => held(dataOf(pool), 336) * held(dataOf(pool), 368);
      const [deepest, next] = [...pools].sort((a, b) => (depth(a) > depth(b) ? -1 : 1));
      const before = dataOf(deepest);
      const data = Buffer.from(before);
      data.writeBigUInt64LE(BigInt(STATUS_ORDER_BOOK), 0);
      node.chain.put(deepest, { owner: AMM_V4, data });
      const scene = await open({ expected: 1, DROVER_PAIR_POOLS_MAX: 1 });
      try {
        const [refused] = scene.logged('pool_refused');
        assert.ok(refused.includes(deepest) && refused.includes('order book'), refused);
        assert.ok(scene.logged('pool_ready').every((line) => line.includes(next)));
      } finally {
        node.chain.put(deepest, { owner: AMM_V4, data: before });
        await scene.stop();
      }
    });

    test('a token that is not known refuses to start and is named', async () => {
      const tokens = { USDC: mints[0], TAK: mints[1] };
      await assert.rejects(open({ tokens }), /USDC\/TOK.*TOK is no token of tokens_file/s);
    });
  });
});
