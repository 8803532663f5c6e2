-- Gives an instance those of its own orders that it lost sight of.
-- Parameters: owner, ids, epochs.
-- Rows: as those of claim_orphans.
\set terms `cat sql/parts/terms.sql`
\set superseded `cat sql/parts/superseded.sql`
\set alive `cat sql/parts/alive.sql`
\set me `cat sql/parts/me.sql`
\set claimed `cat sql/parts/claimed.sql`
prepare claim_listed (text, uuid[], bigint[]) as
with :me,
picked as materialized (
    select t.id, t.seq from me m
    cross join unnest($2::uuid[], $3::bigint[]) l(id, epoch)
    join orders t on t.id = l.id and t.epoch = l.epoch and t.owner = m.owner
    where t.outcome is null
    order by l.id for update of t skip locked
),
:claimed;
