select h.position, p.mark, o.owner, :terms,
    e.seq, e.position, e.status, e.attempt, (extract(epoch from e.at) * 1000000)::bigint, e.learnt
from event_stream h
left join picked p on true
left join orders o on o.id = p.id
left join lateral (
    select * from order_events v where v.order_id = o.id order by v.seq limit 64
) e on true
order by p.place, e.seq
