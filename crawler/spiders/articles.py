"""Articles: an entry's page and its files become a publication.

Owns when a publication is complete: its page and every file were answered or failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scrapy.http import Response

from crawler.addresses import canonical
from crawler.failures import Cause
from crawler.items import Document, Portal, Publication
from crawler.page import Page
from crawler.platforms import generic
from crawler.platforms.shapes import Attachment
from crawler.spiders.following import Found, digest, fetch_of, is_markup, module_of, page_of
from crawler.spiders.lists import SENT_ON, Lists
from crawler.walk import MAX_DEPTH, Candidate, ListWalk, PortalWalk


@dataclass(slots=True)
class Draft:
    """A publication that waits for its attachments."""

    portal: Portal
    page: Document
    candidate: Candidate
    has_text: bool
    files: list[Document | None]
    missing: int

    def publication(self) -> Publication:
        """The finished item."""
        files = tuple(file for file in self.files if file is not None)
        return Publication(
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
            if digest(response) == walk.home_digest:
                detail = "the start page was answered in its place"
                fetch_id = fetch_of(response).id
                yield self._trouble(walk, "soft_404", response.url, detail, hides=True, fetch_id=fetch_id)
                return
            page = page_of(response)
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
            return
        walk.visited.add(key)
        known = (len(walk.candidates), walk.columns)
        yield from self._first_page(walk, progress, page, response)
        if known == (len(walk.candidates), walk.columns):
            # Nothing new hangs on it: better a page too many than a report that nobody reads.
            yield from self._publish(walk, candidate, response, page)

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
        files: tuple[Attachment, ...] = ()
        has_text = True
        if page is not None:
            article = module_of(page, walk).article(page)
            files, has_text = article.attachments, article.has_text
            if not files and not has_text:
                files = tuple(Attachment(url=url, label=candidate.label) for url in generic.frames(page))
            if len(article.path) > len(candidate.place.path):
                candidate.place = replace(candidate.place, path=article.path)
        owners = self.scope.owners(response.url)
        portal = walk.portal if walk.portal in owners or not owners else owners[0]
        document = Document(fetch=fetch_of(response), body=response.body, label=candidate.label)
        draft = Draft(portal, document, candidate, has_text, [None] * len(files), len(files))
        walk.delivered += 1
        if not files:
            yield draft.publication()
        for place, file in enumerate(files):
            yield from self._open_file(walk, draft, place, file, response.url)

    def _open_file(
        self, walk: PortalWalk, draft: Draft, place: int, file: Attachment, found_on: str
    ) -> Found:
        def arrived(document: Document | None) -> Found:
            draft.files[place] = document
            draft.missing -= 1
            if draft.missing == 0:
                yield draft.publication()

        def handler(response: Response) -> Found:
            yield from arrived(Document(fetch=fetch_of(response), body=response.body, label=file.label))

        def on_failure(_why: Cause) -> Found:
            yield from arrived(None)

        # A file elsewhere hides a report only where the page itself does not give it.
        offsite = not self.scope.admits(file.url)
        yield from self._follow(
            walk,
            file.url,
            "attachment",
            handler,
            found_on=found_on,
            link_text=file.label,
            on_failure=on_failure,
            hides=not draft.has_text if offsite else None,
        )
