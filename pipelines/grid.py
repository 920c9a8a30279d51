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
    rows: list[list[Placed | None]] = [[] for _ in grid.rows]
    for index, cells in enumerate(grid.rows):
        row, column = rows[index], 0
        for cell in cells:
            while column < len(row) and row[column]:
                column += 1
            placed = Placed(cell, index, column)
            if cell.rowspan == cell.colspan == 1 and column == len(row):
                row.append(placed)  # as nearly all do
                column += 1
                continue
            wide, high = min(cell.colspan, MAX_SPAN), min(cell.rowspan, MAX_SPAN)
            for below in rows[index : index + max(high, 0)] if wide > 0 else ():
                below += [None] * (column + wide - len(below))
                for right in range(column, column + wide):
                    below[right] = below[right] or placed
            column += wide
    width = max(map(len, rows), default=0)
    for row in rows:
        row += [None] * (width - len(row))
    return rows
