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
FROM checks
JOIN reports ON reports.id = checks.report_id
WHERE checks.outcome = 'fail' AND checks.severity = 'hard'
