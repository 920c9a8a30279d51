-- The figures of every version of a report, the current one included (is_current = 1), each with the
-- address and the date at which that version was fetched.
WITH every AS (
    SELECT report_id, version, table_code, row_code, column_code, printed, value, unit, status, note,
        0 AS is_current
    FROM superseded_figures
    UNION ALL
    SELECT figures.report_id, latest.version, table_code, row_code, column_code, printed, value, unit,
        status, note, 1
    FROM figures
    JOIN (SELECT report_id, max(version) AS version FROM report_versions GROUP BY report_id) AS latest
        ON latest.report_id = figures.report_id
)
SELECT
    every.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    every.version,
    every.is_current,
    every.table_code,
    every.row_code,
    every.column_code,
    every.printed,
    every.value,
    every.unit,
    every.status,
    every.note,
    report_versions.source_url,
    report_versions.fetched_at
FROM every
JOIN reports ON reports.id = every.report_id
JOIN report_versions ON report_versions.report_id = every.report_id
    AND report_versions.version = every.version
