"""Last resorts: where no menu leads to the section, the portal's sitemaps and its own search.

Owns their order and their bounds; what a sitemap or an answer says is read in `crawler.sitemaps` and
`crawler.searches`. What they bring never stands for the section: the run says that it was not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit, urlunsplit

from protego import Protego
from scrapy import Request
from scrapy.http import Response

from crawler import searches, sitemaps
from crawler.addresses import canonical, slot_of
from crawler.failures import Cause
from crawler.searches import Search
from crawler.spiders.articles import Articles
from crawler.spiders.following import Found
from crawler.walk import Place, PortalWalk

MAX_SITEMAPS = 6
"""Sitemaps of one portal that are asked for."""
MAX_SECTIONS = 5
"""Addresses of sitemaps that are opened because they are called like the section."""
MAX_ANSWERS = 5
"""Pages of one search."""
OPENED = 2
"""Reports found by a search whose pages are read for the way to their section."""


class LastResorts(Articles):
    """Steps that are taken once a portal's menus are exhausted, one after the other."""

    def __init__(self, **arguments: str) -> None:
        super().__init__(**arguments)
        self._sitemaps: dict[str, tuple[str, ...]] = {}

    def note_sitemaps(self, robotparser: object, request: Request) -> None:
        """Keeps the sitemaps that a host's robots.txt names."""
        rules = getattr(robotparser, "rp", None)
        if isinstance(rules, Protego):
            self._sitemaps[slot_of(request.url)] = tuple(rules.sitemaps)[:MAX_SITEMAPS]

    def _resort(self, walk: PortalWalk) -> Found | None:
        """The next last resort of a portal, or None where none is left or none is called for."""
        known = walk.portal.sections or any(walk.sections.values()) or walk.failed_sections
        if known or walk.home_digest is None:
            return None
        walk.resorted += 1
        if walk.resorted == 1:
            return self._ask_sitemaps(walk)
        if walk.resorted - 2 < len(walk.searches):
            return self._ask_search(walk, walk.searches[walk.resorted - 2])
        return None

    def _ask_sitemaps(self, walk: PortalWalk) -> Found:
        parts = urlsplit(self.scope.reachable(walk.portal.home))
        named = self._sitemaps.get(slot_of(walk.portal.home), ())
        usual = (urlunsplit((parts.scheme, parts.netloc, path, "", "")) for path in sitemaps.PATHS)
        waiting = [url for url in (*named, *usual) if self.scope.admits(url)]
        yield from self._next_sitemap(walk, waiting, [])

    def _next_sitemap(self, walk: PortalWalk, waiting: list[str], seen: list[str]) -> Found:
        """Asks for the next sitemap; the first that names addresses is the last, but for its own parts."""
        url = next((url for url in waiting if f"sitemap {canonical(url)}" not in walk.visited), None)
        if url is None or len(seen) >= MAX_SITEMAPS:
            if not any("sitemap" in told for told in walk.resorts):
                walk.resorts.append("no sitemap")
            return
        walk.visited.add(f"sitemap {canonical(url)}")
        seen.append(url)

        def handler(response: Response) -> Found:
            found = sitemaps.read(response.body, response.url)
            within = [address for address in found.addresses if self.scope.admits(address)]
            if found.index:
                yield from self._next_sitemap(walk, [*within, *waiting], seen)
                return
            yield from self._sections_of(walk, within, response.url)
            # An index has several parts; of the usual names one is enough.
            rest = [one for one in waiting if not found.addresses or urlsplit(one).path not in sitemaps.PATHS]
            yield from self._next_sitemap(walk, rest, seen)

        def on_failure(_why: Cause) -> Found:
            yield from self._next_sitemap(walk, waiting, seen)

        yield from self._follow(walk, url, "hub", handler, on_failure=on_failure, silent=True)

    def _sections_of(self, walk: PortalWalk, addresses: Iterable[str], found_on: str) -> Found:
        addresses = tuple(addresses)
        if not addresses:
            return
        named = sitemaps.sections(addresses, MAX_SECTIONS)
        walk.resorts.append(
            f"a sitemap of {len(addresses)} addresses, {len(named) or 'none'} called like the section"
        )
        for url in named:
            place = Place(section=url)
            yield from self._open_list(walk, url, place, found_on, None, quiet=True)

    def _ask_search(
        self, walk: PortalWalk, search: Search, number: int = 1, onward: str | None = None
    ) -> Found:
        """A page of a search's answer; entries count by their titles only. `onward` is its address where the
        answer before named it.
        """

        def handler(response: Response) -> Found:
            found = searches.entries(response.body, response.url)
            fresh = [entry for entry in found if canonical(entry.url) not in walk.candidates]
            admitted = [entry for entry in fresh if self.scope.admits(entry.url)]
            if number == 1:
                told = f"{len(found)} or more reports" if found else "no report"
                walk.resorts.append(f"the portal's search: {told}")
                for entry in admitted[:OPENED]:
                    # The page of a report says where it stands.
                    yield from self._follow(
                        walk, entry.url, "hub", self._on_menu(walk, Place(depth=1)), found_on=response.url,
                        link_text=entry.title, silent=True,
                    )  # fmt: skip
            for entry in admitted:
                self._collect(walk, entry, Place(), response.url)
            if not fresh or number >= MAX_ANSWERS:
                return
            following = None if search.form else searches.next_answer(response.body, response.url, number)
            if search.form or following is not None:
                yield from self._ask_search(walk, search, number + 1, following)

        def on_failure(why: Cause) -> Iterator[Request]:
            if number == 1:
                walk.resorts.append(f"the portal's search: {why.detail}")
            return iter(())

        yield from self._follow(
            walk,
            onward or search.address(number),
            "hub",
            handler,
            found_on=walk.portal.home,
            on_failure=on_failure,
            silent=True,
            post=None if onward else search.page(number),
        )

    def _on_menu(
        self, walk: PortalWalk, place: Place, hops: int = 0, *, below: bool = False
    ) -> Callable[[Response], Found]:
        raise NotImplementedError
