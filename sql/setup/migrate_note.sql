-- Notes a migration as applied.
prepare migrate_note (integer, text) as
insert into schema_migrations (number, name) values ($1::integer, $2::text);
