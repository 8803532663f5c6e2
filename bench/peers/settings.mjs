// What this engine is started with, from the environment. The defaults are the fastest settings
// seen for each form; README.md has the figures.

// state: a BullMQ job for each state of an order. order: a job for each order. batch: the same, and
// PostgreSQL is written in batches of many orders.
const FORMS = {
  state: { workers: 0, concurrency: 128, connections: 16, pipeline: true, batchMax: 1 },
  order: { workers: 0, concurrency: 256, connections: 32, pipeline: true, batchMax: 1 },
  batch: { workers: 0, concurrency: 512, connections: 1, pipeline: false, batchMax: 512 },
};

function number(name, fallback) {
  const text = process.env[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is no whole number: ${text}`);
  return value;
}

const form = process.env.PEERS_FORM ?? 'order';
const best = FORMS[form];
if (!best) throw new Error(`PEERS_FORM is one of ${Object.keys(FORMS).join(', ')}, not ${form}`);

export const settings = {
  form,
  port: number('PORT', 3000),
  databaseUrl: process.env.DATABASE_URL,
  redis: new URL(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'),
  // Processes that run jobs; 0: the one that serves HTTP does.
  workers: number('PEERS_WORKERS', best.workers),
  // Jobs under way at once in each of them.
  concurrency: number('PEERS_CONCURRENCY', best.concurrency),
  // Connections to PostgreSQL of each process; in the form `batch` for each kind of statement.
  connections: number('PEERS_CONNECTIONS', best.connections),
  // Whether statements are sent before earlier ones on their connection are answered.
  pipeline: number('PEERS_PIPELINE', best.pipeline ? 1 : 0) !== 0,
  // Rows that one statement writes at most.
  batchMax: number('PEERS_BATCH_MAX', best.batchMax),
};
