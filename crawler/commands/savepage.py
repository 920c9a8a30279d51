"""scrapy savepage URL [DIR]: one page with its address, headers and date, as a test fixture.

Owns the names and the form of the files. What stands between a crawl and a portal stands here, too:
robots.txt, the hosts of the registry, private networks. A page that a crawl would not take for a page
(an error, a firewall's challenge) is kept and said to be one: tests need those as well.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, say

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Response
    from twisted.python.failure import Failure

FOLDER = "pages"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+|\.{2,}")
_LONGEST_NAME = 80
_OF_US = ("Set-Cookie", "Set-Cookie2")
"""Headers that say more of the visitor than of the page."""


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy savepage URL [DIR]`."""

    requires_project = True
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False, "LOGSTATS_INTERVAL": 0}

    def syntax(self) -> str:
        return "[--force] URL [DIR]"

    def short_desc(self) -> str:
        return "Keep one page with its address, headers and date as a test fixture"

    def long_desc(self) -> str:
        return (
            f"Writes the page into DIR (default: {FOLDER}/) and its address, final address, status, headers, "
            "date and SHA-256 into a .json beside it. Exit codes: 0 kept, 1 nothing came that could be kept, "
            "2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--force", action="store_true", help="write over a page that was kept before")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Fetches the page as a crawl would, and keeps what came."""
        from crawler.addresses import absolute

        if len(args) not in (1, 2):
            self.refuse("needs one URL and at most one DIR; see scrapy savepage -h")
        url = absolute(args[0], args[0]) if "://" in args[0] else None
        if url is None:
            self.refuse(f"{args[0]}: must be an http or https address, e.g. http://www.example.gov.cn/")
        folder = Path(args[1]) if len(args) == 2 else Path(FOLDER)
        self.flag_setting("ALLOW_PRIVATE_HOSTS")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.refuse(f"{folder}: cannot be made: {error.strerror}")
        if not os.access(folder, os.W_OK | os.X_OK):
            self.refuse(f"{folder}: cannot be written")
        came = self._fetched(url)
        if isinstance(came, str):
            say(f"scrapy savepage: {url}: {came}")
            self.exitcode = FELL_SHORT
            return
        try:
            path = kept(came, url, folder, force=opts.force)
        except FileExistsError as error:
            self.refuse(f"{error.filename}: is there already; --force writes over it")
        except OSError as error:
            self.refuse(f"{error.filename}: cannot be written: {error.strerror}")
        self._tell(path, came, url)
        self.exitcode = DONE

    def _fetched(self, url: str) -> Response | str:
        """What came for an address, or why nothing did."""
        process = self.crawler_process
        assert process is not None
        for logger in ("scrapy", "twisted", "asyncio", "py.warnings"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        settings = process.settings
        middlewares = dict(settings.getdict("DOWNLOADER_MIDDLEWARES"))
        # Nothing is archived, and what came is kept whatever it is.
        for component in ("storage.middleware.ArchiveMiddleware", "storage.revisit.RevisitMiddleware",
                          "crawler.middlewares.challenge.ChallengeMiddleware"):  # fmt: skip
            middlewares[component] = None
        settings.set("DOWNLOADER_MIDDLEWARES", middlewares, priority="cmdline")
        settings.set("ITEM_PIPELINES", {}, priority="cmdline")
        settings.set("HTTPERROR_ALLOW_ALL", True, priority="cmdline")
        settings.set("EXTENSIONS", {**settings.getdict("EXTENSIONS"), "crawler.progress.Progress": None},
                     priority="cmdline")  # fmt: skip
        results: list[Response | str] = []
        process.crawl(_spider(url, results))
        process.start()
        return results[0] if results else "nothing came"

    def _tell(self, path: Path, came: Response, url: str) -> None:
        from crawler.answered import content_type, page_of
        from crawler.middlewares.challenge import fault

        print(f"{path} ({came.status}, {len(came.body):,} bytes)")
        wrong = fault(page_of(came), content_type(came), came.status, "article", url)
        if wrong is not None:
            say(f"scrapy savepage: a crawl would not take it for a page: {wrong[0]}: {wrong[1]}")
        elif came.status != 200:
            say(f"scrapy savepage: a crawl would not take it for a page: status {came.status}")


def _spider(url: str, results: list[Response | str]) -> type[Spider]:
    """A spider of one request, with the hosts of the entry that the address belongs to."""
    from scrapy import Request, Spider

    from crawler import registry
    from crawler.addresses import Scope, slot_of
    from crawler.failures import cause

    bundled = [registry.load(path) for path in sorted(registry.DIRECTORY.glob("*.toml"))]
    own = next((Scope(portals) for portals in bundled if Scope(portals).owners(url)), None)

    class OnePage(Spider):
        name = "savepage"
        scope = own or Scope([registry.single(url)])
        delays = scope.delays()

        async def start(self) -> AsyncIterator[Request]:
            address = self.scope.reachable(url)
            meta = {"role": "article", "download_slot": slot_of(address)}
            yield Request(address, callback=self.keep, errback=self.fail, meta=meta, dont_filter=True)

        def keep(self, response: Response) -> Iterator[Request]:
            results.append(response)
            return iter(())

        def fail(self, failure: Failure) -> Iterator[Request]:
            why = cause(failure, url)
            results.append(f"{why.code}: {why.detail}")
            return iter(())

    return OnePage


def name_of(url: str, content_type: str) -> str:
    """A file name for an address that stays in its folder on every system: host, path, what tells it apart.

    The first letters of the address's SHA-256 stand in it wherever the name does not say all of it.
    """
    parts = urlsplit(url)
    path = parts.path.strip("/")
    stem, _, ending = path.rpartition(".")
    ending = ending.lower()
    if not stem or not re.fullmatch(r"[a-z0-9]{1,5}", ending):
        stem = path
        ending = "html" if "html" in content_type or not content_type else _ending(content_type)
    # Dots in a row lead upwards, or look as if they did.
    plain = _UNFIT.sub("-", f"{parts.hostname or ''}-{stem}".replace("/", "-")).strip("-._")
    told = (
        plain == f"{parts.hostname}-{stem.replace('/', '-')}"
        and not parts.query
        and len(plain) <= _LONGEST_NAME
    )
    if not told and (parts.query or stem):
        plain = f"{plain[:_LONGEST_NAME]}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    return f"{plain}.{ending}"


def _ending(content_type: str) -> str:
    kind = _UNFIT.sub("", content_type.partition(";")[0].rpartition("/")[2].lower())
    return {"javascript": "js", "plain": "txt"}.get(kind, kind if len(kind) <= 5 and kind else "bin")


def kept(came: Response, url: str, folder: Path, *, force: bool) -> Path:
    """Writes the page and the notes beside it; returns the page's path.

    Raises FileExistsError where either is there and `force` is not given, OSError where the folder
    cannot be written.
    """
    from crawler.page import NOTES
    from storage.ledger import utc_now

    content_type = (came.headers.get("Content-Type") or b"").decode("latin-1")
    path = folder / name_of(url, content_type)
    headers = {
        name.decode("latin-1"): b", ".join(came.headers.getlist(name)).decode("latin-1")
        for name in came.headers
        if name.decode("latin-1").title() not in _OF_US
    }
    notes = {
        "address": url,
        "final_address": came.url,
        "status": came.status,
        "saved_at": utc_now(),
        "sha256": hashlib.sha256(came.body).hexdigest(),
        "headers": dict(sorted(headers.items())),
    }
    text = json.dumps(notes, ensure_ascii=False, indent=2) + "\n"
    files = {path: came.body, path.with_name(path.name + NOTES): text.encode()}
    for file in files:
        # A dangling link is there as well.
        if not force and (file.exists() or file.is_symlink()):
            raise FileExistsError(17, "is there already", str(file))
    for file, content in files.items():
        # What stands there is replaced, never written through: it may be a link to elsewhere.
        file.unlink(missing_ok=True)
        with file.open("xb") as output:
            output.write(content)
    return path
