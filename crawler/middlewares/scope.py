"""Which addresses a crawl may ask for: hosts of the registry, public networks, http and https.

Owns the refusal of requests, redirect targets and robots.txt included; the rules themselves are
pure functions in crawler.addresses. Names are checked by crawler.resolver when they are connected to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest

from crawler.addresses import Scope, private_literal

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler


class RefusedAddress(IgnoreRequest):
    """A request that must not be made; `code` is the problem's, `url` the address refused."""

    def __init__(self, code: str, url: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.url = url


class ScopeMiddleware:
    """Refuses requests outside the registry and puts each into the queue of its host."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.allow_private = crawler.settings.getbool("ALLOW_PRIVATE_HOSTS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of a run; its scope is the spider's."""
        return cls(crawler)

    def process_request(self, request: Request) -> Request | None:
        """Refuses, reroutes or admits a request; gives robots.txt requests a role and a portal."""
        scope = getattr(self.crawler.spider, "scope", None)
        if not isinstance(scope, Scope):
            return None
        url = request.url
        if not scope.admits(url):
            raise RefusedAddress("offsite_link", url, f"{urlsplit(url).netloc} is no host of the registry")
        if not self.allow_private and private_literal(urlsplit(url).hostname or ""):
            raise RefusedAddress("private_address", url, f"{urlsplit(url).netloc} is in a private network")
        if scope.reachable(url) != url:
            return request.replace(url=scope.reachable(url))
        request.meta["download_slot"] = scope.slot(url)
        if "role" not in request.meta:
            request.meta["role"] = "robots"
            request.meta["portal_id"] = scope.owners(url)[0].id
        return None
