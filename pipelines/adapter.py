"""The Scrapy item pipeline over `pipelines.pool`: thin, so that the reactor never parses.

Owns nothing but the passing on: a Publication becomes a PublicationReading, a ListedBody a
ListedBodyReading, other items stay as they are.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crawler.items import ListedBody, Publication
from pipelines import listed
from pipelines.pool import ReadingPool

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class ReadingPipeline:
    """Turns each Publication and each ListedBody into its reading; passes every other item on."""

    def __init__(self, jobs: int, *, ocr: bool) -> None:
        self.jobs = jobs
        self.ocr = ocr
        self.pool: ReadingPool | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReadingPipeline:
        jobs = crawler.settings.getint("EXTRACT_JOBS") or os.cpu_count() or 1
        return cls(jobs, ocr=str(crawler.settings["OCR"]).strip().lower() in ("true", "1", "yes"))

    def open_spider(self) -> None:
        self.pool = ReadingPool(self.jobs, ocr=self.ocr)

    async def process_item(self, item: object) -> object:
        if isinstance(item, ListedBody):
            return listed.reading(item)
        if not isinstance(item, Publication):
            return item
        self.pool = self.pool or ReadingPool(self.jobs, ocr=self.ocr)
        return await self.pool.read(item)

    def close_spider(self) -> None:
        if self.pool:
            self.pool.close()
