"""scrapy extract FILE…: reads documents without network or database, one JSON object a report.

Owns the reading of files and the order of the output; what the objects hold is `pipelines.document`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, say

if TYPE_CHECKING:
    from concurrent.futures import Future

    from crawler.items import Portal
    from pipelines.records import DocumentReading


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy extract FILE… [--url URL] [--jobs N]`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "FILE… [--url URL] [--jobs N]"

    def short_desc(self) -> str:
        return "Read documents into JSON, one object a report, without network or database"

    def long_desc(self) -> str:
        return (
            "Prints one JSON object per report, one a line, in the order of the files. A file without a "
            'report prints an object with "report": null and the reason in "problems"; the exit code is 1.'
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--url", metavar="URL", help="the address of the one FILE: places short names, resolves links"
        )
        parser.add_argument("--jobs", metavar="N", help="processes that read (default: EXTRACT_JOBS)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if not args:
            self.refuse("needs one FILE or more; see scrapy extract -h")
        if opts.url and len(args) > 1:
            self.refuse(f"--url goes with one FILE, not with {len(args)}")
        if opts.url and not opts.url.startswith(("http://", "https://")):
            self.refuse(f"--url {opts.url}: must begin with http:// or https://")
        for name in args:
            self._refuse_unreadable(name)
        jobs = self._jobs(opts.jobs)
        ocr = self.flag_setting("OCR")
        portal = _portal_of(opts.url) if opts.url else None
        short = []
        for name, objects in _readings(args, opts.url, portal, jobs, ocr=ocr):
            for found in objects:
                sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
                if found["report"] is None:
                    short.append(name)
                    reasons = "; ".join(f"{p['code']}: {p['detail']}" for p in found["problems"])
                    say(f"scrapy extract: {name}: no report: {reasons}")
                    continue
                cut = [p["detail"] for p in found["problems"] if p["code"] == "document_cut"]
                if cut:
                    short.append(name)
                    say(f"scrapy extract: {name}: incomplete: {cut[0]}")
        sys.stdout.flush()
        self.exitcode = FELL_SHORT if short else DONE

    def _refuse_unreadable(self, name: str) -> None:
        path = Path(name)
        if path.is_dir():
            self.refuse(f"{name}: is a folder; name the files in it")
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            self.refuse(f"{name}: cannot be read: {error.strerror or error}")

    def _jobs(self, given: str | None) -> int:
        value = str(given if given is not None else self.setting("EXTRACT_JOBS"))
        jobs = int(value) if value.isdecimal() else 0
        if jobs < 1:
            self.refuse(f"--jobs {value}: must be a whole number from 1 on")
        return jobs


def _portal_of(url: str) -> Portal | None:
    """The portal of the bundled registries that an address belongs to."""
    from crawler import registry
    from crawler.addresses import Scope

    for path in sorted(registry.DIRECTORY.glob("*.toml")):
        owners = Scope(registry.load(path)).owners(url)
        if owners:
            return owners[0]
    return None


def _readings(
    names: Sequence[str], url: str | None, portal: Portal | None, jobs: int, *, ocr: bool
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The objects of each file, in the order of the files."""
    from pipelines.document import as_json
    from pipelines.extract import extractor_version

    version = extractor_version()
    for name, readings in _read_apart(names, url, portal, jobs=jobs, ocr=ocr):
        yield name, [as_json(name, reading, version) for reading in readings]


def _read_apart(
    names: Sequence[str], url: str | None, portal: Portal | None, *, jobs: int, ocr: bool
) -> Iterator[tuple[str, list[DocumentReading]]]:
    """Files read in other processes, even a lone one (they have limits), a few ahead of what is printed."""
    from pipelines.pool import ReadingPool

    with ReadingPool(min(jobs, len(names)), ocr=ocr) as pool:
        waiting: deque[tuple[str, bytes, Future[list[DocumentReading]]]] = deque()
        for name in names:
            body = Path(name).read_bytes()
            waiting.append((name, body, pool.submit_file(body, url, portal)))
            if len(waiting) > 4 * jobs:
                first, content, future = waiting.popleft()
                yield first, pool.collected_file(content, future)
        for first, content, future in waiting:
            yield first, pool.collected_file(content, future)
