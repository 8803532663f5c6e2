// Committed steps, from whoever made them to the WebSockets, by Redis pub/sub: a channel per order.

const CHANNEL = 'order:';
const ALL = '*';

export class Updates {
  // redis: for publishing. subscriber: a connection of its own, or null where nobody listens.
  constructor(redis, subscriber) {
    this.redis = redis;
    this.subscriber = subscriber;
    this.sockets = new Map(); // by order, or ALL
    subscriber?.on('message', (channel, text) => this.tell(channel.slice(CHANNEL.length), text));
    subscriber?.on('pmessage', (pattern, channel, text) => this.tell(ALL, text));
  }

  publish({ id, to, seq, at, dex, txHash }) {
    const frame = { type: 'status_update', orderId: id, status: to, seq, timestamp: at };
    if (dex) frame.dex = dex;
    if (txHash) frame.txHash = txHash;
    this.redis.publish(CHANNEL + id, JSON.stringify(frame)).catch(console.error);
  }

  tell(key, text) {
    for (const socket of this.sockets.get(key) ?? []) socket.send(text);
  }

  async follow(socket, orderId) {
    const key = orderId ?? ALL;
    let sockets = this.sockets.get(key);
    if (!sockets) this.sockets.set(key, (sockets = new Set()));
    sockets.add(socket);
    socket.on('close', () => this.unfollow(socket, key));
    if (sockets.size > 1) return;
    if (orderId) await this.subscriber.subscribe(CHANNEL + orderId);
    else await this.subscriber.psubscribe(CHANNEL + ALL);
  }

  unfollow(socket, key) {
    const sockets = this.sockets.get(key);
    sockets?.delete(socket);
    if (!sockets || sockets.size > 0) return;
    this.sockets.delete(key);
    if (key === ALL) this.subscriber.punsubscribe(CHANNEL + ALL).catch(console.error);
    else this.subscriber.unsubscribe(CHANNEL + key).catch(console.error);
  }
}
