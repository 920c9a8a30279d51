-- What a report carries over from the year before is not what that year's report carried forward.
-- Owned by the later year; only where both cells are numbers.
SELECT
    later.id AS report_id,
    later.agency,
    later.division_code,
    later.year,
    carried_in.column_code,
    carried_out.value AS carried_out_before,
    carried_in.value AS carried_in,
    carried_in.value - carried_out.value AS difference,
    later.source_url,
    later.fetched_at,
    earlier.id AS earlier_report_id,
    earlier.source_url AS earlier_source_url,
    earlier.fetched_at AS earlier_fetched_at
FROM reports AS later
JOIN reports AS earlier ON earlier.agency_id = later.agency_id AND earlier.year = later.year - 1
JOIN figures AS carried_in ON carried_in.report_id = later.id
    AND carried_in.table_code = 'applications' AND carried_in.row_code = 'carried_in'
JOIN figures AS carried_out ON carried_out.report_id = earlier.id
    AND carried_out.table_code = 'applications' AND carried_out.row_code = 'carried_out'
    AND carried_out.column_code = carried_in.column_code
WHERE carried_in.status = 'number' AND carried_out.status = 'number'
    AND carried_in.value <> carried_out.value
