"""Spans laid out: from the physical cells of a table to a rectangle.

Owns the geometry. A position covered by a cell that began elsewhere is that same cell (so that
a covered cell is never taken for an empty one); a position that no cell reaches is None.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.content import Grid, GridCell

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


def rectangle(grid: Grid) -> list[list[Placed | None]]:
    """The grid as rows of equal length; spans expanded as browsers do (HTML standard, table model)."""
    rows: list[dict[int, Placed]] = [{} for _ in grid.rows]
    for index, cells in enumerate(grid.rows):
        column = 0
        for cell in cells:
            while column in rows[index]:
                column += 1
            placed = Placed(cell, index, column)
            if cell.rowspan == cell.colspan == 1:
                rows[index][column] = placed
                column += 1
                continue
            for down in range(min(cell.rowspan, MAX_SPAN)):
                if index + down >= len(rows):
                    break
                for right in range(min(cell.colspan, MAX_SPAN)):
                    rows[index + down].setdefault(column + right, placed)
            column += min(cell.colspan, MAX_SPAN)
    width = max((max(row, default=-1) + 1 for row in rows), default=0)
    columns = range(width)
    return [list(map(row.get, columns)) for row in rows]
