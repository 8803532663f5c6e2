-- Counts orders: waiting, active, completed, failed. An attempt that waits stands in an active state.
prepare count_orders as
select h.pending + w.n, h.active - w.n, h.finalized, h.failed
from event_stream h, (select count(*) as n from orders where retry_at is not null) w;
