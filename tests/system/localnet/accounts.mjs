// Accounts as a node shows them.

import bs58 from 'bs58';

import { RpcError, invalidParams } from './errors.mjs';

const TOKEN_PROGRAMS = [
  'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA',
  'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb',
];
const RENT_EPOCH = 2n ** 64n - 1n; // of an account that is exempt from rent
const TOKEN_ACCOUNT_SIZE = 165; // bytes; a Token-2022 account's kind follows
const BASE58_MAX = 128; // bytes that a node is willing to write in base58
const FILTERS_MAX = 4; // of one getProgramAccounts
const FOUND_BYTES_MAX = 128; // that a memcmp filter looks for

export const ownerOf = (account) => bs58.encode(account.owner());
export const dataOf = (account) => Buffer.from(account.data());

export function sameAccount(a, b) {
  if (!a || !b) return !a === !b;
  return (
    a.lamports() === b.lamports() &&
    ownerOf(a) === ownerOf(b) &&
    a.executable() === b.executable() &&
    dataOf(a).equals(dataOf(b))
  );
}

function encoded(bytes, encoding = 'binary') {
  if (encoding === 'base64') return [bytes.toString('base64'), 'base64'];
  if (encoding !== 'base58' && encoding !== 'binary') {
    throw new RpcError(-32602, `this node knows no encoding ${encoding}`);
  }
  if (bytes.length > BASE58_MAX) {
    const why = 'Encoded binary (base 58) data should be less than 128 bytes, please use Base64';
    throw new RpcError(-32600, why);
  }
  return encoding === 'binary' ? bs58.encode(bytes) : [bs58.encode(bytes), 'base58'];
}

// An account for getAccountInfo and its kin; null stands for one that does not exist.
export function accountJson(account, { encoding, dataSlice } = {}) {
  if (!account) return null;
  const data = dataOf(account);
  if (dataSlice && !(isSize(dataSlice.offset) && isSize(dataSlice.length))) {
    throw invalidParams('Invalid params: dataSlice');
  }
  const shown = dataSlice
    ? data.subarray(dataSlice.offset, dataSlice.offset + dataSlice.length)
    : data;
  return {
    data: encoded(shown, encoding),
    executable: account.executable(),
    lamports: account.lamports(),
    owner: ownerOf(account),
    rentEpoch: RENT_EPOCH,
    space: data.length,
  };
}

function bytesToFind({ bytes, encoding }) {
  if (Array.isArray(bytes)) return Buffer.from(bytes);
  return encoding === 'base64' ? Buffer.from(bytes, 'base64') : Buffer.from(bs58.decode(bytes));
}

const isSize = (number) => Number.isSafeInteger(number) && number >= 0;

// One filter of getProgramAccounts as a function of an account's data.
function filterOf({ dataSize, memcmp, ...rest }) {
  const kinds = [dataSize, memcmp].filter((kind) => kind !== undefined).length;
  if (kinds !== 1 || Object.keys(rest).length > 0) throw invalidParams('Invalid params: filter');
  if (memcmp === undefined) {
    if (!isSize(dataSize)) throw invalidParams('Invalid params: dataSize');
    return (data) => data.length === dataSize;
  }
  if (!isSize(memcmp.offset)) throw invalidParams('Invalid params: offset');
  let wanted;
  try {
    wanted = bytesToFind(memcmp);
  } catch {
    throw invalidParams('Invalid param: Base58DecodeError');
  }
  if (wanted.length > FOUND_BYTES_MAX) throw invalidParams('Invalid param: DataTooLarge');
  const { offset } = memcmp;
  return (data) =>
    offset <= data.length && data.subarray(offset, offset + wanted.length).equals(wanted);
}

// getProgramAccounts' filters as a function of an account: whether it passes all of them.
export function filtersOf(filters = []) {
  if (!Array.isArray(filters)) throw invalidParams('Invalid params: filters');
  if (filters.length > FILTERS_MAX) {
    throw invalidParams(`Too many filters provided; max ${FILTERS_MAX}`);
  }
  const all = filters.map(filterOf);
  return (account) => {
    const data = dataOf(account);
    return all.every((filter) => filter(data));
  };
}

// An amount in atoms, as nodes show those of tokens.
export function tokenAmount(amount, decimals) {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const text = fraction ? `${whole}.${fraction}` : whole;
  return { amount: String(amount), decimals, uiAmount: Number(text), uiAmountString: text };
}

// What getTransaction tells about a token account, before and after; null when it is none.
export function tokenBalance(account, accountIndex, mintOf) {
  if (!account || !TOKEN_PROGRAMS.includes(ownerOf(account))) return null;
  const data = dataOf(account);
  const isTokenAccount =
    data.length === TOKEN_ACCOUNT_SIZE ||
    (data.length > TOKEN_ACCOUNT_SIZE && data[TOKEN_ACCOUNT_SIZE] === 2);
  if (!isTokenAccount || data[108] === 0) return null; // a mint, or not initialized
  const mint = bs58.encode(data.subarray(0, 32));
  const mintAccount = mintOf(mint);
  if (!mintAccount) return null;
  return {
    accountIndex,
    mint,
    owner: bs58.encode(data.subarray(32, 64)),
    programId: ownerOf(account),
    uiTokenAmount: tokenAmount(data.readBigUInt64LE(64), dataOf(mintAccount)[44]),
  };
}
