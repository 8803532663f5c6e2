// Many orders in flight at once: the engine's memory for each, and the time it adds to the venues'
// own. By Little's law 50,000 orders in flight with the default delays of 2.75 s on average take 18,000
// orders a second. So this is asked twice: with the default delays, of an engine that is offered as
// many orders as it takes; and with landings that take so much longer that the rate is one it can bear.

import { drawBars } from '../chart.mjs';
import { residentBytes } from '../processes.mjs';
import { quantiles } from '../report.mjs';
import { round } from '../stage.mjs';
import { checkStored } from './throughput.mjs';

export const OPTIONS = { seconds: 10, orders: 50_000, stretch: 10, connections: 128 };

const DEFAULTS = { quoteMin: 200, quoteMax: 300, settleMin: 2000, settleMax: 3000, resend: 1000 };
const QUOTE_S = 0.267; // on average, the slower of two
const SETTLE_S = 2.5;

// The default delays, but landings, and what has to do with them, `stretch` times as long.
function settings(stretch, orders) {
  const { quoteMin, quoteMax, settleMin, settleMax, resend } = DEFAULTS;
  return {
    DROVER_SIM_QUOTE_MIN_MS: quoteMin,
    DROVER_SIM_QUOTE_MAX_MS: quoteMax,
    DROVER_SIM_SETTLE_MIN_MS: settleMin * stretch,
    DROVER_SIM_SETTLE_MAX_MS: settleMax * stretch,
    DROVER_SIM_EXPIRY_BLOCKS: 150 * stretch,
    DROVER_RESEND_MS: resend * stretch,
    DROVER_OVERDUE_MS: 600_000,
    DROVER_IN_FLIGHT_MAX: 4 * orders,
    DROVER_WEBSOCKET_QUEUE_MAX: 1_000_000,
    DROVER_HTTP_THREADS: 512,
  };
}

const venue = (s) =>
  [
    s.DROVER_SIM_QUOTE_MIN_MS,
    s.DROVER_SIM_QUOTE_MAX_MS,
    s.DROVER_SIM_SETTLE_MIN_MS,
    s.DROVER_SIM_SETTLE_MAX_MS,
    1,
  ].join(':');

// One run: the load, and memory and orders in flight at the end of the window.
async function run(stage, engineSettings, load, label) {
  const engine = await stage.engine(engineSettings);
  const idle = residentBytes(engine.child.pid);
  const seen = {};
  const on = {
    progress: ({ accepted, ended }) => (seen.newest = accepted - ended),
    end: () => {
      seen.inFlight = seen.newest;
      seen.resident = residentBytes(engine.child.pid);
    },
  };
  const options = { ...load, venue: venue(engineSettings), drain: 150 };
  const result = await stage.load(engine, options, { label, on });
  await checkStored(engine, result);
  await engine.stop();
  return { ...result, idle, ...seen };
}

export async function ask(stage, report, { seconds, orders, stretch, connections, seed }) {
  const load = { seconds, connections, seed };
  const tell = (name, result, configuration) => {
    const { inFlight, idle, resident, cpu, reopened } = result;
    const each = (resident - idle) / inFlight / 1024;
    report.result(`in flight, ${name}`, inFlight, 'orders', { configuration });
    report.result(`memory of each, ${name}`, round(each, 2), 'KiB', {
      idle_mib: round(idle / 2 ** 20, 1),
      resident_mib: round(resident / 2 ** 20, 1),
    });
    report.result(`added to the venues' own, ${name}`, result.added_ms.p99, 'ms', {
      ...quantiles(result.added_ms),
      orders_per_s: round(result.orders_per_s),
      cpu,
      reopened,
    });
    return [`${name}, p99`, result.added_ms.p99];
  };

  const usual = settings(1, orders);
  const full = await run(stage, usual, { ...load, bound: orders, warmup: 25 }, 'default delays');
  const bars = [tell('default delays', full, { bound: orders, connections, ...usual })];

  const longer = settings(stretch, orders);
  const rate = orders / (QUOTE_S + SETTLE_S * stretch);
  const warmup = Math.ceil(3.3 * stretch);
  const calm = await run(stage, longer, { ...load, rate, warmup }, `delays × ${stretch}`);
  bars.push(tell(`landings × ${stretch}`, calm, { rate: round(rate), connections, ...longer }));
  drawBars('inflight', { title: `Time added, ${orders} orders in flight`, y: 'ms', bars });
}
