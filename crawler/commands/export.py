"""`scrapy export`: the tables as files with a data package descriptor, or the archive as WARC."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, say

FORMATS = ("csv", "parquet", "jsonl", "warc")


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy export --format csv|parquet|jsonl|warc DIR`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Command syntax."""
        return "--format csv|parquet|jsonl|warc [--bom] [--force] DIR"

    def short_desc(self) -> str:
        """One line for the list of commands."""
        return "Write the tables as files with a data package descriptor, or the archive as WARC"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The options of this command."""
        super().add_options(parser)
        parser.add_argument("--format", metavar="FORMAT", help="csv, parquet, jsonl or warc")
        parser.add_argument(
            "--bom", action="store_true", help="csv with a byte order mark, as spreadsheets want it"
        )
        parser.add_argument(
            "--force", action="store_true", help="overwrite files of an earlier export in DIR"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Checks, writes, tells what was written."""
        if len(args) != 1:
            self.refuse("needs one folder: scrapy export --format csv|parquet|jsonl|warc DIR")
        if opts.format not in FORMATS:
            given = f"--format {opts.format}" if opts.format else "no --format"
            self.refuse(f"{given}: must be one of {', '.join(FORMATS)}")
        if opts.bom and opts.format != "csv":
            self.refuse(f"--bom goes with --format csv, not with {opts.format}")
        from storage import findings
        from storage.database import DatabaseHeld, StorageError, hold, open_database
        from storage.export import ExportError, export, refuse_missing
        from storage.session import software_version

        database, folder = self.path_setting("DATABASE"), Path(args[0])
        try:
            refuse_missing(database, "DATABASE")
            try:
                with hold(database):
                    db = open_database(database)
                    findings.refresh(db)
                    db.conn.close()
            except DatabaseHeld:
                say("a run is at work on the database: what it has stored so far is exported")
            if opts.format == "warc":
                from storage.warc import export_warc

                archive = self.path_setting("ARCHIVE")
                refuse_missing(archive, "ARCHIVE")
                written = export_warc(database, archive, folder, version=software_version(), force=opts.force)
            else:
                written = export(
                    database,
                    folder,
                    opts.format,
                    version=software_version(),
                    bom=opts.bom,
                    force=opts.force,
                )
        except (StorageError, ExportError) as error:
            self.refuse(str(error))
        except KeyboardInterrupt:
            say(f"scrapy export: interrupted; {folder} is not whole, export again with --force")
            self.exitcode = FELL_SHORT
            return
        for file in written:
            say(f"{file.path}: {file.rows} {'answers' if opts.format == 'warc' else 'rows'}")
        self.exitcode = DONE
