"""大汉 JPaaS: pages whose parts ("units") a script asks for, each as mark-up in JSON.

A unit is a script tag of unitbuild.js with the address of the interface and `queryData`; the number
of the page goes into `paramJson`, elsewhere it is ignored. Pure functions over pages and answers.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlencode, urljoin

from crawler.page import Page, decoded, json_told, plain_text
from crawler.platforms import generic, paging
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import AnswerError, ListAnswer, ListCall, NextPages
from crawler.titles import folded

_QUERY = re.compile(r"queryData\s*[=:]\s*(?:\"(\{[^\"]*\})\"|'(\{[^']*\})')", re.IGNORECASE)
_PAIR = re.compile(r"['\"](\w+)['\"]\s*:\s*(?:'([^']*)'|\"([^\"]*)\"|(\w+))")
_TOTAL = re.compile(
    r"(?:totalRecords?|totalCount|recordCount|infoCount)['\"]?\s*[:=]\s*['\"]?(\d+)", re.IGNORECASE
)


def next_pages(page: Page, number: int) -> NextPages:
    """Nothing where the page names units; they have the further pages."""
    return NextPages() if calls(page) else generic.next_pages(page, number)


def calls(page: Page) -> tuple[ListCall, ...]:
    """The page's units; sure are those whose name says that they are the list, or the only one."""
    known = facts_of("jpaas")
    if known.is_article(page.url):
        return ()
    units: list[tuple[str, dict[str, str]]] = []
    for script in page.tree.xpath("//script[@querydata] | //*[@querydata][not(self::script)]"):
        interface = urljoin(page.base, script.get("url") or known.paths[0])
        units.append((interface, _parameters(script.get("querydata"))))
    if not units:
        written = (one or two for one, two in _QUERY.findall(page.html))
        units = [(urljoin(page.base, known.paths[0]), _parameters(text)) for text in written]
    units = [(url, query) for url, query in units if query.get("pageType", "column") == "column" and query]
    named = [_is_list(query) for _, query in units]
    found = (
        _at(
            ListCall(
                platform="jpaas",
                url=url,
                base=page.base,
                size=known.sizes[0],
                sure=named[place] if any(named) else len(units) == 1,
                keys=(("interface", url), ("parameters", urlencode(query))),
            )
        )
        for place, (url, query) in enumerate(units)
    )
    return tuple({call.address: call for call in found}.values())


def _parameters(text: str) -> dict[str, str]:
    return {name: one or two or plain for name, one, two, plain in _PAIR.findall(text)}


def _is_list(query: dict[str, str]) -> bool:
    name = query.get("tagId", "").lower()
    return any(word in name for word in facts_of("jpaas").lists)


def _at(call: ListCall) -> ListCall:
    page = json.dumps({"pageNo": call.number, "pageSize": str(call.size)}, separators=(",", ":"))
    given = call.key("parameters")
    return replace(call, url=f"{call.key('interface')}?{given}&{urlencode({'paramJson': page})}")


def answer(body: bytes, call: ListCall) -> ListAnswer:
    """The list in a unit's mark-up. Raises AnswerError where there is none in the answer."""
    try:
        data = json_told(decoded(body))["data"]
        markup = data if isinstance(data, str) else data["html"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AnswerError("no JSON with data.html") from error
    if not isinstance(markup, str):
        raise AnswerError("data.html is no text")
    page = Page(call.base, f"<html><body><div>{markup}</div></body></html>".encode(), "utf-8")
    found = generic.listing(page)
    pages, total = paging.counts(folded(plain_text(page.tree)))
    stated = _TOTAL.search(markup)
    return ListAnswer(
        entries=found.entries,
        nameless=generic.unaddressed(page),
        columns=found.columns,
        total=int(stated[1]) if stated else total,
        pages=pages,
    )


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page."""
    return _at(replace(call, number=call.number + 1, offset=call.offset + rows))
