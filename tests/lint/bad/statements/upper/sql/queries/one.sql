-- One.
prepare one as
SELECT 1;
