// PostgreSQL. Every write is committed, flushed to disk, when its promise is fulfilled.

import fs from 'node:fs';

import pg from 'pg';

const INSERT_COLUMNS = ['uuid', 'text', 'text', 'text', 'numeric', 'numeric', 'timestamptz'];
const insertRow = (order) => [
  order.id,
  order.userId ?? null,
  order.tokenIn,
  order.tokenOut,
  String(order.amount),
  String(order.slippage),
  order.createdAt.toISOString(),
];
const INSERT_FROM = (rows) => `
  with input as (${rows}),
  inserted as (insert into orders (id, user_id, token_in, token_out, amount, slippage, status,
      created_at, updated_at)
    select id, user_id, token_in, token_out, amount, slippage, 'pending', at, at from input)
  insert into order_events (order_id, seq, status, at) select id, 1, 'pending', at from input
  returning order_id`;
const INSERT_NAMES = 'id, user_id, token_in, token_out, amount, slippage, at';

const STEP_COLUMNS = [
  ...['uuid', 'text', 'text', 'integer', 'timestamptz'],
  ...['text', 'numeric', 'numeric', 'text', 'text'],
];
const numeric = (value) => (value === null ? null : value.toFixed(9));
const stepRow = (step) => [
  ...[step.id, step.from, step.to, step.seq, step.at.toISOString()],
  ...[step.dex, numeric(step.quotedPrice), numeric(step.executedPrice), step.txHash, step.detail],
];
const STEP_FROM = (rows) => `
  with input as (${rows}),
  moved as (update orders o set status = i.to_status, updated_at = i.at,
      dex = coalesce(i.dex, o.dex), quoted_price = coalesce(i.quoted_price, o.quoted_price),
      executed_price = coalesce(i.executed_price, o.executed_price),
      tx_hash = coalesce(i.tx_hash, o.tx_hash)
    from input i where o.id = i.id and o.status = i.from_status
    returning o.id, i.seq, i.to_status, i.at, i.detail)
  insert into order_events (order_id, seq, status, detail, at)
  select id, seq, to_status, detail, at from moved returning order_id`;
const STEP_NAMES =
  'id, from_status, to_status, seq, at, dex, quoted_price, executed_price, tx_hash, detail';

const STATEMENTS = {
  insert: { columns: INSERT_COLUMNS, names: INSERT_NAMES, row: insertRow, sql: INSERT_FROM },
  step: { columns: STEP_COLUMNS, names: STEP_NAMES, row: stepRow, sql: STEP_FROM },
};

const parameters = (columns, suffix) => columns.map((type, i) => `$${i + 1}::${type}${suffix}`);

async function connect(url, options) {
  const client = new pg.Client({ connectionString: url, ...options });
  client.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  await client.connect();
  await client.query('set synchronous_commit = on');
  return client;
}

// A row a statement. Connections are taken in turn, and each has several statements under way when
// it is pipelined; else the pool gives a free one.
class SingleWriter {
  constructor(kind, clients) {
    const { columns, names, row, sql } = STATEMENTS[kind];
    this.row = row;
    this.clients = clients;
    this.next = 0;
    const values = parameters(columns, '').join(', ');
    this.statement = {
      name: `${kind}_one`,
      text: sql(`select * from (values (${values})) as i(${names})`),
    };
  }

  async write(record) {
    const client = this.clients[this.next++ % this.clients.length];
    const { rowCount } = await client.query({ ...this.statement, values: this.row(record) });
    return rowCount === 1;
  }
}

// Many rows a statement: what comes in while a statement is under way waits for the next one.
class BatchWriter {
  constructor(kind, clients, batchMax) {
    const { columns, names, row, sql } = STATEMENTS[kind];
    this.row = row;
    this.width = columns.length;
    this.batchMax = batchMax;
    this.idle = [...clients];
    this.waiting = [];
    const arrays = parameters(columns, '[]').join(', ');
    this.statement = {
      name: `${kind}_many`,
      text: sql(`select * from unnest(${arrays}) as i(${names})`),
    };
  }

  write(record) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ record, resolve, reject });
      if (this.idle.length > 0 && !this.soon) {
        this.soon = true; // what this turn of the event loop brings goes together
        setImmediate(() => this.flush());
      }
    });
  }

  flush() {
    this.soon = false;
    while (this.idle.length > 0 && this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.batchMax);
      const client = this.idle.pop();
      this.send(client, batch).finally(() => {
        this.idle.push(client);
        this.flush();
      });
    }
  }

  async send(client, batch) {
    const values = Array.from({ length: this.width }, () => new Array(batch.length));
    batch.forEach(({ record }, i) => {
      this.row(record).forEach((value, column) => (values[column][i] = value));
    });
    try {
      const { rows } = await client.query({ ...this.statement, values, rowMode: 'array' });
      const written = new Set(rows.map(([id]) => id));
      for (const { record, resolve } of batch) resolve(written.has(record.id));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

export class Store {
  static async open({ databaseUrl, connections, pipeline, batchMax }) {
    const store = new Store();
    const options = { pipeline };
    const some = (count) =>
      Promise.all(Array.from({ length: count }, () => connect(databaseUrl, options)));
    if (batchMax > 1) {
      store.inserts = new BatchWriter('insert', await some(connections), batchMax);
      store.steps = new BatchWriter('step', await some(connections), batchMax);
    } else {
      const clients = await some(connections);
      store.inserts = new SingleWriter('insert', clients);
      store.steps = new SingleWriter('step', clients);
    }
    store.reader = await connect(databaseUrl, {});
    return store;
  }

  // Makes the tables.
  migrate() {
    return this.reader.query(fs.readFileSync(new URL('schema.sql', import.meta.url), 'utf8'));
  }

  insert(order) {
    return this.inserts.write(order);
  }

  // False: the order is not in the state that the step starts from.
  step(step) {
    return this.steps.write(step);
  }

  async get(id) {
    const { rows } = await this.reader.query({
      name: 'get',
      text: `select o.*, (select json_agg(json_build_object('status', e.status, 'timestamp', e.at)
        order by e.seq) from order_events e where e.order_id = o.id) as history
        from orders o where o.id = $1::uuid`,
      values: [id],
    });
    return rows[0];
  }
}
