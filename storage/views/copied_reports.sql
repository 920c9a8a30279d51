-- Chapters whose wording is that of the year before, or of an earlier report of another body (内容雷同).
-- similarity is about the share of phrases that both have. The later report is named as the copy.
SELECT
    similar_texts.report_id,
    reports.agency,
    reports.division_code,
    reports.year,
    similar_texts.chapter,
    similar_texts.relation,
    similar_texts.similarity,
    reports.source_url,
    reports.fetched_at,
    similar_texts.other_report_id,
    other.agency AS other_agency,
    other.year AS other_year,
    other.source_url AS other_source_url,
    other.fetched_at AS other_fetched_at
FROM similar_texts
JOIN reports ON reports.id = similar_texts.report_id
JOIN reports AS other ON other.id = similar_texts.other_report_id
