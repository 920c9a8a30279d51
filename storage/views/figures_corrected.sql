-- Figures with what readers said against them put in their place (is_override = 1), beside what was
-- extracted. `figures` itself is never edited. An override whose agency and year fit several reports
-- is applied to none; see overrides_unapplied.
WITH corrected AS (
    SELECT
        figures.report_id, figures.table_code, figures.row_code, figures.column_code,
        CASE WHEN meant.entry IS NULL THEN figures.value ELSE meant.value END AS value,
        CASE WHEN meant.entry IS NULL THEN figures.status ELSE meant.status END AS status,
        figures.unit, meant.entry IS NOT NULL AS is_override, figures.printed,
        figures.value AS extracted_value, figures.status AS extracted_status,
        meant.said_by, meant.said_on, meant.link, meant.reason
    FROM figures
    LEFT JOIN overrides_applied AS meant ON meant.report_id = figures.report_id
        AND meant.table_code = figures.table_code AND meant.row_code = figures.row_code
        AND meant.column_code = figures.column_code
    UNION ALL
    SELECT
        meant.report_id, meant.table_code, meant.row_code, meant.column_code, meant.value, meant.status,
        (SELECT unit FROM form_cells WHERE form_cells.table_code = meant.table_code
            AND form_cells.row_code = meant.row_code AND form_cells.column_code = meant.column_code),
        1, NULL, NULL, NULL, meant.said_by, meant.said_on, meant.link, meant.reason
    FROM overrides_applied AS meant
    WHERE NOT EXISTS (
        SELECT 1 FROM figures WHERE figures.report_id = meant.report_id
            AND figures.table_code = meant.table_code AND figures.row_code = meant.row_code
            AND figures.column_code = meant.column_code
    )
)
SELECT
    corrected.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    corrected.table_code,
    corrected.row_code,
    corrected.column_code,
    corrected.value,
    corrected.status,
    corrected.unit,
    corrected.is_override,
    corrected.printed,
    corrected.extracted_value,
    corrected.extracted_status,
    corrected.said_by,
    corrected.said_on,
    corrected.link,
    corrected.reason,
    reports.source_url,
    reports.fetched_at
FROM corrected
JOIN reports ON reports.id = corrected.report_id
