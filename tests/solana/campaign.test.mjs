// A short campaign on the chain (`./dev chaos --chain` is the long one), and one of an engine that is
// broken on purpose, which shows that such a campaign finds out, and what the guard alone prevents.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { ChainCampaign } from '../fault/chain_campaign.mjs';
import { ROOT } from '../system/harness.mjs';
import { missingPrograms } from '../system/localnet/venues.mjs';

const BINARY = path.join(ROOT, 'build/fault/drover');
const BROKEN_BINARY = path.join(ROOT, 'build/bugs/broken_proof/drover'); // bugs/broken_proof.patch
const ATTEMPTS = 50;
const BROKEN_ATTEMPTS = 30;

function skip() {
  return missingPrograms() ?? (fs.existsSync(BINARY) ? undefined : 'there is no build/fault/drover');
}

// Runs a campaign to its end and returns its violations and its figures.
async function run(t, options) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const report = (text) => t.diagnostic(text);
  const campaign = new ChainCampaign({ seed, report, ...options });
  let violations;
  try {
    await campaign.start();
    await campaign.run();
    violations = await campaign.check();
    const result = campaign.result();
    t.diagnostic(JSON.stringify(result));
    return { seed, violations, result };
  } finally {
    await campaign.stop({ keep: violations?.length !== 0 && !options.binary });
  }
}

describe('an engine on the chain under kills and every fault', { skip: skip() }, () => {
  test(`keeps its promise over ${ATTEMPTS} attempts`, async (t) => {
    const { seed, violations, result } = await run(t, { attempts: ATTEMPTS });
    const told = JSON.stringify(violations.slice(0, 10));
    assert.equal(violations.length, 0, `with seed ${seed}, expected no violation: ${told}`);
    assert.ok(result.attempts >= ATTEMPTS && result.traded > 0 && result.kills > 0);
  });

  test('is found out when its proofs are broken and no guard stands', async (t) => {
    const env = { DROVER_SOLANA_GUARD: 'no' };
    const options = { attempts: BROKEN_ATTEMPTS, env, binary: BROKEN_BINARY, everyFault: false };
    const { violations, result } = await run(t, options);
    assert.ok(result.duplicates > 0, 'expected orders that traded twice');
    const rules = new Set(violations.map(({ rule }) => rule));
    for (const rule of ['I1', 'I6']) assert.ok(rules.has(rule), `expected ${rule} to be named`);
  });

  // Without proofs orders may fail that traded, and may not end; but none trades twice.
  test('trades no order twice when its proofs are broken and guards stand', async (t) => {
    const binary = BROKEN_BINARY;
    const options = { attempts: BROKEN_ATTEMPTS, binary, everyFault: false, restMs: 3000 };
    const { result } = await run(t, options);
    assert.equal(result.duplicates, 0);
    assert.ok(result.traded > 0);
  });
});
