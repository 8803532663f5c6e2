// The chain itself: litesvm runs the programs, checks signatures, charges fees; here are slots,
// blocks and their hashes, what waits to land, commitment levels, and forks.
//
// There is one bank, the newest. What an older level sees of an account is read from the list of its
// changes that are not final yet; a fork undoes such changes.

import { randomBytes } from 'node:crypto';

import bs58 from 'bs58';

import { sameAccount, tokenBalance } from './accounts.mjs';
import { RpcError, invalidParams, landsAsFailed, transactionError } from './errors.mjs';
import { Account, Clock, FailedTransactionMetadata, LiteSvm } from './svm.mjs';
import { accountsOf, addressBytes, feeOf } from './transaction.mjs';

export const BLOCKHASH_LIFE = 150; // blocks
const BLOCKS_KEPT = 400;
const STATUSES_KEPT = 300; // slots for which a status is found without searching history
const SLOT_HASHES = 64;
const SLOTS_PER_EPOCH = 432_000;
const SYSTEM_PROGRAM = '11111111111111111111111111111111';
const LEVELS = ['processed', 'confirmed', 'finalized'];

export const DEFAULTS = {
  slotMs: 100, // between slots; 0: they advance only when told to
  confirmSlots: 2, // slots after which a block is confirmed
  finalSlots: 32, // and finalized
  skipEvery: 25, // of so many slots one has no block; 0: none
  firstSlot: 370_100_000, // later than those in the recorded pools
  heightLag: 21_000_000, // by which the block height is less than the slot
  unixTime: null, // seconds; null: the wall clock
};

export class Chain {
  constructor(options = {}) {
    Object.assign(this, DEFAULTS, options);
    this.svm = new LiteSvm();
    this.svm.setTransactionHistory(0n); // what landed is known here, so that a fork can forget it
    this.svm.setBlockhashCheck(false);
    this.svm.setSigverify(true);
    this.svm.withNativeMints();
    this.slot = this.firstSlot;
    this.height = this.firstSlot - this.heightLag;
    this.blocks = []; // { hash, height, slot }, newest last
    this.waiting = []; // { tx, notBefore, forkAfter }
    this.landed = new Map(); // signature → record
    this.history = new Map(); // address → [{ slot, before }], changes that are not final
    this.touched = new Map(); // slot → addresses changed in it
    this.watchers = new Set(); // called with { slot, levels: [{ level, from, to }] }
    this.counters = {
      received: 0,
      refused: 0,
      dropped: 0,
      landed: 0,
      failed: 0,
      expired: 0,
      forkedOut: 0,
    };
    for (let i = 0; i < this.finalSlots + 8; i++) this.addBlock();
  }

  // ---- time ----------------------------------------------------------------------------------

  run(slotMs = this.slotMs) {
    this.pause();
    this.slotMs = slotMs;
    if (slotMs > 0) this.timer = setInterval(() => this.advance(), slotMs);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  now() {
    return this.unixTime ?? Math.floor(Date.now() / 1000);
  }

  // Fixes the chain's clock at so many seconds since 1970; null: the wall clock again.
  setTime(unixTime) {
    this.unixTime = unixTime;
    this.setClock();
  }

  setClock() {
    const epoch = BigInt(Math.floor(this.slot / SLOTS_PER_EPOCH));
    const start = this.svm.getClock().epochStartTimestamp;
    this.svm.setClock(new Clock(BigInt(this.slot), start, epoch, epoch + 1n, BigInt(this.now())));
  }

  addBlock() {
    this.slot++;
    this.height++;
    this.svm.expireBlockhash();
    this.blocks.push({ hash: this.svm.latestBlockhash(), height: this.height, slot: this.slot });
    if (this.blocks.length > BLOCKS_KEPT) this.blocks.shift();
    const recent = this.blocks.slice(-SLOT_HASHES).reverse();
    this.svm.setSlotHashes(recent.map(({ slot, hash }) => ({ slot: BigInt(slot), hash })));
    this.setClock();
  }

  // One slot, with what is due in it.
  advance() {
    const before = LEVELS.map((level) => this.slotAt(level));
    this.advancing = true;
    if (this.skipEvery && (this.slot + 1) % this.skipEvery === 0) {
      this.slot++;
      this.setClock();
    } else {
      this.addBlock();
      this.landDue();
    }
    for (const record of this.landed.values()) {
      if (record.forkAfter && this.slot - record.slot >= record.forkAfter) {
        this.forkOut(record.signature);
      }
    }
    this.advancing = false;
    const levels = LEVELS.map((level, i) => ({
      level,
      from: before[i] + 1,
      to: this.slotAt(level),
    }));
    for (const watcher of this.watchers) watcher({ slot: this.slot, levels });
    this.forgetFinal();
  }

  forgetFinal() {
    const final = this.slotAt('finalized');
    if (this.slot % 16 !== 0) return;
    for (const [address, changes] of this.history) {
      const open = changes.filter(({ slot }) => slot > final);
      if (open.length > 0) this.history.set(address, open);
      else this.history.delete(address);
    }
    for (const slot of this.touched.keys()) if (slot <= final) this.touched.delete(slot);
  }

  // ---- commitment ----------------------------------------------------------------------------

  // The newest slot of a level; undefined stands for finalized, as in requests.
  slotAt(level = 'finalized') {
    if (level === 'processed') return this.slot;
    if (level === 'confirmed') return this.slot - this.confirmSlots;
    if (level === 'finalized') return this.slot - this.finalSlots;
    throw invalidParams(`Invalid params: unknown variant \`${level}\``);
  }

  blockAt(level) {
    const slot = this.slotAt(level);
    return this.blocks.findLast((block) => block.slot <= slot) ?? this.blocks[0];
  }

  levelOf(slot) {
    return LEVELS.findLast((level) => slot <= this.slotAt(level));
  }

  // Whether a transaction with this blockhash may land in the newest block of that level.
  isBlockhashValid(hash, level = 'processed') {
    const { height } = this.blockAt(level);
    const block = this.blocks.findLast((candidate) => candidate.hash === hash);
    return !!block && block.height <= height && height - block.height <= BLOCKHASH_LIFE;
  }

  // ---- accounts ------------------------------------------------------------------------------

  account(address) {
    const account = this.svm.getAccount(addressBytes(address));
    return account && (account.lamports() > 0n || account.data().length > 0) ? account : null;
  }

  accountAt(address, level) {
    const slot = this.slotAt(level);
    const later = this.history.get(address)?.find((change) => change.slot > slot);
    return later ? later.before : this.account(address);
  }

  // [address, account] of all that belong to a program.
  programAccountsAt(program, level) {
    const now = this.svm.getProgramAccounts(addressBytes(program));
    const addresses = new Set(now.map(({ address }) => bs58.encode(address)));
    for (const address of this.history.keys()) addresses.add(address);
    return [...addresses]
      .map((address) => [address, this.accountAt(address, level)])
      .filter(([, account]) => account && bs58.encode(account.owner()) === program);
  }

  note(address, before) {
    if (!this.history.has(address)) this.history.set(address, []);
    this.history.get(address).push({ slot: this.slot, before });
    this.touch(address);
  }

  // Subscribers hear of it with the slot; between slots, with the next one.
  touch(address) {
    const slot = this.advancing ? this.slot : this.slot + 1;
    if (!this.touched.has(slot)) this.touched.set(slot, new Set());
    this.touched.get(slot).add(address);
  }

  setRaw(address, account) {
    const gone = () => new Account(0n, new Uint8Array(0), addressBytes(SYSTEM_PROGRAM), false, 0n);
    this.svm.setAccount(addressBytes(address), account ?? gone());
  }

  // Sets an account as if it had always been so: { lamports, data, owner, executable }, `data` bytes.
  put(address, { lamports, data = Buffer.alloc(0), owner = SYSTEM_PROGRAM, executable = false }) {
    const rent = this.svm.minimumBalanceForRentExemption(BigInt(data.length));
    const balance = BigInt(lamports ?? rent);
    this.setRaw(address, new Account(balance, data, addressBytes(owner), executable, 0n));
    this.history.delete(address);
    this.touch(address);
  }

  // ---- transactions --------------------------------------------------------------------------

  // Takes a transaction to land `late` slots after the next one; forkAfter: undo it so many slots
  // after it has landed.
  submit(tx, { late = 0, forkAfter = 0 } = {}) {
    if (this.waiting.some((other) => other.tx.signature === tx.signature)) return;
    this.waiting.push({ tx, notBefore: this.slot + 1 + late, forkAfter });
  }

  landDue() {
    const due = this.waiting.filter(({ notBefore }) => notBefore <= this.slot);
    const valid = ({ tx }) => this.isBlockhashValid(tx.message.recentBlockhash);
    this.waiting = this.waiting.filter(({ notBefore }) => notBefore > this.slot);
    for (const entry of due) this.execute(entry);
    this.counters.expired += this.waiting.filter((entry) => !valid(entry)).length;
    this.waiting = this.waiting.filter(valid);
  }

  // Runs a transaction in the newest block. False when it does not land.
  execute({ tx, forkAfter = 0 }) {
    if (this.landed.has(tx.signature)) return false;
    if (!this.isBlockhashValid(tx.message.recentBlockhash)) {
      this.counters.expired++;
      return false;
    }
    const accounts = accountsOf(this.svm, tx);
    const before = accounts?.all.map((address) => this.account(address));
    const result = accounts && this.send(tx);
    if (!result || (result.err && !landsAsFailed(result.err))) {
      this.counters.dropped++;
      return false;
    }
    const after = accounts.all.map((address) => this.account(address));
    accounts.all.forEach((address, i) => {
      if (!sameAccount(before[i], after[i])) this.note(address, before[i]);
    });
    this.record({ tx, accounts, before, after, forkAfter, fee: feeOf(tx), ...result });
    this.counters.landed++;
    if (result.err) this.counters.failed++;
    return true;
  }

  // { err, meta } of litesvm's run.
  send({ legacy, bytes }) {
    const svm = this.svm;
    const result = legacy ? svm.sendLegacyTransaction(bytes) : svm.sendVersionedTransaction(bytes);
    if (!(result instanceof FailedTransactionMetadata)) return { err: null, meta: result };
    return { err: transactionError(result.err()), meta: result.meta() };
  }

  // { err, meta, accounts }: what would become of it in the newest block, `accounts` by address.
  simulate({ legacy, bytes }, { sigVerify = false } = {}) {
    const svm = this.svm;
    svm.setSigverify(sigVerify);
    const result = legacy
      ? svm.simulateLegacyTransaction(bytes)
      : svm.simulateVersionedTransaction(bytes);
    svm.setSigverify(true);
    if (result instanceof FailedTransactionMetadata) {
      return { err: transactionError(result.err()), meta: result.meta(), accounts: null };
    }
    const posts = result.postAccounts();
    const accounts = new Map(posts.map((post) => [bs58.encode(post.address), post.account()]));
    return { err: null, meta: result.meta(), accounts };
  }

  record({ tx, signature = tx.signature, accounts, before, after, err = null, ...rest }) {
    const mintOf = (mint) => this.account(mint);
    const tokens = (list) =>
      list.map((account, i) => tokenBalance(account, i, mintOf)).filter((balance) => balance);
    const lamports = (list) => list.map((account) => account?.lamports() ?? 0n);
    this.landed.set(signature, {
      signature,
      tx,
      slot: this.slot,
      time: this.now(),
      err,
      accounts,
      preBalances: lamports(before),
      postBalances: lamports(after),
      preTokenBalances: tokens(before),
      postTokenBalances: tokens(after),
      ...rest,
    });
  }

  // Gives lamports to an address, as a faucet's transaction; returns its signature.
  grant(address, lamports) {
    const before = this.account(address);
    const balance = (before?.lamports() ?? 0n) + BigInt(lamports);
    const owner = before?.owner() ?? addressBytes(SYSTEM_PROGRAM);
    const data = before?.data() ?? new Uint8Array(0);
    this.setRaw(address, new Account(balance, data, owner, false, 0n));
    this.note(address, before);
    const signature = bs58.encode(randomBytes(64));
    const accounts = { fixed: [address], writable: [], readonly: [], all: [address] };
    const after = [this.account(address)];
    this.record({ signature, accounts, before: [before], after, granted: lamports });
    return signature;
  }

  // The record of a signature, when it is still found at all.
  found(signature, { searchTransactionHistory = false } = {}) {
    const record = this.landed.get(signature);
    const old = record && this.slot - record.slot > STATUSES_KEPT;
    return old && !searchTransactionHistory ? undefined : record;
  }

  // ---- forks ---------------------------------------------------------------------------------

  // The block in which a transaction landed, and all after it, turn out not to be on the chain. What
  // else was in them lands again in the newest block (unless replay is false). The transaction
  // itself does not, unless it is to be tried again requeueAfter slots later.
  forkOut(signature, { replay = true, requeueAfter } = {}) {
    const victim = this.landed.get(signature);
    if (!victim) throw invalidParams('no such transaction');
    if (victim.slot <= this.slotAt('finalized')) throw new RpcError(-32602, 'it is finalized');
    const undone = this.undo(victim.slot);
    for (const record of undone) {
      if (record !== victim && replay) {
        if (record.tx) this.execute(record);
        else this.grant(record.accounts.all[0], record.granted);
      }
    }
    if (requeueAfter !== undefined) this.submit(victim.tx, { late: requeueAfter });
    return undone.map((record) => record.signature);
  }

  // Takes back all that happened from a slot on; returns the records, oldest first.
  undo(from) {
    for (const [address, changes] of this.history) {
      const first = changes.findIndex(({ slot }) => slot >= from);
      if (first < 0) continue;
      this.setRaw(address, changes[first].before);
      changes.splice(first);
      this.touch(address);
    }
    const undone = [...this.landed.values()].filter(({ slot }) => slot >= from);
    for (const { signature } of undone) this.landed.delete(signature);
    this.counters.forkedOut += undone.length;
    return undone;
  }
}
