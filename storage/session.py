"""What the Scrapy components of one crawl share: the open files, the run's row, what went wrong.

One `Session` a crawler, opened by whichever component needs it first and closed by the item
pipeline when the spider has closed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from weakref import WeakKeyDictionary

from scrapy.utils.defer import deferred_from_coro

from crawler.items import Trouble
from pipelines.records import PublicationReading
from storage import problems, reference, reports
from storage.archive import Archive
from storage.database import StorageError, checkpoint, open_database
from storage.ledger import CrawlCounts, Ledger
from storage.reports import Outcome, OutcomeKind

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

HIDES_REPORTS = "nianbao/hides_reports"
"""Key of the crawl's statistics: how many troubles may have hidden reports."""


class HarvestSpider(Protocol):
    """What the run's row needs of the spider; the spiders of `crawler.spiders` have it."""

    name: str
    arguments: Mapping[str, str]
    is_sample: bool
    years: frozenset[int] | None


_WEIGHT: dict[OutcomeKind, int] = {"unchanged": 0, "reread": 1, "changed": 2, "new": 3}


class Session:
    """The database, the archive and the run of one crawler. Raises `StorageError` on opening."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        spider = cast("HarvestSpider", crawler.spider)
        self.spider = spider
        self.years = spider.years
        self.errors = 0
        self.failure: str | None = None
        self._outcomes: dict[str, OutcomeKind] = {}
        self.db = open_database(Path(crawler.settings["DATABASE"]))
        self.archive = Archive(Path(crawler.settings["ARCHIVE"]))
        self.ledger = Ledger(self.db, self.archive)
        self.crawl_id = self.ledger.begin_crawl(
            spider=spider.name,
            arguments=spider.arguments,
            sample=spider.is_sample,
            software_version=software_version(),
        )

    def store(self, item: PublicationReading | Trouble) -> None:
        """Stores what the spider or the reading handed on; a failure of the disk ends the crawl."""
        try:
            if isinstance(item, Trouble):
                problems.store_trouble(self.db, item, self.crawl_id)
            else:
                self._count(reports.store(self.db, item, self.crawl_id, years=self.years))
        except StorageError as error:
            self.fail(error)
            raise

    def fail(self, error: StorageError) -> None:
        """Ends the crawl: what cannot be kept must not be fetched. The first cause is logged, once."""
        if self.failure is not None:
            return
        self.failure = str(error)
        logger.critical("%s", error)
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            deferred_from_coro(engine.close_spider_async(reason="storage_failed"))

    def close(self, reason: str) -> None:
        """Closes the run's row and the files. A run is complete when nothing can have been missed."""
        stats = self.crawler.stats
        hidden = stats.get_value(HIDES_REPORTS, 0) if stats is not None else 0
        complete = reason == "finished" and not hidden and not self.errors and self.failure is None
        try:
            if reason == "finished":
                whole = self.years is None and not self.spider.is_sample
                problems.clear_outdated_troubles(self.db, self.crawl_id, whole=whole)
            reports.mark_gone_pages(self.db, self.crawl_id)
            reference.mark_portal_states(self.db, self.crawl_id)
            self.ledger.finish_crawl(
                self.crawl_id,
                finish_reason=reason if self.failure is None else "storage_failed",
                complete=complete,
                counts=self._counts(),
            )
            checkpoint(self.db)
            self.archive.close()
        except StorageError as error:
            self.fail(error)
        finally:
            self.db.conn.close()

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            known = self._outcomes.get(outcome.report_id, "unchanged")
            self._outcomes[outcome.report_id] = max(known, outcome.kind, key=_WEIGHT.__getitem__)

    def _counts(self) -> CrawlCounts:
        kinds = list(self._outcomes.values())
        return CrawlCounts(
            reports_new=kinds.count("new"),
            reports_changed=kinds.count("changed"),
            reports_unchanged=kinds.count("unchanged") + kinds.count("reread"),
        )


_sessions: WeakKeyDictionary[Crawler, Session] = WeakKeyDictionary()


def session_of(crawler: Crawler) -> Session:
    """The session of a crawler, opened at the first call. Raises `StorageError`."""
    if crawler not in _sessions:
        _sessions[crawler] = Session(crawler)
    return _sessions[crawler]


def software_version() -> str:
    """The installed version of nianbao, or `not installed`."""
    try:
        return version("nianbao")
    except PackageNotFoundError:
        return "not installed"
