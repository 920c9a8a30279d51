-- Every cell of a statutory table as it is printed. A view over stored_figures, a row a cell, in which
-- reports, cells, places and what many figures have in common stand as numbers, and over stored_prints, which
-- has what few of them have; columns are as of old.
SELECT
    report_numbers.report_id,
    figure_cells.table_code,
    figure_cells.row_code,
    figure_cells.column_code,
    CAST(
        CASE figure_kinds.printed_as
            WHEN 'value' THEN stored.value
            WHEN 'empty' THEN ''
            ELSE (SELECT printed FROM stored_prints WHERE report = stored.report AND cell = stored.cell)
        END
        AS TEXT
    ) AS printed,
    stored.value,
    figure_kinds.unit,
    figure_kinds.status,
    (SELECT note FROM stored_prints WHERE report = stored.report AND cell = stored.cell) AS note,
    CAST(
        CASE typeof(stored.place)
            WHEN 'integer' THEN (SELECT locator FROM figure_places WHERE number = stored.place)
            ELSE stored.place
        END
        AS TEXT
    ) AS locator,
    figure_kinds.method,
    figure_kinds.verified
FROM report_numbers
-- CROSS: the figures of a report lie together, whichever of them are asked for.
CROSS JOIN stored_figures AS stored ON stored.report = report_numbers.number
JOIN figure_cells ON figure_cells.number = stored.cell
LEFT JOIN figure_kinds ON figure_kinds.number = stored.kind
