"""The Scrapy item pipeline over `pipelines.extract`: thin, so that the reactor never parses.

Owns the pool of reading processes of a crawl. A reader that raises costs one document: its
publication goes on with the problem `reader_failed`.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from crawler.items import Publication
from pipelines.extract import extractor_version, failed_document, read_publication
from pipelines.records import PublicationReading

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


def reading_pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that read documents; forked from a clean server, never from a running reactor."""
    return ProcessPoolExecutor(max_workers=max(1, jobs), mp_context=multiprocessing.get_context("forkserver"))


def failed_reading(publication: Publication, error: Exception) -> PublicationReading:
    """What stands for a publication whose reading raised: no report, and the reason."""
    page = publication.page
    reading = failed_document(page.body, error, fetch_id=page.fetch.id, document_url=page.fetch.url)
    return PublicationReading(
        publication=publication, documents=(reading,), extractor_version=extractor_version()
    )


class ReadingPipeline:
    """Turns each Publication into a PublicationReading; passes every other item on."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.pool: Executor | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReadingPipeline:
        return cls(crawler.settings.getint("EXTRACT_JOBS") or os.cpu_count() or 1)

    async def process_item(self, item: object) -> object:
        if not isinstance(item, Publication):
            return item
        self.pool = self.pool or reading_pool(self.jobs)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.pool, read_publication, item)
        except BrokenProcessPool as error:
            self.pool = None  # the next item opens a new one
            logger.exception("the reading process died on %s", item.page.fetch.url)
            return failed_reading(item, error)
        except Exception as error:
            logger.exception("reading %s failed", item.page.fetch.url)
            return failed_reading(item, error)

    def close_spider(self) -> None:
        if self.pool:
            self.pool.shutdown(wait=True)
