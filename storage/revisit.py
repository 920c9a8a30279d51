"""The downloader middleware that asks the archive first, and the portal only for what it may not know.

It stands before robots.txt and the queues of the hosts. A run that goes on after it was killed is
given what it had from each address, so that it comes by itself to where it was. Addresses that are
not due are given what they answered last. Everything else is asked for on condition that it changed.
The rules are those of `storage.answers` and `storage.schedule`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

from storage import answers
from storage.answers import Address, Answer, History
from storage.session import Session, session_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

ARCHIVED = "archived"
"""The flag of an answer that came from the archive."""
KNOWN = "known_answer"
"""Key of a request's meta: the answer whose body a "not modified" stands for."""
ADDRESS = "address"
"""Key of a request's meta: what was asked for at first; redirects and retries keep it."""
CONDITIONS = ("If-None-Match", "If-Modified-Since")
ASKED_IN_EVERY_RUN = ("robots", "home", "hub", "list")


class RevisitMiddleware:
    """Answers from the archive, or puts the conditions on a request."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> Response | None:
        if ADDRESS in request.meta:
            # A redirect or a retry: what there was to decide was decided of its first address.
            return None
        request.meta[ADDRESS] = address_of(request)
        session = session_of(self.crawler)
        standing = standing_answer(session, request)
        if standing is not None:
            session.from_archive += 1
            request.meta["fetch"] = standing.fetch
            if standing.fetch.final_url != request.url:
                request.meta["redirect_urls"] = [request.url]
            return archived_response(session, request, standing)
        return None


def standing_answer(session: Session, request: Request) -> Answer | None:
    """The answer that stands for a new one; where there is none, puts the conditions on the request."""
    asked: Address = request.meta[ADDRESS]
    role = str(request.meta.get("role", "robots"))
    if session.run.continued and role != "robots":
        had = answers.answered_before(session.db, asked, session.crawl_id, session.run.fetched)
        if had is not None and _kept(session, had):
            return had
    known = answers.history(session.db, asked)
    if known is None or not known.good or not _kept(session, known.last):
        return None
    suspected = answers.suspected(session.db, asked.url, session.schedule.suspect)
    if not suspected and not _due(session, role, known, request.meta.get("link_text")):
        return known.last
    if asked.method == "GET" and not suspected and not _whole_due(session, role, known):
        conditions = answers.conditions(known)
        if conditions:
            request.meta[KNOWN] = known.last
            for name, value in conditions.items():
                request.headers[name] = value.encode("latin-1")
    return None


def _kept(session: Session, answer: Answer) -> bool:
    return answer.fetch.sha256 is None or answer.fetch.sha256 in session.archive


def _due(session: Session, role: str, known: History, link_text: object) -> bool:
    """Whether the address is asked for again; a link that reads otherwise than it did speaks for it."""
    fetch = known.last.fetch
    if session.recrawl_all or role in ASKED_IN_EVERY_RUN or fetch.link_text != link_text:
        return True
    given_at = answers.given_on(session.db, fetch.url) or fetch.fetched_at
    return session.schedule.due(
        role, fetch.url, answered_at=fetch.fetched_at, given_at=given_at, now=session.run.started_at
    )


def _whole_due(session: Session, role: str, known: History) -> bool:
    if not known.sent:
        return True
    whole_at = known.sent[0].fetch.fetched_at
    return session.schedule.whole_due(
        role, known.last.fetch.url, whole_at=whole_at, now=session.run.started_at
    )


def address_of(request: Request) -> Address:
    """What was asked for at first by a request, whatever redirects and retries made of it."""
    known = request.meta.get(ADDRESS)
    if isinstance(known, Address):
        return known
    url = [*request.meta.get("redirect_urls", []), request.url][0]
    return answers.address(request.method, url, request.body)


def archived_response(session: Session, request: Request, answer: Answer) -> Response:
    """The answer with its body as it came; "not modified" as the answer that it stands for."""
    fetch = answer.fetch
    headers = Headers({"Content-Type": fetch.content_type} if fetch.content_type else {})
    body = session.archive.get(fetch.sha256) if fetch.sha256 else b""
    kind = responsetypes.from_args(headers=headers, url=fetch.final_url, body=body)
    status = 200 if fetch.status in (None, 304) else fetch.status
    return kind(fetch.final_url, status=status, headers=headers, body=body, flags=[ARCHIVED], request=request)


def unconditional(request: Request) -> Request:
    """The request once more, for a whole answer."""
    again = request.replace(dont_filter=True)
    for name in CONDITIONS:
        again.headers.pop(name, None)
    again.meta.pop(KNOWN, None)
    return again
