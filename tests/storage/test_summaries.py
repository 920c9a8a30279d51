"""The sums behind pages and questions: known numbers, honest denominators, nothing added up twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipelines.records import Agency, Cell, Check, Dates, Division, Fingerprint, Problem
from storage import findings, summaries
from storage.measures import DENIED
from storage.reference import write_reference
from tests.storage.places import agency, keep, scrapy, walked
from tests.storage.test_crosschecks import GOVERNMENT, department, put
from tests.storage.test_crosschecks import keep as keep_one
from tests.storage.test_questions import total


def stored(world: Any, body: Agency, year: int, cells: dict[str, str | None], **changes: Any) -> None:
    report = replace(world.dongfeng(), agency=body, year=year, **{"scope": "own_organ", **changes})
    keep_one(world, put(report, cells))


def checked(rule: str, outcome: str, **changes: Any) -> Check:
    told = Check(
        rule=rule,
        subject="total",
        outcome=outcome,
        zero_filled="pass",
        severity="hard",
        left=3,
        right=4,
        suspect=None,
        detail="3 ≠ 4",
    )
    return replace(told, **changes)


def totals(world: Any, *columns: str, **wanted: Any) -> list[tuple[Any, ...]]:
    """Rows of `year_totals` where each of `wanted` is so."""
    findings.refresh(world.db)
    where = " AND ".join(f"{name} IS ?" for name in wanted) or "true"
    return world.rows(
        f"SELECT {', '.join(columns)} FROM year_totals WHERE {where}"
        " ORDER BY reach, division_code, year, scope, level, agency_type",
        *wanted.values(),
    )


def test_a_sum_is_over_numbers_and_says_over_how_many(world) -> None:
    stored(world, department("教育局"), 2022, total(received_new=5, carried_out=2))
    stored(world, department("财政局"), 2022, total(received_new=7, carried_out=None))
    stored(world, department("民政局"), 2022, total(received_new=None, carried_out=0))
    assert totals(
        world,
        "reports",
        "received_new",
        "received_new_reports",
        "carried_out",
        "carried_out_reports",
        reach="own",
    ) == [(3, 12, 2, 2, 2)]


def test_nothing_but_blanks_has_no_sum(world) -> None:
    stored(world, department("教育局"), 2022, total(received_new=None))
    assert totals(world, "reports", "received_new", "received_new_reports", reach="all") == [(1, None, 0)]


def test_organisations_and_lawsuits_are_sums_of_parts_that_are_all_numbers(world) -> None:
    cells = {
        "applications/received_new/org_business": "3",
        "applications/received_new/org_other": "4",
        "review_litigation/litigation_direct/total": "2",
        "review_litigation/litigation_direct/corrected": "1",
        "review_litigation/litigation_after_reconsideration/total": "5",
        "review_litigation/litigation_after_reconsideration/corrected": "1",
        "review_litigation/reconsideration/total": "6",
        "review_litigation/reconsideration/corrected": "2",
    }
    stored(world, department("教育局"), 2022, cells)
    broken = cells | {
        "applications/received_new/org_research": None,
        "review_litigation/litigation_direct/total": None,
    }
    stored(world, department("财政局"), 2022, broken)
    names = ("received_organisations", "litigation_total", "litigation_corrected", "reconsideration_total")
    columns = [column for name in names for column in (name, f"{name}_reports")]
    assert totals(world, *columns, reach="all") == [(7, 1, 7, 1, 4, 2, 12, 2)]


def test_the_mix_of_outcomes_is_of_reports_of_which_all_outcomes_are_numbers(world) -> None:
    whole = total(
        processed_total=10,
        disclosed_full=1,
        disclosed_partial=2,
        denied_state_secret=3,
        unable_not_held=2,
        not_processed_abusive=1,
        other_other=1,
    )
    stored(world, department("教育局"), 2022, whole)
    stored(world, department("财政局"), 2022, whole | total(other_fee_unpaid=None))
    mixed = [f"mix_{name}" for name in summaries.MIXED]
    assert totals(world, "reports", "mix_reports", *mixed, reach="all") == [(2, 1, 10, 1, 2, 3, 2, 1, 1)]
    assert totals(world, "disclosed_full", "other_total", "other_total_reports", reach="all") == [(2, 1, 1)]


def test_what_one_form_prints_and_the_other_has_in_parts_is_one_figure(world) -> None:
    report = replace(world.aimin(), agency=department("教育局"), scope="own_organ")
    keep_one(world, put(report, total(other_total=4, processed_total=7)))
    assert totals(world, "other_total", "mix_reports", "mix_other", "form_series", reach="all") == [
        (4, 1, 4, "2019 and 2020")
    ]


def test_scopes_levels_and_kinds_of_body_are_rows_of_their_own(world) -> None:
    stored(world, department("教育局"), 2022, total(received_new=1))
    stored(world, department("财政局"), 2022, total(received_new=2), scope="level")
    stored(world, GOVERNMENT, 2022, total(received_new=4), scope="whole_area")
    stored(world, department("民政局", level=None), 2022, total(received_new=8))
    assert totals(world, "scope", "level", "agency_type", "received_new", reach="all") == [
        ("level", "prefecture", "department", 2),
        ("own_organ", None, "department", 8),
        ("own_organ", "prefecture", "department", 1),
        ("whole_area", "prefecture", "government", 4),
    ]


def test_breaks_of_series_are_marked(world) -> None:
    for year in (2023, 2024):
        stored(world, department("教育局"), year, {})
    assert totals(world, "year", "form_series", "dispute_series", reach="all") == [
        (2023, "from 2021", "to 2023"),
        (2024, "from 2021", "from 2024"),
    ]


def test_a_division_has_its_own_sum_and_one_with_all_below_it(world) -> None:
    stored(world, department("教育局"), 2022, total(received_new=1))
    county = department("东风区教育局", id="230805-教育局", division_code="230805", parent=None)
    stored(world, county, 2022, total(received_new=2))
    stored(world, department("无处局", division_code=None, parent=None), 2022, total(received_new=4))
    assert totals(world, "reach", "division_code", "reports", "received_new") == [
        ("all", None, 3, 7),
        ("area", "230000", 2, 3),
        ("area", "230800", 2, 3),
        ("area", "230805", 1, 2),
        ("own", None, 1, 4),
        ("own", "230800", 1, 1),
        ("own", "230805", 1, 2),
    ]


@pytest.mark.parametrize(("year", "parent"), [(2009, "230100"), (2012, "230800"), (2022, "230800")])
def test_a_division_counts_where_it_belonged_in_the_year(world, year, parent) -> None:
    moved = (
        Division(code="230100", name="哈尔滨市", kind="prefecture-level city", parent_code="230000"),
        Division(code="230800", name="佳木斯市", kind="prefecture-level city", parent_code="230000"),
        Division(
            code="230899", name="样例县", kind="county", parent_code="230100", valid_from=2001, valid_to=2010
        ),
        Division(code="230899", name="样例县", kind="county", parent_code="230800", valid_from=2011),
    )
    cells, derived = world.layout()
    write_reference(world.db, divisions=moved, form_cells=cells, derived=derived)
    body = department("样例县教育局", division_code="230899", parent=None)
    stored(world, body, year, total(received_new=3))
    areas = totals(world, "division_code", "received_new", reach="area")
    assert areas == [("230000", 3), (parent, 3), ("230899", 3)]


def test_a_report_from_before_its_division_was_one_is_not_lost(world) -> None:
    # 东风区 is valid from 1985 here; what lies before counts where it first belonged.
    county = department("东风区教育局", id="230805-教育局", division_code="230805", parent=None)
    stored(world, county, 1984, {})
    assert totals(world, "division_code", "reports", reach="area") == [
        ("230000", 1),
        ("230800", 1),
        ("230805", 1),
    ]


def test_numbers_that_can_only_be_misread_break_no_sum(world) -> None:
    for name in ("教育局", "财政局"):
        stored(world, department(name), 2022, total(received_new=9_000_000_000_000_000_000))
    stored(world, GOVERNMENT, 2022, {}, scope="whole_area")
    ((summed,),) = totals(world, "received_new", reach="all", agency_type="department")
    assert summed == pytest.approx(1.8e19)


def test_doubtful_reports_are_counted(world) -> None:
    failing = checked("A1", "fail")
    stored(world, department("教育局"), 2022, {}, checks=(failing, replace(failing, subject="org_other")))
    stored(world, department("财政局"), 2022, {})
    assert totals(world, "reports", "doubtful", reach="all") == [(2, 1)]
    assert world.rows("SELECT failing, reports FROM division_years WHERE reach = 'all' AND year = 2022") == [
        (1, 2)
    ]
    assert world.rows(
        "SELECT agency, checks_failed FROM agency_years WHERE report_id IS NOT NULL ORDER BY checks_failed"
    ) == [("佳木斯市财政局", 0), ("佳木斯市教育局", 2)]


def due(year: int, confidence: str | None = "medium") -> Dates:
    return Dates(due_on=f"{year + 1}-01-31", late_confidence=confidence)


def counted(world: Any, code: str | None, reach: str, year: int) -> dict[str, int]:
    findings.refresh(world.db)
    cursor = world.db.conn.execute(
        "SELECT * FROM division_years WHERE division_code IS ? AND reach = ? AND year = ?",
        (code, reach, year),
    )
    (row,) = cursor.fetchall()
    told = dict(zip([column[0] for column in cursor.description], row, strict=True))
    return {name: number for name, number in told.items() if name not in ("reach", "division_code", "year")}


def test_what_is_owed_and_what_is_held(place) -> None:
    keep(place, agency("教育局"), 2020, 2022)
    for year, published in ((2020, "2021-01-01"), (2021, "2022-06-01"), (2022, "2023-01-31")):
        keep(place, agency("财政局"), year, published_on=published, dates=due(year))
    keep(place, agency("样例镇", agency_type="township", level="township"), 2021)
    walked(place, "city", "county")
    own = counted(place, "230800", "own", 2021)
    # The city's government and 教育局 have none of 2021, 财政局 has; the township owes none.
    assert own == {
        "owed": 3,
        "published": 1,
        "missing": 2,
        "missing_unsure": 0,
        "unread": 0,
        "not_known": 0,
        "reports": 2,
        "late": 1,
        "late_unsure": 0,
        "undated": 0,
        "failing": 0,
        "failing_across": 0,
        "copied": 0,
    }
    # 230805 and 230883 owe one each; 230822 was no more a division in 2021.
    area = counted(place, "230800", "area", 2021)
    assert (area["owed"], area["missing"], area["reports"]) == (5, 4, 2)
    assert counted(place, None, "all", 2021)["owed"] == place.one(
        "SELECT count(*) FROM coverage WHERE year = 2021"
    )
    assert counted(place, "230883", "own", 2015 + 1)["missing"] == 1


@pytest.mark.parametrize(
    ("published", "confidence", "counts"),
    [
        ("2022-02-01", "high", (1, 0, 0)),
        ("2022-02-01", "low", (1, 1, 0)),
        ("2022-01-31", None, (0, 0, 0)),
        (None, None, (0, 0, 1)),
    ],
)
def test_late_in_time_and_not_known(world, published, confidence, counts) -> None:
    stored(world, department("教育局"), 2021, {}, published_on=published, dates=due(2021, confidence))
    told = counted(world, "230800", "own", 2021)
    assert (told["late"], told["late_unsure"], told["undated"]) == counts


def test_every_count_of_all_is_that_of_the_tables_it_is_made_from(place) -> None:
    keep(place, agency("教育局"), 2019, 2020, 2022)
    keep(place, agency("财政局"), 2021, published_on="2023-06-01", dates=due(2021))
    walked(place, "city")
    findings.refresh(place.db)
    for state in ("published", "missing", "unread", "not_known"):
        assert place.one(f"SELECT sum({state}) FROM division_years WHERE reach = 'all'") == place.one(
            "SELECT count(*) FROM coverage WHERE state = ?", state
        )
    assert place.one("SELECT sum(late) FROM division_years WHERE reach = 'all'") == place.one(
        "SELECT count(*) FROM late_reports"
    )
    assert place.one("SELECT count(*) FROM agency_years WHERE report_id IS NOT NULL") == place.one(
        "SELECT count(*) FROM reports"
    )
    assert place.one("SELECT count(*) FROM agency_years WHERE owes") == place.one(
        "SELECT count(*) FROM coverage"
    )


def test_each_body_and_year(place) -> None:
    problem = Problem(code="unmatched_row", detail="x")
    report = replace(
        place.dongfeng(), agency=agency("教育局"), year=2021, published_on="2022-02-10", dates=due(2021)
    )
    place.store(place.reading(report, url="http://city.example/1", portal="city", problems=(problem,)))
    keep(place, agency("教育局"), 2023)
    walked(place, "city", "county")
    findings.refresh(place.db)
    told = place.rows(
        "SELECT year, state, reason, due_on, published_on, days_late, checks_failed, problems, scope"
        " FROM agency_years WHERE agency = '样例市教育局' AND year BETWEEN 2021 AND 2023 ORDER BY year"
    )
    assert told == [
        (2021, "published", None, "2022-01-31", "2022-02-10", 10, 0, 1, "whole_area"),
        (2022, "missing", "gap", "2023-01-31", None, None, None, None, None),
        (2023, "published", None, "2024-01-31", "2022-02-15", None, 0, 0, "whole_area"),
    ]


def test_what_fails_between_reports_is_told_apart_from_wording(world) -> None:
    same = tuple(Fingerprint(chapter, tuple(range(64))) for chapter in (1, 5))
    for year, cells in ((2021, total(carried_out=3)), (2022, total(carried_in=4))):
        stored(world, department("教育局"), year, cells, fingerprints=same)
    findings.refresh(world.db)
    (told,) = world.rows("SELECT failed_across, copied FROM agency_years WHERE report_id LIKE '%-2022'")
    assert told == (1, 2)
    assert world.rows(
        "SELECT failing_across, copied FROM division_years WHERE reach = 'all' AND year = 2022"
    ) == [(1, 1)]


def test_shares_are_those_of_the_single_reports(world) -> None:
    parts = {
        "processed_total": (40, 50, None),
        "disclosed_full": (10, 5, 7),
        "disclosed_partial": (1, None, 2),
    }
    for number, name in enumerate(("教育局", "财政局", "民政局")):
        stored(world, department(name), 2022, total(**{row: values[number] for row, values in parts.items()}))
    findings.refresh(world.db)
    told = {
        row[0]: row[1:] for row in world.rows("SELECT measure, agencies, numerator, denominator FROM rates")
    }
    assert told["full_disclosure"] == (2, 15, 90)
    assert told["disclosure"] == (1, 11, 40)
    assert set(told) == set(summaries.RATES)


def test_grounds_are_of_reports_of_which_all_grounds_are_numbers(world) -> None:
    stored(world, department("教育局"), 2022, total(processed_total=9, **dict.fromkeys(DENIED, 1)))
    stored(world, department("财政局"), 2022, total(processed_total=9, denied_third_party=None))
    findings.refresh(world.db)
    assert world.rows(
        "SELECT DISTINCT agencies, denied, denied_on_all_grounds, processed FROM denials_by_ground"
    ) == [(1, 1, 8, 9)]
    assert world.one("SELECT count(*) FROM denials_by_ground") == len(DENIED)


def test_rules_that_nobody_could_assess_are_there_with_nought(world) -> None:
    blank = checked("A1", "not_assessable")
    suspect = Cell("applications", "processed_total", "total")
    failing = checked("A2", "fail", suspect=suspect, attribution="agency")
    stored(world, department("教育局"), 2022, {}, checks=(blank, checked("A2", "pass")))
    checks = (blank, failing, replace(failing, subject="org_other"))
    stored(world, department("财政局"), 2022, {}, checks=checks)
    findings.refresh(world.db)
    assert world.rows(
        "SELECT rule, reports_assessed, reports_failing, with_a_suspect, agencys_own, results_failing"
        " FROM rule_totals ORDER BY rule"
    ) == [("A1", 0, 0, 0, 0, 0), ("A2", 2, 1, 1, 1, 2)]


def test_the_counts_of_the_site_are_those_of_the_tables(world) -> None:
    stored(world, department("教育局"), 2022, total(carried_out=None))
    findings.refresh(world.db)
    counts = dict(world.rows("SELECT name, number FROM site_counts"))
    tables = [
        row[0]
        for row in world.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
            " AND name NOT LIKE 'search_index%' AND name NOT IN ('site_counts', 'findings_state')"
        )
    ]
    assert {f"rows_{name}" for name in tables} <= set(counts)
    for name in tables:
        assert counts[f"rows_{name}"] == world.one(f'SELECT count(*) FROM "{name}"'), name
    assert (counts["figures_blank"], counts["reports"], counts["first_year"]) == (1, 1, 2022)
    assert counts["figures_number"] == world.one("SELECT count(value) FROM figures")


def test_an_empty_database_has_no_years_and_counts_of_nought(world) -> None:
    findings.refresh(world.db)
    counts = dict(world.rows("SELECT name, number FROM site_counts"))
    assert counts["reports"] == counts["rows_figures"] == 0
    assert "first_year" not in counts


def everything(world: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(world.rows(f"SELECT * FROM {table}"), key=repr) for table in summaries.TABLES}


def test_they_are_made_again_only_where_something_changed(place) -> None:
    keep(place, agency("教育局"), 2021, 2022)
    walked(place, "city", "county")
    findings.refresh(place.db)
    assert summaries.refresh(place.db) is False
    before = everything(place)
    place.db.execute("DELETE FROM findings_state WHERE name = 'summaries'")
    assert summaries.refresh(place.db) is True
    assert everything(place) == before
    keep(place, agency("财政局"), 2022)
    findings.refresh(place.db)
    assert place.one("SELECT reports FROM division_years WHERE reach = 'all' AND year = 2022") == 2
    # Only the state of coverage changes: what was missing is not known any more.
    place.db.execute("DELETE FROM crawl_portals")
    place.db.conn.commit()
    findings.refresh(place.db)
    assert place.one("SELECT sum(missing) FROM division_years WHERE reach = 'all'") == 0
    assert place.one("SELECT sum(not_known) FROM division_years WHERE reach = 'all'") > 0


def test_no_statement_is_made_for_a_report(place) -> None:
    def statements() -> int:
        said: list[str] = []
        place.db.execute("DELETE FROM findings_state")
        place.db.conn.set_trace_callback(said.append)
        summaries.refresh(place.db)
        place.db.conn.set_trace_callback(None)
        return len([one for one in said if not one.startswith("--")])

    keep(place, agency("教育局"), 2022)
    walked(place, "city", "county")
    few = statements()
    for name in ("财政局", "民政局", "水务局"):
        keep(place, agency(name), 2020, 2021, 2022)
    walked(place)
    assert statements() == few


def test_the_command_for_coverage_brings_them_up_to_date(place) -> None:
    keep(place, agency("教育局"), 2021, 2023)
    walked(place, "city", "county")
    assert place.one("SELECT count(*) FROM division_years") == 0
    assert scrapy(place, "coverage").returncode == 0
    assert place.rows(
        "SELECT missing, reports FROM division_years"
        " WHERE division_code = '230800' AND reach = 'own' AND year IN (2022, 2023) ORDER BY year"
    ) == [(2, 0), (1, 1)]
