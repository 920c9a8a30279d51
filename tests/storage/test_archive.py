from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.archive import Archive
from storage.database import StorageError


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive.db")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=4000))
def test_bytes_come_back_as_they_went_in(archive: Archive, body: bytes) -> None:
    digest = archive.put(body)
    assert digest == hashlib.sha256(body).hexdigest()
    assert archive.get(digest) == body


def test_equal_bytes_are_kept_once(archive: Archive) -> None:
    assert archive.put(b"page" * 1000) == archive.put(b"page" * 1000)
    archive.put(b"other")
    assert len(archive) == 2


def test_contains(archive: Archive) -> None:
    digest = archive.put(b"page")
    assert digest in archive
    assert "0" * 64 not in archive


def test_unknown_bytes_are_an_error_that_names_the_file(archive: Archive) -> None:
    with pytest.raises(StorageError, match="holds no bytes") as missing:
        archive.get("0" * 64)
    assert str(archive.path) in str(missing.value)


def test_the_archive_outlives_its_connection(tmp_path: Path) -> None:
    first = Archive(tmp_path / "archive.db")
    digest = first.put(b"page")
    first.close()
    assert Archive(tmp_path / "archive.db").get(digest) == b"page"


@pytest.mark.parametrize("damage", ["exchanged", "torn"])
def test_damaged_bytes_are_never_handed_out(tmp_path: Path, damage: str) -> None:
    archive = Archive(tmp_path / "archive.db")
    digest, other = archive.put(b"one page"), archive.put(b"another!")
    archive.close()
    with sqlite3.connect(tmp_path / "archive.db") as raw:
        if damage == "exchanged":
            raw.execute(
                "UPDATE bodies SET body = (SELECT body FROM bodies WHERE sha256 = ?) WHERE sha256 = ?",
                (other, digest),
            )
        else:
            raw.execute("UPDATE bodies SET body = substr(body, 1, 9) WHERE sha256 = ?", (digest,))
    raw.close()
    with pytest.raises(StorageError, match="damaged"):
        Archive(tmp_path / "archive.db").get(digest)


def test_the_archive_compresses(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive.db")
    archive.put("政府信息公开工作年度报告".encode() * 20_000)
    archive.close()
    assert (tmp_path / "archive.db").stat().st_size < 100_000
