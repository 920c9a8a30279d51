"""`scrapy demo` as a newcomer runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.end_to_end.harvest import ROOT, expected_reports, one_line, reports_held, scrapy, steady


def test_twice_in_one_folder_leaves_the_same_tables(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = scrapy("demo", "--dir", str(folder))
    assert first.code == 0, first.err
    assert reports_held(folder / "nianbao.db") == expected_reports()
    before, registry = steady(folder / "nianbao.db"), (folder / "portals.toml").read_bytes()
    second = scrapy("demo", "--dir", str(folder))
    assert second.code == 0, second.err
    assert steady(folder / "nianbao.db") == before
    assert (folder / "portals.toml").read_bytes() == registry
    # What both tell is the same, and it tells of everything.
    assert second.out == first.out
    for agency, year in expected_reports():
        assert any(agency in line and str(year) in line for line in first.out.splitlines())
    assert "A1" in first.out
    assert "offsite_link" in first.out
    assert f"scrapy browse -s DATABASE={folder / 'nianbao.db'}" in first.out
    assert "requests answered" in first.err


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        entries = [
            f'[[portal]]\nid = "{id_}"\nhome = "http://127.0.0.1:{port}/"\n'
            for id_ in ("mudanjiang", "aimin", "dongfeng", "development")
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


def test_serving_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scrapy", "demo", "--serve", "--dir", str(tmp_path / "demo")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stderr is not None
        lines = []
        for line in demo.stderr:
            lines.append(line)
            if "until Ctrl-C" in line:
                break
        home = lines[0].split()[2].rstrip(",")
        with urllib.request.urlopen(home, timeout=10) as response:
            assert response.status == 200
        demo.send_signal(signal.SIGINT)
        rest = demo.stderr.read()
    assert demo.returncode == 0, rest
    assert "Traceback" not in rest
