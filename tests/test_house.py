"""The layout of the house: which room may import which, one clock, no junk drawers, no machine paths."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("crawler", "pipelines", "storage")
# A room → what it may import of ours, besides itself. The commands may import everything.
ALLOWED: dict[str, tuple[str, ...]] = {
    "crawler": (),
    "pipelines": ("crawler.items",),
    "storage": ("crawler.items", "pipelines.records"),
}
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def trespasses(room: str, names: Iterator[str]) -> list[str]:
    return [
        name
        for name in names
        if name.split(".")[0] in ROOMS
        and name.split(".")[0] != room
        and not name.startswith(tuple(f"{allowed}." for allowed in ALLOWED[room]))
        and name not in ALLOWED[room]
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_only_what_they_may(path):
    parts = path.relative_to(ROOT).parts
    if parts[:2] == ("crawler", "commands"):
        return
    assert trespasses(parts[0], imported(path)) == []


def test_the_rule_of_rooms_can_fail():
    assert trespasses("storage", iter(["pipelines.forms", "crawler.items.Portal"])) == ["pipelines.forms"]
    assert trespasses("crawler", iter(["storage", "crawler.registry"])) == ["storage"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_owns(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


def test_the_clock_is_asked_in_one_place():
    calls = re.compile(r"datetime\.(?:now|utcnow|today)\(|date\.today\(|time\.time\(|gmtime\(|localtime\(")
    asking = [path for path in SOURCES if calls.search(path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(ROOT)) for path in asking] == ["storage/ledger.py"]


def test_no_module_is_a_junk_drawer():
    names = {path.stem for path in SOURCES}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


def test_the_top_level():
    wanted = {
        "scrapy.cfg",
        "crawler",
        "pipelines",
        "storage",
        "tests",
        "README.md",
        "README.zh.md",
        "CHANGELOG.md",
        "LICENSE",
        "pyproject.toml",
        "constraints.txt",
        "Makefile",
        ".ci",
        ".gitignore",
        "benchmarks",
        "deploy",
        "docs",
    }
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in tracked.stdout.splitlines()} == wanted


def test_no_file_names_a_machine_or_an_index():
    places = re.compile(r"(?:^|[^\w.])/(?:root|home|work|opt|farm)/")
    hosts = re.compile(r"pypi\.org|files\.pythonhosted|deb\.debian|registry\.npmjs")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    told = []
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path == Path(__file__) or path.suffix in (".pdf", ".png", ".db") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if places.search(text) or hosts.search(text):
            told.append(name)
    assert told == []


def test_constraints_pin_everything_without_addresses():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
