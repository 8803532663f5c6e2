-- Renews the lease of an execution instance.
-- Parameters: owner, name, lease in ms, 1 for leaving.
-- Row: 1 if it is alive; 1 if there are orders that it may claim; ms until there may be some next,
-- or 0.
--
-- An instance that succeeds another of its name within that one's lease goes on where it stood:
-- PostgreSQL was there for both. An incarnation that is superseded stays as it is. Instances that
-- have been silent for a day are deleted.
\set superseded `cat sql/parts/superseded.sql`
\set alive `cat sql/parts/alive.sql`
\set owners `cat sql/parts/owners.sql`
\set orphans `cat sql/parts/orphans.sql`
prepare renew_lease (text, text, bigint, bigint) as
with recursive :owners,
me as (
    insert into instances as b (owner, name, lease, alive_since, beat_at, leaving)
    select $1::text, $2::text, ($3::bigint::text || ' ms')::interval,
        coalesce((
            select i.alive_since from instances i
            where i.name = $2 and i.beat_at + i.lease > now() order by i.number desc limit 1
        ), now()), now(), $4::bigint <> 0
    where not exists (select from instances i where i.owner = $1 and :superseded)
    on conflict (owner) do update set
        lease = excluded.lease,
        alive_since = case when b.beat_at + b.lease < now() then now() else b.alive_since end,
        beat_at = greatest(b.beat_at, now()),
        leaving = b.leaving or excluded.leaving
    returning *
),
:orphans,
-- When the orders of each other owner become orphans, unless that owner beats before.
orphaned as (
    select greatest(i.beat_at + i.lease, m.alive_since + m.lease / 2) as at
    from owners w
    cross join me m
    left join instances i on i.owner = w.owner
    where w.owner <> m.owner and not m.leaving
),
silent as (
    select i.owner from instances i
    where i.beat_at < now() - interval '1 day' and i.owner <> $1
        and not exists (select from owners w where w.owner = i.owner)
    for update skip locked
),
gone as (delete from instances i using silent s where i.owner = s.owner)
select (select count(*) from me),
    (select count(*) from me where not leaving and exists (select from orphans)),
    (
        select coalesce(ceil(extract(epoch from min(at) - now()) * 1000), 0)::bigint
        from orphaned where at > now()
    );
