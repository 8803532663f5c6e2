// What the contract promises every watcher: each state once and in order, the same for all, from
// the beginning, from the middle or from where a broken connection left off.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { HAPPY, RawConnection, Watch, checkConfirmed, checkFrame, checkOrder } from './clients.mjs';
import { FAST, until, withEngine, withServices } from './harness.mjs';

const PACE = { ...FAST, DROVER_SIM_SETTLE_MIN_MS: 200, DROVER_SIM_SETTLE_MAX_MS: 250 };

const transition = ({ seq, status, timestamp, position }) => ({ seq, status, timestamp, position });
const history = ({ status, timestamp }) => ({ status, timestamp });
const positions = (frames) => frames.map((frame) => frame.position);

// Every position from the first to the last, once each.
function assertGapless(frames, what) {
  const [first] = positions(frames);
  const expected = frames.map((frame, i) => first + i);
  assert.deepEqual(positions(frames), expected, `expected no gap and nothing twice ${what}`);
}

// The position of the newest event, of an engine at rest.
async function head(engine) {
  await engine.idle();
  return Number((await engine.sql('select coalesce(max(position), 0) from order_events'))[0][0]);
}

function oneOrder(holder) {
  it('is told alike to every watcher, on whatever path', async () => {
    const { engine } = holder;
    const all = await Promise.all(
      ['/api/orders/ws', '/api/orders/ws', '/api/orders/test-ws'].map((path) => engine.watch(path)),
    );
    const placing = await engine.watch('/api/orders/execute');
    placing.send({ tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 });
    const { orderId } = await placing.first();
    const own = [
      `/ws/orders?orderId=${orderId}&since=0`,
      `/api/orders/${orderId}/ws?since=0`,
      `/api/orders/stream?orderId=${orderId}&since=0`,
    ];
    const watches = [
      placing,
      ...all,
      ...(await Promise.all(own.map((path) => engine.watch(path)))),
    ];
    for (const watch of watches) await watch.ended(orderId);
    const told = placing.updates(orderId).map(transition);
    assert.deepEqual(
      told.map((each) => each.status),
      HAPPY,
    );
    for (const watch of watches) {
      const frames = watch.updates(orderId);
      assert.deepEqual(frames.map(transition), told, `expected ${watch.path} to be told the same`);
      const type = watch.path === '/api/orders/test-ws' ? 'order_update' : 'status_update';
      checkConfirmed(frames, type);
    }
    const { statusHistory } = await engine.finished(orderId);
    assert.deepEqual(
      statusHistory.map(history),
      told.map(history),
      'expected statusHistory to equal the frames',
    );
  });

  it('is told to a late subscriber from its latest state on', async () => {
    const { engine } = holder;
    const { orderId } = await engine.api.order();
    const early = await engine.watch(`/ws/orders?orderId=${orderId}`);
    await early.status(orderId, 'submitted');
    const late = await engine.watch(`/ws/orders?orderId=${orderId}`);
    await late.ended(orderId);
    const [first] = late.updates();
    assert.ok(first.seq >= 4, `expected the latest state first, not ${first.status}`);
    checkFrame(first);
    checkOrder(late.updates());
    assert.equal(late.updates().at(-1).seq, 5, 'expected the rest up to confirmed');
  });

  it('is told to subscribers who come at any moment, without a gap', async () => {
    const { engine } = holder;
    const { orderId } = await engine.api.order();
    const watches = [];
    const first = await engine.watch(`/ws/orders?orderId=${orderId}`);
    while (!first.updates().some((frame) => frame.status === 'confirmed')) {
      watches.push(await engine.watch(`/api/orders/stream?orderId=${orderId}`));
    }
    for (const watch of watches) {
      await watch.ended(orderId);
      checkOrder(watch.updates());
      assert.equal(watch.updates().at(-1).seq, 5, 'expected every watcher to see the end');
    }
  });

  for (const since of [0, 1, 2, 4, 5]) {
    it(`is told again after seq ${since}`, async () => {
      const { engine } = holder;
      const { orderId } = await engine.api.order();
      await engine.finished(orderId);
      const paths = [
        `/ws/orders?orderId=${orderId}&since=${since}`,
        `/api/orders/${orderId}/ws?since=${since}`,
        `/api/orders/stream?orderId=${orderId}&since=${since}`,
        `/api/orders/ws?orderId=${orderId}&since=${since}`,
      ];
      for (const path of paths) {
        const watch = await engine.watch(path);
        if (since < 5) await watch.ended(orderId);
        await watch.ping();
        const seqs = watch.updates().map((frame) => frame.seq);
        assert.deepEqual(seqs, [1, 2, 3, 4, 5].slice(since), `expected what follows on ${path}`);
        checkOrder(watch.updates());
      }
    });
  }

  it('is told as it was, when it is told again', async () => {
    const { engine } = holder;
    const live = await engine.watch('/api/orders/execute');
    live.send({ tokenIn: 'SOL', tokenOut: 'USDC', amountIn: '1.5', userId: 'again' });
    const { orderId } = await live.first();
    await live.ended(orderId);
    const again = await engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
    await again.ended(orderId);
    assert.deepEqual(again.updates(), live.updates(), 'expected the very frames');
  });

  it('goes on where a broken connection left off', async () => {
    const { engine } = holder;
    const { orderId } = await engine.api.order();
    const seen = [];
    while (seen.at(-1)?.status !== 'confirmed') {
      const since = seen.at(-1)?.seq ?? 0;
      const watch = await engine.watch(`/ws/orders?orderId=${orderId}&since=${since}`);
      await watch.until('one more frame', () => watch.updates()[0]);
      watch.terminate();
      seen.push(...watch.updates());
    }
    assert.deepEqual(
      seen.map((frame) => frame.seq),
      [1, 2, 3, 4, 5],
    );
  });

  it('refuses a since that is no number', async () => {
    const { engine } = holder;
    const { orderId } = await engine.api.order();
    const path = `/ws/orders?orderId=${orderId}&since=x`;
    const error = await engine.watch(path).then(
      () => null,
      (refused) => refused,
    );
    assert.equal(error?.answer?.status, 400, 'expected 400 at the handshake');
  });
}

function allOrders(holder) {
  const place = (engine, count) =>
    Promise.all(Array.from({ length: count }, () => engine.api.order()));

  it('are told from a position on, and then live', async () => {
    const { engine } = holder;
    const before = await head(engine);
    await place(engine, 10);
    assert.equal(await head(engine), before + 50, 'expected five events of each order');
    for (const since of [before, before + 1, before + 43, before + 50]) {
      const after = await head(engine);
      const watch = await engine.watch(`/api/orders/ws?since=${since}`);
      if (since < after) {
        await watch.until('the old events', () => watch.updates().at(-1)?.position >= after);
      }
      await watch.ping();
      assert.equal(watch.updates().length, after - since, 'expected what follows, and no more');
      const { orderId } = await engine.api.order();
      await watch.ended(orderId);
      assert.equal(watch.updates()[0].position, since + 1, 'expected the next position first');
      assertGapless(watch.updates(), `after ${since}`);
      await watch.close();
    }
  });

  it('are told without a gap to who resumes while they move', async () => {
    const { engine } = holder;
    const before = await head(engine);
    const placing = place(engine, 100);
    const seen = [];
    while (seen.length < 500) {
      const since = seen.at(-1)?.position ?? before;
      const watch = await engine.watch(`/api/orders/ws?since=${since}`);
      const wanted = Math.min(40, 500 - seen.length);
      await watch.until('more events', () => watch.updates().length >= wanted);
      watch.terminate();
      seen.push(...watch.updates());
    }
    await placing;
    assert.equal(seen[0].position, before + 1);
    assertGapless(seen, 'over many connections');
    const orders = new Set(seen.map((frame) => frame.orderId));
    for (const id of orders) checkConfirmed(seen.filter((frame) => frame.orderId === id));
  });

  it('are told without a gap over a restart of the engine', async () => {
    const { engine } = holder;
    const before = await head(engine);
    const watch = await engine.watch('/api/orders/ws');
    await place(engine, 20);
    await watch.until('half of it', () => watch.updates().length >= 50);
    await engine.stop();
    const seen = watch.updates();
    await engine.start();
    const again = await engine.watch(`/api/orders/ws?since=${seen.at(-1).position}`);
    const after = await head(engine);
    await again.until('the rest', () => again.updates().at(-1)?.position >= after);
    const told = [...seen, ...again.updates()];
    assert.equal(told[0].position, before + 1);
    assertGapless(told, 'over the restart');
    const orders = new Set(told.map((frame) => frame.orderId));
    assert.equal(orders.size, 20, 'expected every order');
    for (const id of orders) {
      const own = told.filter((frame) => frame.orderId === id);
      checkOrder(own);
      assert.equal(own.at(-1).status, 'confirmed', 'expected its end');
    }
  });

  it('are not told to one order’s watchers', async () => {
    const { engine } = holder;
    const [one] = await place(engine, 5);
    const watch = await engine.watch(`/api/orders/stream?orderId=${one.orderId}`);
    await watch.ended(one.orderId);
    await engine.idle();
    await watch.ping();
    assert.ok(watch.updates().every((frame) => frame.orderId === one.orderId));
  });
}

function slowReaders(holder) {
  const ORDERS = 2500; // enough frames to fill what the kernel holds for a socket, and the queue

  // Submits them over 16 connections, and returns the longest that one POST took.
  async function submit(engine) {
    let left = ORDERS;
    let slowest = 0;
    const worker = async () => {
      while (left-- > 0) {
        const started = performance.now();
        await engine.api.order({ amount: 0.01 });
        slowest = Math.max(slowest, performance.now() - started);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    return slowest;
  }

  it('is closed with 4408 and where to resume, and delays nobody', async (t) => {
    const { engine } = holder;
    const slow = await engine.watch('/api/orders/ws');
    slow.socket.pause();
    const quick = await engine.watch('/api/orders/ws', { keep: false });
    const slowest = await submit(engine);
    t.diagnostic(`the slowest POST took ${slowest.toFixed(1)} ms`);
    assert.ok(slowest < 2000, `expected no POST to be delayed, not by ${slowest} ms`);
    await quick.until('every frame', () => quick.raw.length === ORDERS * 5, 30_000);
    slow.socket.resume();
    const { code, reason } = await slow.closed;
    assert.equal(code, 4408, `expected 4408, not ${code} ${reason}`);
    const resume = Number(/\d+/.exec(reason)?.[0]);
    const last = slow.updates().at(-1).position;
    assert.equal(resume, last, `expected the position to resume from in "${reason}"`);
    assertGapless(slow.updates(), 'before the close');
    const again = await engine.watch(`/api/orders/ws?since=${resume}`, { keep: false });
    const rest = ORDERS * 5 - slow.updates().length;
    await again.until('the rest', () => again.raw.length >= rest, 60_000);
    const frames = again.raw.map((bytes) => again.parse(bytes));
    assert.equal(frames[0].position, last + 1, 'expected the next position first');
    assertGapless(frames, 'after resuming');
  });
}

function onOneConnection(holder) {
  async function connected(engine, before) {
    const connection = await RawConnection.open(engine.port);
    await before(connection);
    return engine.watch('/api/orders/execute', { socket: connection.release() });
  }
  const order = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };

  it('follows no order when another request came between', async () => {
    const { engine } = holder;
    const watch = await connected(engine, async (connection) => {
      connection.post('/api/orders/execute', order);
      await connection.answer();
      connection.get('/livez');
      await connection.answer();
    });
    await engine.idle();
    await watch.ping();
    assert.deepEqual(watch.updates(), [], 'expected no frames of the earlier POST’s order');
  });

  it('follows no order when the POST was refused', async () => {
    const { engine } = holder;
    const watch = await connected(engine, async (connection) => {
      connection.post('/api/orders/execute', order);
      await connection.answer();
      connection.post('/api/orders/execute', {});
      await connection.answer();
    });
    await engine.idle();
    await watch.ping();
    assert.deepEqual(watch.updates(), [], 'expected no frames of the order before');
  });

  it('takes orders in band after following one', async () => {
    const { engine } = holder;
    const watch = await connected(engine, async (connection) => {
      connection.post('/api/orders/execute', order);
      await connection.answer();
    });
    const { orderId } = await watch.first();
    await watch.ended(orderId);
    watch.send({ ...order, amount: 2 });
    const second = await watch.until('another order', () =>
      watch.updates().find((frame) => frame.orderId !== orderId),
    );
    await watch.ended(second.orderId);
    checkConfirmed(watch.updates(second.orderId));
  });
}

function switchedOff(holder) {
  it('an upgrade on a POST’s connection follows nothing', async () => {
    const { engine } = holder;
    const connection = await RawConnection.open(engine.port);
    connection.post('/api/orders/execute', { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 });
    await connection.answer();
    const watch = await engine.watch('/api/orders/execute', { socket: connection.release() });
    await engine.idle();
    await watch.ping();
    assert.deepEqual(watch.updates(), []);
  });

  for (const path of ['/api/orders/ws', '/api/orders/test-ws']) {
    it(`${path} shows nobody everybody’s orders`, async () => {
      const watch = new Watch(holder.engine.port, path);
      const refused = await watch.opened.then(
        () => null,
        (error) => error,
      );
      const told = 'expected the handshake to be refused with 403 or 404';
      assert.ok([403, 404].includes(refused?.answer?.status), told);
    });
  }

  it('one order is still shown to who knows its id', async () => {
    const { orderId } = await holder.engine.api.order();
    const watch = await holder.engine.watch(`/api/orders/ws?orderId=${orderId}`);
    await watch.ended(orderId);
  });
}

function messages(holder) {
  const paths = ['/api/orders/ws', '/api/orders/test-ws', '/api/orders/execute'];
  for (const path of paths) {
    it(`answers a ping on ${path}, and bears what it cannot read`, async () => {
      const watch = await holder.engine.watch(path);
      watch.send('{"type":');
      watch.send('[]');
      watch.socket.send(Buffer.from([0xff, 0xfe, 0x00]));
      const pong = await watch.ping();
      assert.equal(pong.type, 'pong');
      assert.equal(watch.end, undefined, 'expected the socket to stay open');
      const others = watch.frames.filter((frame) => frame.status && frame.status !== 'connected');
      const ignored = path === '/api/orders/execute' || others.length === 0;
      assert.ok(ignored, 'expected unreadable messages to be ignored, except in band');
    });
  }

  it('counts sockets while they are open, and no longer', async () => {
    const { engine } = holder;
    const count = async () =>
      (await engine.api.get('/api/orders/ws-stats')).json.stats.totalConnections;
    await until('no socket is left', async () => {
      for (const each of engine.watches) each.terminate();
      return (await count()) === 0;
    });
    const open = await Promise.all([1, 2, 3].map(() => engine.watch('/api/orders/ws')));
    await until('three are counted', async () => (await count()) === 3);
    await open[0].close();
    open[1].terminate();
    await until('one is left', async () => (await count()) === 1);
  });

  it('closes in answer to a close', async () => {
    const watch = await holder.engine.watch('/api/orders/ws');
    watch.socket.close(1000, 'done');
    const { code } = await watch.closed;
    assert.equal(code, 1000, 'expected the closing handshake');
  });
}

withServices('the contract over WebSocket', (services) => {
  withEngine('at one engine', services, PACE, (holder) => {
    describe('one order', () => oneOrder(holder));
    describe('all orders', () => allOrders(holder));
    describe('an upgraded connection', () => onOneConnection(holder));
    describe('a socket', () => messages(holder));
  });

  const instant = {
    DROVER_SIM_QUOTE_MIN_MS: 0,
    DROVER_SIM_QUOTE_MAX_MS: 0,
    DROVER_SIM_SETTLE_MIN_MS: 0,
    DROVER_SIM_SETTLE_MAX_MS: 0,
  };
  withEngine(
    'a slow reader',
    services,
    { ...FAST, ...instant, DROVER_WEBSOCKET_QUEUE_MAX: 2000 },
    slowReaders,
  );

  withEngine(
    'with broadcast and bound upgrades switched off',
    services,
    { ...FAST, DROVER_BROADCAST: 'no', DROVER_BIND_UPGRADE: 'no' },
    switchedOff,
  );
});
