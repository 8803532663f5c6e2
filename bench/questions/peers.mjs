// Drover beside the stack that people would use instead (bench/peers), in turn, in the same run: how
// many times as many orders a second.

import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Child, freePort, psql, until } from '../../tests/system/harness.mjs';
import { drawBars } from '../chart.mjs';
import { INSTANT, median, round } from '../stage.mjs';
import { runOnce } from './throughput.mjs';

export const OPTIONS = {
  seconds: 6, // of each run's steady window
  warmup: 6, // the peer's first orders take seconds when its queue has filled up
  rounds: 3, // pairs, of which the median counts
  connections: 256, // HTTP, kept
  bound: 1000, // orders accepted and not finished
  forms: 'state,order,batch', // of bench/peers
};

const FORMS = {
  state: 'a job per state',
  order: 'a job per order',
  batch: 'a job per order, PostgreSQL written in batches',
};

const SERVER = fileURLToPath(new URL('../peers/server.mjs', import.meta.url));

// The stack, started, on an empty database of its own.
async function peer(stage, form) {
  const databaseUrl = await stage.database();
  const port = await freePort();
  const log = path.join(stage.services.dir, `peer_${port}.log`);
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    REDIS_URL: stage.services.redis.url,
    PEERS_FORM: form,
  };
  const child = new Child(log, process.execPath, [SERVER], { env, signalOnOrphan: 'TERM' });
  await until('the peer answers', () => {
    if (child.ended) assert.fail(`the peer ended at start:\n${child.tail()}`);
    return answers(port);
  }, 30_000);
  return { port, child, databaseUrl };
}

function answers(port) {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path: '/readyz' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}

// As checkStored of Drover's runs: nothing that was accepted is missing, or short of an event.
async function checkStored({ databaseUrl }, result) {
  const counts =
    'select (select count(*) from orders),' +
    " (select count(*) from orders where status = 'confirmed')," +
    ' (select count(*) from order_events)';
  const [row] = await psql(databaseUrl, counts);
  const { accepted } = result.total;
  assert.deepEqual(row.map(Number), [accepted, accepted, 5 * accepted], 'expected every order stored');
}

async function peerRun(stage, options, form) {
  const engine = await peer(stage, form);
  const { connections, bound, seconds, warmup, seed } = options;
  const result = await stage.load(
    engine,
    { connections, bound, seconds, warmup, seed },
    { label: form },
  );
  assert.ok(result.orders_per_s > 0, `expected ${form} to confirm orders in the window`);
  await checkStored(engine, result);
  await engine.child.stop('SIGTERM');
  return result;
}

// One after the other, whichever comes first changing from round to round.
async function pair(stage, options, form, turn) {
  const drover = () => runOnce(stage, { ...options, batch: 0 });
  const other = () => peerRun(stage, options, form);
  const order = turn % 2 ? [other, drover] : [drover, other];
  const [first, second] = [await order[0](), await order[1]()];
  return turn % 2 ? { drover: second, peer: first } : { drover: first, peer: second };
}

function tell(report, form, pairs, options) {
  const rates = (who) => pairs.map((p) => p[who].orders_per_s);
  const ratios = pairs.map((p) => p.drover.orders_per_s / p.peer.orders_per_s);
  const typical = (who) => {
    const middle = median(rates(who));
    return pairs.map((p) => p[who]).find((run) => run.orders_per_s === middle) ?? pairs[0][who];
  };
  const configuration = { connections: options.connections, bound: options.bound, form };
  for (const [who, label] of [['peer', FORMS[form]], ['drover', `Drover, beside ${form}`]]) {
    const { accept_ms: accept, cpu } = typical(who);
    const runs = rates(who).map((r) => round(r));
    const more = { runs, accept_ms: accept, cpu, configuration };
    report.result(label, round(median(rates(who))), 'orders/s', more);
  }
  const ratio = round(median(ratios), 2);
  report.result(`Drover to ${FORMS[form]}`, ratio, 'ratio', {
    pairs: ratios.map((r) => round(r, 2)),
    configuration: { ...configuration, ...INSTANT },
  });
  return median(rates('peer'));
}

export async function ask(stage, report, options) {
  const forms = options.forms.split(',');
  for (const form of forms) assert.ok(form in FORMS, `forms are ${Object.keys(FORMS)}, not ${form}`);
  const bars = [];
  const drover = [];
  for (const form of forms) {
    const pairs = [];
    for (let i = 0; i < options.rounds; i++) {
      pairs.push(await pair(stage, options, form, i));
      const { drover: ours, peer: theirs } = pairs.at(-1);
      drover.push(ours.orders_per_s);
      report.say(`Drover ${round(ours.orders_per_s)}, ${form} ${round(theirs.orders_per_s)} orders/s`);
    }
    bars.push([FORMS[form], tell(report, form, pairs, options)]);
  }
  bars.push(['Drover', median(drover)]);
  drawBars('peers', { title: 'Orders confirmed, venues taking no time', y: 'orders/s', bars });
}
