"""A second reading of tables with cells, by the order of their words and values alone.

Owns the opinion that `reading` holds against the first one. Columns, spans and rows of the form by
their neighbours play no part: the cells of a table are taken in document order, a label of the form
is looked for behind the one before it, and the cells up to the next word are its values, if they are
as many as the words over them name. An empty cell is a value, for it is there. What does not come
out exactly is left out: no opinion is no objection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pipelines.content import Grid, GridCell
from pipelines.forms import Form, cells_of, column_code, forms, labels
from pipelines.forms.rows_seen import SeenRow, seen_row
from pipelines.forms.skeleton import Kept, Skeleton
from pipelines.records import Cell

_ORGANISATIONS = ("法人或其他组织", "法人或其它组织")
_KINDS = ("org_business", "org_research", "org_public_interest", "org_legal_service", "org_other")
_LITIGATION = {"行政诉讼": ("litigation_direct", "litigation_after_reconsideration")}


_Order = tuple[str | None, ...]
_Looks = Mapping[int, tuple[Grid, Sequence[SeenRow], Skeleton | None]]
_NO_LOOKS: _Looks = {}
_KEPT: Kept[tuple[_Order, tuple[tuple[Cell, int], ...]]] = Kept()


class _Word(NamedTuple):
    """A cell of words: its core, its printed text, how many values stand before it and before its line, and
    its line.
    """

    core: str
    text: str
    at: int
    line_at: int
    line: int


@dataclass(frozen=True, slots=True)
class _Stream:
    """A table's cells in document order: words, and the values between them, by their numbers."""

    cells: Sequence[GridCell]
    words: Sequence[_Word]
    values: Sequence[int]

    def after(self, index: int) -> Sequence[int]:
        """The values between a word and the next, without those that lead the next word's line."""
        word = self.words[index]
        if index + 1 == len(self.words):
            return self.values[word.at :]
        following = self.words[index + 1]
        return self.values[word.at : following.at if following.line == word.line else following.line_at]

    def heading(self, table: str, begin: int, end: int) -> Sequence[_Word]:
        """The words that name the columns before a label, back to the last printed value."""
        last = end - 1
        while last >= begin and column_code(table, self.words[last].text) is None:
            last -= 1
        first = last
        while first > begin:
            between = self.values[self.words[first - 1].at : self.words[first].at]
            if any(self.cells[number].text for number in between):
                break
            first -= 1
        return self.words[max(first, begin) : last + 1]


def cells_in_order(
    grids: Mapping[str, Sequence[Grid]],
    decided: Mapping[str, str | None],
    seen: _Looks = _NO_LOOKS,
) -> dict[Cell, GridCell]:
    """The printed cell of each statutory cell for which the order of words and values has one.

    `grids` are the tables in which each statutory table was found, `decided` its form; `seen` are the rows of
    grids as seen and what the grids look like, by their ids, with the grids: what looks like one that was
    read before is not read again.
    """
    found: dict[Cell, GridCell] = {}
    streams: dict[int, _Stream] = {}
    for table, sources in grids.items():
        form = forms().get(decided.get(table) or "")
        if form is None:
            continue
        order: tuple[str | None, ...] = ()
        for grid in sources:
            _, rows, looks = seen.get(id(grid)) or (grid, [seen_row(cells) for cells in grid.rows], None)
            key = (form.id, table, order, looks)
            kept = _KEPT.get(key) if looks else None
            if kept is not None:
                order, numbers = kept
                cells = [cell for row in grid.rows for cell in row]
                found = {**{place: cells[number] for place, number in numbers}, **found}
                continue
            stream = streams.get(id(grid))
            if stream is None:
                stream = streams[id(grid)] = _stream(grid, rows)
            if table == "review_litigation":
                read = _review(stream)
            else:
                read, order = _rows(form, table, stream, order)
            own = tuple(dict(reversed(read)).items())  # of several the first
            found = {**{place: stream.cells[number] for place, number in own}, **found}
            if looks:
                _KEPT.keep(key, (order, own))
    return found


def _stream(grid: Grid, rows: Sequence[SeenRow]) -> _Stream:
    cells: list[GridCell] = []
    words: list[_Word] = []
    values: list[int] = []
    for line, (own, row) in enumerate(zip(grid.rows, rows, strict=True)):
        line_at, begin = len(values), len(cells)
        cells += own
        for place in row.spoken:
            values += range(begin, len(cells) - len(own) + place)
            words.append(_Word(row.cells[place].core, own[place].text, len(values), line_at, line))
            begin = len(cells) - len(own) + place + 1
        values += range(begin, len(cells))
    return _Stream(cells, words, values)


@cache
def _words_of(table: str) -> Mapping[str, frozenset[str]]:
    """The words that name each row of a table."""
    named: dict[str, set[str]] = {}
    for word, code in labels().rows[table].items():
        named.setdefault(code, set()).add(word)
    return {code: frozenset(words) for code, words in named.items()}


def _rows(
    form: Form, table: str, stream: _Stream, order: tuple[str | None, ...]
) -> tuple[list[tuple[Cell, int]], tuple[str | None, ...]]:
    """The rows of table 二 or 三, and the order of columns with which they end."""
    layout, words = form.tables[table], _words_of(table)
    known = frozenset(order)
    read: list[tuple[str, tuple[str, ...], tuple[str | None, ...], Sequence[int]]] = []
    last = -1
    for block in layout.blocks:
        for code in block.rows:
            spot, values = _spot(stream, words[code], last + 1, grouped=layout.rows[code].needs_group)
            if spot < 0:
                continue
            named = _columns(table, stream.heading(table, last + 1, spot)) if spot > last + 1 else ()
            if named and (table == "proactive" or set(block.columns) <= set(named)):
                order, known = named, frozenset(named)
            last = spot
            if known.issuperset(block.columns):
                read.append((code, block.columns, order, values))
    found: list[tuple[Cell, int]] = []
    padded = _padding([(len(columns), values) for _, _, columns, values in read])
    for code, columns, names, values in read:
        chosen = _exactly(stream.cells, values, len(names), padded)
        if names == columns and chosen:
            found += zip(cells_of(table, code, columns), chosen, strict=True)
            continue
        found += [
            (Cell(table, code, column), value)
            for column, value in zip(names if chosen else (), chosen, strict=True)
            if column in columns
        ]
    return found, order


def _padding(rows: Sequence[tuple[int, Sequence[int]]]) -> int:
    """How many cells too many most rows have, as where an empty column stands beside the form's."""
    surplus = Counter(len(values) - wanted for wanted, values in rows)
    usual, times = surplus.most_common(1)[0] if surplus else (0, 0)
    return usual if 2 * times > len(rows) else 0


def _spot(stream: _Stream, names: frozenset[str], begin: int, *, grouped: bool) -> tuple[int, Sequence[int]]:
    """The first word from `begin` on that is one of the names and has values, with these; else -1."""
    words = stream.words
    for index in range(begin, len(words)):
        word = words[index].core
        if word in names and (values := stream.after(index)):
            return index, values
        if not grouped and index and words[index - 1].line == words[index].line:
            joined = words[index - 1].core + word  # a label over several cells
            if joined in names and (values := stream.after(index)):
                return index, values
    return -1, ()


def _columns(table: str, words: Sequence[_Word]) -> tuple[str | None, ...]:
    """The columns that words name, in their order; None for one that the form does not know.

    The five kinds of organisation stand where the heading over them does, wherever the text has them.
    """
    if not words:
        return ()
    named: list[tuple[str | None, int]] = []  # each with its line
    rest: set[int] = set()
    for index, word in enumerate(words):
        if index in rest:
            continue
        code = column_code(table, word.text)
        if code is None and named:
            code, other = _cut(table, words, index)
            rest.add(other)
        if table == "applications" and word.core in _ORGANISATIONS:
            named.append(("org", word.line))
        elif code:
            named.append((code, word.line))
        elif named and not labels().is_head(word.core) and word.core not in labels().groups:
            named.append((None, word.line))
    codes = [code for code, _ in named]
    if table == "applications" and "org" in codes:
        over = named[codes.index("org")][1]
        below = {line for code, line in named if code in _KINDS and line != over}
        # A kind that the form does not know stands among those that it knows.
        kinds = [code for code, line in named if code in _KINDS or (code is None and line in below)]
        others = [code for code, line in named if code not in _KINDS and (code or line not in below)]
        at = others.index("org")
        codes = [*others[:at], *kinds, *(code for code in others[at:] if code != "org")]
    return _once(codes)


def _cut(table: str, words: Sequence[_Word], index: int) -> tuple[str | None, int]:
    """The column that a word names with one further down in the head (商业 over 企业), and which."""
    for other in range(index + 1, len(words)):
        code = column_code(table, words[index].core + words[other].core)
        if code and words[other].line > words[index].line:
            return code, other
    return None, -1


def _once(codes: Sequence[str | None]) -> tuple[str | None, ...]:
    """The codes, where none comes twice; a head that is printed twice alike counts once."""
    half = len(codes) // 2
    if half and codes[:half] == codes[half:]:
        codes = codes[:half]
    known = [code for code in codes if code]
    return tuple(codes) if len(set(known)) == len(known) else ()


def _exactly(cells: Sequence[GridCell], values: Sequence[int], wanted: int, padded: int = 0) -> Sequence[int]:
    """As many values as wanted, else none. Empty cells too many are passed over where they change
    nothing: one value alone, nothing but empty cells, or `padded` at the ends as in the other rows.
    """
    if not wanted or len(values) < wanted:
        return ()
    if len(values) == wanted:
        return values
    filled = [index for index, number in enumerate(values) if cells[number].text]
    if not filled:
        return values[:wanted]
    if len(filled) != wanted or filled[-1] - filled[0] != wanted - 1:
        return ()
    return tuple(values[i] for i in filled) if wanted == 1 or len(values) - wanted == padded else ()


def _review(stream: _Stream) -> list[tuple[Cell, int]]:
    """The values of chapter 四 under groups and results in the order in which they are named."""
    layout = forms()["f2021"].tables["review_litigation"]
    results, named = layout.blocks[0].columns, labels().rows["review_litigation"]
    found: list[tuple[Cell, int]] = []
    groups: list[str] = []
    leaves: list[str] = []
    for index, word in enumerate(stream.words):
        leaf = column_code("review_litigation", word.text)
        group = named.get(word.core) or (word.core if word.core in _LITIGATION else None)
        if group:
            if group in groups:
                groups, leaves = [], []  # the head again
            groups.append(group)
        elif leaf and groups:
            leaves.append(leaf)
        if not leaves or len(leaves) % len(results):
            continue
        ordered = _groups(groups)
        values = _exactly(stream.cells, stream.after(index), len(leaves))
        if values and ordered and leaves == list(results) * len(ordered):
            keys = [(group, result) for group in ordered for result in results]
            found += [
                (Cell("review_litigation", *key), value) for key, value in zip(keys, values, strict=True)
            ]
            groups, leaves = [], []
    return found


def _groups(named: Sequence[str]) -> list[str]:
    """The groups in their order, 行政诉讼 standing for its two where they are named under it."""
    printed = list(dict.fromkeys(named))
    parts = [code for code in printed if code in _LITIGATION["行政诉讼"]]
    ordered: list[str] = []
    for code in printed:
        if code == "行政诉讼":
            ordered += parts
        elif code not in parts or "行政诉讼" not in printed:
            ordered.append(code)
    return ordered
