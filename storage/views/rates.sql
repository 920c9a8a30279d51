-- Shares by report year, among bodies of one kind, one level and one scope: sums of counts, never means of
-- rates. Only reports of which both counts are numbers are in; a share needs a denominator of 30 or more.
-- series: figures of different series are not to be compared. Reports on which hard checks fail are in.
WITH shares (measure, report_id, numerator, denominator) AS (
    SELECT 'full_disclosure', report_id, disclosed_full, processed_total FROM measures
    UNION ALL
    SELECT 'disclosure', report_id, disclosed_full + disclosed_partial, processed_total FROM measures
    UNION ALL
    SELECT 'denied', report_id, denied_total, processed_total FROM measures
    UNION ALL
    SELECT 'not_held', report_id, unable_not_held, processed_total FROM measures
    UNION ALL
    SELECT 'not_processed', report_id, not_processed_total, processed_total FROM measures
    UNION ALL
    SELECT 'natural_persons', report_id, received_natural_person, received_new FROM measures
    UNION ALL
    SELECT 'organisations', report_id, received_org_business + received_org_research
        + received_org_public_interest + received_org_legal_service + received_org_other, received_new
    FROM measures
    UNION ALL
    SELECT 'law_firms', report_id, received_org_legal_service, received_new FROM measures
    UNION ALL
    SELECT 'backlog', report_id, carried_out, received_new + carried_in FROM measures
    UNION ALL
    SELECT 'reconsideration_corrected', report_id, reconsideration_corrected, reconsideration_total
    FROM measures
    UNION ALL
    SELECT 'reconsideration_corrected_of_concluded', report_id, reconsideration_corrected,
        reconsideration_total - reconsideration_pending
    FROM measures
    UNION ALL
    SELECT 'litigation_direct_corrected', report_id, litigation_direct_corrected, litigation_direct_total
    FROM measures
    UNION ALL
    SELECT 'litigation_direct_corrected_of_concluded', report_id, litigation_direct_corrected,
        litigation_direct_total - litigation_direct_pending
    FROM measures
    UNION ALL
    SELECT 'litigation_after_corrected', report_id, litigation_after_reconsideration_corrected,
        litigation_after_reconsideration_total
    FROM measures
    UNION ALL
    SELECT 'litigation_after_corrected_of_concluded', report_id, litigation_after_reconsideration_corrected,
        litigation_after_reconsideration_total - litigation_after_reconsideration_pending
    FROM measures
    UNION ALL
    SELECT 'disputes', report_id, reconsideration_total + litigation_total, processed_total FROM measures
)
SELECT
    shares.measure,
    reports.year,
    reports.scope,
    reports.level,
    reports.agency_type,
    count(*) AS agencies,
    sum(shares.numerator) AS numerator,
    sum(shares.denominator) AS denominator,
    iif(sum(shares.denominator) >= 30, round(1.0 * sum(shares.numerator) / sum(shares.denominator), 4), NULL)
        AS share,
    -- Since 2024 a refusal goes to reconsideration before it goes to court.
    CASE WHEN shares.measure LIKE 'reconsideration%' OR shares.measure LIKE 'litigation%'
            OR shares.measure = 'disputes'
        THEN iif(reports.year >= 2024, 'from 2024', 'to 2023') ELSE 'from 2019' END AS series,
    sum(reports.checks_failed > 0) AS doubtful
FROM shares
JOIN reports ON reports.id = shares.report_id
WHERE shares.numerator IS NOT NULL AND shares.denominator IS NOT NULL
GROUP BY shares.measure, reports.year, reports.scope, reports.level, reports.agency_type
