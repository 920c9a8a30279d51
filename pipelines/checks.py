"""The accounting rules (勾稽关系) tested on a report's figures, from the forms' own TOML.

Owns the evaluation: three outcomes, strict and zero-filled, and the suspect cell. A failed rule
never changes a figure. Strict: a blank, not-applicable or unreadable cell makes a rule not
assessable; a merged row is tried with each value that it prints, and fails the rule only if none
satisfies it. Zero-filled: blank and merged count as 0 (contract.md, domain.md §3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from pipelines.forms import Counts, Form, Identity, Implication, forms
from pipelines.records import Cell, Check, Figure, Number, Outcome
from pipelines.values import parsed, plain

Amounts = Mapping[Cell, Decimal]
_MOST_TRIALS = 64
"""Merged rows print a handful of values; more combinations than this are not assessable."""


@dataclass(frozen=True, slots=True)
class _Test:
    """One rule on one subject: sums of cells compared by `holds`."""

    rule: str
    subject: str
    left: tuple[Cell, ...]
    right: tuple[Cell, ...]
    holds: Callable[[Decimal, Decimal], bool]
    sign: str
    says: str


def checks(figures: Sequence[Figure], table_forms: Mapping[str, str | None]) -> tuple[Check, ...]:
    """Every identity of the tables' forms tested on the figures, with the suspect of each failure."""
    by_cell = {figure.cell: figure for figure in figures}
    tests = [test for table, form in table_forms.items() if form for test in _tests(forms()[form], table)]
    made = [(test, _check(test, by_cell)) for test in tests]
    suspects = _suspects([test for test, check in made if check.outcome != "not_assessable"], by_cell)
    found = [
        replace(check, suspect=suspects.get((test.rule, test.subject))) if check.outcome == "fail" else check
        for test, check in made
    ]
    counts = _counts_check(figures, table_forms)
    return (*found, *([counts] if counts else []))


def _tests(form: Form, table: str) -> Iterator[_Test]:
    for identity in form.identities:
        if identity.table == table:
            yield from _identity_tests(form, identity)
    for rule in form.implications:
        if rule.table == table:
            yield _implication_test(rule)


def _identity_tests(form: Form, identity: Identity) -> Iterator[_Test]:
    table = form.tables[identity.table]
    block = table.blocks[0]
    subjects = block.columns if identity.along == "column" else block.rows
    for subject in subjects:
        if identity.only and subject not in identity.only:
            continue

        def cells(codes: Sequence[str], subject: str = subject) -> tuple[Cell, ...]:
            if identity.along == "column":
                return tuple(Cell(identity.table, code, subject) for code in codes)
            return tuple(Cell(identity.table, subject, code) for code in codes)

        yield _Test(
            identity.rule,
            subject,
            cells(identity.left),
            cells(identity.right),
            lambda a, b: a == b,
            "=",
            identity.says,
        )


def _implication_test(rule: Implication) -> _Test:
    return _Test(
        rule.rule,
        rule.column,
        tuple(Cell(rule.table, row, rule.column) for row in rule.left),
        tuple(Cell(rule.table, row, rule.column) for row in rule.right),
        lambda a, b: a <= 0 or b > 0,
        "→",
        rule.says,
    )


def _check(test: _Test, by_cell: Mapping[Cell, Figure]) -> Check:
    outcome, left, right, why = _strict(test, by_cell)
    zero_filled = _zero_filled(test, by_cell)
    return Check(
        rule=test.rule,
        subject=test.subject,
        outcome=outcome,
        zero_filled=zero_filled,
        severity="hard",
        left=left,
        right=right,
        suspect=None,
        detail=_sentence(test, outcome, left, right, why),
    )


def _sentence(test: _Test, outcome: Outcome, left: Number | None, right: Number | None, why: str) -> str:
    if outcome == "not_assessable":
        return f"{test.says}: cannot be told, {why}"
    verdict = "holds" if outcome == "pass" else "fails"
    return f"{test.says}: {verdict}, {left} {test.sign} {right}{why}"


def _strict(test: _Test, by_cell: Mapping[Cell, Figure]) -> tuple[Outcome, Number | None, Number | None, str]:
    """Outcome, both sides, and the reason or remark."""
    options: list[list[Decimal]] = []
    merged = False
    for cell in (*test.left, *test.right):
        figure = by_cell.get(cell)
        if figure is None or figure.status not in ("number", "merged"):
            state = "is not in the document" if figure is None else f"is {figure.status}"
            return "not_assessable", None, None, f"{cell.row}/{cell.column} {state}"
        if figure.status == "number":
            options.append([_amount(figure)])
            continue
        merged = True
        printed = _merged_amounts(figure)
        if not printed:
            return "not_assessable", None, None, f"{cell.row}/{cell.column} is merged"
        options.append(printed)
    trials = 1
    for values in options:
        trials *= len(values)
    if trials > _MOST_TRIALS:
        return "not_assessable", None, None, "too many cells are merged"
    count = len(test.left)
    sums = [(sum(trial[:count], Decimal(0)), sum(trial[count:], Decimal(0))) for trial in product(*options)]
    left, right = plain(sums[0][0]), plain(sums[0][1])
    if not merged:
        return ("pass" if test.holds(*sums[0]) else "fail"), left, right, ""
    if any(test.holds(*sides) for sides in sums):
        return "not_assessable", None, None, "a row prints fewer values than it has cells"
    return "fail", left, right, ", whichever of the values that a merged row prints is taken"


def _zero_filled(test: _Test, by_cell: Mapping[Cell, Figure]) -> Outcome:
    sides = []
    for cells in (test.left, test.right):
        total = Decimal(0)
        for cell in cells:
            figure = by_cell.get(cell)
            if figure is None or figure.status in ("unreadable", "not_applicable"):
                return "not_assessable"
            if figure.status == "number":
                total += _amount(figure)
        sides.append(total)
    return "pass" if test.holds(*sides) else "fail"


def _amount(figure: Figure) -> Decimal:
    return Decimal(str(figure.value))


def _merged_amounts(figure: Figure) -> list[Decimal]:
    """The distinct numbers that a merged row prints; empty where one of them is no number."""
    amounts = []
    for text in json.loads(figure.note or "[]"):
        value = parsed(text).value
        if value is None:
            return []
        amounts.append(Decimal(str(value)))
    return list(dict.fromkeys(amounts))


def _counts_check(figures: Sequence[Figure], table_forms: Mapping[str, str | None]) -> Check | None:
    """A5, one outcome a report: every number that counts something is whole and not negative."""
    rules: dict[str, Counts] = {table: forms()[form].counts for table, form in table_forms.items() if form}
    counted = [
        figure
        for figure in figures
        if figure.status == "number"
        and figure.cell.table in rules
        and (figure.cell.table, figure.cell.column) not in rules[figure.cell.table].not_counts
    ]
    if not rules:
        return None
    rule = next(iter(rules.values()))
    wrong = [figure for figure in counted if not isinstance(figure.value, int) or figure.value < 0]
    outcome: Outcome = "fail" if wrong else "pass" if counted else "not_assessable"
    named = "; ".join(f"{figure.cell.row}/{figure.cell.column} is {figure.printed}" for figure in wrong[:5])
    return Check(
        rule=rule.rule,
        subject="report",
        outcome=outcome,
        zero_filled=outcome,
        severity="hard",
        left=wrong[0].value if wrong else None,
        right=None,
        suspect=wrong[0].cell if len(wrong) == 1 else None,
        detail=f"{rule.says}: {named or ('holds' if counted else 'there is no number')}",
    )


# The suspect ------------------------------------------------------------------------------------


def _suspects(tests: Sequence[_Test], by_cell: Mapping[Cell, Figure]) -> dict[tuple[str, str], Cell]:
    """For each failed identity the one cell whose correction alone repairs most of the failures.

    A correction counts what it repairs less what it breaks; a cell is named only if it repairs two
    identities or more, gains on balance, and no other cell of the identity gains as much.
    """
    equal = [test for test in tests if test.sign == "="]
    touching: dict[Cell, list[_Test]] = {}
    for test in equal:
        for cell in (*test.left, *test.right):
            touching.setdefault(cell, []).append(test)
    failed = [test for test in tests if not _holds(test, by_cell, {})]
    named = {}
    for test in failed:
        gains: dict[Cell, int] = {}
        for cell in (*test.left, *test.right):
            figure = by_cell.get(cell)
            if figure is None or figure.status != "number":
                continue
            gain = max(
                (
                    _gain(cell, value, touching.get(cell, []), by_cell)
                    for value in _repairs(cell, touching.get(cell, []), by_cell)
                ),
                default=0,
            )
            if gain > 0:
                gains[cell] = gain
        best = max(gains.values(), default=0)
        winners = [cell for cell, gain in gains.items() if gain == best]
        if len(winners) == 1:
            named[test.rule, test.subject] = winners[0]
    return named


def _side(cells: Sequence[Cell], by_cell: Mapping[Cell, Figure], instead: Amounts) -> list[Decimal]:
    """The sums that a side can have: one, or one for each value that a merged row prints."""
    totals = [Decimal(0)]
    for cell in cells:
        if cell in instead:
            options = [instead[cell]]
        else:
            figure = by_cell[cell]
            options = [_amount(figure)] if figure.status == "number" else _merged_amounts(figure)
        totals = list(dict.fromkeys(total + option for total in totals for option in options))[:_MOST_TRIALS]
    return totals


def _holds(test: _Test, by_cell: Mapping[Cell, Figure], instead: Amounts) -> bool:
    return any(
        test.holds(left, right)
        for left in _side(test.left, by_cell, instead)
        for right in _side(test.right, by_cell, instead)
    )


def _repairs(cell: Cell, tests: Sequence[_Test], by_cell: Mapping[Cell, Figure]) -> set[Decimal]:
    """Values of the cell that make one of the failed identities true."""
    values = set()
    for test in tests:
        if _holds(test, by_cell, {}):
            continue
        zero = {cell: Decimal(0)}
        for left in _side(test.left, by_cell, zero):
            for right in _side(test.right, by_cell, zero):
                value = right - left if cell in test.left else left - right
                if value >= 0:
                    values.add(value)
    return values


def _gain(cell: Cell, value: Decimal, tests: Sequence[_Test], by_cell: Mapping[Cell, Figure]) -> int:
    repaired = broken = 0
    for test in tests:
        before, after = _holds(test, by_cell, {}), _holds(test, by_cell, {cell: value})
        repaired += after and not before
        broken += before and not after
    return repaired - broken if repaired >= 2 else 0
