// Runs a campaign of faults on loopback and prints one JSON object about it: against a cluster of
// processes with simulated venues, or against an engine that trades on the tests' Solana node.
//
//   node tests/fault/chaos.mjs --kills N [--seed S]
//   node tests/fault/chaos.mjs --chain [--attempts N] [--seed S]
//
// Ctrl-C ends the faults; what has happened by then is checked and told.
//
// Exit status: 0 when every invariant held, 1 when one was violated (what and where is printed on
// standard error), 2 on bad usage.

import { parseArgs } from 'node:util';

import { Campaign } from './campaign.mjs';
import { ChainCampaign } from './chain_campaign.mjs';

const SHOWN_MAX = 40; // violations that are printed in full

function options() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: { chain: { type: 'boolean' }, kills: text, attempts: text, seed: text },
  });
  const [count, other] = values.chain ? ['attempts', 'kills'] : ['kills', 'attempts'];
  if (values[other] !== undefined) {
    throw new TypeError(`--${other} is ${values.chain ? 'not for' : 'for'} --chain`);
  }
  const wanted = Number(values[count] ?? (values.chain ? 1000 : 20));
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (!Number.isInteger(wanted) || wanted < 1 || !Number.isInteger(seed)) {
    throw new TypeError(`--${count} and --seed take whole numbers`);
  }
  return { make: values.chain ? ChainCampaign : Campaign, [count]: wanted, seed };
}

async function main({ make, ...wanted }) {
  const report = (text) => console.error(`chaos: ${text}`);
  const campaign = new make({ ...wanted, report });
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
