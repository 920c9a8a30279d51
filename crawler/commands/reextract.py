"""`scrapy reextract`: reads everything in the archive again and stores it as a crawl does.

Without network. Owns the progress, the summary and the exit code; the reading is that of
`pipelines.extract`, the storing that of `storage.reports`, the same as in a crawl.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, HELD, OneLineUsage, counted, say

if TYPE_CHECKING:
    from sqlite_utils import Database

    from crawler.items import Publication
    from pipelines.records import FinishedReading
    from storage.ledger import Ledger

PROGRESS_SECONDS = 2.0
MOST_IDS = 20
"""Ids that name no report any more and are told one by one."""

TOGETHER, TOGETHER_SECONDS = 64, 1.0
"""Publications written together, and after how long fewer of them are, with the next that is read."""

AHEAD = 16
"""Publications in hand for each reading process: enough to keep it busy while a scan is waited for, few
enough for the memory.
"""


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy reextract [--only-problems] [--jobs N]`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Command syntax."""
        return "[--only-problems] [--jobs N]"

    def short_desc(self) -> str:
        """One line for the list of commands."""
        return "Build every record again from the archive, without network"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The options of this command."""
        super().add_options(parser)
        parser.add_argument(
            "--only-problems",
            action="store_true",
            help="only publications of whose documents the last reading left a problem",
        )
        parser.add_argument(
            "--jobs", metavar="N", help="reading processes (default: the setting EXTRACT_JOBS)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Checks, holds the database, reads and stores, sums up."""
        if args:
            self.refuse(f"takes no argument {args[0]!r}; see scrapy reextract -h")
        jobs = self._jobs(opts.jobs)
        ocr = self.flag_setting("OCR")
        from storage.database import DatabaseHeld, StorageError, hold

        database, archive = self.path_setting("DATABASE"), self.path_setting("ARCHIVE")
        for path, setting in ((database, "DATABASE"), (archive, "ARCHIVE")):
            if not path.exists():
                self.refuse(f"{path}: there is no such file; crawl first, or name it with -s {setting}=FILE")
        try:
            with hold(database):
                self.exitcode = reextract(
                    database,
                    archive,
                    jobs=jobs,
                    ocr=ocr,
                    only_problems=opts.only_problems,
                    overrides=str(self.setting("OVERRIDES")),
                )
        except DatabaseHeld as error:
            self.refuse(str(error), HELD)
        except StorageError as error:
            self.refuse(str(error))
        except KeyboardInterrupt:
            say("scrapy reextract: interrupted; what was stored is whole, run it again for the rest")
            self.exitcode = FELL_SHORT

    def _jobs(self, given: str | None) -> int:
        """How many reading processes; wrong usage where it is no positive number."""
        chosen = given if given is not None else str(self.setting("EXTRACT_JOBS"))
        name = "--jobs" if given is not None else "EXTRACT_JOBS"
        if not chosen.isascii() or not chosen.isdigit() or int(chosen) < 1:
            self.refuse(f"{name} {chosen}: must be a number of processes, 1 or more")
        return int(chosen)


def reextract(
    database: Path, archive_path: Path, *, jobs: int, ocr: bool, only_problems: bool, overrides: str
) -> int:
    """Reads and stores every publication of the ledger; prints a summary and returns the exit code.

    0 where all was read and stored, 1 where a publication could not be. Raises `StorageError` where
    the database or the archive cannot be used at all.
    """
    from pipelines import agencies, divisions, forms
    from pipelines.checks.stated import stated_rules
    from pipelines.listed import reading as reading_of_name
    from storage import arithmetic, findings, listed
    from storage.archive import Archive
    from storage.database import checkpoint, open_database, undo_in
    from storage.ledger import Ledger
    from storage.overrides import load, taken_away
    from storage.overrides import remarks as remarks_of_readers
    from storage.reference import write_reference
    from storage.reports import ids_gone, note_ids

    corrections = load(overrides)
    db = open_database(database)
    archive = Archive(archive_path)
    shortcomings: list[str] = []
    try:
        for line in taken_away(db, corrections, overrides):
            say(line)
        cells, derived = forms.layout()
        write_reference(
            db,
            divisions=divisions.load(),
            form_cells=cells,
            derived=derived,
            renamings=agencies.renamings(),
            overrides=corrections,
            rules=stated_rules(),
        )
        ledger = Ledger(db, archive)
        urls = ledger.page_urls(only_problems=only_problems)
        note_ids(db)
        undo_in(db, "MEMORY")
        say(f"{len(urls)} publications to read")
        storing = _Storing(db, shortcomings)
        progress = _Progress(len(urls))
        for reading in readings(publications(ledger, urls, shortcomings), jobs, ocr=ocr):
            storing.take(reading)
            progress.step(reading.publication.page.fetch.url)
        storing.write()
        undo_in(db, "DEFAULT")
        listed.store(db, map(reading_of_name, ledger.listed_bodies()), None)
        problems = db.execute("SELECT count(*) FROM problems WHERE stage = 'reading'").fetchone()[0]
        findings.refresh(db)
        mended, unmended = rewritten(db)
        remarks = [*told_of_ids(ids_gone(db)), *arithmetic.remarks(db), *remarks_of_readers(db, overrides)]
        checkpoint(db)
    finally:
        archive.close()
        db.conn.close()
    for line in (*shortcomings, *remarks):
        say(line)
    say(f"publications: {len(urls)}; reports: {storing.told()}; problems of reading: {problems}")
    if mended:
        say(f"{counted(mended, 'report')} did not stand in the database as they were read: written again")
    if shortcomings:
        say(f"fell short: {len(shortcomings)} publications or documents could not be read or stored")
        return FELL_SHORT
    if unmended and not only_problems:
        say(f"fell short: the checks of {counted(unmended, 'report')} are not those of the rules of today")
        return FELL_SHORT
    return DONE


class _Storing:
    """Stores readings, many together, and counts what became of their reports."""

    def __init__(self, db: Database, shortcomings: list[str]) -> None:
        self._db = db
        self._shortcomings = shortcomings
        self._waiting: list[FinishedReading] = []
        self._since = time.monotonic()
        self._outcomes: Counter[str] = Counter()
        self._met: set[str] = set()

    def take(self, reading: FinishedReading) -> None:
        """Stores a reading in a moment, with others. Raises `StorageError` as `write` does."""
        from pipelines.records import READER_FAILURES

        self._shortcomings.extend(
            f"{document.document_url or reading.publication.page.fetch.url}: {problem.detail}"
            for document in reading.finished.documents
            for problem in document.problems
            if problem.code in READER_FAILURES
        )
        self._waiting.append(reading)
        if len(self._waiting) >= TOGETHER or time.monotonic() - self._since >= TOGETHER_SECONDS:
            self.write()

    def write(self) -> None:
        """Stores what waits. The lock is held for as long: nobody waits for a scan that is being read.

        Raises `StorageError` where the disk takes none of them.
        """
        from storage.database import StorageError, gather, settle
        from storage.reports import store_together

        gather(self._db)
        stored = store_together(self._db, [(reading, None) for reading in self._waiting], None)
        settle(self._db)
        for reading, made in zip(self._waiting, stored, strict=True):
            if isinstance(made, StorageError):
                self._shortcomings.append(str(made))
            elif isinstance(made, Exception):
                page = reading.publication.page.fetch.url
                self._shortcomings.append(f"{page} was not stored: {type(made).__name__}: {made}")
            else:
                self._outcomes.update(outcome.kind for outcome in made)
                self._met.update(outcome.report_id for outcome in made)
        self._waiting.clear()
        self._since = time.monotonic()

    def told(self) -> str:
        """What became of how many reports, in words."""
        kinds = ("new", "changed", "reread", "unchanged")
        told = ", ".join(f"{self._outcomes[kind]} {kind}" for kind in kinds)
        if self._outcomes.total() == len(self._met):
            return told
        return f"{told} (of {counted(len(self._met), 'report')}: some stand at several addresses)"


def told_of_ids(gone: Sequence[tuple[str, str | None, str, int]]) -> Iterator[str]:
    """What the user should know of ids that name no report any more, see `storage.reports.ids_gone`."""
    for report_id, now, page, earlier in gone[:MOST_IDS]:
        lost = f"; {earlier} earlier versions of it stand in the archive only" if earlier else ""
        what = f" is {now} now" if now else f": its document gives no report now: {page}"
        yield f"{report_id}{what}{lost}"
    if gone:
        more = f" ({len(gone) - MOST_IDS} of them not named here)" if len(gone) > MOST_IDS else ""
        yield f"LOOK AT reports: ids that name no report any more, as it is read otherwise: {len(gone)}{more}"


def rewritten(db: Database) -> tuple[int, int]:
    """Writes the reports again whose checks are not what their figures give, from what was read of them.

    Returns how many are as they should be then, and how many still not.
    """
    from storage import arithmetic, findings
    from storage.reports import write_again

    damaged = arithmetic.outdated(db)
    if not damaged:
        return 0, 0
    write_again(db, damaged)
    findings.refresh(db)
    left = arithmetic.outdated(db)
    return len(damaged) - len(left), len(left)


def publications(ledger: Ledger, urls: Iterable[str], shortcomings: list[str]) -> Iterator[Publication]:
    """The publications of those pages; one whose bytes are lost is named in `shortcomings`."""
    from storage.database import StorageError

    for url in urls:
        try:
            yield ledger.publication(url)
        except StorageError as error:
            shortcomings.append(f"{url}: {error}")


def readings(found: Iterable[Publication], jobs: int, *, ocr: bool) -> Iterator[FinishedReading]:
    """The readings of the publications, ready to be stored, in their order, from `jobs` processes; a failure
    is a reading too.
    """
    from pipelines.pool import ReadingPool
    from storage.kept import readied

    with ReadingPool(jobs, ocr=ocr, preload=[readied.__module__]) as pool:
        waiting: deque[tuple[Publication, list[Future[Any]]]] = deque()

        def first() -> FinishedReading:
            publication, futures = waiting.popleft()
            return pool.collected_finished(publication, readied, futures)

        for publication in found:
            waiting.append((publication, pool.submit_finished(publication, readied)))
            if len(waiting) >= jobs * AHEAD:
                yield first()
        while waiting:
            yield first()


class _Progress:
    """A line now and then on stderr."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.last = time.monotonic()

    def step(self, page: str) -> None:
        """One more publication was read, and stored or about to be."""
        self.done += 1
        if time.monotonic() - self.last >= PROGRESS_SECONDS:
            self.last = time.monotonic()
            say(f"{self.done} of {self.total}: {page}")
