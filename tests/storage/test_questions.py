"""The twenty questions: every canned query gives the right answer over reports whose answer is known."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.records import Check, Claim, Dates, Division, Fingerprint
from storage import findings
from storage.reference import write_reference
from storage.site.server import descriptions
from tests.storage.test_crosschecks import GOVERNMENT, department, hashes, keep, put

ROOT = Path(__file__).resolve().parents[2]
QUERIES = {name: query["sql"] for name, query in descriptions()["queries"].items()}
OFFICE = "发展和改革委员会"


def total(**rows: int | None) -> dict[str, str | None]:
    return {f"applications/{row}/total": None if value is None else str(value) for row, value in rows.items()}


@pytest.fixture
def asked(world) -> Any:
    """Runs a canned query, narrowed by nothing, after the findings were made; rows as mappings."""

    def ask(name: str, **wanted: object) -> list[dict[str, Any]]:
        findings.refresh(world.db)
        cursor = world.db.conn.execute(QUERIES[name], defaultdict(str))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
        return [row for row in rows if all(row[key] == value for key, value in wanted.items())]

    return ask


def busy(world: Any, name: str, year: int, cells: dict[str, str | None], **changes: Any) -> None:
    report = replace(world.dongfeng(), agency=department(name), year=year, scope="own_organ", **changes)
    keep(world, put(report, cells))


def test_shares_are_of_sums_and_leave_blanks_out(world, asked) -> None:
    busy(world, "教育局", 2022, total(processed_total=20, disclosed_full=10, disclosed_partial=5))
    busy(world, "财政局", 2022, total(processed_total=60, disclosed_full=10, disclosed_partial=5))
    busy(world, "民政局", 2022, total(processed_total=1000, disclosed_full=None))
    (full,) = asked("q01_full_disclosure", year=2022)
    assert (full["agencies"], full["numerator"], full["denominator"], full["share"]) == (2, 20, 80, 0.25)
    (both,) = asked("q02_disclosure", year=2022)
    assert (both["agencies"], both["numerator"], both["share"]) == (2, 30, 0.375)


@pytest.mark.parametrize(("processed", "share"), [(29, None), (30, 0.1)])
def test_below_thirty_there_are_counts_and_no_share(world, asked, processed, share) -> None:
    busy(world, "教育局", 2022, total(processed_total=processed, disclosed_full=3))
    (row,) = asked("q01_full_disclosure")
    assert (row["numerator"], row["denominator"], row["share"]) == (3, processed, share)


def test_scopes_are_not_put_together(world, asked) -> None:
    for scope in ("own_organ", "whole_area"):
        report = replace(world.dongfeng(), agency=department(scope), year=2022, scope=scope)
        keep(world, put(report, total(processed_total=100)))
    rows = asked("q01_full_disclosure", year=2022)
    assert sorted((row["scope"], row["agencies"], row["denominator"]) for row in rows) == [
        ("own_organ", 1, 100),
        ("whole_area", 1, 100),
    ]


def test_grounds_of_refusal_and_their_growth(world, asked) -> None:
    for year, process in ((2021, 10), (2022, 20), (2023, 30)):
        busy(
            world,
            "教育局",
            year,
            total(processed_total=100, denied_process_information=process, denied_state_secret=30),
        )
    (row,) = asked("q03_denials", year=2022, ground_label="denied_process_information")
    assert (row["denied"], row["share_of_denials"], row["share_of_processed"], row["article"]) == (
        20,
        0.4,
        0.2,
        "16(2)",
    )
    growth = {row["ground_label"]: row["points_a_year"] for row in asked("q04_growing_grounds")}
    assert growth["denied_process_information"] == 10
    assert growth["denied_state_secret"] == 0
    assert asked("q04_growing_grounds")[0]["ground_label"] == "denied_process_information"


def test_not_held_not_processed_and_backlog(world, asked) -> None:
    busy(
        world,
        "教育局",
        2022,
        total(
            received_new=90,
            carried_in=10,
            carried_out=20,
            processed_total=80,
            unable_not_held=8,
            not_processed_duplicate=4,
            not_processed_abusive=4,
        ),
    )
    for name, numerator, denominator, share in (
        ("q05_not_held", 8, 80, 0.1),
        ("q06_not_processed", 8, 80, 0.1),
        ("q09_backlog", 20, 100, 0.2),
    ):
        (row,) = asked(name)
        assert (row["numerator"], row["denominator"], row["share"]) == (numerator, denominator, share), name


def test_who_asks(world, asked) -> None:
    cells = total(received_new=100) | {
        "applications/received_new/natural_person": "70",
        "applications/received_new/org_business": "18",
        "applications/received_new/org_legal_service": "12",
    }
    busy(world, "教育局", 2022, cells)
    assert {row["measure"]: row["share"] for row in asked("q07_applicants")} == {
        "natural_persons": 0.7,
        "organisations": 0.3,
        "law_firms": 0.12,
    }


def test_requests_per_resident_of_whole_areas_only(world, asked) -> None:
    report = replace(world.dongfeng(), agency=GOVERNMENT, year=2022)
    for year, scope in ((2022, "whole_area"), (2023, "unknown")):
        keep(world, put(replace(report, year=year, scope=scope), total(received_new=431)))
    (row,) = asked("q08_per_resident")
    assert (row["year"], row["residents"], row["per_100000"]) == (2022, 2156505, 19.99)


def test_corrections_and_disputes_in_two_series(world, asked) -> None:
    for year in (2023, 2024):
        cells = {
            "review_litigation/reconsideration/total": "50",
            "review_litigation/reconsideration/corrected": "10",
            "review_litigation/reconsideration/pending": "10",
            "review_litigation/litigation_direct/total": "40",
            "review_litigation/litigation_direct/corrected": "4",
            "review_litigation/litigation_after_reconsideration/total": "10",
            "review_litigation/litigation_after_reconsideration/corrected": "5",
        }
        busy(world, "教育局", year, cells | total(processed_total=200))
    found = {(row["measure"], row["series"]): row["share"] for row in asked("q10_reconsideration")}
    assert found == {
        ("reconsideration_corrected", "to 2023"): 0.2,
        ("reconsideration_corrected", "from 2024"): 0.2,
        ("reconsideration_corrected_of_concluded", "to 2023"): 0.25,
        ("reconsideration_corrected_of_concluded", "from 2024"): 0.25,
    }
    courts = {row["measure"]: (row["numerator"], row["share"]) for row in asked("q11_litigation", year=2024)}
    assert courts["litigation_direct_corrected"] == (4, 0.1)
    assert courts["litigation_after_corrected"] == (5, None)
    assert [(row["year"], row["share"], row["series"]) for row in asked("q12_disputes")] == [
        (2023, 0.5, "to 2023"),
        (2024, 0.5, "from 2024"),
    ]


def test_missing_and_late(world, asked) -> None:
    cells, derived = world.layout()
    write_reference(
        world.db,
        divisions=[Division(code="230800", name="佳木斯市", kind="prefecture-level city", parent_code=None)],
        form_cells=cells,
        derived=derived,
    )
    late = Dates(printed_on="2023-02-10", due_on="2023-01-31", late_confidence="high")
    busy(world, "教育局", 2020, {})
    busy(world, "教育局", 2022, {}, published_on="2023-02-10", dates=late)
    world.db.execute("DELETE FROM portals WHERE id NOT IN (SELECT portal_id FROM fetches)")
    world.db.execute("UPDATE crawls SET finished_at = '2023-02-15T00:00:00Z', complete = 1, arguments = '{}'")
    world.db.execute(
        "INSERT INTO crawl_portals VALUES (1, 'jiamusi', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, '[]',"
        " '{}', 0, NULL)"
    )
    world.db.conn.commit()
    found = [
        (row["year"], row["what"], row["reason"], row["days_late"], row["confidence"])
        for row in asked("q13_missing_and_late", agency="佳木斯市教育局")
    ]
    assert found == [(2022, "late", None, 10, "high"), (2021, "missing", "gap", None, "high")]
    # What is sure is not buried under what is not, of whatever year.
    world.db.execute("UPDATE coverage SET confidence = 'low' WHERE year > 2022 AND state = 'missing'")
    world.db.execute("UPDATE coverage SET confidence = 'medium' WHERE year < 2021 AND state = 'missing'")
    rows = world.db.conn.execute(QUERIES["q13_missing_and_late"], defaultdict(str)).fetchall()
    told = [(row[4], row[2]) for row in rows]
    assert {confidence for confidence, _ in told} == {"high", "medium", "low"}
    assert told == sorted(told, key=lambda row: (["high", "medium", "low"].index(row[0]), -row[1]))


def test_what_does_not_add_up(world, asked) -> None:
    world.store(world.reading(world.dongfeng()))
    world.store(world.reading(world.aimin(), url="http://amq.example/2020", body=b"amq", portal="harbin"))
    report_id = world.one("SELECT id FROM reports WHERE year = 2020")
    rows = asked("q14_what_does_not_add_up", year=2020)
    assert [(row["rule"], row["subject"]) for row in rows] == world.rows(
        "SELECT rule, subject FROM failed_checks WHERE year = 2020 ORDER BY rule, subject"
    )
    # Whose report it is, and both sides of what it breaks: each row leads to the report.
    assert {(row["report_id"], row["agency"], row["level"]) for row in rows} == {
        (report_id, "牡丹江市爱民区人民政府", "county")
    }
    assert all(row["left_value"] != row["right_value"] for row in rows)
    # A report counts once a rule, as in the sums.
    failing = defaultdict(int)
    for row in rows:
        failing[row["rule"]] += row["reports_failing"]
    assert sorted(failing.items()) == world.rows(
        "SELECT rule, reports_failing FROM rule_totals"
        " WHERE year = 2020 AND reports_failing AND severity = 'hard' ORDER BY rule"
    )
    assert asked("q14_what_does_not_add_up", year=2021) == []


def test_carry_over(world, asked) -> None:
    busy(world, OFFICE, 2021, total(carried_out=3))
    busy(world, OFFICE, 2022, total(carried_in=5, carried_out=2))
    busy(world, OFFICE, 2023, total(carried_in=2))
    (row,) = asked("q15_carry_over")
    assert (row["year"], row["subject"], row["carried_forward"], row["carried_in"]) == (2022, "total", 3, 5)
    assert row["earlier_url"].endswith("2021")


def test_prose_against_the_table(world, asked) -> None:
    wrong = Check(
        rule="T1",
        subject="received_new",
        outcome="fail",
        zero_filled="fail",
        severity="soft",
        left=9,
        right=4,
        suspect=None,
        detail="the text says 9, the table 4",
    )
    claim = Claim(about="received_new", value=9, sentence="全年受理申请9件。")
    busy(
        world,
        OFFICE,
        2022,
        {},
        checks=(wrong, replace(wrong, subject="carried_out", outcome="pass")),
        claims=(claim,),
    )
    (row,) = asked("q16_prose")
    assert (row["subject"], row["left_value"], row["right_value"]) == ("received_new", 9, 4)
    assert row["quote"] == "全年受理申请9件。"


def test_copied(world, asked) -> None:
    for name, wording in (("教育局", hashes(1)), ("财政局", hashes(1, 2)), ("民政局", hashes(2))):
        busy(world, name, 2022, {}, fingerprints=(Fingerprint(1, wording),), published_on=None)
    # The figures of all three are the same, too, and come first: two are named beside the third.
    assert [row["alike"] for row in asked("q17_copied")] == ["figures"] * 2 + ["wording"]
    (row,) = asked("q17_copied", alike="wording")
    assert {row["agency"], row["other_agency"]} == {"佳木斯市教育局", "佳木斯市财政局"}
    assert (row["chapter"], row["relation"], row["similarity"]) == (1, "other_agency", 0.969)


def test_documents_in_force(world, asked) -> None:
    busy(world, OFFICE, 2021, {"proactive/normative_documents/in_force": "10"})
    busy(
        world,
        OFFICE,
        2022,
        {"proactive/normative_documents/issued": "2", "proactive/normative_documents/in_force": "9"},
    )
    (row,) = asked("q18_documents_in_force", year=2022)
    assert (row["in_force"], row["expected_in_force"], row["unexplained"]) == (9, 12, -3)


def test_decisions_without_leaps(world, asked) -> None:
    cell = "proactive/administrative_penalty/decisions"
    for name, before, after in (("教育局", "200", "210"), ("财政局", "100", "5000")):
        busy(world, name, 2021, {cell: before})
        busy(world, name, 2022, {cell: after})
    rows = {
        row["year"]: (row["agencies"], row["decisions"], row["left_out"])
        for row in asked("q19_decisions", kind="administrative_penalty")
    }
    assert rows == {2021: (2, 200, 1), 2022: (2, 210, 1)}


def test_nought_every_year(world, asked) -> None:
    quiet = {
        f"applications/{row}/{column}": "0"
        for row in ("received_new", "carried_in", "processed_total", "carried_out")
        for column in (
            "natural_person",
            "org_business",
            "org_research",
            "org_public_interest",
            "org_legal_service",
            "org_other",
            "total",
        )
    }
    for year in (2021, 2022, 2023):
        busy(world, "档案局", year, quiet)
        busy(world, "教育局", year, quiet if year < 2023 else quiet | total(received_new=1))
        busy(world, "民政局", year, quiet | total(carried_in=None))
    busy(world, "档案局", 2024, quiet | total(carried_in=None))
    assert [
        (row["agency"], row["years_of_zero"], row["years_left_blank"]) for row in asked("q20_always_zero")
    ] == [("佳木斯市档案局", 3, 1)]


def test_every_question_of_the_document_is_a_query_that_is_tested_here() -> None:
    text = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| (\d+) \| .*? \| `(q\d\d_\w+)` \|", text, re.MULTILINE)
    assert [int(number) for number, _ in named] == list(range(1, 21))
    assert {name for _, name in named} == {name for name in QUERIES if re.match(r"q\d\d_", name)}
    here = Path(__file__).read_text(encoding="utf-8")
    assert [name for _, name in named if f'"{name}"' not in here] == []


def test_the_views_that_the_document_names_are_there(world) -> None:
    text = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    there = {row[0] for row in world.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    behind = re.findall(r"^\| \d+ \|.*\| (.*) \|$", text, re.MULTILINE)
    assert len(behind) == 20
    assert {name for cell in behind for name in re.findall(r"`(\w+)`", cell)} <= there
