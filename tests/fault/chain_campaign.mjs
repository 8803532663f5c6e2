// An engine that trades on the tests' Solana node, under kills and every fault of the node's, and the
// evidence of it. The chain is the ledger.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { ROOT, Services, freePort } from '../system/harness.mjs';
import { Localnet } from '../system/localnet/localnet.mjs';
import { loadPools, missingPrograms } from '../system/localnet/venues.mjs';
import { guardsOf, linesOf } from '../solana/ledger.mjs';
import { placesOf } from '../solana/places.mjs';
import { addObservation } from '../solana/pools.mjs';
import { DEX_OF, Scene, mintsOf, units } from '../solana/scene.mjs';
import { ChainChecker } from './chain_checker.mjs';
import { ChainFaults } from './chain_faults.mjs';
import { ChainLoad } from './chain_load.mjs';
import { readOrders } from './checker.mjs';
import { Dice, after } from './dice.mjs';
import { wallMs } from './load.mjs';

const FAULT_BINARY = path.resolve(ROOT, process.env.DROVER_BINARY ?? 'build/fault/drover');
const NODE = { slotMs: 20, finalSlots: 8, confirmSlots: 2, endpoints: 2 };
const PROGRAMS = Object.keys(DEX_OF);
const PLACE_EVERY_MS = [60, 500];
const OPEN_MAX = 40; // orders that have not ended; beyond it no new ones are made
const FAULT_EVERY_MS = [60, 350];
const FAULTS_MAX = 8; // that have not met all that they are for
const LIFE_MS = [800, 3500]; // of an engine that no failpoint ends
const START_MS = 10_000; // for it to answer, after which it lives for
const DOWN_MS = [0, 700];
const ARMED_PERCENT = 60;
const FIRST_TIMES = 8; // a failpoint is one of the first so many of its messages
const DEATHS_MAX = 5; // by itself
const MORE_MS = 60_000; // for faults that have not met anything once all attempts are made
const REST_MS = 90_000;
const SILENCE_MS = 30_000;
const SETTLED_SLOTS = 200; // whatever was sent has landed by then, or never will

const SETTINGS = {
  DROVER_LEASE_MS: 300,
  DROVER_SWEEP_MS: 200,
  DROVER_RETRY_SWEEP_MS: 500,
  DROVER_SOLANA_TIMEOUT_MS: 1000,
  DROVER_SOLANA_HEDGE_MS: 200,
  DROVER_SOLANA_SIMULATION_BPS: 1000,
  DROVER_BUILD_TIMEOUT_MS: 3000,
  DROVER_RETRY_BASE_MS: 300,
};

function commit() {
  try {
    return execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { stdio: 'pipe' })
      .toString()
      .trim();
  } catch {
    return null;
  }
}

export class ChainCampaign {
  // attempts: signed transactions that there have to be. env: more settings of the engine's.
  // binary: the engine, built with failpoints. everyFault: whether each fault has to occur.
  // restMs: for everything to come to rest at the end.
  constructor({ attempts, seed, report = () => {}, ...rest }) {
    const { env = {}, binary = FAULT_BINARY, everyFault = true, restMs = REST_MS } = rest;
    Object.assign(this, { attempts, seed, report, env, binary, everyFault, restMs });
    this.commit = commit();
    this.dice = new Dice(seed);
    this.swaps = missingPrograms() === undefined; // else none gets through its simulation
    this.kills = []; // how
    this.deaths = []; // that nobody caused
    this.broken = []; // errors of the campaign's own
    this.heights = [];
    this.slotMs = new Map(); // slot → wall milliseconds
    this.signed = 0;
  }

  enough() {
    this.report(`told to end, after ${this.signed} attempts`);
    this.isEnough = true;
  }

  // ---- before ----

  async start() {
    this.services = new Services({ postgres: { settings: ['track_commit_timestamp=on'] } });
    await this.services.start();
    this.node = await Localnet.start({ ...NODE, venues: this.swaps });
    if (!this.swaps) this.node.venues = loadPools(this.node.chain);
    this.node.chain.watchers.add(() => this.onSlot());
    this.venues = PROGRAMS.map((program) => this.venue(program));
    this.scene = new Scene(this.services, {
      node: this.node,
      tokens: this.names(0),
      pools: this.venues.map(({ program, pool }) => ({ dex: DEX_OF[program], address: pool })),
      env: { ...SETTINGS, ...this.env },
      binary: this.binary,
    });
    await this.scene.prepare();
    this.engine = this.scene.engine;
    this.engine.port = await freePort();
    this.faults = new ChainFaults({ node: this.node, dice: this.dice, swaps: this.swaps });
    this.load = new ChainLoad({
      ports: [this.engine.port],
      dice: new Dice(this.seed + 1),
      venues: this.venues,
    });
    this.load.focus = this.venues[0];
  }

  // When each slot came, and the finalized height that could be seen then.
  onSlot() {
    const { chain } = this.node;
    const atMs = wallMs();
    this.slotMs.set(chain.slot, atMs);
    this.heights.push({ atMs, height: chain.blockAt('finalized').height });
  }

  // A recorded pool of a program, its mints, and amounts that it can take many times.
  venue(program) {
    const recorded = this.node.venues.find((each) => each.program === program).cases[0];
    if (program === 'raydium_clmm') addObservation(this.node.chain, recorded.pool);
    const decimalsOf = (mint) => Buffer.from(this.node.chain.account(mint).data())[44];
    const amounts = (mode, inMint) => {
      const good = recorded.quotes
        .filter((quote) => quote.mode === mode && quote.inMint === inMint)
        .filter(({ expectedIn, expectedOut }) => expectedIn > 0 && expectedOut > 0)
        .sort((a, b) => a.amount - b.amount);
      const exact = (quote) => (mode === 'ExactOut' ? quote.outMint : quote.inMint);
      const small = good.slice(0, Math.max(1, good.length >> 1));
      return small.map((quote) => units(BigInt(quote.amount), decimalsOf(exact(quote))));
    };
    return { program, pool: recorded.pool, recorded, mints: mintsOf(recorded), amounts };
  }

  // What the tokens are called while a venue's first one is USDC.
  names(focus) {
    const names = {};
    this.venues.forEach(({ program, mints }, i) => {
      const short = program.split('_').at(-1).toUpperCase();
      names[i === focus ? 'USDC' : `${short}A`] = mints[0];
      names[`${short}B`] = mints[1];
    });
    return names;
  }

  // ---- the engine's lives ----

  async lives() {
    const places = ['raydium', 'meteora'].flatMap((dex) => placesOf(dex));
    let deck = [];
    while (!this.isResting) {
      if (deck.length === 0) deck = [...new Set(places)];
      const armed = this.swaps && this.dice.hits(ARMED_PERCENT);
      const at = this.dice.between(0, deck.length - 1);
      const place = armed ? deck.splice(at, 1)[0].replace(/:\d+$/, '') : undefined;
      await this.live(place);
      this.rename();
      await after(this.dice.between(...DOWN_MS));
    }
  }

  // From a start to a death.
  async live(place) {
    const { settings } = this.engine;
    settings.DV_FAILPOINTS = place && `${place}:~${FIRST_TIMES}:kill`;
    settings.DV_FAILPOINTS_SEED = this.dice.between(1, 1e9);
    const child = this.engine.launch();
    const ms = this.dice.between(...LIFE_MS);
    if (this.dice.hits(85)) await this.served(child);
    await Promise.race([child.end, after(place ? 2 * ms : ms)]);
    const { code, signal } = child.ended ?? {};
    if (!child.ended) {
      await this.settle();
      await this.engine.kill();
      this.kills.push('at random');
    } else if (signal === 'SIGKILL' && place) {
      this.engine.release();
      this.kills.push(place);
    } else {
      this.engine.release();
      this.deaths.push({ end: String(signal ?? code), tail: child.tail(30) });
    }
  }

  // It answers, or has ended, or takes too long.
  async served(child) {
    const deadline = performance.now() + START_MS;
    while (!child.ended && performance.now() < deadline) {
      if ((await this.load.get('/readyz')).status > 0) return;
      await after(20);
    }
  }

  // No order is on its way to the engine, if that can be had: then tokens may be called otherwise.
  async settle() {
    this.isHeld = true;
    for (let i = 0; i < 20 && this.load.outstanding > 0; i++) await after(10);
    this.isHeld = false;
  }

  // Another pool trades in USDC from the next start on.
  rename() {
    if (this.load.outstanding > 0) return;
    const focus = this.dice.between(0, this.venues.length - 1);
    this.load.focus = this.venues[focus];
    this.scene.name(this.names(focus));
  }

  // ---- the run ----

  get isOver() {
    return this.isEnough || this.broken.length > 0 || this.deaths.length >= DEATHS_MAX;
  }

  async run() {
    this.startedMs = wallMs();
    const guarded = (promise) => promise.catch((error) => this.broken.push(error));
    const lives = guarded(this.lives());
    const loops = [this.placing(), this.faulting(), this.load.read()].map(guarded);
    let told = 0;
    for (let lateMs = 0; !this.isOver && !this.isDone(lateMs); ) {
      await after(500);
      await guarded(this.count());
      if (this.signed >= this.attempts) lateMs += 500;
      if (this.signed < told + 100) continue;
      told = this.signed;
      this.report(`${this.signed} attempts, ${this.open} open, ${this.kills.length} kills`);
    }
    this.isResting = true;
    await lives;
    await Promise.all(loops.slice(0, 2));
    if (this.deaths.length >= DEATHS_MAX) throw new Error(`it ends by itself: ${this.deaths[0].tail}`);
    await this.rest();
  }

  // All attempts are made, and each fault has met something, or got its chance.
  isDone(lateMs) {
    const met = !this.everyFault || this.faults.missing.length === 0;
    return this.signed >= this.attempts && (met || lateMs > MORE_MS);
  }

  async count() {
    const signed = this.swaps ? 'where tx_signature is not null' : '';
    const [[made, open]] = await this.engine.sql(
      `select (select count(*) from order_attempts ${signed}),
              (select count(*) from orders where outcome is null)`,
    );
    this.signed = Number(made);
    this.open = Number(open);
  }

  async placing() {
    while (!this.isResting) {
      await after(this.dice.between(...PLACE_EVERY_MS));
      if (!this.isHeld && (this.open ?? 0) + this.load.outstanding < OPEN_MAX) this.load.place();
    }
  }

  async faulting() {
    while (!this.isResting) {
      await after(this.dice.between(...FAULT_EVERY_MS));
      if (this.faults.open < FAULTS_MAX) this.faults.deal();
    }
  }

  // Faults cease; everything has to come to rest.
  async rest() {
    this.loadedMs = wallMs();
    this.faults.clear();
    this.engine.settings.DV_FAILPOINTS = undefined;
    this.engine.launch();
    await this.load.stop(this.restMs);
    await this.engine.idle(this.restMs).catch(() => {});
    const { chain } = this.node;
    const { slot } = chain;
    while (chain.slot < slot + SETTLED_SLOTS) await after(50);
    const [[head]] = await this.engine.sql('select position from event_stream');
    await this.load.caughtUp(Number(head), Math.min(SILENCE_MS, this.restMs));
    for (const id of this.load.ids) await this.load.look(id);
    this.endedMs = wallMs();
  }

  // ---- after ----

  ledger() {
    const atMs = (slot) => this.slotMs.get(slot) ?? 0;
    return linesOf(this.node, this.scene.owner, atMs);
  }

  async check() {
    await this.count();
    const ids = (await this.engine.sql('select id from orders')).map(([id]) => id);
    const checker = new ChainChecker({
      ledger: this.ledger(),
      seen: this.load.seen,
      keys: this.load.keys,
      guards: await guardsOf(this.node, this.scene.owner, ids),
      reads: this.load.reads,
      heights: this.heights,
    });
    await checker.take(readOrders(this.engine.databaseUrl));
    for (const { end, tail } of this.deaths) {
      checker.violate('alive', null, `ended by itself with ${end}: ${tail}`);
    }
    const errors = fs.readFileSync(this.engine.log, 'utf8').match(/^\S+ ERROR .*$/gm) ?? [];
    for (const line of errors) checker.violate('log', null, line);
    for (const error of this.broken) checker.violate('campaign', null, error.stack);
    for (const name of this.isEnough || !this.everyFault ? [] : this.faults.missing) {
      checker.violate('campaign', null, `"${name}" never met anything`);
    }
    if (this.load.outstanding > 0) {
      checker.violate('I2', null, `${this.load.outstanding} keys were never answered`);
    }
    this.checker = checker;
    return checker.violations;
  }

  // What happened, as one object.
  result() {
    const { checker, load, node } = this;
    const { forkedOut, expired, failed } = node.chain.counters;
    const places = this.kills.filter((how) => how !== 'at random');
    return {
      seed: this.seed,
      commit: this.commit,
      programs: this.swaps ? PROGRAMS : `none (${missingPrograms()}): nothing may land`,
      attempts: this.signed,
      orders: checker.orders,
      ends: checker.statuses,
      traded: checker.traded,
      retried: checker.retried,
      placed: load.placed,
      kills: this.kills.length,
      kills_at_failpoints: places.length,
      failpoints_met: new Set(places).size,
      faults: this.faults.met,
      landed_and_failed: failed,
      forked_out: forkedOut,
      superseded: checker.superseded,
      expired,
      requests_again: load.again,
      frames_checked: load.seen.frames,
      reads_checked: load.reads.size,
      resumes: load.all.reduce((sum, follower) => sum + follower.resumes, 0),
      duplicates: checker.doubled,
      failed_but_landed: checker.failedTraded,
      confirmed_but_not_landed: checker.confirmedUntraded,
      lost: checker.lost,
      ended_by_themselves: this.deaths.length,
      violations: checker.violations.length,
      wall_s: Math.round((this.endedMs - this.startedMs) / 1000),
    };
  }

  // Ends everything. keep: leaves the logs.
  async stop({ keep = false } = {}) {
    this.load?.close();
    if (this.engine?.child && !this.engine.child.ended) await this.engine.kill();
    await this.node?.stop();
    await this.services?.redis.stop('SIGKILL');
    await this.services?.postgres.stop('SIGQUIT');
    if (keep) this.report(`the logs are in ${this.services?.dir}`);
    else if (this.services?.dir) fs.rmSync(this.services.dir, { recursive: true, force: true });
  }
}
