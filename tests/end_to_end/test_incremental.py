"""Runs on a portal that stays, changes, loses pages and gets them back: what is asked and written."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harvest import Harvest, crawl, rows, steady
from tests.province.pages import Answer
from tests.province.server import Province

PORTAL = "development"
PAGE = "/xxgk/ndbg/2022/0119/1041.html"
REPORT = "231000-893497f7ae-2021"
FILE = re.compile(r"\.(pdf|docx?|xlsx?|zip)$|/\d+\.html$|_\d{5,}\.shtml$|/tt\.shtml$")
"""Paths of the sample's articles and documents."""


class Editor:
    """A sample province of which single pages can be changed and taken away."""

    def __init__(self, province: Province, folder: Path) -> None:
        self.province = province
        self.folder = folder
        self.database = folder / "nianbao.db"
        self.routes: dict[str, Callable[[], Answer]] = province.servers[
            PORTAL
        ].RequestHandlerClass.pages.routes  # type: ignore[attr-defined]

    def run(self, *arguments: str, code: int = 0) -> str:
        """A crawl of the one portal; fails where it ends otherwise than with `code`."""
        outcome = crawl(self.folder, self.province, "-a", f"portal={PORTAL}", *arguments)
        assert outcome.code == code, outcome.err
        return outcome.err

    def edit(self, path: str, change: Callable[[str], str]) -> Callable[[], None]:
        """Changes the page at a path; returns what undoes it."""
        old = self.routes[path]
        answer = old()
        text = answer.body.decode("gb18030")
        changed = change(text)
        assert changed != text
        body = changed.encode("gb18030")
        self.routes[path] = lambda: Answer(body, answer.content_type, answer.status)
        return lambda: self.routes.__setitem__(path, old)

    def crawls(self) -> dict[str, Any]:
        """The last row of `crawls`."""
        return rows(self.database, "SELECT * FROM crawls ORDER BY id DESC LIMIT 1")[0]

    def report(self) -> dict[str, Any]:
        return rows(self.database, "SELECT * FROM reports WHERE id = ?", REPORT)[0]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harvest]:
    """The one portal after a first crawl."""
    with Province(prefer=False, only=(PORTAL,)) as running:
        folder = tmp_path_factory.mktemp("first")
        yield Harvest(folder, running, crawl(folder, running, "-a", f"portal={PORTAL}"))


@pytest.fixture
def editor(first: Harvest, tmp_path: Path) -> Iterator[Editor]:
    """Goes on from that first crawl; afterwards the portal is as it was."""
    assert first.outcome.code == 0, first.outcome.err
    editor = Editor(first.province, first.copy(tmp_path / "editor").folder)
    routes = dict(editor.routes)
    yield editor
    editor.routes.clear()
    editor.routes.update(routes)


def test_a_second_run_transfers_no_article_and_no_document(small_harvest: Harvest, tmp_path: Path) -> None:
    again = small_harvest.copy(tmp_path / "again")
    before, asked = steady(again.database), len(again.province.log)
    seen = again.rows("SELECT max(last_seen_at) AS seen FROM reports")[0]["seen"]
    time.sleep(1.1)
    outcome = crawl(again.folder, again.province)
    assert outcome.code == 0, outcome.err
    requests = again.province.log[asked:]
    files = Counter(request.status for request in requests if FILE.search(request.path))
    assert set(files) == {304, 404}
    assert files[304] >= 23
    assert steady(again.database) == before
    run = again.rows("SELECT * FROM crawls WHERE id = 2")[0]
    assert (run["reports_new"], run["reports_changed"], run["reports_unchanged"]) == (
        0,
        0,
        len(before["reports"]),
    )
    assert run["not_modified"] == sum(request.status == 304 for request in requests)
    assert run["documents"] == small_harvest.rows("SELECT documents FROM crawls")[0]["documents"]
    assert f"of which {run['not_modified']} answered not modified" in outcome.err
    assert again.rows("SELECT min(last_seen_at) AS seen FROM reports")[0]["seen"] > seen
    # "Not modified" leaves its row, with the bytes that it stands for.
    assert again.rows("SELECT count(*) AS n FROM fetches WHERE status = 304 AND sha256 IS NULL") == [{"n": 0}]


def test_what_is_not_due_is_not_asked_for(small_harvest: Harvest, tmp_path: Path) -> None:
    again = small_harvest.copy(tmp_path / "again")
    before, asked = steady(again.database), len(again.province.log)
    time.sleep(1.1)
    outcome = crawl(again.folder, again.province, "-s", "RECRAWL=due")
    assert outcome.code == 0, outcome.err
    requests = again.province.log[asked:]
    # The lists are, one of which is the article itself, and what failed the last time.
    files = {
        request.status for request in requests if FILE.search(request.path) and "/tt." not in request.path
    }
    assert files == {404}
    assert sum(request.status == 304 for request in requests) > 10
    assert steady(again.database) == before
    run = again.rows("SELECT * FROM crawls WHERE id = 2")[0]
    assert run["reports_unchanged"] == len(before["reports"])
    assert run["from_archive"] >= 23
    assert again.rows("SELECT count(*) AS n FROM reports WHERE last_seen_at < ?", run["started_at"]) == [
        {"n": 0}
    ]


def test_what_was_answered_long_ago_is_due(small_harvest: Harvest, tmp_path: Path) -> None:
    import sqlite3

    again = small_harvest.copy(tmp_path / "again")
    connection = sqlite3.connect(again.database)
    with connection:
        connection.execute("UPDATE fetches SET fetched_at = '2020-01-01T00:00:00Z'")
    connection.close()
    asked = len(again.province.log)
    assert crawl(again.folder, again.province, "-s", "RECRAWL=due").code == 0
    files = Counter(request.status for request in again.province.log[asked:] if FILE.search(request.path))
    # So long ago that "not modified" alone would not be believed: all came whole.
    assert set(files) == {200, 404}


def test_a_changed_article_becomes_a_version(editor: Editor) -> None:
    figure = rows(
        editor.database,
        "SELECT table_code, row_code, column_code, printed FROM figures"
        " WHERE report_id = ? AND status = 'number' ORDER BY value DESC LIMIT 1",
        REPORT,
    )[0]
    printed = figure["printed"]
    editor.edit(PAGE, lambda text: text.replace(f">{printed}<", f">{printed}1<", 1))
    told = editor.run()
    query = "SELECT version, changes FROM report_versions WHERE report_id = ? ORDER BY version"
    first, second = rows(editor.database, query, REPORT)
    cell = [figure["table_code"], figure["row_code"], figure["column_code"]]
    assert first["changes"] == "[]"
    assert {"cell": cell, "before": printed, "after": f"{printed}1"} in json.loads(second["changes"])
    assert (editor.crawls()["reports_changed"], editor.crawls()["reports_unchanged"]) == (1, 5)
    assert "1 changed" in told
    outcome = rows(editor.database, "SELECT report_id, outcome FROM crawl_reports WHERE crawl_id = 2")
    assert outcome == [{"report_id": REPORT, "outcome": "changed"}]


def test_a_report_whose_page_is_gone_vanishes_and_comes_back(editor: Editor) -> None:
    page = editor.routes.pop(PAGE)
    told = editor.run()
    assert editor.report()["vanished_at"] is not None
    assert editor.crawls()["reports_vanished"] == 1
    assert editor.crawls()["reports_unchanged"] == 5
    assert "1 vanished" in told
    assert len(rows(editor.database, "SELECT 1 FROM reports")) == 6
    editor.run()
    assert editor.crawls()["reports_vanished"] == 0
    editor.routes[PAGE] = page
    # What failed the last time is due at once.
    editor.run("-s", "RECRAWL=due")
    assert editor.report()["vanished_at"] is None
    assert editor.crawls()["reports_unchanged"] == 6


def without(text: str) -> str:
    """A list page without the line of one report, and without a count that would tell."""
    line = r"<tr><td>·<a href=\"[^\"]*1041\.html\".*?</tr>"
    return re.sub(rf"{line}|共\d+条", "", text)


def test_a_report_that_no_list_names_vanishes_in_a_complete_run_only(editor: Editor) -> None:
    lists = [path for path in editor.routes if path.startswith("/xxgk/ndbg/index")]
    undo = [editor.edit(path, without) for path in lists]
    editor.run("-a", "years=2020-2024")
    assert editor.report()["vanished_at"] is None
    editor.run("-a", "limit=3")
    assert editor.report()["vanished_at"] is None
    broken = editor.routes["/xxgk/ndbg/2021/0114/1024.html"]
    editor.routes["/xxgk/ndbg/2021/0114/1024.html"] = lambda: Answer(b"error", "text/html", 503)
    editor.run(code=1)
    assert editor.report()["vanished_at"] is None
    editor.routes["/xxgk/ndbg/2021/0114/1024.html"] = broken
    editor.run()
    assert editor.report()["vanished_at"] is not None
    assert editor.crawls()["reports_vanished"] == 1
    for restore in undo:
        restore()
    editor.run()
    assert editor.report()["vanished_at"] is None


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    from tests.end_to_end.harvest import one_line, scrapy

    for setting in ("RECRAWL=sometimes", "CONTINUE_HOURS=-1"):
        outcome = scrapy("crawl", "heilongjiang", "-s", f"DATABASE={tmp_path / 'x.db'}", "-s", setting)
        assert outcome.code == 2
        assert setting in one_line(outcome.err)
