"""scrapy crawl as a user starts it: wrong usage in one line, exit codes, the closing summary."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.crawler.conftest import Answer, SmallPortal, entry_list, report_body

ROOT = Path(__file__).resolve().parents[2]
TITLE = "测试市教育局2021年政府信息公开工作年度报告"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scrapy", "crawl", *arguments]


def environment(**given: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NIANBAO_")}
    return {**plain, **given}


def run(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def storage(folder: Path) -> list[str]:
    return [
        "-s",
        f"DATABASE={folder / 'n.db'}",
        "-s",
        f"ARCHIVE={folder / 'a.db'}",
        "-s",
        "ALLOW_PRIVATE_HOSTS=true",
    ]


def registry(folder: Path, portal: SmallPortal, *lines: str) -> str:
    path = folder / "r.toml"
    entry = [
        "[[portal]]",
        'id = "test"',
        'name = "测试市"',
        'division = "230100"',
        f'home = "{portal.origin}/"',
    ]
    path.write_text("\n".join([*entry, "delay = 0", 'note = "a test"', *lines]), encoding="utf-8")
    return f"registry={path}"


def crawl_row(folder: Path) -> dict[str, object]:
    connection = sqlite3.connect(folder / "n.db")
    connection.row_factory = sqlite3.Row
    try:
        return dict(connection.execute("SELECT * FROM crawls ORDER BY id DESC").fetchone())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "needs one spider"),
        (["heilongjian"], "unknown spider"),
        (["heilongjiang", "-a", "portal=mudanjian"], "near: mudanjiang"),
        (["heilongjiang", "-a", "years=2022-2019"], "years=2022-2019"),
        (["heilongjiang", "-a", "registry=none.toml"], "none.toml"),
        (["heilongjiang", "-a", "portal"], "-a"),
        (["heilongjiang", "--frob"], "unknown option --frob"),
        (["heilongjiang", "-s", "ALLOW_PRIVATE_HOSTS=maybe"], "ALLOW_PRIVATE_HOSTS"),
        (["heilongjiang", "-s", "EXTRACT_JOBS=many"], "EXTRACT_JOBS=many"),
        (["portal", "-a", "url=example"], "url=example"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = run(*arguments, NIANBAO_DATABASE=str(tmp_path / "n.db"), NIANBAO_ARCHIVE=str(tmp_path / "a.db"))
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert words in lines[0]
    assert not (tmp_path / "n.db").exists()


def test_a_division_that_there_is_none_of_is_named(tmp_path: Path, portal: SmallPortal) -> None:
    given = registry(tmp_path, portal)
    path = tmp_path / "r.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("230100", "239999"), encoding="utf-8")
    done = run("heilongjiang", "-a", given, *storage(tmp_path))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"{path}: entry 1 (test): key 'division': 239999" in done.stderr
    assert portal.asked == []


def test_complete_crawl_exits_0_and_sums_up(tmp_path: Path, portal: SmallPortal) -> None:
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(("/nb/1001.html", TITLE)))
    portal.page("/nb/1001.html", report_body(TITLE))
    done = run("heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "complete"
    assert "pages and files: 4" in done.stderr
    assert "Scrapy" not in done.stderr
    row = crawl_row(tmp_path)
    assert (row["complete"], row["sample"], row["finish_reason"]) == (1, 0, "finished")


def test_incomplete_crawl_exits_1_with_the_reason(tmp_path: Path, portal: SmallPortal) -> None:
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.answers["/nb/"] = Answer(b"", 500)
    done = run("heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path))
    assert done.returncode == 1
    assert "problems while crawling: http_error 1" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("incomplete: 1 problem may hide reports")
    assert "Traceback" not in done.stderr
    assert crawl_row(tmp_path)["complete"] == 0


def test_limit_marks_a_sample_and_exits_0(tmp_path: Path, portal: SmallPortal) -> None:
    entries = [
        (f"/nb/{year}.html", f"测试市教育局{year}年政府信息公开年度报告") for year in range(2015, 2020)
    ]
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(*entries) + "<p>共40条 <a href='/nb/2.html'>下一页</a></p>")
    for path, name in entries:
        portal.page(path, report_body(name))
    done = run("heilongjiang", "-a", registry(tmp_path, portal), "-a", "limit=2", *storage(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "sample" in done.stderr.splitlines()[-1]
    assert len([path for path in portal.paths if path.startswith("/nb/201")]) == 2
    assert crawl_row(tmp_path)["sample"] == 1


def test_names_that_resolve_into_private_networks_are_refused(tmp_path: Path, portal: SmallPortal) -> None:
    url = portal.origin.replace("127.0.0.1", "localhost")
    done = run(
        "portal", "-a", f"url={url}/", *storage(tmp_path)[:4], "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0"
    )  # fmt: skip
    assert done.returncode == 1
    assert "private_address" in done.stderr
    assert portal.asked == []


def test_a_held_database_is_exit_75(tmp_path: Path, portal: SmallPortal) -> None:
    from storage.database import hold

    with hold(tmp_path / "n.db"):
        done = run("heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path))
    assert done.returncode == 75, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert portal.asked == []


@pytest.mark.parametrize("name", ["DATABASE", "ARCHIVE"])
def test_a_file_that_is_no_database_is_exit_2(tmp_path: Path, portal: SmallPortal, name: str) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("these are notes, and they stay what they are\n" * 50)
    done = run("heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path), "-s", f"{name}={other}")
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "notes.txt" in done.stderr
    assert other.read_text().startswith("these are notes")
    assert portal.asked == []


def test_an_interrupted_crawl_is_incomplete(tmp_path: Path, portal: SmallPortal) -> None:
    entries = [
        (f"/nb/{number}.html", f"{number}号局2021年政府信息公开年度报告") for number in range(1001, 1031)
    ]
    portal.page("/", "<a href='/nb/'>政府信息公开年报</a>")
    portal.page("/nb/", entry_list(*entries))
    for path, name in entries:
        portal.page(path, report_body(name), delay=0.1)
    child = subprocess.Popen(
        command("heilongjiang", "-a", registry(tmp_path, portal), *storage(tmp_path)),
        cwd=ROOT, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not any(path.startswith("/nb/10") for path in portal.paths):
        assert child.poll() is None
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 1, err
    assert err.splitlines()[-1] == "incomplete: the run was interrupted"
    assert "names none that was asked for" not in err
    assert "Traceback" not in err
    row = crawl_row(tmp_path)
    assert (row["complete"], row["finish_reason"]) == (0, "shutdown")
