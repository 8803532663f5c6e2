// node bench/run.mjs NAME [--seconds N --seed N …]: runs bench/questions/NAME.mjs on services of its
// own. A question exports OPTIONS, its defaults by name, ask(stage, report, options), and SERVICES = false
// if it needs none.

import fs from 'node:fs';
import { parseArgs } from 'node:util';

import { Report } from './report.mjs';
import { Stage } from './stage.mjs';

const FOLDER = new URL('./questions/', import.meta.url);

function misuse(text) {
  process.stderr.write(`bench: ${text}\n`);
  process.exit(2);
}

// The values given, each of the kind of its default: a number, a list of numbers, or a text.
function read(args, defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((n) => [n, { type: 'string' }]));
  let values;
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    misuse(`${error.message}; options: ${Object.keys(defaults).map((n) => `--${n}`).join(' ')}`);
  }
  const number = (name, text) => {
    const value = Number(text);
    return text.trim() === '' || Number.isNaN(value) ? misuse(`--${name} takes a number`) : value;
  };
  const one = (name, text) => {
    if (Array.isArray(defaults[name])) return text.split(',').map((part) => number(name, part));
    return typeof defaults[name] === 'number' ? number(name, text) : text;
  };
  const given = Object.entries(values).map(([name, text]) => [name, one(name, text)]);
  return { ...defaults, ...Object.fromEntries(given) };
}

const [name = '', ...args] = process.argv.slice(2);
const names = fs.readdirSync(FOLDER).map((file) => file.replace(/\.mjs$/, ''));
if (!names.includes(name)) misuse(`there is no benchmark called ${name}: ${names.join(', ')}`);
const question = await import(new URL(`${name}.mjs`, FOLDER));
const options = read(args, { seed: 1, ...question.OPTIONS });
const report = new Report(name, options);
const stage = new Stage(report);
try {
  if (question.SERVICES !== false) await stage.start();
  await question.ask(stage, report, options);
  report.table();
} finally {
  if (question.SERVICES !== false) await stage.stop();
}
