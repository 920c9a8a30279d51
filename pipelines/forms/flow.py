"""Statutory tables read from text in which no cell is left: by the order of the form's labels.

Owns the reading of flattened tables: wrapped PDF text, one value a line, labels cut by page
breaks. The words of all labels, joined, are compared without white space; a run of values
belongs to the label in which or at whose end it stands, and only if it holds exactly as many
values as the row has cells. Fewer (a blank fell out, digits are glued) or more are never
distributed: the row is refused with what was printed. Blank cells leave no trace in such text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.content import GridCell, Paragraph
from pipelines.forms import TABLES, Table, forms, labels, row_words
from pipelines.forms.match import Found, FoundRow, LooseValues
from pipelines.forms.pieces import PAGE_MARK
from pipelines.labels import core
from pipelines.records import Locator, Problem
from pipelines.values import looks_like_value

_UNIT = re.compile(r"(?:万元|亿元|元|[件条个项])(?:[（(].*[）)])?")
_VALUE_LABEL = re.compile(r"(\d+(?:\.\d+)?)([\u4e00-\u9fff（(].*)")
_LABEL_VALUE = re.compile(r"(.*[^\d.,+\-])(\d+(?:\.\d+)?)")
_ORDINAL = re.compile(r"\d{1,2}[.、．]|[（(][一二三四五六七八九十\d]{1,2}[）)]")
_STARTS = {
    "proactive": ("第二十条第一项",),
    "applications": ("本年新收政府信息公开申请数量", "本年新收政府信息公开申请"),
    "review_litigation": ("未经复议直接起诉",),
}


@dataclass(frozen=True, slots=True)
class _Run:
    """Values that follow each other without a word between; `at` counts characters of words before."""

    at: int
    values: tuple[GridCell, ...]
    lines: frozenset[int]
    """Ids of the paragraphs that the values stand in."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """Text as words (joined, core form) and runs of values between them."""

    words: str
    runs: tuple[_Run, ...]
    places: tuple[tuple[int, Paragraph], ...]

    def between(self, begin: int, end: int) -> set[int]:
        """Ids of the paragraphs whose words or values stand between two places in the words."""
        return {id(paragraph) for at, paragraph in self.places if begin <= at < end}


def flowing_rows(paragraphs: Sequence[Paragraph], wanted: Sequence[str]) -> Found:
    """Rows of the `wanted` tables found in text without cells."""
    found = Found()
    stream = _stream(paragraphs)
    for table in TABLES:
        if table not in wanted or not any(start in stream.words for start in _STARTS[table]):
            continue
        read = _review if table == "review_litigation" else _rows
        end = read(table, stream, found, 0)
        while end >= 0:  # the figures of another year, or of another body, may follow
            further = Found()
            end = read(table, stream, further, end)
            exact = [row for row in further.rows if row.values]
            if 2 * len(exact) > len(further.rows):
                found.rows += exact
    return found


def _stream(paragraphs: Sequence[Paragraph]) -> _Stream:
    words, runs, places = "", [], []
    current: list[GridCell] = []
    lines: set[int] = set()
    for paragraph in paragraphs:
        places.append((len(words), paragraph))
        if PAGE_MARK.fullmatch(paragraph.text):
            continue  # it may stand inside a row that a page break cuts
        tokens = [part for token in _tokens(paragraph.text) for part in _parted(token)]
        for number, token in enumerate(tokens, 1):
            if looks_like_value(token):
                current.append(GridCell(token, {**paragraph.where, "cell": number}))
                lines.add(id(paragraph))
                continue
            if current and _UNIT.fullmatch(token):
                last = current[-1]
                current[-1] = GridCell(f"{last.text} {token}", last.where)
                continue
            label, value = _led_value(token)
            if current and core(label or token):
                runs.append(_Run(len(words), tuple(current), frozenset(lines)))
                current, lines = [], set()
            words += core(label or token) if not _mere_ordinal(token) else ""
            if value:
                current.append(GridCell(value, {**paragraph.where, "cell": number}))
                lines.add(id(paragraph))
    if current:
        runs.append(_Run(len(words), tuple(current), frozenset(lines)))
    return _Stream(words, tuple(runs), tuple(places))


def _tokens(text: str) -> list[str]:
    return text.replace("\u3000", " ").split()


def _parted(token: str) -> list[str]:
    """A value glued to the label that follows it, as in 66行政处罚, in two; other tokens as they are."""
    if not token[0].isdigit():
        return [token]
    found = _VALUE_LABEL.fullmatch(token)
    if found and core(found.group(2)) in row_words():
        return [found.group(1), found.group(2)]
    return [token]


def _mere_ordinal(token: str) -> bool:
    return bool(_ORDINAL.fullmatch(token))


def _led_value(token: str) -> tuple[str, str]:
    """A label and the one value glued to its end, as in 行政许可1382; ("", "") for plain words."""
    if not token[-1].isdigit():
        return "", ""
    found = _LABEL_VALUE.fullmatch(token)
    if found and core(found.group(1)) in row_words():
        return found.group(1), found.group(2)
    return "", ""


def _place(stream: _Stream, at: int) -> Locator:
    before = [paragraph for position, paragraph in stream.places if position <= at]
    return before[-1].where if before else {}


@dataclass(frozen=True, slots=True)
class _Spot:
    code: str
    start: int
    end: int


def _spots(table: Table, words: str, begin: int, stop: int) -> list[_Spot]:
    """Where the labels of a table's rows stand in the joined words, each after the one before."""
    named = labels().rows[table.code]
    variants: dict[str, list[str]] = {}
    for word, code in named.items():
        variants.setdefault(code, []).append(word)
    spots: list[_Spot] = []
    at = begin
    for block in table.blocks:
        if table.code == "proactive":
            head = core(block.head)
            found = words.find(head, at, stop)
            if found < 0:
                continue
            at = found + len(head)
            for column in block.columns:
                label = table.columns[column].label
                found = min(
                    (
                        p + len(w)
                        for w in _column_words(table.code, column, label)
                        if (p := words.find(w, at, stop)) >= 0
                    ),
                    default=-1,
                )
                at = found if found >= 0 else at
        for code in block.rows:
            hits = [(words.find(word, at, stop), -len(word), word) for word in variants[code]]
            hits = [hit for hit in hits if hit[0] >= 0]
            if not hits:
                continue
            start, _, word = min(hits)
            spots.append(_Spot(code, start, start + len(word)))
            at = start + len(word)
    return spots


def _column_words(table: str, column: str, label: str) -> Iterator[str]:
    yield core(label)
    yield from (word for word, code in labels().columns[table].items() if code == column)


def _rows(table: str, stream: _Stream, found: Found, behind: int) -> int:
    """Reads a table that begins behind a place in the words; gives where it ends, -1 where there is none."""
    begins = [p for start in _STARTS[table] if (p := stream.words.find(start, behind)) >= 0]
    if not begins:
        return -1
    begin = min(begins)
    stop = _end_of(table, stream.words, begin)
    options = [form.tables[table] for form in forms().values()]
    read = [_spots(option, stream.words, begin, stop) for option in options]
    best = max(
        range(len(options)),
        key=lambda i: (_heads_seen(options[i], stream.words, begin, stop), len(read[i]), -i),
    )
    layout, spots = options[best], read[best]
    if len(spots) < 3:
        return -1
    runs = [run for run in stream.runs if begin <= run.at <= stop]
    heading = stream.words.rfind(core("本列数据的勾稽关系"), 0, begin) if table == "applications" else begin
    heading = heading if 0 <= begin - heading < 120 else begin
    found.lines |= stream.between(heading, spots[-1].end)
    in_order = table != "applications" or _columns_in_order(layout, stream.words[heading:begin])
    owners = {number: _owner(run, spots) for number, run in enumerate(runs)}
    shifted = _shifted(layout, spots, runs, owners)
    for number, spot in enumerate(spots):
        columns = layout.columns_of(spot.code)
        own = [run for position, run in enumerate(runs) if owners[position] == number]
        values = tuple(value for run in own for value in run.values)
        where = dict(values[0].where) if values else dict(_place(stream, spot.start))
        where.pop("cell", None)
        counted = len(own) == 1 and len(values) == len(columns) and _evenly_set(values)
        exact = counted and number not in shifted and in_order
        why = (
            "merged" if in_order and number not in shifted else "shifted" if in_order else "header_unmatched"
        )
        found.rows.append(
            FoundRow(
                table,
                spot.code,
                columns,
                values if exact else None,
                values,
                where,
                method="label_order",
                why=why,
            )
        )
        for run in own:
            found.lines |= run.lines
    for number, run in enumerate(runs):
        if owners[number] is None:
            printed = " ".join(value.text for value in run.values)
            before = stream.words[max(begin, run.at - 12) : run.at]
            detail = f"the values {printed!r} after {before!r} belong to no row of the form"
            problem = Problem(code="unmatched_values", where=run.values[0].where, detail=detail)
            found.problems.append(problem)
            above = [spot.code for spot in spots if spot.start < run.at]
            below = [spot.code for spot in spots if spot.start >= run.at]
            found.loose.append(
                LooseValues(
                    table,
                    above[-1] if above else None,
                    below[0] if below else None,
                    tuple(value.text for value in run.values),
                    problem,
                )
            )
    return max(spots[-1].end, begin + 1)


def _evenly_set(values: Sequence[GridCell]) -> bool:
    """Whether values stand all on one line or one a line; a page number among them shows as neither."""
    lines = {str({key: value for key, value in cell.where.items() if key != "cell"}) for cell in values}
    return len(lines) in (1, len(values))


def _owner(run: _Run, spots: Sequence[_Spot]) -> int | None:
    """The label in which, or at whose end, the values stand."""
    return next((number for number, spot in enumerate(spots) if spot.start < run.at <= spot.end), None)


def _shifted(
    table: Table, spots: Sequence[_Spot], runs: Sequence[_Run], owners: Mapping[int, int | None]
) -> set[int]:
    """Rows that may hold a neighbour's values: those between one with too many and one with too few.

    Where text puts values before their label, or a column out of its line, every row in between has
    the right count and the wrong values; only the ends of the stretch show it.
    """
    counts = {
        number: sum(len(runs[r].values) for r, owner in owners.items() if owner == number)
        for number in range(len(spots))
    }
    wanted = {number: len(table.columns_of(spot.code)) for number, spot in enumerate(spots)}
    too_many = [float(number) for number in counts if counts[number] > wanted[number]]
    too_many += [
        sum(spot.end <= runs[r].at for spot in spots) - 0.5 for r, owner in owners.items() if owner is None
    ]
    too_few = [float(number) for number in counts if counts[number] < wanted[number]]
    if not too_many or not too_few:
        return set()
    ends = (*too_many, *too_few)
    return {number for number in range(len(spots)) if min(ends) <= number <= max(ends)}


def _columns_in_order(table: Table, head: str) -> bool:
    """False where the head names the five kinds of organisation whole and in another order."""
    spots = [head.find(core(table.columns[code].label)) for code in table.blocks[0].columns[1:5]]
    return any(spot < 0 for spot in spots) or spots == sorted(spots)


def _heads_seen(table: Table, words: str, begin: int, stop: int) -> int:
    if table.code != "proactive":
        return 0
    region = words[begin:stop]
    return sum(core(column.label) in region for column in table.columns.values())


def _end_of(table: str, words: str, begin: int) -> int:
    """Where the table's words end: at the first label of the next table, or after the last row."""
    marks = {
        "proactive": ("收到和处理政府信息公开申请情况", "本列数据的勾稽关系", "申请人情况"),
        "applications": ("政府信息公开行政复议", "结果维持", "行政复议行政诉讼"),
    }[table]
    ends = [position for mark in marks if (position := words.find(mark, begin)) >= 0]
    return min(ends, default=len(words))


def _review(code: str, stream: _Stream, found: Found, behind: int) -> int:
    """The same of chapter 四."""
    table = forms()["f2021"].tables[code]
    results = table.blocks[0].columns
    last = stream.words.find("复议后起诉", behind)
    leaves = "".join(core(table.columns[code].label) for code in results)
    head_end = stream.words.find(leaves * 2, last)
    before = stream.words.rfind(leaves, behind, last) if last >= 0 else -1
    if last < 0 or head_end < 0 or before < 0:
        return -1
    at = head_end + 2 * len(leaves)
    run = next((run for run in stream.runs if run.at == at), None)
    values = run.values if run else ()
    wanted = len(table.rows) * len(results)
    where = dict(values[0].where) if values else dict(_place(stream, at))
    where.pop("cell", None)
    opening = stream.words.rfind(core("行政复议行政诉讼"), 0, before)
    found.lines |= stream.between(opening if opening >= 0 else before, at) | (
        run.lines if run else frozenset()
    )
    for number, group in enumerate(table.rows):
        exact = len(values) == wanted and _evenly_set(values)
        part = values[number * len(results) : (number + 1) * len(results)] if exact else None
        found.rows.append(
            FoundRow("review_litigation", group, results, part, part or values, where, method="label_order")
        )
    return at
