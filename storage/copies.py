"""What a report says, as plain data: differences and the order among copies.

Pure functions over records (`record_of`); no SQL. Owns the answers to two questions: in which cells do
two readings differ, and which of several copies is shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, TypeAlias

import zstandard

from crawler.items import Listing, Portal
from pipelines.records import Agency, Cell, Dates, Figure, Report

Record: TypeAlias = dict[str, Any]
"""A report as JSON data: what is stored of a copy, and what its rows are made from."""

READABLE = ("number", "blank", "not_applicable")
"""Statuses of a cell of which it is known what it says; `merged` and `unreadable` say nothing certain."""


def record_of(report: Report) -> Record:
    """The report as JSON data, everything kept, in the order in which it was read."""
    return {
        **frame_of(report),
        "figures": [_figure_record(figure) for figure in report.figures],
        "checks": [
            {
                "rule": check.rule,
                "subject": check.subject,
                "outcome": check.outcome,
                "zero_filled": check.zero_filled,
                "severity": check.severity,
                "left": check.left,
                "right": check.right,
                "suspect": None if check.suspect is None else list(check.suspect),
                "detail": check.detail,
                "attribution": check.attribution,
            }
            for check in report.checks
        ],
        "beside": [_figure_record(figure) for figure in report.beside],
    }


def frame_of(report: Report) -> Record:
    """The record of the report without its figures, the numbers beside them and its checks."""
    agency, dates = report.agency, report.dates
    return {
        "title": report.title,
        "agency": None if agency is None else _agency_record(agency),
        "year": report.year,
        "family": report.family,
        "scope": report.scope,
        "published_on": report.published_on,
        "dates": shallow(dates),
        "doubt": report.doubt,
        "form": report.form,
        "forms": dict(report.forms),
        "sections": [[section.number, section.heading, section.text] for section in report.sections],
        "claims": [[claim.about, claim.value, claim.sentence] for claim in report.claims],
        "attachments": [{"url": link.url, "label": link.label} for link in report.attachments],
        "themes": None if report.themes is None else list(report.themes),
        "fingerprints": [[found.chapter, list(found.hashes)] for found in report.fingerprints],
    }


def shallow(value: Portal | Listing | Dates) -> Record:
    """The fields of something that holds no further such thing; `asdict` takes ten times as long."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _agency_record(agency: Agency) -> Record:
    """The body as JSON data; `known_as` and `home_code` are name and division as they are today."""
    return {
        "id": agency.id,
        "name": agency.name,
        "printed": agency.printed,
        "agency_type": agency.agency_type,
        "level": agency.level,
        "division_code": agency.division_code,
        "known_as": agency.known_as or agency.name,
        "home_code": agency.home_code or agency.division_code,
        "body": agency.body,
        "short_names": list(agency.short_names),
        "parent": None if agency.parent is None else _agency_record(agency.parent),
    }


@lru_cache(maxsize=8)
def unpacked(blob: bytes) -> Record:
    """The record that was packed; nobody may change it, as the next to ask is given the same."""
    record: Record = json.loads(zstandard.ZstdDecompressor().decompress(blob))
    return record


# Made once: `json.dumps` makes an encoder for each of a report's two hundred figures.
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))


def json_text(value: object) -> str:
    """JSON with sorted keys and plain Chinese: equal values give equal text."""
    return _JSON.encode(value)


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell that one reading gives otherwise than another; None: the cell is not there."""

    cell: Cell
    before: str | None
    after: str | None


def changed_cells(before: Record, after: Record) -> list[CellChange]:
    """Every cell whose print, value or status differs, those of one side only included, in cell order."""
    older, newer = _by_cell(before), _by_cell(after)
    return [
        CellChange(cell, _shown(older.get(cell)), _shown(newer.get(cell)))
        for cell in sorted({*older, *newer})
        if _said(older.get(cell)) != _said(newer.get(cell))
    ]


def changed_parts(before: Record, after: Record) -> list[str]:
    """Which of figures, sections, title and published_on differ."""
    parts = ["figures"] if changed_cells(before, after) else []
    return parts + [part for part in ("sections", "title", "published_on") if before[part] != after[part]]


def contradicting_cells(one: Record, other: Record) -> list[CellChange]:
    """The cells in which two copies of one report contradict each other, in cell order.

    Compared is what is known: cells that both copies print legibly, and cells that one copy lacks
    of a table that both have. How a number or a missing number is written is no contradiction
    ("/" and an empty cell; 12.0 and 12), a blank beside a 0 is one.
    """
    ours, theirs = _by_cell(one), _by_cell(other)
    shared_tables = {cell.table for cell in ours} & {cell.table for cell in theirs}
    return [
        CellChange(cell, _shown(ours.get(cell)), _shown(theirs.get(cell)))
        for cell in sorted({*ours, *theirs})
        if cell.table in shared_tables and _contradict(ours.get(cell), theirs.get(cell))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One address of a report, as far as the order among the copies needs it."""

    source_url: str
    document_url: str
    member: str
    gone: bool
    figures: int
    legible: int
    house: int
    doubt: str | None = None

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sorts the copy that is shown first; total, and the same in whatever order copies came.

        An address that still gives the report comes before one that gave it once, and a copy with
        figures before one without. A document whose body or year was inferred may be another report's:
        it gives way. Then the house: the agency's own, its division's, a parent division's, any other.
        Then those that do not contradict themselves in body or year, the more legible copy, and the
        addresses themselves.
        """
        return (
            self.gone,
            self.figures == 0,
            self.doubt == "inferred",
            self.house,
            self.doubt is not None,
            -self.legible,
            -self.figures,
            *self.address,
        )

    @property
    def address(self) -> tuple[str, str, str]:
        return (self.document_url, self.source_url, self.member)


def house(agency: Mapping[str, Any], portal_agency: str | None, portal_division: str) -> int:
    """How near a portal is to the agency of a record: 0 its own, 1 its division's, 2 a parent's, 3 other.

    A portal that the registry gives to one agency is that agency's house and nobody else's.
    """
    if portal_agency is not None:
        return 0 if portal_agency in (agency["name"], agency["printed"]) else 3
    division = agency["division_code"]
    if division is None:
        return 3
    if portal_division == division:
        return 1
    return 2 if portal_division in parent_divisions(division) else 3


def parent_divisions(code: str) -> list[str]:
    """The prefecture and province of a division code of GB/T 2260, nearest first."""
    return [parent for parent in (f"{code[:4]}00", f"{code[:2]}0000") if parent != code]


def sentence_of(changes: Sequence[CellChange], limit: int = 5) -> str:
    """The first cells of a list of differences in words: table/row/column: one value, the other."""
    words = [
        f"{'/'.join(change.cell)}: {_quoted(change.before)} | {_quoted(change.after)}"
        for change in changes[:limit]
    ]
    more = f"; … and {len(changes) - limit} more" if len(changes) > limit else ""
    return "; ".join(words) + more


def _quoted(text: str | None) -> str:
    return "not there" if text is None else "blank" if not text.strip() else text


def _figure_record(figure: Figure) -> Record:
    return {
        "cell": list(figure.cell),
        "printed": figure.printed,
        "value": figure.value,
        "unit": figure.unit,
        "status": figure.status,
        "note": figure.note,
        "locator": dict(figure.locator),
        "method": figure.method,
        "verified": figure.verified,
    }


def _by_cell(record: Record) -> dict[Cell, Record]:
    return {Cell(*figure["cell"]): figure for figure in record["figures"]}


def _said(figure: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    if figure is None:
        return None
    return (figure["printed"], figure["value"], figure["unit"], figure["status"], figure["note"])


def _shown(figure: Mapping[str, Any] | None) -> str | None:
    """What the cell shows; a merged cell prints nothing of its own, so the row's raw values stand for it."""
    if figure is None:
        return None
    text = figure["printed"] if figure["printed"] is not None else figure["note"]
    return "" if text is None else str(text)


def _contradict(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    if one is None or other is None:
        there = one if one is not None else other
        return there is not None and there["status"] == "number"
    if one["status"] not in READABLE or other["status"] not in READABLE:
        return False
    if (one["value"] is None) != (other["value"] is None):
        return True
    if one["value"] is None:
        return False
    return not math.isclose(one["value"], other["value"], rel_tol=1e-9)
