"""Which figures of a scan the report's own sums confirm; the others are named in a problem.

Owns the belief in recognised figures. A figure of a scan stands for itself only after two readings of
its print agreed (`readers.scan`), but both are one recogniser's, so they can err alike. Therefore:

- *Confirmed* is a figure that stands in a sum of the form that holds (A1, A2, A3, R1, R2, R3; A4 of the
  older tables). With
  blanks, counting as 0, a sum confirms only where two cells or more are not 0: what stands in a row that
  was taken for blank is missed elsewhere. A5 and A6 hold with many wrong figures, too,
  and confirm nothing; `/` and the like stand in no sum.
- *Verified* is a figure that stands in a sum along its row and in one along its column, both holding,
  and at least one of them with three or more cells that are not 0. Where only two are, total and
  addend show the same digits, and a digit misread alike in both leaves the sum true.
- What is read and not confirmed is named in one problem, `unconfirmed_scan`, for each table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from pipelines.checks.sums import named_subject
from pipelines.forms import STATISTICS, TABLES, Identity, every_form
from pipelines.records import Cell, Check, DocumentReading, Figure, Problem, Report

METHOD = "ocr"
"""The method of figures that were recognised in a picture."""

_TELLING = 3
"""Cells that are not 0, at the least, in a sum that a digit misread alike throughout would break."""

_BESIDE_BLANKS = 2
"""The same where some cells are blank."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum that holds: its cells, the direction, whether it is more than one number printed twice."""

    cells: tuple[Cell, ...]
    along: str
    telling: bool


def judged(report: Report | None, problems: tuple[Problem, ...]) -> tuple[Report | None, tuple[Problem, ...]]:
    """A report and its problems with what is said above of recognised figures; any other as it is."""
    if report is None or METHOD not in {figure.method for figure in report.figures}:
        return report, problems
    report = confirmed(report)
    return report, (*problems, *unconfirmed(report))


def confirmed(report: Report) -> Report:
    """The report, its recognised figures `verified` where row and column say so (see above), and nowhere
    else: two ways of reading a table from one recognition are one reading of its print.
    """
    ways: dict[Cell, set[str]] = {}
    telling: set[Cell] = set()
    for held in _sums(report):
        for cell in held.cells:
            ways.setdefault(cell, set()).add(held.along)
            if held.telling:
                telling.add(cell)
    figures = tuple(
        replace(figure, verified=len(ways.get(figure.cell, ())) > 1 and figure.cell in telling)
        if figure.method == METHOD
        else figure
        for figure in report.figures
    )
    return replace(report, figures=figures)


def unconfirmed(report: Report) -> tuple[Problem, ...]:
    """A problem for each table with recognised figures that nothing confirms, naming their cells."""
    held = {cell for found in _sums(report) for cell in found.cells}
    problems = []
    for table in (*TABLES, *STATISTICS):
        doubted = [
            figure
            for figure in report.figures
            if figure.method == METHOD
            and figure.cell.table == table
            and figure.status in ("number", "blank", "not_applicable")
            and not figure.verified
            and figure.cell not in held
        ]
        if doubted:
            read = sum(f.method == METHOD and f.cell.table == table for f in report.figures)
            problems.append(
                Problem(
                    code="unconfirmed_scan",
                    where=doubted[0].locator,
                    cells=tuple(figure.cell for figure in doubted),
                    detail=f"{len(doubted)} of {read} cells of {table} were recognised in a picture, "
                    "and no sum of the form confirms them",
                )
            )
    return tuple(problems)


def settled(reading: DocumentReading) -> DocumentReading:
    """A reading whose problem no longer names what another document of the publication has confirmed."""
    if reading.report is None or all(p.code != "unconfirmed_scan" for p in reading.problems):
        return reading
    others = tuple(p for p in reading.problems if p.code != "unconfirmed_scan")
    return replace(reading, problems=(*others, *unconfirmed(reading.report)))


def _sums(report: Report) -> Iterator[_Sum]:
    """The sums that hold on a report's figures, a blank counting as 0."""
    by_cell = {figure.cell: figure for figure in report.figures}
    outcomes = {(check.rule, check.subject): check for check in report.checks}
    for table, form in report.forms.items():
        for identity in every_form()[form].identities if form else ():
            if identity.table != table:
                continue
            for subject in _subjects(identity, form or ""):
                check = outcomes.get((identity.rule, named_subject(identity, subject)))
                cells = _cells(identity, subject)
                figures = [by_cell[cell] for cell in cells if cell in by_cell]
                if check and _holds(check, figures, len(cells)):
                    yield _Sum(cells, identity.along, _amounts(figures) >= _TELLING)


def _subjects(identity: Identity, form: str) -> Sequence[str]:
    block = every_form()[form].tables[identity.table].blocks[0]
    subjects = block.columns if identity.along == "column" else block.rows
    return [subject for subject in subjects if not identity.only or subject in identity.only]


def _cells(identity: Identity, subject: str) -> tuple[Cell, ...]:
    codes = (*identity.left, *identity.right)
    if identity.along == "column":
        return tuple(Cell(identity.table, code, subject) for code in codes)
    return tuple(Cell(identity.table, subject, code) for code in codes)


def _holds(check: Check, figures: Sequence[Figure], cells: int) -> bool:
    if check.outcome == "pass":
        return True
    told = len(figures) == cells and all(figure.status in ("number", "blank") for figure in figures)
    return told and check.zero_filled == "pass" and _amounts(figures) >= _BESIDE_BLANKS


def _amounts(figures: Sequence[Figure]) -> int:
    """How many cells are not 0."""
    return sum(figure.value is not None and Decimal(str(figure.value)) != 0 for figure in figures)
