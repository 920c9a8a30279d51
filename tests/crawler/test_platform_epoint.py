"""新点 Epoint: the portal's number from a script, the list posted for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from crawler import platforms
from crawler.page import Page
from crawler.platforms import epoint
from crawler.platforms.shapes import AnswerError
from tests.crawler.conftest import Answer, Crawl, SmallPortal
from tests.crawler.platform_pages import PDF, SIZE, Line, lines, put, put_articles, rendered

Crawler = Callable[..., Crawl]
SECTION = "/dynamic/zwgk/govInfoPub.html?categorynum=009001"
SITE = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
SCRIPT = f'var siteInfo = {{"siteGuid": "{SITE}", "projectName": "/EWB-FRONT"}};'.encode()
API = "/EWB-FRONT/rest/lightfrontaction/getgovinfolist"
ORIGIN = "http://www.yangli.gov.cn"


def entries(count: int = 8) -> list[Line]:
    return lines(
        lambda year: f"/009/009001/{year + 1}0120/0f1e2d3c-0000-4b5a-6978-a5b4c3d2{year}.html", count
    )


def listed(found: Sequence[Line], total: int) -> bytes:
    data = [
        {"infourl": one.url, "title": one.title[:9], "realtitle": one.title, "infodate": one.date}
        for one in found
    ]
    return json.dumps({"custom": {"data": data, "total": total}}).encode()


def put_portal(portal: SmallPortal, found: Sequence[Line]) -> None:
    put_articles(
        portal,
        "epoint",
        found,
        lambda file: f"/EWB-FRONT/frame/pages/basic/attachAction.action?cmd=download&attachGuid={file}",
        SECTION,
    )
    put(portal, SECTION, rendered("epoint_list", section=SECTION))
    portal.answers["/js/webBuilderCommon.js"] = Answer(SCRIPT, content_type="application/javascript")


def answering(
    found: Sequence[Line], first: int = 1, *, wrapped: bool = False
) -> Callable[[str, str], Answer]:
    """An interface that counts pages from `first` and wants its parameters plain or wrapped."""

    def answer(_query: str, body: str) -> Answer:
        given: dict[str, Any] = json.loads(body)
        if wrapped != ("params" in given):
            return Answer(b'{"status": {"code": 300}}', content_type="application/json")
        given = given.get("params", given)
        assert (given["siteGuid"], given["categorynum"]) == (SITE, "009001")
        start = (int(given["pageIndex"]) - first) * SIZE
        some = found[start : start + SIZE] if start >= 0 else []
        return Answer(listed(some, len(found)), content_type="application/json")

    return answer


def test_the_script_then_the_list() -> None:
    page = Page(ORIGIN + SECTION, rendered("epoint_list", section=SECTION).encode())
    assert platforms.of_page(page) == "epoint"
    (script,) = epoint.calls(page)
    assert (script.url, script.body) == (f"{ORIGIN}/js/webBuilderCommon.js", None)
    assert [other.url for other in script.otherwise] == [f"{ORIGIN}/js/ajaxReq.js"]
    (call,) = epoint.answer(SCRIPT, script).calls
    assert call.url == ORIGIN + API
    assert json.loads(call.body or "") == {
        "deptcode": "",
        "categorynum": "009001",
        "siteGuid": SITE,
        "pageIndex": 1,
        "pageSize": 50,
    }
    assert call.address.startswith(f"{call.url}#%7B%22deptcode")
    after = epoint.further(call, 50)
    assert json.loads(after.body or "")["pageIndex"] == 2
    answer = epoint.answer(listed(entries()[:2], 8), call)
    assert [(one.url, one.title, one.date) for one in answer.entries] == [
        (ORIGIN + one.url, one.title, one.date) for one in entries()[:2]
    ]
    assert answer.total == 8


def test_a_page_without_a_category() -> None:
    page = Page(f"{ORIGIN}/dynamic/x.html", rendered("epoint_list", section=SECTION).encode())
    assert epoint.calls(page) == ()


@pytest.mark.parametrize("body", [b"<html></html>", b"{}", b'{"custom": {"data": 1}}', b'{"custom": null}'])
def test_answers_that_are_none(body: bytes) -> None:
    page = Page(ORIGIN + SECTION, rendered("epoint_list", section=SECTION).encode())
    (script,) = epoint.calls(page)
    (call,) = epoint.answer(SCRIPT, script).calls
    with pytest.raises(AnswerError):
        epoint.answer(body, call)
    with pytest.raises(AnswerError):
        epoint.answer(body, script)


@pytest.mark.parametrize(("first", "wrapped"), [(1, False), (0, False), (1, True)])
def test_all_pages_of_the_interface(portal: SmallPortal, crawl: Crawler, first: int, wrapped: bool) -> None:
    found = entries()
    put_portal(portal, found)
    portal.posts[API] = answering(found, first, wrapped=wrapped)
    result = crawl()
    assert result.titles == {one.title for one in found}
    assert (result.codes, result.complete) == ([], True)
    assert [file.body for one in result.publications for file in one.attachments] == [PDF]
    assert not [path for path in portal.paths if path.startswith(("/xw/", "/zt/"))]
    kinds = {kind["Content-Type"] for _, path, kind in portal.asked if path == API}
    assert kinds == {"application/json;charset=UTF-8"}


def test_what_is_posted_tells_the_fetches_apart(portal: SmallPortal, crawl: Crawler) -> None:
    found = entries()
    put_portal(portal, found)
    portal.posts[API] = lambda query, body: (
        answering(found)(query, body) if '"pageIndex":1' in body else Answer(listed([], 8))
    )
    trouble = crawl().trouble("list_repeats")
    assert trouble.url is not None
    assert "%22pageIndex%22%3A2" in trouble.url.partition("#")[2]
    assert {path for path in portal.paths if API in path} == {API}, "the fragment is not sent"


def test_a_portal_whose_number_nobody_tells(portal: SmallPortal, crawl: Crawler) -> None:
    put_portal(portal, entries())
    del portal.answers["/js/webBuilderCommon.js"]
    result = crawl()
    assert result.codes == ["http_error", "no_reports_listed"]
    assert "/js/ajaxReq.js" in portal.paths
