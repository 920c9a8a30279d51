"""Agencies, their names and parents, the four dates and the figures of old versions, in the database."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from crawler.items import Portal
from pipelines.agencies import renamings, resolved
from pipelines.records import Agency, Cell, Dates, Report
from storage import schema
from storage.database import open_database
from storage.reference import write_reference
from storage.reports import Outcome
from tests.storage.conftest import DIVISIONS, PORTALS, form_layout

RECEIVED = Cell("applications", "received_new", "total")


def body(name: str, year: int = 2021, division: str = "230800") -> Agency:
    found = resolved(name, Portal(id="p", name="x", division=division, home="http://x/"), year, [])
    assert found is not None
    return found


def of(world, name: str, year: int = 2021, **changes: object) -> Report:
    return replace(world.dongfeng(), agency=body(name, year), year=year, **changes)


def put(world, report: Report, url: str, portal: str = "jiamusi") -> list[Outcome]:
    return world.store(world.reading(report, url=url, body=url.encode(), portal=portal))


def test_parents_are_agencies_without_a_report_of_their_own(world) -> None:
    put(world, of(world, "佳木斯市财政局"), "http://jms.example/1")
    line = world.rows("SELECT a.name, b.name FROM agencies a LEFT JOIN agencies b ON b.id = a.parent_id")
    assert set(line) == {
        ("佳木斯市财政局", "佳木斯市人民政府"),
        ("佳木斯市人民政府", "黑龙江省人民政府"),
        ("黑龙江省人民政府", None),
    }
    assert world.one("SELECT count(DISTINCT agency_id) FROM reports") == 1
    assert ("佳木斯市人民政府", "full", None, None) in world.rows(
        "SELECT name, kind, valid_from, valid_to FROM agency_names"
    )


def test_a_parent_is_the_same_row_when_its_own_report_comes(world) -> None:
    put(world, of(world, "佳木斯市财政局"), "http://jms.example/1")
    before = set(world.rows("SELECT * FROM agencies"))
    put(world, of(world, "佳木斯市政府"), "http://jms.example/2")
    assert set(world.rows("SELECT * FROM agencies")) == before
    names = world.rows(
        "SELECT agency_names.name, kind, valid_from FROM agency_names JOIN agencies ON id = agency_id"
        " WHERE agencies.name = '佳木斯市人民政府' ORDER BY kind"
    )
    assert names == [
        ("佳木斯市人民政府", "full", 2021),
        ("佳木斯市政府", "short", None),
        ("佳木斯市政府", "title", 2021),
    ]


def test_parents_go_with_the_last_agency_under_them(world) -> None:
    put(world, of(world, "佳木斯市财政局"), "http://jms.example/1")
    put(world, of(world, "绥化市财政局"), "http://jms.example/2")
    assert world.one("SELECT count(*) FROM agencies") == 5
    # The same bytes are read as another body's: the first reading was a mistake.
    put(world, of(world, "佳木斯市教育局"), "http://jms.example/2")
    assert {row[0] for row in world.rows("SELECT name FROM agencies")} == {
        "佳木斯市财政局",
        "佳木斯市教育局",
        "佳木斯市人民政府",
        "黑龙江省人民政府",
    }
    assert (
        world.one("SELECT count(*) FROM agency_names WHERE agency_id NOT IN (SELECT id FROM agencies)") == 0
    )


def test_the_order_of_reports_changes_nothing(world) -> None:
    reports = [
        (of(world, "佳木斯市财政局"), "http://jms.example/1"),
        (of(world, "佳木斯市政府", 2019), "http://jms.example/2"),
        (of(world, "市财政局", 2020), "http://jms.example/3"),
    ]
    for report, url in reports:
        put(world, report, url)
    tables = ("agencies", "agency_names")
    first = {table: set(world.rows(f"SELECT * FROM {table}")) for table in tables}
    contents = ("stored_prints", "stored_figures", "sections", "stored_checks", "claims")
    for table in (*contents, "report_versions", "source_versions", "copies"):
        world.db.conn.execute(f"DELETE FROM {table}")
    with world.db.conn:
        world.db.conn.execute("DELETE FROM report_sources")
        world.db.conn.execute("UPDATE problems SET report_id = NULL")
        world.db.conn.execute("DELETE FROM reports")
        world.db.conn.execute("DELETE FROM agency_names")
        world.db.conn.execute("UPDATE agencies SET parent_id = NULL")
        world.db.conn.execute("DELETE FROM agencies")
        world.db.conn.execute("DELETE FROM publications")
    for report, url in reversed(reports):
        put(world, report, url)
    assert {table: set(world.rows(f"SELECT * FROM {table}")) for table in tables} == first


@pytest.mark.parametrize("years", [(2020, 2021), (2021, 2020)])
def test_a_government_that_an_earlier_report_alone_names_is_not_left_behind(world, years) -> None:
    """A body stands under the government of its latest report, in whatever order they come."""
    for year in years:
        report = of(world, "佳木斯市财政局", year)
        if year == 2020:
            other = of(world, "绥化市财政局", year).agency.parent
            report = replace(report, agency=replace(report.agency, parent=other))
        put(world, report, f"http://jms.example/{year}")
    assert world.rows("SELECT name FROM agencies ORDER BY name") == [
        ("佳木斯市人民政府",),
        ("佳木斯市财政局",),
        ("黑龙江省人民政府",),
    ]


def test_the_same_body_at_two_portals_is_one_agency_with_all_its_addresses(world) -> None:
    put(world, of(world, "市财政局"), "http://jms.example/1", "jiamusi")
    assert put(world, of(world, "佳木斯市财政局"), "http://dfq.example/2", "dongfeng")[0].kind != "new"
    assert world.one("SELECT count(*) FROM reports") == 1
    assert world.rows("SELECT source_url, portal_id, is_primary FROM report_sources ORDER BY 1") == [
        ("http://dfq.example/2", "dongfeng", 0),
        ("http://jms.example/1", "jiamusi", 1),
    ]


def test_two_agencies_with_one_text_are_two_reports(world) -> None:
    put(world, of(world, "佳木斯市财政局"), "http://jms.example/1")
    put(world, of(world, "佳木斯市教育局"), "http://jms.example/2")
    assert world.one("SELECT count(*) FROM reports") == 2
    assert world.one("SELECT count(*) FROM problems WHERE code = 'copies_differ'") == 0


def test_a_renamed_body_has_one_row_and_the_names_of_its_years(world) -> None:
    for name, year in (("东宁县财政局", 2013), ("东宁市财政局", 2020)):
        put(world, of(world, name, year), f"http://jms.example/{year}")
    assert world.one("SELECT count(DISTINCT agency_id) FROM reports") == 1
    assert world.rows("SELECT name, division_code FROM agencies WHERE body = '财政局'") == [
        ("东宁市财政局", "231086")
    ]
    assert world.rows("SELECT agency, division_code FROM reports ORDER BY year") == [
        ("东宁县财政局", "231024"),
        ("东宁市财政局", "231086"),
    ]
    names = world.rows(
        "SELECT name, valid_from, valid_to FROM agency_names WHERE kind = 'full' AND name LIKE '%财政局'"
        " ORDER BY 2"
    )
    assert names == [("东宁县财政局", 2013, 2013), ("东宁市财政局", 2020, 2020)]


def test_bodies_that_a_reform_renamed_are_related(world) -> None:
    cells, derived = form_layout()
    write_reference(
        world.db,
        divisions=DIVISIONS,
        form_cells=cells,
        derived=derived,
        portals=PORTALS,
        renamings=renamings(),
    )
    for name, year in (
        ("佳木斯市环境保护局", 2017),
        ("佳木斯市生态环境局", 2020),
        ("绥化市环境保护局", 2017),
        ("佳木斯市林业局", 2017),
    ):
        put(world, of(world, name, year), f"http://jms.example/{name}")
    assert world.rows("SELECT from_name, to_name, kind, since, division_code FROM agency_relations") == [
        ("佳木斯市环境保护局", "佳木斯市生态环境局", "renamed", 2018, "230800")
    ]


def test_an_office_is_followed_behind_other_words_and_before_a_branch(world) -> None:
    cells, derived = form_layout()
    write_reference(
        world.db,
        divisions=DIVISIONS,
        form_cells=cells,
        derived=derived,
        portals=PORTALS,
        renamings=renamings(),
    )
    for name, year in (
        ("佳木斯市高新区国土局", 2017),
        ("佳木斯市高新区自然资源局", 2020),
        ("佳木斯市国土资源局郊区分局", 2018),
        ("佳木斯市自然资源局郊区分局", 2019),
        ("佳木斯市桦川国土资源局", 2017),
        ("佳木斯市样例国土办公室", 2017),
        ("佳木斯市样例自然资源办公室", 2020),
        ("绥化市高新区自然资源局", 2020),
        ("国家税务总局佳木斯市税务局", 2020),
        ("佳木斯市地方税务局", 2017),
    ):
        put(world, of(world, name, year), f"http://jms.example/{name}")
    assert world.rows(
        "SELECT from_name, to_name, kind, since, last_year, first_year FROM agency_relations ORDER BY 1"
    ) == [
        ("佳木斯市国土资源局郊区分局", "佳木斯市自然资源局郊区分局", "merged_into", 2018, 2018, 2019),
        ("佳木斯市地方税务局", "国家税务总局佳木斯市税务局", "merged_into", 2018, 2017, 2020),
        ("佳木斯市高新区国土局", "佳木斯市高新区自然资源局", "merged_into", 2018, 2017, 2020),
    ]


def test_the_dates_are_kept_apart(world) -> None:
    dates = Dates(
        printed_on="2022-01-20",
        page_date="2022-05-21",
        url_date="2022-05-10",
        period_from="2021-01-01",
        period_to="2021-12-31",
        due_on="2022-01-31",
        late_confidence="low",
    )
    put(world, of(world, "佳木斯市财政局", dates=dates, published_on="2022-01-20"), "http://jms.example/1")
    assert world.rows(
        "SELECT published_on, printed_on, page_date, url_date, period_from, period_to, due_on,"
        " late_confidence, first_seen_at IS NOT NULL FROM reports"
    ) == [
        (
            "2022-01-20",
            "2022-01-20",
            "2022-05-21",
            "2022-05-10",
            "2021-01-01",
            "2021-12-31",
            "2022-01-31",
            "low",
            1,
        )
    ]


def test_the_figures_of_old_versions_can_be_queried(world) -> None:
    first = of(world, "佳木斯市财政局")
    world.store(world.reading(first, body=b"1"))
    query = (
        "SELECT version, is_current, printed, value, source_url FROM version_figures"
        " WHERE row_code = 'received_new' AND column_code = 'total' ORDER BY version"
    )
    address = "http://dfq.example/2021.html"
    assert world.rows(query) == [(1, 1, "4", 4, address)]
    assert world.one("SELECT count(*) FROM superseded_figures") == 0
    for number, printed in ((2, "5"), (3, "6")):
        world.begin_crawl()
        world.store(world.reading(world.with_printed(first, RECEIVED, printed), body=str(number).encode()))
    assert world.rows(query) == [(1, 0, "4", 4, address), (2, 0, "5", 5, address), (3, 1, "6", 6, address)]
    assert world.one("SELECT count(*) FROM version_figures") == 3 * len(first.figures)
    assert world.rows(
        "SELECT version, json_extract(changes, '$[0].before'), json_extract(changes, '$[0].after')"
        " FROM report_versions WHERE version > 1"
    ) == [(2, "4", "5"), (3, "5", "6")]


def test_names_of_an_older_database_get_their_kinds(tmp_path) -> None:
    path = tmp_path / "old.db"
    db = open_database(path)
    db.conn.close()
    names = [migration.name for migration in schema.MIGRATIONS._migrations]
    assert "0004_names_dates_and_corrections" in names
    # The migration's own statements on the table of before.
    old = sqlite3.connect(":memory:")
    old.execute("CREATE TABLE agencies (id TEXT PRIMARY KEY)")
    old.execute("CREATE TABLE agency_names (agency_id, name, kind, valid_from, valid_to)")
    old.execute(
        "INSERT INTO agency_names VALUES ('a', '某局', 'canonical', 2019, 2021),"
        " ('a', '局', 'printed', 2020, 2020)"
    )
    for statement in schema._NAMES_DATES_AND_CORRECTIONS:
        if "agency_names" in statement and "INDEX" not in statement:
            old.execute(statement)
    assert sorted(old.execute("SELECT name, kind, valid_from, valid_to FROM agency_names")) == [
        ("局", "title", 2020, 2020),
        ("某局", "full", 2019, 2021),
    ]


def test_a_document_whose_body_or_year_was_inferred_gives_way_to_one_that_names_them(world) -> None:
    inferred = world.with_printed(of(world, "佳木斯市财政局", doubt="inferred"), RECEIVED, "9")
    shown = (
        "SELECT source_url, value FROM reports JOIN figures ON id = report_id WHERE row_code = 'received_new'"
    )
    shown += " AND column_code = 'total'"
    put(world, inferred, "http://jms.example/1", "jiamusi")
    assert world.rows(shown) == [("http://jms.example/1", 9)]
    # Even of another house: the first may be the report of another year.
    put(world, of(world, "佳木斯市财政局"), "http://hrb.example/2", "harbin")
    assert world.rows(shown) == [("http://hrb.example/2", 4)]
    assert world.rows("SELECT code, url FROM problems WHERE stage = 'copies'") == [
        ("copies_differ", "http://jms.example/1")
    ]


def test_a_document_that_contradicts_itself_gives_way_within_a_house(world) -> None:
    shown = "SELECT source_url FROM reports"
    put(world, of(world, "佳木斯市财政局", doubt="contradicted"), "http://jms.example/1", "jiamusi")
    put(world, of(world, "佳木斯市财政局"), "http://hrb.example/2", "harbin")
    assert world.one(shown) == "http://jms.example/1"
    put(world, of(world, "佳木斯市财政局"), "http://jms.example/3", "jiamusi")
    assert world.one(shown) == "http://jms.example/3"


def test_two_portals_that_lead_to_one_page_give_the_better_told_reading_in_any_order(world) -> None:
    page = "http://jms.example/1"
    unplaced = replace(body("市教育局"), id="unplaced-1", division_code=None, parent=None, home_code=None)
    vague = replace(world.dongfeng(), agency=unplaced)
    told = of(world, "佳木斯市教育局", doubt="inferred")
    for order in ((("jiamusi", vague), ("harbin", told)), (("harbin", told), ("jiamusi", vague))):
        for portal, report in (*order, *order):
            world.begin_crawl()
            world.store(world.reading(report, url=page, body=b"1", portal=portal))
        assert world.rows("SELECT agency, division_code FROM reports") == [("佳木斯市教育局", "230800")]
        assert world.one("SELECT portal_id FROM publications") == "harbin"
    assert world.one("SELECT count(*) FROM sightings WHERE page_url = ?", page) == 2
