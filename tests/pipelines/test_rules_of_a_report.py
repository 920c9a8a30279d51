"""The rules beside the sums of the tables: P2 to P4, A4, T1 to T3, C1, C2, D1 to D4, each firing and not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.checks import attributed, checks, misfilled_items, report_checks
from pipelines.claims import told
from pipelines.forms import Form, forms
from pipelines.records import Agency, Cell, Check, Dates, Figure, Report, Section
from tests.pipelines.test_checks import F2019, F2021, figure, put, zeros

HEADINGS = (
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
)
PROSE = "（一）主动公开\n2021年，依照《中华人民共和国政府信息公开条例》公开。\n（二）依申请公开\n受理有序。"


def sections(first: str = PROSE, preamble: str = "") -> tuple[Section, ...]:
    chapters = [Section(number=n, heading=h, text="从略。") for n, h in enumerate(HEADINGS, 1)]
    return (Section(number=0, heading="", text=preamble), replace(chapters[0], text=first), *chapters[1:])


def agency(kind: str = "department", level: str | None = "prefecture") -> Agency:
    return Agency(id="a", name="某局", printed="某局", agency_type=kind, level=level, division_code="231000")


def report(figures: dict[Cell, Figure] | None = None, form: Form = F2021, **more: object) -> Report:
    given: dict[str, object] = {
        "title": "某局2021年政府信息公开工作年度报告",
        "agency": agency(),
        "year": form.first_year,
        "family": "gov_form",
        "scope": "own_organ",
        "published_on": None,
        "forms": dict.fromkeys(form.tables, form.id),
        "sections": sections(),
        "figures": tuple((figures or zeros(form)).values()),
    }
    return Report(**{**given, **more})  # type: ignore[arg-type]


def checked(found: Report, subtotals: tuple[Figure, ...] = ()) -> dict[tuple[str, str], Check]:
    said = told(found.sections, found.year)
    return {(check.rule, check.subject): check for check in report_checks(found, said, subtotals)}


def test_a_plain_report_fails_nothing():
    found = checked(report())
    assert {check.outcome for check in found.values() if check.rule[0] in "APRC"} == {"pass"}
    assert "fail" not in {check.outcome for check in found.values()}


def test_severities():
    kinds = {check.rule: check.severity for check in checked(report()).values()}
    assert {rule for rule, severity in kinds.items() if severity == "hard"} == {
        "A1", "A2", "A3", "A5", "A6", "R1", "R2", "R3", "D2",
    }  # fmt: skip


# P2 to P5 ---------------------------------------------------------------------------------------


def test_p2_more_issued_than_can_be():
    figures = zeros(F2021)
    put(figures, "normative_documents", 5, "issued", table="proactive")
    put(figures, "normative_documents", 3, "in_force", table="proactive")
    put(figures, "normative_documents", 2, "repealed", table="proactive")
    assert checked(report(figures))["P2", "normative_documents"].outcome == "pass"
    put(figures, "normative_documents", 1, "repealed", table="proactive")
    check = checked(report(figures))["P2", "normative_documents"]
    assert (check.outcome, check.left, check.right, check.severity) == ("fail", 5, 4, "soft")
    put(figures, "normative_documents", None, "repealed", table="proactive", status="blank")
    check = checked(report(figures))["P2", "normative_documents"]
    assert (check.outcome, check.zero_filled) == ("not_assessable", "fail")


@pytest.mark.parametrize(
    ("kind", "level", "outcome"),
    [
        ("government", "prefecture", "pass"),
        ("government", "province", "pass"),
        ("department", "central", "pass"),
        ("government", "county", "fail"),
        ("department", "prefecture", "fail"),
        ("department", None, "not_assessable"),
    ],
)
def test_p3_rules_are_made_by_few(kind, level, outcome):
    figures = zeros(F2021)
    put(figures, "government_rules", 2, "in_force", table="proactive")
    check = checked(report(figures, agency=agency(kind, level)))["P3", "government_rules"]
    assert (check.outcome, check.left) == (outcome, 2)


def test_p3_of_a_blank_row_cannot_be_told():
    figures = zeros(F2021)
    put(figures, "government_rules", None, "in_force", table="proactive", status="blank")
    check = checked(report(figures))["P3", "government_rules"]
    assert (check.outcome, check.zero_filled) == ("not_assessable", "pass")


def test_p4_more_disclosed_this_year_than_ever():
    figures = zeros(F2019)
    put(figures, "normative_documents", 3, "disclosed_new", table="proactive")
    check = checked(report(figures, F2019))["P4", "normative_documents"]
    assert (check.outcome, check.left, check.right, check.severity) == ("fail", 3, 0, "soft")
    put(figures, "normative_documents", 3, "disclosed_total", table="proactive")
    assert checked(report(figures, F2019))["P4", "normative_documents"].outcome == "pass"


def items(before: float, change: float, decisions: float) -> list[str]:
    figures = zeros(F2019)
    columns = ("items_prior_year", "items_change", "decisions")
    for column, value in zip(columns, (before, change, decisions), strict=True):
        put(figures, "administrative_licensing", value, column, table="proactive")
    found = misfilled_items(tuple(figures.values()), dict.fromkeys(F2019.tables, "f2019"))
    return [problem.code for problem in found]


def test_p5_items_that_add_up_to_cases_were_misunderstood():
    assert items(1110, 123, 1233) == ["p5_equal_nonzero"]
    assert items(20, -5, 15) == ["p5_equal_nonzero"]
    assert items(17, 0, 17) == []
    assert items(8, 5, 93) == []
    assert misfilled_items(tuple(zeros(F2021).values()), dict.fromkeys(F2021.tables, "f2021")) == []


# A4 ---------------------------------------------------------------------------------------------


def test_a4_printed_subtotals():
    figures = zeros(F2021)
    put(figures, "denied_state_secret", 1, "total")
    put(figures, "denied_third_party", 2, "total")
    printed = (figure(Cell("applications", "denied_total", "total"), 3),)
    assert checked(report(figures), printed)["A4", "denied_total/total"].outcome == "pass"
    printed = (figure(Cell("applications", "denied_total", "total"), 4),)
    check = checked(report(figures), printed)["A4", "denied_total/total"]
    assert (check.outcome, check.left, check.right, check.severity) == ("fail", 4, 3, "hard")
    assert not any(rule == "A4" for rule, _ in checked(report(figures)))


# T1 to T3 ---------------------------------------------------------------------------------------


def with_prose(text: str, figures: dict[Cell, Figure] | None = None) -> dict[tuple[str, str], Check]:
    return checked(report(figures, sections=sections(text)))


def test_t1_the_text_against_the_table():
    figures = zeros(F2021)
    put(figures, "received_new", 3)
    check = with_prose("2021年受理依申请公开1件。", figures)["T1", "received_new"]
    assert (check.outcome, check.left, check.right, check.severity) == ("fail", 1, 3, "soft")
    assert "受理依申请公开1件" in check.detail
    assert with_prose("2021年受理依申请公开3件。", figures)["T1", "received_new"].outcome == "pass"
    put(figures, "received_new", None, "total", status="blank")
    check = with_prose("2021年受理依申请公开3件。", figures)["T1", "received_new"]
    assert (check.outcome, check.zero_filled) == ("not_assessable", "fail")


def test_t1_a_text_may_count_what_was_carried_in():
    figures = zeros(F2021)
    put(figures, "received_new", 74)
    put(figures, "carried_in", 1)
    check = with_prose("全年收到政府信息公开申请75件。", figures)["T1", "received_new"]
    assert (check.outcome, check.right) == ("pass", 74)
    assert "together" in check.detail


def test_t1_lawsuits_of_both_kinds():
    figures = zeros(F2021)
    put(figures, "litigation_direct", 1, "total", table="review_litigation")
    put(figures, "litigation_after_reconsideration", 2, "total", table="review_litigation")
    text = "因政府信息公开被申请行政复议0件，被提起行政诉讼3件。"
    found = with_prose(text, figures)
    assert found["T1", "litigation"].outcome == found["T1", "reconsideration"].outcome == "pass"
    assert with_prose(text.replace("3件", "2件"), figures)["T1", "litigation"].outcome == "fail"


def test_t2_lists_of_parts():
    check = with_prose("全年公开政务信息178条，其中目录64条、新媒体74条、官网40条。")[
        "T2", "prose_disclosed_items"
    ]
    assert (check.outcome, check.left, check.right) == ("pass", 178, 178)
    check = with_prose("全年公开政务信息178条，其中目录64条、新媒体74条。")["T2", "prose_disclosed_items"]
    assert (check.outcome, check.left) == ("not_assessable", 138)
    check = with_prose("全年公开政务信息178条，分别为目录64条、新媒体74条。")["T2", "prose_disclosed_items"]
    assert (check.outcome, check.severity) == ("fail", "soft")


def test_t3_none_in_the_text():
    figures = zeros(F2021)
    text = "2021年，未收到政府信息公开申请，未发生因政府信息公开引起的行政复议和行政诉讼。"
    found = with_prose(text, figures)
    subjects = ("received_new", "reconsideration", "litigation")
    assert {found["T3", subject].outcome for subject in subjects} == {"pass"}
    put(figures, "received_new", 2)
    assert with_prose(text, figures)["T3", "received_new"].outcome == "fail"


# C1, C2 -----------------------------------------------------------------------------------------


def test_c1_chapters():
    assert checked(report())["C1", "chapters"].outcome == "pass"
    lost = [replace(s, heading=s.heading.removeprefix("二、")) for s in sections()]
    check = checked(report(sections=tuple(lost)))["C1", "chapters"]
    assert (check.outcome, check.left, check.right) == ("fail", 5, 6)
    assert "主动公开政府信息情况" in check.detail
    check = checked(report(sections=sections()[:-1]))["C1", "chapters"]
    assert (check.outcome, check.left) == ("fail", 5)
    assert "六" in check.detail


def test_c1_parts_of_a_chapter():
    assert checked(report())["C1", "parts"].outcome == "pass"
    text = "（一）主动公开\n从略。\n（二）平台\n从略。\n（四）考核\n从略。"
    check = checked(report(sections=sections(text)))["C1", "parts"]
    assert check.outcome == "fail"
    assert "（三）" in check.detail
    assert ("C1", "parts") not in checked(report(sections=sections("从略。")))


def test_c1_is_no_rule_of_older_reports():
    older = replace(report(form=F2019), year=2016, forms={}, figures=(), sections=sections()[:4])
    assert not any(rule == "C1" for rule, _ in checked(older))


def test_c2_rows_and_columns():
    check = checked(report())["C2", "applications"]
    assert (check.outcome, check.left, check.right) == ("pass", 25, 25)
    check = checked(report(zeros(F2019), F2019, year=2022))["C2", "applications"]
    assert (check.outcome, check.left, check.right) == ("fail", 23, 25)
    figures = zeros(F2019)
    columns = F2019.tables["applications"].columns
    put(figures, "carried_out", None, *columns, status="merged", note='["0", "0"]')
    check = checked(report(figures, F2019))["C2", "applications"]
    assert (check.outcome, check.left, check.right) == ("fail", 22, 23)
    put(figures, "carried_out", None, *columns, status="blank")
    assert checked(report(figures, F2019))["C2", "applications"].outcome == "pass"


# D1 to D4 ---------------------------------------------------------------------------------------


def dated(published_on: str | None, **dates: object) -> dict[tuple[str, str], Check]:
    known = Dates(**{"due_on": "2022-01-31", "late_confidence": "medium", **dates})  # type: ignore[arg-type]
    return checked(report(published_on=published_on, dates=known))


def test_d1_in_time():
    check = dated("2022-01-20")["D1", "published_on"]
    assert (check.outcome, check.left, check.right) == ("pass", 20220120, 20220131)
    check = dated("2022-02-15")["D1", "published_on"]
    assert (check.outcome, check.severity) == ("fail", "soft")
    assert dated("2024-02-15", late_confidence="low")["D1", "published_on"].outcome == "not_assessable"
    assert dated(None)["D1", "published_on"].outcome == "not_assessable"
    assert dated("2022-02-15", due_on=None)["D1", "published_on"].outcome == "not_assessable"


def test_d2_after_the_period():
    assert dated("2022-01-20", printed_on="2022-01-20")["D2", "published_on"].outcome == "pass"
    check = dated(None, printed_on="2021-07-07")["D2", "published_on"]
    assert (check.outcome, check.left, check.right, check.severity) == ("fail", 20210707, 20211231, "hard")
    assert dated(None)["D2", "published_on"].outcome == "not_assessable"


def test_d3_the_whole_year():
    whole = {"period_from": "2021-01-01", "period_to": "2021-12-31"}
    assert dated(None, **whole)["D3", "period"].outcome == "pass"
    check = dated(None, **{**whole, "period_to": "2021-12-07"})["D3", "period"]
    assert (check.outcome, check.left, check.right) == ("fail", 20211207, 20211231)
    assert dated(None)["D3", "period"].outcome == "not_assessable"


@pytest.mark.parametrize(
    ("preamble", "outcome"),
    [
        ("按照国办公开办函〔2021〕30号的格式编制。", "pass"),
        ("按照国办公开办函〔2019〕60号的格式编制。", "fail"),
        ("按照《2021年政务公开工作要点》（国办发〔2021〕12号）编制。", "pass"),
        ("按照《2022年政务公开工作要点》（国办发〔2021〕12号）编制。", "fail"),
        ("按照《市2020年政务公开工作实施方案》（市政办发〔2019〕\n17 号）编制。", "fail"),
        ("按照《条例》编制。", "pass"),
        ("", "not_assessable"),
    ],
)
def test_d4_cited_documents(preamble, outcome):
    found = checked(report(sections=sections("从略。", preamble)))
    assert found["D4", "citations"].outcome == outcome
    assert found["D4", "citations"].severity == "soft"


# Whose failure ----------------------------------------------------------------------------------


def test_a_failure_on_figures_read_twice_alike_is_the_agencys():
    figures = zeros(F2021)
    put(figures, "received_new", 4)
    found = report(figures)
    found = replace(found, checks=checks(found.figures, found.forms))
    failed = {c.attribution for c in attributed(found).checks if c.outcome == "fail"}
    assert failed == {"unsettled"}
    verified = tuple(replace(one, verified=True) for one in found.figures)
    told_anew = attributed(replace(found, figures=verified)).checks
    assert {c.attribution for c in told_anew if c.outcome == "fail"} == {"agency"}
    assert {c.attribution for c in told_anew if c.outcome != "fail"} == {None}
    one_doubted = tuple(
        replace(one, verified=one.cell != Cell("applications", "carried_out", "total"))
        for one in found.figures
    )
    by_column = {
        c.subject: c.attribution
        for c in attributed(replace(found, figures=one_doubted)).checks
        if c.rule == "A1" and c.outcome == "fail"
    }
    assert by_column == {"natural_person": "agency", "total": "unsettled"}


def test_every_rule_says_what_it_says():
    for form in forms().values():
        for check in checked(report(zeros(form), form)).values():
            assert len(check.detail) > 20
            assert "{" not in check.detail
