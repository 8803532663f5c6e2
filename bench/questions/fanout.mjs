// Many WebSockets, each following an order of its own: how long an event takes to reach its reader, what
// a connection costs the engine, and what one that does not read does to the others.

import { drawBars } from '../chart.mjs';
import { residentBytes } from '../processes.mjs';
import { quantiles } from '../report.mjs';
import { median, round } from '../stage.mjs';

export const OPTIONS = {
  sockets: 10_000,
  events: 2000, // a second, of five an order
  seconds: 8, // of each phase
  pairs: 3, // of phases: all read, one does not
};

const STEPS = 5; // events of an order
const SPREAD_MS = 2000; // of the venues' landing
const KIB = 1024;

// Settings under which that many orders are in flight at that rate: the venues take long.
function settings({ sockets, events }) {
  const lifeMs = Math.round((sockets / (events / STEPS)) * 1000);
  return {
    DROVER_WEBSOCKETS_MAX: sockets + 16,
    DROVER_SIM_SETTLE_MIN_MS: Math.max(0, lifeMs - 250 - SPREAD_MS / 2),
    DROVER_SIM_SETTLE_MAX_MS: Math.max(0, lifeMs - 250 + SPREAD_MS / 2),
    DROVER_RESEND_MS: 10_000, // the venue takes longer than usual to tell
  };
}

// Resident bytes of an idle engine that takes no WebSocket, and so has no thread for any.
async function bareBytes(stage) {
  const engine = await stage.engine({ DROVER_WEBSOCKETS_MAX: 0 });
  const bytes = residentBytes(engine.child.pid);
  await engine.stop();
  return bytes;
}

// Runs the phases, and returns them with the engine's memory at the end of each.
async function play(stage, engine, { sockets, events, seconds, pairs }) {
  const ramp = Math.ceil((1.3 * sockets) / (events / STEPS));
  const names = Array.from({ length: pairs }, () => ['reads', 'slow']).flat();
  const args = [engine.port, sockets, Math.ceil(events / STEPS), ramp, seconds, ...names];
  const phases = [];
  const on = {
    phase: (event) => phases.push({ ...event, bytes: residentBytes(engine.child.pid) }),
  };
  const { cpu, too_slow: tooSlow } = await stage.measure('bench_fanout', args.map(String), {
    engine,
    on,
  });
  return { phases, cpu, tooSlow };
}

function check(phases, sockets) {
  for (const { phase, open, refused, lost } of phases) {
    const told = `${phase}: ${open} of ${sockets} open, ${refused} orders refused, ${lost} sockets lost`;
    if (open < 0.9 * sockets || refused + lost > 0) throw new Error(told);
  }
}

function tell(report, name, label, phases, more) {
  const own = phases.filter(({ phase }) => phase === name);
  const p99 = own.map(({ frame_ms: times }) => times.p99);
  const typical = own.find(({ frame_ms: times }) => times.p99 === median(p99)) ?? own[0];
  report.result(`event to frame, ${label}, p99`, typical.frame_ms.p99, 'ms', {
    ...quantiles(typical.frame_ms),
    runs: p99,
    open: own.map(({ open }) => open),
    events_per_s: own.map(({ events_per_s: rate }) => rate),
    ...more,
  });
  return p99;
}

export async function ask(stage, report, options) {
  const { sockets } = options;
  const bare = await bareBytes(stage);
  const configuration = settings(options);
  const engine = await stage.engine(configuration);
  const { phases, cpu, tooSlow } = await play(stage, engine, options);
  await engine.kill(); // orders of minutes to come are in flight
  check(phases, sockets);
  const all = tell(report, 'reads', 'all read', phases, { cpu, configuration });
  const slow = tell(report, 'slow', 'one does not read', phases, {
    configuration,
    closed_4408: tooSlow,
  });
  report.result('p99 with one that does not read, to without', round(median(slow) / median(all), 2), 'ratio', {
    pairs: slow.map((ms, i) => round(ms / all[i], 2)),
  });
  const kib = phases.map(({ bytes, open }) => round((bytes - bare) / open / KIB, 1));
  report.result('memory of a connection and its order', Math.max(...kib), 'KiB', {
    phases: kib,
    bare_bytes: bare,
    configuration,
  });
  const bars = phases.map(({ phase, frame_ms: times }, i) => [`${i + 1} ${phase}`, times.p99]);
  drawBars('fanout', { title: `Event to frame, ${sockets} WebSockets`, y: 'p99, ms', bars });
}
