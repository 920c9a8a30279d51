"""Lists of indicators that are set in columns beside each other, taken apart.

Owns the cuts and the order. A list goes on either at the top of the next column or in it on the same row;
which of them, the order of the form tells.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from pipelines.content import Grid, GridCell
from pipelines.forms.indicators import LEAST_LABEL, is_unit, plain
from pipelines.grid import Placed, rectangle
from pipelines.labels import has_han

_LEAST_ROWS = 4
"""Rows with indicators beside each other that make columns of them."""


def columns_apart(grid: Grid, named: Mapping[str, Sequence[str]], order: Sequence[str]) -> tuple[Grid, ...]:
    """The grid as one list of indicators after the other, itself where it is one list. `named` are the codes
    that a label may name, `order` those of the form.
    """
    rows = [_begun(row, index) for index, row in enumerate(rectangle(grid))]
    cuts = _cuts([_further(row, named) for row in rows])
    if not cuts:
        return (grid,)
    bounds = list(pairwise((0, *cuts, sys.maxsize)))
    parts = [[tuple(c.cell for c in row if start <= c.column < end) for row in rows] for start, end in bounds]
    places = [_places(part, named, order) for part in parts]
    if all(places) and all(max(one) < min(following) for one, following in pairwise(places)):
        return tuple(replace(grid, rows=tuple(part)) for part in parts)
    return (replace(grid, rows=tuple(chain.from_iterable(zip(*parts, strict=True)))),)


def _begun(row: Sequence[Placed | None], index: int) -> list[Placed]:
    """The cells that begin in a row."""
    return list({id(one.cell): one for one in row if one and one.row == index}.values())


def _further(row: Sequence[Placed], named: Mapping[str, Sequence[str]]) -> tuple[int, ...]:
    """The grid columns of a row's indicators from the second on, where a value can stand before them."""
    known = [
        n for n, one in enumerate(row) if len(one.cell.text) >= LEAST_LABEL and plain(one.cell.text) in named
    ]
    found: list[int] = []
    for before, after in pairwise(known):
        between = [one.cell.text for one in row[before + 1 : after]]
        if any(not has_han(text) and not is_unit(text) for text in between):
            found.append(row[after].column)
    return tuple(found)


def _cuts(further: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Where the second column begins, and the others if there are more; the last may be the shortest."""
    seconds = Counter(columns[0] for columns in further if columns)
    if not seconds:
        return ()
    second, times = seconds.most_common(1)[0]
    if times < _LEAST_ROWS:
        return ()
    counted = Counter(columns for columns in further if columns[:1] == (second,))
    whole = [columns for columns, rows in counted.items() if rows >= _LEAST_ROWS]
    return max(whole, key=len, default=(second,))


def _places(
    rows: Sequence[Sequence[GridCell]], named: Mapping[str, Sequence[str]], order: Sequence[str]
) -> list[int]:
    """Where in the form the indicators stand that no other is called like."""
    codes = [named.get(plain(cell.text), ()) for row in rows for cell in row]
    return [order.index(code[0]) for code in codes if len(code) == 1]
