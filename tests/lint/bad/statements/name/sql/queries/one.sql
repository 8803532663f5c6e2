-- One.
prepare two as
select 1;
