// Every fault that the tests' Solana node can cause, dealt out so that each comes before any comes
// again. A fault is told by what it is, and counted by that name once it has befallen a request.

// Questions that are asked in any case, and those about what was sent.
const ALWAYS = ['getMultipleAccounts', 'getLatestBlockhash', 'simulateTransaction'];
const SENT = ['getSignatureStatuses', 'getTransaction', 'getEpochInfo', 'isBlockhashValid'];
const HEIGHTS = ['getEpochInfo', 'getLatestBlockhash'];
const SLIPPAGE = { InstructionError: [3, { Custom: 6006 }] }; // of Raydium's CPMM and others
const LIFE = 150; // blocks of a blockhash
const AWAY_MS = [300, 3000];

// What befalls a transaction on its way: (dice) → fault.
const SENDING = {
  'answer lost': (dice) => ({ kind: 'lost', count: dice.between(1, 4) }),
  'connection closed': (dice) => ({ kind: 'close', count: dice.between(1, 4) }),
  dropped: (dice) => ({ kind: 'drop', count: dice.between(1, 6) }),
  'preflight fails': () => ({ kind: 'preflight', err: SLIPPAGE }),
  delayed: (dice) => ({ kind: 'late', slots: dice.between(3, 60) }),
  'delayed to its end': (dice) => ({ kind: 'late', slots: dice.between(LIFE - 12, LIFE + 6) }),
  expires: () => ({ kind: 'late', slots: 2 * LIFE }),
  'forked out': (dice) => ({ kind: 'fork', slots: dice.between(1, 7) }),
  'send 429': (dice) => ({ kind: 'http', status: 429, retryAfter: 1, count: dice.between(1, 3) }),
  'send 5xx': (dice) => ({ kind: 'http', status: 503, count: dice.between(1, 4) }),
  'send garbage': (dice) => ({ kind: 'garbage', count: dice.between(1, 4) }),
  'send cut off': (dice) => ({ kind: 'truncate', count: dice.between(1, 4) }),
  'send behind': (dice) => ({ kind: 'rpc', code: -32005, count: dice.between(1, 4) }),
  'send without answer': () => ({ kind: 'hang' }),
  'send slow': (dice) => ({ kind: 'slow', ms: dice.between(100, 1500) }),
};

const any = (dice, asked) => ({ method: dice.pick(asked), count: dice.between(1, 4) });

// What befalls questions: (dice, those that are asked) → fault.
const READING = {
  'read 429': (dice, asked) => ({ kind: 'http', status: 429, ...any(dice, asked) }),
  'read 5xx': (dice, asked) => ({ kind: 'http', status: 502, ...any(dice, asked) }),
  'read garbage': (dice, asked) => ({ kind: 'garbage', ...any(dice, asked) }),
  'read cut off': (dice, asked) => ({ kind: 'truncate', ...any(dice, asked) }),
  'read behind': (dice, asked) => ({ kind: 'rpc', code: -32005, ...any(dice, asked) }),
  'read connection closed': (dice, asked) => ({ kind: 'close', ...any(dice, asked) }),
  'read without answer': (dice, asked) => ({ kind: 'hang', ...any(dice, asked), count: 1 }),
  'read slow': (dice, asked) => ({ kind: 'slow', ms: dice.between(100, 1500), ...any(dice, asked) }),
  'slot for height': (dice, asked) => ({
    kind: 'slotForHeight',
    method: dice.pick(HEIGHTS.filter((each) => asked.includes(each))),
    count: dice.between(1, 6),
  }),
  'endpoint away': () => ({ kind: 'http', status: 503, method: '*', count: 0 }),
};

// What befalls the chain and its subscribers, at once: (campaign) → whether it did.
const STRIKING = {
  'block forked out': ({ node, dice }) => {
    const { chain } = node;
    const open = [...chain.landed.values()].filter(
      ({ tx, slot }) => tx && slot > chain.slotAt('finalized'),
    );
    if (open.length === 0) return false;
    const again = dice.hits(60) ? { requeueAfter: dice.between(0, LIFE) } : {};
    chain.forkOut(dice.pick(open).signature, again);
    return true;
  },
  'subscriptions cut': ({ node }) => {
    for (const endpoint of node.endpoints) endpoint.dropSockets();
    return true;
  },
  'subscriptions mute': ({ node }) => {
    node.subscriptions.muted = !node.subscriptions.muted;
    return true;
  },
};

// What there is to befall: without swaps nothing is sent.
export function faultNames({ swaps }) {
  const sent = swaps ? [...Object.keys(SENDING), 'block forked out'] : [];
  return [...sent, ...Object.keys(READING), 'subscriptions cut', 'subscriptions mute'];
}

export class ChainFaults {
  constructor({ node, dice, swaps }) {
    Object.assign(this, { node, dice, names: faultNames({ swaps }), deck: [] });
    this.asked = swaps ? [...ALWAYS, ...SENT] : ALWAYS;
    this.struck = {};
  }

  // How often each has befallen something.
  get met() {
    const { met } = this.node.faults;
    return Object.fromEntries(this.names.map((name) => [name, met[name] ?? this.struck[name] ?? 0]));
  }

  get missing() {
    const { met } = this;
    return this.names.filter((name) => met[name] === 0);
  }

  // Orders the next one: mostly of those that have not met anything yet, if there are any.
  deal() {
    if (this.deck.length === 0) {
      const { missing } = this;
      this.deck = [...(missing.length > 0 && this.dealt ? missing : this.names)];
      this.dealt = true;
    }
    const [name] = this.deck.splice(this.dice.between(0, this.deck.length - 1), 1);
    if (STRIKING[name]) {
      if (STRIKING[name](this)) this.struck[name] = (this.struck[name] ?? 0) + 1;
      return;
    }
    const fault = (SENDING[name] ?? READING[name])(this.dice, this.asked);
    const isOne = name === 'endpoint away' || this.dice.hits(50);
    const ordered = { name, ...fault, endpoint: isOne ? this.dice.between(0, 1) : undefined };
    this.node.faults.add(ordered);
    if (ordered.count === 0) setTimeout(() => this.node.faults.end(name), this.dice.between(...AWAY_MS));
  }

  // How many have not met all that they are for.
  get open() {
    return this.node.faults.list.length;
  }

  clear() {
    this.node.faults.clear();
    this.node.subscriptions.muted = false;
  }
}
