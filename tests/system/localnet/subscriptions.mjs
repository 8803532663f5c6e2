// WebSocket subscriptions: slots, accounts, signatures.

import { accountJson } from './accounts.mjs';
import { RpcError, invalidParams } from './errors.mjs';
import { toJson } from './json.mjs';
import { VERSION } from './methods.mjs';
import { addressBytes } from './transaction.mjs';

const KINDS = {
  slotSubscribe: () => ({ kind: 'slot' }),
  accountSubscribe: ([address, config]) => (
    addressBytes(address),
    { kind: 'account', key: address, config }
  ),
  signatureSubscribe: ([signature, config]) => ({ kind: 'signature', key: signature, config }),
};

export class Subscriptions {
  constructor(chain) {
    this.chain = chain;
    this.open = new Map(); // id → { id, socket, kind, key, config, level }
    this.lastId = 0;
    this.muted = false; // whether notifications are withheld
    this.watcher = (progress) => this.notify(progress);
    chain.watchers.add(this.watcher);
  }

  stop() {
    this.chain.watchers.delete(this.watcher);
  }

  accept(socket) {
    socket.on('message', (text) => this.answer(socket, String(text)));
    socket.on('close', () => {
      for (const [id, one] of this.open) if (one.socket === socket) this.open.delete(id);
    });
  }

  answer(socket, text) {
    let request = {};
    try {
      request = JSON.parse(text);
      const result = this.request(socket, request);
      socket.send(toJson({ jsonrpc: '2.0', result, id: request.id ?? null }));
      this.catchUp(request, result);
    } catch (error) {
      const told = error instanceof RpcError ? error : new RpcError(-32700, 'Parse error');
      socket.send(toJson({ jsonrpc: '2.0', error: told.json, id: request.id ?? null }));
    }
  }

  request(socket, { method, params = [] }) {
    if (/^[a-z]+Unsubscribe$/.test(method)) return this.open.delete(params[0]);
    if (!Object.hasOwn(KINDS, method)) throw new RpcError(-32601, 'Method not found');
    if (!Array.isArray(params)) throw invalidParams('Invalid params');
    const one = KINDS[method](params);
    const level = one.config?.commitment ?? 'finalized';
    this.chain.slotAt(level); // refuses a level that there is not
    const id = ++this.lastId;
    this.open.set(id, { ...one, id, socket, level });
    return id;
  }

  // A signature that has landed already is told at once.
  catchUp({ method }, id) {
    if (method === 'signatureSubscribe') this.tellSignature(this.open.get(id));
  }

  notify({ slot, levels }) {
    if (this.muted) return;
    for (const one of [...this.open.values()]) {
      if (one.kind === 'slot') {
        this.tell(one, { parent: slot - 1, root: this.chain.slotAt('finalized'), slot });
      } else if (one.kind === 'signature') {
        this.tellSignature(one);
      } else {
        this.tellAccount(
          one,
          levels.find(({ level }) => level === one.level),
        );
      }
    }
  }

  tell({ socket, kind, id }, result) {
    const params = { result, subscription: id };
    socket.send(toJson({ jsonrpc: '2.0', method: `${kind}Notification`, params }));
  }

  context(slot) {
    return { slot, apiVersion: VERSION['solana-core'] };
  }

  tellAccount(one, { from, to }) {
    for (let slot = from; slot <= to; slot++) {
      if (!this.chain.touched.get(slot)?.has(one.key)) continue;
      const account = this.chain.accountAt(one.key, one.level);
      this.tell(one, { context: this.context(to), value: accountJson(account, one.config) });
      return;
    }
  }

  tellSignature(one) {
    const record = this.chain.landed.get(one.key);
    if (!record || record.slot > this.chain.slotAt(one.level)) return;
    this.open.delete(one.id);
    this.tell(one, { context: this.context(record.slot), value: { err: record.err } });
  }
}
