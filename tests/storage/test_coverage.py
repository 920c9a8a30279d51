"""Coverage: a report is missing only where a portal that was walked whole should show it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.items import Portal
from pipelines.records import Agency, Dates, Division, Problem
from storage import coverage
from storage.reference import write_reference
from storage.reports import Outcome

ROOT = Path(__file__).resolve().parents[2]
CITY = Portal(id="city", name="样例市人民政府", division="230800", home="http://city.example/")
COUNTY = Portal(id="county", name="样例县人民政府", division="230805", home="http://county.example/")
DIVISIONS = (
    Division(code="230000", name="黑龙江省", kind="province", parent_code=None),
    Division(code="230800", name="样例市", kind="prefecture-level city", parent_code="230000"),
    Division(code="230805", name="样例区", kind="district", parent_code="230800"),
    Division(code="230822", name="旧名县", kind="county", parent_code="230800", valid_to=2015),
    Division(code="230883", name="旧名市", kind="county-level city", parent_code="230800", valid_from=2016),
    Division(code="310101", name="别处区", kind="district", parent_code="310000"),
)


@pytest.fixture
def place(world) -> Any:
    """A world with two portals, and divisions of which one has no portal of its own."""
    cells, derived = world.layout()
    write_reference(world.db, divisions=DIVISIONS, form_cells=cells, derived=derived, portals=[CITY, COUNTY])
    world.db.execute("DELETE FROM portals WHERE id NOT IN ('city', 'county')")
    world.db.conn.commit()
    world.portals = {portal.id: portal for portal in (CITY, COUNTY)}
    return world


def walked(world: Any, *portals: str, at: str = "2025-06-01T00:00:00Z", arguments: str = "{}") -> None:
    """A run that walked these portals whole, and ended then."""
    run = world.crawl_id
    world.db.execute(
        "UPDATE crawls SET started_at = ?, finished_at = ?, complete = 1, arguments = ? WHERE id = ?",
        (at, at, arguments, run),
    )
    for portal in portals:
        world.db.execute(
            "INSERT INTO crawl_portals VALUES"
            " (?, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, '[]', '{}', 0, NULL)",
            (run, portal),
        )
    world.db.conn.commit()
    coverage.refresh(world.db)


def agency(name: str, **changes: Any) -> Agency:
    return replace(
        Agency(
            id=f"230800-{name}",
            name=f"样例市{name}",
            printed=name,
            agency_type="department",
            level="prefecture",
            division_code="230800",
            body=name,
        ),
        **changes,
    )


def keep(world: Any, body: Agency, *years: int, portal: str = "city", **changes: Any) -> list[Outcome]:
    found = []
    for year in years:
        report = replace(world.dongfeng(), agency=body, year=year, **changes)
        url = f"http://{portal}.example/{body.id}/{year}"
        found += world.store(world.reading(report, url=url, body=url.encode(), portal=portal))
    return found


def states(world: Any, name: str) -> dict[int, tuple[str, str | None, str | None]]:
    return {
        row[0]: row[1:]
        for row in world.rows("SELECT year, state, reason, confidence FROM coverage WHERE agency = ?", name)
    }


def test_years_between_those_that_are_held_are_missing(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    keep(place, agency("财政局"), 2020, 2021, 2022, 2023, 2024)
    walked(place, "city", "county")
    assert states(place, "样例市教育局") == {
        2020: ("published", None, None),
        2021: ("missing", "gap", "high"),
        2022: ("published", None, None),
        2023: ("missing", "none_since", "medium"),
        2024: ("missing", "none_since", "low"),
    }
    assert {row[0] for row in place.rows("SELECT agency FROM missing_reports WHERE confidence = 'high'")} == {
        "样例市教育局"
    }
    assert set(states(place, "样例市财政局").values()) == {("published", None, None)}


def test_a_government_owes_since_there_are_reports(place) -> None:
    keep(place, agency("财政局"), 2023, 2024)
    walked(place, "city", "county")
    found = states(place, "样例市样例区人民政府")
    assert set(found) == set(range(2008, 2025))
    assert found[2024] == ("missing", "none_at_all", "low")
    # The city's own portal shows reports of 2023 and 2024 of others, and none older.
    assert states(place, "样例市人民政府")[2024] == ("missing", "none_at_all", "medium")
    assert states(place, "样例市人民政府")[2010] == ("missing", "none_at_all", "low")
    assert states(place, "别处区人民政府") == {}


def test_a_division_owes_while_it_is_one(place) -> None:
    walked(place, "city", "county")
    assert max(states(place, "旧名县人民政府")) == 2015
    assert min(states(place, "旧名市人民政府")) == 2016


def test_a_government_under_the_code_before_is_the_same(place) -> None:
    body = Agency(
        id="230883-gov",
        name="旧名市人民政府",
        printed="旧名县",
        agency_type="government",
        level="county",
        division_code="230822",
        home_code="230883",
        known_as="旧名市人民政府",
    )
    keep(place, body, 2014)
    walked(place, "city", "county")
    found = states(place, "旧名市人民政府")
    assert found[2014][0] == "published"
    assert found[2015][:2] == ("missing", "none_since")
    assert states(place, "旧名县人民政府") == {}


def test_without_a_whole_walk_nothing_is_missing(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    county = replace(agency("民政局"), id="230805-民政局", name="样例区民政局", division_code="230805")
    keep(place, county, 2020, 2022, portal="county")
    walked(place, "county")
    assert states(place, "样例市教育局")[2021] == ("not_known", "portal_not_walked_whole", None)
    assert states(place, "样例区民政局")[2021] == ("missing", "gap", "high")
    assert {row[0] for row in place.rows("SELECT DISTINCT division_code FROM missing_reports")} == {"230805"}


def test_a_walk_before_the_report_was_due_says_nothing_of_it(place) -> None:
    keep(place, agency("教育局"), 2022)
    walked(place, "city", "county", at="2024-01-15T00:00:00Z")
    # Another run later, which did not get through.
    place.begin_crawl()
    walked(place, at="2025-06-01T00:00:00Z")
    assert states(place, "样例市教育局") == {
        2022: ("published", None, None),
        2023: ("not_known", "portal_not_walked_since", None),
        2024: ("not_known", "portal_not_walked_since", None),
    }


def test_a_report_that_is_not_due_yet_is_not_owed(place) -> None:
    keep(place, agency("教育局"), 2022)
    walked(place, "city", "county", at="2024-02-15T00:00:00Z")
    assert max(states(place, "样例市教育局")) == 2023  # due on 31 January
    assert max(states(place, "样例市人民政府")) == 2022  # that of 2023 is due on 31 March


@pytest.mark.parametrize(
    ("years", "state"), [("2020-2022", "missing"), ("2021", "missing"), ("2022", "not_known")]
)
def test_a_walk_for_some_years_speaks_of_these(place, years, state) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "county", arguments=json.dumps({"years": years}))
    assert states(place, "样例市教育局")[2021][0] == state


def test_a_sample_is_no_whole_walk(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    place.db.execute("UPDATE crawls SET sample = 1")
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021][0] == "not_known"


def test_a_portal_that_refuses_is_named(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    place.db.execute("UPDATE portals SET state = 'blocked' WHERE id = 'city'")
    walked(place, "county")
    assert states(place, "样例市教育局")[2021] == ("not_known", "portal_blocked", None)


def test_what_was_found_and_gave_no_report_is_not_missing(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    page = place.document("http://city.example/scan", b"scan", portal="city")
    page = replace(page, fetch=replace(page.fetch, link_text="样例市教育局2021年政府信息公开工作年度报告"))
    from crawler.items import Listing, Publication

    publication = Publication(
        portal=CITY,
        page=page,
        attachments=(),
        listing=Listing(title=page.fetch.link_text, date=None, path=()),
    )
    place.store(place.read(publication, [None], problems=(Problem(code="ocr_disabled", detail="a scan"),)))
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021] == ("unread", "ocr_disabled", None)


def test_a_body_whose_place_another_took_owes_no_more(place) -> None:
    place.db.execute("INSERT INTO renamings VALUES ('环境保护局', '生态环境局', 'renamed', 2019, NULL, '')")
    keep(place, agency("环境保护局"), 2017, 2018)
    keep(place, agency("生态环境局"), 2019, 2020, 2021, 2022, 2023, 2024)
    walked(place, "city", "county")
    assert set(states(place, "样例市环境保护局")) == {2017, 2018}


def test_townships_owe_none_by_these_articles(place) -> None:
    keep(place, agency("样例镇人民政府", agency_type="township"), 2020, 2022)
    walked(place, "city", "county")
    assert states(place, "样例市样例镇人民政府") == {}


def test_a_portal_of_one_body_says_that_it_owes(place) -> None:
    cells, derived = place.layout()
    own = Portal(
        id="water",
        name="样例市水务局",
        division="230800",
        home="http://water.example/",
        agency="样例市水务局",
        since=2022,
    )
    write_reference(place.db, divisions=DIVISIONS, form_cells=cells, derived=derived, portals=[own])
    walked(place, "city", "county", "water")
    assert states(place, "样例市水务局")[2024] == ("missing", "none_at_all", "low")
    assert min(states(place, "样例市水务局")) == 2022


@pytest.mark.parametrize(
    ("kind", "year", "published", "late"),
    [
        ("department", 2022, "2023-02-01", 1),
        ("department", 2022, "2023-01-31", None),
        ("government", 2022, "2023-03-31", None),
        ("government", 2022, "2023-04-02", 2),
        ("department", 2018, "2019-03-31", None),
        ("department", 2017, "2018-04-01", 1),
        ("township", 2022, "2023-09-01", None),
    ],
)
def test_late(place, kind, year, published, late) -> None:
    due = coverage.due_on(kind, year)
    dates = Dates(printed_on=published, due_on=due, late_confidence="medium")
    keep(place, agency("样例机关", agency_type=kind), year, published_on=published, dates=dates)
    rows = place.rows("SELECT days_late, late_confidence FROM late_reports")
    assert rows == ([] if late is None else [(late, "medium")])


def test_the_same_state_gives_the_same_rows(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "county")
    before = place.rows("SELECT * FROM coverage ORDER BY body, year")
    coverage.refresh(place.db)
    assert place.rows("SELECT * FROM coverage ORDER BY body, year") == before


def scrapy(world: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments, "-s", f"DATABASE={world.path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command(place) -> None:
    late = Dates(printed_on="2021-06-01", due_on="2021-01-31", late_confidence="high")
    keep(place, agency("教育局"), 2020, published_on="2021-06-01", dates=late)
    keep(place, agency("教育局"), 2022)
    walked(place, "city", "county")
    shown = scrapy(place, "coverage")
    assert shown.returncode == 0, shown.stderr
    paragraph = shown.stdout.split("样例市教育局")[1].splitlines()
    assert paragraph[0] == "  (department, 230800)"
    assert paragraph[1:4] == [
        "  published  2020, 2022",
        "  late       2020: on 2021-06-01, due on 2021-01-31",
        "  missing    2021 (gap, confidence high)",
    ]
    assert "(1 late)" in shown.stderr
    rows = json.loads(scrapy(place, "coverage", "--format", "json").stdout)
    told = list(csv.DictReader(scrapy(place, "coverage", "--format", "csv").stdout.splitlines()))
    assert len(rows) == len(told) == place.one("SELECT count(*) FROM coverage")
    one = next(row for row in rows if row["agency"] == "样例市教育局" and row["year"] == 2020)
    assert (one["state"], one["published_on"], one["days_late"]) == ("published", "2021-06-01", 121)


def test_the_command_falls_short_where_nothing_is_known(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    walked(place)
    shown = scrapy(place, "coverage")
    assert shown.returncode == 1
    assert "no portal was walked whole" in shown.stderr


def test_the_command_refuses_wrong_usage(place, tmp_path) -> None:
    for arguments in (["--format", "xml"], ["everything"]):
        shown = scrapy(place, "coverage", *arguments)
        assert shown.returncode == 2
        assert len(shown.stderr.splitlines()) == 1
    shown = subprocess.run(
        [sys.executable, "-m", "scrapy", "coverage", "-s", f"DATABASE={tmp_path / 'no.db'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert shown.returncode == 2
    assert "no such file" in shown.stderr
