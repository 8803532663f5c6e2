// The tests' own Solana node: what the engine is tried against has to behave as a real one. The
// client is the reference wallet library, which checks the shape of every answer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import web3 from '@solana/web3.js';
import bs58 from 'bs58';
import WebSocket from 'ws';

import { until } from './harness.mjs';
import { Localnet } from './localnet/localnet.mjs';
import { loadVenues, missingPrograms, recorded } from './localnet/venues.mjs';

const { ComputeBudgetProgram, Connection, Keypair, PublicKey, SystemProgram, Transaction } = web3;
const SOL = 1_000_000_000;
const FINAL_SLOTS = 8;
const OPTIONS = { slotMs: 0, finalSlots: FINAL_SLOTS, skipEvery: 0 };
const CLOCK = 'SysvarC1ock11111111111111111111111111111111';
const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';

// A raw call: { status, headers, body } of the HTTP answer, or an exception when there is none.
async function post(url, body, ms = 5000) {
  const answer = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(ms) });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}
const request = (method, params = []) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });

async function rpc(url, method, ...params) {
  const { body } = await post(url, request(method, params));
  return JSON.parse(body);
}

async function expectError(code, promise) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, code, `expected error ${code}, not ${error.message}`);
    return true;
  });
}

// A wallet with money, at every commitment level.
function wallet(node, lamports = 10 * SOL) {
  const pair = Keypair.generate();
  node.chain.put(pair.publicKey.toBase58(), { lamports });
  return pair;
}

// A signed transfer; `hash`: its blockhash.
function transfer(from, to, lamports, hash, extra = []) {
  const transaction = new Transaction().add(
    ...extra,
    SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: to, lamports }),
  );
  transaction.feePayer = from.publicKey;
  transaction.recentBlockhash = hash;
  transaction.sign(from);
  return transaction;
}

describe('a node', () => {
  let node, client;
  before(async () => {
    node = await Localnet.start(OPTIONS);
    client = new Connection(node.url, { commitment: 'processed', wsEndpoint: node.wsUrl });
  });
  after(() => node.stop());

  const latest = async (level = 'processed') => (await client.getLatestBlockhash(level)).blockhash;
  const status = async (signature, config) =>
    (await client.getSignatureStatuses([signature], config)).value[0];
  // The signature that a send answers with, or its JSON-RPC error as an exception.
  const send = async (transaction, options = { preflightCommitment: 'processed' }) => {
    const bytes = transaction.serialize({ verifySignatures: false }).toString('base64');
    const config = { encoding: 'base64', maxRetries: 0, ...options };
    const { result, error } = await rpc(node.url, 'sendTransaction', bytes, config);
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  };
  const advance = (slots) => {
    for (let i = 0; i < slots; i++) node.chain.advance();
  };

  test('lands a transfer, and says when it is processed, confirmed and finalized', async () => {
    const from = wallet(node);
    const to = Keypair.generate().publicKey;
    const signature = await send(transfer(from, to, SOL, await latest()));
    assert.equal(await status(signature), null);
    for (const [slots, level] of [
      [1, 'processed'],
      [2, 'confirmed'],
      [FINAL_SLOTS - 2, 'finalized'],
    ]) {
      advance(slots - 1);
      assert.notEqual((await status(signature))?.confirmationStatus, level);
      advance(1);
      assert.equal((await status(signature)).confirmationStatus, level);
      assert.equal(await client.getBalance(to, level), SOL);
    }
    const shown = await client.getTransaction(signature, { commitment: 'confirmed' });
    assert.equal(shown.meta.fee, 5000);
    assert.equal(shown.meta.err, null);
    assert.deepEqual(shown.meta.preBalances.slice(0, 2), [10 * SOL, 0]);
    assert.deepEqual(shown.meta.postBalances.slice(0, 2), [9 * SOL - 5000, SOL]);
  });

  test('shows each level its own balances', async () => {
    const from = wallet(node);
    const to = Keypair.generate().publicKey;
    await send(transfer(from, to, SOL, await latest()));
    advance(1);
    const balances = await Promise.all(
      ['processed', 'confirmed', 'finalized'].map((level) => client.getBalance(to, level)),
    );
    assert.deepEqual(balances, [SOL, 0, 0]);
  });

  test('lands the same bytes once', async () => {
    const from = wallet(node);
    const to = Keypair.generate().publicKey;
    const transaction = transfer(from, to, SOL, await latest());
    await send(transaction);
    await send(transaction);
    advance(2);
    await send(transaction, { skipPreflight: true });
    advance(2);
    assert.equal(await client.getBalance(to), SOL);
    await expectError(-32002, send(transaction)); // AlreadyProcessed
  });

  test('charges the fee, and lands as failed, what fails while it runs', async () => {
    const from = wallet(node, SOL);
    const transaction = transfer(from, Keypair.generate().publicKey, 2 * SOL, await latest());
    await expectError(-32002, send(transaction));
    const signature = await send(transaction, { skipPreflight: true });
    advance(1);
    assert.deepEqual((await status(signature)).err, { InstructionError: [0, { Custom: 1 }] });
    assert.equal(await client.getBalance(from.publicKey), SOL - 5000);
  });

  test('computes the fee that the chain charges, with a price', async () => {
    const from = wallet(node);
    const extra = [
      ComputeBudgetProgram.setComputeUnitLimit({ units: 30_001 }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 12_345 }),
    ];
    const to = Keypair.generate().publicKey;
    const signature = await send(transfer(from, to, SOL, await latest(), extra));
    advance(3);
    const { meta } = await client.getTransaction(signature, { commitment: 'confirmed' });
    assert.equal(meta.fee, 5000 + Math.ceil((30_001 * 12_345) / 1e6));
    assert.equal(await client.getBalance(from.publicKey), 9 * SOL - meta.fee);
  });

  test('never lands a transaction whose blockhash has expired, and shows the proof', async () => {
    const from = wallet(node);
    const { blockhash, lastValidBlockHeight } = await client.getLatestBlockhash('confirmed');
    advance(150);
    assert.ok((await client.isBlockhashValid(blockhash, { commitment: 'confirmed' })).value);
    advance(1);
    const late = transfer(from, Keypair.generate().publicKey, SOL, blockhash);
    const signature = await send(late, { skipPreflight: true });
    advance(FINAL_SLOTS + 1);
    assert.equal(await status(signature, { searchTransactionHistory: true }), null);
    assert.ok((await client.getBlockHeight('finalized')) > lastValidBlockHeight);
    assert.equal(
      (await client.isBlockhashValid(blockhash, { commitment: 'finalized' })).value,
      false,
    );
  });

  test('refuses a blockhash that the preflight level has not seen', async () => {
    const transaction = transfer(wallet(node), Keypair.generate().publicKey, SOL, await latest());
    await expectError(-32002, send(transaction, { preflightCommitment: 'finalized' }));
  });

  test('refuses a signature that is not one', async () => {
    const transaction = transfer(wallet(node), Keypair.generate().publicKey, SOL, await latest());
    transaction.signatures[0].signature[5] ^= 1;
    await expectError(-32003, send(transaction));
    const signature = await send(transaction, { skipPreflight: true });
    advance(2);
    assert.equal(await status(signature), null);
  });

  test('refuses bytes that are no transaction', async () => {
    const transaction = transfer(wallet(node), Keypair.generate().publicKey, SOL, await latest());
    const good = transaction.serialize();
    const bad = [
      Buffer.alloc(0),
      good.subarray(0, good.length - 1),
      Buffer.concat([good, Buffer.from([0])]),
      Buffer.alloc(1233),
    ];
    for (const bytes of bad) {
      const config = { encoding: 'base64' };
      const { error } = await rpc(node.url, 'sendTransaction', bytes.toString('base64'), config);
      assert.equal(error?.code, -32602, `expected ${bytes.length} bytes to be refused`);
    }
  });

  test('forgets old signatures unless history is searched', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await send(transfer(wallet(node), to, SOL, await latest()));
    advance(302);
    assert.equal(await status(signature), null);
    assert.equal((await status(signature, { searchTransactionHistory: true })).err, null);
  });

  test('forks a transaction out, and lands again what else was in the undone blocks', async () => {
    const [one, two] = [wallet(node), wallet(node)];
    const to = Keypair.generate().publicKey;
    const victim = await send(transfer(one, to, SOL, await latest()));
    advance(1);
    const other = await send(transfer(two, to, 2 * SOL, await latest()));
    advance(1);
    node.chain.forkOut(victim);
    assert.equal(await status(victim), null);
    assert.equal((await status(other)).confirmationStatus, 'processed');
    assert.equal(await client.getBalance(to), 2 * SOL);
    assert.equal(await client.getBalance(one.publicKey), 10 * SOL);
    assert.throws(() => node.chain.forkOut(victim), /no such transaction/);
  });

  test('lands a forked-out transaction again when asked to', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await send(transfer(wallet(node), to, SOL, await latest()));
    advance(1);
    node.chain.forkOut(signature, { requeueAfter: 2 });
    advance(2);
    assert.equal(await status(signature), null);
    advance(1);
    assert.equal(await client.getBalance(to), SOL);
  });

  test('forks no final transaction out', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await send(transfer(wallet(node), to, SOL, await latest()));
    advance(FINAL_SLOTS + 1);
    assert.throws(() => node.chain.forkOut(signature), /finalized/);
  });

  test('simulates without a trace, and tells what accounts would hold', async () => {
    const from = wallet(node);
    const to = Keypair.generate().publicKey;
    const bytes = transfer(from, to, SOL, await latest())
      .serialize()
      .toString('base64');
    const accounts = { encoding: 'base64', addresses: [to.toBase58()] };
    const config = { encoding: 'base64', commitment: 'processed', accounts };
    const { result } = await rpc(node.url, 'simulateTransaction', bytes, config);
    assert.equal(result.value.err, null);
    assert.equal(result.value.accounts[0].lamports, SOL);
    assert.equal(await client.getBalance(to), 0);
  });

  test('writes whole numbers with all their digits', async () => {
    const from = wallet(node);
    const { body } = await post(node.url, request('getAccountInfo', [from.publicKey.toBase58()]));
    assert.match(body, /"rentEpoch":18446744073709551615[,}]/);
  });

  test('answers batches in order, and says what it does not know', async () => {
    const batch = JSON.stringify([
      { jsonrpc: '2.0', id: 7, method: 'getSlot', params: [{ commitment: 'processed' }] },
      { jsonrpc: '2.0', id: 8, method: 'toString' },
    ]);
    const [slot, unknown] = JSON.parse((await post(node.url, batch)).body);
    assert.deepEqual([slot.id, slot.result], [7, node.chain.slot]);
    assert.deepEqual([unknown.id, unknown.error.code], [8, -32601]);
  });

  test('finds accounts by program, size and bytes', async () => {
    const owner = Keypair.generate().publicKey;
    const place = () => Keypair.generate().publicKey.toBase58();
    const [wanted, otherBytes, otherSize] = [place(), place(), place()];
    node.chain.put(wanted, { data: Buffer.from('abcd'), owner: owner.toBase58() });
    node.chain.put(otherBytes, { data: Buffer.from('abce'), owner: owner.toBase58() });
    node.chain.put(otherSize, { data: Buffer.from('abcde'), owner: owner.toBase58() });
    const filters = [
      { dataSize: 4 },
      { memcmp: { offset: 1, bytes: bs58.encode(Buffer.from('bcd')) } },
    ];
    const found = await client.getProgramAccounts(owner, { filters });
    assert.deepEqual(
      found.map(({ pubkey }) => pubkey.toBase58()),
      [wanted],
    );
  });

  test('shows slices of accounts by program, and takes filters by the chain\'s rules', async () => {
    const owner = Keypair.generate().publicKey.toBase58();
    const place = Keypair.generate().publicKey.toBase58();
    node.chain.put(place, { data: Buffer.from('abcdef'), owner });
    const find = async (config) => rpc(node.url, 'getProgramAccounts', owner, config);
    const slice = async (offset, length) => {
      const { result } = await find({ encoding: 'base64', dataSlice: { offset, length } });
      const [{ pubkey, account }] = result;
      assert.deepEqual([pubkey, account.owner, account.space], [place, owner, 6]);
      return Buffer.from(account.data[0], 'base64').toString();
    };
    assert.equal(await slice(2, 3), 'cde');
    assert.equal(await slice(4, 100), 'ef');
    assert.equal(await slice(6, 1), '');
    const memcmp = (offset, text) => ({ memcmp: { offset, bytes: bs58.encode(Buffer.from(text)) } });
    const count = async (...filters) => (await find({ filters })).result.length;
    assert.equal(await count(memcmp(4, 'ef'), { dataSize: 6 }), 1);
    assert.equal(await count(memcmp(4, 'efg')), 0);
    assert.equal(await count(memcmp(6, '')), 1);
    assert.equal(await count(memcmp(7, '')), 0);
    const BAD = [
      Array(5).fill({ dataSize: 6 }),
      [{}],
      [{ dataSize: -1 }],
      [{ dataSize: 6, memcmp: { offset: 0, bytes: '2' } }],
      [{ memcmp: { offset: 0, bytes: '0' } }],
      [memcmp(0, 'x'.repeat(129))],
    ];
    for (const filters of BAD) assert.equal((await find({ filters })).error.code, -32602);
  });

  test('answers 100 accounts at once, and refuses 101', async () => {
    const addresses = Array.from({ length: 101 }, () => Keypair.generate().publicKey.toBase58());
    const some = await rpc(node.url, 'getMultipleAccounts', addresses.slice(1));
    assert.deepEqual(some.result.value, Array(100).fill(null));
    const all = await rpc(node.url, 'getMultipleAccounts', addresses);
    assert.equal(all.error.code, -32602);
  });

  test('refuses a request for a slot that it has not reached', async () => {
    const config = { minContextSlot: node.chain.slot + 1, commitment: 'processed' };
    assert.equal((await rpc(node.url, 'getSlot', config)).error.code, -32016);
  });

  test('grants lamports', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await client.requestAirdrop(to, SOL);
    assert.equal((await status(signature)).err, null);
    assert.equal(await client.getBalance(to), SOL);
  });

  test('funds token accounts, of Token-2022 too', async () => {
    const mint = Keypair.generate().publicKey.toBase58();
    const data = Buffer.alloc(82);
    data[44] = 6; // decimals
    data[45] = 1; // initialized
    node.chain.put(mint, { data, owner: TOKEN_2022 });
    const owner = Keypair.generate().publicKey.toBase58();
    node.tokens.fund(owner, mint, 5n);
    const account = node.tokens.fund(owner, mint, 1_500_000n);
    const { value } = await client.getTokenAccountBalance(new PublicKey(account));
    assert.deepEqual([value.amount, value.uiAmountString], ['1500005', '1.500005']);
  });

  test('tells subscribers of slots, accounts and signatures', async () => {
    const from = wallet(node);
    const heard = [];
    const socket = new WebSocket(node.wsUrl);
    await once(socket, 'open');
    socket.on('message', (text) => heard.push(JSON.parse(text)));
    const address = from.publicKey.toBase58();
    const transaction = transfer(from, Keypair.generate().publicKey, SOL, await latest());
    const signature = bs58.encode(transaction.signature);
    const subscribe = (id, method, ...params) =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    subscribe(1, 'slotSubscribe');
    subscribe(2, 'accountSubscribe', address, { encoding: 'base64', commitment: 'processed' });
    subscribe(3, 'accountSubscribe', address, { encoding: 'base64', commitment: 'finalized' });
    subscribe(4, 'signatureSubscribe', signature, { commitment: 'confirmed' });
    subscribe(5, 'accountSubscribe', 'nonsense');
    await until('five answers', () => heard.length === 5);
    const ids = heard.map(({ result }) => result);
    assert.equal(heard[4].error.code, -32602);
    await send(transaction);
    advance(FINAL_SLOTS + 1);
    const of = (i) => heard.filter(({ params }) => params?.subscription === ids[i]);
    await until('a word on each level', () => of(2).length === 1);
    assert.equal(of(0).length, FINAL_SLOTS + 1);
    assert.deepEqual(
      of(1).map(({ params }) => params.result.value.lamports),
      [9 * SOL - 5000],
    );
    assert.equal(of(2)[0].params.result.context.slot, of(1)[0].params.result.context.slot);
    assert.deepEqual(
      of(3).map(({ params }) => params.result.value),
      [{ err: null }],
    );
    socket.terminate();
    await until('no subscription without its socket', () => node.subscriptions.open.size === 0);
  });

  test('serves the reference library’s confirmation, by subscription', async () => {
    const from = wallet(node);
    const { blockhash, lastValidBlockHeight } = await client.getLatestBlockhash('processed');
    const signature = await send(transfer(from, Keypair.generate().publicKey, SOL, blockhash));
    const strategy = { signature, blockhash, lastValidBlockHeight };
    const confirmed = client.confirmTransaction(strategy, 'confirmed');
    await until('a subscription', () => node.subscriptions.open.size > 0);
    advance(4);
    assert.equal((await confirmed).value.err, null);
    await until('the end of its idle socket', () => node.endpoints[0].sockets.clients.size === 0);
  });

  test('refuses to fault in a way it does not know', () => {
    assert.throws(() => node.faults.add({ kind: 'earthquake' }), /no fault/);
  });
});

describe('faults', () => {
  let node, from;
  before(async () => {
    node = await Localnet.start({ ...OPTIONS, endpoints: 2 });
    from = wallet(node, 1000 * SOL);
  });
  after(() => node.stop());

  const advance = (slots) => {
    for (let i = 0; i < slots; i++) node.chain.advance();
  };
  // A fresh transfer as a request, and its signature.
  const sending = () => {
    const hash = node.chain.blockAt('processed').hash;
    const transaction = transfer(from, Keypair.generate().publicKey, SOL, hash);
    const config = { encoding: 'base64', preflightCommitment: 'processed' };
    const params = [transaction.serialize().toString('base64'), config];
    return {
      signature: bs58.encode(transaction.signature),
      body: request('sendTransaction', params),
    };
  };
  const hasLanded = (signature) => node.chain.landed.has(signature);

  test('http: a status, with Retry-After, and nothing is done', async () => {
    for (const status of [429, 503]) {
      node.faults.add({ kind: 'http', status, retryAfter: 3 });
      const { signature, body } = sending();
      const answer = await post(node.url, body);
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [status, '3']);
      advance(2);
      assert.ok(!hasLanded(signature));
    }
  });

  test('rpc: an error of JSON-RPC', async () => {
    node.faults.add({ kind: 'rpc', method: 'getSlot', code: -32005 });
    assert.equal((await rpc(node.url, 'getSlot')).error.code, -32005);
    assert.ok((await rpc(node.url, 'getSlot')).result);
  });

  test('garbage and truncate: an answer that cannot be read', async () => {
    node.faults.add({ kind: 'garbage', method: 'getSlot' });
    const { body } = await post(node.url, request('getSlot'));
    assert.throws(() => JSON.parse(body));
    node.faults.add({ kind: 'truncate', method: 'getSlot' });
    await assert.rejects(post(node.url, request('getSlot')));
  });

  test('lost: done, without an answer', async () => {
    node.faults.add({ kind: 'lost' });
    const { signature, body } = sending();
    await assert.rejects(post(node.url, body));
    advance(1);
    assert.ok(hasLanded(signature));
  });

  test('close and hang: neither done nor answered', async () => {
    for (const kind of ['close', 'hang']) {
      node.faults.add({ kind });
      const { signature, body } = sending();
      await assert.rejects(post(node.url, body, 300));
      advance(1);
      assert.ok(!hasLanded(signature), kind);
    }
  });

  test('slow: answered in its own time', async () => {
    node.faults.add({ kind: 'slow', method: 'getSlot', ms: 200 });
    await assert.rejects(post(node.url, request('getSlot'), 50));
    node.faults.add({ kind: 'slow', method: 'getSlot', ms: 50 });
    assert.equal((await post(node.url, request('getSlot'))).status, 200);
  });

  test('preflight: refused with the error that was asked for', async () => {
    const err = { InstructionError: [3, { Custom: 6005 }] };
    node.faults.add({ kind: 'preflight', err });
    const { body } = sending();
    const { error } = JSON.parse((await post(node.url, body)).body);
    assert.equal(error.code, -32002);
    assert.deepEqual(error.data.err, err);
    assert.match(error.message, /Error processing Instruction 3: custom program error: 0x1775/);
  });

  test('drop: accepted, never landed; a second send lands', async () => {
    node.faults.add({ kind: 'drop' });
    const { signature, body } = sending();
    assert.equal(JSON.parse((await post(node.url, body)).body).result, signature);
    advance(3);
    assert.ok(!hasLanded(signature));
    await post(node.url, body);
    advance(1);
    assert.ok(hasLanded(signature));
  });

  test('late: landed so many slots later', async () => {
    node.faults.add({ kind: 'late', slots: 3 });
    const { signature, body } = sending();
    await post(node.url, body);
    advance(3);
    assert.ok(!hasLanded(signature));
    advance(1);
    assert.ok(hasLanded(signature));
  });

  test('fork: landed, and forked out so many slots later', async () => {
    node.faults.add({ kind: 'fork', slots: 3 });
    const { signature, body } = sending();
    await post(node.url, body);
    advance(3);
    assert.ok(hasLanded(signature));
    advance(1);
    assert.ok(!hasLanded(signature));
  });

  test('slotForHeight and answer: a node that tells what is not so', async () => {
    node.faults.add({ kind: 'slotForHeight', method: 'getBlockHeight', count: 0 });
    const { result: slot } = await rpc(node.url, 'getSlot');
    assert.equal((await rpc(node.url, 'getBlockHeight')).result, slot);
    node.faults.clear();
    assert.ok((await rpc(node.url, 'getBlockHeight')).result < slot);
    node.faults.add({ kind: 'answer', method: 'getFirstAvailableBlock', result: slot });
    assert.equal((await rpc(node.url, 'getFirstAvailableBlock')).result, slot);
  });

  test('befall one endpoint, and only requests that match, after others', async () => {
    const fault = { kind: 'rpc', method: '*', match: 'finalized', endpoint: 1, after: 1 };
    node.faults.add(fault);
    const finalized = [{ commitment: 'finalized' }];
    const ask = async (i, params) =>
      JSON.parse((await post(node.endpoints[i].url, request('getSlot', params))).body).error?.code;
    assert.equal(await ask(0, finalized), undefined);
    assert.equal(await ask(1, []), undefined);
    assert.equal(await ask(1, finalized), undefined);
    assert.equal(await ask(1, finalized), -32005);
    assert.equal(await ask(1, finalized), undefined);
  });
});

describe('the node as a process', () => {
  test('says where it is, is steered from outside, and ends with SIGTERM', async () => {
    const main = fileURLToPath(new URL('localnet/main.mjs', import.meta.url));
    const child = spawn(process.execPath, [main, '--slot-ms', '0', '--endpoints', '2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      const { url, endpoints } = JSON.parse(line);
      assert.equal(endpoints.length, 2);
      const { result: before } = await rpc(url, 'localnet_status');
      const { result: slot } = await rpc(endpoints[1].url, 'localnet_advance', 5);
      assert.equal(slot, before.slot + 5);
      await rpc(url, 'localnet_fault', { kind: 'http', method: 'getSlot', status: 500 });
      assert.equal((await post(url, request('getSlot'))).status, 500);
      await rpc(url, 'localnet_setTime', 1_700_000_000);
      const { result } = await rpc(url, 'getAccountInfo', CLOCK, { encoding: 'base64' });
      const clock = Buffer.from(result.value.data[0], 'base64');
      assert.equal(clock.readBigInt64LE(32), 1_700_000_000n);
      assert.equal((await rpc(url, 'localnet_nonsense')).error.code, -32601);
      assert.equal((await rpc(url, 'localnet_fault', { kind: 'x' })).error.code, -32602);
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('advances by itself', async () => {
    const node = await Localnet.start({ slotMs: 5 });
    const start = node.chain.slot;
    await until('slots', () => node.chain.slot > start + 5);
    await node.stop();
  });
});

describe('the venues on the node', () => {
  test('loads no program that is not the recorded one', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'drover-programs-'));
    fs.writeFileSync(path.join(dir, 'raydium_cpmm.so'), 'something else');
    const node = await Localnet.start(OPTIONS);
    assert.deepEqual(loadVenues(node.chain, dir), []);
    assert.match(missingPrograms(dir), /lacks the recorded meteora_damm_v2, meteora_dlmm, raydium/);
    await node.stop();
    fs.rmSync(dir, { recursive: true });
  });

  test(
    'runs the recorded programs over the recorded pools',
    { skip: missingPrograms() },
    async () => {
      const node = await Localnet.start({ ...OPTIONS, venues: true });
      const client = new Connection(node.url, 'processed');
      const from = wallet(node);
      assert.equal(node.venues.length, recorded().length);
      for (const { program, programId, cases } of node.venues) {
        const addresses = Object.keys(cases[0].accounts);
        const pool = await client.getAccountInfo(new PublicKey(cases[0].pool));
        assert.equal(pool.owner.toBase58(), programId, program);
        assert.ok(
          addresses.every((address) => node.chain.account(address)),
          program,
        );
        // No instruction of any of them: the program itself has to say so.
        const nonsense = {
          programId: new PublicKey(programId),
          keys: [],
          data: Buffer.alloc(8, 255),
        };
        const transaction = new Transaction().add(nonsense);
        transaction.feePayer = from.publicKey;
        transaction.recentBlockhash = node.chain.blockAt('processed').hash;
        transaction.sign(from);
        const { value } = await client.simulateTransaction(transaction);
        assert.ok(
          value.logs.some((line) => line.startsWith(`Program ${programId} invoke`)),
          program,
        );
        assert.ok(value.err.InstructionError, program);
      }
      await node.stop();
    },
  );
});
