-- Stock of valid normative documents (行政规范性文件) by report, and the change that issued and repealed
-- documents do not explain (rule P1): expiry, clean-ups, transfers between bodies, or a wrong count.
-- From report year 2021 on: the form before counted other things.
SELECT
    measures.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    reports.scope,
    measures.normative_documents_issued AS issued,
    measures.normative_documents_repealed AS repealed,
    measures.normative_documents_in_force AS in_force,
    cross_checks.right_value AS expected_in_force,
    cross_checks.left_value - cross_checks.right_value AS unexplained,
    cross_checks.outcome,
    cross_checks.other_report_id AS earlier_report_id,
    reports.source_url,
    reports.fetched_at
FROM measures
JOIN reports ON reports.id = measures.report_id
LEFT JOIN cross_checks ON cross_checks.report_id = measures.report_id AND cross_checks.rule = 'P1'
    AND cross_checks.subject = 'normative_documents'
WHERE reports.year >= 2021 AND measures.normative_documents_in_force IS NOT NULL
