// Methods by which a test in another process steers the node; no real one has them.

import { RpcError } from './errors.mjs';

const PREFIX = 'localnet_';
const SLOTS_MAX = 100_000; // at once

export class Control {
  constructor({ chain, faults, subscriptions, tokens }) {
    Object.assign(this, { chain, faults, subscriptions, tokens });
  }

  has(name) {
    return (
      String(name).startsWith(PREFIX) && Object.hasOwn(Control.table, name.slice(PREFIX.length))
    );
  }

  call(name, params = []) {
    try {
      return Control.table[name.slice(PREFIX.length)].apply(this, params) ?? null;
    } catch (error) {
      throw error instanceof RpcError ? error : new RpcError(-32602, error.message);
    }
  }

  static table = {
    // What has been received, refused, landed …, and what waits to land.
    status() {
      const { slot, height, counters, waiting } = this.chain;
      return { slot, height, counters, waiting: waiting.map(({ tx }) => tx.signature) };
    },
    // Orders a fault (faults.mjs).
    fault(fault) {
      this.faults.add(fault);
    },
    clearFaults() {
      this.faults.clear();
    },
    // So many slots at once.
    advance(slots = 1) {
      for (let i = 0; i < Math.min(slots, SLOTS_MAX); i++) this.chain.advance();
      return this.chain.slot;
    },
    // Slots advance only when told to, or every slotMs again.
    pause() {
      this.chain.pause();
    },
    resume(slotMs) {
      this.chain.run(slotMs);
    },
    // Fixes the chain's clock, in seconds since 1970; null: the wall clock again.
    setTime(unixTime) {
      this.chain.setTime(unixTime);
    },
    // An account as if it had always been so; data in base64.
    setAccount(address, { data = '', ...rest }) {
      this.chain.put(address, { ...rest, data: Buffer.from(data, 'base64') });
    },
    // The owner's associated token account holds so many atoms more; its address.
    fundTokens(owner, mint, amount) {
      return this.tokens.fund(owner, mint, BigInt(amount));
    },
    // Undoes the block of a transaction that is not final (chain.mjs says what the options do).
    forkOut(signature, options) {
      return this.chain.forkOut(signature, options);
    },
    // Whether WebSocket subscribers hear nothing, though their connection lives.
    muteSubscriptions(muted) {
      this.subscriptions.muted = muted;
    },
  };
}
