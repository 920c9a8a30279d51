-- Stock of valid normative documents (行政规范性文件) by report, and the change that issued and repealed
-- documents do not explain (rule P1): expiry, clean-ups, transfers between bodies, or a wrong count.
-- From report year 2021 on: the form before counted other things.
-- The stocks (document_stocks) are put together with the findings at the end of a run.
SELECT
    document_stocks.report_id,
    document_stocks.agency,
    reports.division_code,
    document_stocks.year,
    document_stocks.scope,
    document_stocks.issued,
    document_stocks.repealed,
    document_stocks.in_force,
    document_stocks.expected_in_force,
    document_stocks.unexplained,
    document_stocks.outcome,
    document_stocks.earlier_report_id,
    reports.source_url,
    reports.fetched_at
FROM document_stocks
CROSS JOIN reports ON reports.id = document_stocks.report_id
