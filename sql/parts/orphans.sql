orphans as (
    select w.owner from owners w
    cross join me m
    left join instances i on i.owner = w.owner
    where w.owner <> m.owner and (
        i.leaving
        or (split_part(w.owner, '/', 1) = m.name and (i.owner is null or i.number < m.number))
        or (m.alive_since + m.lease / 2 <= now() and (i.owner is null or not :alive))
    )
)
