-- Lists a user's orders, newest first.
-- Parameters: limit; states' names, commas between them, none for any; user; 1 for unfinished only.
-- Rows: views.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
prepare list_user (bigint, text, text, bigint) as
with picked as (
    select seq as mark, row_number() over (order by user_id desc, id desc) as place, id
    from orders
    where user_id >= $3::text and user_id <= $3
        and ($2::text = '' or status = any(string_to_array($2::text, ',')))
        and ($4::bigint = 0 or outcome is null)
    order by user_id desc, id desc limit $1::bigint
)
:views;
