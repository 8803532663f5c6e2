// The engine's program as an operator calls it: config, topology, migrate, and starts that have to
// fail with a message that says what to do.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { BINARY, FAST, ROOT, run, withEngine, withServices } from './harness.mjs';

// Runs the program to its end: its exit code and what it said.
async function drover(engine, args, env = {}) {
  const settings = { ...engine.environment(), ...env };
  const defined = Object.entries(settings).filter(([, value]) => value !== undefined);
  const options = { cwd: ROOT, env: Object.fromEntries(defined) };
  try {
    return { code: 0, stdout: await run(BINARY, args, options), stderr: '' };
  } catch (error) {
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

function config(holder) {
  it('prints the effective values, and no secret', async () => {
    const secret = 'postgresql://drover:hunter2@127.0.0.1:5432/drover';
    const env = { DATABASE_URL: secret, PORT: '4567', DROVER_RETRY_BASE_MS: '1234' };
    const { code, stdout, stderr } = await drover(holder.engine, ['config'], env);
    assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    assert.match(stdout, /^\s*port\s*=\s*"?4567"?/m, 'expected the port in effect');
    assert.match(stdout, /^\s*retry_base_ms\s*=\s*"?1234"?/m, 'expected the value in effect');
    assert.match(stdout, /^\s*attempts_max\s*=\s*"?3"?/m, 'expected defaults too');
    assert.match(stdout, /^\s*database_url\s*=/m, 'expected the key of the secret');
    assert.ok(!stdout.includes('hunter2'), 'expected secrets to be masked');
  });

  it('prints a file that explains every key and changes none', async () => {
    const { engine } = holder;
    const manual = await drover(engine, ['config', '--manual']);
    assert.equal(manual.code, 0, `expected exit code 0: ${manual.stderr}`);
    assert.match(manual.stdout, /^# Port to listen on.* \[PORT, DROVER_PORT\]\n#port = 3000$/m);
    const file = path.join(engine.dir, 'manual.conf');
    fs.writeFileSync(file, manual.stdout);
    const plain = await drover(engine, ['config']);
    const read = await drover(engine, ['config', '--config', file]);
    assert.equal(read.code, 0, `expected exit code 0: ${read.stderr}`);
    assert.equal(read.stdout, plain.stdout, 'expected the same values');
    const { code } = await drover(engine, ['serve', '--manual']);
    assert.equal(code, 2, 'expected other commands not to take --manual');
  });

  const bad = [
    ['an unknown key', { DROVER_NO_SUCH_KEY: '1' }, /no_such_key/i],
    ['a value that is no number', { PORT: 'http' }, /port/i],
    ['a value out of range', { DROVER_HTTP_THREADS: '1' }, /http_threads/i],
    ['a value that is neither yes nor no', { DROVER_LOG_JSON: 'perhaps' }, /log_json/i],
    ['a level that is none', { DROVER_LOG_LEVEL: 'loud' }, /log_level/i],
  ];
  for (const command of ['config', 'serve']) {
    for (const [what, env, name] of bad) {
      it(`${command} ends with 2 and names ${what}`, async () => {
        const { code, stderr } = await drover(holder.engine, [command], env);
        assert.equal(code, 2, `expected exit code 2: ${stderr}`);
        assert.match(stderr, name, 'expected the message to name the key');
      });
    }
  }

  it('reads a file, which the environment overrides', async () => {
    const { engine } = holder;
    const file = path.join(engine.dir, 'drover.conf');
    fs.writeFileSync(file, 'retry_base_ms = 77\nattempts_max = 5\n');
    const env = { DROVER_ATTEMPTS_MAX: '7', DROVER_RETRY_BASE_MS: undefined };
    const { code, stdout, stderr } = await drover(engine, ['config', '--config', file], env);
    assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    assert.match(stdout, /^\s*retry_base_ms\s*=\s*"?77"?/m, 'expected the file’s value');
    assert.match(stdout, /^\s*attempts_max\s*=\s*"?7"?/m, 'expected the environment’s value');
    fs.writeFileSync(file, 'retry_bass_ms = 77\n');
    const bad = await drover(engine, ['config', '--config', file]);
    assert.equal(bad.code, 2, 'expected exit code 2');
    assert.match(bad.stderr, /retry_bass_ms/, 'expected the unknown key to be named');
    assert.match(bad.stderr, /drover\.conf/, 'expected the file to be named');
  });
}

function topology(holder) {
  it('prints every actor and every link', async () => {
    const { code, stdout, stderr } = await drover(holder.engine, ['topology']);
    assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    const names = [
      'gateway',
      'ingest',
      'execution',
      'persistence',
      'retry',
      'notification',
      'router:raydium',
      'router:meteora',
      'chain:simulated',
      'submit',
      'events',
      'inproc://',
    ];
    for (const name of names) assert.ok(stdout.includes(name), `expected ${name} in it`);
  });
}

// A cluster file of two nodes on loopback; `keys` are their public keys, if they have any.
function clusterFile(dir, keys = {}, address = '127.0.0.1') {
  const file = path.join(dir, `cluster-${Math.random().toString(36).slice(2)}.conf`);
  const nodes = {
    a: [`${address}:21000`, 'gateway,ingest,execution,persistence,retry,notification'],
    b: ['127.0.0.1:21300', 'router:raydium,router:meteora,chain:simulated'],
  };
  const lines = Object.entries(nodes).flatMap(([name, [at, roles]]) => [
    name,
    `    address = "${at}"`,
    `    roles = "${roles}"`,
    ...(keys[name] ? [`    public_key = "${keys[name]}"`] : []),
  ]);
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function keygen(holder) {
  it('writes a key that its owner alone may read, and never over another', async () => {
    const file = path.join(holder.engine.dir, 'once.key');
    const { code, stdout, stderr } = await drover(holder.engine, ['keygen', 'a', file]);
    assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    assert.match(stdout, /^ {4}public_key = ".{40}"$/m, 'expected the line for the cluster file');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const secret = fs.readFileSync(file, 'utf8');
    assert.ok(!stdout.includes(/secret_key = "(.{40})"/.exec(secret)[1]), 'expected no secret');
    const again = await drover(holder.engine, ['keygen', 'a', file]);
    assert.equal(again.code, 2, 'expected a refusal');
    assert.ok(again.stderr.includes(file), 'expected the file to be named');
    assert.equal(fs.readFileSync(file, 'utf8'), secret, 'expected the key to be as it was');
  });
}

function nodes(holder) {
  const made = {};
  const start = (env, args = ['--node', 'a']) => drover(holder.engine, ['serve', ...args], env);
  const refused = async (env, pattern, args) => {
    const { code, stderr } = await start(env, args);
    assert.equal(code, 2, `expected exit code 2: ${stderr}`);
    assert.match(stderr, pattern);
  };

  it('are asked for keys, and told how to make them', async () => {
    const { dir } = holder.engine;
    for (const node of ['a', 'b']) {
      const file = path.join(dir, `${node}.key`);
      const { stdout } = await drover(holder.engine, ['keygen', node, file]);
      made[node] = { file, key: /public_key = "(.{40})"/.exec(stdout)[1] };
    }
    const keys = { a: made.a.key, b: made.b.key };
    const env = { DROVER_CLUSTER_FILE: clusterFile(dir, { a: keys.a }) };
    await refused(env, /node b .*drover keygen b/);
    env.DROVER_CLUSTER_FILE = clusterFile(dir, keys);
    await refused(env, /key_file.*drover keygen a/);
    await refused({ ...env, DROVER_KEY_FILE: made.b.file }, /not node a's/);
    fs.chmodSync(made.a.file, 0o640);
    await refused({ ...env, DROVER_KEY_FILE: made.a.file }, /chmod 600/);
  });

  it('go without keys on loopback only, and only when asked for by name', async () => {
    const { dir } = holder.engine;
    const env = { DROVER_PLAINTEXT: 'yes', DROVER_CLUSTER_FILE: clusterFile(dir, {}, '10.9.8.7') };
    await refused(env, /node a is at 10\.9\.8\.7.*loopback/);
    await refused({ DROVER_CLUSTER_FILE: clusterFile(dir) }, /plaintext = yes/);
  });

  it('must be in the cluster file, with the roles that are asked for', async () => {
    const env = { DROVER_CLUSTER_FILE: clusterFile(holder.engine.dir), DROVER_PLAINTEXT: 'yes' };
    await refused(env, /"c" is no node/, ['--node', 'c']);
    await refused(env, /--node/, []);
    await refused(env, /node b has not the role gateway/, ['--node', 'b', '--roles', 'gateway']);
    await refused(env, /"router" is no role/, ['--node', 'b', '--roles', 'router']);
    await refused({}, /--roles needs a cluster file/, ['--roles', 'gateway']);
    await refused({ DROVER_NODE: 'a' }, /node needs a cluster file/, []);
  });

  it('show what they bind and where they connect', async () => {
    const env = { DROVER_CLUSTER_FILE: clusterFile(holder.engine.dir) };
    const { code, stdout, stderr } = await drover(
      holder.engine,
      ['topology', '--node', 'b', '--roles', 'router:raydium'],
      env,
    );
    assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    assert.match(stdout, /^actors: router:raydium@b$/m);
    assert.match(stdout, /^quote:raydium .* binds tcp:\/\/127\.0\.0\.1:21428/m);
    assert.match(stdout, /^health .* connects gateway@a=tcp:\/\/127\.0\.0\.1:21010/m);
  });
}

function status(holder, services) {
  it('prints every instance and ends with 0 when orders are taken', async () => {
    const { code, stdout, stderr } = await drover(holder.engine, ['status']);
    assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    assert.match(stdout, /^ready$/m);
    for (const name of ['gateway', 'execution', 'persistence', 'router:meteora'])
      assert.match(stdout, new RegExp(`^${name} .*\\bwell\\b`, 'm'), `expected ${name} to be well`);
  });

  it('ends with 2 where no gateway answers', async () => {
    const other = await services.engine(FAST);
    const { code, stderr } = await drover(other, ['status'], { PORT: 1 });
    assert.equal(code, 2, 'expected exit code 2');
    assert.match(stderr, /127\.0\.0\.1:1\b/, 'expected to be told where it was looked for');
  });

  it('is told in full by GET /api/cluster', async () => {
    const { json: body } = await holder.engine.api.get('/api/cluster');
    assert.equal(body.ready, true);
    assert.equal(body.roles.execution, 1);
    const execution = body.instances.find((instance) => instance.role === 'execution');
    assert.ok(execution.pid > 0);
    assert.ok(Math.abs(Date.parse(execution.started_at) - Date.now()) < 600_000);
    assert.ok(execution.silent_ms < 3000);
  });
}

function migrate(holder, services) {
  it('migrates an empty database, and then has nothing to do', async () => {
    const { engine } = holder;
    const fresh = await services.engine(FAST);
    for (const time of ['first', 'second']) {
      const { code, stderr } = await drover(fresh, ['migrate']);
      assert.equal(code, 0, `expected exit code 0 the ${time} time: ${stderr}`);
    }
    assert.deepEqual(await fresh.rows(), { orders: 0, order_events: 0 });
    const { code } = await drover(engine, ['migrate']);
    assert.equal(code, 0, 'expected it to be harmless beside a running engine');
    const { orderId } = await engine.api.order();
    await engine.finished(orderId);
  });

  it('migrates one database from several processes at once', async () => {
    const fresh = await services.engine(FAST);
    const all = await Promise.all([1, 2, 3, 4].map(() => drover(fresh, ['migrate'])));
    for (const { code, stderr } of all) assert.equal(code, 0, `expected exit code 0: ${stderr}`);
    assert.equal((await fresh.rows()).orders, 0);
  });

  it('says that the database is away, without its password', async () => {
    const env = { DATABASE_URL: 'postgresql://postgres:hunter2@127.0.0.1:1/none' };
    const { code, stderr } = await drover(holder.engine, ['migrate'], env);
    assert.notEqual(code, 0, 'expected a failure');
    assert.match(stderr, /127\.0\.0\.1|database|connect/i, 'expected to be told what is away');
    assert.ok(!stderr.includes('hunter2'), 'expected no password in the message');
  });
}

function starts(holder, services) {
  it('a second engine on the same port fails, and says why', async () => {
    const { engine } = holder;
    const other = await services.engine(FAST);
    other.port = engine.port;
    const { code, stdout, stderr } = await drover(other, ['serve']);
    assert.notEqual(code, 0, 'expected a failure');
    const told = stdout + stderr;
    assert.ok(told.includes(String(engine.port)), `expected the port to be named: ${told}`);
    assert.equal((await engine.api.get('/readyz')).status, 200, 'expected the first to live on');
  });

  it('a call that it does not know ends with 2 and the usage', async () => {
    for (const args of [['fly'], ['serve', '--no-such-option']]) {
      const { code, stderr } = await drover(holder.engine, args);
      assert.equal(code, 2, `expected exit code 2 for ${args}`);
      assert.match(stderr, /usage/i, 'expected the usage');
    }
  });
}

function logs(holder) {
  it('are JSON lines where asked for, with both prices of each decision', async () => {
    const { engine } = holder;
    const { orderId } = await engine.api.order();
    await engine.finished(orderId);
    const lines = fs.readFileSync(engine.log, 'utf8').trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line));
    const own = events.filter((event) => JSON.stringify(event).includes(orderId));
    assert.ok(own.length > 0, 'expected lines that name the order');
    const decision = own.find(
      (event) => /raydium/.test(JSON.stringify(event)) && /meteora/.test(JSON.stringify(event)),
    );
    assert.ok(decision, 'expected the routing decision with both venues');
  });
}

withServices('the program', (services) => {
  withEngine('beside a running engine', services, FAST, (holder) => {
    describe('drover config', () => config(holder));
    describe('drover topology', () => topology(holder));
    describe('drover keygen', () => keygen(holder));
    describe('nodes of a cluster', () => nodes(holder));
    describe('drover status', () => status(holder, services));
    describe('drover migrate', () => migrate(holder, services));
    describe('a start that fails', () => starts(holder, services));
  });
  withEngine('log lines', services, { ...FAST, DROVER_LOG_JSON: 'yes' }, logs);
});
