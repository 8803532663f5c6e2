// Where the processor's time for an order goes: each thread of the engine, in user mode and in the
// kernel; each kind of PostgreSQL's processes, and each of its statements; Redis; the load generator.

import { drawBars } from '../chart.mjs';
import { processSeconds, threadSeconds } from '../processes.mjs';
import { INSTANT, round } from '../stage.mjs';
import { checkStored } from './throughput.mjs';

export const OPTIONS = {
  seconds: 10, // of the steady window
  warmup: 3,
  connections: 64, // HTTP, kept
  bound: 2000, // orders accepted and not finished
  batch: 0, // orders a POST; 0: single ones
  rate: 0, // orders a second; 0: as many as it can bear, within the bound
};

const WORKER = 'a connection of the engine';
const TITLES = [
  [/^postgres: (walwriter|checkpointer|background writer)/, (title) => title[1]],
  [/^postgres: .*\d+\(\d+\)/, () => WORKER],
  [/./, () => 'others'],
];

function kindOf(title) {
  const [pattern, name] = TITLES.find(([p]) => p.test(title));
  return name(pattern.exec(title));
}

// Adds a reading up by kind, for what changes its name meanwhile.
function sums(reading, kind) {
  const of = {};
  for (const [name, { user, kernel }] of Object.entries(reading)) {
    const sum = (of[kind(name)] ??= { user: 0, kernel: 0 });
    sum.user += user;
    sum.kernel += kernel;
  }
  return of;
}

// Seconds between two readings, by kind.
function spent(before, after, kind = (name) => name) {
  const [old, now] = [sums(before, kind), sums(after, kind)];
  const less = ([name, { user, kernel }]) => [
    name,
    { user: user - (old[name]?.user ?? 0), kernel: kernel - (old[name]?.kernel ?? 0) },
  ];
  return Object.fromEntries(Object.entries(now).map(less));
}

// What took any time worth a line, the most first.
function tellParty(report, party, seconds, orders) {
  const each = (s) => round((s * 1e6) / orders, 1);
  return Object.entries(seconds)
    .map(([name, { user, kernel }]) => ({ name, user, kernel, all: user + kernel }))
    .filter(({ all }) => each(all) > 0)
    .sort((a, b) => b.all - a.all)
    .map(({ name, user, kernel, all }) => {
      const figure = `${party}: ${name}`;
      const parts = { user: each(user), kernel: each(kernel) };
      report.result(figure, each(all), 'µs an order', parts);
      return [figure, each(all)];
    });
}

const STATEMENTS =
  'select case when query like $$with step as%$$ then $$STEP$$' +
  ' when query like $$with input as%$$ then $$INSERT$$ else $$others$$ end,' +
  ' sum(calls), sum(rows), sum(total_exec_time) from pg_stat_statements group by 1 order by 4 desc';

async function tellStatements(report, engine) {
  for (const [name, calls, rows, ms] of await engine.sql(STATEMENTS)) {
    if (name === 'others') continue;
    report.result(`statement: ${name}`, round((ms * 1000) / rows, 1), 'µs a row', {
      rows_a_call: round(rows / calls, 1),
      ms_a_call: round(ms / calls, 2),
    });
  }
}

export async function ask(stage, report, options) {
  await stage.restartPostgres(['shared_preload_libraries=pg_stat_statements']);
  const engine = await stage.engine(INSTANT);
  await engine.sql('create extension pg_stat_statements');
  const pids = stage.pids(engine);
  const marks = { steady: {}, end: {} };
  const note = (mark) => () => {
    marks[mark] = {
      engine: threadSeconds(pids.engine),
      PostgreSQL: processSeconds(pids.postgres),
      Redis: processSeconds(pids.redis),
    };
  };
  const { seconds, warmup, connections, bound, batch, rate, seed } = options;
  const load = { seconds, warmup, connections, bound, batch, rate: rate || undefined, seed };
  const on = { steady: note('steady'), end: note('end') };
  const result = await stage.load(engine, load, { on });
  await checkStored(engine, result);

  const orders = result.orders_per_s * result.window_s;
  report.result('orders', round(result.orders_per_s), 'orders/s', {
    cpu: result.cpu,
    accept_ms: result.accept_ms,
    configuration: { ...load, ...INSTANT },
  });
  const part = (name, kind) => spent(marks.steady[name], marks.end[name], kind);
  const bars = [
    ...tellParty(report, 'engine', part('engine'), orders),
    ...tellParty(report, 'PostgreSQL', part('PostgreSQL', kindOf), orders),
    ...tellParty(report, 'Redis', part('Redis', () => 'all'), orders),
  ];
  const generator = round((result.cpu.load * 1e6) / orders, 1);
  report.result('load generator', generator, 'µs an order');
  await tellStatements(report, engine);
  await engine.stop();
  await stage.restartPostgres();
  drawBars('profile', { title: 'Processor time for an order', y: 'µs', bars });
}
