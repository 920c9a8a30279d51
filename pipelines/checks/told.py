"""The rules T1 to T3: what the prose says in figures held against the tables.

Owns the comparison; which sentence says what is `pipelines.claims`'. All are soft: a text may count
otherwise than the table, and which of the two is wrong is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipelines.checks.sums import Amount, Cells
from pipelines.claims import Breakdown, Statement, Told, compared
from pipelines.records import Cell, Check, Number, Outcome
from pipelines.values import plain

Rules = Mapping[str, Mapping[str, Any]]

_SHOWN = 60


def told_checks(
    told: Told, cells: Cells, table_forms: Mapping[str, str | None], rules: Rules
) -> Iterator[Check]:
    """T1 and T3, one for each thing claimed that a table also says, and T2, one for each list of parts."""
    for rule, denied in (("T1", False), ("T3", True)):
        by_subject: dict[str, list[Statement]] = {}
        for statement in told.statements:
            if statement.denied is denied:
                by_subject.setdefault(statement.claim.about, []).append(statement)
        for about, statements in by_subject.items():
            concerned = compared(about, table_forms)
            if concerned:
                yield _against_table(rule, about, statements, concerned, cells, rules[rule])
    for about in dict.fromkeys(breakdown.about for breakdown in told.breakdowns):
        yield _parts(about, [one for one in told.breakdowns if one.about == about], rules["T2"])


def _against_table(
    rule: str,
    about: str,
    statements: Sequence[Statement],
    concerned: Sequence[Cell],
    cells: Cells,
    words: Mapping[str, Any],
) -> Check:
    """One of several statements that agrees with the table is enough: the others count otherwise."""
    strict, filled = _sum(concerned, cells, blank=None), _sum(concerned, cells, blank=0)
    also = _with_carried_in(about, concerned, cells)
    stated = [statement.claim.value for statement in statements]
    agreeing = next((s for s in statements if s.claim.value in (strict, also)), None)
    shown = agreeing or statements[0]
    outcome = _outcome(stated, strict, also)
    sentence = shown.claim.sentence
    quoted = sentence if len(sentence) <= _SHOWN else f"…{sentence[-_SHOWN:]}"
    verdict = {"pass": "holds", "fail": "fails", "not_assessable": "cannot be told"}[outcome]
    names = " + ".join(f"{cell.row}/{cell.column}" for cell in concerned)
    said = "the table has no number" if strict is None else f"the table {_number(strict)}"
    remark = (
        " (new and carried-in applications together)"
        if outcome == "pass" and shown.claim.value != strict
        else ""
    )
    return Check(
        rule=rule,
        subject=about,
        outcome=outcome,
        zero_filled=_outcome(stated, filled, also),
        severity=words["severity"],
        left=shown.claim.value,
        right=None if strict is None else _number(strict),
        suspect=None,
        cells=tuple(concerned) if outcome == "fail" else (),
        detail=f"{words['says']}: {verdict}, the text {shown.claim.value}, {said} ({names}){remark}: "
        f"“{quoted}”",
    )


def _outcome(stated: Sequence[Number], known: Amount | None, also: Amount | None) -> Outcome:
    if known is None:
        return "not_assessable"
    return "pass" if any(value in (known, also) for value in stated) else "fail"


def _sum(concerned: Sequence[Cell], cells: Cells, *, blank: int | None) -> Amount | None:
    """The sum of the cells; a blank or merged one counts as `blank`, None where one cannot be told."""
    total: Amount = 0
    for cell in concerned:
        figure = cells.figures.get(cell)
        value: Amount | None = cells.amounts.get(cell)
        if value is None and figure is not None and figure.status in ("blank", "merged"):
            value = blank
        if value is None:
            return None
        total += value
    return total


def _with_carried_in(about: str, concerned: Sequence[Cell], cells: Cells) -> Amount | None:
    """New and carried-in applications together: a text may count both as received (收到, 受理)."""
    if about != "received_new":
        return None
    carried = cells.amounts.get(concerned[0]._replace(row="carried_in"))
    new = cells.amounts.get(concerned[0])
    return new + carried if new is not None and carried else None


def _number(value: Amount) -> Number:
    return plain(value) if isinstance(value, Decimal) else value


def _parts(about: str, breakdowns: Sequence[Breakdown], words: Mapping[str, Any]) -> Check:
    """A list that sums up holds; one that does not fails only where it says that it is complete."""
    best = next((one for one in breakdowns if sum(one.parts) == one.whole), breakdowns[0])
    total = sum(best.parts)
    outcome: Outcome = "pass" if total == best.whole else "fail" if best.complete else "not_assessable"
    listed = " + ".join(str(part) for part in best.parts)
    reason = {
        "pass": "holds",
        "fail": "fails, and the list says that it is complete",
        "not_assessable": "cannot be told, the list need not be complete",
    }[outcome]
    return Check(
        rule="T2",
        subject=about,
        outcome=outcome,
        zero_filled=outcome,
        severity=words["severity"],
        left=total,
        right=best.whole,
        suspect=None,
        detail=f"{words['says']}: {reason}, {listed} = {total}, the whole {best.whole}",
    )
