"""大汉 JCMS: datastores in pages, dataproxy.jsp, the search and the annual-report module."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

import pytest

from crawler import platforms
from crawler.page import Page
from crawler.platforms import jcms
from crawler.platforms.datastore import datastores
from crawler.platforms.shapes import AnswerError
from tests.crawler.conftest import Answer, Crawl, SmallPortal
from tests.crawler.platform_pages import PDF, SIZE, Line, body, lines, put, put_articles, rendered

Crawler = Callable[..., Crawl]
SECTION = "/col/col9001/index.html"
PROXY = "/module/web/jpage/dataproxy.jsp"
ORIGIN = "http://www.yangli.gov.cn"


def entries(count: int = 8) -> list[Line]:
    return lines(lambda year: f"/art/{year + 1}/1/20/art_9001_{year}.html", count)


def list_page(found: Sequence[Line], inlined: int = SIZE) -> str:
    return rendered(
        "jcms_list",
        entries=found[:inlined],
        total=len(found),
        pages=-(-len(found) // SIZE),
        id=9001,
        section=SECTION,
    )


def store(found: Sequence[Line], total: int) -> str:
    records = "".join(
        f"<record><![CDATA[<li><a href=\"{one.url}\" title='{one.title}'>{one.title[:9]}</a>"
        f"<span>{one.date}</span></li>]]></record>"
        for one in found
    )
    return f"<datastore><totalrecord>{total}</totalrecord><recordset>{records}</recordset></datastore>"


def put_portal(portal: SmallPortal, found: Sequence[Line]) -> None:
    put_articles(
        portal,
        "jcms",
        found,
        lambda file: (
            f"/module/download/downfile.jsp?classid=0&filename={file}.pdf"
            "&showname=%E5%B9%B4%E5%BA%A6%E6%8A%A5%E5%91%8A.pdf"
        ),
        SECTION,
    )
    put(portal, SECTION, list_page(found))


def proxy(found: Sequence[Line], cut: int, counts: str = "page") -> Callable[[str], Answer]:
    """A dataproxy that answers at most `cut` records and heeds only pages or only records."""

    def answer(path: str) -> Answer:
        query = parse_qs(path.partition("?")[2])
        assert query["columnid"] == ["9001"]
        start = (int(query["page"][0]) - 1) * cut if counts == "page" else 0
        return Answer(store(found[start : start + cut], len(found)).encode(), content_type="text/xml")

    return answer


def test_the_datastore_of_a_page() -> None:
    found = jcms.listing(Page(ORIGIN + SECTION, list_page(entries()).encode()))
    assert [(one.url.removeprefix(ORIGIN), one.title, one.date) for one in found.entries] == [
        (one.url, one.title, one.date) for one in entries()[:3]
    ]
    assert platforms.of_page(Page(ORIGIN + SECTION, list_page(entries()).encode())) == "jcms"


def test_calls_of_a_page() -> None:
    (call,) = jcms.calls(Page(ORIGIN + SECTION, list_page(entries()).encode()))
    assert call.url == (
        f"{ORIGIN}{PROXY}?page=1&perpage=100&appid=1&webid=31&path=%2F&columnid=9001&unitid=7001"
        "&webname=%E6%A0%B7%E4%BE%8B%E5%B8%82&permissiontype=0"
    )
    assert (call.total, call.sure, call.body) == (8, True, None)
    after = jcms.further(call, 60)
    assert "?page=2&" in after.url
    assert f"{PROXY}?startrecord=61&endrecord=160&perpage=100" in after.otherwise[0].url
    assert "columnid=9001" in (after.otherwise[0].body or "")
    assert jcms.calls(Page(ORIGIN + SECTION, list_page(entries(3)).encode())) == ()


def test_a_page_whose_list_cannot_be_called_for() -> None:
    markup = re.sub(r"<nextgroup>.*?</nextgroup>|ajaxParam:\{.*?\}", "", list_page(entries()))
    page = Page(ORIGIN + SECTION, markup.encode())
    assert jcms.calls(page) == ()
    assert jcms.next_pages(page, 1).total == 8


def test_an_answer() -> None:
    (call,) = jcms.calls(Page(ORIGIN + SECTION, list_page(entries()).encode()))
    answer = jcms.answer(store(entries()[:2], 8).encode("gb18030"), call)
    assert (answer.total, answer.rows, answer.entries[1].date) == (8, 2, "2024-01-20")
    with pytest.raises(AnswerError):
        jcms.answer(b"<html><body>busy</body></html>", call)


def test_records_as_sites_write_them() -> None:
    records = [
        "<li style=<br/><a title=\"甲\" href='/art/1.html'>甲…</a>2020-01-02</li>",
        "<tr><td><a href=/art/2.html>乙</a></td><td>[2021/3/4]</td></tr>",
        "<li>丙 2019-01-01</li>",
    ]
    text = "".join(f"<record><![CDATA[{record}]]></record>" for record in records)
    (found,) = datastores(f"<datastore><totalrecord>3</totalrecord>{text}</datastore>", ORIGIN)
    assert [(one.url, one.title, one.date) for one in found.entries] == [
        (f"{ORIGIN}/art/1.html", "甲", "2020-01-02"),
        (f"{ORIGIN}/art/2.html", "乙", "2021-03-04"),
    ]
    assert found.nameless == ("丙 2019-01-01",)


def test_all_pages_of_the_proxy(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    portal.answers[PROXY] = proxy(found, SIZE)
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert (result.codes, result.complete) == ([], True), result.troubles
    assert len(result.publications) == 8
    assert [file.body for one in result.publications for file in one.attachments] == [PDF]
    assert sum(PROXY in path for path in portal.paths) == 3
    assert not [path for path in portal.paths if path.startswith(("/xw/", "/zt/"))]


def test_a_proxy_that_heeds_records_only(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    portal.answers[PROXY] = proxy(found, SIZE, counts="records")

    def posted(query: str, form: str) -> Answer:
        start = int(parse_qs(query)["startrecord"][0]) - 1
        assert parse_qs(form)["unitid"] == ["7001"]
        return Answer(store(found[start : start + SIZE], len(found)).encode(), content_type="text/xml")

    portal.posts[PROXY] = posted
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert (result.codes, result.complete) == ([], True), result.troubles


def test_a_proxy_that_repeats_its_first_page(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    portal.answers[PROXY] = proxy(found, SIZE, counts="none")
    result = crawl()
    assert len(result.publications) == 3
    assert result.codes == ["list_incomplete", "list_repeats"]
    assert not result.complete


def test_a_proxy_that_answers_another_column(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    news = [Line(f"/art/2024/3/1/art_77_{n}.html", f"第{n}次会议召开", "2024-03-01") for n in range(3)]

    def answer(path: str) -> Answer:
        first = "page=1&" in path
        return Answer((store(found[:3], 8) if first else store(news, 6163)).encode())

    portal.answers[PROXY] = answer
    result = crawl()
    assert result.codes == ["list_incomplete", "list_repeats"]
    assert "art_77" not in "".join(portal.paths)


def test_a_proxy_that_is_not_there(portal: SmallPortal, crawl: Crawler) -> None:
    put_portal(portal, entries())
    result = crawl()
    assert result.codes == ["http_error"]
    assert not result.complete
    assert len(result.publications) == 3, "what stands in the page is taken"


def test_the_search_of_the_module(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    put(portal, SECTION, rendered("jcms_search", id=9001, section=SECTION))
    others = [
        Line("/art/2022/1/20/art_55_1.html", "样例市民政局2021年政府信息公开年报", "2022-01-20"),
        Line("/art/2022/2/20/art_56_2.html", "关于植树的公告", "2022-02-20"),
    ]
    put(portal, others[0].url, rendered("jcms_article", title=others[0].title, body=body("x"), files=()))
    rows = [*found[:2], others[1], *found[2:], others[0]]

    def search(query: str, form: str) -> Answer:
        asked = parse_qs(form)
        assert (asked["divid"], asked["infotypeId"], asked["area"]) == (
            ["div9001"],
            ["A0102"],
            ["990000000000000001"],
        )
        number = int(asked["currpage"][0])
        lines_ = "".join(
            f"<tr><td><a href='{one.url}' title='{one.title}'>"
            f"{one.title[:9]}</a></td><td>{one.date}</td></tr>"
            for one in rows[(number - 1) * 4 : number * 4]
        )
        return Answer(f"<table>{lines_}</table><p>&nbsp;&nbsp;共{-(-len(rows) // 4)}页&nbsp;</p>".encode())

    portal.posts["/module/xxgk/search.jsp"] = search
    result = crawl()
    assert result.titles == {one.title for one in (*found, others[0])}
    assert result.codes == [], result.troubles
    assert not [path for path in portal.paths if "art_56" in path]


def test_the_annual_report_module(portal: SmallPortal, crawl: Crawler) -> None:
    module = "/module/xxgk/xxgkAnnualReport.jsp"
    years, areas = [2019, 2018, 2017], [("1133", "样例市财政局"), ("1144", "样例市民政局")]
    put(portal, "/", rendered("site_home", section=f"{module}?fbtime=2019&area=1133"))
    expected = set()
    for area, name in areas:
        for year in years:
            title = f"{name}{year}年政府信息公开工作年度报告"
            expected.add(title)
            markup = rendered("jcms_annual", years=years, areas=areas, title=title, body=body(title))
            put(portal, f"{module}?fbtime={year}&area={area}", markup)
    result = crawl()
    assert result.titles == expected
    assert (result.codes, result.complete) == ([], True), result.troubles
    assert len(result.publications) == 6
