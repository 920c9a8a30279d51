"""Coverage: a report is missing only where a portal that was walked whole should show it."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys
import tomllib
from dataclasses import replace

import pytest

from crawler.items import Portal
from pipelines.records import Agency, Dates, Problem
from storage import coverage
from storage.reference import write_reference
from tests.storage.places import (
    CITY,
    DIVISIONS,
    ROOT,
    add_portal,
    agency,
    keep,
    scrapy,
    states,
    unread_page,
    walked,
)


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


@pytest.mark.parametrize("found", list(itertools.permutations(("blocked", "dead", "disabled"))))
def test_portals_that_fail_in_several_ways_are_named_in_one_order(place, found) -> None:
    """Whichever of them is met first: for every combination there are words."""
    add_portal(place, "other1", "230800")
    add_portal(place, "other2", "230800")
    keep(place, agency("教育局"), 2020, 2022)
    reasons = []
    for count in (2, 3):
        for portal, state in zip(("city", "other1", "other2"), found[:count], strict=False):
            place.db.execute("UPDATE portals SET state = ? WHERE id = ?", (state, portal))
        place.begin_crawl()
        walked(place, "county")
        reasons.append(states(place, "样例市教育局")[2021][1])
    assert reasons == [f"portal_{'_'.join(sorted(found[:2]))}", "portal_blocked_dead_disabled"]
    words = tomllib.loads((ROOT / "storage" / "site" / "words" / "codes.toml").read_text(encoding="utf-8"))
    assert set(reasons) <= set(words["reason"])


def test_what_was_found_and_gave_no_report_is_not_missing(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    unread_page(
        place, "样例市教育局2021年政府信息公开工作年度报告", Problem(code="ocr_disabled", detail="a scan")
    )
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


# Walks that say nothing of a year


@pytest.mark.parametrize("years", [" 2021 ", "2020 - 2022", "2021 -2021"])
def test_years_that_were_asked_for_with_blanks(place, years) -> None:
    keep(place, agency("教育局"), 2018, 2020, 2022)
    walked(place, "city", "county", arguments=json.dumps({"years": years}))
    found = states(place, "样例市教育局")
    assert found[2021][:2] == ("missing", "gap")
    assert found[2019] == ("not_known", "portal_not_walked_whole", None)


def test_a_walk_that_began_before_the_report_was_due_says_nothing_of_it(place) -> None:
    keep(place, agency("教育局"), 2022)
    walked(place, "city", "county", at="2024-02-02T00:00:00Z")
    assert states(place, "样例市教育局")[2023][0] == "missing"
    place.db.execute("UPDATE crawls SET started_at = '2024-01-31T18:00:00Z'")
    place.db.conn.commit()
    coverage.refresh(place.db)
    assert states(place, "样例市教育局")[2023] == ("not_known", "portal_not_walked_since", None)


def test_a_run_that_was_killed_says_nothing(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    place.db.execute("UPDATE crawls SET started_at = '2025-06-01T00:00:00Z', finished_at = NULL")
    place.db.conn.commit()
    coverage.refresh(place.db)
    assert states(place, "样例市教育局")[2021] == ("not_known", "portal_not_walked_whole", None)


def test_of_several_portals_of_a_place_the_one_that_was_not_walked_is_named(place) -> None:
    add_portal(place, "aaa", "230800")
    add_portal(place, "zzz", "230800")
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "county", "aaa")
    assert states(place, "样例市教育局")[2021] == ("not_known", "portal_not_walked_whole", None)
    assert place.one("SELECT portal_id FROM coverage WHERE agency = '样例市教育局' AND year = 2021") == "zzz"


def test_a_disabled_portal_does_not_count_beside_another(place) -> None:
    add_portal(place, "old", "230800", state="disabled", disabled=1)
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021] == ("missing", "gap", "high")


def test_a_disabled_portal_alone_leaves_it_open(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    place.db.execute("UPDATE portals SET disabled = 1, state = 'disabled' WHERE id = 'city'")
    walked(place, "county")
    assert states(place, "样例市教育局")[2021] == ("not_known", "portal_disabled", None)


def test_a_portal_that_the_registry_holds_no_more_is_waited_for_no_more(place) -> None:
    add_portal(place, "city_old", "230800")
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "city_old", "county", at="2024-06-01T00:00:00Z")
    place.begin_crawl()
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2024] == ("missing", "none_since", "low")


@pytest.mark.parametrize(
    ("arguments", "finish"),
    [
        ({"portal": "city,county"}, "finished"),
        ({"division": "2308"}, "finished"),
        ({"registry": "other.toml"}, "finished"),
        ({}, "shutdown"),
    ],
)
def test_a_run_that_did_not_walk_a_whole_registry_retires_no_portal(place, arguments, finish) -> None:
    add_portal(place, "city_old", "230800")
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "city_old", "county", at="2024-06-01T00:00:00Z")
    place.begin_crawl()
    walked(place, "city", "county", arguments=json.dumps(arguments), finish=finish)
    assert states(place, "样例市教育局")[2024] == ("not_known", "portal_not_walked_since", None)


def test_a_portal_of_no_division_makes_nobody_owe(place) -> None:
    add_portal(place, "www-example", "000000")
    walked(place, "city", "county")
    before = place.one("SELECT count(*) FROM coverage")
    place.db.execute("DELETE FROM portals WHERE id = 'www-example'")
    coverage.refresh(place.db)
    assert place.one("SELECT count(*) FROM coverage") == before
    assert states(place, "别处区人民政府") == {}


# Which portals should show it


def test_a_government_with_a_portal_of_its_own_may_publish_on_its_divisions_too(place) -> None:
    add_portal(place, "office", "230805", agency="样例市样例区人民政府")
    walked(place, "city", "office")
    assert states(place, "样例市样例区人民政府")[2024][:2] == ("not_known", "portal_not_walked_whole")
    assert (
        place.one("SELECT portal_id FROM coverage WHERE division_code = '230805' AND year = 2024") == "county"
    )


def test_a_report_that_was_found_on_another_portal_makes_that_one_answer_too(place) -> None:
    body = agency("", id="230805-gov", name="样例市样例区人民政府", agency_type="government",
                  division_code="230805", body="")  # fmt: skip
    keep(place, body, 2019, portal="city")
    keep(place, body, 2021, portal="county")
    walked(place, "county")
    assert states(place, body.name)[2020] == ("not_known", "portal_not_walked_whole", None)
    assert place.one("SELECT portal_id FROM coverage WHERE agency = ? AND year = 2020", body.name) == "city"
    place.begin_crawl()
    walked(place, "city", "county")
    assert states(place, body.name)[2020] == ("missing", "gap", "high")
    assert place.one("SELECT portal_id FROM coverage WHERE agency = ? AND year = 2020", body.name) == "county"


def test_a_report_that_turns_up_late_on_another_host_is_published(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021][0] == "missing"
    place.begin_crawl()
    late = Dates(page_date="2026-05-01", due_on="2022-01-31", late_confidence="low")
    keep(place, agency("教育局"), 2021, portal="county", published_on="2026-05-01", dates=late)
    walked(place, "city", "county", at="2026-06-01T00:00:00Z")
    assert states(place, "样例市教育局")[2021] == ("published", None, None)
    assert place.rows("SELECT late_confidence FROM late_reports WHERE year = 2021") == [("low",)]


def test_a_report_that_vanished_stays_published(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    place.db.execute("UPDATE reports SET vanished_at = '2025-01-01T00:00:00Z' WHERE year = 2020")
    place.db.execute("UPDATE report_sources SET gone_at = '2025-01-01T00:00:00Z'")
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2020] == ("published", None, None)


def test_a_body_without_a_division_is_waited_for_where_it_published(place) -> None:
    body = agency("某局", id="unplaced-1", name="某局", division_code=None, level=None)
    keep(place, body, 2020, 2022)
    walked(place, "county")
    assert states(place, "某局")[2021] == ("not_known", "portal_not_walked_whole", None)
    place.begin_crawl()
    walked(place, "city")
    assert states(place, "某局")[2021] == ("missing", "gap", "high")


@pytest.mark.parametrize(
    "unsettled",
    [
        agency("区教育局", id="unplaced-2", name="区教育局", division_code=None, level=None),
        agency("教育局、财政局", name="样例市教育局、样例市财政局", agency_type="other"),
    ],
    ids=["without a place", "of several bodies"],
)
def test_a_report_that_may_be_a_bodys_own_leaves_it_open(place, unsettled) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    keep(place, agency("民政局"), 2020, 2022)
    keep(place, unsettled, 2021)
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021] == ("not_known", "may_be_held", None)
    assert states(place, "样例市民政局")[2021] == ("missing", "gap", "high")
    assert states(place, "样例市教育局")[2023][0] == "missing"


def test_a_body_without_a_place_is_not_missed_where_one_that_may_be_it_published(place) -> None:
    loose = agency("教育局", id="unplaced-2", name="区教育局", division_code=None, level=None)
    keep(place, loose, 2020, 2022, 2024)
    keep(place, agency("教育局"), 2021)
    walked(place, "city", "county")
    assert states(place, "区教育局")[2021] == ("not_known", "may_be_held", None)
    assert states(place, "区教育局")[2023] == ("missing", "gap", "high")


def test_a_report_that_states_another_year_too_leaves_that_open(place) -> None:
    keep(place, agency("教育局"), 2019)
    report = replace(place.dongfeng(), agency=agency("教育局"), year=2022)
    said = Problem(code="year_conflict", detail="the title says 2022, but 2021 is also stated")
    reading = place.reading(report, url="http://city.example/2022", body=b"2022", portal="city")
    document = replace(reading.documents[0], problems=(said,))
    place.store(replace(reading, documents=(document,)))
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021] == ("not_known", "may_be_held", None)
    assert states(place, "样例市教育局")[2020] == ("missing", "gap", "high")
    assert states(place, "样例市教育局")[2022][0] == "published"


def test_a_report_that_names_another_body_too_leaves_that_ones_open(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    keep(place, agency("民政局"), 2020, 2022)
    said = Problem(
        code="agency_conflict", detail="the report is 样例市财政局's, and a title names 样例市教育局"
    )
    report = replace(place.dongfeng(), agency=agency("财政局"), year=2021)
    reading = place.reading(report, url="http://city.example/2021", body=b"2021", portal="city")
    place.store(replace(reading, documents=(replace(reading.documents[0], problems=(said,)),)))
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2021] == ("not_known", "may_be_held", None)
    assert states(place, "样例市民政局")[2021] == ("missing", "gap", "high")
    assert states(place, "样例市财政局")[2021][0] == "published"


def test_where_no_portal_is_known_it_says_so(place) -> None:
    body = agency("某局", id="310101-x", name="别处区某局", division_code="310101")
    keep(place, body, 2020, 2022)
    place.db.execute("UPDATE report_sources SET gone_at = '2025-01-01T00:00:00Z'")
    walked(place, "city", "county")
    assert states(place, "别处区某局")[2021] == ("not_known", "no_portal", None)


# Names that end


def renamed(place, before: str, after: str, since: int | None, kind: str = "renamed") -> None:
    place.db.execute("INSERT INTO renamings VALUES (?, ?, ?, ?, NULL, '')", [before, after, kind, since])
    place.db.conn.commit()


def test_a_body_owes_until_the_year_before_the_later_name_counts(place) -> None:
    renamed(place, "环境保护局", "生态环境局", 2019)
    keep(place, agency("环境保护局"), 2014, 2016)
    keep(place, agency("生态环境局"), 2020, 2024)
    walked(place, "city", "county")
    assert set(states(place, "样例市环境保护局")) == {2014, 2015, 2016, 2017, 2018}
    assert states(place, "样例市环境保护局")[2018][:2] == ("missing", "none_since")
    assert min(states(place, "样例市生态环境局")) == 2020


def test_where_nothing_is_held_of_the_later_name_nobody_knows_whether_the_earlier_went_on(place) -> None:
    renamed(place, "环境保护局", "生态环境局", 2019)
    keep(place, agency("环境保护局"), 2016)
    walked(place, "city", "county")
    found = states(place, "样例市环境保护局")
    assert found[2018][:2] == ("missing", "none_since")
    assert {found[year] for year in range(2019, 2025)} == {("not_known", "may_be_renamed", None)}


@pytest.mark.parametrize(
    ("kind", "since", "last"),
    [
        ("function_moved", 2019, 2016),
        ("split_from", 2019, 2016),
        ("renamed", None, 2016),
        ("renamed", 2019, 2020),
    ],
)
def test_a_name_goes_on_where_no_reform_ended_it(place, kind, since, last) -> None:
    renamed(place, "环境保护局", "生态环境局", since, kind)
    keep(place, agency("环境保护局"), last)
    walked(place, "city", "county")
    assert states(place, "样例市环境保护局")[2024] == ("missing", "none_since", "low")


def test_a_renaming_of_one_division_ends_no_name_of_another(place) -> None:
    place.db.execute(
        "INSERT INTO renamings VALUES ('环境保护局', '生态环境局', 'renamed', 2019, '230805', '')"
    )
    keep(place, agency("环境保护局"), 2016)
    walked(place, "city", "county")
    assert states(place, "样例市环境保护局")[2024] == ("missing", "none_since", "low")


def test_a_merger_ends_all_that_went_into_it(place) -> None:
    renamed(place, "国土资源局", "自然资源局", 2018, "merged_into")
    renamed(place, "城乡规划局", "自然资源局", 2018, "merged_into")
    keep(place, agency("国土资源局"), 2016, 2017)
    keep(place, agency("城乡规划局"), 2015)
    keep(place, agency("自然资源局"), 2019)
    walked(place, "city", "county")
    assert set(states(place, "样例市国土资源局")) == {2016, 2017}
    assert set(states(place, "样例市城乡规划局")) == {2015, 2016, 2017}


def test_a_department_of_a_division_that_is_gone_owes_no_more(place) -> None:
    body = agency("财政局", id="230822-财政局", name="旧名县财政局", division_code="230822")
    keep(place, body, 2013)
    walked(place, "city", "county")
    assert set(states(place, "旧名县财政局")) == {2013, 2014, 2015}


def test_a_code_with_two_names_owes_once_a_year(place) -> None:
    place.db.execute("UPDATE divisions SET valid_to = 2017 WHERE code = '230805'")
    place.db.execute("INSERT INTO divisions VALUES ('230805', '新名区', 'district', '230800', 2018, NULL)")
    walked(place, "city", "county")
    years = place.rows("SELECT year, agency FROM coverage WHERE division_code = '230805' ORDER BY year")
    assert [year for year, _ in years] == list(range(2008, 2025))
    assert {name for year, name in years if year < 2018} == {"样例市样例区人民政府"}
    assert {name for year, name in years if year >= 2018} == {"样例市新名区人民政府"}


# What was found and not read


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("2021年样例市教育局政府信息公开工作年度报告", True),
        ("样例市教育局2021年度政府信息公开年报", True),
        ("市教育局2021年政府信息公开年报.pdf", True),
        ("教育局2021年政府信息公开年报", True),
        ("教育局二〇二一年政府信息公开年报", True),
        ("　教育局２０２１年　政府信息公开年报", True),
        ("（公开）样例市教育局2021年政府信息公开年报", True),
        ("样例市教育局2021年政府信息公开年报(2022-01-20)", True),
        ("样例区教育局2021年政府信息公开年报", False),
        ("区教育局2021年政府信息公开年报", False),
        ("样例市教育局2020年政府信息公开年报(2021-01-20)", False),
        ("样例市教育局2020年政府信息公开年报 2021年1月20日", False),
        ("样例市教育局2022年政府信息公开年报", False),
        ("样例市教育考试院2021年政府信息公开年报", False),
        ("样例市教育局2021年法治政府建设情况", False),
        ("样例市2021年政府信息公开年报", False),
        ("2021年政府信息公开年报", False),
    ],
)
def test_whose_a_title_is_behind_which_nothing_was_read(place, title, found) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    unread_page(place, title, Problem(code="ocr_disabled", detail="a scan"))
    walked(place, "city", "county")
    wanted = ("unread", "ocr_disabled", None) if found else ("missing", "gap", "high")
    assert states(place, "样例市教育局")[2021] == wanted


@pytest.mark.parametrize(
    ("title", "portal", "found"),
    [
        ("2021年样例市样例区政府信息公开工作年度报告", "city", True),
        ("样例区2021年政府信息公开年报", "city", True),
        ("样例区人民政府信息公开年报（2021年）", "county", True),
        ("样例市样例区人民政府2021年政府信息公开年报", "county", True),
        ("2021年政府信息公开工作年度报告", "county", True),
        ("区政府2021年政府信息公开年报", "county", True),
        ("本级2021年政府信息公开年报", "county", True),
        ("2021年政府信息公开工作年度报告", "city", False),
        ("样例市2021年政府信息公开年报", "city", False),
        ("样例区政府办公室2021年政府信息公开年报", "county", False),
        ("样例区样例镇2021年政府信息公开年报", "county", False),
        ("样例区2021年度法治政府建设报告", "county", False),
    ],
)
def test_whose_a_title_of_a_government_is(place, title, portal, found) -> None:
    body = agency("", id="230805-gov", name="样例市样例区人民政府", agency_type="government",
                  division_code="230805", body="")  # fmt: skip
    keep(place, body, 2020, portal="city")
    keep(place, body, 2022, portal="county")
    unread_page(place, title, Problem(code="ocr_disabled", detail="a scan"), portal=place.portals[portal])
    walked(place, "city", "county")
    assert (states(place, body.name)[2021][0] == "unread") is found


def test_a_title_on_any_portal_that_should_show_it_counts(place) -> None:
    second = Portal(id="aaa", name="样例市政务公开网", division="230800", home="http://aaa.example/")
    add_portal(place, "aaa", "230800")
    place.portals["aaa"] = second
    keep(place, agency("教育局"), 2020, 2022)
    title = "样例市教育局2021年政府信息公开年报"
    unread_page(place, title, Problem(code="ocr_disabled", detail="a scan"), portal=CITY)
    walked(place, "city", "county", "aaa")
    assert states(place, "样例市教育局")[2021] == ("unread", "ocr_disabled", None)


def test_a_title_with_a_former_name_counts(place) -> None:
    body = agency("自然资源局", printed="样例市国土资源局")
    keep(place, body, 2020, 2022)
    unread_page(
        place, "样例市国土资源局2021年政府信息公开年报", Problem(code="ocr_disabled", detail="a scan")
    )
    walked(place, "city", "county")
    assert states(place, "样例市自然资源局")[2021][0] == "unread"


# Who owes none


def test_every_report_is_in_a_row_of_the_roster_or_named_beside_it(place) -> None:
    keep(place, agency("教育局"), 2007, 2020, 2022, 2025)
    keep(place, agency("样例镇人民政府", agency_type="township"), 2020)
    keep(place, agency("样例大学", agency_type="university"), 2020)
    keep(place, agency("样例医院", agency_type="public_institution"), 2020)
    keep(place, agency("样例协会", agency_type="other"), 2020)
    gov = {"agency_type": "government", "body": ""}
    place.db.execute("UPDATE divisions SET valid_from = 2019 WHERE code = '230805'")
    one = agency("甲", id="230805-a", name="样例市样例区人民政府", division_code="230805", **gov)
    keep(place, one, 2018, 2020)
    # The reports of its two names stand in one row, and in one of their own.
    keep(place, replace(one, id="230805-b", name="样例区行政公署"), 2020)
    keep(place, agency("丙", id="230883-c", name="旧名市人民政府", division_code="230883", **gov), 2012)
    walked(place, "city", "county")
    counted = {row[0] for row in place.rows("SELECT report_id FROM coverage WHERE report_id IS NOT NULL")}
    beside = dict(place.rows("SELECT report_id, reason FROM reports_not_owed"))
    everything = {row[0] for row in place.rows("SELECT id FROM reports")}
    assert counted | set(beside) == everything
    assert not counted & set(beside)
    assert {report: reason for report, reason in beside.items() if "230800" in report} == {
        "230800-教育局-2007": "before_the_regulations",
        "230800-教育局-2025": "year_not_over",
        "230800-样例镇人民政府-2020": "township_owes_none",
        "230800-样例大学-2020": "university_owes_none",
        "230800-样例医院-2020": "public_institution_owes_none",
        "230800-样例协会-2020": "other_owes_none",
    }
    assert beside["230805-a-2018"] == "division_not_in_force"
    # The county that became a city is one body, whatever the code under which it was placed.
    assert "230883-c-2012" in counted


@pytest.mark.parametrize(
    "name", ["样例大学", "样例市第一医院", "样例镇人民政府", "样例水务集团", "样例市人民法院"]
)
def test_a_portal_of_a_body_under_other_rules_owes_none(place, name) -> None:
    add_portal(place, "own", "230800", agency=name)
    walked(place, "city", "county", "own")
    assert states(place, name) == {}


def test_a_walk_of_the_years_of_a_sample_says_nothing(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    place.db.execute("UPDATE crawls SET sample = 1")
    walked(place, "city", "county", arguments=json.dumps({"years": "2021", "limit": "5"}))
    assert states(place, "样例市教育局")[2021][0] == "not_known"


# The data


def test_the_days_are_those_by_which_reports_are_judged_late() -> None:
    from pipelines import dates

    kinds = [*coverage.deadlines().due, "township", "university", "public_institution", "other"]
    for kind in kinds:
        for year in range(2008, 2031):
            assert coverage.due_on(kind, year) == dates.due_on(kind, year), (kind, year)


def test_the_view_beside_the_roster_knows_the_same_kinds() -> None:
    from storage.views import standing_views

    told = standing_views()["reports_not_owed"].split("NOT IN (")[1].split(")")[0]
    assert {kind.strip().strip("'") for kind in told.split(",")} == set(coverage.deadlines().due)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('first_year = 2008\n[due]\nuntil_2018 = "03-31"\n', "owes_none"),
        (
            'first_year = 2008\nlast_year = 9\n[due]\nuntil_2018 = "03-31"\n[owes_none]\nnames = []\n',
            "last_year",
        ),
        ('first_year = 2008\n[due]\nuntil_2018 = "03-31"\n[owes_none]\nname = []\n', "owes_none: .*name"),
        ('first_year = 2008\n[due]\ndepartment = "31-01"\n[owes_none]\nnames = []\n', "department: must be"),
        ("first_year = 2008\n[due]\ndepartment = 131\n[owes_none]\nnames = []\n", "department: must be"),
        ('first_year = 2008\n[due]\ndepartment = "01-31"\n[owes_none]\nnames = []\n', "until_2018"),
    ],
)
def test_what_is_wrong_with_the_deadlines_is_named(text, told) -> None:
    with pytest.raises(ValueError, match=told):
        coverage.read_deadlines(text)


def test_without_a_run_nobody_is_known_to_owe(place) -> None:
    place.db.execute("DELETE FROM crawls")
    place.db.conn.commit()
    coverage.refresh(place.db)
    assert place.one("SELECT count(*) FROM coverage") == 0
    shown = scrapy(place, "coverage")
    assert (shown.returncode, "crawl first" in shown.stderr) == (1, True)
