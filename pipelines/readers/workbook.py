"""Workbooks (.xlsx, .xls, .et) → Content: a grid for each stretch of rows that is a table.

Owns what of a sheet is table and what is text around it, and which sheets count. What nearly all programs
write comes from `pipelines.readers.plain_sheets`; of other files the values come from calamine, and what
it does not tell, from `pipelines.readers.sheets`. Sheets are read by value: `12.30` shown by a number format
is 12.3 here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.labels import has_han, squashed
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.plain_sheets import PlainSheet, plain_sheets
from pipelines.readers.sheet_texts import Position, marked, text_of
from pipelines.readers.sheets import SheetCells, damaged, packed_parts, sheet_cells

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OLDER = "application/vnd.ms-excel"

_CHAPTERS = (
    "总体情况",
    "主动公开政府信息情况",
    "收到和处理政府信息公开申请",
    "行政诉讼情况",
    "存在的主要问题",
    "其他需要报告的事项",
)
_HEADS_BLOCK = re.compile(r"第.{1,4}条第")
_PROSE = 60
"""Characters: a row that holds nothing but one cell of so much text is no row of a form."""

_NONE: dict[int, str] = {}
_MOST_MERGED = 1_000_000
"""Cells that merged areas cover in all; areas that overlap, as damage makes them, cover any number."""


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a workbook; raises UnreadableDocumentError where it is damaged or protected.

    Hidden sheets are left out unless nothing else holds text.
    """
    packed = body[:2] == b"PK"
    parts, ordinary = packed_parts(body) if packed else (None, False)
    plain = plain_sheets(parts) if parts is not None and ordinary else None
    if plain is not None:
        sheets = [(sheet.is_visible, _plain(number, sheet)) for number, sheet in enumerate(plain, 1)]
    else:
        sheets = _asked(body, parts)
    shown = [sheet for is_visible, sheet in sheets if is_visible]
    hidden = [sheet for is_visible, sheet in sheets if not is_visible]
    blocks: list[Paragraph | Grid] = []
    tables = 0
    for sheet in shown if any(sheet.rows for sheet in shown) else hidden:
        for block in _blocks(sheet, tables):
            blocks.append(block)
            tables += isinstance(block, Grid)
    return Content(tuple(blocks), MEDIA_TYPE if packed else _OLDER, base_url=url)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet's texts by row and column, in order; its merged cells, the last of each by the row and the
    column of the first, and the columns that these cover, by row; the columns that have a cell, by row; its
    number from 1, and the rows and columns that are not shown.
    """

    number: int
    rows: dict[int, dict[int, str]]
    merged: Mapping[int, Mapping[int, Position]]
    covered: Mapping[int, Collection[int]]
    present: Mapping[int, Collection[int]]
    unseen_rows: set[int]
    unseen_columns: set[int]


def _plain(number: int, sheet: PlainSheet) -> _Sheet:
    hidden = sheet.unseen_rows, sheet.unseen_columns
    return _sheet(number, sheet.texts, sheet.merged, sheet.present, *hidden)


def _sheet(
    number: int,
    texts: dict[int, dict[int, str]],
    areas: Sequence[tuple[Position, Position]],
    present: Mapping[int, Collection[int]],
    unseen_rows: set[int],
    unseen_columns: set[int],
) -> _Sheet:
    """A sheet without what is not shown, unless that is all there is."""
    merged, covered = _merged(areas, texts)
    if unseen_rows or unseen_columns:
        seen = {
            row: own
            for row, every in texts.items()
            if row not in unseen_rows
            and (own := {column: text for column, text in every.items() if column not in unseen_columns})
        }
        if seen:
            return _Sheet(number, seen, merged, covered, present, unseen_rows, unseen_columns)
    return _Sheet(number, texts, merged, covered, present, set(), set())


def _merged(
    areas: Sequence[tuple[Position, Position]], texts: dict[int, dict[int, str]]
) -> tuple[dict[int, dict[int, Position]], dict[int, set[int]]]:
    """The last cell of the merged areas that hide no text, by the row and the column of the first, and the
    columns that these cover, by row.
    """
    merged: dict[int, dict[int, Position]] = {}
    covered: dict[int, set[int]] = {}
    clipped = [_clipped(first, last) for first, last in areas]
    if sum([len(rows) * len(columns) for rows, columns in clipped]) > _MOST_MERGED:
        raise damaged("its merged cells cover more than a sheet of any report has")
    for rows, columns in clipped:
        top, left = rows.start, columns.start
        if left in covered.get(top, ()) or not _is_free(rows, columns, texts, covered):
            continue
        merged.setdefault(top, {})[left] = rows.stop - 1, columns.stop - 1
        for row in rows:
            covered.setdefault(row, set()).update(columns)
        if rows and columns:
            covered[top].discard(left)
    return merged, covered


def _is_free(
    rows: range, columns: range, texts: dict[int, dict[int, str]], covered: Mapping[int, set[int]]
) -> bool:
    """Whether an area, but for its first cell, has neither texts nor cells of another area."""
    beside = columns[1:]
    for row in rows:
        if row in texts and not texts[row].keys().isdisjoint(beside):
            return False
        if row in covered and not covered[row].isdisjoint(beside):
            return False
        beside = columns
    return True


def _clipped(first: Position, last: Position) -> tuple[range, range]:
    """Rows and columns of a merged area; a form has 30 rows of 15 columns."""
    return range(first[0], min(last[0], first[0] + 99) + 1), range(first[1], min(last[1], first[1] + 99) + 1)


# Sheets that are not plain: their values are asked of the library ------------------------------------------


def _asked(body: bytes, parts: Mapping[str, bytes] | None) -> list[tuple[bool, _Sheet]]:
    """The sheets with whether each is shown, of a workbook of any kind."""
    known, values = sheet_cells(body, parts)
    try:
        return _sheets(values, known)
    except (CalamineError, OverflowError) as error:  # the latter of a time longer than any
        raise damaged(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how the library's own faults arrive
            raise
        raise damaged(f"the reading of its values failed ({error})") from None


def _sheets(body: bytes, known: dict[str, SheetCells]) -> list[tuple[bool, _Sheet]]:
    sheets: list[tuple[bool, _Sheet]] = []
    with CalamineWorkbook.from_filelike(BytesIO(body)) as book:
        for number, (name, about) in enumerate(zip(book.sheet_names, book.sheets_metadata, strict=True), 1):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            if name not in known:
                raise damaged(f"the sheet {name!r} is not where it is said to be")
            sheet = _asked_sheet(book.get_sheet_by_name(name), number, known[name])
            sheets.append((about.visible == SheetVisibleEnum.Visible, sheet))
    return sheets


def _asked_sheet(sheet: CalamineSheet, number: int, known: SheetCells) -> _Sheet:
    texts = _texts(sheet, known)
    rows: dict[int, dict[int, str]] = {}
    for position in sorted(texts):
        rows.setdefault(position[0], {})[position[1]] = texts[position]
    present: dict[int, set[int]] = {}
    for row, column in known.present:
        present.setdefault(row, set()).add(column)
    areas = sheet.merged_cell_ranges or ()
    return _sheet(number, rows, areas, present, known.unseen_rows, known.unseen_columns)


def _texts(sheet: CalamineSheet, known: SheetCells) -> dict[Position, str]:
    """What the cells of a sheet show, those of hidden rows and columns too."""
    texts: dict[Position, str] = {}
    for row, values in enumerate(sheet.to_python(skip_empty_area=False)):
        for column, value in enumerate(values):
            if value != "" and (text := text_of(value)):
                texts[row, column] = text
    strays = texts.keys() - known.present
    if strays:
        raise damaged(f"a value stands in row {min(strays)[0] + 1}, where the sheet has no cell")
    texts |= known.shown
    for position, look in known.looks.items():
        if position in texts:
            texts[position] = marked(texts[position], look)
    return texts


# Rows that are text and rows that are table --------------------------------------------------------------


def _blocks(sheet: _Sheet, tables: int) -> Iterator[Paragraph | Grid]:
    """Paragraphs and grids of a sheet; `tables` counts the grids of the sheets before it."""
    run: list[int] = []
    for row, own in sheet.rows.items():
        if len(own) == 1 and _is_paragraph(*own.values(), begun=bool(run)):
            if run:
                tables += 1
                yield _grid(sheet, run, tables)
                run = []
            (column, text), *_ = own.items()
            where = {"sheet": sheet.number, "row": row + 1, "cell": column + 1}
            yield from (Paragraph(line, where) for line in text.split("\n"))
        else:
            run.append(row)
    if run:
        yield _grid(sheet, run, tables + 1)


def _is_paragraph(text: str, *, begun: bool) -> bool:
    """Whether a row of one cell is text: words above a table, and below its beginning what can be no row of
    one (a chapter's heading, prose).
    """
    if not has_han(text) or ("条" in text and _HEADS_BLOCK.match(squashed(text))):
        return False
    if not begun:
        return True
    plain = squashed(text)
    return len(plain) > _PROSE or any(mark in plain for mark in _CHAPTERS)


def _grid(sheet: _Sheet, run: Sequence[int], number: int) -> Grid:
    """The rows from the first to the last of `run`, and one of empty cells below where the sheet has it."""
    rows = sheet.rows
    first, last = run[0], run[-1]
    left = min([next(iter(rows[row])) for row in run])
    right = max([next(reversed(rows[row])) for row in run])
    for row in range(first, last + 1):
        for column, end in (sheet.merged.get(row) or {}).items():
            if end[1] > right and column in rows.get(row, ()):
                right = end[1]
    if last + 1 not in rows and len(run) > 1 and _has_cells(sheet, last + 1, range(left, right + 1)):
        last += 1
    places = [(column, column + 1) for column in range(left, right + 1) if column not in sheet.unseen_columns]
    laid = []
    for row in range(first, last + 1):
        if row in sheet.unseen_rows:
            continue
        at = {"sheet": sheet.number, "table": number, "row": row + 1}
        text_in, covered, ends = rows.get(row, _NONE).get, sheet.covered.get(row, ()), sheet.merged.get(row)
        cells = [
            GridCell(text_in(column, ""), {**at, "cell": place})
            for column, place in places
            if column not in covered
        ]
        if ends:
            beside = [column for column, _ in places if column not in covered]
            for cell, column in zip(cells, beside, strict=True):
                if column in ends:
                    across = range(column, min(ends[column][1], right) + 1)
                    down = range(row, min(ends[column][0], last) + 1)
                    cell.colspan = len(across) - len(sheet.unseen_columns.intersection(across))
                    cell.rowspan = len(down) - len(sheet.unseen_rows.intersection(down))
        laid.append(tuple(cells))
    return Grid(tuple(laid), {"sheet": sheet.number, "table": number})


def _has_cells(sheet: _Sheet, row: int, columns: range) -> bool:
    """Whether a row has a cell in each of some columns, or one that reaches down into it."""
    present, covered = sheet.present.get(row, ()), sheet.covered.get(row, ())
    return all(column in present or column in covered for column in columns)


__all__ = ["MEDIA_TYPE", "UnreadableDocumentError", "read"]
