-- Accounting rules of the form that a report breaks, read strictly: blank cells are not taken for zero.
SELECT
    checks.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    reports.form,
    checks.rule,
    checks.subject,
    checks.left_value,
    checks.right_value,
    checks.suspect,
    checks.attribution,
    checks.detail AS sentence,
    reports.source_url,
    reports.document_url,
    reports.fetched_at
-- Failures have kinds below 0 and an index of their own.
FROM stored_checks AS failed
JOIN report_numbers ON report_numbers.number = failed.report
JOIN checks ON checks.report_id = report_numbers.report_id AND checks.position = failed.position
JOIN reports ON reports.id = checks.report_id
WHERE failed.kind < 0 AND checks.outcome = 'fail' AND checks.severity = 'hard'
