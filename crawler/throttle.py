"""AutoThrottle that knows the delays of the registry: never quicker than a portal's own delay.

Scrapy's knows one lower bound for all hosts, which would slow down a portal with a smaller delay
and undercut one with a larger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.extensions.throttle import AutoThrottle

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response


class PoliteThrottle(AutoThrottle):
    """AutoThrottle whose lower bound is the slot's own where the registry gives one."""

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
