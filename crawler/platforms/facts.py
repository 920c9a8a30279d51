"""What platforms.toml says of each platform, compiled.

Owns the reading of that file only; what the facts are used for is the platforms' business.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.page import Page

_FILE = Path(__file__).with_name("platforms.toml")
_EXPRESSIONS = ("marks", "addresses", "articles", "columns")
_TEXTS = ("paths", "lists", "parameters")
_ASIDE = 0xF0000
"""Numbers from here on are nobody's signs."""
_KEYS = {*_EXPRESSIONS, *_TEXTS, "sizes"}


class FactsError(ValueError):
    """platforms.toml does not have the shape it must have; the message names table and key."""


class Mark(NamedTuple):
    """An expression for text in small letters, and a piece, as UTF-8, of all that it matches."""

    expression: re.Pattern[str]
    piece: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The entry of one platform; the keys are explained at the head of platforms.toml."""

    marks: tuple[Mark, ...] = ()
    addresses: re.Pattern[str] | None = None
    articles: re.Pattern[str] | None = None
    columns: re.Pattern[str] | None = None
    paths: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    lists: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    def mark(self, page: Page) -> str | None:
        """What on a page says that it is of this platform: words of its source or its address, or None."""
        # Most pages hold no piece of most platforms' marks: looking for the pieces is quicker by far.
        marks = [mark for mark in self.marks if mark.piece in page.lowered_bytes]
        found = [match for mark in marks if (match := mark.expression.search(page.lowered))]
        if found:
            first = min(found, key=re.Match.start)
            if len(page.html) == len(page.lowered):
                return page.html[first.start() : first.end()]
            # A letter or two have two small ones, and shift what follows.
            printed = re.search(first.re.pattern, page.html, re.IGNORECASE)
            return printed[0] if printed else first[0]
        address = self.addresses.search(_local(page.url)) if self.addresses else None
        return address[0] if address else None

    def is_article(self, url: str) -> bool:
        """Whether an address is one of the platform's articles."""
        return bool(self.articles and self.articles.search(_local(url)))

    def column(self, url: str) -> str:
        """The column that an article's address names, or nothing."""
        found = self.columns.search(_local(url)) if self.columns else None
        return next((group for group in found.groups() if group), "") if found else ""


def _local(url: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def facts_of(name: str) -> Facts:
    """The facts of a platform; KeyError for a name that platforms.toml does not have."""
    return _all()[name]


def names() -> tuple[str, ...]:
    """The platforms, in the order in which they are tried on a page."""
    return tuple(_all())


@cache
def _all() -> Mapping[str, Facts]:
    return read(_FILE.read_text(encoding="utf-8"))


def read(text: str) -> Mapping[str, Facts]:
    """The facts that a TOML text holds. Raises FactsError for unknown keys and wrong values."""
    given = tomllib.loads(text)
    return {name: _entry(name, table) for name, table in given.items()}


def _entry(name: str, table: object) -> Facts:
    if not isinstance(table, dict):
        raise FactsError(f"{_FILE.name}: {name}: must be a table")
    for key, values in table.items():
        if key not in _KEYS:
            raise FactsError(f"{_FILE.name}: {name}: unknown key {key!r}")
        kind = int if key == "sizes" else str
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise FactsError(f"{_FILE.name}: {name}: key {key!r}: must be a list of {kind.__name__}")
    given: dict[str, Any] = {
        key: _compiled(f"{name}: {key}", values) if key in _EXPRESSIONS else tuple(values)
        for key, values in table.items()
    }
    given.pop("marks", None)
    return Facts(**given, marks=tuple(mark_of(mark) for mark in table.get("marks", ())))


def mark_of(expression: str) -> Mark:
    """The mark of an expression: capital letters in it, but for those of escapes, are made small.

    Text that is small throughout is searched ten times as fast as with letters of both kinds alike.
    """
    small = re.sub(r"(\\.)|([A-Z]+)", lambda found: found[1] or found[2].lower(), expression)
    return Mark(re.compile(small), piece_of(expression).encode())


def piece_of(expression: str) -> str:
    """The longest text, in small letters, that plainly stands in all that an expression matches."""
    # A sign that is escaped is meant as it is, and set aside so that it is not taken for what it means.
    plain = re.sub(r"\\(\W)", lambda found: chr(_ASIDE + ord(found[1])), expression)
    plain = re.sub(r"\\.|\[[^\]]*\]", "\0", plain)
    while (shorter := re.sub(r"\([^()]*\)", "\0", plain)) != plain:
        plain = shorter
    if "|" in plain:
        return ""
    # What may be absent, or be there more than once, breaks a text.
    plain = re.sub(r".[?*]|.\{[^}]*\}|\+", "\0", plain)
    longest = max(re.split(r"[\0.^$]", plain), key=len)
    return "".join(chr(ord(one) - _ASIDE) if one >= chr(_ASIDE) else one for one in longest).lower()


def _compiled(key: str, expressions: list[str]) -> re.Pattern[str]:
    for expression in expressions:
        try:
            re.compile(expression)
        except re.error as error:
            raise FactsError(f"{_FILE.name}: {key}: {expression!r}: {error}") from error
    return re.compile("|".join(f"(?:{expression})" for expression in expressions), re.IGNORECASE)
