"""Exports: files that other programs read, with a descriptor that says what is in them."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage import findings
from storage.export import DESCRIPTOR, INTERNAL, ExportError, export
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
    assert {file.name for file in written} == objects - INTERNAL
    assert {"reports", "figures", "applications", "missing_reports", "form_cells"} <= objects - INTERNAL
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
