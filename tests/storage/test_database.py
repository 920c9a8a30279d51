from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from storage import schema
from storage.archive import Archive
from storage.database import (
    PAGE_BYTES,
    DatabaseHeld,
    StorageError,
    checkpoint,
    hold,
    open_database,
    transaction,
)
from tests.damage import damage

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_database_is_made_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "nianbao.db"
    db = open_database(path)
    assert path.exists()
    assert db.conn.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert db.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.conn.execute("PRAGMA synchronous").fetchone() == (1,)
    assert db.conn.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
    db.conn.close()


def test_every_table_is_strict_and_figures_take_any_number(world) -> None:
    strict = dict(
        world.rows("SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
    )
    ours = {name for name in strict if not name.startswith(("sqlite_", "_sqlite_"))}
    assert {"stored_figures", "reports", "fetches", "problems", "crawls", "documents"} <= ours
    assert {name for name in ours if not strict[name]} == set()
    types = dict(world.rows("SELECT name, type FROM pragma_table_info('figures')"))
    assert types["value"] == "ANY"


def test_opening_again_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "nianbao.db"
    db = open_database(path)
    before = (
        db.conn.execute("PRAGMA schema_version").fetchone(),
        db.conn.execute("PRAGMA data_version").fetchone(),
    )
    applied = list(db["_sqlite_migrations"].rows)
    again = open_database(path)
    assert db.conn.execute("PRAGMA schema_version").fetchone() == before[0]
    assert db.conn.execute("PRAGMA data_version").fetchone() == before[1]
    assert list(again["_sqlite_migrations"].rows) == applied
    db.conn.close()
    again.conn.close()


def test_a_failing_migration_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_INDEXES", (*schema._INDEXES, "CREATE INDEX broken ON no_such_table (x)"))
    with pytest.raises(StorageError, match="no_such_table"):
        open_database(tmp_path / "nianbao.db")
    monkeypatch.undo()
    db = open_database(tmp_path / "nianbao.db")
    assert db["reports"].exists()
    db.conn.close()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nianbao.db"
    db = open_database(path)
    db["_sqlite_migrations"].insert(
        {"migration_set": "nianbao", "name": "9999_later", "applied_at": "2031-01-01"}
    )
    db.conn.close()
    with pytest.raises(StorageError) as refused:
        open_database(path)
    assert str(path) in str(refused.value)
    assert "newer version" in str(refused.value)
    assert "9999_later" in str(refused.value)


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 40, b"x"])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "nianbao.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="is not a SQLite database"):
        open_database(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="not one that this program made"):
        open_database(path)
    assert path.read_bytes() == before


def test_archive_and_database_are_not_taken_for_each_other(tmp_path: Path) -> None:
    open_database(tmp_path / "a.db").conn.close()
    with pytest.raises(StorageError, match="not one that this program made for ARCHIVE"):
        Archive(tmp_path / "a.db")


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    db = open_database(tmp_path / "empty.db")
    assert db["reports"].exists()
    db.conn.close()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a folder"):
        open_database(tmp_path)


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as refused:
        open_database(tmp_path / "file" / "nianbao.db")
    assert "cannot be" in str(refused.value)
    assert "-s DATABASE=FILE" in str(refused.value)


def test_a_place_that_cannot_be_written_is_named() -> None:
    # /proc cannot be written even by root, unlike a folder without permissions.
    with pytest.raises(StorageError, match="-s DATABASE=FILE"):
        open_database(Path("/proc/nianbao/nianbao.db"))
    with pytest.raises(StorageError, match="cannot be"):
        open_database(Path("/proc/nianbao.db"))
    with pytest.raises(StorageError), hold(Path("/proc/nianbao.db")):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            open_database(tmp_path / "nianbao.db")
    finally:
        tmp_path.chmod(0o700)


def test_messages_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"no" * 500)
    for path in (tmp_path, tmp_path / "bad.db", Path("/proc/nianbao/x.db")):
        with pytest.raises(StorageError) as refused:
            open_database(path)
        assert "\n" not in str(refused.value)


def test_a_second_run_is_refused_while_the_first_holds(tmp_path: Path) -> None:
    path = tmp_path / "nianbao.db"
    with hold(path):
        with pytest.raises(DatabaseHeld) as refused, hold(path):
            pass
        assert str(os.getpid()) in str(refused.value)
    with hold(path):
        pass


def test_the_hold_follows_links_to_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "real.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    with hold(tmp_path / "real.db"), pytest.raises(DatabaseHeld), hold(tmp_path / "link.db"):
        pass


def test_a_killed_holder_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "nianbao.db"
    code = (
        "import sys, time, pathlib; from storage.database import hold\n"
        f"with hold(pathlib.Path({str(path)!r})):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseHeld, match=str(holder.pid)), hold(path):
            pass
        holder.kill()
        holder.wait()
    assert path.with_name("nianbao.db.lock").exists()
    with hold(path):
        pass


def test_checkpoint_empties_the_log(tmp_path: Path) -> None:
    path = tmp_path / "nianbao.db"
    db = open_database(path)
    log = path.with_name("nianbao.db-wal")
    assert log.stat().st_size > 0
    checkpoint(db)
    assert log.stat().st_size == 0
    db.conn.close()


def test_a_transaction_that_fails_writes_nothing(world) -> None:
    def broken() -> None:
        with transaction(world.db):
            world.db.conn.execute("DELETE FROM divisions")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert world.one("SELECT count(*) FROM divisions") == 4


def test_broken_rules_of_the_tables_leave_as_storage_errors(world) -> None:
    with pytest.raises(StorageError, match="FOREIGN KEY"), transaction(world.db):
        world.db.conn.execute(
            "INSERT INTO agency_names (agency_id, name, kind) VALUES ('nobody', 'x', 'title')"
        )


@pytest.mark.parametrize(
    ("status", "value"), [("blank", 0), ("number", None), ("number", "4"), ("merged", 3)]
)
def test_no_figure_can_contradict_its_status(world, status: str, value: object) -> None:
    world.store(world.reading(world.dongfeng()))
    row = ("230805-dfq-2021", "t", "r", "c", None, value, None, status, None, "{}", "m", 0)
    with pytest.raises(StorageError, match="CHECK"), transaction(world.db):
        damage(world.db.conn, "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)


def test_a_full_disk_is_named(world) -> None:
    pages = world.one("PRAGMA page_count")
    world.db.conn.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(200):
            world.store(
                world.reading(world.dongfeng(), url=f"http://dfq.example/{number}", body=bytes([number]))
            )

    with pytest.raises(StorageError, match="disk is full"):
        fill()
