-- Lists orders whose attempt is due.
-- Parameters: due before, the id after which to begin, limit.
-- Rows: id, attempt, due time, owner.
prepare list_retries (timestamptz, uuid, bigint) as
select id, attempt, (extract(epoch from retry_at) * 1000000)::bigint, owner
from orders
where retry_at is not null and retry_at < $1::timestamptz and id > $2::uuid
order by id limit $3::bigint;
