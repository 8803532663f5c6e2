-- Who takes orders, and whether it lives. sql/README.md says how ownership is judged.

-- An incarnation of an execution instance, from its first beat until a day after its last one. All
-- times are of PostgreSQL's clock.
create table instances (
    owner       text        primary key, -- as orders.owner: its name, a slash, its own digits
    name        text        not null,    -- the latest incarnation of a name is the only one alive
    number      bigint      not null generated always as identity, -- later is higher
    lease       interval    not null,    -- silent for longer, it is not alive
    alive_since timestamptz not null,    -- its name has beaten since then without so long a silence
    beat_at     timestamptz not null,    -- its last beat
    leaving     boolean     not null     -- it gives its orders away, and never takes that back
) with (fillfactor = 10);

-- Unfinished orders by owner: from owner to owner, and to the orders of each. It serves all that
-- their index by id alone did.
create index orders_owned on orders (owner, id) where outcome is null;
drop index orders_unfinished;
