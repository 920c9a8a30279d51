"""博达 VSB: lists name.htm whose further pages are name/{n}.htm, counted down from the newest.

The oldest page is 1, so the second of five is name/4.htm. Files are listed below the body, each by the
address of a program that hands it out. Pure functions over pages.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from crawler.addresses import canonical
from crawler.page import Page
from crawler.platforms import generic
from crawler.platforms.shapes import Article, Attachment, NextPages, Numbering

_FILE = re.compile(r"/system/_content/download\.jsp$|/virtual_attach_file\.vsb$", re.IGNORECASE)


def next_pages(page: Page, number: int) -> NextPages:
    """The link to the next page; where a script makes it, the way in which these lists are numbered."""
    found = generic.next_pages(page, number)
    parts = urlsplit(page.url)
    stem = re.fullmatch(r"(.*)\.html?", parts.path)
    if found.link is not None or number != 1 or stem is None or not found.pages or found.pages < 2:
        return found
    prefix = urlunsplit((parts.scheme, parts.netloc, f"{stem[1]}/", "", ""))
    down = Numbering(prefix, ".htm", 0, down=found.pages + 1)
    return replace(found, numberings=(down, *found.numberings), more=True)


def article(page: Page) -> Article:
    """Title, date, source and files, those below the body included."""
    found = generic.article(page)
    files = {canonical(file.url): file for file in found.attachments}
    for link in page.links:
        if _FILE.search(urlsplit(link.url).path):
            files.setdefault(canonical(link.url), Attachment(url=link.url, label=link.label or link.text))
    return replace(found, attachments=tuple(files.values()))
