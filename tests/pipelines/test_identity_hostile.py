"""Titles, names and pages that mislead: whose report, of which year, read as a crawl reads them.

Each case says what a careful reader would file it under, and which doubt has to be told with it.
"""

from __future__ import annotations

import pytest

from crawler.items import Document, Fetch, Listing, Portal, Publication
from pipelines import divisions
from pipelines.agencies import resolved
from pipelines.extract import read_publication
from pipelines.forms import forms
from pipelines.records import DocumentReading
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
PAGE = r.official(FORM, r.distinct(FORM))
ENDING = "政府信息公开工作年度报告"
OF_2021 = f"2021年{ENDING}"
SEEN = "2025-06-01T00:00:00Z"
FINANCE = ("牡丹江市财政局", "231000", 2021)


def portal(division: str, agency: str | None = None, shared: tuple[tuple[str, str], ...] = ()) -> Portal:
    home = f"http://www.p{division}.gov.cn/"
    return Portal(id=f"p{division}", name="x", division=division, home=home, agency=agency, shared=shared)


def page(
    title: str,
    *,
    preamble: str = "",
    end: tuple[str, ...] = (),
    source: str = "",
    crumbs: str = "",
    date: str = "",
) -> str:
    """A page with the statutory tables under a title, and what else it states."""
    metas = {"ContentSource": source, "PubDate": date}
    head = "".join(f'<meta name="{name}" content="{value}">' for name, value in metas.items() if value)
    text = PAGE.replace(r.TITLE, title).replace("<head>", f"<head>{head}")
    if crumbs:
        text = text.replace("<body>", f'<body><div class="position">当前位置：{crumbs}</div>')
    if preamble:
        text = text.replace("<p>一、", f"<p>{preamble}</p><p>一、", 1)
    return text.replace("<p>无。</p>", "<p>无。</p>" + "".join(f"<p>{line}</p>" for line in end))


def read(
    text: str,
    at: Portal | str = "231000",
    *,
    listing: Listing | None = None,
    url: str = "http://www.site.gov.cn/a/1.html",
    seen: str = SEEN,
) -> DocumentReading:
    fetch = Fetch(
        id=1,
        url=url,
        final_url=url,
        found_on=None,
        link_text=None,
        status=200,
        content_type="text/html",
        fetched_at=seen,
        sha256="0" * 64,
    )
    publication = Publication(
        portal=portal(at) if isinstance(at, str) else at,
        page=Document(fetch=fetch, body=text.encode()),
        listing=listing or Listing(),
    )
    return read_publication(publication).documents[0]


def filed(reading: DocumentReading) -> tuple[str | None, str | None, int | None]:
    """The body's name, its division and the report year."""
    report = reading.report
    assert report is not None, reading.problems
    agency = report.agency
    return (agency.name if agency else None, agency.division_code if agency else None, report.year)


FORMS_AND_TABLES = {"unusual_form", "missing_table"}


def told(reading: DocumentReading) -> set[str]:
    return {problem.code for problem in reading.problems} - FORMS_AND_TABLES


# What stands in a title -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "牡丹江市财政局２０２１年度" + ENDING,
        "牡丹江市财政局２０21年" + ENDING,
        "牡丹江市财政局二零二一年" + ENDING,
        "牡丹江市财政局二0二一年" + ENDING,
        "牡丹江市财政局贰零贰壹年" + ENDING,
        "牡丹江市财政局政府信息公开年报-2021",
        "牡丹江市财政局关于报送2021年度政府信息公开工作年度报告的函",
        "关于印发牡丹江市财政局2021年度政府信息公开工作年度报告",
        "关于更正牡丹江市财政局" + OF_2021,
        "转发：市财政局" + OF_2021,
        "市财政局：" + OF_2021,
        "（更正）牡丹江市财政局" + OF_2021,
        "【公示】牡丹江市财政局" + OF_2021,
        "【市财政局】" + OF_2021,
        "[市财政局]" + OF_2021,
        OF_2021 + "——牡丹江市财政局",
        OF_2021 + "-市财政局",
        OF_2021 + "（牡丹江市财政局）",
        "牡丹江市财政局（市国资委）" + OF_2021,
        "牡丹江市财政局(牡丹江市地方金融监督管理局)" + OF_2021,
        "原牡丹江市财政局" + OF_2021,
        "牡丹江市财政局2021年度" + ENDING + "2022.1.20",
        "牡丹江市财政局" + ENDING + "（2021年度）（2022年1月发布）",
        "牡丹江市财政局2021年1-12月" + ENDING,
    ],
)
def test_a_name_and_year_among_other_words(title):
    reading = read(page(title))
    assert (filed(reading), told(reading)) == (FINANCE, set())


@pytest.mark.parametrize(
    "name",
    [
        "局",
        "市局",
        "办公室",
        "区办公室",
        "管委会",
        "委员会",
        "中心",
        "我局",
        "本机关",
        "××市财政局",
        "XX局",
        "（单位名称）",
        "市政府部门",
        "市直单位",
        "各部门",
        "各县区",
        "县（市）区",
        "牡丹江市各区",
        "全市",
        "市本级",
        "牡丹江市本级",
        "首页",
        "汇总",
        "法定主动公开内容",
        "牡丹江市人民政府门户网站",
    ],
)
def test_words_that_name_nobody_name_nobody(name):
    reading = read(page(name + OF_2021))
    assert (filed(reading), told(reading)) == ((None, None, 2021), {"agency_unknown"})


@pytest.mark.parametrize("name", ["牡丹江市宣传教育", "温春农场"])
def test_a_name_of_no_known_kind_is_told(name):
    reading = read(page(name + OF_2021))
    assert told(reading) == {"agency_doubtful"}


@pytest.mark.parametrize(
    "title",
    [
        "牡丹江市财政局、牡丹江市审计局" + OF_2021,
        "牡丹江市财政局和牡丹江市审计局" + OF_2021,
        "牡丹江市财政局 牡丹江市审计局" + OF_2021,
        "牡丹江市审计局、财政局" + OF_2021,
        "审计局、财政局" + OF_2021,
    ],
)
def test_a_report_of_two_bodies_is_neither_ones(title):
    reading = read(page(title))
    assert (filed(reading), told(reading)) == (
        ("牡丹江市审计局、牡丹江市财政局", "231000", 2021),
        {"agency_joint"},
    )
    assert reading.report.agency.agency_type == "other"
    alone = {resolved(name, portal("231000"), 2021, []).id for name in ("财政局", "审计局")}
    assert reading.report.agency.id not in alone


@pytest.mark.parametrize(
    "name",
    [
        "沈阳市公安局和平分局",
        "人力资源和社会保障局",
        "文化广电和旅游局",
        "发展和改革委员会",
        "牡丹江市公安局交通警察支队",
    ],
)
def test_names_with_and_in_them_are_of_one_body(name):
    problems = []
    assert resolved(name, portal("231000"), 2021, problems).agency_type == "department"
    assert problems == []


@pytest.mark.parametrize(
    "title",
    [
        "牡丹江市财政局2021年上半年政府信息公开工作报告",
        "牡丹江市财政局2021年下半年政府信息公开工作报告",
        "牡丹江市财政局2021年半年度政府信息公开工作报告",
        "牡丹江市财政局2021年第一季度政府信息公开工作报告",
        "牡丹江市财政局2021年1-6月政府信息公开工作报告",
        "牡丹江市财政局2021年10月至12月政府信息公开工作报告",
        "牡丹江市财政局2021年7月政府信息公开工作报告",
    ],
)
def test_a_report_of_a_part_of_the_year_is_no_annual_report(title):
    reading = read(page(title))
    assert (reading.report, told(reading)) == (None, {"no_report"})


def test_a_title_in_traditional_characters_is_told():
    reading = read(page("哈爾濱市雙城區衛生健康局2021年政府資訊公開年報"), "230100")
    assert (filed(reading), told(reading)) == (
        ("哈尔滨市双城区卫生健康局", "230113", 2021),
        {"mirror_suspected"},
    )


# Which year -------------------------------------------------------------------------------------

NAME = "牡丹江市财政局"


def period(first: str, last: str) -> str:
    return f"本报告所列数据的统计期限自{first}起至{last}止。"


@pytest.mark.parametrize(
    ("title", "preamble", "end", "date", "year", "codes"),
    [
        # No year that can be told.
        (f"{NAME}2019-2020年度{ENDING}", "", (), "", None, {"year_unknown"}),
        (f"{NAME}2019年和2020年{ENDING}", "", (), "", None, {"year_unknown"}),
        (f"{NAME}2019年度、2020年度{ENDING}", "", (), "", None, {"year_unknown"}),
        (f"{NAME}政府信息公开年报（2019-2020）", "", (), "", None, {"year_unknown"}),
        (f"{NAME}{ENDING}20220120", "", (), "", None, {"year_unknown"}),
        (f"{NAME}{ENDING}2022-01-20", "", (), "", None, {"year_unknown"}),
        (f"{NAME}20201年{ENDING}", "", (), "", None, {"year_unknown"}),
        # Two years, and a period that is of one of them.
        (
            f"{NAME}2022年度{ENDING}（2021年度）",
            period("2021年1月1日", "2021年12月31日"),
            (),
            "",
            2021,
            {"year_conflict"},
        ),
        (
            f"{NAME}2019-2020年{ENDING}",
            period("2020年1月1日", "2020年12月31日"),
            (),
            "",
            2020,
            {"year_inferred"},
        ),
        (f"2022年发布2021年度{NAME}{ENDING}", "", (), "", 2021, {"year_conflict"}),
        # Titled for the year of publication: the document is dated within that year.
        (
            f"{NAME}2022年{ENDING}",
            "2021年，本单位公开信息。2021年，本单位办理申请。",
            ("2022年1月20日",),
            "",
            2021,
            {"year_conflict"},
        ),
        (
            f"{NAME}2022年{ENDING}",
            period("2021年1月1日", "2021年12月31日"),
            ("2022年1月20日",),
            "2022-01-21",
            2021,
            {"year_conflict"},
        ),
        (
            f"{NAME}2022年{ENDING}",
            "",
            ("2022年1月20日",),
            "",
            2022,
            {"year_conflict", "date_before_period_end"},
        ),
        # A slip of the pen in one date is no reason to doubt the title.
        (f"{NAME}2021年{ENDING}", "", ("2021年1月20日",), "2022-01-20", 2021, {"date_before_period_end"}),
        # Text and period against the title.
        (f"{NAME}2021年{ENDING}", period("2020年1月1日", "2020年12月31日"), (), "", 2021, {"year_conflict"}),
        (f"{NAME}2021年{ENDING}", period("2020年1月1日", "2021年12月31日"), (), "", 2021, {"year_conflict"}),
        (
            f"{NAME}2021年{ENDING}",
            "2020年，本单位公开信息。2020年，本单位办理申请。",
            ("2021年1月20日",),
            "",
            2020,
            {"year_conflict"},
        ),
        # The period alone, in digits of full width.
        (f"{NAME}{ENDING}", period("２０２１年１月１日", "２０２１年１２月３１日"), (), "", 2021, set()),
        # A period over two years that is no school year gives none.
        (f"{NAME}{ENDING}", period("2020年1月1日", "2021年12月31日"), (), "", None, {"year_unknown"}),
        # Years that were not over.
        (f"{NAME}2032年{ENDING}", "", (), "", None, {"year_in_future", "year_unknown"}),
        (
            f"{NAME}2025年{ENDING}",
            "",
            ("2025年1月20日",),
            "2025-01-20",
            2024,
            {"year_in_future", "year_inferred"},
        ),
        (
            f"{NAME}2027年{ENDING}",
            period("2021年1月1日", "2021年12月31日"),
            (),
            "",
            2021,
            {"year_in_future", "year_inferred"},
        ),
        # Dates.
        (f"{NAME}2021年{ENDING}", "", ("2026年1月20日",), "", 2021, {"date_in_future"}),
        (f"{NAME}2021年{ENDING}", "", ("2022年1月20日",), "2024-02-10", 2021, {"date_migrated"}),
        (f"{NAME}2021年{ENDING}", "", (), "2024-02-10", 2021, {"date_migrated"}),
        (f"{NAME}2021年{ENDING}", "", ("2024年1月20日",), "2022-01-20", 2021, {"dates_differ"}),
        (f"{NAME}{ENDING}", "", (), "2024-02-10", 2023, {"year_inferred"}),
        (f"{NAME}21年{ENDING}", "", (), "", 2021, {"year_inferred"}),
    ],
)
def test_the_year(title, preamble, end, date, year, codes):
    reading = read(page(title, preamble=preamble, end=end, date=date))
    assert (filed(reading)[2], told(reading)) == (year, codes)


def test_the_address_never_gives_the_year():
    url = "http://www.site.gov.cn/202402/t20240210_1.html"
    assert filed(read(page(f"{NAME}{ENDING}"), url=url)) == (NAME, "231000", None)


@pytest.mark.parametrize(
    ("column", "codes"), [("2021年", set()), ("2022年", set()), ("2019年", {"year_conflict"})]
)
def test_a_column_of_another_year_than_the_reports_or_its_publications_is_told(column, codes):
    reading = read(page(NAME + OF_2021), listing=Listing(path=("政府信息公开年报", column)))
    assert (filed(reading), told(reading)) == (FINANCE, codes)


def test_the_report_of_a_year_may_be_out_in_its_last_month():
    text = page(f"{NAME}2024年{ENDING}")
    assert told(read(text, seen="2024-11-30T00:00:00Z")) == {"year_in_future", "year_unknown"}
    # 17:00 in London is the next day in China.
    assert filed(read(text, seen="2024-11-30T17:00:00Z"))[2] == 2024


# Where a name belongs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "at", "name", "code"),
    [
        # Short names on the portals of counties and of cities.
        ("市教育局", "230184", "五常市教育局", "230184"),
        ("市教育局", "231004", "牡丹江市教育局", "231000"),
        ("市教育局", "230421", "鹤岗市教育局", "230400"),
        ("县教育局", "230421", "萝北县教育局", "230421"),
        ("区政府办", "231004", "牡丹江市爱民区人民政府办公室", "231004"),
        ("县府办", "230421", "萝北县人民政府办公室", "230421"),
        ("市府办公室", "231000", "牡丹江市人民政府办公室", "231000"),
        ("市政府", "231000", "牡丹江市人民政府", "231000"),
        ("政府办公厅", "230100", "哈尔滨市人民政府办公厅", "230100"),
        # Names that several divisions bear.
        ("向阳区教育局", "230402", "鹤岗市向阳区教育局", "230402"),
        ("向阳区教育局", "230803", "佳木斯市向阳区教育局", "230803"),
        ("南山区", "230400", "鹤岗市南山区人民政府", "230404"),
        ("南山区", "440300", "深圳市南山区人民政府", "440305"),
        ("郊区", "230800", "佳木斯市郊区人民政府", "230811"),
        ("郊区", "140300", "阳泉市郊区人民政府", "140311"),
        ("宝山区", "230500", "双鸭山市宝山区人民政府", "230506"),
        ("梨树区", "230300", "鸡西市梨树区人民政府", "230305"),
        ("大同区", "230600", "大庆市大同区人民政府", "230606"),
        ("大同市", "230600", "大同市人民政府", "140200"),
        # Zones, whichever way they are written.
        ("大庆高新技术产业开发区", "230600", "大庆高新技术产业开发区管理委员会", "230600"),
        ("大庆市高新区管委会", "230600", "大庆高新技术产业开发区管理委员会", "230600"),
        ("哈尔滨经济技术开发区（平房区）", "230100", "哈尔滨经济技术开发区管理委员会", "230100"),
        ("哈尔滨新区管委会", "230100", "哈尔滨新区管理委员会", "230100"),
        ("绥芬河边境经济合作区", "231081", "绥芬河边境经济合作区管理委员会", "231081"),
        ("绥芬河市边境经济合作区管委会", "231081", "绥芬河边境经济合作区管理委员会", "231081"),
        # Bodies that another line leads.
        ("税务局", "231004", "国家税务总局牡丹江市爱民区税务局", "231004"),
        ("人民银行牡丹江市中心支行", "231000", "中国人民银行牡丹江市中心支行", "231000"),
        ("国家统计局黑龙江调查总队", "230000", "国家统计局黑龙江调查总队", "230000"),
        ("国家税务总局和顺县税务局", "140700", "国家税务总局和顺县税务局", "140723"),
        ("哈尔滨海关", "230100", "中华人民共和国哈尔滨海关", "230100"),
        ("牡丹江银保监分局", "231000", "牡丹江银保监分局", "231000"),
        ("哈尔滨海事局", "230100", "哈尔滨海事局", "230100"),
        # Towns, streets, universities.
        ("宁安市渤海镇", "231000", "宁安市渤海镇人民政府", "231084"),
        ("北山街道办", "231004", "牡丹江市爱民区北山街道办事处", "231004"),
        ("黑龙江大学", "230100", "黑龙江大学", "230000"),
        # Prefectures of another kind, autonomous counties, offices of a government.
        ("行署教育局", "232700", "大兴安岭地区教育局", "232700"),
        ("杜蒙县", "230600", "杜尔伯特蒙古族自治县人民政府", "230624"),
        ("市人民政府外事办公室", "231000", "牡丹江市外事办公室", "231000"),
        ("市国资委", "231000", "牡丹江市人民政府国有资产监督管理委员会", "231000"),
        ("市科技局", "231000", "牡丹江市科学技术局", "231000"),
    ],
)
def test_a_name_at_a_portal(printed, at, name, code):
    problems = []
    agency = resolved(printed, portal(at), 2021, problems)
    assert (agency.name, agency.division_code, problems) == (name, code, [])


@pytest.mark.parametrize(
    ("printed", "at", "codes"),
    [
        ("区教育局", "230400", ["ambiguous_division"]),
        ("县教育局", "230400", ["ambiguous_division"]),
        ("区政府办", "231000", ["ambiguous_division"]),
        ("向阳区教育局", "230000", ["ambiguous_division"]),
        ("向阳区", "231000", ["ambiguous_division"]),
        ("新华区", "230000", ["ambiguous_division"]),
        ("西城区财政局", "231000", ["ambiguous_division"]),
        ("梨树县", "230300", ["ambiguous_division"]),
        ("渤海镇", "231000", ["ambiguous_division"]),
        ("新兴街道", "230900", ["ambiguous_division"]),
        ("林口林业局", "231000", ["ambiguous_division"]),
        ("新林林业局", "232700", ["ambiguous_division"]),
        ("绥芬河海关", "231000", ["ambiguous_division"]),
        ("绥芬河综合保税区", "231000", ["ambiguous_division"]),
        ("五大连池风景区管委会", "231100", ["ambiguous_division"]),
        # Cities elsewhere, without 市: neither theirs beyond doubt nor the portal's own.
        ("深圳财政局", "231000", ["ambiguous_division"]),
        ("大庆财政局", "231000", ["ambiguous_division"]),
        ("北京海关", "440300", ["ambiguous_division"]),
        ("中华人民共和国北京海关", "440300", ["division_unknown"]),
        ("中华人民共和国蓟州海关", "231000", ["division_unknown"]),
        ("东北林业大学", "230000", ["division_unknown"]),
        ("国网黑龙江省电力有限公司", "230000", ["division_unknown"]),
    ],
)
def test_a_name_that_can_be_of_several_places_is_of_none(printed, at, codes):
    problems = []
    agency = resolved(printed, portal(at), 2021, problems)
    assert (agency.division_code, [problem.code for problem in problems]) == (None, codes)


@pytest.mark.parametrize(
    ("printed", "at"),
    [
        ("开发区", "231000"),
        ("开发区管委会", "231000"),
        ("教体局", "230125"),
        ("文广旅局", "231000"),
        ("城管执法局", "231000"),
    ],
)
def test_short_names_of_several_bodies_are_told(printed, at):
    problems = []
    resolved(printed, portal(at), 2021, problems)
    assert [problem.code for problem in problems] == ["agency_abbreviated"]


@pytest.mark.parametrize(
    ("printed", "codes"),
    [
        ("牡丹江市和平区财政局", ["division_unknown"]),
        ("国家税务总局牡丹江市和平区税务局", ["division_unknown"]),
        ("牡丹江市某某县公安局", ["division_unknown"]),
        ("牡丹江市西安区财政局", []),
        ("牡丹江市高新区财政局", []),
        ("牡丹江市经济技术开发区财政局", []),
        ("牡丹江市棚户区改造办公室", []),
        ("牡丹江市区域经济发展局", []),
        ("黑龙江省垦区公安局", []),
    ],
)
def test_a_place_within_the_city_that_is_no_division_is_told(printed, codes):
    problems = []
    resolved(printed, portal("231000"), 2021, problems)
    assert [problem.code for problem in problems] == codes


def test_a_signature_against_the_portals_own_body_is_told():
    at = portal("231000", agency="牡丹江市教育局")
    signed = read(page(OF_2021, end=("牡丹江市财政局", "2022年1月20日")), at)
    assert signed.report.agency.name == "牡丹江市教育局"
    assert [problem.code for problem in signed.problems] == ["agency_conflict"]
    own = read(page(OF_2021, end=("牡丹江市教育局", "2022年1月20日")), at)
    assert own.problems == ()


@pytest.mark.parametrize(
    ("printed", "at", "year", "codes"),
    [
        ("美溪区", "230700", 2017, []),
        ("美溪区", "230700", 2021, ["division_out_of_time"]),
        ("南岔区", "230700", 2021, ["division_out_of_time"]),
        ("南岔县", "230700", 2021, []),
        ("伊美区", "230700", 2012, ["division_out_of_time"]),
        ("双城市", "230100", 2021, ["division_out_of_time"]),
        # The report of a year is published under the names of the next.
        ("抚远市", "230800", 2015, []),
        ("东宁县", "231000", 2015, []),
    ],
)
def test_a_name_of_another_time_is_told(printed, at, year, codes):
    problems = []
    assert resolved(printed, portal(at), year, problems).division_code
    assert [problem.code for problem in problems] == codes


@pytest.mark.parametrize(
    "names",
    [
        [
            ("市教育局", "231004"),
            ("牡丹江市教育局", "230000"),
            ("教育局", "231000"),
            ("黑龙江省牡丹江市教育局", "440300"),
        ],
        [("渤海镇", "231084"), ("宁安市渤海镇人民政府", "231000"), ("宁安市渤海镇政府", "230000")],
        [("北山街道", "231004"), ("北山街道办", "231004"), ("牡丹江市爱民区北山街道办事处", "231000")],
        [("市外办", "231000"), ("牡丹江市外事办公室", "231000"), ("牡丹江市人民政府外事办公室", "230000")],
        [("东北林业大学", "230000"), ("东北林业大学", "230100"), ("东北林业大学", "231000")],
        [
            ("税务局", "231004"),
            ("国家税务总局黑龙江省牡丹江市爱民区税务局", "231000"),
            ("爱民区税务局", "231000"),
        ],
        [("哈尔滨海关", "230100"), ("中华人民共和国哈尔滨海关", "230000")],
        [("人民银行牡丹江市中心支行", "231000"), ("中国人民银行牡丹江市中心支行", "230000")],
        [("财政局（国资委）", "231000"), ("牡丹江市财政局", "230000")],
        [("卫生健康委", "231000"), ("市卫健委", "231000"), ("牡丹江市卫生健康委员会", "230000")],
        [("大庆高新区", "230600"), ("大庆市高新技术产业开发区", "230000"), ("高新区管委会", "230600")],
    ],
)
def test_one_body_has_one_id(names):
    assert len({resolved(name, portal(at), 2021, []).id for name, at in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("市教育局", "230184"), ("市教育局", "230100")),
        (("向阳区", "230400"), ("向阳区", "230800")),
        (("爱民区", "231004"), ("区政府办", "231004")),
        (("牡丹江市政务服务局", "231000"), ("牡丹江市营商局", "231000")),
        (("牡丹江市自然资源局", "231000"), ("牡丹江市自然资源局爱民分局", "231000")),
        (("渤海镇", "231000"), ("渤海镇", "231084")),
        (("老年大学", "231000"), ("老年大学", "230800")),
        (("人民医院", "231000"), ("人民医院", "231084")),
    ],
)
def test_two_bodies_have_two_ids(one, other):
    assert resolved(one[0], portal(one[1]), 2021, []).id != resolved(other[0], portal(other[1]), 2021, []).id


OFFICES = (
    "人民政府",
    "政府办",
    "市场监管局",
    "税务局",
    "海关",
    "国资委",
    "外办",
    "文旅局",
    "市政管理局",
    "区划地名办公室",
)


def test_the_full_name_of_a_body_gives_it_again():
    for division in divisions.load()[::15]:
        year = division.valid_to or division.valid_from or 2021
        at = portal(division.code)
        for office in OFFICES:
            agency = resolved(office, at, year, [])
            if division.code[:2] in ("71", "81", "82"):
                continue
            assert agency.division_code == division.code, (division, office)
            assert resolved(agency.name, at, year, []).id == agency.id, (agency.name, division)
            # From elsewhere it is the same or of unknown place, never another's.
            other = resolved(agency.name, portal("231000"), year, [])
            assert other.id == agency.id or other.division_code is None, (agency.name, other.name)


# What the page says beside its title ------------------------------------------------------------

NINGAN = ("宁安市财政局", "231084", 2021)


@pytest.mark.parametrize(
    ("stated", "path"),
    [
        ({}, ("政府信息公开年报", "2021年", "县(市)区", "宁安市")),
        ({}, ("政府信息公开年报", "宁安")),
        ({}, ("政府信息公开年报", "宁安市财政局")),
        ({"crumbs": "首页 &gt; 政务公开 &gt; 宁安市 &gt; 政府信息公开年报"}, ()),
        ({"source": "宁安市财政局"}, ()),
        ({"source": "宁安市人民政府"}, ()),
    ],
)
def test_columns_and_source_place_a_name_without_a_place(stated, path):
    reading = read(page("财政局" + OF_2021, **stated), listing=Listing(path=path))
    assert (filed(reading), told(reading)) == (NINGAN, set())


def test_columns_that_name_two_places_decide_nothing():
    text = page("财政局" + OF_2021, source="东宁市财政局")
    reading = read(text, listing=Listing(path=("政府信息公开年报", "宁安市")))
    assert filed(reading)[1] is None
    assert told(reading) == {"ambiguous_division"}


def test_a_place_in_the_title_is_not_moved_by_a_column():
    reading = read(page("牡丹江市财政局" + OF_2021), listing=Listing(path=("县(市)区", "宁安市")))
    assert (filed(reading), told(reading)) == (FINANCE, set())


def test_a_further_title_with_the_place_serves_one_without():
    listing = Listing(title=f"牡丹江市爱民区财政局{OF_2021}")
    reading = read(page("区财政局" + OF_2021), listing=listing)
    assert (filed(reading), told(reading)) == (("牡丹江市爱民区财政局", "231004", 2021), set())


@pytest.mark.parametrize(
    ("stated", "path"),
    [
        ({"source": "市财政局"}, ()),
        ({}, ("政府信息公开年报", "市财政局")),
        ({"crumbs": "首页 &gt; 市财政局 &gt; 政府信息公开年报"}, ()),
        ({"end": ("牡丹江市财政局", "2022年1月20日")}, ()),
        ({"end": ("牡丹江市财政局2022年1月20日",)}, ()),
    ],
)
def test_a_body_that_no_title_names_is_inferred_and_told(stated, path):
    reading = read(page(OF_2021, **stated), listing=Listing(path=path))
    assert (filed(reading), told(reading)) == (FINANCE, {"agency_inferred"})
    assert reading.report.doubt == "inferred"


@pytest.mark.parametrize("column", ["市政府部门", "乡镇街道", "县(市)区", "市直单位", "乡镇", "市级部门"])
def test_a_column_of_many_bodies_names_none(column):
    reading = read(page(OF_2021), listing=Listing(path=("政府信息公开年报", column)))
    assert (filed(reading), told(reading)) == ((None, None, 2021), {"agency_unknown"})


@pytest.mark.parametrize(
    ("preamble", "name", "codes"),
    [
        ("我县认真贯彻条例。全县主动公开信息若干条。", "宾县人民政府", {"agency_inferred"}),
        ("我局认真贯彻条例。全县主动公开信息，我县各部门配合。", None, {"agency_unknown"}),
        ("认真贯彻条例。", None, {"agency_unknown"}),
    ],
)
def test_a_government_that_speaks_without_a_name(preamble, name, codes):
    text = page(OF_2021, preamble=preamble).replace("本单位按照", "按照")
    reading = read(text, "230125")
    assert (filed(reading)[0], told(reading)) == (name, codes)


def test_the_portals_own_body_needs_no_name():
    own = portal("231000", agency="牡丹江市财政局")
    reading = read(page(OF_2021), own)
    assert (filed(reading), told(reading)) == (FINANCE, set())


@pytest.mark.parametrize(
    ("title", "at", "end", "listed", "codes"),
    [
        ("牡丹江市财政局", "231000", ("牡丹江市教育局", "2022年1月20日"), None, {"agency_conflict"}),
        ("牡丹江市财政局", "231000", ("牡丹江市财政局办公室", "2022年1月20日"), None, set()),
        ("牡丹江市财政局", "231000", ("市政务公开领导小组办公室", "2022年1月20日"), None, set()),
        ("牡丹江市爱民区", "231004", ("牡丹江市爱民区人民政府办公室", "2022年1月20日"), None, set()),
        ("宾县", "230125", ("宾县营商环境建设监督局", "2022年1月20日"), None, set()),
        ("宾县", "230125", ("五常市人民政府", "2022年1月20日"), None, {"agency_conflict"}),
        ("牡丹江市财政局", "231000", (), "牡丹江市教育局", {"agency_conflict"}),
        ("牡丹江市财政局", "231000", (), "市财政局", set()),
        ("爱民区人民政府", "231004", (), "爱民区人民政府办公室", {"agency_conflict"}),
    ],
)
def test_another_name_in_list_or_signature_is_told(title, at, end, listed, codes):
    listing = Listing(title=listed + OF_2021 if listed else None)
    reading = read(page(title + OF_2021, end=end), at, listing=listing)
    assert told(reading) == codes
    assert reading.report.agency.printed == title


@pytest.mark.parametrize(
    ("name", "at", "codes"),
    [
        ("深圳市南山区财政局", "231000", {"body_elsewhere"}),
        ("广东省财政厅", "231000", {"body_elsewhere"}),
        ("佳木斯市财政局", "231000", {"body_elsewhere"}),
        ("南山区", "230800", {"body_elsewhere"}),
        ("黑龙江省财政厅", "231000", set()),
        ("宁安市财政局", "231004", set()),
        ("佳木斯市财政局", "230000", set()),
        ("佳木斯市财政局", "000000", set()),
    ],
)
def test_a_report_from_elsewhere_is_told(name, at, codes):
    assert told(read(page(name + OF_2021), at)) == codes


# Hosts that several portals share ---------------------------------------------------------------

HOST = "www.shared.gov.cn"
CITY = portal("230400", shared=(("shared.gov.cn", "230406"),))
DISTRICT = portal("230406", shared=(("shared.gov.cn", "230400"),))


@pytest.mark.parametrize(
    ("name", "code", "codes"),
    [
        ("财政局", None, {"ambiguous_division"}),
        ("区政府办公室", None, {"ambiguous_division"}),
        ("市财政局", "230400", set()),
        ("东山区财政局", "230406", set()),
        ("鹤岗市财政局", "230400", set()),
    ],
)
def test_a_page_on_a_shared_host_is_of_one_body_whichever_portal_leads_to_it(name, code, codes):
    readings = [read(page(name + OF_2021), one, url=f"http://{HOST}/a/1.html") for one in (CITY, DISTRICT)]
    assert {filed(reading)[1] for reading in readings} == {code}
    assert len({reading.report.agency.id for reading in readings}) == 1
    assert [told(reading) for reading in readings] == [codes, codes]


def test_a_column_decides_between_the_portals_of_a_host():
    listing = Listing(path=("政府信息公开年报", "东山区"))
    for one in (CITY, DISTRICT):
        reading = read(page("财政局" + OF_2021), one, listing=listing, url=f"http://{HOST}/a/1.html")
        assert (filed(reading)[1], told(reading)) == ("230406", set())


def test_a_portals_other_hosts_are_its_own():
    reading = read(page("财政局" + OF_2021), CITY, url="http://www.own.gov.cn/a/1.html")
    assert (filed(reading)[1], told(reading)) == ("230400", set())


def test_an_unplaced_body_is_told_from_that_of_another_host():
    ids = {
        read(page("渤海镇" + OF_2021), at, url=f"http://{host}/a/1.html").report.agency.id
        for at, host in (("231000", "a.gov.cn"), ("231000", "www.a.gov.cn"), ("231000", "b.gov.cn"))
    }
    assert len(ids) == 2


def test_nothing_here_is_left_out():
    """The page that everything here is made from is a report without any doubt."""
    reading = read(PAGE)
    assert told(reading) == set()
