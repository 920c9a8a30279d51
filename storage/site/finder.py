"""Finds the reports that hold what is looked for, and says how far it counted.

Owns the asking of the index and the looking into texts. Where the index alone cannot tell (phrases of
more than two characters, or with signs in them), the texts of the reports that it gives are looked
into, in the order in which they are shown: until the page is full and then for a moment longer, to
count. What was not counted to the end is said to be so.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from storage import search
from storage.folding import Phrase, folded
from storage.site.catalogue import Catalogue

Where: TypeAlias = Literal["anywhere", "text", "titles"]

COUNTING_SECONDS = 0.06
"""How long texts are looked into altogether once the page is full."""
SECONDS = 4.0
"""How long they are looked into where the page does not fill."""
_CHUNK = 250
_LOOKED_BETWEEN = 50
"""Reports between two looks at the clock."""
_SEPARATOR = "\0"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the results are narrowed to; `years` empty, and others None, for all."""

    years: frozenset[int] = frozenset()
    division: str | None = None
    level: str | None = None
    kind: str | None = None
    where: Where = "anywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Reports that hold the phrases, and how far they were counted."""

    report_ids: list[str]
    """Of the page that was asked for."""
    at_least: int
    at_most: int
    in_text: int | None
    """How many have all phrases in their text, not only in titles and headings; None where not counted."""
    unfinished: bool
    """Whether the page may lack reports because looking for them took too long."""
    facets: Mapping[str, Mapping[Any, int | None]]
    """`year`, `division`, `level`, `type` → value → reports (None: not counted)."""

    @property
    def is_exact(self) -> bool:
        """Whether the number of reports is known."""
        return self.at_least == self.at_most


def find(
    conn: sqlite3.Connection,
    known: Catalogue,
    phrases: Sequence[Phrase],
    narrowing: Narrowing,
    *,
    first: int,
    size: int,
    newest_first: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """The reports from the `first` (0) on that hold every phrase; those with all in their text come first.

    At least one phrase has a term.
    """
    certain = all(phrase.is_term for phrase in phrases)
    everywhere, in_text, above = _flags(conn, known, phrases, narrowing.where)
    order = known.order if newest_first else known.oldest_first
    candidates = [number for number in order if everywhere[number]]
    looker = None if certain else _Looker(conn, known, phrases, narrowing.where, above)
    if looker is not None and len(candidates) <= _CHUNK:
        # Few enough to know all of them, and so how they spread.
        looked = list(looker.into(candidates))
        candidates = [number for number, holds, _ in looked if holds]
        for number, _, text in looked:
            in_text[number] = text
        looker = None
    if in_text is not everywhere:
        inside = [number for number in candidates if in_text[number]]
        candidates = inside + [number for number in candidates if not in_text[number]]
    masks = _masks(known, narrowing)
    chosen = _passing(candidates, masks.values())
    facets = _facets(known, candidates, masks, counted=looker is None)
    if looker is None:
        return Found(
            report_ids=_ids(known, chosen[first : first + size]),
            at_least=len(chosen),
            at_most=len(chosen),
            in_text=sum(map(in_text.__getitem__, chosen)),
            unfinished=False,
            facets=facets,
        )
    began = clock()
    found: list[int] = []
    looked_into = 0
    for number, holds, _ in looker.into(chosen):
        looked_into += 1
        if holds:
            found.append(number)
        # A page is full when it is known whether there is another.
        limit = COUNTING_SECONDS if len(found) > first + size else SECONDS
        if looked_into % _LOOKED_BETWEEN == 0 and clock() - began > limit:
            break
    return Found(
        report_ids=_ids(known, found[first : first + size]),
        at_least=len(found),
        at_most=len(found) + len(chosen) - looked_into,
        in_text=None,
        unfinished=looked_into < len(chosen) and len(found) <= first + size,
        facets=facets,
    )


class _Looker:
    """Looks into the texts of reports."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        known: Catalogue,
        phrases: Sequence[Phrase],
        where: Where,
        above: Sequence[int],
    ) -> None:
        self.conn, self.known, self.phrases, self.where = conn, known, phrases, where
        self.above = above
        """Of titles and headings that have none of the phrases nothing need be read."""

    def into(self, numbers: Sequence[int]) -> Iterator[tuple[int, bool, bool]]:
        """Each number with whether the report holds every phrase, and whether all stand in its text."""
        for start in range(0, len(numbers), _CHUNK):
            chunk = numbers[start : start + _CHUNK]
            texts = self._texts(chunk) if self.where != "titles" else {}
            inside = {number: self._inside(number, texts.get(number, "")) for number in chunk}
            open_ones = [number for number in chunk if self.above[number] and not all(inside[number])]
            above = self._above(open_ones) if open_ones else {}
            for number in chunk:
                either = map(max, inside[number], above.get(number, inside[number]))
                yield number, all(either), all(inside[number])

    def _texts(self, numbers: Sequence[int]) -> dict[int, str]:
        marks = ", ".join("?" * len(numbers))
        return dict(
            self.conn.execute(
                "SELECT one.number, group_concat(text, char(0)) FROM search_reports AS one"
                f" JOIN sections USING (report_id) WHERE one.number IN ({marks}) GROUP BY one.number",
                numbers,
            )
        )

    def _inside(self, number: int, text: str) -> list[bool]:
        """Of each phrase, whether the text has it. What folding would not change is not folded for a run."""
        found = []
        whole: str | None = None
        for phrase in self.phrases:
            run = phrase.longest_run
            if run is not None and self.known.plain[number] and not run.is_in(text):
                found.append(False)
            elif run is not None and self.known.plain[number] and phrase.is_run:
                found.append(True)
            else:
                whole = folded(text) if whole is None else whole
                found.append(phrase.is_in(whole))
        return found

    def _above(self, numbers: Sequence[int]) -> dict[int, list[bool]]:
        """Of each phrase, whether the title, the names or a heading of the report has it."""
        marks = ", ".join("?" * len(numbers))
        rows = self.conn.execute(
            "SELECT number, title, agency, agency_as_printed,"
            " (SELECT group_concat(heading, char(0)) FROM sections WHERE sections.report_id = reports.id)"
            f" FROM search_reports JOIN reports ON id = report_id WHERE number IN ({marks})",
            numbers,
        )
        return {
            number: [phrase.is_in(text) for phrase in self.phrases]
            for number, *texts in rows
            if (text := folded(_SEPARATOR.join(text or "" for text in texts)))
        }


def _flags(
    conn: sqlite3.Connection, known: Catalogue, phrases: Sequence[Phrase], where: Where
) -> tuple[bytearray, bytearray, Sequence[int]]:
    """By number: the reports that may hold the phrases, those that may have all in their text, and those
    of whose titles and headings one may have one of them.
    """
    nowhere = bytearray(len(known.ids))
    above = nowhere
    if where != "text":
        for phrase in phrases:
            # What has no term, as signs have none, may stand anywhere.
            query = search.expression([phrase], texts=False)
            one = _numbers(conn, known, query) if query else bytearray(b"\1") * len(nowhere)
            above = one if above is nowhere else _either(above, one)
    if where == "titles":
        return _numbers(conn, known, search.expression(phrases, texts=False)), nowhere, above
    in_text = _numbers(conn, known, search.expression(phrases, headings=False))
    if where == "text":
        return in_text, in_text, above
    if len(phrases) == 1:
        return _either(in_text, above), in_text, above
    return _numbers(conn, known, search.expression(phrases)), in_text, above


def _either(one: bytearray, other: bytearray) -> bytearray:
    both = int.from_bytes(one, "big") | int.from_bytes(other, "big")
    return bytearray(both.to_bytes(len(one), "big"))


def _numbers(conn: sqlite3.Connection, known: Catalogue, query: str | None) -> bytearray:
    flags = bytearray(len(known.ids))
    if query is None:
        return flags
    for (number,) in conn.execute("SELECT rowid FROM search_index WHERE search_index MATCH ?", (query,)):
        # A report that was written a moment ago belongs to the next catalogue.
        if number < len(flags):
            flags[number] = 1
    return flags


def _masks(known: Catalogue, narrowing: Narrowing) -> dict[str, bytes]:
    """For each way in which results are narrowed: which numbers pass."""
    masks: dict[str, bytes] = {}
    if narrowing.years:
        masks["year"] = bytes(year in narrowing.years for year in known.years)
    if narrowing.division:
        inside = {code for code, line in known.places.items() if narrowing.division in line}
        masks["division"] = bytes(code in inside for code in known.divisions)
    if narrowing.level:
        masks["level"] = bytes(level == narrowing.level for level in known.levels)
    if narrowing.kind:
        masks["type"] = bytes(kind == narrowing.kind for kind in known.kinds)
    return masks


def _passing(numbers: list[int], masks: Iterable[bytes]) -> list[int]:
    for mask in masks:
        numbers = [number for number in numbers if mask[number]]
    return numbers


def _facets(
    known: Catalogue, candidates: list[int], masks: Mapping[str, bytes], *, counted: bool
) -> dict[str, dict[Any, int | None]]:
    """How the results spread, each way over those that all other ways let through."""
    facets: dict[str, dict[Any, int | None]] = {}
    values: dict[str, Sequence[Any]] = {
        "year": known.years,
        "division": known.divisions,
        "level": known.levels,
        "type": known.kinds,
    }
    for name, of in values.items():
        passing = _passing(candidates, [mask for way, mask in masks.items() if way != name])
        number = Counter(map(of.__getitem__, passing))
        if name == "division":
            number = known.summed_up(number)
        facets[name] = {value: count if counted else None for value, count in number.items()}
    return facets


def _ids(known: Catalogue, numbers: Iterable[int]) -> list[str]:
    return [report_id for number in numbers if (report_id := known.ids[number]) is not None]
