-- Reports of one year in which different bodies print the same figures: new requests by kind of applicant,
-- results, and decisions all alike. Bodies with next to nothing to report are left out: noughts are alike.
-- Each is named once, beside the first that prints them and is not of its own house (a government and its
-- office are one). Which they are (alike_figures) is found with the findings at the end of a run.
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
FROM alike_figures
CROSS JOIN reports ON reports.id = alike_figures.report_id
CROSS JOIN reports AS other ON other.id = alike_figures.other_report_id
