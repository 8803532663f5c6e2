// What the system tests run against: a private PostgreSQL and Redis, and the real engine on them.
// Whatever is started here is told by the kernel to end with the test's process, so that nothing
// survives it, however it ends.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Api, Watch } from './clients.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BINARY = path.resolve(ROOT, process.env.DROVER_BINARY ?? 'build/release/drover');

const START_MS = 30_000; // for a service or the engine to be ready
const STOP_MS = 20_000; // for one of them to end after it was asked to

// The orders, in SQL, that have not reached their end.
export const UNFINISHED = "status not in ('finalized', 'failed', 'cancelled', 'expired')";

// Delays that keep the order of things and cost little time.
export const FAST = {
  DROVER_SIM_QUOTE_MIN_MS: 10,
  DROVER_SIM_QUOTE_MAX_MS: 20,
  DROVER_SIM_SETTLE_MIN_MS: 40,
  DROVER_SIM_SETTLE_MAX_MS: 80,
  DROVER_SIM_BLOCK_MS: 10,
  DROVER_SIM_EXPIRY_BLOCKS: 150,
  DROVER_RETRY_BASE_MS: 50,
  DROVER_RETRY_SWEEP_MS: 500,
  DROVER_RESEND_MS: 100,
};

// Polls until `condition` returns something truthy, and returns that.
export async function until(what, condition, ms = 10_000) {
  const deadline = performance.now() + ms;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > deadline) assert.fail(`expected within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const given = new Set(); // ports handed out by this process

// A free port above 20000 and below the kernel's ephemeral ones.
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (given.has(port)) continue;
    const free = await new Promise((resolve) => {
      const server = net.createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) {
      given.add(port);
      return port;
    }
  }
}

// A child process whose output goes to a file.
export class Child {
  constructor(log, command, args, { env, cwd, signalOnOrphan = 'KILL', user } = {}) {
    this.log = log;
    const fd = fs.openSync(log, 'a');
    const as = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
    const wrapped = ['--pdeathsig', signalOnOrphan, ...as, '--', command, ...args];
    this.process = spawn('setpriv', wrapped, { env, cwd, stdio: ['ignore', fd, fd] });
    fs.closeSync(fd);
    this.ended = null; // { code, signal } once it has ended
    this.end = new Promise((resolve) => {
      const end = (code, signal) => {
        this.ended ??= { code, signal };
        resolve(this.ended);
      };
      this.process.once('exit', end);
      this.process.once('error', () => end(127, null));
    });
  }

  get pid() {
    return this.process.pid;
  }

  tail(lines = 25) {
    return fs.readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  // Sends the signal and waits for the end; kills it, and fails, when that takes too long.
  async stop(signal, ms = STOP_MS) {
    if (!this.ended) this.process.kill(signal);
    const timer = setTimeout(() => {
      this.late = true;
      this.process.kill('SIGKILL');
    }, ms);
    const ended = await this.end;
    clearTimeout(timer);
    if (this.late) assert.fail(`expected an end within ${ms} ms of ${signal}:\n${this.tail()}`);
    return ended;
  }
}

// The newest installation of PostgreSQL's server programs.
function postgresProgram(name) {
  const base = '/usr/lib/postgresql';
  const versions = fs.existsSync(base) ? fs.readdirSync(base) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest ? path.join(base, newest, 'bin', name) : name;
}

// PostgreSQL refuses to run as root, and then runs as the user that Debian made for it.
function postgresUser() {
  if (process.getuid() !== 0) return undefined;
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

class Postgres {
  // settings: more of them, as name=value. store: where its files go.
  constructor(dir, { settings = [], store = path.join(dir, 'postgres') } = {}) {
    this.dir = store;
    this.log = path.join(dir, 'postgres.log');
    this.user = postgresUser();
    this.settings = settings;
  }

  async create() {
    fs.mkdirSync(this.dir, { mode: 0o700, recursive: true });
    if (this.user) fs.chownSync(this.dir, this.user.uid, this.user.gid);
    this.port = await freePort();
    const args = ['-D', this.dir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'];
    execFileSync(postgresProgram('initdb'), [...args, '--locale=C', '--no-sync'], {
      ...this.user,
      cwd: '/',
      stdio: 'pipe',
    });
    await this.start();
  }

  async start() {
    this.launch();
    const ready = async () => {
      if (this.child.ended) assert.fail(`PostgreSQL did not start:\n${this.child.tail()}`);
      return this.answers();
    };
    await until('PostgreSQL answers', ready, START_MS);
  }

  answers() {
    return psql(this.url('postgres'), 'select 1').then(
      () => true,
      () => false,
    );
  }

  // Starts it and does not wait.
  launch() {
    const settings = [
      `port=${this.port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${this.dir}`,
      'max_connections=60',
      ...this.settings,
    ];
    const args = ['-D', this.dir, ...settings.flatMap((setting) => ['-c', setting])];
    this.child = new Child(this.log, postgresProgram('postgres'), args, {
      cwd: '/',
      user: this.user,
      signalOnOrphan: 'QUIT',
    });
  }

  // INT ends sessions at once and shuts down cleanly; QUIT is a crash.
  async stop(signal = 'SIGINT') {
    await this.child?.stop(signal);
  }

  url(database) {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }
}

class Redis {
  constructor(dir) {
    this.dir = dir;
  }

  async start() {
    this.port ??= await freePort();
    const args = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.dir];
    const memoryOnly = ['--save', '', '--appendonly', 'no'];
    this.child = new Child(path.join(this.dir, 'redis.log'), 'redis-server', [
      ...args,
      ...memoryOnly,
    ]);
    const ready = () =>
      this.command('PING').then(
        (answer) => answer === 'PONG',
        () => false,
      );
    await until('Redis answers', ready, START_MS);
  }

  command(...words) {
    return run('redis-cli', ['-h', '127.0.0.1', '-p', String(this.port), ...words]);
  }

  async stop(signal = 'SIGTERM') {
    await this.child?.stop(signal);
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }
}

// Runs a program to its end and returns its standard output, trimmed.
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const settings = { timeout: START_MS, maxBuffer: 1 << 28, ...options };
    execFile(program, args, settings, (error, stdout, stderr) => {
      if (error) reject(Object.assign(error, { stdout, stderr }));
      else resolve(stdout.trimEnd());
    });
  });
}

// The rows of a query, each an array of texts; NULL is the empty text.
export async function psql(url, query) {
  const rows = ['-XAtq', '-F', '\x1f', '-v', 'ON_ERROR_STOP=1'];
  const out = await run('psql', [...rows, '-d', url, '-c', query]);
  return out === '' ? [] : out.split('\n').map((line) => line.split('\x1f'));
}

// PostgreSQL and Redis for one test file.
export class Services {
  // postgres: settings and store, as Postgres takes them.
  constructor({ postgres = {} } = {}) {
    this.options = postgres;
  }

  async start() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'drover-system-'));
    fs.chmodSync(this.dir, 0o711); // PostgreSQL's user passes through
    this.postgres = new Postgres(this.dir, this.options);
    this.redis = new Redis(this.dir);
    this.databases = 0;
    await this.postgres.create();
    await this.redis.start();
  }

  async stop() {
    await this.redis?.stop();
    await this.postgres?.stop();
    if (process.env.DROVER_TEST_KEEP) console.error(`kept ${this.dir}`);
    else if (this.dir) fs.rmSync(this.dir, { recursive: true, force: true });
  }

  // An engine, not yet started, on a database of its own. env: further settings of its.
  async engine(env = {}) {
    const name = `drover_${++this.databases}`;
    await psql(this.postgres.url('postgres'), `create database ${name}`);
    await this.redis.command('FLUSHALL');
    return new Engine(this, name, env);
  }
}

// The engine: one process, and its database and ledger over all of its lives.
export class Engine {
  constructor(services, name, env) {
    this.services = services;
    this.dir = services.dir;
    this.databaseUrl = services.postgres.url(name);
    this.ledgerFile = path.join(this.dir, `${name}.ledger.jsonl`);
    this.log = path.join(this.dir, `${name}.log`);
    this.settings = env;
    this.binary = BINARY; // another build's, if a test says so before it starts
  }

  // The environment of the engine's programs: nothing of the caller's leaks in.
  environment() {
    const env = {
      PATH: process.env.PATH,
      HOME: this.dir,
      DATABASE_URL: this.databaseUrl,
      REDIS_URL: this.services.redis.url,
      HOST: '127.0.0.1',
      PORT: this.port,
      DROVER_SIM_LEDGER: this.ledgerFile,
      DROVER_LOG_LEVEL: process.env.DROVER_LOG_LEVEL ?? 'info',
      ...this.settings,
    };
    const set = Object.entries(env).filter(([, value]) => value !== undefined);
    return Object.fromEntries(set.map(([key, value]) => [key, String(value)]));
  }

  // Starts it and does not wait; it has a port by then.
  launch() {
    this.child = new Child(this.log, this.binary, ['serve'], { env: this.environment(), cwd: ROOT });
    this.api = new Api(this.port);
    return this.child;
  }

  // Starts it and waits until it is ready. ready: the status of /readyz that is waited for.
  async start({ ready = 200 } = {}) {
    this.port ??= await freePort();
    this.launch();
    const isReady = async () => {
      if (this.child.ended) {
        const { code, signal } = this.child.ended;
        assert.fail(`the engine ended at start (${signal ?? code}):\n${this.child.tail()}`);
      }
      return this.api.get('/readyz').then(
        (answer) => answer.status === ready,
        () => false,
      );
    };
    await until(`the engine's /readyz answers ${ready}`, isReady, START_MS);
    return this;
  }

  // Asks it to end and expects that it drained and ended well.
  async stop() {
    if (!this.child) return;
    const { code, signal } = await this.child.stop('SIGTERM');
    this.release();
    const how = `${signal ?? code}; its last lines:\n${this.child.tail()}`;
    assert.equal(signal ?? code, 0, `expected the engine to end with 0 after SIGTERM, not ${how}`);
    this.child = null;
  }

  async kill() {
    await this.child.stop('SIGKILL');
    this.release();
    this.child = null;
  }

  release() {
    this.api.close();
    for (const watch of this.watches ?? []) watch.terminate();
    this.watches = [];
  }

  // Opens a WebSocket; resolves when it is open.
  async watch(target, options) {
    const watch = new Watch(this.port, target, options);
    (this.watches ??= []).push(watch);
    await watch.opened;
    return watch;
  }

  sql(query) {
    return psql(this.databaseUrl, query);
  }

  // How many rows there are, for "nothing was stored".
  async rows() {
    const tables = ['orders', 'order_events'];
    const counts = tables.map((table) => `(select count(*) from ${table})`).join(', ');
    const [row] = await this.sql(`select ${counts}`);
    return Object.fromEntries(tables.map((table, i) => [table, Number(row[i])]));
  }

  // Waits until every order has reached its end.
  idle(ms = 30_000) {
    const count = `select count(*) from orders where ${UNFINISHED}`;
    const isIdle = async () => (await this.sql(count))[0][0] === '0';
    return until('every order has ended', isIdle, ms);
  }

  // The ledger's lines. A line that is not whole yet is not there yet.
  ledger() {
    if (!fs.existsSync(this.ledgerFile)) return [];
    const lines = fs.readFileSync(this.ledgerFile, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  }

  // Waits until an order is confirmed or failed and returns GET's answer.
  finished(orderId, ms) {
    return finished(this.api, orderId, ms);
  }
}

export function finished(api, orderId, ms = 20_000) {
  const terminal = ['confirmed', 'failed', 'cancelled', 'expired'];
  const isFinished = async () => {
    const { json } = await api.get(`/api/orders/${orderId}`);
    return terminal.includes(json.status) && json;
  };
  return until(`order ${orderId} ends`, isFinished, ms);
}

// A group of tests with PostgreSQL and Redis of its own.
export function withServices(name, body) {
  describe(name, () => {
    const services = new Services();
    before(() => services.start());
    after(() => services.stop());
    body(services);
  });
}

// A group of tests with an engine of its own. body is given a holder: holder.engine is the engine
// once the group's tests run.
export function withEngine(name, services, env, body) {
  describe(name, () => {
    const holder = { engine: null };
    before(async () => {
      holder.engine = await services.engine(env);
      await holder.engine.start();
    });
    after(() => holder.engine?.stop());
    body(holder);
  });
}
