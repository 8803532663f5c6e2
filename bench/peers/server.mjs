// The engine that Drover is compared with: one process that serves HTTP and WebSockets, and workers,
// in the same process or in others.

import { fork } from 'node:child_process';

import { serve } from './api.mjs';
import { Jobs, work } from './jobs.mjs';
import { redisConnect } from './redis.mjs';
import { settings } from './settings.mjs';
import { Store } from './store.mjs';
import { Updates } from './updates.mjs';

const ended = { confirmed: 0, failed: 0 };
const store = await Store.open(settings);
await store.migrate();
const jobs = new Jobs(settings, redisConnect(settings));
const updates = new Updates(redisConnect(settings), redisConnect(settings));
const engine = { store, jobs, updates, ended };

if (settings.workers === 0) {
  const onConfirmed = () => ended.confirmed++;
  const onFailed = () => ended.failed++;
  work(settings, redisConnect(settings), { jobs, store, updates, onConfirmed, onFailed });
}
for (let i = 0; i < settings.workers; i++) {
  const child = fork(new URL('worker.mjs', import.meta.url));
  child.on('message', ({ confirmed, failed }) => {
    ended.confirmed += confirmed;
    ended.failed += failed;
  });
  child.on('exit', (code) => process.exit(code ?? 1));
}

await serve(settings, engine);
process.on('SIGTERM', () => process.exit(0));
