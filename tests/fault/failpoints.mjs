// Where a process may be made to die: at each message that each role handles, before, within and
// after, and around its COMMIT (actors/base/failpoint.h).

// What each role handles, with how many of them pass in a second or so at 200 orders a second
// over two processes of the role.
const HANDLED = {
  gateway: { order_accepted: 100, order_update: 500, feed_head: 1, beat: 10, query_done: 5 },
  ingest: { order_submit: 100, order_inserted: 100, order_exists: 5, load: 5 },
  execution: {
    order_assign: 100,
    step_done: 400,
    quote_told: 200,
    swap_built: 100,
    swap_status: 100,
    instance_told: 1,
    owned_told: 1,
    order_claimed: 20,
    claim_done: 1,
    retry_due: 2,
  },
  persistence: {
    order_insert: 100,
    order_step: 400,
    instance_beat: 1,
    owned_ask: 1,
    orders_claim: 1,
    waiting_ask: 1,
    events_ask: 1,
  },
  'router:raydium': { quote_ask: 200, swap_build: 100, swap_send: 100, swap_check: 5 },
  'router:meteora': { quote_ask: 200, swap_build: 100, swap_send: 100, swap_check: 5 },
  retry: { retry_arm: 3, retry_done: 3, waiting_told: 1 },
  notification: { order_event: 400, order_watch: 10, orders_watch: 1, order_view: 5 },
};
const WHEN = ['taken', 'handled', 'sent'];

// What each role sends, as far as it is not told by what it handles.
const SENDING = {
  gateway: { order_submit: 100, order_watch: 10 },
  ingest: { order_insert: 100, order_assign: 100, order_accepted: 100 },
  execution: { order_step: 400, swap_build: 100, swap_send: 100, instance_beat: 1, load: 5 },
  persistence: { order_inserted: 100, step_done: 400, order_event: 500, order_claimed: 20 },
  'router:raydium': { quote_told: 200, swap_built: 100, swap_status: 50 },
  'router:meteora': { quote_told: 200, swap_built: 100, swap_status: 50 },
  retry: { retry_due: 2, waiting_ask: 1 },
  notification: { order_update: 500, events_ask: 1 },
};
const STORE = ['store:submitted:at', 'store:answered:at'];
const WITHIN_S = 6; // a failpoint is meant to be met in about so long

// Every place of a role, as the failpoint's text up to its action.
function placesOf(role) {
  const places = Object.entries(HANDLED[role]).flatMap(([message, rate]) =>
    WHEN.map((when) => ({ place: `${role}:${message}:${when}`, rate })),
  );
  for (const [message, rate] of Object.entries(SENDING[role])) {
    places.push({ place: `${role}:${message}:sending`, rate });
  }
  if (role === 'persistence') STORE.forEach((place) => places.push({ place, rate: 100 }));
  return places;
}

// Deals out the places of each role, every one before any comes again.
export class Failpoints {
  constructor(dice) {
    this.dice = dice;
    this.decks = new Map();
    this.dealt = new Set();
  }

  // The value of DV_FAILPOINTS for a life of a node, and what it names.
  deal(node) {
    const role = this.dice.pick(node.roles);
    let deck = this.decks.get(role);
    if (!deck?.length) {
      deck = placesOf(role);
      for (let i = deck.length - 1; i > 0; i--) {
        const j = this.dice.between(0, i);
        [deck[i], deck[j]] = [deck[j], deck[i]];
      }
      this.decks.set(role, deck);
    }
    const { place, rate } = deck.pop();
    this.dealt.add(place);
    return { place, text: `${place}:~${Math.max(1, rate * WITHIN_S)}:kill` };
  }

  // Messages that are handled twice, and some that are lost, in some lives: what and the failpoint's
  // text; null in most lives.
  noise(node) {
    const role = this.dice.pick(node.roles);
    if (this.dice.hits(25)) return { what: 'messages twice', text: `${role}:*:taken:2%:twice` };
    if (this.dice.hits(5)) return { what: 'messages lost', text: `${role}:*:taken:1%:drop` };
    return null;
  }

  get count() {
    return Object.keys(HANDLED).reduce((sum, role) => sum + placesOf(role).length, 0);
  }
}
