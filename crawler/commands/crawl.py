"""scrapy crawl SPIDER: walks the portals and keeps what it finds; exits as the contract says.

Owns the check of the arguments, the hold on the database and the report at the end. Scrapy's own
command exits 0 whatever happened.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import BaseRunSpiderCommand

from crawler.command_line import DONE, FELL_SHORT, HELD, OneLineUsage, counted, say

if TYPE_CHECKING:
    from crawler.selection import Selection

FEWER_THAN_OWED = ("portal_without_reports", "publications_unread", "reports_dropped")
"""Problems of a portal that was walked and gave less than it should: the run falls short by them."""

# What Scrapy says of itself at level INFO; the spider's own lines are enough for a user.
_CHATTER = ("scrapy", "twisted", "asyncio", "py.warnings", "charset_normalizer", "urllib3")


def _is_urgent(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.CRITICAL


class Command(OneLineUsage, BaseRunSpiderCommand):
    """The crawl command of this project."""

    requires_project = True

    def syntax(self) -> str:
        """Command syntax."""
        return "[-a NAME=VALUE]… SPIDER"

    def short_desc(self) -> str:
        """One line for the list of commands."""
        return "Walk the portals of a province (or one portal by its address) into the database"

    def long_desc(self) -> str:
        """The arguments, for -h."""
        return (
            "Arguments of a province: -a portal=ID,ID -a division=CODE -a years=2019-2022 -a limit=N "
            "-a registry=FILE.toml. Arguments of the spider portal: -a url=ADDRESS -a years=… -a limit=N. "
            "Exit codes: 0 complete, 1 fell short, 2 wrong usage, 75 another run holds the database."
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Scrapy's handling, and quiet before its first words."""
        super().process_options(args, opts)
        if opts.loglevel is None:
            # A filter: the level would be set back when Scrapy configures its logging.
            logging.getLogger("scrapy.utils.log").addFilter(_is_urgent)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Checks, holds the database, crawls, sums up."""
        from storage.database import DatabaseHeld, StorageError, hold

        name, selection = self._checked(args, opts.spargs)
        self.flag_setting("ALLOW_PRIVATE_HOSTS")
        self.flag_setting("OCR")
        self.count_setting("EXTRACT_JOBS")
        self.choice_setting("RECRAWL", ("all", "due"))
        self.number_setting("CONTINUE_HOURS")
        database, archive = self.path_setting("DATABASE"), self.path_setting("ARCHIVE")
        try:
            with hold(database):
                self._prepare(database, archive, selection)
                self._tell_what_is_continued(name, opts.spargs, database, archive)
                self.exitcode = self._crawl(name, database, opts)
        except DatabaseHeld as error:
            self.refuse(str(error), HELD)
        except StorageError as error:
            self.refuse(str(error))

    def _checked(self, args: list[str], arguments: Mapping[str, str]) -> tuple[str, Selection]:
        """The spider's name and what it is asked for; wrong usage ends here."""
        from crawler.commands.probe import unknown_division
        from crawler.registry import RegistryError, bundled
        from crawler.selection import SelectionError, of_address, of_province

        process = self.crawler_process
        assert process is not None
        spiders = sorted(process.spider_loader.list())
        if len(args) != 1:
            self.refuse(f"needs one spider: {', '.join(spiders)}")
        name = args[0]
        if name not in spiders:
            self.refuse(f"unknown spider {name!r}; there are {', '.join(spiders)}")
        try:
            if name == "portal":
                return name, of_address(arguments)
            selection = of_province(name, arguments)
        except (SelectionError, RegistryError) as error:
            self.refuse(str(error))
        fault = unknown_division(Path(arguments.get("registry", bundled(name))), selection.registry)
        if fault is not None:
            self.refuse(fault)
        return name, selection

    def _prepare(self, database: Path, archive: Path, selection: Selection) -> None:
        """The database with its steady reference tables, and the archive: both must open."""
        from pipelines import agencies, divisions, forms
        from pipelines.checks.stated import stated_rules
        from storage import overrides
        from storage.archive import Archive
        from storage.database import open_database
        from storage.reference import write_reference

        corrections = overrides.load(str(self.setting("OVERRIDES")))
        Archive(archive).close()
        db = open_database(database)
        try:
            for line in overrides.taken_away(db, corrections, str(self.setting("OVERRIDES"))):
                say(line)
            cells, derived = forms.layout()
            write_reference(
                db,
                divisions=divisions.load(),
                form_cells=cells,
                derived=derived,
                portals=selection.registry,
                renamings=agencies.renamings(),
                overrides=corrections,
                rules=stated_rules(),
            )
        finally:
            db.close()

    def _tell_what_is_continued(
        self, name: str, arguments: Mapping[str, str], database: Path, archive: Path
    ) -> None:
        """Says that the run goes on with one that was killed or stopped, where it does."""
        from storage.archive import Archive
        from storage.database import open_database
        from storage.ledger import Ledger
        from storage.session import software_version

        db, bodies = open_database(database), Archive(archive)
        try:
            run = Ledger(db, bodies).unfinished(
                spider=name,
                arguments={key: str(value) for key, value in arguments.items()},
                software_version=software_version(),
                continue_hours=self.number_setting("CONTINUE_HOURS"),
            )
            if run is not None:
                query = "SELECT count(*) FROM fetches WHERE crawl_id = ?"
                answered = db.execute(query, (run.id,)).fetchone()[0]
                say(
                    f"continuing run {run.id} of {run.started_at}, which did not end:"
                    f" {answered} answers are in the archive (-s CONTINUE_HOURS=0 starts afresh)"
                )
        finally:
            bodies.close()
            db.close()

    def _crawl(self, name: str, database: Path, opts: argparse.Namespace) -> int:
        from storage import arithmetic, overrides
        from storage.database import open_database

        process = self.crawler_process
        assert process is not None
        if opts.loglevel is None:
            for logger in _CHATTER:
                logging.getLogger(logger).setLevel(logging.CRITICAL)
        crawler = self._create_crawler(name)
        process.crawl(crawler, **opts.spargs)
        process.start()
        if process.bootstrap_failed:
            say("incomplete: the run could not start; -L INFO says why")
            return FELL_SHORT
        db = open_database(database)
        try:
            # Not the last row: a run that is gone on with may stand before others.
            number = crawler.stats.get_value("nianbao/crawl")
            row = next(iter(db["crawls"].rows_where("id = ?", [number])), {})
            portals = list(db["crawl_portals"].rows_where("crawl_id = ?", [number], order_by="portal_id"))
            checks = [*arithmetic.remarks(db), *overrides.remarks(db, str(self.setting("OVERRIDES")))]
        finally:
            db.close()
        return concluded(crawler.stats.get_stats(), row, portals, checks)


def concluded(
    stats: Mapping[str, Any],
    row: Mapping[str, Any],
    portals: Sequence[Mapping[str, Any]] = (),
    checks: Sequence[str] = (),
) -> int:
    """Prints the report of the run on stderr and returns the exit code.

    `stats` are the run's statistics, `row` what the table crawls holds of it, `portals` its rows of
    crawl_portals, `checks` what is to be said of all checks in the database.
    """
    for line in (*table(portals), *summary(stats, row), *standing_out(portals), *checks):
        say(line)
    if len(portals) > 1 and not stats.get("response_received_count", 0) and not row.get("from_archive", 0):
        say(f"none of {len(portals)} portals answered anything: is there a network here? Try a page by hand")
    reason = shortcoming(stats, row)
    if reason is not None:
        say(f"incomplete: {reason}")
        return FELL_SHORT
    reason = fallen_short(portals)
    if reason is not None:
        say(f"fell short: every list was walked, but {reason}")
        return FELL_SHORT
    say("complete as far as the limit goes; the run is marked a sample" if row.get("sample") else "complete")
    return DONE


def summary(stats: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Pages, reports and problems of a run, a line each."""
    new, changed, unchanged, vanished = (
        row.get(f"reports_{kind}", 0) for kind in ("new", "changed", "unchanged", "vanished")
    )
    lines = [
        f"pages and files: {stats.get('response_received_count', 0)}",
        (
            f"requests: {row.get('fetches', 0)}, of which {row.get('not_modified', 0)} answered not modified;"
            f" from the archive without asking: {row.get('from_archive', 0)};"
            f" lists without validators: {row.get('lists_without_validators', 0)}"
        ),
        (
            f"reports: {new + changed + unchanged} ({new} new, {changed} changed, {unchanged} unchanged),"
            f" {vanished} vanished"
        ),
    ]
    prefix = "nianbao/problems/"
    codes = {key.removeprefix(prefix): stats[key] for key in stats if key.startswith(prefix)}
    if codes:
        lines.append(f"problems while crawling: {_counts(codes)}")
    if row.get("finish_reason") in (None, "shutdown", "storage_failed"):
        lines.append("the run did not end: the same command goes on with it")
    return lines


_COLUMNS = {
    "pages": "pages",
    "reports": "reports",
    "new": "reports_new",
    "changed": "reports_changed",
    "unchanged": "reports_unchanged",
    "vanished": "reports_vanished",
    "unread": "unread",
}
"""Headings of the table at the end, and the columns of crawl_portals below them."""


def table(portals: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One line a portal: what came of it, its problems, its time, the years that it lacks."""
    if not portals:
        return
    width = max(len("portal"), *(len(row["portal_id"]) for row in portals))
    head = " ".join(f"{name:>{max(7, len(name))}}" for name in _COLUMNS)
    yield f"{'portal':<{width}} {head} problems    time  missing years"
    for row in portals:
        figures = " ".join(f"{row[column]:>{max(7, len(name))}}" for name, column in _COLUMNS.items())
        problems = sum(json.loads(row["problems"]).values())
        years = spans(json.loads(row["missing_years"]))
        line = f"{row['portal_id']:<{width}} {figures} {problems:>8} {clock(row['seconds']):>7}  {years}"
        yield line.rstrip()


def standing_out(portals: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What stands out of the portals, a line each, the problems of those that were not read whole too."""
    for row in portals:
        if row["remarks"]:
            yield f"LOOK AT {row['portal_id']}: {row['remarks']}"


def fallen_short(portals: Iterable[Mapping[str, Any]]) -> str | None:
    """Which portals gave less than they should though all was walked, or None."""
    found = [row["portal_id"] for row in portals if set(FEWER_THAN_OWED) & set(json.loads(row["problems"]))]
    if not found:
        return None
    named = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    return (
        f"{named} gave fewer reports than it should"
        if len(found) == 1
        else (f"{len(found)} portals gave fewer reports than they should: {named}")
    )


def spans(years: Sequence[int]) -> str:
    """Years in order as a reader writes them: 2008-2011, 2014."""
    told: list[tuple[int, int]] = []
    for year in years:
        if told and told[-1][1] == year - 1:
            told[-1] = (told[-1][0], year)
        else:
            told.append((year, year))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in told)


def clock(seconds: int) -> str:
    """A time as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _counts(codes: Mapping[str, int]) -> str:
    ordered = sorted(codes.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{code} {count}" for code, count in ordered)


def shortcoming(stats: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
    """Why a run is not complete, or None."""
    finish = row.get("finish_reason") or stats.get("finish_reason")
    if finish == "shutdown":
        return "the run was interrupted"
    if finish is None:
        return "the run was stopped before it could be closed; run it again"
    if finish != "finished":
        return f"the run was ended early ({finish})"
    errors = stats.get("spider_exceptions/count", 0)
    if errors:
        return f"{counted(errors, 'page')} could not be handled; the table problems names them"
    hidden = stats.get("nianbao/hides_reports", 0)
    if hidden:
        return f"{counted(hidden, 'problem')} may hide reports; the table problems names them"
    if not row.get("complete"):
        return "something could not be stored or read; see the messages above and the table problems"
    return None
