"""Pieces of a table on successive pages → one grid.

Owns the decision what a page break cut: nothing (the next row follows), a merged cell, or a row,
inside its label or inside a number. Labels of the forms are asked first (half a label is none);
where they are silent, an empty label or a number that fills its cell tells. What stays undecided
is joined so that no number comes of it. Places stay those of the pieces as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from pipelines.content import Grid, GridCell
from pipelines.forms import TABLES, labels
from pipelines.labels import core, has_han
from pipelines.readers.lines import UNTOLD, Char, Line, glued, nearest, text_lines
from pipelines.readers.ruled import BORDER, RuledTable
from pipelines.records import Locator
from pipelines.values import looks_like_value

_NEAR = 4.0
"""How far, in points, outer edges of two pieces of one table may differ."""

_SHIFT = 80.0
"""How far pages of a book are shifted against each other at most."""


@dataclass(slots=True, eq=False)
class _Cell:
    """A cell of the joined table; `last` is its last line, and `room` its inner width."""

    row: int
    column: int
    rows: int
    columns: int
    text: str
    where: Locator
    last: Line | None
    room: float
    doubtful: bool = False

    @property
    def bottom(self) -> int:
        """The row after its last."""
        return self.row + self.rows

    @property
    def filled(self) -> bool:
        """Whether its last line leaves no room for one more digit."""
        return self.last is not None and self.last.x1 - self.last.x0 + self.last.step > self.room


@dataclass(slots=True)
class Joined:
    """A table over one or more pages: edges relative to its left side, cells in reading order."""

    where: Locator
    left: float
    xs: list[float]
    rows: int
    cells: list[_Cell]
    pages: list[int] = field(default_factory=list)

    def grid(self) -> Grid:
        """The table as the matcher takes it."""
        rows: list[list[_Cell]] = [[] for _ in range(self.rows)]
        for cell in self.cells:
            rows[cell.row].append(cell)
        return Grid(tuple(tuple(_grid_cell(cell) for cell in row) for row in rows), self.where)


def _grid_cell(cell: _Cell) -> GridCell:
    doubt = UNTOLD if cell.doubtful and not has_han(cell.text) and UNTOLD not in cell.text else ""
    return GridCell(cell.text + doubt, cell.where, cell.columns, cell.rows)


def without_overhang(table: RuledTable, outside: Sequence[Char]) -> list[Char]:
    """The characters outside a page's last table, but for the ends of labels that stand close below it:
    those go into their cells. Browsers set what no longer fits into a row past the ruling, where a page
    ends inside it.
    """
    bottom, taken = table.ys[-1], set[int]()
    below = [c for c in outside if -0.5 * (c.y1 - c.y0) < c.y0 - bottom < 0.8 * (c.y1 - c.y0)]
    for cell in table.cells if below else ():
        own = [c for c in below if cell.box[0] < (c.x0 + c.x1) / 2 < cell.box[2]]
        if cell.row + cell.rows < len(table.ys) - 1 or not own or not cell.lines:
            continue
        begun, rest = "".join(line.text for line in cell.lines), text_lines(own)
        if has_han(begun) and is_label(begun + "".join(line.text for line in rest)):
            cell.lines = (*cell.lines, *rest)
            taken |= {id(c) for c in own}
    return [c for c in outside if id(c) not in taken] if taken else list(outside)


def piece(table: RuledTable, number: int) -> Joined:
    """One piece as a table of its own; `number` counts tables as they stand."""
    left = table.xs[0]
    cells = []
    for cell in table.cells:
        where: Locator = {
            "page": table.page,
            "table": number,
            "row": cell.row + 1,
            "cell": cell.number,
            "bbox": [round(value, 1) for value in cell.box],
        }
        cells.append(
            _Cell(
                cell.row,
                cell.column,
                cell.rows,
                cell.columns,
                cell.text(table.padding),
                where,
                cell.lines[-1] if cell.lines else None,
                cell.box[2] - cell.box[0] - table.padding - BORDER,
            )
        )
    place: Locator = {
        "page": table.page,
        "table": number,
        "bbox": [round(value, 1) for value in table.box],
    }
    return Joined(place, left, [x - left for x in table.xs], len(table.ys) - 1, cells, [table.page])


def appended(upper: Joined, lower: Joined, *, adjoining: bool) -> bool:
    """Joins `lower` to `upper` where it is its continuation; tells whether it did.

    `adjoining` says that nothing stands between them but the edge of a page. Without it only a row
    that the break plainly cut joins them.
    """
    lower = _widened(upper, lower)
    if abs(upper.xs[-1] - lower.xs[-1]) > _NEAR or abs(upper.left - lower.left) > _SHIFT:
        if adjoining and _orphaned(lower):
            _doubt(upper, lower)
        return False
    xs = _union(upper.xs, lower.xs)
    above = _mapped(upper, xs)
    repeated = _repeated_head(upper, lower)
    below = [cell for cell in _mapped(lower, xs) if cell.row >= repeated]
    for cell in below:
        cell.row -= repeated
    if not below:
        return True
    seam = _Seam.of([c for c in above if c.bottom == upper.rows], [c for c in below if c.row == 0])
    cut = seam.is_row_cut(alone=lower.rows - repeated == 1)
    if not adjoining and not (cut and seam.plain):
        return False
    upper.xs = xs
    _join(upper, above, below, seam, cut=cut)
    upper.rows += lower.rows - repeated - cut
    upper.pages += lower.pages
    return True


def _widened(upper: Joined, lower: Joined) -> Joined:
    """The lower piece with the cells at its left that some writers do not draw below a break: merged
    cells that go on, and hold nothing more.
    """
    shift = lower.left - upper.left
    ends_alike = abs(upper.xs[-1] - lower.xs[-1] - shift) <= _NEAR
    if shift <= _NEAR or not ends_alike or not any(abs(x - shift) <= _NEAR for x in upper.xs):
        return lower
    undrawn = [
        cell
        for cell in upper.cells
        if cell.bottom == upper.rows and upper.xs[cell.column + cell.columns] <= shift + _NEAR
    ]
    edges = [upper.xs[cell.column] for cell in sorted(undrawn, key=lambda cell: cell.column)]
    cells = [
        replace(
            cell,
            row=0,
            column=column,
            rows=lower.rows,
            columns=1,
            text="",
            last=None,
            doubtful=False,
        )
        for column, cell in enumerate(sorted(undrawn, key=lambda cell: cell.column))
    ]
    cells += [replace(cell, column=cell.column + len(edges)) for cell in lower.cells]
    cells.sort(key=lambda cell: (cell.row, cell.column))
    xs = [*edges, *(x + shift for x in lower.xs)]
    return replace(lower, left=upper.left, xs=xs, cells=cells)


def _union(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """The column edges of both pieces; a piece with fewer columns lacks some of the other's."""
    edges: list[float] = []
    for x in sorted([*one, *other]):
        if not edges or x - edges[-1] > _NEAR:
            edges.append(x)
    return edges


def _mapped(table: Joined, xs: Sequence[float]) -> list[_Cell]:
    """Copies of the cells of a piece, over the columns of both."""
    at = [nearest(xs, x) for x in table.xs]
    return [
        replace(
            cell, column=at[cell.column], columns=max(1, at[cell.column + cell.columns] - at[cell.column])
        )
        for cell in table.cells
    ]


def _repeated_head(upper: Joined, lower: Joined) -> int:
    """How many first rows of the lower piece repeat the head of the table."""
    first, second = _rows(upper), _rows(lower)
    count = 0
    for one, other in zip(first, second, strict=False):
        words = [core(cell.text) for cell in one]
        same = words == [core(cell.text) for cell in other]
        if not same or not any(has_han(word) for word in words) or any(_is_figure(c) for c in one):
            break
        count += 1
    while count and any(c.bottom > count for row in second[:count] for c in row):
        count -= 1
    return count


def _rows(table: Joined) -> list[list[_Cell]]:
    rows: list[list[_Cell]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row].append(cell)
    return rows


def _is_figure(cell: _Cell) -> bool:
    return any(char.isdigit() for char in cell.text) and not has_han(cell.text)


@cache
def _words() -> frozenset[str]:
    """Every label of the forms, without white space and punctuation."""
    known = labels()
    rows = {word for table in TABLES for word in known.rows[table]}
    columns = {word for table in TABLES for word in known.columns[table]}
    return frozenset(rows | columns | set(known.groups) | known.heads)


def is_label(text: str) -> bool:
    """Whether a text is a whole label, head or remark of the forms."""
    word = core(text)
    return word in _words() or labels().is_head(word)


class _Pair(NamedTuple):
    """A cell at the foot of the upper piece and the one under it, of the same columns."""

    upper: _Cell
    lower: _Cell

    @property
    def single(self) -> bool:
        """Whether each stands in one row of its piece."""
        return self.upper.rows == 1 and self.lower.rows == 1

    @property
    def words(self) -> bool:
        """Whether either holds words."""
        return has_han(self.upper.text) or has_han(self.lower.text)


class _Seam:
    """Where two pieces meet. `plain` tells whether labels, not lengths, decided; `figures` whether any
    stand below the break.
    """

    def __init__(self, pairs: list[_Pair], head: Sequence[_Cell], *, aligned: bool) -> None:
        self.head = head
        self.figures = any(map(_is_figure, head))
        self.pairs = sorted(pairs, key=lambda pair: pair.upper.column)
        self.aligned = aligned
        self.plain = False
        self.doubtful = False

    @classmethod
    def of(cls, foot: Sequence[_Cell], head: Sequence[_Cell]) -> _Seam:
        """The seam between the last cells of one piece and the first of the next."""
        by_place = {(cell.column, cell.columns): cell for cell in head}
        pairs = []
        for cell in foot:
            under = by_place.pop((cell.column, cell.columns), None)
            if under is not None:
                pairs.append(_Pair(cell, under))
        paired = {pair.upper for pair in pairs}
        aligned = not by_place and all(cell in paired for cell in foot)
        return cls(pairs, head, aligned=aligned)

    def blank_figure(self, cell: _Cell) -> bool:
        """Whether a cell below the break is an empty one among the figures of a row, and no label's rest."""
        return (
            self.figures
            and not cell.text
            and cell.rows == 1
            and not any(has_han(other.text) and other.column > cell.column for other in self.head)
        )

    def is_row_cut(self, *, alone: bool) -> bool:
        """Whether the break runs through a row; `alone` says that the lower piece has one row only."""
        single = [pair for pair in self.pairs if pair.single]
        if not self.aligned or not single:
            return False
        told = self._told_by_labels(single)
        if told is not None:
            self.plain = True
            return told
        uppers, lowers = [p.upper for p in single], [p.lower for p in single]
        if _is_head(uppers) and not any(has_han(cell.text) for cell in lowers):
            self.plain = True
            return False  # values under a head, the last of them blank
        if not any(cell.text for cell in lowers):
            whole = all(not cell.text or is_label(cell.text) for cell in uppers if not _is_figure(cell))
            return not (whole and alone)  # a blank row, or what a cut row left below the break
        if not any(cell.text for cell in uppers):
            return True
        return self._told_by_figures(single)

    def _told_by_labels(self, pairs: Sequence[_Pair]) -> bool | None:
        worded: Sequence[_Pair] = [pair for pair in pairs if pair.words]
        if any(_is_figure(cell) for pair in pairs for cell in pair):
            worded = _own_label(worded)
        for upper, lower in reversed(worded):
            if not upper.text or not lower.text:
                continue
            valued = looks_like_value(upper.text) or looks_like_value(lower.text)
            whole = not valued and is_label(upper.text + lower.text)
            apart = is_label(upper.text), is_label(lower.text)
            if whole and not all(apart):
                return True
            if any(apart) and not whole:
                return False
        return None

    def _told_by_figures(self, pairs: Sequence[_Pair]) -> bool:
        label = next(iter(_own_label([pair for pair in pairs if pair.words])), None)
        if label is None or not label.lower.text or not label.upper.text:
            self.plain = True
            return True  # a row without a label goes on with the one above
        both = [p for p in pairs if _is_figure(p.upper) and _is_figure(p.lower)]
        if any(not pair.upper.filled for pair in both):
            return False
        one = [p for p in pairs if _is_figure(p.upper) != _is_figure(p.lower)]
        if both and not one:
            self.doubtful = True
        return True


def _own_label(worded: Sequence[_Pair]) -> Sequence[_Pair]:
    """The label of a row of figures among its pairs that hold words: the last, as what stands left of it
    may span other rows. Under a head the last may be a blank cell; the row's label stands below as well.
    """
    if worded and not worded[-1].lower.text:
        below = [pair for pair in worded if has_han(pair.lower.text) and is_label(pair.upper.text)]
        return below[-1:] or worded[-1:]
    return worded[-1:]


def _join(upper: Joined, above: list[_Cell], below: list[_Cell], seam: _Seam, *, cut: bool) -> None:
    """Adds the cells of the lower piece, those that the break cut joined to their upper part."""
    offset = upper.rows - cut
    went_on: set[int] = set()
    for pair in seam.pairs:
        if not cut and not _is_one_cell(pair, seam):
            continue
        one, other = pair
        went_on.add(id(other))
        if one.text and other.text:
            one.text = glued(one.text, other.text, filled=one.filled and not seam.doubtful)
        elif other.text:
            one.text, one.where = other.text, other.where
        one.rows += other.rows - cut
        one.doubtful = one.doubtful or other.doubtful
        one.last, one.room = other.last or one.last, other.room if other.last else one.room
    for cell in below:
        if id(cell) not in went_on:
            cell.row += offset
            above.append(cell)
    above.sort(key=lambda cell: (cell.row, cell.column))
    upper.cells = above


def _is_one_cell(pair: _Pair, seam: _Seam) -> bool:
    """Whether a merged cell goes on below a break that cuts no row."""
    upper, lower = pair
    # In rows of labels only, half a label is a label of its own at times.
    in_head = not seam.figures and not any(_begins_row(pair.lower) for pair in seam.pairs)
    if upper.text and lower.text:
        if not (has_han(upper.text) and has_han(lower.text) and is_label(upper.text + lower.text)):
            return False
        return in_head or not (is_label(upper.text) and is_label(lower.text))
    if lower.text and not has_han(lower.text):
        return False
    if upper.text and not has_han(upper.text):
        return False
    if seam.blank_figure(lower):
        return False
    return (
        upper.rows > 1
        or lower.rows > 1
        or _leads(lower, seam)
        or (in_head and bool(upper.text) and not looks_like_value(upper.text))
    )


def _is_head(cells: Sequence[_Cell]) -> bool:
    """Whether a row is one of column labels: three at least, and nothing else."""
    words = [cell.text for cell in cells if cell.text]
    return len(words) > 2 and all(has_han(word) and is_label(word) for word in words)


def _begins_row(cell: _Cell) -> bool:
    """Whether a cell is the label of a row, and of no column."""
    word = core(cell.text)
    known = labels()
    return any(word in known.rows[t] for t in TABLES[:2]) and not any(
        word in known.columns[t] for t in TABLES
    )


def _leads(cell: _Cell, seam: _Seam) -> bool:
    """Whether an empty cell stands left of its row's label."""
    return not cell.text and any(
        has_han(pair.lower.text) and pair.lower.column > cell.column for pair in seam.pairs
    )


def _orphaned(lower: Joined) -> bool:
    """Whether a piece begins with figures under no label."""
    first = [cell for cell in lower.cells if cell.row == 0]
    return any(_is_figure(cell) for cell in first) and not any(has_han(cell.text) for cell in first)


def _doubt(upper: Joined, lower: Joined) -> None:
    """Doubts the figures on both sides of a break that may have cut them."""
    for cell in _figures_at(upper.cells, upper.rows):
        cell.doubtful = True
    for cell in lower.cells:
        if cell.row == 0:
            cell.doubtful = True


def _figures_at(cells: Sequence[_Cell], bottom: int) -> Iterator[_Cell]:
    return (cell for cell in cells if cell.bottom == bottom and cell.rows == 1)
