"""The cost of the whole as ratios to what is physically needed, floor and ours interleaved in one run.

Owns the measures and their rows; the floors stand in `benchmarks.floors`, the targets in `targets.toml`.
Times of reading and storing are processor time of the one process that does them; a crawl's are wall time
from its first request to its last answer, as it waits for the disk, with the processor time in the remark.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
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
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from benchmarks import floors, formats, growth, queued
from benchmarks.markup import as_word_packs, as_word_writes, text_size
from benchmarks.sample import fetched
from benchmarks.timing import interleaved, processor, progress
from crawler import settings
from crawler.commands.reextract import TOGETHER
from crawler.items import Publication
from pipelines.extract import extractor_version, read_document, read_publication
from pipelines.forms.skeleton import forget
from pipelines.pool import ReadingPool
from pipelines.records import FinishedReading
from storage import search
from storage.database import gather, open_database, settle, undo_in
from storage.kept import readied
from storage.reports import store_together
from tests.pipelines.every_format import every_format
from tests.province.server import Province

ROOT = Path(__file__).resolve().parents[1]
_TARGETS = Path(__file__).with_name("targets.toml")
_LAST = Path(__file__).with_name("last.json")
_REPORTS = 4
"""Reports in every format; those that add up are timed."""
_KEYS = {"row", "most", "least", "aim"}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row of the table. `value` is the median of the rounds, `low` and `high` their spread.

    `floor` and `ours` are what was divided, in `unit`; None where there is no floor. `last` is the value of
    the last release; None where it had no such row.
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
    aim: float | None
    state: str
    remark: str = ""
    last: float | None = None
    speed: bool = False

    def as_json(self) -> dict[str, object]:
        """The row as JSON shows it."""
        return asdict(self)

    def __str__(self) -> str:
        wide = sum(ord(char) > 0x2E80 for char in self.row)
        spread = f"{self.low:.2f} to {self.high:.2f}" if self.rounds > 1 else ""
        floor = "" if self.floor is None else f"{self.floor:.2f}"
        target, aim = ("" if bound is None else f"{bound:g}" for bound in (self.target, self.aim))
        last = "" if self.last is None else f"{self.last:.2f}"
        slower = "slower than the last release; " if self.is_slower() else ""
        return (
            f"{self.row:<{44 - wide}} {self.value:>8.2f} {spread:>16} {last:>8} {self.ours:>9.2f} {floor:>9}"
            f" {self.unit:<10} {target:>7} {aim:>5}  {self.state:<8} {slower}{self.remark}"
        ).rstrip()

    def is_slower(self) -> bool:
        """Whether even the best round, or the one value that there is, is a tenth worse than what the last
        release had in the middle. Times without a floor depend on the machine: they are never said to be.
        """
        if self.last is None or (self.floor is None and self.unit in _TIMES):
            return False
        if self.speed:
            return self.high < self.last / _WORSE
        return self.low > self.last * _WORSE


_WORSE = 1.1
_TIMES = {"ms", "s"}

HEAD = (
    f"{'what':<44} {'ratio':>8} {'spread':>16} {'last':>8} {'ours':>9} {'floor':>9} {'unit':<10}"
    f" {'target':>7} {'aim':>5}  state"
)


class Target(NamedTuple):
    """What a row is to reach: `bound`, which decides, is the most, or with `least` the least that will do;
    None where the row is printed alone. `aim` is for information.
    """

    bound: float | None
    least: bool
    aim: float | None


_NO_TARGET = Target(None, least=False, aim=None)


def targets(text: str) -> dict[str, Target]:
    """The targets of targets.toml by their rows."""
    found: dict[str, Target] = {}
    for given in tomllib.loads(text).get("ratio", ()):
        if not set(given) <= _KEYS or "row" not in given or len(given) < 2 or {"most", "least"} <= set(given):
            raise SystemExit(f"{_TARGETS.name}: ratio {given}: needs row, and either most or least, or aim")
        bound = given.get("least", given.get("most"))
        found[given["row"]] = Target(bound, "least" in given, given.get("aim"))
    return found


def state(value: float, target: Target) -> str:
    """OK or SHORT; what has no bound is printed alone."""
    if target.bound is None:
        return "printed"
    return "OK" if (value >= target.bound if target.least else value <= target.bound) else "SHORT"


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
    target = targets(_TARGETS.read_text(encoding="utf-8")).get(row, _NO_TARGET)
    return Ratio(
        row, value, min(values), max(values), unit, statistics.median(ours),
        statistics.median(floor) if floor else None, len(values), target.bound, target.aim,
        state(value, target), remark, last_release().get(row), speed,
    )  # fmt: skip


@cache
def last_release() -> dict[str, float]:
    """What each row was when the last release was measured (`--keep`)."""
    found: dict[str, float] = json.loads(_LAST.read_text(encoding="utf-8")) if _LAST.exists() else {}
    return found


def keep(rows: Iterable[Ratio]) -> None:
    """Makes the rows those of the last release; rows that were not measured stay as they were."""
    kept = last_release() | {row.row: round(row.value, 2) for row in rows}
    _LAST.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


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
    pages = [
        as_word_writes(one.body)
        for one in samples
        if one.name == "HTML" and one.layout.startswith("pasted from Word")
    ]
    # As in the processes that read: what was there before is nobody's work.
    gc.collect()
    gc.freeze()
    size = sum(map(len, pages)) / len(pages) / 1000
    yield _against("HTML report to record", pages, floors.html, rounds, f"{len(pages)} of {size:.0f} kB")
    ruled = [one.body for one in samples if one.name == "PDF" and one.layout.startswith("ruled")]
    yield _against("ruled PDF to record", ruled, floors.pdf, rounds, f"{len(ruled)} documents")
    bare = [one.body for one in samples if one.name == "DOCX"]
    dressed = [as_word_packs(body) for body in bare]
    for row, bodies in (("DOCX to record", dressed), ("DOCX without layout to record", bare)):
        size = sum(map(text_size, bodies)) / len(bodies) / 1000
        remark = f"{len(bodies)} documents, text's part {size:.0f} kB"
        yield _against(row, bodies, floors.docx, rounds, remark)
    yield from _by_themselves(
        {
            name: [one.body for one in samples if one.name == name and "kept" not in one.layout]
            for name in ("DOC", "XLSX")
        },
        rounds,
    )
    with tempfile.TemporaryDirectory() as name:
        _, _, publications = fetched(Path(name))
    yield _two_processes(publications, rounds)


_WITHOUT_FLOOR = 5
"""Rounds for each of the others: with no floor beside it slow seconds of the machine must be few of many."""


def _by_themselves(kinds: Mapping[str, Sequence[bytes]], rounds: int) -> Iterator[Ratio]:
    """Documents whose time is held against no floor, kinds in turn; none of a kind that cannot be made."""
    times: dict[str, list[float]] = {name: [] for name, bodies in kinds.items() if bodies}
    for number in range(rounds * _WITHOUT_FLOOR + 1):
        for name, kept in times.items():
            took = processor(partial(_all_read, kinds[name]))
            if number:
                kept.append(took)
    for name, kept in times.items():
        count = len(kinds[name])
        yield _row(f"{name} to record", "ms", _per(kept, count), remark=f"{count} documents")


def _all_read(bodies: Sequence[bytes]) -> object:
    """Read as by a process that begins: of a table that looks like one before it less need be found out, and
    what every round reads again would all look alike.
    """
    forget()
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


def _two_processes(pages: Sequence[Publication], rounds: int) -> Ratio:
    """Pages as a crawl hands them over, read and made ready to be stored. Wall time: what a second process is
    good for is the clock's business.
    """

    def taken(pool: ReadingPool) -> float:
        began = time.perf_counter()
        for page, futures in [(page, pool.submit_finished(page, readied)) for page in pages]:
            pool.collected_finished(page, readied, futures)
        return time.perf_counter() - began

    preload = [readied.__module__]
    with ReadingPool(1, ocr=False, preload=preload) as one, ReadingPool(2, ocr=False, preload=preload) as two:
        times = interleaved(lambda: taken(two), lambda: taken(one), rounds)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    double, single = (_per(found, len(pages)) for found in times)
    return _row("two processes reading, against one", "ms", double, single, speed=True, remark=load)


# Storing ----------------------------------------------------------------------------------------


def storing(rounds: int) -> Iterator[Ratio]:
    """Each publication whole or not at all, copies and versions compared, so many of them written together as
    when an archive is read again, from what the process that read it hands over, unpacked; against the same
    rows into the same tables in one transaction. What is done for it where documents are read stands beside.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, crawl_id, publications = fetched(folder)
        readings = [read_publication(publication) for publication in publications]

        def made_ready() -> list[tuple[Publication, bytes]]:
            return [
                (one.publication, pickle.dumps(readied(one), pickle.HIGHEST_PROTOCOL)) for one in readings
            ]

        handed = made_ready()

        def taken(file: str, work: Callable[[Database], object], *, keys: bool) -> float:
            db = open_database(Path(shutil.copy(base, folder / file)))
            if not keys:
                db.conn.execute("PRAGMA foreign_keys = OFF")
            took = processor(lambda: work(db))
            db.close()
            return took

        def ours() -> float:
            return taken("ours.db", lambda db: _store_all(db, handed, crawl_id), keys=True)

        ours()
        rows = new_rows(base, folder / "ours.db")
        records = _packed_records(folder / "ours.db")
        bare, bound = (
            partial(taken, "bare.db", lambda db: floors.rows(db, rows), keys=keys) for keys in (False, True)
        )
        times = interleaved(ours, bare, rounds)
        times_bound = interleaved(ours, bound, rounds)
        ready = [processor(made_ready) for _ in range(rounds)]
    total = sum(map(len, rows.values()))
    remark = f"{total} rows of {len(readings)} publications"
    for row, found in (("writing records", times), ("the same, foreign keys on both sides", times_bound)):
        mine, floor = (_per(one, len(readings)) for one in found)
        yield _row(row, "ms", mine, floor, remark=remark)
    size = sum(len(packed) for _, packed in handed) / len(handed) / 1000
    yield _row(
        "record readied, where it is read",
        "ms",
        _per(ready, len(readings)),
        remark=f"{size:.0f} kB handed over",
    )
    yield _row("records kept of copies and versions", "kB/report", [records], remark="in no other row")


def _packed_records(path: Path) -> float:
    """Kilobytes a report of the records that are kept of copies and versions, which no invented database
    has: so that none need be fetched again when another copy is shown.
    """
    db = Database(path)
    (reports,) = db.execute("SELECT count(*) FROM reports").fetchone()
    held = [
        db.execute(f"SELECT coalesce(sum(length(record)), 0) FROM {table}").fetchone()[0]
        for table in ("copies", "source_versions")
    ]
    db.close()
    return sum(held) / reports / 1000


def _store_all(db: Database, handed: Sequence[tuple[Publication, bytes]], crawl_id: int) -> None:
    version = extractor_version()
    undo_in(db, "MEMORY")
    for start in range(0, len(handed), TOGETHER):
        gather(db)
        batch = [
            FinishedReading(publication=one, finished=pickle.loads(packed), extractor_version=version)
            for one, packed in handed[start : start + TOGETHER]
        ]
        for stored in store_together(db, [(reading, None) for reading in batch], crawl_id):
            if isinstance(stored, Exception):
                raise stored
        settle(db)


def new_rows(before: Path, after: Path) -> dict[str, list[tuple[object, ...]]]:
    """Rows that `after` holds and `before` does not, by the table into which they go, and how."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    db, old = Database(after), Database(before)
    for table in db.tables:
        if table.name.startswith(("sqlite_", "search_index")):
            continue
        known = set(old.execute(f"SELECT * FROM [{table.name}]").fetchall())
        every = db.execute(f"SELECT * FROM [{table.name}]").fetchall()
        new = [row for row in every if row not in known]
        if new:
            # Only where there are some may a row take another's place: to look for one is work.
            how = "INTO" if len(known) + len(new) == len(every) else "OR REPLACE INTO"
            rows[f"{how} {table.name}"] = new
    indexed = [str(report_id) for _, report_id in rows["INTO search_reports"]]
    rows["INTO search_index(rowid, terms)"] = [tuple(line) for line in search.lines(db.conn, indexed)]
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
            progress(f"round {number + 1} of {rounds}")
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
        # Scrapy begins so many tasks for every answer: with its default of 100 the floor would be slower.
        "-s", f"CONCURRENT_ITEMS={settings.CONCURRENT_ITEMS}",
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
    """Size of an invented database, without and with what is found by looking at all reports together, and
    what it takes to build it and to look over it.
    """
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "synthetic.db"
        db, taken = growth.built(path, reports)
        bare = growth.sizes(db, path)
        taken |= growth.over_all(db)
        whole = growth.sizes(db, path)
        db.close()
    yield size_row(*bare)
    yield size_row(*whole, findings=True)
    for part, (seconds, of_one_core) in taken.items():
        yield _row(f"{bare[0]} reports: {part}", "s", [seconds], remark=f"{of_one_core:.1f} s of one core")


def size_row(reports: int, numbers: int, packed: int, size: int, *, findings: bool = False) -> Ratio:
    """The bytes of a database against its numbers at eight bytes each and its texts packed as one.

    With `findings` it holds coverage, checks across reports, measures and summaries as well.
    """
    return _row(
        "the same with findings" if findings else "database, against numbers and packed text",
        "kB/report", [size / reports / 1000],
        [(8 * numbers + packed) / reports / 1000],
        remark=f"{reports} reports, {numbers} numbers, {packed / 1e6:.1f} MB of packed text",
    )  # fmt: skip


def accuracy(found: Sequence[formats.Row]) -> Iterator[Ratio]:
    """The formats summed up: figures that nobody said were wrong or not told, and rows short of a target."""
    figures = sum(row.outcome.figures for row in found)
    faults = sum(
        len(row.outcome.wrong) + len(row.outcome.silent) + len(row.outcome.misnamed) for row in found
    )
    documents = sum(row.documents for row in found)
    remark = f"of {figures} in {documents} documents, {len(found)} formats and layouts"
    yield _row("figures wrong or missing, and unsaid", "figures", [faults], remark=remark)
    short = [f"{row.name} {row.layout}" for row in found if row.state == "SHORT"]
    yield _row("formats short of a target of theirs", "rows", [len(short)], remark="; ".join(short))


MEASURES: tuple[tuple[str, Callable[[Any], Iterator[Ratio]]], ...] = (
    ("reading", lambda given: reading(given.rounds, given.seed)),
    ("storing", lambda given: storing(given.rounds)),
    ("crawling", lambda given: crawling(given.rounds)),
    ("memory", lambda _given: memory()),
    ("database", lambda given: database(given.database_reports)),
)
