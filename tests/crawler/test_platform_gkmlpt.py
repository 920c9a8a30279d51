"""广东 gkmlpt: the tree in the page, the lists from the interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler import platforms
from crawler.page import Page
from crawler.platforms import gkmlpt
from crawler.platforms.shapes import AnswerError
from tests.crawler.conftest import Answer, Crawl, SmallPortal
from tests.crawler.platform_pages import PDF, SIZE, Line, lines, put, put_articles, rendered

Crawler = Callable[..., Crawl]
HUB = "/ylsjyj/gkmlpt/index"
API = "/ylsjyj/gkmlpt/api/all/"
ORIGIN = "http://www.yangli.gov.cn"


def entries(count: int = 8) -> list[Line]:
    return lines(lambda year: f"/ylsjyj/gkmlpt/content/1/77/post_{year}.html", count)


def hub() -> str:
    return rendered("gkmlpt_list", sid="2", base="/ylsjyj", id=31, section=HUB)


def listed(found: Sequence[Line], total: int, origin: str = "") -> bytes:
    articles = [
        {"id": n, "title": one.title, "url": origin + one.url, "display_publish_time": f"{one.date} 10:00:00"}
        for n, one in enumerate(found)
    ]
    return json.dumps({"articles": articles, "total": total}).encode()


def put_portal(portal: SmallPortal, found: Sequence[Line], label: str = "#31") -> None:
    put_articles(portal, "gkmlpt", found, lambda file: f"/attachment/0/{file}.pdf", HUB + label)
    put(portal, HUB, hub())

    def answer(path: str) -> Answer:
        query = parse_qs(urlsplit(path).query)
        assert query["sid"] == ["2"]
        number = int(query["page"][0])
        some = found[(number - 1) * SIZE : number * SIZE]
        return Answer(listed(some, len(found), portal.origin), content_type="application/json")

    portal.answers[f"{API}31"] = answer
    portal.answers[f"{API}32"] = Answer(listed(found[4:5], 1))


def test_the_tree_of_a_page() -> None:
    page = Page(ORIGIN + HUB, hub().encode())
    assert platforms.of_page(page) == "gkmlpt"
    assert [(call.url, call.column) for call in gkmlpt.calls(page)] == [
        (f"{ORIGIN}{API}31?page=1&sid=2", "政府信息公开年报"),
        (f"{ORIGIN}{API}32?page=1&sid=2", "2020年"),
    ]
    (chosen,) = gkmlpt.calls(Page(f"{ORIGIN}{HUB}#12", hub().encode()))
    assert (chosen.column, gkmlpt.further(chosen, 100).url) == (
        "规划计划",
        f"{ORIGIN}{API}12?page=2&sid=2",
    )
    assert gkmlpt.calls(Page(f"{ORIGIN}/gkmlpt/content/1/77/post_1.html", hub().encode())) == ()


@pytest.mark.parametrize(
    ("field", "value", "date"),
    [
        ("display_publish_time", "2022-01-20 10:00:00", "2022-01-20"),
        ("first_publish_time", 1642610000, "2022-01-20"),
        ("created_at", "2022-01-19T20:00:00", "2022-01-19"),
        ("date", None, None),
    ],
)
def test_dates_of_an_answer(field: str, value: object, date: str | None) -> None:
    call = gkmlpt.calls(Page(ORIGIN + HUB, hub().encode()))[0]
    body = {"articles": [{"title": "<b>甲</b>年报", "post_url": "/post_1.html", field: value}], "total": 1}
    (entry,) = gkmlpt.answer(json.dumps(body).encode(), call).entries
    assert (entry.url, entry.title, entry.date) == (f"{ORIGIN}/post_1.html", "甲年报", date)


def test_a_character_in_two_halves() -> None:
    """A rare one of a name is two escapes in JSON; a half alone could not be stored."""
    call = gkmlpt.calls(Page(ORIGIN + HUB, hub().encode()))[0]
    body = rb'{"articles": [{"title": "\ud842\udfb7\u6751 \ud842 2021", "url": "/post_1.html"}], "total": 1}'
    (entry,) = gkmlpt.answer(body, call).entries
    assert entry.title == "𠮷村 \N{REPLACEMENT CHARACTER} 2021"


@pytest.mark.parametrize("body", [b"<html></html>", b"[]", b'{"articles": {}}', b'{"articles": [1]}'])
def test_answers_that_are_none(body: bytes) -> None:
    with pytest.raises(AnswerError):
        gkmlpt.answer(body, gkmlpt.calls(Page(ORIGIN + HUB, hub().encode()))[0])


@pytest.mark.parametrize("label", ["#31", ""])
def test_all_pages_of_the_interface(portal: SmallPortal, crawl: Crawler, label: str) -> None:
    found = entries()
    put_portal(portal, found, label)
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert (result.codes, result.complete) == ([], True)
    assert [file.body for one in result.publications for file in one.attachments] == [PDF]
    paths = {one.listing.title: one.listing.path for one in result.publications}
    assert paths[found[4].title][-2:] == ("政府信息公开年报", "2020年")
    assert not [path for path in portal.paths if path.startswith(("/xw/", "/zt/"))]


def test_a_hub_whose_tree_names_the_section(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    portal.page("/", f"<a href='{HUB}'>政府信息公开</a>")
    put(portal, HUB, hub().replace(f'<a href="{HUB}">政府信息<br>公开年报</a>', ""))
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert result.codes == []


def test_a_tree_without_end(portal: SmallPortal, crawl: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.spiders.calls.MAX_COLUMNS", 1)
    found = entries()
    put_portal(portal, found)
    result = crawl()
    assert result.codes == ["too_many_columns"]
    assert not result.complete
    assert f"{API}32?page=1&sid=2" not in portal.paths


def test_a_second_page_of_another_column(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    news = [Line(f"/xw/2024/0301/{n}.html", f"第{n}次会议召开", "2024-03-01") for n in range(3)]
    first = portal.answers[f"{API}31"]
    portal.answers[f"{API}31"] = lambda path: first(path) if "page=1&" in path else Answer(listed(news, 90))
    result = crawl()
    assert result.codes == ["list_incomplete", "list_repeats"]
    assert not [path for path in portal.paths if path.startswith("/xw/")]
