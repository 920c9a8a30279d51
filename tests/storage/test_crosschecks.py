"""Rules between reports: each fires on a pair made to break it, and does not on one made to hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from pipelines.records import Agency, Cell, Fingerprint, Problem, Report
from storage import coverage, crosschecks, findings
from storage.reports import store

GOVERNMENT = Agency(
    id="230800-gov",
    name="佳木斯市人民政府",
    printed="佳木斯市人民政府",
    agency_type="government",
    level="prefecture",
    division_code="230800",
    body="人民政府",
)


def department(name: str, **changes: Any) -> Agency:
    return replace(
        Agency(
            id=f"230800-{name}",
            name=f"佳木斯市{name}",
            printed=f"市{name}",
            agency_type="department",
            level="prefecture",
            division_code="230800",
            body=name,
            parent=GOVERNMENT,
        ),
        **changes,
    )


def keep(world: Any, report: Report, *, url: str | None = None, portal: str = "jiamusi") -> None:
    address = url or f"http://jms.example/{report.agency.id}/{report.year}"
    world.store(world.reading(report, url=address, body=repr(report).encode(), portal=portal))


def put(report: Report, cells: dict[str, str | None]) -> Report:
    """The report with other prints; None is a blank cell. Cells are TABLE/ROW/COLUMN."""
    wanted = {Cell(*name.split("/")): printed for name, printed in cells.items()}
    changed = []
    for figure in report.figures:
        if figure.cell in wanted:
            printed = wanted.pop(figure.cell)
            number = None if printed is None else float(printed) if "." in printed else int(printed)
            status = "blank" if printed is None else "number"
            figure = replace(figure, printed=printed or "", value=number, status=status)
        changed.append(figure)
    assert not wanted
    return replace(report, figures=tuple(changed))


def pair(
    world: Any,
    earlier: dict[str, str | None],
    later: dict[str, str | None],
    *,
    years: tuple[int, int] = (2021, 2022),
) -> None:
    kinds = [world.dongfeng() if year >= 2021 else world.aimin() for year in years]
    agency = department("发展和改革委员会")
    for report, year, cells in zip(kinds, years, (earlier, later), strict=True):
        keep(world, put(replace(report, agency=agency, year=year), cells))
    findings.refresh(world.db)


def result(world: Any, rule: str, subject: str, *columns: str) -> list[tuple[Any, ...]]:
    names = ", ".join(columns or ("outcome", "zero_filled"))
    return world.rows(f"SELECT {names} FROM cross_checks WHERE rule = ? AND subject = ?", rule, subject)


def test_what_is_carried_forward_is_carried_in(world) -> None:
    pair(
        world,
        {"applications/carried_out/total": "3", "applications/carried_out/natural_person": "3"},
        {"applications/carried_in/total": "3", "applications/carried_in/natural_person": "2"},
    )
    assert result(world, "Y1", "total") == [("pass", "pass")]
    assert result(
        world, "Y1", "natural_person", "report_id", "outcome", "left_value", "right_value", "other_report_id"
    ) == [("230800-发展和改革委员会-2022", "fail", 3, 2, "230800-发展和改革委员会-2021")]
    ((sentence,),) = result(world, "Y1", "natural_person", "detail")
    assert "report of 2021 (结转下年度继续办理): 3 ≠" in sentence
    assert len(world.rows("SELECT 1 FROM cross_checks WHERE rule = 'Y1'")) == 7


@pytest.mark.parametrize(("later", "filled"), [("0", "pass"), ("4", "fail")])
def test_a_blank_makes_it_not_assessable_and_counts_as_nought_where_filled(world, later, filled) -> None:
    pair(world, {"applications/carried_out/total": None}, {"applications/carried_in/total": later})
    assert result(world, "Y1", "total") == [("not_assessable", filled)]
    assert "no number" in result(world, "Y1", "total", "detail")[0][0]


def test_it_holds_across_the_change_of_the_form(world) -> None:
    # Row 四 of the earlier report is merged: nothing is known of its cells, and blanks count as 0.
    pair(world, {}, {"applications/carried_in/total": "1"}, years=(2020, 2021))
    assert result(world, "Y1", "total") == [("not_assessable", "fail")]
    assert result(world, "P1", "normative_documents") == []
    assert result(world, "P9", "administrative_licensing", "outcome", "left_value", "right_value") == [
        ("pass", 1382, 1233)
    ]


def test_years_that_do_not_follow_each_other_are_not_compared(world) -> None:
    pair(world, {"applications/carried_out/total": "3"}, {}, years=(2021, 2023))
    assert world.rows("SELECT * FROM cross_checks") == []


@pytest.mark.parametrize(("in_force", "outcome"), [("4", "pass"), ("9", "fail")])
def test_stock_of_documents(world, in_force, outcome) -> None:
    pair(
        world,
        {"proactive/normative_documents/in_force": "3"},
        {
            "proactive/normative_documents/issued": "2",
            "proactive/normative_documents/repealed": "1",
            "proactive/normative_documents/in_force": in_force,
        },
    )
    assert result(world, "P1", "normative_documents", "outcome", "left_value", "right_value") == [
        (outcome, int(in_force), 4)
    ]
    assert world.rows("SELECT expected_in_force, unexplained FROM normative_documents WHERE year = 2022") == [
        (4, int(in_force) - 4)
    ]


@pytest.mark.parametrize(("prior", "outcome"), [("1233", "pass"), ("1200", "fail")])
def test_items_of_the_year_before(world, prior, outcome) -> None:
    pair(world, {}, {"proactive/administrative_licensing/items_prior_year": prior}, years=(2019, 2020))
    assert result(world, "P7", "administrative_licensing", "outcome", "right_value") == [(outcome, 1233)]


@pytest.mark.parametrize(
    ("cell", "before", "after", "outcome"),
    [
        ("proactive/administrative_penalty/decisions", "14", "140", "fail"),
        ("proactive/administrative_penalty/decisions", "1400", "140", "fail"),
        ("proactive/administrative_penalty/decisions", "14", "139", "pass"),
        ("proactive/administrative_penalty/decisions", "1", "90", "pass"),
        ("proactive/administrative_penalty/decisions", "0", "500", "not_assessable"),
        ("proactive/administrative_fees/amount_wanyuan", "17.586", "175860.0", "fail"),
        ("proactive/administrative_fees/amount_wanyuan", "17.586", "176.0", "pass"),
    ],
)
def test_leaps(world, cell, before, after, outcome) -> None:
    pair(world, {cell: before}, {cell: after})
    ((found, sentence),) = result(world, "P9", cell.split("/")[1], "outcome", "detail")
    assert found == outcome
    if outcome == "fail":
        times = "1,000" if "wanyuan" in cell else "10"
        said = f"at least {times} times" if float(after) > float(before) else f"at most 1/{times} of"
        assert f": {after}, {said} th" in sentence


@pytest.mark.parametrize(("number", "outcome"), [("8", "pass"), ("9", "fail")])
def test_no_more_reconsiderations_than_applications(world, number, outcome) -> None:
    pair(world, {}, {"review_litigation/reconsideration/total": number})
    assert result(world, "R6", "reconsideration", "outcome", "right_value") == [(outcome, 8)]


def test_a_body_under_a_new_name_is_held_against_the_old_one(world) -> None:
    world.db.execute("INSERT INTO renamings VALUES ('环境保护局', '生态环境局', 'renamed', 2022, NULL, '')")
    world.db.conn.commit()
    for name, year, cell in (("环境保护局", 2021, "carried_out"), ("生态环境局", 2022, "carried_in")):
        report = replace(world.dongfeng(), agency=department(name), year=year)
        keep(world, put(report, {f"applications/{cell}/total": "5"}))
    findings.refresh(world.db)
    assert result(world, "Y1", "total", "report_id", "outcome", "other_report_id") == [
        ("230800-生态环境局-2022", "pass", "230800-环境保护局-2021")
    ]


def test_a_body_that_took_in_others_is_held_against_their_sum(world) -> None:
    world.db.execute(
        "INSERT INTO renamings VALUES ('旅游局', '文化广电和旅游局', 'merged_into', 2022, NULL, '')"
    )
    world.db.conn.commit()
    for name, year, cell, printed in (
        ("旅游局", 2021, "carried_out", "2"),
        ("文化广电和旅游局", 2021, "carried_out", "3"),
        ("文化广电和旅游局", 2022, "carried_in", "5"),
    ):
        report = replace(world.dongfeng(), agency=department(name), year=year)
        keep(world, put(report, {f"applications/{cell}/total": printed}))
    findings.refresh(world.db)
    assert result(world, "Y1", "total", "outcome", "left_value", "right_value") == [("pass", 5, 5)]
    assert "summed over 2 bodies" in result(world, "Y1", "total", "detail")[0][0]


def level(world: Any, received: dict[str, str | None], *, scope: str = "whole_area", bodies: int = 2) -> None:
    """The city's report and those of departments below it, with new requests as given by name."""
    city = replace(world.dongfeng(), agency=GOVERNMENT, scope=scope)
    keep(world, put(city, {"applications/received_new/total": received["city"]}))
    for number in range(bodies):
        name = f"样例{number}局"
        report = replace(world.dongfeng(), agency=department(name))
        keep(world, put(report, {"applications/received_new/total": received.get(name, "1")}))
    findings.refresh(world.db)


SUBJECT = "applications/received_new/total"


@pytest.mark.parametrize(("city", "outcome"), [("8", "pass"), ("7", "fail"), (None, "not_assessable")])
def test_an_area_has_not_less_than_the_bodies_in_it(world, city, outcome) -> None:
    level(world, {"city": city, "样例0局": "5", "样例1局": "3"})
    assert result(world, "L1", SUBJECT, "report_id", "outcome", "right_value") == [
        ("230800-gov-2021", outcome, 8)
    ]


def test_only_a_report_that_says_so_covers_its_area(world) -> None:
    level(world, {"city": "1", "样例0局": "5"}, scope="unknown")
    assert world.rows("SELECT * FROM cross_checks WHERE rule IN ('L1', 'L2')") == []


def test_a_body_below_a_body_is_counted_once(world) -> None:
    county = replace(
        GOVERNMENT,
        id="230805-gov",
        name="东风区人民政府",
        level="county",
        division_code="230805",
        parent=GOVERNMENT,
    )
    under = department("民政局", id="230805-民政局", level="county", division_code="230805", parent=county)
    for agency, printed, scope in ((county, "9", "whole_area"), (under, "4", "own_organ")):
        report = replace(world.dongfeng(), agency=agency, scope=scope)
        keep(world, put(report, {SUBJECT: printed}))
    level(world, {"city": "5", "样例0局": "1"}, bodies=1)
    # The county's 9 hold its bureau's 4: the city must have 4 + 1, the county 4.
    assert sorted(result(world, "L1", SUBJECT, "report_id", "outcome", "left_value", "right_value")) == [
        ("230800-gov-2021", "pass", 5, 5),
        ("230805-gov-2021", "pass", 9, 4),
    ]


def test_vertical_bodies_stand_apart(world) -> None:
    tax = department("税务局", agency_type="vertical_agency", parent=GOVERNMENT)
    keep(world, put(replace(world.dongfeng(), agency=tax), {SUBJECT: "50"}))
    level(world, {"city": "9"})
    assert result(world, "L1", SUBJECT, "outcome", "right_value") == [("pass", 2)]


def test_the_sum_is_compared_only_where_all_are_there(world) -> None:
    level(world, {"city": "20"}, bodies=2)
    assert result(world, "L2", SUBJECT) == [("not_assessable", "not_assessable")]
    assert "only 2 bodies" in result(world, "L2", SUBJECT, "detail")[0][0]


@pytest.mark.parametrize(("city", "outcome"), [("20", "pass"), ("21", "fail")])
def test_an_area_has_what_all_bodies_in_it_have(world, city, outcome) -> None:
    level(world, {"city": city}, bodies=20)
    assert result(world, "L2", SUBJECT, "outcome", "left_value", "right_value") == [(outcome, int(city), 20)]


def test_a_body_that_owes_a_report_makes_the_sum_not_assessable(world) -> None:
    absent = replace(world.dongfeng(), agency=department("档案局"), year=2020)
    keep(world, absent)
    keep(world, replace(absent, year=2022))
    level(world, {"city": "20"}, bodies=20)
    assert result(world, "L2", SUBJECT, "outcome") == [("not_assessable",)]
    assert "1 of 21 bodies" in result(world, "L2", SUBJECT, "detail")[0][0]


def test_a_government_below_that_may_cover_only_itself_makes_the_sum_not_assessable(world) -> None:
    county = replace(
        GOVERNMENT, id="230805-gov", name="东风区人民政府", division_code="230805", parent=GOVERNMENT
    )
    keep(world, replace(world.dongfeng(), agency=county, scope="unknown"))
    level(world, {"city": "20"}, bodies=20)
    assert "1 governments below it" in result(world, "L2", SUBJECT, "detail")[0][0]


def hashes(start: int, changed: int = 0) -> tuple[int, ...]:
    return tuple(start * 1000 + position + (500 if position < changed else 0) for position in range(64))


def written(world: Any, texts: Iterable[tuple[str, int, tuple[int, ...], str]]) -> None:
    for name, year, wording, day in texts:
        report = replace(
            world.dongfeng(),
            agency=department(name),
            year=year,
            published_on=day,
            fingerprints=(Fingerprint(1, wording),),
        )
        keep(world, report)
    findings.refresh(world.db)


@pytest.mark.parametrize(("changed", "outcome"), [(6, "fail"), (7, "pass")])
def test_the_wording_of_the_year_before(world, changed, outcome) -> None:
    written(
        world,
        [
            ("民政局", 2021, hashes(1), "2022-01-20"),
            ("民政局", 2022, hashes(1, changed), "2023-01-20"),
        ],
    )
    assert result(world, "Y2", "chapter_1/year_before", "outcome", "left_value") == [
        (outcome, round((64 - changed) / 64, 3))
    ]
    assert len(world.rows("SELECT * FROM copied_reports WHERE relation = 'year_before'")) == (
        outcome == "fail"
    )


def test_the_wording_of_another_body(world) -> None:
    written(
        world,
        [
            ("民政局", 2021, hashes(1), "2022-01-20"),
            ("教育局", 2021, hashes(1, 3), "2022-01-25"),
            ("财政局", 2021, hashes(7), "2022-01-26"),
        ],
    )
    assert world.rows("SELECT report_id, other_report_id, similarity, relation FROM copied_reports") == [
        ("230800-教育局-2021", "230800-民政局-2021", 0.953, "other_agency")
    ]
    assert dict(result(world, "Y2", "chapter_1/other_agency", "report_id", "outcome")) == {
        "230800-民政局-2021": "pass",
        "230800-教育局-2021": "fail",
        "230800-财政局-2021": "pass",
    }


def test_an_office_that_shows_its_governments_chapters_copies_nobody(world) -> None:
    office = department("人民政府办公室", agency_type="government_office")
    for agency in (GOVERNMENT, office):
        keep(world, replace(world.dongfeng(), agency=agency, fingerprints=(Fingerprint(1, hashes(1)),)))
    findings.refresh(world.db)
    assert world.rows("SELECT * FROM similar_texts") == []


def test_versions_with_other_figures(world) -> None:
    agency = department("民政局")
    first = replace(world.dongfeng(), agency=agency)
    second = put(first, {"applications/received_new/total": "7"})
    for report in (first, second):
        world.begin_crawl()
        keep(world, report)
    findings.refresh(world.db)
    assert result(world, "Y3", "versions", "outcome", "left_value") == [("fail", 1)]


def test_a_version_with_another_text_alone_contradicts_nothing(world) -> None:
    first = replace(world.dongfeng(), agency=department("民政局"))
    for report in (first, replace(first, sections=first.sections[:1])):
        world.begin_crawl()
        keep(world, report)
    findings.refresh(world.db)
    assert result(world, "Y3", "versions", "outcome", "left_value") == [("pass", 0)]


@pytest.mark.parametrize(("printed", "outcome"), [("4", "pass"), ("7", "fail")])
def test_copies_with_other_figures(world, printed, outcome) -> None:
    first = replace(world.dongfeng(), agency=department("民政局"))
    keep(world, first)
    keep(
        world,
        put(first, {"applications/received_new/total": printed}),
        url="http://hrb.example/1",
        portal="harbin",
    )
    findings.refresh(world.db)
    assert result(world, "Y3", "copies", "outcome") == [(outcome,)]


def test_the_same_reports_give_the_same_rows_and_are_not_looked_at_again(world) -> None:
    pair(world, {"applications/carried_out/total": "3"}, {})
    before = world.rows("SELECT * FROM cross_checks ORDER BY report_id, rule, subject")
    assert before
    changes = world.db.conn.total_changes
    assert crosschecks.refresh(world.db) is False
    assert world.db.conn.total_changes == changes
    world.db.execute("DELETE FROM findings_state")
    world.db.conn.commit()
    assert crosschecks.refresh(world.db) is True
    assert world.rows("SELECT * FROM cross_checks ORDER BY report_id, rule, subject") == before


def test_a_report_that_goes_takes_its_results_along(world) -> None:
    pair(world, {"applications/carried_out/total": "3"}, {})
    elsewhere = Problem(code="no_report", detail="a work summary")
    url = "http://jms.example/230800-发展和改革委员会/2022"
    reading = world.reading(None, url=url, body=b"other", portal="jiamusi", problems=(elsewhere,))
    store(world.db, reading, world.crawl_id)
    findings.refresh(world.db)
    held = {row[0] for row in world.rows("SELECT id FROM reports WHERE vanished_at IS NULL")}
    assert {row[0] for row in world.rows("SELECT report_id FROM cross_checks")} <= {
        row[0] for row in world.rows("SELECT id FROM reports")
    }
    assert "230800-发展和改革委员会-2021" in held


def test_no_result_needs_a_query_of_its_own(world) -> None:
    """The number of statements does not grow with the number of reports."""
    counts = []
    for years in ((2021, 2022), (2023, 2024)):
        pair(world, {}, {}, years=years)
        world.db.execute("DELETE FROM findings_state")
        world.db.conn.commit()
        told: list[str] = []
        world.db.conn.set_trace_callback(told.append)
        crosschecks.refresh(world.db)
        world.db.conn.set_trace_callback(None)
        counts.append(
            sum(statement.lstrip().startswith(("SELECT", "INSERT INTO cross_checks")) for statement in told)
        )
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('rule = "Y1"', 'rule = "Y1"\nnote = "x"', "unknown key note"),
        ('relation = "equal"', 'relation = "about"', "unknown relation"),
        ("applications/carried_in/{subject}", "carried_in", "no TABLE/ROW/COLUMN"),
        ("fewest = 20", "fewest = 20\nmost = 30", "unknown key most"),
    ],
)
def test_mistakes_in_the_rules_are_named(old, new, message) -> None:
    text = crosschecks.rules().text
    assert old in text
    with pytest.raises(ValueError, match=message):
        crosschecks.read_rules(text.replace(old, new, 1))


def test_the_deadlines_are_those_of_the_reading() -> None:
    from pipelines import dates

    kinds = [*coverage.deadlines().due, "township", "university", "public_institution", "other"]
    for kind in kinds:
        for year in range(2008, 2026):
            assert coverage.due_on(kind, year) == dates.due_on(kind, year), (kind, year)


def test_findings_of_a_report_that_went_and_came_back_are_made_again(world) -> None:
    """A run that was killed between took them away; the report that is there again looks as it did."""
    later = replace(world.dongfeng(), year=2022)
    world.store(world.reading(world.dongfeng(), url="http://dfq.example/a", body=b"A"))
    world.store(world.reading(later, url="http://dfq.example/b", body=b"B"))
    findings.refresh(world.db)
    counts = "SELECT (SELECT count(other_report_id) FROM cross_checks), (SELECT count(*) FROM measures)"
    before = world.rows(counts)
    assert min(before[0]) > 0
    world.store(world.reading(None, url="http://dfq.example/b", body=b"B", version="2"))
    world.store(world.reading(later, url="http://dfq.example/b", body=b"B"))
    findings.refresh(world.db)
    assert world.rows(counts) == before
