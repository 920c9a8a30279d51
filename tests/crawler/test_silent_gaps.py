"""Ways to lose a page, an entry, a column or a portal without a word: each is told or found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from crawler import titles
from crawler.addresses import Scope
from crawler.items import Portal
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
MENU = "<div class='nav'><a href='/gk/nb/'>政府信息公开年报</a><a href='/news/'>要闻</a></div>"


def title(year: int, agency: str = "测试市教育局") -> str:
    return f"{agency}{year}年政府信息公开工作年度报告"


def put(
    portal: SmallPortal, *years: int, agency: str = "测试市教育局", folder: str = "/gk/nb"
) -> list[tuple[str, str]]:
    """Report pages, one a year; returns their list entries."""
    entries = []
    for year in years:
        path = f"{folder}/{year}/{year}001.html"
        portal.page(path, report_body(title(year, agency)))
        entries.append((path, title(year, agency)))
    return entries


def section(portal: SmallPortal, body: str, path: str = "/gk/nb/index.html") -> str:
    portal.page(path, body)
    return f'sections = ["{portal.origin}{path}"]'


# List pages


def test_the_start_page_in_place_of_the_next_page(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/", MENU)
    portal.page("/gk/nb/", entry_list(*put(portal, 2020, 2021)) + "<a href='/gk/nb/index_2.html'>下一页</a>")
    portal.answers["/gk/nb/index_2.html"] = portal.answers["/"]
    result = crawl()
    assert result.titles == {title(2020), title(2021)}
    assert not result.complete
    assert result.trouble("soft_404").url == f"{portal.origin}/gk/nb/index_2.html"


def test_the_start_page_in_place_of_the_first_page(portal: SmallPortal, crawl: Crawler) -> None:
    news = [(f"/xw/202101/{n}0001.html", f"测试市召开第{n}次会议部署工作") for n in range(4)]
    portal.page("/", MENU + "<a href='/gk/x/'>历年政府信息公开年报</a>" + entry_list(*news))
    portal.answers["/gk/nb/"] = portal.answers["/"]
    portal.page("/gk/x/", entry_list(*put(portal, 2020, 2021)))
    result = crawl()
    assert not result.complete
    assert result.trouble("soft_404").url == f"{portal.origin}/gk/nb/"
    assert not [path for path in portal.paths if path.startswith("/xw/2")]


def test_a_page_of_something_else_in_place_of_the_next_page(portal: SmallPortal, crawl: Crawler) -> None:
    body = entry_list(*put(portal, 2020, 2021)) + "<a href='/gk/nb/index_2.html'>下一页</a>"
    entry = section(portal, body)
    links = "".join(f"<a href='/c{n}/'>栏目{n}</a>" for n in range(8))
    portal.page(
        "/gk/nb/index_2.html", f"<div class='nav'>{links}</div><p>应用程序池已停止，请联系管理员。</p>"
    )
    result = crawl(entry)
    assert not result.complete
    assert result.trouble("list_repeats").url == f"{portal.origin}/gk/nb/index_2.html"


def test_an_empty_page_of_the_list_itself_is_its_end(portal: SmallPortal, crawl: Crawler) -> None:
    body = entry_list(*put(portal, 2020, 2021)) + "<a href='/gk/nb/index_2.html'>下一页</a>"
    entry = section(portal, body)
    portal.page("/gk/nb/index_2.html", "<ul></ul><a href='/gk/nb/index.html'>上一页</a>")
    result = crawl(entry)
    assert result.complete, result.troubles


def test_a_page_without_the_link_to_the_next(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(
        portal, entry_list(*put(portal, 2020, 2021)) + "共3页 <a href='/gk/nb/index.jsp?page=2'>下一页</a>"
    )
    portal.page("/gk/nb/index.jsp?page=2", entry_list(*put(portal, 2018, 2019)) + "共3页 <span>下一页</span>")
    result = crawl(entry)
    assert not result.complete
    assert "next_page_not_found" in result.codes


def test_a_next_link_that_leads_back(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(portal, entry_list(*put(portal, 2020, 2021)) + "共3页 <a href='index_2.html'>下一页</a>")
    portal.page(
        "/gk/nb/index_2.html", entry_list(*put(portal, 2018, 2019)) + "共3页 <a href='index.html'>下一页</a>"
    )
    result = crawl(entry)
    assert not result.complete
    assert "next_page_not_found" in result.codes


def test_an_entry_without_an_address_on_the_second_page(portal: SmallPortal, crawl: Crawler) -> None:
    entry = section(portal, entry_list(*put(portal, 2020, 2021)) + "<a href='index_2.html'>下一页</a>")
    portal.page(
        "/gk/nb/index_2.html",
        entry_list(*put(portal, 2018)) + f"<ul><li><a onclick='show(7)'>{title(2017)}</a></li></ul>",
    )
    result = crawl(entry)
    assert title(2017) in result.trouble("entry_without_address").detail
    assert not result.complete


@pytest.mark.parametrize("anchor", ["<a href='#' data-id='7'>{}</a>", "<a data-id='7'>{}</a>"])
def test_an_entry_whose_address_only_a_script_knows(anchor: str, portal: SmallPortal, crawl: Crawler) -> None:
    line = f"<ul><li>{anchor.format(title(2017))}</li></ul>"
    result = crawl(section(portal, entry_list(*put(portal, 2020, 2021)) + line))
    assert title(2017) in result.trouble("entry_without_address").detail
    assert not result.complete


def test_agencies_named_beside_a_report_that_is_put_on_top(portal: SmallPortal, crawl: Crawler) -> None:
    top = put(portal, 2021, agency="测试市人民政府")
    names = ["市教育局", "市民政局", "市财政局"]
    for number, name in enumerate(names):
        portal.page(f"/gk/nb/202201/{number}0001.html", report_body(title(2021, name)))
    below = entry_list(*((f"/gk/nb/202201/{number}0001.html", name) for number, name in enumerate(names)))
    result = crawl(
        section(portal, f"<div class='hot'>{entry_list(*top)}</div><div class='all'>{below}</div>")
    )
    assert result.titles == {title(2021, "测试市人民政府"), *names}


@pytest.mark.parametrize("address", ["ftp://host/1.doc", "file:///D:/1.doc", "http://[bad/"])
def test_an_entry_whose_address_nobody_can_open(address: str, portal: SmallPortal, crawl: Crawler) -> None:
    line = f"<ul><li><a href='{address}'>{title(2017)}</a></li></ul>"
    result = crawl(section(portal, entry_list(*put(portal, 2020, 2021)) + line))
    assert title(2017) in result.trouble("entry_without_address").detail


@pytest.mark.parametrize("parameter", ["sid=ab12ab12ab12ab12ab12ab12000{}", "t=161234567{}"])
def test_reports_that_only_a_dropped_parameter_tells_apart(
    parameter: str, portal: SmallPortal, crawl: Crawler
) -> None:
    entries = [(f"/gk/v.jsp?{parameter.format(year % 10)}", title(year)) for year in (2019, 2020, 2021)]
    result = crawl(section(portal, entry_list(*entries)))
    assert result.codes.count("entry_without_address") == 2
    assert not result.complete


def test_one_report_whose_address_bears_a_moment_is_no_other(portal: SmallPortal, crawl: Crawler) -> None:
    [(path, name)] = put(portal, 2021)
    listed = entry_list((f"{path}?t=1612345678", name), (f"{path}?t=1612345679", f"置顶 {name}"))
    result = crawl(section(portal, listed))
    assert result.complete, result.troubles


@pytest.mark.parametrize("label", ["{}", "第{}页"])
def test_a_pager_that_is_a_drop_down(label: str, portal: SmallPortal, crawl: Crawler) -> None:
    pages = ["index.html", "index_2.html", "index_3.html"]
    options = "".join(
        f"<option value='/gk/nb/{page}'>{label.format(n)}</option>" for n, page in enumerate(pages, 1)
    )
    pager = f"<select onchange='location=this.value'>{options}</select>"
    for page, year in zip(pages[1:], (2018, 2017), strict=True):
        portal.page(f"/gk/nb/{page}", entry_list(*put(portal, year)) + pager)
    result = crawl(section(portal, entry_list(*put(portal, 2020, 2021)) + pager))
    assert len(result.publications) == 4
    assert result.complete, result.troubles


def test_a_list_that_loads_more_where_it_stands(portal: SmallPortal, crawl: Crawler) -> None:
    result = crawl(section(portal, entry_list(*put(portal, 2020, 2021)) + "<div class='more'>加载更多</div>"))
    assert result.codes == ["next_page_not_found"]
    assert not result.complete


def test_boxes_with_the_newest_lead_to_all(portal: SmallPortal, crawl: Crawler) -> None:
    box = "<div class='box'><h3>{}</h3><a href='{}'>更多&gt;&gt;</a>{}</div>"
    whole = {"/gk/nb/sbj/": (2017, 2018, 2019), "/gk/bm/all/": (2018, 2019)}
    body = ""
    for folder, years in whole.items():
        entries = put(portal, *years, agency=folder[4:6].upper() + "局", folder=folder.rstrip("/"))
        portal.page(folder, entry_list(*entries))
        body += box.format("年报", folder, entry_list(*entries[:1]))
    news = entry_list(
        ("/xw/202101/10001.html", "测试市召开大会"), ("/xw/202101/20001.html", "测试市召开小会")
    )
    body += box.format("要闻", "/xw/all/", news)
    result = crawl(section(portal, body))
    assert len(result.publications) == 5
    assert "/xw/all/" not in portal.paths
    assert result.complete, result.troubles


# Columns and sections


def test_data_in_place_of_a_column(portal: SmallPortal, crawl: Crawler) -> None:
    columns = "".join(f"<li><a href='/gk/nb/{year}/'>{year}年</a></li>" for year in (2020, 2021))
    entry = section(portal, f"<ul>{columns}</ul>")
    portal.page("/gk/nb/2020/", entry_list(*put(portal, 2020)))
    portal.answers["/gk/nb/2021/"] = Answer(b'{"code":500}', content_type="application/json")
    result = crawl(entry)
    assert result.titles == {title(2020)}
    assert result.trouble("wrong_type").url == f"{portal.origin}/gk/nb/2021/"
    assert not result.complete


def test_columns_that_lie_too_deep_are_said(portal: SmallPortal, crawl: Crawler) -> None:
    names = ["2021年", "县区", "市直部门", "市本级", "2020年", "2019年", "2018年"]
    path = "/gk/nb/"
    for name in names:
        portal.page(path, f"<h2>政府信息公开年报</h2><ul><li><a href='{path}a/'>{name}</a></li></ul>")
        path += "a/"
    portal.page(path, entry_list(*put(portal, 2021)))
    result = crawl(f'sections = ["{portal.origin}/gk/nb/", "{portal.origin}/gk/more/"]')
    portal.page("/gk/more/", entry_list(*put(portal, 2020)))
    assert "too_many_columns" in result.codes
    assert not result.complete


def test_columns_that_are_all_sent_to_one_empty_page(portal: SmallPortal, crawl: Crawler) -> None:
    columns = "".join(f"<li><a href='/gk/nb/{year}/'>{year}年</a></li>" for year in (2019, 2020, 2021))
    entry = section(portal, f"<ul>{columns}</ul>{entry_list(*put(portal, 2018))}")
    for year in (2019, 2020, 2021):
        portal.answers[f"/gk/nb/{year}/"] = Answer(b"", 302, headers={"Location": "/err.html"})
    portal.page("/err.html", "<p>栏目迁移</p>")
    result = crawl(entry)
    told = {trouble.link_text or trouble.url for trouble in result.troubles if trouble.code == "empty_column"}
    assert len(told) == 3, result.troubles


def test_every_section_that_a_menu_names_is_walked(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page(
        "/",
        "<a href='/gk/nb/'>政府信息公开年报</a> <a href='/gk/bm/'>部门政府信息公开年报</a>",
    )
    portal.page("/gk/nb/", entry_list(*put(portal, 2020, 2021)))
    portal.page("/gk/bm/", entry_list(*put(portal, 2020, 2021, agency="市民政局", folder="/gk/bm")))
    result = crawl()
    assert result.titles == {title(y, a) for y in (2020, 2021) for a in ("测试市教育局", "市民政局")}
    assert result.complete, result.troubles


# Entries and articles


def test_an_article_whose_sidebar_names_reports_that_no_list_names(
    portal: SmallPortal, crawl: Crawler
) -> None:
    entry = section(portal, entry_list(*put(portal, 2018, 2019), ("/gk/nb/2021/2021001.html", title(2021))))
    beside = put(portal, 2016, 2017)
    portal.answers["/gk/nb/2021/2021.pdf"] = Answer(b"%PDF-1.4 x", content_type="application/pdf")
    portal.page(
        "/gk/nb/2021/2021001.html",
        f"<h1>{title(2021)}</h1><div id='zoom'><p>日期：2022-01-20</p><a href='2021.pdf'>附件下载</a></div>"
        f"<div class='side'>{entry_list(*beside)}</div>",
    )
    result = crawl(entry)
    assert "/gk/nb/2021/2021.pdf" in portal.paths
    assert result.titles == {title(year) for year in (2016, 2017, 2018, 2019, 2021)}


@pytest.mark.parametrize(
    "label",
    [
        "测试市教育局落实政府信息公开条例…",
        "测试市民政局2021年执行信息公开条例...",
        "关于做好政府信息公开工作方案……",
    ],
)
def test_the_end_of_a_title_that_is_cut_says_nothing(label: str) -> None:
    cut = label.rstrip("….")
    assert titles.is_other(cut)
    assert titles.is_other(label) == cut.startswith("关于做好")


def test_an_entry_whose_title_is_cut_before_it_tells(portal: SmallPortal, crawl: Crawler) -> None:
    portal.page("/gk/nb/202201/70001.html", report_body(title(2021)))
    news = [(f"/xw/202101/{n}0001.html", f"测试市召开第{n}次大会") for n in range(6)]
    listed = entry_list(("/gk/nb/202201/70001.html", "测试市教育局2021年政府信息公…"), *news)
    portal.page("/", "<div class='nav'><a href='/gk/nb/'>年度报告</a></div>")
    portal.page("/gk/nb/", listed)
    crawl()
    assert "/gk/nb/202201/70001.html" in portal.paths
    assert not [path for path in portal.paths if path.startswith("/xw/")]


def test_a_report_with_a_button_that_opens_a_window(portal: SmallPortal, crawl: Crawler) -> None:
    path = "/gk/nb/2021/2021001.html"
    script = "<script>function p(){window.open('/print.html')}</script>"
    portal.page(path, report_body(title(2021), script))
    portal.page("/print.html", "打印")
    assert len(portal.answers[path].body) < 6000  # type: ignore[union-attr]
    result = crawl(section(portal, entry_list((path, title(2021)))))
    assert [item.page.fetch.final_url for item in result.publications] == [f"{portal.origin}{path}"]


# Portals


def other_entry(other: SmallPortal, keys: str) -> str:
    return (
        f'[[portal]]\nid = "other"\nname = "别市人民政府"\ndivision = "230200"\nhome = "{other.origin}/"\n'
        f'note = "a test"\n{keys}\n'
    )


class HeldBack:
    """Keeps the first requests of the later portals back until the first portal's lists were read."""

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        import asyncio

        async for number, item in _numbered(start):
            if number:
                await asyncio.sleep(1.5)
            yield item


async def _numbered(start: AsyncIterator[Any]) -> AsyncIterator[tuple[int, Any]]:
    number = 0
    async for item in start:
        yield number, item
        number += 1


class FirstOnly:
    """Breaks off after the first portal has begun."""

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in start:
            yield item
            raise RuntimeError("broken off")


def test_what_is_listed_on_the_host_of_a_portal_that_is_disabled(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    [(path, name)] = put(other_portal, 2021)
    own = put(portal, 2020)
    third = SmallPortal()
    third.page("/", entry_list(*put(third, 2019)))
    more = other_entry(third, f'sections = ["{third.origin}/"]').replace('"other"', '"third"')
    entry = section(portal, entry_list(*own, (f"{other_portal.origin}{path}", name)))
    result = crawl(
        entry, more=more + other_entry(other_portal, "disabled = true"), SPIDER_MIDDLEWARES={HeldBack: 10}
    )
    third.close()
    assert name in result.titles


def test_portals_that_never_began_make_the_run_incomplete(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    entry = section(portal, entry_list(*put(portal, 2021)))
    result = crawl(entry, more=other_entry(other_portal, ""), SPIDER_MIDDLEWARES={FirstOnly: 10})
    assert other_portal.paths == []
    assert not result.complete


def test_each_portal_says_what_lies_elsewhere(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawler
) -> None:
    away = ("http://127.0.0.2:9/202201/10001.html", title(2021))
    other_portal.page("/gk/", entry_list(*put(other_portal, 2020), away))
    entry = section(portal, entry_list(*put(portal, 2020), away))
    result = crawl(
        entry, more=other_entry(other_portal, f'sections = ["{other_portal.origin}/gk/"]\ndelay = 0')
    )
    assert {trouble.portal_id for trouble in result.troubles} == {"test", "other"}


# Hosts


def test_the_ports_of_one_host_wait_for_each_other() -> None:
    def entry(name: str, home: str, delay: float | None) -> Portal:
        return Portal(id=name, name=name, division="230100", home=home, delay=delay)

    scope = Scope([entry("a", "http://a.gov.cn/", 5.0), entry("b", "http://b.gov.cn:81/", 3.0)])
    assert scope.slot("https://www.a.gov.cn:8080/x") == scope.slot("http://a.gov.cn/") == "a.gov.cn"
    assert scope.slot("http://b.gov.cn:81/x") == "b.gov.cn:81"
    assert scope.delays() == {"a.gov.cn": 5.0, "b.gov.cn:81": 3.0}
