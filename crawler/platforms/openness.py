"""Openness: a controller of its own for annual reports, by agency (`branch_id`).

Pure functions over pages.
"""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

from crawler.addresses import absolute, canonical
from crawler.page import Page
from crawler.platforms import generic
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import Column, ListPage


def listing(page: Page) -> ListPage:
    """The reports that the page lists, and a column for every agency that it names.

    A link to any page of an agency tells its `branch_id`, and so the address of its annual reports.
    """
    plain = generic.listing(page)
    columns = {canonical(column.url): column for column in plain.columns}
    here, own = canonical(page.url), _branch(page.url)
    for link in page.links:
        branch = _branch(link.url)
        url = (
            absolute(page.base, facts_of("openness").paths[0].format(branch=quote(branch)))
            if branch
            else None
        )
        if url is None or branch == own or canonical(url) == here:
            if branch:
                # The agency's other pages are no part of its annual reports.
                columns.pop(canonical(link.url), None)
            continue
        if urlsplit(link.url).path.lower().startswith("/openness"):
            columns.setdefault(canonical(url), Column(url=url, name=link.label or link.text, body=True))
            columns.pop(canonical(link.url), None) if canonical(link.url) != canonical(url) else None
    left = {canonical(link.url) for link in page.links if _branch(link.url)}
    entries = tuple(entry for entry in plain.entries if canonical(entry.url) not in left)
    return ListPage(entries=entries, columns=tuple(columns.values()))


def _branch(url: str) -> str:
    return next(iter(parse_qs(urlsplit(url).query).get("branch_id", [])), "")
