"""Platforms whose lists are pages: recognised, walked whole, articles with their files, no noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crawler import platforms
from crawler.page import Page
from crawler.platforms import facts, openness, paging, trs, vsb
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list
from tests.crawler.platform_pages import GUIDE, PDF, Line, body, lines, put, put_articles, put_list, rendered

Crawler = Callable[..., Crawl]
NOISE = ("/xw/", "/zt/", "/hd/")


@dataclass(frozen=True)
class Case:
    """A platform with the addresses of its list pages, articles and files."""

    name: str
    article: Callable[[int], str]
    page: Callable[[int, int], str]
    file: Callable[[str], str]
    resolve: Callable[[str], str] = lambda url: url


CASES = (
    Case(
        "trs",
        lambda year: f"./{year + 1}01/t{year + 1}0120_{year}.html",
        lambda page, pages: "/zwgk/gknb/index.html" if page == 1 else f"/zwgk/gknb/index_{page - 1}.html",
        lambda file: f"/zwgk/gknb/202501/{file}.pdf",
        lambda url: f"/zwgk/gknb/{url.removeprefix('./')}",
    ),
    Case(
        "vsb",
        lambda year: f"/info/1541/{year}.htm",
        lambda page, pages: "/xxgk/gknb.htm" if page == 1 else f"/xxgk/gknb/{pages - page + 1}.htm",
        lambda file: (
            f"/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1547&wbfileid={file}"
        ),
    ),
    Case(
        "openness",
        lambda year: f"/OpennessAnnualReport/show/{year}.html",
        lambda page, pages: "/opennessAnnualReport/?branch_id=a1" + ("" if page == 1 else f"&page={page}"),
        lambda file: f"/attach/{file}.pdf",
    ),
    Case(
        "empire",
        lambda year: f"/e/action/ShowInfo.php?classid=175&id={year}",
        lambda page, pages: (
            f"/e/action/ListInfo/index.php?page={page - 1}&classid=175&totalnum=9"
            if page > 1
            else "/e/action/ListInfo/?classid=175"
        ),
        lambda file: f"/d/file/{file}.pdf",
    ),
    Case(
        "struts",
        lambda year: f"News_showNews.action?messagekey={year}",
        lambda page, pages: "/News_toNdbg.action" + ("" if page == 1 else f"?pageNo={page}"),
        lambda file: f"/upload/{file}.doc",
        lambda url: f"/{url}",
    ),
    Case(
        "contents",
        lambda year: f"/zfxxgk/contents/4152/{year}.html",
        lambda page, pages: f"/zfxxgk/channels/4152{'' if page == 1 else f'_{page}'}.html",
        lambda file: f"/upload/{file}.pdf",
    ),
)


def page(markup: str, url: str) -> Page:
    return Page(url, markup.encode(), "utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_list_of_three_pages(case: Case, portal: SmallPortal, crawl: Crawler) -> None:
    entries = lines(case.article)
    guide = Line(case.article(1), GUIDE, "2020-01-01")
    section = case.page(1, 3)
    put_articles(portal, case.name, entries, case.file, section, case.resolve)
    more = {"id": 175 if case.name == "empire" else 4152, "section": section, "branch": "a1", "branches": ()}
    put_list(portal, case.name, [*entries[:5], guide, *entries[5:]], case.page, **more)
    result = crawl()
    assert result.titles == {entry.title for entry in entries}, (result.troubles, portal.paths)
    assert (result.codes, result.complete) == ([], True), result.troubles
    files = {one.listing.title: [file.body for file in one.attachments] for one in result.publications}
    assert files == {entry.title: [PDF] if entry is entries[0] else [] for entry in entries}
    assert {one.listing.date for one in result.publications} == {entry.date for entry in entries}
    assert not [path for path in portal.paths if path.startswith(NOISE) or path == case.resolve(guide.url)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recognised_by_list_and_article(case: Case) -> None:
    entries = lines(case.article, 3)
    origin = "http://www.yangli.gov.cn"
    values = {"id": 1, "branch": "a1", "branches": (), "page": 1, "pages": 1, "total": 3}
    listed = page(rendered(f"{case.name}_list", entries=entries, **values), origin + case.page(1, 1))
    shown = rendered(f"{case.name}_article", title=entries[0].title, body=body(entries[0].title), files=())
    article = page(shown, origin + case.resolve(entries[0].url))
    for saved in (listed, article):
        assert platforms.of_page(saved) == case.name
    assert platforms.Platform(case.name).is_article(article)
    assert not platforms.Platform(case.name).is_article(listed)
    found = platforms.Platform(case.name).listing(listed)
    assert [entry.title for entry in found.entries] == [entry.title for entry in entries]


# TRS


def test_rows_that_scripts_put_together() -> None:
    script = """
    var strLink='./202201/t20220120_7.html'; var n = 3;
    if (n > 2) { document.write("<li><a href='"+strLink+"' title=\\"年报\\">" + '2021' + f(1) + "</a>"); }
    strLink = './202101/t20210120_6.html';
    document.writeln('<a href="' + strLink + '">(2020)<\\/a>');
    """
    assert trs.written(script) == (
        "<li><a href='./202201/t20220120_7.html' title=\"年报\">2021</a>"
        '<a href="./202101/t20210120_6.html">(2020)</a>'
    )


# VSB


def test_pages_that_count_down() -> None:
    markup = rendered(
        "vsb_list", entries=lines(lambda year: f"/info/1/{year}.htm", 3), page=1, pages=5, total=13
    )
    linked = page(markup, "http://a.gov.cn/xxgk/gknb.htm")
    assert vsb.next_pages(linked, 1).link == "http://a.gov.cn/xxgk/gknb/4.htm"
    markup = rendered("vsb_list", page=1, pages=5, total=13, scripted=True)
    further = vsb.next_pages(page(markup, "http://a.gov.cn/xxgk/gknb.htm"), 1)
    assert (further.link, further.pages, further.total) == (None, 5, 13)
    assert [further.numberings[0].page(number).rsplit("/", 1)[1] for number in (2, 5)] == ["4.htm", "1.htm"]


def test_a_list_that_counts_down_by_script(portal: SmallPortal, crawl: Crawler) -> None:
    case = CASES[1]
    entries = lines(case.article)
    put_articles(portal, "vsb", entries, case.file, case.page(1, 3))
    put_list(portal, "vsb", entries, case.page, scripted=True, section=case.page(1, 3))
    result = crawl()
    assert (result.titles, result.codes) == ({entry.title for entry in entries}, [])


# Openness


def test_agencies_by_branch(portal: SmallPortal, crawl: Crawler) -> None:
    branches = [("b1", "样例市财政局"), ("b2", "样例市民政局")]
    expected = set()
    for id_, name in branches:
        title = f"{name}2021年政府信息公开工作年度报告"
        entry = Line(f"/OpennessAnnualReport/show/{id_}1.html".replace("b", ""), title, "2022-01-20")
        expected.add(title)
        put_list(
            portal,
            "openness",
            [entry],
            lambda number, pages, id_=id_: f"/opennessAnnualReport/?branch_id={id_}",
            branch=id_,
            branches=branches,
        )
        put(portal, entry.url, rendered("openness_article", title=title, body=body(title), files=()))
    hub = rendered("openness_list", branches=branches, page=1, pages=1, total=0)
    found = openness.listing(page(hub, "http://a.gov.cn/opennessAnnualReport/"))
    assert [column.url for column in found.columns] == [
        "http://a.gov.cn/opennessAnnualReport/?branch_id=b1",
        "http://a.gov.cn/opennessAnnualReport/?branch_id=b2",
    ]
    put(portal, "/", rendered("site_home", section="/opennessAnnualReport/"))
    put(portal, "/opennessAnnualReport/", hub.replace("<span>共0条</span>", ""))
    result = crawl()
    assert (result.titles, result.codes) == (expected, [])
    assert not [path for path in portal.paths if "opennessContent" in path]


# Frames of old portals


def test_a_frameset_with_the_list_in_a_frame(portal: SmallPortal, crawl: Crawler) -> None:
    section = "/zwgk/public/spage.xp?doAction=sindex&unitid=71&frame=nb"
    inner = "/zwgk/public/spage.xp?doAction=list&unitid=71&frame=nb"
    entries = lines(lambda year: f"/zwgk/public/{year}/0120/{year}.html", 3)
    put_articles(portal, "contents", entries, lambda file: f"/upload/{file}.pdf", section)
    frames = (
        f'<frameset><frame src="/zwgk/public/top.xp"><frame src="{inner.replace("&", "&amp;")}"></frameset>'
    )
    put(portal, section, f"<html><head><title>公开年报</title></head>{frames}</html>")
    put(portal, "/zwgk/public/top.xp", "<html><body><a href='/'>首页</a></body></html>")
    portal.page(inner, entry_list(*((entry.url, entry.title) for entry in entries)))
    result = crawl()
    assert result.titles == {entry.title for entry in entries}, (result.troubles, portal.paths)


# Further pages that only a script makes


@pytest.mark.parametrize(
    ("url", "script", "second"),
    [
        (
            "http://a.gov.cn/nb/list.html",
            "",
            ["list_1.html", "list_2.html", "index_1.html", "index_2.html", "2"],
        ),
        ("http://a.gov.cn/nb/", "", ["index_1.html", "index_2.html", "2"]),
        ("http://a.gov.cn/class/nb", "", ["2", "index_1.html", "index_2.html"]),
        ("http://a.gov.cn/nb.html?c=3", "", ["nb_1.html?c=3", "nb_2.html?c=3"]),
        ("http://a.gov.cn/list.jsp?c=3", "", ["list.jsp?c=3&page=2", "list.jsp?c=3&pageNo=2"]),
        ("http://a.gov.cn/list.php?pageNo=1&c=3", "", ["list.php?c=3&pageNo=2"]),
        (
            "http://a.gov.cn/l.action",
            'go("l.action?page.no=" + n)',
            ["l.action?page.no=2", "l.action?page.no=1"],
        ),
        ("http://a.gov.cn/nb/", "x = './nb_' + (n-1) + '.htm'", ["nb_2.htm", "nb_1.htm"]),
    ],
)
def test_guessed_addresses(url: str, script: str, second: list[str]) -> None:
    markup = f"<html><body>共3页<script>{script}</script></body></html>"
    found = [way.page(2).rsplit("/", 1)[1] for way in paging.next_pages(page(markup, url), 1).numberings]
    assert found[: len(second)] == second


def test_a_guessed_page_that_shows_the_home_page(portal: SmallPortal, crawl: Crawler) -> None:
    entries = lines(lambda year: f"/gk/nb/{year}/0120/{year}.html", 3)
    put_articles(portal, "contents", entries, lambda file: f"/upload/{file}.pdf", "/gk/nb/index.html")
    portal.page("/gk/nb/index.html", entry_list(*((one.url, one.title) for one in entries)) + "共2页")
    # A home page whose news speak of reports would pass for a second page.
    news = [("/gk/nb/2008/0120/1.html", "某局2007年政府信息公开工作年度报告")]
    home = rendered("site_home", section="/gk/nb/index.html") + entry_list(*news)
    portal.page(news[0][0], body(news[0][1]))
    put(portal, "/", home)
    for path in ("/gk/nb/index_1.html", "/gk/nb/index_2.html", "/gk/nb/2"):
        portal.answers[path] = Answer(home.encode())
    result = crawl()
    assert result.codes == ["next_page_not_found"]


# Platform and registry


def test_a_portal_that_changed_its_platform(portal: SmallPortal, crawl: Crawler) -> None:
    case = CASES[1]
    entries = lines(case.article)
    put_articles(portal, "vsb", entries, case.file, case.page(1, 3))
    put_list(portal, "vsb", entries, case.page, scripted=True, section=case.page(1, 3))
    result = crawl('platform = "ucap"')
    assert result.titles == {entry.title for entry in entries}, (result.troubles, portal.paths)
    assert result.codes == ["platform_changed"]
    assert "the page is vsb's" in result.trouble("platform_changed").detail
    assert result.complete, "the recognised platform is used: nothing is hidden"


def test_a_page_without_marks_is_the_named_platforms() -> None:
    plain = page("<html><body><a href='/x'>x</a></body></html>", "http://a.gov.cn/nb/")
    assert platforms.of_page(plain, "jcms") == "jcms"
    assert platforms.of_page(plain) == "generic"
    foreign = page(rendered("vsb_list", page=1, pages=1, total=1), "http://a.gov.cn/nb/")
    assert platforms.of_page(foreign, "jcms") == "vsb"
    assert platforms.of_page(foreign, "generic") == "generic"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[x]\nmark = ['a']", "x: unknown key 'mark'"),
        ("[x]\nmarks = 'a'", "x: key 'marks': must be a list of str"),
        ("[x]\nsizes = ['9']", "x: key 'sizes': must be a list of int"),
        ("[x]\nmarks = ['(']", "x: marks: '('"),
        ("x = 1", "x: must be a table"),
    ],
)
def test_facts_are_read_strictly(text: str, told: str) -> None:
    with pytest.raises(facts.FactsError, match=r"platforms\.toml") as error:
        facts.read(text)
    assert told in str(error.value)


def test_every_module_is_named_in_the_facts() -> None:
    assert set(platforms._MODULES) <= set(platforms.NAMES)
