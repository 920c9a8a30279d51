"""What a workbook's file says of its cells beyond their values: errors, formulas never computed, extent.

Owns the walk over the file's own records (worksheets of Office Open XML, BIFF of Excel 97 to 2003). It is
there because the library that reads the values gives "" for a cell that shows an error, for a formula
that no program has computed, and for a cell that is not there alike, and because it lays out memory for
the whole rectangle of a sheet before it can be asked how large that is. It also finds damage that would
move a value: a part whose check sum fails, two values for one cell, records that end early.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from posixpath import join, normpath

import olefile
from lxml import etree

from pipelines.readers import UnreadableDocumentError
from pipelines.readers.ole import OLE_ERRORS, container
from pipelines.readers.package import opened, tree

_MOST_BYTES = 64 * 1024 * 1024
"""Unpacked; reports have a tenth of a megabyte."""
_MOST_CELLS = 1_000_000
"""The rectangle of a sheet; the form has 30 rows of 15 columns."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_STRICT_LINK = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BIFF_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_CELL_SIZES = {0x201: 6, 0x203: 14, 0x27E: 10, 0xFD: 10, 0x205: 8}  # BLANK NUMBER RK LABELSST BOOLERR
_LABELS = frozenset({0x204, 0xD6})  # LABEL RSTRING
_FORMULAS = frozenset({0x06, 0x206, 0x406})
_CELL_TABLE = frozenset(
    {0x208, 0xBD, 0xBE, 0x207, 0x221, 0x236, 0x4BC, 0xD7, *_CELL_SIZES, *_LABELS, *_FORMULAS}
)
"""Rows, cells, the results and kinds of formulas, blocks of rows: they stand together in a sheet."""

Position = tuple[int, int]
"""Row and column in a sheet, from 0."""


@dataclass(slots=True)
class SheetCells:
    """`shown`: the text of cells that have no value and show one; `present`: all cells with a record."""

    shown: dict[Position, str] = field(default_factory=dict)
    present: set[Position] = field(default_factory=set)

    def add(self, position: Position, shown: str | None = None) -> None:
        """Notes a cell's record; raises UnreadableDocumentError where it has one already."""
        if position in self.present:
            raise damaged(
                f"it gives two values for the cell in row {position[0] + 1}, column {position[1] + 1}"
            )
        self.present.add(position)
        if shown is not None:
            self.shown[position] = shown


def damaged(reason: object) -> UnreadableDocumentError:
    """The error that says what is wrong with the file."""
    return UnreadableDocumentError("damaged_document", f"the workbook is damaged: {reason}")


def sheet_cells(body: bytes) -> tuple[dict[str, SheetCells], bytes]:
    """What is known of each worksheet, by its name, and the file to read the values from.

    The second is the workbook's stream in a container of its own where it is one of Excel 97 to 2003:
    a damaged container can make the library that reads the values end the process.
    Raises UnreadableDocumentError.
    """
    if body[:2] == b"PK":
        found = _packed_sheets(body)
    else:
        name, stream = _book_stream(body)
        found = _biff_sheets(stream)
        try:
            body = container(name, stream)
        except ValueError as error:
            raise damaged(error) from error
    for name, cells in found.items():
        rows = max((row for row, _ in cells.present), default=0) + 1
        columns = max((column for _, column in cells.present), default=0) + 1
        _refuse_vast(rows, columns, f"the sheet {name!r}")
    return found, body


def _refuse_vast(rows: int, columns: int, what: str) -> None:
    if rows * columns > _MOST_CELLS:
        raise damaged(f"{what} claims {rows} rows of {columns} columns")


# Office Open XML --------------------------------------------------------------------------------------


def _packed_sheets(body: bytes) -> dict[str, SheetCells]:
    with opened(body, "workbook") as packed:
        parts = _parts(packed)
    try:
        book = _tree(parts["xl/workbook.xml"])
        links = {
            link.get("Id"): link.get("Target", "") for link in _tree(parts["xl/_rels/workbook.xml.rels"])
        }
        found = {}
        for sheet in book.iter(f"{_MAIN}sheet"):
            target = links.get(sheet.get(_LINK) or sheet.get(_STRICT_LINK), "")
            part = normpath(join("xl", target)).lstrip("/")
            if "worksheets/" in part:
                found[sheet.get("name", "")] = _worksheet(_tree(parts[part]))
    except (etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise damaged(f"a part of it is missing or broken: {error}") from error
    return found


def _parts(packed: zipfile.ZipFile) -> dict[str, bytes]:
    """The XML parts by name, each read whole so that its check sum is tested."""
    entries = packed.infolist()
    if sum(entry.file_size for entry in entries) > _MOST_BYTES:
        raise UnreadableDocumentError("damaged_document", "the workbook unpacks to more than 64 MiB")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise damaged("it has two parts of one name")
    parts = {entry.filename: packed.read(entry) for entry in entries}
    for name, part in parts.items():
        if name.lower().endswith((".xml", ".rels")) and b"<!DOCTYPE" in part:
            raise damaged(f"{name} has a document type definition: no office program writes one")
        claimed = re.search(rb"<(?:\w+:)?sst\b[^>]*\buniqueCount\s*=\s*[\"'](\d+)", part[:2000])
        if claimed and int(claimed[1]) > len(part):
            raise damaged(f"{name} claims more texts than it has bytes")
    for name in names:
        if name.lower().startswith("xl/") and name.replace("\\", "/") != name:
            parts[name.replace("\\", "/")] = parts[name]
    return parts


def _tree(part: bytes) -> etree._Element:
    return tree(part.replace(_STRICT, _MAIN[1:-1].encode()))


def _worksheet(sheet: etree._Element) -> SheetCells:
    cells = SheetCells()
    number = 0
    for row in sheet.iter(f"{_MAIN}row"):
        number = int(row.get("r") or number + 1)
        column = -1
        for cell in row.iterchildren(f"{_MAIN}c"):
            reference = cell.get("r")
            column = _column(reference, number) if reference else column + 1
            kind = cell.get("t")
            shown = None
            if kind == "e" or (len(cell) and cell[0].tag == f"{_MAIN}f"):
                shown = _computed(cell, kind)
            cells.add((number - 1, column), shown)
    return cells


def _computed(cell: etree._Element, kind: str | None) -> str | None:
    """What a cell shows that holds an error, or a formula without its value; None where it has a value."""
    value = cell.find(f"{_MAIN}v")
    printed = "" if value is None else value.text or ""
    if kind == "e":
        return printed or "#"
    computed = printed or (kind == "str" and value is not None)  # a text may be empty, a number not
    return None if computed else f"={cell.findtext(f'{_MAIN}f')}"


def _column(reference: str, row: int) -> int:
    """The column, from 0, that a reference such as C7 names; it must name the row that it stands in."""
    letters = reference.rstrip("0123456789")
    if reference[len(letters) :] != str(row) or not (letters.isalpha() and len(letters) <= 3):
        raise damaged(f"the cell {reference} stands in row {row}")
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


# BIFF -------------------------------------------------------------------------------------------------


def _biff_sheets(stream: bytes) -> dict[str, SheetCells]:
    try:
        sheets: dict[str, SheetCells] = {}
        for kind, at, size in _records(stream, 0):
            if kind == 0x2F:  # FILEPASS
                raise UnreadableDocumentError("encrypted_document", "the workbook is locked with a password")
            if kind == 0xFC and struct.unpack_from("<I", stream, at + 4)[0] > len(stream):  # SST
                raise damaged("it claims more texts than it has bytes")
            if kind == 0x85 and stream[at + 5] == 0:  # BOUNDSHEET of a worksheet
                place = struct.unpack_from("<I", stream, at)[0]
                sheets[_sheet_name(stream[at + 6 : at + size], stream)] = _biff_cells(stream, place)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise damaged(f"a record of it is broken ({error})") from error
    return sheets


def _book_stream(body: bytes) -> tuple[str, bytes]:
    """The workbook's stream and its name."""
    try:
        with olefile.OleFileIO(BytesIO(body), raise_defects=olefile.DEFECT_INCORRECT) as opened:
            for name in ("Workbook", "Book"):
                if opened.exists(name):
                    return name, opened.openstream(name).read()
    except OLE_ERRORS as error:
        raise damaged(f"its container cannot be read: {error}") from error
    raise damaged("it has no workbook stream")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and size of each record of a substream, from its beginning to its end."""
    kind, size = struct.unpack_from("<HH", stream, at)
    if kind & 0xFF != 0x09:
        raise damaged("a sheet does not begin where it is said to")
    depth = 0
    while True:
        kind, size = struct.unpack_from("<HH", stream, at)
        at += 4
        if at + size > len(stream):
            raise damaged("it ends inside a record")
        if kind >= 0x1100 or 0x0900 <= kind < 0x1000:
            raise damaged(f"a record is of no known kind ({kind:#06x})")
        if kind & 0xFF == 0x09 and kind in (0x009, 0x209, 0x409, 0x809):
            depth += 1
        elif kind == 0x0A:
            if size:
                raise damaged("a sheet ends in the middle of it")
            depth -= 1
            if not depth:
                return
        if depth == 1:  # charts inside a sheet are none of its cells
            yield kind, at, size
        at += size


def _sheet_name(packed: bytes, stream: bytes) -> str:
    length = packed[0]
    if struct.unpack_from("<H", stream, 4)[0] < 0x0600:  # before Excel 97 names were bytes
        return packed[1 : 1 + length].decode("gb18030")
    if packed[1] & 1:
        return packed[2 : 2 + 2 * length].decode("utf-16-le")
    return packed[2 : 2 + length].decode("latin-1")


def _biff_cells(stream: bytes, place: int) -> SheetCells:
    """The cells of a sheet. They stand in order and in rows that were announced: one that does not was
    moved by damage, and its value with it.
    """
    cells = SheetCells()
    begun = left = False
    rows: set[int] = set()
    before = (-1, -1)
    for kind, at, size in _records(stream, place):
        if kind in _CELL_TABLE and left:
            raise damaged("records that are no cells stand between its cells")
        begun = begun or kind in _CELL_TABLE
        left = begun and kind not in _CELL_TABLE
        if kind == 0x200:  # DIMENSIONS
            first_row, last_row, first, last = struct.unpack_from("<IIHH" if size > 10 else "<4H", stream, at)
            _refuse_vast(max(last_row - first_row, 1), max(last - first, 1), "a sheet")
        if kind == 0x208:  # ROW
            rows.add(struct.unpack_from("<H", stream, at)[0])
        for position, shown in _biff_record(stream, kind, at, size):
            if position <= before or position[1] > 255 or (rows and position[0] not in rows):
                raise damaged(f"a cell of row {position[0] + 1} stands where it does not belong")
            cells.add(position, shown)
            before = position
    return cells


def _biff_record(stream: bytes, kind: int, at: int, size: int) -> Iterator[tuple[Position, str | None]]:
    """The cells that a record describes, and what each shows that has no value."""
    if kind in (0xBD, 0xBE):  # MULRK, MULBLANK: a stretch of a row
        row, first = struct.unpack_from("<HH", stream, at)
        last = struct.unpack_from("<H", stream, at + size - 2)[0]
        if (last - first + 1) * (6 if kind == 0xBD else 2) != size - 6:
            raise damaged("a stretch of cells is longer or shorter than it says")
        yield from (((row, column), None) for column in range(first, last + 1))
    elif kind in _CELL_SIZES or kind in _LABELS:
        if size != _CELL_SIZES.get(kind, size):
            raise damaged("a cell is longer or shorter than its kind")
        is_error = kind == 0x205 and stream[at + 7]
        shown = _BIFF_ERRORS.get(stream[at + 6], "#") if is_error else None
        yield struct.unpack_from("<HH", stream, at), shown
    elif kind in _FORMULAS:
        yield struct.unpack_from("<HH", stream, at), _formula_result(stream[at + 6 : at + 16])


def _formula_result(result: bytes) -> str | None:
    """What a formula shows where it has no value: its error, or that nobody has computed it."""
    if result[6:8] != b"\xff\xff":
        return None
    if result[0] == 2:
        return _BIFF_ERRORS.get(result[2], "#")
    return "=" if result[0] == 3 and result[8] & 3 else None  # empty, and to be computed when opened
