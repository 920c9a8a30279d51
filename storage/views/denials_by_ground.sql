-- Refusals by ground and report year, among bodies of one kind, level and scope. Only reports of which the
-- cells of all eight grounds and of the total handled are numbers; a share needs a denominator of 30 or more.
-- The sums (denial_totals) are made with the findings at the end of a run.
SELECT
    year,
    scope,
    level,
    agency_type,
    ground,
    (SELECT row_label FROM form_cells WHERE table_code = 'applications' AND row_code = ground LIMIT 1)
        AS ground_label,
    CASE ground
        WHEN 'denied_third_party' THEN '15, 32'
        WHEN 'denied_internal_affairs' THEN '16(1)'
        WHEN 'denied_process_information' THEN '16(2)'
        WHEN 'denied_enforcement_file' THEN '16(2)'
        WHEN 'denied_administrative_query' THEN '36(7)'
        ELSE '14'
    END AS article,
    agencies,
    denied,
    denied_on_all_grounds,
    processed,
    iif(denied_on_all_grounds >= 30, round(1.0 * denied / denied_on_all_grounds, 4), NULL) AS share_of_denials,
    iif(processed >= 30, round(1.0 * denied / processed, 4), NULL) AS share_of_processed
FROM denial_totals
