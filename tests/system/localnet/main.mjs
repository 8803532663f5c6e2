// The node as a process:
//
//     node tests/system/localnet/main.mjs [--port 8899] [--slot-ms 100] [--endpoints 1] [--venues] …
//
// An option is one of Localnet.start's, in words with dashes. Prints a JSON object with its
// addresses once it is ready, and ends with SIGTERM.

import { Localnet } from './localnet.mjs';

const options = {};
const words = process.argv.slice(2);
while (words.length > 0) {
  const name = words
    .shift()
    .replace(/^--/, '')
    .replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  const hasValue = words.length > 0 && !words[0].startsWith('--');
  const value = hasValue ? words.shift() : true;
  options[name] = /^\d+$/.test(value) ? Number(value) : value;
}
if (options.host && options.host !== '127.0.0.1') throw new Error('for loopback only');

const node = await Localnet.start(options);
const endpoints = node.endpoints.map(({ url, wsUrl }) => ({ url, wsUrl }));
console.log(
  JSON.stringify({ ready: true, pid: process.pid, url: node.url, wsUrl: node.wsUrl, endpoints }),
);
process.once('SIGTERM', () => node.stop().then(() => process.exit(0)));
process.once('SIGINT', () => node.stop().then(() => process.exit(0)));
