// What processes cost, from /proc: processor seconds and memory, a service's processes summed.

import fs from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux architecture that matters

function read(pid, file) {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

// The fields of /proc/PID/stat after the command's name, the state being the first.
function stat(pid) {
  const text = read(pid, 'stat');
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

const PARENT = 1;
const USER = 11; // followed by system, and by both of the children that it has waited for

function children(pid) {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && stat(name)[PARENT] === String(pid))
    .map(Number);
}

// Processor seconds of a process and of all children that it has had.
export function cpuSeconds(pid) {
  const times = stat(pid).slice(USER, USER + 4).map(Number);
  const living = children(pid).map((child) => stat(child).slice(USER, USER + 2).map(Number));
  const ticks = [times, ...living].flat().reduce((sum, n) => sum + n, 0);
  return ticks / TICKS_PER_SECOND;
}

const NAME = /\((.*)\)/s; // of a process or thread, in its stat

// Processor seconds of each thread of a process, in user mode and in the kernel: threads of the same
// name, and those that end meanwhile, are one.
export function threadSeconds(pid) {
  const tasks = fs.existsSync(`/proc/${pid}/task`) ? fs.readdirSync(`/proc/${pid}/task`) : [];
  return sumByName(
    tasks.map((task) => {
      const name = NAME.exec(read(pid, `task/${task}/stat`))?.[1];
      return [name, stat(`${pid}/task/${task}`)];
    }),
  );
}

// The same of a service's processes, by what they call themselves.
export function processSeconds(pid) {
  const title = (child) => read(child, 'cmdline').replaceAll('\0', ' ').trim();
  return sumByName([pid, ...children(pid)].map((child) => [title(child), stat(child)]));
}

function sumByName(named) {
  const sums = {};
  for (const [name, fields] of named) {
    if (fields.length === 0) continue;
    const [user, kernel] = fields.slice(USER, USER + 2).map((n) => Number(n) / TICKS_PER_SECOND);
    const sum = (sums[name] ??= { user: 0, kernel: 0 });
    sum.user += user;
    sum.kernel += kernel;
  }
  return sums;
}

// Processor seconds that the whole machine has worked.
export function machineSeconds() {
  const [user, nice, system, , , interrupts, soft] = fs
    .readFileSync('/proc/stat', 'utf8')
    .match(/^cpu +(.*)$/m)[1]
    .split(' ')
    .map(Number);
  return (user + nice + system + interrupts + soft) / TICKS_PER_SECOND;
}

// Resident bytes of one process, now or at most so far.
export const residentBytes = (pid) => statusKib(pid, 'VmRSS') * 1024;
export const residentPeakBytes = (pid) => statusKib(pid, 'VmHWM') * 1024;

function statusKib(pid, name) {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(pid, 'status'));
  return line ? Number(line[1]) : 0;
}
