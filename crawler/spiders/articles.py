"""Articles: an entry's page and its files become a publication.

Owns when a publication is complete: its page and every file were answered or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from scrapy.http import Response

from crawler.addresses import canonical
from crawler.failures import Cause
from crawler.items import Document, Portal, Publication, Trouble
from crawler.page import Page
from crawler.platforms import generic
from crawler.platforms.embedded import Offer
from crawler.platforms.files import file_name, signs
from crawler.spiders.following import Found, digest, fetch_of, is_markup, module_of, page_of
from crawler.spiders.lists import SENT_ON, Lists
from crawler.titles import folded, is_report, title_year
from crawler.walk import MAX_DEPTH, Candidate, ListWalk, PortalWalk

_HOPS = 3
"""How many pages lead on, one from the other, from an article to its report."""
_FEWEST_LINKS = 5
"""A home page links at least so many articles; of fewer nothing can be told."""
_MOST_FILES = 60
"""Files of one publication, pictures of pages included; more is a trap."""


@dataclass(slots=True)
class Draft:
    """A publication that waits for its attachments.

    `files` are those that came, by their places: that of a page's second offer's first is (1, 0).
    """

    portal: Portal
    page: Document
    candidate: Candidate
    holds: bool
    """Whether the page itself holds the report, so that a file elsewhere hides nothing."""
    asked: set[str]
    files: dict[tuple[int, ...], Document] = field(default_factory=dict)
    missing: int = 0
    done: bool = False

    def finished(self) -> Found:
        """The item, once, as soon as nothing is waited for."""
        if self.missing or self.done:
            return
        self.done = True
        files = tuple(self.files[place] for place in sorted(self.files))
        yield Publication(
            portal=self.portal, page=self.page, attachments=files, listing=self.candidate.listing()
        )


class Articles(Lists):
    """Steps from an entry to a publication."""

    def _open_article(self, walk: PortalWalk, candidate: Candidate) -> Found:
        yield from self._follow(
            walk,
            candidate.entry.url,
            "article",
            self._on_article(walk, candidate),
            found_on=candidate.found_on,
            link_text=candidate.label,
        )

    def _on_article(
        self, walk: PortalWalk, candidate: Candidate, hops: int = 0
    ) -> Callable[[Response], Found]:
        """The handler of an entry's page: an article, a file, or a list that is named like an article."""

        def handler(response: Response) -> Found:
            if not is_markup(response):
                yield from self._publish(walk, candidate, response, None)
                return
            page = page_of(response)
            if _is_home(walk, candidate, page, response):
                yield self._not_it(walk, candidate, response, "the start page was answered in its place")
                return
            onward = generic.sent_on(page)
            if onward and hops < SENT_ON and canonical(onward) != canonical(response.url):
                yield from self._follow(
                    walk,
                    onward,
                    "article",
                    self._on_article(walk, candidate, hops + 1),
                    found_on=response.url,
                    link_text=candidate.label,
                )
                return
            module = module_of(page, walk)
            if candidate.place.depth < MAX_DEPTH and not module.is_article(page):
                yield from self._list_after_all(walk, candidate, page, response)
                return
            yield from self._publish(walk, candidate, response, page)

        return handler

    def _list_after_all(
        self, walk: PortalWalk, candidate: Candidate, page: Page, response: Response
    ) -> Found:
        """A page that an entry named turns out to be a column."""
        progress = ListWalk(url=page.url, place=candidate.place.below(candidate.label))
        progress.visited.add(canonical(page.url))
        key = f"list {canonical(page.url)}"
        if key in walk.visited:
            if canonical(page.url) != canonical(candidate.entry.url):
                detail = f"sent on to {page.url}, a list that was walked already"
                yield self._not_it(walk, candidate, response, detail)
            return
        walk.visited.add(key)
        known = (len(walk.candidates), walk.columns)
        yield from self._first_page(walk, progress, page, response)
        offers = generic.own_offers(
            page, module_of(page, walk).article(page).attachments, candidate.label, _year(candidate)
        )
        own = any(canonical(offer.url) not in walk.candidates for offer in offers)
        if own or known == (len(walk.candidates), walk.columns):
            # It shows a document of its own, and what it lists stands beside that, or nothing new hangs on
            # it: better a page too many than a report that nobody reads.
            yield from self._publish(walk, candidate, response, page)

    def _not_it(self, walk: PortalWalk, candidate: Candidate, response: Response, detail: str) -> Trouble:
        """Says that another page came for an entry: that it is gone is not known, so it may hide a report."""
        fetch_id = fetch_of(response).id
        return self._trouble(walk, "soft_404", candidate.entry.url, detail, hides=True, fetch_id=fetch_id)

    def _in_place(self, walk: PortalWalk, candidate: Candidate, response: Response) -> Found:
        """A publication whose page is already here: a column that shows its one article."""
        key = canonical(response.url)
        if key in walk.opened or (self.limit is not None and walk.delivered >= self.limit):
            return
        walk.opened.add(key)
        walk.candidates.setdefault(key, candidate)
        if candidate.place.section is not None:
            walk.sections[candidate.place.section] = walk.sections.get(candidate.place.section, 0) + 1
        page = page_of(response) if is_markup(response) else None
        yield from self._publish(walk, candidate, response, page)

    def _publish(
        self, walk: PortalWalk, candidate: Candidate, response: Response, page: Page | None
    ) -> Found:
        """A publication, as soon as its files have come or failed."""
        offers: tuple[Offer, ...] = ()
        holds = True
        if page is not None:
            article = module_of(page, walk).article(page)
            holds = generic.holds_report(page)
            offers = generic.offers(page, article.attachments, candidate.label, _year(candidate))
            if not offers and _is_elsewhere(candidate, page):
                yield self._not_it(walk, candidate, response, f"sent on to {page.url}, which holds no report")
                return
            if generic.in_parts(page):
                detail = "the article goes on on further pages; what was read is its first page"
                fetch_id = fetch_of(response).id
                yield self._trouble(walk, "article_in_parts", page.url, detail, hides=True, fetch_id=fetch_id)
            if len(article.path) > len(candidate.place.path):
                candidate.place = replace(candidate.place, path=article.path)
        owners = self.scope.owners(response.url)
        portal = walk.portal if walk.portal in owners or not owners else owners[0]
        document = Document(fetch=fetch_of(response), body=response.body, label=candidate.label)
        draft = Draft(portal, document, candidate, holds, {canonical(response.url)})
        walk.delivered += 1
        yield from self._open_offers(walk, draft, offers, response.url, ())
        yield from draft.finished()

    def _open_offers(
        self, walk: PortalWalk, draft: Draft, offers: Iterable[Offer], found_on: str, above: tuple[int, ...]
    ) -> Found:
        """Asks for what a page of the publication shows or links; `above` is that page's place."""
        wanted = []
        for offer in offers:
            key = canonical(offer.url)
            elsewhere = offer.kind == "page" and key in walk.candidates
            if key not in draft.asked and not elsewhere:
                draft.asked.add(key)
                wanted.append(offer)
        pictures = [offer for offer in wanted if offer.kind == "picture"]
        surplus = pictures[signs()["picture"]["most"] :] + wanted[_MOST_FILES:]
        if surplus:
            detail = (
                f"the page shows {len(wanted)} files and pictures; {surplus[0].url} and later were not taken"
            )
            yield self._trouble(walk, "too_many_files", found_on, detail, hides=not draft.holds)
        taken = [offer for offer in wanted if offer not in surplus]
        # All are counted before the first is asked for: what is refused at once comes back at once.
        draft.missing += len(taken)
        for place, offer in enumerate(taken):
            yield from self._open_offer(walk, draft, offer, found_on, (*above, place))

    def _open_offer(
        self,
        walk: PortalWalk,
        draft: Draft,
        offer: Offer,
        found_on: str,
        place: tuple[int, ...],
        hops: int = 0,
    ) -> Found:
        def settled() -> Found:
            draft.missing -= 1
            yield from draft.finished()

        def handler(response: Response) -> Found:
            yield from self._arrived(walk, draft, offer, response, place, hops)
            yield from settled()

        def on_failure(_why: Cause) -> Found:
            yield from settled()

        # A file elsewhere hides a report only where the page itself does not give it.
        offsite = not self.scope.admits(offer.url)
        yield from self._follow(
            walk,
            offer.url,
            "attachment",
            handler,
            found_on=found_on,
            link_text=offer.label,
            on_failure=on_failure,
            hides=not draft.holds if offsite or offer.kind != "file" else None,
        )

    def _arrived(
        self,
        walk: PortalWalk,
        draft: Draft,
        offer: Offer,
        response: Response,
        place: tuple[int, ...],
        hops: int,
    ) -> Found:
        """Takes what came for an offer, or follows what a page in its place shows or links."""
        document = Document(fetch=fetch_of(response), body=response.body, label=_label(offer, response))
        if not is_markup(response):
            if offer.kind != "picture" or len(response.body) >= signs()["picture"]["least_bytes"]:
                draft.files[place] = document
            return
        if offer.kind == "picture":
            yield self._no_file(walk, draft, offer, document)
            return
        page = page_of(response)
        onward = generic.sent_on(page)
        if onward and hops < SENT_ON and canonical(onward) not in draft.asked:
            draft.asked.add(canonical(onward))
            draft.missing += 1
            sent = replace(offer, url=onward)
            yield from self._open_offer(walk, draft, sent, response.url, place, hops + 1)
            return
        inner: list[Offer] = []
        if len(place) < _HOPS:
            year = _year(draft.candidate)
            files = module_of(page, walk).article(page).attachments
            inner = [one for one in generic.offers(page, files, offer.label, year) if _of_year(one, year)]
        # A page that only leads on says nothing; one that leads nowhere is better read than lost.
        if generic.holds_report(page):
            draft.files[place] = document
        elif offer.kind == "file" and not inner:
            # The words of a link name the file as often as its address does.
            if generic.document_ending(offer.url) or generic.document_ending(quote(offer.label)):
                yield self._no_file(walk, draft, offer, document)
            else:
                draft.files[place] = document
        yield from self._open_offers(walk, draft, inner, response.url, place)

    def _no_file(self, walk: PortalWalk, draft: Draft, offer: Offer, came: Document) -> Trouble:
        """What is said where a page came for a file, and shows none."""
        detail = f"a web page was answered where {offer.label or 'a file'} was asked for"
        fetch_id = came.fetch.id
        return self._trouble(walk, "wrong_type", offer.url, detail, hides=not draft.holds, fetch_id=fetch_id)


def _is_home(walk: PortalWalk, candidate: Candidate, page: Page, response: Response) -> bool:
    """Whether the portal's start page came for an entry: as it was, by its address, or by where it leads."""
    if digest(response) == walk.home_digest:
        return True
    asked = canonical(candidate.entry.url)
    if canonical(page.url) in walk.home_addresses and asked not in walk.home_addresses:
        return True
    known, title = walk.home_articles, generic.article(page).title or ""
    if len(known) < _FEWEST_LINKS or is_report(title) or generic.holds_report(page):
        return False
    linked = generic.articles_linked(page)
    if len(linked & known) <= 0.8 * len(linked | known):
        return False
    # Articles may show the start page's news beside a report that is a file or a picture.
    own = generic.held(page) - walk.home_files
    return not (own or generic.names_beside_links(page, candidate.entry.title))


def _is_elsewhere(candidate: Candidate, page: Page) -> bool:
    """Whether an entry was sent on to a page of another name that has nothing of a report."""
    asked, came = (
        urlsplit(canonical(url)).path.rpartition("/")[2] for url in (candidate.entry.url, page.url)
    )
    return asked != came and generic.marks(folded(page.text)) < 2 and not generic.article_address(page.url)


def _year(candidate: Candidate) -> int | None:
    return title_year(candidate.entry.title) or title_year(candidate.label)


def _of_year(offer: Offer, year: int | None) -> bool:
    """Whether an offer may belong to the year: a page that is linked may offer those of others, too."""
    told = title_year(offer.label)
    return year is None or told is None or told == year


def _label(offer: Offer, response: Response) -> str:
    """What names a document: the words of its link, or the name that the server gives the file."""
    if offer.kind != "file" or not generic.is_vague(offer.label):
        return offer.label
    header = response.headers.get("Content-Disposition") or b""
    return file_name(header) or offer.label
