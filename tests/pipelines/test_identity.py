"""Whose report and which year: titles, places, short names, dates."""

import pytest

from crawler.items import Listing, Portal
from pipelines.agencies import resolved
from pipelines.content import Content, Paragraph
from pipelines.identity import identity, parsed_title, scope
from pipelines.records import Section
from pipelines.sections import sections

MUDANJIANG = Portal(
    id="mudanjiang", name="牡丹江市人民政府", division="231000", home="http://www.mdj.gov.cn/"
)
AIMIN = Portal(id="aimin", name="牡丹江市爱民区人民政府", division="231004", home="http://www.aimin.gov.cn/")
JIAMUSI = Portal(id="jiamusi", name="佳木斯市人民政府", division="230800", home="http://www.jms.gov.cn/")


@pytest.mark.parametrize(
    ("title", "agency", "year"),
    [
        ("牡丹江市政府研究室2021年 政府信息公开工作年度报告", "牡丹江市政府研究室", 2021),
        ("镜管委 2020 年政府信息公开 工作年度报告", "镜管委", 2020),
        ("2021年牡丹江市财政局政府信息公开工作年度报告", "牡丹江市财政局", 2021),
        ("2024年淮安市人民政府信息公开工作年度报告", "淮安市人民政府", 2024),
        ("牡丹江市财政局关于2021年度政府信息公开工作年度报告", "牡丹江市财政局", 2021),
        ("财政局政府信息公开年度报告（2021年）", "财政局", 2021),
        ("二〇二一年宾县人民政府政府信息公开工作年度报告", "宾县人民政府", 2021),
        ("２０２２年度某局政府信息公开年报", "某局", 2022),
        ("牡丹江市住建局2022年政府信息公开工作年度报告（图片版）.pdf", "牡丹江市住建局", 2022),
        ("2021年政府信息公开工作年度报告", None, 2021),
        ("鹤岗市工农区2024年政务公开年度报告", "鹤岗市工农区", 2024),
    ],
)
def test_a_title_names_body_and_year(title, agency, year):
    found = parsed_title(title)
    assert (found.agency, found.year, found.is_report) == (agency, year, True)


@pytest.mark.parametrize(
    "title",
    [
        "关于做好2021年政府信息公开工作年度报告编制工作的通知",
        "牡丹江市政府信息公开指南",
        "政府信息公开年度报告格式",
        "2021年政府工作报告",
    ],
)
def test_other_titles_are_no_report(title):
    assert not parsed_title(title).is_report


def test_a_range_of_years_is_no_year():
    assert parsed_title("2019-2020年政府信息公开工作年度报告").year is None


@pytest.mark.parametrize(
    ("printed", "portal", "year", "expected"),
    [
        ("牡丹江市政府研究室", None, 2021, ("牡丹江市人民政府研究室", "department", "prefecture", "231000")),
        ("佳木斯市东风区政府", None, 2021, ("佳木斯市东风区人民政府", "government", "county", "230805")),
        ("爱民区", None, 2020, ("牡丹江市爱民区人民政府", "government", "county", "231004")),
        ("五常市工业信息科技局", None, 2023, ("五常市工业信息科技局", "department", "county", "230184")),
        (
            "哈尔滨市五常市工业信息科技局",
            None,
            2023,
            ("五常市工业信息科技局", "department", "county", "230184"),
        ),
        ("五常市民意乡", None, 2021, ("五常市民意乡人民政府", "township", "township", "230184")),
        ("黑龙江省商务厅", None, 2019, ("黑龙江省商务厅", "department", "province", "230000")),
        ("市工信局", MUDANJIANG, 2022, ("牡丹江市工业和信息化局", "department", "prefecture", "231000")),
        ("财政局", MUDANJIANG, 2022, ("牡丹江市财政局", "department", "prefecture", "231000")),
        ("市财政局", AIMIN, 2022, ("牡丹江市财政局", "department", "prefecture", "231000")),
        (
            "区政府办公室",
            AIMIN,
            2022,
            ("牡丹江市爱民区人民政府办公室", "government_office", "county", "231004"),
        ),
        ("向阳区", JIAMUSI, 2019, ("佳木斯市向阳区人民政府", "government", "county", "230803")),
        ("嫩江县", None, 2018, ("嫩江县人民政府", "government", "county", "231121")),
        ("友好区", None, 2017, ("伊春市友好区人民政府", "government", "county", "230704")),
        ("友好区", None, 2020, ("伊春市友好区人民政府", "government", "county", "230719")),
        ("大兴安岭地区行政公署", None, 2021, ("大兴安岭地区行政公署", "government", "prefecture", "232700")),
        ("淮安市人民政府", MUDANJIANG, 2024, ("淮安市人民政府", "government", "prefecture", "320800")),
        (
            "牡丹江经济技术开发区管委会",
            MUDANJIANG,
            2021,
            ("牡丹江经济技术开发区管理委员会", "management_committee", "prefecture", "231000"),
        ),
    ],
)
def test_bodies_are_placed(printed, portal, year, expected):
    problems = []
    agency = resolved(printed, portal, year, problems)
    assert (agency.name, agency.agency_type, agency.level, agency.division_code) == expected
    assert agency.printed == printed
    assert problems == []


def test_a_name_that_two_divisions_bear_is_not_placed():
    problems = []
    agency = resolved("向阳区", None, 2019, problems)
    assert agency.division_code is None
    assert [problem.code for problem in problems] == ["ambiguous_division"]
    assert "230402" in problems[0].detail
    assert "230803" in problems[0].detail


def test_the_same_body_has_the_same_id_from_any_portal():
    assert (
        resolved("市工信局", MUDANJIANG, 2022, []).id == resolved("牡丹江市工业和信息化局", None, 2019, []).id
    )
    assert resolved("市工信局", MUDANJIANG, 2022, []).id != resolved("市工信局", JIAMUSI, 2022, []).id


def test_unplaced_bodies_of_two_portals_are_two():
    other = Portal(id="huaian", name="x", division="000000", home="http://x/")
    assert resolved("某某县财政局", None, 2022, []).id != resolved("某某县财政局", other, 2022, []).id


def found(
    *lines: str,
    headlines: tuple[str, ...] = (),
    meta: dict[str, str] | None = None,
    portal=None,
    listing=None,
):
    content = Content(tuple(Paragraph(line) for line in lines), "text/html", headlines, meta or {})
    return identity(content, sections(content), portal, listing or Listing())


def test_the_title_may_stand_over_two_lines_with_a_date_below():
    answer = found("牡丹江市工业和信息化局", "2022年度政府信息公开工作年度报告", "2023年1月17日", "正文")
    assert (answer.year, answer.agency.name, answer.published_on) == (
        2022,
        "牡丹江市工业和信息化局",
        "2023-01-17",
    )


def test_bodies_named_in_the_text_are_never_taken():
    answer = found("2021年政府信息公开工作年度报告", "结合市政府办公室政务公开工作实际，制定此报告。")
    assert answer.agency is None


def test_the_portals_own_agency_fills_a_title_without_a_name():
    own = Portal(id="x", name="x", division="231000", home="http://x/", agency="牡丹江市样例局")
    assert found("2021年政府信息公开工作年度报告", portal=own).agency.name == "牡丹江市样例局"


def test_a_source_given_by_the_page_is_an_inference():
    answer = found("2021年政府信息公开工作年度报告", meta={"source": "市财政局"}, portal=MUDANJIANG)
    assert answer.agency.name == "牡丹江市财政局"
    assert [problem.code for problem in answer.problems] == ["agency_inferred"]


def test_years_that_disagree_are_a_problem():
    answer = found(
        "牡丹江市样例局2021年政府信息公开工作年度报告",
        "统计期限自2020年1月1日至2020年12月31日。",
        headlines=("牡丹江市样例局2021年政府信息公开工作年度报告",),
    )
    assert answer.year == 2021
    assert [problem.code for problem in answer.problems] == ["year_conflict"]


def test_the_stated_period_gives_the_year_where_the_title_does_not():
    answer = found(
        "牡丹江市样例局政府信息公开工作年度报告", "本报告数据的统计期限自2022年1月1日起至2022年12月31日止。"
    )
    assert answer.year == 2022
    assert answer.problems == ()


@pytest.mark.parametrize(
    ("lines", "meta", "path", "year"),
    [
        (
            (
                "牡丹江市样例局政府信息公开工作年度报告",
                "2021年，我局公开信息。2021年，我局办理申请。根据2019年的条例。",
            ),
            {},
            (),
            2021,
        ),
        (
            ("牡丹江市样例局政府信息公开工作年度报告", "我局公开信息。"),
            {"breadcrumb": "首页>政府信息公开年报>2019年"},
            (),
            2019,
        ),
        (
            ("牡丹江市样例局政府信息公开工作年度报告", "我局公开信息。"),
            {},
            ("政府信息公开年报", "2018年"),
            2018,
        ),
        (("牡丹江市样例局政府信息公开工作年度报告", "我局公开信息。"), {"date": "2022-01-20"}, (), 2021),
    ],
)
def test_weaker_evidence_of_the_year_is_an_inference(lines, meta, path, year):
    answer = found(*lines, meta=meta, listing=Listing(path=path))
    assert answer.year == year
    assert "year_inferred" in [problem.code for problem in answer.problems]


def test_the_printed_date_beats_the_pages_and_the_pages_serves_without_one():
    title = "牡丹江市样例局2021年政府信息公开工作年度报告"
    assert found(title, "二〇二二年一月二十五日", meta={"date": "2023-03-01"}).published_on == "2022-01-25"
    assert found(title, "正文", meta={"date": "2023-03-01"}).published_on == "2023-03-01"
    assert found(title, "正文").published_on is None


def test_a_date_before_the_end_of_the_period_is_refused():
    answer = found("牡丹江市样例局2019年政府信息公开工作年度报告", "正文", meta={"date": "2019-07-07"})
    assert answer.published_on is None
    assert [problem.code for problem in answer.problems] == ["year_conflict", "date_before_period_end"]


def test_a_shorter_stated_period_ends_earlier():
    answer = found(
        "牡丹江市样例局2018年政府信息公开工作年度报告",
        "数据统计期限为2018年1月1日至2018年12月7日。",
        meta={"date": "2018-12-20"},
    )
    assert answer.published_on == "2018-12-20"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("本报告综合各县（市）、区和相关部门年度报告编制而成。", "whole_area"),
        ("以下为区本级数据。", "level"),
        ("全年工作平稳。", "unknown"),
    ],
)
def test_a_governments_scope_is_what_it_says(text, expected):
    agency = resolved("爱民区", None, 2020, [])
    assert scope(agency, [Section(number=0, heading="", text=text)]) == expected


def test_a_department_reports_its_own_organ():
    assert scope(resolved("市财政局", MUDANJIANG, 2020, []), []) == "own_organ"


@pytest.mark.parametrize("title", ["本机关", "我局", "本单位", "我区"])
def test_the_first_person_names_nobody(title):
    assert parsed_title(f"{title}2021年政府信息公开工作年度报告").agency is None


@pytest.mark.parametrize(
    "name", ["哈尔滨市统计局", "黑龙江省大数据中心", "牡丹江市委网信办", "黑龙江省报告文学院"]
)
def test_names_that_hold_words_of_prose_are_names(name):
    assert parsed_title(f"{name}2021年政府信息公开工作年度报告").agency == name


def test_prose_that_speaks_of_a_report_is_no_title():
    said = "报告中的数据从2022年1月1日统计到2022年12月31日，电子版可在门户网站的政府信息公开年报专栏下载。"
    own = Portal(id="x", name="x", division="231000", home="http://x/")
    answer = found(
        "我局工作有序。", said, portal=own, listing=Listing(title="市财政局2022年政府信息公开工作年度报告")
    )
    assert answer.agency.name == "牡丹江市财政局"


# What is unsure is told --------------------------------------------------------------------------

NAME = "牡丹江市样例局"
TEXT = f"{NAME}2021年政府信息公开工作年度报告"


def codes(answer) -> list[str]:
    return [problem.code for problem in answer.problems]


def test_a_short_year_is_read_and_told():
    answer = found(f"{NAME}21年政府信息公开工作年度报告")
    assert (answer.agency.name, answer.year, codes(answer)) == (NAME, 2021, ["year_inferred"])


def test_two_years_in_a_title_are_told():
    answer = found(f"{NAME}2022年发布2021年政府信息公开工作年度报告")
    assert (answer.year, codes(answer)) == (2021, ["year_conflict"])
    answer = found(f"{NAME}2021年政府信息公开工作年度报告（2022年1月20日）")
    assert (answer.year, codes(answer)) == (2021, [])
    period = "统计期限自2020年1月1日至2020年12月31日。"
    answer = found(f"{NAME}2019-2020年政府信息公开工作年度报告", period)
    assert (answer.year, codes(answer)) == (2020, ["year_inferred"])


def test_a_title_whose_year_the_text_never_names_is_told():
    lines = ("一、总体情况", "2020年，我局主动公开。2020年，我局受理申请。")
    assert codes(found(TEXT, *lines)) == ["year_conflict"]
    assert codes(found(TEXT, *lines, "2021年，我局。")) == []


def test_a_year_that_had_not_begun_is_refused():
    lines = ("统计期限自2021年1月1日至2021年12月31日。",)
    content = Content((Paragraph(f"{NAME}2032年政府信息公开工作年度报告"), Paragraph(lines[0])), "text/html")
    answer = identity(content, sections(content), None, Listing(), seen_on="2022-02-01T00:00:00Z")
    assert (answer.year, codes(answer)) == (2021, ["year_in_future", "year_inferred"])
    assert found(f"{NAME}2032年政府信息公开工作年度报告").year == 2032


def dated(printed: str, page: str | None, seen_on: str | None = "2022-06-01T00:00:00Z", url: str = ""):
    meta = {"date": page} if page else {}
    content = Content((Paragraph(TEXT), Paragraph(printed)), "text/html", (), meta)
    return identity(content, sections(content), None, Listing(), addresses=[url], seen_on=seen_on)


def test_a_date_in_the_future_is_refused():
    answer = dated("2023年1月20日", "2022-01-20")
    assert (answer.published_on, codes(answer)) == ("2022-01-20", ["date_in_future", "date_migrated"][:1])
    assert dated("2022年1月20日", None).problems == ()


def test_the_dates_are_kept_apart_and_the_address_never_dates_a_report():
    answer = dated("2022年1月20日", "2022-01-21", url="http://x.gov.cn/202205/t20220510_1.html")
    assert answer.published_on == "2022-01-20"
    said = answer.dates
    assert (said.printed_on, said.page_date, said.url_date) == ("2022-01-20", "2022-01-21", "2022-05-10")
    assert (said.due_on, said.late_confidence) == ("2022-01-31", "high")
    assert dated("正文", None, url="http://x.gov.cn/202205/t20220510_1.html").published_on is None


def test_a_migrated_date_is_told():
    answer = dated("2022年1月20日", "2022-05-21")
    assert (answer.published_on, answer.dates.late_confidence) == ("2022-01-20", "low")
    assert codes(answer) == ["date_migrated"]


def test_a_title_in_traditional_characters_is_read_and_told():
    answer = found("牡丹江市財政局2020年政府資訊公開工作年度報告")
    assert (answer.agency.name, answer.year) == ("牡丹江市财政局", 2020)
    assert codes(answer) == ["mirror_suspected"]
    assert answer.title == "牡丹江市財政局2020年政府資訊公開工作年度報告"


def test_full_width_digits_are_digits():
    answer = found(f"{NAME}２０２１年度政府信息公开工作年度报告", "２０２２年１月２０日")
    assert (answer.year, answer.published_on, codes(answer)) == (2021, "2022-01-20", [])
