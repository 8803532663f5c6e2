-- Whether a migration was applied.
prepare migrate_has (integer) as
select 1 from schema_migrations where number = $1::integer;
