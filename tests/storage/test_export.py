"""Exports: files that other programs read, with a descriptor that says what is in them."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database
from warcio.archiveiterator import ArchiveIterator

from crawler.commands.export import _Progress
from storage import database as database_module
from storage import findings
from storage.database import StorageError, hold, open_to_read
from storage.export import DESCRIPTOR, INTERNAL, TIDY, WIDE, ExportError, _columns, _rows, export
from storage.schema import MIGRATIONS
from storage.site.server import table_words
from storage.views.wide import WIDE_TABLES
from storage.warc import export_warc

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def filled(world) -> Any:
    world.store(world.reading(world.dongfeng()))
    world.store(world.reading(world.aimin(), url="http://amq.example/2020", body=b"amq", portal="harbin"))
    findings.refresh(world.db)
    return world


def descriptor(folder: Path) -> dict[str, Any]:
    return json.loads((folder / DESCRIPTOR).read_text(encoding="utf-8"))


def rows(world: Any, name: str, columns: list[str]) -> list[tuple[Any, ...]]:
    return sorted(
        world.rows(f"SELECT {', '.join(f'[{column}]' for column in columns)} FROM {name}"), key=repr
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_public_table_is_written_whole(filled, tmp_path, kind) -> None:
    written = export(filled.path, tmp_path / "out", kind, version="1")
    objects = {
        row[0]
        for row in filled.rows(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
        )
    }
    # The index of the site's search is virtual, and keeps tables of its own beside it.
    public = {name for name in objects - INTERNAL if not name.startswith("search_index")}
    assert {file.name for file in written} == public
    assert {"reports", "figures", "applications", "missing_reports", "form_cells"} <= public
    assert {"crawl_reports", "sightings", "publications", "listed_bodies", "reports_not_owed"} <= public
    for file in written:
        assert file.rows == filled.one(f"SELECT count(*) FROM [{file.name}]"), file.name
    assert not list((tmp_path / "out").glob("*.part"))


def test_csv_reads_back_as_it_was(filled, tmp_path) -> None:
    export(filled.path, tmp_path, "csv", version="1", force=True)
    for name in ("figures", "applications", "reports", "sections"):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            head, *body = csv.reader(file)
        wanted = [
            tuple("" if value is None else str(value) for value in row) for row in rows(filled, name, head)
        ]
        assert sorted(map(tuple, body), key=repr) == sorted(wanted, key=repr)


def test_a_byte_order_mark_where_it_is_wanted(filled, tmp_path) -> None:
    export(filled.path, tmp_path / "a", "csv", version="1", bom=True)
    export(filled.path, tmp_path / "b", "csv", version="1")
    assert (tmp_path / "a" / "reports.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert (tmp_path / "b" / "reports.csv").read_bytes().startswith(b"id,")


def test_json_lines_keep_what_is_no_number(filled, tmp_path) -> None:
    export(filled.path, tmp_path, "jsonl", version="1", force=True)
    lines = (tmp_path / "figures.jsonl").read_text(encoding="utf-8").splitlines()
    figures = [json.loads(line) for line in lines]
    assert len(figures) == filled.one("SELECT count(*) FROM figures")
    merged = [figure for figure in figures if figure["status"] == "merged"]
    assert len(merged) == 7
    assert {figure["value"] for figure in merged} == {None}
    assert any(figure["value"] == 17.586 for figure in figures)
    assert any(figure["value"] == 1382 and isinstance(figure["value"], int) for figure in figures)


def test_parquet_reads_back_as_it_was(filled, tmp_path) -> None:
    import pyarrow.parquet as pq

    export(filled.path, tmp_path, "parquet", version="1", force=True)
    for name in ("figures", "applications", "reports"):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        found = [tuple(row[column] for column in table.column_names) for row in table.to_pylist()]
        assert sorted(found, key=repr) == sorted(
            [
                tuple(
                    float(value) if isinstance(there, float) else value
                    for value, there in zip(row, one, strict=True)
                )
                for row, one in zip(
                    rows(filled, name, table.column_names), sorted(found, key=repr), strict=True
                )
            ],
            key=repr,
        )
    kinds = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "figures.parquet")}
    assert (kinds["value"], kinds["printed"], kinds["verified"]) == ("double", "string", "int64")


def test_the_descriptor_describes_the_files(filled, tmp_path) -> None:
    export(filled.path, tmp_path, "csv", version="1.2", force=True)
    package = descriptor(tmp_path)
    assert package["version"] == "1.2"
    assert package["licenses"][0]["name"] == "other-pd"
    assert "著作权法" in package["description"]
    assert {source["path"] for source in package["sources"]} == {"http://dfq.example/", "http://hrb.example/"}
    names = set()
    for resource in package["resources"]:
        path = tmp_path / resource["path"]
        assert resource["bytes"] == path.stat().st_size
        assert resource["hash"] == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        with path.open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [field["name"] for field in resource["schema"]["fields"]]
        assert resource["title"]
        assert resource["description"]
        assert all(field["description"] for field in resource["schema"]["fields"]), resource["name"]
        names.add(resource["name"])
    by_name = {resource["name"]: resource for resource in package["resources"]}
    figures = by_name["figures"]["schema"]
    assert figures["primaryKey"] == ["report_id", "table_code", "row_code", "column_code"]
    assert figures["foreignKeys"] == [
        {"fields": "report_id", "reference": {"resource": "reports", "fields": "id"}}
    ]
    types = {field["name"]: field["type"] for field in by_name["reports"]["schema"]["fields"]}
    assert (types["year"], types["published_on"], types["fetched_at"]) == ("integer", "date", "datetime")
    wide = {field["name"]: field["type"] for field in by_name["applications"]["schema"]["fields"]}
    assert wide["received_new__total"] == "integer"


def test_the_same_database_gives_the_same_files(filled, tmp_path) -> None:
    for name in ("a", "b"):
        export(filled.path, tmp_path / name, "csv", version="1")
        export_warc(filled.path, filled.archive.path, tmp_path / f"{name}w", version="1", force=False)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    for path in (tmp_path / "aw").iterdir():
        assert path.read_bytes() == (tmp_path / "bw" / path.name).read_bytes()


def test_nothing_is_overwritten_unasked(filled, tmp_path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"mine\.txt already"):
        export(filled.path, folder, "csv", version="1")
    with pytest.raises(ExportError, match="--force"):
        export_warc(filled.path, filled.archive.path, folder, version="1", force=False)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    export(filled.path, folder, "csv", version="1", force=True)
    assert (folder / "mine.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_is_refused(filled, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be made"):
        export(filled.path, tmp_path / "file", "csv", version="1")


def test_parquet_without_its_library_says_so(filled, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("storage.export.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ExportError, match=r"pip install 'nianbao\[parquet\]'"):
        export(filled.path, tmp_path / "out", "parquet", version="1")
    assert not (tmp_path / "out").exists()


def test_warc_holds_every_answer(filled, tmp_path) -> None:
    again = filled.document("http://dfq.example/2021.html", b"<p>2021</p>")
    filled.ledger.record(
        crawl_id=filled.crawl_id,
        url="http://dfq.example/2021.html",
        portal_id="dongfeng",
        role="article",
        status=304,
        unchanged=again.fetch.sha256,
    )
    filled.ledger.record(
        crawl_id=filled.crawl_id,
        url="http://dfq.example/search",
        portal_id="dongfeng",
        role="list",
        status=200,
        body=b"{}",
        method="POST",
        request_body="page=2",
    )
    filled.failure("http://dfq.example/gone", status=404)
    (file,) = export_warc(filled.path, filled.archive.path, tmp_path / "w", version="1", force=False)
    assert file.rows == 5
    found = []
    with file.path.open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests="raise"):
            kind = record.rec_type
            status = record.http_headers.get_statuscode() if kind in ("response", "revisit") else None
            found.append(
                (
                    kind,
                    record.rec_headers.get_header("WARC-Target-URI"),
                    status,
                    record.content_stream().read(),
                )
            )
    assert found[0][0] == "warcinfo"
    answers = [record for record in found if record[0] in ("response", "revisit")]
    assert answers == [
        ("response", "http://dfq.example/2021.html", "200", b"<p>2021</p>"),
        ("response", "http://amq.example/2020", "200", b"amq"),
        ("revisit", "http://dfq.example/2021.html", "200", b""),
        ("revisit", "http://dfq.example/2021.html", "304", b""),
        ("response", "http://dfq.example/search", "200", b"{}"),
    ]
    (request,) = [record for record in found if record[0] == "request"]
    assert request[3] == b"page=2"
    via = next(record[3].decode() for record in found if record[0] == "metadata")
    assert "via: http://list.example/" in via
    assert "link-text: 年度报告" in via


def test_warc_goes_on_in_a_further_file(filled, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("storage.warc.FILE_BYTES", 1)
    files = export_warc(filled.path, filled.archive.path, tmp_path / "w", version="1", force=False)
    assert [file.name for file in files] == ["archive-00001.warc.gz", "archive-00002.warc.gz"]
    for file in files:
        with file.path.open("rb") as stream:
            assert next(iter(ArchiveIterator(stream))).rec_type == "warcinfo"


def scrapy(world: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "scrapy",
            "export",
            *arguments,
            "-s",
            f"DATABASE={world.path}",
            "-s",
            f"ARCHIVE={world.archive.path}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command(filled, tmp_path) -> None:
    done = scrapy(filled, "--format", "csv", str(tmp_path / "csv"))
    assert done.returncode == 0, done.stderr
    assert "reports.csv: 2 rows" in done.stderr
    assert descriptor(tmp_path / "csv")["name"] == "nianbao"
    done = scrapy(filled, "--format", "warc", str(tmp_path / "warc"))
    assert done.returncode == 0, done.stderr
    assert "archive-00001.warc.gz: 2 answers" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs one folder"),
        (["a", "b", "--format", "csv"], "needs one folder"),
        (["out"], "must be one of csv, parquet, jsonl, warc"),
        (["out", "--format", "xlsx"], "must be one of"),
        (["out", "--format", "jsonl", "--bom"], "--bom goes with"),
        ([".", "--format", "csv"], "already"),
    ],
)
def test_wrong_usage_is_one_line(filled, arguments, message) -> None:
    refused = scrapy(filled, *arguments)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert message in refused.stderr


# What a table is


@pytest.mark.parametrize(("shape", "absent"), [("tidy", WIDE), ("wide", TIDY), ("both", frozenset())])
def test_figures_by_cell_or_by_report(filled, tmp_path, shape, absent) -> None:
    everything = {file.name for file in export(filled.path, tmp_path / "all", "csv", version="1")}
    assert everything >= TIDY | WIDE
    names = {file.name for file in export(filled.path, tmp_path / "out", "csv", version="1", shape=shape)}
    assert names == everything - absent
    assert descriptor(tmp_path / "out")["nianbao"]["shape"] == shape


def test_only_the_tables_that_are_asked_for(filled, tmp_path) -> None:
    wanted = ["reports", "figures", "applications"]
    written = export(filled.path, tmp_path / "out", "jsonl", version="1", only=wanted)
    assert {file.name for file in written} == set(wanted)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        DESCRIPTOR, "reports.jsonl", "figures.jsonl", "applications.jsonl",
    }  # fmt: skip
    (figures,) = [one for one in descriptor(tmp_path / "out")["resources"] if one["name"] == "figures"]
    assert figures["schema"]["foreignKeys"][0]["reference"]["resource"] == "reports"
    # A table that is not there cannot be referred to.
    export(filled.path, tmp_path / "one", "jsonl", version="1", only=["figures"])
    assert "foreignKeys" not in descriptor(tmp_path / "one")["resources"][0]["schema"]


@pytest.mark.parametrize(
    ("only", "shape", "told"),
    [
        (["report"], "both", "no such table or view; near: reports"),
        (["nonsense"], "both", "no such table or view"),
        (["reports", "copies"], "both", "copies: holds the program's own state"),
        (["applications"], "tidy", "applications: --shape tidy leaves it out"),
        (["figures"], "wide", "figures: --shape wide leaves it out"),
        (['figures"; DROP TABLE reports; --'], "both", "no such table or view"),
    ],
)
def test_a_table_that_cannot_be_had_is_refused(filled, tmp_path, only, shape, told) -> None:
    with pytest.raises(ExportError, match=re.escape(told)):
        export(filled.path, tmp_path / "out", "csv", version="1", only=only, shape=shape)
    assert not (tmp_path / "out").exists()


def test_what_somebody_else_put_into_the_file_is_left_out_and_named(filled, tmp_path) -> None:
    filled.db.execute("CREATE TABLE my_notes (note BLOB)")
    filled.db.execute("INSERT INTO my_notes VALUES (x'ff00')")
    filled.db.execute("CREATE VIRTUAL TABLE my_index USING fts5 (text)")
    filled.db.execute("INSERT INTO my_index VALUES ('a')")
    filled.db.conn.commit()
    told: list[str] = []
    names = {
        file.name for file in export(filled.path, tmp_path / "out", "jsonl", version="1", tell=told.append)
    }
    assert not {name for name in names if name.startswith("my_")}
    assert told == ["not exported, as they are not nianbao's: my_notes"]


# Values


NASTY = {
    "formula": "=1+1",
    "call": '=HYPERLINK("http://x.invalid","click")',
    "at": "@SUM(A1)",
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "tab": "\t=1",
    "return": "\r=1",
    "lines": "one\ntwo\r\nthree\rfour",
    "quotes": 'he said "no", twice',
    "empty": "",
    "blank": " ",
    "null_sign": "a\x00b",
    "apostrophe": "'=1",
    "signed": "-8",
    "plus_signed": "+123",
    "dash": "-",
    "decimal": "-1.5",
}


def put_sections(world: Any, texts: dict[str, str]) -> str:
    """Chapters with these headings and texts; the id of their report."""
    report = world.one("SELECT id FROM reports ORDER BY id LIMIT 1")
    for number, (heading, text) in enumerate(texts.items(), 1000):
        world.db.execute("INSERT INTO sections VALUES (?, ?, 1, ?, ?)", (report, number, heading, text))
    world.db.conn.commit()
    return str(report)


def csv_rows(path: Path, **kind: str) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, **kind))


def test_texts_that_break_lines_cells_and_spreadsheets_come_back_as_they_are(filled, tmp_path) -> None:
    put_sections(filled, NASTY)
    for kind in ("csv", "jsonl", "parquet"):
        export(filled.path, tmp_path / kind, kind, version="1", only=["sections"])
    found = {row["heading"]: row["text"] for row in csv_rows(tmp_path / "csv" / "sections.csv")}
    assert {key: found[key] for key in NASTY} == NASTY
    lines = (tmp_path / "jsonl" / "sections.jsonl").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    told = {row["heading"]: row["text"] for row in map(json.loads, lines)}
    assert {key: told[key] for key in NASTY} == NASTY
    import pyarrow.parquet as pq

    rows_ = pq.read_table(tmp_path / "parquet" / "sections.parquet").to_pylist()
    kept = {row["heading"]: row["text"] for row in rows_}
    assert {key: kept[key] for key in NASTY} == NASTY


def test_no_text_is_a_formula_in_what_is_made_for_spreadsheets(filled, tmp_path) -> None:
    put_sections(filled, NASTY)
    export(filled.path, tmp_path / "out", "csv", version="1", bom=True)
    found = {row["heading"]: row["text"] for row in csv_rows(tmp_path / "out" / "sections.csv")}
    guarded = {"formula", "call", "at", "plus", "minus", "tab", "return"}
    assert {key: found[key] for key in NASTY} == {
        key: f"'{text}" if key in guarded else text for key, text in NASTY.items()
    }
    harmless = re.compile(r"(?:[+-]?[0-9.]*|-)$")
    for path in (tmp_path / "out").glob("*.csv"):
        for row in csv_rows(path):
            for value in row.values():
                assert not value.startswith(("=", "+", "-", "@", "\t", "\r")) or harmless.match(value), path
    assert descriptor(tmp_path / "out")["nianbao"]["formulas_guarded"] is True


def test_nothing_and_an_empty_text_are_two_things(filled, tmp_path) -> None:
    report = put_sections(filled, {"空": ""})
    filled.db.execute("UPDATE report_sources SET gone_at = NULL")
    filled.db.conn.commit()
    only = ["sections", "report_sources", "reports"]
    for kind in ("csv", "jsonl", "parquet"):
        export(filled.path, tmp_path / kind, kind, version="1", only=only)
    line = next(
        line
        for line in (tmp_path / "csv" / "sections.csv").read_text(encoding="utf-8").splitlines()
        if line.endswith('空,""')
    )
    assert line == f'{report},1000,1,空,""'
    header, *sources = (tmp_path / "csv" / "report_sources.csv").read_text(encoding="utf-8").splitlines()
    assert header.split(",")[3] == "member"
    assert header.endswith(",gone_at")
    assert all(line.split(",")[3] == '""' and line.endswith(",") for line in sources)
    first = json.loads(
        (tmp_path / "jsonl" / "report_sources.jsonl").read_text(encoding="utf-8").splitlines()[0]
    )
    assert (first["member"], first["gone_at"]) == ("", None)
    import pyarrow.parquet as pq

    row = pq.read_table(tmp_path / "parquet" / "report_sources.parquet").to_pylist()[0]
    assert (row["member"], row["gone_at"]) == ("", None)


def test_a_text_of_many_megabytes(filled, tmp_path) -> None:
    text = "政府信息公开，\n" * 700_000
    put_sections(filled, {"long": text, "longer": text + "x"})
    for kind in ("csv", "jsonl", "parquet"):
        export(filled.path, tmp_path / kind, kind, version="1", only=["sections"])
    found = {row["heading"]: len(row["text"]) for row in csv_rows(tmp_path / "csv" / "sections.csv")}
    assert (found["long"], found["longer"]) == (len(text), len(text) + 1)
    import pyarrow.parquet as pq

    file = pq.ParquetFile(tmp_path / "parquet" / "sections.parquet")
    assert file.metadata.num_rows == filled.one("SELECT count(*) FROM sections")


def test_a_day_that_no_calendar_has_is_no_date(filled, tmp_path) -> None:
    filled.db.execute("UPDATE reports SET page_date = '2021-02-31' WHERE year = 2020")
    filled.db.execute("UPDATE reports SET printed_on = '2021-02-28'")
    filled.db.execute("UPDATE reports SET vanished_at = 'soon' WHERE year = 2020")
    filled.db.conn.commit()
    export(filled.path, tmp_path / "out", "csv", version="1", only=["reports"])
    fields = descriptor(tmp_path / "out")["resources"][0]["schema"]["fields"]
    types = {field["name"]: field["type"] for field in fields}
    assert (types["page_date"], types["vanished_at"]) == ("string", "string")
    assert (types["printed_on"], types["fetched_at"]) == ("date", "datetime")


# The package, as its specification has it


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with a package of CSV files: header, types, keys, bytes, hashes."""
    resources = descriptor(folder)["resources"]
    tables = {one["name"]: csv_rows(folder / one["path"]) for one in resources}
    for one in resources:
        data, table = (folder / one["path"]).read_bytes(), tables[one["name"]]
        if (one["bytes"], one["hash"]) != (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}"):
            yield f"{one['name']}: bytes or hash"
        fields = one["schema"]["fields"]
        if table and list(table[0]) != [field["name"] for field in fields]:
            yield f"{one['name']}: header"
        for field in fields:
            wrong = {row[field["name"]] for row in table if not fits(row[field["name"]], field["type"])} - {
                ""
            }
            if wrong:
                yield f"{one['name']}: {field['name']}: {min(wrong)!r} is no {field['type']}"
        key = one["schema"].get("primaryKey", [])
        keys = [tuple(row[name] for name in key) for row in table]
        if key and (len(set(keys)) != len(keys) or not all(map(any, keys))):
            yield f"{one['name']}: primary key"
        yield from strays(one, tables)


def strays(one: dict[str, Any], tables: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    """Foreign keys that lead nowhere."""
    for foreign in one["schema"].get("foreignKeys", []):
        reference = foreign["reference"]
        here, there = (
            [names] if isinstance(names, str) else names for names in (foreign["fields"], reference["fields"])
        )
        table = tables[reference["resource"] or one["name"]]
        known = {tuple(row[name] for name in there) for row in table}
        for row in tables[one["name"]]:
            value = tuple(row[name] for name in here)
            if any(value) and value not in known:
                yield f"{one['name']}: {here} {value} is not in {reference['resource']}"


def fits(text: str, kind: str) -> bool:
    try:
        if kind == "date":
            date.fromisoformat(text)
        elif kind == "datetime":
            datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
        elif kind in ("integer", "number"):
            int(text) if kind == "integer" else float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("bom", [False, True])
def test_the_package_holds_what_it_says(filled, tmp_path, bom) -> None:
    put_sections(filled, NASTY)
    export(filled.path, tmp_path / "out", "csv", version="1", bom=bom)
    assert list(faults(tmp_path / "out")) == []
    table = tmp_path / "out" / "agencies.csv"
    table.write_bytes(table.read_bytes() + b"x,y\n")
    assert list(faults(tmp_path / "out")) != []


def test_words_are_in_both_languages(filled, tmp_path) -> None:
    export(filled.path, tmp_path / "out", "csv", version="1")
    package = descriptor(tmp_path / "out")
    chinese = re.compile("[\u4e00-\u9fff]{2}")
    assert chinese.search(package["title"])
    assert chinese.search(package["description"])
    untold = [
        one["name"] for one in package["resources"] if not chinese.search(one["title"] + one["description"])
    ]
    assert untold == []
    wide = next(one for one in package["resources"] if one["name"] == "review_litigation")
    assert wide["schema"]["primaryKey"] == ["report_id"]


# Folders that hold something, and exports that end early


def test_a_smaller_export_over_a_larger_one_leaves_nothing_of_that(filled, tmp_path) -> None:
    folder = tmp_path / "out"
    export(filled.path, folder, "csv", version="1")
    (folder / "mine.csv").write_text("mine")
    (folder / "checks.csv").write_text("changed by hand")
    told: list[str] = []
    export(filled.path, folder, "jsonl", version="1", only=["reports"], force=True, tell=told.append)
    assert {path.name for path in folder.iterdir()} == {DESCRIPTOR, "reports.jsonl", "mine.csv", "checks.csv"}
    assert len(told) == 1
    assert "checks.csv: left from an earlier export, changed since" in told[0]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"name": "other"}', '{"name": "nianbao", "resources": [{}]}', "\x00"]
)
def test_a_descriptor_of_somebody_else_names_nothing_to_take_away(filled, tmp_path, text) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / DESCRIPTOR).write_text(text)
    (folder / "reports.csv").write_text("theirs")
    export(filled.path, folder, "jsonl", version="1", only=["reports"], force=True)
    assert (folder / "reports.csv").read_text() == "theirs"


def test_a_path_out_of_the_folder_is_not_followed(filled, tmp_path) -> None:
    folder, outside = tmp_path / "out", tmp_path / "precious.csv"
    folder.mkdir()
    outside.write_text("precious")
    digest = hashlib.sha256(b"precious").hexdigest()
    given = {"name": "nianbao", "resources": [{"path": "../precious.csv", "hash": f"sha256:{digest}"}]}
    (folder / DESCRIPTOR).write_text(json.dumps(given))
    export(filled.path, folder, "jsonl", version="1", only=["reports"], force=True)
    assert outside.read_text() == "precious"


def test_an_export_that_is_interrupted_leaves_no_descriptor_and_no_half_file(filled, tmp_path) -> None:
    folder = tmp_path / "out"
    export(filled.path, folder, "csv", version="1", only=["reports"])
    put_sections(filled, {str(number): "长" * 1000 for number in range(3000)})

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # Nine megabytes do not fit into a pipe: whoever has read some of them interrupts on the way, always.
    begun = folder / "sections.csv.part"
    os.mkfifo(begun)

    def interrupt_on_the_way() -> None:
        with begun.open("rb") as file:
            file.read(1)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
            while file.read(100_000):
                pass

    before = signal.signal(signal.SIGALRM, interrupt)
    reading = threading.Thread(target=interrupt_on_the_way, daemon=True)
    try:
        reading.start()
        with pytest.raises(KeyboardInterrupt):
            export(filled.path, folder, "csv", version="1", force=True)
        reading.join(timeout=60)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not (folder / DESCRIPTOR).exists()
    assert not list(folder.glob("*.part"))
    export(filled.path, folder, "csv", version="1", force=True)
    assert list(faults(folder)) == []


def _small_files() -> None:
    """No file of this process grows past four megabytes: what a full disk does, without filling one."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))


def test_a_disk_that_is_full_is_one_line(filled, tmp_path) -> None:
    put_sections(filled, {"long": "长" * 2_000_000})
    command = [sys.executable, "-m", "scrapy", "export", "--format", "csv", str(tmp_path / "out"), "-s",
               f"DATABASE={filled.path}"]  # fmt: skip
    filled.close()
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=_small_files,
    )
    assert done.returncode == 2
    assert "sections.csv: cannot be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*.part"))
    assert not (tmp_path / "out" / DESCRIPTOR).exists()


# Databases


@contextlib.contextmanager
def reader(folder: Path) -> Iterator[None]:
    """Nobody may write into the folder, nor the user of the test: run in a process of its own."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def without_rights(work: Any) -> int:
    """The exit code of `work` in a process that may not write where others may not: 0 where it went well."""
    child = os.fork()
    if not child:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            work()
            code = 0
        except BaseException as error:  # noqa: BLE001 told by the exit code
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_database_that_cannot_be_written(filled, tmp_path, capfd) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    out = tmp_path / "out"
    filled.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (folder / "nianbao.db").write_bytes(filled.path.read_bytes())
    out.mkdir()
    out.chmod(0o777)
    # The folders of a test are its user's alone.
    above = [tmp_path, *tmp_path.parents][:4]
    modes = [(path, path.stat().st_mode) for path in above if path.owner() == tmp_path.owner()]
    for path, mode in modes:
        path.chmod(mode | 0o755)

    def work() -> None:
        assert not database_module.is_writable(folder / "nianbao.db")
        export(folder / "nianbao.db", out, "csv", version="1", only=["reports", "applications"])

    with reader(folder):
        assert without_rights(work) == 0, capfd.readouterr().err
        assert [path.name for path in folder.iterdir()] == ["nianbao.db"]
    assert {path.name for path in out.iterdir()} == {DESCRIPTOR, "reports.csv", "applications.csv"}


def test_a_database_of_an_older_version_is_exported_as_it_stands(filled, tmp_path) -> None:
    path = tmp_path / "older.db"
    old = Database(sqlite3.connect(path))
    MIGRATIONS.apply(old, stop_before="0005_across_reports")
    old.conn.execute(
        "INSERT INTO portals VALUES ('p', '样例', '230800', 'http://p.example/', NULL, 'ok', '[]', '[]',"
        " NULL, NULL, NULL, 0, 0, NULL)"
    )
    old.conn.commit()
    old.conn.close()
    names = {file.name for file in export(path, tmp_path / "out", "csv", version="1")}
    assert {"reports", "portals", "figures", "overrides"} <= names
    assert not names & {"coverage", "listed_bodies", "applications"}
    # The command brings it up to date first.
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "export", "--format", "csv", str(tmp_path / "new"), "-s",
         f"DATABASE={path}"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / "listed_bodies.csv").exists()


def test_a_database_that_a_run_holds_is_exported_as_of_now(filled, tmp_path) -> None:
    with hold(filled.path):
        done = scrapy(filled, "--format", "csv", "--only", "reports", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "a run is at work on the database" in done.stderr
    assert (tmp_path / "out" / "reports.csv").exists()


def test_a_database_that_another_program_locks_is_one_line(filled, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.2)
    filled.db.conn.close()
    with contextlib.closing(sqlite3.connect(filled.path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="another program is writing to it") as error:
            export(filled.path, tmp_path / "out", "csv", version="1")
        assert "\n" not in str(error.value)


def test_an_export_sees_one_state_while_others_write(filled, tmp_path) -> None:
    conn = open_to_read(filled.path)
    conn.execute("BEGIN")
    held = conn.execute("SELECT count(*) FROM sections").fetchone()
    put_sections(filled, {"later": "x"})
    assert conn.execute("SELECT count(*) FROM sections").fetchone() == held
    conn.close()


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "100%25.db", "年报 数据.db"])
def test_a_database_of_any_name(filled, tmp_path, name) -> None:
    path = tmp_path / name
    filled.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(filled.path.read_bytes())
    assert export(path, tmp_path / "out", "csv", version="1", only=["reports"])[0].rows == 2


@pytest.mark.parametrize("content", [b"", b"no database at all, but a text of some length" * 10])
def test_a_file_that_is_no_database_of_ours_is_refused(tmp_path, content) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"not one that this program made|is not a SQLite database"):
        export(path, tmp_path / "out", "csv", version="1")
    assert not (tmp_path / "out").exists()


# WARC


def records(path: Path) -> list[tuple[str, dict[str, str], bytes]]:
    with path.open("rb") as stream:
        return [
            (record.rec_type, dict(record.rec_headers.headers), record.content_stream().read())
            for record in ArchiveIterator(stream, check_digests="raise")
        ]


def test_digests_of_warc_are_those_of_the_bytes(filled, tmp_path) -> None:
    (file,) = export_warc(filled.path, filled.archive.path, tmp_path / "w", version="1", force=False)
    seen = 0
    for kind, headers, body in records(file.path):
        if kind == "response":
            seen += 1
            assert headers["WARC-Payload-Digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
            assert headers["WARC-Target-URI"].startswith("http://")
        assert re.fullmatch(r"<urn:uuid:[0-9a-f-]{36}>", headers["WARC-Record-ID"])
    assert seen == 2
    ids = [headers["WARC-Record-ID"] for _, headers, _ in records(file.path)]
    assert len(ids) == len(set(ids))


def test_what_is_told_in_a_fragment_is_no_part_of_an_address(filled, tmp_path) -> None:
    filled.ledger.record(
        crawl_id=filled.crawl_id,
        url="http://dfq.example/list.do?a=1#page=2",
        portal_id="dongfeng",
        role="list",
        status=200,
        body=b"{}",
        method="POST",
        request_body="page=2",
    )
    (file,) = export_warc(filled.path, filled.archive.path, tmp_path / "w", version="1", force=False)
    asked = [(headers, body) for kind, headers, body in records(file.path) if kind == "request"]
    assert [(headers["WARC-Target-URI"], body) for headers, body in asked] == [
        ("http://dfq.example/list.do?a=1", b"page=2")
    ]
    raw = subprocess.run(["gzip", "-dc", file.path], capture_output=True, check=True).stdout
    assert b"POST /list.do?a=1 HTTP/1.1\r\nHost: dfq.example\r\n" in raw
    assert b"requested-uri: http://dfq.example/list.do?a=1#page=2" in raw


def test_an_answer_whose_bytes_are_lost_is_left_out_and_named(filled, tmp_path) -> None:
    lost = filled.one("SELECT sha256 FROM fetches WHERE url = 'http://amq.example/2020'")
    with contextlib.closing(sqlite3.connect(filled.archive.path)) as archive:
        archive.execute("DELETE FROM bodies WHERE sha256 = ?", (lost,))
        archive.commit()
    told: list[str] = []
    (file,) = export_warc(
        filled.path, filled.archive.path, tmp_path / "w", version="1", force=False, tell=told.append
    )
    assert file.rows == 1
    assert len(told) == 1
    assert "left out: http://amq.example/2020" in told[0]
    assert lost in told[0]
    done = scrapy(filled, "--format", "warc", str(tmp_path / "w2"))
    assert done.returncode == 1
    assert "fell short: 1 answers are left out" in done.stderr


def test_the_archive_of_another_database_is_refused(filled, tmp_path) -> None:
    other = tmp_path / "other.db"
    type(filled.archive)(other).close()
    with pytest.raises(ExportError, match=r"holds the bytes of no answer .* ARCHIVE=FILE"):
        export_warc(filled.path, other, tmp_path / "w", version="1", force=False)
    assert not list((tmp_path / "w").iterdir())


def test_a_shorter_archive_over_a_longer_one(filled, tmp_path, monkeypatch) -> None:
    with monkeypatch.context() as small:
        small.setattr("storage.warc.FILE_BYTES", 1)
        export_warc(filled.path, filled.archive.path, tmp_path / "w", version="1", force=False)
    assert len(list((tmp_path / "w").iterdir())) == 2
    export_warc(filled.path, filled.archive.path, tmp_path / "w", version="1", force=True)
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["archive-00001.warc.gz"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["out", "--format", "csv", "--shape", "long"], "--shape long: must be one of tidy, wide, both"),
        (["out", "--format", "csv", "--only", " , "], "--only: names no table"),
        (["out", "--format", "csv", "--only", "nonsense"], "there is no such table or view"),
        (["out", "--format", "warc", "--shape", "wide"], "--format warc writes the archive"),
        (["out", "--format", "warc", "--only", "reports"], "--format warc writes the archive"),
    ],
)
def test_wrong_choices_are_one_line(filled, tmp_path, arguments, message) -> None:
    refused = scrapy(filled, str(tmp_path / arguments[0]), *arguments[1:])
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert message in refused.stderr


# How long it takes


def steps(conn: sqlite3.Connection, work: Callable[[], object]) -> int:
    """Thousands of steps of SQLite's machine, whatever else the processor does."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1

    conn.set_progress_handler(count, 1_000)
    work()
    conn.set_progress_handler(None, 0)
    return done


def ignored(_table: str, _rows: int) -> None:
    """Nobody listens to how far it is."""


def test_a_cell_of_a_wide_view_is_looked_up_once_and_not_for_each_question_about_it(filled) -> None:
    for number in range(40):
        report = replace(filled.dongfeng(), year=1950 + number)
        filled.store(filled.reading(report, url=f"http://dfq.example/{number}", body=b"%d" % number))
    conn = open_to_read(filled.path)
    try:
        words, columns = table_words(conn), {}
        for name in WIDE_TABLES:
            columns[name] = _columns(conn, name, words[name])
            assert list(_rows(conn, name, columns[name], ignored)) == list(
                conn.execute(f"SELECT * FROM {name}")
            )
        whole = steps(conn, lambda: conn.execute("SELECT * FROM applications").fetchall())
        looked_at = steps(conn, lambda: _columns(conn, "applications", words["applications"]))
        written = steps(conn, lambda: list(_rows(conn, "applications", columns["applications"], ignored)))
    finally:
        conn.close()
    assert whole > 100
    assert looked_at < 2 * whole
    assert written < whole


def test_long_work_says_how_far_it_is(filled, tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setattr("storage.export.PROGRESS_ROWS", 100)
    told: list[tuple[str, int]] = []
    written = export(
        filled.path, tmp_path, "csv", version="1", progress=lambda *what: told.append(what), force=True
    )
    assert [name for name, count in told if not count] == [file.name for file in written]
    figures = next(file.rows for file in written if file.name == "figures")
    assert [count for name, count in told if name == "figures"] == list(range(0, figures + 1, 100))
    monkeypatch.setattr("crawler.commands.export.PROGRESS_SECONDS", 0.0)
    say = _Progress()
    say("figures", 0)
    say("figures", 1)
    say("figures", 100)
    monkeypatch.setattr("crawler.commands.export.PROGRESS_SECONDS", 60.0)
    say("figures", 200)
    assert capfd.readouterr().err.splitlines() == [
        "figures: its values are looked at",
        "figures: 1 row written",
        "figures: 100 rows written",
    ]
