"""TrueCMS: the first entries in the page, all of them as JSONP."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler import platforms
from crawler.page import Page
from crawler.platforms import truecms
from crawler.platforms.shapes import AnswerError
from tests.crawler.conftest import Answer, Crawl, SmallPortal
from tests.crawler.platform_pages import PDF, Line, lines, put, put_articles, rendered

Crawler = Callable[..., Crawl]
SECTION = "/ylsjyj/xxgknb/xxgknb.html"
API = "/TrueCMS/messageController/getMessage.do"
COLUMN = "11112222-3333-4444-5555-666677778888"
ORIGIN = "http://www.yangli.gov.cn"


def entries(count: int = 8) -> list[Line]:
    return lines(lambda year: f"/ylsjyj/xxgknb/content/0f1e2d3c-0000-4b5a-6978-a5b4c3d2{year}.html", count)


def list_page(found: Sequence[Line], inlined: int = 3, total: int | None = None) -> str:
    return rendered(
        "truecms_list",
        entries=found[:inlined],
        total=len(found) if total is None else total,
        id=COLUMN,
        section=SECTION,
    )


def wrapped(found: Sequence[Line], total: int) -> bytes:
    records = "".join(
        f'<record><![CDATA[<li><a href="{one.url}">{one.title}</a><span>{one.date}</span></li>]]></record>'
        for one in found
    )
    store = f"<datastore><totalrecord>{total}</totalrecord><recordset>{records}</recordset></datastore>"
    return f"cb({json.dumps({'result': store})})".encode()


def put_portal(portal: SmallPortal, found: Sequence[Line]) -> None:
    put_articles(portal, "truecms", found, lambda file: f"/u/cms/www/{file}.pdf", SECTION)
    put(portal, SECTION, list_page(found))


def answering(portal: SmallPortal, found: Sequence[Line], limit: int, beyond: str) -> Callable[[str], Answer]:
    """An interface that refuses whoever comes from nowhere, and those that ask for more than `limit`."""

    def answer(path: str) -> Answer:
        query = {name: value[0] for name, value in parse_qs(urlsplit(path).query).items()}
        size, start = int(query["perpage"]), int(query["startrecord"])
        if portal.asked[-1][2].get("Referer") != portal.origin + SECTION:
            return Answer(b"no", 404)
        if size > limit:
            return Answer(b"no", 404) if beyond == "404" else Answer(wrapped([], 0))
        assert (query["columnId"], int(query["endrecord"])) == (COLUMN, start + size - 1)
        return Answer(wrapped(found[start - 1 : start - 1 + size], len(found)))

    return answer


def test_the_entries_and_the_call_of_a_page() -> None:
    page = Page(ORIGIN + SECTION, list_page(entries()).encode())
    assert platforms.of_page(page) == "truecms"
    assert [(one.title, one.date) for one in truecms.listing(page).entries] == [
        (one.title, one.date) for one in entries()[:3]
    ]
    (call,) = truecms.calls(page)
    assert call.url == (f"{ORIGIN}{API}?startrecord=1&endrecord=50&perpage=50&columnId={COLUMN}&callback=cb")
    assert ([other.size for other in call.otherwise], call.total) == ([20, 10], 8)
    assert "startrecord=51&endrecord=100&" in truecms.further(call, 50).url
    assert truecms.calls(Page(ORIGIN + SECTION, list_page(entries(3)).encode())) == ()


def test_answers() -> None:
    (call,) = truecms.calls(Page(ORIGIN + SECTION, list_page(entries()).encode()))
    answer = truecms.answer(wrapped(entries()[:2], 8), call)
    assert (answer.total, [one.date for one in answer.entries]) == (8, ["2025-01-20", "2024-01-20"])
    for wrong in (b"<html></html>", b'cb({"result": "busy"})', b"cb([])"):
        with pytest.raises(AnswerError):
            truecms.answer(wrong, call)


@pytest.mark.parametrize(("limit", "beyond"), [(50, ""), (20, "404"), (20, "empty"), (10, "404")])
def test_all_entries_whatever_the_server_answers_at_most(
    portal: SmallPortal, crawl: Crawler, limit: int, beyond: str
) -> None:
    found = entries(24)
    put_portal(portal, found)
    portal.answers[API] = answering(portal, found, limit, beyond)
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert (result.codes, result.complete) == ([], True)
    assert [file.body for one in result.publications for file in one.attachments] == [PDF]
    assert not [path for path in portal.paths if path.startswith(("/xw/", "/zt/"))]


def test_an_interface_that_was_turned_off(portal: SmallPortal, crawl: Crawler) -> None:
    put_portal(portal, entries())
    result = crawl()
    assert len(result.publications) == 3, "what stands in the page is taken"
    assert result.codes == ["http_error"]
    assert not result.complete
