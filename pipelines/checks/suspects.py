"""The suspect of a failed identity: the one cell whose correction alone repairs most of the failures.

Owns the diagnosis. It is a suggestion; no figure is ever changed by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.checks.sums import MOST_TRIALS, Amount, Cells, Test
from pipelines.records import Cell

_NONE: Mapping[Cell, Amount] = {}


@dataclass(frozen=True, slots=True)
class _Repair:
    """What a cell's best other value does: identities repaired less those broken, and which it repairs."""

    gain: int = 0
    repaired: frozenset[Test] = frozenset()


def suspects(tests: Sequence[Test], failed: Sequence[Test], cells: Cells) -> dict[tuple[str, str], Cell]:
    """For each of the failed tests the cell to look at first, by rule and subject.

    A correction counts what it repairs less what it breaks; a cell is named only if it repairs two
    identities or more, gains on balance, and no other cell of any identity that it repairs gains as
    much: of two that are equal none is named, nowhere. `tests` are those that could be assessed.
    """
    touching: dict[Cell, list[Test]] = {}
    for test in tests:
        if test.sign == "=":
            for cell in (*test.left, *test.right):
                touching.setdefault(cell, []).append(test)
    repairs: dict[Cell, _Repair] = {}
    leading: dict[Test, list[Cell]] = {}
    for test in failed:
        concerned = [cell for cell in (*test.left, *test.right) if cell in cells.amounts]
        for cell in concerned:
            if cell not in repairs:
                repairs[cell] = _best_repair(cell, touching.get(cell, []), cells)
        best = max((repairs[cell].gain for cell in concerned), default=0)
        leading[test] = [cell for cell in concerned if best > 0 and repairs[cell].gain == best]
    return {
        (test.rule, test.subject): winners[0]
        for test, winners in leading.items()
        if len(winners) == 1 and all(leading.get(other) == winners for other in repairs[winners[0]].repaired)
    }


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


def _best_repair(cell: Cell, tests: Sequence[Test], cells: Cells) -> _Repair:
    """What the other value of the cell that gains most repairs; nothing where it repairs fewer than two."""
    before = [_holds(test, cells, _NONE) for test in tests]
    if before.count(False) < 2:
        return _Repair()
    best = _Repair()
    for value in _repairs(cell, [test for test, held in zip(tests, before, strict=True) if not held], cells):
        after = [_holds(test, cells, {cell: value}) for test in tests]
        outcomes = list(zip(tests, before, after, strict=True))
        repaired = frozenset(test for test, held, now in outcomes if now and not held)
        broken = sum(held and not now for _, held, now in outcomes)
        if len(repaired) >= 2 and len(repaired) - broken > best.gain:
            best = _Repair(len(repaired) - broken, repaired)
    return best


def _repairs(cell: Cell, broken: Sequence[Test], cells: Cells) -> list[Amount]:
    """Values of the cell that make one of the broken identities true."""
    values: set[Amount] = set()
    zero: Mapping[Cell, Amount] = {cell: 0}
    for test in broken:
        for left in _side(test.left, cells, zero):
            for right in _side(test.right, cells, zero):
                value = right - left if cell in test.left else left - right
                if value >= 0:
                    values.add(value)
    return sorted(values)
