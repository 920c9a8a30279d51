"""The site: every table described, the report's page true to the report, nothing loaded from elsewhere."""

from __future__ import annotations

import asyncio
import html
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from pipelines.records import Cell, Problem
from storage import findings
from storage.database import StorageError
from storage.site import DATABASE
from storage.site.server import SITE, descriptions, metadata, site
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

    fetched.path = filled.path  # type: ignore[attr-defined]
    yield fetched
    served.executor.shutdown()
    for database in served.databases.values():
        for connection in database._all_file_connections:
            connection.close()


def test_every_table_view_and_column_is_described(filled) -> None:
    words = metadata(filled.path)["databases"][DATABASE]["tables"]
    objects = [
        row[0]
        for row in filled.rows(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
            " AND name NOT GLOB 'search_index*'"
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
        # In Chinese too, and in the same order.
        assert re.search(r"[\u4e00-\u9fff]", words[name]["description_zh"]), name
        chinese = words[name]["columns_zh"]
        assert [column for column in words[name]["columns"] if column not in chinese] == [], name
        assert list(chinese) == list(words[name]["columns"]), name
        assert all(re.search(r"[\u4e00-\u9fff]|1、2……", said) for said in chinese.values()), name


def test_no_column_is_told_in_chinese_that_is_not_there() -> None:
    words = descriptions()
    english = {text for table in words["tables"].values() for text in table.get("columns", {}).values()}
    known = tomllib.loads((SITE / "columns_zh.toml").read_text("utf-8"))
    assert sorted(set(known) - english - set(words["wide"].values())) == []


def test_the_meaning_of_columns_is_in_the_language_of_the_reader(page) -> None:
    for table, column in (("figures", "verified"), ("applications", "received_new__total")):
        zh, en = (page(f"/nianbao/{table}?_lang={lang}").text for lang in ("zh", "en"))
        said = metadata_of(page, table)
        assert said["columns"][column] in html.unescape(en)
        assert said["columns_zh"][column] in zh
        assert said["columns"][column] not in html.unescape(zh)


def metadata_of(page: Any, table: str) -> dict[str, Any]:
    """The words of a table as the site of the fixture was opened with."""
    found: dict[str, Any] = metadata(page.path)["databases"][DATABASE]["tables"][table]
    return found


def test_facets_sort_orders_and_labels_name_columns_that_are_there(filled) -> None:
    for name, words in metadata(filled.path)["databases"][DATABASE]["tables"].items():
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
    words = metadata(filled.path)["databases"][DATABASE]["tables"]["applications"]["columns"]
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


def test_requests_by_year_keeps_scopes_apart(filled, page) -> None:
    again = replace(filled.dongfeng(), scope="own_organ")
    other = replace(again, agency=replace(again.agency, id="230805-other", name="佳木斯市样例区人民政府"))
    filled.store(filled.reading(other, url="http://dfq.example/other", body=b"o"))
    findings.refresh(filled.db)
    rows = page("/nianbao/requests_by_year.json?_shape=array").json()
    assert [(row["year"], row["scope"], row["reports"], row["new_requests"]) for row in rows] == [
        (2021, "own_organ", 1, 4),
        (2021, "whole_area", 1, 4),
        (2020, "unknown", 1, 3),
    ]
    assert {(row["with_a_number"], row["without_a_number"]) for row in rows} == {(1, 0)}


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
