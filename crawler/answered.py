"""The page of an answer, made once: whoever asks whether it is a page at all and whoever reads it see the
same, decoded and parsed one time. It goes with the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.http import TextResponse

from crawler.page import Page

if TYPE_CHECKING:
    from scrapy.http import Response

_pages: WeakKeyDictionary[Response, Page] = WeakKeyDictionary()


def page_of(response: Response) -> Page:
    """The page of an answer, whatever its content type says."""
    page = _pages.get(response)
    if page is None:
        declared = None
        if isinstance(response, TextResponse) and "charset" in content_type(response):
            declared = response.encoding
        page = _pages[response] = Page(response.url, response.body, declared)
    return page


def content_type(response: Response) -> str:
    """What the headers say of an answer's kind, in small letters."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1").lower()
