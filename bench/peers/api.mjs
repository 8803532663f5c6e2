// HTTP and WebSocket, on the same paths as Drover's.

import websocket from '@fastify/websocket';
import Fastify from 'fastify';

import { newId } from './life.mjs';

const TOKENS = ['SOL', 'USDC', 'USDT', 'BONK', 'JUP', 'RAY'];
const ORDER = {
  type: 'object',
  required: ['tokenIn', 'tokenOut', 'amount'],
  properties: {
    tokenIn: { type: 'string', enum: TOKENS },
    tokenOut: { type: 'string', enum: TOKENS },
    amount: { type: 'number', exclusiveMinimum: 0, maximum: 1e15 },
    slippage: { type: 'number', minimum: 0, maximum: 1, default: 0.01 },
    userId: { type: 'string', maxLength: 128 },
  },
};
const ACCEPTED = {
  type: 'object',
  properties: {
    success: { type: 'boolean' },
    orderId: { type: 'string' },
    status: { type: 'string' },
    createdAt: { type: 'string' },
    websocketUrl: { type: 'string' },
  },
};

function execute({ store, jobs, updates }) {
  return async (request, reply) => {
    const { tokenIn, tokenOut, amount, slippage, userId } = request.body;
    if (tokenIn === tokenOut) {
      return reply.code(400).send({ success: false, error: 'tokenIn and tokenOut are the same' });
    }
    const id = newId();
    const createdAt = new Date();
    const order = { id, tokenIn, tokenOut, amount, slippage, userId, createdAt };
    await store.insert(order);
    updates.publish({ id, to: 'pending', seq: 1, at: createdAt });
    await jobs.add(order);
    const websocketUrl = `/ws/orders?orderId=${id}`;
    const at = createdAt.toISOString();
    return { success: true, orderId: id, status: 'pending', createdAt: at, websocketUrl };
  };
}

function orderShow({ store }) {
  return async (request, reply) => {
    const order = await store.get(request.params.id);
    if (!order) return reply.code(404).send({ success: false, error: 'there is no such order' });
    return { success: true, ...order };
  };
}

// ended: counts of confirmed and failed orders.
export async function serve({ port }, engine) {
  const { jobs, updates, ended } = engine;
  const app = Fastify({ logger: false, keepAliveTimeout: 60_000 });
  await app.register(websocket);
  const schema = { body: ORDER, response: { 200: ACCEPTED } };
  app.post('/api/orders/execute', { schema }, execute(engine));
  app.get('/api/orders/queue/stats', async () => {
    const { waiting, active, delayed } = await jobs.counts();
    const { confirmed: completed, failed } = ended;
    const total = waiting + active + delayed + completed + failed;
    const stats = { waiting: waiting + delayed, active, completed, failed, total };
    return { success: true, stats };
  });
  app.get('/api/orders/:id', orderShow(engine));
  app.get('/readyz', async () => ({ ready: true }));
  const follow = (socket, request) => {
    const orderId = request.query.orderId;
    updates.follow(socket, orderId).catch(() => socket.close(1011));
  };
  app.get('/ws/orders', { websocket: true }, follow);
  app.get('/api/orders/ws', { websocket: true }, (socket) =>
    updates.follow(socket).catch(() => socket.close(1011)),
  );
  await app.listen({ port, host: '127.0.0.1', backlog: 1024 });
  return app;
}
