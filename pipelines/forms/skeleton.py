"""What a table looks like whatever its numbers are, and what was found in tables that looked the same.

Owns the likeness of two tables: rows, spans and every text are the same, but for cells of nothing but
digits, which may hold others. Which row of the form a row is, and which cell is whose, does not hang on the
digits of a number; so it is found out once for all reports that were typed into one form.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from functools import lru_cache
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from pipelines.content import Grid

_Finding = TypeVar("_Finding")

_NUMBER, _SERIAL, _LONG_NUMBER = "0", "1", "100"
"""In place of a number: any; before words one that can be their ordinal (序号), and one that cannot. All are
of digits, so that no text that is kept as it is can be taken for one of them.
"""
_REPLACED = (_SERIAL, _LONG_NUMBER)
_MOST_DIGITS = 14
"""With more it is no number (`pipelines.values`)."""
_DIGITS_OF_SERIAL = 2
_MOST_CELLS = 1500
_LONGEST = 160
"""Of a table with more cells, or with a longer text in one, nothing is kept: it is no form."""
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


def skeleton(grid: Grid) -> Skeleton | None:
    """What is the same in all tables that look like this one; None for one of which nothing is kept."""
    if sum(map(len, grid.rows)) > _MOST_CELLS:
        return None
    looks: list[object] = [grid.geometry]
    for cells in grid.rows:
        kinds = [_kind(cell.text) for cell in cells]
        for place in range(len(kinds) - 1, -1, -1):  # behind the last words no number is an ordinal
            kind = kinds[place]
            if kind in _REPLACED:
                kinds[place] = _NUMBER
            elif kind != "":
                break
        if None in kinds:
            return None
        spans = [
            (place, cell.colspan, cell.rowspan)
            for place, cell in enumerate(cells)
            if cell.colspan != 1 or cell.rowspan != 1
        ]
        looks.append((*kinds, *spans))
    return Skeleton(tuple(looks))


@lru_cache(maxsize=8192)
def _kind(text: str) -> str | None:
    """A text as it is, of a number what stands in its place; None of one that is too long to be kept."""
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return _SERIAL if len(text) <= _DIGITS_OF_SERIAL else _LONG_NUMBER
    return text if len(text) <= _LONGEST else None
