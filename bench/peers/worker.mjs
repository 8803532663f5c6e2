// A process that runs jobs, and tells the one that started it how many orders have ended.

import { Jobs, work } from './jobs.mjs';
import { redisConnect } from './redis.mjs';
import { settings } from './settings.mjs';
import { Store } from './store.mjs';
import { Updates } from './updates.mjs';

const TELL_MS = 20;

let confirmed = 0;
let failed = 0;
work(settings, redisConnect(settings), {
  store: await Store.open(settings),
  jobs: new Jobs(settings, redisConnect(settings)),
  updates: new Updates(redisConnect(settings), null),
  onConfirmed: () => confirmed++,
  onFailed: () => failed++,
});
setInterval(() => {
  if (confirmed + failed === 0) return;
  process.send({ confirmed, failed });
  confirmed = failed = 0;
}, TELL_MS);
process.on('disconnect', () => process.exit(0));
