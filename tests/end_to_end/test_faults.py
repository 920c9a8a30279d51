"""Portals at which something goes wrong: overcome, or told with the address; never a false report.

Every fault has a small portal of its own; two crawls visit them all, beside two portals at which
nothing is wrong: one crawl those whose faults can be overcome, the other those at which something
has to stay unread.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harvest import ROOT, plain_environment, rows, storage_settings
from tests.province import faults
from tests.province.server import Province

# Fewer pages are too many here, so that a list without end ends within the time of a test.
CRAWL = """
import crawler.walk
crawler.walk.MAX_PAGES = 12
import crawler.settings
crawler.settings.LONGEST_RETRY_AFTER = 1
from scrapy.cmdline import execute
import sys
execute(["scrapy", "crawl", "heilongjiang", *sys.argv[1:]])
"""
OVERCOME = (
    "cut once", "pages without a type", "pages as text", "wrong certificate", "asked to come later",
    "failing at random", "calendar", "session numbers", "thousands of links",
)  # fmt: skip
"""Faults in spite of which every report is found, and nothing is told that may hide one."""

GONE = {"missing with 200": "soft_404"}
"""The portal says of one entry that it is not there: told, and no reason to doubt the rest."""


@dataclass(frozen=True)
class Trouble:
    """What is told of a portal with a fault: the code, the address, and how many reports are had."""

    code: str
    address: str
    found: int = 3


HOME, NEWEST, SECOND, LIST, FILE, RULES = "/", "newest", "page 2", "page 1", "file", "/robots.txt"
TROUBLES = {
    "script challenge": Trouble("challenge_page", HOME, 0),
    "coded challenge": Trouble("challenge_page", HOME, 0),
    "firewall": Trouble("challenge_page", HOME, 0),
    "captcha": Trouble("challenge_page", NEWEST),
    "captcha for the list": Trouble("challenge_page", LIST, 0),
    "captcha everywhere": Trouble("challenge_page", HOME, 0),
    "missing with 200 for a list": Trouble("soft_404", SECOND),
    "home page instead": Trouble("soft_404", NEWEST),
    # For one night perhaps: that the portal says nothing of it is no reason to take it for gone.
    "sent home": Trouble("soft_404", NEWEST),
    "home page for a list": Trouble("soft_404", SECOND),
    "other column on page 2": Trouble("list_repeats", SECOND),
    "page 1 as page 2": Trouble("list_repeats", SECOND),
    "empty": Trouble("empty_body", NEWEST),
    "empty list": Trouble("empty_body", SECOND),
    "cut": Trouble("connection_failed", NEWEST),
    "cut in chunks": Trouble("connection_failed", NEWEST),
    "cut list": Trouble("connection_failed", SECOND),
    "page for a file": Trouble("wrong_type", FILE),
    "sent elsewhere": Trouble("offsite_link", "http://www.beiyong.invalid/baogao.html"),
    "redirect loop": Trouble("redirect_loop", NEWEST),
    "dead": Trouble("connection_failed", HOME, 0),
    "unknown host": Trouble("dns_failed", HOME, 0),
    "old encryption": Trouble("tls_failed", HOME, 0),
    "no encryption": Trouble("tls_failed", HOME, 0),
    "banned after a few": Trouble("http_error", NEWEST, 0),
    "too often after a few": Trouble("busy_page", NEWEST, 0),
    "down": Trouble("robots_disallowed", HOME, 0),
    "endless list": Trouble("list_too_long", LIST),
    "packed bomb": Trouble("too_large", NEWEST),
    "rules that fail": Trouble("robots_disallowed", HOME, 0),
    "rules that forbid": Trouble("robots_disallowed", HOME, 0),
}
"""What has to stay unread, by fault."""
HEALTHY = ("healthy", "healthy too")


@dataclass(frozen=True)
class Run:
    """A crawl of portals with faults, and what it left."""

    province: Province
    database: Path
    code: int
    err: str

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return rows(self.database, sql, *values)

    def found(self, name: str) -> set[tuple[str, int]]:
        """Agency and year of the reports of a portal."""
        held = self.rows(
            "SELECT agency, year FROM reports JOIN report_sources s ON s.report_id = reports.id"
            " WHERE s.portal_id = ?",
            _id(name),
        )
        return {(row["agency"], row["year"]) for row in held}

    def problems(self, name: str) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT code, url, detail, hides_reports FROM problems WHERE portal_id = ? AND stage = 'crawl'",
            _id(name),
        )

    def address(self, name: str, place: str) -> str:
        """A place of TROUBLES as an address of the fault's portal."""
        if place.startswith("http"):
            return place
        portal = next(portal for portal in self.province.portals if portal.id == _id(name))
        entry = next(entry for entry in portal.entries("ndbg") if entry.report is not None)
        column = portal.named("ndbg")
        paths = {
            NEWEST: portal.path(entry),
            SECOND: portal.channel_path(column, 2),
            LIST: portal.channel_path(column),
            FILE: portal.file_path(entry) if place == FILE else "",
        }
        return self.province.addresses[portal.id].rstrip("/") + paths.get(place, place)


def _id(name: str) -> str:
    return name.replace(" ", "_")


def _published(run: Run, name: str) -> set[tuple[str, int]]:
    """Agency and year of every report of a fault's portal."""
    portal = next(portal for portal in run.province.portals if portal.id == _id(name))
    return {(entry.report.agency, entry.report.year) for entry in portal.entry if entry.report is not None}


def _run(folder: Path, names: Sequence[str]) -> Iterator[Run]:
    """Serves a portal a fault and crawls them all, asked as fast as they answer."""
    others = [
        faults.small_portal(_id(name), number, "pdf" if name == "page for a file" else "page")
        for number, name in enumerate((*names, *HEALTHY))
    ]
    plays = {_id(name): faults.FAULTS[name] for name in names}
    with Province(prefer=False, others=others, plays=plays) as province:
        registry = folder / "portals.toml"
        registry.write_text(province.registry(), encoding="utf-8")
        done = subprocess.run(
            [
                *(sys.executable, "-c", CRAWL, "-a", f"registry={registry}", *storage_settings(folder)),
                *("-s", "ALLOW_PRIVATE_HOSTS=true", "-s", "DOWNLOAD_MAXSIZE=8000000"),
            ],
            cwd=ROOT,
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        yield Run(province, folder / "nianbao.db", done.returncode, done.stderr)


@pytest.fixture(scope="module")
def overcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield from _run(tmp_path_factory.mktemp("overcome"), (*OVERCOME, *GONE))


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield from _run(tmp_path_factory.mktemp("troubled"), tuple(TROUBLES))


def test_every_fault_is_tried() -> None:
    assert {*OVERCOME, *GONE, *TROUBLES} == set(faults.FAULTS)


@pytest.mark.parametrize("name", OVERCOME)
def test_what_can_be_overcome_is(overcome: Run, name: str) -> None:
    assert overcome.found(name) == _published(overcome, name), overcome.err
    assert overcome.problems(name) == []


@pytest.mark.parametrize("name", GONE)
def test_what_the_portal_calls_gone_is_told(overcome: Run, name: str) -> None:
    assert len(overcome.found(name)) == 3
    assert overcome.found(name) < _published(overcome, name)
    [problem] = overcome.problems(name)
    assert (problem["code"], problem["url"]) == (GONE[name], overcome.address(name, NEWEST))


def test_a_run_that_overcame_everything_is_complete(overcome: Run) -> None:
    assert overcome.code == 0, overcome.err
    assert overcome.rows("SELECT complete FROM crawls") == [{"complete": 1}]


@pytest.mark.parametrize("name", TROUBLES)
def test_what_cannot_be_read_is_told_with_its_address(troubled: Run, name: str) -> None:
    told = troubled.problems(name)
    known = TROUBLES[name]
    address = troubled.address(name, known.address)
    assert (known.code, address, 1) in {(row["code"], row["url"], row["hides_reports"]) for row in told}, told
    found = troubled.found(name)
    assert found <= _published(troubled, name)
    assert len(found) == known.found
    # That a portal could not be read is never told as if it had nothing.
    assert "no_reports_listed" not in {row["code"] for row in told}


@pytest.mark.parametrize("name", HEALTHY)
def test_other_portals_go_on(troubled: Run, overcome: Run, name: str) -> None:
    for run in (troubled, overcome):
        assert run.found(name) == _published(run, name)
        assert run.problems(name) == []


def test_a_run_with_troubles_is_not_complete(troubled: Run) -> None:
    assert troubled.code == 1
    assert "Traceback" not in troubled.err
    assert troubled.rows("SELECT complete FROM crawls") == [{"complete": 0}]


def test_no_report_is_false(troubled: Run, overcome: Run) -> None:
    """What stands in the database is what the portals publish, figure by figure."""
    for run in (troubled, overcome):
        truth = {
            (entry.report.agency, entry.report.year): entry.report.figures.cells()
            for portal in run.province.portals
            for entry in portal.entry
            if entry.report is not None
        }
        held: dict[tuple[str, int], dict[tuple[str, str, str], str]] = {}
        for row in run.rows(
            "SELECT r.agency, r.year, f.* FROM figures f JOIN reports r ON r.id = f.report_id"
        ):
            cell = (row["table_code"], row["row_code"], row["column_code"])
            held.setdefault((row["agency"], row["year"]), {})[cell] = row["printed"]
        assert held == {report: truth[report] for report in held}


def test_traps_are_left_alone(overcome: Run) -> None:
    asked = [(request.portal, request.path) for request in overcome.province.log]
    assert not [path for portal, path in asked if portal == "calendar" and path.startswith("/rl/")]
    assert not [path for portal, path in asked if path.startswith("/zt/")]
    assert sum(portal == "session_numbers" for portal, _ in asked) < 20
