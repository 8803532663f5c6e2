// How long an order takes at a fixed rate, whatever the engine does: to be accepted, and to be seen
// confirmed on the socket that shows all orders. Once with venues that take no time; once with their
// default delays, where what counts is the time added to the venues' own.

import { drawBars } from '../chart.mjs';
import { quantiles } from '../report.mjs';
import { INSTANT, VENUE } from '../stage.mjs';
import { checkStored } from './throughput.mjs';

export const OPTIONS = { seconds: 30, warmup: 6, rate: 500, connections: 64 };

export async function ask(stage, report, options) {
  const { seconds, warmup, rate, connections, seed } = options;
  const load = { seconds, warmup, rate, connections, seed };
  const bars = [];

  const tell = (figure, times, { cpu, reopened }, settings) => {
    const configuration = { rate, connections, ...settings };
    const more = { ...quantiles(times), cpu, reopened, configuration };
    report.result(figure, times.p50, 'ms', more);
    bars.push([`${figure}, p50`, times.p50], [`${figure}, p99`, times.p99]);
  };

  const run = async (settings, more, label) => {
    const engine = await stage.engine(settings);
    const result = await stage.load(engine, { ...load, ...more }, { label });
    await checkStored(engine, result);
    await engine.stop();
    return result;
  };

  const instant = await run(INSTANT, { follow: true }, 'venues taking no time');
  tell('accept, venues taking no time', instant.accept_ms, instant, INSTANT);
  tell('end to end, venues taking no time', instant.end_to_end_ms, instant, INSTANT);

  const usual = await run({}, { venue: VENUE }, 'default delays');
  tell('accept, default delays', usual.accept_ms, usual, {});
  report.result('end to end, default delays', usual.end_to_end_ms.p50, 'ms', {
    ...quantiles(usual.end_to_end_ms),
  });
  tell("added to the venues' own, default delays", usual.added_ms, usual, {});
  drawBars('latency', { title: `Latency at ${rate} orders/s`, y: 'ms', bars });
}
