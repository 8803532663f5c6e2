-- Lists orders that ended in a state, newest first.
-- Parameters: limit; the terminal state's name.
-- Rows: views.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
prepare list_finished (bigint, text) as
with picked as (
    select seq as mark, row_number() over (order by outcome desc, id desc) as place, id
    from orders where outcome >= $2::text and outcome <= $2
    order by outcome desc, id desc limit $1::bigint
)
:views;
