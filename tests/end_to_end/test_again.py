"""A second crawl and a re-extraction leave the steady tables as they are."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from storage import arithmetic
from storage.database import open_database
from tests.damage import damage
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
        assert damage(connection, "UPDATE figures SET value = value + 1 WHERE row_code = 'received_new'")
        assert damage(connection, "DELETE FROM checks WHERE rule = 'A1'")
    connection.close()
    assert 0 < changed < len(before["reports"])
    outcome = scrapy("reextract", *storage_settings(again.folder))
    assert outcome.code == 0, outcome.err
    assert steady(again.database) == before
    assert len(again.province.log) == asked
    assert "reports did not stand in the database as they were read: written again" in outcome.err
    assert again.rows("SELECT * FROM checks_outdated") == []


ARITHMETIC = (
    "SELECT report_id, rule, subject, outcome, zero_filled, severity, left_value, right_value FROM {table}"
    " WHERE rule NOT IN (SELECT rule FROM form_rules WHERE relation = 'read')"
    " ORDER BY report_id, rule, subject"
)


def test_arithmetic_told_again_is_what_the_reading_told(harvest: Harvest, tmp_path: Path) -> None:
    """Of every report: after a crawl nothing is listed, and without the stored checks all of them are."""
    assert harvest.rows("SELECT * FROM retold_checks") == []
    stored = harvest.rows(ARITHMETIC.format(table="checks"))
    assert {"A1", "A2", "A3", "A5", "A6", "P2", "P4", "R1", "R2", "R3"} <= {row["rule"] for row in stored}
    assert {"pass", "fail", "not_assessable"} == {row["outcome"] for row in stored}
    again = harvest.copy(tmp_path / "again")
    db = open_database(again.database)
    assert damage(db.conn, "DELETE FROM checks") > len(stored)
    db.conn.commit()
    assert arithmetic.refresh(db)
    db.conn.close()
    assert again.rows(ARITHMETIC.format(table="checks_outdated")) == stored


def test_a_run_says_what_is_stored_otherwise(small_harvest: Harvest, tmp_path: Path) -> None:
    again = small_harvest.copy(tmp_path / "again")
    assert "checks_outdated" not in again.outcome.err
    connection = sqlite3.connect(again.database)
    with connection:
        changed = damage(
            connection,
            "UPDATE figures SET value = 77 WHERE (report_id, row_code, column_code) ="
            " (SELECT min(report_id), row_code, 'total' FROM figures WHERE row_code = 'reconsideration')",
        )
    assert changed == 1
    connection.close()
    outcome = crawl(again.folder, again.province)
    assert outcome.code == 0, outcome.err
    assert "LOOK AT checks_outdated: 1 check of 1 report (R1 1)" in outcome.err
    (listed,) = again.rows("SELECT stored_outcome, outcome, left_value FROM checks_outdated")
    assert listed == {"stored_outcome": "pass", "outcome": "fail", "left_value": 77}
