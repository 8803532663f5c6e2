// What stored orders cost: throughput, latency, and reads under load, with 0, 1 and 10 million finished
// orders in the database.

import fs from 'node:fs';
import path from 'node:path';

import { drawBars } from '../chart.mjs';
import { fill } from '../fill.mjs';
import { quantiles } from '../report.mjs';
import { INSTANT, median, round } from '../stage.mjs';

export const OPTIONS = {
  millions: [0, 1, 10], // of stored orders
  seconds: 8, // of each run's steady window
  warmup: 3,
  rounds: 3, // of which the median counts
  connections: 64, // HTTP, kept
  bound: 2000, // orders accepted and not finished
  rate: 500, // orders a second while reads are timed
  gets: 200, // orders read by id, a second
  lists: 20, // lists read, a second
};

const LISTS = [
  '/api/orders?status=confirmed',
  '/api/orders?status=failed',
  '/api/orders/user/user_4711',
  '/api/orders?status=submitted',
];
const IDS = 2000; // that are read in turn

// An engine on so many stored orders, stopped.
async function prepare(stage, report, millions) {
  const engine = await stage.prepare(INSTANT);
  if (millions === 0) return engine;
  report.say(`filling in ${millions} million orders`);
  const { seconds, bytes } = await fill(stage, engine, millions * 1e6);
  report.result(`filling in ${millions} million`, round(seconds), 's', { database_bytes: bytes });
  return engine;
}

// Some of the stored orders' ids, as a file. Without stored orders, those of the run so far.
async function sampleIds(stage, engine) {
  const [[count]] = await engine.sql('select count(*) from (select from orders limit 100000) o');
  const share = Number(count) < 100_000 ? '' : 'tablesample system (1)';
  const query = `select id from (select id from orders ${share} limit 200000) o order by random()`;
  const rows = await engine.sql(`${query} limit ${IDS}`);
  const file = path.join(stage.services.dir, 'ids');
  fs.writeFileSync(file, rows.map(([id]) => `${id}\n`).join(''));
  return file;
}

async function throughput(stage, engine, { connections, bound, seconds, warmup, seed }, label) {
  const result = await stage.load(engine, { connections, bound, seconds, warmup, seed }, { label });
  if (result.unfinished > 0 || result.failed > 0) {
    throw new Error(`${result.unfinished} orders unfinished, ${result.failed} failed`);
  }
  return result;
}

// Orders at a fixed rate, and reads among them.
async function reads(stage, engine, { rate, gets, lists, seconds, warmup, seed }, label) {
  const ids = await sampleIds(stage, engine);
  const args = [engine.port, ids, gets, lists, warmup, seconds, ...LISTS].map(String);
  const load = { rate, seconds, warmup, seed, follow: true };
  const [orders, times] = await Promise.all([
    stage.load(engine, load, { label }),
    stage.measure('bench_reads', args, { engine, label }),
  ]);
  if (times.failed > 0) throw new Error(`${times.failed} reads failed`);
  return { orders, times };
}

async function visit(stage, engine, options, label) {
  await engine.start();
  const full = await throughput(stage, engine, options, label);
  const { orders, times } = await reads(stage, engine, options, label);
  await engine.stop();
  return { full, orders, times };
}

const middle = (runs, value) => {
  const wanted = median(runs.map(value));
  return runs.find((one) => value(one) === wanted) ?? runs[0];
};

function tell(report, millions, runs, empty, options) {
  const { connections, bound, rate, gets, lists } = options;
  const rateOf = (one) => one.full.orders_per_s;
  const about = { stored: millions * 1e6, ...INSTANT };
  const at = `at ${millions} million`;
  const full = middle(runs, rateOf).full;
  report.result(`throughput ${at}`, round(median(runs.map(rateOf))), 'orders/s', {
    runs: runs.map((one) => round(rateOf(one))),
    cpu: full.cpu,
    configuration: { ...about, connections, bound },
  });
  if (millions > 0 && empty) {
    const ratios = runs.map((one, i) => rateOf(one) / rateOf(empty[i]));
    const pairs = ratios.map((r) => round(r, 3));
    report.result(`throughput ${at} to empty`, round(median(ratios), 3), 'ratio', { pairs });
  }
  const load = { ...about, rate, gets, lists };
  const time = (name, figure) => {
    const all = runs.map((one) => figure(one));
    const typical = middle(all, (one) => one.p99);
    const more = { runs: all.map((one) => one.p99), configuration: load };
    report.result(`${name} ${at}, p99`, typical.p99, 'ms', { ...quantiles(typical), ...more });
    return typical.p99;
  };
  time('accept', ({ orders }) => orders.accept_ms);
  time('end to end', ({ orders }) => orders.end_to_end_ms);
  time('GET by id', ({ times }) => times.get_ms);
  time('filtered list', ({ times }) => times.list_ms);
  return [`${millions} million`, median(runs.map(rateOf))];
}

export async function ask(stage, report, options) {
  const sizes = options.millions;
  const engines = new Map();
  for (const millions of sizes) {
    engines.set(millions, stage.keep(await prepare(stage, report, millions)));
  }
  const runs = new Map(sizes.map((millions) => [millions, []]));
  for (let i = 0; i < options.rounds; i++) {
    for (const millions of sizes) {
      const fresh = millions === 0 && i > 0;
      const engine = fresh ? await prepare(stage, report, 0) : engines.get(millions);
      const result = await visit(stage, engine, options, `${millions} million`);
      runs.get(millions).push(result);
      report.say(`${millions} million: ${round(result.full.orders_per_s)} orders/s`);
    }
  }
  const bars = sizes.map((m) => tell(report, m, runs.get(m), runs.get(0), options));
  drawBars('growth', { title: 'Throughput with stored orders', y: 'orders/s', bars });
}
