"""Crawls of the sample province in child processes, and readings of what they leave."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.province.server import Province

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("mudanjiang", "aimin", "dongfeng", "development")
"""Portals of the sample that a test can crawl many times."""
STEADY = (
    "divisions",
    "agencies",
    "agency_names",
    "portals",
    "documents",
    "reports",
    "report_sources",
    "report_versions",
    "sections",
    "figures",
    "checks",
    "claims",
)
"""Tables that a second identical crawl and a re-extraction leave as they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child process ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """A folder with a registry, a database and an archive, and the crawl that filled them."""

    folder: Path
    province: Province
    outcome: Outcome

    @property
    def database(self) -> Path:
        return self.folder / "nianbao.db"

    def copy(self, folder: Path) -> Harvest:
        """The same results in another folder, for a test that goes on from them."""
        folder.mkdir(exist_ok=True)
        for name in ("nianbao.db", "archive.db", "portals.toml"):
            shutil.copy(self.folder / name, folder / name)
        return Harvest(folder, self.province, self.outcome)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return rows(self.database, sql, *values)


def rows(database: Path, sql: str, *values: object) -> list[dict[str, Any]]:
    """Result of a query, without writing to the database."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]
    finally:
        connection.close()


def steady(database: Path) -> dict[str, list[tuple[str, ...]]]:
    """Contents of the steady tables, in an order of their own, without `last_seen_at`."""
    return {
        table: sorted(
            tuple(f"{key}={value!r}" for key, value in row.items() if key != "last_seen_at")
            for row in rows(database, f"SELECT * FROM {table}")
        )
        for table in STEADY
    }


def plain_environment() -> dict[str, str]:
    """The environment without settings of the project."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NIANBAO_")}


def scrapy(*arguments: str, cwd: Path = ROOT, seconds: float = 120) -> Outcome:
    """Runs a scrapy command as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=cwd,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def storage_settings(folder: Path) -> list[str]:
    """Options that keep a command's database and archive in `folder`."""
    return ["-s", f"DATABASE={folder / 'nianbao.db'}", "-s", f"ARCHIVE={folder / 'archive.db'}"]


def crawl(folder: Path, province: Province, *arguments: str) -> Outcome:
    """Crawls the sample into `folder`; `arguments` are further ones of `scrapy crawl heilongjiang`."""
    registry = folder / "portals.toml"
    if not registry.exists():
        registry.write_text(province.registry(), encoding="utf-8")
    return scrapy(
        "crawl", "heilongjiang", "-a", f"registry={registry}", *arguments, *storage_settings(folder),
        "-s", "ALLOW_PRIVATE_HOSTS=true",
    )  # fmt: skip


def reports_held(database: Path) -> set[tuple[str, int]]:
    """Agency and year of every report of a database."""
    return {(row["agency"], row["year"]) for row in rows(database, "SELECT agency, year FROM reports")}


def one_line(text: str) -> str:
    """The only line of an error; fails the test where there are more, or a traceback."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


def expected_reports(portals: Sequence[str] = (), years: Sequence[int] = ()) -> set[tuple[str, int]]:
    """Agency and year of the sample reports on some portals (all where none is named), scans left out."""
    from tests.province import reports

    places = [
        (report.agency, report.year, place.portal)
        for report in reports.load()
        for place in report.place
        if report.shown != "scan"
    ]
    return {
        (agency, year)
        for agency, year, portal in places
        if (not portals or portal in portals) and (not years or year in years)
    }
