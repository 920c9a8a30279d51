"""The statistics tables of the years before the statutory ones: one list of indicators with a value each.

Owns their recognition and reading: 政府信息公开情况统计表 (2014 to 2018) and the local table of 35 coded
indicators. Labels repeat (被依法纠错数 stands under reviews and under lawsuits), so rows are told by
label and by their place in the order of the form; columns by the head, or, where there is none, by
being alone. What is not told becomes a problem with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pipelines.content import Content, Grid, GridCell
from pipelines.forms import Form, Row, statistics_forms
from pipelines.forms.agreement import compared
from pipelines.forms.indicators import (
    LEAST_LABEL,
    column_code,
    indicators,
    is_unit,
    next_code,
    plain,
    tables_of,
)
from pipelines.forms.listed import cells_in_order, most_values, rows_in_text
from pipelines.forms.side_by_side import columns_apart
from pipelines.grid import rectangle
from pipelines.labels import core, has_han, squashed
from pipelines.records import Cell, Figure, Problem
from pipelines.values import in_unit, looks_like_value, parsed, says_nothing, units_of_money

_LEAST_ROWS = 8
"""Known indicators that make a table one of these: fewer may be another table that shares words."""

_DRAWN = frozenset({"application/pdf", "application/ofd"})
_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年(?!\s*\d{1,2}\s*月)")
_CAPTION = re.compile(r"统\s*计|情\s*况\s*表|附\s*[件表]|年\s*度")
_CAPTION_ABOVE = 3
_LONGEST_CAPTION = 60


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a document's statistics tables hold: form ids by table, figures, problems.

    `lines` and `grids` are ids of the paragraphs and grids that were read as a table, `years` those that
    caption or head name.
    """

    forms: Mapping[str, str]
    figures: tuple[Figure, ...] = ()
    problems: tuple[Problem, ...] = ()
    lines: frozenset[int] = frozenset()
    years: Mapping[Cell, frozenset[int]] = field(default_factory=dict)
    grids: frozenset[int] = frozenset()


class _Line(NamedTuple):
    """A row of a table: its label's core, the value cells by column (total, …), what names a unit
    of money in it.
    """

    label: str
    values: Mapping[str, GridCell]
    head: str
    where: Mapping[str, object]
    surplus: bool


@dataclass(slots=True)
class _Head:
    """Which grid columns hold which column of the form; `foreign` are labels that name none, `years` those
    that the heads of columns name.
    """

    columns: dict[int, str] = field(default_factory=dict)
    foreign: dict[int, str] = field(default_factory=dict)
    years: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Table:
    """One table as read, in one grid or several."""

    figures: list[Figure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    years: dict[Cell, frozenset[int]] = field(default_factory=dict)
    lines: set[int] = field(default_factory=set)


def read_statistics(content: Content) -> Statistics:
    """The statistics tables of a document; empty where it has none."""
    counted = [(grid, _matches(grid)) for grid in content.grids]
    in_lines = most_values(content.paragraphs) >= _LEAST_ROWS
    forms: dict[str, str] = {}
    read: list[_Table] = []
    taken: set[int] = set()
    for form in statistics_forms().values():
        table = next(iter(form.tables))
        own = [
            grid
            for grid, counts in counted
            if id(grid) not in taken and counts.get(table, 0) and counts[table] >= max(counts.values())
        ]
        if sum(counts[table] for grid, counts in counted if grid in own) >= _LEAST_ROWS:
            taken |= {id(grid) for grid in own}
            made = _of_copies(form, table, _copies(own, table, form), content)
        else:
            in_text = _in_text(form, table, content) if in_lines else None
            if in_text is None:
                continue
            made = in_text
        forms[table] = form.id
        read.append(made)
    return Statistics(
        forms,
        tuple(_recognised(figure, content) for made in read for figure in made.figures),
        tuple(problem for made in read for problem in made.problems),
        frozenset(line for made in read for line in made.lines),
        {cell: years for made in read for cell, years in made.years.items()},
        frozenset(taken),
    )


def _recognised(figure: Figure, content: Content) -> Figure:
    """The figure, marked where it stands on a page that was recognised in a picture."""
    if figure.locator.get("page") not in content.scanned:
        return figure
    return replace(figure, method="ocr", verified=False)


def _matches(grid: Grid) -> dict[str, int]:
    """How many rows of a grid begin with an indicator of each table."""
    counts: dict[str, int] = {}
    for row in grid.rows:
        texts = [cell.text for cell in row if len(cell.text) >= LEAST_LABEL]
        named = [tables for text in texts if (tables := tables_of(text))]
        for table in {table for tables in named for table in tables} if named else ():
            counts[table] = counts.get(table, 0) + 1
    return counts


# A table that stands more than once ----------------------------------------------------------------


def _copies(grids: Sequence[Grid], table: str, form: Form) -> list[list[Grid]]:
    """The grids of each time that the table stands in the document: one that begins anew is another copy."""
    named, order = indicators()[table], list(form.tables[table].rows)
    copies: list[list[Grid]] = []
    last = len(order)
    for grid in grids:
        labels = [plain(cell.text) for row in grid.rows for cell in row]
        codes = [named[label] for label in labels if label in named]
        if max(order.index(code) for code in codes[0]) <= last:
            copies.append([])
            last = -1
        copies[-1].append(grid)
        for candidates in codes:
            last = max(last, order.index(next_code(candidates, order, last, set()) or order[0]))
    return copies


def _of_copies(form: Form, table: str, copies: Sequence[Sequence[Grid]], content: Content) -> _Table:
    """The table, of several copies that of the latest year where each names one; else what they agree in."""
    read = [_of_grids(form, table, grids, content) for grids in copies]
    said = [{f.cell: (f.status, f.value, f.unit) for f in made.figures} for made in read]
    if all(one == said[0] for one in said):
        return read[0]
    named = [frozenset(year for years in made.years.values() for year in years) for made in read]
    if all(len(years) == 1 for years in named) and len(set(named)) == len(named):
        return max(read, key=lambda made: max(max(years) for years in made.years.values()))
    first = read[0]
    doubted = {cell for one in said for cell in {*one, *said[0]} if one.get(cell) != said[0].get(cell)}
    printed = {
        cell: "; ".join(str(f.printed) for made in read for f in made.figures if f.cell == cell)
        for cell in doubted
    }
    figures = [
        replace(f, printed=None, value=None, status="unreadable", note=printed[f.cell], verified=False)
        if f.cell in doubted
        else f
        for f in first.figures
    ]
    problem = Problem(
        code="conflicting_rows",
        where=copies[1][0].where,
        cells=tuple(cell for cell in form.tables[table].cells() if cell in doubted),
        detail=f"the table {table} stands {len(read)} times, with other figures: which is meant is not told",
    )
    return _Table(figures, [*first.problems, problem], first.years, first.lines)


def _of_grids(form: Form, table: str, grids: Sequence[Grid], content: Content) -> _Table:
    """The table of one copy, held against a second reading where the source has cells."""
    caption = [text for text in _caption(grids[0], table, content) if len(text) <= _LONGEST_CAPTION]
    named, order = indicators()[table], list(form.tables[table].rows)
    grids = [part for grid in grids for part in columns_apart(grid, named, order)]
    made = _read(form, table, grids, units_of_money(*caption))
    years = _caption_years(caption)
    made.years |= {f.cell: years for f in made.figures if years and f.cell not in made.years}
    made.figures, differing = compared(made.figures, _second(form, table, grids, content, made.figures))
    made.problems += differing
    return made


def _second(
    form: Form, table: str, grids: Sequence[Grid], content: Content, figures: Sequence[Figure]
) -> dict[Cell, Figure]:
    """What another reading says of the cells: of drawn pages the lines of their text without any ruling, of
    tables with cells the order of words and values. Pages recognised in a picture have none.
    """
    rows = form.tables[table].rows
    told: dict[Cell, Figure] = {}
    if content.in_lines:
        for row in rows_in_text(content.in_lines, table, list(rows)).rows:
            if len(row.values) == 1 and row.on_line:
                cell = Cell(table, row.code, "total")
                told[cell] = _figure(cell, rows[row.code], row.values[0], row.head, "label_order")
        return told
    if not all(grid.geometry and grid.where.get("page") not in content.scanned for grid in grids):
        return told
    first = {figure.cell: figure for figure in figures}
    for (code, column), value in cells_in_order(grids, table, list(rows)).items():
        cell = Cell(table, code, column)
        same = cell in first and first[cell].locator is value.where
        told[cell] = first[cell] if same else _figure(cell, rows[code], value, "")
    return told


def _caption(grid: Grid, table: str, content: Content) -> list[str]:
    """What stands in the lines right above a table and in its own first rows."""
    texts: list[str] = []
    for row in grid.rows:
        words = [cell.text for cell in row if cell.text]
        if any(plain(word) in indicators()[table] for word in words):
            break
        if not any(column_code(squashed(word)) for word in words):
            texts += words
    at = next(index for index, block in enumerate(content.blocks) if block is grid)
    for block in reversed(content.blocks[max(at - _CAPTION_ABOVE, 0) : at]):
        if isinstance(block, Grid):
            break
        texts.append(block.text)
    return texts


def _caption_years(caption: Sequence[str]) -> frozenset[int]:
    """The year that the caption of a table names."""
    for text in caption:
        years = _YEAR.findall(text)
        if years and _CAPTION.search(text):
            return frozenset(map(int, years))
    return frozenset()


# A table in running text ---------------------------------------------------------------------------


def _in_text(form: Form, table: str, content: Content) -> _Table | None:
    """The table in text without cells; None where fewer indicators stand there than make a table.

    A value is taken from the line on which its label ends, and, in documents whose text has no places,
    from the lines behind it, unless values stand before the first label, too: then which belongs to which
    is not told.
    """
    rows = form.tables[table].rows
    found = rows_in_text(content.paragraphs, table, list(rows))
    if sum(len(row.values) == 1 for row in found.rows) < _LEAST_ROWS:
        return None
    drawn = content.media_type in _DRAWN or content.by_position or content.scanned
    apart = not drawn and not found.led
    made = _Table(lines=found.lines)
    refused: list[Figure] = []
    for row in found.rows:
        cell = Cell(table, row.code, "total")
        figure = _figure(cell, rows[row.code], row.values[0], row.head, "label_order")
        if len(row.values) > 1 or not (row.on_line or apart):
            raw = json.dumps([value.text for value in row.values], ensure_ascii=False)
            figure = replace(figure, printed=None, value=None, status="unreadable", note=raw)
            refused.append(figure)
        made.figures.append(figure)
    if refused:
        detail = (
            f"{len(refused)} rows of the table {table} stand in running text, several values behind a label"
        )
        detail += " or on another line than it, so that which belongs to which is not told"
        cells = tuple(figure.cell for figure in refused)
        where = refused[0].locator
        made.problems.append(Problem(code="unconfirmed_text", where=where, cells=cells, detail=detail))
    made.problems += [
        *_not_numbers(figure for figure in made.figures if figure not in refused),
        *_missing(form, table, {figure.cell: figure for figure in made.figures}),
    ]
    made.figures.sort(key=lambda figure: list(rows).index(figure.cell.row))
    return made


def _not_numbers(figures: Iterable[Figure]) -> Iterator[Problem]:
    for figure in figures:
        if figure.status == "unreadable":
            detail = (
                f"{figure.printed!r} in {figure.cell.row}/{figure.cell.column} is no number that is known"
            )
            yield Problem(code="cell_not_a_number", where=figure.locator, cells=(figure.cell,), detail=detail)


# A table with cells --------------------------------------------------------------------------------


def _read(form: Form, table: str, grids: Sequence[Grid], money: str) -> _Table:
    """The table of some grids; `money` is what names a unit of money over it, for rows that name none."""
    named, order = indicators()[table], list(form.tables[table].rows)
    figures: dict[Cell, Figure] = {}
    made = _Table()
    problems = made.problems
    untold: list[tuple[str, _Line]] = []
    head = _Head()
    last = -1
    strange = False  # whether a row with values came since the last known one, whose label is not known
    for grid in grids:
        head = _head(grid, named) or head
        if head.foreign:
            told = "、".join(head.foreign.values())
            detail = f"columns of the table {table} that the form does not have are not read: {told}"
            problems.append(Problem(code="unmatched_cell", where=grid.where, detail=detail[:300]))
        for line in _lines(grid, head, named):
            code = _code(named.get(line.label, ()), order, last, figures, strange=strange)
            if code is None:
                if line.surplus or any(not says_nothing(cell.text) for cell in line.values.values()):
                    problems.append(_unmatched(line, table))
                strange = strange or bool(line.values or line.surplus)
                continue
            strange = False
            last = max(last, order.index(code))
            if line.surplus:
                untold.append((code, line))
            for column, cell in line.values.items():
                place, row = Cell(table, code, column), form.tables[table].rows[code]
                figure = _figure(place, row, cell, line.head or money)
                figures[figure.cell] = figure
                if column in head.years:
                    made.years[figure.cell] = frozenset({head.years[column]})
                problems += _not_numbers([figure])
    if untold:
        cells = tuple(Cell(table, code, "total") for code, _ in untold)
        detail = (
            f"{len(untold)} rows of the table {table} have several values, and no head tells their columns"
        )
        where = untold[0][1].where
        problems.append(Problem(code="header_unmatched", where=where, cells=cells, detail=detail))
    problems += _missing(form, table, figures, told=frozenset(code for code, _ in untold))
    made.figures = [figures[cell] for cell in form.tables[table].cells() if cell in figures]
    return made


def _head(grid: Grid, named: Mapping[str, object]) -> _Head | None:
    """The columns that the rows over the first indicator name; None where they name none."""
    head = _Head()
    years: dict[int, int] = {}
    laid = rectangle(grid)
    for row in laid:
        placed = {id(one.cell): one for one in row if one}
        if any(plain(one.cell.text) in named for one in placed.values()):
            break
        codes = {key: column_code(squashed(one.cell.text)) for key, one in placed.items()}
        if not any(code and not placed[key].cell.text.strip().isdigit() for key, code in codes.items()):
            continue  # a heading with its number in the order is no head
        for key, one in placed.items():
            for column in one.columns:
                if codes[key] in (None, "none"):
                    if codes[key] is None and one.cell.text and column not in head.columns:
                        head.foreign[column] = squashed(one.cell.text)
                    continue
                head.columns[column] = codes[key] or ""
                head.foreign.pop(column, None)
                if named_year := _YEAR.search(one.cell.text):
                    head.years[codes[key] or ""] = years[column] = int(named_year[1])
    _latest(head, years)
    columns = list(head.columns.values())
    if not columns or len(set(columns)) < len(columns):
        return None
    return head


def _latest(head: _Head, years: Mapping[int, int]) -> None:
    """Leaves of columns that each name a year (2016年, 2015年) the latest, which is to be the report's."""
    for code in set(head.columns.values()):
        same = [column for column, own in head.columns.items() if own == code]
        dated = {column: years[column] for column in same if column in years}
        if len(same) > 1 and len(set(dated.values())) == len(same):
            latest = max(dated, key=lambda column: dated[column])
            head.years[code] = dated[latest]
            head.columns = {c: own for c, own in head.columns.items() if own != code or c == latest}


def _lines(grid: Grid, head: _Head, named: Mapping[str, object]) -> Iterator[_Line]:
    for index, row in enumerate(rectangle(grid)):
        cells = list({id(one.cell): one for one in row if one and one.row == index}.values())
        words = [one for one in cells if has_han(one.cell.text) and not is_unit(one.cell.text)]
        known = [one for one in words if plain(one.cell.text) in named]
        label = known[-1] if known else words[-1] if words else None
        if label is None or len(core(label.cell.text)) < 2:
            continue
        after = [one for one in cells if one.column >= label.columns.stop]
        unit = next((squashed(one.cell.text) for one in after if is_unit(one.cell.text)), "")
        money = units_of_money(*(t for one in cells if not looks_like_value(t := one.cell.text)))
        where = {key: value for key, value in label.cell.where.items() if key not in ("cell", "bbox")}
        if head.columns:
            values = {
                head.columns[one.column]: one.cell
                for one in after
                if one.column in head.columns and not (unit and squashed(one.cell.text) == unit and known)
            }
            yield _Line(
                plain(label.cell.text), values if known or _filled(values) else {}, money, where, False
            )
            continue
        rest = [one.cell for one in after if not is_unit(one.cell.text) or not one.cell.text]
        single = {"total": rest[0]} if len(rest) == 1 else {}
        yield _Line(plain(label.cell.text), single, money, where, len([c for c in rest if c.text]) > 1)


def _code(
    candidates: Sequence[str], order: Sequence[str], last: int, figures: Iterable[Cell], *, strange: bool
) -> str | None:
    """The indicator that a label names in its place. Behind a row that is not known (`strange`) one that is
    called like others may be a part of any of them.
    """
    if strange and sum(order.index(code) > last for code in candidates) > 1:
        return None
    return next_code(candidates, order, last, {cell.row for cell in figures})


def _filled(values: Mapping[str, GridCell]) -> bool:
    return any(looks_like_value(cell.text) for cell in values.values())


def _figure(place: Cell, row: Row, cell: GridCell, head: str, method: str = "grid") -> Figure:
    value = in_unit(parsed(cell.text), row.unit, money=row.money, head=head)
    return Figure(
        cell=place,
        printed=cell.text,
        value=value.value,
        unit=value.unit,
        status=value.status,
        note=value.note,
        locator=cell.where,
        method=method,
    )


def _unmatched(line: _Line, table: str) -> Problem:
    printed = " | ".join(cell.text for cell in line.values.values())
    return Problem(
        code="unmatched_row",
        where=line.where,
        detail=f"no indicator of the table {table} is called {line.label!r}: {printed}"[:300],
    )


def _missing(
    form: Form, table: str, figures: Mapping[Cell, Figure], *, told: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """The rows without a figure, but for those of which another problem has `told` why."""
    columns = dict.fromkeys(cell.column for cell in figures) or {"total": None}
    rows = form.tables[table].rows
    absent = [
        code
        for code in rows
        if code not in told and not any(Cell(table, code, column) in figures for column in columns)
    ]
    if absent:
        names = ", ".join(rows[code].label for code in absent)
        yield Problem(
            code="missing_row",
            cells=tuple(Cell(table, code, column) for code in absent for column in columns),
            detail=f"the table {table} ({form.id}) has no row for: {names}"[:400],
        )
