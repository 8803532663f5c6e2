// Fills an engine's database with finished orders, as many millions as one likes: copies of orders
// that the engine itself executed, each with an id, times, a user and positions of its own. Written
// without a write-ahead log and indexed afterwards, since only the outcome is of interest.

import fs from 'node:fs';
import os from 'node:os';

import { run } from '../tests/system/harness.mjs';

const TEMPLATES = 256; // orders that are copied
const EVENTS = 5; // of each order
const USERS = 10_000;
const FAILED_EVERY = 33; // so many orders, one has failed
const BYTES_EACH = 3500; // of disk for an order, while its tables are made
const DAYS = 90; // that the orders are spread over, up to now
const FILL_MS = 3_600_000; // the longest that a statement may take

const TABLES = ['orders', 'order_events'];

// What is not copied but made from the number i of an order. Of order_events t.seq is the event's.
const failed = (i) => `(${i} % ${FAILED_EVERY} = 0)`;
const id = `(lpad(to_hex(at_ms), 12, '0') || '7' || substr(hash, 1, 3) || 'b' || substr(hash, 5, 15))::uuid`;
const at = "(to_timestamp(at_ms / 1000.0) + interval '1 ms' * ";
const ended = (column) => `case when ${failed('i')} then 'failed' else t.${column} end`;
const MADE = {
  orders: {
    id,
    user_id: `'user_' || abs(hashint8(i) % ${USERS})`,
    status: ended('status'),
    outcome: ended('outcome'),
    created_at: `${at} 0)`,
    updated_at: `${at} 2800)`,
  },
  order_events: {
    order_id: id,
    position: `(i - 1) * ${EVENTS} + t.seq`,
    status: `case when t.seq = ${EVENTS} and ${failed('i')} then 'failed' else t.status end`,
    at: `${at} 700 * (t.seq - 1))`,
  },
};

// Runs statements in one session, however long they take.
async function session(url, statements) {
  const args = ['-XAtq', '-F', ' ', '-v', 'ON_ERROR_STOP=1', '-d', url];
  return run('psql', [...args, ...statements.flatMap((text) => ['-c', text])], { timeout: FILL_MS });
}

const column = async (url, query) => (await session(url, [query])).split('\n').filter(Boolean);

// Has the engine execute some orders and keeps copies of them, numbered from 0, apart.
async function templates(engine) {
  for (let i = 0; i < TEMPLATES; i++) await engine.api.order({ amount: `0.${10 + (i % 60)}` });
  await engine.idle();
  await session(engine.databaseUrl, [
    'create schema bench',
    `create table bench.chosen as select row_number() over () - 1 as k, id from orders o
      where status = 'finalized' and
        (select count(*) from order_events e where e.order_id = o.id) = ${EVENTS}`,
    ...TABLES.map((table) => {
      const key = table === 'orders' ? 'id' : 'order_id';
      return `create table bench.${table} as
        select c.k, t.* from ${table} t join bench.chosen c on c.id = t.${key}`;
    }),
  ]);
}

// Statements that take a table's indexes away, and those that make them again.
async function indexes(url, table) {
  const constraints = await column(
    url,
    `select format('alter table %1$s drop constraint %2$I|alter table %1$s add constraint %2$I %3$s',
      conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
      where conrelid = '${table}'::regclass and contype in ('p', 'u')`,
  );
  const others = await column(
    url,
    `select format('drop index %s|%s', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid))
      from pg_index i left join pg_constraint c on c.conindid = i.indexrelid
      where i.indrelid = '${table}'::regclass and c.oid is null`,
  );
  const pairs = [...constraints, ...others].map((line) => line.split('|'));
  return { drop: pairs.map(([drop]) => drop), make: pairs.map(([, make]) => make) };
}

// One table: emptied and filled in one transaction, so that nothing of it needs logging.
// first: milliseconds since 1970 of the oldest order, the same for all tables, since ids hold it.
async function fillTable(url, table, count, first) {
  const columns = await column(
    url,
    `select attname from pg_attribute where attrelid = '${table}'::regclass and attnum > 0
      and not attisdropped order by attnum`,
  );
  const values = columns.map((name) => MADE[table][name] ?? `t.${name}`);
  const { drop, make } = await indexes(url, table);
  const span = `${DAYS}::bigint * 86400000`;
  await session(url, [
    "set maintenance_work_mem = '1GB'",
    `begin; truncate ${table}; ${drop.map((text) => `${text};`).join(' ')}
      insert into ${table} (${columns.join(', ')})
      select ${values.join(', ')} from generate_series(1::bigint, ${count}) i
      cross join lateral (select ${first}::bigint + i * ${span} / ${count} as at_ms, md5(i::text) as hash
        offset 0) made
      join bench.${table} t on t.k = i % (select count(*) from bench.chosen);
      commit`,
    ...make,
    `vacuum (freeze, analyze) ${table}`,
  ]);
}

// Fills the database of an engine that has never run. count: orders. The engine is stopped then.
// Returns the seconds that it took, and the bytes that the database has.
export async function fill(stage, engine, count) {
  const { bavail, bsize } = fs.statfsSync(os.tmpdir());
  if (bavail * bsize < count * BYTES_EACH) {
    throw new Error(`${count} orders need ${Math.ceil((count * BYTES_EACH) / 1e9)} GB of disk`);
  }
  await engine.start();
  await templates(engine);
  await engine.stop();
  const began = performance.now();
  const url = engine.databaseUrl;
  await stage.restartPostgres(['wal_level=minimal', 'max_wal_senders=0']);
  const first = Date.now() - DAYS * 86_400_000;
  const one = (table) => fillTable(url, table, count, first);
  await Promise.all(TABLES.map(one));
  const failures = Math.floor(count / FAILED_EVERY);
  await session(url, [
    `update event_stream set position = ${EVENTS * count}, pending = 0, active = 0,
      finalized = ${count - failures}, failed = ${failures}`,
    'drop schema bench cascade',
    'checkpoint',
  ]);
  await stage.restartPostgres();
  const [bytes] = await column(url, 'select pg_database_size(current_database())');
  return { seconds: (performance.now() - began) / 1000, bytes: Number(bytes) };
}

