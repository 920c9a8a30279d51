"""TrueCMS: the first entries stand in the page (`#initData`), all come as JSONP with a datastore in it.

The interface refuses requests without a Referer, and how many entries it answers at most differs
from server to server. Pure functions over pages and answers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode, urljoin

import lxml.html

from crawler.addresses import canonical
from crawler.page import Page, decoded, json_told
from crawler.platforms import generic
from crawler.platforms.datastore import datastores
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import AnswerError, Entry, ListAnswer, ListCall, ListPage, NextPages
from crawler.titles import is_report

_COLUMN = re.compile(r"columnId['\"]?\s*:\s*['\"]([\w-]+)['\"]", re.IGNORECASE)
_PROXY = re.compile(r"proxyUrl['\"]?\s*:\s*['\"]([^'\"]+)['\"]", re.IGNORECASE)
_TOTAL = re.compile(r"totalRecord['\"]?\s*:\s*['\"]?(\d+)", re.IGNORECASE)
_CALL = re.compile(r"^\s*[\w$.]+\s*\((.*)\)\s*;?\s*$", re.DOTALL)


def listing(page: Page) -> ListPage:
    """The entries written into the page, or those of its mark-up, and its columns."""
    plain, written = generic.listing(page), _written(page)
    if not written:
        return generic.reports_only(plain) if calls(page) else plain
    entries = {canonical(entry.url): entry for entry in written}
    for entry in plain.entries:
        if is_report(entry.title):
            entries.setdefault(canonical(entry.url), entry)
    return ListPage(entries=tuple(entries.values()), columns=plain.columns)


def _written(page: Page) -> tuple[Entry, ...]:
    """What the hidden container of the first entries holds: mark-up, or a datastore as text."""
    found: dict[str, Entry] = {}
    for box in page.tree.xpath("//*[@id='initData']"):
        markup = (box.text or "") if box.tag in ("script", "textarea") else _markup(box)
        stores = datastores(markup, page.base)
        inner = Page(page.base, f"<html><body>{markup}</body></html>".encode(), "utf-8")
        entries = [entry for store in stores for entry in store.entries] or generic.listing(inner).entries
        for entry in entries:
            found.setdefault(canonical(entry.url), entry)
    return tuple(found.values())


def _markup(box: lxml.html.HtmlElement) -> str:
    text: str = lxml.html.tostring(box, encoding="unicode", with_tail=False)
    return text


def next_pages(page: Page, number: int) -> NextPages:
    """Nothing where calls bring the further pages; the total where they cannot be made."""
    if calls(page):
        return NextPages()
    total = _TOTAL.search(page.html)
    return NextPages(total=int(total[1])) if total and _written(page) else generic.next_pages(page, number)


def calls(page: Page) -> tuple[ListCall, ...]:
    """The column's list, unless the page holds all of it."""
    column, proxy = _COLUMN.search(page.html), _PROXY.search(page.html)
    known = facts_of("truecms")
    if column is None or known.is_article(page.url):
        return ()
    written, stated = len(_written(page)), _TOTAL.search(page.html)
    total = max(written, int(stated[1]) if stated else 0)
    if stated and written >= total:
        return ()
    interface = urljoin(page.base, proxy[1] if proxy else known.paths[0])
    keys = (("interface", interface), ("column", column[1]))
    call = ListCall(platform="truecms", url=interface, base=page.base, total=total or None, keys=keys)
    first, *others = (_at(replace(call, size=size, way=str(size))) for size in known.sizes)
    return (replace(first, otherwise=tuple(others)),)


def _at(call: ListCall) -> ListCall:
    query = {
        "startrecord": call.offset + 1,
        "endrecord": call.offset + call.size,
        "perpage": call.size,
        "columnId": call.key("column"),
        "callback": "cb",
    }
    return replace(call, url=f"{call.key('interface')}?{urlencode(query)}", otherwise=())


def answer(body: bytes, call: ListCall) -> ListAnswer:
    """A page of a list. Raises AnswerError where the answer holds no datastore."""
    text = decoded(body)
    wrapped = _CALL.match(text)
    try:
        result = json_told(wrapped[1] if wrapped else text)["result"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AnswerError("no JSON with result") from error
    stores = datastores(str(result or ""), call.base)
    if len(stores) != 1:
        raise AnswerError("no datastore")
    store = stores[0]
    return ListAnswer(entries=store.entries, nameless=store.nameless, total=store.total, size=call.size)


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page; it is counted in entries."""
    return _at(replace(call, number=call.number + 1, offset=call.offset + rows))
