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
FROM checks
JOIN reports ON reports.id = checks.report_id
WHERE checks.rule IN ('T1', 'T2', 'T3') AND checks.outcome = 'fail'
