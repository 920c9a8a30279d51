"""Answers and reports that are written several at a time: the bodies first, and each whole or not at all."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace

import pytest

from crawler.items import Document, Publication
from pipelines.records import Cell, Section
from storage.database import (
    StorageError,
    at_end,
    gather,
    is_gathering,
    settle,
    transaction,
    undo_in,
)
from storage.reports import ids_gone, note_ids


def rows_on_disk(path, query: str) -> int:
    """What another connection sees: what was written."""
    with sqlite3.connect(path) as other:
        return other.execute(query).fetchone()[0]


def gathered(world, number: int) -> str:
    fetch = world.ledger.record(
        crawl_id=world.crawl_id,
        url=f"http://a.example/{number}",
        role="article",
        portal_id="jiamusi",
        status=200,
        body=f"page {number}".encode(),
        gather=True,
    )
    assert fetch.sha256 is not None
    return fetch.sha256


def test_what_is_gathered_is_read_at_once_and_written_when_it_is_settled(world) -> None:
    database, archive = world.db.conn.execute("PRAGMA database_list").fetchone()[2], world.archive.path
    digests = [gathered(world, number) for number in range(3)]
    assert [world.archive.get(digest) for digest in digests] == [b"page 0", b"page 1", b"page 2"]
    assert world.one("SELECT count(*) FROM fetches") == 3
    assert rows_on_disk(database, "SELECT count(*) FROM fetches") == 0
    assert rows_on_disk(archive, "SELECT count(*) FROM bodies") == 0
    world.ledger.settle()
    assert rows_on_disk(database, "SELECT count(*) FROM fetches") == 3
    assert rows_on_disk(archive, "SELECT count(*) FROM bodies") == 3
    world.ledger.settle()


def test_whoever_dies_between_the_two_files_leaves_bodies_and_no_row_without_its_body(world) -> None:
    database = world.db.conn.execute("PRAGMA database_list").fetchone()[2]
    gathered(world, 1)
    world.archive.settle()
    assert rows_on_disk(world.archive.path, "SELECT count(*) FROM bodies") == 1
    assert rows_on_disk(database, "SELECT count(*) FROM fetches") == 0
    world.ledger.settle()


def test_a_portal_that_nobody_entered_takes_nothing_along(world) -> None:
    gathered(world, 1)
    with pytest.raises(StorageError, match="nowhere"):
        world.ledger.record(
            crawl_id=world.crawl_id, url="http://a.example/", role="home", portal_id="nowhere", gather=True
        )
    world.ledger.settle()
    assert world.one("SELECT count(*) FROM fetches") == 1


def test_the_archive_is_closed_with_all_that_was_gathered(world) -> None:
    gathered(world, 1)
    world.ledger.settle()
    world.archive.put(b"last", gather=True)
    path = world.archive.path
    world.archive.close()
    assert rows_on_disk(path, "SELECT count(*) FROM bodies") == 2


def test_one_that_fails_is_undone_alone_and_the_others_are_written(world) -> None:
    database = world.db.conn.execute("PRAGMA database_list").fetchone()[2]
    first = world.reading(world.dongfeng())
    second = world.reading(world.aimin(), url="http://dfq.example/2020.html", body=b"<p>2020</p>")
    page = second.publication.page
    unknown = replace(page, fetch=replace(page.fetch, id=10**6, url="http://dfq.example/unknown.html"))
    broken = replace(second, publication=replace(second.publication, page=unknown))
    gather(world.db)
    assert [one.kind for one in world.store(first)] == ["new"]
    with pytest.raises(StorageError, match="FOREIGN KEY"):
        world.store(broken)
    assert is_gathering(world.db)
    assert rows_on_disk(database, "SELECT count(*) FROM reports") == 0
    assert [one.kind for one in world.store(second)] == ["new"]
    settle(world.db)
    assert rows_on_disk(database, "SELECT count(*) FROM reports") == 2
    assert rows_on_disk(database, "SELECT count(*) FROM publications") == 2
    assert not world.rows("PRAGMA foreign_key_check")


def store_and_fail(world, reading) -> None:
    world.store(reading)
    world.db.conn.execute("SELECT * FROM nowhere")


def test_numbers_of_one_that_was_undone_are_not_taken_for_others(world, new_world, tmp_path) -> None:
    """What is stored beside one that fails, in whatever place, is what is stored without it."""
    figures = world.dongfeng().figures
    cells = [Cell("statistics_local", f"row_{number}", "total") for number in range(len(figures))]
    strange = replace(
        world.dongfeng(),
        figures=tuple(
            replace(one, cell=cell, unit="箱", locator={"line": number})
            for number, (one, cell) in enumerate(zip(figures, cells, strict=True))
        ),
    )
    gather(world.db)
    with pytest.raises(StorageError, match="no such table"), transaction(world.db):
        store_and_fail(world, world.reading(strange))
    world.store(world.reading(world.dongfeng()))
    world.store(world.reading(world.aimin(), url="http://dfq.example/2020.html", body=b"<p>2020</p>"))
    settle(world.db)
    (tmp_path / "other").mkdir()
    other = new_world(tmp_path / "other")
    other.store(other.reading(other.dongfeng()))
    other.store(other.reading(other.aimin(), url="http://dfq.example/2020.html", body=b"<p>2020</p>"))
    for table in ("figures", "checks"):
        rows = other.rows(f"SELECT * FROM {table}")
        assert rows
        assert sorted(world.rows(f"SELECT * FROM {table}"), key=repr) == sorted(rows, key=repr)
    other.close()


def found(world, word: str) -> list[str]:
    """The reports that the search index has under a word of two characters."""
    return [
        report_id
        for (report_id,) in world.rows(
            "SELECT report_id FROM search_index JOIN search_reports ON number = search_index.rowid"
            " WHERE search_index MATCH ? ORDER BY report_id",
            f'"{word}"',
        )
    ]


def with_text(report, text: str):
    return replace(report, sections=(Section(number=1, heading="一", text=text),))


def test_the_index_has_what_was_gathered_and_not_what_was_undone(world) -> None:
    """Its lines are written together at the end: those of the report that stands, in its last wording."""
    url = "http://dfq.example/2020.html"
    undone = world.reading(with_text(world.aimin(), "败诉"), url=url, body=b"<p>2020</p>")
    gather(world.db)
    world.store(world.reading(with_text(world.dongfeng(), "诉讼")))
    with pytest.raises(StorageError, match="no such table"), transaction(world.db):
        store_and_fail(world, undone)
    world.store(world.reading(with_text(world.dongfeng(), "复议"), version="2"))
    settle(world.db)
    (report_id,) = world.rows("SELECT id FROM reports")[0]
    assert found(world, "复议") == [report_id]
    assert found(world, "诉讼") == []
    assert world.rows("SELECT rowid FROM search_index WHERE search_index MATCH '\"败诉\"'") == []
    world.store(undone)
    assert len(found(world, "败诉")) == 1


def test_nothing_is_written_where_what_belongs_to_it_cannot_be(world) -> None:
    database = world.db.conn.execute("PRAGMA database_list").fetchone()[2]
    gather(world.db)
    world.store(world.reading(world.dongfeng()))
    at_end(world.db, "INSERT INTO crawl_portals VALUES (?)", (1,))
    with pytest.raises(StorageError, match="crawl_portals"):
        settle(world.db)
    assert not is_gathering(world.db)
    settle(world.db)
    assert rows_on_disk(database, "SELECT count(*) FROM reports") == 0
    assert [one.kind for one in world.store(world.reading(world.dongfeng()))] == ["new"]
    assert rows_on_disk(database, "SELECT count(DISTINCT report_id) FROM figures") == 1


def test_what_was_noted_outlives_that_undoing_goes_elsewhere(world) -> None:
    """A re-reading notes which report each document gives, and stores with what it may undo in memory."""
    world.store(world.reading(world.dongfeng()))
    note_ids(world.db)
    undo_in(world.db, "MEMORY")
    assert world.one("PRAGMA temp_store") == 2
    gather(world.db)
    with pytest.raises(StorageError, match="no such table"), transaction(world.db):
        store_and_fail(world, world.reading(world.aimin(), url="http://a.example/", body=b"a"))
    world.store(world.reading(None))
    settle(world.db)
    undo_in(world.db, "DEFAULT")
    assert world.rows("SELECT id FROM reports") == []
    assert [gone[:2] for gone in ids_gone(world.db)] == [("230805-dfq-2021", None)]


def test_a_full_disk_leaves_whole_reports_alone(world) -> None:
    """Whether SQLite gives up one of what was gathered, or all of it."""
    database = world.db.conn.execute("PRAGMA database_list").fetchone()[2]
    gather(world.db)
    world.store(world.reading(world.dongfeng()))
    pages = world.one("PRAGMA page_count")
    world.db.conn.execute(f"PRAGMA max_page_count = {pages}")
    long = replace(world.aimin(), sections=(Section(number=1, heading="一", text="长" * 500_000),))
    with pytest.raises(StorageError, match="the disk is full"):
        world.store(world.reading(long, url="http://dfq.example/2020.html", body=b"<p>2020</p>"))
    kept = is_gathering(world.db)
    settle(world.db)
    assert rows_on_disk(database, "SELECT count(*) FROM reports") == kept
    assert rows_on_disk(database, "SELECT count(DISTINCT report_id) FROM figures") == kept
    assert rows_on_disk(database, "SELECT count(*) FROM publications") == kept


def test_what_was_read_of_bytes_that_the_disk_took_away_goes_with_them(world) -> None:
    """A full disk undoes all bodies that were gathered; a figure must not stand on bytes that are nowhere."""
    world.ledger.settle()
    page = world.ledger.record(
        crawl_id=world.crawl_id, url="http://dfq.example/gone.html", role="article", portal_id="dongfeng",
        status=200, content_type="text/html", body=b"<p>gone</p>", gather=True,
    )  # fmt: skip
    document = Document(fetch=page, body=b"<p>gone</p>", label=None)
    whole = Publication(portal=world.portals["dongfeng"], page=document)
    gather(world.db)
    world.store(world.read(whole, [world.dongfeng()]))
    archive = world.archive._db.conn
    (pages,) = archive.execute("PRAGMA page_count").fetchone()
    archive.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="disk is full"):
        world.ledger.record(
            crawl_id=world.crawl_id, url="http://dfq.example/large.html", role="article",
            portal_id="dongfeng", status=200, body=random.Random(1).randbytes(2_000_000), gather=True,
        )  # fmt: skip
    world.ledger.settle()
    assert world.rows("SELECT id FROM reports") == []
    lost = [sha256 for (sha256,) in world.rows("SELECT sha256 FROM fetches") if sha256 not in world.archive]
    assert lost == []
