"""What stands over a table and says that it is another's: of another body, a whole area, another report.

Owns the doubt alone: the figures stand as printed. A caption is a short line straight over a table, its own
first row, or the sentence that leads to it (… 如下：); a title of another report holds for every table up to
the next title, tables in running text included. Which words speak of a whole area is data (`agencies.toml`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from pipelines.agencies import data, kind_of, plain, without_signs
from pipelines.content import Content, Grid, Paragraph
from pipelines.identity import Identity, Title, parsed_title, report_titles
from pipelines.labels import has_han
from pipelines.records import Agency, Figure, Locator, Problem

_LONGEST_CAPTION = 40
_CAPTIONS = 2
"""Short lines over a table that are looked at: a unit (单位：件) may stand below the caption."""
_SENTENCE = re.compile("[。,;]")
_HEADING = re.compile(r"\s*(?:第?[一二三四五六七八九十]+(?:部分|章|[、.．]))")
"""A chapter's: what stands before it is said of nothing below it."""
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!\d{1,2}月|以来)")
_OF_AN_AREA = frozenset({"government", "government_office", "township", "management_committee"})
"""Kinds of bodies that may report for all of their area."""
_TOLD = ("number", "blank", "not_applicable", "merged")


_Place: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Own:
    """The report's own body, the years that it and its title name, and how other names are resolved."""

    agency: Agency
    years: frozenset[int]
    body: Callable[[str], Agency | None]

    def is_another(self, name: str) -> bool:
        """Whether a name is that of a body which is not the report's, nor an office of it."""
        if name in (self.agency.printed, self.agency.name) or kind_of(name) == "other":
            return False
        other = self.body(name)
        if other is None or other.id == self.agency.id or other.agency_type == "other":
            return False
        tails = (re.sub(r"^[省市区县]", "", other.name), name)
        own = (self.agency.name, without_signs(plain(self.agency.printed)))
        return not (
            any(tail in mine or mine in tail for tail in tails for mine in own) or self._is_short(name)
        )

    def _is_short(self, name: str) -> bool:
        """Whether a name is the report's own body's, shortened (市文旅局): it begins alike, and all of its
        signs stand in the whole name in their order. One that begins otherwise may be an office under it.
        """
        whole = self.agency.body or re.sub(r"^.+?[省市区县旗州盟](?=.{3})", "", self.agency.name)
        place = self.agency.name.removesuffix(whole)
        for tail in (name, re.sub(r"^[省市区县]", "", name), name.removeprefix(place)):
            left = iter(whole)
            if tail[:1] == whole[:1] and all(sign in left for sign in tail):
                return True
        return False


def tables_of_others(
    content: Content,
    figures: Sequence[Figure],
    found: Identity,
    body: Callable[[str], Agency | None],
) -> Iterator[Problem]:
    """A problem for each line that says of tables under it that they are not the report's own, with the
    figures that were read from them. `body` resolves a printed name.
    """
    agency, year = found.agency, found.year
    if agency is None or agency.agency_type == "other":
        return
    # A title whose year was refuted is the report's own still.
    years = frozenset({year, *parsed_title(found.title).years} if year else ())
    said = [(line, block) for line, block in _lines_over(content, _Own(agency, years, body)) if line]
    by_place: dict[_Place, list[Figure]] = {}
    for figure in figures if said else ():
        if figure.status in _TOLD:
            by_place.setdefault(_place(figure.locator), []).append(figure)
    doubted: dict[str, list[Figure]] = {}
    for line, block in said:
        doubted.setdefault(line, []).extend(by_place.get(_place(block.where), ()))
    for line, under in doubted.items():
        if under:
            yield Problem(
                code="table_of_another",
                where=under[0].locator,
                cells=tuple(figure.cell for figure in under),
                detail=f"the report is {agency.name}'s of {year}, and over the table of {len(under)} cells"
                f" stands {line[:80]!r}",
            )


def _place(where: Locator) -> _Place:
    """What a figure's place shares with that of its table, or of its line of running text."""
    return (where["table"],) if "table" in where else (where.get("page"), where.get("line"))


def _lines_over(content: Content, own: _Own) -> Iterator[tuple[str, Paragraph | Grid]]:
    """Each table with the line that says that it is another's, "" where none does; each line of text with
    the title of another report over it.
    """
    lines: list[str] = []  # since the last table
    title, caption = "", ""
    for block in content.blocks:
        if isinstance(block, Paragraph):
            if len(block.text) > 2 and has_han(block.text) and not _leads_elsewhere(block.text):
                if _HEADING.match(block.text):
                    lines.clear()
                lines.append(block.text)
                for found in report_titles(block.text):
                    title = block.text if _is_of_another(found, own) else ""
            yield title, block
            continue
        if lines:  # else it is a further piece of the table above, or stands beside it
            caption = ""
        for line in (*_captions(lines), *_first_rows(block)):
            caption = line if _names_another(line, own) else caption
        lines = []
        yield caption or title, block


def _captions(lines: Sequence[str]) -> Iterator[str]:
    """Of the lines over a table those that may be its captions, the nearest last."""
    for line in lines[-_CAPTIONS:]:
        if len(line) <= _LONGEST_CAPTION and "。" not in line:  # a sentence is said of the chapter
            yield line
    if lines and len(lines[-1]) > _LONGEST_CAPTION and lines[-1][-1] in ":：":
        said = lines[-1][:-1]
        yield said[max(map(said.rfind, "。；;")) + 1 :].removesuffix("如下")


def _first_rows(grid: Grid) -> Iterable[str]:
    """The texts of a table's first row where it has but one."""
    texts = [cell.text for cell in grid.rows[0] if cell.text] if grid.rows else []
    return texts if len(texts) == 1 and len(texts[0]) <= _LONGEST_CAPTION else ()


def _leads_elsewhere(line: str) -> bool:
    """Whether a line is a link to another page, which names what stands there."""
    return len(line) < 200 and bool(re.match(data()["captions"]["elsewhere"], line))


def _is_of_another(title: Title, own: _Own) -> bool:
    if title.year and own.years and title.year not in own.years and len(title.years) == 1:
        return True
    return bool(title.agency) and own.is_another(title.agency or "")


def _names_another(line: str, own: _Own) -> bool:
    wide, name, years = _said(line)
    if years and own.years and own.years.isdisjoint(years):
        return True
    if wide and own.agency.agency_type not in _OF_AN_AREA:
        return True
    return bool(name) and own.is_another(name)


@lru_cache(maxsize=1024)
def _said(line: str) -> tuple[bool, str, frozenset[int]]:
    """Whether a caption speaks of a whole area, the name that it begins with, "" for none, and the years of
    one that is no sentence.
    """
    words: Mapping[str, str] = data()["captions"]
    flat = plain(line)
    found = re.match(words["named"], flat)
    wide = bool(re.search(words["whole_area"], flat))
    years = frozenset() if _SENTENCE.search(flat) else frozenset(map(int, _YEAR.findall(flat)))
    return wide, found["name"] if found else "", years
