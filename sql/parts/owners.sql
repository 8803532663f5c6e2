owners as (
    (select owner from orders where outcome is null order by owner limit 1)
    union all
    select (
        select n.owner from orders n
        where n.outcome is null and n.owner > w.owner order by n.owner limit 1
    )
    from owners w where w.owner is not null
)
