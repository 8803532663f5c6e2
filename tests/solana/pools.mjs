// What recorded pools lack to be traded in (the answers were recorded without accounts that a quote
// does not need), and recorded pools of other tokens.

import { createHash } from 'node:crypto';

import web3 from '@solana/web3.js';
import bs58 from 'bs58';

const { PublicKey } = web3;
const CLMM = 'CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK';
const WSOL = 'So11111111111111111111111111111111111111112';
const OBSERVATION_AT = 201; // in a CLMM pool: its account of past prices
const OBSERVATION_SIZE = 4483;
const OBSERVATION_POOL_AT = 19; // after discriminator, initialized, epoch, index
const TOKEN_AMOUNT_AT = 64;
const TOKEN_NATIVE_AT = 109; // a COption<u64>: the rent that a wrapped-SOL account keeps
const TOKEN_SIZE = 165;
const TOKEN_RENT = 2_039_280n;

const discriminator = (name) => createHash('sha256').update(`account:${name}`).digest().subarray(0, 8);
const bytesOf = (address) => Buffer.from(bs58.decode(address));
const keyAt = (data, at) => data.subarray(at, at + 32);

// A CLMM pool's observation account, empty; without one the program swaps nothing.
export function addObservation(chain, pool) {
  const data = Buffer.alloc(OBSERVATION_SIZE);
  const account = Buffer.from(chain.account(pool).data());
  discriminator('ObservationState').copy(data);
  bytesOf(pool).copy(data, OBSERVATION_POOL_AT);
  chain.put(bs58.encode(keyAt(account, OBSERVATION_AT)), {
    lamports: 50_000_000,
    owner: CLMM,
    data,
  });
}

// Where the addresses of a program's pools, and of its accounts by their size, come from: seeds of
// the account's bytes. The other programs' vaults are of one authority for all pools.
const DERIVED = {
  raydium_clmm: {
    bumpAt: 8,
    pool: (data) => [Buffer.from('pool'), keyAt(data, 9), keyAt(data, 73), keyAt(data, 105)],
    accounts: {
      10240: (data, pool) => [Buffer.from('tick_array'), pool, data.subarray(40, 44).swap32()],
      1832: (data, pool) => [Buffer.from('pool_tick_array_bitmap_extension'), pool],
    },
  },
  meteora_dlmm: {
    bumpAt: 72,
    pool: (data) => {
      const mints = [keyAt(data, 88), keyAt(data, 120)].sort(Buffer.compare);
      return [keyAt(data, 784), ...mints];
    },
    accounts: {
      10136: (data, pool) => [Buffer.from('bin_array'), pool, data.subarray(8, 16)],
      1576: (data, pool) => [Buffer.from('bitmap'), pool],
    },
  },
};

const derive = (seeds, programId) =>
  PublicKey.findProgramAddressSync(seeds.map((seed) => Buffer.from(seed)), new PublicKey(programId));

function replaceKeys(data, keys) {
  for (const [from, to] of keys) {
    for (let at = data.indexOf(from); at >= 0; at = data.indexOf(from, at + 32)) to.copy(data, at);
  }
}

// The new address of the pool, which its bytes then go with.
function moved(pool, data, { program, programId }) {
  const how = DERIVED[program];
  if (!how) return pool;
  const [address, bump] = derive(how.pool(data), programId);
  data[how.bumpAt] = bump;
  return address.toBase58();
}

function makeNative(data) {
  data.writeUInt32LE(1, TOKEN_NATIVE_AT);
  data.writeBigUInt64LE(TOKEN_RENT, TOKEN_NATIVE_AT + 4);
  return data.readBigUInt64LE(TOKEN_AMOUNT_AT) + TOKEN_RENT;
}

// Puts a recorded pool on the chain as one of other tokens: mints says what each of its two becomes,
// and those are on the chain. Only for pools without Token-2022. Returns the pool's address.
export function remint(chain, venue, { pool, accounts }, mints) {
  const { program, programId } = venue;
  const keys = Object.entries(mints).map((pair) => pair.map(bytesOf));
  const own = Buffer.from(accounts[pool].dataBase64, 'base64');
  replaceKeys(own, keys);
  const address = moved(pool, own, venue);
  keys.push([bytesOf(pool), bytesOf(address)]);
  for (const [old, { owner, lamports, dataBase64 }] of Object.entries(accounts)) {
    if (mints[old]) continue;
    const data = old === pool ? own : Buffer.from(dataBase64, 'base64');
    const seeds = DERIVED[program]?.accounts[data.length];
    replaceKeys(data, keys);
    const isDerived = seeds && owner === programId;
    const at = isDerived ? derive(seeds(Buffer.from(data), bytesOf(address)), programId)[0] : null;
    const isSol = data.length === TOKEN_SIZE && keyAt(data, 0).equals(bytesOf(WSOL));
    const place = at ? at.toBase58() : old === pool ? address : old;
    chain.put(place, { owner, lamports: isSol ? makeNative(data) : BigInt(lamports), data });
  }
  if (program === 'raydium_clmm') addObservation(chain, address);
  return address;
}
