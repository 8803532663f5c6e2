waits as materialized (select pg_logical_emit_message(true, 'drover', '') as at)
