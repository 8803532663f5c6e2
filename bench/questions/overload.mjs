// Twice the load that the engine can bear: what it refuses, what it still gets done, how long accepted
// orders take, and what memory that costs.

import { drawLines } from '../chart.mjs';
import { residentBytes, residentPeakBytes } from '../processes.mjs';
import { quantiles } from '../report.mjs';
import { INSTANT, median, round } from '../stage.mjs';
import { OPTIONS as CLOSED, checkStored, runOnce } from './throughput.mjs';

export const OPTIONS = {
  seconds: 20,
  warmup: 20, // in which the engine's queues fill
  best: 0, // orders/s; 0: measured before and after
  times: 2, // of it are offered
  connections: 2000,
  late: 1000, // ms after which an order that could not be sent is given up
};

// A thread for each connection, so that it is the engine that refuses, and not the operating system.
const SETTINGS = { ...INSTANT, DROVER_HTTP_THREADS: 2064 };

// From its acceptance to its confirmation, by the engine's clock, of the orders that ended last: ms.
const LATENCY = `
  select count(*), percentile_disc(array[0.5, 0.99, 0.999, 1]) within group (order by ms)
  from (select extract(epoch from e.at - o.created_at) * 1000 as ms
        from orders o join order_events e on e.order_id = o.id and e.status = 'finalized') t`;

async function latency(engine) {
  const [[count, list]] = await engine.sql(LATENCY);
  const [p50, p99, p999, max] = list.slice(1, -1).split(',').map((ms) => round(Number(ms), 1));
  return { samples: Number(count), p50, p99, 'p99.9': p999, max };
}

export async function ask(stage, report, options) {
  const { seconds, warmup, connections, late, times, seed } = options;
  const closed = { ...CLOSED, seconds: 10, seed };
  const alone = async () => options.best || (await runOnce(stage, closed)).orders_per_s;
  const before = await alone();

  const engine = await stage.engine(SETTINGS);
  const idle = residentBytes(engine.child.pid);
  const load = { rate: times * before, connections, seconds, warmup, seed, 'late-ms': late, drain: 150 };
  const result = await stage.load(engine, load, { label: 'overload' });
  const peak = residentPeakBytes(engine.child.pid);
  await checkStored(engine, result);

  const { sent, accepted, limited, unavailable, other, lost, unsent } = result.steady;
  const configuration = { rate: round(times * before), connections, late_ms: late, ...SETTINGS };
  const each = (orders) => round(orders / seconds);
  report.result('offered', each(sent + unsent), 'orders/s', { configuration });
  report.result('accepted', each(accepted), 'orders/s');
  report.result('answered 503', each(unavailable), 'orders/s');
  report.result('answered 429', each(limited), 'orders/s');
  report.result('not taken in time', each(unsent), 'orders/s');
  report.result('answered otherwise, or not at all', each(other + lost), 'orders/s');
  report.result('confirmed', round(result.orders_per_s), 'orders/s', { cpu: result.cpu });
  report.result('accept', result.accept_ms.p50, 'ms', quantiles(result.accept_ms));
  const whole = await latency(engine);
  report.result('accepted to confirmed', whole.p50, 'ms', whole);
  report.result('memory', round((peak - idle) / 2 ** 20, 1), 'MiB above idle at most');
  await engine.stop();
  const runs = [before, await alone()];
  const best = median(runs);
  report.result('best', round(best), 'orders/s', { runs: runs.map((rate) => round(rate)) });
  report.result('of the best', round(result.orders_per_s / best, 3), 'ratio');
  drawLines('overload', {
    title: `Orders confirmed, ${times} times the best offered`,
    x: 'seconds',
    y: 'orders/s',
    lines: [{ title: 'confirmed', points: result.series }],
  });
}
