// A cold start after the worst case: 100,000 unfinished orders whose owner is gone.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { until, withEngine, withServices } from './harness.mjs';
import { fillOrphans, orphans } from './orphans.mjs';

const ORDERS = 100_000;

withServices('recovery', (services) => {
  withEngine('after a cold start', services, {}, (at) => {
    it(`owns ${ORDERS} unfinished orders again within ten seconds`, async (t) => {
      const { engine } = at;
      await engine.stop();
      await engine.sql(fillOrphans(ORDERS));
      await engine.sql('analyze');
      assert.equal(await orphans(engine), ORDERS);

      const start = performance.now();
      const passed = () => performance.now() - start;
      let begun = null;
      const starting = engine.start();
      await until('all orders to have a new owner', async () => {
        const left = await orphans(engine);
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
