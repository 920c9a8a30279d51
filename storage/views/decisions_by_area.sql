-- Licences, penalties and compulsory measures (处理决定数量) by division and report year, each scope for
-- itself. Left out: figures that are ten times, or a tenth of, the year before's (rule P9), on either side.
-- The sums (decision_totals) are made with the findings at the end of a run.
SELECT division_code, year, kind, scope, agency_type, agencies, decisions, left_out FROM decision_totals
