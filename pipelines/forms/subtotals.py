"""Subtotals that a report prints in the table of applications and its form does not have.

Owns their finding: a row that is called as a group of results is (（三）不予公开), or a 小计 in such a
group, with a value in each column. They are no figures of the form; the rule A4 tests them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipelines.content import Grid, GridCell
from pipelines.forms import forms, labels, subtotals_of
from pipelines.forms.match import FoundRow
from pipelines.forms.printed import printed
from pipelines.grid import Placed, rectangle
from pipelines.labels import core
from pipelines.records import Cell, Figure
from pipelines.values import parsed

_TABLE = "applications"
_SUMS = ("小计", "合计", "小结")


def printed_subtotals(
    grids: Sequence[Grid], rows: Sequence[FoundRow], decided: Mapping[str, str | None]
) -> tuple[Figure, ...]:
    """The printed subtotals as figures under the codes of the derived totals, the first of each.

    Only where the rows around them print their values in the order of the form.
    """
    form = decided.get(_TABLE)
    known = subtotals_of(_TABLE, form)
    if form is None or not known:
        return ()
    columns = forms()[form].tables[_TABLE].blocks[0].columns
    own = [row for row in rows if row.table == _TABLE and row.values]
    if any(row.values != row.raw or row.columns != columns for row in own):
        return ()
    found: dict[str, tuple[Figure, ...]] = {}
    for grid in grids:
        for code, values in _rows(grid, len(columns)):
            if code in known:
                figures = [_figure(Cell(_TABLE, code, c), v) for c, v in zip(columns, values, strict=True)]
                found.setdefault(code, tuple(figures))
    return tuple(figure for figures in found.values() for figure in figures)


def _rows(grid: Grid, width: int) -> Iterator[tuple[str, Sequence[GridCell]]]:
    laid: list[list[Placed | None]] = []
    known = labels().groups
    for index, cells in enumerate(grid.rows):
        last = len(cells) - width - 1  # where the label of a row stands whose values come behind it
        if last < 0 or not (seen := printed(cells[last].text)).is_word:
            continue
        label = seen.core
        group = known.get(label)
        if (group is None and label not in _SUMS) or any(
            printed(cell.text).is_word for cell in cells[last + 1 :]
        ):
            continue
        if label in _SUMS:
            laid = laid or (rectangle(grid) if grid.geometry else [])
            left = [cell.text for cell in cells[:last] if printed(cell.text).is_word]
            left += [placed.cell.text for placed in laid[index] if placed] if laid else []
            groups = [known.get(core(text)) for text in left]
            group = next((one for one in reversed(groups) if one and one != "results"), None)
        values = cells[last + 1 :]
        if group and any(cell.text for cell in values):
            yield f"{group}_total", values


def _figure(place: Cell, cell: GridCell) -> Figure:
    value = parsed(cell.text)
    return Figure(
        cell=place,
        printed=cell.text,
        value=value.value,
        unit=value.unit,
        status=value.status,
        note=value.note,
        locator=cell.where,
        method="grid",
    )
