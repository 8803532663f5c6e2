-- Gives an instance orders whose owners are gone.
-- Parameters: owner, limit.
-- Rows: 1 if the owner is alive, and the jobs by id; a row of nulls when there is none.
--
-- What is being changed just now is left for the next claim. There is no order by, so that only
-- orders_owned serves; the page is materialized, so that no plan joins it with all orders.
\set terms `cat sql/parts/terms.sql`
\set superseded `cat sql/parts/superseded.sql`
\set alive `cat sql/parts/alive.sql`
\set me `cat sql/parts/me.sql`
\set owners `cat sql/parts/owners.sql`
\set orphans `cat sql/parts/orphans.sql`
\set claimed `cat sql/parts/claimed.sql`
prepare claim_orphans (text, bigint) as
with recursive :owners,
:me,
:orphans,
picked as materialized (
    select id, seq from (
        select p.id, p.seq from orphans w
        cross join lateral (
            select id, seq from orders where outcome is null and owner = w.owner
            limit 500 for update skip locked
        ) p
        limit 500
    ) page
    limit $2::bigint
),
:claimed;
