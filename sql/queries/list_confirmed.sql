-- Lists orders that clients are shown as confirmed, newest first: finalized, or confirmed and not
-- final.
-- Parameters: limit; names of the states, commas between them.
-- Rows: views.
\set terms `cat sql/parts/terms.sql`
\set views `cat sql/parts/views.sql`
\set owners `cat sql/parts/owners.sql`
prepare list_confirmed (bigint, text) as
with recursive :owners,
picked as (
    select c.seq as mark, row_number() over (order by c.id desc) as place, c.id
    from (
        (
            select id, seq from orders where outcome >= 'finalized' and outcome <= 'finalized'
            order by outcome desc, id desc limit $1::bigint
        )
        union all
        (
            select p.id, p.seq from owners w
            cross join lateral (
                select id, seq from orders
                where outcome is null and owner >= w.owner and owner <= w.owner
                    and ($2::text = '' or status = any(string_to_array($2::text, ',')))
                order by owner desc, id desc limit $1
            ) p
            order by p.id desc limit $1
        )
    ) c
    order by c.id desc limit $1
)
:views;
