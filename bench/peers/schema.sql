-- The orders of the engine that Drover is compared with, and their history. Fill factor and indexes
-- leave its updates HOT, as Drover's do.
create table if not exists orders (
    id             uuid primary key,
    user_id        text,
    token_in       text           not null,
    token_out      text           not null,
    amount         numeric(30, 9) not null,
    slippage       numeric(6, 5)  not null,
    status         text           not null,
    dex            text,
    quoted_price   numeric(30, 9),
    executed_price numeric(30, 9),
    tx_hash        text,
    created_at     timestamptz    not null,
    updated_at     timestamptz    not null
) with (fillfactor = 50);

create table if not exists order_events (
    order_id uuid        not null,
    seq      integer     not null,
    status   text        not null,
    detail   text,
    at       timestamptz not null,
    primary key (order_id, seq)
);
