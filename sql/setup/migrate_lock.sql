-- One process at a time migrates. The number is "drover" in ASCII.
select pg_advisory_lock(110442659079538);
