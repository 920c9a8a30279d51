"""The arithmetic of the forms' tables: sums, comparisons and the sign of a misread column.

Owns the evaluation of what the forms' TOML states. Strict: a blank, not-applicable or unreadable
cell makes a rule not assessable; a merged row is tried with each value that it prints, and fails
the rule only if none satisfies it. Zero-filled: blank and merged count as 0 (contract.md, domain.md §3).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Literal

from pipelines.forms import Counts, Form, Identity, Implication, cell_of, every_form, subtotals_of
from pipelines.records import (
    Cell,
    Check,
    DerivedTotal,
    Figure,
    Number,
    Outcome,
    Problem,
    Severity,
    made_check,
)
from pipelines.values import parsed, plain

Amount = int | Decimal
MOST_TRIALS = 64
"""Merged rows print a handful of values; more combinations than this are not assessable."""

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Test:
    """One rule on one subject: two sums of cells held against each other by `sign`."""

    rule: str
    subject: str
    left: tuple[Cell, ...]
    right: tuple[Cell, ...]
    sign: Literal["=", "≤", "→"]
    severity: Severity
    says: str

    def holds(self, left: Amount, right: Amount) -> bool:
        """Whether the two sums satisfy the rule; → is the rule that a left above 0 needs a right above 0."""
        if self.sign == "=":
            return left == right
        return left <= right if self.sign == "≤" else left <= 0 or right > 0


class Cells:
    """A report's figures by cell, with their amounts made ready once."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self.figures = {figure.cell: figure for figure in figures}
        self.amounts: dict[Cell, Amount] = {
            figure.cell: value if isinstance(value := figure.value, int) else amount(figure)
            for figure in figures
            if figure.status == "number"
        }

    def options(self, cell: Cell) -> list[Amount]:
        """The numbers that a cell can stand for: its own, those of its merged row, or none."""
        if cell in self.amounts:
            return [self.amounts[cell]]
        figure = self.figures.get(cell)
        return _merged_amounts(figure) if figure is not None and figure.status == "merged" else []


def amount(figure: Figure) -> Amount:
    """The number in a figure, exact."""
    return figure.value if isinstance(figure.value, int) else Decimal(str(figure.value))


def sum_checks(
    cells: Cells, table_forms: Mapping[str, str | None], subtotals: Sequence[Figure]
) -> list[tuple[Test, Check]]:
    """Every sum and comparison of the tables' forms with its outcome."""
    tests = [test for table, form in table_forms.items() if form for test in tests_of(form, table)]
    tests = [test for test in tests if test.rule != "A4" or any(cell in cells.figures for cell in test.left)]
    found = [(test, _check(test, cells)) for test in tests]
    return [*found, *_subtotal_checks(cells, table_forms, subtotals)]


@cache
def tests_of(form_id: str, table: str) -> tuple[Test, ...]:
    """The rules of a form on one of its tables, one a subject."""
    form = every_form()[form_id]
    tests: list[Test] = []
    for identity in (*form.identities, *form.comparisons):
        if identity.table == table:
            tests += _identity_tests(form, identity)
    tests += [_implication_test(rule) for rule in form.implications if rule.table == table]
    return tuple(tests)


def _identity_tests(form: Form, identity: Identity) -> Iterator[Test]:
    table = form.tables[identity.table]
    block = table.blocks[0]
    subjects = block.columns if identity.along == "column" else block.rows
    for code in subjects:
        if identity.only and code not in identity.only:
            continue
        yield Test(
            identity.rule,
            named_subject(identity, code),
            tuple(_cell(identity, other, code) for other in identity.left),
            tuple(_cell(identity, other, code) for other in identity.right),
            identity.sign,
            identity.severity,
            identity.says,
        )


def named_subject(identity: Identity, code: str) -> str:
    """A subtotal is named by its row, with the column where that is not the total; all else by its code."""
    if identity.rule != "A4":
        return code
    row = identity.left[0]
    return row if code == "total" else f"{row}/{code}"


def _cell(identity: Identity, code: str, subject: str) -> Cell:
    if identity.along == "column":
        return cell_of(identity.table, code, subject)
    return cell_of(identity.table, subject, code)


def _implication_test(rule: Implication) -> Test:
    return Test(
        rule.rule,
        rule.column,
        tuple(cell_of(rule.table, row, rule.column) for row in rule.left),
        tuple(cell_of(rule.table, row, rule.column) for row in rule.right),
        "→",
        "hard",
        rule.says,
    )


def _check(test: Test, cells: Cells) -> Check:
    outcome, left, right, why = _strict(test, cells)
    zero_filled = outcome if outcome == "pass" or why == "" else _zero_filled(test, cells)
    detail = _sentence(test, outcome, left, right, why)
    compared = (*test.left, *test.right) if outcome == "fail" else ()
    return made_check(
        test.rule, test.subject, outcome, zero_filled, test.severity, left, right, detail, compared
    )


def _sentence(test: Test, outcome: Outcome, left: Number | None, right: Number | None, why: str) -> str:
    if outcome == "not_assessable":
        return f"{test.says}: cannot be told, {why}"
    verdict = "holds" if outcome == "pass" else "fails"
    return f"{test.says}: {verdict}, {left} {test.sign} {right}{why}"


def _strict(test: Test, cells: Cells) -> tuple[Outcome, Number | None, Number | None, str]:
    """Outcome, both sides, and the reason or remark."""
    amount_of = cells.amounts.__getitem__
    try:
        left, right = sum(map(amount_of, test.left)), sum(map(amount_of, test.right))
    except KeyError:
        return _strict_beside_merged(test, cells)
    return ("pass" if test.holds(left, right) else "fail"), _plain(left), _plain(right), ""


def _strict_beside_merged(test: Test, cells: Cells) -> tuple[Outcome, Number | None, Number | None, str]:
    """The same where a cell holds no number of its own."""
    options: list[list[Amount]] = []
    trials = 1
    for cell in (*test.left, *test.right):
        figure = cells.figures.get(cell)
        if figure is None or figure.status not in ("number", "merged"):
            state = "is not in the document" if figure is None else f"is {figure.status}"
            return "not_assessable", None, None, f"{cell.row}/{cell.column} {state}"
        values = cells.options(cell)
        if not values:
            return "not_assessable", None, None, f"{cell.row}/{cell.column} is merged"
        options.append(values)
        trials *= len(values)
    if trials > MOST_TRIALS:
        return "not_assessable", None, None, "too many cells are merged"
    count = len(test.left)
    sums = [(sum(trial[:count]), sum(trial[count:])) for trial in product(*options)]
    if any(test.holds(*sides) for sides in sums):
        return "not_assessable", None, None, "a row prints fewer values than it has cells"
    why = ", whichever of the values that a merged row prints is taken"
    return "fail", _plain(sums[0][0]), _plain(sums[0][1]), why


def _plain(value: Amount) -> Number:
    return value if isinstance(value, int) else plain(value)


def _zero_filled(test: Test, cells: Cells) -> Outcome:
    sides = []
    for side in (test.left, test.right):
        total: Amount = 0
        for cell in side:
            figure = cells.figures.get(cell)
            if figure is None or figure.status in ("unreadable", "not_applicable"):
                return "not_assessable"
            total += cells.amounts.get(cell, 0)
        sides.append(total)
    return "pass" if test.holds(*sides) else "fail"


def _merged_amounts(figure: Figure) -> list[Amount]:
    """The distinct numbers that a merged row prints; empty where one of them is no number."""
    amounts: list[Amount] = []
    for text in json.loads(figure.note or "[]"):
        value = parsed(text).value
        if value is None:
            return []
        amounts.append(value if isinstance(value, int) else Decimal(str(value)))
    return list(dict.fromkeys(amounts))


# Subtotals that a report prints beside the form ---------------------------------------------------


def _subtotal_checks(
    cells: Cells, table_forms: Mapping[str, str | None], subtotals: Sequence[Figure]
) -> Iterator[tuple[Test, Check]]:
    """A4: a subtotal that the form does not have, but the report prints, is the sum of its members."""
    if not subtotals:
        return
    both = Cells([*cells.figures.values(), *subtotals])
    for figure in subtotals:
        table, row, column = figure.cell
        total = subtotals_of(table, table_forms.get(table)).get(row)
        if total is None:
            continue
        test = subtotal_test(total, column)
        yield test, _check(test, both)


def subtotal_test(total: DerivedTotal, column: str) -> Test:
    """The rule of a subtotal that a report prints in a row that its form does not have."""
    return Test(
        "A4",
        f"{total.code}/{column}",
        (Cell(total.table, total.code, column),),
        tuple(Cell(total.table, part, column) for part in total.parts),
        "=",
        "hard",
        f"a printed subtotal ({total.label}) equals the sum of its rows",
    )


# Single figures -----------------------------------------------------------------------------------


def counts_check(cells: Cells, table_forms: Mapping[str, str | None]) -> Check | None:
    """A5, one outcome a report: every number that counts something is whole and not negative."""
    rules: dict[str, Counts] = {
        table: every_form()[form].counts for table, form in table_forms.items() if form
    }
    if not rules:
        return None

    def is_counted(cell: Cell) -> bool:
        exempt = rules[cell.table].not_counts if cell.table in rules else None
        return (
            exempt is not None
            and (cell.table, cell.column) not in exempt
            and (cell.table, cell.row) not in exempt
        )

    counted = any(map(is_counted, cells.amounts))
    rule = next(iter(rules.values()))
    odd = [cell for cell, value in cells.amounts.items() if not isinstance(value, int) or value < 0]
    wrong = [cells.figures[cell] for cell in odd if is_counted(cell)]
    outcome: Outcome = "fail" if wrong else "pass" if counted else "not_assessable"
    named = "; ".join(
        f"{figure.cell.row}/{figure.cell.column} is {figure.printed}" for figure in wrong[:_MOST_NAMED]
    )
    return Check(
        rule=rule.rule,
        subject="report",
        outcome=outcome,
        zero_filled=outcome,
        severity="hard",
        left=wrong[0].value if wrong else None,
        right=None,
        suspect=wrong[0].cell if len(wrong) == 1 else None,
        cells=tuple(figure.cell for figure in wrong),
        detail=f"{rule.says}: {named or ('holds' if counted else 'there is no number')}",
    )


def misfilled_items(figures: Sequence[Figure], table_forms: Mapping[str, str | None]) -> list[Problem]:
    """Rows of f2019 in which items of the year before and their change add up to the decisions.

    No rule says so (items are no cases); where the change is not 0, equality shows that the columns
    were filled as cases of two years. The figures stay as printed.
    """
    form = every_form().get(table_forms.get("proactive") or "")
    if form is None or not form.misfill:
        return []
    cells = Cells([figure for figure in figures if figure.cell.table == "proactive"])
    found = []
    for row in form.tables["proactive"].rows:
        own = [Cell("proactive", row, column) for column in form.misfill]
        values = [cells.amounts[cell] for cell in own if cell in cells.amounts]
        if len(values) < len(own) or not values[1] or values[0] + values[1] != values[2]:
            continue
        found.append(
            Problem(
                code="p5_equal_nonzero",
                where=cells.figures[own[0]].locator,
                cells=tuple(own),
                detail=f"row {row}: 上一年项目数量 {values[0]} and 本年增/减 {values[1]} add up to "
                f"处理决定数量 {values[2]}: items are no cases, so the columns were probably misunderstood",
            )
        )
    return found
