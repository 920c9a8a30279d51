"""Builds the wide view of a statutory table: one row a report, one column a cell.

Every cell is a look-up by primary key in `stored_figures`, which SQLite makes only for the columns that a
query names; a query over one column of ten thousand reports does not touch the other two hundred. The
number of the cell is looked up once a query.
A cell that is no number is NULL here, and its status stands in `not_numbers`; nothing is filled in.
Who wants all columns asks `each_cell_once`: SQLite flattens the layers of the view into one query, in which
a total looks up its parts again, and a total of totals all of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipelines.records import DerivedTotal, FormCell

WIDE_TABLES = ("applications", "proactive", "review_litigation")

LEADING_COLUMNS = ("report_id", "agency", "division_code", "year", "source_url", "fetched_at")


class WideColumn(NamedTuple):
    """A column of a wide view: a cell that forms print, or one that a derived total adds."""

    row: str
    column: str
    derived: bool

    @property
    def name(self) -> str:
        return f"{self.row}__{self.column}"


def wide_columns(cells: Sequence[FormCell], derived: Sequence[DerivedTotal]) -> list[WideColumn]:
    """The cell columns of the wide view, in the order of the form; totals follow the rows they sum.

    A derived row has every column that its parts have in common, a derived column every row whose
    parts are all there: a table such as `proactive` has other columns in every row.
    """
    printed = {(cell.row, cell.column) for cell in cells}
    rows = _distinct(cell.row for cell in sorted(cells, key=lambda cell: cell.order))
    columns = _distinct(cell.column for cell in sorted(cells, key=lambda cell: cell.order))
    there = set(printed)
    for total in _totals(derived, "row"):
        there |= {
            (total.code, column) for column in columns if all((part, column) in there for part in total.parts)
        }
        rows = placed_after(rows, total.code, total.parts)
    for total in _totals(derived, "column"):
        there |= {(row, total.code) for row in rows if all((row, part) in there for part in total.parts)}
        columns = placed_after(columns, total.code, total.parts)
    return [
        WideColumn(row, column, (row, column) not in printed)
        for row in rows
        for column in columns
        if (row, column) in there
    ]


def wide_view(table: str, cells: Sequence[FormCell], derived: Sequence[DerivedTotal]) -> str:
    """The CREATE VIEW statement for one statutory table.

    Three layers: the printed cells, the derived rows over them, the derived columns over both. A
    derived total is NULL unless every part is a number. Where the document prints a cell of the
    same code, that cell stands, even if it is no number.
    """
    wanted = wide_columns(cells, derived)
    printed = {(cell.row, cell.column) for cell in cells}
    row_totals = {total.code: total for total in _totals(derived, "row")}
    column_totals = {total.code: total for total in _totals(derived, "column")}
    leading = ", ".join(LEADING_COLUMNS)
    cell_lines, row_lines, last_lines = [], [], []
    for column in wanted:
        if (column.row, column.column) in printed:
            cell_lines.append(f'    {_looked_up(table, column)} AS "{column.name}"')
        if column.column in column_totals and column.derived:
            parts = column_totals[column.column].parts
            last_lines.append(f'    {_sum(f"{column.row}__{part}" for part in parts)} AS "{column.name}"')
            continue
        last_lines.append(f'    "{column.name}"')
        if column.row in row_totals:
            row_lines.append(f'    {_row_total(table, column, row_totals[column.row])} AS "{column.name}"')
        else:
            row_lines.append(f'    "{column.name}"')
    lines = [",\n".join(one) for one in (cell_lines, row_lines, last_lines)]
    # LIMIT -1 takes everything, in the order asked for: an order without a limit is left out there.
    return f"""CREATE VIEW "{table}" AS
SELECT {leading},
{lines[2]},
    (SELECT json_group_object(name, status) FROM (
        SELECT row_code || '__' || column_code AS name, status
        FROM stored_figures AS stored JOIN figure_cells ON figure_cells.number = stored.cell
            JOIN figure_kinds ON figure_kinds.number = stored.kind
        WHERE stored.report = with_rows.number AND stored.kind < 0 AND table_code = '{table}'
        ORDER BY row_code, column_code LIMIT -1
    )) AS not_numbers
FROM (
SELECT {leading}, number,
{lines[1]}
FROM (
SELECT id AS report_id, agency, division_code, year, source_url, fetched_at, report_numbers.number,
{lines[0]}
FROM reports JOIN report_numbers ON report_numbers.report_id = reports.id
WHERE EXISTS (
    SELECT 1 FROM stored_figures WHERE report = report_numbers.number
        AND cell IN (SELECT number FROM figure_cells WHERE table_code = '{table}')
)
) AS cells
) AS with_rows"""


def each_cell_once(view: str) -> str:
    """The query of a wide view, from its CREATE VIEW statement, for readers of all columns: the same rows.

    A layer with a limit is not flattened (-1 limits nothing), so that each cell is looked up once a report,
    whether a column is read or not. Empty for a statement that is not laid out as `wide_view` does it.
    """
    query = view.partition(" AS\n")[2]
    for layer in ("\n) AS cells\n", "\n) AS with_rows"):
        query = query.replace(layer, f"\nLIMIT -1{layer}")
    return query


def _looked_up(table: str, column: WideColumn) -> str:
    return (
        "(SELECT value FROM stored_figures WHERE report = report_numbers.number"
        f" AND cell = {_cell(table, column)})"
    )


def _cell(table: str, column: WideColumn) -> str:
    return (
        f"(SELECT number FROM figure_cells WHERE table_code = '{table}'"
        f" AND row_code = '{column.row}' AND column_code = '{column.column}')"
    )


def _row_total(table: str, column: WideColumn, total: DerivedTotal) -> str:
    summed = _sum(f"{part}__{column.column}" for part in total.parts)
    if column.derived:
        return summed
    return (
        "CASE WHEN EXISTS (SELECT 1 FROM stored_figures WHERE report = cells.number"
        f" AND cell = {_cell(table, column)})"
        f' THEN "{column.name}" ELSE {summed} END'
    )


def _sum(names: Iterable[str]) -> str:
    return "(" + " + ".join(f'"{name}"' for name in names) + ")"


def _totals(derived: Sequence[DerivedTotal], axis: str) -> list[DerivedTotal]:
    return [total for total in derived if total.axis == axis]


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def placed_after(names: Sequence[str], code: str, parts: Sequence[str]) -> list[str]:
    """`names` with `code` behind the last of its parts; unchanged where none of them is there."""
    others = [name for name in names if name != code]
    last = max((others.index(part) for part in parts if part in others), default=None)
    if last is None:
        return list(names)
    return [*others[: last + 1], code, *others[last + 1 :]]
