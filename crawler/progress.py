"""How far a crawl is, while it runs: one line that changes on a terminal, a line now and then in a log.

Owns the words of that line and when it is said. What it counts is the spider's and Scrapy's.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from crawler.command_line import counted
from crawler.walk import PortalWalk

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

logger = logging.getLogger(__name__)

ON_TERMINAL = 0.5
"""Seconds between two changes of the line on a terminal."""
_CLEAR = "\r\x1b[K"
_WIDTH = 100


def line(seconds: float, stats: Mapping[str, Any], walks: list[PortalWalk]) -> str:
    """How far the crawl is, in one line."""
    minutes, rest = divmod(int(seconds), 60)
    prefix = "nianbao/problems/"
    problems = sum(count for key, count in stats.items() if key.startswith(prefix))
    waiting = sum(len(walk.candidates) - len(walk.opened) + len(walk.chosen) for walk in walks)
    going = [walk.portal.id for walk in walks if walk.started and not walk.done]
    told = (
        f"{minutes}:{rest:02} {counted(stats.get('response_received_count', 0), 'page')},"
        f" {counted(sum(walk.delivered for walk in walks), 'report')} taken,"
        f" {counted(waiting, 'article')} to open,"
        f" {sum(walk.done for walk in walks)} of {counted(len(walks), 'portal')} done,"
        f" {counted(problems, 'problem')}"
    )
    return f"{told}; at {', '.join(going[:3])}" if 0 < len(going) <= 3 else told


class Progress:
    """Says how far the crawl is; LOGSTATS_INTERVAL is the time between two lines of a log, 0 for none."""

    def __init__(self, crawler: Crawler, stream: TextIO) -> None:
        self.crawler = crawler
        self.stream = stream
        self.began = monotonic()
        self.live = stream.isatty()
        self.interval = ON_TERMINAL if self.live else crawler.settings.getfloat("LOGSTATS_INTERVAL")
        self.handlers: list[logging.Handler] = []
        self.task: AsyncioLoopingCall | LoopingCall | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        progress = cls(crawler, sys.stderr)
        crawler.signals.connect(progress.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(progress.spider_closed, signal=signals.spider_closed)
        return progress

    def spider_opened(self) -> None:
        """Begins; on a terminal what is logged takes the place of the line, which then comes again below."""
        if self.live:
            self.handlers = list(logging.getLogger().handlers)
            for handler in self.handlers:
                handler.addFilter(self.make_room)
        if self.interval > 0:
            self.task = create_looping_call(self.tell)
            self.task.start(self.interval, now=self.live)

    def spider_closed(self) -> None:
        """Ends, and leaves nothing on the terminal."""
        if self.task is not None and self.task.running:
            self.task.stop()
        for handler in self.handlers:
            handler.removeFilter(self.make_room)
        if self.live:
            self.stream.write(_CLEAR)
            self.stream.flush()

    def make_room(self, _record: logging.LogRecord) -> bool:
        """A filter of every handler: takes the line away before a record is written."""
        self.stream.write(_CLEAR)
        return True

    def tell(self) -> None:
        """Says how far the crawl is."""
        stats = self.crawler.stats
        told = line(
            monotonic() - self.began,
            {} if stats is None else stats.get_stats(),
            getattr(self.crawler.spider, "walks", []),
        )
        if self.live:
            self.stream.write(f"{_CLEAR}{told[:_WIDTH]}")
            self.stream.flush()
        else:
            logger.info("%s", told)
