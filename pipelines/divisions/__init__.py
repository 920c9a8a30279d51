"""Administrative divisions of China (GB/T 2260) with their years.

Owns the lookup of divisions by code and by name. Names repeat all over the country (向阳区 stands
twice in Heilongjiang alone), so a name gives candidates, never a division. A code whose name
changed has a row for each name. Four districts of 大兴安岭 that are administered without formal
registration carry the kind `district (unofficial)`.

The files are read when a division is first asked for, and a row becomes a `Division` when it is: most
readings need a handful of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from pipelines.records import Division

_HEADER = "code,name,kind,parent_code,valid_from,valid_to"

PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|保安|裕固|独龙|鄂伦春|门巴|珞巴|各"
)
"""Peoples in the names of autonomous divisions, without the 族 that most of them carry."""

_PEOPLE = re.compile(rf"(?:(?:{PEOPLES})族)+|(?:蒙古|维吾尔|壮族|回族|哈萨克|柯尔克孜|达斡尔|鄂温克|锡伯)+")
_ENDING = re.compile(r"(?:特别行政区|自治[区州县旗]|地区|(?<=神农架)林区|特区|[省市区县盟旗州])$")


@cache
def _lines() -> tuple[str, ...]:
    """The rows of the files as they stand; raises ValueError naming file and line."""
    found: list[str] = []
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".csv"):
            continue
        header, *lines = entry.read_text(encoding="utf-8").splitlines()
        if header != _HEADER:
            raise ValueError(f"pipelines/divisions/{entry.name}: the first line must be {_HEADER}")
        for number, line in enumerate(lines, 2):
            if line.count(",") != 5 or line.find(",") != 6:
                raise ValueError(f"pipelines/divisions/{entry.name}: line {number}: not a division: {line}")
        found += lines
    return tuple(found)


@cache
def _lines_by_code() -> Mapping[str, str]:
    """The rows of a code, one below the other in the order of their years."""
    found: dict[str, str] = {}
    for line in _lines():
        code = line[:6]
        found[code] = f"{found[code]}\n{line}" if code in found else line
    return found


@cache
def _codes_by_name() -> Mapping[str, str]:
    """Codes by name, one after the other."""
    found: dict[str, str] = {}
    for line in _lines():
        name = line[7 : line.index(",", 7)]
        found[name] = f"{found[name]} {line[:6]}" if name in found else line[:6]
    return found


@cache
def _codes_by_short_name() -> Mapping[str, tuple[str, ...]]:
    """Codes by what people say for a division: 内蒙古, 牡丹江, 甘南州; no bare name of a county."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines():
        name = line[7 : line.index(",", 7)]
        high = line.startswith("00", 4)
        autonomous = "自治" in name or "族" in name
        words = [stem(name)] if high else []
        if autonomous:
            words.append(stem(name) + name[-1])
        for word in words:
            if len(word) >= 2 and word != name and line[:6] not in found.get(word, ()):
                found[word] = (*found.get(word, ()), line[:6])
    return found


@cache
def _divisions(code: str) -> tuple[Division, ...]:
    return tuple(
        Division(
            code=code,
            name=name,
            kind=kind,
            parent_code=parent or None,
            valid_from=int(since) if since else None,
            valid_to=int(until) if until else None,
        )
        for line in _lines_by_code().get(code, "").splitlines()
        for _, name, kind, parent, since, until in (line.split(","),)
    )


@cache
def load() -> tuple[Division, ...]:
    """Every row of the bundled files, by code and years; raises ValueError naming file and line."""
    return tuple(division for code in sorted(_lines_by_code()) for division in _divisions(code))


def by_code(code: str | None, year: int | None = None) -> Division | None:
    """The division of a code as it was called in the year, else as it was called last."""
    rows = _divisions(code) if code else ()
    return next((row for row in rows if year is not None and in_force(row, year)), rows[-1] if rows else None)


def named(name: str) -> tuple[Division, ...]:
    """The rows that bear exactly this name, by code."""
    return tuple(
        row for code in _codes_by_name().get(name, "").split() for row in _divisions(code) if row.name == name
    )


def called(word: str) -> tuple[Division, ...]:
    """The divisions that are called so for short: provinces and prefectures without their ending
    (牡丹江), autonomous divisions without their peoples (甘南州). Several where the word does not decide.
    """
    rows = (row for code in _codes_by_short_name().get(word, ()) for row in _divisions(code))
    return tuple(row for row in rows if word in (stem(row.name), stem(row.name) + row.name[-1]))


def stem(name: str) -> str:
    """A division's name without its ending and peoples: 牡丹江, 杜尔伯特, 内蒙古, 宾."""
    bare = _ENDING.sub("", name)
    without = re.sub(rf"(?:{_PEOPLE.pattern})$", "", bare)
    # 东乡族自治县 and 鄂温克族自治旗 are named after their people alone.
    return without if len(without) >= 2 or without == bare else re.sub(r"族$", "", bare)


@cache
def longest_name() -> int:
    """Characters of the longest name."""
    return max(map(len, _codes_by_name()))


def children(code: str) -> Iterator[Division]:
    """The rows directly under a division."""
    prefix = code.rstrip("0") if code.endswith("00") else code
    prefix += "0" * (len(prefix) % 2)
    for other in _lines_by_code():
        if other.startswith(prefix):
            yield from (row for row in _divisions(other) if row.parent_code == code)


def lineage(code: str | None, year: int | None = None) -> tuple[Division, ...]:
    """A division with those above it, innermost first; empty for an unknown code."""
    line = []
    while code and (division := by_code(code, year)):
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
