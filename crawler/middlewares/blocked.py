"""Hosts that refuse us: after enough refusals in a row they are left alone for the rest of the run.

A firewall that bans an address bans it longer when it is asked on, and what is asked of a portal that
answers nothing is only load. Nothing is evaded: each address that is not asked for any more becomes a
problem of its own, the run is incomplete, and the next run asks again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

REFUSALS = frozenset({401, 403, 412, 418, 429, 521})
"""Statuses by which servers and firewalls say that we are not wanted; 503 says that they are busy,
and counts where it asks for time: two minutes at each address would hold a run for days."""


class BlockedHostError(IgnoreRequest):
    """The host refused us too often in a row."""


class BlockedHostsMiddleware:
    """Counts refusals in a row by host, and lets nothing through to one that has had enough of us."""

    def __init__(self, crawler: Crawler) -> None:
        self._most = crawler.settings.getint("REFUSALS_IN_A_ROW")
        self._in_a_row: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raises BlockedHostError where the host is left alone."""
        if self._in_a_row[_host(request)] >= self._most:
            raise BlockedHostError(
                f"{_host(request)} refused {self._most} requests in a row: not asked any more in this run"
            )

    def process_response(self, request: Request, response: Response) -> Response:
        tired = response.status == 503 and "Retry-After" in response.headers
        if tired or response.status in REFUSALS:
            self._in_a_row[_host(request)] += 1
        else:
            del self._in_a_row[_host(request)]
        return response


def _host(request: Request) -> str:
    return str(request.meta.get("download_slot") or request.url.split("/")[2])
