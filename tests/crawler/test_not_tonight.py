"""Answers in place of what was asked for: an entry that is sent elsewhere for one night is not gone."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from itertools import pairwise

import pytest

from crawler.middlewares.challenge import fault
from crawler.page import Page
from tests.crawler.conftest import Answer, Crawl, SmallPortal, entry_list, report_body

Crawler = Callable[..., Crawl]
TITLE = "测试市教育局{}年政府信息公开工作年度报告"
NEWS = [(f"/xw/202501/{n}0001.html", f"测试市第{n}次会议") for n in range(8)]


def put(portal: SmallPortal, home: str = "/") -> None:
    """A portal with two reports, whose home page is another at every visit."""
    visits = iter(range(100))

    def start(_path: str) -> Answer:
        menu = f"<a href='/gk/nb/'>政府信息公开年报</a>{entry_list(*NEWS)}<p>{next(visits)}</p>"
        return Answer(f"<html><body>{menu}</body></html>".encode())

    if home != "/":
        portal.answers["/"] = Answer(b"", status=302, headers={"Location": home})
    portal.answers[home] = start
    entries = [(f"/gk/nb/{year}/1.html", TITLE.format(year)) for year in (2023, 2024)]
    for path, name in entries:
        portal.page(path, report_body(name))
    portal.page("/gk/nb/", entry_list(*entries))


def sent(address: str) -> Answer:
    return Answer(b"", status=302, headers={"Location": address})


@pytest.mark.parametrize(
    ("home", "instead"),
    [
        ("/", sent("/")),
        ("/web/index.html", sent("/web/index.html")),
        ("/portal/home", sent("/portal/home")),
        ("/", Answer(b"<html><script>window.location.href='/'</script></html>")),
        ("/", sent("/gk/nb/")),
        ("/", sent("/login")),
    ],
)
def test_an_entry_that_is_sent_elsewhere_is_said_and_not_gone(
    home: str, instead: Answer, portal: SmallPortal, crawl: Crawler
) -> None:
    put(portal, home)
    portal.page("/login", "<form><input name='user'></form>")
    portal.answers["/gk/nb/2024/1.html"] = instead
    result = crawl()
    assert result.titles == {TITLE.format(2023)}
    trouble = result.trouble("soft_404")
    assert trouble.url == f"{portal.origin}/gk/nb/2024/1.html"
    assert trouble.hides_reports
    assert not result.complete


def test_the_start_page_under_an_entrys_address_is_known_by_its_news(
    portal: SmallPortal, crawl: Crawler
) -> None:
    put(portal)
    portal.answers["/gk/nb/2024/1.html"] = portal.answers["/"]
    result = crawl()
    assert result.titles == {TITLE.format(2023)}
    assert result.trouble("soft_404").url == f"{portal.origin}/gk/nb/2024/1.html"


def test_an_entry_that_says_itself_that_it_is_gone_hides_nothing(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    portal.page("/gk/nb/2024/1.html", "<p>您访问的页面不存在</p>")
    result = crawl()
    assert result.codes == ["soft_404"]
    assert result.complete


def test_an_entry_that_has_moved_is_taken_where_it_is_now(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    portal.answers["/archive/b7"] = portal.answers["/gk/nb/2024/1.html"]
    portal.answers["/gk/nb/2024/1.html"] = sent("/archive/b7")
    result = crawl()
    assert len(result.publications) == 2
    assert result.complete, result.troubles


@pytest.mark.parametrize("gone", [Answer(b"", status=404), sent("/")])
def test_a_given_section_that_is_gone_is_looked_for(
    gone: Answer, portal: SmallPortal, crawl: Crawler
) -> None:
    put(portal)
    portal.answers["/old/nb.html"] = gone
    result = crawl(f'sections = ["{portal.origin}/old/nb.html"]')
    assert len(result.publications) == 2
    assert result.troubles[0].url == f"{portal.origin}/old/nb.html"


def test_a_given_section_that_fails_is_not_looked_for(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    portal.answers["/old/nb.html"] = Answer(b"", status=403)
    crawl(f'sections = ["{portal.origin}/old/nb.html"]')
    assert portal.paths == ["/old/nb.html"]


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "text/plain"])
def test_pages_that_are_packed_without_a_word(kind: str, portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    for path in ("/gk/nb/", "/gk/nb/2023/1.html", "/gk/nb/2024/1.html"):
        answer = portal.answers[path]
        assert isinstance(answer, Answer)
        portal.answers[path] = Answer(gzip.compress(answer.body), content_type=kind)
    result = crawl()
    assert len(result.publications) == 2
    assert all(b"<html" in publication.page.body for publication in result.publications)


@pytest.mark.parametrize("kind", ["application/gzip", "application/octet-stream"])
def test_a_packed_file_stays_packed(kind: str, portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    packed = gzip.compress(b"a file")
    file = "<p>附件：<a href='/files/download.jsp?id=7'>年报</a></p>"
    portal.page("/gk/nb/2024/1.html", f"<h1>{TITLE.format(2024)}</h1><div id='zoom'>{file}</div>")
    portal.answers["/files/download.jsp?id=7"] = Answer(packed, content_type=kind)
    result = crawl()
    assert [one.body for publication in result.publications for one in publication.attachments] == [packed]


@pytest.mark.parametrize(
    "pager",
    [
        "<script>createPageHTML(2,0,'1','html')</script>",
        "<p>[1] <a href='1_2.html'>[2]</a> <a href='1_2.html'>下一页</a></p>",
    ],
)
def test_an_article_that_goes_on_is_said_to(pager: str, portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    portal.page("/gk/nb/2024/1.html", report_body(TITLE.format(2024), pager))
    result = crawl()
    assert result.codes == ["article_in_parts"]
    assert not result.complete


def test_a_link_to_the_next_article_is_no_part(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    beside = "<p><a href='2.html'>下一页</a></p><script>createPageHTML(5,0,'index','html')</script>"
    portal.page("/gk/nb/2024/1.html", report_body(TITLE.format(2024)) + beside)
    assert crawl().codes == []


def test_a_challenge_in_place_of_a_page_of_the_list(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    more = entry_list(("/gk/nb/2023/1.html", TITLE.format(2023))) + "<a href='index_2.html'>下一页</a>"
    portal.page("/gk/nb/", more)
    script = "<script>var arg1='A8';document.cookie='acw_sc__v2='+arg1;reload()</script>"
    portal.page("/gk/nb/index_2.html", script)
    assert crawl().codes == ["challenge_page"]
    page = Page("http://a.gov.cn/1.html", script.encode())
    assert fault(page, "text/html", 200, "list", page.url) is not None


def test_robots_txt_may_ask_for_more_time(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    portal.answers["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.4\n", content_type="text/plain")
    crawl()
    times = [moment for moment, _, _ in portal.asked]
    assert len(times) > 4
    assert min(later - sooner for sooner, later in pairwise(times[1:])) >= 0.35


def test_an_interface_that_only_takes_what_is_posted(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    store = "<datastore><totalrecord>2</totalrecord><recordset>{}</recordset></datastore>"
    records = "".join(
        f"<record><![CDATA[<li><a href='/gk/nb/{year}/1.html'>{TITLE.format(year)}</a></li>]]></record>"
        for year in (2023, 2024)
    )
    portal.page(
        "/gk/nb/",
        "<script>$('#9').jpage({proxyUrl:'/module/jpage/dataproxy.jsp',ajaxParam:{'col':1,'columnid':55,"
        "'unitid':'9'}})</script>",
    )
    portal.answers["/module/jpage/dataproxy.jsp"] = Answer(b"", status=405)
    portal.posts["/module/jpage/dataproxy.jsp"] = lambda _query, _body: Answer(store.format(records).encode())
    result = crawl()
    assert len(result.publications) == 2
    assert result.complete, result.troubles


def test_the_answers_of_a_search_are_followed(portal: SmallPortal, crawl: Crawler) -> None:
    put(portal)
    fields = "<input type='hidden' name='siteCode' value='2301'><input name='qt'>"
    portal.page("/", f"<form action='/ss/query/s'>{fields}</form>")
    for number, year in ((1, 2023), (2, 2024)):
        onward = "<a href='/ss/query/s?siteCode=2301&qt=x&page=2'>下一页</a>" if number == 1 else ""
        listed = entry_list((f"/gk/nb/{year}/1.html", TITLE.format(year)))
        portal.page("/ss/query/s" + ("?siteCode=2301&qt=x&page=2" if number == 2 else ""), listed + onward)
    result = crawl()
    assert len(result.publications) == 2
    assert "section_not_found" in result.codes


@pytest.mark.parametrize(
    ("asked", "entry", "used"),
    [("0.1", "", "0.1"), ("60", "", "0.2"), ("0.1", 'delay = 0.3\nnote = "a test"\n', "0.3")],
)
def test_what_robots_txt_asks_for_is_said_once(
    asked: str,
    entry: str,
    used: str,
    portal: SmallPortal,
    crawl: Crawler,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(portal)
    rules = f"User-agent: *\nCrawl-delay: {asked}\n"
    portal.answers["/robots.txt"] = Answer(rules.encode(), content_type="text/plain")
    with caplog.at_level(logging.INFO, "crawler.throttle"):
        crawl(entry, AUTOTHROTTLE_MAX_DELAY=0.2, DOWNLOAD_DELAY=0)
    host = portal.origin.removeprefix("http://")
    said = f"robots.txt of {host} asks for {asked} seconds between requests: {used} are used"
    assert [record.getMessage() for record in caplog.records if record.name == "crawler.throttle"] == [said]
