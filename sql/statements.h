/* Every statement that the engine runs, once. The tables are in the migrations beside this file.

   Parameters are binary: arrays of one element per row for the batches, scalars for the queries.
   Results are text. Each statement is a transaction of its own. */
#ifndef DV_SQL_STATEMENTS_H
#define DV_SQL_STATEMENTS_H

/* Microseconds since 1970, exactly: extract gives a numeric. */
#define DV_SQL_US(time) "(extract(epoch from " time ") * 1000000)::bigint"

/* The columns of dv_terms, in its order. */
#define DV_SQL_TERMS                                                                               \
    "o.id, o.client_order_id, o.user_id, o.order_type, o.swap_mode, o.token_in, o.token_out,"      \
    " o.amount, o.slippage_bps, o.style, o.amount_input, " DV_SQL_US("o.created_at")

/* The columns of dv_event, in its order. */
#define DV_SQL_EVENT "e.seq, e.position, e.status, e.attempt, " DV_SQL_US("e.at")

/* Views, a row for each event, with the newest position of the same snapshot; a row of its own when
   there is no order. The limit is the messages' own, and tells the planner to look each order up.
   picked: a query for (mark, place, id), mark being handed through and place giving the order. */
#define DV_SQL_VIEWS(picked)                                                                       \
    "select h.position, p.mark, o.owner, " DV_SQL_TERMS ", " DV_SQL_EVENT ", e.learnt"             \
    " from event_stream h left join (" picked ") p on true left join orders o on o.id = p.id"      \
    " left join lateral (select * from order_events v where v.order_id = o.id"                     \
    " order by v.seq limit 64) e on true order by p.place, e.seq"

/* Makes a look at what an earlier request may have committed wait as its commit had to: for the
   standbys, if any. A connection that is lost while a commit waits for them leaves it visible. */
#define DV_SQL_WAITS                                                                               \
    "with waits as materialized (select pg_logical_emit_message(true, 'drover', '') as at) "

/* Whether an instance i has a later incarnation that has been heard of within its lease. A first
   beat of one that died may come after that of its successor, and must not shut that out for good.
 */
#define DV_SQL_SUPERSEDED                                                                          \
    "exists (select from instances later where later.name = i.name and later.number > i.number"    \
    " and later.beat_at + later.lease > now())"

/* Whether an instance i is alive: heard of within its lease, not leaving, the last of its name. */
#define DV_SQL_ALIVE "(i.beat_at + i.lease > now() and not i.leaving and not " DV_SQL_SUPERSEDED ")"

/* The instance $1, if it is alive. */
#define DV_SQL_ME                                                                                  \
    "me as (select i.* from instances i where i.owner = $1::text and " DV_SQL_ALIVE ")"

/* Whether an order is in one of the states named by $2, commas between them; in any if by none. */
#define DV_SQL_STATUS "($2::text = '' or status = any(string_to_array($2::text, ',')))"

/* Every owner of unfinished orders, and a null: one index look-up each, from one to the next. */
#define DV_SQL_OWNERS                                                                              \
    "owners as ((select owner from orders where outcome is null order by owner limit 1)"           \
    " union all select (select n.owner from orders n where n.outcome is null"                      \
    " and n.owner > w.owner order by n.owner limit 1) from owners w where w.owner is not null)"

/* The owners whose orders `me` may claim: those that leave, earlier incarnations of its own name,
   and any that is not alive once `me` itself has been for half its lease. For when PostgreSQL comes
   back from an outage, whoever beats first finds all others silent; they beat five times a lease.
 */
#define DV_SQL_ORPHANS                                                                             \
    "orphans as (select w.owner from owners w cross join me m"                                     \
    " left join instances i on i.owner = w.owner where w.owner <> m.owner and (i.leaving"          \
    " or (split_part(w.owner, '/', 1) = m.name and (i.owner is null or i.number < m.number))"      \
    " or (m.alive_since + m.lease / 2 <= now() and (i.owner is null or not " DV_SQL_ALIVE "))))"

/* When the orders of each other owner become orphans for `me`, unless that owner beats before. */
#define DV_SQL_ORPHANED                                                                            \
    "orphaned as (select greatest(i.beat_at + i.lease, m.alive_since + m.lease / 2) as at"         \
    " from owners w cross join me m left join instances i on i.owner = w.owner"                    \
    " where w.owner <> m.owner and not m.leaving)"

/* Gives the orders picked to $1: whether `me` is alive, then the jobs, a row for each event that
   taught of the current attempt, or a row of nulls. An order that took a step after the statement
   began is locked as it is now, but its events would be read as they were then: such a one is left
   for the next claim. */
#define DV_SQL_CLAIMED                                                                             \
    "o as (update orders u set owner = $1, epoch = u.epoch + 1 from picked p"                      \
    " where u.id = p.id and u.seq = p.seq returning u.*)"                                          \
    " select (select count(*) from me), o.status, o.attempt, o.epoch, " DV_SQL_TERMS               \
    ", e.learnt, encode(e.transaction, 'hex') from (select) one left join o on true"               \
    " left join lateral (select * from order_events v where v.order_id = o.id"                     \
    " and v.attempt = o.attempt and v.learnt is not null order by v.seq limit 64) e on true"       \
    " order by o.id, e.seq"

/* An order is one of an owner w. Written so, the rows of the index come in the order of all its
   columns, which no other index gives: for an equality the planner may well walk through all
   orders, newest first, until it has met as many as it was asked for. Other lists do the same. */
#define DV_SQL_OF_OWNER "outcome is null and owner >= w.owner and owner <= w.owner"

/* X(NAME, parameters, statement). */
#define DV_STATEMENTS(X)                                                                           \
    /* rows of insert_request → ord and first event of those that were new. Sorted, so that two    \
       batches with the same keys wait for each other in one direction only, and of two orders     \
       with the same key the first is stored. */                                                   \
    X(INSERT, 13,                                                                                  \
      "with input as (select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[],"      \
      " $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[],"            \
      " $11::text[], $12::timestamptz[], $13::text[]) with ordinality as i(id, client_order_id,"   \
      " user_id, order_type, swap_mode, token_in, token_out, amount, slippage_bps, style,"         \
      " amount_input, created_at, owner, ord)),"                                                   \
      " inserted as (insert into orders (id, client_order_id, user_id, order_type, swap_mode,"     \
      " token_in, token_out, amount, slippage_bps, style, amount_input, status, owner,"            \
      " created_at, updated_at)"                                                                   \
      " select id, client_order_id, user_id, order_type, swap_mode, token_in, token_out,"          \
      " amount::numeric, slippage_bps, style, amount_input, 'pending', owner, created_at,"         \
      " created_at from input order by coalesce(user_id, ''), client_order_id, ord"                \
      " on conflict do nothing returning id),"                                                     \
      " ranked as (select i.ord, i.id, i.created_at, row_number() over (order by i.ord) as rank"   \
      " from inserted n join input i on i.id = n.id),"                                             \
      " total as (select count(*) as n from ranked),"                                              \
      " stream as (update event_stream h set position = h.position + t.n,"                         \
      " pending = h.pending + t.n from total t where t.n > 0 returning h.position - t.n as base)," \
      " events as (insert into order_events (order_id, seq, position, status, attempt, at)"        \
      " select id, 1, base + rank, 'pending', 0, created_at from ranked cross join stream)"        \
      " select ord, 1, base + rank, " DV_SQL_US("created_at") ", 'pending', 0"                     \
      " from ranked cross join stream")                                                            \
    /* ids, users, keys of order_inserts that were not new → views of the orders in their way:   \
       the same id if there is one, else the holder of the key. */                                 \
    X(FIND, 3,                                                                                     \
      DV_SQL_WAITS DV_SQL_VIEWS(                                                                   \
          "select i.ord as mark, i.ord as place, f.id"                                             \
          " from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality"                       \
          " as i(id, user_id, client_order_id, ord) cross join lateral"                            \
          " (select 1 as rank, b.id from orders b where b.id = i.id"                               \
          " union all select 2, k.id from orders k"                                                \
          " where coalesce(k.user_id, '') = coalesce(i.user_id, '')"                               \
          " and k.client_order_id = i.client_order_id order by rank limit 1) f"                    \
          " where (select at from waits) is not null"))                                            \
    /* rows of step_request → ord and event of those that found their order in the state, attempt  \
       and epoch they expected. What a step teaches is written with its event, once. They are      \
       ranked before `stream` locks its row, for which others wait, and in any order, since no two \
       are of one order. */                                                                        \
    X(STEP, 10,                                                                                    \
      "with step as (select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[],"       \
      " $5::bigint[], $6::bigint[], $7::timestamptz[], $8::timestamptz[], $9::text[],"             \
      " $10::bytea[]) with ordinality as s(id, epoch, from_status, to_status, from_attempt,"       \
      " to_attempt, at, due_at, learnt, transaction, ord)),"                                       \
      " moved as (update orders o set status = s.to_status, attempt = s.to_attempt,"               \
      " outcome = case when s.to_status in ('finalized', 'failed', 'cancelled', 'expired')"        \
      " then s.to_status end,"                                                                     \
      " seq = o.seq + 1, updated_at = greatest(o.updated_at, s.at),"                               \
      " retry_at = case when s.to_status = 'routing' then s.due_at end"                            \
      " from step s where o.id = s.id and o.status = s.from_status"                                \
      " and o.attempt = s.from_attempt and o.epoch = s.epoch"                                      \
      " returning s.ord, s.from_status, o.id, o.status, o.attempt, o.seq, o.updated_at,"           \
      " s.learnt::json, s.transaction),"                                                           \
      " ranked as (select *, row_number() over () as rank from moved),"                            \
      " total as (select count(*) as n, count(*) filter (where from_status = 'pending') as left_," \
      " count(*) filter (where status = 'finalized') as finalized, count(*) filter"                \
      " (where status in ('failed', 'cancelled', 'expired')) as failed from ranked),"              \
      " stream as (update event_stream h set position = h.position + t.n,"                         \
      " pending = h.pending - t.left_, finalized = h.finalized + t.finalized,"                     \
      " failed = h.failed + t.failed,"                                                             \
      " active = h.active + t.left_ - t.finalized - t.failed"                                      \
      " from total t where t.n > 0 returning h.position - t.n as base),"                           \
      " events as (insert into order_events (order_id, seq, position, status, attempt, at,"        \
      " learnt, transaction) select id, seq, base + rank, status, attempt, updated_at, learnt,"    \
      " transaction from ranked cross join stream)"                                                \
      " select ord, seq, base + rank, " DV_SQL_US("updated_at") ", status, attempt"                \
      " from ranked cross join stream")                                                            \
    /* ids of steps that found something else → ord, and what their orders hold now. A statement \
       of its own, since it has to see what was committed while the step waited for a lock. */     \
    X(LOOK, 1,                                                                                     \
      DV_SQL_WAITS                                                                                 \
      "select i.ord, e.seq, e.position, (extract(epoch from e.at) * 1000000)::bigint,"             \
      " o.status, o.attempt, o.epoch, (select s.learnt -> 0 ->> 'signature' from order_events s"   \
      " where s.order_id = o.id and s.attempt = o.attempt"                                         \
      " and s.learnt -> 0 ->> 'signature' is not null limit 1)"                                    \
      " from unnest($1::uuid[]) with ordinality as i(id, ord) join orders o on o.id = i.id"        \
      " join order_events e on e.order_id = o.id and e.seq = o.seq"                                \
      " where (select at from waits) is not null")                                                 \
    /* owner, name, lease in ms, 1 for leaving → 1 if alive, 1 if there are orders it may claim, \
       ms until there may be some next, or 0. One that succeeds another of its name within that    \
       one's lease goes on where it stood: PostgreSQL was there for both. An incarnation that is   \
       superseded stays as it is. Those silent for a day go. */                                    \
    X(BEAT, 4,                                                                                     \
      "with recursive " DV_SQL_OWNERS ","                                                          \
      " me as (insert into instances as b (owner, name, lease, alive_since, beat_at, leaving)"     \
      " select $1::text, $2::text, ($3::bigint::text || ' ms')::interval, coalesce((select"        \
      " i.alive_since from instances i where i.name = $2 and i.beat_at + i.lease > now()"          \
      " order by i.number desc limit 1), now()), now(),"                                           \
      " $4::bigint <> 0 where not exists"                                                          \
      " (select from instances i where i.owner = $1 and " DV_SQL_SUPERSEDED ")"                    \
      " on conflict (owner) do update set lease = excluded.lease, alive_since ="                   \
      " case when b.beat_at + b.lease < now() then now() else b.alive_since end,"                  \
      " beat_at = greatest(b.beat_at, now()), leaving = b.leaving or excluded.leaving"             \
      " returning *), " DV_SQL_ORPHANS ", " DV_SQL_ORPHANED ","                                    \
      " silent as (select i.owner from instances i where i.beat_at < now() - interval '1 day'"     \
      " and i.owner <> $1 and not exists (select from owners w where w.owner = i.owner)"           \
      " for update skip locked),"                                                                  \
      " gone as (delete from instances i using silent s where i.owner = s.owner)"                  \
      " select (select count(*) from me),"                                                         \
      " (select count(*) from me where not leaving and exists (select from orphans)),"             \
      " (select coalesce(ceil(extract(epoch from min(at) - now()) * 1000), 0)::bigint"             \
      " from orphaned where at > now())")                                                          \
    /* owner, limit → 1 if alive, and jobs by id, of owners that are gone. What is being changed \
       just now is left for the next claim. Without an order by, so that only orders_owned serves; \
       the page is written out, so that no plan joins it with all orders.                          \
     */                                                                                            \
    X(CLAIM_ORPHANS, 2,                                                                            \
      "with recursive " DV_SQL_OWNERS ", " DV_SQL_ME ", " DV_SQL_ORPHANS ","                       \
      " picked as materialized (select id, seq from (select p.id, p.seq from orphans w cross "     \
      "join lateral"                                                                               \
      " (select id, seq from orders where outcome is null and owner = w.owner"                     \
      " limit 500 for update skip locked) p limit 500) page limit $2::bigint), " DV_SQL_CLAIMED)   \
    /* owner, ids, epochs → the same, of its own orders. */                                      \
    X(CLAIM_LISTED, 3,                                                                             \
      "with " DV_SQL_ME ","                                                                        \
      " picked as materialized (select t.id, t.seq from me m"                                      \
      " cross join unnest($2::uuid[], $3::bigint[]) l(id, epoch)"                                  \
      " join orders t on t.id = l.id and t.epoch = l.epoch and t.owner = m.owner"                  \
      " where t.outcome is null order by l.id for update of t skip locked), " DV_SQL_CLAIMED)      \
    /* owner, age in ms, after, limit → its unfinished orders without a step for so long, and    \
       those whose last step bears a time to come: a clock was wrong, and hides their age. */      \
    X(OWNED, 4,                                                                                    \
      "select id, epoch, (extract(epoch from updated_at) * 1000000)::bigint from orders"           \
      " where outcome is null and owner = $1::text"                                                \
      " and (updated_at <= now() - ($2::bigint::text || ' ms')::interval or updated_at > now())"   \
      " and id > $3::uuid order by id limit $4::bigint")                                           \
    /* before, after, limit → orders whose attempt is due. */                                    \
    X(WAITING, 3,                                                                                  \
      "select id, attempt, " DV_SQL_US(                                                            \
          "retry_at") ", owner from orders where retry_at is not null"                             \
                      " and retry_at < $1::timestamptz and id > "                                  \
                      "$2::uuid order by id limit $3::bigint")                                     \
    /* id → its view. */                                                                         \
    X(GET, 1, DV_SQL_VIEWS("select seq as mark, 1 as place, id from orders where id = $1::uuid"))  \
    /* limit → views, newest first. */                                                           \
    X(LIST_ALL, 1,                                                                                 \
      DV_SQL_VIEWS("select seq as mark, row_number() over (order by id desc) as place, id"         \
                   " from orders order by id desc limit $1::bigint"))                              \
    /* limit, states' names → the same, unfinished ones only: the newest of each owner's. */     \
    X(LIST_UNFINISHED, 2,                                                                          \
      "with recursive " DV_SQL_OWNERS " " DV_SQL_VIEWS(                                            \
          "select p.seq as mark, row_number() over (order by p.id desc) as place, p.id"            \
          " from owners w cross join lateral (select id, seq from orders"                          \
          " where " DV_SQL_OF_OWNER " and " DV_SQL_STATUS                                          \
          " order by owner desc, id desc limit $1::bigint) p order by p.id desc limit $1"))        \
    /* limit, states' names → the same, those shown as confirmed: finalized, or confirmed and not final. */                  \
    X(LIST_CONFIRMED, 2,                                                                           \
      "with recursive " DV_SQL_OWNERS " " DV_SQL_VIEWS(                                            \
          "select c.seq as mark, row_number() over (order by c.id desc) as place, c.id from"       \
          " ((select id, seq from orders where outcome >= 'finalized' and outcome <= 'finalized'"  \
          " order by outcome desc, id desc"                                                        \
          " limit $1::bigint) union all (select p.id, p.seq from owners w cross join lateral"      \
          " (select id, seq from orders where " DV_SQL_OF_OWNER " and " DV_SQL_STATUS              \
          " order by owner desc, id desc limit $1) p order by p.id desc limit $1)) c"              \
          " order by c.id desc limit $1"))                                                         \
    /* limit, terminal state's name → the same, those that ended so. */                          \
    X(LIST_FINISHED, 2,                                                                            \
      DV_SQL_VIEWS("select seq as mark, row_number() over (order by outcome desc, id desc) as"     \
                   " place, id from orders where outcome >= $2::text and outcome <= $2"            \
                   " order by outcome desc, id desc limit $1::bigint"))                            \
    /* limit, states' names, user, 1 for unfinished ones only → the same of a user. */           \
    X(LIST_USER, 4,                                                                                \
      DV_SQL_VIEWS("select seq as mark, row_number() over (order by user_id desc, id desc) as"     \
                   " place, id from orders where user_id >= $3::text and user_id <= $3"            \
                   " and " DV_SQL_STATUS " and ($4::bigint = 0 or outcome is null)"                \
                   " order by user_id desc, id desc limit $1::bigint"))                            \
    /* position, limit → the orders of the events above it, once for each event. */              \
    X(EVENTS, 2,                                                                                   \
      DV_SQL_VIEWS("select seq as mark, position as place, order_id as id from order_events"       \
                   " where position > $1::bigint order by position limit $2::bigint"))             \
    /* → waiting, active, completed, failed. An attempt that waits stands in an active state. */ \
    X(STATS, 0,                                                                                    \
      "select h.pending + w.n, h.active - w.n, h.finalized, h.failed from event_stream h,"         \
      " (select count(*) as n from orders where retry_at is not null) w")

/* Asked once of each connection → whether it is read-only, whether the server flushes, and
   synchronous_commit as it is from now on: whoever is told of a commit may rely on it, whatever the
   server's default or the URL says. To wait for a standby to apply as well is more, and left. */
#define DV_SQL_CHECK                                                                               \
    "select current_setting('transaction_read_only'), current_setting('fsync'),"                   \
    " set_config('synchronous_commit',"                                                            \
    " case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply'"          \
    " else 'on' end, false)"

/* Migration (actors/persistence/pg/migrate.c). The lock's number is "drover" in ASCII. */
#define DV_SQL_MIGRATE_LOCK "select pg_advisory_lock(110442659079538)"
#define DV_SQL_MIGRATE_TABLE                                                                       \
    "create table if not exists schema_migrations ("                                               \
    " number integer primary key, name text not null, applied_at timestamptz not null"             \
    " default now())"
#define DV_SQL_MIGRATE_NEWEST "select coalesce(max(number), 0) from schema_migrations"
#define DV_SQL_MIGRATE_HAS "select 1 from schema_migrations where number = $1::integer"
#define DV_SQL_MIGRATE_NOTE                                                                        \
    "insert into schema_migrations (number, name) values ($1::integer, $2::text)"

#endif
