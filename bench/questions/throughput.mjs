// Orders a second from HTTP POST to confirmed and committed, the venues taking no time, beside what
// PostgreSQL alone can do in the same run.

import assert from 'node:assert/strict';

import { drawLines } from '../chart.mjs';
import { INSTANT, median, round } from '../stage.mjs';
import { best, sweep, tell } from './ceiling.mjs';

export const OPTIONS = {
  seconds: 10, // of each run's steady window
  warmup: 3,
  rounds: 3, // of which the median counts
  connections: 256, // HTTP, kept
  bound: 2000, // orders accepted and not finished
  batch: 0, // orders a POST; 0: single ones
  ceiling: 1, // 0: without it
};

// The combinations that the ceiling is looked for among. The best of a first sweep run again before and
// after each run of the engine, since the machine's speed changes within minutes.
const CEILING = { seconds: 3, warmup: 1, batches: [256, 512, 1024], connections: [2, 4] };
const CONTENDERS = 2;

// Every order that was accepted stands in the database as confirmed, with each of its events.
export async function checkStored(engine, result) {
  const [[orders, confirmed, events]] = await engine.sql(
    "select (select count(*) from orders), (select count(*) from orders where status = 'finalized')," +
      ' (select count(*) from order_events)',
  );
  const accepted = result.total.accepted;
  const stored = { orders: Number(orders), confirmed: Number(confirmed), events: Number(events) };
  const expected = { orders: accepted, confirmed: accepted, events: 5 * accepted };
  assert.deepEqual(stored, expected, 'expected every accepted order, confirmed, and all its events');
}

// One run on an engine and a database of its own.
export async function runOnce(stage, options, settings = {}) {
  const engine = await stage.engine({ ...INSTANT, ...settings });
  const { connections, bound, batch, seconds, warmup, seed } = options;
  const load = { connections, bound, batch, seconds, warmup, seed };
  const result = await stage.load(engine, load, { label: 'engine' });
  await checkStored(engine, result);
  await engine.stop();
  return result;
}

async function contenders(stage, seed) {
  const results = await sweep(stage, { ...CEILING, seed });
  results.sort((a, b) => b.orders_per_s - a.orders_per_s);
  return results.slice(0, CONTENDERS);
}

// What PostgreSQL alone does just now: the best of the contenders.
async function ceiling(stage, cells, seed) {
  const results = [];
  for (const { batch, connections } of cells) {
    const one = { ...CEILING, batches: [batch], connections: [connections], seed };
    results.push(...(await sweep(stage, one)));
  }
  return best(results);
}

function tellCeiling(report, runs, around) {
  const rates = around.map((one) => one.orders_per_s);
  const typical = around.find((one) => one.orders_per_s === median(rates)) ?? around[0];
  tell(report, { ...typical, orders_per_s: median(rates), rates }, 'ceiling');
  const ratios = runs.map((run, i) => (2 * run.orders_per_s) / (rates[i] + rates[i + 1]));
  report.result('of the ceiling', round(median(ratios), 3), 'ratio', {
    runs: ratios.map((ratio) => round(ratio, 3)),
  });
}

export async function ask(stage, report, options) {
  const cells = options.ceiling ? await contenders(stage, options.seed) : [];
  const runs = [];
  const around = []; // ceilings: one before each run, and one after the last
  for (let i = 0; i < options.rounds; i++) {
    if (options.ceiling) around.push(await ceiling(stage, cells, options.seed));
    runs.push(await runOnce(stage, options));
    report.say(`engine: ${round(runs.at(-1).orders_per_s)} orders/s`);
  }
  if (options.ceiling) around.push(await ceiling(stage, cells, options.seed));
  const rates = runs.map((run) => run.orders_per_s);
  const rate = median(rates);
  const typical = runs.find((run) => run.orders_per_s === rate) ?? runs[0];
  const { connections, bound, batch } = options;
  report.result('throughput', round(rate), 'orders/s', {
    runs: rates.map((r) => round(r)),
    accept_ms: typical.accept_ms,
    cpu: typical.cpu,
    cpu_us_per_order: cpuEach(typical),
    configuration: { connections, bound, batch, ...INSTANT },
  });
  if (options.ceiling) tellCeiling(report, runs, around);
  drawLines('throughput', {
    title: 'Orders confirmed, venues taking no time',
    x: 'seconds',
    y: 'orders/s',
    lines: runs.map((run, i) => ({ title: `run ${i + 1}`, points: run.series })),
  });
}

// Microseconds of each party's processor time for each order.
function cpuEach({ cpu, orders_per_s: rate, window_s: seconds }) {
  const orders = rate * seconds;
  return Object.fromEntries(Object.entries(cpu).map(([name, s]) => [name, round((s * 1e6) / orders, 1)]));
}
