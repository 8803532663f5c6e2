-- One.
prepare one as
select 1;
select 2;
