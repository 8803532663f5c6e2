// What a benchmark tells: a JSON object per result on standard output; a progress bar while it runs,
// and a table, on standard error.

import { execFileSync } from 'node:child_process';
import os from 'node:os';

import { ROOT } from '../tests/system/harness.mjs';
import { CALLERS, POSTGRES } from './stage.mjs';

const BAR = 30; // characters

export class Report {
  constructor(bench, options, { out = process.stdout, err = process.stderr } = {}) {
    this.bench = bench;
    this.options = options;
    this.out = out;
    this.err = err;
    this.rows = [];
    this.results = [];
  }

  // A step of a run. elapsed, total: seconds.
  progress(label, { elapsed, total, ended, accepted }) {
    if (!this.err.isTTY) return;
    const share = Math.min(1, elapsed / total);
    const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, '·');
    const told = `${ended ?? 0} ended${accepted === undefined ? '' : ` of ${accepted}`}`;
    this.err.write(`\r\x1b[K${this.bench} ${label} ${bar} ${Math.round(share * 100)} % ${told}`);
  }

  say(text) {
    this.err.write(`${this.err.isTTY ? '\r\x1b[K' : ''}${text}\n`);
  }

  // A figure. value: a number in `unit`. more: what else belongs to it, quantiles in the figure's
  // unit under "p50", "p99", "p99.9", "max"; cpu: seconds of each party.
  result(figure, value, unit, more = {}) {
    const { configuration, ...rest } = more;
    const object = {
      bench: this.bench,
      figure,
      value,
      unit,
      ...rest,
      seed: this.options.seed,
      configuration: { ...configuration, ...CALLERS, ...environment() },
      commit: commit(),
    };
    this.results.push(object);
    this.rows.push(row(object));
    this.out.write(`${JSON.stringify(object)}\n`);
  }

  // All results so far, in columns.
  table() {
    const head = ['figure', 'value', 'unit', 'p50', 'p99', 'p99.9', 'max', 'CPU s'];
    const rows = [head, ...this.rows];
    const widths = head.map((_, i) => Math.max(...rows.map((cells) => cells[i].length)));
    const line = (cells) =>
      cells.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join('  ');
    this.say(rows.map((cells) => `  ${line(cells)}`).join('\n'));
  }
}

function row(object) {
  const cpu = Object.entries(object.cpu ?? {}).map(([name, s]) => `${name} ${s}`);
  const quantiles = ['p50', 'p99', 'p99.9', 'max'].map((name) => String(object[name] ?? ''));
  return [object.figure, String(object.value), object.unit, ...quantiles, cpu.join(', ')];
}

// {count, p50, p99, "p99.9", max} without the count, for a result.
export function quantiles({ count, ...rest }) {
  return { ...rest, samples: count };
}

let commitText;
function commit() {
  const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    commitText ??= git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') && '+');
  } catch {
    commitText = 'unknown'; // not a checkout
  }
  return commitText;
}

let environmentObject;
function environment() {
  environmentObject ??= {
    postgres: POSTGRES.join(' '),
    cores: os.cpus().length,
    processor: os.cpus()[0]?.model,
    kernel: os.release(),
  };
  return environmentObject;
}
