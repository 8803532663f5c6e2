// Where a process may be made to die: at each message that each role handles, before, within and
// after, and around its COMMIT (actors/base/failpoint.h).

// What each role handles, with how many of them pass in a second or so at 200 orders a second
// over two processes of the role.
const HANDLED = {
  gateway: { submit_reply: 100, update_event: 500, head_event: 1, beat_event: 10, query_reply: 5 },
  ingest: { submit_request: 100, insert_reply: 100, insert_conflict: 5, load_event: 5 },
  execution: {
    assign_order: 100,
    step_reply: 400,
    quote_reply: 200,
    leg_reply: 100,
    build_reply: 100,
    status_reply: 100,
    lease_reply: 1,
    owned_reply: 1,
    claim_item: 20,
    claim_reply: 1,
    retry_event: 2,
  },
  persistence: {
    insert_request: 100,
    step_request: 400,
    lease_request: 1,
    owned_request: 1,
    claim_request: 1,
    retries_request: 1,
    events_request: 1,
  },
  'router:raydium': { quote_request: 200, leg_request: 50, pool_event: 50 },
  'router:meteora': { quote_request: 200, leg_request: 50, pool_event: 50 },
  'chain:simulated': { build_request: 100, send_request: 100, status_request: 5, watch_cluster: 2 },
  retry: { arm_retry: 3, forget_retry: 3, retries_reply: 1 },
  notification: { order_event: 400, watch_order: 10, watch_orders: 1, order_item: 5 },
};
const WHEN = ['taken', 'handled', 'sent'];

// What each role sends, as far as it is not told by what it handles.
const SENDING = {
  gateway: { submit_request: 100, watch_order: 10 },
  ingest: { insert_request: 100, assign_order: 100, submit_reply: 100 },
  execution: { step_request: 400, leg_request: 100, build_request: 100, send_request: 100, lease_request: 1, load_event: 5 },
  persistence: { insert_reply: 100, step_reply: 400, order_event: 500, claim_item: 20 },
  'router:raydium': { quote_reply: 200, leg_reply: 50, watch_cluster: 1 },
  'router:meteora': { quote_reply: 200, leg_reply: 50, watch_cluster: 1 },
  'chain:simulated': { build_reply: 100, status_reply: 100, pool_event: 50 },
  retry: { retry_event: 2, retries_request: 1 },
  notification: { update_event: 500, events_request: 1 },
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
