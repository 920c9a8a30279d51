"""Tables that a page break cut into several grids, put together again.

Owns the decision that a grid goes on where the one before it ended: nothing but page marks stands
between, its rows are rows of the same table that come later in the form, and none of them was
there already. A table that begins anew (its own first row, a repeated row) is never joined. Cells
keep their places of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipelines.content import Grid, GridCell, Paragraph
from pipelines.forms import column_code, forms, labels
from pipelines.labels import core, has_han, ordinal, squashed

PAGE_MARK = re.compile(
    r"\s*(?:[-—–─―]+\s*\d{1,3}\s*[-—–─―]+|第\s*\d{1,3}\s*页(?:\s*[共/]\s*\d{1,3}\s*页)?)\s*"
)
"""A page number between dashes or 第 n 页: it may stand inside a row cut by a page break."""

_BETWEEN = re.compile(r"\d{1,3}(?:/\d{1,3})?|[(]?续(?:上)?表[)]?|[(]续[)]|")


def joined(blocks: Sequence[Paragraph | Grid]) -> Iterator[Grid]:
    """The grids in order, pieces of one table as one."""
    open_: Grid | None = None
    for block in blocks:
        if isinstance(block, Grid):
            if open_ is not None and _goes_on(open_, block):
                open_ = _appended(open_, block)
                continue
            if open_ is not None:
                yield open_
            open_ = block
        elif open_ is not None and not _is_between(block.text):
            yield open_
            open_ = None
    if open_ is not None:
        yield open_


_WORDS = re.compile("(?![续上表第页共])[\u3400-\u9fff]")
"""A character that neither a page mark nor the remark between two pieces has."""


def _is_between(text: str) -> bool:
    if _WORDS.search(text):
        return False  # as nearly all paragraphs, which need not be looked at as a whole
    return bool(PAGE_MARK.fullmatch(text) or _BETWEEN.fullmatch(squashed(text)))


def _goes_on(grid: Grid, following: Grid) -> bool:
    if grid.geometry != following.geometry:
        return False
    before, after = _rows_of(grid), _rows_of(following)
    if not after:
        words = [cell.text for row in following.rows for cell in row if has_han(cell.text)]
        return not words and bool(before or _is_review(grid)) and len(following.rows) <= 2
    if not before:
        return _ends_in_head(grid, after[0][0])
    if before[-1][0] != after[0][0] or set(before) & set(after):
        return False
    table, last = before[-1]
    first = after[0][1]
    return any(
        codes.index(last) < codes.index(first)
        for form in forms().values()
        if {last, first} <= set(codes := [row for block in form.tables[table].blocks for row in block.rows])
    )


def _rows_of(grid: Grid) -> list[tuple[str, str]]:
    """(table, row) of the labels in a grid that can be of no column and need no group."""
    known = labels()
    found = []
    for cells in grid.rows:
        for cell in cells:
            word = core(cell.text)
            for table in ("proactive", "applications"):
                code = known.rows[table].get(word)
                if (
                    code
                    and (word not in known.columns[table] or ordinal(cell.text))
                    and not _shares(table, code)
                ):
                    found.append((table, code))
    return found


def _shares(table: str, code: str) -> bool:
    return any(
        code in f.tables[table].rows and f.tables[table].rows[code].needs_group for f in forms().values()
    )


def _ends_in_head(grid: Grid, table: str) -> bool:
    last = next((row for row in reversed(grid.rows) if any(cell.text for cell in row)), ())
    return sum(column_code(table, cell.text) is not None for cell in last) > (table == "applications")


def _is_review(grid: Grid) -> bool:
    named = labels().rows["review_litigation"]
    words = {core(cell.text) for row in grid.rows for cell in row}
    return {named[word] for word in words & set(named)} == set(named.values())


def _appended(grid: Grid, following: Grid) -> Grid:
    """Both pieces as one; spans end where their piece does."""
    rows = [
        tuple(_clipped(cell, len(grid.rows) - number) for cell in cells)
        for number, cells in enumerate(grid.rows)
    ]
    return replace(grid, rows=(*rows, *following.rows))


def _clipped(cell: GridCell, most: int) -> GridCell:
    return cell if cell.rowspan <= most else replace(cell, rowspan=most)
