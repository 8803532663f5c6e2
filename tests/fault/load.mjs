// Clients: they post orders at a steady rate whatever happens, follow single orders and the stream
// of all, and remember what they were told. A client that gets no order for its key asks again,
// with the same key, at another gateway, until it has one.

import http from 'node:http';

import WebSocket from 'ws';

import { after } from './dice.mjs';

const POST_MS = [300, 1500, 3000]; // how patient a client is, from one to the next
const OUTSTANDING_MAX = 3000; // keys without an order; beyond it no new ones are made
const SILENT_MS = 4000; // a follower without frames for so long tries another gateway
const TERMINAL = new Set(['confirmed', 'failed', 'cancelled', 'expired']);

export const wallMs = () => performance.timeOrigin + performance.now();

// What clients saw of each event, by its position, and what contradicted itself.
export class Seen {
  constructor() {
    this.byPosition = []; // texts as `told` makes them
    this.firstAt = []; // wall milliseconds
    this.frames = 0;
    this.violations = [];
  }

  violate(rule, orderId, what) {
    if (this.violations.length < 1000) this.violations.push({ rule, orderId, what });
  }

  // A frame of an event. by: the client, for the report.
  take(frame, by) {
    this.frames++;
    const { position, orderId } = frame;
    const text = told(frame);
    const before = this.byPosition[position];
    if (before === undefined) {
      this.byPosition[position] = text;
      this.firstAt[position] = wallMs();
    } else if (before !== text) {
      this.violate('I4', orderId, `${by}: position ${position} is ${text}, and was ${before}`);
    }
    const { statusHistory } = frame.order;
    const last = statusHistory.at(-1);
    const fits = statusHistory.length === frame.seq && last.status === frame.status;
    if (!fits) this.violate('I4', orderId, `${by}: seq ${frame.seq} does not end its history`);
  }
}

// An event as frames and rows both know it. Before the first attempt frames say 1, rows 0.
export function told({ orderId, seq, status, attempt, timestamp, txHash }) {
  const hash = status === 'confirmed' ? txHash : '';
  return `${orderId}|${seq}|${status}|${Math.max(1, attempt)}|${new Date(timestamp).getTime()}|${hash}`;
}

// A WebSocket that is opened again, at another gateway, whenever it ends, and goes on behind the
// last frame it got. Frames have to come without a gap and none twice.
export class Follower {
  // counter: the frame's member that counts, `seq` or `position`. done(frame): whether it was the
  // last one that is wanted.
  constructor(load, name, { path, counter, done = () => false }) {
    Object.assign(this, { load, name, path, counter, done, last: 0, resumes: 0, slow: false });
    this.finished = new Promise((resolve) => (this.finish = resolve));
    this.connect();
  }

  connect() {
    if (this.isOver) return;
    const since = `${this.path.includes('?') ? '&' : '?'}since=${this.last}`;
    const port = this.load.otherPort(this.port);
    this.port = port;
    const options = { perMessageDeflate: false, handshakeTimeout: 2000 };
    const socket = new WebSocket(`ws://127.0.0.1:${port}${this.path}${since}`, options);
    this.socket = socket;
    this.heardAt = performance.now();
    socket.on('error', () => {}); // a close follows
    socket.on('message', (bytes) => this.take(bytes));
    socket.on('close', () => {
      if (this.isOver) return;
      this.resumes++;
      setTimeout(() => this.connect(), 50 + Math.random() * 200);
    });
  }

  take(bytes) {
    this.heardAt = performance.now();
    const frame = JSON.parse(bytes.toString('utf8'));
    if (this.isOver || frame.seq === undefined) return;
    const count = frame[this.counter];
    if (count !== this.last + 1) {
      const what = `${this.name}: ${this.counter} ${count} after ${this.last}, from ${this.port}`;
      this.load.seen.violate('I4', frame.orderId, what);
    }
    this.last = count;
    this.load.seen.take(frame, this.name);
    if (this.done(frame)) this.end();
  }

  // Ends a connection on which nothing came for too long: its gateway may be a stopped process.
  mind() {
    if (this.slow || this.isOver) return;
    if (performance.now() - this.heardAt > SILENT_MS) this.socket.terminate();
  }

  // Reads nothing for a time, as a client on a bad line does.
  async stopReading(ms) {
    const { socket } = this;
    this.slow = true;
    if (socket.readyState === WebSocket.OPEN) socket.pause();
    await after(ms);
    this.slow = false;
    this.heardAt = performance.now();
    if (socket.readyState === WebSocket.OPEN) socket.resume();
    else if (socket.isPaused) socket.terminate();
  }

  end() {
    this.isOver = true;
    this.socket.terminate();
    this.finish();
  }
}

export class Load {
  // ports: of the gateways. rate: orders a second. followPercent: orders with a follower of theirs.
  constructor({ ports, rate, dice, followPercent = 5, followers = 2 }) {
    Object.assign(this, { ports, rate, dice, followPercent });
    this.seen = new Seen();
    this.keys = new Map(); // key → { id, at } of its first answer with 2xx
    this.outstanding = 0;
    this.sent = 0;
    this.again = 0; // requests beyond a key's first
    this.unfollowed = new Set(); // followers of single orders that are under way
    this.agents = new Map(ports.map((port) => [port, this.agent()]));
    this.all = Array.from({ length: followers }, (_, i) => {
      const what = { path: '/api/orders/ws', counter: 'position' };
      return new Follower(this, `follower ${i + 1} of all`, what);
    });
    this.minding = setInterval(() => this.mind(), 500);
  }

  agent() {
    return new http.Agent({ keepAlive: true, maxSockets: 512, scheduling: 'lifo' });
  }

  otherPort(port) {
    const others = this.ports.filter((each) => each !== port);
    return others.length === 0 ? port : this.dice.pick(others);
  }

  mind() {
    for (const follower of this.all) follower.mind();
    for (const follower of this.unfollowed) follower.mind();
  }

  start() {
    this.started = performance.now();
    let due = 0;
    let last = this.started;
    this.ticking = setInterval(() => {
      const now = performance.now();
      due = Math.min(due + ((now - last) / 1000) * this.rate, this.rate);
      last = now;
      for (; due >= 1 && this.outstanding < OUTSTANDING_MAX; due--) this.place();
    }, 10);
  }

  // Makes no further orders; resolves once every key has its order, or after `ms`.
  async stop(ms) {
    clearInterval(this.ticking);
    const deadline = performance.now() + ms;
    while (this.outstanding > 0 && performance.now() < deadline) await after(50);
  }

  // A new order: most keys are sent once, some at once to two gateways, some again later.
  place() {
    const key = `chaos-${++this.sent}`;
    this.outstanding++;
    const first = this.ask(key);
    if (this.dice.hits(2)) void this.ask(key);
    const twice = this.dice.hits(3);
    const followed = this.dice.hits(this.followPercent);
    const wait = this.dice.between(0, 5000);
    void first.then(async (id) => {
      this.outstanding--;
      if (id === undefined) return;
      if (followed) this.follow(id);
      if (!twice) return;
      await after(wait);
      if (!this.isOver) await this.ask(key);
    });
  }

  // The order of a key, always the same bytes.
  bodyOf() {
    return '{"tokenIn":"SOL","tokenOut":"USDC","amount":0.01,"slippage":0.02}';
  }

  // Asks until it is answered with 2xx; returns the order's id.
  async ask(key) {
    let port = this.dice.pick(this.ports);
    for (let tries = 0; !this.isOver; tries++) {
      if (tries > 0) this.again++;
      const answer = await this.post(port, key, POST_MS[Math.min(tries, POST_MS.length - 1)]);
      if (answer.status === 200 || answer.status === 201) return this.answered(key, answer, port);
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
        this.seen.violate('I2', key, `answered ${answer.status}: ${answer.text.slice(0, 200)}`);
        return undefined;
      }
      await after(Math.min(1000, 50 * 2 ** tries) * (0.5 + Math.random()));
      port = this.otherPort(port);
    }
    return undefined;
  }

  answered(key, answer, port) {
    const { orderId } = JSON.parse(answer.text);
    const known = this.keys.get(key);
    if (known === undefined) {
      this.keys.set(key, { id: orderId, at: wallMs() });
    } else if (known.id !== orderId) {
      this.seen.violate('I8', orderId, `${key} was order ${known.id} before, now from ${port}`);
    }
    return orderId;
  }

  // Resolves to the answer; its status is 0 when there is none in time.
  post(port, key, ms) {
    const body = this.bodyOf(key);
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Idempotency-Key': key,
    };
    const agent = this.agents.get(port);
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/api/orders', headers, agent };
    return new Promise((resolve) => {
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', () => finish(0, ''));
        response.on('end', () => {
          // A body that its length says is longer was cut off by a death: it is no answer.
          if (!response.complete) finish(0, '');
          else finish(response.statusCode, Buffer.concat(chunks).toString('utf8'));
        });
      });
      const timer = setTimeout(() => request.destroy(new Error('too late')), ms);
      const finish = (status, text) => {
        clearTimeout(timer);
        resolve({ status, text });
      };
      request.on('error', () => finish(0, ''));
      request.on('close', () => finish(0, '')); // after any of the above it changes nothing
      request.end(body);
    });
  }

  // Follows one order from its first event to its last.
  follow(id) {
    const follower = new Follower(this, `follower of ${id}`, {
      path: `/ws/orders?orderId=${id}`,
      counter: 'seq',
      done: (frame) => TERMINAL.has(frame.status),
    });
    this.unfollowed.add(follower);
    void follower.finished.then(() => this.unfollowed.delete(follower));
  }

  // Waits until each follower has seen everything up to a position, and each followed order's end;
  // gives up when none has got any further for `ms`.
  async caughtUp(position, ms) {
    const isDone = () =>
      this.unfollowed.size === 0 && this.all.every((follower) => follower.last >= position);
    let frames = -1;
    for (let deadline = 0; !isDone() && performance.now() < (deadline || Infinity); ) {
      if (this.seen.frames !== frames) deadline = performance.now() + ms;
      frames = this.seen.frames;
      await after(100);
    }
    const behind = this.all.filter((follower) => follower.last < position);
    for (const { name, last } of [...behind, ...this.unfollowed]) {
      this.seen.violate('I4', name, `is at ${last} and hears no more up to ${position}`);
    }
  }

  close() {
    this.isOver = true;
    clearInterval(this.ticking);
    clearInterval(this.minding);
    for (const follower of [...this.all, ...this.unfollowed]) follower.end();
    for (const agent of this.agents.values()) agent.destroy();
  }
}
