"""`scrapy demo` as a newcomer runs it."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

from tests.end_to_end.harvest import ROOT, Outcome, expected_reports, one_line, reports_held, scrapy, steady
from tests.province import portals

FAILED = {"aimin": 5, "yichun": 4, "heihe": 2, "jixi": 1}
"""Checks that fail at portals: those of a real report, and the mistakes of `agencies.toml`."""


def served(folder: Path) -> Outcome:
    """A demo that is interrupted while it serves, after its first portal has answered once more."""
    command = [sys.executable, "-m", "scrapy", "demo", "--serve", "--dir", str(folder)]
    with (
        (folder / "out").open("w+", encoding="utf-8") as out,
        subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True) as demo,
    ):
        assert demo.stderr is not None
        told = []
        for line in demo.stderr:
            told.append(line)
            if "until Ctrl-C" in line:
                break
        home = told[0].split()[2].rstrip(",")
        with urllib.request.urlopen(home, timeout=10) as response:
            assert response.status == 200
        demo.send_signal(signal.SIGINT)
        rest = demo.stderr.read()
        demo.wait()
        out.seek(0)
        return Outcome(demo.returncode, out.read(), "".join(told) + rest)


def test_twice_in_one_folder_leaves_the_same_tables(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = scrapy("demo", "--dir", str(folder))
    assert first.code == 0, first.err
    assert reports_held(folder / "nianbao.db") == expected_reports()
    before, registry = steady(folder / "nianbao.db"), (folder / "portals.toml").read_bytes()
    # The second time it goes on serving until it is interrupted.
    second = served(folder)
    assert second.code == 0, second.err
    assert "Traceback" not in second.err
    assert steady(folder / "nianbao.db") == before
    assert (folder / "portals.toml").read_bytes() == registry
    # What both tell is the same, and it tells of every portal, failed check and problem.
    assert first.out.startswith(second.out.rstrip("\n"))
    lines = first.out.splitlines()
    everything = expected_reports()
    assert f"{len(everything)} reports harvested from {len(portals.load())} portals" in lines
    for portal in portals.load():
        [line] = [line for line in lines if line.split()[:1] == [portal.id]]
        reports = expected_reports([portal.id])
        # The district's own page is the source of the report that the city has too.
        reports -= expected_reports(["aimin"]) if portal.id == "mudanjiang" else set()
        agencies = len({agency for agency, _ in reports})
        assert line.split()[1:4] == [portal.name, str(len(reports)), str(agencies)]
        assert line.split()[-1] == str(FAILED.get(portal.id, 0))
    assert sum(", A1 " in line for line in lines) == 4
    told = [line.split(",")[0].strip() for line in lines if "http://" in line and line.startswith("  ")]
    assert told == [
        "blank_form", "http_error", "merged_row", "merged_row", "no_report", "offsite_link",
        "p5_equal_nonzero", "p5_equal_nonzero",
    ]  # fmt: skip
    addresses = re.findall(
        r"http://[^\s:]+:?[^\s:]*", "\n".join(line for line in lines if "merged_row" in line)
    )
    assert len(set(addresses)) == 2
    assert f"scrapy browse -s DATABASE={folder / 'nianbao.db'}" in first.out
    assert "requests answered" in first.err
    third = scrapy("demo", "--dir", str(folder), "--corrected")
    assert third.code == 0, third.err
    assert third.err.count("corrected by its body: http://") == 1
    with closing(sqlite3.connect(folder / "nianbao.db")) as connection:
        changed = connection.execute("SELECT agency, year FROM changed_reports").fetchall()
    assert changed == [("双鸭山市样例住房局", 2022)]


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        entries = [
            f'[[portal]]\nid = "{id_}"\nhome = "http://127.0.0.1:{port}/"\n'
            for id_ in (portal.id for portal in portals.load())
        ]
        (folder / "portals.toml").write_text("\n".join(entries), encoding="utf-8")
        outcome = scrapy("demo", "--dir", str(folder))
    assert outcome.code == 2
    line = one_line(outcome.err)
    assert str(port) in line
    assert "portals.toml" in line


def test_a_registry_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    registry = tmp_path / "portals.toml"
    registry.write_text('[[portal]]\nid = "harbin"\nhome = "http://www.example.gov.cn/"\n', encoding="utf-8")
    before = registry.read_bytes()
    outcome = scrapy("demo", "--dir", str(tmp_path))
    assert outcome.code == 2
    assert "portals.toml" in one_line(outcome.err)
    assert registry.read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    outcome = scrapy("demo", "--dir", str(tmp_path / "file" / "demo"))
    assert outcome.code == 2
    assert "--dir" in one_line(outcome.err)


def test_a_failed_crawl_shows_its_last_words_and_its_code(tmp_path: Path) -> None:
    (tmp_path / "nianbao.db").write_text("no database\n" * 50, encoding="utf-8")
    outcome = scrapy("demo", "--dir", str(tmp_path))
    assert outcome.code == 2
    assert "nianbao.db" in outcome.err
    assert "Traceback" not in outcome.err
    assert (tmp_path / "nianbao.db").read_text(encoding="utf-8") == "no database\n" * 50


def test_an_argument_too_many() -> None:
    outcome = scrapy("demo", "here")
    assert outcome.code == 2
    assert "here" in one_line(outcome.err)
