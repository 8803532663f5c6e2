// The five existing clients at one engine (flows.mjs), and what they are told of orders that fail.

import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { it } from 'node:test';

import { Api } from './clients.mjs';
import { PACE, fiveClients } from './flows.mjs';
import { FAST, withEngine, withServices } from './harness.mjs';

// All clients: an order that fails ends once, with a reason in each of the clients' words.
function failures(holder, expected) {
  it(`ends failed after ${expected.attempts} attempts, and says why`, async () => {
    const watch = await holder.engine.watch('/api/orders/execute');
    watch.send({ tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 });
    const { orderId } = await watch.first();
    const failed = await watch.ended(orderId);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.attempt, expected.attempts, 'expected the last attempt to be told');
    assert.ok(failed.error?.length > 0 && failed.reason?.length > 0, 'expected error and reason');
    await watch.ping();
    const [pending, ...steps] = watch.updates();
    assert.equal(pending.status, 'pending');
    assert.deepEqual(
      steps.map((frame) => `${frame.attempt} ${frame.status}`),
      expected.frames,
    );
    const { order, executions } = await holder.engine.finished(orderId);
    assert.equal(order.status, 'failed');
    assert.ok(order.failureReason?.length > 0, 'expected failureReason');
    assert.equal(order.retryCount, expected.attempts - 1, 'expected retryCount');
    assert.equal(executions.length, expected.attempts, 'expected a row for each attempt');
    for (const [i, execution] of executions.entries()) {
      assert.equal(execution.attempt_number, i + 1, 'expected attempts by number');
      assert.ok(execution.failure_reason?.length > 0, 'expected each attempt’s failure_reason');
    }
    const landed = holder.engine.ledger().filter((line) => line.orderId === orderId && line.ok);
    assert.deepEqual(landed, [], 'expected nothing of a failed order to land');
  });
}

withServices('the five clients', (services) => {
  withEngine('at an engine in good order', services, PACE, fiveClients);

  withEngine(
    'when no venue quotes',
    services,
    { ...FAST, DROVER_SIM_FAULT_QUOTE_PERCENT: 100 },
    (holder) => {
      const frames = ['1 routing', '2 routing', '3 routing', '3 failed'];
      failures(holder, { attempts: 3, frames });
    },
  );

  withEngine(
    'when prices always move past the limit',
    services,
    { ...FAST, DROVER_SIM_FAULT_SLIPPAGE_PERCENT: 100 },
    (holder) => {
      const frames = ['1 routing', '1 building', '1 submitted', '1 failed'];
      failures(holder, { attempts: 1, frames });
    },
  );

  withEngine('with HOST left alone', services, { ...FAST, HOST: undefined }, (holder) => {
    it('is reached at every address of localhost', async () => {
      for (const { address } of await lookup('localhost', { all: true })) {
        const api = new Api(holder.engine.port, { host: address });
        const answer = await api.get('/health').catch((error) => error);
        api.close();
        assert.equal(answer.status, 200, `expected an answer at ${address}, not ${answer}`);
      }
    });
  });
});
