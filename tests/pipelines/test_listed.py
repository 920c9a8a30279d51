"""Names of portals' own lists: what is no part of them, which body they mean, what is doubted."""

from __future__ import annotations

import pytest

from crawler.items import Fetch, ListedBody, Portal
from pipelines.agencies import resolved
from pipelines.listed import bare_name, reading
from pipelines.records import ListedBodyReading

CITY = Portal(id="mdj", name="牡丹江市人民政府", division="231000", home="http://mdj.example/")
COUNTY = Portal(id="dfq", name="东风区人民政府", division="230805", home="http://dfq.example/")
NOWHERE = Portal(id="portal", name="example", division="000000", home="http://example/")


def read(name: str, portal: Portal = CITY, at: str = "2026-11-21T00:00:00Z") -> ListedBodyReading:
    fetch = Fetch(
        id=1,
        url="http://list.example/",
        final_url="http://list.example/",
        found_on=None,
        link_text=None,
        status=200,
        content_type="text/html",
        fetched_at=at,
        sha256=None,
    )
    return reading(ListedBody(portal=portal, name=name, list_url="http://list.example/", fetch=fetch))


@pytest.mark.parametrize(
    ("printed", "bare"),
    [
        ("市教育局", "市教育局"),
        ("市 教 育 局", "市教育局"),
        ("　市教育局　", "市教育局"),
        ("·市教育局", "市教育局"),
        ("● 市教育局>>", "市教育局"),
        ("1.市教育局", "市教育局"),
        ("12、市教育局", "市教育局"),
        ("（3）市教育局", "市教育局"),
        ("【市教育局】", "市教育局"),
        ("市教育局（12）", "市教育局"),
        ("市教育局政府信息公开", "市教育局"),
        ("市教育局信息公开专栏", "市教育局"),
        ("市教育局政府信息公开年报", "市教育局"),
        ("牡丹江市教育局网站", "牡丹江市教育局"),
        ("市人民防空办公室(市国防动员办公室)", "市人民防空办公室"),
        ("信息公开", "信息公开"),
        ("", ""),
    ],
)
def test_what_is_no_part_of_a_name(printed, bare):
    assert bare_name(printed) == bare


@pytest.mark.parametrize(
    ("name", "portal", "body", "kind"),
    [
        ("市教育局", CITY, "牡丹江市教育局", "department"),
        ("教育局", CITY, "牡丹江市教育局", "department"),
        ("市政府办", CITY, "牡丹江市人民政府办公室", "government_office"),
        ("市政府", CITY, "牡丹江市人民政府", "government"),
        ("市市场监管局", CITY, "牡丹江市市场监督管理局", "department"),
        ("爱民区", CITY, "牡丹江市爱民区人民政府", "government"),
        ("爱民区教育局", CITY, "牡丹江市爱民区教育局", "department"),
        ("穆棱市", CITY, "穆棱市人民政府", "government"),
        ("省教育厅", CITY, "黑龙江省教育厅", "department"),
        ("区教育局", COUNTY, "佳木斯市东风区教育局", "department"),
        ("佳西街道", COUNTY, "佳木斯市东风区佳西街道办事处", "township"),
        ("牡丹江市教育局", NOWHERE, "牡丹江市教育局", "department"),
    ],
)
def test_a_listed_body_is_the_one_that_a_report_of_that_name_is_of(name, portal, body, kind):
    found = read(name, portal)
    assert found.doubt is None
    assert found.agency is not None
    assert (found.agency.name, found.agency.agency_type) == (body, kind)
    of_report = resolved(name, portal, 2025, [])
    assert of_report is not None
    assert found.agency.id == of_report.id


@pytest.mark.parametrize(
    "name",
    [
        "委办局", "各委办局", "市直部门", "市政府部门", "市政府工作部门", "直属机构", "中省直单位",
        "县(市)区", "各县（市）区", "乡镇", "街道办事处", "乡镇（街道）",
        "开发区", "市直属事业单位", "公司", "局", "",
    ],
)  # fmt: skip
def test_a_heading_of_a_list_is_no_body(name):
    found = read(name)
    assert (found.agency, found.doubt) == (None, "no_name")


def test_a_short_name_of_several_bodies_is_doubted_and_names_them():
    found = read("市文旅局")
    assert found.doubt == "agency_abbreviated"
    full = resolved("牡丹江市文化广电和旅游局", CITY, 2025, [])
    assert full is not None
    assert full.id in found.candidates
    assert len(found.candidates) == len(set(found.candidates)) > 1


@pytest.mark.parametrize(
    ("name", "portal", "doubt"),
    [
        ("区财政局", CITY, "ambiguous_division"),
        ("教育局", NOWHERE, "division_unknown"),
        ("市教育局", NOWHERE, "division_unknown"),
    ],
)
def test_a_name_that_cannot_be_placed_is_doubted(name, portal, doubt):
    found = read(name, portal)
    assert found.doubt == doubt
    assert found.agency is not None
    assert found.agency.division_code is None


@pytest.mark.parametrize("name", ["市便民专区", '=HYPERLINK("http://x")', "更多部门>>", "融媒体"])
def test_a_name_of_no_kind_of_body_is_doubted(name):
    assert read(name).doubt is not None


def test_a_name_is_placed_as_of_the_day_on_which_it_was_listed():
    # 双城市 became 双城区 in 2014; the body is one, and the city is no district of its time.
    city = Portal(id="hrb", name="哈尔滨市人民政府", division="230100", home="http://hrb.example/")
    before = read("双城市教育局", city, "2013-01-01T00:00:00Z")
    after = read("双城区教育局", city, "2026-01-01T00:00:00Z")
    assert before.agency is not None
    assert after.agency is not None
    assert (before.agency.division_code, after.agency.division_code) == ("230182", "230113")
    assert before.agency.id == after.agency.id
