// What the contract promises every client of HTTP: what is refused stores nothing and says why,
// what is accepted is done exactly as it was asked for, and a repeated request makes no second
// order.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { BAD_BODIES, BAD_REQUESTS } from './bad_requests.mjs';
import { RawConnection, checkError } from './clients.mjs';
import { FAST, withEngine, withServices } from './harness.mjs';

const MIB = 1024 * 1024;
const ORDER = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };
const PLAIN = { tokenIn: undefined, tokenOut: undefined, amount: undefined };
const SOL = 'So11111111111111111111111111111111111111112';
const USDC = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';

// Runs the requests and expects that not a row was written.
async function storesNothing(engine, requests) {
  await engine.idle();
  const before = await engine.rows();
  const result = await requests();
  assert.deepEqual(await engine.rows(), before, 'expected nothing to be stored');
  return result;
}

// An answer that is an error object of this status; returns the object.
function assertError(answer, status, field) {
  const told = `expected ${[status].flat().join(' or ')}, not ${answer.status}: ${answer.text}`;
  assert.ok([status].flat().includes(answer.status), told);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/, 'expected JSON');
  checkError(answer.json, { status: answer.status, field });
  return answer.json;
}

function refusals(holder) {
  for (const [what, body, { field }] of BAD_BODIES) {
    it(`refuses ${what}`, async () => {
      const { engine } = holder;
      const send = () => engine.api.post('/api/orders/execute', body);
      const answer = await storesNothing(engine, send);
      const error = assertError(answer, 400, field);
      assert.equal(error.error, 'Validation error', 'expected the text that clients compare');
      assert.equal(error.instance, '/api/orders/execute', 'expected instance to be the path');
    });
  }

  for (const [what, method, path, headers, body, status] of BAD_REQUESTS) {
    it(`answers ${status} to ${what}`, async () => {
      const { engine } = holder;
      const send = () => engine.api.request(method, path, { headers, body });
      const answer = await storesNothing(engine, send);
      assertError(answer, status);
      if (answer.status === 405) assert.ok(answer.headers.allow, 'expected Allow with 405');
    });
  }

  it('tells of an unknown order what clients compare', async () => {
    const path = '/api/orders/01890000-0000-7000-8000-000000000000';
    const error = assertError(await holder.engine.api.get(path), 404);
    assert.deepEqual([error.error, error.code], ['Order not found', 'ORDER_NOT_FOUND']);
    assert.equal(error.instance, path);
  });

  it('tells all that is wrong with a body at once', async () => {
    const body = { tokenIn: 'NOPE', amount: -1, slippage: 2 };
    const answer = await holder.engine.api.post('/api/orders', body);
    const paths = assertError(answer, 400).details.map((detail) => detail.path[0]);
    for (const field of ['tokenIn', 'tokenOut', 'amount', 'slippage']) {
      assert.ok(paths.includes(field), `expected details on ${field}, not only on ${paths}`);
    }
    assert.match(answer.json.code, /^(REQUEST|ORDER)_/, 'expected a code of what a caller sent');
  });

  it('refuses the same in band as over HTTP', async () => {
    const { engine } = holder;
    const watch = await engine.watch('/api/orders/execute');
    const texts = BAD_BODIES.filter(([, body]) => typeof body === 'string' && body.length < 20_000);
    await storesNothing(engine, async () => {
      for (const [, body] of texts) watch.send(body);
      await watch.until('an error for each', (frames) => frames.length === texts.length, 30_000);
    });
    for (const [i, frame] of watch.frames.entries()) {
      const [what, , { field }] = texts[i];
      assert.equal(frame.success, false, `expected an error for ${what}`);
      checkError(frame, { field });
    }
    await watch.ping();
  });
}

function http(holder) {
  const head = 'Host: localhost\r\nContent-Type: application/json\r\n';

  it('refuses a byte more than 1 MiB, and takes 1 MiB', async () => {
    const { engine } = holder;
    const whole = (size) => JSON.stringify(ORDER).padEnd(size);
    const tooMuch = () => engine.api.post('/api/orders', whole(MIB + 1));
    const answer = await storesNothing(engine, tooMuch);
    assertError(answer, 413);
    const enough = await engine.api.post('/api/orders', whole(MIB));
    assert.equal(enough.status, 200, `expected 1 MiB to be taken: ${enough.text}`);
  });

  it('refuses a length over 1 MiB before it is sent', async () => {
    const connection = await RawConnection.open(holder.engine.port);
    connection.write(`POST /api/orders HTTP/1.1\r\n${head}Content-Length: 99999999999\r\n\r\n`);
    const answer = await connection.answer();
    assert.equal(answer.status, 413, `expected 413: ${answer.text}`);
    connection.close();
  });

  it('refuses over 1 MiB in chunks', async () => {
    const { engine } = holder;
    const connection = await RawConnection.open(engine.port);
    const answer = await storesNothing(engine, async () => {
      connection.write(`POST /api/orders HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
      const piece = `10000\r\n${' '.repeat(0x10000)}\r\n`;
      for (let i = 0; i < 17; i++) connection.write(piece);
      return connection.answer();
    });
    assert.equal(answer.status, 413, `expected 413: ${answer.text}`);
    connection.close();
  });

  it('takes an order in chunks', async () => {
    const connection = await RawConnection.open(holder.engine.port);
    connection.write(`POST /api/orders HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
    for (const piece of JSON.stringify(ORDER).match(/.{1,7}/g)) {
      connection.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    }
    connection.write('0\r\n\r\n');
    const answer = await connection.answer();
    assert.equal(answer.status, 200, `expected 200: ${answer.text}`);
    connection.get(`/api/orders/${answer.json.orderId}`);
    assert.equal((await connection.answer()).json.amountIn, 1, 'expected the connection to go on');
    connection.close();
  });

  it('stores nothing of broken chunks', async () => {
    const { engine } = holder;
    await storesNothing(engine, async () => {
      const connection = await RawConnection.open(engine.port);
      connection.write(`POST /api/orders HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
      connection.write(`zz\r\n${JSON.stringify(ORDER)}\r\n0\r\n\r\n`);
      const answer = await connection.answer().catch(() => null);
      if (answer) assert.equal(answer.status, 400, `expected 400 or an end: ${answer.text}`);
      connection.close();
    });
  });

  it('stores nothing of a body cut short', async () => {
    const { engine } = holder;
    await storesNothing(engine, async () => {
      const connection = await RawConnection.open(engine.port);
      const body = JSON.stringify(ORDER);
      connection.write(
        `POST /api/orders HTTP/1.1\r\n${head}Content-Length: ${body.length + 1}\r\n\r\n`,
      );
      connection.write(body);
      connection.socket.end();
      await connection.closed;
    });
  });

  it('refuses a body whose length is not plain', async () => {
    const { engine } = holder;
    const body = JSON.stringify(ORDER);
    for (const lengths of [
      `Content-Length: ${body.length}\r\nContent-Length: 5\r\n`,
      `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`,
      'Content-Length: -5\r\n',
      'Content-Length: +46\r\n',
      'Content-Length: 12x\r\n',
    ]) {
      await storesNothing(engine, async () => {
        const connection = await RawConnection.open(engine.port);
        connection.write(`POST /api/orders HTTP/1.1\r\n${head}${lengths}\r\n${body}`);
        const answer = await connection.answer().catch(() => null);
        if (answer) assert.ok(answer.status >= 400, `expected ${lengths} to be refused`);
        connection.close();
      });
    }
  });

  it('answers pipelined requests in order', async () => {
    const connection = await RawConnection.open(holder.engine.port);
    const body = JSON.stringify(ORDER);
    const length = `Content-Length: ${body.length}\r\n\r\n`;
    const post = `POST /api/orders HTTP/1.1\r\n${head}${length}${body}`;
    const get = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const bad = `POST /api/orders HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n{}`;
    connection.write(post + get + bad + post);
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await connection.answer());
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200, 400, 200],
    );
    const ids = [answers[0], answers[3]].map((answer) => answer.json.orderId);
    assert.notEqual(ids[0], ids[1], 'expected two orders');
    connection.close();
  });

  it('keeps a connection for many requests', async () => {
    const connection = await RawConnection.open(holder.engine.port);
    for (let i = 0; i < 20; i++) {
      connection.post('/api/orders', i % 2 ? ORDER : {});
      assert.equal((await connection.answer()).status, i % 2 ? 200 : 400);
    }
    connection.close();
  });

  it('goes on with a connection after a refusal that left its body unread', async () => {
    const connection = await RawConnection.open(holder.engine.port);
    const body = JSON.stringify(ORDER);
    const form = 'Host: localhost\r\nContent-Type: text/plain\r\n';
    connection.write(
      `POST /api/orders HTTP/1.1\r\n${form}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    const refused = await connection.answer();
    assert.equal(refused.status, 415);
    if (refused.headers.connection !== 'close') {
      connection.get('/livez');
      assert.equal(
        (await connection.answer()).status,
        200,
        'expected the body not to be read as a request',
      );
    }
    connection.close();
  });

  it('takes a charset and a type in capitals', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON']) {
      const answer = await holder.engine.api.post('/api/orders', ORDER, { 'Content-Type': type });
      assert.equal(answer.status, 200, `expected ${type} to be taken: ${answer.text}`);
    }
  });

  it('answers everybody while connections stall in the middle of a request', async () => {
    const { engine } = holder;
    const stalled = await Promise.all(
      Array.from({ length: 40 }, () => RawConnection.open(engine.port)),
    );
    stalled.forEach((connection, i) => {
      if (i % 2) connection.write('POST /api/orders HTTP/1.1\r\nHost: loc');
      else connection.write(`POST /api/orders HTTP/1.1\r\n${head}Content-Length: 500\r\n\r\n{"tok`);
    });
    const started = performance.now();
    for (let i = 0; i < 20; i++) await engine.api.order();
    const took = performance.now() - started;
    assert.ok(took < 2000, `expected 20 orders to be taken at once, not in ${took} ms`);
    for (const connection of stalled) connection.close();
  });
}

function exactness(holder) {
  const echoes = [
    ['a number', { amountIn: 1000 }, 1000, 200],
    ['a number with a fraction', { amountIn: 0.1 }, 0.1, 200],
    ['text', { amountIn: '100' }, '100', 201],
    ['text with a fraction', { amountIn: '0.25' }, '0.25', 201],
  ];
  for (const [what, fields, expected, status] of echoes) {
    it(`shows back an amount sent as ${what} in the same type`, async () => {
      const body = { ...ORDER, amount: undefined, ...fields };
      const answer = await holder.engine.api.post('/api/orders/execute', body);
      assert.equal(answer.status, status, `expected ${status}: ${answer.text}`);
      assert.strictEqual(answer.json.amountIn, expected, 'expected it in the answer');
      const told = await holder.engine.api.get(`/api/orders/${answer.json.orderId}`);
      assert.strictEqual(told.json.amountIn, expected, 'expected it in the order');
    });
  }

  const numbers = { '1e-1': 0.1, '1E2': 100, '25e-2': 0.25, '1.50': 1.5, '1.0e+1': 10 };
  for (const [text, value] of Object.entries(numbers)) {
    it(`reads the number ${text} exactly`, async () => {
      const body = `{"tokenIn":"SOL","tokenOut":"USDC","amountIn":${text}}`;
      const answer = await holder.engine.api.post('/api/orders/execute', body);
      assert.equal(answer.status, 200, `expected ${text} to be taken: ${answer.text}`);
      assert.strictEqual(answer.json.amountIn, value);
      const { orderId } = answer.json;
      await holder.engine.finished(orderId);
      const [line] = holder.engine.ledger().filter((each) => each.orderId === orderId);
      assert.equal(line.amountIn, String(BigInt(value * 100) * 10_000_000n), 'expected the atoms');
    });
  }

  it('takes tokens by their mints', async () => {
    const { orderId } = await holder.engine.api.order({ tokenIn: SOL, tokenOut: USDC });
    const told = await holder.engine.finished(orderId);
    assert.deepEqual([told.status, told.tokenIn, told.tokenOut], ['confirmed', SOL, USDC]);
  });

  const quantities = [
    ['buy', 10, '1000000000', 'amountOut'],
    ['buy', 0.12345678, '12345678', 'amountOut'],
    ['sell', 2.5, '250000000', 'amountIn'],
  ];
  for (const [side, quantity, atoms, which] of quantities) {
    it(`${side}s exactly ${quantity} TSLA`, async () => {
      const fields = { ...PLAIN, symbol: 'TSLA', side, quantity };
      const { orderId } = await holder.engine.api.order(fields);
      const told = await holder.engine.finished(orderId);
      assert.equal(told.status, 'confirmed', `expected confirmed: ${told.failureReason}`);
      assert.deepEqual([told.symbol, told.side, told.quantity], ['TSLA', side, quantity]);
      const [line] = holder.engine.ledger().filter((each) => each.orderId === orderId);
      assert.equal(line[which], atoms, `expected ${quantity} TSLA to be traded, to the atom`);
    });
  }

  it('shows back the slippage in its units', async () => {
    const { api } = holder.engine;
    const { orderId } = await api.order({ slippage: 0.0125 });
    const watch = await holder.engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
    const submitted = await watch.status(orderId, 'submitted');
    assert.equal(submitted.slippageBps, 125, 'expected basis points on submitted');
    assert.equal(submitted.order.slippageTolerance, 0.0125, 'expected the fraction in the order');
  });

  it('keeps within the limit that was asked for', async () => {
    const { orderId } = await holder.engine.api.order({ slippage: 0 });
    const told = await holder.engine.finished(orderId);
    if (told.status === 'confirmed') {
      const query = `select amount_out >= limit_amount from order_attempts
        where order_id = '${orderId}'`;
      assert.deepEqual(await holder.engine.sql(query), [['t']], 'expected no less than quoted');
    } else {
      assert.ok(told.failureReason, 'expected a reason');
    }
  });

  it('lists a hundred orders where no limit is named', async () => {
    const { engine } = holder;
    await Promise.all(Array.from({ length: 105 }, () => engine.api.order()));
    await engine.idle();
    const { json } = await engine.api.get('/api/orders?status=confirmed');
    assert.equal(json.length, 100);
  });
}

function idempotency(holder) {
  const post = (body, key) =>
    holder.engine.api.post('/api/orders/execute', body, key ? { 'Idempotency-Key': key } : {});

  function assertReplay(answer, orderId) {
    assert.equal(answer.status, 200, `expected 200 for a replay: ${answer.text}`);
    assert.equal(answer.json.orderId, orderId, 'expected the first order');
    assert.equal(answer.headers['idempotency-replayed'], 'true', 'expected it to be told');
  }

  const ways = {
    'the header': (key) => [ORDER, key],
    'the field': (key) => [{ ...ORDER, clientOrderId: key }],
    'the header and the field': (key) => [{ ...ORDER, clientOrderId: key }, key],
  };
  for (const [what, request] of Object.entries(ways)) {
    it(`makes one order of a key in ${what}, however often it is sent`, async () => {
      const key = `repeated in ${what}`;
      const first = await post(...request(key));
      assert.equal(first.status, 200, `expected 200: ${first.text}`);
      assert.equal(first.headers['idempotency-replayed'], undefined, 'expected no replay at first');
      const { orderId } = first.json;
      const again = () => post(...request(key));
      assertReplay(await storesAtMostSteps(again), orderId);
      await holder.engine.finished(orderId);
      assertReplay(await again(), orderId);
    });
  }

  // The order's own steps may be written meanwhile, but no second order.
  async function storesAtMostSteps(request) {
    const { orders } = await holder.engine.rows();
    const answer = await request();
    assert.equal((await holder.engine.rows()).orders, orders, 'expected no second order');
    return answer;
  }

  it('makes one order of fifty requests with one key at once', async () => {
    const { orders } = await holder.engine.rows();
    const key = 'fifty at once';
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(ORDER, key)));
    const ids = new Set(answers.map((answer) => answer.json.orderId));
    assert.ok(
      answers.every((answer) => answer.status === 200),
      'expected 200 for each',
    );
    assert.equal(ids.size, 1, 'expected one order');
    const fresh = answers.filter((answer) => !answer.headers['idempotency-replayed']);
    assert.equal(fresh.length, 1, 'expected one answer that is no replay');
    assert.equal((await holder.engine.rows()).orders, orders + 1, 'expected one row');
  });

  it('answers 200 to a replay also where the first was 201', async () => {
    const body = { ...ORDER, amount: undefined, amountIn: '5' };
    const first = await post(body, 'first was 201');
    assert.equal(first.status, 201);
    assertReplay(await post(body, 'first was 201'), first.json.orderId);
  });

  const different = [
    ['amount', { amount: 2 }],
    ['token', { tokenOut: 'ETH' }],
    ['slippage', { slippage: 0.5 }],
  ];
  for (const [what, fields] of different) {
    it(`refuses a key with another ${what}`, async () => {
      const key = `another ${what}`;
      await post(ORDER, key);
      const request = () => post({ ...ORDER, ...fields }, key);
      const answer = await storesAtMostSteps(request);
      const error = assertError(answer, 422);
      assert.equal(error.code, 'ORDER_KEY_REUSED');
    });
  }

  it('keeps each user’s keys apart', async () => {
    const ids = [];
    for (const userId of [undefined, 'ann', 'bob']) {
      const answer = await post({ ...ORDER, userId }, 'shared');
      assert.equal(answer.status, 200, `expected 200: ${answer.text}`);
      ids.push(answer.json.orderId);
    }
    assert.equal(new Set(ids).size, 3, 'expected an order for each user');
  });

  it('replays an order in band', async () => {
    const watch = await holder.engine.watch('/api/orders/execute');
    const order = { ...ORDER, clientOrderId: 'in band' };
    watch.send(order);
    const { orderId } = await watch.first();
    await watch.ended(orderId);
    const again = await holder.engine.watch('/api/orders/execute');
    again.send(order);
    const first = await again.first();
    assert.equal(first.orderId, orderId, 'expected the first order’s frames');
  });

  it('keeps a key over a restart', async () => {
    const { json } = await post(ORDER, 'kept');
    await holder.engine.stop();
    await holder.engine.start();
    assertReplay(await post(ORDER, 'kept'), json.orderId);
  });
}

function batches(holder) {
  const post = (body) => holder.engine.api.post('/api/orders/batch', body);

  it('accepts orders and executes each once', async () => {
    const { engine } = holder;
    const { orders } = await engine.rows();
    const answer = await post(Array.from({ length: 1000 }, (_, i) => ({ ...ORDER, amount: i + 1 })));
    assert.equal(answer.status, 200, answer.text.slice(0, 200));
    assert.deepEqual([answer.json.success, answer.json.accepted], [true, 1000]);
    const ids = answer.json.orders.map(({ orderId }) => orderId);
    assert.equal(new Set(ids).size, 1000, 'expected an id for each');
    assert.deepEqual(
      answer.json.orders.map(({ amountIn }) => amountIn),
      Array.from({ length: 1000 }, (_, i) => i + 1),
      'expected the answers in the order of the orders',
    );
    await engine.idle();
    assert.equal((await engine.rows()).orders, orders + 1000);
    const trades = engine.ledger().filter(({ orderId }) => ids.includes(orderId));
    assert.ok(trades.length <= 1000, 'expected no order to be traded twice');
  });

  it('answers each order as if it had come by itself', async () => {
    const clientOrderId = 'in a batch';
    const answer = await post([
      { ...ORDER, clientOrderId },
      { ...ORDER, amount: -1 },
      7,
      { symbol: 'TSLA', side: 'buy', quantity: 1 },
      { ...ORDER, clientOrderId, amount: 2 },
    ]);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.json.success, answer.json.count], [false, 5]);
    const [first, negative, number, buy, reused] = answer.json.orders;
    assert.equal(first.success, true);
    checkError(negative, { status: 400, field: 'amount' });
    checkError(number, { status: 400 });
    assert.equal(buy.success, true);
    assert.equal(reused.code, 'ORDER_KEY_REUSED');
    assert.equal(answer.json.accepted, 2);
    const again = await holder.engine.api.post('/api/orders', { ...ORDER, clientOrderId });
    assert.equal(again.json.orderId, first.orderId, 'expected the key to be kept');
  });

  it('answers an order a line when it was asked in lines', async () => {
    const body = `${JSON.stringify(ORDER)}\n\n{"amount":\r\n${JSON.stringify({ ...ORDER, amount: 3 })}`;
    const headers = { 'content-type': 'application/x-ndjson; charset=utf-8' };
    const answer = await holder.engine.api.post('/api/orders/batch', body, headers);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'], /^application\/x-ndjson/);
    const [first, broken, last, end] = answer.text.split('\n');
    assert.equal(JSON.parse(first).success, true);
    checkError(JSON.parse(broken), { status: 400 });
    assert.equal(JSON.parse(last).amountIn, 3);
    assert.equal(end, '');
    const lines = { 'content-type': 'application/x-ndjson' };
    await storesNothing(holder.engine, async () => {
      assertError(await holder.engine.api.post('/api/orders', JSON.stringify(ORDER), lines), 415);
      assertError(await holder.engine.api.post('/api/orders/batch', '\n', lines), 400);
    });
  });

  it('takes the first of two orders with one key', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `twice in a batch ${i}`);
    const first = keys.map((clientOrderId) => ({ ...ORDER, clientOrderId }));
    const second = first.map((order) => ({ ...order, amount: 2 }));
    const answer = await post([...first, ...second]);
    const taken = answer.json.orders.map(({ success }) => success);
    assert.deepEqual(taken, [...keys.map(() => true), ...keys.map(() => false)]);
  });

  it('refuses what is no batch, and one of which nothing is accepted', async () => {
    await storesNothing(holder.engine, async () => {
      for (const body of ['', '{}', '[]', '[{]', 'null']) assertError(await post(body), 400);
      assertError(await post(Array.from({ length: 1001 }, () => ORDER)), 413);
      const answer = await post([{ ...ORDER, amount: 0 }, {}]);
      assert.equal(answer.status, 400, answer.text);
      assert.deepEqual([answer.json.success, answer.json.accepted], [false, 0]);
    });
  });
}

withServices('the contract over HTTP', (services) => {
  withEngine('at one engine', services, FAST, (holder) => {
    describe('a bad request', () => refusals(holder));
    describe('HTTP/1.1', () => http(holder));
    describe('an accepted order', () => exactness(holder));
    describe('an idempotency key', () => idempotency(holder));
    describe('a batch', () => batches(holder));
  });
});
