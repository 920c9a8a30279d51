"""What became of the figures of a document whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.records import DocumentReading, Figure
from tests.pipelines.every_format import Sample
from tests.pipelines.written import Truth

_REFUSED = ("unreadable", "merged")


class Wrong(NamedTuple):
    """A figure that is not what the document says; `said` is None where the document has no such cell."""

    member: str | None
    cell: tuple[str, str, str]
    read: str
    said: str | None


@dataclass
class Judgement:
    """Counts of figures: `right`; `refused` and `missing` with a reason that names them; `flagged` wrong
    ones whose cells a problem names; `wrong` ones that nobody flagged; `silent` ones that are neither
    there nor named. `verified` are right ones that two readings agree on, `misnamed` documents whose
    body or year is not the printed one.
    """

    figures: int = 0
    right: int = 0
    verified: int = 0
    refused: int = 0
    missing: int = 0
    flagged: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    silent: list[tuple[str | None, tuple[str, str, str]]] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(
            self.figures + other.figures,
            self.right + other.right,
            self.verified + other.verified,
            self.refused + other.refused,
            self.missing + other.missing,
            self.flagged + other.flagged,
            self.wrong + other.wrong,
            self.silent + other.silent,
            self.misnamed + other.misnamed,
            self.codes | other.codes,
        )


def judged(sample: Sample, readings: Sequence[DocumentReading]) -> Judgement:
    """The figures of a sample against those that were read from it."""
    by_member = {reading.member: reading for reading in readings}
    total = Judgement()
    for member in sample.told:
        total += _judged(sample, member, by_member.get(member))
    return total


def _judged(sample: Sample, member: str | None, reading: DocumentReading | None) -> Judgement:
    truth = sample.truth(member)
    found = Judgement(figures=len(truth))
    report = reading.report if reading else None
    problems = reading.problems if reading else ()
    found.codes = {problem.code for problem in problems}
    named = {cell for problem in problems for cell in problem.cells}
    # A row may be named in the columns of the other form; a table that is missing is named whole.
    rows = {(cell.table, cell.row) for cell in named}
    absent = {
        cell[0] for cell in truth for p in problems if p.code == "missing_table" and cell[0] in p.detail
    }
    figures: dict[tuple[str, str, str], Figure] = {f.cell: f for f in report.figures} if report else {}
    for cell, told in truth.items():
        figure = figures.get(cell)
        if figure is None or figure.status in _REFUSED:
            stated = (report is None and problems) or cell in named or cell[:2] in rows or cell[0] in absent
            if not stated:
                found.silent.append((member, cell))
            elif figure is None:
                found.missing += 1
            else:
                found.refused += 1
        elif _same(figure, told):
            found.right += 1
            found.verified += figure.verified
        elif cell in named:
            found.flagged += 1
        else:
            found.wrong.append(Wrong(member, cell, f"{figure.status} {figure.printed}", told.printed))
    for cell, figure in figures.items():
        if cell not in truth and figure.status == "number" and cell not in named:
            found.wrong.append(Wrong(member, tuple(cell), f"{figure.status} {figure.printed}", None))
    written = sample.told[member]
    if report and (not report.agency or (report.agency.name, report.year) != (written.agency, written.year)):
        body = report.agency.name if report.agency else None
        found.misnamed.append(f"{body} {report.year}: {written.title}")
    return found


def _same(figure: Figure, told: Truth) -> bool:
    if figure.status != told.status:
        return False
    if figure.value is None or told.value is None:
        return figure.value is told.value
    return abs(figure.value - told.value) < 1e-9 * max(1.0, abs(told.value))
