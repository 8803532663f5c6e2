-- Finds the orders in the way of inserts that were not new: the order of the same id if there is
-- one, else the holder of the key.
-- Parameters: ids, users and keys of the inserts.
-- Rows: views, marked with the place of the insert.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
\set waits `cat sql/parts/waits.sql`
prepare find (uuid[], text[], text[]) as
with :waits,
picked as (
    select i.ord as mark, i.ord as place, f.id
    from unnest($1::uuid[], $2::text[], $3::text[])
        with ordinality as i(id, user_id, client_order_id, ord)
    cross join lateral (
        select 1 as rank, b.id from orders b where b.id = i.id
        union all
        select 2, k.id from orders k
        where coalesce(k.user_id, '') = coalesce(i.user_id, '')
            and k.client_order_id = i.client_order_id
        order by rank limit 1
    ) f
    where (select at from waits) is not null
)
:views;
