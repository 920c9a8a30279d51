"""The statutory tables as the positions of the text alone show them: a second opinion beside rulings.

Owns a reading that shares nothing with `ruled` but the characters: labels are put together from
their lines by the labels of the forms, column labels in one band open columns, and a number belongs
where its column and the lines of its row's label cross. Nothing is guessed: a cell gets `UNTOLD`
where two pieces stand in it, where a piece stands by it that belongs to no row or no column, or
where words beside its label are part of no label. A cell without a piece is empty.

Pages are laid end to end as one strip. `at` is the height of a line's middle on it; a unit is the
width of a Chinese character. Lines of two rows are a unit apart at least, so that what stands within
0.6 units of a label's lines stands in its row. Lengths are points.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from statistics import median
from unicodedata import normalize

from pipelines.content import Grid, GridCell
from pipelines.forms import TABLES, labels
from pipelines.labels import core, has_han, ordinal, squashed
from pipelines.readers.lines import UNTOLD, Char, Line, PageLines, from_left, prints_again, without_furniture
from pipelines.readers.ruled import Page
from pipelines.records import Locator
from pipelines.values import looks_like_value

_SAME_LINE = 0.3
"""Of the height of a line: how far the middles of its characters differ."""

_NUMBER_GAP = 0.18
_COLUMN_GAP = 0.9
_WORD_GAP = 0.15
"""Of a unit: wider gaps part words; a label may go on behind one."""

_IN_ROW = 0.6
"""Units from the lines of a label within which a number stands in its row."""

_NEXT_LINE = 4.0
"""Units to the next line of a label at most: tables are set with lines of three times the letters."""

_NEXT_PAGE = 1.2
_BAND = 4.0
"""Units between two column labels of one head at most, no label of a row between them."""

_TAIL = 3.0
"""Units below the last label of a table that still belong to it."""

_SHIFT = 2.0
"""Points that pages may be shifted against each other."""

_LEAST_COLUMNS = {"proactive": 1, "applications": 3, "review_litigation": 5}
_LABELLED = ("proactive", "applications")
"""The tables whose rows have labels."""

_LONGEST_LABEL = 24
_MOST_TRIES = 200
_MOST_PIECES = 60_000
_OPENING = re.compile(r"[(（\[【〔]?[一二三四五六七八九十\d]{0,2}[)）\]】〕]?[、.．]?")


@dataclass(slots=True, eq=False)
class _Piece:
    """Characters of one line that stand close together."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    page: int
    unit: float
    at: float = 0.0
    worded: bool = False
    taken: bool = False
    """Whether it is part of a label."""

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


@dataclass(slots=True, eq=False)
class _Label:
    """A label of the forms, put together from its lines; `top` and `bottom` are its outer lines."""

    pieces: list[_Piece]
    text: str
    word: str
    x0: float
    x1: float
    top: float
    bottom: float
    unit: float

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def reach(self) -> tuple[float, float]:
        """The heights between which lines stand in the label's row."""
        return self.top - _IN_ROW * self.unit, self.bottom + _IN_ROW * self.unit

    def holds(self, at: float) -> bool:
        """Whether a line stands in the label's row."""
        top, bottom = self.reach
        return top <= at <= bottom


@dataclass(slots=True, eq=False)
class _Head:
    """Column labels in one band, from the left; `table` is None where they cannot be told."""

    columns: list[_Label]
    table: str | None
    top: float
    bottom: float
    page: int


@dataclass(slots=True, eq=False)
class _Row:
    """A row under construction: its label, the pieces of each column, the columns in doubt."""

    label: _Label
    head: _Head
    pieces: dict[int, list[_Piece]] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)


def by_position(pages: Sequence[Page]) -> tuple[Grid, ...]:
    """The statutory tables of a document's pages without their rulings, in document order.

    A cell that cannot be told holds `UNTOLD`; a row whose label is not known is left out. Pages that
    were recognised in a picture are: their characters are one reading, wherever they stand.
    """
    strip = _Strip(pages)
    if not strip.pieces:
        return ()
    found = _labels_on(strip)
    strip.measure()
    heads = _heads(strip, found)
    tables = [(rows[0].head.top, _lined(rows)) for rows in _tables(strip, found, heads)]
    tables += _reviews(strip, found, heads)
    tables.sort(key=lambda table: table[0])
    return tuple(_grid(lines, number) for number, (_, lines) in enumerate(tables, 1))


# The strip --------------------------------------------------------------------------------------


class _Strip:
    """The pieces of all pages on one strip, from the top down. `gaps` are heights at which a page is
    missing that was not read, `margins` where each page begins at the left.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pieces: list[_Piece] = []
        self.gaps: list[float] = []
        self.margins: dict[int, set[float]] = {}
        lines: list[list[list[Char]]] = []
        loose: list[PageLines] = []
        for page in pages:
            rows = [] if page.scanned or page.unread else _rows([*page.chars, *_veiled(page.beyond)])
            lines.append(rows)
            loose.append(PageLines(page.number, page.height, tuple(_outline(row) for row in rows)))
        kept = {id(line) for page in without_furniture(loose) for line in page.lines}
        end = 0.0
        for page, rows, outlines in zip(pages, lines, loose, strict=True):
            if page.scanned or page.unread:
                self.gaps.append(end)
                continue
            own = [
                piece
                for row, line in zip(rows, outlines.lines, strict=True)
                if id(line) in kept
                for piece in _pieces(row, page)
            ]
            if not own:
                continue
            first = min(own, key=lambda piece: piece.at)
            step = _NEXT_PAGE * max(first.unit, self.pieces[-1].unit) if self.pieces else 0.0
            shift = end + step - first.at
            for piece in own:
                piece.at += shift
            own.sort(key=lambda piece: piece.at)
            self.pieces += own
            end = own[-1].at
            if len(self.pieces) > _MOST_PIECES:
                self.pieces = []
                break
        self.heights = [piece.at for piece in self.pieces]

    def measure(self) -> None:
        """Finds where each page begins at the left: its text, and its labels."""
        for pieces in (self.pieces, [piece for piece in self.pieces if piece.taken]):
            least: dict[int, float] = {}
            for piece in pieces:
                least[piece.page] = min(piece.x0, least.get(piece.page, piece.x0))
            for page, left in least.items():
                self.margins.setdefault(page, set()).add(left)

    def between(self, top: float, bottom: float) -> list[_Piece]:
        """The pieces whose lines stand between two heights, both included."""
        return self.pieces[bisect_left(self.heights, top) : bisect_right(self.heights, bottom)]


def _rows(chars: Iterable[Char]) -> list[list[Char]]:
    """Characters with one middle height, from the top down, each row from the left; printed twice is once."""
    rows: list[list[Char]] = []
    centre = height = 0.0
    for char in sorted(map(_plain, chars), key=lambda c: c.y0 + c.y1):
        _, _, y0, _, y1 = char
        middle, own = (y0 + y1) / 2, y1 - y0
        if rows and middle - centre <= _SAME_LINE * max(own, height):
            rows[-1].append(char)
            centre += (middle - centre) / len(rows[-1])
            height = max(height, own)
        else:
            rows.append([char])
            centre, height = middle, own
    return [_once(sorted(row, key=from_left)) for row in rows]


def _veiled(beyond: Iterable[Char]) -> Iterator[Char]:
    """Digits outside what the page shows: there, and not to be told."""
    return (char._replace(text=UNTOLD) for char in beyond if char.text.isdigit())


def _plain(char: Char) -> Char:
    """The character, a radical as the word that it looks like."""
    if "\u2e80" <= char.text <= "\u2fdf":
        return char._replace(text=normalize("NFKC", char.text))
    return char


def _once(row: list[Char]) -> list[Char]:
    kept = row[:1]
    for char in row[1:]:
        if char.x0 >= kept[-1].x1 or not any(prints_again(char, other) for other in kept[-3:]):
            kept.append(char)
    return kept


def _outline(row: Sequence[Char]) -> Line:
    """The row as a line, as far as page numbers and running heads are told by it."""
    top, bottom = min([y0 for _, _, y0, _, _ in row]), max([y1 for _, _, _, _, y1 in row])
    number_gap, column_gap = _NUMBER_GAP * (bottom - top), _COLUMN_GAP * (bottom - top)
    text = row[0].text
    columns = False
    for last, char in pairwise(row):
        gap = char.x0 - last.x1
        columns = columns or gap > column_gap
        text += " " + char.text if gap > number_gap else char.text
    return Line(text, row[0].x0, top, max([x1 for _, _, _, x1, _ in row]), bottom, columns)


def _pieces(row: Sequence[Char], page: Page) -> Iterator[_Piece]:
    words = [_is_han(char.text) for char in row]
    begin = 0
    for at in range(1, len(row)):
        if _apart(row[at - 1], row[at], words[at - 1], words[at]):
            yield _piece(row[begin:at], words[begin:at], page)
            begin = at
    yield _piece(row[begin:], words[begin:], page)


def _apart(last: Char, char: Char, one: bool, other: bool) -> bool:
    """Whether two neighbours stand apart; `one` and `other` tell whether they are Chinese characters."""
    gap = char.x0 - last.x1
    if one or other:
        return gap > 0 and gap > _WORD_GAP * max(one * (last.x1 - last.x0), other * (char.x1 - char.x0))
    return gap > _NUMBER_GAP * (last.y1 - last.y0) or gap < -0.35 * (last.x1 - last.x0)


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"


def _piece(run: Sequence[Char], worded: Sequence[bool], page: Page) -> _Piece:
    y0, y1 = min([y0 for _, _, y0, _, _ in run]), max([y1 for _, _, _, _, y1 in run])
    words = [char.x1 - char.x0 for char, is_word in zip(run, worded, strict=True) if is_word]
    unit = median(words) if words else 0.8 * (y1 - y0)
    text = "".join([char.text for char in run])
    cut = run[0].x0 < 0.6 * unit or run[-1].x1 > page.width - 0.6 * unit
    if cut and not words:
        text += UNTOLD  # the page's edge may have cut off a digit
    middle = sum([y0 + y1 for _, _, y0, _, y1 in run]) / len(run) / 2
    return _Piece(text, run[0].x0, y0, run[-1].x1, y1, page.number, unit, middle, bool(words))


# Labels -----------------------------------------------------------------------------------------


@cache
def _words() -> frozenset[str]:
    """Every label of the forms, comparable."""
    known = labels()
    words = set(known.groups) | known.heads
    for table in TABLES:
        words |= set(known.rows[table]) | set(known.columns[table])
    return frozenset(words)


@cache
def _column_words() -> frozenset[str]:
    return frozenset(word for names in labels().columns.values() for word in names)


@cache
def _beginnings() -> frozenset[str]:
    """What labels begin with and go on after."""
    return frozenset(word[:length] for word in _words() for length in range(len(word)))


def _labels_on(strip: _Strip) -> list[_Label]:
    """The labels on the strip from the top down, each line in one of them at most, the longest first."""
    found = []
    for piece in strip.pieces:
        if piece.worded or _OPENING.fullmatch(squashed(piece.text)):
            label = None if piece.taken else _label_from(piece, strip)
            if label:
                found.append(label)
                for part in label.pieces:
                    part.taken = True
    return found


def _label_from(start: _Piece, strip: _Strip) -> _Label | None:
    """The longest label that begins with a piece and goes on beside or below it."""
    best: tuple[str, list[_Piece], str] | None = None
    todo = [([start], start.text)]
    for _ in range(_MOST_TRIES):
        if not todo:
            break
        chain, text = todo.pop()
        word = core(text)
        if word in _words() and has_han(text) and (best is None or len(word) > len(best[0])):
            best = word, chain, text
        if len(chain) >= _LONGEST_LABEL or not (word in _beginnings() or _OPENING.fullmatch(squashed(text))):
            continue
        todo += [([*chain, piece], text + piece.text) for piece in _following(chain, strip)]
    if best is None:
        return None
    word, chain, text = best
    return _Label(
        chain,
        text,
        word,
        min(piece.x0 for piece in chain),
        max(piece.x1 for piece in chain),
        min(piece.at for piece in chain),
        max(piece.at for piece in chain),
        median([piece.unit for piece in chain if piece.worded] or [start.unit]),
    )


def _following(chain: Sequence[_Piece], strip: _Strip) -> Iterator[_Piece]:
    """The pieces in which a label may go on: the next on its line, or the nearest ones under it."""
    last = chain[-1]
    unit = last.unit
    left, right = min([p.x0 for p in chain]), max([p.x1 for p in chain])
    numbered: bool | None = None
    nearest = float("inf")
    for piece in strip.between(last.at - _SAME_LINE * unit, last.at + _NEXT_LINE * unit):
        if piece.at > nearest + _SAME_LINE * unit:
            break
        if not _adjoins(piece, last, left, right):
            continue
        if piece.taken or piece in chain or (not piece.worded and looks_like_value(piece.text)):
            continue
        if numbered is None:
            numbered = bool(ordinal("".join([p.text for p in chain])))
        if numbered and ordinal(piece.text):
            continue  # another label begins here
        if piece.at > last.at + 0.5 * unit:
            nearest = min(nearest, piece.at)
        yield piece


def _adjoins(piece: _Piece, last: _Piece, left: float, right: float) -> bool:
    """Whether a piece stands close behind another on its line, or under the lines from `left` to `right`."""
    down, unit = piece.at - last.at, last.unit
    if abs(down) <= _SAME_LINE * unit:
        return 0 < piece.x0 - last.x1 <= 2.2 * unit
    if piece.at <= last.at + 0.5 * unit:
        return False
    shared = min(right, piece.x1) - max(left, piece.x0)
    return shared > 0.5 * min(right - left, piece.x1 - piece.x0)


# Heads ------------------------------------------------------------------------------------------


def _heads(strip: _Strip, found: Sequence[_Label]) -> list[_Head]:
    """The bands of column labels from the top down."""
    columns = [label for label in found if label.word in _column_words()]
    names = {word for table in _LABELLED for word in labels().rows[table] if word not in _column_words()}
    rows = sorted(label.top for label in found if label.word in names)
    bands: list[list[_Label]] = []
    for label in columns:
        near = [band for band in bands if any(_beside(label, other, rows) for other in band)]
        bands = [band for band in bands if band not in near]
        bands.append([label, *(other for band in near for other in band)])
    heads = [head for band in bands if (head := _head(strip, band))]
    return sorted(heads, key=lambda head: head.top)


def _beside(one: _Label, other: _Label, rows: Sequence[float]) -> bool:
    """Whether two column labels stand side by side; `rows` are the heights of labels of rows."""
    upper, lower = min(one.bottom, other.bottom), max(one.top, other.top)
    apart = one.x1 <= other.x0 or other.x1 <= one.x0
    return (
        apart and lower - upper <= _BAND * one.unit and bisect_left(rows, upper) >= bisect_left(rows, lower)
    )


def _head(strip: _Strip, band: Sequence[_Label]) -> _Head | None:
    """Column labels as a head; one that cannot be told ends the table above it all the same."""
    known = labels()
    columns = sorted(band, key=lambda label: label.x0)
    words = [label.word for label in columns]
    tables = [
        table
        for table in TABLES
        if len(words) >= _LEAST_COLUMNS[table] and all(word in known.columns[table] for word in words)
    ]
    if not tables:
        return None
    top, bottom = min(label.top for label in columns), max(label.bottom for label in columns)
    unit = columns[0].unit
    strange = [
        piece
        for piece in strip.between(top - 0.5 * unit, bottom + 0.5 * unit)
        if not piece.taken and (len(columns) == 1 or piece.x1 > columns[0].x0)
    ]
    overlap = any(left.x1 > right.x0 for left, right in pairwise(columns))
    known_table = None if strange or overlap or len(tables) > 1 else tables[0]
    return _Head(columns, known_table, top, bottom, columns[0].pieces[0].page)


# Rows -------------------------------------------------------------------------------------------


def _tables(strip: _Strip, found: Sequence[_Label], heads: Sequence[_Head]) -> Iterator[list[_Row]]:
    """The rows of each table whose rows have labels."""
    for table in _LABELLED:
        rows: list[_Row] = []
        stray: list[tuple[_Piece, int | None]] = []
        for number, head in enumerate(heads):
            if head.table == table:
                end = heads[number + 1].top if number + 1 < len(heads) else float("inf")
                part, loose = _part(strip, found, head, end)
                rows += part
                stray += loose
        for piece, column in stray:
            _doubt_beside(rows, piece, column)
        _doubt_gaps(rows, strip.gaps)
        yield from _copies(rows)


def _copies(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Rows as tables: a label that comes again begins another one."""
    own: list[_Row] = []
    seen: set[str] = set()
    for row in rows:
        if row.label.word in seen:
            yield own
            own, seen = [], set()
        own.append(row)
        seen.add(row.label.word)
    if own:
        yield own


def _part(
    strip: _Strip, found: Sequence[_Label], head: _Head, end: float
) -> tuple[list[_Row], list[tuple[_Piece, int | None]]]:
    """The rows under one head, and the pieces with their columns that stand in no row."""
    table = head.table or ""
    names = labels().rows[table]
    first = head.columns[0]
    known = [
        label
        for label in found
        if label.word in names and head.bottom < label.top < end and label.middle < first.x0
    ]
    known = _contiguous(_innermost(known))
    border = max((label.x1 for label in known), default=0.0)
    if not known or border > first.x1:
        return [], []
    rows = [_Row(label, head) for label in known]
    for one, other in pairwise(rows):
        if other.label.top <= one.label.bottom + 0.3 * one.label.unit:  # two labels side by side
            one.doubtful |= set(range(len(head.columns)))
            other.doubtful |= set(range(len(head.columns)))
    lowest = max(known, key=lambda label: label.bottom)
    top, bottom = head.bottom + 0.3 * first.unit, min(lowest.bottom + _TAIL * lowest.unit, end)
    under = [piece for piece in strip.between(top, bottom) if not piece.taken]
    values = [piece for piece in under if piece.x0 >= border - 0.2 * piece.unit]
    columns = _columns(head, values, strip.margins)
    stray: list[tuple[_Piece, int | None]] = []
    reaches = [(*row.label.reach, row) for row in rows]
    for piece in values:
        column = columns.get(id(piece))
        holding = [row for top, bottom, row in reaches if top <= piece.at <= bottom]
        if len(holding) != 1:
            stray.append((piece, column))
        elif column is None:
            holding[0].doubtful |= set(range(len(head.columns)))
        else:
            holding[0].pieces.setdefault(column, []).append(piece)
    _doubt_leftovers(rows, [piece for piece in under if piece.x0 < border - 0.2 * piece.unit])
    return _until_strange(rows, stray), stray


def _innermost(found: Sequence[_Label]) -> list[_Label]:
    """Labels without those that head several rows: another label stands right of their lines."""
    return [
        label
        for label in found
        if not any(
            other.x0 >= label.x1
            and other.top <= label.bottom + 0.3 * label.unit
            and other.bottom >= label.top - 0.3 * label.unit
            for other in found
        )
    ]


def _contiguous(found: Sequence[_Label]) -> list[_Label]:
    """Labels from the first on, up to a wide gap: what follows it is another table."""
    rows: list[_Label] = []
    for label in sorted(found, key=lambda label: label.top):
        if rows and label.top - rows[-1].bottom > 14 * label.unit:
            break
        rows.append(label)
    return rows


def _until_strange(rows: list[_Row], stray: Sequence[tuple[_Piece, int | None]]) -> list[_Row]:
    """The rows above words that stand among the values in no row: they may be another head."""
    words = [piece.at for piece, _ in stray if has_han(piece.text)]
    inner = [at for at in words if at < rows[-1].label.top]
    return [row for row in rows if row.label.bottom < min(inner)] if inner else rows


def _doubt_leftovers(rows: Sequence[_Row], pieces: Sequence[_Piece]) -> None:
    """Doubts the rows beside whose label something stands that is no part of it."""
    for piece in pieces:
        if piece.worded and ordinal(piece.text):
            continue  # another label begins here
        for row in rows:
            label = row.label
            reach = 1.6 * label.unit if piece.worded else _IN_ROW * label.unit
            near = label.top - reach <= piece.at <= label.bottom + reach
            if near and piece.x0 >= label.x0 - 0.3 * label.unit:
                row.doubtful |= set(range(len(row.head.columns)))


def _doubt_beside(rows: Sequence[_Row], piece: _Piece, column: int | None) -> None:
    """Doubts the cells above and below a piece that stands in no row; it may be part of either."""
    above = [row for row in rows if row.label.bottom < piece.at]
    below = [row for row in rows if row.label.top > piece.at]
    within = [row for row in rows if row.label.holds(piece.at)]
    for row in (*above[-1:], *within, *below[:1]):
        row.doubtful |= set(range(len(row.head.columns))) if column is None else {column}


def _doubt_gaps(rows: Sequence[_Row], gaps: Sequence[float]) -> None:
    """Doubts the rows at a page that was not read."""
    for gap in gaps:
        above = [row for row in rows if row.label.top <= gap]
        below = [row for row in rows if row.label.top > gap]
        for row in (*above[-1:], *below[:1]):
            row.doubtful |= set(range(len(row.head.columns)))


# Columns ----------------------------------------------------------------------------------------


def _columns(head: _Head, pieces: Sequence[_Piece], margins: Mapping[int, set[float]]) -> dict[int, int]:
    """The columns of pieces by id; one that cannot be told has none, and so has one on a page that does
    not begin at the left where the page of the head does (`margins`).
    """
    found: dict[int, int] = {}
    for page in {piece.page for piece in pieces}:
        own = [piece for piece in pieces if piece.page == page]
        wide = [piece for piece in own if sum([_overlap(piece, column) for column in head.columns]) > 1]
        groups = _stacks([piece for piece in own if piece not in wide])
        placed = _in_order(groups, head)
        if not placed and (page == head.page or _is_aligned(margins[page], margins[head.page])):
            placed = _under(groups, head)
        for group, column in placed:
            found.update((id(piece), column) for piece in group)
    return found


def _overlap(piece: _Piece, column: _Label) -> bool:
    return piece.x0 < column.x1 and column.x0 < piece.x1


def _stacks(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Pieces that hang together by standing over each other, from the left."""
    stacks: list[list[_Piece]] = []
    right = 0.0
    for piece in sorted(pieces, key=lambda piece: piece.x0):
        if stacks and piece.x0 < right:
            stacks[-1].append(piece)
            right = max(right, piece.x1)
        else:
            stacks.append([piece])
            right = piece.x1
    return stacks


def _is_aligned(one: set[float], other: set[float]) -> bool:
    return any(abs(left - right) <= _SHIFT for left in one for right in other)


def _in_order(groups: Sequence[list[_Piece]], head: _Head) -> list[tuple[list[_Piece], int]]:
    """As many stacks as columns, each nearest its own and all as far from it; else nothing."""
    columns = head.columns
    if len(groups) != len(columns):
        return []
    offsets = []
    for group, column in zip(groups, columns, strict=True):
        middle = (min(p.x0 for p in group) + max(p.x1 for p in group)) / 2
        if min(columns, key=lambda other: abs(other.middle - middle)) is not column:
            return []
        offsets.append(middle - column.middle)
    pitch = min((right.middle - left.middle for left, right in pairwise(columns)), default=0.0)
    if len(columns) > 1 and max(offsets) - min(offsets) > pitch / 2:
        return []
    return [(group, number) for number, group in enumerate(groups)]


def _under(groups: Sequence[list[_Piece]], head: _Head) -> list[tuple[list[_Piece], int]]:
    """The stacks that stand under one column label each: labels and numbers lie within their cells."""
    placed = []
    for group in groups:
        over = [
            number
            for number, column in enumerate(head.columns)
            if min(p.x0 for p in group) < column.x1 and column.x0 < max(p.x1 for p in group)
        ]
        if len(over) == 1:
            placed.append((group, over[0]))
    return placed


# A table without labels before its row ----------------------------------------------------------


def _reviews(
    strip: _Strip, found: Sequence[_Label], heads: Sequence[_Head]
) -> Iterator[tuple[float, list[list[GridCell]]]]:
    """The tables of one row under two tiers of labels, as rows of cells."""
    for number, head in enumerate(heads):
        if head.table != "review_litigation":
            continue
        end = heads[number + 1].top if number + 1 < len(heads) else float("inf")
        tiers = _tiers(found, head)
        values = _single_row(strip, head, end) if tiers else []
        if tiers and values:
            yield head.top, [tiers, [_label_cell(column) for column in head.columns], values]


def _tiers(found: Sequence[_Label], head: _Head) -> list[GridCell]:
    """The labels over the column labels, one for each repetition of these."""
    words = [column.word for column in head.columns]
    count = len(words) // max(1, words.count(words[0]))
    if words != words[:count] * (len(words) // count):
        return []
    names = labels().rows["review_litigation"]
    over = [
        label
        for label in found
        if label.word in names and head.top - 8 * label.unit < label.top < head.bottom + label.unit
    ]
    cells = []
    for start in range(0, len(words), count):
        left, right = head.columns[start].x0, head.columns[start + count - 1].x1
        own = [label for label in over if left - label.unit < label.middle < right + label.unit]
        if len(own) != 1:
            return []
        cells.append(_label_cell(own[0], count))
    return cells if len({cell.text for cell in cells}) == len(cells) == len(over) else []


def _single_row(strip: _Strip, head: _Head, end: float) -> list[GridCell]:
    """The cells of the only row under a head."""
    unit = head.columns[0].unit
    left = head.columns[0].x0 - 6 * unit
    under = strip.between(head.bottom + 0.5 * unit, min(end, head.bottom + 10 * unit))
    words = [piece.at for piece in under if piece.worded and not looks_like_value(piece.text)]
    pieces = [p for p in under if p.at < min(words, default=end) - 0.4 * unit and p.x0 > left]
    if not pieces:
        return []
    main = max((p.at for p in pieces), key=lambda at: sum(abs(p.at - at) <= 0.4 * unit for p in pieces))
    columns = _columns(head, pieces, strip.margins)
    row = _Row(head.columns[0], head)
    for piece in pieces:
        column = columns.get(id(piece))
        if column is None:
            row.doubtful |= set(range(len(head.columns)))
        else:
            row.pieces.setdefault(column, []).append(piece)
            if abs(piece.at - main) > 0.4 * unit:
                row.doubtful.add(column)
    if any(head.bottom <= gap <= pieces[-1].at for gap in strip.gaps):
        row.doubtful |= set(range(len(head.columns)))
    return _value_cells(row)


# Cells ------------------------------------------------------------------------------------------


def _lined(rows: Sequence[_Row]) -> list[list[GridCell]]:
    """Rows as lines of cells, each head over its rows."""
    lines: list[list[GridCell]] = []
    head: _Head | None = None
    for row in rows:
        if row.head is not head:
            head = row.head
            corner = GridCell("", _place(head.columns[0].pieces[:1]))
            lines.append([corner, *(_label_cell(column) for column in head.columns)])
        lines.append([_label_cell(row.label), *_value_cells(row)])
    return lines


def _grid(lines: Sequence[Sequence[GridCell]], number: int) -> Grid:
    """A table as the matcher takes it, its cells numbered."""
    numbered = tuple(
        tuple(
            GridCell(cell.text, {**cell.where, "table": number, "row": r, "cell": c}, cell.colspan)
            for c, cell in enumerate(line, 1)
        )
        for r, line in enumerate(lines, 1)
    )
    return Grid(numbered, {"page": numbered[0][0].where["page"], "table": number})


def _label_cell(label: _Label, colspan: int = 1) -> GridCell:
    return GridCell(label.text, _place(label.pieces), colspan)


def _value_cells(row: _Row) -> list[GridCell]:
    cells = []
    for number, column in enumerate(row.head.columns):
        pieces = row.pieces.get(number, [])
        told = len(pieces) < 2 and number not in row.doubtful
        text = "".join(piece.text for piece in pieces)
        if not told or (text and not looks_like_value(text)):
            text = UNTOLD
        place = _place(pieces) if pieces else _crossing(row.label, column)
        cells.append(GridCell(text, place))
    return cells


def _place(pieces: Sequence[_Piece]) -> Locator:
    page = pieces[0].page
    own = [piece for piece in pieces if piece.page == page]
    box = (min(p.x0 for p in own), min(p.y0 for p in own), max(p.x1 for p in own), max(p.y1 for p in own))
    return {"page": page, "bbox": [round(value, 1) for value in box]}


def _crossing(label: _Label, column: _Label) -> Locator:
    """Where an empty cell is: as high as the label of its row, as wide as that of its column."""
    first = label.pieces[0]
    box = (column.x0, first.y0, column.x1, max(p.y1 for p in label.pieces if p.page == first.page))
    return {"page": first.page, "bbox": [round(value, 1) for value in box]}
