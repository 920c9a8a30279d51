"""Titles, dates and headings as pages print them: no body, year or date that the page does not give."""

from __future__ import annotations

import re

import pytest

from crawler.items import Portal
from pipelines.dates import calendar_date
from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.records import Report
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
PAGE = r.official(FORM, r.distinct(FORM))
BARE = re.sub(r"<h1>.*?</h1>|<title>.*?</title>", "", PAGE)
TITLE = f"<p>{r.TITLE}</p>"
PORTAL = Portal(id="mudanjiang", name="牡丹江市人民政府", division="231000", home="http://www.mdj.gov.cn/")


def report(document: str) -> Report:
    found = read_document(document.encode(), portal=PORTAL)[0]
    assert found.report is not None, found.problems
    return found.report


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["关于报送2021年政府信息公开工作年度报告的函"], None),
        (["关于报送2021年政府信息公开工作年度报告的报告"], None),
        (
            ["牡丹江市教育局文件", "牡教发〔2022〕3号", "关于报送2021年政府信息公开工作年度报告的报告"],
            "牡丹江市教育局",
        ),
        (["牡丹江市教育局 文件", "牡教发〔2022〕第3号", "2021年政府信息公开工作年度报告"], "牡丹江市教育局"),
        (["牡丹江市教育局转发牡丹江市第一中学2021年政府信息公开工作年度报告"], "牡丹江市第一中学"),
        (["牡丹江市教育局/财政局2021年政府信息公开工作年度报告"], "牡丹江市教育局、牡丹江市财政局"),
    ],
)
def test_letters_and_what_they_send(lines, body):
    title = "".join(f"<p>{line}</p>" for line in lines)
    found = read_document(
        BARE.replace('<div id="zoomcon">', f'<div id="zoomcon">{title}').replace(TITLE, "").encode()
    )
    report = found[0].report
    assert report is not None, found[0].problems
    assert (report.agency.name if report.agency else None, report.year) == (body, 2021)


@pytest.mark.parametrize(
    "title",
    [
        "【年报】{0}2021年政府信息公开工作年度报告",
        "[公开年报]{0}2021年政府信息公开工作年度报告",
        "{0}2021年法治政府建设年度报告和政府信息公开工作年度报告",
        "{0}二О二一年政府信息公开工作年度报告",
        "{0}二Ｏ二一年政府信息公开工作年度报告",
        "牡公发〔2022〕3号{0}2021年政府信息公开工作年度报告",
        "牡丹江市人民政府_{0}2021年政府信息公开工作年度报告",
        "牡丹江市人民政府 - {0}2021年政府信息公开工作年度报告",
        "信息公开年报 | {0}2021年政府信息公开工作年度报告",
        "{0}2021年政府信息公开工作年度报告_政府信息公开年报_牡丹江市人民政府",
        "1.{0}2021年政府信息公开工作年度报告",
        "5、{0}2021年政府信息公开工作年度报告",
        "附件1：{0}2021年政府信息公开工作年度报告.docx",
        "《{0}2021年政府信息公开工作年度报告》",
        "关于印发《{0}2021年政府信息公开工作年度报告》的通知",
        "{0}关于发布2021年政府信息公开工作年度报告的公告",
        "{0}政府信息公开2021年度报告",
        "{0}政府信息公开工作2021年年度报告",
        "{0}2022年发布2021年政府信息公开工作年度报告",
        "{0}2021年政府信息公开工作年度报告及2022年工作计划",
        "{0}2021年政府信息公开工作年度报告（2022年1月20日）",
        "{0}2021年1-12月政府信息公开工作年度报告",
        "{0}2021年政府信息和政务公开工作年度报告",
        "{0}2021政府信息公开工作年度报告",
        "2021年度{0}政府信息公开工作年度报告",
    ],
)
def test_what_stands_around_a_title_is_no_part_of_the_name(title):
    found = report(PAGE.replace(r.TITLE, title.format("牡丹江市公安局")))
    assert (found.agency.name, found.year) == ("牡丹江市公安局", 2021)


@pytest.mark.parametrize(
    ("name", "division", "kind"),
    [
        ("牡丹江市会议中心", "231000", "authorised_org"),
        ("牡丹江市退役军人培训中心", "231000", "authorised_org"),
        ("牡丹江市制度建设委员会办公室", "231000", "department"),
        ("国家税务总局牡丹江市税务局", "231000", "vertical_agency"),
        ("国家税务总局牡丹江市爱民区税务局", "231004", "vertical_agency"),
        ("国家统计局牡丹江调查队", "231000", "vertical_agency"),
        ("中国人民银行牡丹江市中心支行", "231000", "vertical_agency"),
        ("中华人民共和国牡丹江海关", "231000", "vertical_agency"),
        ("牡丹江师范学院", "231000", "university"),
    ],
)
def test_names_are_kept_as_the_body_bears_them(name, division, kind):
    agency = report(PAGE.replace(r.TITLE, f"{name}2021年政府信息公开工作年度报告")).agency
    assert (agency.name, agency.division_code, agency.agency_type) == (name, division, kind)


@pytest.mark.parametrize(
    "lines",
    [
        ("牡丹江市样例局", "2021年政府信息公开", "工作年度报告"),
        ("牡丹江市样例局", "政府信息公开工作年度报告", "（2021年度）"),
        ("2021年政府信息公开工作年度报告", "牡丹江市样例局"),
        ("2021年政府信息公开工作年度报告", "牡丹江市样例局 2022年1月20日"),
        ("索引号：00231/2022-1", "发布机构：市政府办", "生成日期：2022-01-20", "主题分类：政务公开", r.TITLE),
        ("索引号：00231", "标题：" + r.TITLE, "正文"),
        ("上一篇：牡丹江市教育局2019年政府信息公开工作年度报告", r.TITLE),
        ("政府信息公开年报", r.TITLE),
        ("附件：" + r.TITLE,),
    ],
)
def test_the_lines_of_a_title(lines):
    found = report(BARE.replace(TITLE, "".join(f"<p>{line}</p>" for line in lines)))
    assert (found.agency.name, found.year) == ("牡丹江市样例局", 2021)


@pytest.mark.parametrize("headline", ["政府信息公开年报", "政府信息公开年度报告", "牡丹江市人民政府"])
def test_the_name_of_a_column_is_no_title(headline):
    found = report(PAGE.replace(f"<h1>{r.TITLE}", f"<h1>{headline}").replace(f"<title>{r.TITLE}", "<title>x"))
    assert (found.title, found.agency.name, found.year) == (r.TITLE, "牡丹江市样例局", 2021)


# Dates ------------------------------------------------------------------------------------------


def ending(*lines: str, head: str = "") -> str:
    text = PAGE.replace("<p>无。</p>", "<p>无。</p>" + "".join(f"<p>{line}</p>" for line in lines))
    return text.replace("<head>", f"<head>{head}")


@pytest.mark.parametrize(
    "lines",
    [
        ("牡丹江市样例局", "2022年1月20日"),
        ("牡丹江市样例局&nbsp;&nbsp;2022年1月20日",),
        ("二○二二年元月二十日",),
        ("二〇二二年一月廿日",),
        ("2022.1.20",),
        ("2022-01-20",),
        ("2022/1/20",),
        (
            "（2022年1月20日）",
            "联系电话：0453-1234567",
            "地址：某路",
            "邮编：157000",
            "邮箱：a@b.c",
            "传真：1",
        ),
    ],
)
def test_a_date_below_the_text(lines):
    assert report(ending(*lines)).published_on == "2022-01-20"


@pytest.mark.parametrize("line", ["2022年1月", "2022年2月30日", "整改完成时间：2022年6月30日"])
def test_what_is_no_date_of_publication(line):
    assert report(ending(line)).published_on is None


def test_a_day_that_no_calendar_has_gives_way_to_the_pages_date():
    text = ending("2022年2月30日", head='<meta name="PubDate" content="2022-03-01">')
    assert report(text).published_on == "2022-03-01"
    assert report(ending(head='<meta name="PubDate" content="2022-02-30">')).published_on is None
    assert calendar_date(2024, 2, 29) == "2024-02-29"


def test_dates_of_other_articles_and_of_the_site_are_not_taken():
    news = '<ul><li>某某新闻 <span class="date">2025-10-10</span></li></ul>'
    assert report(PAGE.replace("<body>", f"<body>{news}")).published_on is None
    own = f'{news}<div class="pubtime">发布时间：2022-01-25</div>'
    assert report(PAGE.replace("<body>", f"<body>{own}")).published_on == "2022-01-25"
    assert report(PAGE.replace("</body>", "<p>备案时间：2023-05-01</p></body>")).published_on is None


def test_a_date_in_a_row_of_metadata():
    lines = "<p>索引号：00231</p><p>生成日期：2022-01-25</p>"
    assert report(PAGE.replace(TITLE, lines + TITLE)).published_on == "2022-01-25"


# Chapters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    ["（{0}）{1}", "第{0}部分 {1}", "{2}.{1}", "{2}、{1}", "{0}{1}", "{3}、{1}", "# {0}、{1}", "{1}"],
)
def test_headings_under_other_numbering(heading):
    def renumbered(found: re.Match[str]) -> str:
        number = "一二三四五六".index(found[1])
        return f"<p>{heading.format(found[1], found[2], number + 1, '壹贰叁肆伍陆'[number])}</p>"

    text = re.sub(r"<p>([一二三四五六])、([^<]*)</p>", renumbered, PAGE)
    assert [section.number for section in report(text).sections] == [0, 1, 2, 3, 4, 5, 6]


def test_parts_of_a_chapter_are_no_chapters():
    text = PAGE.replace(
        "<p>二、", "<p>（一）主动公开情况</p><p>文。</p><p>（二）其他事项</p><p>文。</p><p>二、"
    )
    sections = report(text).sections
    assert [section.number for section in sections] == [0, 1, 2, 3, 4, 5, 6]
    assert "（一）主动公开情况" in sections[1].text
