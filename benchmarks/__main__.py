"""`make bench`: every format against its targets; reading, writing and crawling beside the bare tools."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import lxml.html
from sqlite_utils import Database

from benchmarks import formats
from benchmarks.sample import fetched, report_pages
from benchmarks.timing import Contest, interleaved, seconds
from pipelines.extract import read_document, read_publication
from storage.database import open_database
from storage.reports import store
from tests.province.server import Province

ROOT = Path(__file__).resolve().parents[1]


def reading(rounds: int) -> Contest:
    """From bytes to a checked report, against decoding and parsing the same bytes."""
    bodies = [page.body for page in report_pages()]

    def bare(body: bytes) -> object:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = body.decode("gb18030", "replace")
        return lxml.html.fromstring(text)

    ours, plain = interleaved(
        lambda: seconds(lambda: [read_document(body) for body in bodies]),
        lambda: seconds(lambda: [bare(body) for body in bodies]),
        rounds,
    )
    size = sum(map(len, bodies)) / len(bodies) / 1000
    return Contest(
        f"Reading HTML reports of {size:.0f} kB on average",
        "bytes to figures, chapters, identity and checks", "decode + lxml.html.fromstring",
        "pages", len(bodies), ours, plain,
    )  # fmt: skip


def writing(rounds: int) -> Contest:
    """Storing read reports one transaction each, against the same rows in one bare transaction."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, crawl_id, publications = fetched(folder)
        readings = [read_publication(publication) for publication in publications]

        def ours() -> float:
            path = shutil.copy(base, folder / "ours.db")
            db = open_database(Path(path))
            took = seconds(lambda: [store(db, reading, crawl_id) for reading in readings])
            db.close()
            return took

        ours()
        rows = _new_rows(base, folder / "ours.db")

        def bare() -> float:
            path = shutil.copy(base, folder / "bare.db")
            db = open_database(Path(path))
            db.conn.execute("PRAGMA foreign_keys = OFF")
            took = seconds(lambda: _insert(db, rows))
            db.close()
            return took

        times = interleaved(ours, bare, rounds)
    total = sum(len(values) for values in rows.values())
    return Contest(
        f"Storing records ({total} rows)", "one transaction a publication, copies and versions compared",
        "executemany of the same rows, one transaction, foreign keys off", "reports", len(readings), *times,
    )  # fmt: skip


def crawling(rounds: int) -> Contest:
    """A crawl of the sample, start to finish, against bare Scrapy downloading the same addresses."""
    with tempfile.TemporaryDirectory() as name, Province(prefer=False) as province:
        folder = Path(name)
        registry = folder / "portals.toml"
        registry.write_text(province.registry(), encoding="utf-8")
        list_ = folder / "addresses.json"

        def ours() -> float:
            for file in folder.glob("*.db*"):
                file.unlink()
            return seconds(
                lambda: _scrapy(
                    "crawl", "heilongjiang", "-a", f"registry={registry}",
                    "-s", f"DATABASE={folder / 'n.db'}", "-s", f"ARCHIVE={folder / 'a.db'}",
                    "-s", "ALLOW_PRIVATE_HOSTS=true",
                )
            )  # fmt: skip

        ours()
        addresses = [
            province.addresses[request.portal].rstrip("/") + request.path
            for request in province.log
            if request.status == 200
        ]
        list_.write_text(json.dumps(addresses), encoding="utf-8")

        def bare() -> float:
            with tempfile.TemporaryDirectory() as elsewhere:
                return seconds(
                    lambda: _scrapy(
                        "runspider", str(ROOT / "benchmarks" / "bare_spider.py"), "-a", f"addresses={list_}",
                        "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1", "-s", "DOWNLOAD_DELAY=0",
                        "-s", "LOG_ENABLED=false", cwd=Path(elsewhere),
                    )
                )  # fmt: skip

        times = interleaved(ours, bare, rounds)
    return Contest(
        "Crawling the sample province, process start included", "found, archived, read, stored",
        "bare Scrapy downloads of the same addresses", "requests", len(addresses), *times,
    )  # fmt: skip


def _new_rows(before: Path, after: Path) -> dict[str, list[tuple[object, ...]]]:
    """Rows of every table that `after` holds and `before` does not."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    db, old = Database(after), Database(before)
    for table in db.tables:
        if table.name.startswith("sqlite_"):
            continue
        known = set(old.execute(f"SELECT * FROM [{table.name}]").fetchall())
        new = [row for row in db.execute(f"SELECT * FROM [{table.name}]").fetchall() if row not in known]
        if new:
            rows[table.name] = new
    db.close()
    old.close()
    return rows


def _insert(db: Database, rows: dict[str, list[tuple[object, ...]]]) -> None:
    with db.conn:
        for table, values in rows.items():
            places = ", ".join("?" * len(values[0]))
            db.conn.executemany(f"INSERT OR REPLACE INTO [{table}] VALUES ({places})", values)


def _scrapy(*arguments: str, cwd: Path = ROOT) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"scrapy {arguments[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def main() -> None:
    """Prints the table of formats, then a paragraph a ratio; both go to a JSON file as well."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of reading and writing (crawling: half)")
    parser.add_argument("--seed", type=int, help="of the reports (default: drawn and printed)")
    parser.add_argument("--reports", type=int, default=5, help="a format and layout, and one to warm up")
    parser.add_argument("--scans", type=int, default=2, help="reports read as pictures (0: none)")
    parser.add_argument("--quick", action="store_true", help="the table of formats only, of three reports")
    parser.add_argument("--json", type=Path, default=ROOT / "data" / "bench.json", metavar="FILE")
    told = parser.parse_args()
    seed = told.seed if told.seed is not None else int.from_bytes(os.urandom(3), "big")
    print(f"Formats, seed {seed} (again with --seed {seed})\n", flush=True)
    reports, scans = (3, 0) if told.quick else (max(1, told.reports), told.scans)
    print(formats.head(), flush=True)
    found = []
    for row in formats.rows(seed, reports, scans):
        found.append(row)
        print(formats.line(row), flush=True)
    print("", *formats.faults(found), sep="\n", end="\n\n", flush=True)
    contests: list[Contest] = []
    _write(told.json, seed, found, contests)
    rounds = max(2, told.rounds)
    measures = ((reading, rounds), (writing, rounds), (crawling, max(2, rounds // 2)))
    for measure, times in () if told.quick else measures:
        contests.append(measure(times))
        print(contests[-1], end="\n\n", flush=True)
        _write(told.json, seed, found, contests)


def _write(path: Path, seed: int, found: list[formats.Row], contests: list[Contest]) -> None:
    """What was measured so far, as JSON."""
    made = {
        "seed": seed,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "formats": [row.as_json() for row in found],
        "ratios": [contest.as_json() for contest in contests],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
