-- Rules between a government that says it covers its whole area and the bodies below it. L1: not less than
-- all of them that are held, each counted once. L2: equal to all directly below. Owned by the parent.
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
    reports.fetched_at
FROM cross_checks
JOIN reports ON reports.id = cross_checks.report_id
WHERE cross_checks.rule IN ('L1', 'L2')
