-- Looks at the orders of steps that were not taken. A statement of its own, since it has to see
-- what was committed while the step waited for a lock.
-- Parameters: ids.
-- Rows: the place among the parameters, and what the order holds now.
\set waits `cat sql/parts/waits.sql`
prepare look (uuid[]) as
with :waits
select i.ord, e.seq, e.position, (extract(epoch from e.at) * 1000000)::bigint, o.status, o.attempt,
    o.epoch, (
        select s.learnt -> 0 ->> 'signature' from order_events s
        where s.order_id = o.id and s.attempt = o.attempt
            and s.learnt -> 0 ->> 'signature' is not null
        limit 1
    )
from unnest($1::uuid[]) with ordinality as i(id, ord)
join orders o on o.id = i.id
join order_events e on e.order_id = o.id and e.seq = o.seq
where (select at from waits) is not null;
