// What a benchmark stands on: PostgreSQL with every flush on, Redis, the engine, and a program that
// measures. Everything runs on this machine; what is started here ends with it.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

import { BINARY, ROOT, Services, psql } from '../tests/system/harness.mjs';
import { cpuSeconds, machineSeconds } from './processes.mjs';

export const PROGRAMS = path.join(path.dirname(BINARY), 'bench');

// As somebody would set a server of this size up; the rest is PostgreSQL's default. Durability is
// written out although it is the default too.
export const POSTGRES = [
  'fsync=on',
  'synchronous_commit=on',
  'full_page_writes=on',
  'wal_sync_method=fdatasync',
  'shared_buffers=1GB',
  'max_wal_size=8GB',
  'checkpoint_timeout=15min',
  'wal_buffers=16MB',
  'huge_pages=off',
];

const UNUSED =
  "select datname from pg_database d where datname like 'drover_%' and not exists (select from" +
  " pg_stat_activity a where a.datid = d.oid and a.backend_type = 'client backend')";

const OWN = ['DROVER_BINARY', 'DROVER_LOG_LEVEL', 'DROVER_TEST_KEEP']; // of the harness

// The engine's settings in the caller's environment: they win over a question's, and are told with
// every result.
export const CALLERS = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => key.startsWith('DROVER_') && !OWN.includes(key)),
);

// The simulated venues answer at once.
export const INSTANT = {
  DROVER_SIM_QUOTE_MIN_MS: 0,
  DROVER_SIM_QUOTE_MAX_MS: 0,
  DROVER_SIM_SETTLE_MIN_MS: 0,
  DROVER_SIM_SETTLE_MAX_MS: 0,
};

// The venues' default delays and seed, as the load generator's --venue takes them.
export const VENUE = '200:300:2000:3000:1';

export class Stage {
  // report: where progress is shown.
  constructor(report) {
    this.report = report;
    this.services = new Services({ postgres: { settings: POSTGRES } });
    this.kept = new Set();
  }

  async start() {
    await this.services.start();
  }

  async stop() {
    await this.services.stop();
  }

  // Starts PostgreSQL anew; more: settings that it has until the next time.
  async restartPostgres(more = []) {
    const { postgres } = this.services;
    await postgres.stop();
    postgres.settings = [...POSTGRES, ...more];
    await postgres.start();
  }

  // An engine's database stays, also while nobody is connected to it.
  keep(engine) {
    this.kept.add(new URL(engine.databaseUrl).pathname.slice(1));
    return engine;
  }

  // Drops the other databases that nobody is connected to: what autovacuum and the checkpointer do for
  // them would be done while something else is measured.
  async clear() {
    const url = this.services.postgres.url('postgres');
    const names = await psql(url, UNUSED);
    for (const [name] of names.filter(([one]) => !this.kept.has(one)))
      await psql(url, `drop database ${name} with (force)`);
    await psql(url, 'checkpoint');
  }

  // An engine on an empty database of its own, not yet started.
  async prepare(settings = {}) {
    await this.clear();
    return this.services.engine({ DROVER_LOG_LEVEL: 'warn', ...settings, ...CALLERS });
  }

  // The same, started.
  async engine(settings) {
    const engine = await this.prepare(settings);
    return engine.start();
  }

  // An empty database, for what works without an engine: its URL.
  async database() {
    await this.clear();
    return (await this.services.engine()).databaseUrl;
  }

  // Whose processor time is counted. engine: may be absent.
  pids(engine) {
    const { postgres, redis } = this.services;
    const pids = { postgres: postgres.child.pid, redis: redis.child.pid };
    return engine ? { engine: engine.child.pid, ...pids } : pids;
  }

  // Runs a program that measures, and returns its result with the processor seconds of everybody in
  // its steady window: where "others" have many, the machine was not quiet and the figure is worth
  // little. on: what else to do at its events. label: for the progress bar.
  async measure(program, args, { engine, label = program, on = {}, pids } = {}) {
    const counted = pids ?? this.pids(engine);
    const marks = {};
    const snapshot = () => ({ ...mapValues(counted, cpuSeconds), machine: machineSeconds() });
    const result = await events(path.join(PROGRAMS, program), args, async (event) => {
      if (event.event === 'steady' || event.event === 'end') marks[event.event] = snapshot();
      if (event.event === 'progress') this.report.progress(label, event);
      await on[event.event]?.(event);
    });
    const spent = (_, name) => round(marks.end[name] - marks.steady[name], 2);
    const cpu = { ...mapValues(counted, spent), load: round(result.cpu_s, 2) };
    const known = Object.values(cpu).reduce((sum, s) => sum + s, 0);
    cpu.others = round(Math.max(0, spent(null, 'machine') - known), 2);
    return { ...result, cpu };
  }

  // The load generator against an engine. options: its options, without their dashes.
  load(engine, options, { label = 'load', ...more } = {}) {
    return this.measure('bench_load', words({ port: engine.port, ...options }), {
      engine,
      label,
      ...more,
    });
  }
}

// {a: 1, b: true, c: undefined} as ['--a', '1', '--b'].
export function words(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, String(value)];
  });
}

export const round = (value, digits = 0) => Number(value.toFixed(digits));

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([name, v]) => [name, map(v, name)]));
}

// The environment without what is meant for the engine or the harness: a program that measures would
// take it for a setting of its own.
function plainEnvironment() {
  const entries = Object.entries(process.env).filter(([key]) => !key.startsWith('DROVER_'));
  return Object.fromEntries(entries);
}

// Runs a program that prints a JSON object a line, and hands each to `hear`; the one called "result"
// is returned.
async function events(program, args, hear) {
  if (!fs.existsSync(program)) throw new Error(`${program} is missing: ./dev build release`);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], {
    cwd: ROOT,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  let result = null;
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event === 'result') result = event;
    else await hear(event);
  }
  const end = await ended;
  if (end !== 0 || !result) throw new Error(`${path.basename(program)} ended with ${end}`);
  return result;
}
