-- Reports of one year in which different bodies print the same figures: new requests by kind of applicant,
-- results, and decisions all alike. Bodies with next to nothing to report are left out: noughts are alike.
-- One sort puts alike rows beside each other; only these few are then held against each other.
WITH alike AS MATERIALIZED (
    SELECT report_id, first_id FROM (
        SELECT report_id, min(report_id) OVER same AS first_id, count(*) OVER same AS reports
        FROM measures
        WHERE received_new >= 3 AND ifnull(received_new, 0) + ifnull(processed_total, 0)
            + ifnull(licensing_decisions, 0) + ifnull(penalty_decisions, 0) >= 20
        WINDOW same AS (PARTITION BY
            received_new, received_natural_person, received_org_business, received_org_legal_service,
            carried_in, carried_out, processed_total, disclosed_full, disclosed_partial, denied_total,
            unable_total, not_processed_total, licensing_decisions, penalty_decisions, compulsion_decisions)
    ) WHERE reports > 1
)
SELECT
    reports.id AS report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    other.id AS other_report_id,
    other.agency AS other_agency,
    reports.source_url,
    reports.fetched_at,
    other.source_url AS other_source_url,
    other.fetched_at AS other_fetched_at
FROM alike
JOIN alike AS twin ON twin.first_id = alike.first_id AND twin.report_id <> alike.report_id
JOIN reports ON reports.id = alike.report_id
JOIN reports AS other ON other.id = twin.report_id
WHERE other.year = reports.year AND other.agency_id <> reports.agency_id
    -- The later of the two is named first; without dates, by their ids.
    AND (ifnull(other.published_on, ''), other.id) < (ifnull(reports.published_on, ''), reports.id)
    AND NOT (other.division_code IS reports.division_code
        AND reports.agency_type IN ('government', 'government_office')
        AND other.agency_type IN ('government', 'government_office'))
