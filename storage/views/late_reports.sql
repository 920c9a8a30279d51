-- Reports published after the day on which they were due (articles 49 and 50). late_confidence: high
-- where the printed and the page's date say so, medium where there is only one of them, low where they
-- contradict each other or the only one may be that of a migration of the site.
SELECT
    id AS report_id,
    agency,
    division_code,
    year,
    agency_type,
    due_on,
    published_on,
    CAST(julianday(published_on) - julianday(due_on) AS INTEGER) AS days_late,
    late_confidence,
    printed_on,
    page_date,
    source_url,
    fetched_at
FROM reports
WHERE published_on > due_on
