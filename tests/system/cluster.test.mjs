// The engine in several processes over tcp with CURVE: the five clients at each gateway, any order
// of starting, drains and restarts with orders in flight.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';

import { checkConfirmed } from './clients.mjs';
import { Cluster, LINKS, Node, SEVEN, THREE, freeBlock } from './cluster.mjs';
import { PACE, fiveClients } from './flows.mjs';
import { BINARY, FAST, UNFINISHED, run, until, withServices } from './harness.mjs';

// In flight long enough for something to happen meanwhile.
const SLOW = {
  ...FAST,
  DROVER_SIM_SETTLE_MIN_MS: 1500,
  DROVER_SIM_SETTLE_MAX_MS: 2500,
  DROVER_SIM_EXPIRY_BLOCKS: 3000,
};
const BODY = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 0.1, slippage: 0.02 };

// A group of tests with a cluster of its own. body is given a holder of it.
function withCluster(name, services, plan, env, body) {
  describe(name, () => {
    const holder = { cluster: null };
    before(async () => {
      holder.cluster = await Cluster.make(services, plan, { env });
      await holder.cluster.start();
    });
    after(() => holder.cluster?.stop());
    body(holder);
  });
}

// The clients' flows at one gateway, which they know as an engine.
function atGateway(holder, name) {
  const door = {
    get engine() {
      return holder.cluster.node(name);
    },
  };
  describe(`at gateway ${name}`, () => fiveClients(door));
}

// Posts an order at a gateway until it is taken, with one key for all tries, and returns its id.
async function place(node, key) {
  const post = () =>
    node.api.post('/api/orders', BODY, { 'Idempotency-Key': key }).catch(() => null);
  const answer = await until(`${key} is accepted`, async () => {
    const got = await post();
    assert.ok(!got || got.status < 400 || got.status === 503, `${key}: ${got?.status} ${got?.text}`);
    return got?.status === 200 && got;
  });
  return answer.json.orderId;
}

// `count` orders in turn over the gateways that run.
async function placeAll(cluster, prefix, count) {
  const gateways = cluster.gateways.filter((node) => node.runs);
  const ids = [];
  for (let i = 0; i < count; i++) {
    ids.push(await place(gateways[i % gateways.length], `${prefix}-${i}`));
  }
  return ids;
}

// Every order is confirmed, landed once, and is told alike by each gateway.
async function assertConfirmed(cluster, ids) {
  await cluster.idle();
  const landed = new Map();
  for (const line of cluster.ledger()) {
    if (line.ok) landed.set(line.orderId, (landed.get(line.orderId) ?? 0) + 1);
  }
  assert.equal(new Set(ids).size, ids.length, 'expected an order for each key');
  for (const id of ids) {
    const told = await cluster.api.get(`/api/orders/${id}`);
    assert.equal(told.json.status, 'confirmed', `expected ${id} confirmed: ${told.text}`);
    assert.equal(landed.get(id), 1, `expected ${id} to have landed once`);
  }
}

function anyGateway(holder) {
  it('tells every watcher at every gateway the same of an order', async () => {
    const { cluster } = holder;
    const all = await Promise.all(cluster.gateways.map((node) => node.watch('/api/orders/ws')));
    for (const node of cluster.gateways) {
      const { orderId } = await node.api.order();
      const own = await Promise.all(
        cluster.gateways.map((each) => each.watch(`/ws/orders?orderId=${orderId}&since=0`)),
      );
      const watches = [...all, ...own];
      for (const watch of watches) await watch.ended(orderId);
      const [first, ...others] = watches.map((watch) => watch.updates(orderId));
      checkConfirmed(first);
      for (const frames of others) assert.deepEqual(frames, first, 'expected the very frames');
    }
  });

  it('gives a key the same order at every gateway, at once and later', async () => {
    const { cluster } = holder;
    const key = { 'Idempotency-Key': 'everywhere' };
    const ask = () => cluster.gateways.map((node) => node.api.post('/api/orders', BODY, key));
    const answers = [...(await Promise.all(ask())), ...(await Promise.all(ask()))];
    const ids = answers.map((answer) => answer.json.orderId);
    assert.equal(new Set(ids).size, 1, `expected one order, not ${ids}`);
    assert.equal(await cluster.count("client_order_id = 'everywhere'"), 1);
  });
}

function whoIsThere(holder) {
  const instances = async (node) => {
    const answer = await node.api.get('/api/cluster');
    assert.equal(answer.status, 200, answer.text);
    return new Map(answer.json.instances.map((each) => [each.name, each]));
  };

  it('shows every instance at each gateway', async () => {
    const { cluster } = holder;
    const expected = cluster.nodes.flatMap((node) =>
      node.roles.map((role) => `${role}@${node.name}`),
    );
    for (const gateway of cluster.gateways) {
      let told;
      const areWell = async () => {
        told = await instances(gateway);
        return expected.every((name) => told.get(name)?.state === 'well');
      };
      await until('every instance is well', areWell).catch((error) => {
        error.message += ` at ${gateway.name}: ${JSON.stringify([...told.values()])}`;
        throw error;
      });
      assert.deepEqual([...told.keys()].sort(), expected.sort(), 'expected these and no others');
      for (const node of cluster.nodes) {
        for (const role of node.roles) {
          assert.equal(told.get(`${role}@${node.name}`).pid, node.child.pid, 'expected its pid');
        }
      }
    }
  });

  it('shows who is silent, and that it is back', async () => {
    const { cluster } = holder;
    const [gateway] = cluster.gateways;
    const node = cluster.node('m1');
    const isIn = (state) => async () =>
      (await instances(gateway)).get('router:meteora@m1')?.state === state;
    await node.kill();
    await until('the router is silent', isIn('silent'), 20_000);
    await node.start();
    await until('the router is well', isIn('well'), 20_000);
  });

  it('prints who is there with drover status', async () => {
    const { cluster } = holder;
    const [gateway] = cluster.gateways;
    const out = await run(BINARY, ['status'], { env: gateway.environment() });
    for (const node of cluster.nodes) assert.match(out, new RegExp(`@${node.name}\\b`), out);
  });
}

function changes(holder) {
  it('confirms orders while every process is restarted, one after the other', async () => {
    const { cluster } = holder;
    const ids = [];
    let isOver = false;
    const posting = (async () => {
      for (let i = 0; !isOver; i++) {
        const gateways = cluster.gateways.filter((node) => node.runs && !node.isLeaving);
        ids.push(await place(gateways[i % gateways.length], `rolling-${i}`));
      }
    })();
    for (const node of cluster.nodes) {
      const before = ids.length;
      await until('orders flow', () => ids.length > before + 10, 20_000);
      node.isLeaving = true;
      await node.stop();
      await node.start();
      node.isLeaving = false;
    }
    isOver = true;
    await posting;
    await assertConfirmed(cluster, ids);
  });

  it('hands the orders of an execution that is told to stop to the others at once', async () => {
    const { cluster } = holder;
    const e1 = cluster.node('e1');
    const owned = () => cluster.count(`${UNFINISHED} and owner like 'execution@e1/%'`);
    const ids = await placeAll(cluster, 'drained', 60);
    assert.ok((await owned()) > 5, 'expected it to own orders');
    const started = performance.now();
    const ending = e1.stop();
    await until('nothing unfinished is its any more', async () => (await owned()) === 0, 4000);
    const took = performance.now() - started;
    await ending;
    await assertConfirmed(cluster, ids);
    assert.ok(took < 4000, `expected no order to wait for the lease, and it took ${took} ms`);
    await e1.start();
  });

  it('is not disturbed by a migration', async () => {
    const { cluster } = holder;
    const ids = await placeAll(cluster, 'migrated', 20);
    const env = cluster.with('persistence')[0].environment();
    const out = await run(BINARY, ['migrate'], { env });
    assert.match(out, /^0 migrations applied/, 'expected nothing to be left to apply');
    await assertConfirmed(cluster, ids);
  });

  it('goes on when one of each is killed', async () => {
    const { cluster } = holder;
    const victims = ['g2', 'e1', 'p2'].map((name) => cluster.node(name));
    const ids = await placeAll(cluster, 'killed', 40);
    await Promise.all(victims.map((node) => node.kill()));
    ids.push(...(await placeAll(cluster, 'meanwhile', 20)));
    await cluster.start(victims.map((node) => node.name));
    await assertConfirmed(cluster, ids);
  });
}

// Whoever is not in the cluster file with the key and the role that it comes with stays outside,
// and orders go on.
function strangers(holder) {
  const refused = (name, link, why) => {
    const line = new RegExp(`connection_refused link=${link} .*${why}`);
    const { log } = holder.cluster.node(name);
    const isThere = () => line.test(fs.readFileSync(log, 'utf8'));
    return until(`${name} logs that ${link} is refused: ${why}`, isThere, 15_000);
  };

  // Another engine's process with this node's name, as its own cluster file has it.
  function impostor(node, name, roles) {
    const { cluster } = holder;
    const other = new Node(cluster, node, roles);
    for (const file of ['log', 'clusterFile', 'keyFile']) other[file] += `.${name}`;
    cluster.others.push(other);
    return other;
  }

  async function assertWell() {
    await assertConfirmed(holder.cluster, await placeAll(holder.cluster, `after-${Math.random()}`, 3));
  }

  it('refuses a key that is not in the cluster file, and says so', async () => {
    const { cluster } = holder;
    const other = impostor('middle', 'stranger', 'retry');
    await cluster.equip(other);
    const whole = fs.readFileSync(cluster.node('middle').clusterFile, 'utf8');
    const { base, publicKey } = cluster.node('middle');
    fs.writeFileSync(
      other.clusterFile,
      whole.replace(publicKey, other.publicKey).replace(`:${base}"`, `:${other.base}"`),
    );
    other.launch(undefined, ['--roles', 'retry']);
    await refused('store', 'sweep', 'unknown key');
    assert.ok(!other.said('link_up'), 'expected it not to be let in');
    await other.kill();
    await assertWell();
  });

  it('refuses a node a role that is not its own, and says so', async () => {
    const { cluster } = holder;
    const { base } = cluster.node('front');
    const other = impostor('front', 'usurper', 'execution');
    other.base = await freeBlock();
    fs.copyFileSync(cluster.node('front').keyFile, other.keyFile);
    fs.chmodSync(other.keyFile, 0o600);
    const whole = fs.readFileSync(cluster.node('front').clusterFile, 'utf8');
    const roles = cluster.node('front').roles.join(',');
    fs.writeFileSync(
      other.clusterFile,
      whole
        .replace(`:${base}"`, `:${other.base}"`)
        .replace(`roles = "${roles}"`, `roles = "${roles},execution"`),
    );
    other.launch(undefined, ['--roles', 'execution']);
    await refused('store', 'write', 'role');
    assert.ok(!other.said('link_up'), 'expected it not to be let in');
    await other.kill();
    await assertWell();
  });

  it('refuses a peer without CURVE, and says so', async () => {
    const { base } = holder.cluster.node('store');
    const { port } = LINKS.find(({ name }) => name === 'insert');
    // ZMTP 3.1's greeting: signature, version, mechanism, as-server, filler.
    const greeting = Buffer.alloc(64);
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]);
    greeting.write('NULL', 12, 'latin1');
    const greet = () => {
      const socket = net.connect(base + port, '127.0.0.1');
      socket.on('error', () => {}); // a close follows
      socket.write(greeting);
      setTimeout(() => socket.destroy(), 5_000).unref();
    };
    // One line a second is written, perhaps about somebody else: greet until it is about us.
    const greetings = setInterval(greet, 700);
    greet();
    try {
      await refused('store', 'insert', 'no CURVE');
    } finally {
      clearInterval(greetings);
    }
    await assertWell();
  });

  it('refuses to start with another node’s key', async () => {
    const { cluster } = holder;
    const other = impostor('middle', 'borrower', 'execution');
    fs.copyFileSync(cluster.node('middle').clusterFile, other.clusterFile);
    fs.copyFileSync(cluster.node('front').keyFile, other.keyFile);
    fs.chmodSync(other.keyFile, 0o600);
    other.launch(undefined, ['--roles', 'execution']);
    const { code } = await other.child.end;
    assert.equal(code, 2, `expected bad configuration: ${other.child.tail()}`);
    assert.match(other.child.tail(), /middle/, 'expected it to name the node');
  });
}

function startOrders(services) {
  for (const [what, names] of Object.entries({
    'the gateway first': ['front', 'middle', 'store'],
    'the store first': ['store', 'middle', 'front'],
  })) {
    it(`serves when its processes are started with ${what}`, async () => {
      const cluster = await Cluster.make(services, THREE, { env: FAST });
      for (const name of names) {
        const node = cluster.node(name);
        node.launch();
        await until(`${name} serves`, () => (node.assertRuns(), node.said('serving')), 20_000);
      }
      await cluster.start();
      await assertConfirmed(cluster, await placeAll(cluster, 'first', 5));
      await cluster.stop();
    });
  }
}

withServices('the engine in three processes', (services) => {
  withCluster('with CURVE', services, THREE, PACE, (holder) => {
    atGateway(holder, 'front');
    anyGateway(holder);
    strangers(holder);
  });
  startOrders(services);
});

withServices('the engine in seven processes', (services) => {
  withCluster('with CURVE', services, SEVEN, PACE, (holder) => {
    atGateway(holder, 'g1');
    atGateway(holder, 'g2');
    anyGateway(holder);
    whoIsThere(holder);
  });
  withCluster('with slow venues', services, SEVEN, SLOW, changes);
});
