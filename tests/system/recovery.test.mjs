// A cold start after the worst case: 100,000 unfinished orders whose owner is gone.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { until, withEngine, withServices } from './harness.mjs';

const ORDERS = 100_000;
const GONE = 'execution/00000000';

// Pending orders as ingest would have had them inserted, with their first events.
const FILL = `
  with o as (
    insert into orders (id, order_type, swap_mode, token_in, token_out, amount, slippage_bps, style,
        amount_input, status, owner, created_at, updated_at)
    select gen_random_uuid(), 1, 0, 'So11111111111111111111111111111111111111112',
        'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 100000000, 100, 0, '0.1', 'pending',
        '${GONE}', now(), now()
    from generate_series(1, ${ORDERS}) returning id, created_at),
  n as (select id, created_at, row_number() over () as position from o),
  e as (insert into order_events (order_id, seq, position, status, attempt, at)
    select id, 1, position, 'pending', 0, created_at from n)
  update event_stream set position = ${ORDERS}, pending = ${ORDERS}`;

withServices('recovery', (services) => {
  withEngine('after a cold start', services, {}, (at) => {
    it(`owns ${ORDERS} unfinished orders again within ten seconds`, async (t) => {
      const { engine } = at;
      await engine.stop();
      await engine.sql(FILL);
      await engine.sql('analyze');
      const orphans = async () =>
        Number((await engine.sql(`select count(*) from orders where owner = '${GONE}'`))[0][0]);
      assert.equal(await orphans(), ORDERS);

      const start = performance.now();
      const passed = () => performance.now() - start;
      let begun = null;
      const starting = engine.start();
      await until('all orders to have a new owner', async () => {
        const left = await orphans();
        if (left < ORDERS) begun ??= passed();
        return left === 0;
      }, 60_000);
      const ended = passed();
      await starting;
      t.diagnostic(`begun after ${Math.round(begun)} ms, ended after ${Math.round(ended)} ms`);
      assert.ok(begun < 2_000, `expected it to begin within 2 s, not ${begun} ms`);
      assert.ok(ended < 10_000, `expected it to end within 10 s, not ${ended} ms`);
      await engine.kill();
    });
  });
});
