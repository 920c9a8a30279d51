"""`make bench-full`: everything over as many reports as a country publishes, and over a tenth of them.

`python -m benchmarks.full [--database FILE] [--reports 85000] [--small 8500] [--rounds 9] [--no-refresh]`
builds a synthetic database of each size with chapters and search index (or takes FILE for the large one,
whose index and findings it makes anew), times how long building, index and findings take, starts
`scrapy browse` on it, plainly and with --immutable, and asks for every kind of page. A time is that of the
whole answer over loopback: what the server costs, and a little more. One visit a page comes first and is
shown on its own; then the rounds go through all pages in turn, so that a machine that slows down slows all
of them. At the end stands how many times what took over the small size everything took over the large one.

Exit code 1 where something took longer than its target, grew faster than the reports, failed or is not
there.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from datasette.utils import tilde_encode
from sqlite_utils import Database

from benchmarks import growth
from benchmarks.chapters import RARE
from benchmarks.ratios import HEAD as RATIO_HEAD
from benchmarks.ratios import Ratio, size_row
from benchmarks.timing import progress
from storage.database import checkpoint, open_database
from storage.site import DATABASE
from storage.site.server import descriptions

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
PATIENCE = 120
"""Seconds that the server has to start, and that an answer may take."""

FINDINGS_LIMIT = 120
"""Seconds for all of them together."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to ask for: what it is, its address, and the milliseconds that it may take."""

    kind: str
    path: str
    target: int


@dataclass(slots=True)
class Visits:
    """Milliseconds of the visits to a page, the first apart; `status` is that of the last answer."""

    page: Page
    status: int = 0
    size: int = 0
    first: float = 0
    times: list[float] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """OK, SHORT of the target, absent, or FAILED with the status."""
        if self.status == http.client.NOT_FOUND:
            return "absent"
        if self.status != http.client.OK:
            return f"FAILED {self.status}"
        return "OK" if statistics.median(self.times) <= self.page.target else "SHORT"

    def as_json(self) -> dict[str, object]:
        """The page, median and worst of the rounds in milliseconds, and the verdict."""
        return {
            **asdict(self.page),
            "status": self.status,
            "kilobytes": round(self.size / 1000, 1),
            "first_ms": round(self.first, 1),
            "median_ms": round(statistics.median(self.times), 1),
            "worst_ms": round(max(self.times), 1),
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        name = self.page.kind
        wide = sum(ord(char) > 0x2E80 for char in name)
        if self.verdict == "absent":
            return f"{name:<{40 - wide}} {'':>8} {'':>8} {'':>8} {self.page.target:>8}  absent"
        return (
            f"{name:<{40 - wide}} {statistics.median(self.times):>8.0f} {max(self.times):>8.0f}"
            f" {self.first:>8.0f} {self.page.target:>8}  {self.verdict}"
        )


HEAD = f"{'ms of the whole answer':<40} {'median':>8} {'worst':>8} {'first':>8} {'target':>8}"


def pages(db: Database) -> Iterator[Page]:
    """Every kind of page, of the database's largest divisions, bodies and reports."""
    yield Page("home", "/", 100)
    for kind, code in _divisions(db):
        yield Page(f"division: {kind}", f"/-/division/{code}", 100)
    for kind, agency, report in _bodies(db):
        yield Page(f"agency: {kind}", f"/-/agency/{quote(agency)}", 100)
        yield Page(f"report: {kind}", f"/{DATABASE}/reports/{tilde_encode(report)}", 100)
    for kind, words in (
        ("common word", "公开"),
        ("rare word", RARE[0]),
        ("one character", "水"),
        ("long phrase", "政府信息公开工作年度报告"),
        ("nothing found", "魑魅魍魉"),
    ):
        yield Page(f"search: {kind} {words}", f"/-/search?{urlencode({'q': words})}", 300)
    yield Page("database", f"/{DATABASE}", 300)
    yield from _questions(next((code for kind, code in _divisions(db) if kind == "province"), ""))


def _questions(province: str) -> Iterator[Page]:
    """Each canned query as it opens, and narrowed to a province and a year where it can be."""
    for name, query in sorted(descriptions()["queries"].items()):
        yield Page(f"question: {name}", f"/{DATABASE}/{name}", 1000)
        given = {"division": province, "year": "2022"}
        narrowed = {key: value for key, value in given.items() if f":{key}" in query["sql"]}
        if narrowed:
            words = " ".join(narrowed)
            yield Page(f"  {name}, {words}", f"/{DATABASE}/{name}?{urlencode(narrowed)}", 1000)


def _divisions(db: Database) -> Iterator[tuple[str, str]]:
    """Of each rank the division with the most reports, those below it among them."""
    for kind, is_province, is_city in (("province", 1, 1), ("city", 0, 1), ("county", 0, 0)):
        row = db.execute(
            """
            SELECT division_code FROM division_years WHERE reach = 'area' AND division_code IS NOT NULL
                AND (division_code LIKE '__0000') = ? AND (division_code LIKE '____00') = ?
            GROUP BY division_code ORDER BY sum(reports) DESC, division_code LIMIT 1
            """,
            (is_province, is_city),
        ).fetchone()
        if row:
            yield kind, row[0]


def _bodies(db: Database) -> Iterator[tuple[str, str, str]]:
    for kind, wanted in (
        ("department", "agency_type = 'department'"),
        ("province's government", "agency_type = 'government' AND level = 'province'"),
    ):
        row = db.execute(
            f"SELECT agency_id, max(id) FROM reports WHERE {wanted}"
            " GROUP BY agency_id ORDER BY count(*) DESC, sum(checks_failed) DESC, agency_id LIMIT 1"
        ).fetchone()
        if row:
            yield kind, row[0], row[1]


@contextmanager
def served(database: Path, *, immutable: bool) -> Iterator[int]:
    """The port at which `scrapy browse` shows the database. Raises SystemExit where it does not start."""
    with socket.socket() as chosen:
        chosen.bind((HOST, 0))
        port = chosen.getsockname()[1]
    command = [sys.executable, "-m", "scrapy", "browse", "--port", str(port), "-s", f"DATABASE={database}"]
    if immutable:
        command.append("--immutable")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        try:
            _wait_for(process, port)
            yield port
        except ConnectionError as error:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise SystemExit(f"scrapy browse: {error}\n{text}") from None
        finally:
            process.terminate()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ConnectionError(f"ended with {process.returncode}")
        with socket.socket() as trial:
            if trial.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise ConnectionError(f"did not answer within {PATIENCE} s")


def visited(port: int, wanted: Sequence[Page], rounds: int) -> list[Visits]:
    """Every page once, then `rounds` times in turn, over one connection as a browser has it."""
    visits = [Visits(page) for page in wanted]
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    for visit in visits:
        visit.first = _visit(connection, visit)
    for _ in range(rounds):
        for visit in visits:
            visit.times.append(_visit(connection, visit))
    connection.close()
    return visits


def _visit(connection: http.client.HTTPConnection, visit: Visits) -> float:
    began = time.perf_counter()
    connection.request("GET", visit.page.path, headers={"Accept-Language": "zh"})
    answer = connection.getresponse()
    visit.size = len(answer.read())
    visit.status = answer.status
    return 1000 * (time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured over one database."""

    reports: int
    bodies: int
    taken: growth.Times
    visits: Mapping[str, Sequence[Visits]]
    """By how it was served: `plain`, `immutable`."""
    ratio: Ratio

    @property
    def findings(self) -> float:
        """Seconds of the clock that all findings took together."""
        return sum(self.taken[name][0] for name in growth.FINDINGS if name in self.taken)

    def as_json(self) -> dict[str, object]:
        """The numbers, times rounded to tenths of seconds."""
        return {
            "reports": self.reports,
            "bodies": self.bodies,
            "database": self.ratio.as_json(),
            "seconds": {name: [round(one, 1) for one in taken] for name, taken in self.taken.items()},
            "pages": {name: [visit.as_json() for visit in visits] for name, visits in self.visits.items()},
        }


@dataclass(frozen=True, slots=True)
class Growth:
    """A part or a page over both sizes, in `unit`; `limit` is how many times the small one's it may take."""

    what: str
    small: float
    large: float
    unit: str
    limit: float

    @property
    def verdict(self) -> str:
        """OK or SHORT."""
        return "OK" if self.large <= self.limit * self.small else "SHORT"

    def as_json(self) -> dict[str, object]:
        """The row and its verdict."""
        return {**asdict(self), "times": round(self.large / self.small, 2), "verdict": self.verdict}

    def __str__(self) -> str:
        wide = sum(ord(char) > 0x2E80 for char in self.what)
        return (
            f"{self.what:<{48 - wide}} {self.small:>9.1f} {self.large:>9.1f} {self.unit:<3}"
            f" {self.large / self.small:>7.2f} {self.limit:>7.2f}  {self.verdict}"
        )


GROWTH_HEAD = f"{'what':<48} {'small':>9} {'large':>9} {'':<3} {'times':>7} {'limit':>7}"


def grown(small: Size, large: Size) -> list[Growth]:
    """Every part that was measured over both, and every page that both answered."""
    limit = growth.MOST_TIMES / 10 * large.reports / small.reports
    found = [
        Growth(name, small.taken[name][0], taken[0], "s", limit)
        for name, taken in large.taken.items()
        if name in small.taken
    ]
    for way, visits in large.visits.items():
        other = {visit.page.kind: visit for visit in small.visits[way]}
        found += [
            Growth(f"{visit.page.kind}, {way}", _median(other[visit.page.kind]), _median(visit), "ms", limit)
            for visit in visits
            if visit.page.kind in other and visit.status == other[visit.page.kind].status == http.client.OK
        ]
    return found


def _median(visit: Visits) -> float:
    return statistics.median(visit.times)


def measured(database: Path | None, reports: int, rounds: int, *, refresh: bool) -> Size:
    """Builds a database or takes the one that is there; prints what is measured over it as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        path = database or Path(folder) / "synthetic.db"
        db, taken = (open_database(path), {}) if database else growth.built(path, reports)
        ratio = size_row(*growth.sizes(db, path), findings=database is not None)
        if refresh or not database:
            taken |= growth.over_all(db)
        count, bodies = db.execute("SELECT count(*), count(DISTINCT agency_id) FROM reports").fetchone()
        load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"\n{count} reports of {bodies} bodies; {load}", flush=True)
        for name, (seconds, of_one_core) in taken.items():
            print(f"{name}: {seconds:.1f} s, {of_one_core:.1f} s of one core", flush=True)
        wanted = list(pages(db))
        print(f"\n{RATIO_HEAD}\n{ratio}", flush=True)
        checkpoint(db)
        db.conn.close()
        visits: dict[str, list[Visits]] = {}
        for name in ("plain", "immutable"):
            progress(f"asking for {len(wanted)} pages, {name}")
            with served(path, immutable=name == "immutable") as port:
                visits[name] = visited(port, wanted, rounds)
            title = "scrapy browse" + (" --immutable" if name == "immutable" else "")
            print(f"\n{title}, {count} reports, {rounds} rounds\n{HEAD}", *visits[name], sep="\n", flush=True)
    return Size(count, bodies, taken, visits, ratio)


def main(arguments: list[str] | None = None) -> int:
    """Builds or opens, refreshes, serves, measures, prints and writes JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full", description=__doc__)
    parser.add_argument("--database", type=Path, help="one that is there (its findings are made anew)")
    parser.add_argument("--reports", type=int, default=growth.LARGE)
    parser.add_argument("--small", type=int, default=growth.SMALL, help="reports to compare with; 0: none")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-refresh", action="store_true", help="take the findings of FILE as they stand")
    parser.add_argument("--json", type=Path, default=ROOT / "data" / "bench-full.json", metavar="FILE")
    given = parser.parse_args(arguments)
    if given.database and not given.database.is_file():
        parser.error(f"--database {given.database}: there is no such file")
    small = measured(None, given.small, given.rounds, refresh=True) if given.small else None
    large = measured(given.database, given.reports, given.rounds, refresh=not given.no_refresh)
    growths = grown(small, large) if small else []
    if growths:
        print(f"\n{large.reports} reports against {small.reports if small else 0}\n{GROWTH_HEAD}")
        print(*growths, sep="\n", flush=True)
    took_too_long = large.findings > FINDINGS_LIMIT
    if large.findings:
        told_so = "SHORT" if took_too_long else "OK"
        print(f"\nfindings together: {large.findings:.1f} s, target {FINDINGS_LIMIT} s  {told_so}")
    made = {
        **large.as_json(),
        "small": small.as_json() if small else None,
        "growth": [one.as_json() for one in growths],
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    visits = [visit for found in large.visits.values() for visit in found]
    short = [visit for visit in visits if visit.verdict != "OK"]
    grew = [one for one in growths if one.verdict != "OK"]
    print(f"{len(short)} of {len(visits)} pages short of the target, absent or failed")
    print(f"{len(grew)} of {len(growths)} grew faster than the reports; database {large.ratio.state}")
    return int(bool(short or grew) or took_too_long or large.ratio.state == "SHORT")


if __name__ == "__main__":
    sys.exit(main())
