"""The statistics tables of older reports: recognised, read into the right cells, their sums tested."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crawler.items import Document, Fetch, Listing, Portal, Publication
from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.extract import read_document, read_file, read_publication
from pipelines.forms import forms, statistics_forms
from pipelines.forms.statistics import read_statistics
from pipelines.records import Cell, DocumentReading, Report
from tests.pipelines import drawing, renderings
from tests.pipelines.statistics_tables import CHAPTERS, FIGURES, HEADINGS, local, markup, national, prose


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


FEES = "七、依申请公开信息收取的费用"


@pytest.mark.parametrize(
    ("printed", "label", "unit", "told"),
    [
        ("500", FEES, "万元", (500, "number")),
        ("500", f"{FEES}（元）", "", (0.05, "number")),
        ("500", f"{FEES}（单位：元）", "——", (0.05, "number")),
        ("￥500", FEES, "元", (0.05, "number")),
        ("￥500", FEES, "", (None, "unreadable")),
        ("500", f"{FEES}（元）", "万元", (None, "unreadable")),
        ("500", FEES, "美元", (None, "unreadable")),
        ("500元", FEES, "", (0.05, "number")),
        ("500件", FEES, "万元", (None, "unreadable")),
        ("", FEES, "元", (None, "blank")),
    ],
)
@pytest.mark.parametrize("layout", ["cells", "lines"])
def test_a_unit_of_money_is_taken_from_wherever_it_is_printed(layout, printed, label, unit, told):
    table = national({**FIGURES, "s14_fees_wanyuan": printed}, units={"s14_fees_wanyuan": unit})
    table = table.replace(FEES, label)
    if layout == "lines":
        rows = table.replace("<table>", "").replace("</table>", "").split("</tr>")
        table = "".join(f"<p>{row.replace('<tr>', '').replace('</td>', ' ')}</p>" for row in rows)
        table = table.replace("<td>", "")
    found = reading(prose(2016, table=table))
    cell = Cell("statistics_2014", "s14_fees_wanyuan", "total")
    if layout == "lines" and (not printed or unit == "美元"):  # no line of the table: missing, and said to be
        assert cell not in {one.cell for one in found.report.figures}
        assert [problem.code for problem in found.problems if cell in problem.cells] == ["missing_row"]
        return
    (figure,) = (one for one in found.report.figures if one.cell == cell)
    assert (figure.value, figure.status) == told
    # What could not be told is said to be so.
    assert (told[1] == "unreadable") == any(figure.cell in problem.cells for problem in found.problems)


@pytest.mark.parametrize(
    ("caption", "unit", "told"),
    [
        ("单位：元", "", 0.05),
        ("（金额单位：万元）", "", 500),
        ("单位：元", "万元", 500),
        ("单位：件", "", 500),
    ],
)
def test_a_unit_of_money_over_the_table_holds_where_the_row_names_none(caption, unit, told):
    table = national({**FIGURES, "s14_fees_wanyuan": "500"}, units={"s14_fees_wanyuan": unit})
    assert values(report(prose(2016, table=f"<p>{caption}</p>{table}")))["s14_fees_wanyuan"] == told


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


# Two readings -------------------------------------------------------------------------------------


def verified(found: Report) -> set[str]:
    return {figure.cell.row for figure in found.figures if figure.verified}


ROWS = list(statistics_forms()["f2014"].tables["statistics_2014"].rows)


def test_the_order_of_words_and_values_confirms_a_table_with_cells():
    assert verified(report(prose(2016, table=national(FIGURES)))) == set(ROWS)
    figures = {code: [value, "0", value] for code, value in FIGURES.items()}
    levels = report(
        prose(2017, table=national(figures, ["区政府统计数", "区直单位统计数", "乡镇街道统计数"]))
    )
    assert all(figure.verified for figure in levels.figures)
    assert all(figure.verified for figure in report(prose(2010, table=local({"loc_01": "55"}))).figures)


def test_a_row_with_a_cell_too_many_is_not_confirmed():
    table = national(FIGURES).replace("<td>件</td><td>9</td>", "<td>件</td><td>9</td><td>7</td>", 1)
    found = report(prose(2016, table=table))
    assert set(ROWS) - verified(found) == {"s14_requests_total"}


def ruled(rows: Sequence[Sequence[str]], *, rulings: bool = True, unit: float = 60.0) -> bytes:
    """A report as PDF: its chapters, then the table over as many pages as it needs; `unit` is the width of
    the column of units.
    """
    lines = ["".join(f"<td>{text}</td>" for text in row) for row in rows]
    rest = drawing.laid_out([f"<tr>{line}</tr>" for line in lines], (300.0, unit, 90.0))
    sheets = [drawing.Sheet()]
    y = drawing.write(sheets[0], ["牡丹江市民政局2016年政府信息公开工作年度报告"], drawing.TOP, 18.0)
    words = [part for heading, _ in CHAPTERS for part in (heading, *drawing.PROSE)]
    drawing.write(sheets[0], words, y + 10)
    while rest.height >= 600:
        sheets.append(drawing.Sheet())
        upper, rest = drawing.cut(rest, max(edge for edge in rest.edges if edge < 600))
        drawing.put(sheets[-1], upper, drawing.TOP)
    sheets.append(drawing.Sheet())
    drawing.put(sheets[-1], rest, drawing.TOP)
    for sheet in sheets:
        sheet.lines = sheet.lines if rulings else []
    return drawing.pdf(sheets)


def rows_of(figures: dict[str, str]) -> list[list[str]]:
    form = statistics_forms()["f2014"].tables["statistics_2014"]
    return [["统计指标", "单位", "统计数"]] + [
        [row.label, row.unit or "", figures.get(code, "0")] for code, row in form.rows.items()
    ]


def test_the_lines_of_a_drawn_page_confirm_its_ruled_table():
    [got] = read_file(ruled(rows_of(dict(FIGURES))))
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()
    # The value of a label over two lines stands between them: its line does not say whose it is.
    assert len(set(ROWS) - verified(got.report)) < 5


def test_of_a_page_without_rulings_only_what_stands_on_the_labels_line_is_taken():
    [got] = read_file(ruled(rows_of(dict(FIGURES)), rulings=False))
    found = values(got.report)
    assert len(found) > 50
    assert found == {code: float(FIGURES.get(code, "0")) for code in found}
    assert {problem.code for problem in got.problems} == {"missing_row"}
    assert {cell.row for cell in got.problems[0].cells} == set(ROWS) - set(found)
    assert verified(got.report) == set()


FEES = "七、依申请公开信息收取的费用"


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([f"{FEES} 万元 0.5"], 0.5),
        ([f"{FEES} 元 5000"], 0.5),
        (["万", f"{FEES} 0.5", "元"], 0.5),
        (["六、举报投诉数量 件 0 万", f"{FEES} 0.5", "元"], 0.5),
        ([f"{FEES} 0.5", "元"], None),
        (["万", f"六、举报投诉数量 件 0 {FEES} 0.5", "元"], None),
    ],
)
def test_a_unit_of_money_that_a_narrow_column_wraps(lines, value):
    """元 on the line below the value may be the end of 万元: an amount in 元 would be another."""
    rows = [" ".join(row) for row in rows_of(dict(FIGURES))]
    at = next(n for n, row in enumerate(rows) if FEES in row)
    rows[at - 1 : at + 1] = lines
    page = tuple(Paragraph(text, {"page": 1, "line": n}) for n, text in enumerate(rows, 1))
    found = read_statistics(Content(page, "application/pdf"))
    fees = next(f for f in found.figures if f.cell.row == "s14_fees_wanyuan")
    assert fees.value == value
    assert (fees.cell in {cell for problem in found.problems for cell in problem.cells}) == (value is None)


def test_what_is_wrapped_does_not_contradict_the_cells_of_a_ruled_page():
    [got] = read_file(ruled(rows_of(dict(FIGURES)), unit=20.0))
    found = {f.cell.row: (f.value, f.unit) for f in got.report.figures}
    assert found["s14_fees_wanyuan"] == (0.5, "万元")
    assert got.problems == ()


def test_what_was_recognised_in_a_picture_says_so():
    rows = tuple(
        tuple(GridCell(text, {"page": 1, "row": number}) for text in row)
        for number, row in enumerate(rows_of(dict(FIGURES)), 1)
    )
    grid = Grid(rows, {"page": 1, "table": 1})
    read = read_statistics(Content((grid,), "image/png", scanned=frozenset({1})))
    assert {figure.method for figure in read.figures} == {"ocr"}
    assert not any(figure.verified for figure in read.figures)


# Running text -------------------------------------------------------------------------------------


def as_text(parting: str, *, between: str = "\n", figures: dict[str, str] | None = None) -> str:
    chapters = "\n".join(f"{heading}\n{text.format(year=2016)}" for heading, text in CHAPTERS)
    rows = [parting.join(row) for row in rows_of({**FIGURES, **(figures or {})})]
    table = "\n".join(["附件：政府信息公开情况统计表", *rows]) if between == "\n" else between.join(rows)
    return f"牡丹江市民政局2016年政府信息公开工作年度报告\n{chapters}\n{table}\n"


@pytest.mark.parametrize("parting", ["\t", "  ", "\n", "：", " | "])
def test_a_table_in_running_text_is_read(parting):
    text = as_text(parting)
    if parting == " | ":
        text = text.replace("统计指标 |", "| 统计指标 |")
    [got] = read_file(text.encode())
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert (got.report.form, got.problems) == ("f2014", ())
    # The table is no text of the last chapter.
    assert "当面申请数" not in got.report.sections[-1].text


def test_a_table_in_paragraphs_of_a_page_is_read():
    table = "".join(f"<p>{label}：{value}{unit}</p>" for label, unit, value in rows_of(dict(FIGURES))[1:])
    found = report(prose(2016, table=table))
    assert values(found) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert {figure.method for figure in found.figures} == {"label_order"}
    assert verified(found) == set()
    assert outcomes(found, "A4")["s14_requests_total"] == "pass"


def test_a_blank_in_running_text_moves_no_other_value():
    [got] = read_file(as_text("\n", figures={"s14_requests_fax": "", "s14_litigation_other": ""}).encode())
    expected = {code: float(FIGURES.get(code, "0")) for code in ROWS}
    del expected["s14_requests_fax"], expected["s14_litigation_other"]
    assert values(got.report) == expected
    (problem,) = got.problems
    assert problem.code == "missing_row"
    assert {cell.row for cell in problem.cells} == {"s14_requests_fax", "s14_litigation_other"}


def test_values_that_stand_before_their_labels_are_given_to_none():
    lines = [line for label, _, value in rows_of(dict(FIGURES))[1:] for line in (value, label)]
    text = as_text("\n").partition("附件")[0] + "\n".join(["附件：统计表", *lines, ""])
    [got] = read_file(text.encode())
    assert {figure.status for figure in got.report.figures} == {"unreadable"}
    assert "unconfirmed_text" in {problem.code for problem in got.problems}


def test_several_values_behind_a_label_are_not_chosen_from():
    text = as_text("\n", figures={code: f"{FIGURES.get(code, '0')}\n1" for code in ROWS})
    [got] = read_file(text.encode())
    assert got.report.figures == ()
    assert {problem.code for problem in got.problems} == {"no_statutory_tables"}
    rows = {code: f"{FIGURES.get(code, '0')}\n1" for code in ("s14_complaints", "s14_trainees")}
    [got] = read_file(as_text("\n", figures=rows).encode())
    refused = {figure.cell.row for figure in got.report.figures if figure.status == "unreadable"}
    assert refused == {"s14_complaints", "s14_trainees"}


# A table that stands twice ------------------------------------------------------------------------


def titled(year: int, figures: dict[str, str]) -> str:
    return f"<p>{year}年度政府信息公开情况统计表</p>{national(figures)}"


def test_of_two_years_the_reports_own_is_read():
    other = {**FIGURES, "s14_requests_total": "77"}
    for tables in (titled(2015, other) + titled(2016, FIGURES), titled(2016, FIGURES) + titled(2015, other)):
        got = reading(prose(2016, table=tables))
        assert values(got.report)["s14_requests_total"] == 9
        assert got.problems == ()


def test_the_table_of_another_year_is_flagged():
    got = reading(prose(2016, table=titled(2015, FIGURES)))
    (problem,) = got.problems
    assert (problem.code, len(problem.cells)) == ("other_year", 58)
    got = reading(prose(2016, table=national(FIGURES, ["2015年"])))
    assert [problem.code for problem in got.problems] == ["other_year"]
    assert reading(prose(2016, table=titled(2016, FIGURES))).problems == ()


def test_two_tables_that_differ_and_name_no_year_are_not_chosen_from():
    tables = national(FIGURES) + national({**FIGURES, "s14_requests_total": "77"})
    got = reading(prose(2016, table=tables))
    figure = next(f for f in got.report.figures if f.cell.row == "s14_requests_total")
    assert (figure.status, figure.value, figure.note) == ("unreadable", None, "9; 77")
    (problem,) = got.problems
    assert problem.code == "conflicting_rows"
    assert problem.cells == (Cell("statistics_2014", "s14_requests_total", "total"),)
    assert reading(prose(2016, table=national(FIGURES) * 2)).problems == ()


def test_a_table_cut_over_pages_is_one():
    head, _, rest = national(FIGURES).partition("<tr><td>四、行政复议数量")
    table = f"{head}</table><p>— 2 —</p><table><tr><td>四、行政复议数量{rest}"
    got = reading(prose(2016, table=table))
    assert len(values(got.report)) == 58
    assert got.problems == ()


def test_a_dash_is_a_value_and_no_unit():
    table = markup([["统计指标", "统计数"], *([label, "-"] for label, _, _ in rows_of({})[1:])])
    found = report(prose(2016, table=table))
    assert {figure.status for figure in found.figures} == {"not_applicable"}
    assert len(found.figures) == 58


# Text on the page, table in a file ----------------------------------------------------------------


def publication(*files: tuple[str, bytes]) -> Publication:
    documents = []
    for number, (label, body) in enumerate(files, 1):
        url = f"http://x/{number}"
        fetch = Fetch(
            id=number, url=url, final_url=url, found_on=None, link_text=label, status=200, content_type=None,
            fetched_at="2017-03-20T00:00:00Z", sha256=None,
        )  # fmt: skip
        documents.append(Document(fetch=fetch, body=body, label=label))
    portal = Portal(id="x", name="牡丹江市人民政府", division="231000", home="http://x/")
    listing = Listing(title="牡丹江市民政局2016年政府信息公开工作年度报告")
    return Publication(portal=portal, page=documents[0], attachments=tuple(documents[1:]), listing=listing)


def alone(table: str) -> bytes:
    return f"<html><body>{table}</body></html>".encode()


def test_a_table_in_a_file_takes_the_chapters_of_its_page():
    page, file = read_publication(
        publication(("年度报告", prose(2016).encode()), ("附件：统计表", alone(national(FIGURES))))
    ).documents
    assert page.problems == file.problems == ()
    assert (page.report.form, page.report.figures) == ("none", ())
    assert file.report.form == "f2014"
    assert [section.number for section in file.report.sections] == [0, 1, 2, 3, 4, 5]
    assert file.report.claims == page.report.claims
    assert file.report.fingerprints == page.report.fingerprints
    assert outcomes(file.report, "T1") == {"received_new": "pass"}
    assert outcomes(file.report, "T3") == {"reconsideration": "pass", "litigation": "fail"}
    assert outcomes(page.report, "T1") == {}


def test_a_file_of_another_body_takes_nothing():
    other = f"<p>鸡西市民政局2016年政府信息公开工作年度报告</p>{national(FIGURES)}"
    page, file = read_publication(
        publication(("年度报告", prose(2016).encode()), ("鸡西市民政局", alone(other)))
    ).documents
    assert file.report.agency.name == "鸡西市民政局"
    assert not any(section.number for section in file.report.sections)
    assert [problem.code for problem in page.problems] == ["no_statutory_tables"]


# Odd layouts --------------------------------------------------------------------------------------


def laid(heads: Sequence[str], *columns: str) -> str:
    """A table whose rows are these columns: `label`, `unit`, `value`, `number` or a text."""
    rows = [list(heads)]
    for number, (label, unit, value) in enumerate(rows_of(dict(FIGURES))[1:], 1):
        known = {"label": label, "unit": unit, "value": value, "number": str(number)}
        known |= {"with unit": value + unit, "label and unit": f"{label}（{unit}）"}
        rows.append([known.get(column, column) for column in columns])
    return markup(rows)


@pytest.mark.parametrize(
    "table",
    [
        laid(["序号", "统计指标", "单位", "统计数"], "number", "label", "unit", "value"),
        laid(["统计指标", "统计数"], "label", "value"),
        laid(["统计指标", "统计数"], "label", "with unit"),
        laid(["统计指标", "统计数"], "label and unit", "value"),
        laid(["统计指标", "单位", "统计数", "备注"], "label", "unit", "value", "其中网站7条"),
        laid(["统计指标", "单位", "本年数", "上年数"], "label", "unit", "value", "7"),
        laid(["统计指标", "单位", "统计数", "同比增长"], "label", "unit", "value", "7%"),
    ],
)
def test_layouts_that_bodies_make_of_it(table):
    got = reading(prose(2016, table=table))
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()
    assert verified(got.report) == set(ROWS)


def of_rows(rows: Sequence[Sequence[str]]) -> str:
    return markup(rows)


LISTED = [[label, unit, value] for label, unit, value in rows_of(dict(FIGURES))[1:]]
HALF = (len(LISTED) + 1) // 2
HEAD = ["统计指标", "单位", "统计数"]


@pytest.mark.parametrize("head", [HEAD * 2, []])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("down", [True, False])
def test_two_columns_of_indicators_beside_each_other(head, wide, down):
    """The list goes on at the top of the second column, or in it on the same row."""
    lines = [line if wide else [line[0], line[2]] for line in LISTED]
    blank = [""] * len(lines[0])
    left, right = (lines[:HALF], lines[HALF:]) if down else (lines[::2], lines[1::2])
    rows = [[*one, *other] for one, other in zip(left, [*right, blank], strict=False)]
    heads = [cell for cell in head if wide or cell != "单位"]
    got = reading(prose(2016, table=of_rows([heads, *rows] if heads else rows)))
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()


@pytest.mark.parametrize("serial", [True, False])
@pytest.mark.parametrize("down", [True, False])
def test_three_columns_of_indicators_beside_each_other(serial, down):
    """The number of a third column's row was taken for the value of the second's."""
    lines = [[str(n), *line] if serial else line for n, line in enumerate(LISTED, 1)]
    third = -(-len(lines) // 3)
    parts = [lines[n * third : (n + 1) * third] if down else lines[n::3] for n in range(3)]
    parts = [[*part, *[[""] * len(lines[0])] * (third - len(part))] for part in parts]
    head = ["序号", *HEAD] if serial else HEAD
    rows = [head * 3, *([*a, *b, *c] for a, b, c in zip(*parts, strict=True))]
    got = reading(prose(2016, table=of_rows(rows)))
    found = values(got.report)
    assert found.items() <= {code: float(FIGURES.get(code, "0")) for code in ROWS}.items()
    # Numbers of rows that stand now before a label, now behind a value, hide which column is the values'.
    untold = set(ROWS) - set(found)
    assert untold <= {cell.row for problem in got.problems for cell in problem.cells}
    assert not untold or (serial and not down)


def test_a_part_of_an_unknown_row_is_not_given_to_another():
    """主要负责同志参加次数 is a part of two rows; the one over it is called otherwise than in the form."""
    left_out = "s14_press_conferences_led"
    rows = [list(HEAD)]
    for code, (label, unit, value) in zip(ROWS, LISTED, strict=True):
        names = {
            "s14_online_interviews": "2.网上问政场次",
            "s14_online_interviews_led": "主要负责同志参加次数",
        }
        if code != left_out:
            rows.append([names.get(code, label), unit, value])
    got = reading(prose(2016, table=of_rows(rows)))
    untold = {left_out, "s14_online_interviews", "s14_online_interviews_led"}
    assert set(values(got.report)) == set(ROWS) - untold
    assert untold <= {cell.row for problem in got.problems for cell in problem.cells}


def test_values_before_their_labels_are_missing_and_said_to_be():
    rows = [["统计数", "统计指标"], *([value, label] for label, _, value in LISTED)]
    got = reading(prose(2016, table=of_rows(rows)))
    assert values(got.report) == {}
    assert {cell.row for problem in got.problems for cell in problem.cells} == set(ROWS)


def test_heads_of_groups_make_no_statutory_table():
    """行政复议 over the indicators of reviews is not the head of chapter 四 of later reports."""
    groups = {
        "s14_proactive_total": "主动公开",
        "s14_requests_total": "依申请公开",
        "s14_review_total": "行政复议",
    }
    groups |= {"s14_litigation_total": "行政诉讼", "s14_complaints": "其他"}
    rows, group = [["类别", *HEAD]], ""
    for code, line in zip(ROWS, LISTED, strict=True):
        group = groups.get(code, group)
        rows.append([group, *line])
    got = reading(prose(2016, table=of_rows(rows)))
    assert got.report.family == "gov_stat"
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()  # a column of headings holds no value


@pytest.mark.parametrize("head", [True, False])
def test_a_statutory_table_in_the_grid_of_the_indicators(head):
    """Both are read where one sheet or layout table holds both, as where each has a grid of its own."""
    form = forms()["f2021"]
    printed = renderings.distinct(form)
    statutory = "".join(renderings.proactive_rows(form, printed))
    rows = of_rows([HEAD, *LISTED] if head else LISTED)
    found = report(prose(2022, table=rows.replace("<tr>", statutory + "<tr>", 1)))
    read = {f.cell: f.printed for f in found.figures if f.cell.table == "proactive"}
    assert read == {cell: text for cell, text in printed.items() if cell.table == "proactive"}
    own = {f.cell.row: f.value for f in found.figures if f.cell.table == "statistics_2014"}
    assert own == {code: float(FIGURES.get(code, "0")) for code in ROWS}


def test_of_two_years_columns_the_latest_is_read_and_held_against_the_report():
    table = laid(["统计指标", "单位", "2015年", "2016年"], "label", "unit", "7", "value")
    got = reading(prose(2016, table=table))
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()
    assert [problem.code for problem in reading(prose(2017, table=table)).problems] == ["other_year"]


def test_dashes_beside_a_heading_are_no_values():
    """The annex of 2014 prints —— for the unit and for the figure of its headings."""
    table = national(FIGURES).replace("<td>——</td><td></td>", "<td>——</td><td>——</td>")
    assert table.count("——</td><td>——") == len(HEADINGS)
    got = reading(prose(2016, table=table))
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()


def test_an_unknown_row_is_named_for_its_number_alone():
    for printed, found in (("7", ["unmatched_row"]), ("—", []), ("", [])):
        rows = [HEAD, *LISTED[:5], ["发布公告数量", "条", printed], *LISTED[5:]]
        got = reading(prose(2016, table=of_rows(rows)))
        assert [problem.code for problem in got.problems] == found
        assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}


def test_a_heading_with_its_number_is_no_head_of_columns():
    rows = [["统计指标", "代码", "单位", "统计数"], ["一、主动公开情况", "1", "——", "——"]]
    rows += [[label, str(number), unit, value] for number, (label, unit, value) in enumerate(LISTED, 2)]
    got = reading(prose(2016, table=of_rows(rows)))
    assert values(got.report) == {code: float(FIGURES.get(code, "0")) for code in ROWS}
    assert got.problems == ()


def test_the_year_stands_beside_all_years():
    """The provincial form has 年度 and 历年累计; the second is no figure of the year."""
    figures = {"loc_01": "55", "loc_10": "3", "loc_14": "3"}
    table = local(figures, first="年度").replace("本年累计", "历年累计")
    got = reading(prose(2010, table=table))
    assert values(got.report) == {f"loc_{number:02d}": 7 for number in range(1, 36)}
    assert got.problems == ()


def test_an_ordinal_behind_of_which_is_none_of_the_label():
    table = local({"loc_11": "4"}).replace(">1.当面申请数<", ">其中：1.当面申请数<")
    table = table.replace(">（1）“非《规定》", ">其中：（1）“非《规定》")
    assert table.count("其中：") == 4
    got = reading(prose(2010, table=table))
    assert values(got.report)["loc_11"] == 4
    assert len(values(got.report)) == 35


def test_rows_that_no_problem_names_are_missing_where_no_head_tells_the_columns():
    rows = [["统计指标", "甲县", "乙县"], *([label, value, "3"] for label, _, value in LISTED[1:])]
    got = reading(prose(2016, table=of_rows(rows)))
    assert values(got.report) == {}
    assert {cell.row for problem in got.problems for cell in problem.cells} == set(ROWS)
