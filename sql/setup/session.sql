-- Asked once of each connection: whether it is read-only, whether the server flushes, and
-- synchronous_commit as it is from now on. Whoever is told of a commit may rely on it, whatever the
-- server's default or the URL says. To wait for a standby to apply as well is more, and is left.
select current_setting('transaction_read_only'), current_setting('fsync'),
    set_config('synchronous_commit', case current_setting('synchronous_commit')
        when 'remote_apply' then 'remote_apply' else 'on' end, false);
