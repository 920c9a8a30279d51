-- Reports that a body owes and that are not on the portals that should show them, though these were
-- walked whole after the report was due. Where they were not, nothing is known: see coverage. list_url is
-- the portal's own list that names the body, where there is one.
SELECT
    coverage.agency,
    coverage.division_code,
    coverage.year,
    coverage.reason,
    coverage.confidence,
    coverage.agency_id,
    coverage.agency_type,
    coverage.level,
    coverage.due_on,
    coverage.portal_id,
    portals.home_url AS portal_url,
    coverage.walked_at,
    coverage.known_from,
    coverage.list_url,
    coverage.listed_at
FROM coverage
LEFT JOIN portals ON portals.id = coverage.portal_id
WHERE coverage.state = 'missing'
