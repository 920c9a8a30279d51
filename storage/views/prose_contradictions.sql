-- Figures of the prose that contradict the tables (rules T1 to T3), with the sentence they stand in.
SELECT
    checks.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    checks.rule,
    checks.subject,
    checks.left_value,
    checks.right_value,
    checks.detail AS sentence,
    (SELECT group_concat(DISTINCT claims.sentence) FROM claims
        WHERE claims.report_id = checks.report_id AND claims.about = checks.subject) AS quote,
    reports.source_url,
    reports.fetched_at
-- Failures have kinds below 0 and an index of their own.
FROM stored_checks AS failed
JOIN report_numbers ON report_numbers.number = failed.report
JOIN checks ON checks.report_id = report_numbers.report_id AND checks.position = failed.position
JOIN reports ON reports.id = checks.report_id
WHERE failed.kind < 0 AND checks.rule IN ('T1', 'T2', 'T3') AND checks.outcome = 'fail'
