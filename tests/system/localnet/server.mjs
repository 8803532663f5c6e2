// One endpoint of the node: JSON-RPC over HTTP, WebSocket on the same port and, as Solana's clients
// expect, on the next one. Faults befall it here.

import http from 'node:http';

import { WebSocketServer } from 'ws';

import { RpcError } from './errors.mjs';
import { toJson } from './json.mjs';

const BODY_MAX = 1 << 20; // bytes
const KEEP_ALIVE_MS = 60_000;
const PAIRS_TRIED = 50; // of neighbouring ports

const listen = (server, port, host) =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server.address().port));
  });

const close = (server) =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_MAX) throw new RpcError(-32600, 'body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export class Endpoint {
  constructor(index, { methods, control, faults, subscriptions }) {
    Object.assign(this, { index, methods, control, faults });
    this.requests = 0;
    this.sockets = new WebSocketServer({ noServer: true });
    this.sockets.on('connection', (socket) => subscriptions.accept(socket));
    this.server = this.listener();
    this.neighbour = this.listener();
  }

  listener() {
    const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket, head) => {
      this.sockets.handleUpgrade(request, socket, head, (ws) =>
        this.sockets.emit('connection', ws),
      );
    });
    return server;
  }

  // port 0: any that is free, and the next one too.
  async start({ host, port }) {
    for (let left = PAIRS_TRIED; ; left--) {
      this.port = await listen(this.server, port, host);
      try {
        await listen(this.neighbour, this.port + 1, host);
        break;
      } catch (error) {
        await close(this.server);
        if (port !== 0 || left === 0) throw error;
        this.server = this.listener();
        this.neighbour = this.listener();
      }
    }
    this.url = `http://${host}:${this.port}`;
    this.wsUrl = `ws://${host}:${this.port + 1}`;
  }

  async stop() {
    this.dropSockets();
    await Promise.all([close(this.server), close(this.neighbour)]);
  }

  // Ends every WebSocket, as a node that restarts does.
  dropSockets() {
    for (const socket of this.sockets.clients) socket.terminate();
  }

  async serve(request, response) {
    if (request.method === 'GET' && request.url === '/health') return response.end('ok');
    if (request.method !== 'POST') return response.writeHead(405).end('POST is required');
    const body = await bodyOf(request);
    let parsed;
    try {
      parsed = JSON.parse(body);
    } catch {
      const error = { code: -32700, message: 'Parse error' };
      return this.send(response, toJson({ jsonrpc: '2.0', error, id: null }));
    }
    const answers = [];
    for (const one of Array.isArray(parsed) ? parsed : [parsed]) {
      const answer = await this.answer(one, body, response);
      if (answer === undefined) return; // a fault has taken the whole request
      answers.push(answer);
    }
    this.send(response, toJson(Array.isArray(parsed) ? answers : answers[0]));
  }

  send(response, text) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  call({ id = null, method, params }, fault) {
    const owner = this.control.has(method) ? this.control : this.methods;
    try {
      if (typeof method !== 'string' || !owner.has(method))
        throw new RpcError(-32601, 'Method not found');
      return { jsonrpc: '2.0', result: owner.call(method, params, fault), id };
    } catch (error) {
      const told =
        error instanceof RpcError ? error : new RpcError(-32603, `Internal: ${error.message}`);
      return { jsonrpc: '2.0', error: told.json, id };
    }
  }

  // The answer to one request; undefined when a fault left nothing to answer.
  async answer(request, body, response) {
    const { method, id = null } = request;
    if (this.control.has(method)) return this.call(request);
    this.requests++;
    const fault = this.faults.take({ method, body, endpoint: this.index });
    switch (fault?.kind) {
      case 'http':
        return this.failHttp(response, fault, id);
      case 'garbage':
        return void this.send(response, fault.body ?? '<html>502 Bad Gateway</html>');
      case 'close':
        return void response.destroy();
      case 'lost':
        this.call(request);
        return void response.destroy();
      case 'hang':
        return undefined;
      case 'truncate':
        return this.truncate(response, toJson(this.call(request)));
      case 'rpc': {
        const { code = -32005, message = 'Node is behind by 120 slots', data } = fault;
        return { jsonrpc: '2.0', error: new RpcError(code, message, data).json, id };
      }
      case 'answer':
        return { jsonrpc: '2.0', result: fault.result, id };
      case 'slow':
        await wait(fault.ms ?? 1000);
        return this.call(request);
      default:
        return this.call(request, fault);
    }
  }

  failHttp(response, { status = 429, retryAfter, body }, id) {
    const headers = { 'content-type': 'application/json' };
    if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
    const error = { code: status, message: 'Too many requests for a specific RPC call' };
    response.writeHead(status, headers).end(body ?? toJson({ jsonrpc: '2.0', error, id }));
  }

  truncate(response, text) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, text.length >> 1), () => response.destroy());
  }
}
