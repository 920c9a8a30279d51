-- Share of the requests handled in the year that ended in full or partial disclosure.
-- A rate is NULL where a cell it needs is no number, or where fewer than 30 requests were handled.
SELECT
    measures.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    reports.scope,
    measures.received_new,
    measures.carried_in,
    measures.processed_total,
    measures.disclosed_full,
    measures.disclosed_partial,
    iif(processed_total >= 30, round(1.0 * disclosed_full / processed_total, 4), NULL) AS full_rate,
    iif(processed_total >= 30, round(1.0 * (disclosed_full + disclosed_partial) / processed_total, 4), NULL)
        AS disclosure_rate,
    reports.checks_failed,
    reports.source_url,
    reports.fetched_at
FROM measures
JOIN reports ON reports.id = measures.report_id
JOIN report_numbers ON report_numbers.report_id = measures.report_id
WHERE EXISTS (
    SELECT 1 FROM stored_figures WHERE report = report_numbers.number
        AND cell IN (SELECT number FROM figure_cells WHERE table_code = 'applications')
)
