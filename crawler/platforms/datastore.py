"""The datastore, in which JCMS and TrueCMS write lists: in a page's script or as an answer.

`<datastore><totalrecord/><totalpage/><nextgroup/><recordset><record>…</record></recordset></datastore>`,
records and links in CDATA. What stands in a record differs from site to site and is often broken, so
each is read as a page of its own. Pure functions over text.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from crawler.page import Link, Page, iso_date, plain_text
from crawler.platforms.shapes import Entry

_STORE = re.compile(r"<datastore>.*?</datastore>|<datastore>.*", re.DOTALL | re.IGNORECASE)
_RECORD = re.compile(r"<record>(.*?)</record>", re.DOTALL | re.IGNORECASE)
_GROUP = re.compile(r"<(?:nextgroup|pregroup)>(.*?)</(?:nextgroup|pregroup)>", re.DOTALL | re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Datastore:
    """One list, or a part of one. `onward` are the addresses to which it leads on, as they stand there."""

    entries: tuple[Entry, ...]
    nameless: tuple[str, ...]
    total: int | None
    pages: int | None
    onward: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many records it holds."""
        return len(self.entries) + len(self.nameless)


def datastores(text: str, base: str) -> tuple[Datastore, ...]:
    """Every datastore in a text; links are relative to `base`."""
    return tuple(_read(found[0], base) for found in _STORE.finditer(text))


def _read(text: str, base: str) -> Datastore:
    entries: list[Entry] = []
    nameless: list[str] = []
    for found in _RECORD.finditer(text):
        record = Page(base, f"<html><body>{_plain(found[1])}</body></html>".encode(), "utf-8")
        line = plain_text(record.tree)
        links = [link for link in record.links if link.label]
        if links:
            # Of several links of a record the one with the longest name leads to the article.
            link = max(links, key=lambda one: len(one.label))
            entries.append(Entry(url=link.url, title=link.label, date=_date(line, link)))
        elif line:
            nameless.append(line)
    onward = [
        html.unescape(address)
        for group in _GROUP.findall(text)
        for address in re.findall(r"href\s*=\s*[\"']?([^\"'>\s]+[^\"'>]*)", _plain(group))
    ]
    return Datastore(
        tuple(entries), tuple(nameless), _count(text, "totalrecord"), _count(text, "totalpage"), tuple(onward)
    )


def _date(line: str, link: Link) -> str | None:
    return iso_date(line.replace(link.label, "").replace(link.text, "")) or iso_date(line)


def _plain(text: str) -> str:
    return _CDATA.sub(r"\1", text)


def _count(text: str, name: str) -> int | None:
    found = re.search(rf"<{name}>\s*(?:<!\[CDATA\[)?\s*(\d+)", text, re.IGNORECASE)
    return int(found[1]) if found else None
