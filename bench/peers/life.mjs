// The life of an order: its states, and what the mocked venues answer. Nothing here takes time.

import { randomBytes } from 'node:crypto';

export const STATES = ['pending', 'routing', 'building', 'submitted', 'confirmed'];

const VENUES = [
  { name: 'raydium', fee: 0.0025, low: 0.98, high: 1.02 },
  { name: 'meteora', fee: 0.002, low: 0.97, high: 1.02 },
];
const PRICES = { SOL: 150, USDC: 1, USDT: 1, BONK: 0.00002, JUP: 0.8, RAY: 2 };

const usd = (token) => PRICES[token] ?? 1;

async function quote(venue, order) {
  const base = usd(order.tokenIn) / usd(order.tokenOut);
  const price = base * (venue.low + Math.random() * (venue.high - venue.low));
  return { dex: venue.name, price, fee: venue.fee, effective: price * (1 - venue.fee) };
}

async function route(order) {
  const quotes = await Promise.all(VENUES.map((venue) => quote(venue, order)));
  return quotes.reduce((best, next) => (next.effective > best.effective ? next : best));
}

// A UUID that rises with time, so that new rows go to the end of the primary key.
export function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  const part = (from, to) => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20)}`;
}

const NOTHING = { dex: null, quotedPrice: null, executedPrice: null, txHash: null, detail: null };

// What is stored with the step of an order into a state. `route` of an earlier step, if one knows it.
async function learn(order, state, chosen) {
  if (state === 'building') {
    const best = await route(order);
    return { ...NOTHING, dex: best.dex, quotedPrice: best.price, detail: JSON.stringify(best) };
  }
  if (state === 'submitted') return { ...NOTHING, txHash: randomBytes(64).toString('base64url') };
  if (state === 'confirmed') return { ...NOTHING, executedPrice: chosen };
  return NOTHING;
}

// Takes an order one state further: commits the step, then tells of it. Returns the price that it
// was quoted, for its next step. seq: of the step's event, from 2. Throws when the order is not in
// the state before, or PostgreSQL refuses; BullMQ then tries the job again.
export async function advance(store, updates, order, seq, price) {
  const status = STATES[seq - 1];
  const learnt = await learn(order, status, price);
  const step = { id: order.id, from: STATES[seq - 2], to: status, seq, at: new Date(), ...learnt };
  if (!(await store.step(step))) throw new Error(`${order.id} is not ${step.from}`);
  updates.publish(step);
  return learnt.quotedPrice ?? price;
}
