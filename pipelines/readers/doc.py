"""Word 97 to 2003 (.doc, .wps) → Content: paragraphs and tables from marks and row definitions.

Owns how cells and rows become grids: column edges that all but coincide are one, merged cells become
spans, a table that holds tables is layout and its text stands outside. The binary format itself is
`pipelines.readers.word97`'s. Files of Word 6 and 95 are given to LibreOffice where it is installed; a
damaged file never is, since what a lenient reader mends cannot be told from what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.labels import has_han
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.word97 import (
    CROSSED,
    DOUBT,
    OFF_LINE,
    PICTURE,
    UNSURE,
    DamagedError,
    EncryptedError,
    OlderWordError,
    RowProperties,
    WordParagraph,
    paragraphs,
    streams,
)
from pipelines.records import Problem

MEDIA_TYPE = "application/msword"

_SAME_EDGE = 20
"""Twips (a point): edges nearer than this are one. Writers round, and columns are never so narrow."""
_INDENT = 150
"""Twips by which a row begins further right before that counts as columns without a cell."""
_ON_LINE = {raised: digit for digit, raised in OFF_LINE.items()}
_DIGIT = re.compile("[0-9]")
_SPACE = re.compile(r"[^\S\n]+|[\u00a0\u3000\u200b\ufeff]+")


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a Word file; raises UnreadableDocumentError where it is damaged, protected, or of
    a Word older than 97 that nothing here converts.
    """
    unread: list[str] = []
    try:
        blocks = blocks_of(streams(body), unread)
    except EncryptedError as error:
        raise UnreadableDocumentError(
            "encrypted_document", f"the Word file cannot be opened: {error}"
        ) from error
    except DamagedError as error:
        raise UnreadableDocumentError("damaged_document", f"the Word file is damaged: {error}") from error
    except OlderWordError as error:
        return _converted(body, url, str(error))
    problems = tuple(
        Problem(code="text_box_not_read", detail=f"a text box of the Word file cannot be read: {reason}")
        for reason in dict.fromkeys(unread)
    )
    return Content(blocks, MEDIA_TYPE, base_url=url, problems=problems)


def blocks_of(found: dict[str, bytes], unread: list[str] | None = None) -> tuple[Paragraph | Grid, ...]:
    """The blocks of a document from its streams; `unread` and what it raises: as `word97.paragraphs`."""
    return tuple(_Blocks().of(_outline(paragraphs(found, unread))))


def _converted(body: bytes, url: str | None, reason: str) -> Content:
    from pipelines.readers import docx, libreoffice  # noqa: PLC0415 hardly ever needed

    if not libreoffice.is_installed():
        raise UnreadableDocumentError(
            "format_not_supported", f"{reason}, and LibreOffice, which can convert it, is not installed"
        )
    found = docx.read(libreoffice.converted(body, "doc", "docx"), url)
    return Content(found.blocks, MEDIA_TYPE, base_url=url)


# From paragraphs to nested tables -----------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    """A row as it stands: the content of its cells, and what its end says of them."""

    cells: list[list[str | _Table]]
    properties: RowProperties
    removed: bool


@dataclass(slots=True)
class _Table:
    rows: list[_Row] = field(default_factory=list)


@dataclass(slots=True)
class _Level:
    """A table that is being read: the cells of its current row and what the current cell holds."""

    table: _Table = field(default_factory=_Table)
    cells: list[list[str | _Table]] = field(default_factory=list)
    content: list[str | _Table] = field(default_factory=list)


def _outline(found: Sequence[WordParagraph]) -> list[str | _Table]:
    """The texts and tables of the document, in order; a text box stands behind the paragraph that holds
    its anchor, in a table inside the cell.
    """
    outline: list[str | _Table] = []
    levels: list[_Level] = []
    carried = ""
    for paragraph in found:
        text = carried + paragraph.text
        carried = ""
        while len(levels) > paragraph.depth:
            _close(levels, outline)
        while len(levels) < paragraph.depth:
            levels.append(_Level())
        if not levels:
            if paragraph.removed:
                carried = text  # what follows stands in the same paragraph
            else:
                outline.append(text)
            for box in paragraph.boxes:
                outline += _outline(box)
            continue
        for box in paragraph.boxes:
            levels[-1].content += _outline(box)
        carried = _taken(levels[-1], paragraph, text)
    while levels:
        _close(levels, outline)
    if carried:
        outline.append(carried)
    return outline


def _taken(level: _Level, paragraph: WordParagraph, text: str) -> str:
    """Takes a paragraph into a table; the text that stands in the same paragraph as what follows."""
    if paragraph.row:
        _end_row(level, paragraph.row, text, removed=paragraph.removed)
    elif paragraph.ends_cell:
        level.cells.append([*level.content, text])
        level.content = []
    elif paragraph.removed:
        return text
    else:
        level.content.append(text)
    return ""


def _end_row(level: _Level, properties: RowProperties, text: str, *, removed: bool) -> None:
    if level.content or text.strip():
        raise DamagedError("a row of a table ends inside a cell")
    if len(level.cells) != len(properties.across):
        raise DamagedError(
            f"a row of a table has {len(level.cells)} cells and is said to have {len(properties.across)}"
        )
    level.table.rows.append(_Row(level.cells, properties, removed))
    level.cells = []


def _close(levels: list[_Level], outline: list[str | _Table]) -> None:
    level = levels.pop()
    if level.cells or level.content:
        raise DamagedError("a table ends inside a row")
    (levels[-1].content if levels else outline).append(level.table)


# From nested tables to blocks ---------------------------------------------------------------------


class _Blocks:
    """Paragraphs and grids in reading order; counts the innermost tables as it goes."""

    def __init__(self) -> None:
        self.tables = 0

    def of(self, content: list[str | _Table]) -> Iterator[Paragraph | Grid]:
        """The blocks of a document or of a cell of a table that only frames."""
        for part in content:
            if isinstance(part, str):
                yield from (Paragraph(line) for line in _lines(part))
                continue
            inside = [cell for row in part.rows for cell in row.cells]
            innermost = not any(isinstance(inner, _Table) for cell in inside for inner in cell)
            self.tables += innermost
            if innermost and any(len(row.cells) > 1 for row in part.rows):
                yield _grid(part, self.tables)
            else:
                for cell in inside:
                    yield from self.of(cell)


def _lines(text: str) -> list[str]:
    for mark in (DOUBT, PICTURE, CROSSED, UNSURE):
        text = text.replace(mark, "")
    plain = text.translate(_ON_LINE)
    return [line for line in (_SPACE.sub(" ", line).strip() for line in plain.split("\n")) if line]


def _cell_text(content: list[str | _Table]) -> str:
    """A cell's text, a line a paragraph. One that shows nothing but a picture, or struck or raised text, is
    not empty; digits off their line count where all are.
    """
    text = "\n".join([part for part in content if isinstance(part, str)])
    if not text or (text.isalnum() and text.isascii()):
        return text
    if not _DIGIT.search(text):
        text = text.translate(_ON_LINE)
    if UNSURE in text:
        text = text.replace(UNSURE, "" if has_han(text) else DOUBT)
    bare = text.replace(PICTURE, "").replace(CROSSED, "")
    plain = "\n".join([line for line in [_SPACE.sub(" ", line).strip() for line in bare.split("\n")] if line])
    if plain:
        return plain
    return PICTURE if PICTURE in text else DOUBT if CROSSED in text else ""


@dataclass(slots=True)
class _Cell:
    """A cell while rows below may still lengthen it."""

    text: str
    where: dict[str, object]
    columns: range
    rowspan: int = 1


def _grid(table: _Table, number: int) -> Grid:
    columns = _columns([row.properties.edges for row in table.rows])
    laid: list[list[_Cell]] = []
    above: list[_Cell] = []
    for row_number, row in enumerate(table.rows, 1):
        where: dict[str, object] = {"table": number, "row": row_number}
        if row.removed and not any(_cell_text(cell) for cell in row.cells):
            continue
        own, above = _laid_row(row, where, columns, above)
        laid.append(own)
    rows = tuple(
        tuple(GridCell(cell.text, cell.where, len(cell.columns), cell.rowspan) for cell in row)
        for row in laid
    )
    return Grid(rows, {"table": number}, geometry=bool(columns))


def _laid_row(
    row: _Row, where: dict[str, object], columns: dict[int, int], above: list[_Cell]
) -> tuple[list[_Cell], list[_Cell]]:
    """A row's own cells, and those that the row below may continue."""
    own: list[_Cell] = []
    reaching: list[_Cell] = []
    edges, down = row.properties.edges, row.properties.down
    if columns and edges[0] - min(columns) > _INDENT:
        own.append(_Cell("", where, range(columns[edges[0]])))
    covered = _covered(row)
    for index, content in enumerate(row.cells):
        span = range(columns[edges[index]], columns[edges[index + 1]]) if columns else range(index, index + 1)
        text = _cell_text(content)
        if covered[index] and own:
            own[-1].columns = range(own[-1].columns.start, span.stop)
            continue
        if down[index] == 1 and not text and columns:
            over = next((cell for cell in above if cell.columns == span), None)
            if over:
                over.rowspan += 1
                reaching.append(over)
                continue
        cell = _Cell(text, {**where, "cell": index + 1}, span)
        own.append(cell)
        if down[index] in (1, 3):
            reaching.append(cell)
    return own, reaching


def _covered(row: _Row) -> list[bool]:
    """Which cells a cell to their left covers; one that holds text is never taken for covered.

    The two numbers of a merge mean first and further cell in one description of the format and the
    reverse in another, so the one that comes first is the first.
    """
    found, first = [], 0
    for across, content in zip(row.properties.across, row.cells, strict=True):
        further = bool(first and across and across != first)
        if not further:
            first = across
        found.append(further and not _cell_text(content))
    return found


def _columns(rows: list[list[int]]) -> dict[int, int]:
    """The grid column that begins at each edge; {} where the edges make no columns."""
    numbered: dict[int, int] = {}
    column, last = -1, None
    for edge in sorted({edge for row in rows for edge in row}):
        if last is None or edge - last > _SAME_EDGE:
            column += 1
        numbered[edge] = column
        last = edge
    for row in rows:
        if any(numbered[left] == numbered[right] for left, right in pairwise(row)):
            return {}  # a cell without width
    return numbered
