"""What the Scrapy components of one crawl share: the open files, the run's row, what went wrong.

One `Session` a crawler, opened by whichever component needs it first and closed by the item
pipeline when the spider has closed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from weakref import WeakKeyDictionary

from scrapy.utils.asyncio import CallLaterResult, call_later
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.misc import load_object

from crawler.items import Portal, Publication, Trouble
from pipelines.records import FinishedReading, ListedBodyReading, PublicationReading
from storage import answers, findings, listed, portal_runs, problems, reference, reports, schedule
from storage.archive import Archive
from storage.database import StorageError, checkpoint, gather, open_database, undo_in
from storage.ledger import Ledger, utc_now
from storage.reports import Unchanged

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

CRAWL = "nianbao/crawl"
"""Key of the crawl's statistics: the number of its row in `crawls`."""
HIDES_REPORTS = "nianbao/hides_reports"
"""Key of the crawl's statistics: how many troubles may have hidden reports."""
GATHERED = 16
"""Answers that wait to be written; whoever is killed has to ask for so many once more."""
STORED = 16
"""Readings that wait to be written; whoever is killed has to read so many once more."""
GATHERED_SECONDS = 0.2
"""How long either waits at most."""
PROBLEMS = "nianbao/problems/"
"""Starts the keys of the crawl's statistics that count its troubles by their codes."""


class HarvestSpider(Protocol):
    """What the run's row needs of the spider; the spiders of `crawler.spiders` have it."""

    name: str
    arguments: Mapping[str, str]
    is_sample: bool
    years: frozenset[int] | None
    portals: Sequence[Portal]

    def recall(self, portal_id: str, url: str, title: str, found_on: str) -> None:
        """Is told of an article that an earlier run could not open."""


class Session:
    """The database, the archive and the run of one crawler. Raises `StorageError` on opening."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        spider = cast("HarvestSpider", crawler.spider)
        self.spider = spider
        self.years = spider.years
        self.errors = 0
        self.failure: str | None = None
        self.from_archive = 0
        self.recrawl_all = str(crawler.settings.get("RECRAWL", "all")).strip().lower() != "due"
        self.schedule = schedule.load()
        self._gathered = self._stored = 0
        self._readings: list[tuple[FinishedReading | PublicationReading, str | None]] = []
        self._waiting: CallLaterResult | None = None
        self._troubles: set[int] = set()
        self.db = open_database(Path(crawler.settings["DATABASE"]))
        undo_in(self.db, "MEMORY")
        self.archive = Archive(Path(crawler.settings["ARCHIVE"]))
        self.ledger = Ledger(self.db, self.archive)
        self.run = self.ledger.open_crawl(
            spider=spider.name,
            arguments=spider.arguments,
            sample=spider.is_sample,
            software_version=software_version(),
            continue_hours=crawler.settings.getfloat("CONTINUE_HOURS"),
        )
        self.crawl_id = self.run.id
        if crawler.stats is not None:
            crawler.stats.set_value(CRAWL, self.crawl_id)
        for article in answers.failed_articles(self.db, [portal.id for portal in spider.portals]):
            spider.recall(*article)
        extractor = crawler.settings.get("EXTRACTOR_VERSION")
        self.extractor_version = str(load_object(extractor)()) if extractor else None

    def unchanged(self, publication: Publication) -> bool:
        """Whether reading the publication again would give what is stored of it."""
        return self.extractor_version is not None and reports.is_read(
            self.db, publication, self.extractor_version
        )

    def gathered(self) -> None:
        """Is told that an answer was gathered: writes them when there are some, or after a moment.

        To wait for the disk at every answer takes longer than all else that is done with it.
        """
        self._gathered += 1
        self._settle_in_time()

    def _settle_in_time(self) -> None:
        if self._gathered >= GATHERED or self._stored >= STORED:
            self.settle()
        else:
            self._settle_soon()

    def _settle_soon(self) -> None:
        if self._waiting is None:
            self._waiting = call_later(GATHERED_SECONDS, self._settle_late)

    def settle(self) -> None:
        """Writes what was gathered: no reading before the answer that it is of. Raises `StorageError`."""
        self._gathered = self._stored = 0
        self._store_readings()
        self.ledger.settle()

    def _store_readings(self) -> None:
        """Stores the readings that wait, together; one that cannot be kept ends the crawl. Raises
        `StorageError` where none of what was gathered is left.
        """
        readings, self._readings = self._readings, []
        if not readings:
            return
        if self.failure is not None:
            # Rows that they name may be lost.
            logger.error("%s not stored: the same command goes on with them", _readings_in_words(readings))
            return
        gather(self.db)
        for (reading, _), stored in zip(
            readings,
            reports.store_together(self.db, readings, self.crawl_id, years=self.years),
            strict=True,
        ):
            page = reading.publication.page.fetch.url
            if isinstance(stored, StorageError):
                self.fail(stored)
            elif isinstance(stored, Exception):
                self.errors += 1
                logger.error("%s was not stored: %s: %s", page, type(stored).__name__, stored)
                logger.debug("how %s could not be stored", page, exc_info=stored)

    def _settle_late(self) -> None:
        self._waiting = None
        try:
            self.settle()
        except StorageError as error:
            self.fail(error)

    def store(
        self, item: FinishedReading | PublicationReading | ListedBodyReading | Unchanged | Trouble
    ) -> None:
        """Stores what the spider or the reading handed on; a failure of the disk ends the crawl.

        Each is one transaction, and several are written together, readings a moment later: a run that is
        killed and goes on has the answers of those that were not, and reads them. A trouble is written at
        once: it says which answers are worth another try.
        """
        if self.failure is not None:
            # Rows that this one names may have been lost, and their numbers given to others.
            raise StorageError(self.failure)
        try:
            if isinstance(item, FinishedReading | PublicationReading):
                asked = item.publication.page.fetch.id > self.run.fetched
                self._readings.append((item, None if asked else utc_now()))
                self._stored += 1
                self._settle_in_time()
                return
            gather(self.db)
            if isinstance(item, Trouble):
                self._troubles.add(problems.store_trouble(self.db, item, self.crawl_id))
            elif isinstance(item, ListedBodyReading):
                listed.store(self.db, [item], self.crawl_id)
            else:
                reports.confirm(self.db, item.publication, self.crawl_id, seen_at=utc_now(), years=self.years)
            self._stored += STORED if isinstance(item, Trouble) else 1
            self._settle_in_time()
        except StorageError as error:
            self.fail(error)
            raise
        except Exception:
            # What waits beside a reading that cannot be stored is to be written, and the lock let go.
            self._settle_soon()
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
        try:
            self._store_readings()
        except StorageError as error:
            self.fail(error)
        if self.failure is not None:
            reason = "storage_failed"
        settled = reason == "finished" and not self.errors and not self._unfinished_portals()
        whole = self.years is None and not self.spider.is_sample
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            self.settle()
            if reason == "finished":
                problems.clear_outdated_troubles(self.db, self.crawl_id, whole=whole)
                if self.run.continued:
                    problems.clear_unmet_troubles(self.db, self.crawl_id, self._troubles)
            portals = portal_runs.runs(self.db, self.crawl_id, self.spider.portals, settled=settled)
            for trouble in portal_runs.shortcomings(portals, whole=whole):
                self._state(trouble)
            reports.mark_gone_pages(self.db, self.crawl_id)
            if settled and whole:
                reports.mark_unlisted_pages(self.db, self.crawl_id, utc_now())
            reference.mark_portal_states(self.db, self.crawl_id)
            portal_runs.write(self.db, self.crawl_id, portals, self.years, self.run.started_at)
            complete = (
                reason == "finished"
                and not self._counted(HIDES_REPORTS)
                and not self.errors
                and self.failure is None
            )
            self.ledger.finish_crawl(
                self.crawl_id,
                finish_reason=reason,
                complete=complete,
                from_archive=self.from_archive,
            )
            undo_in(self.db, "DEFAULT")
            findings.refresh(self.db)
            checkpoint(self.db)
            self.archive.close()
        except StorageError as error:
            self.fail(error)
        finally:
            self.db.conn.close()

    def _state(self, trouble: Trouble) -> None:
        """Keeps a trouble of the whole run, and counts it as the spider counts its own."""
        problems.store_trouble(self.db, trouble, self.crawl_id)
        stats = self.crawler.stats
        if stats is not None:
            stats.inc_value(f"{PROBLEMS}{trouble.code}")
            if trouble.hides_reports:
                stats.inc_value(HIDES_REPORTS)

    def _unfinished_portals(self) -> int:
        """How many portals lost a request on the way; which of them stands in no table."""
        return self._counted(f"{PROBLEMS}portal_unfinished")

    def _counted(self, key: str) -> int:
        stats = self.crawler.stats
        return 0 if stats is None else int(stats.get_value(key, 0))


def _readings_in_words(readings: Sequence[object]) -> str:
    return "1 reading that waited was" if len(readings) == 1 else f"{len(readings)} readings that waited were"


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
