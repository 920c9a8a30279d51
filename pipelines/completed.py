"""A report in two documents of one publication: the text on the page, the tables in a file, or the reverse.

Owns what a document borrows from another of the same body and year: chapters, where it has tables and none
of its own, with what is told from them (claims, themes, scope, the rules between text and table). Figures
are never borrowed: they stay with the document that prints them. A table that another of the documents
holds is not missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines import prose
from pipelines.checks import report_checks
from pipelines.claims import told
from pipelines.identity import scope
from pipelines.records import DocumentReading, Problem, Report, Section


def completed(readings: Sequence[DocumentReading]) -> list[DocumentReading]:
    """The readings of a publication's documents, in their order, each with what others of them complete."""
    return [_without_needless(_with_chapters(reading, readings), readings) for reading in readings]


def key_of(report: Report | None) -> tuple[str, int] | None:
    """Body and year of a report, None where one of them is not known."""
    return (report.agency.id, report.year) if report and report.agency and report.year else None


def missing_table(table: str) -> Problem:
    """The problem of a report that owes a table and has none."""
    return Problem(code="missing_table", detail=f"no table {table} was found in the document")


def told_of(report: Report, chapters: Sequence[Section]) -> Report:
    """The report with these chapters and all that is told from them and its figures, its checks included."""
    names = (report.agency.name, report.agency.printed) if report.agency else ()
    said = told(chapters, report.year, names)
    subtotals = tuple(figure for figure in report.beside if not figure.cell.column.startswith("#"))
    found = replace(
        report,
        sections=tuple(chapters),
        scope=scope(report.agency, chapters),
        claims=said.claims,
        themes=prose.themes(chapters),
        fingerprints=prose.fingerprints(chapters),
    )
    return replace(found, checks=report_checks(found, said, subtotals))


def _others(reading: DocumentReading, readings: Sequence[DocumentReading]) -> list[Report]:
    """The reports of the same body and year in the other documents."""
    key = key_of(reading.report)
    return [
        other.report
        for other in readings
        if other is not reading and other.report and key and key_of(other.report) == key
    ]


def _with_chapters(reading: DocumentReading, readings: Sequence[DocumentReading]) -> DocumentReading:
    report = reading.report
    if report is None or not report.figures or _numbered(report):
        return reading
    donor = next((other for other in _others(reading, readings) if _numbered(other)), None)
    if donor is None:
        return reading
    own = [section.text for section in report.sections if section.text]
    before = [section.text for section in donor.sections if not section.number]
    preamble = Section(number=0, heading="", text="\n".join([*before, *own]))
    chapters = [section for section in donor.sections if section.number]
    whole = replace(report, attachments=report.attachments or donor.attachments)
    return replace(reading, report=told_of(whole, [preamble, *chapters] if preamble.text else chapters))


def _numbered(report: Report) -> bool:
    return any(section.number for section in report.sections)


def _without_needless(reading: DocumentReading, readings: Sequence[DocumentReading]) -> DocumentReading:
    """The reading without problems of tables that it lacks and another document of the report has."""
    held = {table for other in _others(reading, readings) for table, form in other.forms.items() if form}
    needless = [missing_table(table) for table in held]
    kept = tuple(
        problem
        for problem in reading.problems
        if problem not in needless and not (held and problem.code == "no_statutory_tables")
    )
    return replace(reading, problems=kept) if len(kept) < len(reading.problems) else reading
