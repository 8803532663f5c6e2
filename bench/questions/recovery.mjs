// A cold start with many unfinished orders whose owner is gone: how soon they have another, and how
// soon the engine answers.

import { fillOrphans, orphans } from '../../tests/system/orphans.mjs';
import { until } from '../../tests/system/harness.mjs';
import { drawLines } from '../chart.mjs';
import { cpuSeconds, residentBytes } from '../processes.mjs';
import { round } from '../stage.mjs';

export const OPTIONS = { orders: 100_000 };

const LIMIT_MS = 120_000;

export async function ask(stage, report, { orders }) {
  const engine = await stage.engine();
  await engine.stop(); // it has made the schema
  await engine.sql(fillOrphans(orders));
  await engine.sql('vacuum analyze');

  const start = performance.now();
  const passed = () => round((performance.now() - start) / 1000, 3);
  const points = [[0, 0]];
  const before = Object.values(stage.pids()).map(cpuSeconds);
  let ready = null;
  const starting = engine.start().then(() => (ready = passed()));
  await until('all orders to have a new owner', async () => {
    const owned = orders - (await orphans(engine));
    report.progress('re-owning', { elapsed: owned, total: orders, ended: owned });
    points.push([passed(), owned]);
    return owned === orders;
  }, LIMIT_MS);
  const ended = passed();
  await starting;
  const cpu = { engine: round(cpuSeconds(engine.child.pid), 2) };
  Object.entries(stage.pids()).forEach(([name, pid], i) => {
    cpu[name] = round(cpuSeconds(pid) - before[i], 2);
  });
  const begun = points.find(([, owned]) => owned > 0)[0];
  const resident_mib = round(residentBytes(engine.child.pid) / 2 ** 20, 1);
  report.result('first orders re-owned', begun, 's', { configuration: { orders } });
  report.result('ready', ready, 's');
  report.result('all orders re-owned', ended, 's', { cpu, resident_mib });
  await engine.kill();
  drawLines('recovery', {
    title: `${orders} unfinished orders after a cold start`,
    x: 'seconds since the start',
    y: 'orders re-owned',
    lines: [{ title: 're-owned', points }],
  });
}
