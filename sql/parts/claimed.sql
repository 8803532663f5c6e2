o as (
    update orders u set owner = $1, epoch = u.epoch + 1
    from picked p where u.id = p.id and u.seq = p.seq
    returning u.*
)
select (select count(*) from me), o.status, o.attempt, o.epoch, :terms,
    e.learnt, encode(e.transaction, 'hex')
from (select) one
left join o on true
left join lateral (
    select * from order_events v
    where v.order_id = o.id and v.attempt = o.attempt and v.learnt is not null
    order by v.seq limit 64
) e on true
order by o.id, e.seq
