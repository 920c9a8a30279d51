-- Rules between a report and that of the year before (Y1, P1, P7, P9, R6), between its wording and others'
-- (Y2) and between its versions and copies (Y3). Owned by the later report.
SELECT
    cross_checks.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    cross_checks.rule,
    cross_checks.subject,
    cross_checks.outcome,
    cross_checks.zero_filled,
    cross_checks.severity,
    cross_checks.left_value,
    cross_checks.right_value,
    cross_checks.suspect,
    cross_checks.detail AS sentence,
    reports.source_url,
    reports.fetched_at,
    cross_checks.other_report_id,
    other.agency AS other_agency,
    other.year AS other_year,
    other.source_url AS other_source_url
FROM cross_checks
JOIN reports ON reports.id = cross_checks.report_id
LEFT JOIN reports AS other ON other.id = cross_checks.other_report_id
WHERE cross_checks.rule IN ('Y1', 'Y2', 'Y3', 'P1', 'P7', 'P9', 'R6')
