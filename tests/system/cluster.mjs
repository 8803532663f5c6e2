// A cluster of engine processes on loopback: a cluster file, a key for each node, one private
// PostgreSQL and Redis. A node may see another one through a relay (tests/fault/relay.mjs), which
// is then what its own copy of the cluster file points to.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { Api, Watch } from './clients.mjs';
import { BINARY, Child, ROOT, UNFINISHED, finished, freePort, psql, run, until } from './harness.mjs';

const START_MS = 20_000; // for every gateway to be ready
const PORTS = 256; // a node's block of ports: those that its links may bind

// The links that cross processes, as the program prints its topology: the port, counted from the first
// of the consumer's block, and which roles connect to whom.
function linksOf(topology) {
  const rows = topology.split('\n\n')[1].split('\n').slice(1);
  return rows
    .map((row) => /^(\S+) +(.*?) +(\S+) +(-|\d+) +(any|all) /.exec(row))
    .map(([, name, producers, consumer, port]) => ({ name, producers, consumer, port }))
    .filter(({ port }) => port !== '-')
    .map((link) => ({ ...link, port: Number(link.port) }));
}
// The tests' own variables are no keys of the program.
export const LINKS = linksOf(
  execFileSync(BINARY, ['topology'], { cwd: ROOT, env: {}, encoding: 'utf8' }),
);

// Whether a node sends on a link: its producers are roles, families of them, or all ("*").
export const sends = (node, { producers }) =>
  producers
    .split(' ')
    .some((name) => name === '*' || node.roles.some((role) => [role, role.split(':')[0]].includes(name)));

// Every role in three processes, and nearly each in one of its own.
export const THREE = {
  front: 'gateway,ingest,notification',
  middle: 'execution,retry,router:raydium,router:meteora,chain:simulated',
  store: 'persistence',
};
export const SEVEN = {
  g1: 'gateway,ingest,notification',
  g2: 'gateway,ingest,notification',
  e1: 'execution,retry',
  e2: 'execution',
  p1: 'persistence',
  p2: 'persistence,router:raydium',
  m1: 'router:meteora,chain:simulated',
};

const isFree = (port) =>
  new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const blocks = new Set(); // first ports of the blocks handed out by this process

// The first of PORTS free ports, below those that freePort hands out.
export async function freeBlock() {
  for (;;) {
    const base = 10_000 + PORTS * Math.floor(Math.random() * 38);
    if (blocks.has(base)) continue;
    blocks.add(base);
    const ports = Array.from({ length: PORTS }, (_, i) => base + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
}

// One node: a process over all of its lives.
export class Node {
  constructor(cluster, name, roles) {
    this.cluster = cluster;
    this.name = name;
    this.roles = roles.split(',');
    this.log = path.join(cluster.dir, `${cluster.name}.${name}.log`);
    this.clusterFile = path.join(cluster.dir, `${cluster.name}.${name}.cluster`);
    this.keyFile = path.join(cluster.dir, `${cluster.name}.${name}.key`);
    this.ledgerFile = path.join(cluster.dir, `${cluster.name}.${name}.ledger.jsonl`);
    this.starts = 0;
  }

  has(role) {
    return this.roles.includes(role);
  }

  get runs() {
    return this.child !== undefined && this.child.ended === null;
  }

  // What this node needs and nothing more: only persistence knows PostgreSQL, only retry Redis.
  environment(extra) {
    const { services, databaseUrl, settings } = this.cluster;
    const env = {
      PATH: process.env.PATH,
      HOME: this.cluster.dir,
      DATABASE_URL: this.has('persistence') ? databaseUrl : undefined,
      REDIS_URL: this.has('retry') ? services.redis.url : undefined,
      HOST: '127.0.0.1',
      PORT: this.port,
      DROVER_CLUSTER_FILE: this.clusterFile,
      DROVER_KEY_FILE: this.keyFile,
      DROVER_SIM_LEDGER: this.ledgerFile,
      DROVER_LOG_LEVEL: process.env.DROVER_LOG_LEVEL ?? 'info',
      ...settings,
      ...extra,
    };
    const set = Object.entries(env).filter(([, value]) => value !== undefined);
    return Object.fromEntries(set.map(([key, value]) => [key, String(value)]));
  }

  // Starts the process and does not wait. env, words: settings and options of this life alone.
  launch(env = {}, words = []) {
    assert.ok(!this.runs, `${this.name} runs already`);
    this.starts++;
    const args = ['serve', '--node', this.name, ...words];
    const options = { env: this.environment(env), cwd: ROOT };
    this.child = new Child(this.log, this.cluster.binary, args, options);
    if (this.has('gateway')) this.api ??= new Api(this.port);
    return this.child;
  }

  async ready() {
    const isReady = async () => {
      this.assertRuns();
      if (!this.has('gateway')) return this.said('serving');
      const answer = await this.api.get('/readyz').catch(() => null);
      return answer?.status === 200;
    };
    await until(`${this.name} is ready`, isReady, START_MS);
  }

  assertRuns() {
    if (this.runs) return;
    const { code, signal } = this.child.ended;
    assert.fail(`${this.name} ended (${signal ?? code}):\n${this.child.tail()}`);
  }

  // Whether its log holds the text; of all of its lives.
  said(text) {
    return fs.existsSync(this.log) && fs.readFileSync(this.log, 'utf8').includes(text);
  }

  async start(env) {
    this.launch(env);
    await this.ready();
  }

  // Asks it to end and expects that it drained and ended well.
  async stop() {
    if (!this.runs) return;
    const { code, signal } = await this.child.stop('SIGTERM', 30_000);
    const how = `${signal ?? code}; its last lines:\n${this.child.tail()}`;
    assert.equal(signal ?? code, 0, `expected ${this.name} to end with 0 after SIGTERM, not ${how}`);
  }

  async kill() {
    await this.child.stop('SIGKILL');
  }

  pause() {
    this.child.process.kill('SIGSTOP');
  }

  resume() {
    this.child.process.kill('SIGCONT');
  }

  finished(orderId, ms) {
    return finished(this.api, orderId, ms);
  }

  // Opens a WebSocket at this gateway; resolves when it is open.
  async watch(target, options) {
    const watch = new Watch(this.port, target, options);
    this.cluster.watches.push(watch);
    await watch.opened;
    return watch;
  }
}

export class Cluster {
  // plan: the roles of each node, by its name. relays: for nodes that see others through a relay,
  // a function (source, target, base) that returns the relay's first port, or undefined.
  static async make(services, plan, { env = {}, binary = BINARY, relay } = {}) {
    const cluster = new Cluster();
    cluster.services = services;
    cluster.dir = services.dir;
    cluster.binary = binary;
    cluster.settings = env;
    cluster.watches = [];
    cluster.others = []; // processes that are no part of it, and end with it
    cluster.name = `cluster_${++services.databases}`;
    cluster.databaseUrl = services.postgres.url(cluster.name);
    await psql(services.postgres.url('postgres'), `create database ${cluster.name}`);
    await services.redis.command('FLUSHALL');
    cluster.nodes = Object.entries(plan).map(([name, roles]) => new Node(cluster, name, roles));
    for (const node of cluster.nodes) await cluster.equip(node);
    for (const node of cluster.nodes) await cluster.writeFile(node, relay);
    return cluster;
  }

  // Gives a node its ports and its key.
  async equip(node) {
    node.base = await freeBlock();
    if (node.has('gateway')) node.port = await freePort();
    const env = { PATH: process.env.PATH };
    const lines = await run(this.binary, ['keygen', node.name, node.keyFile], { env });
    const [, key] = /public_key\s*=\s*"([^"]{40})"/.exec(lines) ?? [];
    assert.ok(key, `expected a public key from keygen: ${lines}`);
    node.publicKey = key;
  }

  // Writes the cluster as this node sees it.
  async writeFile(node, relay) {
    const sections = [];
    for (const other of this.nodes) {
      let base = other.base;
      if (relay && other !== node) base = (await relay(node, other)) ?? base;
      sections.push(
        `${other.name}\n    address = "127.0.0.1:${base}"\n` +
          `    roles = "${other.roles.join(',')}"\n    public_key = "${other.publicKey}"\n`,
      );
    }
    fs.writeFileSync(node.clusterFile, sections.join('\n'));
  }

  node(name) {
    return this.nodes.find((node) => node.name === name);
  }

  with(role) {
    return this.nodes.filter((node) => node.has(role));
  }

  get gateways() {
    return this.with('gateway');
  }

  get api() {
    return this.gateways[0].api;
  }

  // Starts every node that does not run, in this order, and waits until each is ready.
  async start(names = this.nodes.map((node) => node.name)) {
    const nodes = names.map((name) => this.node(name));
    for (const node of nodes) if (!node.runs) node.launch();
    for (const node of nodes) await node.ready();
    return this;
  }

  // Ends it as people do: whoever brings work first, the store last. What does not end well is
  // killed, so that nothing holds up the test's own end.
  async stop() {
    this.release();
    const order = ['gateway', 'execution', 'retry', 'router:raydium', 'router:meteora', 'chain:simulated'];
    try {
      for (const role of order) await Promise.all(this.with(role).map((node) => node.stop()));
      await Promise.all(this.nodes.map((node) => node.stop()));
    } finally {
      await this.kill();
    }
  }

  // Ends it at once.
  async kill() {
    this.release();
    await Promise.all(this.nodes.filter((node) => node.runs).map((node) => node.kill()));
  }

  release() {
    for (const watch of this.watches) watch.terminate();
    for (const node of this.gateways) node.api?.close();
    for (const other of this.others) if (other.runs) other.child.process.kill('SIGKILL');
    this.watches = [];
  }

  sql(query) {
    return psql(this.databaseUrl, query);
  }

  async count(where) {
    return Number((await this.sql(`select count(*) from orders where ${where}`))[0][0]);
  }

  // Waits until every order has reached its end.
  idle(ms = 60_000) {
    return until('every order has ended', async () => (await this.count(UNFINISHED)) === 0, ms);
  }

  // The lines of every ledger. A line that is not whole yet is not there yet.
  ledger() {
    const files = this.nodes.map((node) => node.ledgerFile).filter((file) => fs.existsSync(file));
    return files.flatMap((file) => {
      const lines = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line));
    });
  }
}
