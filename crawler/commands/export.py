"""`scrapy export`: the tables as files with a data package descriptor, or the archive as WARC."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, counted, say

if TYPE_CHECKING:
    from storage.export import Written

FORMATS = ("csv", "parquet", "jsonl", "warc")
SHAPES = ("tidy", "wide", "both")
MOST_REMARKS = 20
"""Lines of what the user should know; a wrong archive would give one an answer."""
PROGRESS_SECONDS = 10.0
"""Between two lines of how far it is."""


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy export --format csv|parquet|jsonl|warc DIR`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Command syntax."""
        return (
            "--format csv|parquet|jsonl|warc [--shape tidy|wide|both] [--only TABLE,…] [--bom] [--force] DIR"
        )

    def short_desc(self) -> str:
        """One line for the list of commands."""
        return "Write the tables as files with a data package descriptor, or the archive as WARC"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The options of this command."""
        super().add_options(parser)
        parser.add_argument("--format", metavar="FORMAT", help="csv, parquet, jsonl or warc")
        parser.add_argument(
            "--shape",
            metavar="SHAPE",
            help="figures with a row a cell (tidy), with a row a report (wide), or both (default)",
        )
        parser.add_argument("--only", metavar="TABLE,…", help="only these tables and views")
        parser.add_argument(
            "--bom",
            action="store_true",
            help="csv for spreadsheets: a byte order mark, and no text that would be run as a formula",
        )
        parser.add_argument(
            "--force", action="store_true", help="overwrite files of an earlier export in DIR"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Checks, writes, tells what was written."""
        only = self._checked(args, opts)
        from storage.database import StorageError
        from storage.export import ExportError, refuse_missing

        database, folder = self.path_setting("DATABASE"), Path(args[0])
        remarks: list[str] = []
        try:
            refuse_missing(database, "DATABASE")
            if opts.format == "warc":
                refuse_missing(self.path_setting("ARCHIVE"), "ARCHIVE")
            self._bring_up_to_date(database)
            written = self._write(database, folder, opts, only, remarks.append)
        except (StorageError, ExportError) as error:
            self.refuse(str(error))
        except KeyboardInterrupt:
            say(f"scrapy export: interrupted; {folder} is not whole, export again with --force")
            self.exitcode = FELL_SHORT
            return
        for file in written:
            say(f"{file.path}: {file.rows} {'answers' if opts.format == 'warc' else 'rows'}")
        for line in remarks[:MOST_REMARKS]:
            say(line)
        if len(remarks) > MOST_REMARKS:
            say(f"and {len(remarks) - MOST_REMARKS} more")
        lost = len(remarks) if opts.format == "warc" else 0
        if lost:
            say(f"fell short: {lost} answers are left out")
        self.exitcode = FELL_SHORT if lost else DONE

    def _checked(self, args: list[str], opts: argparse.Namespace) -> list[str]:
        """The tables of --only; wrong usage ends here."""
        if len(args) != 1:
            self.refuse("needs one folder: scrapy export --format csv|parquet|jsonl|warc DIR")
        if opts.format not in FORMATS:
            given = f"--format {opts.format}" if opts.format else "no --format"
            self.refuse(f"{given}: must be one of {', '.join(FORMATS)}")
        if opts.bom and opts.format != "csv":
            self.refuse(f"--bom goes with --format csv, not with {opts.format}")
        if opts.shape not in (None, *SHAPES):
            self.refuse(f"--shape {opts.shape}: must be one of {', '.join(SHAPES)}")
        only = [part.strip() for part in (opts.only or "").split(",") if part.strip()]
        if opts.only is not None and not only:
            self.refuse("--only: names no table")
        if opts.format == "warc" and (opts.shape or only):
            self.refuse("--shape and --only choose among tables; --format warc writes the archive")
        return only

    def _write(
        self,
        database: Path,
        folder: Path,
        opts: argparse.Namespace,
        only: Sequence[str],
        tell: Callable[[str], None],
    ) -> list[Written]:
        """Writes the files. Raises what `storage.export` and `storage.warc` raise."""
        from storage.session import software_version

        version = software_version()
        if opts.format == "warc":
            from storage.warc import export_warc

            archive = self.path_setting("ARCHIVE")
            return export_warc(database, archive, folder, version=version, force=opts.force, tell=tell)
        from storage.export import export

        return export(
            database,
            folder,
            opts.format,
            version=version,
            shape=opts.shape or "both",
            only=only,
            bom=opts.bom,
            force=opts.force,
            tell=tell,
            progress=_Progress(),
        )

    def _bring_up_to_date(self, database: Path) -> None:
        """Makes the findings anew where no run is at work and the file can be written."""
        from storage import arithmetic, findings, overrides
        from storage.database import DatabaseHeld, hold, is_writable, open_database

        if not is_writable(database):
            say(f"{database}: cannot be written, so it is exported as it stands")
            return
        try:
            with hold(database):
                db = open_database(database)
                try:
                    findings.refresh(db)
                    corrections = overrides.remarks(db, str(self.setting("OVERRIDES")))
                    for line in (*arithmetic.remarks(db), *corrections):
                        say(line)
                finally:
                    db.conn.close()
        except DatabaseHeld:
            say("a run is at work on the database: what it has stored so far is exported")


class _Progress:
    """Says now and then which table is being written; nothing where all is done at once."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, table: str, rows: int) -> None:
        if time.monotonic() - self.last >= PROGRESS_SECONDS:
            self.last = time.monotonic()
            say(f"{table}: {counted(rows, 'row')} written" if rows else f"{table}: its values are looked at")
