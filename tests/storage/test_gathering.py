"""Answers that are written several at a time: the bodies first, and all or none of what was gathered."""

from __future__ import annotations

import sqlite3

import pytest

from storage.database import StorageError


def rows_on_disk(path, query: str) -> int:
    """What another connection sees: what was written."""
    with sqlite3.connect(path) as other:
        return other.execute(query).fetchone()[0]


def gather(world, number: int) -> str:
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
    digests = [gather(world, number) for number in range(3)]
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
    gather(world, 1)
    world.archive.settle()
    assert rows_on_disk(world.archive.path, "SELECT count(*) FROM bodies") == 1
    assert rows_on_disk(database, "SELECT count(*) FROM fetches") == 0
    world.ledger.settle()


def test_a_portal_that_nobody_entered_takes_nothing_along(world) -> None:
    gather(world, 1)
    with pytest.raises(StorageError, match="nowhere"):
        world.ledger.record(
            crawl_id=world.crawl_id, url="http://a.example/", role="home", portal_id="nowhere", gather=True
        )
    world.ledger.settle()
    assert world.one("SELECT count(*) FROM fetches") == 1


def test_the_archive_is_closed_with_all_that_was_gathered(world) -> None:
    gather(world, 1)
    world.ledger.settle()
    world.archive.put(b"last", gather=True)
    path = world.archive.path
    world.archive.close()
    assert rows_on_disk(path, "SELECT count(*) FROM bodies") == 2
