"""Bodies of the portals' own lists: kept as printed, held against the reports, counted where that is safe."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.items import ListedBody, Portal
from pipelines.records import Agency, ListedBodyReading, Problem
from storage import coverage, listed
from storage.database import open_database
from tests.storage.places import CITY, agency, keep, scrapy, states, unread_page, walked

LIST = "http://city.example/bm/"
SEEN = "2025-05-01T00:00:00Z"
OWN_PAGE = "http://city.example/bm/own/"


def put(
    world: Any,
    name: str,
    body: Agency | None,
    *,
    doubt: str | None = None,
    candidates: tuple[str, ...] = (),
    portal: Portal = CITY,
    url: str | None = OWN_PAGE,
    answered_by: tuple[str, ...] | None = None,
    at: str = SEEN,
    list_url: str = LIST,
) -> None:
    """A body of a list as the crawl of the world saw it at `at`."""
    page = world.document(list_url, b"<ul>list</ul>", portal=portal.id, role="hub")
    world.db.execute("UPDATE fetches SET fetched_at = ? WHERE id = ?", (at, page.fetch.id))
    world.db.conn.commit()
    seen = ListedBody(
        portal=portal,
        name=name,
        list_url=list_url,
        fetch=replace(page.fetch, fetched_at=at),
        url=url,
        answered_by=(portal.id,) if answered_by is None else answered_by,
    )
    reading = ListedBodyReading(listed=seen, agency=body, doubt=doubt, candidates=candidates)
    listed.store(world.db, [reading], world.crawl_id)


def standings(world: Any) -> dict[str, tuple[str | None, str | None]]:
    return {row[0]: row[1:] for row in world.rows("SELECT name, standing, other_id FROM listed_bodies")}


# What is kept


def test_a_body_is_kept_as_printed_with_its_list(place) -> None:
    put(place, "市 水务局", agency("水务局"))
    assert place.rows(
        "SELECT portal_id, name, url, list_url, first_seen_at, last_seen_at, answered_by, agency_id, agency,"
        " agency_type, division_code, body, doubt, standing FROM listed_bodies"
    ) == [
        (
            "city", "市 水务局", OWN_PAGE, LIST, SEEN, SEEN, '["city"]', "230800-水务局", "样例市水务局",
            "department", "230800", "水务局", None, None,
        )
    ]  # fmt: skip


def test_seen_again_it_keeps_its_first_day_and_gets_the_new_list(place) -> None:
    put(place, "市水务局", agency("水务局"))
    first = place.one("SELECT crawl_id FROM listed_bodies")
    place.begin_crawl()
    put(place, "市水务局", agency("水务局"), at="2026-05-01T00:00:00Z", list_url="http://city.example/new/")
    assert place.rows("SELECT first_seen_at, last_seen_at, list_url FROM listed_bodies") == [
        (SEEN, "2026-05-01T00:00:00Z", "http://city.example/new/")
    ]
    assert place.one("SELECT crawl_id FROM listed_bodies") > first


def test_read_again_it_changes_what_the_name_means_and_no_day(place) -> None:
    put(place, "市水务局", None, doubt="kind_unknown")
    before = place.rows("SELECT first_seen_at, last_seen_at, list_url, crawl_id FROM listed_bodies")
    (body,) = place.ledger.listed_bodies()
    assert (body.name, body.url, body.list_url, body.answered_by) == ("市水务局", OWN_PAGE, LIST, ("city",))
    assert (body.portal.id, body.portal.division) == ("city", "230800")
    listed.store(place.db, [ListedBodyReading(listed=body, agency=agency("水务局"))], None)
    assert place.rows("SELECT agency_id, doubt FROM listed_bodies") == [("230800-水务局", None)]
    assert place.rows("SELECT first_seen_at, last_seen_at, list_url, crawl_id FROM listed_bodies") == before


def test_a_database_of_the_version_before_keeps_its_coverage(place, tmp_path) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    walked(place, "city", "county")
    place.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "old.db"
    path.write_bytes(Path(place.path).read_bytes())
    old = open_database(path)
    kept = old.execute("SELECT body, year, state, reason FROM coverage ORDER BY body, year").fetchall()
    old.execute("DROP TABLE listed_bodies")
    for column in ("list_url", "listed_at"):
        for view in ("missing_reports", "reports_not_owed"):
            old.execute(f"DROP VIEW IF EXISTS {view}")
        old.execute(f"ALTER TABLE coverage DROP COLUMN {column}")
    old.execute("DELETE FROM _sqlite_migrations WHERE name = '0010_listed_bodies'")
    old.conn.commit()
    old.conn.close()
    again = open_database(path)
    assert (
        again.execute("SELECT body, year, state, reason FROM coverage ORDER BY body, year").fetchall() == kept
    )
    assert again.execute("SELECT count(*) FROM listed_bodies").fetchone() == (0,)
    assert again.execute("SELECT count(*) FROM missing_reports").fetchone()[0] > 0
    again.conn.close()


# Standing


def test_a_body_with_reports_is_published_and_its_rows_name_the_list(place) -> None:
    keep(place, agency("教育局"), 2022, 2024)
    put(place, "市教育局", agency("教育局"))
    walked(place, "city", "county")
    assert standings(place) == {"市教育局": ("published", None)}
    assert states(place, "样例市教育局") == {
        2022: ("published", None, None),
        2023: ("missing", "gap", "high"),
        2024: ("published", None, None),
    }
    assert place.one("SELECT count(*) FROM coverage WHERE known_from = 'list'") == 0
    assert place.rows("SELECT DISTINCT list_url, listed_at FROM coverage WHERE agency = '样例市教育局'") == [
        (LIST, SEEN)
    ]


def test_a_body_that_never_published_is_missing_with_its_list_as_evidence(place) -> None:
    keep(place, agency("财政局"), 2023, 2024)
    put(place, "市水务局", agency("水务局"))
    walked(place, "city", "county")
    assert standings(place)["市水务局"] == ("never_published", None)
    # The list was first seen in 2025: of the years before the last one it says nothing.
    assert states(place, "样例市水务局") == {2024: ("missing", "listed", "medium")}
    assert place.rows(
        "SELECT year, reason, confidence, known_from, list_url, listed_at FROM missing_reports"
        " WHERE agency = '样例市水务局'"
    ) == [(2024, "listed", "medium", "list", LIST, SEEN)]


def test_a_body_that_was_listed_within_the_report_year_is_missing_for_sure(place) -> None:
    keep(place, agency("财政局"), 2024, 2025, published_on="2026-01-10")
    put(place, "市水务局", agency("水务局"))
    place.begin_crawl()
    put(place, "市水务局", agency("水务局"), at="2026-06-01T00:00:10Z")
    walked(place, "city", "county", at="2026-06-01T00:00:00Z")
    assert states(place, "样例市水务局") == {
        2024: ("missing", "listed", "medium"),
        2025: ("missing", "listed", "high"),
    }


def test_where_the_portal_shows_no_report_of_the_year_it_is_less_sure(place) -> None:
    keep(place, agency("财政局"), 2022)
    put(place, "市水务局", agency("水务局"))
    walked(place, "city", "county")
    assert states(place, "样例市水务局") == {2024: ("missing", "listed", "low")}


@pytest.mark.parametrize("kind", ["authorised_org", "management_committee"])
def test_a_body_of_a_kind_that_may_be_an_institution_is_less_sure(place, kind) -> None:
    keep(place, agency("财政局"), 2024)
    put(place, "市政务中心", agency("政务中心", agency_type=kind))
    walked(place, "city", "county")
    assert states(place, "样例市政务中心") == {2024: ("missing", "listed", "low")}


def test_a_body_that_another_line_leads_may_publish_there(place) -> None:
    keep(place, agency("财政局"), 2024)
    put(place, "市税务局", agency("税务局", agency_type="vertical_agency"))
    walked(place, "city", "county")
    assert states(place, "样例市税务局") == {2024: ("not_known", "led_by_another_line", None)}


def test_a_list_of_a_portal_that_was_not_walked_whole_makes_nothing_missing(place) -> None:
    put(place, "市水务局", agency("水务局"))
    walked(place, "county")
    assert states(place, "样例市水务局") == {2024: ("not_known", "portal_not_walked_whole", None)}


def test_a_body_whose_page_lies_on_no_known_host_is_not_missing(place) -> None:
    keep(place, agency("财政局"), 2024)
    put(place, "市水务局", agency("水务局"), url="http://water.invalid/", answered_by=())
    walked(place, "city", "county")
    assert states(place, "样例市水务局") == {2024: ("not_known", "listed_elsewhere", None)}


def test_a_body_that_published_here_and_has_pages_elsewhere_may_have_gone_there(place) -> None:
    keep(place, agency("水务局"), 2020, 2022)
    put(place, "市水务局", agency("水务局"), url="http://water.invalid/", answered_by=())
    walked(place, "city", "county")
    assert states(place, "样例市水务局") == {
        2020: ("published", None, None),
        2021: ("missing", "gap", "high"),
        2022: ("published", None, None),
        2023: ("not_known", "listed_elsewhere", None),
        2024: ("not_known", "listed_elsewhere", None),
    }


def test_a_body_whose_page_is_another_portals_waits_for_that_portal(place) -> None:
    put(place, "市水务局", agency("水务局"), url="http://county.example/sw/", answered_by=("county",))
    walked(place, "city")
    assert states(place, "样例市水务局")[2024][:2] == ("not_known", "portal_not_walked_whole")
    assert place.one("SELECT portal_id FROM coverage WHERE agency = '样例市水务局'") == "county"
    place.begin_crawl()
    put(place, "市水务局", agency("水务局"), url="http://county.example/sw/", answered_by=("county",))
    walked(place, "city", "county")
    assert states(place, "样例市水务局")[2024][0] == "missing"


def test_a_body_that_is_listed_no_more_owes_no_more(place) -> None:
    put(place, "市水务局", agency("水务局"))
    walked(place, "city", "county")
    place.begin_crawl()
    put(place, "市财政局", agency("财政局"), at="2027-06-01T00:00:10Z")
    walked(place, "city", "county", at="2027-06-01T00:00:00Z")
    assert set(states(place, "样例市水务局")) == {2024}
    assert set(states(place, "样例市财政局")) == {2026}


def test_a_walk_that_did_not_get_through_says_nothing_of_a_body_that_it_did_not_meet(place) -> None:
    put(place, "市水务局", agency("水务局"))
    walked(place, "city", "county")
    place.begin_crawl()
    walked(place, "county", at="2027-06-01T00:00:00Z", cut=("city",))
    assert states(place, "样例市水务局") == {
        2024: ("missing", "listed", "low"),
        2025: ("not_known", "portal_not_walked_since", None),
        2026: ("not_known", "portal_not_walked_since", None),
    }


def test_a_sample_run_that_did_not_meet_it_says_nothing_either(place) -> None:
    put(place, "市水务局", agency("水务局"))
    walked(place, "city", "county")
    place.begin_crawl()
    place.db.execute("UPDATE crawls SET sample = 1 WHERE id = ?", (place.crawl_id,))
    walked(place, "city", "county", at="2027-06-01T00:00:00Z")
    assert set(states(place, "样例市水务局")) == {2024, 2025, 2026}


def test_of_two_portals_that_list_it_one_row_a_year_is_made(place) -> None:
    county = replace(CITY, id="county", division="230805", home="http://county.example/")
    put(place, "市水务局", agency("水务局"))
    put(place, "样例市水务局", agency("水务局"), portal=county, list_url="http://county.example/bm/",
        at="2024-02-01T00:00:00Z")  # fmt: skip
    walked(place, "city", "county")
    # The county's list saw it a year before. It is of another place there, and of its own here.
    assert states(place, "样例市水务局").keys() == {2024}
    assert dict(place.rows("SELECT portal_id, standing FROM listed_bodies")) == {
        "city": "never_published", "county": "elsewhere",
    }  # fmt: skip


def test_a_name_with_two_addresses_is_one_body(place) -> None:
    put(place, "市水务局", agency("水务局"))
    put(place, "市水务局", agency("水务局"), url="http://water.invalid/", answered_by=())
    walked(place, "city", "county")
    assert states(place, "样例市水务局") == {2024: ("not_known", "listed_elsewhere", None)}


# What is not counted as missing


@pytest.mark.parametrize(
    ("listed_as", "held"),
    [
        ("科技局", "科学技术局"),
        ("科学技术局", "科技局"),
        ("民族宗教局", "民族宗教事务局"),
        ("审批局", "行政审批局"),
        ("文化局", "文化广电和旅游局"),
    ],
)
def test_what_may_be_another_name_of_a_body_with_reports_is_not_missing(place, listed_as, held) -> None:
    keep(place, agency(held), 2023, 2024)
    put(place, f"市{listed_as}", agency(listed_as))
    walked(place, "city", "county")
    assert standings(place) == {f"市{listed_as}": ("may_be_another", f"230800-{held}")}
    assert states(place, f"样例市{listed_as}") == {}


@pytest.mark.parametrize(
    ("listed_as", "held"),
    [
        ("水务局", "教育局"),
        ("水务局", "水利局"),
        ("财政局", "财政厅"),
        ("审计局", "统计局"),
        ("局", "财政局"),
    ],
)
def test_what_is_no_short_name_of_another_is_missing(place, listed_as, held) -> None:
    keep(place, agency(held), 2023, 2024)
    put(place, f"市{listed_as}", agency(listed_as))
    walked(place, "city", "county")
    assert standings(place) == {f"市{listed_as}": ("never_published", None)}


def test_a_body_of_that_short_name_in_another_division_is_another(place) -> None:
    county = replace(
        agency("科学技术局"), id="230805-科学技术局", name="样例区科学技术局", division_code="230805"
    )
    keep(place, county, 2023, 2024, portal="county")
    put(place, "市科技局", agency("科技局"))
    walked(place, "city", "county")
    assert standings(place) == {"市科技局": ("never_published", None)}


def test_a_name_that_a_reform_ended_may_be_the_body_that_publishes_today(place) -> None:
    place.db.execute("INSERT INTO renamings VALUES ('环境保护局', '生态环境局', 'renamed', 2019, NULL, '')")
    keep(place, agency("生态环境局"), 2023, 2024)
    put(place, "市环境保护局", agency("环境保护局"))
    walked(place, "city", "county")
    assert standings(place) == {"市环境保护局": ("may_be_another", "230800-生态环境局")}


def test_the_name_that_follows_owes_from_its_first_year_on(place) -> None:
    place.db.execute("INSERT INTO renamings VALUES ('大数据局', '数据局', 'renamed', 2025, NULL, '')")
    keep(place, agency("大数据中心"), 2023)
    put(place, "市数据局", agency("数据局"))
    walked(place, "city", "county", at="2026-06-01T00:00:00Z")
    # 数据局 stands within no other name here; the list alone would say 2024.
    assert set(states(place, "样例市数据局")) == {2025}


def test_an_abbreviation_of_one_body_with_reports_is_that_body(place) -> None:
    keep(place, agency("文化广电和旅游局"), 2023, 2024)
    ids = ("230800-文化广电和旅游局", "230800-文化和旅游局")
    put(place, "市文旅局", agency("文旅局"), doubt="agency_abbreviated", candidates=ids)
    walked(place, "city", "county")
    assert standings(place) == {"市文旅局": ("published", ids[0])}
    assert place.one("SELECT list_url FROM coverage WHERE agency_id = ? AND year = 2024", ids[0]) == LIST


def test_an_abbreviation_of_two_bodies_with_reports_is_left_open(place) -> None:
    keep(place, agency("文化广电和旅游局"), 2023)
    keep(place, agency("文化和旅游局"), 2024)
    ids = ("230800-文化广电和旅游局", "230800-文化和旅游局")
    put(place, "市文旅局", agency("文旅局"), doubt="agency_abbreviated", candidates=ids)
    walked(place, "city", "county")
    assert standings(place) == {"市文旅局": ("may_be_another", min(ids))}
    assert states(place, "样例市文旅局") == {}


def test_an_abbreviation_of_none_is_shown_as_not_resolved(place) -> None:
    put(place, "市文旅局", agency("文旅局"), doubt="agency_abbreviated", candidates=("230800-文化和旅游局",))
    walked(place, "city", "county")
    assert standings(place) == {"市文旅局": ("unresolved", None)}
    assert states(place, "样例市文旅局") == {2024: ("not_known", "listed_unresolved", None)}


def test_a_body_that_cannot_be_placed_is_not_known(place) -> None:
    unplaced = replace(agency("财政局"), id="unplaced-1", name="区财政局", division_code=None, level=None)
    put(place, "区财政局", unplaced, doubt="ambiguous_division")
    walked(place, "city", "county")
    assert standings(place) == {"区财政局": ("unresolved", None)}
    assert states(place, "区财政局") == {2024: ("not_known", "listed_unresolved", None)}
    assert place.rows(
        "SELECT agency_id, division_code, list_url FROM coverage WHERE agency = '区财政局'"
    ) == [(None, None, LIST)]


def test_a_name_of_no_body_at_all_is_kept_and_owes_nothing(place) -> None:
    put(place, "委办局", None, doubt="no_name")
    put(place, "市便民专区", agency("便民专区", agency_type="other"), doubt="kind_unknown")
    walked(place, "city", "county")
    assert standings(place) == {"委办局": ("unresolved", None), "市便民专区": ("unresolved", None)}
    assert place.one("SELECT count(*) FROM coverage WHERE known_from = 'list'") == 0


UNDER_OTHER_RULES = {
    "department": (
        "市总工会 市委宣传部 市委办公室 团市委 市妇联 市残联 市人大常委会 市政协办公室 市中级人民法院"
        " 市检察院 市供销社 市纪委监委 市红十字会 市工商联 市仲裁委 市城投公司 市图书馆"
    ),
    "authorised_org": "市融媒体中心",
    "township": "海浪镇人民政府 样例街道",
    "university": "样例大学",
    "public_institution": "市第一医院",
}


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, names in UNDER_OTHER_RULES.items() for name in names.split()]
)
def test_bodies_under_other_rules_owe_nothing(place, name, kind) -> None:
    put(place, name, agency(name.removeprefix("市"), agency_type=kind))
    walked(place, "city", "county")
    assert standings(place) == {name: ("owes_none", None)}
    assert place.one("SELECT count(*) FROM coverage WHERE known_from = 'list'") == 0


@pytest.mark.parametrize(
    "name",
    [
        "市教育局",
        "市人民防空办公室",
        "市科学技术局",
        "市政务服务中心",
        "市住房公积金管理中心",
        "市政府办公室",
    ],
)
def test_departments_are_not_taken_for_bodies_under_other_rules(place, name) -> None:
    put(place, name, agency(name.removeprefix("市")))
    walked(place, "city", "county")
    assert standings(place)[name] == ("never_published", None)


def test_a_body_of_another_place_is_not_this_portals_to_owe(place) -> None:
    province = replace(agency("教育厅"), id="230000-教育厅", name="黑龙江省教育厅", division_code="230000")
    put(place, "省教育厅", province)
    walked(place, "city", "county")
    assert standings(place) == {"省教育厅": ("elsewhere", None)}
    assert states(place, "黑龙江省教育厅") == {}


def test_a_place_on_a_list_is_the_government_that_owes_anyhow(place) -> None:
    government = agency("", agency_type="government", body="")
    county = replace(government, id="230805-gov", name="样例市样例区人民政府", division_code="230805")
    put(place, "样例区", county, answered_by=("county",), url="http://county.example/")
    walked(place, "city", "county")
    assert standings(place) == {"样例区": ("never_published", None)}
    rows = place.rows(
        "SELECT known_from, count(*), min(list_url) FROM coverage WHERE division_code = '230805' GROUP BY 1"
    )
    assert rows == [("division", 17, LIST)]


def test_a_body_with_a_portal_of_its_own_is_one_body(place) -> None:
    place.db.execute(
        "INSERT INTO portals (id, name, division_code, home_url, state, sections, hosts, since, agency,"
        " http_only, disabled) VALUES ('water', '样例市水务局', '230800', 'http://water.example/', 'ok',"
        " '[]', '[]', 2023, '样例市水务局', 0, 0)"
    )
    put(place, "市水务局", agency("水务局"), url="http://water.example/", answered_by=("water",))
    walked(place, "city", "county", "water")
    assert place.rows(
        "SELECT DISTINCT body, known_from, list_url FROM coverage WHERE agency = '样例市水务局'"
    ) == [("portal water", "portal", LIST)]


def test_a_name_that_titles_print_is_the_body_of_that_division_alone(place) -> None:
    # The county's bureau prints 教育局; the city's 教育局 is another body, of which nothing is held.
    county = replace(
        agency("教育局"), id="230805-教育局", name="样例区教育局", division_code="230805", printed="教育局"
    )
    keep(place, county, 2023, 2024, portal="county")
    put(place, "教育局", agency("教育局"))
    walked(place, "city", "county")
    assert standings(place) == {"教育局": ("never_published", None)}


def test_a_department_that_is_listed_still_is_not_gone(place) -> None:
    keep(place, agency("教育局"), 2020, 2021)
    keep(place, agency("财政局"), 2022, 2023, 2024)
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2024] == ("missing", "none_since", "low")
    place.begin_crawl()
    put(place, "市教育局", agency("教育局"), at="2025-06-01T00:00:10Z")
    walked(place, "city", "county")
    assert states(place, "样例市教育局")[2024] == ("missing", "none_since", "high")


def test_a_title_that_names_a_listed_body_is_not_missing_but_unread(place) -> None:
    put(place, "市水务局", agency("水务局"))
    unread_page(
        place, "市水务局2024年政府信息公开工作年度报告", Problem(code="ocr_disabled", detail="a scan")
    )
    walked(place, "city", "county")
    assert states(place, "样例市水务局") == {2024: ("unread", "ocr_disabled", None)}


def test_the_same_lists_give_the_same_rows(place) -> None:
    keep(place, agency("教育局"), 2022)
    put(place, "市教育局", agency("教育局"))
    put(place, "市水务局", agency("水务局"))
    put(place, "委办局", None, doubt="no_name")
    walked(place, "city", "county")
    tables = ("listed_bodies", "coverage")
    before = [place.rows(f"SELECT * FROM {table}") for table in tables]
    coverage.refresh(place.db)
    assert [place.rows(f"SELECT * FROM {table}") for table in tables] == before


# The command


def test_the_command_shows_what_is_listed(place) -> None:
    keep(place, agency("教育局"), 2023, 2024)
    keep(place, agency("样例镇人民政府", agency_type="township"), 2023, 2024)
    put(place, "市教育局", agency("教育局"))
    put(place, "市水务局", agency("水务局"))
    put(place, "市总工会", agency("总工会"))
    put(place, "=cmd|' /C calc'!A0\x1b[31m 便民", None, doubt="no_name")
    walked(place, "city", "county")
    shown = scrapy(place, "coverage")
    assert shown.returncode == 0, shown.stderr
    assert (
        "样例市水务局  (department, 230800)\n"
        f"  missing    2024 (listed, confidence medium, named by {LIST})\n"
    ) in shown.stdout
    assert "  样例市样例镇人民政府: 2023-2024 (township_owes_none)\n" in shown.stdout
    assert f"  市总工会 (city, {LIST}): 样例市总工会\n" in shown.stdout
    assert "calc" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "held and not owed by these articles: 2 (township 2); see reports_not_owed" in shown.stderr
    assert (
        "bodies that the portals list: 4; with reports: 1; without any: 1; not resolved: 1;"
        " of a kind that owes none: 1; see listed_bodies"
    ) in shown.stderr
    rows = json.loads(scrapy(place, "coverage", "--format", "json").stdout)
    (one,) = [row for row in rows if row["agency"] == "样例市水务局"]
    assert (one["state"], one["known_from"], one["list_url"]) == ("missing", "list", LIST)
