"""Publishing platforms: which one a page belongs to, and what each of them tells of a page.

Owns recognition and the protocol. Whatever a user may have to correct without code (marks, forms of
addresses, paths of interfaces, sizes of pages) stands in platforms.toml; an entry there makes a
platform. A platform that needs more has a module of its name, of pure functions over a saved page or
a saved answer, and defines only what it does in a way of its own; everything else is generic's:

- `listing(page)`: the entries and columns that the page itself shows;
- `next_pages(page, number)`: what it says of further pages, where these are pages;
- `calls(page)`: the lists that an interface of the portal answers, the first call of each;
- `answer(body, call)`: one answer of such an interface, or AnswerError;
- `further(call, rows)`: the call for the page after the one that brought so many rows;
- `article(page)`, `is_article(page)`: an article with its files.

A list may be pages, calls or both; what both show is one entry. Totals that a page or an answer
states are kept, so that a list that comes short is said to. `crawler.spiders.calls` makes the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from crawler.page import Page, once
from crawler.platforms import epoint, generic, gkmlpt, jcms, jpaas, openness, trs, truecms, ucap, vsb
from crawler.platforms.facts import facts_of, names
from crawler.platforms.files import signs
from crawler.platforms.shapes import Article, ListAnswer, ListCall, ListPage, NextPages
from crawler.titles import words

NAMES = names()
"""The names that a registry may use, in the order in which platforms are tried on a page."""

_MODULES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (ucap, gkmlpt, jpaas, truecms, jcms, epoint, openness, vsb, trs, generic)
}


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform by its name: its own functions, and generic's where it has none."""

    name: str

    def _own(self, function: str) -> Callable[..., Any]:
        module = _MODULES.get(self.name, generic)
        own: Callable[..., Any] = getattr(module, function, None) or getattr(generic, function)
        return own

    def listing(self, page: Page) -> ListPage:
        """The entries and columns that a page itself shows."""
        found: ListPage = self._own("listing")(page)
        if not self.calls(page) or hasattr(_MODULES.get(self.name), "listing"):
            return found
        # What stands in the page of a list that is called for stands beside it.
        return generic.reports_only(found)

    def next_pages(self, page: Page, number: int) -> NextPages:
        """What list page `number` (from 1) says of the pages after it."""
        found: NextPages = self._own("next_pages")(page, number)
        return found

    def calls(self, page: Page) -> tuple[ListCall, ...]:
        """The first call of every list that the page names and an interface answers."""
        found: tuple[ListCall, ...] = self._own("calls")(page)
        return found

    def answer(self, body: bytes, call: ListCall) -> ListAnswer:
        """What an interface answered to a call. Raises AnswerError where it is no list."""
        found: ListAnswer = self._own("answer")(body, call)
        return found

    def further(self, call: ListCall, rows: int) -> ListCall:
        """The call for the page after the one that `call` asked for and that brought `rows` lines."""
        found: ListCall = self._own("further")(call, rows)
        return found

    def article(self, page: Page) -> Article:
        """Title, date, source and files of an article page."""
        found: Article = self._own("article")(page)
        return found

    def is_article(self, page: Page) -> bool:
        """Whether a page shows one article: by its address, or because it shows no list."""
        if facts_of(self.name).is_article(page.url):
            return True
        own: bool = self._own("is_article")(page)
        return own and not self.calls(page)


def ready() -> None:
    """Reads and compiles all that the platforms know, so that the first answer does not wait for it.

    Raises the errors of the files that hold it.
    """
    words()
    signs()
    names()


def mark(page: Page, name: str) -> str | None:
    """What on a page says that it belongs to a platform: words of its source or its address, or None."""
    return facts_of(name).mark(page)


@once
def recognised(page: Page) -> str:
    """The first platform whose mark a page bears; generic where it bears none."""
    return next((name for name in NAMES if mark(page, name) is not None), "generic")


@once
def of_page(page: Page, named: str | None = None) -> str:
    """The platform that reads a page: the one that the registry names, unless the page is plainly another's.

    Plainly another's is a page that bears another platform's mark and not the named one's. Whoever
    names `generic` in the registry wants no platform's ways.
    """
    if named is None:
        return recognised(page)
    if named == "generic" or mark(page, named) is not None:
        return named
    found = recognised(page)
    return named if found == "generic" else found


def module_of(page: Page, named: str | None = None) -> Platform:
    """The platform that reads a page; see `of_page`."""
    return Platform(of_page(page, named))
