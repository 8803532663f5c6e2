-- Lists orders, newest first.
-- Parameters: limit.
-- Rows: views.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
prepare list_all (bigint) as
with picked as (
    select seq as mark, row_number() over (order by id desc) as place, id
    from orders order by id desc limit $1::bigint
)
:views;
