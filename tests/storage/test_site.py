"""The site: every table described, the report's page true to the report, nothing loaded from elsewhere."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from pipelines.records import Cell, Problem
from storage.database import StorageError
from storage.site.report_page import grids
from storage.site.server import NAME, descriptions, metadata, site
from storage.views.wide import WIDE_TABLES

AIMIN, DONGFENG = "231004-amq-2020", "230805-dfq-2021"
CARRIED_OUT = tuple(Cell("applications", "carried_out", column) for column in ("natural_person", "total"))


@pytest.fixture
def filled(world) -> Any:
    merged = Problem(
        code="merged_row", detail="row 四 <prints> 2 values", where={"row": 24}, cells=CARRIED_OUT
    )
    world.store(world.reading(world.dongfeng()))
    world.store(
        world.reading(
            world.aimin(), url="http://amq.example/2020", body=b"a", portal="harbin", problems=(merged,)
        )
    )
    return world


@pytest.fixture
def page(filled) -> Iterator[Any]:
    """A function from an address of the site to its answer."""
    served = site(filled.path)

    def fetched(path: str) -> httpx.Response:
        return asyncio.run(served.client.get(path))

    yield fetched
    served.executor.shutdown()
    for database in served.databases.values():
        for connection in database._all_file_connections:
            connection.close()


def test_every_table_view_and_column_is_described(filled) -> None:
    words = metadata(filled.path)["databases"][NAME]["tables"]
    objects = [
        row[0]
        for row in filled.rows(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
        )
    ]
    assert set(words) == set(objects)
    for name in objects:
        columns = [row[1] for row in filled.rows(f'PRAGMA table_info("{name}")')]
        assert words[name]["title"], name
        assert words[name]["description"], name
        assert list(words[name]["columns"]) == columns if name in WIDE_TABLES else True
        assert set(words[name]["columns"]) == set(columns), name
        assert all(words[name]["columns"].values()), name


def test_facets_sort_orders_and_labels_name_columns_that_are_there(filled) -> None:
    for name, words in metadata(filled.path)["databases"][NAME]["tables"].items():
        columns = {row[1] for row in filled.rows(f'PRAGMA table_info("{name}")')}
        named = [*words.get("facets", []), words.get("sort_desc"), words.get("label_column")]
        assert {column for column in named if column} <= columns, name


def test_every_facet_of_a_table_has_an_index(filled) -> None:
    tables = {row[0] for row in filled.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    # Tables of a few hundred rows need none.
    small = {"crawls", "form_cells", "portals", "divisions", "agency_names", "agencies"}
    for name, words in descriptions()["tables"].items():
        if name not in tables - small:
            continue
        indexed = {
            filled.rows(f"PRAGMA index_info('{index[1]}')")[0][2]
            for index in filled.rows(f"PRAGMA index_list('{name}')")
        }
        assert (
            set(words.get("facets", []))
            - {"is_primary", "version", "reader_changed", "severity", "stage", "role"}
            <= indexed
        ), name


def test_cells_of_the_wide_views_are_described_by_their_labels(filled) -> None:
    words = metadata(filled.path)["databases"][NAME]["tables"]["applications"]["columns"]
    assert (
        words["received_new__total"]
        == "received_new · total (件) — received_new, total; printed in f2019, f2021"
    )
    assert words["denied_total__total"].startswith("不予公开合计 · total — denied, total; derived")
    assert words["denied_total__org_total"].startswith("不予公开合计 · 法人合计 — ")


@pytest.mark.parametrize(
    "path", ["/", "/nianbao", *(f"/nianbao/{name}" for name in descriptions()["tables"])]
)
def test_every_page_answers(page, path: str) -> None:
    assert page(path).status_code == 200


def test_a_wrong_address_is_no_event(page, capfd) -> None:
    assert page("/nianbao/nothing").status_code == 404
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize("query", descriptions()["queries"])
def test_every_canned_query_answers(page, query: str) -> None:
    response = page(f"/nianbao/{query}.json?name=东风&_shape=array")
    assert response.status_code == 200
    assert isinstance(response.json(), list)


def test_requests_by_year_adds_up(page) -> None:
    assert page("/nianbao/requests_by_year.json?_shape=array").json() == [
        {"year": 2021, "reports": 1, "with_a_number": 1, "new_requests": 4, "without_a_number": 0},
        {"year": 2020, "reports": 1, "with_a_number": 1, "new_requests": 3, "without_a_number": 0},
    ]


def test_the_file_itself_is_not_handed_out(page) -> None:
    assert page("/nianbao.db").status_code == 403


def test_nothing_is_loaded_from_elsewhere(page) -> None:
    for path in ("/", "/nianbao", "/nianbao/reports", f"/nianbao/reports/{AIMIN}", "/nianbao/applications"):
        text = page(path).text
        loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"([^\"]+)\"", text)
        assert loaded
        assert [
            address for address in loaded if re.match(r"(https?:)?//", address) and "localhost" not in address
        ] == []
    assert "http" not in page("/nianbao-static/nianbao.css").text


def test_the_page_of_a_report_shows_where_it_comes_from(page, filled) -> None:
    text = page(f"/nianbao/reports/{AIMIN}").text
    fetched_at, fetch_id = filled.rows("SELECT fetched_at, fetch_id FROM reports WHERE id = ?", AIMIN)[0]
    assert '<a href="http://amq.example/2020"' in text
    assert f'<a href="/nianbao/fetches/{fetch_id}">{fetched_at}</a>' in text
    assert "牡丹江市爱民区人民政府 · 2020" in text
    assert "row 四 &lt;prints&gt; 2 values" in text
    assert "A1: natural_person 3 ≠ 0" in text
    assert "受理依申请公开1件。" in text


def cells_of(text: str, table: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(row, column) → (classes, text) of one table of a report's page; labels are codes in this world."""
    part = text.split(table, 1)[1].split("</table>", 1)[0]
    columns = re.findall(r'<th scope="col"><span lang="zh">(.*?)</span>', part)
    found = {}
    for row in part.split("<tbody>")[1].split("</tr>")[:-1]:
        label = re.findall(r'<th scope="row"><span lang="zh">(.*?)</span>', row)[0]
        cells = re.findall(r'<td class="(.*?)"(?: title="[^"]*")?>(.*?)</td>', row)
        for column, (classes, content) in zip(columns, cells, strict=True):
            found[label, column] = (classes, html.unescape(content))
    return found


def test_the_tables_of_the_page_are_the_figures(page, filled) -> None:
    for report_id in (AIMIN, DONGFENG):
        text = page(f"/nianbao/reports/{report_id}").text
        shown = {}
        for code, title in {
            "proactive": "二、主动公开",
            "applications": "三、收到和处理",
            "review_litigation": "四、政府",
        }.items():
            shown |= {(code, *key): cell for key, cell in cells_of(text, title).items()}
        stored = {
            tuple(row[:3]): row[3:]
            for row in filled.rows(
                "SELECT table_code, row_code, column_code, printed, status FROM figures WHERE report_id = ?",
                report_id,
            )
        }
        assert {key for key, (classes, _) in shown.items() if "nb-none" not in classes} == set(stored)
        for key, (printed, status) in stored.items():
            classes, content = shown[key]
            assert f"nb-{status}" in classes.split()
            assert content == (printed if status == "number" else "合")


def test_suspects_and_doubted_cells_are_marked(page) -> None:
    cells = cells_of(page(f"/nianbao/reports/{AIMIN}").text, "三、收到和处理")
    assert {key for key, (classes, _) in cells.items() if "nb-suspect" in classes} == {
        ("processed_total", "natural_person"),
        ("processed_total", "total"),
    }
    assert {key for key, (classes, _) in cells.items() if "nb-doubted" in classes} == {
        ("carried_out", "natural_person"),
        ("carried_out", "total"),
    }
    rows = list(dict.fromkeys(row for row, _ in cells))
    assert rows.index("other_total") == rows.index("processed_total") - 1


def layout_rows(world) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    cells = world.db.query("SELECT * FROM form_cells ORDER BY position")
    return list(cells), list(
        world.db.query("SELECT * FROM derived_totals WHERE axis = 'row' ORDER BY position")
    )


def test_a_blank_a_missing_and_a_nought_look_different(filled) -> None:
    figures = list(filled.db.query("SELECT * FROM figures WHERE report_id = ?", [DONGFENG]))
    blank = next(row for row in figures if (row["row_code"], row["column_code"]) == ("carried_in", "total"))
    blank.update(printed="", value=None, status="blank")
    lost = next(
        row for row in figures if (row["row_code"], row["column_code"]) == ("carried_in", "org_other")
    )
    figures.remove(lost)
    table = grids(figures, *layout_rows(filled), {"applications": "f2021", "proactive": "f2021"})[1]
    row = next(row for row in table["rows"] if row["label"] == "carried_in")
    assert [(cell["text"], cell["status"]) for cell in row["cells"]] == [
        *[("0", "number")] * 5,
        ("缺", "missing"),
        ("空", "blank"),
    ]


def test_a_row_of_no_form_is_shown_last(filled) -> None:
    figures = list(filled.db.query("SELECT * FROM figures WHERE report_id = ?", [DONGFENG]))
    figures.append({**figures[0], "table_code": "proactive", "row_code": "local_1", "column_code": "issued"})
    table = grids(figures, *layout_rows(filled), {"applications": "f2021", "proactive": "f2021"})[0]
    assert table["rows"][-1]["label"] == "local_1"
    assert table["rows"][-1]["label_en"] == "not a row of the form"


def test_a_report_without_tables_says_so(page, filled) -> None:
    bare = replace(filled.dongfeng(), figures=(), checks=(), forms={}, year=2010)
    filled.store(filled.reading(bare, url="http://dfq.example/2010", body=b"2010"))
    assert "No statutory table was found" in page("/nianbao/reports/230805-dfq-2010").text


def test_versions_and_copies_are_shown(page, filled) -> None:
    changed = filled.with_printed(filled.dongfeng(), Cell("applications", "received_new", "total"), "5")
    filled.begin_crawl()
    filled.store(filled.reading(changed, body=b"second"))
    filled.store(filled.reading(filled.dongfeng(), url="http://jms.example/c", body=b"c", portal="jiamusi"))
    text = page(f"/nianbao/reports/{DONGFENG}").text
    assert "applications / received_new / total: 4 → 5" in text
    assert "copies_differ" in text
    assert "http://jms.example/c" in text


def test_an_unknown_report_is_not_found(page) -> None:
    assert page("/nianbao/reports/nobody-2020").status_code == 404


def test_what_is_not_our_database_is_refused(tmp_path) -> None:
    with pytest.raises(StorageError, match="there is no such database"):
        site(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(StorageError, match="is not a SQLite database"):
        site(tmp_path / "text.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(StorageError, match="not one that this program made"):
        site(tmp_path / "empty.db")
