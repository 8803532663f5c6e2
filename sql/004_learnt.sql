-- What was learnt about an order's attempts stands with the event that it came with, written once;
-- order_executions was updated by each step, and goes.
--
-- A process of an earlier version would not find what later ones write: it must have ended. For as
-- long as it may only be about to, this waits.
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

alter table order_events
    -- The fields of attempts learnt with it, as proto/message.h names them: [{"number": 1, …}, …],
    -- at most the one that has ended and the one that goes on. Null: nothing was.
    add column learnt      json,
    add column transaction bytea; -- signed bytes, of the attempt

lock table orders, order_executions in access exclusive mode;
update order_events e set transaction = x.transaction,
        learnt = json_build_array(json_strip_nulls(json_build_object(
            'number', x.attempt,
            'due_at_us', (extract(epoch from x.due_at) * 1000000)::bigint,
            'venue', x.chosen_dex,
            'reason', x.reason,
            'quotes', x.routing_decision -> 'quotes',
            'signature', x.tx_signature,
            'last_valid_block_height', x.last_valid_block_height,
            'limit_amount', x.limit_amount,
            'amount_in', x.amount_in,
            'amount_out', x.amount_out,
            'error', x.failure_code,
            'error_text', x.failure_reason)))
    from order_executions x
    where e.order_id = x.order_id and e.attempt = x.attempt
        and e.seq = (select min(f.seq) from order_events f
            where f.order_id = x.order_id and f.attempt = x.attempt);
drop table order_executions;

-- The last of an aggregate's values that is not null.
create function newer(anyelement, anyelement) returns anyelement
    language sql immutable strict parallel safe as 'select $2';
create aggregate newest(anyelement) (sfunc = newer, stype = anyelement);

-- For people: an order's attempts as far as they are known, from what each event taught of them.
create view order_attempts as
select e.order_id,
    a.number                                                        as attempt, -- from 1
    timestamptz 'epoch' + newest(a.due_at_us order by e.seq) * interval '1 us'
                                                                    as due_at,
    newest(a.venue order by e.seq)                                  as chosen_dex,
    newest(a.reason order by e.seq)                                 as reason, -- why it was chosen
    newest(jsonb_build_object('quotes', a.quotes) order by e.seq)
        filter (where a.quotes is not null)                         as routing_decision,
    newest(a.signature order by e.seq)                              as tx_signature,
    newest(e.transaction order by e.seq) filter (where e.attempt = a.number)
                                                                    as transaction,
    newest(a.last_valid_block_height order by e.seq)                as last_valid_block_height,
    newest(a.limit_amount order by e.seq)                           as limit_amount,
    newest(a.amount_in order by e.seq)                              as amount_in,
    newest(a.amount_out order by e.seq)                             as amount_out,
    newest(a.error order by e.seq)                                  as failure_code,
    newest(a.error_text order by e.seq)                             as failure_reason,
    min(e.at)                                                       as created_at,
    max(e.at)                                                       as updated_at
from order_events e
cross join lateral json_to_recordset(e.learnt) as a (
    number smallint, due_at_us bigint, venue text, reason text, quotes jsonb, signature text,
    last_valid_block_height numeric(20, 0), limit_amount numeric(20, 0),
    amount_in numeric(20, 0), amount_out numeric(20, 0), error smallint, error_text text)
group by e.order_id, a.number;
