"""Workbooks (.xlsx, .xls, .et) → Content: a grid for each stretch of rows that is a table.

Owns what of a sheet is table and what is text around it, which sheets count, and how a number is
written. Values come from calamine; what it does not tell, from `pipelines.readers.sheets`. Sheets are
read by value: `12.30` shown by a number format is 12.3 here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.labels import has_han, squashed
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.looks import STRUCK
from pipelines.readers.sheets import Position, SheetCells, crossed, damaged, sheet_cells

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OLDER = "application/vnd.ms-excel"

_SPACE = re.compile(r"[^\S\n]+|[\u00a0\u3000\u200b\ufeff]+")
_CHAPTERS = (
    "总体情况",
    "主动公开政府信息情况",
    "收到和处理政府信息公开申请",
    "行政诉讼情况",
    "存在的主要问题",
    "其他需要报告的事项",
)
_PROSE = 60
"""Characters: a row that holds nothing but one cell of so much text is no row of a form."""

_MOST_MERGED = 1_000_000
"""Cells that merged areas cover in all; areas that overlap, as damage makes them, cover any number."""

_Value = int | float | str | bool | time | date | datetime | timedelta


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a workbook; raises UnreadableDocumentError where it is damaged or protected.

    Hidden sheets are left out unless nothing else holds text.
    """
    known, values = sheet_cells(body)
    try:
        shown, hidden = _sheets(values, known)
    except CalamineError as error:
        raise damaged(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how the library's own faults arrive
            raise
        raise damaged(f"the reading of its values failed ({error})") from None
    blocks: list[Paragraph | Grid] = []
    for sheet in shown if any(sheet.texts for sheet in shown) else hidden:
        tables = sum(isinstance(block, Grid) for block in blocks)
        blocks += _blocks(sheet, tables)
    return Content(tuple(blocks), MEDIA_TYPE if body[:2] == b"PK" else _OLDER, base_url=url)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet's texts by position, its merged cells (first position → last), number from 1, and the rows and
    columns that are not shown.
    """

    number: int
    texts: dict[Position, str]
    merged: dict[Position, Position]
    covered: frozenset[Position]
    present: set[Position]
    unseen_rows: frozenset[int]
    unseen_columns: frozenset[int]


def _sheets(body: bytes, known: dict[str, SheetCells]) -> tuple[list[_Sheet], list[_Sheet]]:
    """The visible sheets and the hidden ones."""
    shown: list[_Sheet] = []
    hidden: list[_Sheet] = []
    with CalamineWorkbook.from_filelike(BytesIO(body)) as book:
        for number, (name, about) in enumerate(zip(book.sheet_names, book.sheets_metadata, strict=True), 1):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            if name not in known:
                raise damaged(f"the sheet {name!r} is not where it is said to be")
            sheet = _sheet(book.get_sheet_by_name(name), number, known[name])
            (shown if about.visible == SheetVisibleEnum.Visible else hidden).append(sheet)
    return shown, hidden


def _sheet(sheet: CalamineSheet, number: int, known: SheetCells) -> _Sheet:
    texts = _texts(sheet, known)
    rows, columns = known.unseen_rows, known.unseen_columns
    unseen = [p for p in texts if p[0] in rows or p[1] in columns] if rows or columns else []
    seen = len(unseen) < len(texts)  # else what is hidden is all there is
    merged, covered = _merged(sheet, texts)
    for position in unseen if seen else ():
        del texts[position]
    return _Sheet(
        number,
        texts,
        merged,
        frozenset(covered),
        known.present,
        frozenset(rows if seen else ()),
        frozenset(columns if seen else ()),
    )


def _texts(sheet: CalamineSheet, known: SheetCells) -> dict[Position, str]:
    """What the cells of a sheet show, those of hidden rows and columns too."""
    texts: dict[Position, str] = {}
    for row, values in enumerate(sheet.to_python(skip_empty_area=False)):
        for column, value in enumerate(values):
            if value != "" and (text := _text(value)):
                texts[row, column] = text
    strays = texts.keys() - known.present
    if strays:
        raise damaged(f"a value stands in row {min(strays)[0] + 1}, where the sheet has no cell")
    texts |= known.shown
    for position, look in known.looks.items():
        if any(char.isdigit() for char in texts.get(position, "")):
            text = texts[position]
            texts[position] = crossed(text) if look == STRUCK else f"{text}\ufffc"
    return texts


def _merged(
    sheet: CalamineSheet, texts: Mapping[Position, str]
) -> tuple[dict[Position, Position], set[Position]]:
    """First and last cell of the merged areas that hide no text, and the cells that these cover."""
    merged = {}
    covered: set[Position] = set()
    areas = [_clipped(first, last) for first, last in sheet.merged_cell_ranges or ()]
    if sum(len(rows) * len(columns) for rows, columns in areas) > _MOST_MERGED:
        raise damaged("its merged cells cover more than a sheet of any report has")
    for rows, columns in areas:
        first, last = (rows.start, columns.start), (rows.stop - 1, columns.stop - 1)
        area = {(r, c) for r in rows for c in columns}
        area.discard(first)
        if texts.keys().isdisjoint(area) and covered.isdisjoint(area) and first not in covered:
            merged[first] = last
            covered |= area
    return merged, covered


def _clipped(first: Position, last: Position) -> tuple[range, range]:
    """Rows and columns of a merged area; a form has 30 rows of 15 columns."""
    return range(first[0], min(last[0], first[0] + 99) + 1), range(first[1], min(last[1], first[1] + 99) + 1)


def _text(value: _Value) -> str:
    """A value as a sheet shows it: fifteen digits at most, none after the point where all are 0."""
    if isinstance(value, str):
        return value if value.isalnum() else _plain(value)
    if isinstance(value, float) and value and -1e15 < value < 1e15 and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        # A sheet, too, writes what is beyond all counts with an exponent.
        return f"{Decimal(format(value, '.15g')):f}" if value == 0 or 1e-9 < abs(value) < 1e15 else str(value)
    return str(value)


def _plain(value: str) -> str:
    """A text without empty lines, the white space in each line made single spaces."""
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    if "\u200b" in value or "\ufeff" in value:
        lines = [_SPACE.sub(" ", line).strip() for line in value.split("\n")]
    else:
        lines = [" ".join(line.split()) for line in value.split("\n")]
    return "\n".join([line for line in lines if line])


# Rows that are text and rows that are table --------------------------------------------------------------


def _blocks(sheet: _Sheet, tables: int) -> Iterator[Paragraph | Grid]:
    """Paragraphs and grids of a sheet; `tables` counts the grids of the sheets before it."""
    rows: dict[int, dict[int, str]] = {}
    for position in sorted(sheet.texts):
        rows.setdefault(position[0], {})[position[1]] = sheet.texts[position]
    run: list[int] = []
    for row in sorted(rows):
        if _is_paragraph(list(rows[row].values()), begun=bool(run)):
            if grid := _grid(sheet, rows, run, tables + 1):
                tables += 1
                yield grid
            run = []
            where = {"sheet": sheet.number, "row": row + 1, "cell": min(rows[row]) + 1}
            yield from (Paragraph(line, where) for text in rows[row].values() for line in text.split("\n"))
        else:
            run.append(row)
    if grid := _grid(sheet, rows, run, tables + 1):
        yield grid


def _is_paragraph(texts: Sequence[str], *, begun: bool) -> bool:
    """Whether a row is text: a lone cell of words above a table, and below its beginning a lone cell that
    can be no row of one (a chapter's heading, prose).
    """
    if len(texts) != 1 or not has_han(texts[0]):
        return False
    plain = squashed(texts[0])
    if re.match(r"第.{1,4}条第", plain):
        return False  # heads a block of the form
    return not begun or len(plain) > _PROSE or any(mark in plain for mark in _CHAPTERS)


def _grid(sheet: _Sheet, rows: dict[int, dict[int, str]], run: list[int], number: int) -> Grid | None:
    """The rows from the first to the last of `run`, and one of empty cells below where the sheet has it."""
    if not run:
        return None
    first, last = run[0], run[-1]
    left = min(min(rows[row]) for row in run)
    right = max(max(rows[row]) for row in run)
    ends = [sheet.merged.get((row, column)) for row in run for column in rows[row]] if sheet.merged else []
    right = max([right, *(end[1] for end in ends if end)])
    below = [(last + 1, column) for column in range(left, right + 1)]
    if last + 1 not in rows and len(run) > 1 and all(p in sheet.present or p in sheet.covered for p in below):
        last += 1
    laid = []
    texts, merged, covered, unseen = sheet.texts, sheet.merged, sheet.covered, sheet.unseen_columns
    columns = [column for column in range(left, right + 1) if column not in unseen]
    at = {"sheet": sheet.number, "table": number}
    for row in range(first, last + 1):
        if row in sheet.unseen_rows:
            continue
        at["row"] = row + 1
        cells = []
        for column in columns:
            position = row, column
            if position in covered:
                continue
            cell = GridCell(texts.get(position, ""), {**at, "cell": column + 1})
            cells.append(cell)
            if position in merged:
                end = merged[position]
                across = range(column, min(end[1], right) + 1)
                down = range(row, min(end[0], last) + 1)
                cell.colspan = len(across) - len(unseen.intersection(across))
                cell.rowspan = len(down) - len(sheet.unseen_rows.intersection(down))
        laid.append(tuple(cells))
    return Grid(tuple(laid), {"sheet": sheet.number, "table": number})


__all__ = ["MEDIA_TYPE", "UnreadableDocumentError", "read"]
