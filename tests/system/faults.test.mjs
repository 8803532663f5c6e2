// What is accepted comes to an end and is executed at most once, whatever the venues do, and
// whatever is killed. The ledger says what landed; PostgreSQL has to say the same.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { checkOrder } from './clients.mjs';
import { FAST, UNFINISHED, until, withEngine, withServices } from './harness.mjs';

// Thirty per cent of faults, of every kind. Blocks are short so that expiry takes seconds.
const FAULTS = {
  ...FAST,
  DROVER_SIM_BLOCK_MS: 20,
  DROVER_SIM_EXPIRY_BLOCKS: 100,
  DROVER_SIM_FAULT_QUOTE_PERCENT: 10,
  DROVER_SIM_FAULT_LOST_ANSWER_PERCENT: 5,
  DROVER_SIM_FAULT_DROP_PERCENT: 5,
  DROVER_SIM_FAULT_LATE_PERCENT: 5,
  DROVER_SIM_FAULT_EXPIRE_PERCENT: 5,
  DROVER_SIM_FAULT_SLIPPAGE_PERCENT: 10,
};

// Posts orders over 16 connections until `count` were sent, and returns the ids of those that were
// accepted, which it adds to `ids` as they are. A request that got no answer was not.
async function submit(engine, count, ids = []) {
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const body = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 0.1, slippage: 0.02 };
      const answer = await engine.api.post('/api/orders', body).catch(() => null);
      if (answer?.status === 200) ids.push(answer.json.orderId);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return ids;
}

const count = async (engine, where) =>
  Number((await engine.sql(`select count(*) from orders where ${where}`))[0][0]);

// Every order has ended, with a reason if it failed, and the ledger agrees with PostgreSQL on it.
async function assertSettled(engine, ids, { attemptsMax = 3 } = {}) {
  await engine.idle(90_000);
  const query = `select o.id, o.status, o.attempt, e.attempt, e.amount_in, e.amount_out,
      e.failure_code, e.tx_signature
    from orders o left join order_attempts e on e.order_id = o.id order by o.id, e.attempt`;
  const orders = new Map();
  for (const [id, status, attempts, ...execution] of await engine.sql(query)) {
    if (!orders.has(id)) orders.set(id, { status, attempts: Number(attempts), executions: [] });
    orders.get(id).executions.push(execution);
  }
  for (const id of ids) assert.ok(orders.has(id), `expected the accepted order ${id} to be there`);
  const landed = new Map();
  for (const line of engine.ledger()) {
    if (!landed.has(line.orderId)) landed.set(line.orderId, []);
    if (line.ok) landed.get(line.orderId).push(line);
  }
  for (const id of landed.keys())
    assert.ok(orders.has(id), `expected no trade without an order: ${id}`);
  for (const [id, order] of orders) {
    assertOrder(id, order, landed.get(id) ?? []);
    assert.ok(order.attempts <= attemptsMax, `expected at most ${attemptsMax} attempts of ${id}`);
  }
  return orders;
}

function assertOrder(id, { status, executions }, landed) {
  assert.ok(landed.length <= 1, `expected ${id} to land at most once, not ${landed.length} times`);
  if (status === 'finalized') {
    assert.equal(landed.length, 1, `expected a landing of the confirmed order ${id}`);
    const [attempt, amountIn, amountOut, , signature] = executions.at(-1);
    const [line] = landed;
    assert.deepEqual(
      { attempt: Number(attempt), amountIn, amountOut, signature },
      {
        attempt: line.attempt,
        amountIn: line.amountIn,
        amountOut: line.amountOut,
        signature: line.signature,
      },
      `expected PostgreSQL to know of ${id} what the ledger knows`,
    );
  } else {
    assert.equal(status, 'failed', `expected ${id} to be confirmed or failed`);
    assert.equal(landed.length, 0, `expected no landing of the failed order ${id}`);
    const code = executions.at(-1)[3];
    assert.ok(Number(code) > 0, `expected the code of what failed ${id}`);
  }
}

function report(t, orders) {
  const ends = [...orders.values()].map((order) => order.status);
  const confirmed = ends.filter((status) => status === 'finalized').length;
  const retried = [...orders.values()].filter((order) => order.attempts > 1).length;
  t.diagnostic(`${confirmed} of ${ends.length} confirmed, ${retried} took further attempts`);
  return { confirmed, retried, failed: ends.length - confirmed };
}

// What GET tells of how an order and each of its attempts ended.
async function checkReasons(engine, id) {
  const { json } = await engine.api.get(`/api/orders/${id}`);
  assert.equal(json.executions.length, json.retryCount + 1, 'expected each attempt to be told');
  json.executions.slice(0, -1).forEach((execution) => {
    assert.ok(execution.failure_reason, `expected why attempt ${execution.attempt_number} ended`);
  });
  if (json.status === 'failed') assert.ok(json.failureReason, 'expected failureReason');
}

function venueFaults(holder) {
  it('ends 300 orders confirmed or failed for a reason, none of them twice', async (t) => {
    const { engine } = holder;
    const watch = await engine.watch('/api/orders/ws');
    const ids = await submit(engine, 300);
    assert.equal(ids.length, 300, 'expected every order to be accepted');
    const orders = await assertSettled(engine, ids);
    const { retried, failed, confirmed } = report(t, orders);
    assert.ok(retried > 0, 'expected faults to have cost some orders further attempts');
    assert.ok(failed > 0 && confirmed > 200, 'expected most to be confirmed, and some failed');
    for (const id of ids) {
      await watch.ended(id);
      checkOrder(watch.updates(id));
    }
    for (const id of ids) await checkReasons(engine, id);
  });
}

// Kills the engine while requests are under way, and adds what was accepted before to `ids`.
async function killWhileSubmitting(engine, ids) {
  const before = ids.length;
  const submitting = submit(engine, 200, ids);
  await until('some of them to be accepted', () => ids.length >= before + 20);
  await engine.kill();
  await submitting;
}

function killed(holder) {
  it('brings 500 orders to their end over two kills, none of them twice', async (t) => {
    const { engine } = holder;
    const inFlight = () => count(engine, UNFINISHED);
    const ids = await submit(engine, 500);
    assert.equal(ids.length, 500, 'expected every order to be accepted');
    await until('the first to be confirmed', () => count(engine, "status = 'finalized'"));
    await killWhileSubmitting(engine, ids);
    t.diagnostic(`the first kill met ${await inFlight()} orders in flight`);
    assert.ok((await inFlight()) > 100, 'expected most to be in flight');
    await engine.start();
    await killWhileSubmitting(engine, ids);
    t.diagnostic(`the second kill met ${await inFlight()}`);
    assert.ok((await inFlight()) > 0, 'expected the second kill to meet orders in flight too');
    await engine.start();
    report(t, await assertSettled(engine, ids));
    for (const id of ids) await checkReasons(engine, id);
  });
}

function flushed(holder, services) {
  it('brings waiting retries to their end when Redis forgets them', async (t) => {
    const { engine } = holder;
    const ids = await submit(engine, 200);
    assert.equal(ids.length, 200);
    const waiting = () => count(engine, `${UNFINISHED} and attempt > 1`);
    const armed = async () => Number(await services.redis.command('DBSIZE')) > 0;
    await until('retries wait', async () => (await waiting()) > 5 && (await armed()));
    await services.redis.command('FLUSHALL');
    assert.ok((await waiting()) > 0, 'expected retries to have been waiting');
    const orders = await assertSettled(engine, ids);
    const { retried } = report(t, orders);
    assert.ok(retried > 5, 'expected retries');
  });
}

withServices('whatever breaks', (services) => {
  withEngine('30 % of venue faults', services, FAULTS, venueFaults);

  const pace = {
    DROVER_SIM_SETTLE_MIN_MS: 800,
    DROVER_SIM_SETTLE_MAX_MS: 1600,
    DROVER_SIM_BLOCK_MS: 20,
    DROVER_SIM_EXPIRY_BLOCKS: 150,
  };
  withEngine('kill -9', services, { ...FAST, ...pace }, killed);
  withEngine('kill -9 among faults', services, { ...FAULTS, ...pace }, killed);

  const retries = { DROVER_SIM_FAULT_QUOTE_PERCENT: 50, DROVER_RETRY_BASE_MS: 2000 };
  withEngine('FLUSHALL', services, { ...FAST, ...retries }, (holder) => flushed(holder, services));
});
