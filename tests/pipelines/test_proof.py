"""Heads of table 三 that mislead about its columns: the sums of the rows tell, and nothing is told then."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from pipelines.extract import read_file
from pipelines.forms import forms
from pipelines.records import Cell, DocumentReading
from tests.pipelines import renderings as r
from tests.pipelines.written import written

FORM = forms()["f2021"]
TABLE = FORM.tables["applications"]
COLUMNS, CODES = TABLE.blocks[0].columns, TABLE.blocks[0].rows
SUMMED, SPARSE = written(5), written(3)
TOP, MIDDLE, LEAVES = r.applications_head()


def reading(table: Sequence[str], printed: r.Printed) -> DocumentReading:
    page = r.official(FORM, printed, applications=r.table(table))
    (found,) = read_file(page.encode())
    assert found.report is not None
    return found


def without_spans(printed: r.Printed, order: Sequence[str] = COLUMNS) -> list[str]:
    """The rows with three cells of labels each, none merged."""
    rows = []
    for code in CODES:
        row = TABLE.rows[code]
        labels = (
            ["三、本年度办理结果", r.GROUPS.get(row.group or "", ""), row.label]
            if row.group
            else [row.label, "", ""]
        )
        values = [printed[Cell("applications", code, column)] for column in order]
        rows.append(r.tr(*map(r.td, (*labels, *values))))
    return rows


def with_spans(printed: r.Printed) -> list[str]:
    return r.applications_rows(FORM, printed)[3:]


@pytest.mark.parametrize("report", [SUMMED, SPARSE], ids=["summed", "sparse"])
@pytest.mark.parametrize("rows", [with_spans, without_spans])
@pytest.mark.parametrize(
    "middle",
    [
        MIDDLE.replace('colspan="5"', 'colspan="4"'),
        MIDDLE.replace('colspan="5"', 'colspan="6"'),
        MIDDLE.replace(' colspan="5"', ""),
        re.sub(r'<td colspan="5">[^<]*</td>', "", MIDDLE),
        re.sub(r'<td colspan="5">[^<]*</td>', "<td></td>", MIDDLE),
    ],
    ids=["four", "six", "one", "gone", "blank"],
)
def test_a_head_whose_spans_are_wrong_makes_no_wrong_figure(report, rows, middle):
    printed = report.printed
    found = reading([TOP, middle, LEAVES, *rows(printed)], printed)
    named = {cell for problem in found.problems for cell in problem.cells}
    told = {
        f.cell: f.printed for f in found.report.figures if f.status in ("number", "blank", "not_applicable")
    }
    assert {cell: text for cell, text in told.items() if printed[cell] != text} == {}
    assert set(printed) - set(told) <= named


@pytest.mark.parametrize("report", [SUMMED, SPARSE, written(1)], ids=["summed", "sparse", "distinct"])
def test_a_total_that_does_stand_elsewhere_is_read(report):
    order = ("total", *COLUMNS[:-1])
    head = [
        TOP,
        r.tr(r.td("总计", rowspan=2), r.td("自然人", rowspan=2), r.td("法人或其他组织", colspan=5)),
        LEAVES,
    ]
    found = reading([*head, *without_spans(report.printed, order)], report.printed)
    assert {figure.cell: figure.printed for figure in found.report.figures} == report.printed
    assert found.problems == ()
