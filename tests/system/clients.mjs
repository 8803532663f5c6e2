// Clients of the engine: HTTP, WebSocket and bare TCP. They wait for what they want with a deadline
// and never for a time.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';

import WebSocket from 'ws';

export const HAPPY = ['pending', 'routing', 'building', 'submitted', 'confirmed'];
export const STATUSES = [...HAPPY, 'failed'];
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

export function assertTimestamp(value, what) {
  assert.match(String(value), ISO, `expected ${what} to be an ISO time in UTC`);
}

// An HTTP answer, its JSON parsed when asked for.
export class Answer {
  constructor(status, headers, body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    try {
      return (this.parsed ??= JSON.parse(this.text));
    } catch {
      throw new assert.AssertionError({
        message: `expected JSON in the answer ${this.status}, not: ${this.text.slice(0, 200)}`,
      });
    }
  }
}

// HTTP over kept connections.
export class Api {
  constructor(port, { host = '127.0.0.1', connections = 64 } = {}) {
    this.host = host;
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  }

  request(method, path, { headers = {}, body, agent = this.agent, ms = 15_000 } = {}) {
    const options = { host: this.host, port: this.port, method, path, headers, agent };
    return new Promise((resolve, reject) => {
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve(new Answer(response.statusCode, response.headers, Buffer.concat(chunks)));
        });
      });
      request.setTimeout(ms, () => {
        request.destroy(new Error(`expected an answer to ${method} ${path} within ${ms} ms`));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  get(path, headers = {}) {
    return this.request('GET', path, { headers });
  }

  // body: an object to send as JSON, or the very bytes to send.
  post(path, body, headers = {}) {
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const all = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(bytes),
      ...headers,
    };
    return this.request('POST', path, { headers: all, body: bytes });
  }

  // Posts an order that has to be accepted, and returns the answer's object.
  async order(fields = {}, { path = '/api/orders/execute', headers } = {}) {
    const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1, ...fields };
    const answer = await this.post(path, order, headers);
    const told = `expected ${JSON.stringify(order)} to be accepted, not ${answer.status}: `;
    assert.ok(answer.status === 200 || answer.status === 201, told + answer.text);
    assert.equal(typeof answer.json.orderId, 'string', 'expected an orderId in the answer');
    return answer.json;
  }

  close() {
    this.agent.destroy();
  }
}

// A handshake that the server answered with something else than 101.
export class HandshakeRefused extends Error {
  constructor(answer) {
    super(`the WebSocket handshake was refused with ${answer.status}: ${answer.text}`);
    this.answer = answer;
  }
}

// A WebSocket client that remembers what it was sent.
export class Watch {
  // socket: an open TCP connection to upgrade instead of a new one.
  // keep: whether frames are parsed and kept; else they are only counted and their bytes kept.
  constructor(port, path, { headers = {}, socket, keep = true } = {}) {
    this.path = path;
    this.frames = [];
    this.raw = [];
    this.waiters = new Set();
    const options = { headers, perMessageDeflate: false };
    if (socket) options.createConnection = () => socket;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('error', reject);
      this.socket.once('unexpected-response', (request, response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          reject(new HandshakeRefused(new Answer(response.statusCode, response.headers, body)));
        });
      });
    });
    this.opened.catch(() => {});
    this.socket.on('error', () => {}); // a close follows, and that is waited for
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        this.end = { code, reason: reason.toString('utf8') };
        resolve(this.end);
        this.wake();
      });
    });
    this.socket.on('message', (bytes) => {
      if (keep) this.frames.push(this.parse(bytes));
      else this.raw.push(bytes);
      this.wake();
    });
  }

  parse(bytes) {
    const frame = JSON.parse(bytes.toString('utf8'));
    Object.defineProperty(frame, 'receivedAt', { value: performance.now() });
    return frame;
  }

  wake() {
    for (const waiter of this.waiters) waiter();
  }

  // Waits until condition(frames) is truthy and returns it. Fails when the socket closes first.
  until(what, condition, ms = 15_000) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.waiters.delete(check);
        settle(value);
      };
      const fail = (why) => {
        const seen = this.frames.map((frame) => frame.status ?? frame.type ?? 'error').slice(-12);
        const told = `on ${this.path}, expected ${what}; ${why}; seen last: [${seen}]`;
        finish(reject, new assert.AssertionError({ message: told }));
      };
      const check = () => {
        let result;
        try {
          result = condition(this.frames);
        } catch (error) {
          finish(reject, error);
          return;
        }
        if (result) finish(resolve, result);
        else if (this.end) fail(`it closed with ${this.end.code} ${this.end.reason}`);
      };
      const timer = setTimeout(() => fail(`not within ${ms} ms`), ms);
      this.waiters.add(check);
      check();
    });
  }

  // The status frames of an order, or of all.
  updates(orderId) {
    return this.frames.filter(
      (frame) => frame.seq !== undefined && (!orderId || frame.orderId === orderId),
    );
  }

  // Waits for the frame of an order that has this status.
  status(orderId, status, ms) {
    const find = () => this.updates(orderId).find((frame) => frame.status === status);
    return this.until(`${status} of ${orderId}`, find, ms);
  }

  // Waits for the order's last frame.
  ended(orderId, ms) {
    const ends = ['confirmed', 'failed'];
    const find = () => this.updates(orderId).find((frame) => ends.includes(frame.status));
    return this.until(`the end of ${orderId}`, find, ms);
  }

  first() {
    return this.until('a first frame', (frames) => frames[0]);
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  // Sends a ping message and waits for its pong: all that the server sent before is then here.
  async ping() {
    const pongs = () => this.frames.filter((frame) => frame.type === 'pong').length;
    const before = pongs();
    this.send({ type: 'ping' });
    await this.until('a pong', () => pongs() > before);
    return this.frames.filter((frame) => frame.type === 'pong').at(-1);
  }

  async close() {
    this.socket.close();
    return this.closed;
  }

  terminate() {
    this.socket.terminate();
  }
}

// How a WebSocket to this path is turned away: { status } at the handshake, or { code, frames }
// when it is opened, told, and closed.
export async function turnedAway(port, path) {
  const watch = new Watch(port, path);
  try {
    await watch.opened;
  } catch (error) {
    if (error instanceof HandshakeRefused) {
      return { status: error.answer.status, answer: error.answer };
    }
    throw error;
  }
  const timer = setTimeout(() => watch.terminate(), 5_000);
  const { code } = await watch.closed;
  clearTimeout(timer);
  assert.notEqual(code, 1006, `expected the server to close ${path} in order within 5 s`);
  return { code, frames: watch.frames };
}

// A TCP connection on which HTTP is spoken by hand.
export class RawConnection {
  static async open(port) {
    const connection = new RawConnection();
    connection.socket = net.connect(port, '127.0.0.1');
    connection.buffer = Buffer.alloc(0);
    connection.onData = (chunk) => {
      connection.buffer = Buffer.concat([connection.buffer, chunk]);
      connection.wake?.();
    };
    connection.closed = new Promise((resolve) => {
      connection.socket.once('close', () => {
        connection.isClosed = true;
        resolve();
        connection.wake?.();
      });
    });
    connection.socket.on('data', connection.onData);
    connection.socket.on('error', () => {}); // a close follows
    await new Promise((resolve, reject) => {
      connection.socket.once('connect', resolve);
      connection.socket.once('error', reject);
    });
    return connection;
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  // Sends a POST of JSON. head: further header lines.
  post(path, body, head = '') {
    const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
    const length = Buffer.byteLength(bytes);
    this.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${length}\r\n${head}\r\n`,
    );
    this.write(bytes);
  }

  get(path) {
    this.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  // The next answer, in the order of the requests.
  async answer(ms = 10_000) {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = takeAnswer(this);
      if (found) return found;
      if (this.isClosed) assert.fail('expected an answer, but the server closed the connection');
      const left = deadline - performance.now();
      if (left <= 0) assert.fail(`expected an answer on the connection within ${ms} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  // Gives the connection away, for a WebSocket to go on with it.
  release() {
    this.socket.removeListener('data', this.onData);
    assert.equal(this.buffer.length, 0, 'expected nothing unread before the upgrade');
    return this.socket;
  }

  close() {
    this.socket.destroy();
  }
}

// Takes one whole answer out of the connection's buffer; null when there is none yet.
function takeAnswer(connection) {
  const { buffer } = connection;
  const headEnd = buffer.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [line, ...fields] = buffer.toString('latin1', 0, headEnd).split('\r\n');
  const headers = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  const start = headEnd + 4;
  const chunked = /chunked/i.test(headers['transfer-encoding'] ?? '');
  const taken = chunked
    ? takeChunks(buffer, start)
    : takeLength(buffer, start, Number(headers['content-length'] ?? 0));
  if (!taken) return null;
  connection.buffer = buffer.subarray(taken.end);
  return new Answer(Number(line.split(' ')[1]), headers, taken.body);
}

function takeLength(buffer, start, length) {
  if (buffer.length < start + length) return null;
  return { body: buffer.subarray(start, start + length), end: start + length };
}

function takeChunks(buffer, start) {
  const chunks = [];
  for (let at = start; ;) {
    const lineEnd = buffer.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(buffer.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (buffer.length < next) return null;
    if (size === 0) return { body: Buffer.concat(chunks), end: next };
    chunks.push(buffer.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

// What every status frame is, whoever gets it.
export function checkFrame(frame, type = 'status_update') {
  const what = `the frame ${frame.status} of ${frame.orderId}`;
  assert.equal(frame.type, type, `expected ${what} to be of type ${type}`);
  assert.ok(STATUSES.includes(frame.status), `expected a known status in ${what}`);
  assert.equal(typeof frame.message, 'string', `expected a message in ${what}`);
  assertTimestamp(frame.timestamp, `the timestamp of ${what}`);
  assert.ok(Number.isInteger(frame.attempt), `expected an attempt number in ${what}`);
  assert.ok(Number.isInteger(frame.position), `expected a position in ${what}`);
  assert.equal(frame.order?.id, frame.orderId, `expected the order object in ${what}`);
  assert.equal(frame.order.status, frame.status, `expected the order as it was at ${what}`);
  const { statusHistory } = frame.order;
  assert.equal(statusHistory.length, frame.seq, `expected the history up to ${what}`);
  const last = statusHistory.at(-1);
  assert.deepEqual(
    [last.status, last.timestamp],
    [frame.status, frame.timestamp],
    `expected the last history entry to be ${what}`,
  );
}

// Prices of both venues, 2 to 5 % apart, and the choice of the better one after its fee.
export function checkRouting(routing, what = 'the routing') {
  const { raydiumPrice, meteoraPrice, raydiumFee, meteoraFee } = routing;
  for (const [name, value] of Object.entries({ raydiumPrice, meteoraPrice })) {
    assert.ok(typeof value === 'number' && value > 0, `expected ${name} of ${what} to be a number`);
  }
  for (const [name, value] of Object.entries({ raydiumFee, meteoraFee })) {
    const fraction = typeof value === 'number' && value >= 0 && value < 0.1;
    assert.ok(fraction, `expected ${name} of ${what} to be a small fraction, not ${value}`);
  }
  const apart = Math.abs(raydiumPrice - meteoraPrice);
  const most = apart / Math.min(raydiumPrice, meteoraPrice);
  const least = apart / Math.max(raydiumPrice, meteoraPrice);
  const told = `expected prices 2 to 5 % apart in ${what}: ${raydiumPrice}, ${meteoraPrice}`;
  assert.ok(most >= 0.02 - 5e-4 && least <= 0.05 + 5e-4, told);
  const better =
    raydiumPrice * (1 - raydiumFee) > meteoraPrice * (1 - meteoraFee) ? 'raydium' : 'meteora';
  assert.equal(routing.dex, better, `expected ${what} to choose what gives more after fees`);
  assert.ok(routing.reason?.length > 0, `expected a reason in ${what}`);
}

// All frames of an order that was confirmed at its first attempt.
export function checkConfirmed(frames, type) {
  assert.deepEqual(
    frames.map((frame) => frame.status),
    HAPPY,
    'expected each state once and in order',
  );
  assert.deepEqual(
    frames.map((frame) => frame.seq),
    [1, 2, 3, 4, 5],
    'expected a gapless seq',
  );
  for (const frame of frames) checkFrame(frame, type);
  checkOrder(frames);
  const [, , building, submitted, confirmed] = frames;
  checkRouting(building.routing, `the routing of ${building.orderId}`);
  assert.equal(building.dex.toLowerCase(), building.routing.dex, 'expected dex to be the choice');
  assert.ok(['Raydium', 'Meteora'].includes(building.dex), 'expected dex to be capitalised');
  assert.equal(building.quote.dex, building.dex, 'expected the quote to be of the chosen venue');
  assert.equal(typeof building.quote.price, 'number', 'expected quote.price to be a number');
  assert.equal(typeof building.quote.fee, 'number', 'expected quote.fee to be a number');
  assert.ok(Number.isInteger(submitted.slippageBps), 'expected slippageBps on submitted');
  assert.ok(confirmed.txHash?.length > 40, 'expected a txHash on confirmed');
  for (const name of ['price', 'executedPrice', 'executionPrice']) {
    assert.equal(typeof confirmed[name], 'number', `expected ${name} on confirmed to be a number`);
    assert.equal(confirmed[name], confirmed.price, `expected ${name} to equal price`);
  }
  assert.equal(typeof confirmed.slippage, 'number', 'expected slippage on confirmed, in percent');
}

// Frames of one order in a row: seq gapless, positions rising, times and attempts never falling.
export function checkOrder(frames) {
  frames.slice(1).forEach((frame, i) => {
    const last = frames[i];
    const what = `${last.status} (${last.seq}) to ${frame.status} (${frame.seq})`;
    assert.equal(frame.seq, last.seq + 1, `expected no gap and nothing twice from ${what}`);
    assert.ok(frame.position > last.position, `expected a rising position from ${what}`);
    assert.ok(frame.timestamp >= last.timestamp, `expected time not to run back from ${what}`);
    assert.ok(frame.attempt >= last.attempt, `expected attempts to rise from ${what}`);
    if (STATUSES.indexOf(frame.status) <= STATUSES.indexOf(last.status)) {
      assert.ok(frame.attempt > last.attempt, `expected a raised attempt from ${what}`);
    }
  });
}

// The error object, of an answer or in band. field: one or several names, one of which it tells.
export function checkError(error, { status, field } = {}) {
  const told = JSON.stringify(error);
  assert.equal(error.success, false, `expected success false in ${told}`);
  for (const name of ['error', 'message', 'code', 'type', 'title', 'detail']) {
    assert.equal(typeof error[name], 'string', `expected the text ${name} in ${told}`);
  }
  assert.match(error.code, /^[A-Z]+(_[A-Z]+)+$/, `expected a code CATEGORY_CONDITION in ${told}`);
  assert.ok(Array.isArray(error.details), `expected a list of details in ${told}`);
  assert.ok(Number.isInteger(error.status), `expected a status in ${told}`);
  if (status) assert.equal(error.status, status, `expected status ${status} in ${told}`);
  if (!field) return;
  const fields = [field].flat();
  const named = error.details.some((detail) => fields.includes(detail.path?.[0]));
  assert.ok(named, `expected details to name ${fields.join(' or ')} in ${told}`);
  const inMessage = fields.some((name) => error.message.includes(name));
  assert.ok(inMessage, `expected the message to name ${fields.join(' or ')} in ${told}`);
}
