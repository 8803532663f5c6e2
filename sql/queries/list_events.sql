-- Lists events by position, each with its order.
-- Parameters: the position after which to begin, limit.
-- Rows: views, marked with the event's seq.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
prepare list_events (bigint, bigint) as
with picked as (
    select seq as mark, position as place, order_id as id
    from order_events where position > $1::bigint order by position limit $2::bigint
)
:views;
