// The chain as a ledger: the memo in a transaction says of which order and attempt it is, and the
// guard that it makes keeps every other transaction of the order from landing.

import assert from 'node:assert/strict';

import web3 from '@solana/web3.js';
import bs58 from 'bs58';

const { PublicKey, SystemProgram } = web3;
const MEMO = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr';
const SYSTEM = SystemProgram.programId.toBase58();
const TRANSFER_WITH_SEED = 11; // of the system program's instructions

// The order and the attempt of a transaction; undefined: it names none.
function attemptOf({ message: { staticAccountKeys, compiledInstructions } }) {
  const memo = compiledInstructions.find(
    ({ programIdIndex }) => staticAccountKeys[programIdIndex].toBase58() === MEMO,
  );
  if (!memo) return undefined;
  const [orderId, attempt] = Buffer.from(memo.data).toString().split(':');
  return { orderId, attempt: Number(attempt) };
}

// Order → how many transactions of it traded, of all that landed.
export function traded(node) {
  const times = new Map();
  for (const { tx, err } of node.chain.landed.values()) {
    const named = tx && !err && attemptOf(tx);
    if (named) times.set(named.orderId, (times.get(named.orderId) ?? 0) + 1);
  }
  return times;
}

// What a transaction moved out of and into a wallet, in atoms.
function moved({ preTokenBalances, postTokenBalances }, wallet) {
  const byMint = new Map();
  const add = (balances, sign) => {
    for (const { owner, mint, uiTokenAmount } of balances) {
      if (owner !== wallet) continue;
      byMint.set(mint, (byMint.get(mint) ?? 0n) + sign * BigInt(uiTokenAmount.amount));
    }
  };
  add(preTokenBalances, -1n);
  add(postTokenBalances, 1n);
  const of = (fits) => [...byMint.values()].find(fits) ?? 0n;
  return {
    amountIn: String(-of((atoms) => atoms < 0n)),
    amountOut: String(of((atoms) => atoms > 0n)),
  };
}

// The lines of what landed for a wallet: { signature, orderId, attempt, ok, at, amountIn, amountOut }.
// atMs: of a slot. Without a memo a line has no order.
export function linesOf(node, wallet, atMs) {
  const records = [...node.chain.landed.values()];
  const ours = ({ tx }) => tx && tx.message.staticAccountKeys[0].toBase58() === wallet;
  return records.filter(ours).map((record) => ({
    signature: record.signature,
    ...attemptOf(record.tx),
    ok: !record.err,
    at: new Date(atMs(record.slot)).toISOString(),
    ...moved(record, wallet),
  }));
}

// The guards of orders: order → { stands, takenBack }.
export async function guardsOf(node, wallet, orderIds) {
  const back = new Set();
  for (const { tx, err } of node.chain.landed.values()) {
    if (!tx || err) continue;
    const { staticAccountKeys: keys, compiledInstructions } = tx.message;
    for (const { programIdIndex, accountKeyIndexes, data } of compiledInstructions) {
      if (keys[programIdIndex].toBase58() !== SYSTEM) continue;
      if (Buffer.from(data).readUInt32LE(0) !== TRANSFER_WITH_SEED) continue;
      back.add(keys[accountKeyIndexes[0]].toBase58());
    }
  }
  const guards = new Map();
  for (const id of orderIds) {
    const seed = bs58.encode(Buffer.from(id.replaceAll('-', ''), 'hex'));
    const base = new PublicKey(wallet);
    const address = (await PublicKey.createWithSeed(base, seed, SystemProgram.programId)).toBase58();
    guards.set(id, { stands: node.chain.account(address) !== null, takenBack: back.has(address) });
  }
  return guards;
}

// Holds every order of the engine's database against the chain.
export async function checkLedger({ node, engine }) {
  const times = traded(node);
  for (const [id, status] of await engine.sql('select id, status from orders')) {
    const count = times.get(id) ?? 0;
    assert.ok(count <= 1, `order ${id} traded ${count} times`);
    if (status === 'finalized') assert.equal(count, 1, `${id} is confirmed, but did not trade`);
    if (status === 'failed') assert.equal(count, 0, `${id} is failed, but traded`);
  }
}
