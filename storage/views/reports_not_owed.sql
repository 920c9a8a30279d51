-- Reports that are held and that nobody owed by articles 49 and 50: in no row of coverage.
SELECT
    reports.id AS report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    reports.agency_type,
    reports.level,
    CASE
        WHEN reports.agency_type NOT IN (
            'government', 'government_office', 'department', 'management_committee', 'vertical_agency',
            'authorised_org'
        ) THEN reports.agency_type || '_owes_none'
        WHEN reports.year < 2008 THEN 'before_the_regulations'
        WHEN EXISTS (
            SELECT 1 FROM coverage
            WHERE coverage.agency_id = reports.agency_id AND coverage.year = reports.year
        ) THEN 'another_is_counted'
        WHEN EXISTS (
            SELECT 1 FROM divisions WHERE divisions.code = reports.division_code
        ) AND NOT EXISTS (
            SELECT 1 FROM divisions WHERE divisions.code = reports.division_code
                AND reports.year BETWEEN ifnull(divisions.valid_from, 0) AND ifnull(divisions.valid_to, 9999)
        ) THEN 'division_not_in_force'
        ELSE 'year_not_over'
    END AS reason,
    reports.published_on,
    reports.source_url,
    reports.fetched_at
FROM reports
WHERE reports.id NOT IN (SELECT report_id FROM coverage WHERE report_id IS NOT NULL)
