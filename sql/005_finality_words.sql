-- Finality gets Solana's words. The state that was called confirmed is finalized: the chain keeps the
-- trade for ever. The state that was called landed is confirmed: the chain may still drop the trade.
-- Clients go on seeing both as confirmed (proto/state.h).
--
-- A process of an earlier version would misread the new words. The migration waits until each has
-- ended, for 30 s at most.
do $$
declare
    alive text;
begin
    for i in 1 .. 300 loop
        select string_agg(owner, ', ' order by owner) into alive from instances
            where beat_at + lease > clock_timestamp() and not leaving;
        exit when alive is null;
        perform pg_sleep(0.1);
    end loop;
    if alive is not null then
        raise exception 'instances of an earlier version are running, end them first: %', alive;
    end if;
end $$;

lock table orders, order_events, event_stream in access exclusive mode;
alter table orders drop constraint orders_status_check;
update orders set status = 'finalized', outcome = 'finalized' where outcome = 'confirmed';
update orders set status = 'confirmed' where status = 'landed' and outcome is null;
update order_events set status = case status when 'landed' then 'confirmed' else 'finalized' end
    where status in ('landed', 'confirmed');
-- Not valid: the updates above wrote every row that the new words concern.
alter table orders add constraint orders_status_check check (status in
    ('pending', 'watching', 'routing', 'building', 'submitted', 'confirmed', 'superseded',
     'finalized', 'failed', 'cancelled', 'expired')) not valid;
alter table event_stream rename column confirmed to finalized;
