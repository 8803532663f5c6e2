// The JSON-RPC methods of a node that the engine and its tests use.

import bs58 from 'bs58';

import { accountJson, dataOf, filtersOf, tokenAmount } from './accounts.mjs';
import { BLOCKHASH_LIFE } from './chain.mjs';
import { RpcError, explain, invalidParams } from './errors.mjs';
import { accountsOf, addressBytes, decodeTransaction, feeOf } from './transaction.mjs';

export const VERSION = { 'solana-core': '2.3.0', 'feature-set': 3640012085 };
const ADDRESSES_MAX = 100; // of one getMultipleAccounts
const SIGNATURES_MAX = 256; // of one getSignatureStatuses
const FEES_SHOWN = 20; // slots

function listOf(list, max, check) {
  if (!Array.isArray(list)) throw invalidParams('Invalid params: expected a list');
  if (list.length > max) throw invalidParams(`Too many inputs provided; max ${max}`);
  list.forEach(check);
  return list;
}

function returnDataJson(meta) {
  const data = Buffer.from(meta.returnData().data());
  if (data.length === 0) return null;
  return {
    programId: bs58.encode(meta.returnData().programId()),
    data: [data.toString('base64'), 'base64'],
  };
}

function innerInstructionsJson(meta) {
  const json = (inner) => {
    const instruction = inner.instruction();
    return {
      programIdIndex: instruction.programIdIndex(),
      accounts: [...instruction.accounts()],
      data: bs58.encode(instruction.data()),
      stackHeight: inner.stackHeight(),
    };
  };
  return meta
    .innerInstructions()
    .map((list, index) => ({ index, instructions: list.map(json) }))
    .filter(({ instructions }) => instructions.length > 0);
}

function messageJson({ message, legacy }) {
  return {
    header: message.header,
    accountKeys: message.staticAccountKeys.map((key) => key.toBase58()),
    recentBlockhash: message.recentBlockhash,
    instructions: message.compiledInstructions.map((instruction) => ({
      programIdIndex: instruction.programIdIndex,
      accounts: [...instruction.accountKeyIndexes],
      data: bs58.encode(instruction.data),
      stackHeight: 1,
    })),
    ...(legacy
      ? {}
      : {
          addressTableLookups: message.addressTableLookups.map((table) => ({
            accountKey: table.accountKey.toBase58(),
            writableIndexes: [...table.writableIndexes],
            readonlyIndexes: [...table.readonlyIndexes],
          })),
        }),
  };
}

const okOrErr = (err) => (err ? { Err: err } : { Ok: null });

function transactionJson(record, { encoding = 'json', maxSupportedTransactionVersion: max } = {}) {
  const { tx, err, meta, accounts } = record;
  if (!tx.legacy && max === undefined) {
    throw new RpcError(
      -32015,
      'Transaction version (0) is not supported by the requesting client.',
    );
  }
  if (encoding !== 'json' && encoding !== 'base64') throw invalidParams(`no encoding ${encoding}`);
  const transaction =
    encoding === 'json'
      ? { signatures: tx.signatures, message: messageJson(tx) }
      : [tx.bytes.toString('base64'), 'base64'];
  const returnData = returnDataJson(meta);
  return {
    slot: record.slot,
    blockTime: record.time,
    transaction,
    ...(max === undefined ? {} : { version: tx.legacy ? 'legacy' : 0 }),
    meta: {
      err,
      status: okOrErr(err),
      fee: record.fee,
      preBalances: record.preBalances,
      postBalances: record.postBalances,
      preTokenBalances: record.preTokenBalances,
      postTokenBalances: record.postTokenBalances,
      innerInstructions: innerInstructionsJson(meta),
      logMessages: meta.logs(),
      rewards: [],
      loadedAddresses: { writable: accounts.writable, readonly: accounts.readonly },
      computeUnitsConsumed: meta.computeUnitsConsumed(),
      ...(returnData ? { returnData } : {}),
    },
  };
}

export class Methods {
  constructor(chain, { genesisHash, prioritizationFee = 0 }) {
    this.chain = chain;
    this.genesisHash = genesisHash;
    this.prioritizationFee = prioritizationFee; // micro-lamports a compute unit
  }

  has(name) {
    return Object.hasOwn(Methods.table, name);
  }

  // The result of a method; throws an RpcError. `fault`: one that it has to act out itself.
  call(name, params = [], fault = undefined) {
    return Methods.table[name].call(this, params, fault);
  }

  context(level) {
    return { apiVersion: VERSION['solana-core'], slot: this.chain.blockAt(level).slot };
  }

  withContext(level, value) {
    return { context: this.context(level), value };
  }

  // The block that a request's configuration asks about.
  block({ commitment, minContextSlot } = {}) {
    const block = this.chain.blockAt(commitment);
    if (minContextSlot > block.slot) {
      const data = { contextSlot: block.slot };
      throw new RpcError(-32016, 'Minimum context slot has not been reached', data);
    }
    return block;
  }

  status(record) {
    const level = this.chain.levelOf(record.slot);
    return {
      slot: record.slot,
      confirmations: level === 'finalized' ? null : this.chain.slot - record.slot,
      err: record.err,
      status: okOrErr(record.err),
      confirmationStatus: level,
    };
  }

  simulated(tx, { sigVerify = false, accounts, innerInstructions } = {}) {
    const { err, meta, accounts: after } = this.chain.simulate(tx, { sigVerify });
    const shown = (address) =>
      after &&
      accountJson(after.get(address) ?? this.chain.account(address), {
        encoding: 'base64',
        ...accounts,
      });
    return {
      err,
      logs: meta.logs(),
      accounts: accounts ? accounts.addresses.map(shown) : null,
      unitsConsumed: meta.computeUnitsConsumed(),
      returnData: returnDataJson(meta),
      innerInstructions: innerInstructions ? innerInstructionsJson(meta) : null,
      replacementBlockhash: null,
      loadedAccountsDataSize: 0,
      fee: accountsOf(this.chain.svm, tx) ? feeOf(tx) : null,
    };
  }

  // Why a transaction is refused before it is sent on; undefined when it is not.
  preflight(tx, { preflightCommitment }, fault) {
    const nothing = { logs: [], unitsConsumed: 0, returnData: null };
    if (fault?.kind === 'preflight') return { ...nothing, err: fault.err };
    // The bank of that level knows no newer blockhash.
    if (
      !this.chain.isBlockhashValid(tx.message.recentBlockhash, preflightCommitment ?? 'finalized')
    ) {
      return { ...nothing, err: 'BlockhashNotFound' };
    }
    if (this.chain.landed.has(tx.signature)) return { ...nothing, err: 'AlreadyProcessed' };
    const simulated = this.simulated(tx, { sigVerify: true });
    return simulated.err ? simulated : undefined;
  }

  static table = {
    getHealth: () => 'ok',
    getVersion: () => VERSION,
    getFirstAvailableBlock: () => 0,

    getGenesisHash() {
      return this.genesisHash;
    },
    getSlot([config]) {
      return this.block(config).slot;
    },
    getBlockHeight([config], fault) {
      const { slot, height } = this.block(config);
      return fault?.kind === 'slotForHeight' ? slot : height;
    },
    getEpochInfo([config], fault) {
      const { slot, height } = this.block(config);
      const slots = 432_000;
      return {
        absoluteSlot: slot,
        blockHeight: fault?.kind === 'slotForHeight' ? slot : height,
        epoch: Math.floor(slot / slots),
        slotIndex: slot % slots,
        slotsInEpoch: slots,
        transactionCount: this.chain.landed.size,
      };
    },
    getLatestBlockhash([config], fault) {
      const { hash, height, slot } = this.block(config);
      const base = fault?.kind === 'slotForHeight' ? slot : height;
      const value = { blockhash: hash, lastValidBlockHeight: base + BLOCKHASH_LIFE };
      return this.withContext(config?.commitment, value);
    },
    isBlockhashValid([hash, config]) {
      this.block(config);
      const level = config?.commitment ?? 'finalized';
      return this.withContext(level, this.chain.isBlockhashValid(hash, level));
    },
    getRecentPrioritizationFees() {
      return Array.from({ length: FEES_SHOWN }, (_, i) => ({
        slot: this.chain.slot - FEES_SHOWN + 1 + i,
        prioritizationFee: this.prioritizationFee,
      }));
    },
    getMinimumBalanceForRentExemption([size]) {
      return this.chain.svm.minimumBalanceForRentExemption(BigInt(size));
    },

    getBalance([address, config]) {
      this.block(config);
      addressBytes(address);
      const account = this.chain.accountAt(address, config?.commitment);
      return this.withContext(config?.commitment, account?.lamports() ?? 0n);
    },
    getAccountInfo([address, config]) {
      this.block(config);
      addressBytes(address);
      const account = this.chain.accountAt(address, config?.commitment);
      return this.withContext(config?.commitment, accountJson(account, config));
    },
    getMultipleAccounts([addresses, config]) {
      this.block(config);
      const shown = listOf(addresses, ADDRESSES_MAX, addressBytes).map((address) =>
        accountJson(this.chain.accountAt(address, config?.commitment), {
          encoding: 'base64',
          ...config,
        }),
      );
      return this.withContext(config?.commitment, shown);
    },
    getProgramAccounts([program, config]) {
      this.block(config);
      addressBytes(program);
      const passes = filtersOf(config?.filters);
      const value = this.chain
        .programAccountsAt(program, config?.commitment)
        .filter(([, account]) => passes(account))
        .map(([pubkey, account]) => ({ pubkey, account: accountJson(account, config) }));
      return config?.withContext ? this.withContext(config.commitment, value) : value;
    },
    getTokenAccountBalance([address, config]) {
      this.block(config);
      addressBytes(address);
      const account = this.chain.accountAt(address, config?.commitment);
      if (!account || dataOf(account).length < 165) {
        throw invalidParams('Invalid param: could not find account');
      }
      const data = dataOf(account);
      const mint = this.chain.account(bs58.encode(data.subarray(0, 32)));
      const shown = tokenAmount(data.readBigUInt64LE(64), dataOf(mint)[44]);
      return this.withContext(config?.commitment, shown);
    },

    getSignatureStatuses([signatures, config]) {
      const statuses = listOf(signatures, SIGNATURES_MAX, () => {}).map((signature) => {
        const record = this.chain.found(signature, config);
        return record ? this.status(record) : null;
      });
      return this.withContext('processed', statuses);
    },
    getTransaction([signature, config]) {
      if (config?.commitment === 'processed') {
        throw invalidParams('Method does not support commitment below `confirmed`');
      }
      const record = this.chain.landed.get(signature);
      if (!record?.tx || record.slot > this.chain.slotAt(config?.commitment)) return null;
      return transactionJson(record, config);
    },
    // Newest first; `before` and `until` are not here.
    getSignaturesForAddress([address, { commitment, limit = 1000 } = {}]) {
      addressBytes(address);
      const newest = this.chain.slotAt(commitment);
      const records = [...this.chain.landed.values()].filter(
        ({ slot, accounts }) => slot <= newest && accounts?.all.includes(address),
      );
      records.sort((a, b) => b.slot - a.slot);
      return records.slice(0, limit).map((record) => ({
        signature: record.signature,
        slot: record.slot,
        err: record.err,
        memo: null,
        blockTime: record.time,
        confirmationStatus: this.chain.levelOf(record.slot),
      }));
    },
    requestAirdrop([address, lamports]) {
      addressBytes(address);
      return this.chain.grant(address, lamports);
    },
    simulateTransaction([text, config = {}]) {
      const tx = decodeTransaction(text, config.encoding);
      const { hash, height } = this.block(config);
      if (config.sigVerify && config.replaceRecentBlockhash) {
        throw invalidParams('sigVerify may not be used with replaceRecentBlockhash');
      }
      const { replaceRecentBlockhash: replace } = config;
      const valid = replace || this.chain.isBlockhashValid(tx.message.recentBlockhash);
      if (!valid)
        return this.withContext(config.commitment, { err: 'BlockhashNotFound', logs: [] });
      const value = this.simulated(tx, config);
      if (replace) {
        value.replacementBlockhash = {
          blockhash: hash,
          lastValidBlockHeight: height + BLOCKHASH_LIFE,
        };
      }
      return this.withContext(config.commitment, value);
    },
    sendTransaction([text, config = {}], fault) {
      const { chain } = this;
      chain.counters.received++;
      const tx = decodeTransaction(text, config.encoding);
      this.block({ commitment: config.preflightCommitment, minContextSlot: config.minContextSlot });
      const refusal = config.skipPreflight ? undefined : this.preflight(tx, config, fault);
      if (refusal) {
        chain.counters.refused++;
        if (refusal.err === 'SignatureFailure') {
          throw new RpcError(-32003, 'Transaction signature verification failure');
        }
        throw new RpcError(
          -32002,
          `Transaction simulation failed: ${explain(refusal.err)}`,
          refusal,
        );
      }
      if (fault?.kind === 'drop') {
        chain.counters.dropped++;
      } else {
        chain.submit(tx, {
          late: fault?.kind === 'late' ? (fault.slots ?? 10) : 0,
          forkAfter: fault?.kind === 'fork' ? (fault.slots ?? 1) : 0,
        });
      }
      return tx.signature;
    },
  };
}
