"""A second crawl and a re-extraction leave the steady tables as they are."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.harvest import Harvest, crawl, scrapy, steady, storage_settings


def test_a_second_crawl_changes_nothing_steady(harvest: Harvest, tmp_path: Path) -> None:
    again = harvest.copy(tmp_path / "again")
    before = steady(again.database)
    outcome = crawl(again.folder, again.province)
    assert outcome.code == 0, outcome.err
    assert steady(again.database) == before
    runs = again.rows("SELECT complete FROM crawls")
    assert [run["complete"] for run in runs] == [1, 1]


def test_problems_are_those_of_the_last_attempt(harvest: Harvest, tmp_path: Path) -> None:
    again = harvest.copy(tmp_path / "again")
    query = "SELECT code, url FROM problems ORDER BY code, url"
    before = again.rows(query)
    assert before
    crawl(again.folder, again.province)
    assert again.rows(query) == before


def test_reextraction_changes_nothing_steady_and_asks_nobody(harvest: Harvest, tmp_path: Path) -> None:
    again = harvest.copy(tmp_path / "again")
    before, asked = steady(again.database), len(again.province.log)
    outcome = scrapy("reextract", "--jobs", "1", *storage_settings(again.folder))
    assert outcome.code == 0, outcome.err
    assert steady(again.database) == before
    assert len(again.province.log) == asked


def test_reextraction_restores_what_was_damaged(harvest: Harvest, tmp_path: Path) -> None:
    """The records come from the archive and not from what the database says of itself."""
    import sqlite3

    again = harvest.copy(tmp_path / "again")
    before = steady(again.database)
    connection = sqlite3.connect(again.database)
    with connection:
        changed = connection.execute("UPDATE reports SET title = 'x', form = 'none'").rowcount
    connection.close()
    assert changed == len(before["reports"])
    outcome = scrapy("reextract", *storage_settings(again.folder))
    assert outcome.code == 0, outcome.err
    assert steady(again.database) == before
