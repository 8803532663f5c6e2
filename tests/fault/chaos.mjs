// Runs a campaign of faults against a cluster on loopback and prints one JSON object about it.
//
//   node tests/fault/chaos.mjs --kills N [--seed S]
//
// Ctrl-C ends the faults; what has happened by then is checked and told.
//
// Exit status: 0 when every invariant held, 1 when one was violated (what and where is printed on
// standard error), 2 on bad usage.

import { parseArgs } from 'node:util';

import { Campaign } from './campaign.mjs';

const SHOWN_MAX = 40; // violations that are printed in full

function options() {
  const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } });
  const kills = Number(values.kills ?? 20);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
    throw new TypeError('--kills and --seed take whole numbers');
  }
  return { kills, seed };
}

async function main(wanted) {
  const report = (text) => console.error(`chaos: ${text}`);
  const campaign = new Campaign({ ...wanted, report });
  let failed = true;
  process.once('SIGINT', () => campaign.enough());
  try {
    await campaign.start();
    report(`seed ${wanted.seed}`);
    await campaign.run();
    const violations = await campaign.check();
    for (const violation of violations.slice(0, SHOWN_MAX)) report(JSON.stringify(violation));
    console.log(JSON.stringify(campaign.result()));
    failed = violations.length > 0;
  } catch (error) {
    report(error.stack);
  } finally {
    await campaign.stop({ keep: failed || process.env.DROVER_TEST_KEEP !== undefined });
  }
  return failed ? 1 : 0;
}

let wanted;
try {
  wanted = options();
} catch (error) {
  console.error(`chaos: ${error.message}`);
  process.exit(2);
}
process.exit(await main(wanted));
