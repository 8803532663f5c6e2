-- Takes each order a step further, if it stands in the state, attempt and epoch that the step
-- expects, and writes the step's event. What a step teaches is written with its event, once.
-- Parameters: a row for each step_request, by column; no two are of one order.
-- Rows: for each step that was taken its place among the parameters, and its event.
--
-- The steps are ranked before `stream` locks its row, for which other batches wait. Any order of
-- them will do, since no two are of one order.
\set terminal `sh sql/states.sh terminal`
\set lost `sh sql/states.sh lost`
prepare step (uuid[], bigint[], text[], text[], bigint[], bigint[], timestamptz[], timestamptz[],
    text[], bytea[]) as
with step as (
    select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[],
        $6::bigint[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::bytea[])
        with ordinality as s(id, epoch, from_status, to_status, from_attempt, to_attempt, at,
            due_at, learnt, transaction, ord)
),
moved as (
    update orders o set
        status = s.to_status,
        attempt = s.to_attempt,
        outcome = case when s.to_status in (:terminal) then s.to_status end,
        seq = o.seq + 1,
        updated_at = greatest(o.updated_at, s.at),
        retry_at = case when s.to_status = 'routing' then s.due_at end
    from step s
    where o.id = s.id and o.status = s.from_status and o.attempt = s.from_attempt
        and o.epoch = s.epoch
    returning s.ord, s.from_status, o.id, o.status, o.attempt, o.seq, o.updated_at,
        s.learnt::json, s.transaction
),
ranked as (select *, row_number() over () as rank from moved),
total as (
    select count(*) as n,
        count(*) filter (where from_status = 'pending') as left_,
        count(*) filter (where status = 'finalized') as finalized,
        count(*) filter (where status in (:lost)) as failed
    from ranked
),
stream as (
    update event_stream h set
        position = h.position + t.n,
        pending = h.pending - t.left_,
        finalized = h.finalized + t.finalized,
        failed = h.failed + t.failed,
        active = h.active + t.left_ - t.finalized - t.failed
    from total t where t.n > 0
    returning h.position - t.n as base
),
events as (
    insert into order_events (order_id, seq, position, status, attempt, at, learnt, transaction)
    select id, seq, base + rank, status, attempt, updated_at, learnt, transaction
    from ranked cross join stream
)
select ord, seq, base + rank, (extract(epoch from updated_at) * 1000000)::bigint, status, attempt
from ranked cross join stream;
