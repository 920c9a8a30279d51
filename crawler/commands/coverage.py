"""`scrapy coverage`: who owes a report for which year, who published, when, and who did not."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, say
from crawler.commands.crawl import spans

FORMATS = ("table", "csv", "json")


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy coverage [--format table|csv|json]`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Command syntax."""
        return "[--format table|csv|json]"

    def short_desc(self) -> str:
        """One line for the list of commands."""
        return "Who owes a report for which year, who published it, and who did not"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The options of this command."""
        super().add_options(parser)
        parser.add_argument(
            "--format", default="table", metavar="FORMAT", help="table (default), csv or json"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Brings the coverage up to date where no run is at work, and prints it."""
        if args:
            self.refuse(f"takes no argument {args[0]!r}; see scrapy coverage -h")
        if opts.format not in FORMATS:
            self.refuse(f"--format {opts.format}: must be one of {', '.join(FORMATS)}")
        from storage import coverage
        from storage.database import DatabaseHeld, StorageError, hold, open_database
        from storage.export import refuse_missing

        database = self.path_setting("DATABASE")
        try:
            refuse_missing(database, "DATABASE")
            try:
                with hold(database):
                    db = open_database(database)
                    coverage.refresh(db)
            except DatabaseHeld:
                say("a run is at work on the database: this is the coverage as of the run before")
                db = open_database(database)
            try:
                rows = coverage.rows(db)
            finally:
                db.conn.close()
        except StorageError as error:
            self.refuse(str(error))
        print(shown(rows, opts.format), end="")
        self.exitcode = concluded(rows)


def concluded(rows: Sequence[Mapping[str, Any]]) -> int:
    """Says on stderr what the whole comes to, and returns the exit code.

    1 where of no body it is known whether it published: no portal was walked whole.
    """
    counts = Counter(row["state"] for row in rows)
    late = sum(bool(row["days_late"]) for row in rows)
    say(
        f"owed: {len(rows)}; published: {counts['published']} ({late} late); missing: {counts['missing']};"
        f" found and not read: {counts['unread']}; not known: {counts['not_known']}"
    )
    if not rows:
        say("fell short: no body is known to owe a report; crawl first")
        return FELL_SHORT
    if counts["not_known"] == len(rows) - counts["published"] > 0:
        say("fell short: of no absent report is it known whether it is missing; no portal was walked whole")
        return FELL_SHORT
    return DONE


def shown(rows: Sequence[Mapping[str, Any]], form: str) -> str:
    """The rows as one text in the wanted form."""
    if form == "json":
        return json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n"
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if rows:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)
        return out.getvalue()
    return "".join(f"{line}\n" for line in table(rows))


def table(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A paragraph a body: its years by what is known of them."""
    for _, group in groupby(rows, key=lambda row: row["body"]):
        years = list(group)
        first = years[0]
        yield f"{first['agency']}  ({first['agency_type']}, {first['division_code'] or 'no division'})"
        published = [row for row in years if row["state"] == "published"]
        late = [row for row in published if row["days_late"]]
        if published:
            yield f"  published  {spans([row['year'] for row in published])}"
        for row in late:
            sure = {"high": "", "medium": ", by one date", "low": ", its dates contradict each other"}
            yield (
                f"  late       {row['year']}: on {row['published_on']}, due on {row['due_on']}"
                f"{sure.get(row['late_confidence'] or '', '')}"
            )
        for state, word in (("missing", "missing"), ("unread", "not read"), ("not_known", "not known")):
            chosen = sorted(
                (row for row in years if row["state"] == state),
                key=lambda row: (row["reason"] or "", row["confidence"] or ""),
            )
            for (reason, confidence), same in groupby(
                chosen, key=lambda row: (row["reason"], row["confidence"])
            ):
                how = f", confidence {confidence}" if confidence else ""
                told = spans(sorted(row["year"] for row in same))
                yield f"  {word:<9}  {told} ({reason}{how})"
