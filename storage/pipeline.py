"""The Scrapy item pipelines that store, and that spare what is stored already.

They decide nothing: see `storage.session` and `storage.reports`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals

from crawler.items import Publication, Trouble
from pipelines.records import FinishedReading, ListedBodyReading, PublicationReading
from storage.reports import Unchanged
from storage.session import session_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class UnchangedPipeline:
    """Spares the reading of publications whose bytes and whose reader are those of the stored reading."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: object) -> object:
        if isinstance(item, Publication) and session_of(self.crawler).unchanged(item):
            return Unchanged(item)
        return item


class StorePipeline:
    """Opens the run with the spider, stores readings and troubles, closes the run with its reason."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        for signal in (signals.spider_error, signals.item_error):
            crawler.signals.connect(pipeline.count_error, signal=signal)
        # Not close_spider(): a pipeline is not told the reason.
        crawler.signals.connect(pipeline.spider_closed, signal=signals.spider_closed)
        return pipeline

    def open_spider(self) -> None:
        session_of(self.crawler)

    def process_item(self, item: object) -> object:
        if not isinstance(
            item, FinishedReading | PublicationReading | ListedBodyReading | Unchanged | Trouble
        ):
            raise TypeError(f"only readings and troubles can be stored, not {type(item).__name__}")
        session_of(self.crawler).store(item)
        return item

    def count_error(self) -> None:
        session_of(self.crawler).errors += 1

    def spider_closed(self, reason: str) -> None:
        session_of(self.crawler).close(reason)
