"""The suspect of a failed identity: the one cell whose correction alone repairs most of the failures.

Owns the diagnosis. It is a suggestion; no figure is ever changed by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.checks.sums import MOST_TRIALS, Amount, Cells, Test
from pipelines.records import Cell

_NONE: Mapping[Cell, Amount] = {}


def suspects(tests: Sequence[Test], failed: Sequence[Test], cells: Cells) -> dict[tuple[str, str], Cell]:
    """For each of the failed tests the cell to look at first, by rule and subject.

    A correction counts what it repairs less what it breaks; a cell is named only if it repairs two
    identities or more, gains on balance, and no other cell of the identity gains as much. `tests`
    are those that could be assessed.
    """
    touching: dict[Cell, list[Test]] = {}
    for test in tests:
        if test.sign == "=":
            for cell in (*test.left, *test.right):
                touching.setdefault(cell, []).append(test)
    gains: dict[Cell, int] = {}
    named = {}
    for test in failed:
        concerned = [cell for cell in (*test.left, *test.right) if cell in cells.amounts]
        for cell in concerned:
            if cell not in gains:
                gains[cell] = _best_gain(cell, touching.get(cell, []), cells)
        best = max((gains[cell] for cell in concerned), default=0)
        winners = [cell for cell in concerned if gains[cell] == best]
        if best > 0 and len(winners) == 1:
            named[test.rule, test.subject] = winners[0]
    return named


def _side(side: Sequence[Cell], cells: Cells, instead: Mapping[Cell, Amount]) -> list[Amount]:
    """The sums that a side can have: one, or one for each value that a merged row prints."""
    totals: list[Amount] = [0]
    for cell in side:
        options = [instead[cell]] if cell in instead else cells.options(cell)
        if len(options) == 1:
            totals = [total + options[0] for total in totals]
        else:
            sums = (total + option for total in totals for option in options)
            totals = list(dict.fromkeys(sums))[:MOST_TRIALS]
    return totals


def _holds(test: Test, cells: Cells, instead: Mapping[Cell, Amount]) -> bool:
    return any(
        test.holds(left, right)
        for left in _side(test.left, cells, instead)
        for right in _side(test.right, cells, instead)
    )


def _best_gain(cell: Cell, tests: Sequence[Test], cells: Cells) -> int:
    """The most that any other value of the cell repairs on balance; 0 where it repairs fewer than two."""
    before = [_holds(test, cells, _NONE) for test in tests]
    if before.count(False) < 2:
        return 0
    best = 0
    for value in _repairs(cell, [test for test, held in zip(tests, before, strict=True) if not held], cells):
        after = [_holds(test, cells, {cell: value}) for test in tests]
        repaired = sum(now and not held for now, held in zip(after, before, strict=True))
        broken = sum(held and not now for now, held in zip(after, before, strict=True))
        if repaired >= 2:
            best = max(best, repaired - broken)
    return best


def _repairs(cell: Cell, broken: Sequence[Test], cells: Cells) -> set[Amount]:
    """Values of the cell that make one of the broken identities true."""
    values: set[Amount] = set()
    zero: Mapping[Cell, Amount] = {cell: 0}
    for test in broken:
        for left in _side(test.left, cells, zero):
            for right in _side(test.right, cells, zero):
                value = right - left if cell in test.left else left - right
                if value >= 0:
                    values.add(value)
    return values
