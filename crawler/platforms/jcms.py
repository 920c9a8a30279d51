"""大汉 JCMS: columns /col/colN/index.html, articles /art/Y/M/D/art_{column}_{id}.html.

Lists: the first pages stand in the column's page as a datastore in a script, all of them come from
dataproxy.jsp; the module of open government information has a search and a page a year and agency
for annual reports. Pure functions over pages and answers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from crawler.addresses import absolute, canonical
from crawler.page import Page, decoded, plain_text
from crawler.platforms import generic, paging
from crawler.platforms.datastore import Datastore, datastores
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import AnswerError, Column, Entry, ListAnswer, ListCall, ListPage, NextPages
from crawler.titles import folded, is_agency, is_report, is_year

_ANNUAL = re.compile(r"/xxgkAnnualReport\.jsp$", re.IGNORECASE)
_PROXY = re.compile(r"proxyUrl\s*:\s*['\"]([^'\"]+)['\"]", re.IGNORECASE)
_PARAMETERS = re.compile(r"ajaxParam\s*:\s*\{(.*?)\}", re.DOTALL | re.IGNORECASE)
_PAIR = re.compile(r"['\"]?(\w+)['\"]?\s*:\s*(?:'([^']*)'|\"([^\"]*)\"|(\w+))")
_COLUMN = re.compile(r"/col/col(\d+)/", re.IGNORECASE)
_SEARCH_KEYS = ("infotypeId", "jdid", "area", "divid", "webid")
_COUNTERS = frozenset(("page", "perpage", "startrecord", "endrecord", "currpage"))


def listing(page: Page) -> ListPage:
    """The entries written into the page, or those of its mark-up, and its columns."""
    plain = generic.listing(page)
    if _ANNUAL.search(urlsplit(page.url).path):
        return ListPage(columns=_annual_columns(page))
    stores = _stores(page)
    if not stores:
        return generic.reports_only(plain) if calls(page) else plain
    entries = {canonical(entry.url): entry for store in stores for entry in store.entries}
    # The visible list is an empty shell; what else is linked counts only where it names a report.
    for entry in plain.entries:
        if is_report(entry.title):
            entries.setdefault(canonical(entry.url), entry)
    return ListPage(entries=tuple(entries.values()), columns=plain.columns)


def _stores(page: Page) -> tuple[Datastore, ...]:
    """The page's datastores; of several those with reports, where any has one."""
    found = datastores(page.html, page.base)
    named = tuple(store for store in found if any(is_report(entry.title) for entry in store.entries))
    return named or found


def _annual_columns(page: Page) -> tuple[Column, ...]:
    """The other years and agencies of the annual-report module: links, and values of drop-downs."""
    found: dict[str, Column] = {}
    for link in page.links:
        if _ANNUAL.search(urlsplit(link.url).path) and canonical(link.url) != canonical(page.url):
            name = link.label or link.text
            found.setdefault(canonical(link.url), Column(url=link.url, name=name, body=is_agency(name)))
    parts = urlsplit(page.url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    for option in page.tree.xpath("//option[@value]"):
        name, value = plain_text(option), option.get("value").strip()
        key = "fbtime" if is_year(name) else "area" if is_agency(name) else None
        if key and re.fullmatch(r"\w+", value):
            url = parts._replace(query=urlencode({**given, key: value}), fragment="").geturl()
            if canonical(url) != canonical(page.url):
                found.setdefault(canonical(url), Column(url=url, name=name, body=key == "area"))
    return tuple(found.values())


def next_pages(page: Page, number: int) -> NextPages:
    """Nothing where the further pages are calls; the total where they ought to be and cannot be made."""
    stores = _stores(page)
    if not stores:
        return NextPages() if calls(page) else generic.next_pages(page, number)
    if calls(page) or any(store.total is None for store in stores):
        return NextPages()
    return NextPages(total=sum(store.total or 0 for store in stores))


def calls(page: Page) -> tuple[ListCall, ...]:
    """The lists of dataproxy.jsp, or the search of the module of open government information."""
    if _ANNUAL.search(urlsplit(page.url).path) or facts_of("jcms").is_article(page.url):
        return ()
    return _proxy_calls(page) or _search_calls(page)


def _proxy_calls(page: Page) -> tuple[ListCall, ...]:
    stores = _stores(page)
    given = [dict(_pairs(found[1])) for found in _PARAMETERS.finditer(page.html)]
    given = [parameters for parameters in given if "columnid" in parameters or "unitid" in parameters]
    path = _PROXY.search(page.html)
    proxy = urljoin(page.base, path[1] if path else facts_of("jcms").paths[0])
    found: list[ListCall] = []
    if stores:
        for place, store in enumerate(stores):
            onward = next((url for url in store.onward if "dataproxy.jsp" in url), None)
            parameters = (
                dict(parse_qsl(urlsplit(onward).query, keep_blank_values=True))
                if onward
                else given[place]
                if len(given) == len(stores)
                else None
            )
            if parameters and (store.total is None or store.total > store.rows):
                found.append(_proxy_call(page, proxy, parameters, store.total))
    elif "dataproxy" in page.html:
        found = [_proxy_call(page, proxy, parameters, None) for parameters in given]
    return tuple(replace(call, sure=len(found) == 1) for call in found)


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name, one or two or plain) for name, one, two, plain in _PAIR.findall(text)]


def _proxy_call(page: Page, proxy: str, parameters: dict[str, str], total: int | None) -> ListCall:
    kept = {name: value for name, value in parameters.items() if name not in _COUNTERS}
    keys = (("proxy", proxy.partition("?")[0]), ("parameters", urlencode(kept)))
    size = facts_of("jcms").sizes[0]
    return _at(
        ListCall(platform="jcms", url=proxy, base=page.base, way="page", size=size, total=total, keys=keys)
    )


def _at(call: ListCall) -> ListCall:
    """A call of dataproxy.jsp with the address of its page; the other way counts records, not pages."""
    given, proxy, size = call.key("parameters"), call.key("proxy"), call.size
    records = replace(
        call,
        url=f"{proxy}?startrecord={call.offset + 1}&endrecord={call.offset + size}&perpage={size}",
        body=given,
        way="records",
        otherwise=(),
    )
    if call.way == "records":
        return records
    url = f"{proxy}?page={call.number}&perpage={size}&{given}"
    return replace(call, url=url, body=None, otherwise=(records,))


def _search_calls(page: Page) -> tuple[ListCall, ...]:
    if "/module/xxgk/" not in page.html:
        return ()
    given = {
        name: found[1]
        for name in _SEARCH_KEYS
        if (found := re.search(rf"\b{name}['\"]?\s*[=:]\s*['\"]?([\w-]+)", page.html))
    }
    column = _COLUMN.search(urlsplit(page.url).path)
    if column and "divid" not in given:
        given["divid"] = f"div{column[1]}"
    if not given.get("area") and not given.get("infotypeId"):
        return ()
    keys = (
        ("search", urljoin(page.base, facts_of("jcms").paths[1])),
        ("parameters", urlencode({"infotypeId": "", "vc_title": "", "vc_number": "", **given})),
        ("column", column[1] if column else ""),
    )
    return (_searched(ListCall(platform="jcms", url=page.url, base=page.base, way="search", keys=keys)),)


def _searched(call: ListCall) -> ListCall:
    query = f"{call.key('parameters')}&currpage={call.number}"
    return replace(call, url=f"{call.key('search')}?{query}", body=query)


def answer(body: bytes, call: ListCall) -> ListAnswer:
    """A page of a list. Raises AnswerError where the answer is no datastore, no page of a search."""
    text = decoded(body)
    if call.way == "search":
        return _search_answer(text, call)
    stores = datastores(text, call.base)
    if len(stores) != 1:
        raise AnswerError("no datastore")
    store = stores[0]
    return ListAnswer(
        entries=store.entries, nameless=store.nameless, total=store.total, pages=None, size=call.size
    )


def _search_answer(text: str, call: ListCall) -> ListAnswer:
    """The search answers a fragment of mark-up, and more columns than the one that was asked for."""
    if "<html" in text[:2000].lower() and "art_" not in text:
        raise AnswerError("a page in place of a list")
    page = Page(call.base, f"<html><body>{text}</body></html>".encode(), "utf-8")
    entries = tuple(entry for entry in generic.listing(page).entries if _is_entry(entry))
    column = call.key("column")
    own = tuple(entry for entry in entries if not column or f"art_{column}_" in entry.url)
    others = tuple(entry for entry in entries if entry not in own)
    pages, total = paging.counts(folded(plain_text(page.tree)))
    return ListAnswer(entries=own, others=others, pages=pages, total=total)


def _is_entry(entry: Entry) -> bool:
    return facts_of("jcms").is_article(entry.url) or generic.is_document(entry.url)


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page."""
    after = replace(call, number=call.number + 1, offset=call.offset + rows)
    return _searched(after) if call.way == "search" else _at(after)


def is_article(page: Page) -> bool:
    """A page of the annual-report module is its year's report."""
    if _ANNUAL.search(urlsplit(page.url).path):
        return absolute(page.url, page.url) is not None and generic.article(page).reads_as_report
    return generic.is_article(page)
