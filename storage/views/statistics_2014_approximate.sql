-- Figures of 2014 to 2018 under the nearest codes of later forms: approximate, never the same concept.
WITH parts (later_table, later_row, later_column, row_code) AS (
    VALUES
        ('applications', 'received_new', 'total', 's14_requests_total'),
        ('applications', 'disclosed_full', 'total', 's14_reply_granted'),
        ('applications', 'disclosed_partial', 'total', 's14_reply_partial'),
        ('applications', 'denied_state_secret', 'total', 's14_denied_state_secret'),
        ('applications', 'denied_third_party', 'total', 's14_denied_trade_secret'),
        ('applications', 'denied_third_party', 'total', 's14_denied_privacy'),
        ('applications', 'denied_security_stability', 'total', 's14_denied_security_stability'),
        ('applications', 'unable_not_held', 'total', 's14_reply_not_this_organ'),
        ('applications', 'unable_not_held', 'total', 's14_reply_not_exist'),
        ('review_litigation', 'reconsideration', 'upheld', 's14_review_upheld'),
        ('review_litigation', 'reconsideration', 'corrected', 's14_review_corrected'),
        ('review_litigation', 'reconsideration', 'other_result', 's14_review_other'),
        ('review_litigation', 'reconsideration', 'total', 's14_review_total'),
        ('review_litigation', 'litigation_total', 'upheld', 's14_litigation_upheld'),
        ('review_litigation', 'litigation_total', 'corrected', 's14_litigation_corrected'),
        ('review_litigation', 'litigation_total', 'other_result', 's14_litigation_other'),
        ('review_litigation', 'litigation_total', 'total', 's14_litigation_total')
),
wanted AS (
    SELECT later_table, later_row, later_column, count(*) AS n FROM parts GROUP BY 1, 2, 3
)
SELECT
    figures.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    figures.column_code AS level_column,
    parts.later_table AS table_code,
    parts.later_row AS row_code,
    parts.later_column AS column_code,
    CASE WHEN sum(figures.status = 'number') = wanted.n THEN sum(figures.value) END AS value,
    group_concat(figures.row_code, ' + ') AS made_from,
    'approximate' AS crosswalk,
    reports.source_url,
    reports.fetched_at
FROM parts
JOIN wanted USING (later_table, later_row, later_column)
JOIN figures ON figures.table_code = 'statistics_2014' AND figures.row_code = parts.row_code
JOIN reports ON reports.id = figures.report_id
GROUP BY figures.report_id, figures.column_code, parts.later_table, parts.later_row, parts.later_column
