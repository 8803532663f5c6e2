// Charts, drawn by gnuplot into build/bench/NAME.svg and NAME.png.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../tests/system/harness.mjs';

const FOLDER = path.join(ROOT, 'build', 'bench');
const quote = (text) => `"${String(text).replace(/["\\]/g, '\\$&')}"`;

// lines: [{ title, points: [[x, y], …] }]. log: whether x is logarithmic. Returns the files.
export function drawLines(name, { title, x, y, log = false, lines }) {
  const plots = lines.map(({ title: key }) => `'-' with linespoints pt 7 ps 0.5 title ${quote(key)}`);
  const data = lines.map(({ points }) => [...points.map((p) => p.join(' ')), 'e'].join('\n'));
  const axes = log ? 'set logscale x 2\n' : '';
  return draw(name, { title, x, y }, `${axes}plot ${plots.join(', ')}\n${data.join('\n')}\n`);
}

// bars: [[label, value], …]
export function drawBars(name, { title, y, bars }) {
  const data = bars.map(([label, value]) => `${quote(label)} ${value}`).join('\n');
  const style = 'set style fill solid 0.7\nset boxwidth 0.6\nset xtics rotate by -20 noenhanced\nset bmargin 8\nset rmargin 16\n';
  return draw(name, { title, x: '', y }, `${style}plot '-' using 2:xtic(1) with boxes notitle\n${data}\ne\n`);
}

function draw(name, { title, x, y }, plot) {
  fs.mkdirSync(FOLDER, { recursive: true });
  const head = [
    `set title ${quote(title)} noenhanced`,
    `set xlabel ${quote(x)}`,
    `set ylabel ${quote(y)}`,
    'set yrange [0:*]',
    'set grid',
    'set key below',
  ].join('\n');
  return ['svg size 900,540', 'pngcairo size 900,540'].map((terminal) => {
    const kind = terminal.slice(0, 3);
    const file = path.join(FOLDER, `${name}.${kind}`);
    const text = `set terminal ${terminal}\nset output ${quote(file)}\n${head}\n${plot}`;
    execFileSync('gnuplot', { input: text, stdio: 'pipe' });
    return file;
  });
}
