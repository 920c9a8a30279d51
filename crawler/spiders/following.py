"""Following: requests with their jobs, failures and troubles, and what is kept of an entry.

Owns what every step of the flow shares: the one place that makes requests, the count of what a
portal still waits for, and the mapping of failures to troubles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from crawler import platforms, titles
from crawler.addresses import Scope, canonical
from crawler.answered import content_type
from crawler.answered import page_of as page_of  # noqa: PLC0414 what every step begins with
from crawler.failures import Cause, cause
from crawler.items import Fetch, ListedBody, Publication, Role, Trouble
from crawler.page import Page
from crawler.platforms import Platform, generic
from crawler.platforms.shapes import Column, Entry
from crawler.selection import Selection, of_province
from crawler.steps import TOLD, Asked, Step, Trial
from crawler.walk import MAX_COLUMNS, MAX_PAGES, Candidate, ListWalk, Place, PortalWalk

Found = Iterator[Request | Publication | ListedBody | Trouble]

# A publication is completed before the next is begun, so that few wait in memory.
_PRIORITY: dict[Role, int] = {"home": 0, "hub": 0, "list": 10, "article": 20, "attachment": 30, "robots": 40}
_LONGEST_ADDRESS = 2000
# Documents are a hundred times as large as pages; see DOWNLOAD_TIMEOUT.
_DOCUMENT_PATIENCE = 6


@dataclass(frozen=True, slots=True)
class Job:
    """What a request is for: who handles its answer, who its failure, and whose it is."""

    walk: PortalWalk
    role: Role
    handler: Callable[[Response], Found]
    found_on: str | None
    link_text: str | None
    on_failure: Callable[[Cause], Found] | None = None
    quiet: bool = False
    """A guess: that the page is not there says nothing."""
    silent: bool = False
    """A guess at what nobody names: no failure says anything, and none is retried."""
    hides: bool | None = None
    """Whether a failure may hide reports; None: by role and cause."""


class Following(Spider):
    """What the steps of the flow share; `_advance` is the next step of a portal that waits for nothing."""

    trial: Trial | None = None
    """Set where a walk only tries a portal."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Adds the contact address, which may come from the command line, to the user agent."""
        super().update_settings(settings)
        contact = " ".join(str(settings.get("CONTACT") or "").split())
        agent = str(settings.get("USER_AGENT"))
        if contact and agent.endswith(")"):
            settings.set("USER_AGENT", f"{agent[:-1]}; {contact})", priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: str, **kwargs: str) -> Following:
        """The spider of a run, listening for errors that no callback sees."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.count_error, signal=signals.spider_error)
        crawler.signals.connect(spider.count_error, signal=signals.item_error)
        crawler.signals.connect(spider.count_unfinished, signal=signals.spider_idle)
        crawler.signals.connect(spider.note_sitemaps, signal=signals.robots_parsed)
        platforms.ready()
        return spider

    def __init__(self, **arguments: str) -> None:
        super().__init__()
        self.arguments: dict[str, str] = {key: str(value) for key, value in arguments.items()}
        chosen = self.selection(self.arguments)
        self.registry = chosen.registry
        self.years = chosen.years
        self.limit = chosen.limit
        self.is_sample = chosen.limit is not None
        self.scope = Scope(chosen.registry)
        self.delays = self.scope.delays()
        self.portals = chosen.portals
        self.walks = [PortalWalk(portal) for portal in chosen.portals]
        self._reported: dict[tuple[str, str], bool] = {}

    def selection(self, arguments: dict[str, str]) -> Selection:
        """What the arguments ask for; raises SelectionError or RegistryError."""
        return of_province(self.name, arguments)

    def _advance(self, walk: PortalWalk) -> Found:
        raise NotImplementedError

    def _follow(
        self,
        walk: PortalWalk,
        url: str,
        role: Role,
        handler: Callable[[Response], Found],
        *,
        found_on: str | None = None,
        link_text: str | None = None,
        on_failure: Callable[[Cause], Found] | None = None,
        quiet: bool = False,
        silent: bool = False,
        hides: bool | None = None,
        post: tuple[str, str] | None = None,
    ) -> Found:
        """The request for an address, or the trouble that stands against asking for it.

        `post` is what is posted and its content type; the address then tells it in its fragment,
        which is kept in the ledger and never sent.
        """
        job = Job(walk, role, handler, found_on, link_text, on_failure, quiet, silent, hides)
        guess = quiet or silent
        self._tell(walk, Asked(url=url, role=role, found_on=found_on, link_text=link_text, quiet=guess))
        if not self.scope.admits(url):
            yield from self._refused(
                job, Cause("offsite_link", "its host is not in the registry", url=url), url
            )
            return
        if len(url) > _LONGEST_ADDRESS:
            yield from self._refused(job, Cause("address_too_long", f"{len(url)} characters"), url[:300])
            return
        walk.pending += 1
        url = self.scope.reachable(url)
        meta: dict[str, Any] = {
            "portal_id": walk.portal.id,
            "role": role,
            "found_on": found_on,
            "link_text": link_text,
            "download_slot": self.scope.slot(url),
        }
        if silent:
            meta["dont_retry"] = True
        if role == "attachment" or generic.is_document(url):
            meta["download_timeout"] = self.settings.getfloat("DOWNLOAD_TIMEOUT") * _DOCUMENT_PATIENCE
        yield Request(
            url,
            callback=self._answered,
            errback=self._failed,
            cb_kwargs={"job": job},
            meta=meta,
            method="POST" if post else "GET",
            body=post[0] if post else None,
            headers={
                **({"Referer": found_on} if found_on else {}),
                **({"Content-Type": post[1]} if post else {}),
            },
            priority=_PRIORITY[role],
            # Addresses are told apart here; a request dropped unseen would leave its portal waiting.
            dont_filter=True,
        )

    def _tell(self, walk: PortalWalk, step: Step) -> None:
        """Tells a step to whoever listens."""
        self.crawler.signals.send_catch_log(signal=TOLD, portal_id=walk.portal.id, step=step)

    def _answered(self, response: Response, job: Job) -> Found:
        yield from self._settled(job, job.handler(response), response.url)

    def _failed(self, failure: Failure) -> Found:
        request: Request = failure.request  # type: ignore[attr-defined]
        job: Job = request.cb_kwargs["job"]
        yield from self._settled(job, self._failure(job, cause(failure, request.url), request), request.url)

    def _settled(
        self, job: Job, results: Iterable[Request | Publication | ListedBody | Trouble], url: str
    ) -> Found:
        """Passes on what a handler found; whatever happens to it, the portal goes on."""
        try:
            yield from results
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            yield self._trouble(job.walk, "page_not_understood", url, detail, job=job, hides=True)
            job.walk.pending -= 1
            yield from self._advance(job.walk)
            raise
        job.walk.pending -= 1
        yield from self._advance(job.walk)

    def _failure(self, job: Job, why: Cause, request: Request) -> Found:
        fetch = request.meta.get("fetch")
        number = fetch.id if isinstance(fetch, Fetch) else None
        asked = (request.meta.get("redirect_urls") or [request.url])[0]
        why = replace(why, fetch_id=number)
        if not (job.silent or (job.quiet and (why.absent or why.refused_method))):
            yield from self._refused(job, why, asked, number)
        elif job.on_failure is not None:
            yield from job.on_failure(why)

    def _refused(self, job: Job, why: Cause, url: str, fetch_id: int | None = None) -> Found:
        """The trouble of a request that failed or was not made, and what its asker does about it."""
        hides = job.hides if job.hides is not None else True
        if why.absent and not why.sent_home and job.role in ("article", "attachment"):
            hides = False
        if job.role == "list" and url in job.walk.sections:
            job.walk.failed_sections.add(url)
            if why.absent:
                job.walk.gone_sections.add(url)
        target = why.url or url
        # Said again only where the address hides more than it did the first time.
        if why.code != "offsite_link" or self._first_time(
            f"{job.walk.portal.id} {why.code}", target, hides=hides
        ):
            yield self._trouble(
                job.walk, why.code, target, why.detail, job=job, hides=hides, fetch_id=fetch_id
            )
        if job.on_failure is not None:
            yield from job.on_failure(why)

    def _first_time(self, code: str, url: str, *, hides: bool = True) -> bool:
        key = (code, canonical(url))
        first = key not in self._reported or (hides and not self._reported[key])
        self._reported[key] = hides or self._reported.get(key, False)
        return first

    def _trouble(
        self,
        walk: PortalWalk,
        code: str,
        url: str | None,
        detail: str,
        *,
        job: Job | None = None,
        hides: bool = False,
        fetch_id: int | None = None,
    ) -> Trouble:
        """A trouble, counted: the run is complete only if none may hide reports."""
        stats = self.crawler.stats
        stats.inc_value(f"nianbao/problems/{code}")
        if hides:
            stats.inc_value("nianbao/hides_reports")
        return Trouble(
            code=code,
            portal_id=walk.portal.id,
            url=url,
            detail=detail,
            found_on=job.found_on if job else None,
            link_text=job.link_text if job else None,
            fetch_id=fetch_id,
            hides_reports=hides,
        )

    def _unreadable(self, walk: PortalWalk, response: Response, detail: str) -> Trouble:
        return self._trouble(
            walk, "api_unreadable", response.url, detail, hides=True, fetch_id=fetch_of(response).id
        )

    def _too_many_columns(
        self, walk: PortalWalk, found_on: str, why: str = f"more than {MAX_COLUMNS} columns"
    ) -> Found:
        """Said once a portal."""
        if self._first_time("too_many_columns", walk.portal.home):
            detail = f"{why}; the rest was not walked"
            yield self._trouble(walk, "too_many_columns", found_on, detail, hides=True)

    def _too_long(
        self, walk: PortalWalk, progress: ListWalk, why: str = f"more than {MAX_PAGES} pages"
    ) -> Trouble:
        detail = f"{why}; the rest was not walked"
        return self._trouble(walk, "list_too_long", progress.url, detail, hides=True)

    def _repeats(
        self, walk: PortalWalk, progress: ListWalk, response: Response, number: int, *, any_entry: bool
    ) -> Trouble:
        detail = repetition(progress, number, any_entry=any_entry)
        return self._trouble(
            walk, "list_repeats", response.url, detail, hides=True, fetch_id=fetch_of(response).id
        )

    def _end_of_list(self, walk: PortalWalk, progress: ListWalk) -> Found:
        self._collect_held(walk, progress)
        if progress.incomplete and not progress.cut:
            detail = f"the list says {progress.total} entries, {progress.rows} were seen"
            yield self._trouble(walk, "list_incomplete", progress.url, detail, hides=True)

    def _enough(self, walk: PortalWalk, number: int | None = None) -> bool:
        """Whether a limited run has found what it wants, so that lists need not be walked on.

        `number` is the page of a list that was just read: a trial wants to see its next one, too.
        """
        if self.trial is not None and number is not None and number < self.trial.pages:
            return False
        return self.limit is not None and len(walk.candidates) >= self.limit

    def _collect_held(self, walk: PortalWalk, progress: ListWalk) -> None:
        """Takes the entries of pages that named no report: the list goes on with reports, or ends soon."""
        held, progress.held = progress.held, []
        for found_on, entries in held:
            self._collect_all(walk, entries, progress.place, found_on)

    def _collect_all(self, walk: PortalWalk, entries: Iterable[Entry], place: Place, found_on: str) -> None:
        for entry in entries:
            self._collect(walk, entry, place, found_on)

    def _collect(self, walk: PortalWalk, entry: Entry, place: Place, found_on: str) -> None:
        """Keeps an entry if its title and place say that it is a report of a chosen year."""
        told = titles.is_report(entry.title) or titles.may_be_report(entry.title)
        if titles.is_other(entry.title) or not (place.trusted or told):
            return
        if f"list {canonical(entry.url)}" in walk.visited:
            return
        if place.section is not None:
            walk.sections[place.section] = walk.sections.get(place.section, 0) + 1
        year = titles.title_year(entry.title)
        if self.years is not None and year is not None and year not in self.years:
            return
        walk.collect(Candidate(entry, place, found_on, entry.title))

    def _listed(
        self, walk: PortalWalk, columns: Iterable[Column], list_url: str, response: Response
    ) -> Iterator[ListedBody]:
        """The bodies among the columns of a page, each once a portal, whether or not they are walked."""
        for column in columns:
            name = " ".join(column.name.split())
            known = (titles.folded(name), canonical(column.url) if column.url else "")
            is_body = column.agency or column.body
            if not is_body or not known[0] or titles.is_other(name) or known in walk.listed:
                continue
            walk.listed.add(known)
            owners = self.scope.owners(column.url) if column.url else (walk.portal,)
            yield ListedBody(
                portal=walk.portal,
                name=name,
                list_url=list_url,
                fetch=fetch_of(response),
                url=column.url or None,
                answered_by=tuple(owner.id for owner in owners),
            )

    def recall(self, portal_id: str, url: str, title: str, found_on: str) -> None:
        """Has an article opened that an earlier run could not open, also where no list names it any more.

        A limited run takes what its lists name and no more.
        """
        for walk in self.walks:
            if walk.portal.id == portal_id and self.limit is None:
                walk.recalled.append((Entry(url=url, title=title), found_on))

    def _collect_recalled(self, walk: PortalWalk) -> None:
        """Keeps the recalled articles; those that lists named are kept already."""
        while walk.recalled:
            entry, found_on = walk.recalled.pop()
            self._collect(walk, entry, Place(trusted=True), found_on)

    def count_error(self, **_: object) -> None:
        """A callback or a pipeline raised: something may be missing."""
        self.crawler.stats.inc_value("nianbao/hides_reports")
        self.crawler.stats.inc_value("nianbao/problems/internal_error")

    def note_sitemaps(self, robotparser: object, request: Request) -> None:
        """Hears of the rules of a host, which may name its sitemaps."""

    def count_unfinished(self) -> None:
        """At the end every portal must be done; one that is not lost a request on the way."""
        for walk in self.walks:
            if walk.started and not walk.done:
                walk.done = True
                self.crawler.stats.inc_value("nianbao/hides_reports")
                self.crawler.stats.inc_value("nianbao/problems/portal_unfinished")
                self.logger.error("%s: %d requests were never answered", walk.portal.id, walk.pending)


def repetition(progress: ListWalk, number: int, *, any_entry: bool) -> str:
    """What is wrong with a page of a list that brings nothing new."""
    what = "only entries of earlier pages, or of another list" if any_entry else "no entry"
    return f"page {number} of {progress.url} shows {what}; seen so far: {progress.rows}"


def digest(response: Response) -> str:
    """The SHA-256 of an answer's body; the archive has told it already."""
    fetch = response.meta.get("fetch")
    known = fetch.sha256 if isinstance(fetch, Fetch) else None
    return known or hashlib.sha256(response.body).hexdigest()


def is_script(response: Response) -> bool:
    """Whether an answer is a script that a page includes, or data that one asks for."""
    ends = urlsplit(response.url).path.endswith((".js", ".json"))
    return ends and "html" not in content_type(response)


def is_data(response: Response) -> bool:
    """Whether an answer is data as interfaces send it, and neither a page nor a document."""
    start = response.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"{", b"[")) and not start.startswith(b"{\\rtf")


def is_markup(response: Response) -> bool:
    """Whether an answer is a web page: by its first bytes, or its type where they do not tell."""
    start = response.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"%pdf", b"pk\x03\x04", b"\xd0\xcf\x11\xe0", b"rar!", b"7z\xbc\xaf", b"{\\rtf")):
        return False
    return start.startswith(b"<") or "html" in content_type(response) or b"<html" in start


def module_of(page: Page, walk: PortalWalk) -> Platform:
    """The platform that reads a page of a portal."""
    return platforms.module_of(page, walk.portal.platform)


def fetch_of(response: Response) -> Fetch:
    """The ledger's row of an answer; raises KeyError where no archive took it."""
    fetch: Fetch = response.meta["fetch"]
    return fetch
