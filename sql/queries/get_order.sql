-- Reads one order.
-- Parameters: id.
-- Rows: its view.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
prepare get_order (uuid) as
with picked as (select seq as mark, 1 as place, id from orders where id = $1::uuid)
:views;
