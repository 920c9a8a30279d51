"""Corrections by readers: read strictly, laid over the figures, never written into them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.records import Cell
from storage.database import StorageError
from storage.overrides import DEFAULT, load, remarks, taken_away
from storage.reference import write_reference
from tests.storage.conftest import DIVISIONS, PORTALS, form_layout

ENTRY = """
[[override]]
agency = "佳木斯市东风区人民政府"
year = 2021
table = "applications"
row = "received_new"
column = "total"
value = 5
said_by = "样例读者"
date = 2026-01-31
link = "https://example.gov.cn/更正"
"""
ID = "230805-dfq-2021"


def written(world, folder: Path, text: str) -> bool:
    path = folder / "overrides.toml"
    path.write_text(text, encoding="utf-8")
    cells, derived = form_layout()
    return write_reference(
        world.db,
        divisions=DIVISIONS,
        form_cells=cells,
        derived=derived,
        portals=PORTALS,
        overrides=load(str(path)),
    )


def corrected(world, row: str = "received_new") -> list[tuple[object, ...]]:
    return world.rows(
        "SELECT value, status, is_override, printed, extracted_value, said_by, said_on, source_url"
        " FROM figures_corrected WHERE row_code = ? AND column_code = 'total' AND report_id = ?",
        row,
        ID,
    )


def test_an_override_stands_beside_what_was_extracted(world, tmp_path) -> None:
    world.store(world.reading(world.dongfeng()))
    before = world.rows("SELECT * FROM figures")
    address = "http://dfq.example/2021.html"
    assert corrected(world) == [(4, "number", 0, "4", 4, None, None, address)]
    assert written(world, tmp_path, ENTRY) is True
    assert corrected(world) == [(5, "number", 1, "4", 4, "样例读者", "2026-01-31", address)]
    assert corrected(world, "carried_in")[0][:3] == (0, "number", 0)
    assert world.rows("SELECT * FROM figures") == before
    assert world.one("SELECT sum(is_override) FROM figures_corrected") == 1
    assert world.one("SELECT count(*) FROM figures_corrected") == len(before)
    assert world.rows("SELECT * FROM overrides_unapplied") == []
    assert written(world, tmp_path, ENTRY) is False
    assert written(world, tmp_path, "") is True
    assert corrected(world)[0][:3] == (4, "number", 0)


def test_corrections_that_a_run_takes_away_are_told(world, tmp_path) -> None:
    world.store(world.reading(world.dongfeng()))
    assert list(taken_away(world.db, (), "data/overrides.toml")) == []
    written(world, tmp_path, ENTRY)
    entries = load(str(tmp_path / "overrides.toml"))
    assert list(taken_away(world.db, entries, "x")) == []
    [line] = taken_away(world.db, (), "data/overrides.toml")
    assert "corrections by readers are taken away (1)" in line
    assert "data/overrides.toml" in line
    assert "OVERRIDES=FILE" in line


def test_an_override_may_name_the_report_and_a_cell_that_was_not_found(world, tmp_path) -> None:
    report = world.dongfeng()
    cell = Cell("applications", "carried_out", "total")
    kept = tuple(figure for figure in report.figures if figure.cell != cell)
    world.store(
        world.reading(type(report)(**{f: getattr(report, f) for f in report.__slots__} | {"figures": kept}))
    )
    text = (
        ENTRY.replace('agency = "佳木斯市东风区人民政府"\nyear = 2021', f'report = "{ID}"')
        .replace("received_new", "carried_out")
        .replace("value = 5", 'status = "blank"')
    )
    written(world, tmp_path, text)
    assert corrected(world, "carried_out")[0][:5] == (None, "blank", 1, None, None)
    assert (
        world.one("SELECT unit FROM figures_corrected WHERE row_code = 'carried_out' AND is_override") == "件"
    )


def test_an_override_that_fits_no_report_is_listed(world, tmp_path) -> None:
    written(world, tmp_path, ENTRY)
    assert world.rows("SELECT entry, reports, reason FROM overrides_unapplied") == [(1, 0, "no_report")]
    assert world.one("SELECT count(*) FROM figures_corrected") == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value = 5", "valeu = 5", "override 1: valeu: unknown key"),
        ("value = 5", "", "override 1: value: give either value, or status"),
        ("value = 5", 'value = 5\nstatus = "blank"', "override 1: value: give either"),
        ("value = 5", "value = true", "override 1: value: must be a number"),
        ("value = 5", "value = nan", "override 1: value: must be a number"),
        ("value = 5", 'status = "number"', "override 1: status: must be one of blank"),
        ("year = 2021", "", "override 1: year: agency and year go together"),
        ("year = 2021", 'report = "x"', "override 1: report: give either report, or agency"),
        ("year = 2021", 'year = "2021"', "override 1: year: must be a report year"),
        ('said_by = "样例读者"', "", "override 1: said_by: must be a text"),
        ("date = 2026-01-31", 'date = "31.1.2026"', "override 1: date: must be a day"),
        ("date = 2026-01-31", "", "override 1: date: must be a day"),
        ("https://example.gov.cn/更正", "a letter", "override 1: link: must begin with http"),
        (
            'row = "received_new"',
            'row = "recieved"',
            "override 1: column: no form has the cell applications/recieved/total",
        ),
        ("[[override]]", "[[overrides]]", "unknown key 'overrides'"),
        ("[[override]]", "[override]", "entries begin with"),
        ("value = 5", "value = ", "is no TOML"),
        ("value = 5", "value = inf", "override 1: value: must be a number"),
        ("value = 5", "value = -inf", "override 1: value: must be a number"),
        ("value = 5", 'value = "5"', "override 1: value: must be a number"),
        ("value = 5", "value = [5]", "override 1: value: must be a number"),
        ("value = 5", "value = 1979-05-27", "override 1: value: must be a number"),
        ("value = 5", f"value = 1{'0' * 30}", "override 1: value: must be a number of at most"),
        ("value = 5", "value = 1e300", "override 1: value: must be a number of at most"),
        ("value = 5", "value = -1", "override 1: value: must not be negative"),
        ("value = 5", "value = 0.5", "override 1: value: must be a whole number"),
        ("value = 5", 'status = "merged"', "override 1: status: must be one of blank"),
        ("value = 5", 'status = ["blank"]', "override 1: status: must be one of blank"),
        ("year = 2021", "year = 21", "override 1: year: must be a report year"),
        ("year = 2021", f"year = 1{'0' * 30}", "override 1: year: must be a report year"),
        ("year = 2021", "year = 2021.0", "override 1: year: must be a report year"),
        ("year = 2021", "year = true", "override 1: year: must be a report year"),
        ('agency = "佳木斯市东风区人民政府"\nyear', "year", "override 1: report: give either"),
        ('agency = "佳木斯市东风区人民政府"', 'agency = "  "', "override 1: agency: must be a text"),
        ('agency = "佳木斯市东风区人民政府"', "agency = 7", "override 1: agency: must be a text"),
        (
            'agency = "佳木斯市东风区人民政府"',
            'agency = "a\\u0007b"',
            "override 1: agency: must be a text without",
        ),
        ('said_by = "样例读者"', 'said_by = "\\u0000"', "override 1: said_by: must be a text"),
        ("date = 2026-01-31", "date = 2026-01-31T10:00:00Z", "override 1: date: must be a day"),
        ("date = 2026-01-31", 'date = "2026-02-30"', "override 1: date: must be a day"),
        ("date = 2026-01-31", "date = 20260131", "override 1: date: must be a day"),
        ("date = 2026-01-31", 'date = "2026-W05-6"', "override 1: date: must be a day"),
        ("https://example.gov.cn/更正", "javascript:alert(1)", "override 1: link: must begin with http"),
        ("https://example.gov.cn/更正", "https://", "override 1: link: must begin with http"),
        ("https://example.gov.cn/更正", "https://a b/", "override 1: link: must be one address"),
        ("https://example.gov.cn/更正", "https://[::1", "override 1: link: must be an address"),
        ('column = "total"', 'column = "org_total"', "override 1: column: no form has the cell"),
        ('table = "applications"', 'table = "Applications"', "override 1: column: no form has the cell"),
        ("[[override]]", "override = 3", "entries begin with"),
        ("[[override]]", "title = 3\n[[override]]", "unknown key 'title'"),
    ],
)
def test_a_fault_is_one_line_that_names_file_entry_and_key(world, tmp_path, old, new, told) -> None:
    assert old in ENTRY
    with pytest.raises(StorageError) as error:
        written(world, tmp_path, ENTRY.replace(old, new))
    message = str(error.value)
    assert told in message
    assert "\n" not in message
    assert "overrides" in message
    assert world.one("SELECT count(*) FROM overrides") == 0


def test_one_cell_has_one_override(world, tmp_path) -> None:
    with pytest.raises(StorageError, match="override 2: column: the cell of that report is already entry 1"):
        written(world, tmp_path, ENTRY + ENTRY.replace("= 5", "= 6"))


def test_an_override_of_an_amount_and_of_a_change(world, tmp_path) -> None:
    amount = ENTRY.replace("applications", "proactive").replace("received_new", "administrative_fees")
    amount = amount.replace('"total"', '"amount_wanyuan"').replace("= 5", "= 17.5")
    change = ENTRY.replace("applications", "proactive").replace("received_new", "administrative_licensing")
    change = change.replace('"total"', '"items_change"').replace("= 5", "= -8")
    assert written(world, tmp_path, amount + change) is True
    assert world.rows("SELECT value FROM overrides ORDER BY entry") == [(17.5,), (-8,)]


def test_a_file_of_an_editor_on_windows(world, tmp_path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ENTRY.replace("\n", "\r\n").encode())
    (entry,) = load(str(path))
    assert (entry.value, entry.said_by) == (5, "样例读者")


@pytest.mark.parametrize("content", [b"\xff\xfe[\x00[\x00", b"a = " + b"[" * 20_000, "说明".encode("gbk")])
def test_a_file_that_is_no_toml_at_all(tmp_path, content) -> None:
    path = tmp_path / "overrides.toml"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="is no TOML") as error:
        load(str(path))
    assert "\n" not in str(error.value)


def test_a_folder_in_place_of_the_file(tmp_path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        load(str(tmp_path))


def test_blanks_around_a_name_are_no_part_of_it(world, tmp_path) -> None:
    world.store(world.reading(world.dongfeng()))
    written(world, tmp_path, ENTRY.replace('"佳木斯市东风区人民政府"', '" 佳木斯市东风区人民政府 "'))
    assert corrected(world)[0][:3] == (5, "number", 1)


def test_two_overrides_of_one_cell_that_name_the_report_differently_are_applied_to_none(
    world, tmp_path
) -> None:
    world.store(world.reading(world.dongfeng()))
    by_id = ENTRY.replace('agency = "佳木斯市东风区人民政府"\nyear = 2021', f'report = "{ID}"')
    written(world, tmp_path, ENTRY + by_id.replace("= 5", "= 6"))
    before = world.one("SELECT count(*) FROM figures")
    assert corrected(world) == [(4, "number", 0, "4", 4, None, None, "http://dfq.example/2021.html")]
    assert world.one("SELECT count(*) FROM figures_corrected") == before
    assert world.rows("SELECT entry, reason FROM overrides_unapplied ORDER BY entry") == [
        (1, "several_entries"), (2, "several_entries"),
    ]  # fmt: skip
    (line,) = remarks(world.db, DEFAULT)
    assert "contradict each other" in line
    assert line.endswith("entries 1, 2 of data/overrides.toml")


def test_an_agency_and_year_that_two_reports_have_is_applied_to_none(world, tmp_path) -> None:
    world.store(world.reading(world.dongfeng()))
    report = world.dongfeng()
    other = replace(report, agency=replace(report.agency, id="230805-other"))
    world.store(world.reading(other, url="http://dfq.example/other.html", body=b"other"))
    written(world, tmp_path, ENTRY)
    assert world.rows("SELECT entry, reports, reason FROM overrides_unapplied") == [(1, 2, "several_reports")]
    assert world.one("SELECT sum(is_override) FROM figures_corrected") == 0


def test_a_cell_that_the_form_of_the_report_does_not_have_is_not_added(world, tmp_path) -> None:
    world.store(world.reading(world.dongfeng()))
    written(world, tmp_path, ENTRY.replace("received_new", "other_total"))
    assert world.rows("SELECT entry, reason FROM overrides_unapplied") == [(1, "cell_not_in_form")]
    assert corrected(world, "other_total") == []
    assert "cells that the form" in remarks(world.db, DEFAULT)[0]


def test_a_cell_that_the_report_prints_though_its_form_has_it_not_is_corrected(world, tmp_path) -> None:
    report = world.dongfeng()
    odd = replace(report.figures[0], cell=Cell("applications", "other_total", "total"))
    world.store(world.reading(replace(report, figures=(*report.figures, odd))))
    written(world, tmp_path, ENTRY.replace("received_new", "other_total"))
    assert corrected(world, "other_total")[0][:3] == (5, "number", 1)


def test_a_cell_of_a_table_that_was_not_found_is_added(world, tmp_path) -> None:
    report = world.dongfeng()
    kept = tuple(figure for figure in report.figures if figure.cell.table != "applications")
    forms = {**report.forms, "applications": None}
    world.store(world.reading(replace(report, figures=kept, forms=forms)))
    written(world, tmp_path, ENTRY)
    assert corrected(world)[0][:5] == (5, "number", 1, None, None)


def test_a_report_that_was_corrected_after_the_reader_spoke_says_so(world, tmp_path) -> None:
    cell = Cell("applications", "received_new", "total")
    world.store(world.reading(world.dongfeng()))
    written(world, tmp_path, ENTRY)
    assert world.rows("SELECT changed_at FROM overrides_applied") == [(None,)]
    assert remarks(world.db, DEFAULT) == []
    world.begin_crawl()
    world.store(world.reading(world.with_printed(world.dongfeng(), cell, "6"), body=b"corrected"))
    (changed,) = world.rows("SELECT changed_at FROM overrides_applied")
    assert changed[0] == world.one("SELECT max(fetched_at) FROM report_versions")
    assert corrected(world)[0][:5] == (5, "number", 1, "6", 6)
    assert "changed in these cells after readers spoke" in remarks(world.db, DEFAULT)[0]
    # The reader looks again and agrees.
    written(world, tmp_path, ENTRY.replace("2026-01-31", "2099-01-31"))
    assert world.rows("SELECT changed_at FROM overrides_applied") == [(None,)]


def test_a_change_of_another_cell_or_of_the_reader_is_none_of_this_one(world, tmp_path) -> None:
    other = Cell("applications", "carried_in", "total")
    world.store(world.reading(world.dongfeng()))
    written(world, tmp_path, ENTRY)
    world.begin_crawl()
    world.store(world.reading(world.with_printed(world.dongfeng(), other, "6"), body=b"corrected"))
    assert world.one("SELECT count(*) FROM report_versions") == 2
    assert world.rows("SELECT changed_at FROM overrides_applied") == [(None,)]


def test_an_override_that_the_reading_caught_up_with_changes_nothing(world, tmp_path) -> None:
    world.store(world.reading(world.dongfeng()))
    written(world, tmp_path, ENTRY.replace("= 5", "= 4"))
    assert corrected(world)[0][:5] == (4, "number", 1, "4", 4)


def test_a_file_that_is_gone_takes_its_overrides_with_it(world, tmp_path, monkeypatch) -> None:
    world.store(world.reading(world.dongfeng()))
    written(world, tmp_path, ENTRY)
    monkeypatch.chdir(tmp_path)
    cells, derived = form_layout()
    write_reference(world.db, divisions=DIVISIONS, form_cells=cells, derived=derived, overrides=load(DEFAULT))
    assert world.one("SELECT count(*) FROM overrides") == 0
    assert corrected(world)[0][:3] == (4, "number", 0)


def test_only_the_file_of_the_default_may_be_missing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(DEFAULT) == ()
    with pytest.raises(StorageError, match="cannot be read"):
        load("elsewhere.toml")
