"""Keeps the bytes of every page and document once, named by their SHA-256.

Owns one SQLite file (setting ARCHIVE) with one compressed row per distinct body. It knows nothing of
addresses: which request brought which bytes stands in the ledger.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import zstandard
from sqlite_utils import Database, Migrations

from storage.database import StorageError, checkpoint, one_line_errors, open_file, transaction

MIGRATIONS = Migrations("nianbao-archive")

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


class Archive:
    """The archive at `path`, made where there is none. Errors are `StorageError`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        # FULL: the ledger's row of a body must not outlive the body when the power fails.
        self._db = open_file(self.path, MIGRATIONS, setting="ARCHIVE", synchronous="FULL")
        self._compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
        self._decompressor = zstandard.ZstdDecompressor()

    def put(self, body: bytes) -> str:
        """Keeps `body` and returns its SHA-256 as 64 hexadecimal digits; kept bytes are not written again."""
        digest = hashlib.sha256(body).hexdigest()
        if digest not in self:
            packed = self._compressor.compress(body)
            with transaction(self._db):
                self._db.conn.execute(
                    "INSERT OR IGNORE INTO bodies (sha256, size, codec, body) VALUES (?, ?, 'zstd', ?)",
                    (digest, len(body), packed),
                )
        return digest

    def get(self, sha256: str) -> bytes:
        """The bytes of that name, proved by their hash; `StorageError` where they are missing or damaged."""
        with one_line_errors(self.path, "ARCHIVE"):
            row = self._db.conn.execute(
                "SELECT size, body FROM bodies WHERE sha256 = ?", (sha256,)
            ).fetchone()
        if row is None:
            raise StorageError(
                f"{self.path}: holds no bytes {sha256};"
                " name the archive of this database with -s ARCHIVE=FILE"
            )
        try:
            body = self._decompressor.decompress(row[1], max_output_size=row[0])
        except zstandard.ZstdError as error:
            raise StorageError(
                f"{self.path}: the bytes {sha256} are damaged ({error}); restore the archive from a copy"
            ) from error
        if hashlib.sha256(body).hexdigest() != sha256:
            raise StorageError(
                f"{self.path}: the bytes {sha256} are damaged (their hash differs);"
                " restore the archive from a copy"
            )
        return body

    def __contains__(self, sha256: str) -> bool:
        with one_line_errors(self.path, "ARCHIVE"):
            row = self._db.conn.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (sha256,)).fetchone()
        return row is not None

    def __len__(self) -> int:
        with one_line_errors(self.path, "ARCHIVE"):
            return int(self._db.conn.execute("SELECT count(*) FROM bodies").fetchone()[0])

    def close(self) -> None:
        """Empties the write-ahead log and closes the file."""
        checkpoint(self._db)
        self._db.conn.close()
