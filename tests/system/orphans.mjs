// Orders whose owner is gone, for whoever asks how they find another.

export const GONE = 'execution/00000000';

// SQL that fills an empty database with `count` pending orders of GONE, as ingest would have had them
// inserted, with their first events.
export const fillOrphans = (count) => `
  with o as (
    insert into orders (id, order_type, swap_mode, token_in, token_out, amount, slippage_bps, style,
        amount_input, status, owner, created_at, updated_at)
    select gen_random_uuid(), 1, 0, 'So11111111111111111111111111111111111111112',
        'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 100000000, 100, 0, '0.1', 'pending',
        '${GONE}', now(), now()
    from generate_series(1, ${count}) returning id, created_at),
  n as (select id, created_at, row_number() over () as position from o),
  e as (insert into order_events (order_id, seq, position, status, attempt, at)
    select id, 1, position, 'pending', 0, created_at from n)
  update event_stream set position = ${count}, pending = ${count}`;

// How many of them are still without an owner.
export async function orphans(engine) {
  return Number((await engine.sql(`select count(*) from orders where owner = '${GONE}'`))[0][0]);
}
