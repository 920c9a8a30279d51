"""What the words of a title or a menu say: report or not, its year, the way to the section.

Owns the judgement only; the words themselves are data in titles.toml. Pure functions over text.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit, urlunsplit

_FILE = Path(__file__).with_name("titles.toml")
_KEYS = {
    "report": {"matches", "strong", "cut", "carried"},
    "other": {"ends", "begins", "anywhere", "kinds"},
    "menu": {"section", "hub", "parts", "addresses", "entrance"},
    "column": {"annual", "year", "level", "bare", "heads", "tails", "rests", "agency", "place"},
    "pager": {"next", "number", "icon", "boxes", "more", "all", "turn"},
    "search": {"words", "forms"},
}
_HAN_DIGITS = {han: str(number) for number, han in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
    "O": "0",
}
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)(年度|年)?")
_HAN_YEAR = re.compile(r"([一二][〇零○O一二三四五六七八九]{3})(?=年)")
_SPAN = re.compile(r"(?:19|20)\d{2}年?[-—~至到、和](?:(?:19|20)\d{2}|\d{2}(?=年))年?")
_REPORT_WORDS = re.compile(r"(政府)?信息公开|政务公开|年度报告|年报")
_CUT = re.compile(r"\.{2,}$")
# What is said of a body behind its name: 市教育局(原)
_BRACKET = re.compile(r"(?<=.{3})[(（【\[][^()（）【】\[\]]{0,20}[)）】\]]$")
# What may trail a title without being its subject: a file ending, a bracket, a version, a date.
_TAIL = re.compile(
    r"(\.(pdf|docx?|wps|xlsx?|et|ofd|html?|zip|rar|7z|txt)|[(（【\[〔][^()（）【】\[\]〔〕]{0,30}[)）】\]〕]"
    r"|(19|20)\d{2}(年度?|版|年版)?|20\d{2}-\d{1,2}-\d{1,2}|[-—_·.…:：。]+)$",
    re.IGNORECASE,
)


class TitlesError(ValueError):
    """titles.toml does not have the shape it must have."""


class Words(NamedTuple):
    """The compiled expressions of titles.toml by table and key."""

    tables: Mapping[str, Mapping[str, tuple[re.Pattern[str], ...]]]

    def rank(self, table: str, key: str, text: str) -> int | None:
        """Place of the first expression that `text` matches, counted from 0, or None."""
        for place, pattern in enumerate(self.tables[table][key]):
            if pattern.search(text):
                return place
        return None

    def match(self, table: str, key: str, text: str) -> bool:
        """Whether any expression of the key matches."""
        return self.rank(table, key, text) is not None


Told = TypeVar("Told")


def _of_label(judge: Callable[[str], Told]) -> Callable[[str], Told]:
    """A judgement over a text that is kept for labels: every page of a portal repeats those of its menu."""
    kept = lru_cache(maxsize=_LABELS)(judge)

    @wraps(judge)
    def judging(text: str) -> Told:
        return (kept if len(text) <= _LABEL else judge)(text)

    return judging


_LABEL = 60
"""Characters of a text that is kept with what it was told to be."""
_LABELS = 4096
"""How many of them."""


@cache
def words() -> Words:
    """titles.toml, compiled. Raises TitlesError where a key is unknown, missing or no expression."""
    given = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    if set(given) != set(_KEYS) or any(set(given[table]) != keys for table, keys in _KEYS.items()):
        raise TitlesError(f"{_FILE.name}: tables and keys must be {_KEYS}")
    tables: dict[str, dict[str, tuple[re.Pattern[str], ...]]] = {}
    for table, keys in given.items():
        tables[table] = {key: _compiled(f"{table}.{key}", values) for key, values in keys.items()}
    return Words(tables)


def _compiled(key: str, expressions: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    ends = key in ("other.ends", "column.tails")
    begins = key in ("other.begins", "column.heads")
    compiled = []
    for expression in expressions:
        whole = f"(?:{expression})$" if ends else f"^(?:{expression})" if begins else expression
        try:
            compiled.append(re.compile(whole, re.IGNORECASE))
        except re.error as error:
            raise TitlesError(f"{_FILE.name}: {key}: {expression!r}: {error}") from error
    return tuple(compiled)


@_of_label
def folded(text: str) -> str:
    """Text with full-width forms made plain and all white space and zero-width signs removed."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    # What can be printed holds no sign without a width.
    return (
        plain
        if plain.isprintable()
        else "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    )


def _arabic_years(text: str) -> str:
    return _HAN_YEAR.sub(lambda found: "".join(_HAN_DIGITS[sign] for sign in found[1]), text)


@_of_label
def title_year(title: str) -> int | None:
    """The one report year that the title names, or None where it names none or several.

    Years count before 年 or 年度, in plain, full-width or Chinese digits, and directly before the
    words of a report. A year after those words (a date, a version) is used only where it is alone.
    """
    text = _arabic_years(folded(title))
    if _SPAN.search(text):
        return None
    words_at = _REPORT_WORDS.search(text)
    found = [
        (match.start(), int(match[1]))
        for match in _YEAR.finditer(text)
        if match[2] or _REPORT_WORDS.match(text, match.end())
    ]
    if words_at is not None:
        before = {year for place, year in found if place < words_at.start()}
        if before:
            return before.pop() if len(before) == 1 else None
    years = {year for _, year in found}
    return years.pop() if len(years) == 1 else None


def _subject(text: str) -> str:
    """The folded title without what trails its last word."""
    while True:
        shorter = _TAIL.sub("", text)
        if shorter == text or not shorter:
            return text
        text = shorter


@_of_label
def is_report(title: str) -> bool:
    """Whether a title names an annual report on open government information by itself."""
    return words().match("report", "matches", _arabic_years(folded(title))) and not is_other(title)


def may_be_report(title: str) -> bool:
    """Whether a title that is cut may be a report's: it names a year, and was cut where the words begin."""
    text = _arabic_years(folded(title))
    return bool(_CUT.search(text) and _YEAR.search(text)) and words().match("report", "cut", text)


@_of_label
def names_report(title: str) -> bool:
    """Whether a title names one report rather than the section: a year, or more than a menu's words."""
    return is_report(title) and (
        bool(_YEAR.search(_arabic_years(folded(title)))) or section_rank(title) is None
    )


@_of_label
def is_other(title: str) -> bool:
    """Whether a title is told to be something else: a guide, a notice, a form, a bulletin.

    A report word with a year outweighs a telling word that stands anywhere in the title (it may
    belong to the agency's name), but not one that ends it.
    """
    text = _arabic_years(folded(title))
    known = words()
    if _YEAR.search(text) and known.match("report", "carried", _subject(text)):
        return False
    # How a title that is cut ends is not known.
    if known.match("other", "ends", _subject(text)) and not _CUT.search(text):
        return True
    if known.match("other", "begins", text):
        return True
    ours = known.match("report", "matches", text)
    if not ours and known.match("other", "kinds", text):
        return True
    if not known.match("other", "anywhere", text):
        return False
    named = ours or known.match("report", "strong", text)
    return not (named and _YEAR.search(text))


_LONGEST_LABEL = 60
"""Signs of a label of a menu; a longer text is none, whatever stands around it."""


def bare(label: str) -> str:
    """A folded label without the signs and the count around it (· 2024年(15) ›)."""
    text = folded(label)
    if len(text) > _LONGEST_LABEL:
        return text
    for pattern in words().tables["column"]["bare"]:
        text = pattern.sub("", text) or text
    return text


@_of_label
def section_rank(label: str) -> int | None:
    """How well a menu label names the section of annual reports: 0 is best, None is not at all.

    A label with a year names a part of the section, so it ranks after those without.
    """
    text = _arabic_years(bare(label))
    if not text or len(text) > 26 or is_other(label):
        return None
    rank = words().rank("menu", "section", text)
    return None if rank is None else rank + (10 if _YEAR.search(text) else 0)


@_of_label
def hub_rank(label: str) -> int | None:
    """How well a menu label names a page on which the section may stand: 0 is best."""
    text = bare(label)
    if not text or len(text) > 20:
        return None
    return words().rank("menu", "hub", text)


def is_hub(label: str) -> bool:
    """Whether a label names a page above the section and not the section itself."""
    return hub_rank(label) is not None and section_rank(label) is None


def is_entrance(label: str) -> bool:
    """Whether a label leads from a page of welcome to the portal itself."""
    return len(label) <= _LABEL and words().match("menu", "entrance", folded(label).lower())


def is_hub_below(label: str) -> bool:
    """Whether a label leads to the pages of departments or places (市政府部门信息公开)."""
    text = folded(label)
    level = re.sub(r"(政府)?(信息|政务)公开(平台|专栏|专区|网|目录|年报)?$", "", text)
    return level != text and (is_level(level) or is_level(f"{level}政府"))


@_of_label
def hub_part(label: str) -> int | None:
    """Which part of a page on government information a menu label names, or None."""
    return words().rank("menu", "parts", folded(label))


def section_address(url: str) -> tuple[int, str] | None:
    """How well an address tells that it is the section's (0 is best), and the section's own address.

    The address of an article below the section tells the section, too. None where nothing tells.
    """
    parts = urlsplit(url)
    for rank, pattern in enumerate(words().tables["menu"]["addresses"]):
        found = pattern.search(parts.path)
        if found:
            after = parts.path.find("/", found.end())
            path = parts.path if after < 0 else parts.path[: after + 1]
            kept = parts._replace(path=path, query=parts.query if after < 0 else "", fragment="")
            return rank, urlunsplit(kept)
    return None


def names_annual(label: str) -> bool:
    """Whether a label or heading speaks of annual reports."""
    return words().match("column", "annual", folded(label))


@_of_label
def is_year(label: str) -> bool:
    """Whether a label is nothing but a year or a span of years."""
    return words().match("column", "year", bare(label))


@_of_label
def is_level(label: str) -> bool:
    """Whether a label divides a section by level (市本级, 县(市)区, 市直部门)."""
    return words().match("column", "level", bare(label))


@_of_label
def divides_annual(label: str) -> bool:
    """Whether a label says that it holds annual reports of some years or of a level (2024年各部门年报)."""
    text, known = _arabic_years(bare(label)), words()
    if len(text) > 26 or is_other(label):
        return False
    core = next(
        (pattern.sub("", text) for pattern in known.tables["column"]["tails"] if pattern.search(text)), ""
    )
    rest = next((pattern.sub("", core) for pattern in known.tables["column"]["heads"]), core)
    left = [one for one in (core, rest) if one]
    return is_year(core) or any(is_level(one) or known.match("column", "rests", one) for one in left)


@_of_label
def is_agency(label: str) -> bool:
    """Whether a label reads like the name of an agency."""
    text = _BRACKET.sub("", bare(label))
    return 2 < len(text) <= 30 and words().match("column", "agency", text)


def is_place(label: str) -> bool:
    """Whether a label is the name of a place with a government: a county, a district, a city."""
    return words().match("column", "place", bare(label)) and not is_level(label)


def is_search_form(name: str) -> bool:
    """Whether what a form is called (address, name, class) says that it is a search."""
    return words().match("search", "forms", name)


def search_words() -> tuple[str, ...]:
    """What the portals' own searches are asked for."""
    return tuple(pattern.pattern for pattern in words().tables["search"]["words"])


@_of_label
def page_number(label: str) -> int | None:
    """The page that a pager's number leads to ([2], -2-, 第2页), or None where a text is none."""
    text = folded(label)
    found = (pattern.search(text) for pattern in words().tables["pager"]["number"])
    return next((int(match[1]) for match in found if match), None)


def names_next(name: str) -> bool:
    """Whether a class, an id or a spoken label says that its element leads to the next page."""
    return words().match("pager", "icon", name)


@_of_label
def is_turning(label: str) -> bool:
    """Whether a text holds nothing but what turns the pages of a list, or nothing at all: an arrow, a span of
    entries, the words for the last page.
    """
    return len(label) < 16 and words().match("pager", "turn", folded(label).lower())


@_of_label
def is_pager(name: str) -> bool:
    """Whether a class or an id is a pager's."""
    return words().match("pager", "boxes", name)


def is_more_of_list(label: str) -> bool:
    """Whether something to click on makes a list longer where it stands."""
    return len(label) < 12 and words().match("pager", "more", folded(label).lower())


def is_whole_list(label: str) -> bool:
    """Whether a link's text leads from the newest entries to all of them."""
    return len(label) < 12 and words().match("pager", "all", folded(label).lower())


@_of_label
def is_next(label: str) -> bool:
    """Whether a link's text leads to the next page of a list."""
    return words().match("pager", "next", folded(label).lower())
