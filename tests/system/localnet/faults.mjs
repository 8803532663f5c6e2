// Faults that a test orders. A fault is
//
//   { kind, method, endpoint, count, after, match, …what the kind needs }
//
// and befalls requests of `method` ('*': any; sendTransaction unless said otherwise) to `endpoint`
// (its index; any unless said), whose body contains `match` (anything unless said), once `after` of
// them have passed, `count` times (1 unless said; 0: until cleared). How often faults of a `name` (its
// kind unless said) have befallen requests is in `met`.
//
//   http      an HTTP status (429), retryAfter in seconds, a body
//   rpc       a JSON-RPC error: code (-32005), message, data
//   garbage   200, and a body that is no JSON
//   truncate  half of the answer, then the connection closes
//   close     the connection closes before anything is done
//   lost      it is done, and the connection closes without an answer
//   hang      nothing is done, and no answer comes
//   slow      the answer comes ms (1000) later
//   answer    `result` as the answer, whatever was asked
//   slotForHeight  the block height in the answer is the slot
// and for sendTransaction:
//   preflight refused with the transaction error `err`
//   drop      accepted, and never lands
//   late      lands `slots` (10) later
//   fork      lands, and is forked out `slots` (1) later

const KINDS = new Set(
  (
    'http rpc garbage truncate close lost hang slow answer slotForHeight ' +
    'preflight drop late fork'
  ).split(' '),
);

export class Faults {
  constructor() {
    this.list = [];
    this.met = {};
  }

  add(fault) {
    if (!KINDS.has(fault.kind)) throw new Error(`there is no fault ${fault.kind}`);
    this.list.push({ method: 'sendTransaction', count: 1, after: 0, ...fault });
  }

  clear() {
    this.list = [];
  }

  // Ends those of a name.
  end(name) {
    this.list = this.list.filter((fault) => (fault.name ?? fault.kind) !== name);
  }

  // The fault that befalls this request, if any.
  take({ method, endpoint, body }) {
    for (const fault of this.list) {
      const meant =
        (fault.method === '*' || fault.method === method) &&
        (fault.endpoint === undefined || fault.endpoint === endpoint) &&
        (fault.match === undefined || body.includes(fault.match));
      if (!meant || fault.after-- > 0) continue;
      const { name = fault.kind } = fault;
      this.met[name] = (this.met[name] ?? 0) + 1;
      if (fault.count > 0 && --fault.count === 0) this.list.splice(this.list.indexOf(fault), 1);
      return fault;
    }
    return undefined;
  }
}
