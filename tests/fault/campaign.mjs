// A cluster under load and under faults, and the evidence of it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';

import { Cluster, LINKS, freeBlock, sends } from '../system/cluster.mjs';
import { ROOT, Services, UNFINISHED, run } from '../system/harness.mjs';
import { Checker, percentile, readOrders } from './checker.mjs';
import { Dice, after } from './dice.mjs';
import { Failpoints } from './failpoints.mjs';
import { faultsOf, pickFault } from './faults.mjs';
import { Load, wallMs } from './load.mjs';
import { Relay } from './relay.mjs';

const FAULT_BINARY = path.resolve(ROOT, process.env.DROVER_BINARY ?? 'build/fault/drover');
const KILL_EVERY_MS = [700, 3300]; // at random; failpoints make it two or three times as many
const FAULT_EVERY_MS = [4000, 12_000];
const DISK_SIZE = 6 * 2 ** 30; // bytes
const LEASE_MS = 5000; // the default of lease_ms
const REST_MS = 120_000; // for everything to come to rest once faults cease
const SILENCE_MS = 30_000; // a follower that is behind and hears nothing for so long is stuck
const BLOCK_MS = 20;
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

const PLAN = {
  g1: 'gateway,ingest',
  g2: 'gateway,ingest',
  e1: 'execution',
  e2: 'execution',
  p1: 'persistence',
  p2: 'persistence',
  n1: 'notification,retry',
  n2: 'notification,retry',
  r1: 'router:raydium',
  m1: 'router:meteora',
  c1: 'chain:simulated',
};
const RELAYED = ['g1', 'e1', 'p1']; // nodes that see the others through relays
// Nodes whose clocks are stepped where the machine lets us, and by how many seconds. When an attempt
// is due is execution's word: its clock moves no further than everything may wait at the end.
const CLOCKED = { g2: [-600, -30, -3, 3, 30, 600], e2: [-30, -3, 3, 10] };

// Fast enough to have much happen, slow enough to have some hundred orders in flight.
const SETTINGS = {
  DROVER_SIM_QUOTE_MIN_MS: 10,
  DROVER_SIM_QUOTE_MAX_MS: 30,
  DROVER_SIM_SETTLE_MIN_MS: 300,
  DROVER_SIM_SETTLE_MAX_MS: 900,
  DROVER_SIM_BLOCK_MS: BLOCK_MS,
  DROVER_SIM_EXPIRY_BLOCKS: 150,
  DROVER_SIM_FAULT_QUOTE_PERCENT: 2,
  DROVER_SIM_FAULT_LOST_ANSWER_PERCENT: 1,
  DROVER_SIM_FAULT_DROP_PERCENT: 1,
  DROVER_SIM_FAULT_LATE_PERCENT: 1,
  DROVER_SIM_FAULT_EXPIRE_PERCENT: 1,
  DROVER_SIM_FAULT_SLIPPAGE_PERCENT: 1,
  DROVER_SIM_FINALITY_MS: 400,
  DROVER_SIM_FAULT_FORK_PERCENT: 1,
  DROVER_RETRY_BASE_MS: 200,
  DROVER_RESEND_MS: 500,
  DROVER_ATTEMPTS_MAX: 6,
};

// Faults during which PostgreSQL commits nothing. There is one of them at a time.
const AWAY = new Set([
  'postgres restart',
  'postgres crash',
  'postgres crash in recovery',
  'disk full',
]);

// A process's wall clock, if the machine has the library that can step it.
class Clock {
  constructor(dir, name, steps) {
    this.steps = steps;
    this.file = path.join(dir, `${name}.clock`);
    this.step(0);
  }

  step(seconds) {
    fs.writeFileSync(this.file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
  }

  get environment() {
    return {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_CACHE_DURATION: 1, // s; without it each look at the clock opens the file
      FAKETIME_DONT_FAKE_MONOTONIC: 1,
      DONT_FAKE_MONOTONIC: 1,
    };
  }
}

// A small disk of its own for PostgreSQL; null when the machine does not allow it.
function makeDisk() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'drover-disk-'));
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=755`, 'drover', dir];
    execFileSync('mount', options, { stdio: 'pipe' });
    return { dir, size: DISK_SIZE };
  } catch {
    fs.rmdirSync(dir);
    return null;
  }
}

export class Campaign {
  constructor({ kills, seed, rate = 220, report = () => {} }) {
    Object.assign(this, { killsWanted: kills, seed, rate, report });
    this.dice = new Dice(seed);
    this.failpoints = new Failpoints(new Dice(seed ^ 0x5bd1e995));
    this.kills = []; // { atMs, node, how, orders: Map id → seq, unmeasured }
    this.faults = {}; // by kind
    this.faultTimes = []; // { what, from, to } in wall milliseconds
    this.absences = []; // { node, from, to }: killed or stopped by us, and not started again
    this.skipped = [];
    this.broken = []; // errors of the campaign's own, which end it
    this.deaths = []; // processes that ended by themselves
    this.relays = [];
    this.taken = new Set(); // nodes in some fault's hands
    this.busy = new Set(); // what is under way and has to end before the rest
  }

  // Ends it before all kills were made, as when a person has seen enough.
  enough() {
    this.report(`told to end, after ${this.kills.length} kills`);
    this.isEnough = true;
  }

  // ---- before ----

  async start() {
    this.disk = makeDisk();
    if (!this.disk) this.skipped.push('disk full: no file system can be mounted here');
    const store = this.disk ? path.join(this.disk.dir, 'data') : undefined;
    const settings = ['track_commit_timestamp=on', 'max_wal_size=512MB'];
    this.services = new Services({ postgres: { settings, store } });
    await this.services.start();
    const relay = (source, target) => this.relay(source, target);
    const options = { env: SETTINGS, binary: FAULT_BINARY, relay };
    this.cluster = await Cluster.make(this.services, PLAN, options);
    this.clocks = [];
    this.clockOf = new Map();
    if (fs.existsSync(FAKETIME)) {
      for (const [name, steps] of Object.entries(CLOCKED)) {
        this.clockOf.set(name, new Clock(this.services.dir, name, steps));
      }
      this.clocks = [...this.clockOf.values()];
    } else {
      this.skipped.push('clock step: libfaketime is not here');
    }
    for (const node of this.cluster.nodes) this.launch(node);
    for (const node of this.cluster.nodes) await node.ready();
    const ports = this.cluster.gateways.map((node) => node.port);
    this.load = new Load({ ports, rate: this.rate, dice: new Dice(this.seed + 1) });
  }

  // The relay between two nodes that have a link; undefined when they see each other directly.
  async relay(source, target) {
    if (!RELAYED.includes(source.name)) return undefined;
    const ports = LINKS.filter((link) => sends(source, link) && target.has(link.consumer)).map(
      ({ port }) => port,
    );
    if (ports.length === 0) return undefined;
    const base = await freeBlock();
    const relay = new Relay(source.name, target.name);
    await relay.open(base, target.base, ports);
    this.relays.push(relay);
    return base;
  }

  // ---- processes ----

  // Starts a process, perhaps with a failpoint, and watches over its end.
  launch(node, { armed = false } = {}) {
    const points = [];
    node.place = null;
    if (armed) {
      const { place, text } = this.failpoints.deal(node);
      node.place = place;
      points.push(text);
      const noise = this.failpoints.noise(node);
      if (noise) {
        points.push(noise.text);
        this.faults[noise.what] = (this.faults[noise.what] ?? 0) + 1;
      }
    }
    const env = {
      ...this.clockOf.get(node.name)?.environment,
      DV_FAILPOINTS: points.join(',') || undefined,
      DV_FAILPOINTS_SEED: this.dice.between(1, 1e9),
    };
    node.expected = false;
    const child = node.launch(env);
    void child.end.then((end) => this.ended(node, child, end));
  }

  ended(node, child, { code, signal }) {
    if (node.expected || child !== node.child) return;
    if (signal === 'SIGKILL' && node.place) {
      this.track(this.killed(node, node.place));
      return;
    }
    const what = `${node.name} ended by itself (${signal ?? code})`;
    this.report(what);
    this.deaths.push({ node: node.name, end: String(signal ?? code), tail: child.tail(30) });
    this.track(this.revive(node, 1000));
  }

  // A node has just died: notes which orders it had, and starts it again.
  async killed(node, how) {
    const kill = { atMs: wallMs(), node: node.name, how, orders: new Map() };
    this.kills.push(kill);
    const owned = node.has('execution') ? `and owner like 'execution@${node.name}/%'` : '';
    const query = `select id, seq from orders where ${UNFINISHED} ${owned}`;
    const met = this.cluster.sql(query).then(
      (rows) => rows.forEach(([id, seq]) => kill.orders.set(id, Number(seq))),
      () => (kill.unmeasured = true),
    );
    // Mostly at once; at times so late that others have to take over, where there are others.
    const isAlone = node.roles.some(
      (role) => !this.cluster.with(role).some((each) => each !== node && each.runs),
    );
    const late = !isAlone && this.dice.hits(node.has('execution') ? 35 : 10);
    const wait = late ? LEASE_MS + this.dice.between(500, 2500) : this.dice.between(50, 1000);
    await met;
    await this.revive(node, wait);
    this.absent(node, kill.atMs);
  }

  // A node that was made to do nothing since then does something again.
  absent(node, from) {
    this.absences.push({ node, from, to: wallMs() });
  }

  async revive(node, ms) {
    await after(ms);
    if (node.runs) return;
    this.launch(node, { armed: !this.isResting && this.dice.hits(60) });
  }

  track(promise) {
    const one = promise
      .catch((error) => this.broken.push(error))
      .finally(() => this.busy.delete(one));
    this.busy.add(one);
  }

  // A running node that no fault holds; undefined when there is none that fits.
  takeNode(fits = () => true) {
    const free = this.cluster.nodes.filter(
      (node) => node.runs && !this.taken.has(node) && fits(node),
    );
    if (free.length === 0) return undefined;
    const node = this.dice.pick(free);
    this.taken.add(node);
    return node;
  }

  giveNode(node) {
    this.taken.delete(node);
  }

  // Kills a node, mostly one whose roles somebody else still has.
  async killOne() {
    const isSpare = (node) =>
      node.roles.every((role) => this.cluster.with(role).filter((each) => each.runs).length > 1);
    const anyone = this.dice.hits(25);
    const node = this.takeNode((each) => anyone || isSpare(each));
    if (!node) return;
    node.expected = true;
    await node.kill();
    this.giveNode(node);
    await this.killed(node, 'at random');
  }

  // ---- the run ----

  get isOver() {
    return this.isEnough || this.broken.length > 0 || this.deaths.length >= 20;
  }

  async run() {
    this.startedMs = wallMs();
    this.load.start();
    await after(1500);
    const faults = this.faulting();
    let told = 0;
    while (this.kills.length < this.killsWanted && !this.isOver) {
      await after(this.dice.between(...KILL_EVERY_MS));
      this.track(this.killOne());
      if (this.kills.length >= told + 50) {
        told = this.kills.length;
        this.report(`${told} kills, ${this.load.keys.size} orders, ${this.busy.size} under way`);
      }
    }
    this.isResting = true;
    await faults;
    await this.rest();
  }

  async faulting() {
    const faults = faultsOf(this);
    const under = new Set();
    while (!this.isResting) {
      await after(this.dice.between(...FAULT_EVERY_MS));
      if (under.size >= 2) continue;
      const from = wallMs();
      const one = pickFault(faults, this.dice)(this)
        .then((what) => {
          if (!what) return;
          this.faults[what] = (this.faults[what] ?? 0) + 1;
          this.faultTimes.push({ what, from, to: wallMs() });
        })
        .catch((error) => this.broken.push(error))
        .finally(() => under.delete(one));
      under.add(one);
      this.track(one);
    }
    while (under.size > 0) await after(50);
  }

  // Heals everything, and starts again, one after the other, what still has a failpoint.
  async rest() {
    this.loadedMs = wallMs();
    while (this.busy.size > 0) await Promise.all([...this.busy]);
    for (const relay of this.relays) relay.heal();
    for (const node of this.cluster.nodes) {
      if (node.runs && node.place) {
        node.expected = true;
        await node.child.stop('SIGTERM', 30_000);
      }
      if (!node.runs) this.launch(node);
    }
    await this.load.stop(REST_MS);
    this.atRest = await this.cluster.idle(REST_MS).then(
      () => true,
      () => false,
    );
    const [[head]] = await this.cluster.sql('select position from event_stream');
    await this.load.caughtUp(Number(head), SILENCE_MS);
    this.endedMs = wallMs();
  }

  // ---- after ----

  async check() {
    const checker = new Checker({
      ledger: this.cluster.ledger(),
      seen: this.load.seen,
      keys: this.load.keys,
      blockMs: BLOCK_MS,
      kills: this.kills,
    });
    await checker.take(readOrders(this.cluster.databaseUrl));
    for (const { node, end, tail } of this.deaths) {
      checker.violate('alive', node, `ended by itself with ${end}: ${tail}`);
    }
    for (const { name, log } of this.cluster.nodes) {
      const lines = fs.readFileSync(log, 'utf8').match(/^\S+ ERROR .*$/gm) ?? [];
      const isBad = (line) => !/^\S+ ERROR \S+ superseded /.test(line); // a fault of ours, told
      for (const line of lines.filter(isBad)) checker.violate('log', name, line);
    }
    for (const error of this.broken) checker.violate('campaign', null, error.stack);
    if (this.load.outstanding > 0) {
      checker.violate('I2', null, `${this.load.outstanding} keys were never answered`);
    }
    this.checker = checker;
    return checker.violations;
  }

  // What happened, as one object.
  result() {
    const { checker, load } = this;
    const waits = (fits) => checker.waits.flatMap((each, i) => (fits(this.kills[i]) ? each : []));
    const progress = (fits, time = (wait) => wait.ms) => {
      const ms = waits(fits).map(time);
      const [p50, p99, max] = [50, 99, 100].map((p) => percentile(ms, p));
      return { orders: ms.length, p50_ms: p50, p99_ms: p99, max_ms: max };
    };
    const places = new Set(this.kills.map(({ how }) => how).filter((how) => how !== 'at random'));
    const byNode = {};
    for (const { node } of this.kills) byNode[node] = (byNode[node] ?? 0) + 1;
    const isOwner = ({ node }) => this.cluster.node(node).has('execution');
    return {
      seed: this.seed,
      kills: this.kills.length,
      kills_at_failpoints: this.kills.filter(({ how }) => how !== 'at random').length,
      failpoints_met: places.size,
      failpoints: this.failpoints.count,
      kills_by_node: byNode,
      faults: this.faults,
      skipped: this.skipped,
      orders: checker.orders,
      orders_per_second: Math.round((1000 * load.keys.size) / (this.loadedMs - this.startedMs)),
      ends: checker.statuses,
      retried: checker.retried,
      requests_again: load.again,
      frames_checked: load.seen.frames,
      events: checker.positions.count,
      resumes: load.all.reduce((sum, follower) => sum + follower.resumes, 0),
      duplicates: checker.doubled,
      lost: checker.lost,
      answered_twice: checker.violations.filter(({ rule }) => rule === 'I8').length,
      ended_by_themselves: this.deaths.length,
      progress_of_owned: progress(isOwner),
      progress_of_owned_served: progress(isOwner, (wait) => this.served(wait)),
      progress_of_all: progress(() => true),
      slowest: this.slowest(5),
      unmeasured_kills: this.kills.filter((kill) => kill.unmeasured).length,
      violations: checker.violations.length,
      wall_s: Math.round((this.endedMs - this.startedMs) / 1000),
    };
  }

  // How much of a wait PostgreSQL and any execution were there for.
  served({ ms, fromMs }) {
    const during = ({ from, to }) => to > fromMs && from < fromMs + ms;
    const away = this.faultTimes.filter((each) => AWAY.has(each.what) && during(each));
    const absences = this.absences.filter(during);
    const executions = this.cluster.with('execution');
    const isIn = (at) => (each) => each.from <= at && at < each.to;
    const isServed = (at) =>
      !away.some(isIn(at)) &&
      executions.some((node) => !absences.some((each) => each.node === node && isIn(at)(each)));
    const ends = [...away, ...absences].flatMap(({ from, to }) => [from, to]);
    const inner = ends.filter((at) => at > fromMs && at < fromMs + ms).sort((a, b) => a - b);
    const times = [fromMs, ...inner, fromMs + ms];
    const parts = times.slice(1).map((to, i) => (isServed(times[i]) ? to - times[i] : 0));
    return parts.reduce((sum, part) => sum + part, 0);
  }

  // The kills that held up an order for longest, and what else went on meanwhile.
  slowest(count) {
    const worst = this.checker.waits.flatMap((waits, i) => {
      const wait = waits.reduce((most, each) => (each.ms > most.ms ? each : most), { ms: -1 });
      return wait.ms < 0 ? [] : [{ ...wait, kill: this.kills[i] }];
    });
    const meanwhile = (from, to) =>
      this.faultTimes.filter((each) => each.from < to && each.to > from).map(({ what }) => what);
    return worst
      .sort((a, b) => b.ms - a.ms)
      .slice(0, count)
      .map(({ ms, id, to, kill }) => ({
        ms: Math.round(ms),
        order: id,
        to,
        at: new Date(kill.atMs).toISOString(),
        node: kill.node,
        how: kill.how,
        meanwhile: meanwhile(kill.atMs - 1000, kill.atMs + ms),
      }));
  }

  // Ends everything. keep: leaves the logs.
  async stop({ keep = false } = {}) {
    this.load?.close();
    for (const relay of this.relays) relay.close();
    for (const node of this.cluster?.nodes ?? []) node.expected = true;
    await this.cluster?.kill();
    await this.services?.redis.stop('SIGKILL');
    await this.services?.postgres.stop('SIGQUIT');
    if (this.disk) {
      await run('umount', [this.disk.dir]);
      fs.rmdirSync(this.disk.dir);
    }
    if (keep) this.report(`the logs are in ${this.services?.dir}`);
    else if (this.services?.dir) fs.rmSync(this.services.dir, { recursive: true, force: true });
  }
}
