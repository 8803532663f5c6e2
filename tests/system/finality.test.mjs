// A venue that confirms before it is final, and takes that back after a fork: what watchers,
// lists and the next life of a killed engine make of it. The simulated venue's own death is a fork.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { HAPPY, checkConfirmed } from './clients.mjs';
import { FAST, until, withEngine, withServices } from './harness.mjs';

const SLOW = { ...FAST, DROVER_SIM_FINALITY_MS: 600, DROVER_LEASE_MS: 300, DROVER_SWEEP_MS: 200 };
const FORKED = { ...SLOW, DROVER_SIM_FAULT_FORK_PERCENT: 100 };
const UNBOUNDED = { ...SLOW, DROVER_SIM_FINALITY_MS: 600_000, DROVER_SIM_EXPIRY_BLOCKS: 10_000 };

const STATUS = (status, finality) => ['status_update', status, finality];
const BEFORE = HAPPY.slice(0, -1).map((status) => STATUS(status, undefined));
const CONFIRMED = [...BEFORE, STATUS('confirmed', 'confirmed')];
const SUPERSEDED = [...CONFIRMED, ['superseded', 'submitted', 'superseded']];

const told = (frames) => frames.map(({ type, status, finality }) => [type, status, finality]);

// Waits until a watch has been told an order's last event, and returns all of them.
async function toldAll(watch, orderId) {
  const isFinal = () => watch.updates(orderId).some((frame) => frame.finality === 'finalized');
  await watch.until(`the finality of ${orderId}`, isFinal);
  return watch.updates(orderId);
}

function assertGapless(frames) {
  assert.deepEqual(
    frames.map(({ seq }) => seq),
    frames.map((frame, i) => i + 1),
  );
}

const ids = (answer) => answer.json.map(({ id }) => id);

withServices('finality', (services) => {
  withEngine('of what is confirmed first', services, SLOW, (at) => {
    it('is an event of its own, to every watcher', async () => {
      const all = await at.engine.watch('/api/orders/ws');
      const { orderId } = await at.engine.api.order();
      const one = await at.engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
      const frames = await toldAll(one, orderId);
      assert.deepEqual(told(frames), [...CONFIRMED, ['finalized', 'confirmed', 'finalized']]);
      assertGapless(frames);
      assert.deepEqual(await toldAll(all, orderId), frames);
      const [confirmed, finalized] = frames.slice(-2);
      assert.equal(finalized.price, confirmed.price);
      assert.equal(finalized.txHash, confirmed.txHash);
      const { json } = await at.engine.api.get(`/api/orders/${orderId}`);
      assert.deepEqual([json.status, json.finality], ['confirmed', 'finalized']);
      const statuses = json.statusHistory.map(({ status }) => status);
      assert.deepEqual(statuses, [...HAPPY, 'confirmed']);
      const ledger = at.engine.ledger().filter((line) => line.orderId === orderId);
      assert.equal(ledger.length, 1);
    });

    it('is told again after any seq', async () => {
      const { orderId } = await at.engine.api.order();
      await at.engine.idle();
      const whole = await at.engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
      const frames = await toldAll(whole, orderId);
      for (const since of [4, 5]) {
        const watch = await at.engine.watch(`/api/orders/${orderId}/ws?since=${since}`);
        assert.deepEqual(await toldAll(watch, orderId), frames.slice(since));
      }
    });
  });

  withEngine('that is far away', services, UNBOUNDED, (at) => {
    it('leaves the order confirmed, and active', async () => {
      const { api } = at.engine;
      const { orderId } = await api.order();
      const order = await at.engine.finished(orderId);
      assert.equal(order.finality, 'confirmed');
      assert.ok(order.executedPrice > 0);
      assert.equal(order.outcome, undefined);
      assert.deepEqual(ids(await api.get('/api/orders?status=confirmed')), [orderId]);
      assert.deepEqual(ids(await api.get('/api/orders?status=submitted')), []);
      const active = (await api.get('/api/orders/active')).json.orders;
      assert.deepEqual(active.map(({ id, status }) => [id, status]), [[orderId, 'confirmed']]);
      const { stats } = (await api.get('/api/orders/queue/stats')).json;
      assert.deepEqual([stats.active, stats.completed], [1, 0]);
    });

    it('is followed up after a kill and after a drain', async () => {
      const { engine } = at;
      const [[id]] = await engine.sql("select id from orders where status = 'confirmed'");
      await engine.kill(); // and with it the venue, which forgets what was not final
      engine.settings = { ...SLOW };
      await engine.start();
      const watch = await engine.watch(`/ws/orders?orderId=${id}&since=0`);
      const frames = await toldAll(watch, id);
      assert.deepEqual(told(frames), [...SUPERSEDED, STATUS('confirmed', 'finalized')]);
      assertGapless(frames);
      assert.equal(engine.ledger().filter((line) => line.orderId === id).length, 1);
      const { orderId } = await engine.api.order();
      await engine.finished(orderId);
      await engine.stop();
      await engine.start();
      await engine.idle();
      assert.equal(engine.ledger().filter((line) => line.orderId === orderId).length, 1);
    });
  });

  withEngine('that never comes for the first landing', services, FORKED, (at) => {
    it('takes the confirmation back, sends the same bytes again, and trades once', async () => {
      const { orderId } = await at.engine.api.order();
      const watch = await at.engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
      const frames = await toldAll(watch, orderId);
      assert.deepEqual(told(frames), [...SUPERSEDED, STATUS('confirmed', 'finalized')]);
      assertGapless(frames);
      const [confirmed, superseded, finalized] = frames.slice(-3);
      assert.equal(superseded.price, undefined);
      assert.equal(finalized.txHash, confirmed.txHash);
      assert.equal(finalized.attempt, 1);
      const { json } = await at.engine.api.get(`/api/orders/${orderId}`);
      assert.equal(json.executions.length, 1);
      const ledger = at.engine.ledger().filter((line) => line.orderId === orderId);
      assert.deepEqual(ledger.map(({ signature, ok }) => [signature, ok]), [[json.txHash, true]]);
    });
  });

  const late = { ...SLOW, DROVER_SOLANA_COMMITMENT: 'finalized' };
  withEngine('is what confirms, if so configured', services, late, (at) => {
    it('by one frame, as a venue does that is final at once', async () => {
      const { orderId } = await at.engine.api.order();
      const watch = await at.engine.watch(`/ws/orders?orderId=${orderId}&since=0`);
      await until('no more than the happy path', () => watch.updates(orderId).length === 5);
      checkConfirmed(watch.updates(orderId));
      assert.equal(watch.updates(orderId).at(-1).finality, 'finalized');
    });
  });
});
