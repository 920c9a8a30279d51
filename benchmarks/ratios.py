"""The cost of the whole as ratios to what is physically needed, floor and ours interleaved in one run.

Owns the measures and their rows; the floors stand in `benchmarks.floors`, the targets in `targets.toml`.
Times of reading and storing are processor time of the one process that does them; a crawl's are wall time
from its first request to its last answer, as it waits for the disk, with the processor time in the remark.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import zstandard
from sqlite_utils import Database

from benchmarks import floors, queued
from benchmarks.sample import fetched, report_pages
from benchmarks.synthetic import build
from benchmarks.timing import interleaved, processor
from pipelines.extract import read_document, read_publication
from pipelines.pool import ReadingPool
from storage import arithmetic, coverage, crosschecks, measures, search
from storage.database import open_database
from storage.reports import store
from tests.pipelines.every_format import every_format
from tests.province.server import Province

ROOT = Path(__file__).resolve().parents[1]
_TARGETS = Path(__file__).with_name("targets.toml")
_REPORTS = 4
"""Reports in every format; those that add up are timed."""
_KEYS = {"row", "most", "least"}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row of the table. `value` is the median of the rounds, `low` and `high` their spread.

    `floor` and `ours` are what was divided, in `unit`; None where there is no floor.
    """

    row: str
    value: float
    low: float
    high: float
    unit: str
    ours: float
    floor: float | None
    rounds: int
    target: float | None
    state: str
    remark: str = ""

    def as_json(self) -> dict[str, object]:
        """The row as JSON shows it."""
        return asdict(self)

    def __str__(self) -> str:
        wide = sum(ord(char) > 0x2E80 for char in self.row)
        spread = f"{self.low:.2f} to {self.high:.2f}" if self.rounds > 1 else ""
        floor = "" if self.floor is None else f"{self.floor:.2f}"
        target = "" if self.target is None else f"{self.target:g}"
        return (
            f"{self.row:<{44 - wide}} {self.value:>8.2f} {spread:>16} {self.ours:>9.2f} {floor:>9}"
            f" {self.unit:<10} {target:>7}  {self.state:<8} {self.remark}"
        ).rstrip()


HEAD = f"{'what':<44} {'ratio':>8} {'spread':>16} {'ours':>9} {'floor':>9} {'unit':<10} {'target':>7}  state"


def targets(text: str) -> dict[str, tuple[float, bool]]:
    """Of each row of targets.toml the bound, and whether it is the least that will do."""
    found: dict[str, tuple[float, bool]] = {}
    for target in tomllib.loads(text).get("ratio", ()):
        if not set(target) <= _KEYS or "row" not in target or len(target) != 2:
            raise SystemExit(f"{_TARGETS.name}: ratio {target}: needs row, and either most or least")
        found[target["row"]] = (target.get("least", target.get("most")), "least" in target)
    return found


def state(row: str, value: float, bounds: Mapping[str, tuple[float, bool]]) -> tuple[float | None, str]:
    """The row's target, and OK or SHORT; what has no target is printed alone."""
    if row not in bounds:
        return None, "printed"
    bound, least = bounds[row]
    return bound, "OK" if (value >= bound if least else value <= bound) else "SHORT"


def _row(
    row: str,
    unit: str,
    ours: Sequence[float],
    floor: Sequence[float] = (),
    *,
    speed: bool = False,
    remark: str = "",
) -> Ratio:
    """The ratios of the rounds; with `speed` the floor's time over ours, as of pages a second."""
    if floor:
        pairs = zip(ours, floor, strict=True)
        values = [b / a if speed else a / b for a, b in pairs]
    else:
        values = list(ours)
    value = statistics.median(values)
    bound, said = state(row, value, targets(_TARGETS.read_text(encoding="utf-8")))
    return Ratio(
        row, value, min(values), max(values), unit, statistics.median(ours),
        statistics.median(floor) if floor else None, len(values), bound, said, remark,
    )  # fmt: skip


def _per(times: Iterable[float], pieces: int) -> list[float]:
    return [1000 * one / pieces for one in times]


# Reading ----------------------------------------------------------------------------------------


def reading(rounds: int, seed: int) -> Iterator[Ratio]:
    """HTML, ruled PDF and DOCX to record; two processes beside one."""
    # Where no sum holds the search for the figure at fault takes longer than the reading.
    samples = [
        sample
        for number in range(_REPORTS)
        for sample in every_format(seed + number, scans=False)
        if all(told.mode != "distinct" for told in sample.told.values())
    ]
    pages = [one.body for one in samples if one.name == "HTML" and one.layout.startswith("pasted from Word")]
    size = sum(map(len, pages)) / len(pages) / 1000
    yield _against("HTML report to record", pages, floors.html, rounds, f"{len(pages)} of {size:.0f} kB")
    for row, name, layout, floor in (
        ("ruled PDF to record", "PDF", "ruled", floors.pdf),
        ("DOCX to record", "DOCX", "", floors.docx),
    ):
        bodies = [one.body for one in samples if one.name == name and one.layout.startswith(layout)]
        yield _against(row, bodies, floor, rounds, f"{len(bodies)} documents")
    for name in ("DOC", "XLSX"):
        bodies = [one.body for one in samples if one.name == name and "kept" not in one.layout]
        if bodies:
            times = [processor(partial(_all_read, bodies)) for _ in range(rounds)]
            yield _row(f"{name} to record", "ms", _per(times, len(bodies)), remark=f"{len(bodies)} documents")
    yield _two_processes([page.body for page in report_pages()], rounds)


def _all_read(bodies: Sequence[bytes]) -> object:
    return [read_document(body) for body in bodies]


def _against(
    row: str, bodies: Sequence[bytes], floor: Callable[[bytes], object], rounds: int, remark: str
) -> Ratio:
    ours, bare = interleaved(
        lambda: processor(lambda: _all_read(bodies)),
        lambda: processor(lambda: [floor(body) for body in bodies]),
        rounds,
    )
    return _row(row, "ms", _per(ours, len(bodies)), _per(bare, len(bodies)), remark=remark)


def _two_processes(pages: Sequence[bytes], rounds: int) -> Ratio:
    """Wall time: what a second process is good for is the clock's business."""

    def taken(pool: ReadingPool) -> float:
        began = time.perf_counter()
        for found in [pool.submit_file(body) for body in pages]:
            found.result()
        return time.perf_counter() - began

    with ReadingPool(1, ocr=False) as one, ReadingPool(2, ocr=False) as two:
        times = interleaved(lambda: taken(two), lambda: taken(one), rounds)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    double, single = (_per(found, len(pages)) for found in times)
    return _row("two processes reading, against one", "ms", double, single, speed=True, remark=load)


# Storing ----------------------------------------------------------------------------------------


def storing(rounds: int) -> Iterator[Ratio]:
    """A transaction a publication, copies and versions compared, against the same rows in one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, crawl_id, publications = fetched(folder)
        readings = [read_publication(publication) for publication in publications]

        def taken(file: str, work: Callable[[Database], object], *, keys: bool) -> float:
            db = open_database(Path(shutil.copy(base, folder / file)))
            if not keys:
                db.conn.execute("PRAGMA foreign_keys = OFF")
            took = processor(lambda: work(db))
            db.close()
            return took

        def ours() -> float:
            return taken("ours.db", lambda db: [store(db, one, crawl_id) for one in readings], keys=True)

        ours()
        rows = new_rows(base, folder / "ours.db")
        times = interleaved(
            ours, lambda: taken("bare.db", lambda db: floors.rows(db, rows), keys=False), rounds
        )
    total = sum(map(len, rows.values()))
    mine, bare = (_per(found, len(readings)) for found in times)
    yield _row("writing records", "ms", mine, bare, remark=f"{total} rows of {len(readings)} publications")


def new_rows(before: Path, after: Path) -> dict[str, list[tuple[object, ...]]]:
    """Rows of every table that `after` holds and `before` does not."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    db, old = Database(after), Database(before)
    for table in db.tables:
        if table.name.startswith(("sqlite_", "search_index")):
            continue
        known = set(old.execute(f"SELECT * FROM [{table.name}]").fetchall())
        new = [row for row in db.execute(f"SELECT * FROM [{table.name}]").fetchall() if row not in known]
        if new:
            rows[table.name] = new
    indexed = [str(report_id) for _, report_id in rows["search_reports"]]
    rows["search_index(rowid, terms)"] = [tuple(line) for line in search.lines(db.conn, indexed)]
    db.close()
    old.close()
    return rows


# Crawling ---------------------------------------------------------------------------------------


def crawling(rounds: int) -> Iterator[Ratio]:
    """The sample server's pages a second against bare Scrapy's; a second crawl; start-up; memory."""
    with tempfile.TemporaryDirectory() as name, Province(prefer=False) as province:
        folder = Path(name)
        bare = folder / "bare"
        _bare_project(bare)
        (folder / "portals.toml").write_text(province.registry(), encoding="utf-8")
        _crawl(folder, keep_only=True)
        addresses = [
            (province.addresses[request.portal].rstrip("/") + request.path, None) for request in province.log
        ]
        (bare / "addresses.json").write_text(json.dumps(addresses), encoding="utf-8")
        found: dict[str, list[Mapping[str, float]]] = {"keep": [], "read": [], "bare": []}
        ways: dict[str, Callable[[], Mapping[str, float]]] = {
            "keep": lambda: _crawl(folder, keep_only=True),
            "read": lambda: _crawl(folder, keep_only=False),
            "bare": lambda: _bare(bare),
        }
        for number in range(rounds):
            for way in ways if number % 2 == 0 else reversed(ways):
                found[way].append(ways[way]())
        wall, cpu = ({way: [one[key] / one["pages"] for one in runs] for way, runs in found.items()}
                     for key in ("wall", "cpu"))  # fmt: skip
        for row, way in (("crawl with archive and ledger", "keep"), ("crawl with reading", "read")):
            ours, floor = (statistics.median(cpu[one]) * 1000 for one in (way, "bare"))
            remark = f"{len(addresses)} pages; processor {ours:.1f} and {floor:.1f} ms a page"
            yield _row(row, "ms a page", _per(wall[way], 1), _per(wall["bare"], 1), speed=True, remark=remark)
        yield _again(folder)
        yield _start_up(bare, rounds)


def _crawl(folder: Path, *, keep_only: bool, again: bool = False) -> Mapping[str, float]:
    for file in () if again else folder.glob("*.db*"):
        file.unlink()
    return _timed(
        ROOT, folder / "ours.json", "crawl", "heilongjiang", "-a", f"registry={folder / 'portals.toml'}",
        "-s", f"DATABASE={folder / 'n.db'}", "-s", f"ARCHIVE={folder / 'a.db'}",
        "-s", "ALLOW_PRIVATE_HOSTS=true", "-s", "AUTOTHROTTLE_ENABLED=false", "-s", "DOWNLOAD_DELAY=0",
        "-s", f"BENCH_KEEP_ONLY={keep_only}",
    )  # fmt: skip


def _bare(project: Path) -> Mapping[str, float]:
    return _timed(
        project, project / "bare.json", "runspider", str(ROOT / "benchmarks" / "bare_spider.py"),
        "-a", f"addresses={project / 'addresses.json'}", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1",
        "-s", "CONCURRENT_REQUESTS=64", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_ENABLED=false",
    )  # fmt: skip


def _timed(cwd: Path, result: Path, *arguments: str) -> Mapping[str, float]:
    """What the stopwatch within a crawl found."""
    result.unlink(missing_ok=True)
    add_on = json.dumps({"benchmarks.stopwatch.Addon": 0})
    done = _scrapy(cwd, *arguments, "-s", f"ADDONS={add_on}", "-s", f"BENCH_RESULT={result}")
    if not result.exists():
        raise SystemExit(f"scrapy {arguments[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(result.read_text(encoding="utf-8"))
    return told


def _scrapy(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _again(folder: Path) -> Ratio:
    """Articles and documents sent whole again by a crawl of a province in which nothing changed."""
    _crawl(folder, keep_only=False)
    _crawl(folder, keep_only=False, again=True)
    db = Database(folder / "n.db")
    first, second = (
        db.execute(
            "SELECT count(*) FROM fetches WHERE crawl_id = ? AND status = 200"
            " AND role IN ('article', 'attachment')",
            (run,),
        ).fetchone()[0]
        for run in (1, 2)
    )
    db.close()
    return _row("second crawl: articles and files fetched", "fetches", [second], remark=f"of {first}")


def _bare_project(folder: Path) -> None:
    """What `scrapy startproject` makes, with one spider of one line."""
    package = folder / "bare" / "spiders"
    package.mkdir(parents=True)
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = bare.settings\n", encoding="utf-8")
    for path, text in (
        (folder / "bare" / "__init__.py", ""),
        (folder / "bare" / "settings.py", 'BOT_NAME = "bare"\nSPIDER_MODULES = ["bare.spiders"]\n'),
        (package / "__init__.py", ""),
        (package / "one.py", 'import scrapy\n\n\nclass One(scrapy.Spider):\n    name = "one"\n'),
    ):
        path.write_text(text, encoding="utf-8")


def _start_up(bare: Path, rounds: int) -> Ratio:
    """Processor time of `scrapy list`."""

    def taken(cwd: Path) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _scrapy(cwd, "list").check_returncode()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    ours, floor = interleaved(lambda: taken(ROOT), lambda: taken(bare), rounds)
    return _row("scrapy list", "ms", _per(ours, 1), _per(floor, 1))


def memory() -> Iterator[Ratio]:
    """The crawl's highest memory with ten times the pages, over that with the pages."""
    few, many = queued.measured(100, 100, 120), queued.measured(1000, 1000, 240)
    remark = f"{few.articles} and {many.articles} articles"
    yield _row("memory, ten times the pages", "MB", [many.highest], [few.highest], remark=remark)


# The database -----------------------------------------------------------------------------------


def database(reports: int) -> Iterator[Ratio]:
    """Size of an invented database, and what it takes to build it and to look over it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "synthetic.db"
        began = time.perf_counter()
        db = build(path, reports)
        took = {"build": time.perf_counter() - began}
        db.execute("DELETE FROM findings_state")
        db.conn.commit()
        for part, refresh in (
            ("coverage", coverage.refresh), ("checks between reports", crosschecks.refresh),
            ("measures", measures.refresh), ("arithmetic", arithmetic.refresh),
        ):  # fmt: skip
            began = time.perf_counter()
            refresh(db)
            took[part] = time.perf_counter() - began
        (numbers,) = db.execute("SELECT count(*) FROM figures WHERE value IS NOT NULL").fetchone()
        packer = zstandard.ZstdCompressor(level=3).compressobj()
        text = sum(
            len(packer.compress(row[0].encode())) for row in db.execute("SELECT text FROM sections")
        ) + len(packer.flush())
        (count,) = db.execute("SELECT count(*) FROM reports").fetchone()
        db.execute("VACUUM")
        size = path.stat().st_size
        db.close()
    yield _row(
        "database, against numbers and packed text", "kB/report", [size / count / 1000],
        [(8 * numbers + text) / count / 1000],
        remark=f"{count} reports, {numbers} numbers, {text / 1e6:.1f} MB of packed text",
    )  # fmt: skip
    for part, seconds in took.items():
        yield _row(f"{count} reports: {part}", "s", [seconds])


MEASURES: tuple[tuple[str, Callable[[Any], Iterator[Ratio]]], ...] = (
    ("reading", lambda given: reading(given.rounds, given.seed)),
    ("storing", lambda given: storing(given.rounds)),
    ("crawling", lambda given: crawling(given.rounds)),
    ("memory", lambda _given: memory()),
    ("database", lambda given: database(given.database_reports)),
)
