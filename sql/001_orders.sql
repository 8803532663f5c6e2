-- Orders, their attempts, and the stream of their events. sql/README.md says why the indexes and
-- fill factors are what they are.

-- An order: what it asks for, which never changes, and where it stands, which every step changes.
create table orders (
    id              uuid primary key,
    client_order_id text,
    user_id         text,
    order_type      smallint       not null, -- dv_order_type
    swap_mode       smallint       not null, -- dv_swap_mode
    token_in        text           not null, -- mint
    token_out       text           not null, -- mint
    amount          numeric(20, 0) not null check (amount between 0 and 18446744073709551615),
    slippage_bps    integer        not null check (slippage_bps between 0 and 10000),
    style           smallint       not null, -- dv_style bits
    amount_input    text           not null,
    status          text           not null check (status in
        ('pending', 'watching', 'routing', 'building', 'submitted',
         'confirmed', 'failed', 'cancelled', 'expired')),
    outcome         text check (outcome = status),         -- status once it is terminal
    attempt         smallint       not null default 0,     -- 0 before the first
    seq             integer        not null default 1,     -- of its last event
    owner           text           not null,               -- an execution instance
    epoch           bigint         not null default 1,     -- raised by each change of owner
    retry_at        timestamptz,                           -- when the attempt may begin
    created_at      timestamptz    not null,
    updated_at      timestamptz    not null
) with (fillfactor = 50);

-- An idempotency key is its user's for ever.
create unique index orders_client_order_id on orders (coalesce(user_id, ''), client_order_id)
    where client_order_id is not null;
create index orders_user on orders (user_id, id) where user_id is not null;
create index orders_unfinished on orders (id) where outcome is null;
create index orders_finished on orders (outcome, id) where outcome is not null;
create index orders_retry on orders (id) where retry_at is not null;

-- One pass from routing on, with at most one signed transaction. Absent until something is known.
create table order_executions (
    order_id                uuid        not null,
    attempt                 smallint    not null, -- from 1
    due_at                  timestamptz,          -- quoting starts no sooner
    chosen_dex              text,
    reason                  text,                 -- why it was chosen
    routing_decision        jsonb,                -- {"quotes": [every venue's answer]}
    tx_signature            text,
    transaction             bytea,                -- signed bytes
    last_valid_block_height numeric(20, 0),
    limit_amount            numeric(20, 0),       -- min_amount_out, or max_amount_in if exact out
    amount_in               numeric(20, 0),       -- atoms paid, once landed
    amount_out              numeric(20, 0),       -- atoms received, once landed
    failure_code            smallint,             -- dv_err
    failure_reason          text,
    created_at              timestamptz not null,
    updated_at              timestamptz not null,
    primary key (order_id, attempt)
) with (fillfactor = 50);

-- One committed change of state; never changed afterwards.
create table order_events (
    order_id uuid        not null,
    seq      integer     not null, -- gapless from 1 within the order
    position bigint      not null, -- gapless from 1 over all orders, in order of commit
    status   text        not null, -- the state entered
    attempt  smallint    not null,
    at       timestamptz not null,
    primary key (order_id, seq)
);
create unique index order_events_position on order_events (position);

-- One row. Whoever commits events takes their positions from it, and its lock puts commits in
-- order; it also counts the orders, so that nobody has to.
create table event_stream (
    only_row  boolean primary key default true check (only_row),
    position  bigint  not null, -- of the newest committed event
    pending   bigint  not null, -- orders in this state
    active    bigint  not null, -- orders in watching, routing, building, submitted
    confirmed bigint  not null,
    failed    bigint  not null  -- orders in failed, cancelled, expired
) with (fillfactor = 10);
insert into event_stream (position, pending, active, confirmed, failed) values (0, 0, 0, 0, 0);
