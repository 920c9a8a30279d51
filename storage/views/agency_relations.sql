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
    (SELECT max(year) FROM reports WHERE reports.agency_id = earlier.id) AS last_year,
    (SELECT min(year) FROM reports WHERE reports.agency_id = later.id) AS first_year,
    renamings.note
FROM agencies AS earlier
-- The office may stand behind the name of a part of the area (高新区国土局), or before that of a branch
-- (国土资源局阳明分局). The order of the joins is the cheap one: most names hold no office that was renamed.
CROSS JOIN renamings ON instr(earlier.body, renamings.before) > 0 AND (
    earlier.body = renamings.before
    OR renamings.division_code IS NULL AND (
        earlier.body LIKE '_%' || renamings.before
        OR earlier.body LIKE '%' || renamings.before || '_%分局'
    )
)
CROSS JOIN agencies AS later ON later.body = replace(earlier.body, renamings.before, renamings.after)
    AND later.division_code = earlier.division_code
WHERE renamings.division_code IS NULL OR renamings.division_code = later.division_code
