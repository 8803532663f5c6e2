// The five existing clients, each with its own calls, bodies, header habits and reads: the rows of
// the contract's tables. They have to work unchanged, at one engine as at any gateway of a cluster.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  Api,
  HAPPY,
  RawConnection,
  STATUSES,
  assertTimestamp,
  checkConfirmed,
  checkRouting,
  turnedAway,
} from './clients.mjs';
import { FAST, until } from './harness.mjs';

// Slow enough that a client who connects after its POST sees states change.
export const PACE = {
  ...FAST,
  DROVER_SIM_QUOTE_MIN_MS: 100,
  DROVER_SIM_QUOTE_MAX_MS: 150,
  DROVER_SIM_SETTLE_MIN_MS: 300,
  DROVER_SIM_SETTLE_MAX_MS: 400,
};

const STRANGER = '01890000-0000-7000-8000-000000000000'; // an id that no order has

// What a client sends that knows nothing of the engine but its path: Accept */*, as axios does.
const AXIOS = { Accept: 'application/json, text/plain, */*', 'User-Agent': 'axios/1.6.0' };

function assertFields(object, fields, what) {
  for (const field of fields) assert.ok(field in object, `expected ${field} in ${what}`);
}

// A status, `error` and nothing accepted.
function assertRefused(answer, status = 400) {
  assert.equal(answer.status, status, `expected ${status}: ${answer.text}`);
  assert.equal(typeof answer.json.error, 'string', `expected an error text: ${answer.text}`);
  assert.equal(answer.json.orderId, undefined, 'expected no order to be made');
}

function client000(holder) {
  const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1.5, slippage: 0.02 };

  it('places an order in band and hears each state of it', async () => {
    const watch = await holder.engine.watch('/api/orders/execute');
    watch.send(order);
    const first = await watch.first();
    assert.equal(first.status, 'pending', 'expected nothing before the order’s pending');
    assert.equal(typeof first.orderId, 'string', 'expected the orderId with the first frame');
    const confirmed = await watch.ended(first.orderId);
    checkConfirmed(watch.frames);
    const { routing } = watch.frames[2];
    assertFields(
      routing,
      ['dex', 'raydiumPrice', 'meteoraPrice', 'raydiumFee', 'meteoraFee', 'reason'],
      'routing',
    );
    assert.equal(typeof confirmed.txHash, 'string', 'expected txHash on confirmed');
    assert.ok(confirmed.executionPrice > 0, 'expected executionPrice on confirmed');
  });

  it('places several orders on one socket, at once', async () => {
    const watch = await holder.engine.watch('/api/orders/execute');
    for (const amount of [1, 2, 3]) watch.send({ ...order, amount });
    const done = () => watch.updates().filter((frame) => frame.status === 'confirmed').length === 3;
    await watch.until('three orders confirmed', done);
    const ids = [...new Set(watch.frames.map((frame) => frame.orderId))];
    assert.equal(ids.length, 3, 'expected three orders');
    for (const id of ids) checkConfirmed(watch.updates(id));
    const amounts = ids.map((id) => watch.updates(id)[0].order.payload.amount);
    assert.deepEqual(amounts.map(Number).sort(), [1, 2, 3], 'expected each amount once');
  });

  it('is told of a bad order in band, and its socket stays usable', async () => {
    const watch = await holder.engine.watch('/api/orders/execute');
    const bad = ['this is not JSON', { tokenIn: 'SOL', amount: 1 }, { ...order, amount: -1 }, '[]'];
    for (const [i, message] of bad.entries()) {
      watch.send(message);
      const frame = await watch.until(`an error for ${message}`, (frames) => frames[i]);
      assert.equal(typeof frame.error, 'string', 'expected an error frame');
      assert.equal(frame.orderId, undefined, 'expected no order of a bad message');
    }
    watch.send(order);
    const first = await watch.until('pending', (frames) => frames[bad.length]);
    assert.equal(first.status, 'pending', 'expected the next order to be taken');
    await watch.status(first.orderId, 'confirmed');
  });

  it('places the same order over REST', async () => {
    const answer = await holder.engine.api.post('/api/orders', order);
    assert.equal(answer.status, 200, `expected 200: ${answer.text}`);
    assert.equal(answer.json.status, 'pending', 'expected status pending');
    assertFields(answer.json, ['orderId', 'message'], 'the answer');
    await holder.engine.finished(answer.json.orderId);
  });

  for (const field of ['tokenIn', 'tokenOut', 'amount']) {
    it(`is refused over REST without ${field}`, async () => {
      const answer = await holder.engine.api.post('/api/orders', { ...order, [field]: undefined });
      assertRefused(answer);
    });
  }

  it('reads an order with its executions', async () => {
    const { api } = holder.engine;
    const { orderId } = await api.order(order, { path: '/api/orders' });
    await holder.engine.finished(orderId);
    const answer = await api.get(`/api/orders/${orderId}`);
    assert.equal(answer.status, 200, 'expected 200');
    const { order: told, executions } = answer.json;
    assert.equal(told.id, orderId);
    assert.equal(told.status, 'confirmed');
    assert.deepEqual(
      [told.payload.tokenIn, told.payload.tokenOut],
      ['SOL', 'USDC'],
      'expected the payload to show the pair',
    );
    assert.equal(Number(told.payload.amount), 1.5, 'expected the payload’s amount');
    assert.equal(told.payload.slippage, 0.02, 'expected the payload’s slippage');
    assertTimestamp(told.created_at, 'created_at');
    assertTimestamp(told.updated_at, 'updated_at');
    assert.equal(executions.length, 1, 'expected one execution');
    const [execution] = executions;
    assertFields(execution, ['id', 'execution_price', 'failure_reason'], 'the execution');
    assert.equal(execution.order_id, orderId);
    assert.equal(execution.attempt_number, 1);
    assert.equal(execution.tx_hash, told.txHash, 'expected tx_hash to be the order’s');
    assert.equal(execution.chosen_dex, execution.routing_decision.dex);
    assert.ok(!execution.failure_reason, 'expected no failure_reason');
    checkRouting(execution.routing_decision, 'the routing_decision');
    assert.equal(Number(execution.execution_price), Number(told.executedPrice));
  });

  it('takes one percent slippage when it names none', async () => {
    const { orderId } = await holder.engine.api.order({}, { path: '/api/orders' });
    const { json } = await holder.engine.api.get(`/api/orders/${orderId}`);
    assert.equal(json.order.payload.slippage, 0.01, 'expected the default slippage');
  });

  it('reads 404 for an order that is not', async () => {
    const answer = await holder.engine.api.get(`/api/orders/${STRANGER}`);
    assert.equal(answer.status, 404);
    assert.equal(answer.json.error, 'Order not found');
  });

  it('lists the latest orders as an object', async () => {
    const { orderId } = await holder.engine.api.order(order, { path: '/api/orders' });
    const answer = await holder.engine.api.get('/api/orders');
    assert.equal(answer.status, 200);
    assert.ok(Array.isArray(answer.json.orders), 'expected {orders: […]} without parameters');
    assert.equal(answer.json.orders[0].id, orderId, 'expected the newest first');
  });

  it('finds the engine healthy', async () => {
    const answer = await holder.engine.api.get('/health');
    assert.equal(answer.status, 200);
    assert.equal(typeof answer.json, 'object');
  });
}

function client001(holder) {
  const ends = ['confirmed', 'failed'];

  it('sells and buys its five symbols one after the other, a socket each', async () => {
    for (const symbol of ['AAPL', 'TSLA', 'GOOG', 'ETH', 'SOL']) {
      const body = { symbol, side: symbol === 'ETH' ? 'sell' : 'buy', quantity: 10 };
      const answer = await holder.engine.api.post('/api/orders/execute', body);
      assert.ok(answer.status >= 200 && answer.status < 300, `expected 2xx: ${answer.text}`);
      const { orderId } = answer.json;
      const watch = await holder.engine.watch(`/ws/orders?orderId=${orderId}`);
      const first = await watch.first();
      assert.ok(STATUSES.includes(first.status), `expected a status first, not ${first.type}`);
      await watch.until('an end', (frames) => frames.some((frame) => ends.includes(frame.status)));
      await watch.close();
      const told = watch.frames.map((frame) => frame.status);
      assert.deepEqual(told, HAPPY.slice(HAPPY.indexOf(told[0])), 'expected each state once');
      for (const frame of watch.frames) assert.equal(frame.orderId, orderId);
      checkExtras(watch.frames);
    }
  });

  function checkExtras(frames) {
    const of = (status) => frames.find((frame) => frame.status === status);
    const [building, submitted, confirmed] = ['building', 'submitted', 'confirmed'].map(of);
    assert.equal(typeof building.dex, 'string', 'expected dex on building');
    assert.equal(submitted.dex, building.dex, 'expected dex on submitted');
    assert.equal(submitted.slippageBps, 50, 'expected 50 bps for symbol, side and quantity');
    assertFields(confirmed, ['txHash', 'price', 'slippage', 'dex'], 'confirmed');
    assert.equal(typeof confirmed.price, 'number');
    const percent = confirmed.slippage;
    assert.ok(Math.abs(percent) <= 0.5, `expected slippage within 0.5 percent, not ${percent}`);
  }

  const whole = { symbol: 'SOL', side: 'buy', quantity: 1 };
  const plain = { tokenIn: undefined, tokenOut: undefined, amount: undefined };
  const bad = [
    ['without symbol', { ...whole, symbol: undefined }],
    ['without side', { ...whole, side: undefined }],
    ['without quantity', { ...whole, quantity: undefined }],
    ['of quantity 0', { ...whole, quantity: 0 }],
  ];
  for (const [what, body] of bad) {
    it(`is refused an order ${what}`, async () => {
      assertRefused(await holder.engine.api.post('/api/orders/execute', body));
    });
  }

  it('watches one order with several sockets, one of them late', async () => {
    const { orderId } = await holder.engine.api.order({ ...plain, ...whole });
    const path = `/ws/orders?orderId=${orderId}`;
    const early = await Promise.all([1, 2, 3].map(() => holder.engine.watch(path)));
    await early[0].status(orderId, 'submitted');
    const late = await holder.engine.watch(path);
    const first = await late.first();
    assert.ok(
      ['submitted', 'confirmed'].includes(first.status),
      `expected the latest status first, not ${first.status}`,
    );
    for (const watch of [...early, late]) await watch.ended(orderId);
    const after = await holder.engine.watch(path);
    assert.equal((await after.first()).status, 'confirmed', 'expected the end for who comes after');
  });

  for (const path of ['/ws/orders', '/ws/orders?orderId=']) {
    it(`is turned away at ${path}`, async () => {
      const away = await turnedAway(holder.engine.port, path);
      if (away.status) assert.equal(away.status, 400, 'expected 400 at the handshake');
      else
        assert.ok(
          away.frames.every((frame) => frame.error),
          'expected an error, then a close',
        );
    });
  }
}

function client002(holder) {
  const order = { tokenIn: 'SOL', tokenOut: 'USDC', amountIn: '100', orderType: 'market' };

  it('gets 201 and its amount back as a string', async () => {
    for (const body of [order, { ...order, amountIn: '0.25', orderType: undefined }]) {
      const answer = await holder.engine.api.post('/api/orders/execute', body, AXIOS);
      assert.equal(answer.status, 201, `expected 201 for an amount as a string: ${answer.text}`);
      const { orderId, status, tokenIn, tokenOut, amountIn, createdAt } = answer.json;
      assert.equal(typeof orderId, 'string');
      assert.deepEqual(
        { status, tokenIn, tokenOut, amountIn },
        { status: 'pending', tokenIn: 'SOL', tokenOut: 'USDC', amountIn: body.amountIn },
      );
      assertTimestamp(createdAt, 'createdAt');
    }
  });

  const bad = [
    ['an empty token', { tokenIn: '' }],
    ['an amount that is none', { amountIn: 'abc' }],
    ['a limit order without a price', { orderType: 'limit' }],
  ];
  for (const [what, fields] of bad) {
    it(`is refused ${what} with details`, async () => {
      const answer = await holder.engine.api.post('/api/orders/execute', { ...order, ...fields });
      assertRefused(answer);
      assert.ok('details' in answer.json, 'expected details');
    });
  }

  it('follows an order on its socket', async () => {
    const { orderId } = await holder.engine.api.order({ ...order, amount: undefined });
    const watch = await holder.engine.watch(`/api/orders/${orderId}/ws`);
    const greeting = await watch.first();
    assert.equal(greeting.type, 'connected', 'expected a greeting first');
    assert.equal(greeting.orderId, orderId);
    assertFields(greeting, ['clientId'], 'the greeting');
    assertTimestamp(greeting.timestamp, 'the greeting’s timestamp');
    const pong = await watch.ping();
    assertTimestamp(pong.timestamp, 'the pong’s timestamp');
    const confirmed = await watch.ended(orderId);
    for (const frame of watch.updates()) {
      assert.equal(frame.type, 'status_update');
      assertFields(frame, ['orderId', 'status', 'order', 'timestamp'], 'a status_update');
      assertFields(
        frame.order,
        [
          'id',
          'tokenIn',
          'tokenOut',
          'amountIn',
          'status',
          'statusHistory',
          'createdAt',
          'updatedAt',
        ],
        'the order of a status_update',
      );
      assert.equal(frame.order.amountIn, '100', 'expected the amount as it was sent');
    }
    checkEnd(confirmed.order);
  });

  function checkEnd(told) {
    assert.ok(['raydium', 'meteora'].includes(told.dexUsed), 'expected dexUsed in lower case');
    assert.equal(typeof told.executedPrice, 'string', 'expected executedPrice as a string');
    assert.equal(typeof told.txHash, 'string', 'expected txHash');
    assert.ok(!told.failureReason, 'expected no failureReason');
    const { statusHistory } = told;
    assert.deepEqual(
      statusHistory.map((entry) => entry.status),
      HAPPY,
      'expected the history',
    );
    for (const [i, entry] of statusHistory.entries()) {
      assertTimestamp(entry.timestamp, 'a history entry’s timestamp');
      assert.ok('metadata' in entry, 'expected metadata in a history entry');
      const previous = statusHistory[Math.max(0, i - 1)].timestamp;
      assert.ok(new Date(entry.timestamp) >= new Date(previous), 'expected times not to fall');
    }
  }

  it('reads an order’s fields at top level', async () => {
    const { orderId } = await holder.engine.api.order({ ...order, amount: undefined });
    const told = await holder.engine.finished(orderId);
    assert.equal(told.id, orderId);
    assert.equal(told.amountIn, '100');
    assertTimestamp(told.createdAt, 'createdAt');
    assertTimestamp(told.updatedAt, 'updatedAt');
    checkEnd(told);
    const missing = await holder.engine.api.get(`/api/orders/${STRANGER}`);
    assert.deepEqual([missing.status, missing.json.error], [404, 'Order not found']);
  });

  it('lists orders by status as a bare array, newest first', async () => {
    const { api } = holder.engine;
    const { orderId } = await api.order({ ...order, amount: undefined });
    await holder.engine.finished(orderId);
    const confirmed = await api.get('/api/orders?status=confirmed&limit=100');
    assert.equal(confirmed.status, 200);
    assert.ok(Array.isArray(confirmed.json), 'expected a bare array with parameters');
    assert.equal(confirmed.json[0].id, orderId, 'expected the newest first');
    assert.ok(
      confirmed.json.every((each) => each.status === 'confirmed'),
      'expected one status',
    );
    const created = confirmed.json.map((each) => each.createdAt);
    assert.deepEqual(created, [...created].sort().reverse(), 'expected newest first throughout');
    const pending = await api.get('/api/orders?status=pending&limit=100');
    assert.ok(Array.isArray(pending.json), 'expected an array, also of none');
    const one = await api.get('/api/orders?limit=1');
    assert.equal(one.json.length, 1, 'expected no more than the limit');
    const odd = await api.get('/api/orders?status=nonsense&limit=x&colour=blue');
    assert.ok(odd.status < 500, `expected no 5xx for odd parameters, not ${odd.status}`);
  });

  it('finds the services in /health', async () => {
    const { json } = await holder.engine.api.get('/health');
    assert.equal(json.status, 'healthy');
    assertTimestamp(json.timestamp, 'the timestamp');
    assertFields(json.services, ['database', 'redis'], 'services');
  });
}

function client003(holder) {
  const order = { type: 'market', tokenIn: 'USDC', tokenOut: 'ETH', amountIn: 1000, userId: 'u-1' };
  const full = { ...order, slippageTolerance: 0.05, amountOut: 0.3 };

  it('gets 200 and is told how to upgrade', async () => {
    const answer = await holder.engine.api.post('/api/orders/execute', full, AXIOS);
    assert.equal(answer.status, 200, `expected 200 for an amount as a number: ${answer.text}`);
    const { success, status, orderId, websocketUrl, upgradeInstructions } = answer.json;
    assert.deepEqual([success, status], [true, 'pending']);
    assert.ok(websocketUrl.includes('/api/orders/stream'), 'expected /api/orders/stream');
    assert.ok(websocketUrl.includes(orderId), 'expected the order’s id in websocketUrl');
    assertFields(answer.json, ['message'], 'the answer');
    assertFields(upgradeInstructions, ['method', 'url', 'headers'], 'upgradeInstructions');
  });

  const readings = {
    'the returned websocketUrl': (answer) => answer.websocketUrl,
    '/api/orders/execute?orderId=': (answer) => `/api/orders/execute?orderId=${answer.orderId}`,
    'plain /api/orders/execute': () => '/api/orders/execute',
  };
  for (const [what, path] of Object.entries(readings)) {
    it(`upgrades the connection of its POST at ${what}`, async () => {
      const connection = await RawConnection.open(holder.engine.port);
      connection.post('/api/orders/execute', order);
      const answer = await connection.answer();
      assert.equal(answer.status, 200, `expected 200: ${answer.text}`);
      const { orderId } = answer.json;
      const target = path(answer.json).replace(/^wss?:\/\/[^/]+/, '');
      const watch = await holder.engine.watch(target, { socket: connection.release() });
      const first = await watch.until('a status', () => watch.updates()[0]);
      assert.equal(first.orderId, orderId, 'expected the order just posted');
      await watch.ended(orderId);
      const told = watch.updates().map((frame) => frame.status);
      assert.deepEqual(told, HAPPY.slice(HAPPY.indexOf(told[0])), 'expected the rest, once each');
      connection.close();
    });
  }

  const bad = [
    ['a wrong type', { type: 'swap' }, 'type'],
    ['no tokenIn', { tokenIn: undefined }, 'tokenIn'],
    ['no tokenOut', { tokenOut: undefined }, 'tokenOut'],
    ['no amountIn', { amountIn: undefined }, 'amountIn'],
    ['a negative amountIn', { amountIn: -5 }, 'amountIn'],
    ['a slippageTolerance of 1.5', { slippageTolerance: 1.5 }, 'slippageTolerance'],
  ];
  for (const [what, fields, field] of bad) {
    it(`is refused ${what} as a validation error`, async () => {
      const answer = await holder.engine.api.post('/api/orders/execute', { ...order, ...fields });
      assertRefused(answer);
      assert.equal(answer.json.success, false);
      assert.equal(answer.json.error, 'Validation error');
      const paths = answer.json.details.map((detail) => detail.path[0]);
      const names = field === 'amountIn' ? ['amountIn', 'amount'] : [field];
      const named = paths.some((path) => names.includes(path));
      assert.ok(named, `expected details to name ${field}, not ${paths}`);
    });
  }

  const postman = [
    ['limit', { type: 'limit', amountOut: 0.3 }],
    ['sniper', { type: 'sniper' }],
    ['an unknown token', { tokenIn: 'INVALID_TOKEN' }],
  ];
  for (const [what, fields] of postman) {
    it(`is answered for ${what} so that its Postman file passes`, async () => {
      const answer = await holder.engine.api.post('/api/orders/execute', { ...order, ...fields });
      if (answer.status === 200) {
        assert.equal(answer.json.success, true);
        assert.equal(typeof answer.json.orderId, 'string');
        assert.notEqual(what, 'an unknown token', 'expected an unknown token to be refused');
      } else {
        assertRefused(answer);
      }
    });
  }

  it('follows an order on the stream', async () => {
    const { orderId } = await holder.engine.api.order({ ...order, amount: undefined });
    const watch = await holder.engine.watch(`/api/orders/stream?orderId=${orderId}`);
    const greeting = await watch.first();
    assert.deepEqual(
      [greeting.type, greeting.orderId, greeting.status],
      ['connection_established', orderId, 'connected'],
    );
    assertTimestamp(greeting.timestamp, 'the greeting’s timestamp');
    assertFields(greeting, ['message'], 'the greeting');
    assert.ok(STATUSES.includes(greeting.currentOrderStatus), 'expected the current status');
    await watch.ping();
    const confirmed = await watch.ended(orderId);
    for (const frame of watch.updates()) {
      assertFields(frame, ['orderId', 'status', 'message', 'timestamp'], 'an update');
    }
    assert.equal(typeof confirmed.txHash, 'string');
    assert.equal(typeof confirmed.executedPrice, 'number', 'expected executedPrice as a number');
  });

  for (const path of ['/api/orders/stream', `/api/orders/stream?orderId=${STRANGER}`]) {
    it(`is turned away at ${path}`, async () => {
      const away = await turnedAway(holder.engine.port, path);
      const expected = path.includes('=') ? 404 : 400;
      if (away.status) assert.equal(away.status, expected);
      else assert.ok(away.frames.length > 0, 'expected an error frame, then a close');
    });
  }

  it('follows an order as its older client did', async () => {
    const { orderId } = await holder.engine.api.order({ ...order, amount: undefined });
    const watch = await holder.engine.watch(`/api/orders/${orderId}/ws`);
    const confirmed = await watch.ended(orderId);
    const shown = watch.frames.filter((frame) => frame.status && frame.status !== 'connected');
    for (const frame of shown) assert.equal(typeof frame.message, 'string', 'expected a message');
    assertFields(confirmed, ['txHash', 'executedPrice'], 'confirmed');
  });

  it('hears of every order on test-ws', async () => {
    const watch = await holder.engine.watch('/api/orders/test-ws');
    const greeting = await watch.first();
    assert.equal(greeting.type, 'connection_established');
    assertFields(greeting, ['connectionId', 'message', 'timestamp'], 'the greeting');
    const { orderId } = await holder.engine.api.order({ ...order, amount: undefined });
    await watch.ended(orderId);
    checkConfirmed(watch.updates(orderId), 'order_update');
  });

  it('polls its order each second until it is done', async () => {
    const { orderId } = await holder.engine.api.order({ ...full, amount: undefined });
    const path = `/api/orders/${orderId}`;
    const answer = await until('confirmed', async () => {
      const polled = await holder.engine.api.get(path);
      return polled.json.order.status === 'confirmed' && polled;
    });
    assert.equal(answer.json.success, true);
    const told = answer.json.order;
    const { id, type, tokenIn, tokenOut, amountIn, userId, retryCount } = told;
    assert.deepEqual(
      { id, type, tokenIn, tokenOut, amountIn, userId, retryCount },
      { ...order, id: orderId, retryCount: 0 },
    );
    assert.equal(typeof told.executedPrice, 'number', 'expected a number for who sent numbers');
    assertFields(told, ['createdAt', 'updatedAt', 'txHash'], 'the order');
    const missing = await holder.engine.api.get(`/api/orders/${STRANGER}`);
    assert.equal(missing.status, 404);
    assert.deepEqual([missing.json.success, missing.json.error], [false, 'Order not found']);
  });

  it('lists a user’s orders, the active ones, and none for a stranger', async () => {
    const { api } = holder.engine;
    const user = `u 2/ä ${performance.now()}`; // nobody else's, of all who run this
    const { orderId } = await api.order({ ...order, amount: undefined, userId: user });
    const mine = await api.get(`/api/orders/user/${encodeURIComponent(user)}`);
    assert.deepEqual([mine.status, mine.json.success], [200, true]);
    assert.deepEqual(
      mine.json.orders.map((each) => each.id),
      [orderId],
    );
    const active = await api.get('/api/orders/active');
    assert.equal(active.json.success, true);
    const ids = active.json.orders.map((each) => each.id);
    assert.ok(ids.includes(orderId), 'expected the new order among the active ones');
    const stranger = await api.get('/api/orders/user/nobody');
    assert.deepEqual([stranger.status, stranger.json.orders], [200, []]);
    await holder.engine.finished(orderId);
    const then = await api.get('/api/orders/active');
    const still = then.json.orders.some((each) => each.id === orderId);
    assert.ok(!still, 'expected a finished order not to be active');
  });

  it('reads the statistics of queue and sockets', async () => {
    const { api } = holder.engine;
    const queue = await api.get('/api/orders/queue/stats');
    assert.equal(queue.json.success, true);
    const { waiting, active, completed, failed, total } = queue.json.stats;
    for (const count of [waiting, active, completed, failed, total]) {
      assert.ok(Number.isInteger(count), 'expected whole numbers');
    }
    assert.equal(total, waiting + active + completed + failed, 'expected the total to add up');
    const { orderId } = await api.order({ ...order, amount: undefined });
    const watch = await holder.engine.watch(`/api/orders/stream?orderId=${orderId}`);
    await watch.first();
    const sockets = await api.get('/api/orders/ws-stats');
    assert.equal(sockets.json.success, true);
    assert.ok(sockets.json.stats.totalConnections >= 1, 'expected the open socket to be counted');
    const { orderConnections } = sockets.json.stats;
    assert.equal(orderConnections[orderId], 1, 'expected the order’s one socket');
  });

  it('reads health and index as JSON', async () => {
    const health = await holder.engine.api.get('/health', { Accept: '*/*' });
    assert.equal(health.json.status, 'healthy');
    assertFields(health.json, ['timestamp', 'queue', 'websocket', 'uptime'], '/health');
    const index = await holder.engine.api.get('/', { Accept: '*/*' });
    assert.match(index.headers['content-type'], /^application\/json/);
    assertFields(index.json, ['message', 'version', 'endpoints'], '/');
    const bare = await holder.engine.api.get('/');
    assert.match(bare.headers['content-type'], /^application\/json/, 'expected JSON by default');
  });
}

function client004(holder) {
  const browser = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

  it('gets a page with all that the page loads', async () => {
    const page = await holder.engine.api.get('/', browser);
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    for (const text of ['Token In', 'Token Out', 'Amount', 'Execute Order', 'Live Updates']) {
      assert.ok(page.text.includes(text), `expected "${text}" on the page`);
    }
    const links = [...page.text.matchAll(/(?:src|href)="([^"#:]+)"/g)].map((match) => match[1]);
    for (const link of links) {
      const path = new URL(link, 'http://localhost/').pathname;
      const file = await holder.engine.api.get(path);
      assert.equal(file.status, 200, `expected the page’s ${link} to be served`);
    }
  });

  it('places the orders of its page’s tokens', async () => {
    const watch = await holder.engine.watch('/api/orders/ws');
    const tokens = ['SOL', 'USDC', 'USDT', 'BONK', 'RAY', 'JUP', 'MPL'];
    const ids = [];
    for (const tokenIn of tokens) {
      const tokenOut = tokenIn === 'SOL' ? 'USDC' : 'SOL';
      const body = { tokenIn, tokenOut, amount: tokenIn === 'BONK' ? 10_000 : 0.1 };
      const answer = await holder.engine.api.post('/api/orders/execute', body);
      assert.equal(answer.status, 200, `expected 200 for ${tokenIn}: ${answer.text}`);
      assert.equal(answer.json.status, 'pending');
      assertFields(answer.json, ['orderId', 'message'], 'the answer');
      ids.push(answer.json.orderId);
    }
    for (const id of ids) {
      await watch.ended(id);
      checkConfirmed(watch.updates(id));
      const building = watch.updates(id)[2];
      assertFields(building.quote, ['dex', 'price', 'fee'], 'the quote on building');
    }
    const strange = watch.frames.filter((frame) => !STATUSES.includes(frame.status));
    assert.deepEqual(strange, [], 'expected no greeting and nothing that is not a status');
  });

  it('takes the smallest step of its amount field', async () => {
    const { orderId } = await holder.engine.api.order({ amount: 0.000001 });
    const told = await holder.engine.finished(orderId);
    assert.equal(told.status, 'confirmed', `expected confirmed: ${told.failureReason}`);
    assert.equal(told.amountIn, 0.000001);
  });

  it('is refused without an amount', async () => {
    const body = { tokenIn: 'SOL', tokenOut: 'USDC' };
    assertRefused(await holder.engine.api.post('/api/orders/execute', body));
  });

  it('watches one order where it names one', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => holder.engine.api.order()));
    const watch = await holder.engine.watch(`/api/orders/ws?orderId=${one.orderId}`);
    const all = await holder.engine.watch('/api/orders/ws?since=0');
    await all.ended(other.orderId);
    await watch.ended(one.orderId);
    await watch.ping();
    const strangers = watch.updates().filter((frame) => frame.orderId !== one.orderId);
    assert.deepEqual(strangers, [], 'expected frames of that order only');
  });
}

// holder.engine: an engine, or a gateway of a cluster.
export function fiveClients(holder) {
  describe('client 000', () => client000(holder));
  describe('client 001', () => client001(holder));
  describe('client 002', () => client002(holder));
  describe('client 003', () => client003(holder));
  describe('client 004', () => client004(holder));
}
