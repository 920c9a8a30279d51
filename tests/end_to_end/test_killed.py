"""Crawls that are killed, stopped and run side by side: the same command goes on, and nothing shows.

NIANBAO_TEST_KILLS sets how often the crawl is killed, and that of the whole sample province instead of
a few portals; NIANBAO_TEST_SEED sets where. `NIANBAO_TEST_KILLS=20 pytest tests/end_to_end/test_killed.py
-k any_moment` is the long form.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.session import GATHERED
from tests.end_to_end.harvest import ROOT, Harvest, crawl, one_line, rows, scrapy, steady, storage_settings
from tests.province.server import Province

LONG = "NIANBAO_TEST_KILLS" in os.environ
KILLS = int(os.environ.get("NIANBAO_TEST_KILLS", "4"))
SEED = int(os.environ.get("NIANBAO_TEST_SEED") or random.randrange(10**6))
_MOMENTS = re.compile(r"^(fetch_id|fetched_at|first_seen_at|first_fetched_at)=")


def lasting(database: Path) -> dict[str, list[tuple[str, ...]]]:
    """The steady tables without the numbers and times of requests, in which any two first crawls differ."""
    return {
        table: sorted(tuple(part for part in row if not _MOMENTS.match(part)) for row in contents)
        for table, contents in steady(database).items()
    }


def problems(database: Path) -> list[tuple[object, ...]]:
    found = rows(database, "SELECT stage, code, url, page_url, detail, hides_reports FROM problems")
    return sorted((tuple(row.values()) for row in found), key=repr)


def started(folder: Path, province: Province, *arguments: str) -> subprocess.Popen[str]:
    """A crawl on its way."""
    folder.mkdir(exist_ok=True)
    registry = folder / "portals.toml"
    registry.write_text(province.registry(), encoding="utf-8")
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "scrapy", "crawl", "heilongjiang", "-a", f"registry={registry}"),
            *(*arguments, *storage_settings(folder), "-s", "ALLOW_PRIVATE_HOSTS=true"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def answered(province: Province, process: subprocess.Popen[str], count: int) -> bool:
    """Waits until the process has had so many answers; False where it ended before."""
    before = len(province.log)
    while len(province.log) - before < count:
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    return True


def ended(process: subprocess.Popen[str]) -> str:
    """What a process said on stderr, after it has ended."""
    try:
        return process.communicate(timeout=120)[1]
    finally:
        process.kill()


def folders(tmp_path: Path) -> Iterator[Path]:
    yield from (tmp_path / str(number) for number in range(KILLS + 1))


@pytest.fixture
def undisturbed(request: pytest.FixtureRequest) -> Harvest:
    """What an undisturbed crawl left; the long form takes the whole province."""
    found: Harvest = request.getfixturevalue("harvest" if LONG else "small_harvest")
    return found


def test_a_crawl_killed_at_any_moment_ends_as_one_that_was_not(undisturbed: Harvest, tmp_path: Path) -> None:
    """Killed again and again, each time somewhere else, and taken up by the same command."""
    harvest, province = undisturbed, undisturbed.province
    chance = random.Random(SEED)
    whole = len(rows(harvest.database, "SELECT id FROM fetches"))
    places = folders(tmp_path)
    folder, asked, killed = next(places), len(province.log), 0
    for _ in range(KILLS):
        begun, kept = len(province.log), answers(folder)
        process = started(folder, province)
        had = begun - asked
        reached = answered(province, process, chance.randrange(0, max(1, whole - had)))
        time.sleep(chance.uniform(0, 0.8))
        process.send_signal(signal.SIGKILL)
        ended(process)
        killed += 1
        new = len(province.log) - begun
        assert new - (answers(folder) - kept) <= at_most_lost(province), f"seed {SEED}"
        if not reached or process.returncode == 0:
            same(harvest, folder, province, len(province.log) - asked, killed)
            folder, asked, killed = next(places), len(province.log), 0
    same(harvest, folder, province, len(province.log) - asked, killed)


def same(harvest: Harvest, folder: Path, province: Province, had: int, killed: int) -> None:
    """Runs the crawl to its end and compares what it leaves with what an undisturbed one left."""
    database, before = folder / "nianbao.db", len(province.log)
    unfinished = database.exists() and rows(database, "SELECT 1 FROM crawls WHERE finished_at IS NULL")
    outcome = crawl(folder, province)
    where = f"seed {SEED}: {outcome.err}"
    assert outcome.code == 0, where
    assert ("continuing run 1" in outcome.err) == bool(unfinished), where
    assert lasting(database) == lasting(harvest.database), where
    assert problems(database) == problems(harvest.database), where
    if not unfinished:
        return
    counts = (
        "SELECT complete, documents, reports_new, reports_changed, reports_unchanged, problems FROM crawls"
    )
    assert rows(database, counts) == harvest.rows(counts), where
    whole = harvest.rows("SELECT count(*) AS n FROM fetches")[0]["n"]
    assert had + len(province.log) - before <= whole + killed * at_most_lost(province), where


def at_most_lost(province: Province) -> int:
    """What has to be asked twice after a kill: what was on its way, one request for each of the portals; what
    was answered and waited to be written; and the rules of each portal, which are always asked for.
    """
    return GATHERED + 2 * len(province.addresses)


def answers(folder: Path) -> int:
    """How many answers the database of a crawl has."""
    database = folder / "nianbao.db"
    if not database.exists() or not rows(database, "SELECT 1 FROM sqlite_master WHERE name = 'fetches'"):
        return 0
    return len(rows(database, "SELECT id FROM fetches"))


def test_a_crawl_that_is_stopped_goes_on_too(small_harvest: Harvest, tmp_path: Path) -> None:
    harvest, province = small_harvest, small_harvest.province
    for stop in (signal.SIGTERM, signal.SIGINT):
        folder = tmp_path / stop.name
        process = started(folder, province, "-s", "DOWNLOAD_DELAY=0.1")
        assert answered(province, process, 20)
        process.send_signal(stop)
        told = ended(process)
        assert process.returncode == 1, told
        assert "the same command goes on with it" in told
        query = "SELECT finish_reason, complete, finished_at IS NOT NULL AS ended FROM crawls"
        assert rows(folder / "nianbao.db", query) == [
            {"finish_reason": "shutdown", "complete": 0, "ended": 1}
        ]
        asked = len(province.log)
        outcome = crawl(folder, province, "-s", "DOWNLOAD_DELAY=0.1")
        assert outcome.code == 0, outcome.err
        assert "continuing run 1 of" in outcome.err
        assert lasting(folder / "nianbao.db") == lasting(harvest.database)
        assert rows(folder / "nianbao.db", "SELECT finish_reason, continued FROM crawls") == [
            {"finish_reason": "finished", "continued": 1}
        ]
        whole = harvest.rows("SELECT count(*) AS n FROM fetches")[0]["n"]
        assert len(province.log) - asked <= whole - 10


def test_another_command_or_an_old_run_is_not_gone_on_with(small_province: Province, tmp_path: Path) -> None:
    province = small_province
    kill_after(province, tmp_path, 10)
    other = crawl(tmp_path, province, "-a", "portal=aimin")
    assert other.code == 0, other.err
    assert "continuing" not in other.err
    # The first command is still gone on with, and sums up its own run and not the last one.
    first = crawl(tmp_path, province)
    assert first.code == 0, first.err
    assert "continuing run 1 of" in first.err
    query = "SELECT reports_new, reports_unchanged FROM crawls WHERE id = 1"
    (run,) = rows(tmp_path / "nianbao.db", query)
    assert f"({run['reports_new']} new, 0 changed, {run['reports_unchanged']} unchanged)" in first.err
    assert run["reports_new"] + run["reports_unchanged"] == 23
    kill_after(province, tmp_path, 10)
    old = crawl(tmp_path, province, "-s", "CONTINUE_HOURS=0")
    assert old.code == 0, old.err
    assert "continuing" not in old.err
    assert rows(tmp_path / "nianbao.db", "SELECT finish_reason, finished_at IS NULL AS open FROM crawls") == [
        {"finish_reason": "finished", "open": 0},
        {"finish_reason": "finished", "open": 0},
        {"finish_reason": "killed", "open": 0},
        {"finish_reason": "finished", "open": 0},
    ]


def kill_after(province: Province, folder: Path, count: int) -> None:
    """Leaves a crawl that was killed after so many answers."""
    process = started(folder, province)
    assert answered(province, process, count)
    process.kill()
    ended(process)


def test_the_hold_on_a_database_ends_with_the_process_however_it_ends(
    small_province: Province, tmp_path: Path
) -> None:
    province = small_province
    process = started(tmp_path, province, "-s", "DOWNLOAD_DELAY=0.2")
    assert answered(province, process, 3)
    second = crawl(tmp_path, province)
    assert second.code == 75
    assert "another run" in one_line(second.err)
    assert scrapy("reextract", *storage_settings(tmp_path)).code == 75
    process.kill()
    ended(process)
    assert crawl(tmp_path, province, "-a", "portal=aimin").code == 0
