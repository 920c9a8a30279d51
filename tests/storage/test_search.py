"""The index: what is written with a report is found, what is gone is not, and it is made anew when due."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlite_utils import Database

from pipelines.records import Report, Section
from storage import findings, folding, search
from storage.database import StorageError, open_database
from storage.folding import phrases
from storage.schema import MIGRATIONS


def told(report: Report, text: str, *, year: int | None = None, heading: str = "一、总体情况") -> Report:
    sections = (Section(number=1, heading=heading, text=text),)
    return replace(report, sections=sections, year=year or report.year)


def ids(world: Any, query: str, **where: bool) -> list[str]:
    """Reports that the index gives for a query, in order."""
    return [
        row[0]
        for row in world.rows(
            "SELECT report_id FROM search_reports WHERE number IN"
            " (SELECT rowid FROM search_index WHERE search_index MATCH ?) ORDER BY report_id",
            search.expression(phrases(query), **where),
        )
    ]


def test_what_is_written_is_found(world) -> None:
    world.store(world.reading(told(world.dongfeng(), "发生行政诉讼1件。")))
    world.store(world.reading(told(world.aimin(), "未发生。"), url="http://a.example/", body=b"a"))
    assert ids(world, "诉讼") == ["230805-dfq-2021"]
    assert ids(world, "诉") == ["230805-dfq-2021"]
    assert ids(world, "件") == ["230805-dfq-2021"]
    assert ids(world, "发生") == ["230805-dfq-2021", "231004-amq-2020"]
    assert ids(world, "发生 诉讼") == ["230805-dfq-2021"]
    assert ids(world, "姑娘") == []


def test_titles_and_headings_are_apart_from_texts(world) -> None:
    world.store(world.reading(told(world.dongfeng(), "无。", heading="四、行政诉讼情况")))
    assert ids(world, "诉讼") == ["230805-dfq-2021"]
    assert ids(world, "东风") == ["230805-dfq-2021"]
    assert ids(world, "诉讼", headings=False) == []
    assert ids(world, "诉讼", texts=False) == ["230805-dfq-2021"]
    assert ids(world, "无", texts=False) == []


def test_a_report_that_changes_is_found_by_its_new_text_alone(world) -> None:
    world.store(world.reading(told(world.dongfeng(), "发生诉讼。")))
    before = world.one("SELECT number FROM search_reports")
    world.begin_crawl()
    world.store(world.reading(told(world.dongfeng(), "没有发生。"), body=b"second"))
    assert ids(world, "诉讼") == []
    assert ids(world, "没有") == ["230805-dfq-2021"]
    assert world.one("SELECT number FROM search_reports") > before


def test_storing_the_same_again_leaves_the_same_rows(world) -> None:
    world.store(world.reading(world.dongfeng()))
    numbers = world.rows("SELECT * FROM search_reports")
    world.begin_crawl()
    world.store(world.reading(world.dongfeng()))
    assert world.rows("SELECT * FROM search_reports") == numbers


def test_a_misreading_is_taken_out(world) -> None:
    world.store(world.reading(told(world.dongfeng(), "发生诉讼。")))
    world.store(world.reading(None))
    assert world.rows("SELECT * FROM reports") == []
    assert ids(world, "诉讼") == []


def test_a_number_is_never_given_twice(world) -> None:
    world.store(world.reading(told(world.dongfeng(), "发生诉讼。")))
    world.store(world.reading(None))
    world.store(world.reading(told(world.aimin(), "没有。"), url="http://a.example/", body=b"a"))
    assert ids(world, "诉讼") == []


def test_a_report_that_is_not_stored_is_not_in_the_index(world) -> None:
    # What is written after the report stands for any failure of the disk.
    world.db.execute(
        "CREATE TRIGGER broken BEFORE INSERT ON publications"
        " BEGIN SELECT RAISE(ABORT, 'the disk failed'); END"
    )
    with pytest.raises(StorageError, match="the disk failed"):
        world.store(world.reading(told(world.dongfeng(), "发生诉讼。")))
    assert world.rows("SELECT * FROM search_reports") == []
    assert world.rows("SELECT rowid FROM search_index WHERE search_index MATCH '\"诉讼\"'") == []


def lines(world: Any) -> list[tuple[str, str]]:
    """What the index holds, as the terms of each report, for comparisons."""
    return sorted(
        (report_id, term)
        for report_id, number in world.rows("SELECT report_id, number FROM search_reports")
        for term in search.lines(world.db.conn, [report_id])[0][1].split()
        if world.rows(
            "SELECT 1 FROM search_index WHERE search_index MATCH ? AND rowid = ?", f'"{term}"', number
        )
    )


def test_made_anew_it_holds_the_same(world) -> None:
    world.store(world.reading(world.dongfeng()))
    world.store(world.reading(world.aimin(), url="http://a.example/", body=b"a"))
    before = lines(world)
    assert len(before) > 20
    search.rebuild(world.db.conn)
    assert lines(world) == before


def test_an_older_database_is_indexed_by_its_migration(world, tmp_path) -> None:
    world.store(world.reading(told(world.dongfeng(), "发生诉讼。")))
    for statement in (
        "DROP TABLE search_index",
        "DROP TABLE search_reports",
        "DELETE FROM _sqlite_migrations WHERE name = '0010_search'",
    ):
        world.db.conn.execute(statement)
    world.db.conn.commit()
    world.db.conn.close()
    world.db = open_database(world.path)
    assert ids(world, "诉讼") == ["230805-dfq-2021"]
    assert "0010_search" in {migration.name for migration in MIGRATIONS.applied(world.db)}


def test_terms_of_another_version_are_made_anew_at_the_end_of_a_run(world, monkeypatch) -> None:
    world.store(world.reading(told(world.dongfeng(), "发生诉讼。")))
    monkeypatch.setattr(search, "_VERSION", "§version0")
    findings.refresh(world.db)
    numbers = world.rows("SELECT number FROM search_reports")
    monkeypatch.setattr(search, "_VERSION", f"§version{folding.VERSION}")
    findings.refresh(world.db)
    assert world.rows("SELECT number FROM search_reports") != numbers
    assert ids(world, "诉讼") == ["230805-dfq-2021"]


def pieces(db: Database) -> int:
    return int(db.execute("SELECT count(DISTINCT segid) FROM search_index_idx").fetchone()[0])


def test_the_end_of_a_run_puts_the_index_in_order(world) -> None:
    for year in range(2010, 2013):
        url = f"http://dfq.example/{year}"
        world.store(
            world.reading(told(world.dongfeng(), "发生诉讼。", year=year), url=url, body=url.encode())
        )
    assert pieces(world.db) > 1
    search.tidy(world.db)
    assert pieces(world.db) == 1
    assert len(ids(world, "诉讼")) == 3


def test_numbers_of_no_report_are_cleared_away(world, monkeypatch) -> None:
    monkeypatch.setattr(search, "_BATCH", 2)
    for day in range(5):
        world.begin_crawl()
        world.store(world.reading(told(world.dongfeng(), f"发生诉讼{day}件。"), body=str(day).encode()))
    assert world.one("SELECT count(*) FROM search_index WHERE search_index MATCH '\"诉讼\"'") == 5
    search.tidy(world.db)
    assert world.one("SELECT count(*) FROM search_index WHERE search_index MATCH '\"诉讼\"'") == 1
    assert ids(world, "诉讼") == ["230805-dfq-2021"]


def test_a_long_phrase_is_looked_up_by_some_of_its_terms() -> None:
    sentence = "".join(chr(0x4E00 + number) for number in range(200))
    query = search.expression(phrases(sentence), headings=False)
    assert query is not None
    assert query.count('"') == 2 * search.MOST_TERMS
    assert sentence[:2] in query
    assert sentence[-2:] in query


def test_signs_alone_ask_nothing() -> None:
    assert search.expression(phrases("* ——")) is None
