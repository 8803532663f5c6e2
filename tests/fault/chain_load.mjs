// Clients of an engine that trades in real pools: orders in both directions and both swap modes, and
// readers that ask by GET now and then. Otherwise as load.mjs.

import http from 'node:http';

import { after } from './dice.mjs';
import { Load } from './load.mjs';

const SLIPPAGES = [0.5, 0.5, 0.5, 0.002]; // the last one breaks when a transaction comes late
const READ_EVERY_MS = 60;
const READ_MS = 2000; // how patient a reader is

export class ChainLoad extends Load {
  // venues: [{ program, mints: [a, b], amounts(mode, inMint) → texts in units }]; focus: of them the
  // one that trades in USDC, which alone is asked for an exact output.
  constructor({ venues, ...rest }) {
    super({ followPercent: 25, ...rest });
    Object.assign(this, { venues, bodies: new Map(), reads: new Map(), ids: [] });
    this.placed = {}; // by program, mode and direction
  }

  bodyOf(key) {
    return this.bodies.get(key);
  }

  // An order, and whether it means the same whatever the tokens are called.
  next() {
    const { dice } = this;
    const slippage = dice.pick(SLIPPAGES);
    const exactOut = dice.hits(35);
    const venue = exactOut || dice.hits(20) ? this.focus : dice.pick(this.venues);
    const [usdc, token] = venue.mints;
    const buys = exactOut || dice.hits(50);
    const [inMint, outMint] = buys ? [usdc, token] : [token, usdc];
    const what = `${venue.program} ${exactOut ? 'ExactOut' : 'ExactIn'} ${buys ? 'buy' : 'sell'}`;
    this.placed[what] = (this.placed[what] ?? 0) + 1;
    const amount = dice.pick(venue.amounts(exactOut ? 'ExactOut' : 'ExactIn', inMint));
    if (exactOut) return { body: { symbol: token, side: 'buy', quantity: amount, slippage } };
    return { body: { tokenIn: inMint, tokenOut: outMint, amountIn: amount, slippage }, lasting: true };
  }

  // Places an order; some are asked for twice, at once or later.
  place() {
    const key = `chain-${++this.sent}`;
    const { body, lasting } = this.next();
    this.bodies.set(key, JSON.stringify(body));
    this.outstanding++;
    const asks = [this.ask(key)];
    if (this.dice.hits(5)) asks.push(this.ask(key));
    const again = lasting && this.dice.hits(5);
    const wait = this.dice.between(0, 3000);
    const followed = this.dice.hits(this.followPercent);
    void Promise.all(asks).then(async ([id]) => {
      this.outstanding--;
      if (id === undefined) return;
      this.ids.push(id);
      if (followed) this.follow(id);
      if (!again) return;
      await after(wait);
      if (!this.isOver) await this.ask(key);
    });
  }

  // Asks about one order after the other, until the load is closed.
  async read() {
    while (!this.isOver) {
      await after(READ_EVERY_MS);
      if (this.ids.length > 0) await this.look(this.dice.pick(this.ids.slice(-200)));
    }
  }

  // What GET tells of an order: its states up to now. A longer list has to begin with a shorter one.
  async look(id) {
    const answer = await this.get(`/api/orders/${id}`);
    if (answer.status === 404) this.seen.violate('I2', id, 'GET knows nothing of it');
    if (answer.status !== 200) return;
    const { status, statusHistory } = JSON.parse(answer.text);
    const told = statusHistory.map((entry) => entry.status);
    if (told.at(-1) !== status) this.seen.violate('I4', id, `GET told ${status} after ${told}`);
    const before = this.reads.get(id) ?? [];
    const [short, long] = told.length < before.length ? [told, before] : [before, told];
    if (!short.every((each, i) => each === long[i]))
      this.seen.violate('I3', id, `GET told ${told}, and before ${before}`);
    this.reads.set(id, long);
  }

  get(path) {
    const [port] = this.ports;
    return new Promise((resolve) => {
      const agent = this.agents.get(port);
      const options = { host: '127.0.0.1', port, path, agent, timeout: READ_MS };
      const request = http.get(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', () => resolve({ status: 0 }));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve(response.complete ? { status: response.statusCode, text } : { status: 0 });
        });
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve({ status: 0 }));
    });
  }
}
