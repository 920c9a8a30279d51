-- Reports whose page was put up again with other contents: one row a version after the first.
-- reader_changed = 1: the program that reads was another one, so the change may be its own.
SELECT
    report_versions.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    report_versions.version,
    json_array_length(report_versions.changes) AS cells_changed,
    report_versions.changes,
    report_versions.parts,
    report_versions.reader_changed,
    report_versions.source_url,
    report_versions.fetched_at,
    report_versions.sha256
FROM report_versions
JOIN reports ON reports.id = report_versions.report_id
WHERE report_versions.version > 1
