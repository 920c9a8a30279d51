"""What is asked again and how: conditions, answers "not modified", and servers that give them wrongly."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from storage import schedule
from storage.database import StorageError
from tests.storage.test_scrapy import Harvested, Quiet

LONG_AGO = "Sat, 01 Jan 2022 00:00:00 GMT"


class Portal(BaseHTTPRequestHandler):
    """A server with the habits that validators are known for; `asked` holds the conditions it was given."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str | None, str | None]]
    times: Counter[str]

    def do_GET(self) -> None:  # noqa: C901 a habit a branch
        conditions = (self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since"))
        self.asked.append((self.path, *conditions))
        self.times[self.path] += 1
        known = any(conditions)
        if self.path == "/robots.txt":
            self.answer(404)
        elif self.path == "/weak":
            self.answer(304 if conditions[0] == 'W/"1"' else 200, {"ETag": 'W/"1"'})
        elif self.path == "/dated":
            self.answer(304 if conditions[1] == LONG_AGO else 200, {"Last-Modified": LONG_AGO})
        elif self.path == "/fickle":
            headers = {"ETag": f'"{self.times[self.path]}"', "Last-Modified": LONG_AGO}
            self.answer(304 if conditions[0] is None and conditions[1] == LONG_AGO else 200, headers)
        elif self.path == "/future":
            self.answer(304 if known else 200, {"Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT"})
        elif self.path == "/star":
            self.answer(304 if known else 200, {"ETag": '"1"', "Vary": "*"})
        elif self.path == "/bare":
            self.answer(200)
        elif self.path == "/unasked":
            self.answer(304)
        elif self.path == "/moving":
            # First it leads to one page, then to another, which has the same tag.
            target = "/one" if self.times[self.path] == 1 else "/two"
            self.answer(302, {"Location": target})
        elif self.path in ("/one", "/two"):
            self.answer(304 if known else 200, {"ETag": '"same"'}, self.path.encode())
        elif self.path == "/changing":
            self.answer(200, {"ETag": f'"{self.times[self.path]}"'}, str(self.times[self.path]).encode())
        elif self.path == "/broken":
            self.answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08\x00 this is no gzip")

    def answer(
        self, status: int, headers: dict[str, str] | None = None, body: bytes = b"<p>page</p>"
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0" if status == 304 else str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Portal]]]:
    handler = type("OnePortal", (Portal,), {"asked": [], "times": Counter()})
    with Quiet(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", handler
        running.shutdown()


def twice(
    server: tuple[str, type[Portal]], folder: Path, *paths: str, runs: int = 2
) -> tuple[list[tuple[str, str | None, str | None]], Harvested]:
    """What the last of several runs asked for, robots.txt left out, and what it left."""
    address, handler = server
    for _ in range(runs - 1):
        Harvested(address, folder, f"paths={' '.join(paths)}").db.close()
    handler.asked.clear()
    harvest = Harvested(address, folder, f"paths={' '.join(paths)}")
    return [asked for asked in handler.asked if asked[0] != "/robots.txt"], harvest


def test_validators_are_given_back_as_they_came(server: tuple[str, type[Portal]], tmp_path: Path) -> None:
    asked, harvest = twice(server, tmp_path, "/weak", "/dated", "/bare")
    assert sorted(asked, key=str) == [
        ("/bare", None, None),
        ("/dated", None, LONG_AGO),
        ("/weak", 'W/"1"', None),
    ]
    rows = harvest.rows(
        "SELECT url, status, etag, last_modified, sha256 FROM fetches"
        " WHERE crawl_id = 2 AND role = 'article' ORDER BY url"
    )
    assert [row[:4] for row in rows] == [
        ("/bare", 200, None, None),
        ("/dated", 304, None, LONG_AGO),
        ("/weak", 304, 'W/"1"', None),
    ]
    assert len({row[4] for row in rows}) == 1
    assert harvest.rows("SELECT not_modified, documents FROM crawls WHERE id = 2") == [(2, 1)]
    # The spider is given the page, not the empty answer.
    assert [what for what, _ in harvest.told] == ["answered"] * 3


@pytest.mark.parametrize("path", ["/future", "/star"])
def test_validators_that_compare_nothing_are_not_used(
    server: tuple[str, type[Portal]], tmp_path: Path, path: str
) -> None:
    asked, harvest = twice(server, tmp_path, path)
    assert asked == [(path, None, None)]
    assert harvest.rows("SELECT status FROM fetches WHERE role = 'article'") == [(200,), (200,)]


def test_a_tag_that_changes_while_the_bytes_do_not_is_left_out(
    server: tuple[str, type[Portal]], tmp_path: Path
) -> None:
    asked, harvest = twice(server, tmp_path, "/fickle", runs=3)
    assert asked == [("/fickle", None, LONG_AGO)]
    assert harvest.rows("SELECT status FROM fetches WHERE role = 'article' ORDER BY id") == [
        (200,),
        (200,),
        (304,),
    ]


def test_a_changed_page_comes_whole(server: tuple[str, type[Portal]], tmp_path: Path) -> None:
    asked, harvest = twice(server, tmp_path, "/changing")
    assert asked == [("/changing", '"1"', None)]
    assert len(harvest.rows("SELECT DISTINCT sha256 FROM fetches WHERE role = 'article'")) == 2


def test_not_modified_where_nothing_was_asked_is_a_failure(
    server: tuple[str, type[Portal]], tmp_path: Path
) -> None:
    _, harvest = twice(server, tmp_path, "/unasked", runs=1)
    assert [what for what, _ in harvest.told] == ["failed"]
    assert harvest.rows("SELECT status, sha256 FROM fetches WHERE role = 'article'") == [(304, None)]


def test_not_modified_from_another_address_is_not_believed(
    server: tuple[str, type[Portal]], tmp_path: Path
) -> None:
    asked, harvest = twice(server, tmp_path, "/moving")
    assert asked == [
        ("/moving", '"same"', None),
        ("/two", '"same"', None),
        ("/two", None, None),
    ]
    assert harvest.rows(
        "SELECT url, final_url, status, error IS NULL, sha256 IS NULL FROM fetches"
        " WHERE crawl_id = 2 AND role = 'article' ORDER BY id"
    ) == [("/moving", "/two", 304, 0, 1), ("/moving", "/two", 200, 1, 0)]


def test_after_a_long_time_not_modified_is_not_enough(
    server: tuple[str, type[Portal]], tmp_path: Path
) -> None:
    twice(server, tmp_path, "/weak")[1].db.close()
    with sqlite3.connect(tmp_path / "nianbao.db") as db:
        db.execute("UPDATE fetches SET fetched_at = '2020-01-01T00:00:00Z' WHERE status = 200")
    db.close()
    asked, _ = twice(server, tmp_path, "/weak", runs=1)
    assert asked == [("/weak", None, None)]


def test_what_a_problem_names_is_asked_for_whole(server: tuple[str, type[Portal]], tmp_path: Path) -> None:
    twice(server, tmp_path, "/weak")[1].db.close()
    with sqlite3.connect(tmp_path / "nianbao.db") as db:
        db.execute(
            "INSERT INTO problems (stage, crawl_id, fetch_id, code, cells, detail, hides_reports)"
            " SELECT 'crawl', crawl_id, id, 'challenge_page', '[]', 'x', 1 FROM fetches"
            " ORDER BY id DESC LIMIT 1"
        )
    db.close()
    asked, _ = twice(server, tmp_path, "/weak", runs=1)
    assert asked == [("/weak", None, None)]


def test_bytes_that_the_archive_lost_are_asked_for_whole(
    server: tuple[str, type[Portal]], tmp_path: Path
) -> None:
    twice(server, tmp_path, "/weak")[1].db.close()
    (tmp_path / "archive.db").unlink()
    asked, harvest = twice(server, tmp_path, "/weak", runs=1)
    assert asked == [("/weak", None, None)]
    assert [what for what, _ in harvest.told] == ["answered"]


def test_an_answer_that_cannot_be_unpacked_leaves_its_rows(
    server: tuple[str, type[Portal]], tmp_path: Path
) -> None:
    _, harvest = twice(server, tmp_path, "/broken", runs=1)
    rows = harvest.rows(
        "SELECT attempt, status, error, sha256 FROM fetches WHERE role = 'article' ORDER BY id"
    )
    assert [(attempt, status, sha256) for attempt, status, _, sha256 in rows] == [
        (1, 200, None),
        (2, 200, None),
    ]
    assert "cannot be unpacked (gzip)" in rows[0][2]
    assert harvest.told[0][0] == "failed"


RULES = schedule.load()


@pytest.mark.parametrize(
    ("now", "answered", "given", "due"),
    [
        ("2026-02-10", "2026-02-06", "2026-01-20", True),
        ("2026-02-10", "2026-02-09", "2026-01-20", False),
        ("2026-02-10", "2026-02-06", "2022-01-20", False),
        ("2026-07-10", "2026-07-06", "2026-01-20", False),
        ("2026-07-10", "2026-05-10", "2026-01-20", True),
        ("2026-07-10", "2026-05-10", "printed nonsense", True),
    ],
)
def test_young_reports_are_asked_for_often_in_spring(now: str, answered: str, given: str, due: bool) -> None:
    said = RULES.due(
        "article", "http://x.example/", answered_at=f"{answered}T00:00:00Z", given_at=given, now=now
    )
    assert said is due


def test_lists_are_always_due_and_articles_not_all_on_one_day() -> None:
    at = {"answered_at": "2026-06-01T00:00:00Z", "given_at": "2020-01-01"}
    assert RULES.due("list", "http://x.example/", now="2026-06-01T00:00:00Z", **at)
    urls = [f"http://x.example/{number}" for number in range(300)]
    on_day = [
        sum(RULES.due("article", url, now=f"2026-07-{day:02}T00:00:00Z", **at) for url in urls)
        for day in range(10, 32)
    ]
    assert on_day[0] == 0
    assert on_day[-1] == 300
    assert max(later - earlier for earlier, later in itertools.pairwise(on_day)) < 60


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[again]]\nroles = ["article"]\nevery = 3\n', "every"),
        ('[[again]]\nroles = ["articles"]\nevery_days = 3\n', "articles"),
        ('[[again]]\nroles = ["article"]\n', "every_days"),
        ("[never]\n", "never"),
        ("again = [\n", "again"),
    ],
)
def test_a_schedule_that_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    bundled = schedule.BUNDLED.read_text(encoding="utf-8")
    path = tmp_path / "schedule.toml"
    path.write_text(text + bundled[bundled.index("[spread]") :], encoding="utf-8")
    with pytest.raises(StorageError) as refused:
        schedule.load(path)
    assert str(path) in str(refused.value)
    assert named in str(refused.value) or "Invalid" in str(refused.value)
