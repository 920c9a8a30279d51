-- Arithmetic checks that are stored otherwise than the stored figures give them by the rules of today
-- (form_rules): the rules are newer than the reading of the report, or something in the file is damaged.
-- scrapy reextract makes them anew. difference: changed, new (no check is stored) or gone (no rule tells it).
SELECT
    retold_checks.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    retold_checks.rule,
    retold_checks.subject,
    retold_checks.difference,
    retold_checks.outcome_before AS stored_outcome,
    retold_checks.zero_filled_before AS stored_zero_filled,
    retold_checks.severity_before AS stored_severity,
    retold_checks.left_before AS stored_left_value,
    retold_checks.right_before AS stored_right_value,
    retold_checks.outcome,
    retold_checks.zero_filled,
    retold_checks.severity,
    retold_checks.left_value,
    retold_checks.right_value,
    retold_checks.detail AS sentence,
    reports.extractor_version,
    reports.source_url,
    reports.fetched_at
FROM retold_checks
JOIN reports ON reports.id = retold_checks.report_id
WHERE retold_checks.told_from = 'figures'
