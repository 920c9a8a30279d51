"""Each rule within a report fails on figures made to break it, holds on others, and is open on blanks.

The arithmetic is taken from the list of rules itself, each rule on each of its subjects; the rules that
are told when a document is read have a report for each outcome. A rule without a case fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest

from pipelines.checks import attributed, checks, rules_of_reading
from pipelines.checks.stated import stated_rules
from pipelines.forms import every_form
from pipelines.records import Cell, Check, Dates, Figure, FormRule, Outcome, Report
from tests.pipelines.test_checks import F2019, F2021, figure, put, zeros
from tests.pipelines.test_rules_of_a_report import HEADINGS, agency, checked, report, sections

RULES = {
    *("A1", "A2", "A3", "A4", "A5", "A6", "R1", "R2", "R3", "P2", "P3", "P4"),
    *("T1", "T2", "T3", "C1", "C2", "D1", "D2", "D3", "D4"),
}
ARITHMETIC = [rule for rule in stated_rules() if rule.relation in ("=", "≤", "→")]
WHOLE = [rule for rule in stated_rules() if rule.relation == "whole"]


def test_the_list_of_rules_is_complete():
    assert {rule.rule for rule in stated_rules()} == RULES
    read = {rule.rule for rule in stated_rules() if rule.relation == "read"}
    assert read == set(rules_of_reading()) == set(CASES)
    assert {(rule.form, rule.table) for rule in ARITHMETIC} == {
        (form.id, table) for form in every_form().values() for table in form.tables
    }


def named(rule: FormRule) -> str:
    return f"{rule.form}/{rule.table}/{rule.rule}/{rule.subject}"


def outcome(rule: FormRule, changed: Mapping[Cell, Figure]) -> Check:
    """What the rule says of a table of zeros in which some cells are others."""
    table = every_form()[rule.form].tables[rule.table]
    figures = {cell: figure(cell, 0) for cell in table.cells()} | changed
    beside = [figures.pop(cell) for cell in rule.left if rule.told == "beside"]
    found = checks(tuple(figures.values()), {rule.table: rule.form}, beside)
    own = [check for check in found if (check.rule, check.subject) == (rule.rule, rule.subject)]
    assert len(own) == 1
    return own[0]


def beside(rule: FormRule, value: float) -> dict[Cell, Figure]:
    """A printed subtotal has no cell of the form: it stands there only where it is printed."""
    return {cell: figure(cell, value) for cell in rule.left} if rule.told == "beside" else {}


@pytest.mark.parametrize("rule", ARITHMETIC, ids=named)
def test_each_sum_holds_fails_and_stays_open(rule):
    held = outcome(rule, beside(rule, 0))
    assert (held.outcome, held.zero_filled, held.severity) == ("pass", "pass", rule.severity)
    broken = outcome(rule, {rule.left[0]: figure(rule.left[0], 1)})
    assert (broken.outcome, broken.zero_filled) == ("fail", "fail")
    assert (broken.left, broken.right) == (1, 0)
    assert set(broken.cells) == {*rule.left, *rule.right}
    mended = outcome(rule, {rule.left[0]: figure(rule.left[0], 1), rule.right[0]: figure(rule.right[0], 1)})
    assert (mended.outcome, mended.left, mended.right) == ("pass", 1, 1)
    blank = {rule.right[0]: figure(rule.right[0], None, status="blank")}
    opened = outcome(rule, beside(rule, 0) | blank)
    assert (opened.outcome, opened.zero_filled) == ("not_assessable", "pass")
    opened = outcome(rule, {rule.left[0]: figure(rule.left[0], 1)} | blank)
    assert (opened.outcome, opened.zero_filled) == ("not_assessable", "fail")
    assert opened.left is opened.right is None


@pytest.mark.parametrize("rule", WHOLE, ids=named)
def test_each_number_that_counts_is_whole(rule):
    table = every_form()[rule.form].tables[rule.table]
    for cell in table.cells():
        counts = cell.row not in rule.exempt and cell.column not in rule.exempt
        for value in (-1, 2.5):
            found = outcome(rule, {cell: figure(cell, value)})
            assert found.outcome == ("fail" if counts else "pass"), cell
            assert found.cells == ((cell,) if counts else ())
    blank = {cell: figure(cell, None, status="blank") for cell in table.cells()}
    assert outcome(rule, blank).outcome == "not_assessable"


# Rules that are told when a document is read ------------------------------------------------------


class Case(NamedTuple):
    """A report on which a rule has an outcome on a subject."""

    outcome: Outcome
    subject: str
    report: Report


def received(number: int | None) -> dict[Cell, Figure]:
    figures = zeros(F2021)
    put(figures, "received_new", number, status="blank" if number is None else "number")
    return figures


def says(text: str, figures: dict[Cell, Figure] | None = None) -> Report:
    return report(figures, sections=sections(text))


def dated(published_on: str | None, **dates: object) -> Report:
    known = Dates(**{"due_on": "2022-01-31", "late_confidence": "high", **dates})  # type: ignore[arg-type]
    return report(published_on=published_on, dates=known)


def ruling(value: float | None, kind: str, level: str | None = "county") -> Report:
    figures = zeros(F2021)
    status = "blank" if value is None else "number"
    put(figures, "government_rules", value, "in_force", table="proactive", status=status)
    return report(figures, agency=agency(kind, level))


GOT_THREE = "2021年，我局共收到政府信息公开申请3件。"
GOT_NONE = "2021年，我局未收到政府信息公开申请。"
LISTED = "全年公开政府信息10条，{}目录4条、新媒体{}条。"
PERIOD = {"period_from": "2021-01-01", "period_to": "2021-12-31"}
NUMBERED = "（一）主动公开\n从略。\n（二）平台\n从略。\n（{}）考核\n从略。"

CASES: dict[str, list[Case]] = {
    "P3": [
        Case("pass", "government_rules", ruling(0, "department")),
        Case("pass", "government_rules", ruling(2, "government", "prefecture")),
        Case("fail", "government_rules", ruling(2, "government")),
        Case("not_assessable", "government_rules", ruling(None, "government")),
    ],
    "T1": [
        Case("pass", "received_new", says(GOT_THREE, received(3))),
        Case("fail", "received_new", says(GOT_THREE, received(2))),
        Case("not_assessable", "received_new", says(GOT_THREE, received(None))),
    ],
    "T2": [
        Case("pass", "prose_disclosed_items", says(LISTED.format("其中", 6))),
        Case("fail", "prose_disclosed_items", says(LISTED.format("分别为", 5))),
        Case("not_assessable", "prose_disclosed_items", says(LISTED.format("其中", 5))),
    ],
    "T3": [
        Case("pass", "received_new", says(GOT_NONE, received(0))),
        Case("fail", "received_new", says(GOT_NONE, received(1))),
        Case("not_assessable", "received_new", says(GOT_NONE, received(None))),
    ],
    "C1": [
        Case("pass", "chapters", report()),
        Case("fail", "chapters", report(sections=sections()[:-1])),
        Case("pass", "parts", says(NUMBERED.format("三"))),
        Case("fail", "parts", says(NUMBERED.format("四"))),
        Case("fail", "parts", says(NUMBERED.format("三") + "\n监督保障情况\n从略。")),
    ],
    "C2": [
        Case("pass", "applications", report()),
        Case("fail", "applications", report(zeros(F2019), F2019, year=2022)),
    ],
    "D1": [
        Case("pass", "published_on", dated("2022-01-31")),
        Case("fail", "published_on", dated("2022-02-01")),
        Case("not_assessable", "published_on", dated(None)),
        Case("not_assessable", "published_on", dated("2024-02-01", late_confidence="low")),
    ],
    "D2": [
        Case("pass", "published_on", dated(None, printed_on="2022-01-01")),
        Case("fail", "published_on", dated(None, printed_on="2021-12-31")),
        Case("not_assessable", "published_on", dated(None)),
    ],
    "D3": [
        Case("pass", "period", dated(None, **PERIOD)),
        Case("fail", "period", dated(None, **{**PERIOD, "period_from": "2021-03-01"})),
        Case("not_assessable", "period", dated(None)),
    ],
    "D4": [
        Case("pass", "citations", says("依照国办公开办函〔2021〕30号编制。")),
        Case("pass", "citations", says("国办公开办函〔2021〕30号代替国办公开办函〔2019〕60号。")),
        Case("fail", "citations", says("依照国办公开办函〔2019〕60号编制。")),
        Case("fail", "citations", says("按照《2021年政务公开工作要点》（国办发〔2020〕8号）编制。")),
        Case("not_assessable", "citations", says("从略。")),
    ],
}


PAIRS = [(rule, case) for rule, own in CASES.items() for case in own]


@pytest.mark.parametrize(("rule", "case"), PAIRS)
def test_each_rule_of_the_reading(rule, case):
    found = checked(case.report)[rule, case.subject]
    assert found.outcome == case.outcome
    assert found.severity == rules_of_reading()[rule]["severity"]


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_of_the_reading_has_a_case_for_each_outcome(rule):
    decided = {"C1", "C2"}  # what stands in the document can be told
    outcomes = {"pass", "fail"} if rule in decided else {"pass", "fail", "not_assessable"}
    assert {case.outcome for case in CASES[rule]} == outcomes


def test_a_part_is_numbered_wherever_its_ordinal_stands():
    skipped = checked(says("（一）公开\n从略。（二）平台从略。\n（三）考核\n从略。"))
    assert skipped["C1", "parts"].outcome == "pass"
    # 第二十条第（五）项 wrapped at the end of a line is no part; a bracket may be lost.
    wrapped = checked(says("（一）公开\n按照条例第二十条第\n（五）项公开。\n二）平台\n从略。"))
    assert wrapped["C1", "parts"].outcome == "pass"
    assert len(HEADINGS) == 6


# Whose failure ------------------------------------------------------------------------------------


def test_figures_read_twice_make_a_failed_sum_the_agencys_and_nothing_else():
    figures = received(3)
    put(figures, "government_rules", 1, "in_force", table="proactive")
    found = says("2021年，我局共收到政府信息公开申请5件。", figures)
    found = replace(
        found,
        figures=tuple(replace(one, verified=True) for one in found.figures),
        checks=tuple(checked(found).values()),
    )
    failed = {check.rule: check.attribution for check in attributed(found).checks if check.outcome == "fail"}
    # The number of the text and the level of the body have one reading each.
    assert failed == {"A1": "agency", "A6": "agency", "P3": "unsettled", "T1": "unsettled"}
