-- Licences, penalties and compulsory measures (处理决定数量) by division and report year, each scope for
-- itself. Left out: figures that are ten times, or a tenth of, the year before's (rule P9), on either side.
WITH decisions (report_id, kind, decided) AS (
    SELECT report_id, 'administrative_licensing', licensing_decisions FROM measures
    UNION ALL
    SELECT report_id, 'administrative_penalty', penalty_decisions FROM measures
    UNION ALL
    SELECT report_id, 'administrative_compulsion', compulsion_decisions FROM measures
)
SELECT
    reports.division_code,
    reports.year,
    decisions.kind,
    reports.scope,
    reports.agency_type,
    count(*) AS agencies,
    sum(iif(outliers.report_id IS NULL, decisions.decided, NULL)) AS decisions,
    count(outliers.report_id) AS left_out
FROM decisions
JOIN reports ON reports.id = decisions.report_id
LEFT JOIN (
    SELECT report_id, subject FROM cross_checks WHERE rule = 'P9' AND outcome = 'fail'
    UNION
    SELECT other_report_id, subject FROM cross_checks WHERE rule = 'P9' AND outcome = 'fail'
) AS outliers ON outliers.report_id = decisions.report_id AND outliers.subject = decisions.kind
WHERE decisions.decided IS NOT NULL
GROUP BY reports.division_code, reports.year, decisions.kind, reports.scope, reports.agency_type
