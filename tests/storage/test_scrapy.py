"""The Scrapy components over real HTTP: a spider in a process of its own, a server on loopback."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from storage.archive import Archive

HARVEST = Path(__file__).with_name("harvest.py")
PAGE = "<html><body>年度报告</body></html>".encode()


class Portal(BaseHTTPRequestHandler):
    """Answers as portals do on good and bad days."""

    asked: Counter[str]

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        if self.path == "/robots.txt":
            self.answer(200, b"User-agent: *\nDisallow: /secret\n", {"Content-Type": "text/plain"})
        elif self.path == "/report":
            self.answer(200, gzip.compress(PAGE), {"Content-Encoding": "gzip", "ETag": '"7"'})
        elif self.path == "/flaky":
            self.answer(503 if self.asked["/flaky"] == 1 else 200, b"flaky")
        elif self.path == "/moved":
            self.answer(301, b"moved", {"Location": "/target"})
        elif self.path == "/loop":
            self.answer(302, b"", {"Location": "/loop"})
        elif self.path == "/away":
            self.answer(302, b"", {"Location": "/far"})
        elif self.path == "/dropped":
            self.close_connection = True
            self.connection.close()
        elif self.path == "/target":
            self.answer(200, b"target")
        elif self.path == "/empty":
            self.answer(200, b"")
        else:
            self.answer(404, b"no such page")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the connection that the portal drops on purpose


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harvested]:
    """A harvest of every path of a portal."""
    for address in served():
        harvest = Harvested(address, tmp_path_factory.mktemp("whole"))
        yield harvest
        harvest.db.close()


@pytest.fixture
def portal() -> Iterator[str]:
    yield from served()


def served() -> Iterator[str]:
    handler = type("OnePortal", (Portal,), {"asked": Counter()})
    with Quiet(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Harvested:
    """A harvest that has ended: what its spider was given, and its database."""

    def __init__(self, address: str, folder: Path, *options: str) -> None:
        self.address = address
        self.archive = folder / "archive.db"
        done = subprocess.run(
            [sys.executable, str(HARVEST), address, str(folder / "nianbao.db"), str(self.archive), *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.errors = done.stderr
        self.told = [json.loads(line) for line in done.stdout.splitlines()]
        self.db = sqlite3.connect(folder / "nianbao.db")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [
            tuple(item.replace(self.address, "") if isinstance(item, str) else item for item in row)
            for row in self.db.execute(sql)
        ]


def test_every_answer_and_failure_leaves_a_row(whole: Harvested) -> None:
    harvest = whole
    rows = harvest.rows(
        "SELECT url, final_url, status, attempt, error IS NULL FROM fetches ORDER BY url, attempt"
    )
    assert rows == [
        ("/away", "/away", 302, 1, 0),
        ("/dropped", "/dropped", None, 1, 0),
        ("/dropped", "/dropped", None, 2, 0),
        ("/empty", "/empty", 200, 1, 1),
        ("/flaky", "/flaky", 503, 1, 1),
        ("/flaky", "/flaky", 200, 2, 1),
        ("/gone", "/gone", 404, 1, 1),
        ("/loop", "/loop", 302, 1, 0),
        ("/moved", "/target", 200, 1, 1),
        ("/report", "/report", 200, 1, 1),
        ("/robots.txt", "/robots.txt", 200, 1, 1),
    ]
    assert harvest.rows("SELECT error FROM fetches WHERE url LIKE '%/away'")[0][0].startswith(
        "redirected to /far"
    )
    assert harvest.rows("SELECT portal_id, role, link_text FROM fetches WHERE url LIKE '%robots.txt'") == [
        (None, "robots", None)
    ]
    assert harvest.rows(
        "SELECT portal_id, role, found_on, link_text, content_type, etag FROM fetches"
        " WHERE url LIKE '%/report'"
    ) == [("p", "article", "", "/report", "text/html; charset=utf-8", '"7"')]


def test_bodies_are_archived_unpacked(whole: Harvested) -> None:
    harvest = whole
    archive = Archive(harvest.archive)
    bodies = {
        url: archive.get(digest)
        for url, digest in harvest.rows(
            "SELECT url, sha256 FROM fetches WHERE sha256 IS NOT NULL AND attempt = 1"
        )
    }
    assert bodies == {
        "/report": PAGE,
        "/gone": b"no such page",
        "/flaky": b"flaky",
        "/moved": b"target",
        "/robots.txt": b"User-agent: *\nDisallow: /secret\n",
    }
    archive.close()


def test_callbacks_and_errbacks_are_given_the_row(whole: Harvested) -> None:
    harvest = whole
    told = sorted(
        [what, [part.replace(whole.address, "") for part in row[:2]] if row else None]
        for what, row in harvest.told
        if row
    )
    assert told == [
        ["answered", ["/empty", "/empty"]],
        ["answered", ["/flaky", "/flaky"]],
        ["answered", ["/moved", "/target"]],
        ["answered", ["/report", "/report"]],
        ["failed", ["/away", "/away"]],
        ["failed", ["/dropped", "/dropped"]],
        ["failed", ["/gone", "/gone"]],
        ["failed", ["/loop", "/loop"]],
    ]
    # What robots.txt forbids was never asked for, and has no row.
    assert [what for what, row in harvest.told if row is None] == ["failed"]
    troubles = harvest.rows(
        "SELECT fetches.url FROM problems JOIN fetches ON fetches.id = fetch_id"
        " WHERE stage = 'crawl' ORDER BY 1"
    )
    assert troubles == [("/away",), ("/dropped",), ("/gone",), ("/loop",)]


def test_the_run_and_its_report_are_stored(portal: str, tmp_path: Path) -> None:
    harvest = Harvested(portal, tmp_path, "paths=/report")
    assert harvest.rows(
        "SELECT spider, arguments, finish_reason, complete, sample, fetches, documents, reports_new,"
        " reports_unchanged, problems FROM crawls"
    ) == [("harvest", '{"portal": "p"}', "finished", 1, 0, 2, 2, 1, 0, 1)]
    assert harvest.rows("SELECT id, source_url FROM reports") == [("230805-dfq-2021", "/report")]
    assert harvest.rows("SELECT crawl_id, code FROM problems") == [(1, "unmatched_row")]
    harvest.db.close()
    # The run emptied the log: the file alone is the database.
    log = tmp_path / "nianbao.db-wal"
    assert not log.exists() or log.stat().st_size == 0
    again = Harvested(portal, tmp_path, "paths=/report")
    assert again.rows("SELECT reports_new, reports_unchanged, complete FROM crawls WHERE id = 2") == [
        (0, 1, 1)
    ]
    again.db.close()


@pytest.mark.parametrize("fault", ["hides=1", "raise=1", "wrong_item=1"])
def test_a_run_that_may_have_missed_something_is_not_complete(
    portal: str, tmp_path: Path, fault: str
) -> None:
    harvest = Harvested(portal, tmp_path, "paths=/report", fault)
    assert harvest.rows("SELECT finish_reason, complete FROM crawls") == [("finished", 0)]
    harvest.db.close()


def test_a_selection_of_years_and_a_sample_are_kept_in_mind(portal: str, tmp_path: Path) -> None:
    harvest = Harvested(portal, tmp_path, "paths=/report", "years=2019", "sample=1")
    assert harvest.rows("SELECT complete, sample, reports_new FROM crawls") == [(1, 1, 0)]
    assert harvest.rows("SELECT count(*) FROM reports UNION ALL SELECT count(*) FROM problems") == [
        (0,),
        (0,),
    ]
    harvest.db.close()


def test_a_failing_disk_ends_the_crawl_and_says_so(portal: str, tmp_path: Path) -> None:
    Harvested(portal, tmp_path, "paths=/gone").db.close()
    with sqlite3.connect(tmp_path / "nianbao.db") as db:
        # Stands for any failure of the disk in the middle of a run.
        db.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON stored_figures"
            " BEGIN SELECT RAISE(ABORT, 'the disk failed'); END"
        )
    db.close()
    harvest = Harvested(portal, tmp_path, "paths=/report")
    assert harvest.rows("SELECT finish_reason, complete FROM crawls WHERE id = 2") == [("storage_failed", 0)]
    assert harvest.errors.count("/report was not stored") >= 1
    assert "the disk failed" in harvest.errors
    assert harvest.rows("SELECT count(*) FROM reports") == [(0,)]
    harvest.db.close()


def test_an_archive_that_cannot_be_written_ends_the_crawl(portal: str, tmp_path: Path) -> None:
    Harvested(portal, tmp_path, "paths=/gone").db.close()
    with sqlite3.connect(tmp_path / "archive.db") as db:
        db.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON bodies BEGIN SELECT RAISE(ABORT, 'the disk failed'); END"
        )
    db.close()
    harvest = Harvested(portal, tmp_path, "paths=/report")
    assert harvest.rows("SELECT finish_reason, complete, fetches FROM crawls WHERE id = 2") == [
        ("storage_failed", 0, 1)
    ]
    # No row without its bytes.
    assert harvest.rows("SELECT url FROM fetches WHERE crawl_id = 2") == [("/robots.txt",)]
    harvest.db.close()
