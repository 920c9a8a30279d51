-- Overrides that fit no report in the database, or several (then none of them).
SELECT
    overrides.entry,
    overrides.report_id,
    overrides.agency,
    overrides.year,
    overrides.table_code,
    overrides.row_code,
    overrides.column_code,
    count(reports.id) AS reports
FROM overrides
LEFT JOIN reports ON reports.id = overrides.report_id
    OR reports.agency = overrides.agency AND reports.year = overrides.year
GROUP BY overrides.entry
HAVING count(reports.id) <> 1
