"""Every command, key, table, column and file that the README names exists, and the reverse."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from crawler import registry
from pipelines import divisions, forms
from storage.database import open_database
from storage.reference import write_reference

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")
COMMANDS = {path.stem for path in (ROOT / "crawler" / "commands").glob("[a-z]*.py")}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def columns(tmp_path_factory) -> dict[str, set[str]]:
    """Columns by table or view of a new database."""
    db = open_database(tmp_path_factory.mktemp("docs") / "nianbao.db")
    cells, derived = forms.layout()
    write_reference(db, divisions=divisions.load(), form_cells=cells, derived=derived)
    found = {}
    for (name,) in db.execute("select name from sqlite_master where type in ('table', 'view')").fetchall():
        found[name] = {row[1] for row in db.execute(f"pragma table_info([{name}])").fetchall()}
    db.close()
    return found


@pytest.mark.parametrize("name", READMES)
def test_commands_exist(name):
    assert set(re.findall(r"scrapy ([a-z]+)", text(name))) <= COMMANDS


def test_every_command_is_named():
    assert set(re.findall(r"scrapy ([a-z]+)", text("README.md") + text("CHANGELOG.md"))) >= COMMANDS


@pytest.mark.parametrize("name", READMES)
def test_make_targets_exist(name):
    makefile = text("Makefile")
    for target in re.findall(r"make ([a-z]+)", text(name)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_make_target_is_named():
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE)) - {"help"}
    assert targets <= set(re.findall(r"make ([a-z]+)", text("README.md")))


def test_keys_of_a_portal_are_those_of_the_registry():
    section = text("README.md").split("## Add a portal")[1].split("## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section)) | set(re.findall(r"^([a-z]+) = ", section, re.MULTILINE))
    assert named == registry._KEYS


def test_settings_are_those_of_the_project():
    named = set(re.findall(r"^\| `([A-Z_]+)`", text("README.md"), re.MULTILINE))
    settings = text("crawler/settings.py")
    assert named == set(re.findall(r"NIANBAO_([A-Z_]+)", settings)) - {"NAME"}


@pytest.mark.parametrize("name", READMES)
def test_tables_and_columns_exist(name, columns):
    known = set(columns) | {column for table in columns.values() for column in table}
    known |= {"number", "blank", "not_applicable", "merged", "unreadable", "format_not_supported"}
    known |= {"crawler", "pipelines", "storage", "make"} | registry._KEYS
    known |= set(re.findall(r"^\| `([a-z_0-9]+)` \|", text("docs/problems.md"), re.MULTILINE))
    browse = text(name).split("## Browse" if name == "README.md" else "## 浏览")[1]
    named = set(re.findall(r"`([a-z_]+)`", browse))
    assert named - known == set()


def test_every_table_and_view_is_named(columns):
    internal = {
        "_sqlite_migrations",
        "form_cells",
        "derived_totals",
        "publications",
        "publication_attachments",
        "copies",
        "source_versions",
        "search_index",
        "search_index_config",
        "search_index_data",
        "search_index_idx",
        "sqlite_sequence",
        "sqlite_stat1",
    }
    named = set(re.findall(r"`([a-z_0-9]+)`", text("README.md")))
    assert set(columns) - internal - named == set()


@pytest.mark.parametrize("name", READMES)
def test_files_exist(name):
    for path in re.findall(
        r"`((?:crawler|pipelines|tests|docs)/[\w/.]+)`|\]\(((?!http)[\w/.]+)\)", text(name)
    ):
        assert (ROOT / (path[0] or path[1])).exists(), path


def test_states_and_reasons_of_coverage_are_explained():
    section = text("docs/questions.md").split("## Which reports are owed")[1].split("\n### ")[0]
    of_states = section.split("| `state` | means |")[1].split("\n\n")[0]
    states = set(re.findall(r"^\| `(\w+)` \|", of_states, re.MULTILINE))
    told = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", section, re.MULTILINE))
    source = text("storage/coverage.py")
    judged = source.split("SELECT *, CASE WHEN report_id IS NOT NULL")[1].split("AS state")[0]
    assert states == set(re.findall(r"(?:THEN|ELSE) '(\w+)'", judged))
    assert told.pop("reason") == "state"
    assert set(told.values()) == {"missing", "not_known"}

    reasons = source.split("CASE state WHEN 'published'")[1].split("AS reason")[0]
    doubts = source.split("WHEN unsettled.year IS NOT NULL")[1].split("AS doubt")[0]
    absences = source.split("CREATE TEMP TABLE owed AS")[1].split("AS absence")[0]
    given = set(re.findall(r"(?:THEN|ELSE)\s+'([a-z_]+)'", reasons + doubts + absences)) - {"portal_"}
    given |= set(re.findall(r"iif\(known_from = 'list', '([a-z]+)'", reasons))
    lists = re.findall(r"state TEXT NOT NULL CHECK \(state IN \(([^)]*)\)", text("storage/schema.py"))
    portals = next(found for found in lists if "blocked" in found)
    given |= {f"portal_{state}" for state in re.findall(r"'([a-z]+)'", portals) if state != "ok"}
    assert {"gap", "listed", "portal_dead", "may_be_held", "portal_not_walked_since"} <= given
    assert given <= set(told)
    codes = tomllib.loads(text("storage/site/words/codes.toml"))
    assert set(told) == set(codes["reason"])
