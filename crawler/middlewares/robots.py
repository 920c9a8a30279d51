"""robots.txt for every request, also for those that wait while it is fetched.

Scrapy 2.19 lets all waiters but the first await one Deferred, which gives its value to the first of
them and None, which allows everything, to the rest: a portal with several sections would be crawled
against its rules. Here every waiter has a Deferred of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.robotstxt import RobotParser


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware with a value for every waiter."""

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
