"""Every format and layout, with figures of fixed seeds and of one that was never seen before.

`make bench` measures the same on more reports, and scans as well.
"""

from __future__ import annotations

import base64
import os
from collections import Counter
from dataclasses import replace

import pytest

from pipelines.extract import read_file
from pipelines.readers import scan
from pipelines.records import Cell
from tests.pipelines import drawing, office
from tests.pipelines.every_format import PDF, Sample, every_format
from tests.pipelines.judging import Judgement, judged
from tests.pipelines.written import MODES, Truth, Written, written

FIXED = range(6)  # both forms in every mode
FRESH = int.from_bytes(os.urandom(3), "big")


def outcomes(seed: int, **how: bool) -> list[tuple[Sample, Judgement]]:
    found = []
    for sample in every_format(seed, **how):
        readings = read_file(sample.body)
        if None in sample.told:
            assert readings[0].media_type == sample.media_type
        found.append((sample, judged(sample, readings)))
    return found


def faults(found: list[tuple[Sample, Judgement]]) -> list[str]:
    """What no document may show, and of those with cells or rulings whatever is not told as printed."""
    named = []
    for sample, outcome in found:
        what = f"{sample.name}, {sample.layout}"
        named += [f"{what}: wrong {wrong}" for wrong in outcome.wrong[:3]]
        named += [f"{what}: nowhere {cell}" for cell in outcome.silent[:3]]
        named += [f"{what}: body {misnamed}" for misnamed in outcome.misnamed]
        if sample.structure == "table" and outcome.right != outcome.figures:
            named.append(f"{what}: {outcome.right} of {outcome.figures} right, {sorted(outcome.codes)}")
    return named


@pytest.mark.parametrize("seed", FIXED)
def test_fixed_figures(seed):
    assert faults(outcomes(seed, programs=False)) == []


def test_fresh_figures():
    assert faults(outcomes(FRESH, programs=False)) == [], f"seed {FRESH}"


@pytest.mark.skipif(not office.installed(), reason="LibreOffice is not installed")
def test_fresh_figures_in_files_that_other_programs_write():
    found = outcomes(FRESH, by_hand=False)
    assert len(found) >= 7
    assert faults(found) == [], f"seed {FRESH}"


def test_the_reports_differ_in_all_that_they_should():
    reports = [written(seed) for seed in FIXED]
    assert Counter(report.mode for report in reports) == dict.fromkeys(MODES, 2)
    assert len({(report.form.id, report.mode) for report in reports}) == 6
    for report in reports:
        statuses = {told.status for told in report.truth.values()}
        assert statuses == ({"number", "blank", "not_applicable"} if report.mode == "sparse" else {"number"})
        if report.mode == "distinct":
            values = [told.value for told in report.truth.values()]
            assert len(set(values)) == len(values)
            assert 0 not in values
        if report.mode == "summed":
            for cell, told in report.truth.items():
                assert told.status == "number", cell
    assert written(7) == written(7)
    assert written(7).truth != written(13).truth


def test_sums_hold_where_they_are_said_to():
    for seed in FIXED:
        report = written(seed)
        if report.mode != "summed":
            continue
        [sample] = [s for s in every_format(seed, programs=False, only="XLSX") if s.layout == "one sheet"]
        [reading] = read_file(sample.body)
        accounts = {
            c.outcome for c in reading.report.checks if c.rule in ("A1", "A2", "A3", "R1", "R2", "R3")
        }
        assert accounts == {"pass"}


def test_a_wrong_figure_is_seen():
    """The judge itself: a document that says another thing than its truth is found out."""
    first, second = (next(every_format(seed, programs=False, only="HTML")) for seed in (4, 10))
    outcome = judged(first, read_file(second.body))
    assert outcome.wrong
    assert outcome.misnamed
    nothing = judged(first, read_file(b"<html><body><p>" + "无".encode() * 300 + b"</p></body></html>"))
    assert (nothing.right, nothing.wrong, nothing.silent) == (0, [], [])
    assert nothing.missing == nothing.figures


def broken_under_head(report: Written, code: str, head_rows: int) -> bytes:
    """The pages of a report whose table breaks right under its head (rows up to `head_rows`)."""
    tables = drawing.tables(report.form, report.printed)
    pages = drawing.report(tables, code, tables[code].edges[head_rows], title="样例局2021年度报告")
    return drawing.pdf(pages)


@pytest.mark.parametrize(
    ("seed", "code", "head_rows", "row", "column"),
    [
        (1, "review_litigation", 3, "reconsideration", "corrected"),  # its head is a cell of two rows
        (1, "review_litigation", 3, "litigation_direct", "upheld"),
        (0, "proactive", 6, "administrative_licensing", "decisions"),
        (1, "applications", 3, "received_new", "natural_person"),
        (1, "applications", 3, "received_new", "total"),
    ],
)
def test_a_blank_cell_right_under_a_head_on_the_page_before(seed, code, head_rows, row, column):
    report = written(seed)
    blank = Cell(code, row, column)
    truth = dict(report.truth) | {blank: Truth("", "blank", None)}
    changed = replace(report, truth=truth)
    body = broken_under_head(changed, code, head_rows)
    outcome = judged(Sample("PDF", "", body, {None: changed}, PDF), read_file(body))
    assert (outcome.right, outcome.wrong, outcome.silent) == (len(truth), [], [])


def test_a_picture_in_an_article_of_few_words_is_not_passed_over(monkeypatch):
    monkeypatch.setitem(scan._switch, "on", False)
    coded = base64.b64encode(bytes(range(256)) * 40).decode()
    article = f"<h1>{written(1).title}</h1><p><img src='data:image/jpeg;base64,{coded}'></p>"
    [reading] = read_file(f"<html><body><div id='zoomcon'>{article}</div></body></html>".encode())
    assert "ocr_disabled" in {problem.code for problem in reading.problems}
