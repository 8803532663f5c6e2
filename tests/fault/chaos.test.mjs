// A short campaign: every fault may happen, and each invariant holds.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Campaign } from './campaign.mjs';

const KILLS = 20;

describe('a cluster under kills and other faults', () => {
  it(`loses nothing and does nothing twice over ${KILLS} kills`, async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const campaign = new Campaign({ kills: KILLS, seed, report: (text) => t.diagnostic(text) });
    let violations;
    try {
      await campaign.start();
      await campaign.run();
      violations = await campaign.check();
      t.diagnostic(JSON.stringify(campaign.result()));
    } finally {
      await campaign.stop({ keep: violations?.length !== 0 });
    }
    const told = JSON.stringify(violations.slice(0, 10));
    assert.equal(violations.length, 0, `with seed ${seed}, expected no violation: ${told}`);
  });
});
