"""Corrections by readers: read strictly, laid over the figures, never written into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.records import Cell
from storage.database import StorageError
from storage.overrides import DEFAULT, load
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
    assert world.rows("SELECT entry, reports FROM overrides_unapplied") == [(1, 0)]
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
            "entry 1: no form has the cell applications/recieved/total",
        ),
        ("[[override]]", "[[overrides]]", "unknown key 'overrides'"),
        ("[[override]]", "[override]", "entries begin with"),
        ("value = 5", "value = ", "is no TOML"),
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


def test_only_the_file_of_the_default_may_be_missing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(DEFAULT) == ()
    with pytest.raises(StorageError, match="cannot be read"):
        load("elsewhere.toml")
