"""Administrative divisions (GB/T 2260) with their years, one CSV file a province.

Owns the lookup of divisions by code and by name. Names repeat (向阳区 stands twice in
Heilongjiang alone), so a name gives candidates, never a division. Four districts of 大兴安岭 that
are administered without formal registration carry the kind `district (unofficial)`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pipelines.records import Division

_COLUMNS = ["code", "name", "kind", "parent_code", "valid_from", "valid_to"]
_SUFFIXES = ("自治县", "自治州", "地区", "省", "市", "区", "县", "盟", "旗")


@cache
def load() -> tuple[Division, ...]:
    """Every division of the bundled files, by code; raises ValueError naming file and line."""
    found: list[Division] = []
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".csv"):
            continue
        lines = csv.reader(entry.read_text(encoding="utf-8").splitlines())
        if next(lines) != _COLUMNS:
            raise ValueError(f"pipelines/divisions/{entry.name}: the first line must be {','.join(_COLUMNS)}")
        for number, line in enumerate(lines, 2):
            if len(line) != len(_COLUMNS) or len(line[0]) != 6:
                raise ValueError(
                    f"pipelines/divisions/{entry.name}: line {number}: not a division: {','.join(line)}"
                )
            code, name, kind, parent, since, until = line
            found.append(
                Division(
                    code=code,
                    name=name,
                    kind=kind,
                    parent_code=parent or None,
                    valid_from=int(since) if since else None,
                    valid_to=int(until) if until else None,
                )
            )
    return tuple(sorted(found, key=lambda division: division.code))


@cache
def by_code() -> Mapping[str, Division]:
    """Divisions by code."""
    return {division.code: division for division in load()}


@cache
def by_name() -> Mapping[str, tuple[Division, ...]]:
    """Candidates by full name and, where it has two characters or more left, by name without suffix."""
    named: dict[str, list[Division]] = {}
    for division in load():
        named.setdefault(division.name, []).append(division)
        stem = next((division.name[: -len(s)] for s in _SUFFIXES if division.name.endswith(s)), division.name)
        if len(stem) >= 2:
            named.setdefault(stem, []).append(division)
    return {name: tuple(found) for name, found in named.items()}


def lineage(code: str | None) -> tuple[Division, ...]:
    """A division with those above it, innermost first; empty for an unknown code."""
    line = []
    while code and (division := by_code().get(code)):
        line.append(division)
        code = division.parent_code
    return tuple(line)


def level(division: Division) -> str:
    """The level of a division's government: province, prefecture or county."""
    if division.code.endswith("0000"):
        return "province"
    return "prefecture" if division.code.endswith("00") else "county"


def in_force(division: Division, year: int | None) -> bool:
    """Whether a division existed in a report year (true where the year is not known)."""
    if year is None:
        return True
    return (division.valid_from or 0) <= year <= (division.valid_to or 9999)
