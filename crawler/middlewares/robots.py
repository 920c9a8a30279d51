"""robots.txt for every request, also for those that wait while it is fetched.

Scrapy 2.19 lets all waiters but the first await one Deferred, which gives its value to the first of
them and None, which allows everything, to the rest: a portal with several sections would be crawled
against its rules. Here every waiter has a Deferred of its own. And where a robots.txt is answered
with a server's error, or not at all, Scrapy goes on as if it allowed everything; here it allows
nothing (RFC 9309, 2.3.1.4), after as many tries as every request has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from crawler.middlewares.challenge import RefusedPage

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser


class UnreachableRules(IgnoreRequest):
    """The host's robots.txt could not be fetched; `error` is why."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"its robots.txt could not be fetched: {error}")
        self.error = error


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware with a value for every waiter."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unknown: dict[str, int] = {}
        self._unreachable: dict[str, Exception] = {}

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raises IgnoreRequest where the rules do not allow the request, or cannot be known."""
        netloc = urlparse_cached(request).netloc
        if netloc in self._unreachable:
            raise UnreachableRules(self._unreachable[netloc])
        status = self._unknown.get(netloc)
        if status is not None:
            raise IgnoreRequest(f"robots.txt is answered with status {status}, so nothing is allowed")
        super().process_request_2(rp, request)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's host; waits where they are being fetched."""
        shared = self._parsers.get(urlparse_cached(request).netloc)
        if not isinstance(shared, Deferred):
            return await super().robot_parser(request)
        own: Deferred[RobotParser | None] = Deferred()

        def pass_on(parser: RobotParser | None) -> RobotParser | None:
            own.callback(parser)
            return parser

        shared.addCallback(pass_on)
        return await maybe_deferred_to_future(own)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        """A robots.txt that leads to where this crawl does not go binds nobody; one that fails does."""
        if isinstance(exc, RefusedPage) and exc.response.status >= 500:
            if exc.code == "challenge_page":
                # The firewall keeps the rules from us as it does everything: that is what is to be told.
                self._unreachable[netloc] = exc
            else:
                self._unknown[netloc] = exc.response.status
        elif not isinstance(exc, IgnoreRequest) or getattr(exc, "code", "") in (
            "connection_failed",
            "too_large",
        ):
            self._unreachable[netloc] = exc
        super()._robots_error(exc, netloc)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        """Keeps the rules of a host; a server that cannot say them allows nothing (RFC 9309, 2.3.1.4)."""
        if response.status >= 500:
            self._unknown[netloc] = response.status
        await super()._parse_robots(response, netloc, request)
