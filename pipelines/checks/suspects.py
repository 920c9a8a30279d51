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
    """What a cell's best other value does: identities repaired less those broken, and which it repairs (by
    their number).
    """

    gain: int = 0
    repaired: frozenset[int] = frozenset()


_Numbered = Sequence[tuple[int, Test]]


def suspects(tests: Sequence[Test], failed: Sequence[Test], cells: Cells) -> dict[tuple[str, str], Cell]:
    """For each of the failed tests the cell to look at first, by rule and subject.

    A correction counts what it repairs less what it breaks; a cell is named only if it repairs two
    identities or more, gains on balance, and no other cell of any identity that it repairs gains as
    much: of two that are equal none is named, nowhere. `tests` are those that could be assessed, the
    failed ones among them.
    """
    suspected = {cell for test in failed for cell in (*test.left, *test.right)}
    touching: dict[Cell, list[tuple[int, Test]]] = {cell: [] for cell in suspected}
    for number, test in enumerate(tests):
        if test.sign == "=":
            for cell in (*test.left, *test.right):
                if cell in suspected:
                    touching[cell].append((number, test))
    totals = [_totals(test, cells) for test in tests]
    numbers = {id(test): number for number, test in enumerate(tests)}
    repairs: dict[Cell, _Repair] = {}
    leading: dict[int, list[Cell]] = {}
    for test in failed:
        concerned = [cell for cell in (*test.left, *test.right) if cell in cells.amounts]
        for cell in concerned:
            if cell not in repairs:
                own = touching[cell]
                needed = _needed(cell, own, totals)
                repairs[cell] = (
                    _best_repair(cell, own, cells)
                    if needed is None
                    else _best_of(needed, cells.amounts[cell])
                )
        best = max((repairs[cell].gain for cell in concerned), default=0)
        leading[numbers[id(test)]] = [cell for cell in concerned if best > 0 and repairs[cell].gain == best]
    return {
        (tests[number].rule, tests[number].subject): winners[0]
        for number, winners in leading.items()
        if len(winners) == 1 and all(leading.get(other) == winners for other in repairs[winners[0]].repaired)
    }


# Whole numbers alone ------------------------------------------------------------------------------


def _totals(test: Test, cells: Cells) -> tuple[int, int] | None:
    """The sums of both sides where every cell has a whole number of its own."""
    amount_of = cells.amounts.__getitem__
    try:
        left, right = sum(map(amount_of, test.left)), sum(map(amount_of, test.right))
    except KeyError:
        return None
    # With one that is not whole neither is the sum.
    return (left, right) if isinstance(left, int) and isinstance(right, int) else None


def _needed(
    cell: Cell, tests: _Numbered, totals: Sequence[tuple[int, int] | None]
) -> list[tuple[int, int]] | None:
    """By how much the cell would have to change for each of its identities to be true; None where a side
    has other than whole numbers, or the cell stands in both: then every value has to be tried.
    """
    needed = []
    for number, test in tests:
        both = totals[number]
        in_left, in_right = test.left.count(cell), test.right.count(cell)
        if both is None or in_left + in_right != 1:
            return None
        left, right = both
        needed.append((number, right - left if in_left else left - right))
    return needed


def _best_of(needed: Sequence[tuple[int, int]], amount: Amount) -> _Repair:
    """As `_best_repair`: a sum of whole numbers is true with one value of the cell alone, so that any other
    than its own breaks all that hold.
    """
    repaired: dict[int, set[int]] = {}
    for number, change in needed:
        if change and amount + change >= 0:
            repaired.setdefault(change, set()).add(number)
    holding = sum(not change for _, change in needed)
    best = _Repair()
    for change in sorted(repaired):
        own = repaired[change]
        if len(own) >= 2 and len(own) - holding > best.gain:
            best = _Repair(len(own) - holding, frozenset(own))
    return best


# Whatever the cells hold --------------------------------------------------------------------------


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


def _best_repair(cell: Cell, tests: _Numbered, cells: Cells) -> _Repair:
    """What the other value of the cell that gains most repairs; nothing where it repairs fewer than two."""
    before = [_holds(test, cells, _NONE) for _, test in tests]
    if before.count(False) < 2:
        return _Repair()
    best = _Repair()
    untrue = [test for (_, test), held in zip(tests, before, strict=True) if not held]
    for value in _repairs(cell, untrue, cells):
        after = [_holds(test, cells, {cell: value}) for _, test in tests]
        outcomes = list(zip(tests, before, after, strict=True))
        repaired = frozenset(number for (number, _), held, now in outcomes if now and not held)
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
