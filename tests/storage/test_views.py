from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipelines.records import Cell
from storage import findings
from storage.database import open_database
from storage.reference import form_layout, write_reference
from storage.views import standing_views, wide_views
from storage.views.wide import LEADING_COLUMNS, WIDE_TABLES

ID, AIMIN = "230805-dfq-2021", "231004-amq-2020"


@pytest.fixture
def filled(world):
    world.store(world.reading(world.dongfeng()))
    world.store(world.reading(world.aimin(), url="http://amq.example/2020", body=b"amq", portal="harbin"))
    return world


def test_writing_the_reference_again_writes_nothing(world) -> None:
    changes, shape = world.db.conn.total_changes, world.one("PRAGMA schema_version")
    assert world.write_reference() is False
    assert world.db.conn.total_changes == changes
    assert world.one("PRAGMA schema_version") == shape


def test_what_changed_in_the_reference_is_written(world) -> None:
    cells, derived = world.layout()
    kept = {"form_cells": cells, "derived": derived}
    assert write_reference(world.db, divisions=[], **kept) is True
    assert world.one("SELECT count(*) FROM divisions") == 0
    renamed = replace(world.portals["harbin"], name="哈尔滨", disabled=True, note="gone")
    assert write_reference(world.db, divisions=[], portals=[renamed], **kept) is True
    assert world.rows("SELECT name, state, note FROM portals WHERE id = 'harbin'") == [
        ("哈尔滨", "disabled", "gone")
    ]
    assert world.one("SELECT count(*) FROM portals") == 4
    assert write_reference(world.db, divisions=[], portals=[world.portals["harbin"]], **kept) is True
    assert world.one("SELECT state FROM portals WHERE id = 'harbin'") == "ok"


def test_a_further_cell_of_the_forms_makes_the_view_anew(world) -> None:
    cells, derived = world.layout()
    further = cells[-1]._replace(table="applications", row="local_row", column="total", order=999)
    assert write_reference(world.db, divisions=[], form_cells=[*cells, further], derived=derived) is True
    names = [row[1] for row in world.rows("PRAGMA table_info(applications)")]
    assert "local_row__total" in names


def test_the_layout_comes_back_from_the_database(world) -> None:
    assert form_layout(world.db.conn) == world.layout()


def test_views_survive_opening_the_database(world) -> None:
    names = {*standing_views(), *wide_views(*world.layout())}
    again = open_database(world.path)
    assert set(again.view_names()) == names
    again.conn.close()


def test_a_view_of_an_older_text_is_replaced(world) -> None:
    world.db.execute("DROP VIEW failed_checks")
    world.db.execute("CREATE VIEW failed_checks AS SELECT 1 AS old")
    world.db.conn.commit()
    again = open_database(world.path)
    assert "rule" in [row[1] for row in again.conn.execute("PRAGMA table_info(failed_checks)")]
    again.conn.close()


# Sums over many reports, and what no report is held of, have no address of their own.
OF_NO_REPORT = {
    "agency_relations",
    "always_zero",
    "decisions_by_area",
    "denials_by_ground",
    "missing_reports",
    "overrides_unapplied",
    "rates",
}
# Rows of a report in compact form, as tables were before: report_id leads to address and date.
OF_ROWS = {"checks", "cross_checks", "figures"}


@pytest.mark.parametrize("view", [*WIDE_TABLES, *sorted(set(standing_views()) - OF_NO_REPORT - OF_ROWS)])
def test_every_view_answers_and_carries_source_and_date(filled, view: str) -> None:
    names = [row[1] for row in filled.rows(f"PRAGMA table_info({view})")]
    assert {"report_id", "agency", "division_code", "year", "source_url", "fetched_at"} <= set(names)
    for row in filled.rows(f"SELECT source_url, fetched_at FROM {view}"):
        assert None not in row


@pytest.mark.parametrize("view", sorted(OF_NO_REPORT))
def test_every_view_of_sums_answers(filled, view: str) -> None:
    assert filled.rows(f"SELECT * FROM {view}") is not None


def test_the_wide_view_has_every_cell_and_every_total(filled) -> None:
    names = [row[1] for row in filled.rows("PRAGMA table_info(applications)")]
    assert tuple(names[:6]) == LEADING_COLUMNS
    assert names[-1] == "not_numbers"
    # 26 printed rows and 3 derived ones (其他处理 is printed by one form), 7 printed columns and 1 derived.
    assert len(names) == 6 + 29 * 8 + 1
    assert names.index("denied_total__total") < names.index("unable_not_held__natural_person")
    assert names.index("other_total__total") < names.index("processed_total__total")
    assert len(filled.rows("PRAGMA table_info(review_litigation)")) == 6 + 4 * 5 + 1


def test_every_number_of_the_wide_view_is_the_figure(filled) -> None:
    for table in WIDE_TABLES:
        cursor = filled.db.conn.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            wide = dict(zip(names, row, strict=True))
            figures = filled.rows(
                "SELECT row_code || '__' || column_code, value, status FROM figures"
                " WHERE report_id = ? AND table_code = ?",
                wide["report_id"],
                table,
            )
            assert figures
            assert {name: wide[name] for name, _, _ in figures} == {name: value for name, value, _ in figures}
            assert json.loads(wide["not_numbers"]) == {
                name: status for name, _, status in figures if status != "number"
            }


def wide(world, report_id: str, *columns: str):
    return world.rows(f"SELECT {', '.join(columns)} FROM applications WHERE report_id = ?", report_id)[0]


def test_totals_are_sums_of_numbers(filled) -> None:
    assert wide(filled, ID, "denied_total__total", "other_total__total", "received_new__org_total") == (
        0,
        0,
        0,
    )
    assert wide(filled, ID, "other_total__org_total", "denied_total__org_total") == (0, 0)
    assert filled.rows("SELECT litigation_total__total FROM review_litigation") == [(0,), (0,)]


def with_status(report, cell: Cell, status: str, printed: str):
    return replace(
        report,
        figures=tuple(
            replace(one, status=status, value=None, printed=printed) if one.cell == cell else one
            for one in report.figures
        ),
    )


def test_a_total_is_empty_unless_every_part_is_a_number(world) -> None:
    report = with_status(world.dongfeng(), Cell("applications", "denied_third_party", "total"), "blank", "")
    report = with_status(report, Cell("applications", "received_new", "org_other"), "not_applicable", "/")
    world.store(world.reading(report))
    assert wide(world, ID, "denied_total__total", "denied_total__natural_person") == (None, 0)
    assert wide(world, ID, "received_new__org_total", "carried_in__org_total") == (None, 0)
    assert json.loads(wide(world, ID, "not_numbers")[0]) == {
        "denied_third_party__total": "blank",
        "received_new__org_other": "not_applicable",
    }


def test_a_total_of_a_missing_part_is_empty(world) -> None:
    report = world.dongfeng()
    gone = Cell("applications", "unable_not_held", "total")
    world.store(
        world.reading(replace(report, figures=tuple(one for one in report.figures if one.cell != gone)))
    )
    assert wide(world, ID, "unable_not_held__total", "unable_total__total") == (None, None)


def test_a_printed_total_is_taken_before_a_sum(world) -> None:
    cell = Cell("applications", "other_total", "total")
    world.store(world.reading(world.with_printed(world.aimin(), cell, "9"), portal="harbin"))
    assert wide(world, AIMIN, "other_total__total", "other_other__total") == (9, None)


def test_a_printed_total_that_is_blank_stays_empty(world) -> None:
    report = world.aimin()
    parts = world.dongfeng().figures
    blank = with_status(report, Cell("applications", "other_total", "total"), "blank", "")
    mixed = replace(
        blank, figures=(*blank.figures, *(one for one in parts if one.cell.row.startswith("other_")))
    )
    world.store(world.reading(mixed, portal="harbin"))
    assert wide(world, AIMIN, "other_total__total", "other_other__total") == (None, 0)


def test_a_merged_row_is_empty_and_named(filled) -> None:
    assert wide(filled, AIMIN, "carried_out__total", "carried_out__org_total") == (None, None)
    told = json.loads(wide(filled, AIMIN, "not_numbers")[0])
    assert set(told.values()) == {"merged"}
    assert list(told) == sorted(told)


def test_a_report_without_the_table_has_no_row(world) -> None:
    report = world.dongfeng()
    only = tuple(one for one in report.figures if one.cell.table == "proactive")
    world.store(world.reading(replace(report, figures=only)))
    assert world.one("SELECT count(*) FROM proactive") == 1
    assert world.one("SELECT count(*) FROM applications") == 0
    assert world.one("SELECT count(*) FROM review_litigation") == 0


def test_a_query_over_one_cell_looks_up_one_cell(filled) -> None:
    plan = "\n".join(
        str(row)
        for row in filled.rows("EXPLAIN QUERY PLAN SELECT year, received_new__total FROM applications")
    )
    # One look-up for the cell, one for whether the report has the table.
    assert plan.count("SEARCH stored_figures USING PRIMARY KEY (report=? AND cell=?)") == 2
    assert plan.count("stored_figures") == 2


def test_failed_checks_are_the_hard_strict_ones(filled) -> None:
    rows = filled.rows("SELECT report_id, rule, subject, sentence FROM failed_checks ORDER BY rule, subject")
    assert [row[:3] for row in rows] == [
        (AIMIN, rule, subject) for rule in ("A1", "A2") for subject in ("natural_person", "total")
    ]
    assert rows[0][3] == "A1: natural_person 3 ≠ 0"


@pytest.mark.parametrize("change", [{"severity": "soft"}, {"outcome": "not_assessable"}, {"outcome": "pass"}])
def test_other_checks_are_not_failed_checks(world, change: dict[str, str]) -> None:
    report = world.aimin()
    world.store(
        world.reading(
            replace(report, checks=tuple(replace(one, **change) for one in report.checks)), portal="harbin"
        )
    )
    assert world.one("SELECT count(*) FROM failed_checks") == 0
    assert world.one("SELECT checks_failed FROM reports") == 0


def test_disclosure_rates_need_thirty_requests(filled) -> None:
    busy = filled.dongfeng()
    for row, printed in (("processed_total", "40"), ("disclosed_full", "30"), ("disclosed_partial", "1")):
        busy = filled.with_printed(busy, Cell("applications", row, "total"), printed)
    filled.store(filled.reading(replace(busy, year=2022), url="http://dfq.example/2022", body=b"2022"))
    findings.refresh(filled.db)
    assert filled.rows(
        "SELECT report_id, processed_total, disclosed_full, full_rate, disclosure_rate, checks_failed"
        " FROM disclosure_rates ORDER BY year"
    ) == [
        (AIMIN, 0, 3, None, None, 4),
        (ID, 4, 3, None, None, 0),
        ("230805-dfq-2022", 40, 30, 0.75, 0.775, 0),
    ]


def test_carry_over_mismatches(world) -> None:
    total, person = (Cell("applications", "carried_in", column) for column in ("total", "natural_person"))
    later = replace(world.with_printed(world.dongfeng(), total, "2"), year=2022)
    later = with_status(later, person, "blank", "")
    world.store(world.reading(world.dongfeng()))
    world.store(world.reading(later, url="http://dfq.example/2022", body=b"2022"))
    assert world.rows(
        "SELECT report_id, year, column_code, carried_out_before, carried_in, difference, source_url,"
        " earlier_report_id, earlier_source_url FROM carry_over_mismatches"
    ) == [
        (
            "230805-dfq-2022",
            2022,
            "total",
            0,
            2,
            2,
            "http://dfq.example/2022",
            ID,
            "http://dfq.example/2021.html",
        )
    ]
