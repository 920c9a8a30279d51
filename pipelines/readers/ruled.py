"""Rulings and characters of a page → tables of cells.

Owns the geometry: rulings that belong together, the edges of rows and columns, which cells a
missing ruling merges, which characters stand in which cell. It decides nothing about labels. What
cannot be told by place (a number across a ruling, a number in a cell that a missing ruling made
of two) gets `UNTOLD` in its text, so that it is never read as a number. Lengths are points, the
origin is the top left corner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import NamedTuple

from pipelines.labels import has_han
from pipelines.readers.lines import UNTOLD, Char, Line, glued, index_of, nearest, text_lines

_TOUCH = 3.0
"""Rulings that miss each other by no more meet, and edges no farther apart are one (columns and
rows of the forms are at least 8 points wide; doubled rulings lie 1 to 2 points apart)."""

_SLIVER = 9.0
"""Horizontal rulings so close have no row between them unless text stands there."""

_OPEN = 4.0
"""Rulings that reach so far beyond the outermost crossing ruling leave a cell open at a page's edge."""

BORDER = 1.5
"""Points: rulings are so wide at most; edges run along their middle, text keeps clear of all of it."""

_COVERED = 0.8
_MOST_CELLS = 20_000
_MOST_RULES = 20_000
_DIGITS = frozenset("0123456789０１２３４５６７８９.．,，")


class Rule(NamedTuple):
    """A straight ruling: horizontal at y = `at` from x = `start` to `end`, or vertical at x = `at`."""

    at: float
    start: float
    end: float


@dataclass(slots=True)
class Page:
    """What a page draws, as far as readers use it. `unread` says why nothing of it can be used, `code`
    is the problem's; `scanned` tells that its characters were recognised in a picture; `beyond` are
    characters outside what the page shows.
    """

    number: int
    width: float
    height: float
    chars: list[Char] = field(default_factory=list)
    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    pictured: bool = False
    unread: str | None = None
    code: str = "page_not_read"
    scanned: bool = False
    beyond: list[Char] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class RuledCell:
    """A cell: its first row and column in the table, its extent, its box and the lines in it.

    `number` is its place among the cells of its row, from 1; `doubtful` means that its text cannot
    be told by place.
    """

    row: int
    column: int
    rows: int
    columns: int
    box: tuple[float, float, float, float]
    lines: tuple[Line, ...] = ()
    number: int = 0
    doubtful: bool = False

    def text(self, padding: float) -> str:
        """The lines as one text."""
        text = ""
        for number, line in enumerate(self.lines):
            filled = number > 0 and self.fills(self.lines[number - 1], padding)
            text = glued(text, line.text, filled=filled and self.rows == 1)
        return f"{text}{UNTOLD}" if self.doubtful and not has_han(text) else text

    def fills(self, line: Line, padding: float) -> bool:
        """Whether a line leaves no room for one more digit."""
        return line.x1 - line.x0 + line.step > self.box[2] - self.box[0] - padding - BORDER


@dataclass(slots=True, eq=False)
class RuledTable:
    """A table as it stands on one page; `padding` is what its cells keep free of text, left and right."""

    page: int
    xs: list[float]
    ys: list[float]
    cells: list[RuledCell]
    padding: float = 0.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The outer edges."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]


def ruled_tables(page: Page) -> tuple[list[RuledTable], list[Char]]:
    """The tables of a page from the top down, and the characters outside them."""
    if len(page.horizontal) + len(page.vertical) > _MOST_RULES:
        return [], page.chars
    grids = [
        grid
        for horizontal, vertical in _components(_merged(page.horizontal), _merged(page.vertical))
        if (grid := _lattice(_without_slivers(horizontal, vertical, page.chars), vertical)) is not None
    ]
    grids.sort(key=lambda grid: (grid.ys[0], grid.xs[0]))
    return _filled(page, grids)


# Rulings ----------------------------------------------------------------------------------------


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """Rulings on one line that touch or overlap, as one."""
    found: list[Rule] = []
    run: list[Rule] = []
    for rule in sorted(rules):
        if run and rule.at - run[-1].at > 1.5:
            found += _runs(run)
            run = []
        run.append(rule)
    return found + _runs(run)


def _runs(rules: list[Rule]) -> list[Rule]:
    merged: list[Rule] = []
    for rule in sorted(rules, key=lambda r: r.start):
        if merged and rule.start <= merged[-1].end + _TOUCH:
            last = merged[-1]
            merged[-1] = Rule(last.at, last.start, max(last.end, rule.end))
        else:
            merged.append(rule)
    return merged


def _components(horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Rulings that hang together by crossing, one pair of lists a table."""
    owner = list(range(len(horizontal) + len(vertical)))

    def root(index: int) -> int:
        while owner[index] != index:
            owner[index] = owner[owner[index]]
            index = owner[index]
        return index

    for i, (y, x0, x1) in enumerate(horizontal):
        left, right = x0 - _TOUCH, x1 + _TOUCH
        for j, (x, y0, y1) in enumerate(vertical, len(horizontal)):
            if left <= x <= right and y0 - _TOUCH <= y <= y1 + _TOUCH:
                owner[root(i)] = root(j)
    found: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, rule in enumerate(horizontal):
        found.setdefault(root(i), ([], []))[0].append(rule)
    for j, rule in enumerate(vertical, len(horizontal)):
        found.setdefault(root(j), ([], []))[1].append(rule)
    return [pair for pair in found.values() if len(pair[0]) + len(pair[1]) > 3 and all(pair)]


def _closed(along: list[Rule], across: list[Rule]) -> list[Rule]:
    """`along` with an edge added at either end where `across` reaches beyond: a cell open to a page's
    edge, or a table without rulings at its sides.
    """
    added = []
    for reach, edge, sign in (
        (min(r.start for r in across), min(r.at for r in along), 1),
        (max(r.end for r in across), max(r.at for r in along), -1),
    ):
        if (edge - reach) * sign <= _OPEN:
            continue
        ends = [r for r in across if abs((r.start if sign > 0 else r.end) - reach) <= _TOUCH]
        if len(ends) > 1:
            added.append(Rule(reach, min(r.at for r in ends), max(r.at for r in ends)))
    return [*along, *added]


def _without_slivers(
    horizontal: Sequence[Rule], vertical: Sequence[Rule], chars: Sequence[Char]
) -> list[Rule]:
    """Horizontal rulings, those at one height that lie so close that no text fits between them, and none
    does. Browsers end a merged cell a little above or below its row where a page breaks.
    """
    heights = sorted({rule.at for rule in horizontal})
    close = [(a, b) for a, b in pairwise(heights) if _TOUCH < b - a <= _SLIVER]
    if not close or not vertical:
        return list(horizontal)
    left, right = min(rule.at for rule in vertical), max(rule.at for rule in vertical)
    moved: dict[float, float] = {}
    for upper, lower in close:
        if upper in moved or any(
            upper < (c.y0 + c.y1) / 2 < lower and left < c.x1 and c.x0 < right for c in chars
        ):
            continue
        lengths = [sum(r.end - r.start for r in horizontal if r.at == at) for at in (upper, lower)]
        kept, gone = (upper, lower) if lengths[0] >= lengths[1] else (lower, upper)
        moved[gone] = kept
    return [rule._replace(at=moved.get(rule.at, rule.at)) for rule in horizontal]


def _edges(rules: Iterable[Rule]) -> list[float]:
    """The places of parallel rulings, those closer than two rulings can be taken as one."""
    groups: list[list[float]] = []
    for at in sorted(rule.at for rule in rules):
        if groups and at - groups[-1][0] <= _TOUCH:
            groups[-1].append(at)
        else:
            groups.append([at])
    return [sum(group) / len(group) for group in groups]


# The lattice ------------------------------------------------------------------------------------


class _Grid(NamedTuple):
    """Edges and the cells between: `owners[row][column]` is the index of a cell, None outside."""

    xs: list[float]
    ys: list[float]
    cells: list[RuledCell]
    owners: list[list[int]]
    split: set[int]
    """Cells that stand in a region whose inner rulings are missing."""
    open: set[int]
    """Cells without a ruling on the table's outer side: where they hold no text, they are no cells."""


def _lattice(horizontal: list[Rule], vertical: list[Rule]) -> _Grid | None:
    if len(horizontal) < 2 and len(vertical) < 2:
        return None
    horizontal = _closed(horizontal, vertical)
    vertical = _closed(vertical, horizontal)
    xs, ys = _edges(vertical), _edges(horizontal)
    if len(xs) < 2 or len(ys) < 2 or len(xs) * len(ys) > _MOST_CELLS:
        return None
    tops = _walls(horizontal, ys, xs)
    sides = _walls(vertical, xs, ys)
    # An edge that parts no two cells is an underline or the like.
    used_y = [k for k in range(len(ys)) if k in (0, len(ys) - 1) or any(tops[k])]
    used_x = [k for k in range(len(xs)) if k in (0, len(xs) - 1) or any(sides[k])]
    if len(used_y) < len(ys) or len(used_x) < len(xs):
        xs, ys = [xs[k] for k in used_x], [ys[k] for k in used_y]
        tops, sides = _walls(horizontal, ys, xs), _walls(vertical, xs, ys)
    return _regions(xs, ys, tops, sides)


def _walls(rules: Iterable[Rule], edges: Sequence[float], across: Sequence[float]) -> list[list[bool]]:
    """For each edge and each interval across it, whether a ruling parts the cells there."""
    covered = [[0.0] * (len(across) - 1) for _ in edges]
    for at, start, end in rules:
        edge = nearest(edges, at)
        if abs(edges[edge] - at) > _TOUCH:
            continue
        line = covered[edge]
        for k in range(len(line)):
            overlap = min(end, across[k + 1]) - max(start, across[k])
            if overlap > 0:
                line[k] += overlap
    return [
        [length >= _COVERED * (across[k + 1] - across[k]) for k, length in enumerate(line)]
        for line in covered
    ]


def _regions(
    xs: list[float], ys: list[float], tops: list[list[bool]], sides: list[list[bool]]
) -> _Grid | None:
    rows, columns = len(ys) - 1, len(xs) - 1
    owners = [[-1] * columns for _ in range(rows)]
    cells: list[RuledCell] = []
    split: set[int] = set()
    unwalled: set[int] = set()
    for row in range(rows):
        for column in range(columns):
            if owners[row][column] >= 0:
                continue
            region = _region(row, column, tops, sides, owners)
            whole = _is_rectangle(region)
            parts = [region] if whole else [[spot] for spot in sorted(region)]
            for part in parts:
                (r0, c0), (r1, c1) = min(part), max(part)
                for r, c in part:
                    owners[r][c] = len(cells)
                if not whole:
                    split.add(len(cells))
                if not _walled(part, tops, sides):
                    unwalled.add(len(cells))
                box = (xs[c0], ys[r0], xs[c1 + 1], ys[r1 + 1])
                cells.append(RuledCell(r0, c0, r1 - r0 + 1, c1 - c0 + 1, box))
    return _Grid(xs, ys, cells, owners, split, unwalled) if len(cells) > 1 else None


def _region(
    row: int, column: int, tops: list[list[bool]], sides: list[list[bool]], owners: list[list[int]]
) -> list[tuple[int, int]]:
    """The elementary cells that no ruling parts from the one at (row, column)."""
    rows, columns = len(owners), len(owners[0])
    seen = {(row, column)}
    todo = [(row, column)]
    while todo:
        r, c = todo.pop()
        if c + 1 < columns and not sides[c + 1][r] and (r, c + 1) not in seen:
            seen.add((r, c + 1))
            todo.append((r, c + 1))
        if c > 0 and not sides[c][r] and (r, c - 1) not in seen:
            seen.add((r, c - 1))
            todo.append((r, c - 1))
        if r + 1 < rows and not tops[r + 1][c] and (r + 1, c) not in seen:
            seen.add((r + 1, c))
            todo.append((r + 1, c))
        if r > 0 and not tops[r][c] and (r - 1, c) not in seen:
            seen.add((r - 1, c))
            todo.append((r - 1, c))
    return sorted(seen)


def _walled(part: list[tuple[int, int]], tops: list[list[bool]], sides: list[list[bool]]) -> bool:
    """Whether a cell has a ruling wherever it meets the outer side of the table."""
    last_row, last_column = len(tops) - 1, len(sides) - 1
    return all(
        (r > 0 or tops[0][c])
        and (r + 1 < last_row or tops[last_row][c])
        and (c > 0 or sides[0][r])
        and (c + 1 < last_column or sides[last_column][r])
        for r, c in part
    )


def _is_rectangle(region: list[tuple[int, int]]) -> bool:
    rows, columns = [r for r, _ in region], [c for _, c in region]
    return len(region) == (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)


# Characters -------------------------------------------------------------------------------------


def _filled(page: Page, grids: list[_Grid]) -> tuple[list[RuledTable], list[Char]]:
    inside: list[dict[int, list[Char]]] = [{} for _ in grids]
    outside: list[Char] = []
    digits: list[tuple[Char, _Spot]] = []
    for char in page.chars:
        place = _place(char, grids)
        if place is None:
            outside.append(char)
        else:
            inside[place[0]].setdefault(place[1], []).append(char)
        if char.text in _DIGITS:
            digits.append((char, place))
    torn = _torn(digits, grids)
    for place in chain(_overhung(outside, grids), _cut_off(page, grids)):
        torn.setdefault(place[0], set()).add(place[1])
    tables = []
    for number, grid in enumerate(grids):
        for index, chars in inside[number].items():
            grid.cells[index].lines = tuple(text_lines(chars))
        for index in grid.split:
            cell = grid.cells[index]
            cell.doubtful = any(_crosses(line, cell) for line in cell.lines)
        for index in torn.get(number, ()):
            grid.cells[index].doubtful = True
        for cell in grid.cells:
            cell.doubtful = cell.doubtful or not _on_page(cell.box, page)
            cell.doubtful = cell.doubtful or any(_reaches_edge(line, page) for line in cell.lines)
        # An open place at the left keeps the columns of its rows apart: it stays, as an empty cell.
        held = [
            cell for n, cell in enumerate(grid.cells) if cell.lines or not cell.column or n not in grid.open
        ]
        cells = [part for cell in held for part in _own_rows(cell, grid)]
        cells = _parted_labels(cells, grid)
        cells.sort(key=lambda cell: (cell.row, cell.column))
        table = RuledTable(page.number, grid.xs, grid.ys, cells, _padding(cells))
        _doubt_overflow(table)
        _number(table)
        tables.append(table)
    return tables, outside


def _place(char: Char, grids: list[_Grid]) -> tuple[int, int] | None:
    """The table and cell in which the middle of a character stands."""
    _, x0, y0, x1, y1 = char
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    for number, (xs, ys, _, owners, _, _) in enumerate(grids):
        if xs[0] < x < xs[-1] and ys[0] < y < ys[-1]:
            return number, owners[index_of(ys, y)][index_of(xs, x)]
    return None


_Spot = tuple[int, int] | None
"""The table and cell in which a character stands."""


def _torn(digits: list[tuple[Char, _Spot]], grids: list[_Grid]) -> dict[int, set[int]]:
    """Cells, by table, that share a number with a neighbour: its digits follow across the ruling."""
    torn: dict[int, set[int]] = {}
    rows: dict[int, list[tuple[Char, _Spot]]] = {}
    for char, place in digits:
        rows.setdefault(round(char.y0 + char.y1), []).append((char, place))
    for key, row in rows.items():
        near = sorted([*row, *rows.get(key + 1, ())], key=lambda pair: pair[0].x0)
        for (last, here), (char, there) in pairwise(near):
            if here == there or not _follows(last, here, char, there, grids):
                continue
            for place in (here, there):
                if place is not None:
                    torn.setdefault(place[0], set()).add(place[1])
    return torn


def _follows(last: Char, here: _Spot, char: Char, there: _Spot, grids: list[_Grid]) -> bool:
    """Whether a digit goes on the number of a digit in another cell, rather than begin its own: it
    comes without a gap, or after a small one where either stands on the ruling.
    """
    gap, height = char.x0 - last.x1, last.y1 - last.y0
    if gap < 0.04 * height:
        return True
    slack = 0.1 * (char.x1 - char.x0)
    straddles = (here is not None and last.x1 > grids[here[0]].cells[here[1]].box[2] + slack) or (
        there is not None and char.x0 < grids[there[0]].cells[there[1]].box[0] - slack
    )
    return straddles and gap < 0.12 * height


def _overhung(outside: list[Char], grids: list[_Grid]) -> Iterator[tuple[int, int]]:
    """The cells at a table's foot or head beyond which a number stands close by: the rest of one that
    was set past the ruling, as browsers do where a page ends. A date or an address in a page's margin
    has digits, too, and is no number.
    """
    close = [char for char in outside if any(_hangs(char, grid) for grid in grids)]
    for char in _numbers_among(close, outside):
        x = (char.x0 + char.x1) / 2
        for number, grid in enumerate(grids):
            side = _hangs(char, grid)
            if side:
                yield number, grid.owners[-1 if side > 0 else 0][index_of(grid.xs, x)]


def _hangs(char: Char, grid: _Grid) -> int:
    """1 for a digit close under a table, -1 for one close over it, else 0."""
    near, x = 0.6 * (char.y1 - char.y0), (char.x0 + char.x1) / 2
    if char.text not in _DIGITS or not grid.xs[0] < x < grid.xs[-1]:
        return 0
    return 1 if -near < char.y0 - grid.ys[-1] < near else -1 if -near < grid.ys[0] - char.y1 < near else 0


def _numbers_among(close: list[Char], outside: list[Char]) -> Iterator[Char]:
    """The digits beside which nothing but digits stands without a gap."""
    if not close:
        return
    top, bottom = min(char.y0 for char in close), max(char.y1 for char in close)
    beside = sorted((c for c in outside if c.y0 < bottom and top < c.y1), key=lambda c: c.x0)
    for digit in close:
        line = [c for c in beside if c.y0 < (digit.y0 + digit.y1) / 2 < c.y1]
        at = line.index(digit)
        if all(_ends_in_digits(part, digit) for part in (line[at:], line[at::-1])):
            yield digit


def _ends_in_digits(line: list[Char], digit: Char) -> bool:
    """Whether a line that begins with a digit goes on with digits only, up to its first gap."""
    for last, char in pairwise(line):
        gap = max(char.x0 - last.x1, last.x0 - char.x1)
        if gap > 0.3 * (digit.y1 - digit.y0):
            return True
        if char.text not in _DIGITS:
            return False
    return True


def _cut_off(page: Page, grids: list[_Grid]) -> Iterator[tuple[int, int]]:
    """The cells at a side of the page that have digits beyond it."""
    for char in page.beyond:
        y = (char.y0 + char.y1) / 2
        right = char.x0 > page.width / 2
        for number, grid in enumerate(grids):
            edge, side = (grid.xs[-1], page.width) if right else (grid.xs[0], 0.0)
            if char.text in _DIGITS and abs(edge - side) <= _TOUCH and grid.ys[0] < y < grid.ys[-1]:
                yield number, grid.owners[index_of(grid.ys, y)][-1 if right else 0]


def _on_page(box: tuple[float, float, float, float], page: Page) -> bool:
    """Whether a cell lies on what the page shows; of one that does not, a part may be lost."""
    return (
        box[0] > -_TOUCH
        and box[1] > -_TOUCH
        and box[2] < page.width + _TOUCH
        and box[3] < page.height + _TOUCH
    )


def _reaches_edge(line: Line, page: Page) -> bool:
    """Whether a number ends so close to a side of the page that a digit of it may lie beyond."""
    return line.step > 0 and (line.x1 > page.width - line.step or line.x0 < line.step)


def _crosses(line: Line, cell: RuledCell) -> bool:
    slack = 0.25 * line.height
    return line.y0 < cell.box[1] - slack or line.y1 > cell.box[3] + slack


def _own_rows(cell: RuledCell, grid: _Grid) -> list[RuledCell]:
    """A cell of several rows that holds a figure, in as many cells: no form has one, so a ruling is
    missing. A figure that stands across the missing ruling is of neither row.
    """
    if cell.rows == 1 or not any(_is_figure(line.text) for line in cell.lines):
        return [cell]
    return _split(cell, grid)


def _split(cell: RuledCell, grid: _Grid) -> list[RuledCell]:
    """The rows of a cell as cells, each with the lines that stand in it."""
    parts = []
    for row in range(cell.row, cell.row + cell.rows):
        box = (cell.box[0], grid.ys[row], cell.box[2], grid.ys[row + 1])
        lines = tuple(line for line in cell.lines if box[1] <= (line.y0 + line.y1) / 2 < box[3])
        parts.append(RuledCell(row, cell.column, 1, cell.columns, box, lines, doubtful=cell.doubtful))
    for upper, lower in pairwise(parts):
        edge = upper.box[3]
        if any(line.y0 + 0.15 * line.height < edge < line.y1 - 0.15 * line.height for line in cell.lines):
            upper.doubtful = lower.doubtful = True
    return parts


def _is_figure(text: str) -> bool:
    return not has_han(text) and any(char in _DIGITS for char in text)


def _parted_labels(cells: list[RuledCell], grid: _Grid) -> list[RuledCell]:
    """The cells, labels that stand before the figures of several rows split into those rows.

    A form's label names one row; where its cell reaches over two, the ruling between them is missing.
    What cannot be split so that each row has its label leaves the figures of these rows in doubt.
    """
    beside: dict[tuple[int, int], RuledCell] = {(cell.row, cell.column): cell for cell in cells}
    parted: list[RuledCell] = []
    for cell in cells:
        rows = range(cell.row, cell.row + cell.rows)
        next_ones = [beside.get((row, cell.column + cell.columns)) for row in rows]
        figures = [n for n in next_ones if n and any(_is_figure(line.text) for line in n.lines)]
        if len(figures) < 2 or not any(has_han(line.text) for line in cell.lines):
            parted.append(cell)
            continue
        parts = _split(cell, grid)
        if any(part.doubtful or not part.lines for part in parts):
            for other in cells:
                if other.row in rows and not any(has_han(line.text) for line in other.lines):
                    other.doubtful = True
        parted += parts
    return parted


def _padding(cells: Sequence[RuledCell]) -> float:
    """What cells keep free of text: twice the least distance of any text from the left edge."""
    inset = min((line.x0 - cell.box[0] for cell in cells for line in cell.lines), default=0.0)
    return min(max(0.0, 2 * inset), 16.0)


def _doubt_overflow(table: RuledTable) -> None:
    """Doubts the cells above and below two numbers in one cell: one of them may be a neighbour's."""
    for cell in table.cells:
        if len(cell.lines) < 2 and not any("\n" in line.text for line in cell.lines):
            continue
        text = cell.text(table.padding)
        if "\n" not in text or has_han(text):
            continue
        for other in table.cells:
            if other.column == cell.column and (
                other.row + other.rows == cell.row or cell.row + cell.rows == other.row
            ):
                other.doubtful = True


def _number(table: RuledTable) -> None:
    row, number = -1, 0
    for cell in table.cells:
        number = number + 1 if cell.row == row else 1
        row = cell.row
        cell.number = number
