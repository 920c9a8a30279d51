"""The names of the indicators of the older statistics tables: which codes a printed label may mean.

Owns the look-up alone. Labels repeat (被依法纠错数 stands under reviews and under lawsuits), so a label may
name several codes; which one it is, its place in the order of the form tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from pipelines.forms import statistics_forms, variants
from pipelines.labels import core, has_han, squashed

_OF_WHICH = re.compile(r"^其中[:：]?")
_REMARK = re.compile(r"[（(](?![一二三四五六七八九十\d]{1,2}[）)])[^（）()]*[）)]$")
LEAST_LABEL = 4
_LONGEST_LABEL = 80
"""Characters of a text that is remembered: labels repeat, prose does not."""
_UNITS = re.compile(r"[条件次篇个人项份]|人次|万元|元|[-—–─]{2,}")
_OF_UNITS = frozenset("条件次篇个人项份万元")


@cache
def indicators() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The codes that a label may name, in the order of the form, by table."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for form in statistics_forms().values():
        for table in form.tables.values():
            named: dict[str, tuple[str, ...]] = {}
            extra = variants("rows", table.code)
            for code, row in table.rows.items():
                for label in (row.label, *extra.get(code, ())):
                    key = plain(label)
                    if code not in named.get(key, ()):
                        named[key] = (*named.get(key, ()), code)
            found[table.code] = named
    return found


@lru_cache(maxsize=8192)
def tables_of(text: str) -> tuple[str, ...]:
    """The tables of which the text of a cell names an indicator."""
    if len(text) < LEAST_LABEL or not has_han(text):
        return ()
    label = plain(text)
    return tuple(table for table, named in indicators().items() if label in named)


@cache
def _column_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (code, re.compile("|".join(words))) for code, words in variants("columns", "statistics").items()
    )


def plain(label: str) -> str:
    """The words of an indicator without ordinals, 其中 and remarks in brackets."""
    return _plain_label(label) if len(label) <= _LONGEST_LABEL else _plain(label)


@lru_cache(maxsize=8192)
def _plain_label(label: str) -> str:
    return _plain(label)


def _plain(label: str) -> str:
    text = label.strip()
    while shorter := _REMARK.sub("", text).strip():
        if shorter == text:
            break
        text = shorter
    words = squashed(text)
    parts = _OF_WHICH.sub("", words)  # an ordinal behind it is one only while its point is there
    return core(parts) if parts != words else core(_OF_WHICH.sub("", core(text)))


def column_code(words: str) -> str | None:
    """The column that a head names, `none` for one without values, None for one that is not known."""
    return next((code for code, pattern in _column_words() if pattern.fullmatch(words)), None)


def is_unit(text: str) -> bool:
    """Whether a cell holds a unit, or the dashes that stand in place of one (a single one is a value)."""
    if "一" <= text[:1] <= "\u9fff" and text[0] not in _OF_UNITS:
        return False
    words = squashed(text)
    return bool(words) and bool(_UNITS.fullmatch(words))


def next_code(
    candidates: Sequence[str], order: Sequence[str], last: int, taken: frozenset[str] | set[str]
) -> str | None:
    """The indicator that a label names here: the first behind the row before (`last` in the `order`); out
    of order only one whose label is its alone, and which is not `taken`.
    """
    later = next((code for code in candidates if order.index(code) > last), None)
    if later or len(candidates) != 1:
        return later
    return None if candidates[0] in taken else candidates[0]
