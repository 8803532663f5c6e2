(i.beat_at + i.lease > now() and not i.leaving and not :superseded)
