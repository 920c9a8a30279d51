"""What a table looks like whatever its numbers are, and what was found in tables that looked the same.

Owns the likeness of two tables: rows, spans and every text are the same, but for cells of nothing but
digits, which may hold others. Which row of the form a row is, and which cell is whose, does not hang on the
digits of a number; so it is found out once for all reports that were typed into one form.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from pipelines.content import Grid
from pipelines.forms.rows_seen import SeenRow, seen_row

_Finding = TypeVar("_Finding")

_MOST_CELLS = 1500
"""Of a table with more cells nothing is kept: it is no form."""
_MOST_KEPT = 256


class Skeleton:
    """What is the same in tables that look alike."""

    __slots__ = ("_hash", "_looks")

    def __init__(self, looks: tuple[object, ...]) -> None:
        self._looks = looks
        self._hash = hash(looks)  # asked for again wherever it is a part of a key

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Skeleton) and self._looks == other._looks


_every: WeakSet[Kept[Any]] = WeakSet()


def forget() -> None:
    """Forgets all findings, as a process has none that begins."""
    for kept in _every:
        kept.clear()


class Kept(Generic[_Finding]):
    """Findings by the looks of the tables in which they were made, those of the last few hundred."""

    def __init__(self) -> None:
        self._findings: OrderedDict[Hashable, _Finding] = OrderedDict()
        self._lock = Lock()
        _every.add(self)

    def get(self, key: Hashable) -> _Finding | None:
        """What was found where it looked the same, None where that is not known."""
        with self._lock:
            found = self._findings.get(key)
            if found is not None:
                self._findings.move_to_end(key)
            return found

    def keep(self, key: Hashable, finding: _Finding) -> None:
        """Remembers a finding, and forgets the one that was not asked for the longest time."""
        with self._lock:
            self._findings[key] = finding
            if len(self._findings) > _MOST_KEPT:
                self._findings.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._findings.clear()


def skeleton(grid: Grid, seen: Sequence[SeenRow] | None = None) -> Skeleton | None:
    """What is the same in all tables that look like this one; None for one of which nothing is kept. `seen`
    are its rows, where they were looked at.
    """
    if sum(map(len, grid.rows)) > _MOST_CELLS:
        return None
    looks: list[object] = [grid.geometry]
    for cells, row in zip(grid.rows, seen or map(seen_row, grid.rows), strict=True):
        if row.looks is None:
            return None
        spans = [
            (place, cell.colspan, cell.rowspan)
            for place, cell in enumerate(cells)
            if cell.colspan != 1 or cell.rowspan != 1
        ]
        looks.append((row.looks, *spans) if spans else row.looks)
    return Skeleton(tuple(looks))
