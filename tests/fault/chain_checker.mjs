// The promise held against a chain instead of a simulated venue's ledger: what landed in the end, with
// the memo that says of which order and attempt it is, and the guards that stand there.
//
//   I1  beside what checker.mjs asks: an order's guard is there since it traded, or was taken back
//       since, and never without a trade
//   I3  beside that: what GET told of an order is the beginning of its events, and its end agrees

import { Checker, SHOWN } from './checker.mjs';

export class ChainChecker extends Checker {
  // guards: order → { stands, takenBack }. reads: order → the longest list of states that GET told.
  // heights: [{ atMs, height }] of finalized blocks, in order of time.
  constructor({ guards, reads, heights, ...rest }) {
    super({ ...rest, blockMs: 1 });
    Object.assign(this, { guards, reads, heights });
    this.superseded = 0; // trades that were told, and that a fork took back
  }

  order(order) {
    const traded = (this.byOrder.get(order.id) ?? []).some((line) => line.ok);
    super.order(order);
    this.superseded += order.events.filter(({ status }) => status === 'superseded').length;
    this.guard(order, traded);
    this.read(order);
  }

  guard({ id }, traded) {
    const { stands = false, takenBack = false } = this.guards.get(id) ?? {};
    if (traded && !stands && !takenBack) this.violate('I1', id, 'traded, and left no guard');
    if (!traded && stands) this.violate('I1', id, 'has a guard, and did not trade');
  }

  read({ id, events }) {
    const told = this.reads.get(id);
    if (!told) return;
    const stored = events.map(({ status }) => SHOWN[status] ?? status);
    const fits = told.every((status, i) => status === stored[i]);
    if (!fits) this.violate('I3', id, `GET told ${told}, stored are ${stored}`);
  }

  // By the finalized height of that time: the last one that was seen by then.
  isOver(lastValid, ms) {
    let low = 0;
    let high = this.heights.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.heights[middle].atMs <= ms) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.heights[low - 1].height > lastValid;
  }
}
