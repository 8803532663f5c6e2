// A Solana node for the tests: litesvm behind JSON-RPC and WebSocket, with slots, commitment levels,
// forks, and faults to order. In the test's own process:
//
//     const node = await Localnet.start({ endpoints: 2, venues: true });
//     node.faults.add({ kind: 'lost' });
//     … node.url, node.wsUrl, node.endpoints[1].url, node.chain …
//     await node.stop();
//
// or in one of its own (main.mjs), steered by the methods in control.mjs.

import { createHash } from 'node:crypto';

import bs58 from 'bs58';

import { Chain } from './chain.mjs';
import { Control } from './control.mjs';
import { Faults } from './faults.mjs';
import { Methods } from './methods.mjs';
import { Endpoint } from './server.mjs';
import { Subscriptions } from './subscriptions.mjs';
import { Tokens } from './tokens.mjs';
import { loadVenues } from './venues.mjs';

// Of a cluster that is none of the public ones.
const GENESIS_HASH = bs58.encode(createHash('sha256').update('localnet').digest());

export class Localnet {
  // Options, beside the chain's (DEFAULTS in chain.mjs): host, port of the first endpoint (0: any),
  // endpoints: how many, all of one chain; venues: load programs and pools from programsDir
  // (DROVER_PROGRAMS_DIR); genesisHash; prioritizationFee in micro-lamports a compute unit.
  static async start({
    host = '127.0.0.1',
    port = 0,
    endpoints = 1,
    venues = false,
    programsDir = process.env.DROVER_PROGRAMS_DIR,
    genesisHash = GENESIS_HASH,
    prioritizationFee = 0,
    ...chainOptions
  } = {}) {
    const node = new Localnet();
    node.chain = new Chain(chainOptions);
    node.faults = new Faults();
    node.subscriptions = new Subscriptions(node.chain);
    node.tokens = new Tokens(node.chain);
    node.venues = venues ? loadVenues(node.chain, programsDir) : [];
    node.methods = new Methods(node.chain, { genesisHash, prioritizationFee });
    node.control = new Control(node);
    node.endpoints = [];
    for (let index = 0; index < endpoints; index++) {
      const endpoint = new Endpoint(index, node);
      await endpoint.start({ host, port: port && port + 2 * index });
      node.endpoints.push(endpoint);
    }
    node.chain.run();
    return node;
  }

  get url() {
    return this.endpoints[0].url;
  }

  get wsUrl() {
    return this.endpoints[0].wsUrl;
  }

  async stop() {
    this.chain.pause();
    this.subscriptions.stop();
    await Promise.all(this.endpoints.map((endpoint) => endpoint.stop()));
  }
}
