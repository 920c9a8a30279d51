"""The portal's own search: how a home page says that it is asked, and what an answer holds.

Owns the calls and the reading of answers, as pure functions over pages and bytes. Which of the
entries found are reports is said by their titles alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

import lxml.html

from crawler.addresses import absolute, canonical
from crawler.page import Page, decoded, iso_date, json_told
from crawler.platforms import generic, paging
from crawler.platforms.shapes import Entry
from crawler.titles import is_report, is_search_form, search_words

SITE_SEARCH = "/search5/search/s"
"""The search of Ucap; it is told the site by the number that every page of the site bears."""
MOST_SEARCHES = 3
FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"

_SITE_CODE = re.compile(r"[0-9a-zA-Z]{6,12}")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Search:
    """One way of asking. A search with a `form` posts it; `counter` is its field that counts pages."""

    url: str
    form: tuple[tuple[str, str], ...] = ()
    counter: str = ""

    def page(self, number: int) -> tuple[str, str] | None:
        """What is posted for page `number`, from 1, and its content type; None where nothing is."""
        if not self.form:
            return None
        fields = [(name, str(number - 1) if name == self.counter else value) for name, value in self.form]
        return urlencode(fields), FORM_TYPE

    def address(self, number: int) -> str:
        """The address that tells the page from others: what is posted stands in its fragment."""
        posted = self.page(number)
        return self.url if posted is None else f"{self.url}#{posted[0]}"


def searches(page: Page, platform: str) -> tuple[Search, ...]:
    """The searches that a home page offers, the platform's own first."""
    found = [*(_of_platform(page) if platform == "ucap" else ()), *_forms(page)]
    return tuple({search.url: search for search in reversed(found)}.values())[::-1][:MOST_SEARCHES]


def _of_platform(page: Page) -> Iterator[Search]:
    code = page.meta.get("siteidcode", "")
    if not _SITE_CODE.fullmatch(code):
        return
    parts = urlsplit(page.url)
    url = urlunsplit((parts.scheme, parts.netloc, SITE_SEARCH, "", ""))
    for word in search_words():
        fields = (
            ("searchWord", word),
            ("siteCode", code),
            ("column", "全部"),
            ("wordPlace", "1"),
            ("pageSize", "10"),
            ("pageNum", "0"),
        )
        yield Search(url, fields, "pageNum")


def _forms(page: Page) -> Iterator[Search]:
    """Forms with one field to write in that are called a search; posted only where nothing is kept."""
    for form in page.tree.xpath("//form"):
        called = " ".join(form.get(name) or "" for name in ("action", "id", "name", "class"))
        address = absolute(page.base, form.get("action") or page.url)
        method = (form.get("method") or "get").lower()
        written = [field for field in form.xpath(".//input") if _is_written(field)]
        if address is None or method != "get" or len(written) != 1 or not is_search_form(called):
            continue
        for word in search_words():
            fields = [(name, word if field is written[0] else value) for field, name, value in _fields(form)]
            parts = urlsplit(address)
            query = _encoded(fields, page)
            # A browser, too, puts the fields in place of what the address asks.
            yield Search(urlunsplit(parts._replace(query=query)))


def _is_written(field: lxml.html.HtmlElement) -> bool:
    return (field.get("type") or "text").lower() in ("text", "search") and bool(field.get("name"))


def _fields(form: lxml.html.HtmlElement) -> Iterator[tuple[lxml.html.HtmlElement, str, str]]:
    """The fields that a browser sends: element, name, value."""
    for field in form.xpath(".//input[@name] | .//select[@name]"):
        kind = (field.get("type") or "text").lower()
        if field.tag == "select":
            options = field.xpath("(.//option[@selected] | .//option)[1]")
            value = (options[0].get("value") or options[0].text or "").strip() if options else ""
            yield field, field.get("name"), value
        elif kind in ("text", "search", "hidden") or (
            kind in ("radio", "checkbox") and field.get("checked") is not None
        ):
            yield field, field.get("name"), field.get("value") or ""


def _encoded(fields: list[tuple[str, str]], page: Page) -> str:
    """The fields in the characters that the page is written in, as a browser sends them."""
    given = re.search(rb"charset\s*=\s*[\"']?\s*(gb\w+)", page.body[:4096], re.IGNORECASE)
    try:
        return urlencode(fields, encoding="gb18030" if given else "utf-8")
    except UnicodeEncodeError:
        return urlencode(fields)


def entries(body: bytes, url: str) -> tuple[Entry, ...]:
    """The reports that an answer names, by their titles: of a web page or of JSON of any shape."""
    text = decoded(body).strip()
    found = tuple(_of_json(text, url)) if text[:1] in ("{", "[") else _of_page(body, url)
    named: dict[str, Entry] = {}
    for entry in found:
        if is_report(entry.title):
            named.setdefault(canonical(entry.url), entry)
    return tuple(named.values())


def next_answer(body: bytes, url: str, number: int) -> str | None:
    """The address of the page after answer `number`, where that links it."""
    return paging.next_pages(Page(url, body), number).link


def _of_page(body: bytes, url: str) -> tuple[Entry, ...]:
    page = Page(url, body)
    listed = generic.listing(page).entries
    known = {canonical(entry.url) for entry in listed}
    beside = (
        Entry(url=link.url, title=link.label) for link in page.links if canonical(link.url) not in known
    )
    return (*listed, *beside)


def _of_json(text: str, url: str) -> Iterator[Entry]:
    try:
        waiting: list[object] = [json_told(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(inner for inner in value.values() if isinstance(inner, dict | list))
            title, target = value.get("title"), value.get("url")
            address = absolute(url, target) if isinstance(target, str) else None
            if isinstance(title, str) and address is not None:
                date = value.get("pubDate") or value.get("publishedTimeStr")
                yield Entry(
                    url=address,
                    title=" ".join(_TAG.sub("", title).split()),
                    date=iso_date(date) if isinstance(date, str) else None,
                )
