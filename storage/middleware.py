"""The downloader middleware that archives: every answer and every failure, before any spider sees it.

At 580 it stands where redirects are followed and bodies unpacked, and before retries are decided,
so that each attempt leaves its row. Decides nothing; `storage.ledger` writes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import IgnoreRequest

from crawler.items import Fetch
from storage.answers import Answer
from storage.database import StorageError
from storage.revisit import ARCHIVED, KNOWN, address_of, archived_response, unconditional
from storage.session import Session, session_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

REDIRECTS = (301, 302, 303, 307, 308)

BROKEN = "broken: "
"""Starts the flag that `crawler.middlewares.unpacking` puts on an answer that could not be unpacked."""


class ArchiveMiddleware:
    """Sets `request.meta["fetch"]` to the ledger's row of every answer and failure."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.response_downloaded, signal=signals.response_downloaded)
        return middleware

    def process_response(self, request: Request, response: Response) -> Request | Response:
        if ARCHIVED in response.flags:
            return response
        if response.status == 304 and KNOWN in request.meta:
            return not_modified(session_of(self.crawler), request, response)
        request.meta["fetch"] = recorded(session_of(self.crawler), request, **answer(response))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        # What was refused before it was sent was not asked for, unless a redirect led there.
        request.meta.pop("fetch", None)
        if not isinstance(exception, IgnoreRequest):
            request.meta["fetch"] = recorded(session_of(self.crawler), request, error=cause(exception))
        elif "redirect_urls" in request.meta:
            request.meta["fetch"] = recorded(session_of(self.crawler), request, **refused(request, exception))

    def response_downloaded(self, response: Response, request: Request) -> None:
        """A redirect too many is dropped by Scrapy before any middleware below 600 sees it."""
        times = request.meta.get("redirect_times", 0)
        if response.status in REDIRECTS and times >= self.crawler.settings.getint("REDIRECT_MAX_TIMES"):
            error = f"redirected more than {times} times"
            request.meta["fetch"] = recorded(
                session_of(self.crawler), request, final_url=response.url, status=response.status, error=error
            )


def not_modified(session: Session, request: Request, response: Response) -> Request | Response:
    """The known answer, where the server says that it still holds; a row without a further body.

    Where something else answered than did before, what has not changed is not what is known: the
    address is asked for once more, without conditions.
    """
    known: Answer = request.meta[KNOWN]
    outcome = {**answer(response), "body": None, "content_type": known.fetch.content_type}
    if response.url != known.fetch.final_url:
        error = f"not modified, but the known answer came from {known.fetch.final_url}"
        recorded(session, request, **{**outcome, "error": error})
        return unconditional(request)
    outcome["etag"] = outcome["etag"] or known.etag
    outcome["last_modified"] = outcome["last_modified"] or known.last_modified
    outcome["vary"] = outcome["vary"] or known.vary
    fetch = recorded(session, request, **outcome, unchanged=known.fetch.sha256)
    request.meta["fetch"] = fetch
    return archived_response(session, request, replace(known, fetch=fetch))


def recorded(session: Session, request: Request, **outcome: Any) -> Fetch:  # noqa: ANN401 handed on as it is
    """Enters one request into the ledger. A failure of the disk ends the crawl and is raised."""
    meta = request.meta
    asked = address_of(request)
    try:
        fetch = session.ledger.record(
            crawl_id=session.crawl_id,
            url=asked.url,
            method=asked.method,
            request_body=asked.body,
            role=meta.get("role", "robots"),
            portal_id=meta.get("portal_id"),
            found_on=meta.get("found_on"),
            link_text=meta.get("link_text"),
            attempt=meta.get("retry_times", 0) + 1,
            gather=True,
            **outcome,
        )
        session.gathered()
    except StorageError as error:
        session.fail(error)
        raise
    return fetch


def answer(response: Response) -> dict[str, Any]:
    """What the ledger keeps of an answer."""
    return {
        "final_url": response.url,
        "status": response.status,
        "error": next(
            (flag.removeprefix(BROKEN) for flag in response.flags if flag.startswith(BROKEN)), None
        ),
        "content_type": header(response, "Content-Type"),
        "etag": header(response, "ETag"),
        "last_modified": header(response, "Last-Modified"),
        "vary": header(response, "Vary"),
        "body": response.body,
    }


def refused(request: Request, exception: Exception) -> dict[str, Any]:
    """What the ledger keeps of an answer that redirected to where this crawl does not go."""
    reasons = [reason for reason in request.meta.get("redirect_reasons", []) if isinstance(reason, int)]
    return {
        "final_url": request.meta["redirect_urls"][-1],
        "status": reasons[-1] if reasons else None,
        "error": f"redirected to {request.url}, not followed: {exception}",
    }


def header(response: Response, name: str) -> str | None:
    """A header's value as text; bytes beyond ASCII are kept as Latin-1, as HTTP reads them."""
    value = response.headers.get(name)
    return None if value is None else value.decode("latin-1")


def cause(exception: Exception) -> str:
    """The exception's kind and its message, in one line."""
    message = " ".join(str(exception).split())
    return f"{type(exception).__name__}: {message}" if message else type(exception).__name__
