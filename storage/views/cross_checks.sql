-- Rules between reports, told with the later of two or with the parent. A view over stored_cross_checks: what
-- many results have in common, most of their words too, stands once in cross_kinds. suspect is always empty.
SELECT
    report_numbers.report_id,
    cross_kinds.rule,
    cross_kinds.subject,
    cross_kinds.outcome,
    cross_kinds.zero_filled,
    cross_kinds.severity,
    stored.left_value,
    stored.right_value,
    CAST(NULL AS TEXT) AS suspect,
    CAST(
        replace(
            replace(
                replace(
                    replace(
                        replace(
                            replace(cross_kinds.wording, '{left}', ifnull(stored.left_value, 'no number')),
                            '{right}', ifnull(stored.right_value, 'no number')
                        ),
                        '{year}', (SELECT year FROM reports WHERE id = report_numbers.report_id)
                    ),
                    '{before}', (SELECT year - 1 FROM reports WHERE id = report_numbers.report_id)
                ),
                '{other}', ifnull((SELECT report_id FROM report_numbers WHERE number = stored.other), '')
            ),
            '{said}', ifnull(stored.said, '')
        )
        AS TEXT
    ) AS detail,
    (SELECT report_id FROM report_numbers WHERE number = stored.other) AS other_report_id
FROM stored_cross_checks AS stored
JOIN report_numbers ON report_numbers.number = stored.report
JOIN cross_kinds ON cross_kinds.number = stored.kind
