-- Inserts orders with their first event.
-- Parameters: a row for each insert_request, by column.
-- Rows: for each order that was new its place among the parameters, and its event.
--
-- The orders are sorted by key. So two batches with the same keys wait for each other in one
-- direction only, and of two orders with the same key the first is stored. The events are ranked
-- before `stream` locks its row, for which other batches wait.
prepare insert (uuid[], text[], text[], bigint[], bigint[], text[], text[], text[], bigint[],
    bigint[], text[], timestamptz[], text[]) as
with input as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
        $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::text[],
        $12::timestamptz[], $13::text[])
        with ordinality as i(id, client_order_id, user_id, order_type, swap_mode, token_in,
            token_out, amount, slippage_bps, style, amount_input, created_at, owner, ord)
),
inserted as (
    insert into orders (id, client_order_id, user_id, order_type, swap_mode, token_in, token_out,
        amount, slippage_bps, style, amount_input, status, owner, created_at, updated_at)
    select id, client_order_id, user_id, order_type, swap_mode, token_in, token_out,
        amount::numeric, slippage_bps, style, amount_input, 'pending', owner, created_at, created_at
    from input order by coalesce(user_id, ''), client_order_id, ord
    on conflict do nothing
    returning id
),
ranked as (
    select i.ord, i.id, i.created_at, row_number() over (order by i.ord) as rank
    from inserted n join input i on i.id = n.id
),
total as (select count(*) as n from ranked),
stream as (
    update event_stream h set position = h.position + t.n, pending = h.pending + t.n
    from total t where t.n > 0
    returning h.position - t.n as base
),
events as (
    insert into order_events (order_id, seq, position, status, attempt, at)
    select id, 1, base + rank, 'pending', 0, created_at from ranked cross join stream
)
select ord, 1, base + rank, (extract(epoch from created_at) * 1000000)::bigint, 'pending', 0
from ranked cross join stream;
