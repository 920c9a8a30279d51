"""`scrapy demo`: serves the bundled sample province on loopback, crawls it and tells what was harvested.

Owns the folder of a demo (registry, database, archive, log of the crawl) and the closing tables.
The sample itself lives with the tests, which use it too, and is loaded from there by its path.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, counted, say

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "province"
PROGRESS_SECONDS = 2.0
"""Between two lines of progress: often enough to see it live, seldom enough to read."""
MOST_OF_A_CODE = 5
"""Problems of one kind that are told one by one."""

_REPORTS_OF_PORTALS = """
SELECT source.portal_id, portals.name AS portal, reports.*
FROM reports
JOIN report_sources AS source ON source.report_id = reports.id AND source.is_primary
JOIN portals ON portals.id = source.portal_id
ORDER BY portals.division_code, source.portal_id, reports.agency, reports.year
"""
_PROBLEMS = """
SELECT problems.code, problems.detail, coalesce(fetches.link_text, problems.link_text) AS link_text,
    coalesce(fetches.url, problems.url) AS url
FROM problems LEFT JOIN fetches ON fetches.id = problems.fetch_id
ORDER BY problems.code, url
"""


class DemoError(Exception):
    """The demo cannot start; the message is one line for the user."""


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy demo [--dir DIR] [--serve]`; `--corrected` is beyond it."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[--dir DIR] [--corrected] [--serve]"

    def short_desc(self) -> str:
        return "Crawl the bundled sample province and show what was harvested (no network needed)"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--dir", metavar="DIR", help="folder for the results (default: a fresh one under data/)"
        )
        parser.add_argument(
            "--corrected",
            action="store_true",
            help="the sample as it is later, when a body has corrected its report: in the folder of an"
            " earlier demo the crawl finds a second version",
        )
        parser.add_argument(
            "--serve", action="store_true", help="keep serving the sample afterwards, until Ctrl-C"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            self.refuse(f"takes no argument {args[0]!r}; see scrapy demo -h")
        try:
            self.exitcode = demonstrate(
                Path(opts.dir) if opts.dir else None, serve=opts.serve, corrected=opts.corrected
            )
        except DemoError as error:
            self.refuse(str(error))


def demonstrate(folder: Path | None, *, serve: bool, corrected: bool = False) -> int:
    """Runs the demo in `folder` (made if need be; None: a fresh one) and returns the exit code.

    Raises DemoError where the folder cannot be used, the sample is not there or a port is taken.
    """
    sample = _sample()
    folder = _made(folder) if folder else _fresh(ROOT / "data")
    registry = folder / "portals.toml"
    try:
        province = sample.Province(_kept_ports(registry))
    except sample.PortTakenError as error:
        raise DemoError(
            f"{registry}: {error}; end that program, or take another folder with --dir"
        ) from error
    except KeyError as error:
        raise DemoError(f"{registry}: the sample portal {error} is missing; use another folder") from error
    with province:
        _write(registry, province.registry())
        say(f"sample province: {', '.join(province.addresses.values())}")
        say(f"results go to {_shown(folder)}")
        for address in province.correct() if corrected else ():
            say(f"corrected by its body: {address}")
        code = _crawl(folder, registry, province.log)
        if code == DONE or (code == FELL_SHORT and (folder / "nianbao.db").exists()):
            print(_account(folder / "nianbao.db"))
        if code != DONE:
            say(f"the crawl ended with exit code {code}; its last words ({_shown(folder / 'crawl.log')}):")
            for line in _last_lines(folder / "crawl.log"):
                say(f"  {line}")
        else:
            print(_how_to_look(folder, serving=serve))
        if serve and code == DONE:
            with suppress(KeyboardInterrupt):
                say("serving the sample until Ctrl-C")
                threading.Event().wait()
    return code


def _sample() -> ModuleType:
    """The server of the sample province, loaded from its folder beside the tests."""
    if not (SAMPLE / "__init__.py").is_file():
        raise DemoError(f"{SAMPLE} is missing: run the demo from a checkout of the project")
    spec = importlib.util.spec_from_file_location(
        "sample_province", SAMPLE / "__init__.py", submodule_search_locations=[str(SAMPLE)]
    )
    if spec is None or spec.loader is None:
        raise DemoError(f"{SAMPLE} cannot be loaded")
    package = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = package
    spec.loader.exec_module(package)
    return importlib.import_module("sample_province.server")


def _fresh(parent: Path) -> Path:
    """A folder under `parent` that did not exist before."""
    _made(parent)
    number = 1
    while True:
        folder = parent / f"demo-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise _unusable(folder, error) from error
        else:
            return folder


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DemoError(f"{folder}: cannot be written; name another folder with --dir")
    return folder


def _unusable(folder: Path, error: OSError) -> DemoError:
    return DemoError(f"{folder}: cannot be made ({error.strerror}); name another folder with --dir")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DemoError(f"{file}: cannot be written ({error.strerror})") from error


def _kept_ports(registry: Path) -> dict[str, int] | None:
    """Ports by portal id of an earlier run in this folder; None where there was none."""
    if not registry.exists():
        return None
    try:
        data = tomllib.loads(registry.read_text(encoding="utf-8"))
        ports = {entry["id"]: urlsplit(entry["home"]).port for entry in data["portal"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DemoError(f"{registry}: not a registry that the demo wrote; use another folder") from error
    kept = {id_: port for id_, port in ports.items() if port}
    if len(kept) != len(ports):
        raise DemoError(f"{registry}: not a registry that the demo wrote; use another folder")
    return kept


def _crawl(folder: Path, registry: Path, log: Sequence[object]) -> int:
    """Crawls the sample in a child process, with a line of progress now and then; its exit code."""
    command = [sys.executable, "-m", "scrapy", "crawl", "heilongjiang"]
    command += ["-a", f"registry={registry.resolve()}"]
    settings = {
        "DATABASE": folder.resolve() / "nianbao.db",
        "ARCHIVE": folder.resolve() / "archive.db",
        "ALLOW_PRIVATE_HOSTS": "true",
    }
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    try:
        output = (folder / "crawl.log").open("w", encoding="utf-8")
    except OSError as error:
        raise DemoError(f"{folder / 'crawl.log'}: cannot be written ({error.strerror})") from error
    with output, subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as child:  # noqa: S603
        began = time.monotonic()
        told = 0
        while True:
            try:
                code = child.wait(timeout=PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                if len(log) != told:
                    told = len(log)
                    say(f"  {time.monotonic() - began:3.0f} s: {told} requests answered")
            except KeyboardInterrupt:
                # The terminal has sent the signal to the child as well; it closes its run in order.
                say("interrupted: waiting for the crawl to close its run")
                with suppress(ProcessLookupError):
                    child.send_signal(signal.SIGINT)
            else:
                say(f"  {time.monotonic() - began:3.0f} s: {len(log)} requests answered, crawl done")
                return code


def _account(database: Path) -> str:
    """What the database holds after the crawl, as tables for a terminal.

    Raises DemoError where the database cannot be read.
    """
    from storage.database import StorageError, open_database

    try:
        db = open_database(database)
    except StorageError as error:
        raise DemoError(str(error)) from error
    try:
        reports = list(db.query(_REPORTS_OF_PORTALS))
        failed = list(db["failed_checks"].rows)
        problems = list(db.query(_PROBLEMS))
    finally:
        db.close()
    lines = [
        "",
        f"{len(reports)} reports harvested from {len({row['portal_id'] for row in reports})} portals",
    ]
    lines += _table(
        ("portal", "name", "reports", "agencies", "years", "figures", "checks failed"),
        [_portal_row(list(rows)) for _, rows in groupby(reports, key=lambda row: row["portal_id"])],
    )
    lines += ["", f"What does not add up: {counted(len(failed), 'check')}"]
    lines += [f"  {_subject(row)}: {row['sentence']}" for row in failed]
    lines += ["", f"What could not be read or fetched: {counted(len(problems), 'problem')}"]
    for code, rows in groupby(problems, key=lambda row: row["code"]):
        told = list(rows)
        lines += [f"  {code}, {_where(row)}: {row['detail']}" for row in told[:MOST_OF_A_CODE]]
        if len(told) > MOST_OF_A_CODE:
            lines.append(f"  {code}: {len(told) - MOST_OF_A_CODE} more")
    return "\n".join(lines)


def _portal_row(reports: Sequence[Mapping[str, Any]]) -> tuple[object, ...]:
    """What a portal gave: its line of the table."""
    years = sorted({row["year"] for row in reports})
    return (
        reports[0]["portal_id"],
        reports[0]["portal"],
        len(reports),
        len({row["agency_id"] for row in reports}),
        f"{years[0]}-{years[-1]}" if len(years) > 1 else str(years[0]),
        sum(row["figure_count"] for row in reports),
        sum(row["checks_failed"] for row in reports),
    )


def _where(problem: Mapping[str, Any]) -> str:
    """A problem's page: its title, where one is known, and its address."""
    return " ".join(str(part) for part in (problem["link_text"], problem["url"]) if part) or "no address"


def _subject(row: Mapping[str, Any]) -> str:
    return f"{row['agency']} {row['year']}, {row['rule']} {row['subject']}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of a table whose columns line up where Chinese characters take two places."""
    cells = [[str(value) for value in row] for row in (headings, *rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield (
            "  "
            + "  ".join(
                text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
            ).rstrip()
        )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _how_to_look(folder: Path, *, serving: bool) -> str:
    database, archive = _shown(folder / "nianbao.db"), _shown(folder / "archive.db")
    lines = ["", f"Look at it:  {_scrapy()} browse -s DATABASE={database} -s ARCHIVE={archive}"]
    if not serving:
        lines.append(
            f"The links to the sample's pages answer only while it is served: {_scrapy()} demo --serve"
        )
    return "\n".join(lines)


def _last_lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]


def _scrapy() -> str:
    """How this program was called, where it is not on the path (as after `make demo`)."""
    called = Path(sys.argv[0])
    return _shown(called) if called.name == "scrapy" and not shutil.which("scrapy") else "scrapy"


def _shown(path: Path) -> str:
    """A path as the user would type it: relative where that is shorter."""
    with suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)
