// What recorded pools lack to be traded in: the answers were recorded without accounts that a quote
// does not need.

import { createHash } from 'node:crypto';

import bs58 from 'bs58';

const CLMM = 'CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK';
const WSOL = 'So11111111111111111111111111111111111111112';
const OBSERVATION_AT = 201; // in a CLMM pool: its account of past prices
const OBSERVATION_SIZE = 4483;
const OBSERVATION_POOL_AT = 19; // after discriminator, initialized, epoch, index
const TOKEN_AMOUNT_AT = 64;
const TOKEN_NATIVE_AT = 109; // a COption<u64>: the rent that a wrapped-SOL account keeps
const TOKEN_RENT = 2_039_280n;

const discriminator = (name) => createHash('sha256').update(`account:${name}`).digest().subarray(0, 8);

// A CLMM pool's observation account, empty; without one the program swaps nothing.
export function addObservation(chain, pool) {
  const data = Buffer.alloc(OBSERVATION_SIZE);
  const account = Buffer.from(chain.account(pool).data());
  discriminator('ObservationState').copy(data);
  Buffer.from(bs58.decode(pool)).copy(data, OBSERVATION_POOL_AT);
  chain.put(bs58.encode(account.subarray(OBSERVATION_AT, OBSERVATION_AT + 32)), {
    lamports: 50_000_000,
    owner: CLMM,
    data,
  });
}

// Makes one of the two tokens of a recorded pool wrapped SOL. Only for programs whose vaults are of
// one authority for all pools, since the others derive a pool's from its mints.
export function makeSol(chain, { accounts }, mint) {
  const from = Buffer.from(bs58.decode(mint));
  const to = Buffer.from(bs58.decode(WSOL));
  for (const [address, { owner, lamports, dataBase64 }] of Object.entries(accounts)) {
    const data = Buffer.from(dataBase64, 'base64');
    const at = data.indexOf(from);
    if (at < 0) continue;
    const isVault = at === 0 && data.length === 165;
    to.copy(data, at);
    if (isVault) {
      data.writeUInt32LE(1, TOKEN_NATIVE_AT);
      data.writeBigUInt64LE(TOKEN_RENT, TOKEN_NATIVE_AT + 4);
    }
    const own = isVault ? data.readBigUInt64LE(TOKEN_AMOUNT_AT) + TOKEN_RENT : BigInt(lamports);
    chain.put(address, { owner, lamports: own, data });
  }
}
