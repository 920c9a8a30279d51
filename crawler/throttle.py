"""When a host may be asked again: never two requests at once, never sooner than its delay.

Owns the queues' pace. Scrapy's AutoThrottle knows one lower bound for all hosts, which would slow
down a portal with a smaller delay and undercut one with a larger; and its queues count a delay from
one sending to the next, so that of a request that was long on its way and a quick one after it the
server sees less. Where a server says for how long it wants to be left alone, it is.
"""

from __future__ import annotations

import logging
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.core.downloader import Downloader
from scrapy.core.downloader.handlers import DownloadHandlers
from scrapy.extensions.throttle import AutoThrottle

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser


logger = logging.getLogger(__name__)

ASKS_TO_WAIT = (429, 503)


class PoliteThrottle(AutoThrottle):
    """AutoThrottle whose lower bound is the slot's own where the registry or robots.txt gives one."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._agent = str(crawler.settings.get("ROBOTSTXT_USER_AGENT"))
        self._told: set[str] = set()
        crawler.signals.connect(self._heed, signal=signals.robots_parsed)

    def _heed(self, robotparser: RobotParser, request: Request) -> None:
        """Asks a host no sooner than its robots.txt wants (Crawl-delay), up to the longest delay there is."""
        asked = robotparser.crawl_delay(self._agent)
        name = request.meta.get("download_slot")
        if not asked or name is None:
            return
        delay = min(float(asked), self.maxdelay)
        self._tell(urlsplit(request.url).netloc, float(asked), max(delay, self._own.get(name, self._usual)))
        slot = self.crawler.engine.downloader.slots.get(name)
        if delay > self._own.get(name, self._usual):
            self._own[name] = delay
            self.crawler.engine.downloader.per_slot_settings[name] = {"delay": delay}
        if slot is not None:
            slot.delay = max(slot.delay, delay)

    def _tell(self, host: str, asked: float, used: float) -> None:
        """Says once in the log how many seconds a host asks for, and how many are left between requests."""
        if host not in self._told:
            self._told.add(host)
            logger.info(
                "robots.txt of %s asks for %g seconds between requests: %g are used", host, asked, used
            )

    def _spider_opened(self, spider: Spider) -> None:
        super()._spider_opened(spider)
        self._usual = self.mindelay
        self._own: dict[str, float] = getattr(spider, "delays", {})
        for slot, delay in self._own.items():
            self.crawler.engine.downloader.per_slot_settings[slot] = {"delay": delay}

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        slot = request.meta.get("download_slot")
        self.mindelay = self._own.get(str(slot), self._usual)
        super()._response_downloaded(response, request, spider)


class PoliteDownloader(Downloader):
    """Scrapy's downloader whose delays begin when an answer has come, or when a request has failed."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.handlers = _Timed(crawler, self)


class _Timed(DownloadHandlers):
    """Notes the end of each request in its queue, before the queue is asked for the next."""

    def __init__(self, crawler: Crawler, downloader: Downloader) -> None:
        super().__init__(crawler)
        self._downloader = downloader
        self._longest_wait = crawler.settings.getfloat("LONGEST_RETRY_AFTER")

    async def download_request_async(self, request: Request) -> Response:
        wait = 0.0
        try:
            response = await super().download_request_async(request)
            wait = min(seconds_asked_for(response), self._longest_wait)
        finally:
            slot = self._downloader.slots.get(self._downloader.get_slot_key(request))
            if slot is not None:
                slot.lastseen = monotonic() + wait
        return response


def seconds_asked_for(response: Response) -> float:
    """For how long a server that has had enough asks to be left alone (RFC 9110, 10.2.3); 0 where it
    does not say. A time of day counts from the answer's own `Date`.
    """
    told = response.headers.get("Retry-After")
    if told is None or response.status not in ASKS_TO_WAIT:
        return 0.0
    text = told.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
        sent = parsedate_to_datetime((response.headers.get("Date") or b"").decode("latin-1"))
        return max(0.0, (until - sent).total_seconds())
    except (TypeError, ValueError):
        return 0.0
