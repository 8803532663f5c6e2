-- Lists unfinished orders, newest first: the newest of each owner's.
-- Parameters: limit; states' names, commas between them, none for any.
-- Rows: views.
--
-- `owner >= w.owner and owner <= w.owner` makes the rows of the index come in the order of all its
-- columns, which no other index gives. For an equality the planner may walk through all orders,
-- newest first, until it has met enough. Other lists do the same.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
\set owners `cat sql/parts/owners.sql`
prepare list_unfinished (bigint, text) as
with recursive :owners,
picked as (
    select p.seq as mark, row_number() over (order by p.id desc) as place, p.id
    from owners w
    cross join lateral (
        select id, seq from orders
        where outcome is null and owner >= w.owner and owner <= w.owner
            and ($2::text = '' or status = any(string_to_array($2::text, ',')))
        order by owner desc, id desc limit $1::bigint
    ) p
    order by p.id desc limit $1
)
:views;
