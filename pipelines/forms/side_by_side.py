"""Lists of indicators that are set in two columns beside each other, taken apart.

Owns the cut and the order. A list goes on either at the top of the second column or in it on the same row;
which of them, the order of the form tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise, zip_longest

from pipelines.content import Grid, GridCell
from pipelines.forms.indicators import LEAST_LABEL, is_unit, plain
from pipelines.grid import Placed, rectangle
from pipelines.labels import has_han

_LEAST_ROWS = 4
"""Rows with two indicators that make two columns of them."""


def columns_apart(grid: Grid, named: Mapping[str, Sequence[str]], order: Sequence[str]) -> tuple[Grid, ...]:
    """The grid as one list of indicators after the other, itself where it is one list. `named` are the codes
    that a label may name, `order` those of the form.
    """
    rows = [_begun(row, index) for index, row in enumerate(rectangle(grid))]
    cuts = Counter(cut for row in rows if (cut := _second(row, named)) is not None)
    if not cuts:
        return (grid,)
    cut, times = cuts.most_common(1)[0]
    if times < _LEAST_ROWS:
        return (grid,)
    left = [tuple(one.cell for one in row if one.column < cut) for row in rows]
    right = [tuple(one.cell for one in row if one.column >= cut) for row in rows]
    first, second = (_places(part, named, order) for part in (left, right))
    if first and second and max(first) < min(second):
        return replace(grid, rows=tuple(left)), replace(grid, rows=tuple(right))
    pairs = chain.from_iterable(zip_longest(left, right, fillvalue=()))
    return (replace(grid, rows=tuple(pairs)),)


def _begun(row: Sequence[Placed | None], index: int) -> list[Placed]:
    """The cells that begin in a row."""
    return list({id(one.cell): one for one in row if one and one.row == index}.values())


def _second(row: Sequence[Placed], named: Mapping[str, Sequence[str]]) -> int | None:
    """The grid column of a row's second indicator, where a value can stand before it."""
    known = [
        n for n, one in enumerate(row) if len(one.cell.text) >= LEAST_LABEL and plain(one.cell.text) in named
    ]
    for before, after in pairwise(known):
        between = [one.cell.text for one in row[before + 1 : after]]
        if any(not has_han(text) and not is_unit(text) for text in between):
            return row[after].column
    return None


def _places(
    rows: Sequence[Sequence[GridCell]], named: Mapping[str, Sequence[str]], order: Sequence[str]
) -> list[int]:
    """Where in the form the indicators stand that no other is called like."""
    codes = [named.get(plain(cell.text), ()) for row in rows for cell in row]
    return [order.index(code[0]) for code in codes if len(code) == 1]
