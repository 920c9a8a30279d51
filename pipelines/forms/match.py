"""Grids matched against the statutory forms: which row and column a printed cell belongs to.

Owns the decision, and its strictness: a value is given to a cell only where the row's label is
known, the order of the columns was seen, and the row has a value for each of its cells; all
else becomes a problem with its place. Rows are found by label, columns by the order of the
values after the label (real tables span heads and data differently), geometry only breaks ties.
A table that a page break cut into several is put together again before it is read
(`pipelines.forms.pieces`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple, TypeVar

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.forms import TABLES, Row, column_code, forms, labels, row_code, row_words
from pipelines.forms.pieces import joined
from pipelines.forms.printed import Printed
from pipelines.forms.rows_seen import SeenRow, seen_row
from pipelines.forms.skeleton import Kept, Skeleton, skeleton
from pipelines.forms.turned import turned_values
from pipelines.grid import Laid, laid_out
from pipelines.labels import core, has_han, ordinal
from pipelines.records import Locator, Problem
from pipelines.values import is_unit_alone, looks_like_value, money_unit, parsed

_NOT_LAID = Laid([], [], [])
_SUMMED_GROUPS = frozenset({"denied", "unable", "not_processed", "other"})
_GROUPS = frozenset(forms()["f2021"].tables["review_litigation"].rows)
_LONGEST_CAPTION = 40
"""Characters of a line that says what a table is about; longer ones are prose."""
_BLOCK = "第二十条"
_Kind = TypeVar("_Kind")
_KINDS = ("org_business", "org_research", "org_public_interest", "org_legal_service", "org_other")
_SINGLES = ("natural_person", "org", *_KINDS, "total")
_SPLIT = ("natural_person", "org", "total", *_KINDS)
"""The orders in which a head of table 三 is read: its lines side by side, or the kinds on a line below."""
_HEADLIKE = 4
"""Cells of words in a row without a value: table 三 has three such cells, at the most, before its values."""
_ORGANISATIONS = frozenset(core(word) for word in ("法人或其他组织", "法人或其它组织"))
_OF_ROW = frozenset({"table", "row", "line", "page", "sheet"})
"""What of the place of a cell is that of its row."""
_OF_GRID = frozenset({"table", "page", "sheet"})
"""What of the place of a grid is that of each of its rows."""
_CERTAIN = re.compile("(?![一二三四五六七八九十])[\u4e00-\u9fff]")
"""What is never taken off a label as its ordinal or punctuation."""
_DIGIT = re.compile(r"[\d〇零一二三四五六七八九十]")
_LONGEST_UNIT = 4
"""Chinese characters of a unit in brackets, which is taken off: （单位：万元）."""
_TOTAL_ORDINALS = frozenset({"", "六", "七", "八"})
_TURNS = re.compile(r"([上本下去今前当明])一?年|([非不未无失])")
"""Words that make another row of a label, however alike the rest is: 上年新收 is not 本年新收."""
SIMILAR = 0.72
"""How like a label a misprinted one must be, where its place in the form already fits. Chosen on
the misprints of real reports: 其他法律行政止公开 for 其他法律行政法规禁止公开 gives 0.86."""


_NO_HEADS: Mapping[str, str] = {}


class FoundRow(NamedTuple):
    """A row of a statutory table as printed: its values in the order of its columns.

    `values` is None where no value can be given to a cell; `raw` then holds what was printed.
    `heads` are the printed labels of the columns, and what else names a unit of money; `years` those
    that the row's own label or the caption of its table names, 0 for the year before.
    """

    table: str
    row: str
    columns: tuple[str, ...]
    values: tuple[GridCell, ...] | None
    raw: tuple[GridCell, ...]
    where: Locator
    heads: Mapping[str, str] = _NO_HEADS
    method: str = "grid"
    why: str = "merged"
    years: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class LooseValues:
    """Values in running text that no label holds: the rows above and below them, and the problem made."""

    table: str
    above: str | None
    below: str | None
    texts: tuple[str, ...]
    problem: Problem


@dataclass(slots=True)
class Found:
    """What was found of the statutory tables, before a form is decided."""

    rows: list[FoundRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    """Ids of the paragraphs that were read as a table."""
    loose: list[LooseValues] = field(default_factory=list)
    grids: dict[str, list[Grid]] = field(default_factory=dict)
    """The grids in which rows of each statutory table stand, pieces put together."""
    looks: dict[int, tuple[Grid, Sequence[SeenRow], Skeleton | None]] = field(default_factory=dict)
    """The rows of grids as seen and what the grids look like, by their ids, with the grids: an id is that of
    another once its own is freed.
    """


@dataclass(frozen=True, slots=True)
class _Head:
    """The column labels that stand over the rows that follow.

    `order` is by reading; `rows` are those in which they stand and `places` the index of
    each in a row of `length` cells (no geometry). `foreign` counts columns that no form has. `ordered` is
    whether the columns come in the order of the form.
    """

    table: str
    order: tuple[str, ...]
    printed: Mapping[str, str]
    rows: tuple[int, ...]
    places: Mapping[str, int]
    length: int
    foreign: int = 0
    ordered: bool = True


def found_rows(content: Content) -> Found:
    """Every row of a statutory table that the document's grids hold, in document order."""
    found = Found()
    captions = _captions(content)
    for grid in joined(content.blocks):
        before = len(found.rows)
        known = {row.table for row in found.rows}
        _read(grid, found, captions.get(grid.where.get("table"), ""))
        for table in dict.fromkeys([row.table for row in found.rows[before:]]):
            found.grids.setdefault(table, []).append(grid)
        if _CAPTION.search(captions.get(grid.where.get("table"), "")):
            # Rows under the caption of a year never complete a table that began without one.
            codes = {other.row for other in found.rows[:before]}
            for index in range(before, len(found.rows)):
                row = found.rows[index]
                if row.table in known and row.row not in codes:
                    found.rows[index] = row._replace(values=None, raw=row.values or row.raw, why="other_year")
    found.rows = _without_bystanders(found.rows)
    return found


class _KeptRow(NamedTuple):
    """A found row without its document: `at` is its place in the grid, `values` and `raw` are cells by
    their number in it.
    """

    table: str
    row: str
    columns: tuple[str, ...]
    values: slice | tuple[int, ...] | None
    raw: slice | tuple[int, ...]
    at: int
    heads: Mapping[str, str]
    why: str
    years: frozenset[int]


_KEPT: Kept[tuple[_KeptRow, ...]] = Kept()


def _read(grid: Grid, found: Found, caption: str) -> None:
    """Takes in the rows of a grid. What looks like one that was read before is not read again."""
    seen = [seen_row(cells) for cells in grid.rows]
    looks = skeleton(grid, seen)
    key = (caption, looks)
    kept = _KEPT.get(key) if looks else None
    found.looks[id(grid)] = grid, seen, looks
    if kept is not None:
        found.rows += _rows_again(grid, kept)
    elif any(row.is_turned for row in seen) and (turned := turned_values(grid)):
        found.rows += _turned_rows(turned)
    else:
        reader = _GridReader(grid, seen, found, caption)
        reader.read()
        if looks and (read := reader.kept()) is not None:
            _KEPT.keep(key, read)


def _rows_again(grid: Grid, kept: Iterable[_KeptRow]) -> Iterator[FoundRow]:
    """The rows that were found in a grid of the same looks."""
    cells = tuple([cell for row in grid.rows for cell in row])
    place = _place_of_grid(grid)
    for row in kept:
        raw = _chosen(cells, row.raw)
        values = raw if row.values is row.raw else _chosen(cells, row.values)
        where = _place_of_row(grid, row.at, place)
        yield FoundRow(
            row.table, row.row, row.columns, values, raw or (), where, row.heads, "grid", row.why, row.years
        )


def _chosen(
    cells: tuple[GridCell, ...], numbers: slice | tuple[int, ...] | None
) -> tuple[GridCell, ...] | None:
    if numbers is None:
        return None
    return cells[numbers] if isinstance(numbers, slice) else tuple([cells[number] for number in numbers])


def _place_of_grid(grid: Grid) -> dict[str, object]:
    return {key: value for key, value in grid.where.items() if key in _OF_GRID}


def _place_of_row(grid: Grid, index: int, of_grid: dict[str, object]) -> dict[str, object]:
    place = of_grid.copy()
    if grid.rows[index]:
        for key, value in grid.rows[index][0].where.items():
            if key in _OF_ROW:
                place[key] = value
    else:
        place["row"] = index + 1
    return place


def _turned_rows(values: Mapping[str, tuple[GridCell, ...]]) -> Iterator[FoundRow]:
    """The rows of chapter 四 whose results stand one under the other."""
    columns = forms()["f2021"].tables["review_litigation"].blocks[0].columns
    for group, cells in values.items():
        where = {key: value for key, value in cells[0].where.items() if key not in ("cell", "bbox")}
        yield FoundRow("review_litigation", group, columns, cells, cells, where)


_CAPTION = re.compile(r"(?<!\d)20\d\d年|上一?年|去年|往年|前一年")


_EARLIER = re.compile(r"上一?年|去年|往年|前一年")
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!\s*\d{1,2}\s*月)")
_NO_YEARS: frozenset[int] = frozenset()


def _captions(content: Content) -> dict[object, str]:
    """The short lines straight over tables, by the tables' numbers."""
    return {
        grid.where["table"]: caption.text
        for caption, grid in pairwise(content.blocks)
        if isinstance(grid, Grid) and isinstance(caption, Paragraph)
        if len(caption.text) <= _LONGEST_CAPTION and "table" in grid.where
    }


def _years_of(text: str) -> frozenset[int]:
    """The years, not dates, that a label or caption names."""
    return frozenset(map(int, _YEAR.findall(text))) if "年" in text else _NO_YEARS


def _without_bystanders(rows: Sequence[FoundRow]) -> list[FoundRow]:
    """Rows of table 三 without those of tables that never print its seven columns (a comparison with
    the year before), where another table does print the same rows whole.
    """
    tables: dict[object, list[FoundRow]] = {}
    for row in rows:
        if row.table == "applications":
            tables.setdefault(row.where.get("table"), []).append(row)
    whole = {table for table, own in tables.items() if any(row.values for row in own)}
    printed = {row.row for table in whole for row in tables[table]}
    return [
        row
        for row in rows
        if row.table != "applications" or row.where.get("table") in whole or row.row not in printed
    ]


class _GridReader:
    """One grid, read row by row; a head seen in it holds for the rows below it."""

    def __init__(self, grid: Grid, seen: Sequence[SeenRow], found: Found, caption: str) -> None:
        self.grid, self.seen, self.found = grid, seen, found
        self.years = _years_of(caption)  # named over the rows that follow, 0 for the year before
        if not self.years and _EARLIER.search(caption):
            self.years = frozenset({0})
        self.unit = caption if money_unit(caption) else ""  # where it names a unit of money
        self.block_unit = ""  # the same of the heading inside the table
        self.laid, self.ends, self.reached = laid_out(grid) if grid.geometry else _NOT_LAID
        self.place = _place_of_grid(grid)
        self.usual_end = Counter(self.ends).most_common(1)[0][0] if self.ends else -1
        self.named: dict[tuple[object, ...], Mapping[str, str]] = {}  # what `_headed` has told
        self.rows: list[FoundRow] = []
        self.indexes: list[int] = []  # of each found row, where it stands in the grid
        self.problems: list[Problem] = []
        self.heads: dict[str, _Head] = {}
        self.ranges: dict[tuple[int, ...], Mapping[str, frozenset[int]]] = {}  # of heads, by their rows
        self.tables: tuple[str, ...] = TABLES  # those with a head first: there a label is looked for first
        self.pending: list[int] = []  # rows of column labels since the last row of values
        self.group: str | None = None
        self.index = 0
        self.review_read = False  # whether the head of chapter 四 has had its values
        self.strange = False  # whether words stood over the rows that may be column labels, none known
        self.mistrusted = False  # whether a row was taken back for values under it
        self.waiting: list[tuple[int, str]] = []  # rows of values whose label is not known: index, label

    def read(self) -> None:
        while self.index < len(self.grid.rows):
            self._row(self.index)
            self.index += 1
        self._settle_misprints()
        self._settle_shared()
        self._settle_strays()
        kept = self._statutory()
        if kept:
            self.found.rows += [row for row in self.rows if row.table in kept]
            self.found.problems += self.problems

    def kept(self) -> tuple[_KeptRow, ...] | None:
        """What was found, for grids that look the same; None where the words of a problem, or a row that was
        taken back or settled later, hang on more than looks.
        """
        if self.problems or self.waiting or self.mistrusted:
            return None
        cells = tuple([cell for row in self.grid.rows for cell in row])
        if len(set(cells)) < len(cells):
            return None  # a cell stands twice
        begins = [0, *accumulate(map(len, self.grid.rows))]
        kept = self._statutory()
        found: list[_KeptRow] = []
        for index, row in zip(self.indexes, self.rows, strict=True):
            if row.table in kept:
                raw = _numbered(row.raw, cells, begins[index])
                same = row.values is row.raw or row.values == row.raw
                values = raw if same else _numbered(row.values, cells, begins[index])
                head, why, years = row.heads, row.why, row.years
                found.append(
                    _KeptRow(row.table, row.row, row.columns, values, raw or (), index, head, why, years)
                )
        return tuple(found)

    def _statutory(self) -> set[str]:
        """The tables of which the grid is a piece, and not some table that shares a word with them."""
        by_table: dict[str, set[str]] = {table: set() for table in TABLES}
        for row in self.rows:
            by_table[row.table].add(row.row)
        head = self.heads.get("applications")
        columns = forms()["f2021"].tables["applications"].blocks[0].columns
        least = 8 if head is None else 1 if set(columns) <= set(head.order) else 3
        kept = {table for table in ("proactive", "review_litigation") if by_table[table]}
        return kept | ({"applications"} if len(by_table["applications"]) >= least else set())

    def _add(
        self,
        index: int,
        table: str,
        code: str,
        columns: tuple[str, ...],
        values: tuple[GridCell, ...] | None,
        raw: tuple[GridCell, ...],
        head: _Head | None,
        why: str = "merged",
    ) -> None:
        """Takes in a row of the form, with its place, its years and the labels of its columns."""
        words = self.seen[index].words
        heads = self._headed(columns, head, words if money_unit(words) else "")
        years = _years_of(words) or self.years
        where = self._row_place(index)
        self.rows.append(FoundRow(table, code, columns, values, raw, where, heads, "grid", why, years))
        self.indexes.append(index)

    def _headed(self, columns: tuple[str, ...], head: _Head | None, unit: str) -> Mapping[str, str]:
        """The printed labels of the columns, those of a row with what names the unit of their money: that
        of the row (`unit`) as well, else the heading over it, else the caption of the table.

        Rows under one head share them.
        """
        key = (columns, head.table if head else None, unit, self.block_unit, self.unit)
        named = self.named.get(key)
        if named is None:
            over = head.printed if head else {}
            heads = {}
            for code in columns:
                label = over.get(code, "")
                units = [text for text in (label, unit) if money_unit(text)]
                heads[code] = " ".join(units) or self.block_unit or self.unit or label
            named = self.named[key] = {**over, **heads}
        return named

    def _note_heading(self, text: str) -> None:
        """Takes in the year and the unit of money that a row of one text states for those below it."""
        if not text or len(text) > _LONGEST_CAPTION:
            return
        self.years = _years_of(text) or self.years
        if core(text).startswith(_BLOCK):
            self.block_unit = text if money_unit(text) else ""
        elif money_unit(text):
            self.unit = text

    # One row ------------------------------------------------------------------------------------

    def _row(self, index: int) -> None:
        cells, seen = self.grid.rows[index], self.seen[index]
        if not seen.is_filled:
            if self._expects_review_values(cells):
                self._review_values(index, cells)
            return
        if not seen.has_number:
            self._note_heading(seen.sole)
            if _is_head(tuple([cell.text for cell in cells if cell.text])):
                self.pending.append(index)
                return
        if self.pending:
            self._read_head()
        run = seen.run
        if self._is_cut(index, cells, run):
            return
        match = self._match(index, cells, run)
        if match:
            self._values(index, cells, *match)
            return
        numbers = [cell for cell, one in zip(cells, seen.cells, strict=True) if one.status == "number"]
        self._row_without_label(index, cells, run, numbers)

    def _row_place(self, index: int) -> dict[str, object]:
        return _place_of_row(self.grid, index, self.place)

    def _row_without_label(
        self, index: int, cells: Sequence[GridCell], run: Sequence[int], numbers: Sequence[GridCell]
    ) -> None:
        """A row whose label names none of the form: a heading, values of chapter 四, or a problem."""
        for position in run:
            self.group = labels().groups.get(core(cells[position].text), self.group)
        after = cells[(run[-1] + 1 if run else 0) :]
        if self._expects_review_values(after):
            self._review_values(index, after)
        elif not numbers and len(run) >= _HEADLIKE:
            self.strange = True
        elif numbers and not run and self._belongs_above(index):
            self._mistrust_above(index, numbers)
        elif numbers:
            self.waiting.append((index, cells[run[-1]].text if run else ""))
            self.problems.append(self._unmatched(index, "".join(cells[position].text for position in run)))

    def _unmatched(self, index: int, label: str) -> Problem:
        printed = " | ".join(cell.text.replace("\n", "") for cell in self.grid.rows[index])
        return Problem(
            code="unmatched_row",
            where=self._row_place(index),
            detail=f"no row of the form is called {label!r}: {printed}"[:300],
        )

    def _is_cut(self, index: int, cells: Sequence[GridCell], run: Sequence[int]) -> bool:
        """A row cut in two, its label and its values: no digit of it can be given to a cell."""
        if not run or index + 1 >= len(self.grid.rows) or not self.seen[index + 1].is_rest:
            return False
        below, following = self.seen[index + 1], self.grid.rows[index + 1]
        after = [cell for cell in cells[run[-1] + 1 :] if cell.text]
        more = [cell for cell, seen in zip(following, below.cells, strict=True) if seen.is_value]
        if not after or not more:
            return False
        label = cells[run[-1]]
        word = core(label.text + below.texts[0])
        for table, rows in labels().rows.items():
            code = rows.get(word)
            if code and core(label.text) not in rows and self._fits(table, code, index, label):
                self._refuse(index, table, code, (*after, *more), self.heads.get(table), "merged")
                self.index += 1
                return True
        return False

    def _belongs_above(self, index: int) -> bool:
        """Whether values without a label stand straight under a row of the form."""
        if not self.rows:
            return False
        between = self.grid.rows[self.indexes[-1] + 1 : index]
        return not any(cell.text for row in between for cell in row)

    def _mistrust_above(self, index: int, numbers: Sequence[GridCell]) -> None:
        """Takes back the row over values without a label: they may be the rest of its digits."""
        self.mistrusted = True
        row = self.rows[-1]
        printed = tuple(cell for cell in row.raw if cell.text)
        self.rows[-1] = row._replace(values=None, raw=(*printed, *numbers), why="merged")
        self.indexes[-1] = index

    # Heads --------------------------------------------------------------------------------------

    def _read_head(self) -> None:
        rows, self.pending = self.pending, []
        told = self._told_head(rows)
        if told is None:
            return
        table = told.table
        self.heads[table] = _Head(
            table, told.order, told.printed, tuple(rows), told.places, told.length, told.foreign, told.ordered
        )
        self.tables = tuple(sorted(TABLES, key=lambda table: table not in self.heads))
        self.named.clear()
        if table == "review_litigation":
            self.review_read = False

    def _told_head(self, rows: Sequence[int]) -> _Head | None:
        texts = tuple([tuple([cell.text for cell in self.grid.rows[index]]) for index in rows])
        return _head(texts, laid=bool(self.laid))

    def _ranges(self, head: _Head) -> Mapping[str, frozenset[int]]:
        """The grid columns of each column label of a head; for review_litigation keyed `group/result`."""
        if head.rows not in self.ranges:
            self.ranges[head.rows] = self._told_ranges(head.table, head.rows) if self.laid else {}
        return self.ranges[head.rows]

    def _told_ranges(self, table: str, rows: Sequence[int]) -> dict[str, frozenset[int]]:
        ranges: dict[str, set[int]] = {}
        for column in range(len(self.laid[rows[0]])):
            above = [cell.text for index in rows if (cell := self.laid[index][column])]
            codes = [code for text in above if (code := column_code(table, text))]
            if not codes:
                continue
            key = codes[-1]
            if table == "review_litigation":
                groups = [group for text in above if (group := row_code(table, text))]
                key = f"{groups[-1]}/{codes[-1]}" if groups else ""
            ranges.setdefault(key, set()).add(column)
        return {key: frozenset(columns) for key, columns in ranges.items()}

    # Labels -------------------------------------------------------------------------------------

    def _match(
        self, index: int, cells: Sequence[GridCell], run: Sequence[int]
    ) -> tuple[str, str, int] | None:
        """(table, row code, index of the first cell after the label) of a row, by its label."""
        texts = self.seen[index].texts
        for table in self.tables:
            for end, code in self._named(table, index, texts, run):
                if self._fits(table, code, index, cells[run[end - 1]]):
                    return table, code, run[end - 1] + 1
            continued = self._continued(index, cells, run, table)
            if continued:
                return table, continued, run[-1] + 1
        return None

    def _named(
        self, table: str, index: int, texts: tuple[str, ...], run: Sequence[int]
    ) -> Iterable[tuple[int, str]]:
        """The rows of a table that stretches of the leading words of a row name, each with the number of
        words up to its end; the likeliest first.
        """
        if len(texts) <= _HEADLIKE:
            return _rows_named(table, texts)
        stretches = _label_candidates(run, self.seen[index].cells)
        return (
            (end, code) for start, end in stretches if (code := row_code(table, "".join(texts[start:end])))
        )

    def _fits(self, table: str, code: str, index: int, label: GridCell) -> bool:
        """Whether a label that other rows or columns share stands where this row's would."""
        row = _row_of(table, code)
        if row.needs_group and (self._inherited_group(index, label) or self.group) != row.group:
            return False
        if code == "processed_total":
            number = ordinal(label.text)  # （七）总计 says what it is, whatever heading reaches down to it
            if number not in _TOTAL_ORDINALS or (
                not number and self._inherited_group(index, label) in _SUMMED_GROUPS
            ):
                return False  # a subtotal of one group
        return table != "proactive" or "proactive" in self.heads

    def _inherited_group(self, index: int, label: GridCell) -> str | None:
        """The innermost heading that stands left of a row, in its own row or spanning down to it."""
        known = labels().groups
        if not self.laid:
            return None
        group = None
        for cell in self.laid[index]:
            if cell is None:
                continue
            if cell is label:
                break
            group = known.get(core(cell.text), group)
        return group if group != "results" else None

    def _continued(self, index: int, cells: Sequence[GridCell], run: Sequence[int], table: str) -> str | None:
        """The row of a label that a page break cut: the rest stands alone in the next row."""
        if not run or index + 1 >= len(self.grid.rows):
            return None
        rest = self.seen[index + 1].sole
        if not has_han(rest):
            return None
        word = core(cells[run[-1]].text + rest)
        code = labels().rows[table].get(word)
        if code and self._fits(table, code, index, cells[run[-1]]):
            self.index += 1
            return code
        return None

    def _settle_misprints(self) -> None:
        """Gives rows with a misprinted label their code where place in the form and likeness agree."""
        unlabelled = {index for index, label in self.waiting if not label}
        for index, label in self.waiting:
            found = self._like(index, label)
            if found is None or index + 1 in unlabelled:  # whose values are whose is not known
                continue
            table, code = found
            where = self._row_place(index)
            self.problems = [p for p in self.problems if p.where != where]
            self._values(index, self.grid.rows[index], table, code, self.seen[index].run[-1] + 1)

    def _settle_shared(self) -> None:
        """Takes back rows of which a printed value reaches down into the next one: it may be of either."""
        for number, (row, below) in enumerate(pairwise(self.rows)):
            index = self.indexes[number + 1]
            if (
                not self.laid
                or row.values is None
                or index == self.indexes[number]
                or self.reached[index] < 0
            ):
                continue
            above = [cell for cell in self.laid[index][: self.reached[index] + 1] if cell]
            own = self.grid.rows[index]
            shared = {
                id(cell): cell for cell in above if cell.text and cell in row.values and cell not in own
            }
            if shared:
                self.rows[number] = _taken_back(row)
                printed = (*below.raw, *shared.values())
                self.rows[number + 1] = _taken_back(below._replace(raw=printed))

    def _settle_strays(self) -> None:
        """Takes back rows of table 三 with as many cells as columns, where the others of the table have an
        empty cell more, or cells of other widths: which of the cells is the stray one cannot be told.
        """
        rows = [(n, row) for n, row in enumerate(self.rows) if row.table == "applications" and row.values]
        surplus = _usual(len(row.raw) - len(row.columns) for _, row in rows)
        every = [tuple([cell.colspan for cell in row.values or ()]) for _, row in rows]
        widths = _usual(every)
        if not surplus and (not widths or all(own == widths for own in every)):
            return
        for (number, row), own in zip(rows, every, strict=True):
            texts = [cell.text for cell in row.values or ()]
            exact = len(row.raw) == len(row.columns) and any(texts)
            lost = exact and surplus and not (texts[0] and texts[-1])
            wide = exact and widths and own != widths and len(set(own)) > 1
            if lost or (wide and not self._is_under_heads(self.indexes[number], row)):
                self.rows[number] = _taken_back(row)

    def _is_under_heads(self, index: int, row: FoundRow) -> bool:
        """Whether each value of a row stands under the label of its column and no other's."""
        head = self.heads.get(row.table)
        return row.values is not None and row.values == self._by_geometry(index, row.raw, row.columns, head)

    def _like(self, index: int, label: str) -> tuple[str, str] | None:
        word = core(label)
        row_at = dict(zip(self.indexes, self.rows, strict=True))
        before = max((n for n in row_at if n < index), default=None)
        after = min((n for n in row_at if n > index), default=None)
        near = row_at[before] if before is not None else row_at[after] if after is not None else None
        if near is None or len(word) < 4 or word in labels().groups:
            return None
        seen = {row.row for row in self.rows}
        best: tuple[float, str] | None = None
        for form in forms().values():
            codes = [code for block in form.tables[near.table].blocks for code in block.rows]
            first = (
                codes.index(row_at[before].row) + 1
                if before is not None and row_at[before].row in codes
                else 0
            )
            last = (
                codes.index(row_at[after].row)
                if after is not None and row_at[after].row in codes
                else len(codes)
            )
            for code in codes[first:last]:
                if code in seen or form.tables[near.table].rows[code].needs_group:
                    continue
                known = core(form.tables[near.table].rows[code].label)
                ratio = SequenceMatcher(None, word, known).ratio()
                if ratio >= SIMILAR and _turns(word) == _turns(known) and (best is None or ratio > best[0]):
                    best = (ratio, code)
        return (near.table, best[1]) if best else None

    # Values -------------------------------------------------------------------------------------

    def _values(self, index: int, cells: Sequence[GridCell], table: str, code: str, start: int) -> None:
        head = self.heads.get(table)
        columns = _columns_of(table, code, head)
        after = tuple(cells[start:])
        if len(after) > 1 and is_unit_alone(after[0].text):
            after = after[1:]  # a column of units beside the labels
        self.group = _row_of(table, code).group if table == "applications" else None
        if columns is None:
            self._values_among_others(index, after, code, head)
        elif table == "applications" and head is None and self.strange:
            self._refuse(index, table, code, after, head, "header_unmatched")
        elif head and table != "proactive" and not head.ordered:
            self._values_by_head(index, after, table, code, columns, head)
        elif not (
            code == "other_total" and not any(cell.text for cell in after) and len(after) < len(columns)
        ):
            # （六）其他处理 over its own rows is a heading; anything else is a row of values.
            self._values_in_order(index, after, table, code, columns, head)

    def _values_by_head(
        self,
        index: int,
        after: tuple[GridCell, ...],
        table: str,
        code: str,
        columns: tuple[str, ...],
        head: _Head,
    ) -> None:
        """Values under a head of another order than the form's, where geometry proves each column."""
        chosen = self._by_geometry(index, after, columns, head) if table == "applications" else None
        if chosen is None:
            self._refuse(index, table, code, after, head, "header_unmatched")
        else:
            self._add(index, table, code, columns, chosen, after, head)

    def _values_among_others(
        self, index: int, after: tuple[GridCell, ...], code: str, head: _Head | None
    ) -> None:
        """Values of table 二 under a head that names their columns in another order or among those of
        other rows: geometry must prove each, and no other column may hold a number.
        """
        options = _options("proactive", code)
        named = [columns for columns in options if head and set(columns) <= set(head.order)]
        columns = max(named, key=len, default=())
        chosen = self._by_geometry(index, after, columns, head, strict=False) if columns else None
        if chosen is None or head is None:
            self._refuse(index, "proactive", code, after, head, "header_unmatched")
            return
        self._add(index, "proactive", code, columns, chosen, after, head)

    def _values_in_order(
        self,
        index: int,
        after: tuple[GridCell, ...],
        table: str,
        code: str,
        columns: tuple[str, ...],
        head: _Head | None,
    ) -> None:
        """Values in the order of the form, one a column; anything else is kept raw."""
        values = self._aligned(index, after, columns, head)
        if values is None and index + 1 < len(self.grid.rows):
            values = self._completed(index, after, len(columns))
        if values is None:
            raw = tuple(cell for cell in after if cell.text)
            if not raw and after:
                values = tuple(after[0] for _ in columns)  # however the row is cut, all of it is empty
            self._add(index, table, code, columns, values, raw, head)
            return
        for cell in after if values is not after else ():
            if cell not in values and _may_be_value(cell):
                detail = f"{cell.text!r} stands in row {code} under no column of the form"
                self.problems.append(Problem(code="unmatched_cell", where=cell.where, detail=detail))
        self._add(index, table, code, columns, values, after, head)

    def _refuse(
        self, index: int, table: str, code: str, after: Sequence[GridCell], head: _Head | None, why: str
    ) -> None:
        columns = _columns_of(table, code, None) or _likeliest_columns(table, code, head)
        raw = tuple(cell for cell in after if cell.text)
        self._add(index, table, code, columns, None, raw, head, why)

    def _aligned(
        self, index: int, after: Sequence[GridCell], columns: Sequence[str], head: _Head | None
    ) -> tuple[GridCell, ...] | None:
        """One cell for each column, or None where that cannot be told."""
        wanted = len(columns)
        if len(after) == wanted and not (head and head.foreign and head.table == "applications"):
            doubtful = (
                self._hangs_over(index, after)
                or _reaches_down(after)
                or (wanted > 1 and self._is_stretched(index, after))
            )
            return None if doubtful else tuple(after)
        if len(after) < wanted or (wanted > 1 and self._is_overlong(index)):
            return None  # of an overlong row one cell is a stray, and which cannot be told
        for chosen in (
            self._by_geometry(index, after, columns, head),
            self._by_place(index, after, columns, head),
        ):
            if chosen is not None:
                return chosen
        filled = [position for position, cell in enumerate(after) if cell.text]
        if len(filled) == wanted and filled[-1] - filled[0] == wanted - 1:
            return tuple(after[position] for position in filled)
        return self._by_siblings(after, wanted)

    def _is_overlong(self, index: int) -> bool:
        """Whether a row reaches further to the right than the grid's rows do."""
        return bool(self.laid) and self.ends[index] > self.usual_end

    def _is_stretched(self, index: int, after: Sequence[GridCell]) -> bool:
        """Whether a wider cell has moved those behind it past the end of the grid: it stands for two."""
        return self._is_overlong(index) and len({cell.colspan for cell in after}) > 1

    def _hangs_over(self, index: int, after: Sequence[GridCell]) -> bool:
        """Whether a cell of a row above reaches into this row's values."""
        if not self.laid or not after or self.reached[index] < 0:
            return False
        first = after[0]
        return first in self.laid[index][: self.reached[index] + 1]

    def _by_geometry(
        self,
        index: int,
        after: Sequence[GridCell],
        columns: Sequence[str],
        head: _Head | None,
        *,
        strict: bool = True,
    ) -> tuple[GridCell, ...] | None:
        """The cell under each column's label; else None. A value too many spoils it, where not `strict`
        only a number.
        """
        if not head or not self.laid:
            return None
        ranges = self._ranges(head)
        if any(code not in ranges for code in columns):
            return None
        if len(after) > len(columns) > 1 and self._is_overlong(index):
            return None
        cells = {id(cell): cell for cell in after}
        chosen: list[GridCell] = []
        for code in columns:
            under = {id(cell) for c in ranges[code] if (cell := self.laid[index][c]) and id(cell) in cells}
            if len(under) != 1:
                return None
            chosen.append(cells[under.pop()])
        left = [cell for cell in after if cell not in chosen and _may_be_value(cell)]
        if not strict:
            left = [cell for cell in left if parsed(cell.text).status != "not_applicable"]
        if len({id(cell) for cell in chosen}) != len(columns) or (left and not (strict and head.foreign)):
            return None  # a value too many and no column for it: any of them may be the stray one
        return tuple(chosen)

    def _by_place(
        self, index: int, after: Sequence[GridCell], columns: Sequence[str], head: _Head | None
    ) -> tuple[GridCell, ...] | None:
        """By the position in rows of equally many cells, where there is no geometry."""
        row = self.grid.rows[index]
        if (
            self.laid
            or not head
            or head.length != len(row)
            or any(code not in head.places for code in columns)
        ):
            return None
        chosen = [row[head.places[code]] for code in columns]
        left = [cell for cell in after if cell.text and not any(cell is c for c in chosen)]
        inside = all(any(cell is c for c in after) for cell in chosen)
        return tuple(chosen) if not left and inside else None

    def _by_siblings(self, after: Sequence[GridCell], wanted: int) -> tuple[GridCell, ...] | None:
        """By where full rows with as many cells have their values."""
        offsets = set()
        for row in self.rows:
            if row.values and len(row.raw) == len(after) and all(v.text for v in row.values):
                offsets.add(next(i for i, cell in enumerate(row.raw) if cell is row.values[0]))
        if len(offsets) != 1:
            return None
        offset = offsets.pop()
        chosen = after[offset : offset + wanted]
        left = [cell for cell in (*after[:offset], *after[offset + wanted :]) if cell.text]
        return tuple(chosen) if len(chosen) == wanted and not left else None

    def _completed(self, index: int, after: Sequence[GridCell], wanted: int) -> tuple[GridCell, ...] | None:
        """A row of text that stray empty lines cut in two: the rest are values and nothing else."""
        if self.grid.geometry or len(after) >= wanted:
            return None
        rest = self.grid.rows[index + 1]
        if len(after) + len(rest) == wanted and all(not c.text or looks_like_value(c.text) for c in rest):
            self.index += 1
            return (*after, *rest)
        return None

    # Chapter 四 ----------------------------------------------------------------------------------

    def _expects_review_values(self, after: Sequence[GridCell]) -> bool:
        head = self.heads.get("review_litigation")
        if self.pending:
            told = self._told_head(self.pending)
            return told is not None and told.table == "review_litigation" and len(after) >= 5
        if head is None:
            return False
        if self.review_read:  # a second row of values: which of the two counts is not known
            wanted = 5 * len(set(head.order) & _GROUPS)
            return sum(looks_like_value(cell.text) for cell in after) >= wanted > 0
        return any(not c.text or looks_like_value(c.text) for c in after)

    def _review_values(self, index: int, after: Sequence[GridCell]) -> None:
        """The one row of chapter 四: five results for each group that the head names."""
        if self.pending:
            self._read_head()
        head = self.heads["review_litigation"]
        table = forms()["f2021"].tables["review_litigation"]
        groups, results = _review_groups(head.order), table.blocks[0].columns
        self.review_read = True
        if groups is None:
            self._review_by_geometry(index, after, head)
            return
        wanted = len(groups) * len(results)
        cells = tuple(after)
        if len(cells) > wanted and not self._is_overlong(index):
            before, behind = (not any(cell.text for cell in end) for end in (cells[:-wanted], cells[wanted:]))
            if before and behind and any(cell.text for cell in cells):
                # Which of the empty cells is no figure's, only the labels above can tell.
                keys = [f"{group}/{result}" for group in groups for result in results]
                cells = self._by_geometry(index, cells, keys, head) or cells
            elif before or behind:
                cells = cells[:wanted] if behind else cells[-wanted:]
        exact = len(cells) == wanted and not (
            self._hangs_over(index, cells) or self._is_stretched(index, cells)
        )
        for number, group in enumerate(groups):
            values = cells[number * len(results) : (number + 1) * len(results)] if exact else None
            raw = values or tuple(cell for cell in after if cell.text)
            self._add(index, "review_litigation", group, results, values, raw, head)

    def _review_by_geometry(self, index: int, after: Sequence[GridCell], head: _Head) -> None:
        """Groups in another order than the form's, or named twice: each cell by the labels above it."""
        table = forms()["f2021"].tables["review_litigation"]
        results = table.blocks[0].columns
        groups = [code for code in table.rows if code in head.order]
        keys = [f"{group}/{result}" for group in groups for result in results]
        leaves = tuple(code for code in head.order if code in results)
        in_order = leaves == results * (len(leaves) // len(results)) and not head.foreign
        chosen = self._by_geometry(index, after, keys, head) if groups and in_order else None
        if chosen is None:
            for group in table.rows:
                self._refuse(index, "review_litigation", group, after, head, "header_unmatched")
            return
        for number, group in enumerate(groups):
            values = chosen[number * len(results) : (number + 1) * len(results)]
            self._add(index, "review_litigation", group, results, values, values, head)


def _numbered(
    chosen: tuple[GridCell, ...] | None, cells: tuple[GridCell, ...], begin: int
) -> slice | tuple[int, ...] | None:
    """Some of the cells of a grid by their numbers: a stretch where they stand side by side. `begin` is the
    number of a cell at or before which they hardly ever stand.
    """
    if not chosen:
        return None if chosen is None else ()
    try:
        first = cells.index(chosen[0], begin)
    except ValueError:
        first = cells.index(chosen[0])
    stretch = slice(first, first + len(chosen))
    return stretch if cells[stretch] == chosen else tuple([cells.index(cell) for cell in chosen])


@lru_cache(maxsize=512)
def _is_head(texts: tuple[str, ...]) -> bool:
    """Whether the printed texts of a row are column labels: two of one table, or one that only a column can
    be. Reports share the rows of this kind, and those that have a label and no value.
    """
    words = [core(text) for text in texts]
    known = labels()
    rows, columns = known.rows["review_litigation"], known.columns["review_litigation"]
    labelled = any(word in rows for word in words) or sum(word in columns for word in words) > 1
    if labelled and all(word in rows or word in columns or known.is_head(word) for word in words):
        return True
    for table in ("proactive", "applications"):
        rows, columns = known.rows[table], known.columns[table]
        hits = [core(text) for text in texts if column_code(table, text)]
        if table == "applications":
            hits += [word for word in words if word in _ORGANISATIONS]
        if (len(hits) >= 2 or any(word not in rows for word in hits)) and not any(
            word in rows and word not in columns for word in words
        ):
            return True
    return False


@lru_cache(maxsize=256)
def _head(rows: tuple[tuple[str, ...], ...], *, laid: bool) -> _Head | None:
    """What rows of column labels, by the texts of their cells, say of the rows below them; without the
    rows' own places. `laid` is whether their grid has a geometry. Reports share their heads.
    """
    table = _table_of_head(rows)
    if table is None:
        return None
    known = labels()
    order, printed, foreign = [], {}, 0
    places: dict[str, int] = {}
    lengths = set()
    for texts in rows:
        # Below 法人或其他组织 a row with no cell for the corner of the head begins with a kind.
        begun = table == "applications" and "org" in order and len(texts) <= len(_KINDS) + 2
        for position, text in enumerate(texts):
            word = core(text)
            code = column_code(table, text)
            begun = begun or code is not None
            if table == "review_litigation" and (group := row_code(table, text)):
                order.append(group)
            elif code:
                order.append(code)
                printed[code] = text
                places[code] = position
                lengths.add(len(texts))
            elif word in _ORGANISATIONS:
                order.append("org")
            elif word and (begun or (position and not known.is_head(word))):
                foreign += 1
    length = lengths.pop() if len(lengths) == 1 else 0
    codes = tuple(order)
    ordered = table == "proactive" or _order_is_known(table, codes, laid=laid)
    return _Head(table, codes, printed, (), places, length, foreign, ordered)


def _table_of_head(rows: Sequence[Sequence[str]]) -> str | None:
    texts = {text for row in rows for text in row if text}
    words = {core(text) for text in texts}
    known = labels()
    scores = {table: sum(column_code(table, text) is not None for text in texts) for table in TABLES}
    if words & {core("行政复议"), *known.rows["review_litigation"]}:
        scores["review_litigation"] += 5
    best = max(scores, key=lambda table: scores[table])
    return best if scores[best] else None


def _order_is_known(table: str, order: tuple[str, ...], *, laid: bool) -> bool:
    """Whether the printed column labels come in the order of the form."""
    if table == "review_litigation":
        results = forms()["f2021"].tables[table].blocks[0].columns
        return order == results or _review_groups(order) is not None
    if not laid:
        return _is_subsequence(order, _SINGLES) or _is_subsequence(order, _SPLIT)
    # A label that fell out of the head may have stood anywhere in it.
    whole = {"natural_person", "total"} <= set(order)
    return whole and (_is_subsequence(order, _SINGLES) or ("org" in order and _is_subsequence(order, _SPLIT)))


@lru_cache(maxsize=4096)
def _rows_named(table: str, texts: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """The rows of a table that stretches of a few words name, as `_GridReader._named` has them."""
    stretches = _stretches([0] * len(texts))
    return tuple(
        [(end, code) for start, end in stretches if (code := row_code(table, "".join(texts[start:end])))]
    )


def _review_groups(order: Sequence[str]) -> tuple[str, ...] | None:
    """The groups of chapter 四 in their order, where each is followed by the five results in theirs."""
    table = forms()["f2021"].tables["review_litigation"]
    results = table.blocks[0].columns
    groups = tuple(code for code in order if code in table.rows)
    leaves = tuple(code for code in order if code in results)
    if not groups or len(set(groups)) != len(groups) or leaves != results * len(groups):
        return None
    return groups if groups == tuple(code for code in table.rows if code in groups) else None


def _is_subsequence(part: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(code in rest for code in part)


def _columns_of(table: str, code: str, head: _Head | None) -> tuple[str, ...] | None:
    """The columns of a row: those of the form, which the printed head must name where they differ by form."""
    options = _options(table, code)
    if table != "proactive":
        return options[0] if options else None
    if head is None:
        return options[0] if len(set(options)) == 1 else None
    return next((columns for columns in options if columns == head.order), None)


@cache
def _options(table: str, code: str) -> tuple[tuple[str, ...], ...]:
    """The columns that a row has in each form that prints it."""
    tables = [form.tables[table] for form in forms().values()]
    return tuple(layout.columns_of(code) for layout in tables if code in layout.rows)


@cache
def _row_of(table: str, code: str) -> Row:
    """A row as the first form has it that prints it."""
    tables = [form.tables[table] for form in forms().values()]
    return next(layout.rows[code] for layout in tables if code in layout.rows)


def _likeliest_columns(table: str, code: str, head: _Head | None) -> tuple[str, ...]:
    """The columns to name for a row that is refused: of the form that shares most with the head."""
    options = _options(table, code)
    seen = set(head.order) if head else set()
    return max(options, key=lambda columns: len(seen & set(columns)))


def _turns(word: str) -> list[tuple[str, ...]]:
    return [found.groups("") for found in _TURNS.finditer(word)]


def _taken_back(row: FoundRow) -> FoundRow:
    return row._replace(values=None, raw=tuple(cell for cell in row.raw if cell.text), why="merged")


def _usual(found: Iterable[_Kind]) -> _Kind | None:
    """What most are, where more than half are alike."""
    every = list(found)
    if not every or 2 * every.count(every[0]) > len(every):
        return every[0] if every else None
    usual, times = Counter(every).most_common(1)[0]
    return usual if 2 * times > len(every) else None


def _may_be_value(cell: GridCell) -> bool:
    """Whether a cell that is left over holds a value, and not words alone, as under 备注."""
    return bool(cell.text) and (looks_like_value(cell.text) or _DIGIT.search(cell.text) is not None)


def _reaches_down(after: Sequence[GridCell]) -> bool:
    """Whether a printed value stands for the row below as well, which the row's others do not."""
    spans = {cell.rowspan for cell in after}
    return len(spans) > 1 and any(cell.text and cell.rowspan > min(spans) for cell in after)


def _label_candidates(run: Sequence[int], seen: Sequence[Printed]) -> Iterator[tuple[int, int]]:
    """Stretches of the leading words to try as a label: the last cell first, then joined ones; none that is
    longer than any label, which in a row of hundreds of words are nearly all.
    """
    few = len(run) <= _HEADLIKE
    return _stretches([0 if few else len(_CERTAIN.findall(seen[position].core)) for position in run])


def _stretches(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The stretches of `_label_candidates` of words of these lengths."""
    for end in range(len(lengths), 0, -1):
        length = 0
        for start in range(end - 1, -1, -1):
            length += lengths[start]
            if length > _longest_label() + _LONGEST_UNIT:
                break
            yield start, end


@cache
def _longest_label() -> int:
    return max(map(len, row_words()))
