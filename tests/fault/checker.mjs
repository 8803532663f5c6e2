// Holds the promise against the evidence: every order as PostgreSQL has it, the venues' ledgers,
// what clients were answered and what they saw.
//
//   I1  at most one successful swap per order, one for each confirmed one, none for another
//   I2  what was answered with 2xx exists and comes to an end
//   I3  an end is final and agrees with the ledger
//   I4  seq and position are gapless, states legal, frames equal the stored events
//   I5  nothing was sent, published or acknowledged before its commit
//   I6  no second attempt without proof that the first is dead
//   I7  amounts equal the ledger's, to the atom
//   I8  one key, one order

import { spawn } from 'node:child_process';
import readline from 'node:readline';

import { told } from './load.mjs';

const CLOCK_MS = 2; // between a commit's stamp and what another process reads off the same clock
const TERMINAL = new Set(['finalized', 'failed', 'cancelled', 'expired']);
const NEXT = {
  pending: ['routing', 'watching', 'failed', 'cancelled', 'expired'],
  watching: ['routing', 'failed', 'cancelled', 'expired'],
  routing: ['routing', 'building', 'failed', 'cancelled', 'expired'],
  building: ['routing', 'submitted', 'failed', 'cancelled', 'expired'],
  submitted: ['routing', 'confirmed', 'finalized', 'failed'],
  confirmed: ['finalized', 'superseded'],
  superseded: ['routing', 'finalized', 'failed'],
};
export const SHOWN = { finalized: 'confirmed', superseded: 'submitted' }; // to clients

// An order a line, as JSON; commit times are those of the rows' transactions.
const MS = (time) => `(extract(epoch from ${time}) * 1000)::float8`;
const ORDERS = `select json_build_object('id', o.id, 'key', o.client_order_id,
  'status', o.status, 'attempt', o.attempt, 'seq', o.seq, 'amount', o.amount::text,
  'events', (select json_agg(json_build_object('seq', e.seq, 'position', e.position,
      'status', e.status, 'attempt', e.attempt, 'atMs', floor(${MS('e.at')}),
      'commitMs', ${MS('pg_xact_commit_timestamp(e.xmin)')}) order by e.seq)
    from order_events e where e.order_id = o.id),
  'attempts', (select json_agg(json_build_object('number', x.attempt, 'dueMs', ${MS('x.due_at')},
      'dex', x.chosen_dex, 'signature', x.tx_signature, 'in', x.amount_in::text,
      'lastValid', x.last_valid_block_height::float8, 'out', x.amount_out::text,
      'error', x.failure_code) order by x.attempt)
    from order_attempts x where x.order_id = o.id)) from orders o order by o.id`;

// The rows of ORDERS, one after the other.
export async function* readOrders(databaseUrl) {
  const copy = `copy (${ORDERS.replaceAll('\n', ' ')}) to stdout with (format csv, delimiter e'\\x01', quote e'\\x02')`;
  const psql = spawn('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', databaseUrl, '-c', copy], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => psql.once('close', resolve));
  for await (const line of readline.createInterface({ input: psql.stdout })) yield JSON.parse(line);
  if ((await ended) !== 0) throw new Error('psql could not read the orders');
}

export class Checker {
  // ledger: lines. seen: what clients saw, or null. keys: key → { id, at }. blockMs: of the chain.
  // kills: [{ atMs, orders: Map id → seq at the kill }].
  constructor({ ledger, seen = null, keys = new Map(), blockMs, kills = [] }) {
    Object.assign(this, { seen, keys, blockMs, kills });
    this.violations = [...(seen?.violations ?? [])];
    this.orders = 0;
    this.statuses = {};
    this.retried = 0;
    this.doubled = 0; // keys with more than one order, orders with more than one swap
    this.lost = 0;
    this.traded = 0;
    this.failedTraded = 0; // orders that failed, and traded
    this.confirmedUntraded = 0; // and that were confirmed, and did not
    this.matched = 0; // events that some client saw
    this.positions = { count: 0, most: 0 };
    this.byKey = new Map();
    this.byOrder = new Map();
    this.signatures = new Set();
    for (const line of ledger) this.takeLine(line);
    this.waits = kills.map(() => []);
    this.killsOf = new Map();
    kills.forEach((kill, i) => {
      for (const id of kill.orders.keys()) {
        if (!this.killsOf.has(id)) this.killsOf.set(id, []);
        this.killsOf.get(id).push(i);
      }
    });
  }

  violate(rule, orderId, what) {
    this.violations.push({ rule, orderId, what });
  }

  takeLine(line) {
    if (this.signatures.has(line.signature)) {
      this.violate('I1', line.orderId, `signature ${line.signature} landed twice`);
    }
    this.signatures.add(line.signature);
    if (!this.byOrder.has(line.orderId)) this.byOrder.set(line.orderId, []);
    this.byOrder.get(line.orderId).push(line);
  }

  async take(orders) {
    for await (const order of orders) this.order(order);
    this.rest();
    return this;
  }

  order(order) {
    this.orders++;
    this.statuses[order.status] = (this.statuses[order.status] ?? 0) + 1;
    if (order.attempt > 1) this.retried++;
    order.events ??= [];
    order.attempts ??= [];
    const landed = this.byOrder.get(order.id) ?? [];
    this.byOrder.delete(order.id);
    this.key(order);
    this.history(order);
    this.swaps(order, landed);
    this.proofs(order, landed);
    this.commits(order, landed);
    this.frames(order);
    this.progress(order);
  }

  // I8, and I2's first half.
  key({ id, key, events }) {
    if (!key) return;
    if (this.byKey.has(key)) {
      this.doubled++;
      this.violate('I8', id, `${key} also made order ${this.byKey.get(key)}`);
    }
    this.byKey.set(key, id);
    const answer = this.keys.get(key);
    if (answer === undefined) {
      if (this.seen) this.violate('I2', id, `${key} was never answered with its order`);
      return;
    }
    if (answer.id !== id) this.violate('I8', id, `${key} was answered with order ${answer.id}`);
    if (events[0] && answer.at + CLOCK_MS < events[0].commitMs) {
      this.violate('I5', id, `answered ${events[0].commitMs - answer.at} ms before its commit`);
    }
  }

  // I2's second half, I3 and I4 in PostgreSQL.
  history({ id, status, seq, attempt, events }) {
    if (!TERMINAL.has(status)) {
      this.lost++;
      this.violate('I2', id, `came to rest as ${status}, seq ${seq}, attempt ${attempt}`);
    }
    events.forEach((event, i) => {
      this.positions.count++;
      this.positions.most = Math.max(this.positions.most, event.position);
      const what = `event ${event.seq}, ${event.status}`;
      if (event.seq !== i + 1) this.violate('I4', id, `${what} stands at place ${i + 1}`);
      if (i === 0) {
        if (event.status !== 'pending') this.violate('I4', id, `begins with ${event.status}`);
        return;
      }
      const last = events[i - 1];
      const rule = TERMINAL.has(last.status) ? 'I3' : 'I4';
      const legal = (NEXT[last.status] ?? []).includes(event.status);
      if (!legal) this.violate(rule, id, `${what} after ${last.status}`);
      const raised = event.status === 'routing' ? 1 : 0;
      const fits = event.attempt === last.attempt + raised;
      if (!fits) this.violate('I4', id, `${what} in attempt ${event.attempt} after ${last.attempt}`);
      if (event.position <= last.position) this.violate('I4', id, `${what}: position falls`);
      if (event.atMs < last.atMs) this.violate('I4', id, `${what}: its time falls`);
    });
    const end = events.at(-1);
    const fits = end && end.seq === seq && end.status === status && end.attempt === attempt;
    if (!fits) this.violate('I4', id, `is ${status} ${seq}, its last event ${end?.status}`);
  }

  // I1, I3 and I7 against the ledger.
  swaps({ id, status, attempts }, landed) {
    const traded = landed.filter((line) => line.ok);
    if (traded.length > 0) this.traded++;
    if (traded.length > 1) {
      this.doubled++;
      this.violate('I1', id, `traded ${traded.length} times: ${JSON.stringify(traded)}`);
    }
    if (status !== 'finalized') {
      if (traded.length > 0) this.violate('I1', id, `${status}, and yet it traded`);
      if (traded.length > 0 && status === 'failed') this.failedTraded++;
      return;
    }
    const [line] = traded;
    if (!line) {
      this.confirmedUntraded++;
      this.violate('I1', id, 'confirmed, and it never traded');
      return;
    }
    const last = attempts.at(-1);
    if (!last || last.signature !== line.signature || last.number !== line.attempt) {
      this.violate('I3', id, `confirmed ${last?.signature}, the ledger has ${line.signature}`);
    } else if (last.in !== line.amountIn || last.out !== line.amountOut) {
      const ledger = `${line.amountIn} for ${line.amountOut}`;
      this.violate('I7', id, `has ${last.in} for ${last.out}, the ledger ${ledger}`);
    }
  }

  // I6: an attempt with a signature ended before the next began: its failure is in the ledger, or
  // its last valid block was over.
  proofs({ id, attempts, events }, landed) {
    for (const { number, signature, lastValid } of attempts) {
      const next = events.find((event) => event.attempt > number);
      const end = next ?? events.find((event) => event.status === 'failed');
      if (!signature || !end) continue;
      const line = landed.find((each) => each.signature === signature);
      const what = `attempt ${number} was given up`;
      if (line?.ok) this.violate('I6', id, `${what}, and it traded`);
      if (line && Date.parse(line.at) > end.commitMs + CLOCK_MS)
        this.violate('I6', id, `${what} before it failed on chain, ${line.at}`);
      if (!line && !this.isOver(lastValid, end.commitMs)) this.violate('I6', id, `${what} while it could land (${lastValid})`);
    }
  }

  // Whether no block of that time may hold a transaction that was valid so long.
  isOver(lastValid, ms) {
    return Math.floor(ms / this.blockMs) > lastValid;
  }

  // I5: what landed was committed before, bytes and all.
  commits({ id, attempts, events }, landed) {
    for (const line of landed) {
      const known = attempts.find((each) => each.signature === line.signature);
      const submitted = events.find(
        (event) => event.status === 'submitted' && event.attempt === line.attempt,
      );
      if (!known || known.number !== line.attempt || !submitted) {
        this.violate('I5', id, `${line.signature} landed and was never committed`);
      } else if (Date.parse(line.at) + CLOCK_MS < submitted.commitMs) {
        this.violate('I5', id, `landed at ${line.at}, committed at ${submitted.commitMs}`);
      }
    }
  }

  // I4 and I5 of what clients saw.
  frames({ id, attempts, events }) {
    if (!this.seen) return;
    for (const event of events) {
      const { position, commitMs } = event;
      const frame = this.seen.byPosition[position];
      if (frame === undefined) {
        this.violate('I4', id, `position ${position} was shown to nobody`);
        continue;
      }
      this.matched++;
      const txHash = attempts.find((each) => each.number === event.attempt)?.signature;
      const status = SHOWN[event.status] ?? event.status;
      const stored = told({ ...event, status, orderId: id, timestamp: event.atMs, txHash });
      if (frame !== stored) this.violate('I4', id, `shown ${frame}, stored ${stored}`);
      const early = commitMs - this.seen.firstAt[position];
      if (early > CLOCK_MS) this.violate('I5', id, `shown ${early} ms before its commit`);
    }
  }

  // How long each kill kept the orders that it met from their next step.
  progress({ id, attempts, events }) {
    for (const i of this.killsOf.get(id) ?? []) {
      const { atMs, orders } = this.kills[i];
      const next = events.find((event) => event.seq > orders.get(id));
      if (!next) continue; // it is lost, and told as such
      const dueMs = attempts.find((each) => each.number === next.attempt)?.dueMs ?? 0;
      const waits = next.status === 'building' && dueMs > atMs ? dueMs : atMs;
      const ms = Math.max(0, next.commitMs - waits);
      this.waits[i].push({ ms, fromMs: waits, id, to: next.status });
    }
  }

  // What only the whole shows.
  rest() {
    const { count, most } = this.positions;
    if (count !== most) this.violate('I4', null, `${count} events up to position ${most}`);
    for (const [key, { id }] of this.keys) {
      if (this.byKey.get(key) === id) continue;
      this.lost++;
      this.violate('I2', id, `${key} was answered with it, and it is not there`);
    }
    for (const [id, lines] of this.byOrder) {
      this.violate('I5', id, `traded without an order: ${JSON.stringify(lines)}`);
    }
    const shown = this.seen?.byPosition.length ?? 0;
    if (shown > most + 1) this.violate('I5', null, `position ${shown - 1} was shown, not stored`);
  }
}

// The p-th percentile of numbers, rounded; null of none.
export function percentile(values, p) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))]);
}
