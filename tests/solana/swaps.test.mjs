// Real swaps: the venues' own compiled programs in the tests' node, orders through the API. What is
// executed has to be what was quoted, to the last unit, and what the wallet holds has to agree.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import web3 from '@solana/web3.js';

import { until, withServices } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { associatedAddress } from '../system/localnet/tokens.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';
import { plainCases } from './pairs.mjs';
import { addObservation, remint } from './pools.mjs';
import { DEX_OF, Scene, WSOL, mintsOf, units } from './scene.mjs';

const { PublicKey } = web3;
const PROGRAMS = Object.keys(DEX_OF);
const ROUNDS = 21; // orders of each pool and side, of which there are 5 × 2
const NODE = { slotMs: 20, finalSlots: 8, venues: true };
const TOKEN_ACCOUNT_SIZE = 165;
const AMOUNT = 64; // where a token account holds its atoms
const GUARD_BLOCKS = 150 + 300; // an order's guard stays for so many blocks
const SLIPPAGE = 0.05;
const SOL_ROUNDS = 6; // of each kind two

// Pools whose quotes are recorded in both modes and directions: of each program one for each side.
function casesOf(venues, program) {
  const { cases } = venues.find((venue) => venue.program === program);
  return [cases[0], cases[1]];
}

// A pool without Token-2022, and none of those above.
function plainCase({ cases }) {
  return plainCases({ cases: cases.slice(2) })[0];
}

// So many recorded amounts of a pool, by the way in which they are asked: both directions exactly
// in, and exactly out of what `usdc` buys.
function asksOf({ quotes }, usdc, count) {
  const good = quotes.filter(({ expectedOut, expectedIn }) => expectedOut > 0 && expectedIn > 0);
  const is = (mode, buys) => (quote) => quote.mode === mode && (quote.inMint === usdc) === buys;
  const kinds = [is('ExactOut', true), is('ExactIn', true), is('ExactIn', false)];
  const lists = kinds.map((kind) => good.filter(kind).sort((a, b) => a.amount - b.amount));
  const asks = [];
  for (let i = 0; asks.length < count; i++) {
    const list = lists[i % lists.length];
    // Smaller ones first: a pool that was emptied quotes nothing.
    asks.push(list[Math.floor(i / lists.length) % Math.max(1, list.length >> 1)]);
  }
  return asks;
}

// The largest swap exactly in that was recorded: through as many arrays of ticks or bins as there are.
function largest(quotes, usdc) {
  const good = quotes.filter(({ mode, inMint, expectedOut }) => {
    return mode === 'ExactIn' && inMint === usdc && expectedOut > 0;
  });
  return good.sort((a, b) => b.amount - a.amount).slice(0, 1);
}

function orderOf(ask, usdc, scene) {
  const atoms = (symbol) => units(ask.amount, scene.decimals(symbol));
  if (ask.mode === 'ExactOut') {
    const none = { tokenIn: undefined, tokenOut: undefined, amount: undefined };
    return { ...none, symbol: 'TOK', side: 'buy', quantity: atoms('TOK'), slippage: SLIPPAGE };
  }
  const [tokenIn, tokenOut] = ask.inMint === usdc ? ['USDC', 'TOK'] : ['TOK', 'USDC'];
  return { tokenIn, tokenOut, amount: undefined, amountIn: atoms(tokenIn), slippage: SLIPPAGE };
}

// What the wallet holds of a mint, in atoms.
function held(node, owner, mint) {
  const program = node.chain.account(mint).owner();
  const account = node.chain.account(associatedAddress(owner, mint, program).toBase58());
  return account ? Buffer.from(account.data()).readBigUInt64LE(AMOUNT) : 0n;
}

function checkTrade(trade, fields) {
  const what = JSON.stringify(fields);
  assert.equal(trade.order.status, 'confirmed', `${what}: ${trade.order.failureReason}`);
  assert.equal(trade.amountIn, String(trade.quote.amount_in), `paid for ${what}`);
  assert.equal(trade.amountOut, String(trade.quote.amount_out), `received for ${what}`);
  assert.ok(trade.quote.slot > 0, 'expected the quote to name its slot');
}

async function tradeAll(services, node, program, side) {
  const recorded = casesOf(node.venues, program)[side];
  const mints = mintsOf(recorded);
  const [usdc, tok] = side === 0 ? mints : [mints[1], mints[0]];
  if (program === 'raydium_clmm') addObservation(node.chain, recorded.pool);
  const scene = new Scene(services, {
    node,
    tokens: { USDC: usdc, TOK: tok },
    pools: [{ dex: DEX_OF[program], address: recorded.pool }],
  });
  await scene.start();
  try {
    for (const ask of asksOf(recorded, usdc, ROUNDS)) {
      const before = [held(node, scene.owner, ask.inMint), held(node, scene.owner, ask.outMint)];
      const fields = orderOf(ask, usdc, scene);
      const trade = await scene.trade(fields, 30_000);
      checkTrade(trade, fields);
      const exact = ask.mode === 'ExactOut' ? trade.amountOut : trade.amountIn;
      assert.equal(exact, String(ask.amount), 'the exact amount is the one that was asked for');
      const paid = before[0] - held(node, scene.owner, ask.inMint);
      const received = held(node, scene.owner, ask.outMint) - before[1];
      assert.equal(String(paid), trade.amountIn, 'the wallet lost what is told');
      assert.equal(String(received), trade.amountOut, 'the wallet gained what is told');
    }
  } finally {
    await scene.stop();
  }
  return ROUNDS;
}

describe('swaps on the compiled programs', { skip: missingPrograms() }, () => {
  withServices('through the API', (services) => {
    let node;
    before(async () => {
      node = await Localnet.start(NODE);
    });
    after(() => node.stop());

    describe('of every program', { concurrency: 3 }, () => {
      for (const program of PROGRAMS) {
        for (const side of [0, 1]) {
          test(`${program} executes what it quoted, side ${side}`, async () => {
            assert.equal(await tradeAll(services, node, program, side), ROUNDS);
          });
        }
      }
    });

    test('the rent of guards comes back with later orders', async () => {
      const recorded = node.venues.find(({ program }) => program === 'meteora_damm_v2').cases[8];
      const [usdc, tok] = mintsOf(recorded);
      const pools = [{ dex: 'meteora', address: recorded.pool }];
      const scene = new Scene(services, { node, tokens: { USDC: usdc, TOK: tok }, pools });
      await scene.start();
      try {
        await guardsComeBack(node, scene);
      } finally {
        await scene.stop();
      }
    });

    for (const program of PROGRAMS) {
      test(`${program} pays and receives SOL, and leaves no wrapped SOL behind`, async () => {
        const venue = node.venues.find((candidate) => candidate.program === program);
        const recorded = plainCase(venue);
        const [sol, tok] = mintsOf(recorded);
        const address = remint(node.chain, venue, recorded, { [sol]: WSOL });
        const pools = [{ dex: DEX_OF[program], address }];
        // Exactly out is what USDC buys: so it stands once for SOL, and once for the token.
        for (const tokens of [
          { USDC: WSOL, TOK: tok },
          { USDC: tok, TOK: WSOL },
        ]) {
          const scene = new Scene(services, { node, tokens, pools });
          await scene.start();
          try {
            await solBothWays(node, scene, recorded, sol);
          } finally {
            await scene.stop();
          }
        }
      });
    }
  });
});

// Once the guards of some orders may go, each later order takes one of them back: it costs its fee.
async function guardsComeBack(node, scene) {
  const amountIn = units(100_000n, scene.decimals('USDC'));
  const fields = { tokenIn: 'USDC', tokenOut: 'TOK', amount: undefined, amountIn, slippage: SLIPPAGE };
  const rent = node.chain.svm.minimumBalanceForRentExemption(0n);
  const cost = async () => {
    const trade = await scene.trade(fields, 30_000);
    checkTrade(trade, fields);
    const { preBalances, postBalances, fee } = node.chain.landed.get(trade.signature);
    return preBalances[0] - postBalances[0] - BigInt(fee);
  };
  assert.equal(await cost(), rent, 'the first order keeps a guard');
  assert.equal(await cost(), rent, 'and so does the second');
  const free = node.chain.height + GUARD_BLOCKS;
  await until('the guards may go', () => node.chain.height > free, 60_000);
  await until('an order takes one back', async () => (await cost()) === 0n, 30_000);
}

// Trades between SOL and the token, exactly out and exactly in. The lamports that leave the wallet are
// what was paid, the fee, and the rents of the guard and of a token account that was made; no wrapped
// SOL stays behind.
async function solBothWays(node, scene, { quotes }, sol) {
  const usdc = scene.tokens.USDC === WSOL ? sol : scene.tokens.USDC;
  const small = asksOf({ quotes }, usdc, SOL_ROUNDS);
  for (const ask of [...small, ...largest(quotes, usdc)]) {
    const fields = orderOf(ask, usdc, scene);
    const trade = await scene.trade(fields, 30_000);
    checkTrade(trade, fields);
    const exact = ask.mode === 'ExactOut' ? trade.amountOut : trade.amountIn;
    assert.equal(exact, String(ask.amount), 'the exact amount is the one that was asked for');
    const { preBalances, postBalances, fee, accounts } = node.chain.landed.get(trade.signature);
    const rent = node.chain.svm.minimumBalanceForRentExemption(0n);
    const spent = preBalances[0] - postBalances[0] - BigInt(fee) - rent;
    assert.equal(spent, ask.inMint === sol ? BigInt(trade.amountIn) : -BigInt(trade.amountOut));
    const left = accounts.all.filter((address) => isWrappedSolOf(node, address, scene.wallet));
    assert.deepEqual(left, [], 'expected no wrapped SOL to stay behind');
  }
}

function isWrappedSolOf(node, address, wallet) {
  const account = node.chain.account(address);
  if (!account || account.data().length !== TOKEN_ACCOUNT_SIZE) return false;
  const data = Buffer.from(account.data());
  const isSol = data.subarray(0, 32).equals(new PublicKey(WSOL).toBuffer());
  return isSol && data.subarray(32, 64).equals(wallet.publicKey.toBuffer());
}
