"""The Scrapy item pipeline over `pipelines.pool`: thin, so that the reactor never parses.

Owns nothing but the passing on: a Publication becomes a PublicationReading, or what the setting
FINISH_READING makes of it where it is read; a ListedBody a ListedBodyReading; other items stay as they are.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scrapy.utils.misc import load_object

from crawler.items import ListedBody, Publication
from pipelines import listed
from pipelines.pool import Finish, ReadingPool

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class ReadingPipeline:
    """Turns each Publication and each ListedBody into its reading; passes every other item on."""

    def __init__(self, jobs: int, *, ocr: bool, finish: Finish | None = None) -> None:
        self.jobs = jobs
        self.ocr = ocr
        self.finish = finish
        self.pool: ReadingPool | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReadingPipeline:
        jobs = crawler.settings.getint("EXTRACT_JOBS") or os.cpu_count() or 1
        finish = crawler.settings.get("FINISH_READING")
        return cls(
            jobs,
            ocr=str(crawler.settings["OCR"]).strip().lower() in ("true", "1", "yes"),
            finish=load_object(finish) if finish else None,
        )

    def open_spider(self) -> None:
        self.pool = self._opened()

    def _opened(self) -> ReadingPool:
        preload = [self.finish.__module__] if self.finish else []
        return ReadingPool(self.jobs, ocr=self.ocr, preload=preload)

    async def process_item(self, item: object) -> object:
        if isinstance(item, ListedBody):
            return listed.reading(item)
        if not isinstance(item, Publication):
            return item
        self.pool = self.pool or self._opened()
        if self.finish is None:
            return await self.pool.read(item)
        return await self.pool.read_finished(item, self.finish)

    def close_spider(self) -> None:
        if self.pool:
            self.pool.close()
