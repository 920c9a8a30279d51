"""Subtotals that a report prints beside its form: found where they are certain, tested, never figures."""

from __future__ import annotations

import pytest

from pipelines.extract import read_document
from tests.province import reports


def page(*, denied: str | None = None) -> str:
    """A sample report with a row （三）不予公开 of its own over its members."""
    report = next(r for r in reports.load() if r.style == "flat" and r.page)
    text = reports.body(report)
    assert "1.属于国家秘密" in text
    if denied is not None:
        cells = "".join(f"<td>{value}</td>" for value in denied.split())
        row = f"<tr><td>（三）不予公开</td>{cells}</tr>"
        begin = text.rindex("<tr", 0, text.index("1.属于国家秘密"))
        text = text[:begin] + row + text[begin:]
    return f"<html><body><div id='zoom'><h1>{report.title}</h1>{text}</div></body></html>"


def outcomes(text: str) -> dict[str, str]:
    found = read_document(text.encode())[0].report
    assert found is not None
    assert not any(figure.cell.row == "denied_total" for figure in found.figures)
    return {check.subject: check.outcome for check in found.checks if check.rule == "A4"}


def test_a_report_without_subtotals_has_no_a4():
    assert outcomes(page()) == {}


@pytest.mark.parametrize(("total", "outcome"), [("0", "pass"), ("5", "fail")])
def test_a_printed_subtotal_is_tested(total, outcome):
    found = outcomes(page(denied=f"0 0 0 0 0 0 {total}"))
    assert found["denied_total/total"] == outcome
    assert found["denied_total/natural_person"] == "pass"
    assert len(found) == 7


def test_a_row_with_fewer_values_is_no_subtotal():
    assert outcomes(page(denied="0 0 5")) == {}
