// Transactions as they arrive: read strictly, since a client that sends anything else is broken.

import web3 from '@solana/web3.js';
import bs58 from 'bs58';

import { invalidParams } from './errors.mjs';

const { ComputeBudgetProgram, VersionedTransaction } = web3;
const PACKET_MAX = 1232; // bytes
const COMPUTE_BUDGET = ComputeBudgetProgram.programId.toBase58();
const LOOKUP_TABLE_PROGRAM = 'AddressLookupTab1e1111111111111111111111111';
const LOOKUP_TABLE_HEADER = 56; // bytes before the addresses

// The 32 bytes of an address in base58.
export function addressBytes(text) {
  try {
    const bytes = bs58.decode(text);
    if (bytes.length === 32) return bytes;
  } catch {
    // told below
  }
  throw invalidParams('Invalid param: Invalid');
}

function transactionBytes(text, encoding = 'base58') {
  if (typeof text !== 'string') throw invalidParams('invalid type: expected a string');
  if (encoding === 'base64') {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64') !== text) throw invalidParams('invalid base64 encoding');
    return bytes;
  }
  if (encoding !== 'base58') throw invalidParams(`unsupported encoding: ${encoding}`);
  try {
    return Buffer.from(bs58.decode(text));
  } catch {
    throw invalidParams('invalid base58 encoding');
  }
}

function isSane({ signatures, message }) {
  const { numRequiredSignatures, numReadonlySignedAccounts, numReadonlyUnsignedAccounts } =
    message.header;
  const fixed = message.staticAccountKeys.length;
  const total = message.addressTableLookups.reduce(
    (sum, table) => sum + table.writableIndexes.length + table.readonlyIndexes.length,
    fixed,
  );
  const sound = ({ programIdIndex, accountKeyIndexes }) =>
    programIdIndex > 0 && programIdIndex < fixed && accountKeyIndexes.every((i) => i < total);
  return (
    signatures.length === numRequiredSignatures &&
    numReadonlySignedAccounts < numRequiredSignatures &&
    numRequiredSignatures + numReadonlyUnsignedAccounts <= fixed &&
    new Set(message.staticAccountKeys.map(String)).size === fixed &&
    message.compiledInstructions.every(sound)
  );
}

// { bytes, signature, signatures, message, legacy }, or an RpcError.
export function decodeTransaction(text, encoding) {
  const bytes = transactionBytes(text, encoding);
  if (bytes.length > PACKET_MAX) {
    throw invalidParams(`transaction too large: ${bytes.length} bytes (max: ${PACKET_MAX} bytes)`);
  }
  let transaction;
  try {
    transaction = VersionedTransaction.deserialize(bytes);
    // Bytes left over, or lengths written at length, do not survive the way back.
    if (!bytes.equals(transaction.serialize())) throw new Error('not canonical');
  } catch {
    throw invalidParams(
      'failed to deserialize solana_transaction::versioned::VersionedTransaction',
    );
  }
  if (!isSane(transaction)) throw invalidParams('invalid transaction: failed to sanitize');
  return {
    bytes,
    signature: bs58.encode(transaction.signatures[0]),
    signatures: transaction.signatures.map((s) => bs58.encode(s)),
    message: transaction.message,
    legacy: transaction.version === 'legacy',
  };
}

function tableAddresses(svm, table) {
  const account = svm.getAccount(table.accountKey.toBytes());
  if (!account || bs58.encode(account.owner()) !== LOOKUP_TABLE_PROGRAM) return null;
  const data = Buffer.from(account.data());
  const at = (i) =>
    bs58.encode(data.subarray(LOOKUP_TABLE_HEADER + 32 * i, LOOKUP_TABLE_HEADER + 32 * i + 32));
  const count = (data.length - LOOKUP_TABLE_HEADER) / 32;
  if ([...table.writableIndexes, ...table.readonlyIndexes].some((i) => i >= count)) return null;
  return { writable: table.writableIndexes.map(at), readonly: table.readonlyIndexes.map(at) };
}

// Every account that the transaction names, in order, those of look-up tables included:
// { fixed, writable, readonly, all }; null when a table is not there.
export function accountsOf(svm, { message }) {
  const tables = message.addressTableLookups.map((table) => tableAddresses(svm, table));
  if (tables.includes(null)) return null;
  const fixed = message.staticAccountKeys.map((key) => key.toBase58());
  const writable = tables.flatMap((table) => table.writable);
  const readonly = tables.flatMap((table) => table.readonly);
  return { fixed, writable, readonly, all: [...fixed, ...writable, ...readonly] };
}

// The fee in lamports: 5,000 a signature, and price × limit in micro-lamports, rounded up.
export function feeOf({ message, signatures }) {
  let price = 0n;
  let limit = null;
  let others = 0;
  for (const { programIdIndex, data } of message.compiledInstructions) {
    const bytes = Buffer.from(data);
    if (message.staticAccountKeys[programIdIndex].toBase58() !== COMPUTE_BUDGET) others++;
    else if (bytes[0] === 2 && bytes.length === 5) limit = BigInt(bytes.readUInt32LE(1));
    else if (bytes[0] === 3 && bytes.length === 9) price = bytes.readBigUInt64LE(1);
  }
  limit ??= BigInt(Math.min(others * 200_000, 1_400_000));
  return 5000n * BigInt(signatures.length) + (price * limit + 999_999n) / 1_000_000n;
}
