"""Names that resolve into private networks are refused where the connection is made.

Checking the address that is then connected to, and not an earlier look-up, leaves nothing to a
name that answers differently the second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

from crawler.addresses import private_literal

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred

refused: dict[str, str] = {}
"""Names refused so far and the private address each had; tells a refusal from a failed look-up."""


class PublicResolver(CachingThreadedResolver):
    """Scrapy's resolver, which answers a private address with a failed look-up."""

    allow_private: bool = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """The resolver of a run; ALLOW_PRIVATE_HOSTS switches the refusal off."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_private = crawler.settings.getbool("ALLOW_PRIVATE_HOSTS")
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802
        """The IPv4 address of a name. Fails with DNSLookupError where it is private."""
        return super().getHostByName(name, timeout).addCallback(self._public, name)

    def _public(self, address: str, name: str) -> str:
        if not self.allow_private and private_literal(address):
            refused[name.lower()] = address
            raise DNSLookupError(f"{name} is {address}, an address of a private network")
        return address
