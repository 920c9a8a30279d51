-- Corrections by readers with the report that each is applied to. One is applied to none whose agency and
-- year fit several reports, whose cell another corrects, too, or whose cell the form of the report does
-- not have; see overrides_unapplied. changed_at: since when the report itself says otherwise in the cell
-- than when the reader spoke.
WITH named (entry, id) AS (
    SELECT overrides.entry, reports.id FROM overrides JOIN reports ON reports.id = overrides.report_id
    UNION ALL
    SELECT overrides.entry, min(reports.id)
    FROM overrides JOIN reports ON reports.agency = overrides.agency AND reports.year = overrides.year
    GROUP BY overrides.entry HAVING count(*) = 1
), meant (entry, id, entries) AS (
    SELECT named.entry, named.id,
        count(*) OVER (
            PARTITION BY named.id, overrides.table_code, overrides.row_code, overrides.column_code
        )
    FROM named JOIN overrides ON overrides.entry = named.entry
)
SELECT
    overrides.entry,
    meant.id AS report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    overrides.table_code,
    overrides.row_code,
    overrides.column_code,
    overrides.value,
    overrides.status,
    overrides.said_by,
    overrides.said_on,
    overrides.link,
    overrides.reason,
    (
        SELECT max(report_versions.fetched_at) FROM report_versions
        JOIN json_each(report_versions.changes) AS change
        WHERE report_versions.report_id = meant.id AND report_versions.reader_changed = 0
            AND substr(report_versions.fetched_at, 1, 10) > overrides.said_on
            AND json_extract(change.value, '$.cell')
                = json_array(overrides.table_code, overrides.row_code, overrides.column_code)
    ) AS changed_at,
    reports.source_url,
    reports.fetched_at
FROM meant
JOIN overrides ON overrides.entry = meant.entry
JOIN reports ON reports.id = meant.id
WHERE meant.entries = 1 AND (
    json_extract(reports.forms, '$.' || overrides.table_code) IS NULL
    OR EXISTS (
        SELECT 1 FROM form_cells JOIN json_each(form_cells.forms) AS form
        WHERE form_cells.table_code = overrides.table_code AND form_cells.row_code = overrides.row_code
            AND form_cells.column_code = overrides.column_code
            AND form.value = json_extract(reports.forms, '$.' || overrides.table_code)
    )
    -- A report may print a cell that its form does not have.
    OR EXISTS (
        SELECT 1 FROM figures WHERE figures.report_id = meant.id
            AND figures.table_code = overrides.table_code AND figures.row_code = overrides.row_code
            AND figures.column_code = overrides.column_code
    )
)
