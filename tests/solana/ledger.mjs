// The chain as a ledger: the memo in a transaction says of which order and attempt it is.

import assert from 'node:assert/strict';

const MEMO = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr';

// Order → how many transactions of it traded, of all that landed.
export function traded(node) {
  const times = new Map();
  for (const { tx, err } of node.chain.landed.values()) {
    if (!tx || err) continue;
    const { staticAccountKeys, compiledInstructions } = tx.message;
    const memo = compiledInstructions.find(
      ({ programIdIndex }) => staticAccountKeys[programIdIndex].toBase58() === MEMO,
    );
    if (!memo) continue;
    const [orderId] = Buffer.from(memo.data).toString().split(':');
    times.set(orderId, (times.get(orderId) ?? 0) + 1);
  }
  return times;
}

// Holds every order of the engine's database against the chain.
export async function checkLedger({ node, engine }) {
  const times = traded(node);
  for (const [id, status] of await engine.sql('select id, status from orders')) {
    const count = times.get(id) ?? 0;
    assert.ok(count <= 1, `order ${id} traded ${count} times`);
    if (status === 'confirmed') assert.equal(count, 1, `${id} is confirmed, but did not trade`);
    if (status === 'failed') assert.equal(count, 0, `${id} is failed, but traded`);
  }
}
