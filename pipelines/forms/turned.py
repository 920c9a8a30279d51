"""Chapter 四 with its results as rows: the groups of cases over the columns, a result a line.

Owns the reading of that one layout, which no form prescribes and some reports use. Each of the five
results must have a line of its own, each group a column of its own, and the values of a line must be
as many as the groups: then order and place say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.content import Grid, GridCell
from pipelines.forms import column_code, forms, labels
from pipelines.forms.rows_seen import LEFT
from pipelines.grid import Placed, rectangle
from pipelines.labels import core

_TABLE = "review_litigation"
_FIRST = "upheld"


def turned_values(grid: Grid) -> dict[str, tuple[GridCell, ...]]:
    """The values of each group in the order of the form's results; empty where the grid is no such table."""
    if not grid.geometry:
        return {}
    if not any(_leads_with_result(row) for row in grid.rows):
        return {}
    layout = forms()["f2021"].tables[_TABLE]
    wanted = layout.blocks[0].columns
    laid = rectangle(grid)
    columns: dict[str, int] = {}
    lines: dict[str, list[GridCell]] = {}
    for index, row in enumerate(laid):
        own = [p for p in dict.fromkeys(row) if p is not None and p.row == index]
        results = [(n, code) for n, p in enumerate(own) if (code := column_code(_TABLE, p.cell.text))]
        if not results:
            if not lines and not _name_columns(own, columns):
                return {}
            continue
        place, code = results[0]
        values = own[place + 1 :]
        ordered = sorted(columns.values())
        if len(results) > 1 or code in lines or [p.column for p in values] != ordered:
            return {}
        if any(p.cell.rowspan > 1 for p in values):
            return {}
        lines[code] = [p.cell for p in values]
    if set(lines) != set(wanted) or set(columns) != set(layout.rows):
        return {}
    order = sorted(columns, key=lambda group: columns[group])
    return {group: tuple(lines[code][order.index(group)] for code in wanted) for group in layout.rows}


def _leads_with_result(row: Sequence[GridCell]) -> bool:
    """Whether 结果维持 stands at the left of a line, and no other result beside it."""
    codes = [column_code(_TABLE, cell.text) for cell in row[:LEFT]]
    return _FIRST in codes and codes.count(None) == len(codes) - 1


def _name_columns(row: list[Placed], columns: dict[str, int]) -> bool:
    """Notes the column of each group that a line of the head names; False where one comes twice."""
    known = labels().rows[_TABLE]
    for placed in row:
        group = known.get(core(placed.cell.text))
        if group is None:
            continue
        if group in columns or placed.cell.colspan > 1:
            return False
        columns[group] = placed.column
    return True
