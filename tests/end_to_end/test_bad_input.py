"""What a user may get wrong ends in one line and the right exit code."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.harvest import Harvest, crawl, one_line, scrapy, storage_settings
from tests.province.server import Province

REGISTRY = """
[[portal]]
id = "mudanjiang"
name = "牡丹江市人民政府"
division = "231000"
home = "http://127.0.0.1:9/"
"""


@pytest.mark.parametrize(
    ("addition", "named"),
    [
        ('indx = "x"', "indx"),
        ('platform = "nosuchplatform"', "platform"),
        ("delay = 1.0", "note"),
        ('sections = "http://127.0.0.1:9/x"', "sections"),
        (REGISTRY, "mudanjiang"),
    ],
    ids=["unknown key", "unknown platform", "delay without note", "wrong type", "duplicate id"],
)
def test_a_faulty_registry_names_file_entry_and_key(tmp_path: Path, addition: str, named: str) -> None:
    registry = tmp_path / "faulty.toml"
    registry.write_text(f"{REGISTRY}{addition}\n", encoding="utf-8")
    outcome = scrapy("crawl", "heilongjiang", "-a", f"registry={registry}", *storage_settings(tmp_path))
    assert outcome.code == 2
    line = one_line(outcome.err)
    assert "faulty.toml" in line
    assert "mudanjiang" in line
    assert named in line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-a", "portal=mudanjang"), "mudanjang"),
        (("-a", "years=2022-2019"), "2022-2019"),
        (("-a", "years=last"), "last"),
        (("-a", "limit=0"), "limit"),
        (("-a", "colour=red"), "colour"),
    ],
)
def test_a_bad_argument_is_one_line(
    province: Province, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    outcome = crawl(tmp_path, province, *arguments)
    assert outcome.code == 2
    assert named in one_line(outcome.err)
    assert not (tmp_path / "nianbao.db").exists()


def test_a_registry_that_is_not_there(tmp_path: Path) -> None:
    outcome = scrapy(
        "crawl", "heilongjiang", "-a", f"registry={tmp_path / 'none.toml'}", *storage_settings(tmp_path)
    )
    assert outcome.code == 2
    assert "none.toml" in one_line(outcome.err)


def test_an_unknown_spider(tmp_path: Path) -> None:
    outcome = scrapy("crawl", "heilongjang", *storage_settings(tmp_path))
    assert outcome.code == 2
    assert "heilongjang" in one_line(outcome.err)


def _no_database(file: Path) -> None:
    file.write_text("not a database, only a long enough line of text to look at\n" * 20, encoding="utf-8")


def _folder(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize("spoil", [_no_database, _folder], ids=["text file", "folder"])
@pytest.mark.parametrize("command", ["crawl", "reextract", "browse"])
def test_a_database_that_is_none(
    harvest: Harvest, tmp_path: Path, spoil: Callable[[Path], None], command: str
) -> None:
    spoil(tmp_path / "nianbao.db")
    shutil.copy(harvest.folder / "archive.db", tmp_path)
    if command == "crawl":
        outcome = crawl(tmp_path, harvest.province)
    else:
        outcome = scrapy(command, *storage_settings(tmp_path), seconds=30)
    assert outcome.code == 2
    assert "nianbao.db" in one_line(outcome.err)


@pytest.mark.parametrize(
    "wrong",
    [("browse", "--port"), ("export", "--format"), ("extract", "--url"), ("crawl", "heilongjiang", "-a")],
)
def test_an_option_without_its_value(wrong: tuple[str, ...]) -> None:
    outcome = scrapy(*wrong)
    assert outcome.code == 2
    assert wrong[-1] in one_line(outcome.err)


def test_a_database_of_a_newer_version(harvest: Harvest, tmp_path: Path) -> None:
    newer = harvest.copy(tmp_path / "newer")
    connection = sqlite3.connect(newer.database)
    with connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " SELECT migration_set, 'of_tomorrow', applied_at FROM _sqlite_migrations LIMIT 1"
        )
    connection.close()
    before = newer.database.read_bytes()
    outcome = crawl(newer.folder, newer.province)
    assert outcome.code == 2
    assert "newer" in one_line(outcome.err)
    assert newer.database.read_bytes() == before


def test_a_folder_that_cannot_be_made(province: Province, tmp_path: Path) -> None:
    """A file stands where the folder should be, which stops even an administrator."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    registry = tmp_path / "portals.toml"
    registry.write_text(province.registry(), encoding="utf-8")
    outcome = scrapy(
        "crawl", "heilongjiang", "-a", f"registry={registry}", *storage_settings(tmp_path / "file" / "data")
    )
    assert outcome.code == 2
    assert str(tmp_path / "file") in one_line(outcome.err)


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write everywhere")
def test_a_folder_that_cannot_be_written(province: Province, tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    registry = tmp_path / "portals.toml"
    registry.write_text(province.registry(), encoding="utf-8")
    outcome = scrapy("crawl", "heilongjiang", "-a", f"registry={registry}", *storage_settings(shut))
    assert outcome.code == 2
    assert "shut" in one_line(outcome.err)


def test_a_database_that_another_run_holds(harvest: Harvest, tmp_path: Path) -> None:
    from storage.database import hold

    held = harvest.copy(tmp_path / "held")
    with hold(held.database):
        for outcome in (
            crawl(held.folder, held.province),
            scrapy("reextract", *storage_settings(held.folder)),
        ):
            assert outcome.code == 75
            assert "nianbao.db" in one_line(outcome.err)
