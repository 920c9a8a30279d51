-- Share of the requests handled in the year that ended in full or partial disclosure.
-- A rate is NULL where a cell it needs is no number, or where nothing was handled.
SELECT
    report_id,
    agency,
    division_code,
    year,
    received_new,
    carried_in,
    processed_total,
    disclosed_full,
    disclosed_partial,
    round(1.0 * disclosed_full / nullif(processed_total, 0), 4) AS full_rate,
    round(1.0 * (disclosed_full + disclosed_partial) / nullif(processed_total, 0), 4) AS disclosure_rate,
    checks_failed,
    source_url,
    fetched_at
FROM (
    SELECT
        reports.id AS report_id,
        reports.agency,
        reports.division_code,
        reports.year,
        reports.checks_failed,
        reports.source_url,
        reports.fetched_at,
        (SELECT value FROM figures WHERE report_id = reports.id AND table_code = 'applications'
            AND row_code = 'received_new' AND column_code = 'total') AS received_new,
        (SELECT value FROM figures WHERE report_id = reports.id AND table_code = 'applications'
            AND row_code = 'carried_in' AND column_code = 'total') AS carried_in,
        (SELECT value FROM figures WHERE report_id = reports.id AND table_code = 'applications'
            AND row_code = 'processed_total' AND column_code = 'total') AS processed_total,
        (SELECT value FROM figures WHERE report_id = reports.id AND table_code = 'applications'
            AND row_code = 'disclosed_full' AND column_code = 'total') AS disclosed_full,
        (SELECT value FROM figures WHERE report_id = reports.id AND table_code = 'applications'
            AND row_code = 'disclosed_partial' AND column_code = 'total') AS disclosed_partial
    FROM reports
    WHERE EXISTS (SELECT 1 FROM figures WHERE report_id = reports.id AND table_code = 'applications')
)
