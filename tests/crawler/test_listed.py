"""The portals' own lists of bodies: each body of a list is handed on, whether or not it has reports there."""

from __future__ import annotations

from collections.abc import Callable

from crawler.page import Page
from crawler.platforms import jcms, openness
from tests.crawler.conftest import Crawl as Outcome
from tests.crawler.conftest import SmallPortal, report_body
from tests.crawler.test_flow import SHELL, Channels, section
from tests.crawler.test_sections import CITY, city_with_agencies, put

Crawl = Callable[..., Outcome]


def named(result: Outcome) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """Name of each listed body → where its line leads, without the host, and who answers there."""
    return {
        body.name: (body.url and body.url.partition("//")[2].partition("/")[2], body.answered_by)
        for body in result.listed
    }


def test_a_hub_names_its_bodies_once_with_the_page_of_the_list(portal: SmallPortal, crawl: Crawl) -> None:
    city_with_agencies(portal)
    result = crawl()
    assert named(result) == {
        "市教育局": ("bm/jyj/?id=17/21", ("test",)),
        "市财政局": ("bm/czj/?id=17/22", ("test",)),
    }
    # Every page of the hub and of the departments shows the list; it counts where it was met first.
    assert len(result.listed) == 2
    assert {body.list_url for body in result.listed} == {f"{portal.origin}/zn/"}
    assert {body.fetch.url for body in result.listed} == {f"{portal.origin}/zn/"}


def test_a_body_without_a_report_is_listed_too(portal: SmallPortal, crawl: Crawl) -> None:
    city_with_agencies(portal)
    portal.page("/bm/czj/?id=17/22", "<div><p>栏目建设中</p></div>")
    result = crawl()
    assert "市财政局2021年政府信息公开工作年度报告" not in result.titles
    assert "市财政局" in named(result)


def test_bodies_on_other_hosts_are_listed_with_who_answers_there(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawl
) -> None:
    places = (
        "<div class='scroll_tit'><span>县(市)区</span></div><div class='scroll_con'><ul>"
        f"<li><a href='{other_portal.origin}/'>东县人民政府</a></li>"
        "<li><a href='http://www.elsewhere.invalid/'>西县</a></li></ul></div>"
    )
    city_with_agencies(portal, places)
    other_portal.page("/", "<a href='/news/'>要闻</a>")
    result = crawl(
        more='[[portal]]\nid = "east"\nname = "东县人民政府"\ndivision = "230102"\n'
        f'home = "{other_portal.origin}/"\ndelay = 0\nnote = "a test"\n'
    )
    found = named(result)
    assert found["东县人民政府"] == ("", ("east",))
    assert found["西县"] == ("", ())
    assert {body.portal.id for body in result.listed} == {"test"}


def test_a_page_of_departments_need_not_have_the_form_of_a_hub(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a><a href='/bm/'>市政府部门信息公开</a>")
    portal.page("/nb/", put(portal, *CITY, folder="/nb"))
    rows = "".join(f"<li><a href='/bm/{n}/'>市{n}局</a></li>" for n in ("教育", "财政", "水务"))
    portal.page("/bm/", f"<ul>{rows}</ul>")
    result = crawl()
    assert set(named(result)) == {"市教育局", "市财政局", "市水务局"}


def test_links_of_friendship_and_news_are_no_bodies(portal: SmallPortal, crawl: Crawl) -> None:
    friends = "".join(f"<li><a href='http://{n}.invalid/'>省{n}厅</a></li>" for n in "甲乙丙")
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", put(portal, *CITY, folder="/nb") + f"<div class='footer'><ul>{friends}</ul></div>")
    result = crawl()
    assert result.titles == set(CITY)
    assert result.listed == []


def test_columns_of_a_section_that_are_called_after_bodies(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    bodies = "".join(
        f"<li><a href='/nb/{code}/'>{name}</a></li>" for code, name in (("a", "市教育局"), ("b", "市水务局"))
    )
    years = "<li><a href='/nb/2021/'>2021年</a></li>"
    portal.page("/nb/", f"<h3>政府信息公开年报</h3><ul>{bodies}</ul><h3>年报</h3><ul>{years}</ul>")
    title = "市教育局2021年政府信息公开工作年度报告"
    portal.page("/nb/a/", put(portal, title, folder="/nb/a"))
    portal.page("/nb/b/", "<p>暂无内容</p>")
    portal.page("/nb/2021/", put(portal, CITY[1], folder="/nb/2021"))
    result = crawl()
    assert set(named(result)) == {"市教育局", "市水务局"}
    assert title in result.titles


def test_channels_below_the_section_that_are_called_after_bodies(portal: SmallPortal, crawl: Crawl) -> None:
    channels = Channels(portal)
    channels.children["root"] = [("y2020", "市教育局"), ("y2021", "2021年"), ("gov", "市本级")]
    path = "/site/y2020/202101/c01_1.shtml"
    portal.page(path, report_body("市教育局2020年政府信息公开工作年度报告"))
    channels.put("y2020", (path, "市教育局2020年政府信息公开工作年度报告"))
    result = crawl(section(portal, SHELL, "/site/root/list.shtml"))
    assert named(result) == {"市教育局": (None, ("test",))}
    assert {body.list_url for body in result.listed} == {f"{portal.origin}/site/root/list.shtml"}


def test_the_bodies_of_openness_are_listed_and_an_empty_one_leads_nowhere_else() -> None:
    rows = "".join(
        f"<li><a href='/opennessContent/?branch_id={code}'>{name}</a></li>"
        for code, name in (("b1", "市教育局"), ("b2", "市水务局"), ("b3", "市便民专区"))
    )
    markup = (
        f"<html><body><div class='branch'><ul>{rows}</ul></div><div><ul></ul></div></body></html>".encode()
    )
    hub = openness.listing(Page("http://a.gov.cn/opennessAnnualReport/", markup))
    assert [(column.name, column.body) for column in hub.columns] == [
        ("市教育局", True), ("市水务局", True), ("市便民专区", True),
    ]  # fmt: skip
    empty = openness.listing(Page("http://a.gov.cn/opennessAnnualReport/?branch_id=b2", markup))
    assert [column.url for column in empty.columns] == [
        "http://a.gov.cn/opennessAnnualReport/?branch_id=b1",
        "http://a.gov.cn/opennessAnnualReport/?branch_id=b3",
    ]


def test_the_drop_down_of_the_jcms_annual_report_module_lists_bodies() -> None:
    options = (
        "<select><option value='2021'>2021</option><option value='2020'>2020</option></select>"
        "<select><option value='A1'>市教育局</option><option value='A2'>市水务局</option></select>"
    )
    address = "http://a.gov.cn/module/xxgk/xxgkAnnualReport.jsp?fbtime=2021&area=A1"
    listing = jcms.listing(Page(address, f"<html><body>{options}</body></html>".encode()))
    assert {(column.name, column.body) for column in listing.columns} == {("2020", False), ("市水务局", True)}


def test_names_keep_one_blank_and_a_guide_is_none(portal: SmallPortal, crawl: Crawl) -> None:
    city_with_agencies(portal)
    rows = (
        "<li><a href='/bm/jyj/?id=17/21'>市 \n 教育局</a></li>"
        "<li><a href='/bm/czj/?id=17/22'>市财政局</a></li>"
        "<li><a href='/bm/zn/'>市教育局政府信息公开指南</a></li>"
    )
    portal.page("/bm/", f"<ul>{rows}</ul>")
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a><a href='/bm/'>市政府部门信息公开</a>")
    portal.page("/nb/", put(portal, *CITY, folder="/nb"))
    result = crawl()
    assert "市 教育局" in named(result)
    assert not [name for name in named(result) if "指南" in name]
