-- Lists an owner's unfinished orders without a step for some time. An order whose last step bears a
-- time to come is listed, too: a clock was wrong, and hides its age.
-- Parameters: owner, age in ms, the id after which to begin, limit.
-- Rows: id, epoch, time of the last step.
prepare list_owned (text, bigint, uuid, bigint) as
select id, epoch, (extract(epoch from updated_at) * 1000000)::bigint
from orders
where outcome is null and owner = $1::text
    and (updated_at <= now() - ($2::bigint::text || ' ms')::interval or updated_at > now())
    and id > $3::uuid
order by id limit $4::bigint;
