"""Administrative divisions as the pages show them: names, lineage, what lies below, and their tile map.

Owns `tiles.toml` and the reading of `divisions` and `division_years` for pages. A division that has had
several names or parents is shown by its last.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from datasette.utils.asgi import BadRequest

from storage.site.charts import chart
from storage.site.frame import Query
from storage.site.language import words

_SHORT = ("特别行政区", "自治区", "自治州", "地区", "省", "市", "盟")
COUNTS = (
    "owed",
    "published",
    "missing",
    "missing_unsure",
    "unread",
    "not_known",
    "reports",
    "late",
    "failing",
)

_TONES = {"published": 0, "missing": 1, "missing_unsure": 8, "unread": 3, "not_known": 4}
"""The colour of charts.js in which a state is drawn, whatever others there are."""


async def division(query: Query, code: str) -> dict[str, Any] | None:
    """`code`, `name`, `kind`, `parent_code`, `valid_from`, `valid_to` of a division, or None."""
    rows = await query(
        "SELECT * FROM divisions WHERE code = :code"
        " ORDER BY ifnull(valid_to, 9999) DESC, valid_from DESC LIMIT 1",
        {"code": code},
    )
    return rows[0] if rows else None


async def lineage(query: Query, code: str | None) -> list[dict[str, Any]]:
    """The division and those that it lies in, from the province down; none where the code is not known."""
    line: list[dict[str, Any]] = []
    while code and len(line) < 6:
        found = await division(query, code)
        if found is None:
            break
        line.insert(0, found)
        code = found["parent_code"]
    return line


async def below(query: Query, code: str | None) -> list[dict[str, Any]]:
    """The divisions directly below one, or the provinces, by code; each once, with its last name."""
    where = "parent_code IS :code" if code is None else "parent_code = :code"
    rows = await query(
        f"SELECT * FROM divisions WHERE {where} ORDER BY code, ifnull(valid_to, 9999), valid_from",
        {"code": code},
    )
    return list({row["code"]: row for row in rows}.values())


async def coverage_of(query: Query, codes: Sequence[str], year: int) -> dict[str, dict[str, Any]]:
    """Row of `division_years` of that year for each division with all below it, by code."""
    marks = ", ".join(f":c{number}" for number in range(len(codes)))
    rows = await query(
        f"SELECT * FROM division_years WHERE reach = 'area' AND year = :year AND division_code IN ({marks})",
        {"year": year, **{f"c{number}": code for number, code in enumerate(codes)}},
    )
    return {row["division_code"]: row for row in rows}


async def summaries_made(query: Query) -> bool:
    """Whether the sums over all reports have been made; they are when a run ends."""
    return bool(await query("SELECT 1 FROM site_counts LIMIT 1", {}))


def short_name(name: str) -> str:
    """A division's name without what kind it is, for a tile: 牡丹江, 大兴安岭, 爱民区 as it is."""
    for ending in _SHORT:
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name


def tile_map(
    parent: str | None, divisions: Iterable[Mapping[str, Any]], coverage: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Tiles for `_parts.html`: `columns` (None: a plain grid) and `tiles` (row, column or None, counts).

    Divisions that have ended are left out unless the year has something of theirs.
    """
    positions = tile_positions().get(parent or "", {})
    tiles = []
    for each in divisions:
        counts = coverage.get(each["code"])
        if counts is None and each["valid_to"] is not None:
            continue
        row, column = positions.get(each["code"], (None, None))
        tiles.append(
            {
                "code": each["code"],
                "name": each["name"],
                "short": short_name(each["name"]),
                "row": row,
                "column": column,
                **{name: counts[name] if counts else 0 for name in COUNTS},
                "shade": shade(counts),
            }
        )
    placed = bool(tiles) and all(tile["row"] for tile in tiles)
    if not placed:
        for tile in tiles:
            tile["row"] = tile["column"] = None
    return {"columns": max(tile["column"] for tile in tiles) if placed else None, "tiles": tiles}


def shade(counts: Mapping[str, Any] | None) -> int | None:
    """How much of what is owed is held, in steps from 0 (nothing) to 5 (all); None where nothing is owed."""
    if counts is None or not counts["owed"]:
        return None
    held = counts["published"] / counts["owed"]
    return 0 if not held else 5 if held == 1 else 1 + int(held * 4)


@cache
def tile_positions() -> dict[str, dict[str, tuple[int, int]]]:
    """Province → division → row and column. Raises ValueError naming what in tiles.toml is unknown."""
    text = resources.files("storage.site").joinpath("tiles.toml").read_text("utf-8")
    return read_tiles(text)


def read_tiles(text: str) -> dict[str, dict[str, tuple[int, int]]]:
    """The positions in a text of TOML; see `tile_positions`."""
    found = {}
    for province, entry in tomllib.loads(text).items():
        unknown = sorted(set(entry) - {"note", "tiles"})
        if unknown:
            raise ValueError(f"tiles.toml: {province}: unknown key {unknown[0]}")
        places: dict[str, tuple[int, int]] = {}
        for code, place in entry["tiles"].items():
            if len(place) != 2 or not all(isinstance(number, int) and number > 0 for number in place):
                raise ValueError(f"tiles.toml: {province}: {code}: no row and column")
            if tuple(place) in places.values():
                raise ValueError(f"tiles.toml: {province}: {code}: another stands at {place}")
            places[code] = (place[0], place[1])
        found[province] = places
    return found


def chosen_year(given: str | None, years: Sequence[int], default: int | None, lang: str) -> int | None:
    """The year that was asked for, else the default. Raises BadRequest for one that is not there."""
    if given is None or given == "":
        return default
    if not (given.isascii() and given.isdigit() and len(given) == 4 and int(given) in years):
        span = f"{years[0]}–{years[-1]}" if years else "–"
        raise BadRequest(words().text(lang, "error.unknown_year", given=given[:20], span=span))
    return int(given)


def last_full_year(rows: Iterable[Mapping[str, Any]]) -> int | None:
    """The year to begin with: the last in which a report is held, else the last of all."""
    years = [row["year"] for row in rows if row["reports"]] or [row["year"] for row in rows]
    return max(years, default=None)


def coverage_chart(years: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any] | None:
    """What is owed by year, by what became of it; none where nothing is owed."""
    text = words().text
    parts = {
        "published": [row["published"] for row in years],
        "missing": [row["missing"] - row["missing_unsure"] for row in years],
        "missing_unsure": [row["missing_unsure"] for row in years],
        "unread": [row["unread"] for row in years],
        "not_known": [row["not_known"] for row in years],
    }
    return chart(
        "stack",
        text(lang, "home.coverage_chart"),
        [row["year"] for row in years],
        [
            {"label": text(lang, f"state.{name}"), "values": values, "tone": _TONES[name]}
            for name, values in parts.items()
            if any(values)
        ],
        lang=lang,
    )
