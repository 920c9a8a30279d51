-- Bodies that printed 0 for every kind of applicant, in all four key rows of the table of applications
-- (received, carried in, handled, carried out), in three or more report years, and never anything else.
SELECT
    reports.agency_id,
    max(reports.agency) AS agency,
    reports.division_code,
    reports.agency_type,
    min(reports.year) AS first_year,
    max(reports.year) AS last_year,
    count(*) AS years,
    sum(measures.zero_state = 'zero') AS years_of_zero,
    sum(measures.zero_state = 'blank') AS years_left_blank
FROM measures
JOIN reports ON reports.id = measures.report_id
WHERE measures.zero_state IS NOT NULL
GROUP BY reports.agency_id
HAVING years_of_zero >= 3 AND sum(measures.zero_state = 'some') = 0
