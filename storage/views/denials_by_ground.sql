-- Refusals by ground and report year, among bodies of one kind, level and scope. Only reports of which the
-- cells of all eight grounds and of the total handled are numbers; a share needs a denominator of 30 or more.
WITH grounds (report_id, ground, article, denied) AS (
    SELECT report_id, 'denied_state_secret', '14', denied_state_secret FROM measures
    UNION ALL
    SELECT report_id, 'denied_prohibited_by_law', '14', denied_prohibited_by_law FROM measures
    UNION ALL
    SELECT report_id, 'denied_security_stability', '14', denied_security_stability FROM measures
    UNION ALL
    SELECT report_id, 'denied_third_party', '15, 32', denied_third_party FROM measures
    UNION ALL
    SELECT report_id, 'denied_internal_affairs', '16(1)', denied_internal_affairs FROM measures
    UNION ALL
    SELECT report_id, 'denied_process_information', '16(2)', denied_process_information FROM measures
    UNION ALL
    SELECT report_id, 'denied_enforcement_file', '16(2)', denied_enforcement_file FROM measures
    UNION ALL
    SELECT report_id, 'denied_administrative_query', '36(7)', denied_administrative_query FROM measures
)
SELECT
    reports.year,
    reports.scope,
    reports.level,
    reports.agency_type,
    grounds.ground,
    (SELECT row_label FROM form_cells WHERE table_code = 'applications' AND row_code = grounds.ground LIMIT 1)
        AS ground_label,
    grounds.article,
    count(*) AS agencies,
    sum(grounds.denied) AS denied,
    sum(measures.denied_total) AS denied_on_all_grounds,
    sum(measures.processed_total) AS processed,
    iif(sum(measures.denied_total) >= 30, round(1.0 * sum(grounds.denied) / sum(measures.denied_total), 4), NULL)
        AS share_of_denials,
    iif(sum(measures.processed_total) >= 30,
        round(1.0 * sum(grounds.denied) / sum(measures.processed_total), 4), NULL) AS share_of_processed
FROM grounds
JOIN measures ON measures.report_id = grounds.report_id
JOIN reports ON reports.id = grounds.report_id
WHERE measures.denied_total IS NOT NULL AND measures.processed_total IS NOT NULL
GROUP BY reports.year, reports.scope, reports.level, reports.agency_type, grounds.ground
