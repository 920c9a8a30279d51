"""Opens and guards the SQLite files: connection settings, migrations, transactions, the lock of a run.

Every connection of this project to one of its own files is made here, and every error of SQLite or of
the disk leaves here as a `StorageError` of one line that names the file and what to do. Owns no table:
those are in `storage.schema` and `storage.archive`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlite_utils import Database, Migrations

from storage import schema, views

BUSY_SECONDS = 30
"""How long a statement waits for another program (a shell, a backup) that holds the file."""

PAGE_BYTES = 8192
"""Bytes of a page of a file that is made."""


class StorageError(Exception):
    """The database or the archive cannot be used; the message is one line for the user."""


class DatabaseHeld(StorageError):  # noqa: N818 a state of affairs, and an exit code of its own
    """Another run holds the database (exit code 75)."""


def open_database(path: Path) -> Database:
    """The database at `path`, made with its folders where there is none, and brought up to date.

    Foreign keys are enforced, the journal is a write-ahead log, synchronous is NORMAL.
    Raises `StorageError` for a folder, a file that is no database or another program's, a database
    of a newer version, a folder or file that cannot be written, and disk errors.
    """
    db = open_file(path, schema.MIGRATIONS, setting="DATABASE")
    create_views(db, views.standing_views())
    # Imported here, since it imports this module.
    from storage.reference import form_layout  # noqa: PLC0415

    with one_line_errors(path):
        layout = form_layout(db.conn)
    create_views(db, views.wide_views(*layout))
    return db


def create_views(db: Database, definitions: Mapping[str, str]) -> bool:
    """Makes the views that are missing or differ, drops none; says whether anything was written."""
    with one_line_errors(file_of(db)):
        differing = views.differing(db, definitions)
    if differing:
        with transaction(db):
            for name, sql in differing.items():
                db.conn.execute(f'DROP VIEW IF EXISTS "{name}"')
                db.conn.execute(sql)
    return bool(differing)


def open_file(
    path: Path,
    migrations: Migrations,
    *,
    setting: str,
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
) -> Database:
    """A connection to one of our files with the set `migrations` applied.

    `setting` is the name of the setting that names the file; messages use it.
    """
    path = Path(path)
    _refuse_unusable_place(path, setting)
    with one_line_errors(path, setting):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        with one_line_errors(path, setting):
            db = Database(connection)
            _refuse_foreign_or_newer(db, path, migrations, setting)
            connection.execute("PRAGMA foreign_keys = ON")
            # Of a file that is made now: chapters have some kilobytes, and leave less of a large page empty.
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            if not db["_sqlite_migrations"].exists() or migrations.pending(db):
                migrations.apply(db)
    except BaseException:
        connection.close()
        raise
    return db


def open_to_read(path: Path, setting: str = "DATABASE") -> sqlite3.Connection:
    """A connection to one of our files that never writes; nothing is made or brought up to date.

    A file in a folder that cannot be written is taken as one that nobody writes to, unless a journal
    beside it says otherwise: SQLite would want to make one. Raises `StorageError`.
    """
    path = Path(path)
    journal = path.with_name(path.name + "-wal")
    steady = not os.access(path.resolve().parent, os.W_OK) and not (
        journal.exists() and journal.stat().st_size
    )
    address = f"file:{quote(str(path.resolve()))}?mode=ro{'&immutable=1' if steady else ''}"
    with one_line_errors(path, setting):
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
        try:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
        except BaseException:
            connection.close()
            raise
    return connection


def is_writable(path: Path) -> bool:
    """Whether the file and its folder, where SQLite keeps journals, can be written."""
    return os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)


def file_of(db: Database) -> Path:
    """The file that the connection `db` was opened on."""
    return Path(db.conn.execute("PRAGMA database_list").fetchone()[2])


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """Everything in the block is written, or nothing. Errors of SQLite leave as `StorageError`.

    The write lock is taken at the start (BEGIN IMMEDIATE): a transaction that first reads and then
    writes would otherwise fail at once, without waiting, when another program wrote in between.
    While several are gathered (see `gather`) the block is one of them, undone alone where it fails and
    written with the others.
    """
    with one_line_errors(db):
        if db.conn.in_transaction:
            with _savepoint(db):
                yield
            return
        _begin(db)
        try:
            yield
            _write_ends(db)
        except BaseException:
            db.conn.rollback()
            raise
        db.conn.commit()


class _Transaction:
    """What is known of the transaction of a connection: the how many-eth it is, how often something was
    undone on the connection, and the rows that are written at its end.
    """

    def __init__(self) -> None:
        self.begun = self.undone = 0
        self.ends: list[tuple[str, tuple[object, ...]]] = []


_transactions: WeakKeyDictionary[Database, _Transaction] = WeakKeyDictionary()


def _known(db: Database) -> _Transaction:
    found = _transactions.get(db)
    if found is None:
        found = _transactions[db] = _Transaction()
    return found


def standing(db: Database) -> tuple[int, int]:
    """The number of the transaction that we are in, and how often something was undone: where neither
    changed, no other connection wrote since, and all that was written stands.
    """
    known = _known(db)
    return known.begun, known.undone


def at_end(db: Database, sql: str, row: tuple[object, ...]) -> None:
    """Has a row written at the end of the transaction that the caller holds, together with others of the
    same statement; not where the caller's part of it is undone. What may be refused is not written so.
    """
    _known(db).ends.append((sql, row))


def _begin(db: Database) -> None:
    db.conn.execute("BEGIN IMMEDIATE")
    known = _known(db)
    known.begun += 1
    known.ends.clear()


def _write_ends(db: Database) -> None:
    ends = _known(db).ends
    together: dict[str, list[tuple[object, ...]]] = {}
    for sql, row in ends:
        together.setdefault(sql, []).append(row)
    for sql, rows in together.items():
        db.conn.executemany(sql, rows)
    ends.clear()


def gather(db: Database) -> None:
    """From here on transactions are written together, by `settle`: to wait for the disk at each costs more
    than all else. The lock is held meanwhile, and who is killed has none of them.

    An error that leaves no room for any (a full disk) undoes them all: `is_gathering` tells.
    """
    if not db.conn.in_transaction:
        with one_line_errors(db):
            _begin(db)


def undo_in(db: Database, store: Literal["MEMORY", "DEFAULT"]) -> None:
    """Where what would undo one of the transactions that are gathered is kept: every page that it changes,
    some hundred kilobytes, which take a fifth of the time where they go into a temporary file.

    With all else that is temporary: findings, which sort the rows of a country, need `DEFAULT`. To change it
    takes some milliseconds, and temporary tables are lost.
    """
    with one_line_errors(db):
        db.conn.execute(f"PRAGMA temp_store = {store}")


def is_gathering(db: Database) -> bool:
    """Whether there is anything that `settle` would write."""
    return db.conn.in_transaction


@contextmanager
def gathering(db: Database) -> Iterator[None]:
    """A transaction that is gathered, see `gather`. Errors of SQLite leave as `StorageError`."""
    gather(db)
    with transaction(db):
        yield


def settle(db: Database) -> None:
    """Writes what was gathered, if anything was."""
    if db.conn.in_transaction:
        with one_line_errors(db):
            try:
                _write_ends(db)
            except BaseException:
                # What would be written without the rest of it must not be.
                db.conn.rollback()
                raise
            db.conn.commit()


@contextmanager
def _savepoint(db: Database) -> Iterator[None]:
    conn, known = db.conn, _known(db)
    conn.execute("SAVEPOINT gathered")
    waiting = len(known.ends)
    try:
        yield
    except BaseException:
        known.undone += 1
        del known.ends[waiting:]
        if conn.in_transaction:
            conn.execute("ROLLBACK TO gathered")
            conn.execute("RELEASE gathered")
        raise
    conn.execute("RELEASE gathered")


def checkpoint(db: Database) -> None:
    """Brings the write-ahead log into the file and empties it, so that the file alone is the database."""
    with one_line_errors(db):
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Holds the database at `path` for one run; raises `DatabaseHeld` where another run holds it.

    The lock is on a file beside the database and ends with the process that took it, however it
    ended: a lock file that is left behind means nothing.
    """
    path = Path(path)
    _refuse_unusable_place(path, "DATABASE")
    resolved = path.resolve()
    lock = resolved.with_name(resolved.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StorageError(
            f"{lock}: cannot be written ({error.strerror}); choose a place that can be with -s DATABASE=FILE"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            by = f" (process {holder})" if holder else ""
            raise DatabaseHeld(
                f"{path}: another run{by} holds this database; wait until it has ended, or stop it"
            ) from None
        except OSError as error:
            raise StorageError(
                f"{lock}: cannot be locked ({error.strerror}); keep the database on a local disk"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode("ascii"))
        yield
    finally:
        os.close(descriptor)


_MAGIC = b"SQLite format 3\0"

_ADVICE = {
    "SQLITE_NOTADB": "is not a SQLite database; name another file with -s {setting}=FILE",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy, or move it away and run again",
    "SQLITE_CANTOPEN": "cannot be opened or made; check the folder and its permissions,"
    " or name another file with -s {setting}=FILE",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and its folder,"
    " or name another file with -s {setting}=FILE",
    "SQLITE_FULL": "the disk is full; make room and run again",
    "SQLITE_IOERR": "the disk failed while it was read or written; check the disk",
    "SQLITE_BUSY": "another program is writing to it; close that program and run again",
    "SQLITE_LOCKED": "another program is writing to it; close that program and run again",
    "SQLITE_PROTOCOL": "another program is writing to it; close that program and run again",
}
"""What to tell the user of each kind of SQLite error, by the start of its name."""


@contextmanager
def one_line_errors(place: Path | Database, setting: str = "DATABASE") -> Iterator[None]:
    """Errors of SQLite in the block leave it as `StorageError`, one line with the file and the remedy."""
    try:
        yield
    except sqlite3.Error as error:
        path = file_of(place) if isinstance(place, Database) else place
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        for start, advice in _ADVICE.items():
            if name.startswith(start):
                raise StorageError(f"{path}: {advice.format(setting=setting)}") from error
        raise StorageError(f"{path}: {str(error).splitlines()[0]} ({name})") from error


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_MAGIC))


def _refuse_unusable_place(path: Path, setting: str) -> None:
    """Makes the folder of `path`; raises `StorageError` where it or the file cannot be there."""
    try:
        if path.is_dir():
            raise StorageError(f"{path}: is a folder; name a file with -s {setting}=FILE")
        path.parent.mkdir(parents=True, exist_ok=True)
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
        start = _first_bytes(path) if path.exists() and os.access(path, os.R_OK) else b""
    except OSError as error:
        raise StorageError(
            f"{path}: the folder {path.parent} cannot be made ({error.strerror});"
            f" choose a place that can be written with -s {setting}=FILE"
        ) from error
    if not writable:
        raise StorageError(
            f"{path}: cannot be written; check the permissions of the file and its folder,"
            f" or choose another place with -s {setting}=FILE"
        )
    # SQLite itself takes any file shorter than its header for an empty database, and overwrites it.
    if start and start != _MAGIC:
        raise StorageError(f"{path}: {_ADVICE['SQLITE_NOTADB'].format(setting=setting)}")


def _refuse_foreign_or_newer(db: Database, path: Path, migrations: Migrations, setting: str) -> None:
    """Raises `StorageError` where the file holds other tables than ours, or later ones."""
    # The table of migrations alone is what a first run leaves that was killed at once.
    tables = set(db.table_names()) - {"_sqlite_migrations", "sqlite_sequence", "sqlite_stat1"}
    applied = [migration.name for migration in migrations.applied(db)]
    if tables and not applied:
        raise StorageError(
            f"{path}: is a SQLite database, but not one that this program made for {setting};"
            f" name another file with -s {setting}=FILE"
        )
    known = {migration.name for migration in migrations._migrations}  # noqa: SLF001 no public list of them
    newer = [name for name in applied if name not in known]
    if newer:
        raise StorageError(
            f"{path}: was written by a newer version of nianbao ({newer[-1]});"
            f" update nianbao, or name another file with -s {setting}=FILE"
        )
