-- Agencies of one division whose names follow each other by renaming, merger or a move of functions.
-- It is what the names say: whether a body really took the other's place in this division, and when,
-- only its own documents tell.
SELECT
    earlier.id AS from_id,
    earlier.name AS from_name,
    later.id AS to_id,
    later.name AS to_name,
    later.division_code,
    renamings.kind,
    renamings.since,
    renamings.note
FROM renamings
JOIN agencies AS earlier ON earlier.body = renamings.before
JOIN agencies AS later ON later.body = renamings.after AND later.division_code = earlier.division_code
WHERE renamings.division_code IS NULL OR renamings.division_code = later.division_code
