exists (
        select from instances later
        where later.name = i.name and later.number > i.number
            and later.beat_at + later.lease > now()
    )
