-- Corrections by readers that are applied to no report, each with the reason, and how many reports they fit.
WITH fitting (entry, reports, id) AS (
    SELECT overrides.entry, count(reports.id), min(reports.id)
    FROM overrides LEFT JOIN reports ON reports.id = overrides.report_id
        OR reports.agency = overrides.agency AND reports.year = overrides.year
    GROUP BY overrides.entry
)
SELECT
    overrides.entry,
    overrides.report_id,
    overrides.agency,
    overrides.year,
    overrides.table_code,
    overrides.row_code,
    overrides.column_code,
    fitting.reports,
    CASE
        WHEN fitting.reports = 0 THEN 'no_report'
        WHEN fitting.reports > 1 THEN 'several_reports'
        WHEN EXISTS (
            SELECT 1 FROM overrides AS other JOIN fitting AS same ON same.entry = other.entry
            WHERE other.entry <> overrides.entry AND same.reports = 1 AND same.id = fitting.id
                AND (other.table_code, other.row_code, other.column_code)
                    = (overrides.table_code, overrides.row_code, overrides.column_code)
        ) THEN 'several_entries'
        ELSE 'cell_not_in_form'
    END AS reason
FROM overrides JOIN fitting ON fitting.entry = overrides.entry
WHERE overrides.entry NOT IN (SELECT entry FROM overrides_applied)
