"""From the home page to the section: menus of every kind, hubs with their agencies, sitemaps, searches."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from crawler import searches, sitemaps, titles
from crawler.page import Page
from crawler.platforms import generic
from tests.crawler.conftest import PAGES, Answer, SmallPortal, entry_list, report_body
from tests.crawler.conftest import Crawl as Outcome

Crawl = Callable[..., Outcome]
CITY = ["测试市2020年政府信息公开工作年度报告", "测试市2021年政府信息公开工作年度报告"]


def put(portal: SmallPortal, *names: str, folder: str = "/gk/nb") -> str:
    """Puts a report page for each title; returns the list of them."""
    entries = []
    for number, name in enumerate(names):
        path = f"{folder}/202201/t20220120_{number + 1000}.html"
        portal.page(path, report_body(name))
        entries.append((path, name))
    return entry_list(*entries)


def section(portal: SmallPortal, path: str = "/gk/nb/") -> None:
    portal.page(path, put(portal, *CITY, folder=path.rstrip("/")))


# Menus


@pytest.mark.parametrize(
    "menu",
    [
        "<a href='/gk/nb/'>政府信息<br>公开年报</a>",
        "<a href='/gk/nb/'>\n  政府　信息\t公开\u200b年报 </a>",
        "<a href='/gk/nb/'><img src='nb.png' alt='政府信息公开年报'></a>",
        "<a href='/gk/nb/'><img src='nb.png' title='政府信息公开年报'></a>",
        "<a href='/gk/nb/'>政府信息</a><a href='/gk/nb/'>公开年报</a>",
        "<ul><li><a href='/gk/nb/'><img src='i.png'></a><p>政府信息公开年报</p></li></ul>",
        "<map name='m'><area shape='rect' coords='0,0,9,9' href='/gk/nb/' title='政府信息公开年报'></map>",
        "<ul class='drop' style='display:none'><li><a href='/gk/nb/'>政府信息公开年报</a></li></ul>",
        "<div onclick=\"window.open('/gk/nb/index.html')\">政府信息公开年报</div>",
        "<select><option>请选择</option><option value='/gk/nb/'>政府信息公开年报</option></select>",
        """<script>document.write("<li><a href='/gk/nb/'>政府信息公开年报<\\/a></li>");</script>""",
        """<script>var m = {"name": "政务公开", "url": "/zwgk/", "children":
        [{"name": "信息", "children": [{"name": "政府信息公开年报", "url": "/gk/nb/"}]}]};</script>""",
    ],
)
def test_a_menu_of_every_kind(portal: SmallPortal, crawl: Crawl, menu: str) -> None:
    portal.page("/", f"<div class='nav'><a href='/news/'>要闻</a>{menu}</div>")
    section(portal)
    portal.answers["/gk/nb/index.html"] = portal.answers["/gk/nb/"]
    result = crawl()
    assert (result.titles, result.codes) == (set(CITY), [])


def test_upper_items_of_a_scripted_menu_are_links_too() -> None:
    below = '[{"name":"指南","url":"/zn/"},{"name":"年报","url":"/nb/"}]'
    script = f'{{"name":"政务公开","url":"/zwgk/","children":{below}}}'
    page = Page("http://a.gov.cn/", f"<html><body><script>var m = {script}</script></body></html>".encode())
    assert [(link.label, link.url.rpartition(".cn")[2]) for link in page.links] == [
        ("政务公开", "/zwgk/"),
        ("指南", "/zn/"),
        ("年报", "/nb/"),
    ]


def test_a_menu_that_comes_as_data(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<div id='nav'></div><script>$.getJSON('/json/nav.json?v=1', draw);</script>")
    menu = [
        {"channelName": "政务公开", "url": "/zwgk/", "list": [{"channelName": "公开年报", "url": "/gk/nb/"}]}
    ]
    portal.answers["/json/nav.json"] = Answer(
        json.dumps(menu, ensure_ascii=False).encode(), content_type="application/json"
    )
    section(portal)
    result = crawl()
    assert (result.titles, result.codes) == (set(CITY), [])


def test_several_hubs_deep(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<a href='/zwgk/'>政务公开</a>")
    portal.page("/zwgk/", "<a href='/xxgk/'>政府信息<br/>公开</a>")
    portal.page("/xxgk/", "<a href='/fd/'>法定主动公开内容</a><a href='/zn/'>政府信息公开指南</a>")
    portal.page("/fd/", "<a href='/gk/nb/'>政府信息公开年报</a>")
    section(portal)
    result = crawl()
    assert (result.titles, result.codes) == (set(CITY), [])
    assert result.publications[0].listing.path == (
        "政务公开", "政府信息公开", "法定主动公开内容", "政府信息公开年报",
    )  # fmt: skip


def test_the_site_map_of_a_portal(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<a href='/zwgk/'>政务公开</a><div class='footer'><a href='/wzdt/'>网站地图</a></div>")
    portal.page("/zwgk/", "<a href='/ld/'>领导信息</a>")
    columns = "".join(f"<li><a href='/c{number}/'>第{number}栏目</a></li>" for number in range(30))
    portal.page("/wzdt/", f"<ul>{columns}<li><a href='/gk/nb/'>政府信息公开工作年度报告</a></li></ul>")
    section(portal)
    result = crawl()
    assert (result.titles, result.codes) == (set(CITY), [])


# Years and levels


def years_and_levels(portal: SmallPortal, *, level_first: bool) -> set[str]:
    """A section divided twice, columns by year and by level; returns the titles."""
    years, levels = ["2020年", "2021年"], ["市本级", "市直部门", "县（市）区"]
    outer, inner = (levels, years) if level_first else (years, levels)
    found = set()
    menu = "".join(f"<li><a href='/nb/c{a}/'>{name}</a></li>" for a, name in enumerate(outer))
    portal.page("/nb/", f"<h2>政府信息公开年报</h2><ul>{menu}</ul>")
    for a, above in enumerate(outer):
        menu = "".join(f"<li><a href='/nb/c{a}/d{b}/'>{name}</a></li>" for b, name in enumerate(inner))
        portal.page(f"/nb/c{a}/", f"<h2>{above}</h2><ul>{menu}</ul>")
        for b, below in enumerate(inner):
            year, level = (below, above) if level_first else (above, below)
            names = [f"{level}{number}{year}政府信息公开工作年度报告" for number in "甲乙"]
            portal.page(f"/nb/c{a}/d{b}/", put(portal, *names, folder=f"/nb/c{a}/d{b}"))
            found |= set(names)
    return found


@pytest.mark.parametrize("level_first", [False, True])
def test_a_section_by_year_and_level(portal: SmallPortal, crawl: Crawl, level_first: bool) -> None:
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    wanted = years_and_levels(portal, level_first=level_first)
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])
    assert all(len(publication.listing.path) == 3 for publication in result.publications)


def test_a_new_channel_each_year(portal: SmallPortal, crawl: Crawl) -> None:
    """No page above the channels: the hub names one a year and level, with no common address."""
    channels = {
        "/hg/zsbjgkndbb/": "2024年市本级政府信息公开年报",
        "/hg/wszbmgkndbb/": "2025年市直部门政府信息公开年报",
        "/hg/zxqgkndbg/": "2024年县区政府信息公开年度报告",
    }
    portal.page("/", "<a href='/hg/xxgk/'>政府信息公开</a>")
    menu = "".join(f"<li><a href='{path}'>{name}</a></li>" for path, name in channels.items())
    portal.page("/hg/xxgk/", f"<ul><li><a href='/zn/'>政府信息公开指南</a></li>{menu}</ul>")
    wanted = set()
    for number, path in enumerate(channels):
        names = [f"{number}{part}局2024年政府信息公开工作年度报告" for part in "甲乙"]
        portal.page(path, put(portal, *names, folder=path.rstrip("/")))
        wanted |= set(names)
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])


# Hubs with agencies


def test_a_hub_is_known_by_its_parts() -> None:
    page = Page("http://gk.test.gov.cn/zn/", (PAGES / "hub_2019.html").read_bytes())
    assert generic.is_hub_page(page)
    listed = generic.agency_links(page)
    assert [column.name for column in listed] == [
        "市政府办公室", "市发展改革委", "市教育局", "市融媒体", "东区", "西岭县", "某县人民政府",
    ]  # fmt: skip
    assert [link.text for _, link in generic.section_links(page)] == ["政府信息公开年报"]
    plain = Page("http://gk.test.gov.cn/", "<a href='/a/'>市教育局</a><a href='/b/'>市财政局</a>".encode())
    assert not generic.is_hub_page(plain)


HUB = (
    "<div class='dl_nav'><h3><a href='/{0}zn/'>政府信息<br>公开指南</a></h3>"
    "<h3><a href='/{0}zd/'>政府信息公开制度</a></h3>"
    "<h3><a href='/{0}fd/'>法定主动<br>公开内容</a></h3>"
    "<h3><a href='/{0}nb/'>政府信息<br>公开年报</a></h3></div>"
)


def city_with_agencies(portal: SmallPortal, places: str = "") -> set[str]:
    """A city's hub whose right side leads to two departments, each with the same kind of hub."""
    agencies = (
        "<div class='scroll_tit'><span>市政府部门</span></div><div class='scroll_con'><ul>"
        "<li><a href='/bm/jyj/?id=17/21'>市教育局</a></li><li><a href='/bm/czj/?id=17/22'>市财政局</a></li>"
        f"</ul></div>{places}"
    )
    portal.page("/", "<a href='/zn/'>政府信息公开</a>")
    portal.page("/zn/", HUB.format("") + agencies)
    portal.page("/nb/", HUB.format("") + put(portal, *CITY, folder="/nb") + agencies)
    wanted = set(CITY)
    for code, name in (("jyj", "市教育局"), ("czj", "市财政局")):
        news = entry_list(*((f"/bm/{code}/202201/t20220101_{n}.html", f"第{n}号通知") for n in range(9)))
        pager = '<script>createPageHTML(40, 0, "index", "html");</script>'
        for path in ("17/21", "17/22"):
            portal.page(f"/bm/{code}/?id={path}", HUB.format(f"bm/{code}/") + agencies + news + pager)
        title = f"{name}2021年政府信息公开工作年度报告"
        portal.page(
            f"/bm/{code}/nb/",
            HUB.format(f"bm/{code}/") + put(portal, title, folder=f"/bm/{code}/nb") + agencies,
        )
        wanted.add(title)
    return wanted


def test_a_hub_leads_to_its_departments(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = city_with_agencies(portal)
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])
    assert not [path for path in portal.paths if "index_" in path], "an agency's own news are not walked"
    paths = {publication.listing.title: publication.listing.path for publication in result.publications}
    assert "市教育局" in paths["市教育局2021年政府信息公开工作年度报告"]


def test_departments_of_a_hub_beside_the_section(portal: SmallPortal, crawl: Crawl) -> None:
    """The home page names the section itself: the hub beside it is read for its departments all the same."""
    wanted = city_with_agencies(portal)
    portal.page("/", "<a href='/own/'>政府信息公开年报</a><a href='/zn/'>政府信息公开</a>")
    own = ["测试市2018年政府信息公开工作年度报告"]
    portal.page("/own/", put(portal, *own, folder="/own"))
    result = crawl()
    assert (result.titles, result.codes) == (wanted | set(own), [])


def test_departments_that_a_page_of_their_own_lists(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = city_with_agencies(portal)
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a><a href='/bm/'>市政府部门信息公开</a>")
    portal.page("/nb/", put(portal, *CITY, folder="/nb"))
    rows = (
        "<li><a href='/bm/jyj/?id=17/21'>市教育局</a></li><li><a href='/bm/czj/?id=17/22'>市财政局</a></li>"
    )
    portal.page("/bm/", f"<ul>{rows}</ul>")
    result = crawl()
    assert (result.titles, result.codes) == (wanted, [])


def test_an_agency_without_a_report_is_said(portal: SmallPortal, crawl: Crawl) -> None:
    wanted = city_with_agencies(portal)
    news = entry_list(*((f"/bm/czj/202201/t20220101_{n}.html", f"第{n}号通知") for n in range(9)))
    portal.page("/bm/czj/?id=17/22", news)
    result = crawl()
    assert result.titles == {name for name in wanted if "财政" not in name}
    assert result.codes == ["no_reports_listed"]
    assert (result.trouble("no_reports_listed").url or "").endswith("/bm/czj/?id=17/22")
    assert result.complete


def test_places_on_hosts_of_the_registry_and_of_none(
    portal: SmallPortal, other_portal: SmallPortal, crawl: Crawl
) -> None:
    """A county of the registry begins where the city says; one of no registry is said loudly."""
    county = f"{other_portal.origin}/xxgk/zn/"
    places = (
        "<div class='scroll_tit'><span>县(市)区</span></div><div class='scroll_con'><ul>"
        f"<li><a href='{county}'>东县</a></li><li><a href='{other_portal.origin}/'>东县人民政府</a></li>"
        "<li><a href='http://www.elsewhere.invalid/'>西县</a></li></ul></div>"
    )
    wanted = city_with_agencies(portal, places)
    other_portal.page("/", "<a href='/news/'>要闻</a>", delay=0.5)
    other_portal.page("/xxgk/zn/", HUB.format("xxgk/"))
    title = "东县2021年政府信息公开工作年度报告"
    other_portal.page("/xxgk/nb/", put(other_portal, title, folder="/xxgk/nb"))
    result = crawl(
        more='[[portal]]\nid = "east"\nname = "东县人民政府"\ndivision = "230102"\n'
        f'home = "{other_portal.origin}/"\ndelay = 0\nnote = "a test"\n'
    )
    assert result.titles == wanted | {title}
    assert result.codes == ["offsite_link"]
    assert result.trouble("offsite_link").url == "http://www.elsewhere.invalid/"
    assert not result.complete
    assert {p.portal.id for p in result.publications if p.listing.title == title} == {"east"}


# Sitemaps


def urlset(*addresses: str) -> bytes:
    rows = "".join(f"<url><loc>{address}</loc><lastmod>2022-01-01</lastmod></url>" for address in addresses)
    head = (
        "<?xml version='1.0' encoding='UTF-8'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
    )
    return f"{head}{rows}</urlset>".encode()


@pytest.mark.parametrize("where", ["usual", "packed", "robots", "index"])
def test_a_sitemap_where_no_menu_leads_on(portal: SmallPortal, crawl: Crawl, where: str) -> None:
    portal.page("/", "<a href='/news/'>要闻</a>")
    section(portal, "/x/zfxxgknb/")
    some = [f"{portal.origin}/news/202201/t2022_{number}.html" for number in range(40)]
    body = urlset(
        *some, f"{portal.origin}/x/zfxxgknb/202201/t20220120_1000.html", "http://other.gov.cn/gknb/"
    )
    if where == "usual":
        portal.answers["/sitemap.xml"] = Answer(body, content_type="text/xml")
    elif where == "packed":
        portal.answers["/sitemap.xml.gz"] = Answer(gzip.compress(body), content_type="application/x-gzip")
    elif where == "robots":
        rules = f"User-agent: *\nDisallow: /admin/\nSitemap: {portal.origin}/map/all.xml\n"
        portal.answers["/robots.txt"] = Answer(rules.encode(), content_type="text/plain")
        portal.answers["/map/all.xml"] = Answer(body, content_type="text/xml")
    else:
        parts = "".join(f"<sitemap><loc>{portal.origin}/map/{n}.xml</loc></sitemap>" for n in range(3))
        portal.answers["/sitemap.xml"] = Answer(f"<sitemapindex>{parts}</sitemapindex>".encode())
        portal.answers["/map/0.xml"] = Answer(urlset(*some), content_type="text/xml")
        portal.answers["/map/2.xml"] = Answer(body, content_type="text/xml")
    result = crawl()
    assert (result.titles, result.codes) == (set(CITY), [])
    assert "/news/" not in portal.paths


def test_a_sitemap_that_does_not_help_is_said(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<a href='/zwgk/'>政务公开</a>")
    portal.page("/zwgk/", "<a href='/ld/'>领导信息</a>")
    portal.answers["/sitemap.xml"] = Answer(urlset(f"{portal.origin}/a/", f"{portal.origin}/b/"))
    result = crawl()
    assert result.codes == ["section_not_found"]
    detail = result.trouble("section_not_found").detail
    assert "tried 2 pages" in detail
    assert "a sitemap of 2 addresses, none called like the section" in detail


def test_sitemaps_are_bounded(portal: SmallPortal, crawl: Crawl) -> None:
    portal.page("/", "<a href='/news/'>要闻</a>")

    def index(path: str) -> Answer:
        parts = "".join(
            f"<sitemap><loc>{portal.origin}{path.rpartition('.')[0]}{n}.xml</loc></sitemap>"
            for n in range(50)
        )
        return Answer(f"<sitemapindex>{parts}</sitemapindex>".encode())

    for name in ("", *"0123456789"):
        portal.answers[f"/sitemap{name}.xml"] = index
        portal.answers[f"/sitemap0{name}.xml"] = index
    result = crawl()
    assert result.codes == ["section_not_found"]
    assert len([path for path in portal.paths if "sitemap" in path]) <= 6


def test_what_a_sitemap_may_be() -> None:
    assert sitemaps.read(b"<html><body>404</body></html>", "http://a.gov.cn/sitemap.xml").addresses == ()
    assert sitemaps.read(b"\x1f\x8b\x08 broken", "http://a.gov.cn/sitemap.xml.gz").addresses == ()
    bomb = gzip.compress(b" " * (sitemaps.LARGEST + 1))
    assert sitemaps.read(bomb, "http://a.gov.cn/sitemap.xml.gz").addresses == ()
    odd = b"<urlset><url><loc><![CDATA[/gk/?a=1&b=2]]></loc></url><url><loc> /x/?a=1&amp;b=2 </loc></url>"
    found = sitemaps.read(odd, "http://a.gov.cn/sitemap.xml")
    assert found.addresses == ("http://a.gov.cn/gk/?a=1&b=2", "http://a.gov.cn/x/?a=1&b=2")
    assert not found.index


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://a.gov.cn/x/zfxxgknb/202201/t1.html", "http://a.gov.cn/x/zfxxgknb/"),
        ("http://a.gov.cn/hg/zsbjgkndbb/202501/67896.shtml", "http://a.gov.cn/hg/zsbjgkndbb/"),
        ("http://a.gov.cn/zwgk/xxgk/ndbg.html", "http://a.gov.cn/zwgk/xxgk/ndbg.html"),
        ("http://a.gov.cn/nb/list.html?page=2", "http://a.gov.cn/nb/"),
        ("http://a.gov.cn/nbxw/1.html", None),
        ("http://a.gov.cn/zwgk/", None),
    ],
)
def test_addresses_that_are_called_like_the_section(url: str, told: str | None) -> None:
    found = titles.section_address(url)
    assert (found and found[1]) == told


# The portal's own search


def test_the_search_of_ucap(portal: SmallPortal, crawl: Crawl) -> None:
    """Its entries count by their titles, and the page of one of them says where the section is."""
    portal.answers["/"] = Answer(
        "<html><head><meta name='SiteIDCode' content='2310000002'></head><body>"
        "<a href='/news/'>要闻</a><script src='/js/ucap.js'></script><i>开普云</i></body></html>".encode()
    )
    put(portal, *CITY)
    section_menu = "<div>当前位置：<a href='/'>首页</a> &gt; <a href='/gk/nb/'>政府信息公开年报</a></div>"
    for path in [path for path in portal.answers if "t2022" in path]:
        portal.page(path, section_menu + report_body(CITY[path.endswith("1001.html")]))
    more = "测试市教育局2021年政府信息公开工作年度报告"
    portal.page(
        "/gk/nb/",
        put(portal, more, folder="/gk/nb/x") + entry_list(("/gk/nb/202201/t20220120_1000.html", CITY[0])),
    )
    asked = []

    def answer(query: str, body: str) -> Answer:
        fields = parse_qs(body)
        asked.append(fields)
        rows = []
        if fields["pageNum"] == ["0"]:
            rows = [
                {
                    "title": f"<em>{CITY[n]}</em>",
                    "url": f"/gk/nb/202201/t20220120_100{n}.html",
                    "pubDate": "2022-01-20",
                }
                for n in (0, 1)
            ] + [{"title": "关于做好政府信息公开工作年度报告的通知", "url": "/gk/tz/202201/t20220120_1.html"}]
        return Answer(json.dumps({"searchResultAll": {"searchTotal": rows, "total": len(rows)}}).encode())

    portal.posts["/search5/search/s"] = answer
    result = crawl()
    assert (result.titles, result.codes) == ({*CITY, more}, [])
    assert asked[0]["siteCode"] == ["2310000002"]
    assert asked[0]["searchWord"] == ["政府信息公开工作年度报告"]
    assert "/gk/tz/202201/t20220120_1.html" not in portal.paths


def test_reports_that_only_a_search_names(portal: SmallPortal, crawl: Crawl) -> None:
    form = (
        "<form action='/so/s.jsp' id='searchForm'><input type='hidden' name='site' value='7'>"
        "<input name='q'><input type='submit' name='go' value='搜索'></form>"
        "<form action='/login' method='post'><input name='user'><input type='password' name='p'></form>"
    )
    portal.page("/", f"<a href='/news/'>要闻</a>{form}")
    listed = put(portal, *CITY)
    noise = entry_list(
        ("/n/202201/t20220101_5.html", "解读政府信息公开年度报告"), ("/n/202201/t20220101_6.html", "要闻")
    )
    portal.page("/so/s.jsp", noise + listed)
    result = crawl()
    assert result.titles == set(CITY)
    assert result.codes == ["section_not_found"], "what a search names is not all that there is"
    assert "the portal's search: 2 or more reports" in result.trouble("section_not_found").detail
    assert not result.complete
    query = next(path for path in portal.paths if path.startswith("/so/"))
    assert parse_qs(query.partition("?")[2]) == {"site": ["7"], "q": ["政府信息公开工作年度报告"]}
    assert not [path for path in portal.paths if path.startswith(("/login", "/n/"))]


def test_searches_that_a_page_offers() -> None:
    gb = (
        "<meta charset='gb2312'><form action='/search.asp'><select name='c'><option value='1'>全部</option>"
        "</select><input type='text' name='w'></form>"
    )
    found = searches.searches(Page("http://a.gov.cn/", gb.encode("gbk")), "generic")
    assert [search.url for search in found] == [
        "http://a.gov.cn/search.asp?c=1&w=%D5%FE%B8%AE%D0%C5%CF%A2%B9%AB%BF%AA%B9%A4%D7%F7%C4%EA%B6%C8%B1%A8%B8%E6"
    ]
    other = (
        "<form action='/dl' method='get'><input name='u'></form>"
        "<form action='/search' method='post'><input name='w'></form>"
    )
    assert searches.searches(Page("http://a.gov.cn/", other.encode()), "generic") == ()
    assert searches.entries(b"{not json", "http://a.gov.cn/") == ()
