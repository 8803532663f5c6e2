prepare one as
select 1;
