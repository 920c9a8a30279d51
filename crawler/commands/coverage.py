"""`scrapy coverage`: who owes a report for which year, who published, when, and who did not."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, say
from crawler.commands.crawl import spans

FORMATS = ("table", "csv", "json")
STANDINGS = (
    ("published", "with reports"),
    ("never_published", "without any"),
    ("may_be_another", "maybe another name of one with reports"),
    ("unresolved", "not resolved"),
    ("elsewhere", "of another place"),
    ("owes_none", "of a kind that owes none"),
)
"""What is said of the standings of listed bodies, in this order."""


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
        from storage import coverage, findings
        from storage.database import DatabaseHeld, StorageError, hold, open_database
        from storage.export import refuse_missing

        database = self.path_setting("DATABASE")
        try:
            refuse_missing(database, "DATABASE")
            try:
                with hold(database):
                    db = open_database(database)
                    # The rules between levels and the sums of the site speak of it, too.
                    findings.refresh_coverage(db)
            except DatabaseHeld:
                say("a run is at work on the database: this is the coverage as of the run before")
                db = open_database(database)
            try:
                rows, apart = (
                    coverage.rows(db),
                    Apart(
                        not_owed=coverage.not_owed(db),
                        listed=coverage.listed_apart(db),
                        counts=coverage.listed_counts(db),
                    ),
                )
            finally:
                db.conn.close()
        except StorageError as error:
            self.refuse(str(error))
        print(shown(rows, opts.format, apart), end="")
        self.exitcode = concluded(rows, apart)


class Apart(NamedTuple):
    """What stands beside the roster: reports that nobody owed, listed bodies that are on no row of it."""

    not_owed: Sequence[Mapping[str, Any]]
    listed: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]


def concluded(rows: Sequence[Mapping[str, Any]], apart: Apart) -> int:
    """Says on stderr what the whole comes to, and returns the exit code.

    1 where of no body it is known whether it published: no portal was walked whole.
    """
    if apart.not_owed:
        kinds = Counter(row["agency_type"] for row in apart.not_owed)
        named = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        say(f"held and not owed by these articles: {len(apart.not_owed)} ({named}); see reports_not_owed")
    if apart.counts:
        told = "; ".join(
            f"{words}: {apart.counts[standing]}" for standing, words in STANDINGS if standing in apart.counts
        )
        say(f"bodies that the portals list: {sum(apart.counts.values())}; {told}; see listed_bodies")
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


def shown(rows: Sequence[Mapping[str, Any]], form: str, apart: Apart) -> str:
    """The rows as one text in the wanted form; what stands beside them is in the table alone."""
    if form == "json":
        return json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n"
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if rows:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)
        return out.getvalue()
    return "".join(f"{line}\n" for line in (*table(rows), *beside(apart)))


def table(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A paragraph a body: its years by what is known of them."""
    for _, group in groupby(rows, key=lambda row: row["body"]):
        years = list(group)
        first = years[0]
        yield f"{_line(first['agency'])}  ({first['agency_type']}, {first['division_code'] or 'no division'})"
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
            for (reason, confidence), group_of_reason in groupby(
                chosen, key=lambda row: (row["reason"], row["confidence"])
            ):
                same = list(group_of_reason)
                how = f", confidence {confidence}" if confidence else ""
                listed = [row for row in same if row["known_from"] == "list"]
                told = spans(sorted(row["year"] for row in same))
                where = f", named by {_line(listed[0]['list_url'])}" if listed else ""
                yield f"  {word:<9}  {told} ({reason}{how}{where})"


def beside(apart: Apart) -> Iterator[str]:
    """Paragraphs for what is on no row of the roster."""
    if apart.not_owed:
        yield "Held and not owed by articles 49 and 50"
    for (agency, reason), group in groupby(apart.not_owed, key=lambda row: (row["agency"], row["reason"])):
        yield f"  {agency}: {spans(sorted({row['year'] for row in group}))} ({reason})"
    for standing, words in STANDINGS:
        chosen = [row for row in apart.listed if row["standing"] == standing]
        if chosen:
            yield f"Listed by a portal, {words}"
        for row in chosen:
            why = row["other"] or row["doubt"] or row["agency"] or ""
            yield f"  {_line(row['name'])} ({row['portal_id']}, {_line(row['list_url'])}): {_line(why)}"


def _line(text: str) -> str:
    """A text of a page in one line, without what would move a terminal's cursor."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:200]
