"""Keeps the bytes of every page and document once, named by their SHA-256.

Owns one SQLite file (setting ARCHIVE) with one compressed row per distinct body. It knows nothing of
addresses: which request brought which bytes stands in the ledger.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import zstandard
from sqlite_utils import Database, Migrations

from storage.database import (
    BUSY_SECONDS,
    StorageError,
    checkpoint,
    gathering,
    is_gathering,
    one_line_errors,
    open_file,
    settle,
    transaction,
)

MIGRATIONS = Migrations("nianbao-archive")

_SELECT = "SELECT size, body FROM bodies WHERE sha256 = ?"

COMPRESSION_LEVEL = 3
"""Pages shrink to about two fifths at level 3; higher levels cost time and gain a few per cent."""


@MIGRATIONS(name="0001_bodies")
def _bodies(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE bodies (
            sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
            size INTEGER NOT NULL,
            codec TEXT NOT NULL CHECK (codec = 'zstd'),
            body BLOB NOT NULL
        ) STRICT
        """
    )


class AbsentBodyError(StorageError):
    """The archive holds no bytes of that name."""


class Archive:
    """The archive at `path`, made where there is none. Errors are `StorageError`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        # FULL: the ledger's row of a body must not outlive the body when the power fails.
        self._db = open_file(self.path, MIGRATIONS, setting="ARCHIVE", synchronous="FULL")
        self._compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)

    def put(self, body: bytes, *, gather: bool = False) -> str:
        """Keeps `body` and returns its SHA-256 as 64 hexadecimal digits; kept bytes are not written again.

        With `gather` they are safe after `settle` alone: the disk is waited for once for several.
        """
        digest = hashlib.sha256(body).hexdigest()
        if digest not in self:
            packed = self._compressor.compress(body)
            with (gathering if gather else transaction)(self._db):
                self._db.conn.execute(
                    "INSERT OR IGNORE INTO bodies (sha256, size, codec, body) VALUES (?, ?, 'zstd', ?)",
                    (digest, len(body), packed),
                )
        return digest

    def settle(self) -> None:
        """Writes what was gathered."""
        settle(self._db)

    @property
    def is_gathering(self) -> bool:
        """Whether there is anything that `settle` would write."""
        return is_gathering(self._db)

    def get(self, sha256: str) -> bytes:
        """The bytes of that name, proved by their hash; `StorageError` where they are missing or damaged."""
        with one_line_errors(self.path, "ARCHIVE"):
            row = self._db.conn.execute(_SELECT, (sha256,)).fetchone()
        return _proved(self.path, sha256, row)

    def __contains__(self, sha256: str) -> bool:
        with one_line_errors(self.path, "ARCHIVE"):
            row = self._db.conn.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (sha256,)).fetchone()
        return row is not None

    def __len__(self) -> int:
        with one_line_errors(self.path, "ARCHIVE"):
            return int(self._db.conn.execute("SELECT count(*) FROM bodies").fetchone()[0])

    def close(self) -> None:
        """Empties the write-ahead log and closes the file."""
        self.settle()
        checkpoint(self._db)
        self._db.conn.close()


class ArchiveReader:
    """The archive at `path` for reading alone, from any thread; it is never made. Errors are `StorageError`.

    `immutable` promises that nobody writes to the file meanwhile: then its folder need not be writable.
    """

    def __init__(self, path: Path, *, immutable: bool = False) -> None:
        self.path = Path(path)
        self._address = f"file:{quote(str(self.path.resolve()))}?mode=ro{'&immutable=1' if immutable else ''}"

    def is_there(self) -> bool:
        """Whether there is such a file."""
        return self.path.is_file()

    def get(self, sha256: str) -> bytes:
        """The bytes of that name; raises `AbsentBodyError` where they are missing, as `Archive.get` else."""
        return _proved(self.path, sha256, self._row(_SELECT, sha256))

    def __contains__(self, sha256: str) -> bool:
        return self._row("SELECT 1 FROM bodies WHERE sha256 = ?", sha256) is not None

    def _row(self, sql: str, sha256: str) -> tuple[Any, ...] | None:
        with one_line_errors(self.path, "ARCHIVE"):
            connection = sqlite3.connect(self._address, uri=True, timeout=BUSY_SECONDS)
            try:
                row: tuple[Any, ...] | None = connection.execute(sql, (sha256,)).fetchone()
            finally:
                connection.close()
        return row


def _proved(path: Path, sha256: str, row: tuple[Any, ...] | None) -> bytes:
    """The body in a row of `bodies`, proved by its hash."""
    if row is None:
        raise AbsentBodyError(
            f"{path}: holds no bytes {sha256}; name the archive of this database with -s ARCHIVE=FILE"
        )
    try:
        body = zstandard.ZstdDecompressor().decompress(row[1], max_output_size=row[0])
    except zstandard.ZstdError as error:
        raise StorageError(
            f"{path}: the bytes {sha256} are damaged ({error}); restore the archive from a copy"
        ) from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise StorageError(
            f"{path}: the bytes {sha256} are damaged (their hash differs); restore the archive from a copy"
        )
    return body
