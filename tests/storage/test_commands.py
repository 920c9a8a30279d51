"""`scrapy reextract` and `scrapy browse` as the user starts them."""

from __future__ import annotations

import inspect
import logging
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from asyncio import selector_events
from pathlib import Path

import httpx
import pytest

from crawler.commands.browse import is_worth_telling
from storage.database import hold

ROOT = Path(__file__).resolve().parents[2]
SCRAPY = [sys.executable, "-m", "scrapy"]


def scrapy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command on the database of `folder`."""
    return subprocess.run(
        [
            *SCRAPY,
            *arguments,
            "-s",
            f"DATABASE={folder / 'nianbao.db'}",
            "-s",
            f"ARCHIVE={folder / 'archive.db'}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


PAGE = """<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"""


@pytest.fixture
def harvested(world, tmp_path: Path) -> Path:
    """A database with two publications whose stored records are not what the reader of today gives."""
    for number, title in enumerate(("样例公告一", "样例公告二")):
        body = PAGE.format(title=title, text="这不是年度报告。" * 20).encode()
        report = world.dongfeng() if number == 0 else None
        world.store(world.reading(report, url=f"http://dfq.example/{number}", body=body))
    world.close()
    return tmp_path


def test_corrections_that_cannot_be_used_are_one_line_and_wrong_usage(
    harvested: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[[override]]\nreport = 'x'\nvalue = 1\n", encoding="utf-8")
    done = scrapy(harvested, "reextract", "-s", f"OVERRIDES={wrong}")
    assert done.returncode == 2
    assert one_line(done).endswith(f"{wrong}: override 1: table: must be a text that is not empty")
    done = scrapy(harvested, "reextract", "-s", "OVERRIDES=nowhere.toml")
    assert done.returncode == 2
    assert "nowhere.toml: cannot be read" in one_line(done)


def test_reextract_reads_and_stores_what_the_archive_holds(harvested: Path, new_world) -> None:
    done = scrapy(harvested, "reextract", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "2 publications to read" in done.stderr
    assert "publications: 2; reports: 0 new, 0 changed, 0 reread, 0 unchanged" in done.stderr
    assert "ids that name no report any more, as it is read otherwise: 1\n" in done.stderr
    assert "its document gives no report now: http://dfq.example/0" in done.stderr
    world = new_world(harvested)
    # The page never was a report: the misreading went, and the reason stands in its place.
    assert world.one("SELECT count(*) FROM reports") == 0
    assert world.rows("SELECT page_url, code, crawl_id FROM problems ORDER BY page_url") == [
        ("http://dfq.example/0", "no_report", 1),
        ("http://dfq.example/1", "no_report", 1),
    ]
    before = world.steady()
    world.close()
    assert scrapy(harvested, "reextract", "--jobs", "1", "--only-problems").returncode == 0
    again = new_world(harvested)
    assert again.steady() == before
    again.close()


def test_reextract_stores_the_others_where_one_publication_cannot_be(harvested: Path, new_world) -> None:
    with sqlite3.connect(harvested / "nianbao.db") as db:
        db.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON problems WHEN NEW.page_url LIKE '%/0'"
            " BEGIN SELECT RAISE(ABORT, 'the disk failed'); END"
        )
    db.close()
    done = scrapy(harvested, "reextract", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    assert "http://dfq.example/0 was not stored" in done.stderr
    assert "the disk failed" in done.stderr
    assert "fell short: 1 publications or documents" in done.stderr
    world = new_world(harvested)
    # Written together: of the one nothing, its report stands as it did; of the other all.
    assert world.rows("SELECT page_url FROM problems") == [("http://dfq.example/1",)]
    assert world.rows("SELECT source_url FROM reports") == [("http://dfq.example/0",)]
    assert world.one("SELECT count(*) FROM figures") > 0
    world.close()


def test_reextract_falls_short_where_bytes_are_lost(harvested: Path, new_world) -> None:
    world = new_world(harvested)
    world.archive._db.execute("DELETE FROM bodies")
    world.archive._db.conn.commit()
    world.close()
    done = scrapy(harvested, "reextract")
    assert done.returncode == 1
    assert "http://dfq.example/1" in done.stderr
    assert "holds no bytes" in done.stderr
    assert "Traceback" not in done.stderr
    world = new_world(harvested)
    # Nothing that was stored went with them.
    assert world.one("SELECT count(*) FROM reports") == 1
    world.close()


def test_reextract_is_refused_while_another_run_holds_the_database(harvested: Path) -> None:
    with hold(harvested / "nianbao.db"):
        done = scrapy(harvested, "reextract")
    assert done.returncode == 75
    assert f"process {os.getpid()}" in one_line(done)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--jobs", "none"], "--jobs none: must be a number"),
        (["--jobs", "0"], "--jobs 0: must be a number"),
        (["something"], "takes no argument 'something'"),
        (["--unknown"], "--unknown"),
    ],
)
def test_reextract_refuses_wrong_usage(harvested: Path, arguments: list[str], said: str) -> None:
    done = scrapy(harvested, "reextract", *arguments)
    assert done.returncode == 2
    assert said in one_line(done)


def test_reextract_without_a_database_says_so(tmp_path: Path) -> None:
    done = scrapy(tmp_path, "reextract")
    assert done.returncode == 2
    assert "there is no such file" in one_line(done)
    assert not (tmp_path / "nianbao.db").exists()


def test_reextract_of_what_is_no_database_says_so(tmp_path: Path) -> None:
    for name in ("nianbao.db", "archive.db"):
        (tmp_path / name).write_text("no database " * 100)
    done = scrapy(tmp_path, "reextract")
    assert done.returncode == 2
    assert "is not a SQLite database" in one_line(done)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@pytest.mark.parametrize("options", [[], ["--immutable"]])
def test_browse_serves_until_it_is_interrupted(harvested: Path, options: list[str]) -> None:
    port = free_port()
    files = [
        f"{name}={harvested / file}" for name, file in (("DATABASE", "nianbao.db"), ("ARCHIVE", "archive.db"))
    ]
    with subprocess.Popen(
        [
            *SCRAPY,
            "browse",
            "--port",
            str(port),
            *options,
            *(part for file in files for part in ("-s", file)),
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert f"http://127.0.0.1:{port}/" in process.stderr.readline()
            site = f"http://127.0.0.1:{port}"
            for _ in range(100):
                try:
                    page = httpx.get(f"{site}/nianbao/reports/230805-dfq-2021")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            assert page.status_code == 200
            assert "佳木斯市东风区人民政府" in page.text
            [stored] = set(re.findall(r'href="(/-/archive/[0-9a-f]{64})"', page.text))
            head = httpx.head(f"{site}{stored}")
            body = httpx.get(f"{site}{stored}")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(body.content))
            assert "这不是年度报告。" in body.text
            # The page has no tables: the place is not there, and is said not to be by another process.
            shown = httpx.get(f"{site}/-/place/230805-dfq-2021/applications/received_new/total", timeout=30)
            assert "The document has no such place" in shown.text
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            assert process.wait(timeout=20) == 0
            assert "Traceback" not in rest
        finally:
            process.kill()


def test_browse_without_its_archive_says_what_is_not_shown(harvested: Path) -> None:
    port, archive = free_port(), harvested / "elsewhere.db"
    command = [*SCRAPY, "browse", "--port", str(port), "-s", f"DATABASE={harvested / 'nianbao.db'}"]
    with subprocess.Popen(
        [*command, "-s", f"ARCHIVE={archive}"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            warning = process.stderr.readline()
            assert warning.startswith(f"{archive}: there is no such archive")
            assert "places of figures and archived copies are not shown" in warning
            assert "-s ARCHIVE=FILE" in warning
            assert f"http://127.0.0.1:{port}/" in process.stderr.readline()
            assert not archive.exists()
            process.send_signal(signal.SIGINT)
            assert process.stderr.read().strip() in ("", "ended")
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_a_reader_who_leaves_a_download_is_no_news() -> None:
    def told(sentence: str, *values: object) -> bool:
        return is_worth_telling(logging.LogRecord("asyncio", logging.WARNING, "", 0, sentence, values, None))

    # The sentence is asyncio's own, and no other of its sentences is kept back.
    assert 'logger.warning("socket.send() raised exception.")' in inspect.getsource(selector_events).replace(
        "'", '"'
    )
    assert not told("socket.send() raised exception.")
    assert told("Executing %s took %.3f seconds", "x", 1.0)


def test_browse_says_that_a_port_is_taken(harvested: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = scrapy(harvested, "browse", "--port", str(other.getsockname()[1]))
    assert done.returncode == 2
    assert "choose another with --port" in one_line(done)


@pytest.mark.parametrize("port", ["x", "0", "70000", "８００１"])
def test_browse_refuses_what_is_no_port(harvested: Path, port: str) -> None:
    done = scrapy(harvested, "browse", "--port", port)
    assert done.returncode == 2
    assert f"--port {port}: must be a number" in one_line(done)


@pytest.mark.parametrize(
    ("host", "said"),
    [("example.org", "must be an IP address"), ("203.0.113.9", "no address of this machine")],
)
def test_browse_refuses_what_is_no_address_of_ours(harvested: Path, host: str, said: str) -> None:
    done = scrapy(harvested, "browse", "--host", host, "--port", str(free_port()))
    assert done.returncode == 2
    line = one_line(done)
    assert f"--host {host}: " in line
    assert said in line


def test_browse_without_a_database_says_so(tmp_path: Path) -> None:
    done = scrapy(tmp_path, "browse", "--port", str(free_port()))
    assert done.returncode == 2
    assert "there is no such database" in one_line(done)
    assert not (tmp_path / "nianbao.db").exists()
