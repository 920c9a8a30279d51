"""The statistics tables of the years before the statutory ones: one list of indicators with a value each.

Owns their recognition and reading: 政府信息公开情况统计表 (2014 to 2018) and the local table of 35 coded
indicators. Labels repeat (被依法纠错数 stands under reviews and under lawsuits), so rows are told by
label and by their place in the order of the form; columns by the head, or, where there is none, by
being alone. What is not told becomes a problem with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from pipelines.content import Content, Grid, GridCell
from pipelines.forms import Form, Row, statistics_forms, variants
from pipelines.grid import rectangle
from pipelines.labels import core, has_han, squashed
from pipelines.records import Cell, Figure, Problem
from pipelines.values import WANYUAN, YUAN, Value, in_wanyuan, looks_like_value, money_unit, parsed

_LEAST_ROWS = 8
"""Known indicators that make a table one of these: fewer may be another table that shares words."""

_OF_WHICH = re.compile(r"^其中[:：]?")
_UNITS = re.compile(r"[条件次篇个人项份]|人次|万元|元|[-—–─/]*")


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a document's statistics tables hold: form ids by table, figures, problems."""

    forms: Mapping[str, str]
    figures: tuple[Figure, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Line(NamedTuple):
    """A row of a table: its label's core, the value cells by column (total, …), the unit's cell."""

    label: str
    values: Mapping[str, GridCell]
    unit: str
    where: Mapping[str, object]
    surplus: bool


@dataclass(slots=True)
class _Head:
    """Which grid columns hold which column of the form; `foreign` are labels that name none."""

    columns: dict[int, str] = field(default_factory=dict)
    foreign: dict[int, str] = field(default_factory=dict)


@cache
def _indicators() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The codes that a label may name, in the order of the form, by table."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for form in statistics_forms().values():
        for table in form.tables.values():
            named: dict[str, tuple[str, ...]] = {}
            extra = variants("rows", table.code)
            for code, row in table.rows.items():
                for label in (row.label, *extra.get(code, ())):
                    key = _plain(label)
                    if code not in named.get(key, ()):
                        named[key] = (*named.get(key, ()), code)
            found[table.code] = named
    return found


@cache
def _column_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (code, re.compile("|".join(words))) for code, words in variants("columns", "statistics").items()
    )


def _plain(label: str) -> str:
    """The words of an indicator without ordinals, 其中 and remarks in brackets."""
    text = re.sub(r"[（(](?![一二三四五六七八九十\d]{1,2}[）)])[^（）()]*[）)]$", "", label.strip())
    return core(_OF_WHICH.sub("", core(text)))


def read_statistics(content: Content) -> Statistics:
    """The statistics tables of a document; empty where it has none."""
    grids = [(grid, _matches(grid)) for grid in content.grids]
    forms: dict[str, str] = {}
    figures: list[Figure] = []
    problems: list[Problem] = []
    taken: set[int] = set()
    for form in statistics_forms().values():
        table = next(iter(form.tables))
        own = [
            grid for grid, counts in grids if counts.get(table, 0) and counts[table] >= max(counts.values())
        ]
        own = [grid for grid in own if id(grid) not in taken]
        if sum(counts[table] for grid, counts in grids if grid in own) < _LEAST_ROWS:
            continue
        taken |= {id(grid) for grid in own}
        made, trouble = _read(form, table, own)
        forms[table] = form.id
        figures += made
        problems += trouble
    return Statistics(forms, tuple(figures), tuple(problems))


def _matches(grid: Grid) -> dict[str, int]:
    """How many rows of a grid begin with an indicator of each table."""
    counts: dict[str, int] = {}
    for row in grid.rows:
        words = [_plain(cell.text) for cell in row if len(cell.text) >= 4 and has_han(cell.text)]
        for table, named in _indicators().items():
            if any(word in named for word in words):
                counts[table] = counts.get(table, 0) + 1
    return counts


def _read(form: Form, table: str, grids: Sequence[Grid]) -> tuple[list[Figure], list[Problem]]:
    named, order = _indicators()[table], list(form.tables[table].rows)
    figures: dict[Cell, Figure] = {}
    problems: list[Problem] = []
    untold: list[tuple[str, _Line]] = []
    head = _Head()
    last = -1
    for grid in grids:
        head = _head(grid, named) or head
        if head.foreign:
            told = "、".join(head.foreign.values())
            detail = f"columns of the table {table} that the form does not have are not read: {told}"
            problems.append(Problem(code="unmatched_cell", where=grid.where, detail=detail[:300]))
        for line in _lines(grid, head, named):
            code = _next(named.get(line.label, ()), order, last, figures)
            if code is None:
                if line.values or line.surplus:
                    problems.append(_unmatched(line, table))
                continue
            last = max(last, order.index(code))
            if line.surplus:
                untold.append((code, line))
            for column, cell in line.values.items():
                figure = _figure(Cell(table, code, column), form.tables[table].rows[code], cell, line.unit)
                figures[figure.cell] = figure
                if figure.status == "unreadable":
                    detail = f"{figure.printed!r} in {code}/{column} is no number that is known"
                    problems.append(
                        Problem(
                            code="cell_not_a_number", where=cell.where, cells=(figure.cell,), detail=detail
                        )
                    )
    if untold:
        cells = tuple(Cell(table, code, "total") for code, _ in untold)
        detail = (
            f"{len(untold)} rows of the table {table} have several values, and no head tells their columns"
        )
        where = untold[0][1].where
        problems.append(Problem(code="header_unmatched", where=where, cells=cells, detail=detail))
    problems += _missing(form, table, figures)
    ordered = [figures[cell] for cell in form.tables[table].cells() if cell in figures]
    return ordered, problems


def _next(
    candidates: Sequence[str], order: Sequence[str], last: int, figures: Mapping[Cell, Figure]
) -> str | None:
    """The indicator that a label names here: the first behind the row before; out of order only one
    whose label is its alone.
    """
    later = next((code for code in candidates if order.index(code) > last), None)
    if later or len(candidates) != 1:
        return later
    seen = any(cell.row == candidates[0] for cell in figures)
    return None if seen else candidates[0]


def _head(grid: Grid, named: Mapping[str, object]) -> _Head | None:
    """The columns that the rows over the first indicator name; None where they name none."""
    head = _Head()
    laid = rectangle(grid)
    for row in laid:
        placed = {id(one.cell): one for one in row if one}
        if any(_plain(one.cell.text) in named for one in placed.values()):
            break
        codes = {key: _column_code(squashed(one.cell.text)) for key, one in placed.items()}
        if not any(codes.values()):
            continue
        for key, one in placed.items():
            for column in one.columns:
                if codes[key] in (None, "none"):
                    if codes[key] is None and one.cell.text and column not in head.columns:
                        head.foreign[column] = squashed(one.cell.text)
                    continue
                head.columns[column] = codes[key] or ""
                head.foreign.pop(column, None)
    doubled = [code for code in head.columns.values() if list(head.columns.values()).count(code) > 1]
    if doubled or not head.columns:
        return None
    return head


def _column_code(words: str) -> str | None:
    """The column that a head names, `none` for one without values, None for one that is not known."""
    return next((code for code, pattern in _column_words() if pattern.fullmatch(words)), None)


def _lines(grid: Grid, head: _Head, named: Mapping[str, object]) -> Iterator[_Line]:
    for index, row in enumerate(rectangle(grid)):
        cells = list({id(one.cell): one for one in row if one and one.row == index}.values())
        words = [one for one in cells if has_han(one.cell.text) and not _is_unit(one.cell.text)]
        known = [one for one in words if _plain(one.cell.text) in named]
        label = known[-1] if known else words[-1] if words else None
        if label is None or len(core(label.cell.text)) < 2:
            continue
        after = [one for one in cells if one.column >= label.columns.stop]
        unit = next((squashed(one.cell.text) for one in after if _is_unit(one.cell.text)), "")
        where = {key: value for key, value in label.cell.where.items() if key not in ("cell", "bbox")}
        if head.columns:
            values = {
                head.columns[one.column]: one.cell
                for one in after
                if one.column in head.columns and not (unit and squashed(one.cell.text) == unit and known)
            }
            yield _Line(
                _plain(label.cell.text), values if known or _filled(values) else {}, unit, where, False
            )
            continue
        rest = [one.cell for one in after if not _is_unit(one.cell.text) or not one.cell.text]
        single = {"total": rest[0]} if len(rest) == 1 else {}
        yield _Line(_plain(label.cell.text), single, unit, where, len([c for c in rest if c.text]) > 1)


def _filled(values: Mapping[str, GridCell]) -> bool:
    return any(looks_like_value(cell.text) for cell in values.values())


def _is_unit(text: str) -> bool:
    plain = squashed(text)
    return bool(plain) and bool(_UNITS.fullmatch(plain))


def _figure(place: Cell, row: Row, cell: GridCell, unit: str) -> Figure:
    value = _in_unit(parsed(cell.text), row, unit)
    return Figure(
        cell=place,
        printed=cell.text,
        value=value.value,
        unit=value.unit,
        status=value.status,
        note=value.note,
        locator=cell.where,
        method="grid",
    )


def _in_unit(value: Value, row: Row, unit: str) -> Value:
    """The value in the unit of its indicator; money in 万元 by the unit printed beside it."""
    if not row.money:
        if value.unit in (WANYUAN, YUAN):
            return Value("unreadable", None, row.unit, value.note)
        return value._replace(unit=value.unit or row.unit)
    if value.value is None or value.unit == WANYUAN:
        return value._replace(unit=WANYUAN)
    named = money_unit(unit) or WANYUAN
    return value._replace(value=in_wanyuan(value.value, named), unit=WANYUAN)


def _unmatched(line: _Line, table: str) -> Problem:
    printed = " | ".join(cell.text for cell in line.values.values())
    return Problem(
        code="unmatched_row",
        where=line.where,
        detail=f"no indicator of the table {table} is called {line.label!r}: {printed}"[:300],
    )


def _missing(form: Form, table: str, figures: Mapping[Cell, Figure]) -> Iterator[Problem]:
    columns = dict.fromkeys(cell.column for cell in figures)
    rows = form.tables[table].rows
    absent = [code for code in rows if not any(Cell(table, code, column) in figures for column in columns)]
    if figures and absent:
        names = ", ".join(rows[code].label for code in absent)
        yield Problem(
            code="missing_row",
            cells=tuple(Cell(table, code, column) for code in absent for column in columns),
            detail=f"the table {table} ({form.id}) has no row for: {names}"[:400],
        )
