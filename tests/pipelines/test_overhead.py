"""Tables under the name of another body, of a whole area, or another report's title: told as doubted."""

from __future__ import annotations

import pytest

from pipelines.extract import read_file
from pipelines.forms import forms
from pipelines.records import DocumentReading
from tests.pipelines import renderings as r
from tests.pipelines import sheet, word

FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)
OTHERS = r.distinct(FORM, 5001)
OF_T3 = {cell for cell in PRINTED if cell.table == "applications"}
TABLE = r.table(r.applications_rows(FORM, OTHERS))
TITLE = "牡丹江市教育局2021年政府信息公开工作年度报告"


def reading(body: str | bytes) -> DocumentReading:
    (found,) = read_file(body.encode() if isinstance(body, str) else body)
    assert found.report is not None, found.problems
    return found


def page(table: str, title: str = TITLE) -> str:
    return r.official(FORM, PRINTED, applications=table).replace(r.TITLE, title)


def doubted(found: DocumentReading) -> set[object]:
    return {
        cell for problem in found.problems if problem.code == "table_of_another" for cell in problem.cells
    }


@pytest.mark.parametrize(
    "caption",
    [
        "附表：全市教育系统收到和处理政府信息公开申请情况汇总表",
        "全市收到和处理政府信息公开申请情况",
        "（二）局属各事业单位收到和处理政府信息公开申请情况",
        "各县（市、区）教育局收到和处理政府信息公开申请情况",
        "附：牡丹江市教育考试院收到和处理政府信息公开申请情况",
        "牡丹江市体育局收到和处理政府信息公开申请情况",
        "2021年本局没有收到政府信息公开申请。现将全市教育系统收到和处理政府信息公开申请的情况汇总如下：",
        "本单位及下属收到申请情况汇总表",
        "本部门（含下级）政府信息公开申请情况汇总表",
    ],
)
def test_a_table_under_another_body_or_a_whole_area(caption):
    assert doubted(reading(page(f"<p>{caption}</p>{TABLE}"))) == OF_T3
    if not caption.endswith("："):
        assert doubted(reading(page(f"<p>{caption}</p><p>单位：件</p>{TABLE}"))) == OF_T3
        headed = r.table([r.tr(r.td(caption, 10)), *r.applications_rows(FORM, OTHERS)])
        assert doubted(reading(page(headed))) == OF_T3


@pytest.mark.parametrize(
    "caption",
    [
        "（一）局机关收到和处理政府信息公开申请情况",
        "市教育局收到和处理政府信息公开申请情况",
        "牡丹江市教育局2021年收到和处理政府信息公开申请情况统计表",
        "全市教育局本级收到和处理政府信息公开申请情况",
        "表2　收到和处理政府信息公开申请情况",
        "单位：件",
        "本部门收到和处理政府信息公开申请情况汇总表",
        "2021年度本单位政府信息公开申请情况汇总表",
    ],
)
def test_a_table_under_its_own_caption(caption):
    assert reading(page(f"<p>{caption}</p>{TABLE}")).problems == ()


@pytest.mark.parametrize(
    ("body", "caption", "own"),
    [
        ("文化广电和旅游局", "市文旅局", True),
        ("文化广电和旅游局", "牡丹江市文广旅局", True),
        ("市场监督管理局", "市场监管局", True),
        ("市场监督管理局", "市市场监管局", True),
        ("林业和草原局", "市林草局", True),
        ("人力资源和社会保障局", "市社保局", False),
        ("林业和草原局", "市自然资源局", False),
        ("文化广电和旅游局", "市体育局", False),
    ],
)
def test_a_caption_that_names_a_body_by_its_short_name(body, caption, own):
    title = f"牡丹江市{body}2021年政府信息公开工作年度报告"
    found = reading(page(f"<p>{caption}收到和处理政府信息公开申请情况</p>{TABLE}", title))
    assert doubted(found) == (set() if own else OF_T3)


@pytest.mark.parametrize(
    "line",
    [
        "加强对各部门、各单位政务公开工作的指导。",
        "(五)监督保障。对各乡镇公开情况开展检查。",
        "全市一盘棋推进政务公开。",
        "牡丹江市财政局年度考核获优秀等次。",
        "2020年工作回顾",
        "相关链接：牡丹江市教育局2020年政府信息公开工作年度报告",
        "上一篇：牡丹江市财政局2021年政府信息公开工作年度报告",
    ],
)
def test_the_end_of_the_chapter_before_is_no_caption(line):
    """Sentences and links before the heading of the table's chapter are said of nothing below it."""
    whole = page(TABLE)
    heading = "三、收到和处理政府信息公开申请情况"
    assert whole.count(heading) == 1
    before = whole[: whole.index(heading)].rfind("<")
    assert reading(whole[:before] + f"<p>{line}</p>" + whole[before:]).problems == ()


def test_a_long_line_over_a_table_is_read_once():
    """Where each sign of it begins a search this takes minutes."""
    assert doubted(reading(page(f"<p>{'公开，' * 40_000}</p>{TABLE}"))) == set()


def test_a_year_over_the_heading_of_a_table():
    lines = "<p>2020年度数据</p><p>收到和处理政府信息公开申请情况</p>"
    assert doubted(reading(page(lines + TABLE))) == OF_T3
    lines = "<p>2020年，本局工作平稳。</p><p>收到和处理政府信息公开申请情况</p>"
    assert doubted(reading(page(lines + TABLE))) == set()
    # Straight over the table it is doubted once, by its own problem.
    assert {p.code for p in reading(page(f"<p>2020年度数据</p>{TABLE}")).problems} == {"other_year"}


@pytest.mark.parametrize(
    ("body", "area"),
    [("牡丹江市人民政府", "全市"), ("东宁市人民政府办公室", "全市"), ("东宁市绥阳镇人民政府", "全镇")],
)
def test_a_government_may_report_for_its_whole_area(body, area):
    title = f"{body}2021年政府信息公开工作年度报告"
    assert reading(page(f"<p>{area}收到和处理政府信息公开申请情况</p>{TABLE}", title)).problems == ()


def second(title: str) -> str:
    """A report without table 三, and behind it the whole one of another title."""
    first = page("").removesuffix("</div></body></html>")
    return first + r.official(FORM, OTHERS).partition("<body>")[2].replace(r.TITLE, title)


@pytest.mark.parametrize(
    "title",
    ["牡丹江市体育局2021年政府信息公开工作年度报告", "牡丹江市教育局2022年政府信息公开工作年度报告"],
)
def test_the_tables_of_a_second_report_do_not_fill_the_gaps_of_the_first(title):
    found = reading(second(title))
    assert found.report.agency.name == "牡丹江市教育局"
    assert doubted(found) >= OF_T3


def test_a_second_report_in_a_word_file_or_workbook():
    other = "牡丹江市体育局2021年政府信息公开工作年度报告"
    bodies = word.body(FORM, PRINTED, applications=""), word.body(FORM, OTHERS)
    texts = [text.replace(r.TITLE, title) for text, title in zip(bodies, (TITLE, other), strict=True)]
    assert doubted(reading(word.packed("".join(texts)))) >= OF_T3

    sheets = []
    for title, rows in ((TITLE, r.review_rows(FORM, PRINTED)), (other, r.applications_rows(FORM, OTHERS))):
        cells, merged = sheet.laid(rows, 1)
        sheets.append(sheet.sheet({(0, 0): sheet.written(title, 0, 0)} | cells, merged))
    assert doubted(reading(sheet.book(*sheets))) == OF_T3


@pytest.mark.parametrize("render", [r.flowing, r.wrapped, r.tab_rows])
def test_a_second_report_in_running_text(render):
    first, other = (render(FORM, printed) for printed in (PRINTED, OTHERS))
    begin, end = (first.index(r.CHAPTERS[code]) for code in ("applications", "review_litigation"))
    other = other.replace(r.TITLE, "牡丹江市体育局2021年政府信息公开工作年度报告")
    found = reading(f"{first[:begin]}{first[end:]}\n\n{other}")
    assert {f.cell for f in found.report.figures if f.status == "number"} & OF_T3 <= doubted(found)


def test_the_title_of_the_report_itself_ends_the_doubt():
    links = "<p>牡丹江市体育局2021年政府信息公开工作年度报告</p>"
    found = reading(page(TABLE).replace("<h1>", f"{links}<h1>", 1))
    assert doubted(found) == set()


def test_a_further_piece_of_a_table_is_under_the_same_caption():
    rows = r.applications_rows(FORM, OTHERS)
    pieces = f"<p>全市教育系统汇总表</p>{r.table(rows[:12])}<p>- 3 -</p>{r.table(rows[12:])}"
    assert doubted(reading(page(pieces))) == OF_T3
