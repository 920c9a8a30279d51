-- Rules tested on each report, read strictly and with blanks taken for nought. A view over stored_checks:
-- what many results have in common, most of their words too, stands once in check_kinds.
SELECT
    report_numbers.report_id,
    stored.position,
    check_kinds.rule,
    check_kinds.subject,
    check_kinds.outcome,
    check_kinds.zero_filled,
    check_kinds.severity,
    stored.left_value,
    stored.right_value,
    stored.suspect,
    CAST(
        replace(replace(check_kinds.wording, '{left}', ifnull(stored.left_value, '')), '{right}',
            ifnull(stored.right_value, '')) || ifnull(stored.rest, '')
        AS TEXT
    ) AS detail,
    check_kinds.attribution
FROM report_numbers
CROSS JOIN stored_checks AS stored ON stored.report = report_numbers.number
LEFT JOIN check_kinds ON check_kinds.number = stored.kind
