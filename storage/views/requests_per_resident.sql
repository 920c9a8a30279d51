-- New requests per 100,000 residents, of governments that say they cover their whole area and whose
-- division's census population is known (populations; the census of 2020 for every year).
SELECT
    measures.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    reports.level,
    measures.received_new,
    populations.residents,
    populations.counted_on,
    iif(measures.received_new >= 30, round(measures.received_new * 100000.0 / populations.residents, 2), NULL)
        AS per_100000,
    reports.checks_failed,
    reports.source_url,
    reports.fetched_at
FROM measures
JOIN reports ON reports.id = measures.report_id
JOIN populations ON populations.division_code = reports.division_code
WHERE reports.scope = 'whole_area' AND reports.agency_type = 'government'
    AND measures.received_new IS NOT NULL
