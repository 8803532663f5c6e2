// Small messages a second from one actor to another through the run loop, over inproc.

import { drawBars } from '../chart.mjs';
import { median, round, words } from '../stage.mjs';

export const SERVICES = false; // it needs neither PostgreSQL nor Redis
export const OPTIONS = { seconds: 5, warmup: 1, rounds: 3 };

export async function ask(stage, report, { seconds, warmup, rounds }) {
  const runs = [];
  for (let i = 0; i < rounds; i++) {
    const args = words({ seconds, warmup });
    runs.push(await stage.measure('bench_actors', args, { label: `run ${i + 1}`, pids: {} }));
  }
  const rates = runs.map((run) => run.messages_per_s);
  const rate = median(rates);
  const { cpu } = runs.find((run) => run.messages_per_s === rate) ?? runs[0];
  report.result('messages', round(rate), 'messages/s', { runs: rates, cpu });
  drawBars('actors', {
    title: 'Messages from one actor to another',
    y: 'messages/s',
    bars: rates.map((r, i) => [`run ${i + 1}`, r]),
  });
}
