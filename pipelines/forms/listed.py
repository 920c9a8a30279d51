"""Indicators and their values by the order of words and values alone, without columns and spans.

Owns two readings of the older statistics tables: the second opinion on tables with cells, and the only
one on tables in running text, in which no cell is left. What does not come out exactly is left out of
the first (no opinion is no objection) and refused with what is printed in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pipelines.content import Grid, GridCell, Paragraph
from pipelines.forms.indicators import column_code, indicators, is_unit, next_code, plain
from pipelines.labels import core, has_han, squashed
from pipelines.values import looks_like_value, units_of_money

_PARTED = re.compile(r"[\s\u3000:：]+")
_GLUED = re.compile(r"(.*[^\d.,，])(\d[\d,]*(?:\.\d+)?)([条件次篇个人项份]|人次|万元|元)?[。；;，,]?")
_NUMBER_LAST = re.compile(r"\d(?:[条件次篇个人项份]|人次|万元|元)?[。；;，,]?\Z")
"""The end of what is glued, in the last characters of a text."""
_LONGEST_END = 4
_LONGEST_KEPT = 80
"""Characters of a piece that is remembered."""
_LABELS = re.compile("指标|项目|内容|名称")
_CLOSING = "。；;，,"
_WRAPPED = frozenset("千万亿")
_EITHER = "万元、元"


def cells_in_order(
    grids: Sequence[Grid], table: str, order: Sequence[str]
) -> dict[tuple[str, str], GridCell]:
    """The printed cell of each (row, column) for which the order of words and values has one.

    The values of a label are the cells behind it on its line, units left out; they are told where they
    are as many as the words of the head, or where there is one alone.
    """
    found: dict[tuple[str, str], GridCell] = {}
    named = indicators()[table]
    head: tuple[str | None, ...] = ()
    last = -1
    for grid in grids:
        for cells in grid.rows:
            at = next((i for i, cell in enumerate(cells) if plain(cell.text) in named), None)
            if at is None:
                head = _head(cells) or head
                continue
            code = next_code(named[plain(cells[at].text)], order, last, {row for row, _ in found})
            if code is None:
                continue
            last = max(last, order.index(code))
            values = [cell for cell in cells[at + 1 :] if not cell.text or not is_unit(cell.text)]
            columns = head or ("total",)
            if len(values) == len(columns):
                found |= {
                    (code, column): value
                    for column, value in zip(columns, values, strict=True)
                    if column not in (None, "none") and columns.count(column) == 1
                }
    return found


def _head(cells: Sequence[GridCell]) -> tuple[str | None, ...]:
    """The columns that a line of words names behind its first, that of units left out; empty if none."""
    words = [squashed(cell.text) for cell in cells]
    codes = [column_code(word) for word in words]
    if not any(code not in (None, "none") for code in codes):
        return ()
    label = next((index for index, word in enumerate(words) if _LABELS.search(word)), 0)
    return tuple(
        code
        for word, code in list(zip(words, codes, strict=True))[label + 1 :]
        if word and not (code == "none" and word.endswith("单位"))
    )


# Running text ------------------------------------------------------------------------------------


_LONGEST = 6
"""Pieces into which a label is cut at the most."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An indicator in running text and what is printed behind it; `head` is what names a unit of money.

    `on_line` says whether the value stands on the line on which the label ends.
    """

    code: str
    values: tuple[GridCell, ...]
    head: str
    on_line: bool


@dataclass(slots=True)
class ListedRows:
    """The indicators found in running text, in order, with the paragraphs they stand in."""

    rows: list[Listed] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    """Ids of the paragraphs."""
    led: bool = False
    """Whether values stand before the first label: each may belong to the label behind it."""


class _Token(NamedTuple):
    """A word, a unit or a value of running text; a word's cell is never asked for."""

    kind: str
    text: str
    cell: GridCell
    line: int


class _Piece(NamedTuple):
    """What a piece of text is by itself: unit, value, word or nothing (""), with the label and the value that
    it is where its beginning is a label.
    """

    kind: str
    text: str
    label: str = ""
    value: str = ""


_NO_CELL = GridCell("", {})


def rows_in_text(paragraphs: Sequence[Paragraph], table: str, order: Sequence[str]) -> ListedRows:
    """The indicators of a table in text without cells: labels, each with the values up to the next word.

    Words of a label that a line's end cuts are put together again.
    """
    found = ListedRows()
    named = indicators()[table]
    tokens = [token for line, paragraph in enumerate(paragraphs) for token in _tokens(paragraph, line, named)]
    words: list[_Token] = []
    values: list[_Token] = []
    unit = ""
    last = -1
    first_line: int | None = None
    loose = False
    for token in (*tokens, None):
        if token and token.kind == "value":
            values.append(token)
            continue
        if token and token.kind == "unit":
            unit = unit or _unit(token, words, values)
            continue
        if values:
            label, begin = _label(words, named)
            code = next_code(named[label], order, last, {row.code for row in found.rows}) if label else None
            if code:
                last = max(last, order.index(code))
                ends = words[-1].line
                money = units_of_money(unit, "".join(word.text for word in words[-_LONGEST:]))
                found.rows.append(
                    Listed(code, tuple(v.cell for v in values), money, {v.line for v in values} == {ends})
                )
                first_line = begin if first_line is None else first_line
                found.led = found.led or (len(found.rows) == 1 and loose)
                found.lines |= {id(paragraphs[n]) for n in range(begin, values[-1].line + 1)}
            loose = not code and not found.rows and values[-1].line != (words[-1].line if words else -1)
            words, values, unit = [], [], ""
        if token:
            words.append(token)
    return found


def _unit(token: _Token, words: Sequence[_Token], values: Sequence[_Token]) -> str:
    """The unit behind a value or label. On a drawn page 元 on a line below the value can be the end of one
    that a narrow column wraps: with its beginning over the value it is that one, else it is not told which.
    """
    apart = values and values[-1].line != token.line and "page" in values[-1].cell.where
    if token.text != "元" or not apart:
        return token.text
    begun = next((word.text for word in words if word.text in _WRAPPED), "")
    return begun + token.text if begun else _EITHER


def most_values(paragraphs: Sequence[Paragraph]) -> int:
    """How many values running text can hold, at the most: those that stand alone, and numbers that end a
    piece of text, to whose words they may be glued.
    """
    return sum(
        looks_like_value(piece.strip(_CLOSING)) or _NUMBER_LAST.search(piece[-_LONGEST_END:]) is not None
        for paragraph in paragraphs
        for piece in _PARTED.split(paragraph.text)
    )


def _label(words: Sequence[_Token], named: Mapping[str, object]) -> tuple[str, int]:
    """The longest label with which the words end, and the line on which it begins; "" where there is none."""
    for start in range(max(len(words) - _LONGEST, 0), len(words)):
        label = plain("".join(word.text for word in words[start:]))
        if label in named:
            return label, words[start].line
    return "", -1


def _tokens(paragraph: Paragraph, line: int, named: Mapping[str, object]) -> Iterator[_Token]:
    number = 0
    for text in _PARTED.split(paragraph.text):
        piece = _piece(text) if len(text) <= _LONGEST_KEPT else _told_piece(text)
        if piece.label and plain(piece.label) in named:  # a value glued to its label: 收到申请数9件
            number += 2
            yield _Token("word", piece.label, _NO_CELL, line)
            yield _Token(
                "value", piece.value, GridCell(piece.value, {**paragraph.where, "cell": number}), line
            )
        elif piece.kind:
            number += 1
            is_value = piece.kind == "value"
            cell = GridCell(piece.text, {**paragraph.where, "cell": number}) if is_value else _NO_CELL
            yield _Token(piece.kind, piece.text, cell, line)


@lru_cache(maxsize=8192)
def _piece(text: str) -> _Piece:
    return _told_piece(text)


def _told_piece(text: str) -> _Piece:
    bare = text.strip(_CLOSING)
    if not bare:
        return _Piece("", "")
    if is_unit(bare):
        return _Piece("unit", bare)
    if looks_like_value(bare):
        return _Piece("value", bare)
    kind = "word" if has_han(bare) and core(bare) else ""
    glued = _GLUED.fullmatch(text) if _NUMBER_LAST.search(text[-_LONGEST_END:]) else None
    return _Piece(kind, bare, glued[1], glued[2] + (glued[3] or "")) if glued else _Piece(kind, bare)
