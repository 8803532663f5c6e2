// What the engine says and does when something is missing: PostgreSQL, Redis, room for one more
// request or socket, or its own time, since it was told to stop.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import {
  Api,
  HandshakeRefused,
  RawConnection,
  Watch,
  checkConfirmed,
  checkError,
} from './clients.mjs';
import { FAST, until, withEngine, withServices } from './harness.mjs';

// In flight long enough for something to break meanwhile.
const SLOW = {
  ...FAST,
  DROVER_SIM_SETTLE_MIN_MS: 1500,
  DROVER_SIM_SETTLE_MAX_MS: 2000,
  DROVER_SIM_EXPIRY_BLOCKS: 1000,
};

function assertRetryAfter(answer) {
  const value = answer.headers['retry-after'];
  assert.match(value ?? '', /^\d+$/, `expected Retry-After in seconds with ${answer.status}`);
}

async function assertAllConfirmed(engine, ids) {
  for (const id of ids) {
    const told = await engine.finished(id, 30_000);
    assert.equal(told.status, 'confirmed', `expected ${id} confirmed: ${told.failureReason}`);
    const landed = engine.ledger().filter((line) => line.orderId === id && line.ok);
    assert.equal(landed.length, 1, `expected ${id} to have landed once`);
  }
}

function databaseAway(holder, services) {
  it('is alive and ready while all is well', async () => {
    for (const path of ['/livez', '/readyz']) {
      const answer = await holder.engine.api.get(path);
      assert.equal(answer.status, 200, `expected ${path} to answer 200: ${answer.text}`);
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.equal(typeof answer.json, 'object');
    }
  });

  it('accepts nothing, says so, and finishes all it accepted once it is back', async () => {
    const { engine } = holder;
    const ids = [];
    for (let i = 0; i < 20; i++) ids.push((await engine.api.order()).orderId);
    const watch = await engine.watch('/api/orders/ws?since=0');
    await watch.until('twenty pending', () => watch.updates().length >= 20);
    await services.postgres.stop();
    const notReady = async () => {
      const answer = await engine.api.get('/readyz');
      return answer.status === 503 && answer;
    };
    const ready = await until('/readyz answers 503', notReady);
    assert.match(ready.text, /database|postgres/i, 'expected /readyz to name what is away');
    assert.equal((await engine.api.get('/livez')).status, 200, 'expected the engine to be alive');
    await refusesOrders(engine);
    await services.postgres.start();
    await until(
      '/readyz answers 200',
      async () => (await engine.api.get('/readyz')).status === 200,
    );
    ids.push((await engine.api.order()).orderId);
    await assertAllConfirmed(engine, ids);
    for (const id of ids) {
      await watch.ended(id);
      checkConfirmed(watch.updates(id));
    }
    assert.equal((await engine.rows()).orders, ids.length, 'expected no order that was refused');
  });

  async function refusesOrders(engine) {
    const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };
    const posted = await engine.api.post('/api/orders', order);
    assert.equal(posted.status, 503, `expected 503: ${posted.text}`);
    assertRetryAfter(posted);
    checkError(posted.json, { status: 503 });
    const asked = await engine.api.get('/api/orders');
    assert.equal(asked.status, 503, `expected 503 for a query: ${asked.text}`);
    const placing = await engine.watch('/api/orders/execute');
    placing.send(order);
    assert.equal((await placing.first()).success, false, 'expected an error in band');
  }

  it('finishes what it accepted when PostgreSQL crashes', async () => {
    const { engine } = holder;
    const ids = [];
    for (let i = 0; i < 20; i++) ids.push((await engine.api.order()).orderId);
    await services.postgres.stop('SIGQUIT');
    await services.postgres.start();
    await assertAllConfirmed(engine, ids);
  });
}

function scheduleAway(holder, services) {
  it('is ready without Redis, says what it costs, and finishes its orders', async () => {
    const { engine } = holder;
    await services.redis.stop();
    const degraded = async () => {
      const answer = await engine.api.get('/readyz');
      assert.equal(answer.status, 200, `expected to be ready without Redis: ${answer.text}`);
      return /redis/i.test(answer.text) && /degraded|away/i.test(answer.text);
    };
    await until('/readyz says that Redis is away', degraded);
    const ids = [];
    for (let i = 0; i < 40; i++) ids.push((await engine.api.order()).orderId);
    const ends = [];
    for (const id of ids) ends.push((await engine.finished(id)).status);
    assert.ok(ends.includes('confirmed'), 'expected orders to be confirmed without Redis');
    const { json } = await engine.api.get('/api/orders?limit=40');
    const retried = json.filter((order) => order.retryCount > 0);
    assert.ok(retried.length > 0, 'expected some to have been retried, by the sweep');
    await services.redis.start();
    const well = async () => !/degraded|away/i.test((await engine.api.get('/readyz')).text);
    await until('/readyz says that Redis is back', well);
    const { orderId } = await engine.api.order();
    await engine.finished(orderId);
  });
}

function rateLimit(holder) {
  it('answers 429 over the rate, and stores nothing of it', async () => {
    const { engine } = holder;
    const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };
    const posts = Array.from({ length: 30 }, () => engine.api.post('/api/orders', order));
    const answers = await Promise.all(posts);
    const taken = answers.filter((answer) => answer.status === 200);
    const over = answers.filter((answer) => answer.status === 429);
    assert.equal(taken.length + over.length, 30, 'expected 200 or 429');
    assert.ok(taken.length >= 5 && taken.length <= 12, `expected the burst, not ${taken.length}`);
    for (const answer of over) {
      assertRetryAfter(answer);
      checkError(answer.json, { status: 429 });
      const names = Object.keys(answer.headers).filter((name) => name.startsWith('ratelimit'));
      assert.ok(names.length > 0, 'expected RateLimit headers');
    }
    assert.equal((await engine.rows()).orders, taken.length, 'expected no row of a refused order');
    assert.equal((await engine.api.get('/livez')).status, 200, 'expected other requests to pass');
    const later = async () => (await engine.api.post('/api/orders', order)).status === 200;
    await until('an order is taken again', later);
  });
}

function socketLimit(holder) {
  it('answers 503 to one socket too many, until one closes', async () => {
    const { engine } = holder;
    const open = await Promise.all(Array.from({ length: 8 }, () => engine.watch('/api/orders/ws')));
    const refused = await engine.watch('/api/orders/ws').then(
      () => null,
      (error) => error,
    );
    assert.ok(refused instanceof HandshakeRefused, 'expected the ninth to be refused');
    assert.equal(refused.answer.status, 503, 'expected 503');
    assertRetryAfter(refused.answer);
    const { orderId } = await engine.api.order();
    for (const watch of open) await watch.ended(orderId);
    await open[0].close();
    const again = async () => {
      const watch = new Watch(engine.port, '/api/orders/ws');
      const opened = await watch.opened.then(
        () => true,
        () => false,
      );
      watch.terminate();
      return opened;
    };
    await until('a socket opens again', again);
  });

  it('answers HTTP while as many sockets are open as may be', async () => {
    const { engine } = holder;
    const count = async () =>
      (await engine.api.get('/api/orders/ws-stats')).json.stats.totalConnections;
    await until('room for a socket', async () => (await count()) < 8);
    const more = () => engine.watch('/api/orders/ws').catch((error) => error);
    while ((await count()) < 8) {
      const refused = await more(); // the latest is counted a moment after its handshake
      assert.ok(refused instanceof Watch || refused instanceof HandshakeRefused, refused);
    }
    const api = new Api(engine.port, { connections: 4 });
    const started = performance.now();
    await Promise.all(Array.from({ length: 40 }, () => api.get('/health')));
    const took = performance.now() - started;
    assert.ok(took < 2000, `expected HTTP to be answered at once, not in ${took} ms`);
    api.close();
  });
}

function drain(holder) {
  it('finishes or parks what is under way, tells its sockets, and ends with 0', async () => {
    const { engine } = holder;
    const ids = [];
    for (let i = 0; i < 50; i++) ids.push((await engine.api.order()).orderId);
    const watches = await Promise.all([
      engine.watch('/api/orders/ws'),
      engine.watch(`/api/orders/stream?orderId=${ids[0]}`),
      engine.watch('/api/orders/execute'),
    ]);
    const connection = await RawConnection.open(engine.port);
    connection.get('/livez');
    await connection.answer();
    const accepted = postUntilRefused(engine.port);
    const ending = engine.child.stop('SIGTERM', 15_000);
    const closes = await Promise.all(watches.map((watch) => watch.closed));
    for (const { code } of closes) assert.equal(code, 1001, 'expected sockets closed with 1001');
    const { code, signal } = await ending;
    assert.equal(signal ?? code, 0, `expected the end to be 0:\n${engine.child.tail()}`);
    ids.push(...(await accepted));
    connection.close();
    engine.release();
    engine.child = null;
    await engine.start();
    await assertAllConfirmed(engine, ids);
    assert.equal((await engine.rows()).orders, ids.length, 'expected no order that was refused');
  });

  // Posts one order after the other until the engine takes no connection any more. Returns the ids
  // of those it accepted; each of the others has to be told why.
  async function postUntilRefused(port) {
    const api = new Api(port, { connections: 1 });
    const ids = [];
    const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };
    for (;;) {
      const answer = await api.post('/api/orders', order).catch(() => null);
      if (!answer) break;
      if (answer.status === 200) {
        ids.push(answer.json.orderId);
      } else {
        assert.equal(answer.status, 503, `expected 503 while draining: ${answer.text}`);
        assert.equal(answer.json.code, 'ENGINE_DRAINING');
        assertRetryAfter(answer);
      }
    }
    api.close();
    return ids;
  }
}

function full(holder) {
  it('answers 503 when it has as many orders in flight as it may', async () => {
    const { engine } = holder;
    const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };
    const posts = Array.from({ length: 30 }, () => engine.api.post('/api/orders', order));
    const answers = await Promise.all(posts);
    const over = answers.filter((answer) => answer.status === 503);
    const taken = answers.filter((answer) => answer.status === 200);
    assert.equal(taken.length, 10, 'expected as many as may be in flight');
    assert.equal(over.length, 20, 'expected 503 for the others');
    for (const answer of over) {
      assertRetryAfter(answer);
      assert.equal(answer.json.code, 'ENGINE_FULL');
    }
    assert.equal((await engine.rows()).orders, 10, 'expected no row of a refused order');
    await engine.idle();
    await engine.api.order();
  });
}

withServices('what is missing', (services) => {
  withEngine('without PostgreSQL, the engine', services, SLOW, (holder) =>
    databaseAway(holder, services),
  );
  const flaky = { ...FAST, DROVER_SIM_FAULT_QUOTE_PERCENT: 40 };
  withEngine('without Redis, the engine', services, flaky, (holder) =>
    scheduleAway(holder, services),
  );
  const limited = { DROVER_RATE_LIMIT_PER_SECOND: 5, DROVER_RATE_LIMIT_BURST: 5 };
  withEngine('over its rate, a caller', services, { ...FAST, ...limited }, rateLimit);
  const few = { DROVER_WEBSOCKETS_MAX: 8, DROVER_HTTP_THREADS: 4 };
  withEngine(
    'with few sockets and threads, the engine',
    services,
    { ...FAST, ...few },
    socketLimit,
  );
  withEngine('told to stop, the engine', services, SLOW, drain);
  withEngine('full, the engine', services, { ...SLOW, DROVER_IN_FLIGHT_MAX: 10 }, full);
});
