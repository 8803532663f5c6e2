// A relay of TCP connections between two nodes, so that one link, or all of them, can be cut,
// stalled in one direction or slowed while its ends live.

import net from 'node:net';

// One port of the target as the source sees it.
class Port {
  constructor(relay, from, to) {
    this.relay = relay;
    this.pairs = new Set();
    this.server = net.createServer((near) => this.join(near, to));
    this.listening = new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(from, '127.0.0.1', resolve);
    });
  }

  join(near, to) {
    if (this.relay.isCut) {
      near.destroy();
      return;
    }
    const far = net.connect(to, '127.0.0.1');
    const pair = { near, far };
    this.pairs.add(pair);
    const end = () => {
      near.destroy();
      far.destroy();
      this.pairs.delete(pair);
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    this.pass(near, far, () => this.relay.stalled.there);
    this.pass(far, near, () => this.relay.stalled.back);
  }

  // Hands on what comes in, in its order: later if the relay is slow, and nothing while the
  // direction is stalled.
  pass(from, to, isStalled) {
    const queue = []; // { bytes, due }
    const write = () => {
      while (queue.length > 0 && queue[0].due <= performance.now()) {
        const { bytes } = queue.shift();
        if (to.destroyed || to.write(bytes)) continue;
        from.pause();
        to.once('drain', () => isStalled() || from.resume());
      }
      if (queue.length > 0) setTimeout(write, Math.max(1, queue[0].due - performance.now()));
    };
    from.on('data', (bytes) => {
      queue.push({ bytes, due: performance.now() + this.relay.lateMs });
      if (queue.length === 1) write();
      if (isStalled()) from.pause();
    });
    if (isStalled()) from.pause();
  }

  refresh() {
    const { stalled } = this.relay;
    for (const { near, far } of this.pairs) {
      if (stalled.there) near.pause();
      else near.resume();
      if (stalled.back) far.pause();
      else far.resume();
    }
  }

  drop() {
    for (const { near, far } of this.pairs) {
      near.destroy();
      far.destroy();
    }
  }
}

// Every link from one node to another.
export class Relay {
  constructor(source, target) {
    this.source = source;
    this.target = target;
    this.stalled = { there: false, back: false };
    this.lateMs = 0;
    this.isCut = false;
    this.ports = [];
  }

  // ports: offsets from the first port of the target's block and of the relay's.
  async open(base, targetBase, ports) {
    this.ports = ports.map((port) => new Port(this, base + port, targetBase + port));
    await Promise.all(this.ports.map((port) => port.listening));
  }

  // Nothing gets through in a direction any more; the connections stay.
  stall(direction) {
    this.stalled[direction] = true;
    for (const port of this.ports) port.refresh();
  }

  // Every connection ends, and no new one is taken.
  cut() {
    this.isCut = true;
    for (const port of this.ports) port.drop();
  }

  slow(ms) {
    this.lateMs = ms;
  }

  heal() {
    this.isCut = false;
    this.lateMs = 0;
    this.stalled = { there: false, back: false };
    for (const port of this.ports) port.refresh();
  }

  close() {
    for (const port of this.ports) {
      port.drop();
      port.server.close();
    }
  }
}
