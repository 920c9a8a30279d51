-- Arithmetic checks that come out otherwise with the corrections of readers (figures_corrected) than with
-- the figures as extracted. checks itself is never edited. difference: changed, new (the correction gives
-- the cell that the rule is told of) or gone. Where a correction changes the values alone (3 = 3 in place of
-- 2 = 2) the check stands in retold_checks and not here.
SELECT
    retold_checks.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    retold_checks.rule,
    retold_checks.subject,
    retold_checks.difference,
    retold_checks.severity,
    retold_checks.outcome_before AS extracted_outcome,
    retold_checks.zero_filled_before AS extracted_zero_filled,
    retold_checks.left_before AS extracted_left_value,
    retold_checks.right_before AS extracted_right_value,
    retold_checks.outcome,
    retold_checks.zero_filled,
    retold_checks.left_value,
    retold_checks.right_value,
    retold_checks.detail AS sentence,
    reports.source_url,
    reports.fetched_at
FROM retold_checks
JOIN reports ON reports.id = retold_checks.report_id
WHERE retold_checks.told_from = 'corrections'
    AND (retold_checks.outcome_before IS NOT retold_checks.outcome
        OR retold_checks.zero_filled_before IS NOT retold_checks.zero_filled)
