"""The rules on the sample reports with real figures: which fail, which cannot be told, all others hold."""

from __future__ import annotations

import pytest

from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.records import Cell, DocumentReading
from tests.province import reports

COLUMNS = forms()["f2021"].tables["applications"].blocks[0].columns
ORGANISATIONS = COLUMNS[1:-1]
UNDATED = {("D1", "published_on"), ("D2", "published_on")}

FAILS: dict[str, set[tuple[str, str]]] = {
    "mudanjiang-research-2021": set(),
    "dongfeng-2021": set(),
    "mudanjiang-industry-2022": {("C1", "chapters"), ("C2", "applications")},
    "jingpo-2020": set(),
    "aimin-2020": {
        *((rule, column) for rule in ("A1", "A2") for column in ("natural_person", "total")),
        ("A6", "total"),
        ("T1", "received_new"),
        ("C2", "applications"),
    },
}
OPEN: dict[str, set[tuple[str, str]]] = {
    "mudanjiang-research-2021": {
        *(("A1", column) for column in COLUMNS),
        ("A3", "carried_in"),
        ("A6", "total"),
        *UNDATED,
    },
    "dongfeng-2021": UNDATED,
    "mudanjiang-industry-2022": set(),
    "jingpo-2020": {
        ("R1", "reconsideration"),
        ("T3", "reconsideration"),
        ("D3", "period"),
        ("D4", "citations"),
    },
    "aimin-2020": {*(("A1", column) for column in ORGANISATIONS), ("A3", "carried_out"), *UNDATED},
}


def reading(key: str) -> DocumentReading:
    report = next(report for report in reports.load() if report.key == key)
    text = f"<html><body><div id='zoom'><h1>{report.title}</h1>{reports.body(report)}</div></body></html>"
    return read_document(text.encode())[0]


@pytest.mark.parametrize("key", FAILS)
def test_outcomes(key):
    checks = reading(key).report.checks
    by_outcome = {
        outcome: {(check.rule, check.subject) for check in checks if check.outcome == outcome}
        for outcome in ("pass", "fail", "not_assessable")
    }
    assert by_outcome["fail"] == FAILS[key]
    assert by_outcome["not_assessable"] == OPEN[key]
    # Blanks and merged values taken for 0 make what could not be told hold, but for dates and citations.
    filled = {(c.rule, c.subject) for c in checks if c.outcome == "not_assessable" and c.rule[0] != "D"}
    assert {(c.rule, c.subject) for c in checks if c.zero_filled == "pass"} >= filled


def test_whose_failures_they_are_and_where_to_look():
    checks = {(check.rule, check.subject): check for check in reading("aimin-2020").report.checks}
    suspect = Cell("applications", "processed_total", "total")
    assert checks["A1", "total"].suspect == checks["A2", "total"].suspect == suspect
    assert checks["A2", "total"].attribution == "agency"
    assert checks["A1", "total"].attribution == "unsettled"  # its row 四 could not be told
    assert checks["T1", "received_new"].attribution == "unsettled"  # a number of the text is read once
    assert checks["A2", "org_business"].attribution is None


def test_items_that_were_misunderstood():
    found = [p for p in reading("aimin-2020").problems if p.code == "p5_equal_nonzero"]
    assert [problem.cells[0].row for problem in found] == ["administrative_licensing"]
    assert not [p for p in reading("jingpo-2020").problems if p.code == "p5_equal_nonzero"]
