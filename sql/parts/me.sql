me as (select i.* from instances i where i.owner = $1::text and :alive)
