// Everything random in a campaign, from one seed, so that its plan can be told again. What the
// processes make of it is up to the machine.

// A generator of numbers from 0 to below 1 (mulberry32).
export class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  // A whole number from `low` to `high`, both included.
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  hits(percent) {
    return this.next() * 100 < percent;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }
}

export const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
