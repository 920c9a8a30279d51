"""Characters at places → lines of text, and lines → paragraphs.

Owns what a page says by distance alone: which characters stand on one line, where a gap parts two
words or two numbers, which character only thickens another (bold by printing twice), which lines
are one paragraph, which are page numbers and running heads. Formats that draw their pages share it.
Lengths are points, the origin is the top left corner, boxes are (left, top, right, bottom).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from statistics import median
from typing import NamedTuple

from pipelines.labels import has_han, squashed

UNTOLD = "\ufffd"
"""Stands for a character that is there and cannot be told; no number holds it."""

_WORD_GAP = 0.18
"""Of the height of a line: a wider gap parts two numbers (a space is 0.25 of the size of its font)."""

_COLUMN_GAP = 0.9
"""Of the height of a line: a wider gap parts what stands in columns."""

_SMALLER = 0.8
"""Of a digit's height: its neighbour of less is of another size, not of another font."""

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMERIC = frozenset("0123456789.,，．０１２３４５６７８９")
_PAGE_MARK = re.compile(r"[-—–─―·]+(\d{1,3})[-—–─―·]+|第?(\d{1,3})(?:页(?:[/共]*\d{1,3}页?)?|/\d{1,3})?")


class Char(NamedTuple):
    """A character and its box; the box is as wide as the character's advance."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


from_left = itemgetter(1)
"""The place by which characters stand in a row: their left side."""


class Line(NamedTuple):
    """Characters on one line. `columns` tells whether wide gaps part it, `step` is its widest digit."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    columns: bool = False
    step: float = 0.0

    @property
    def height(self) -> float:
        """The height of the line's tallest character."""
        return self.y1 - self.y0


def text_lines(chars: Iterable[Char]) -> list[Line]:
    """The characters as lines, from the top down; characters printed twice count once."""
    rows: list[list[Char]] = []
    centre = height = 0.0
    for char in sorted(chars, key=lambda c: c.y0 + c.y1):
        _, _, y0, _, y1 = char
        middle, own = (y0 + y1) / 2, y1 - y0
        if rows and middle - centre <= 0.5 * min(own, height):
            rows[-1].append(char)
            centre += (middle - centre) / len(rows[-1])
            height = max(height, own)
        else:
            rows.append([char])
            centre, height = middle, own
    return [_line(sorted(row, key=from_left) if len(row) > 1 else row) for row in rows]


def _line(chars: list[Char]) -> Line:
    if len(chars) == 1:
        ((text, x0, y0, x1, y1),) = chars
        return Line(text, x0, y0, x1, y1, step=x1 - x0 if text in _NUMERIC else 0.0)
    height = max([y1 - y0 for _, _, y0, _, y1 in chars])
    word_gap, column_gap = _WORD_GAP * height, _COLUMN_GAP * height
    last = chars[0]
    kept = [last]
    texts = [last.text]
    columns = False
    for char in chars[1:]:
        text, x0, _, x1, _ = char
        near = x0 - last.x0 < 0.3 * max(x1 - x0, 0.1)  # the others stand farther to the left
        if near and any(prints_again(char, other) for other in kept[-3:]):
            continue
        gap = x0 - last.x1
        if gap > column_gap:
            columns = True
            texts.append(" ")
        elif (gap > word_gap or gap < 0) and _parted(last, char, gap, word_gap):
            texts.append(" ")
        kept.append(char)
        texts.append(text.translate(_RAISED) if text.isdigit() and _is_smaller(char, last) else text)
        last = char
    return Line(
        "".join(texts),
        kept[0].x0,
        min([y0 for _, _, y0, _, _ in kept]),
        max([x1 for _, _, _, x1, _ in kept]),
        max([y1 for _, _, _, _, y1 in kept]),
        columns,
        max([x1 - x0 for text, x0, _, x1, _ in kept if text in _NUMERIC], default=0.0),
    )


def _is_smaller(char: Char, last: Char) -> bool:
    """Whether of two neighbouring digits the second is set in another size: it is the mark of a note, or the
    first was, and the number cannot be told.
    """
    if not (char.text.isdigit() and last.text.isdigit()):
        return False
    one, other = char.y1 - char.y0, last.y1 - last.y0
    return min(one, other) < _SMALLER * max(one, other)


def prints_again(char: Char, other: Char) -> bool:
    """Whether a character only thickens another: the same one, set off by less than its strokes."""
    return (
        char.text == other.text
        and abs(char.x0 - other.x0) < 0.3 * max(char.x1 - char.x0, 0.1)
        and abs(char.y0 - other.y0) < 0.3 * max(char.y1 - char.y0, 0.1)
    )


def _parted(last: Char, char: Char, gap: float, word_gap: float) -> bool:
    """Whether something parts two neighbours in a column: a gap, or the second is printed over the first."""
    if last.text in _NUMERIC and char.text in _NUMERIC and gap < -0.35 * (last.x1 - last.x0):
        return True
    return gap > word_gap and not (has_han(last.text) and has_han(char.text))


def glued(before: str, after: str, *, filled: bool) -> str:
    """Two lines of one cell as one text.

    A number goes on in the next line only where the line before was filled to its end; two numbers
    set one above the other stay apart.
    """
    if not before or not after:
        return before + after
    numbers = (before[-1] in _NUMERIC or before[-1] in "+-−") and after[0] in _NUMERIC
    return before + ("\n" if numbers and not filled else "") + after


class PageLines(NamedTuple):
    """The lines of a page outside its tables, and the height of the page."""

    page: int
    height: float
    lines: tuple[Line, ...]


def without_furniture(pages: Sequence[PageLines]) -> list[PageLines]:
    """The pages without page numbers and without heads and feet that several pages repeat."""
    marks = [
        (page.page, line, int(next(n for n in found.groups() if n)))
        for page in pages
        for line in _edge_lines(page)
        if (found := _PAGE_MARK.fullmatch(squashed(line.text))) and _is_set_apart(line, page)
    ]
    offsets = Counter(number - page for page, _, number in marks)
    numbered = {offset for offset, count in offsets.items() if count > 1 or offset == 0}
    dropped = {
        id(line)
        for page, line, number in marks
        if number - page in numbered or not squashed(line.text).isdigit()
    }
    repeated: dict[tuple[str, int], list[Line]] = {}
    for page in pages:
        for line in _edge_lines(page):
            words = re.sub(r"\d+", "#", squashed(line.text))
            for key in {round(line.y0 / 6), round(line.y0 / 6 + 0.5)}:
                repeated.setdefault((words, key), []).append(line)
    for (words, _), lines in repeated.items():
        if len({id(line) for line in lines}) > 1 and any(char.isalpha() for char in words):
            dropped |= {id(line) for line in lines}
    return [
        PageLines(page.page, page.height, tuple(line for line in page.lines if id(line) not in dropped))
        for page in pages
    ]


def _is_set_apart(mark: Line, page: PageLines) -> bool:
    """Whether what looks like a page number stands by no row of figures: there it may be the last digit of
    one, or the only values of a row.
    """
    if mark.columns:
        return False
    reach = 2 * mark.height
    near = (line for line in page.lines if mark.y0 - reach < line.y1 and line.y0 < mark.y1 + reach)
    return not any((line.columns or not _prose(line)) and line is not mark for line in near)


def _edge_lines(page: PageLines) -> list[Line]:
    """The first and last lines of a page, where they stand in its margins."""
    lines = page.lines
    top = [line for line in lines[:2] if line.y1 < 0.1 * page.height]
    return top + [line for line in lines[-2:] if line.y0 > 0.88 * page.height]


@dataclass(slots=True)
class TextBlock:
    """Lines joined to a paragraph; place and box are those of its first line."""

    page: int
    line: int
    first: Line
    last: Line
    page_of_last: int
    text: str


class Margins:
    """The left and right margin of running text, by the lines of the whole document."""

    def __init__(self, pages: Sequence[PageLines]) -> None:
        lines = [line for page in pages for line in page.lines]
        usual = median([line.height for line in lines] or [0.0])
        prose = [
            line
            for line in lines
            if not line.columns and len(line.text) > 12 and abs(line.height - usual) <= 0.15 * usual
        ]
        self.left = min((line.x0 for line in prose), default=0.0)
        rights = sorted(line.x1 for line in prose)
        self.right = rights[int(len(rights) * 0.9)] if rights else 0.0
        self.pitch = median([b.y0 - a.y0 for page in pages for a, b in pairwise(page.lines)] or [0.0])

    def goes_on(self, block: TextBlock, line: Line, page: int) -> bool:
        """Whether a line belongs to the paragraph before it."""
        last = block.last
        if last.columns or line.columns or not (_prose(last) and _prose(line)):
            return False
        if last.x1 < self.right - 1.6 * last.height or line.x0 > self.left + 1.2 * line.height:
            return False
        if last.text[-1:].isdigit() and line.text[:1].isdigit():
            return False  # perhaps two figures of a table without rulings: never made one
        if abs(last.height - line.height) > 0.25 * max(last.height, line.height):
            return False
        return page != block.page_of_last or line.y0 - last.y0 < max(1.6 * self.pitch, 2.2 * line.height)


def _prose(line: Line) -> bool:
    """Whether a line is words with numbers among them; rows of figures are not, and stay lines."""
    numbers = [token for token in line.text.split() if not has_han(token)]
    return has_han(line.text) and len(numbers) < 3


def joined(before: str, after: str) -> str:
    """Two lines of a paragraph: Chinese text goes on without a space, words and numbers with one."""
    apart = before[-1:].isascii() and after[:1].isascii() and before[-1:].isalpha() and after[:1].isalpha()
    return f"{before} {after}" if apart else before + after


def index_of(edges: Sequence[float], value: float) -> int:
    """Which interval between sorted edges a value lies in, -1 or len(edges) - 1 outside."""
    return bisect_left(edges, value) - 1


def nearest(edges: Sequence[float], value: float) -> int:
    """The index of the sorted edge that is nearest to a value, the first of two as near."""
    above = bisect_left(edges, value)
    if above in (0, len(edges)):
        return max(above - 1, 0)
    return above - (value - edges[above - 1] <= edges[above] - value)
