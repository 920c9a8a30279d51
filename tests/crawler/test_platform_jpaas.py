"""大汉 JPaaS: units of a page, asked for with paramJson."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler import platforms
from crawler.page import Page
from crawler.platforms import jpaas
from crawler.platforms.shapes import AnswerError
from tests.crawler.conftest import Answer, Crawl, SmallPortal
from tests.crawler.platform_pages import PDF, SIZE, Line, body, lines, put, put_articles, rendered

Crawler = Callable[..., Crawl]
SECTION = "/zwgk/zfxxgknb/index.html"
UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
ORIGIN = "http://www.yangli.gov.cn"


def entries(count: int = 8) -> list[Line]:
    return lines(lambda year: f"/art/{year + 1}/1/20/art_77_{year}.html", count)


def list_page() -> str:
    return rendered("jpaas_list", id="q8Wd", section=SECTION)


def unit(found: Sequence[Line], number: int, size: int = SIZE) -> Answer:
    some = found[(number - 1) * size : number * size]
    markup = rendered("jpaas_unit", entries=some, pages=-(-len(found) // size))
    return Answer(json.dumps({"success": True, "data": {"html": markup}}).encode())


NEWS = [Line(f"/art/2024/3/{n}/art_5_{n}.html", f"第{n}次会议召开", f"2024-03-0{n}") for n in range(1, 8)]


def answering(found: Sequence[Line]) -> Callable[[str], Answer]:
    """An interface that heeds the page in paramJson only; the unit beside the list holds news."""

    def answer(path: str) -> Answer:
        query = parse_qs(urlsplit(path).query)
        assert (query["webId"], query["pageId"], query["parseType"]) == (["33"], ["q8Wd"], ["bulidstatic"])
        number = json.loads(query["paramJson"][0])["pageNo"]
        return unit(NEWS if query["tagId"] == ["左侧导航"] else found, number)

    return answer


def put_portal(portal: SmallPortal, found: Sequence[Line]) -> None:
    put_articles(
        portal, "jpaas", found, lambda file: f"/jcms_files/jcms1/web33/site/attach/0/{file}.pdf", SECTION
    )
    put(portal, SECTION, list_page())


def test_the_units_of_a_page() -> None:
    page = Page(ORIGIN + SECTION, list_page().encode())
    assert platforms.of_page(page) == "jpaas"
    beside, listed = jpaas.calls(page)
    assert (beside.sure, listed.sure) == (False, True)
    parts = urlsplit(listed.url)
    assert (parts.path, parse_qs(parts.query)["paramJson"]) == (UNIT, ['{"pageNo":1,"pageSize":"15"}'])
    after = parse_qs(urlsplit(jpaas.further(listed, 15).url).query)
    assert after["paramJson"] == ['{"pageNo":2,"pageSize":"15"}']
    assert after["tagId"] == ["本栏目list"]


def test_an_answer() -> None:
    call = jpaas.calls(Page(ORIGIN + SECTION, list_page().encode()))[1]
    answer = jpaas.answer(unit(entries(), 1).body, call)
    assert [(one.url, one.title, one.date) for one in answer.entries] == [
        (ORIGIN + one.url, one.title, one.date) for one in entries()[:3]
    ]
    for wrong in (b"<html></html>", b"[]", b'{"data": null}', b'{"data": {"html": 3}}'):
        with pytest.raises(AnswerError):
            jpaas.answer(wrong, call)


def test_an_article_is_none_of_its_units() -> None:
    markup = rendered("jpaas_article", title="年报", body=body("年报"), files=()) + list_page()
    page = Page(f"{ORIGIN}/art/2022/1/20/art_77_1.html", markup.encode())
    assert platforms.Platform("jpaas").is_article(page)
    assert not platforms.Platform("jpaas").is_article(Page(ORIGIN + SECTION, list_page().encode()))


def test_all_pages_of_the_unit(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    portal.answers[UNIT] = answering(found)
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert (result.codes, result.complete) == ([], True)
    assert [file.body for one in result.publications for file in one.attachments] == [PDF]
    assert not [path for path in portal.paths if "art_5_" in path]
    assert sum(path.startswith(UNIT) for path in portal.paths) == 4, "of the news one page is enough"


def test_a_last_page_that_is_answered_again(portal: SmallPortal, crawl: Crawler) -> None:
    """Nobody says how long the list is, and the server repeats its last page for those behind it."""
    found = entries(9)
    put_portal(portal, found)
    inner = answering(found)
    portal.answers[UNIT] = lambda path: inner(path.replace("%22pageNo%22%3A4", "%22pageNo%22%3A3"))
    result = crawl()
    assert len(result.publications) == 9
    assert (result.codes, result.complete) == ([], True)


def test_a_server_that_heeds_no_page(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    inner = answering(found)
    portal.answers[UNIT] = lambda path: inner(path.replace("%22pageNo%22%3A2", "%22pageNo%22%3A1"))
    result = crawl()
    assert len(result.publications) == 3
    assert result.codes == ["list_repeats"]
    assert not result.complete


def test_a_unit_that_is_not_answered(portal: SmallPortal, crawl: Crawler) -> None:
    put_portal(portal, entries())
    portal.answers[UNIT] = Answer(b"<html><body>busy</body></html>")
    result = crawl()
    assert set(result.codes) == {"api_unreadable", "no_reports_listed"}
    assert not result.complete
