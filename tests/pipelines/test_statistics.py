"""The statistics tables of older reports: recognised, read into the right cells, their sums tested."""

from __future__ import annotations

import pytest

from pipelines.extract import read_document
from pipelines.forms import statistics_forms
from pipelines.records import Cell, DocumentReading, Report
from tests.pipelines.statistics_tables import FIGURES, local, markup, national, prose


def reading(text: str) -> DocumentReading:
    return read_document(text.encode())[0]


def report(text: str) -> Report:
    found = reading(text).report
    assert found is not None
    return found


def values(found: Report, column: str = "total") -> dict[str, object]:
    return {figure.cell.row: figure.value for figure in found.figures if figure.cell.column == column}


def outcomes(found: Report, rule: str) -> dict[str, str]:
    return {check.subject: check.outcome for check in found.checks if check.rule == rule}


def test_a_table_of_2014_is_read_whole():
    found = report(prose(2016, table=national(FIGURES)))
    rows = statistics_forms()["f2014"].tables["statistics_2014"].rows
    expected = {code: float(FIGURES.get(code, "0")) for code in rows}
    assert values(found) == expected
    assert (found.form, found.family) == ("f2014", "gov_stat")
    assert found.forms["statistics_2014"] == "f2014"
    assert found.forms["applications"] is None
    assert {figure.unit for figure in found.figures if figure.cell.row == "s14_budget_wanyuan"} == {"万元"}
    assert not {problem.code for problem in reading(prose(2016, table=national(FIGURES))).problems}


def test_its_sums_are_tested():
    found = report(prose(2016, table=national(FIGURES)))
    assert set(outcomes(found, "A4").values()) == {"pass"}
    wrong = report(prose(2016, table=national({**FIGURES, "s14_requests_online": "7"})))
    assert outcomes(wrong, "A4")["s14_requests_total"] == "fail"
    check = next(c for c in wrong.checks if (c.rule, c.subject) == ("A4", "s14_requests_total"))
    assert (check.left, check.right, check.severity) == (9, 10, "soft")


def test_labels_that_stand_twice_are_told_by_their_place():
    found = values(report(prose(2015, table=national({**FIGURES, "s14_review_corrected": "4"}))))
    assert (found["s14_review_corrected"], found["s14_litigation_corrected"]) == (4, 1)
    found = values(
        report(prose(2015, table=national(FIGURES, without=["s14_review_corrected", "s14_review_other"])))
    )
    assert "s14_review_corrected" not in found
    assert found["s14_litigation_corrected"] == 1


def test_columns_for_levels():
    figures = {code: [value, "0", value] for code, value in FIGURES.items()}
    table = national(figures, ["区政府统计数", "区直单位统计数", "乡镇街道统计数"])
    found = report(prose(2017, agency="佳木斯市东风区人民政府", table=table))
    assert values(found, "total") == {}
    assert values(found, "own_level")["s14_requests_total"] == 9
    assert values(found, "departments")["s14_requests_total"] == 0
    assert values(found, "subordinate")["s14_requests_total"] == 9
    assert outcomes(found, "A4")["s14_requests_total/own_level"] == "pass"


def test_columns_without_a_name_are_not_chosen_from():
    figures = {code: [value, "1"] for code, value in FIGURES.items()}
    got = reading(prose(2016, table=national(figures, ["第一组", "第二组"])))
    assert got.report is not None
    assert got.report.figures == ()
    assert "header_unmatched" in {problem.code for problem in got.problems}


def test_money_in_yuan_becomes_wanyuan():
    table = national({**FIGURES, "s14_budget_wanyuan": "23500"}, units={"s14_budget_wanyuan": "元"})
    assert values(report(prose(2016, table=table)))["s14_budget_wanyuan"] == 2.35


def test_what_is_missing_and_what_is_unknown_is_said():
    table = national(FIGURES, without=["s14_complaints"])
    table = table.replace("</table>", "<tr><td>发放宣传资料数</td><td>份</td><td>300</td></tr></table>")
    problems = {problem.code: problem for problem in reading(prose(2016, table=table)).problems}
    assert problems["missing_row"].cells == (Cell("statistics_2014", "s14_complaints", "total"),)
    assert "发放宣传资料数" in problems["unmatched_row"].detail
    assert set(problems) == {"missing_row", "unmatched_row"}


def test_a_word_in_a_cell_is_no_number():
    got = reading(prose(2016, table=national({**FIGURES, "s14_complaints": "若干"})))
    assert "cell_not_a_number" in {problem.code for problem in got.problems}
    figure = next(f for f in got.report.figures if f.cell.row == "s14_complaints")
    assert (figure.status, figure.value) == ("unreadable", None)


def test_the_local_table_is_read_by_its_last_column():
    figures = {"loc_01": "55", "loc_10": "3", "loc_14": "3", "loc_17": "3", "loc_18": "2", "loc_20": "1"}
    figures |= {"loc_22": "1"}
    got = reading(prose(2010, table=local(figures)))
    found = got.report
    assert (found.form, found.forms["statistics_local"]) == ("local", "local")
    assert len(values(found)) == 35
    assert {code: value for code, value in values(found).items() if value} == {
        code: int(value) for code, value in figures.items()
    }
    assert outcomes(found, "A4") == {"loc_10": "pass", "loc_17": "pass", "loc_20": "pass"}
    assert [p.code for p in got.problems] == ["unmatched_cell"]
    assert "本期实际" in got.problems[0].detail


@pytest.mark.parametrize("year", [2009, 2013, 2016, 2018])
def test_a_report_of_chapters_only_is_a_report_with_a_reason(year):
    got = reading(prose(year))
    assert (got.report.form, got.report.family, got.report.figures) == ("none", "gov_prose", ())
    assert [section.number for section in got.report.sections] == [0, 1, 2, 3, 4, 5]
    assert [problem.code for problem in got.problems] == ["no_statutory_tables"]
    assert {claim.about: claim.value for claim in got.report.claims} == {
        "prose_disclosed_items": 128,
        "received_new": 9,
        "reconsideration": 0,
        "litigation": 0,
    }


def test_a_later_report_owes_the_statutory_tables():
    assert {problem.code for problem in reading(prose(2020)).problems} == {"missing_table"}


def test_prose_is_held_against_the_older_table():
    found = report(prose(2016, table=national(FIGURES)))
    assert outcomes(found, "T1") == {"received_new": "pass"}
    assert outcomes(found, "T3") == {"reconsideration": "pass", "litigation": "fail"}


def test_another_table_with_a_few_of_the_words_is_none():
    table = markup([["指标", "单位", "统计数"], ["收到申请数", "件", "3"], ["信函申请数", "件", "1"]])
    found = report(prose(2016, table=table))
    assert (found.form, found.figures) == ("none", ())
