"""A second crawl and a re-extraction leave the steady tables as they are."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.harvest import Harvest, crawl, scrapy, steady, storage_settings


@pytest.fixture(scope="module")
def again(harvest: Harvest, tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    """The harvest after one more crawl of the unchanged province."""
    copied = harvest.copy(tmp_path_factory.mktemp("again"))
    return replace(copied, outcome=crawl(copied.folder, copied.province))


def test_a_second_crawl_changes_nothing_steady(harvest: Harvest, again: Harvest) -> None:
    assert again.outcome.code == 0, again.outcome.err
    assert steady(again.database) == steady(harvest.database)
    runs = again.rows("SELECT complete FROM crawls")
    assert [run["complete"] for run in runs] == [1, 1]


def test_problems_are_those_of_the_last_attempt(harvest: Harvest, again: Harvest) -> None:
    query = "SELECT code, url FROM problems ORDER BY code, url"
    before = harvest.rows(query)
    assert before
    assert again.rows(query) == before


def test_reextraction_restores_what_was_damaged_and_asks_nobody(harvest: Harvest, tmp_path: Path) -> None:
    """The records come from the archive and not from what the database says of itself."""
    again = harvest.copy(tmp_path / "again")
    before, asked = steady(again.database), len(again.province.log)
    connection = sqlite3.connect(again.database)
    with connection:
        changed = connection.execute(
            "UPDATE reports SET title = 'x', form = 'none' WHERE year % 2 = 0"
        ).rowcount
    connection.close()
    assert 0 < changed < len(before["reports"])
    outcome = scrapy("reextract", *storage_settings(again.folder))
    assert outcome.code == 0, outcome.err
    assert steady(again.database) == before
    assert len(again.province.log) == asked
