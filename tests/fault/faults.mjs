// The faults of a campaign beside kills: each is caused, lasts, and is healed again. They may
// overlap with one another and with kills.

import fs from 'node:fs';

import { psql, run, until } from '../system/harness.mjs';
import { after } from './dice.mjs';
import { wallMs } from './load.mjs';

const LEASE_MS = 5000; // the default of lease_ms

// ---- processes -----------------------------------------------------------------------------

// Stops a process for a while without its knowing: for an execution that is longer than its lease,
// so that it comes back as a zombie.
async function stopped(campaign) {
  const node = campaign.takeNode((each) => !each.has('gateway') || campaign.dice.hits(30));
  if (!node) return false;
  const zombie = node.has('execution');
  const ms = zombie ? LEASE_MS + campaign.dice.between(500, 3000) : campaign.dice.between(500, 6000);
  const from = wallMs();
  node.pause();
  await after(ms);
  if (node.runs) node.resume();
  campaign.absent(node, from);
  campaign.giveNode(node);
  return zombie ? 'zombie' : 'stopped';
}

// A stopped execution is replaced by a new process of its name, and then wakes up beside it.
async function superseded(campaign) {
  const node = campaign.takeNode((each) => each.has('execution'));
  if (!node) return false;
  const old = node.child;
  const from = wallMs();
  old.process.kill('SIGSTOP');
  await after(campaign.dice.between(100, 2000));
  node.child = undefined;
  campaign.launch(node);
  campaign.absent(node, from);
  await after(campaign.dice.between(500, LEASE_MS + 2000));
  old.process.kill('SIGCONT');
  await after(campaign.dice.between(1000, 4000));
  await old.stop('SIGKILL');
  campaign.giveNode(node);
  return 'superseded';
}

// ---- PostgreSQL ----------------------------------------------------------------------------

async function whileAlone(campaign, what, cause) {
  if (campaign.isStoreBusy) return false;
  campaign.isStoreBusy = true;
  try {
    await cause(campaign.services.postgres);
    return what;
  } finally {
    campaign.isStoreBusy = false;
  }
}

const restartFast = (campaign) =>
  whileAlone(campaign, 'postgres restart', async (postgres) => {
    await postgres.stop('SIGINT');
    await postgres.start();
  });

const restartHard = (campaign) =>
  whileAlone(campaign, 'postgres crash', async (postgres) => {
    await postgres.stop('SIGQUIT');
    await postgres.start();
  });

const restartTwice = (campaign) =>
  whileAlone(campaign, 'postgres crash in recovery', async (postgres) => {
    await postgres.stop('SIGQUIT');
    postgres.launch();
    await after(campaign.dice.between(20, 200));
    await postgres.stop('SIGQUIT');
    await postgres.start();
  });

const backends = (campaign) =>
  whileAlone(campaign, 'backends terminated', async (postgres) => {
    const share = campaign.dice.pick([0.3, 1]);
    await psql(
      postgres.url('postgres'),
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = '${campaign.cluster.name}' and random() < ${share}`,
    );
  });

// Makes a disk as small as what is on it; false when that grew meanwhile.
async function fill(disk) {
  const { blocks, bfree, bsize } = fs.statfsSync(disk.dir);
  const size = (blocks - bfree) * bsize + 65536;
  return run('mount', ['-o', `remount,size=${size}`, disk.dir]).then(
    () => true,
    () => false,
  );
}

// The disk has no more room for some seconds; PostgreSQL may die of it, and is then started again.
const diskFull = (campaign) =>
  whileAlone(campaign, 'disk full', async (postgres) => {
    const { disk } = campaign;
    await until('the disk is full', () => fill(disk), 5000);
    await after(campaign.dice.between(1000, 4000));
    await run('mount', ['-o', `remount,size=${disk.size}`, disk.dir]);
    if (await postgres.answers()) return;
    const isBack = () => postgres.child.ended !== null || postgres.answers();
    await until('PostgreSQL recovers or ends', isBack, 30_000);
    if (postgres.child.ended) await postgres.start();
  });

// ---- Redis ---------------------------------------------------------------------------------

async function flushed({ services }) {
  await services.redis.command('FLUSHALL').catch(() => {});
  return 'redis flushed';
}

async function redisKilled(campaign) {
  if (campaign.isRedisBusy) return false;
  campaign.isRedisBusy = true;
  const { redis } = campaign.services;
  await redis.stop('SIGKILL');
  await after(campaign.dice.between(0, 3000));
  await redis.start();
  campaign.isRedisBusy = false;
  return 'redis killed';
}

async function redisStopped(campaign) {
  if (campaign.isRedisBusy) return false;
  campaign.isRedisBusy = true;
  const { process } = campaign.services.redis.child;
  process.kill('SIGSTOP');
  await after(campaign.dice.between(500, 3000));
  process.kill('SIGCONT');
  campaign.isRedisBusy = false;
  return 'redis stopped';
}

// ---- links ---------------------------------------------------------------------------------

// One link of a pair of nodes, or all of them, for some seconds.
async function onRelay(campaign, what, cause, low, high) {
  const relay = campaign.dice.pick(campaign.relays);
  if (!relay || relay.isTaken) return false;
  relay.isTaken = true;
  cause(relay);
  await after(campaign.dice.between(low, high));
  relay.heal();
  relay.isTaken = false;
  return what;
}

const stalledThere = (campaign) =>
  onRelay(campaign, 'partition there', (relay) => relay.stall('there'), 500, 8000);
const stalledBack = (campaign) =>
  onRelay(campaign, 'partition back', (relay) => relay.stall('back'), 500, 8000);
const cut = (campaign) => onRelay(campaign, 'connections cut', (relay) => relay.cut(), 0, 4000);
const slowed = (campaign) =>
  onRelay(campaign, 'link slowed', (relay) => relay.slow(campaign.dice.between(20, 300)), 1000, 6000);

// ---- clients and clocks --------------------------------------------------------------------

async function slowClient(campaign) {
  const follower = campaign.dice.pick([...campaign.load.all, ...campaign.load.unfollowed]);
  if (!follower || follower.slow) return false;
  await follower.stopReading(campaign.dice.between(500, 6000));
  return 'slow client';
}

// The wall clock of one process is wrong for a while.
async function clockStep(campaign) {
  const clock = campaign.dice.pick(campaign.clocks);
  if (!clock || clock.isTaken) return false;
  clock.isTaken = true;
  clock.step(campaign.dice.pick(clock.steps));
  await after(campaign.dice.between(1000, 6000));
  clock.step(0);
  clock.isTaken = false;
  return 'clock step';
}

// [how often, relative to the others; the fault]. A fault resolves to what it was once it is
// healed, or to false when it found nothing to befall.
export function faultsOf(campaign) {
  const faults = [
    [5, stopped],
    [1, superseded],
    [2, restartFast],
    [2, restartHard],
    [1, restartTwice],
    [2, backends],
    [2, flushed],
    [2, redisKilled],
    [1, redisStopped],
    [3, stalledThere],
    [3, stalledBack],
    [2, cut],
    [2, slowed],
    [3, slowClient],
  ];
  if (campaign.disk) faults.push([1, diskFull]);
  if (campaign.clocks.length > 0) faults.push([2, clockStep]);
  return faults;
}

// One of them, each as often as its weight says.
export function pickFault(faults, dice) {
  let at = dice.next() * faults.reduce((sum, [weight]) => sum + weight, 0);
  return faults.find(([weight]) => (at -= weight) < 0)[1];
}
