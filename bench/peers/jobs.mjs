// BullMQ: the queue of orders, and what its jobs do.

import { Queue, Worker } from 'bullmq';

import { STATES, advance } from './life.mjs';

const NAME = 'orders';
const LAST = STATES.length;

// Finished jobs are not kept, since the truth is in PostgreSQL; a failed one is tried again.
const JOB = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 2000 },
  removeOnComplete: true,
  removeOnFail: 1000,
};

export class Jobs {
  constructor({ form, batchMax }, redis) {
    this.queue = new Queue(NAME, { connection: redis, defaultJobOptions: JOB });
    this.perState = form === 'state';
    this.batchMax = batchMax;
    this.waiting = [];
  }

  // An order that has been stored. Where PostgreSQL is written in batches, so is the queue.
  add(order) {
    const data = { order, seq: 2 };
    if (this.batchMax === 1) return this.queue.add(NAME, data, { jobId: `${order.id}_2` });
    return new Promise((resolve, reject) => {
      this.waiting.push({ data, resolve, reject });
      if (this.waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  async flush() {
    const waiting = this.waiting;
    this.waiting = [];
    try {
      await this.queue.addBulk(
        waiting.map(({ data }) => ({ name: NAME, data, opts: { jobId: `${data.order.id}_2` } })),
      );
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  // The next state of an order, as a job of its own.
  addNext(order, seq, price) {
    return this.queue.add(NAME, { order, seq, price }, { jobId: `${order.id}_${seq}` });
  }

  counts() {
    return this.queue.getJobCounts('waiting', 'active', 'delayed');
  }
}

// Runs jobs. onConfirmed is called for each order that is confirmed, onFailed for each given up.
export function work({ concurrency }, redis, { jobs, store, updates, onConfirmed, onFailed }) {
  const oneState = async ({ data: { order, seq, price } }) => {
    const quoted = await advance(store, updates, order, seq, price);
    if (seq < LAST) await jobs.addNext(order, seq + 1, quoted);
    else onConfirmed();
  };
  const wholeOrder = async ({ data: { order } }) => {
    let price = null;
    for (let seq = 2; seq <= LAST; seq++) price = await advance(store, updates, order, seq, price);
    onConfirmed();
  };
  const worker = new Worker(NAME, jobs.perState ? oneState : wholeOrder, {
    connection: redis,
    concurrency,
    lockDuration: 60_000,
    ...JOB,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 1000 },
  });
  worker.on('failed', (job, error) => {
    console.error(error);
    if (!job || job.attemptsMade >= JOB.attempts) onFailed();
  });
  worker.on('error', console.error);
  return worker;
}
