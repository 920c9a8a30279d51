"""Spans laid out: from the physical cells of a table to a rectangle.

Owns the geometry. A position covered by a cell that began elsewhere is that same cell (so that
a covered cell is never taken for an empty one); a position that no cell reaches is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from pipelines.content import Grid, GridCell

_Put = TypeVar("_Put")

MAX_SPAN = 60
"""Larger spans are mistakes of an editor (rowspan="1000"): the form has 15 columns and 30 rows."""


class Placed(NamedTuple):
    """A physical cell with the grid row and column (from 0) where it begins."""

    cell: GridCell
    row: int
    column: int

    @property
    def columns(self) -> range:
        """The grid columns that the cell occupies."""
        return range(self.column, self.column + self.cell.colspan)


class Laid(NamedTuple):
    """A grid laid out: the cell at each position, in rows of equal length; of each row the last column that
    it reaches (`ends`), and the last that a cell of a row above reaches down into (`reached`), -1 for none.
    """

    rows: list[list[GridCell | None]]
    ends: list[int]
    reached: list[int]


def laid_out(grid: Grid) -> Laid:
    """The grid with its spans expanded as browsers do (HTML standard, table model)."""
    rows, ends, reached, _ = _spread(grid, grid.rows)
    return Laid(rows, ends, reached)


def rectangle(grid: Grid) -> list[list[Placed | None]]:
    """The same, with the place where each cell begins."""
    begins = _spread(grid, grid.rows)[3]
    placed = [
        [Placed(cell, index, column) for cell, column in zip(cells, columns, strict=True)]
        for index, (cells, columns) in enumerate(zip(grid.rows, begins, strict=True))
    ]
    return _spread(grid, placed)[0]


def _spread(
    grid: Grid, put: Sequence[Sequence[_Put]]
) -> tuple[list[list[_Put | None]], list[int], list[int], list[list[int]]]:
    """The rows of a grid, with what is put for each of its cells at every position that the cell covers;
    how far they reach (see `Laid`); and the columns in which the cells of each row begin.
    """
    rows: list[list[_Put | None]] = [[] for _ in grid.rows]
    ends: list[int] = []
    reached: list[int] = []
    begins: list[list[int]] = []
    for index, cells in enumerate(grid.rows):
        row, own, column = rows[index], put[index], 0
        reached.append(len(row) - 1)  # so far it has what reaches down into it, and ends with that
        columns: list[int] = []
        begins.append(columns)
        single = len(cells)  # from which on no cell has a span, as nearly all
        while single and cells[single - 1].colspan == 1 == cells[single - 1].rowspan:
            single -= 1
        for number, cell in enumerate(cells):
            while column < len(row) and row[column] is not None:
                column += 1
            if number >= single and column == len(row):
                columns += range(column, column + len(cells) - number)
                row += own[number:]
                break
            columns.append(column)
            wide, high = min(cell.colspan, MAX_SPAN), min(cell.rowspan, MAX_SPAN)
            if wide > 0:
                for below in rows[index : index + max(high, 0)]:
                    _cover(below, column, wide, own[number])
            column += wide
        ends.append(len(row) - 1)
    width = max(map(len, rows), default=0)
    for row in rows:
        if len(row) < width:
            row += [None] * (width - len(row))
    return rows, ends, reached, begins


def _cover(row: list[_Put | None], column: int, wide: int, put: _Put) -> None:
    """Puts something at those of the positions from a column on that are still free."""
    free = column - len(row)
    if free >= 0:
        row += [None] * free
        row += [put] * wide
        return
    row += [None] * (free + wide)
    for position in range(column, column + wide):
        if row[position] is None:
            row[position] = put
