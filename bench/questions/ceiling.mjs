// What PostgreSQL alone does with our schema and statements, over batch sizes and connections.

import { drawLines } from '../chart.mjs';
import { median, round, words } from '../stage.mjs';

export const OPTIONS = {
  seconds: 4, // of each run's steady window
  warmup: 1,
  rounds: 3, // of which the median counts
  batches: [64, 256, 512, 1024],
  connections: [1, 2, 4],
};

// Runs every combination once, each on an empty database; returns their results.
export async function sweep(stage, options) {
  const results = [];
  for (const batch of options.batches) {
    for (const connections of options.connections) {
      const { seconds, warmup, seed } = options;
      const url = await stage.database();
      const args = words({ url, batch, connections, seconds, warmup, seed });
      const label = `${batch} rows from ${connections}`;
      results.push(await stage.measure('bench_ceiling', args, { label }));
    }
  }
  return results;
}

// The combination whose median over all rounds is the best, with that median.
export function best(results) {
  const groups = new Map();
  for (const result of results) {
    const key = `${result.batch} ${result.connections}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const medians = [...groups.values()].map((group) => {
    const rates = group.map((result) => result.orders_per_s);
    return { ...group[0], orders_per_s: median(rates), rates };
  });
  medians.sort((a, b) => b.orders_per_s - a.orders_per_s);
  return { ...medians[0], all: medians };
}

export function tell(report, { batch, connections, rates, cpu, orders_per_s: rate, call_ms: call }, figure) {
  report.result(figure, round(rate), 'orders/s', {
    runs: rates.map((r) => round(r)),
    call_ms: call,
    cpu,
    configuration: { batch, connections },
  });
}

export async function ask(stage, report, options) {
  const results = [];
  for (let i = 0; i < options.rounds; i++) results.push(...(await sweep(stage, options)));
  const winner = best(results);
  const byCell = [...winner.all].sort((a, b) => a.connections - b.connections || a.batch - b.batch);
  for (const cell of byCell) tell(report, cell, `${cell.batch} rows from ${cell.connections}`);
  tell(report, winner, 'ceiling');
  drawLines('ceiling', {
    title: 'PostgreSQL alone, our schema and statements',
    x: 'rows a statement',
    y: 'orders/s',
    log: true,
    lines: options.connections.map((connections) => ({
      title: `${connections} connections`,
      points: byCell
        .filter((cell) => cell.connections === connections)
        .map((cell) => [cell.batch, cell.orders_per_s]),
    })),
  });
}
