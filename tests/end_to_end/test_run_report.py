"""What a run says of itself: portals that gave less than they should, in the database and on screen."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.commands.crawl import clock, spans
from crawler.spiders.heilongjiang import Heilongjiang
from tests.crawler.conftest import Answer, SmallPortal, entry_list, report_body
from tests.crawler.test_command import crawl_row, run, storage

SECTION = "<a href='/nb/'>政府信息公开年报</a>"
PDF = Answer(b"%PDF-1.4\nthis is where it was cut", content_type="application/pdf")


class Portals:
    """Five small portals in one registry, and the crawls of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.portals = {name: SmallPortal() for name in ("absent", "broken", "half", "shrinks", "silent")}
        entries = [
            f'[[portal]]\nid = "{name}"\nname = "{name}市"\ndivision = "230100"\n'
            f'home = "{portal.origin}/"\nsince = 2018\ndelay = 0\nnote = "a test"\n'
            for name, portal in self.portals.items()
        ]
        (folder / "r.toml").write_text("\n".join(entries), encoding="utf-8")
        for portal in self.portals.values():
            portal.page("/", SECTION)

    def publish(self, name: str, years: range, unreadable: int = 0) -> None:
        """Puts reports of these years on a portal's list, and so many files that cannot be read."""
        portal = self.portals[name]
        titles = {year: f"{name.title()}测试局{year}年政府信息公开工作年度报告" for year in years}
        files = [(f"/nb/{n}.pdf", f"第{n}局2020年政府信息公开工作年度报告") for n in range(unreadable)]
        pages = [(f"/nb/{year}.html", title) for year, title in titles.items()]
        portal.page("/nb/", entry_list(*pages, *files))
        for path, title in pages:
            portal.page(path, report_body(title))
        for path, _ in files:
            portal.answers[path] = PDF

    def crawl(self, *arguments: str) -> tuple[int, str]:
        done = run(
            "heilongjiang", "-a", f"registry={self.folder / 'r.toml'}", *arguments, *storage(self.folder)
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    def rows(self, sql: str) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.folder / "n.db")
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def stated(self) -> list[dict[str, Any]]:
        """Problems of whole portals."""
        return self.rows(
            "SELECT portal_id, code, hides_reports FROM problems"
            " WHERE stage = 'crawl' AND url IS NULL ORDER BY portal_id"
        )

    def last(self) -> dict[str, dict[str, Any]]:
        """The rows of the last run in `crawl_portals`, by portal."""
        query = "SELECT * FROM crawl_portals WHERE crawl_id = (SELECT max(id) FROM crawls)"
        return {row["portal_id"]: row for row in self.rows(query)}

    def close(self) -> None:
        for portal in self.portals.values():
            portal.close()


@pytest.fixture
def portals(tmp_path: Path) -> Iterator[Portals]:
    made = Portals(tmp_path)
    yield made
    made.close()


def test_what_portals_gave_less_than_they_should_is_said(portals: Portals) -> None:
    portals.publish("broken", range(0), unreadable=3)
    portals.publish("half", range(2019, 2021), unreadable=3)
    portals.publish("shrinks", range(2010, 2020))
    portals.publish("silent", range(2018, 2020))
    portals.publish("absent", range(2016, 2018))
    for path in ("/nb/2016.html", "/nb/2017.html"):
        del portals.portals["absent"].answers[path]
    code, told = portals.crawl()
    assert code == 1
    # As a crawl it was complete: whatever the lists name was fetched.
    assert crawl_row(portals.folder)["complete"] == 1, told
    last = portals.last()
    assert {name: (row["publications"], row["unread"], row["reports"]) for name, row in last.items()} == {
        "broken": (3, 3, 0),
        "absent": (0, 0, 0),
        "half": (5, 3, 2),
        "shrinks": (10, 0, 10),
        "silent": (2, 0, 2),
    }
    assert json.loads(last["half"]["missing_years"])[0] == 2018
    assert json.loads(last["shrinks"]["missing_years"])[0] == 2020
    assert portals.stated() == [
        {"portal_id": "absent", "code": "portal_without_reports", "hides_reports": 0},
        {"portal_id": "broken", "code": "portal_without_reports", "hides_reports": 0},
        {"portal_id": "half", "code": "publications_unread", "hides_reports": 0},
    ]
    assert last["broken"]["remarks"] == (
        "not one report: 3 of 3 publications gave no report (damaged_document 3)"
    )
    assert last["absent"]["remarks"] == "not one report: the 2 articles that its lists name are not there"
    lines = told.splitlines()
    assert lines[-1] == (
        "fell short: every list was walked, but 3 portals gave fewer reports than they should:"
        " absent, broken, half"
    )
    assert f"LOOK AT broken: {last['broken']['remarks']}" in lines
    [head] = [number for number, line in enumerate(lines) if line.startswith("portal ")]
    table = {line.split()[0]: line.split() for line in lines[head + 1 : head + 6]}
    assert table["shrinks"][2:8] == ["10", "10", "0", "0", "0", "0"]
    assert table["half"][-1].startswith("2021-")
    assert table["half"][-2] == "2018,"

    # The next run: one portal says nothing any more, another lost more than a page or two.
    portals.publish("broken", range(2018, 2020))
    portals.publish("half", range(2019, 2021))
    portals.publish("shrinks", range(2010, 2016))
    portals.publish("silent", range(0))
    portals.publish("absent", range(2018, 2020))
    portals.portals["silent"].page("/nb/", entry_list(("/nb/1.html", "某局2019年政府信息公开年度报告")))
    portals.portals["silent"].page("/nb/1.html", "<h1>公示</h1><p>网站改版，内容正在迁移。</p>")
    code, told = portals.crawl()
    assert code == 1
    last = portals.last()
    shrunk = last["shrinks"]
    assert (shrunk["reports"], shrunk["reports_before"], shrunk["crawl_before"]) == (6, 10, 1)
    assert portals.stated() == [
        {"portal_id": "shrinks", "code": "reports_dropped", "hides_reports": 0},
        {"portal_id": "silent", "code": "reports_dropped", "hides_reports": 1},
    ]
    assert "LOOK AT shrinks: 6 reports, 4 fewer than in run 1" in told
    assert "LOOK AT silent: 0 reports, 2 fewer than in run 1" in told
    # Of a portal that is silent of a sudden nothing is marked as gone; of the other it is.
    gone = portals.rows(
        "SELECT portal_id, count(*) AS n FROM reports JOIN report_sources ON report_id = id"
        " WHERE vanished_at IS NOT NULL GROUP BY 1"
    )
    assert gone == [{"portal_id": "shrinks", "n": 4}]
    assert last["shrinks"]["reports_vanished"] == 4
    assert (last["silent"]["complete"], crawl_row(portals.folder)["complete"]) == (0, 0)
    assert told.splitlines()[-1].startswith("incomplete: 1 problem may hide reports")

    # And the next: what is silent is said again, what shrank has been said.
    code, told = portals.crawl()
    assert code == 1
    assert [row["portal_id"] for row in portals.stated()] == ["silent"]
    assert "LOOK AT shrinks" not in told


def test_other_selections_are_not_compared(portals: Portals) -> None:
    portals.publish("half", range(2016, 2020))
    assert portals.crawl("-a", "portal=half")[0] == 0
    code, told = portals.crawl("-a", "portal=half", "-a", "years=2019")
    assert code == 0, told
    last = portals.last()["half"]
    assert (last["reports"], last["reports_before"], last["missing_years"]) == (1, None, "[]")
    assert "LOOK AT" not in told
    # A year of which there is nothing is no shortcoming, but it is said.
    code, told = portals.crawl("-a", "portal=half", "-a", "years=2014")
    assert code == 0, told
    assert "LOOK AT half: not one report: its lists name none that was asked for" in told


def test_what_failed_is_asked_for_again_though_no_list_names_it(portals: Portals) -> None:
    """An article, and a file of another article."""
    portals.publish("half", range(2016, 2019))
    portal = portals.portals["half"]
    good = portal.answers["/nb/2016.html"]
    title = "Half测试局2017年政府信息公开工作年度报告"
    failing = Answer(b"", status=500)
    portal.answers["/nb/2016.html"] = portal.answers["/nb/2017.pdf"] = failing
    portal.page("/nb/2017.html", report_body(title, "<a href='/nb/2017.pdf'>附件</a>"))
    chosen = ("-a", "portal=half", "-s", "RETRY_TIMES=0", "-s", "RECRAWL=due")
    assert portals.crawl(*chosen)[0] == 1
    portals.publish("half", range(2018, 2019))
    portal.asked.clear()
    # As long as it fails the run is not complete, and it is asked for every time.
    code, told = portals.crawl(*chosen)
    assert code == 1
    assert "http_error 2" in told
    asked = [path for path in portal.paths if path.startswith("/nb/2")]
    # What was answered well and is not due is not asked for.
    assert sorted(asked) == ["/nb/2016.html", "/nb/2017.pdf"]
    portal.answers["/nb/2016.html"] = good
    portal.answers["/nb/2017.pdf"] = PDF
    code, told = portals.crawl(*chosen)
    assert code == 0, told
    assert [row["year"] for row in portals.rows("SELECT year FROM reports ORDER BY year")] == [
        2016,
        2017,
        2018,
    ]
    assert portals.rows("SELECT * FROM problems WHERE stage = 'crawl'") == []


@pytest.mark.parametrize(
    ("arguments", "kept"), [({}, 1), ({"limit": "5"}, 0), ({"years": "2017"}, 0), ({"years": "2016"}, 1)]
)
def test_of_what_failed_a_selection_recalls_its_own(
    portals: Portals, arguments: dict[str, str], kept: int
) -> None:
    spider = Heilongjiang(registry=str(portals.folder / "r.toml"), **arguments)
    walk = spider.walks[2]
    origin = portals.portals["half"].origin
    spider.recall("half", f"{origin}/nb/2016.html", "某局2016年政府信息公开工作年度报告", f"{origin}/nb/")
    spider._collect_recalled(walk)
    assert len(walk.candidates) == kept
    assert not walk.recalled


def test_figures_of_the_table() -> None:
    assert spans([2008, 2009, 2010, 2012, 2014, 2015]) == "2008-2010, 2012, 2014-2015"
    assert spans([]) == ""
    assert (clock(7), clock(187), clock(7384)) == ("0:07", "3:07", "2:03:04")
