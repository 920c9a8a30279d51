"""Which recognised figures the sums of the form confirm, which are named as unconfirmed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines import scanned
from pipelines.checks import checks
from pipelines.extract import read_document, settled
from pipelines.forms import forms
from pipelines.records import Cell, DocumentReading, Figure, Report
from pipelines.values import parsed
from tests.pipelines import renderings as r
from tests.pipelines import scans
from tests.pipelines.test_pool import publication

FORM = forms()["f2021"]


def recognised(printed: r.Printed) -> Report:
    """A report read from a page, its figures marked as if a picture had shown them."""
    report = read_document(r.official(FORM, printed).encode())[0].report
    assert report
    figures = tuple(
        replace(
            figure, method="ocr", verified=False, printed=printed[figure.cell], **told(printed[figure.cell])
        )
        for figure in report.figures
    )
    return replace(report, figures=figures, checks=checks(figures, report.forms))


def told(printed: str) -> dict[str, object]:
    value = parsed(printed)
    return {"value": value.value, "status": value.status}


def judged(printed: r.Printed) -> tuple[dict[Cell, Figure], set[Cell]]:
    """The figures by cell, and the cells that problems name."""
    report, problems = scanned.judged(recognised(printed), ())
    assert report
    assert {problem.code for problem in problems} <= {"unconfirmed_scan"}
    return {f.cell: f for f in report.figures}, {cell for problem in problems for cell in problem.cells}


def of(table: str, figures: dict[Cell, Figure]) -> set[Cell]:
    return {cell for cell in figures if cell.table == table}


def zeros() -> dict[Cell, str]:
    return dict.fromkeys(scans.balanced(FORM, 1), "0")


def test_what_row_and_column_confirm_is_verified():
    figures, named = judged(scans.balanced(FORM, 11))
    assert named == of("proactive", figures)
    verified = {cell for cell, figure in figures.items() if figure.verified}
    assert len(verified) > 150
    assert {cell.table for cell in verified} == {"applications"}


def test_sums_that_fail_confirm_nothing():
    figures, named = judged(r.distinct(FORM))
    assert named == set(figures)
    assert not any(figure.verified for figure in figures.values())


def test_a_wrong_figure_is_named_or_stands_in_a_failed_sum():
    printed = scans.balanced(FORM, 12)
    cell = Cell("applications", "disclosed_full", "natural_person")
    printed[cell] = str(int(printed[cell]) + 6)
    figures, named = judged(printed)
    assert cell in named
    assert not figures[cell].verified
    total = Cell("applications", "disclosed_full", "total")  # its column holds, its row does not
    assert total not in named
    assert not figures[total].verified


def test_one_number_printed_everywhere_is_not_verified():
    printed = zeros() | {
        Cell("applications", row, column): "7"
        for row in ("received_new", "disclosed_full", "processed_total")
        for column in ("natural_person", "total")
    }
    figures, named = judged(printed)
    assert named == of("proactive", figures)
    assert not any(figure.verified for figure in figures.values())


def test_a_row_taken_for_blank_is_not_confirmed_by_its_own_sum():
    printed = scans.balanced(FORM, 13)
    row = {Cell("applications", "disclosed_full", column) for column in FORM.tables["applications"].columns}
    assert any(printed[cell] != "0" for cell in row)
    figures, named = judged(printed | dict.fromkeys(row, ""))
    assert {figures[cell].status for cell in row} == {"blank"}
    assert {cell for cell in row if printed[cell] != "0"} <= named


def test_blanks_between_sums_that_hold_are_confirmed():
    printed = {cell: "" if text == "0" else text for cell, text in scans.balanced(FORM, 14).items()}
    figures, named = judged(printed)
    assert any(figures[cell].status == "blank" for cell in of("applications", figures))
    assert not named & of("applications", figures)


def test_a_stroke_is_in_no_sum():
    printed = scans.balanced(FORM, 15)
    cell = Cell("applications", "carried_in", "org_other")
    assert cell in judged(printed | {cell: "/"})[1]


def test_figures_that_no_picture_showed_are_left_alone():
    report = read_document(r.official(FORM, r.distinct(FORM)).encode())[0].report
    assert scanned.judged(report, ()) == (report, ())
    assert scanned.judged(None, ()) == (None, ())


def test_what_a_copy_confirms_is_no_longer_named():
    page = r.official(FORM, r.distinct(FORM)).encode()
    found = publication(page, page)
    report, problems = scanned.judged(recognised(r.distinct(FORM)), ())
    one = DocumentReading(media_type="image/png", sha256="0", report=report, problems=problems)
    plain = read_document(page, portal=found.portal)[0]
    if plain.report is None or plain.report.agency is None:
        pytest.fail("the copy has no body")
    one = replace(one, report=replace(report, agency=plain.report.agency, year=plain.report.year))
    scan_reading = settled(found, [one, plain]).documents[0]
    assert all(figure.verified for figure in scan_reading.report.figures)
    assert [problem.code for problem in scan_reading.problems] == []
    assert {p.code for p in settled(found, [one]).documents[0].problems} == {"unconfirmed_scan"}
