-- Shares by report year, among bodies of one kind, one level and one scope: sums of counts, never means of
-- rates. Only reports of which both counts are numbers are in; a share needs a denominator of 30 or more.
-- series: figures of different series are not to be compared. Reports on which hard checks fail are in.
-- The sums (rate_totals) are made with the findings at the end of a run.
SELECT
    measure,
    year,
    scope,
    level,
    agency_type,
    agencies,
    numerator,
    denominator,
    iif(denominator >= 30, round(1.0 * numerator / denominator, 4), NULL) AS share,
    -- Since 2024 a refusal goes to reconsideration before it goes to court.
    CASE WHEN measure LIKE 'reconsideration%' OR measure LIKE 'litigation%' OR measure = 'disputes'
        THEN iif(year >= 2024, 'from 2024', 'to 2023') ELSE 'from 2019' END AS series,
    doubtful
FROM rate_totals
