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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from posixpath import join, normpath

import olefile
from lxml import etree

from pipelines.readers import UnreadableDocumentError
from pipelines.readers.looks import BUILT_IN, OTHER, STRUCK, looks, shows_other
from pipelines.readers.ole import OLE_ERRORS, container
from pipelines.readers.package import is_ordinary, members, opened, tree
from pipelines.readers.sheet_texts import Position, crossed

_MOST_BYTES = 64 * 1024 * 1024
"""Unpacked; reports have a tenth of a megabyte."""
MOST_CELLS = 1_000_000
"""The rectangle of a sheet; the form has 30 rows of 15 columns."""

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CELL, _FORMULA, _VALUE, _RUN, _ROW = (f"{MAIN}{name}" for name in ("c", "f", "v", "r", "row"))
STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_STRICT_LINK = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LONGEST = 24
"""Characters of a reference: what is longer names no cell, and is not kept."""
_CLAIMED = re.compile(rb"<(?:\w+:)?sst\b[^>]*\buniqueCount\s*=\s*[\"'](\d+)")
_TRUE = ("1", "true")
_MOST_UNSEEN = 1000
"""Columns: an area hidden to the end of the sheet is wider than any table."""
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
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
_ONE = struct.Struct("<HHH")
_LABELS = frozenset({0x204, 0xD6})  # LABEL RSTRING
_FORMULAS = frozenset({0x06, 0x206, 0x406})
_ONE_CELL = frozenset({*_CELL_SIZES, *_LABELS, *_FORMULAS})
_CELLS = _ONE_CELL | {0xBD, 0xBE}  # MULRK MULBLANK
_CELL_TABLE = _CELLS | {0x208, 0x207, 0x221, 0x236, 0x4BC, 0xD7}
"""Rows, cells, the results and kinds of formulas, blocks of rows: they stand together in a sheet."""


@dataclass(slots=True)
class SheetCells:
    """`shown`: the text of cells that have no value and show one, or show it with parts struck or raised;
    `present`: all cells with a record; `looks`: of those that do not show the number they hold, what they
    do to it (`pipelines.readers.looks`); the rows and columns that are not shown.
    """

    shown: dict[Position, str] = field(default_factory=dict)
    present: set[Position] = field(default_factory=set)
    looks: dict[Position, str] = field(default_factory=dict)
    unseen_rows: set[int] = field(default_factory=set)
    unseen_columns: set[int] = field(default_factory=set)

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


def sheet_cells(body: bytes, parts: Mapping[str, bytes] | None = None) -> tuple[dict[str, SheetCells], bytes]:
    """What is known of each worksheet, by its name, and the file to read the values from; `parts` are those
    of a packed workbook.

    The second is the workbook's stream in a container of its own where it is one of Excel 97 to 2003:
    a damaged container can make the library that reads the values end the process.
    Raises UnreadableDocumentError.
    """
    if parts is not None:
        found = _packed_sheets(parts)
    else:
        name, stream = _book_stream(body)
        found = _biff_sheets(stream)
        try:
            body = container(name, stream)
        except ValueError as error:
            raise damaged(error) from error
    for name, cells in found.items():
        rows = max(cells.present, default=(0, 0))[0] + 1
        columns = max((column for _, column in cells.present), default=0) + 1
        _refuse_vast(rows, columns, f"the sheet {name!r}")
    return found, body


def _refuse_vast(rows: int, columns: int, what: str) -> None:
    if rows * columns > MOST_CELLS:
        raise damaged(f"{what} claims {rows} rows of {columns} columns")


# Office Open XML --------------------------------------------------------------------------------------


def packed_parts(body: bytes) -> tuple[dict[str, bytes], bool]:
    """The parts of a packed workbook by name, each read whole so that its check sum is tested, and whether
    they are packed as nearly all are. Raises UnreadableDocumentError.
    """
    with opened(body, "workbook") as packed:
        return _parts(packed, body), is_ordinary(packed, body)


def _packed_sheets(parts: Mapping[str, bytes]) -> dict[str, SheetCells]:
    try:
        book = _tree(parts["xl/workbook.xml"])
        links = {
            link.get("Id"): link.get("Target", "") for link in _tree(parts["xl/_rels/workbook.xml.rels"])
        }
        found = {}
        formats = looks(_tree(parts["xl/styles.xml"])) if "xl/styles.xml" in parts else []
        texts = _rich_texts(parts.get("xl/sharedStrings.xml", b""))
        for sheet in book.iter(f"{MAIN}sheet"):
            target = links.get(sheet.get(LINK) or sheet.get(_STRICT_LINK), "")
            part = normpath(join("xl", target)).lstrip("/")
            if "worksheets/" in part:
                found[sheet.get("name", "")] = _worksheet(_tree(parts[part]), formats, texts)
    except (etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise damaged(f"a part of it is missing or broken: {error}") from error
    return found


def _parts(packed: zipfile.ZipFile, body: bytes) -> dict[str, bytes]:
    entries = packed.infolist()
    if sum(entry.file_size for entry in entries) > _MOST_BYTES:
        raise UnreadableDocumentError("damaged_document", "the workbook unpacks to more than 64 MiB")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise damaged("it has two parts of one name")
    parts = members(packed, body)
    for name, part in parts.items():
        if name.lower().endswith((".xml", ".rels")) and b"<!DOCTYPE" in part:
            raise damaged(f"{name} has a document type definition: no office program writes one")
        claimed = _CLAIMED.search(part, 0, 2000) if b"sst" in part[:2000] else None
        if claimed and int(claimed[1]) > len(part):
            raise damaged(f"{name} claims more texts than it has bytes")
    for name in names:
        if name.lower().startswith("xl/") and name.replace("\\", "/") != name:
            parts[name.replace("\\", "/")] = parts[name]
    return parts


def _tree(part: bytes) -> etree._Element:
    return tree(part.replace(STRICT, MAIN[1:-1].encode()))


def _rich_texts(part: bytes) -> dict[str, str]:
    """The shared texts of which parts are struck or raised, as they are seen, by their numbers."""
    if b"strike" not in part and b"vertAlign" not in part:
        return {}
    found = {}
    for number, item in enumerate(_tree(part).iterchildren(f"{MAIN}si")):
        if (seen := _rich_text(item)) is not None:
            found[str(number)] = seen
    return found


def _rich_text(item: etree._Element) -> str | None:
    """A text without what is struck in it, its raised digits raised; None where neither is there."""
    runs = list(item.iterchildren(f"{MAIN}r"))
    if not runs:
        return None
    struck = [_is_set(run, "strike") for run in runs]
    raised = [_is_set(run, "vertAlign") for run in runs]
    if not any((*struck, *raised)):
        return None
    texts = [run.findtext(f"{MAIN}t") or "" for run in runs]
    if not "".join(text for text, out in zip(texts, struck, strict=True) if not out).strip():
        return crossed("".join(texts))
    parts = zip(texts, struck, raised, strict=True)
    return "".join(text.translate(_RAISED) if up else text for text, out, up in parts if not out)


def _is_set(run: etree._Element, name: str) -> bool:
    found = run.find(f"{MAIN}rPr/{MAIN}{name}")
    return found is not None and found.get("val", "1") not in ("0", "false", "baseline")


def _worksheet(sheet: etree._Element, formats: Sequence[str | None], texts: Mapping[str, str]) -> SheetCells:
    cells = SheetCells(unseen_columns=hidden_columns(sheet))
    present = cells.present
    looks = _Looks(formats)
    computes = next(sheet.iter(_FORMULA), None) is not None
    rich = next(sheet.iter(_RUN), None) is not None
    telling = {"e", *(["s"] if texts else []), *(["inlineStr"] if rich else [])}
    number = 0
    for row in sheet.iter(_ROW):
        number = int(row.get("r") or number + 1)
        if is_hidden(row):
            cells.unseen_rows.add(number - 1)
        column = -1
        for cell in row.iterchildren(_CELL):
            reference = cell.get("r")
            position = _position(reference[:_LONGEST]) if reference else (number - 1, column + 1)
            if position is None or position[0] != number - 1:
                raise damaged(f"the cell {reference} stands in row {number}")
            column = position[1]
            kind = cell.get("t")
            shown = _shown(cell, kind, texts) if kind in telling or computes else None
            if shown is not None or position in present:
                cells.add(position, shown)
            else:
                present.add(position)
            if look := looks[cell.get("s")]:
                cells.looks[position] = look
    return cells


def hidden_columns(sheet: etree._Element) -> set[int]:
    """The columns of a worksheet that are not shown, from 0; raises ValueError."""
    found: set[int] = set()
    for stretch in sheet.iterfind(f"{MAIN}cols/{MAIN}col"):
        if stretch.get("hidden") in _TRUE or float(stretch.get("width") or 1) == 0:
            first, last = int(stretch.get("min") or 1), int(stretch.get("max") or 1)
            found |= set(range(first - 1, min(last, first + _MOST_UNSEEN)))
    return found


def is_hidden(row: etree._Element) -> bool:
    """Whether a row of a worksheet is not shown; raises ValueError."""
    flat = row.get("customHeight") in _TRUE and float(row.get("ht") or 1) == 0
    return flat or row.get("hidden") in _TRUE


def _shown(cell: etree._Element, kind: str | None, texts: Mapping[str, str]) -> str | None:
    """What a cell shows that its value does not tell; None where it tells all."""
    if kind == "e" or (len(cell) and cell[0].tag == _FORMULA):
        return _computed(cell, kind)
    if kind == "s":
        return texts.get(cell.findtext(_VALUE) or "")
    item = cell.find(f"{MAIN}is") if kind == "inlineStr" else None
    return None if item is None else _rich_text(item)


class _Looks(dict[str | None, str | None]):
    """What the formats of cells do to their numbers, by what a cell says of its format; raises ValueError."""

    def __init__(self, formats: Sequence[str | None]) -> None:
        self.formats = formats

    def __missing__(self, style: str | None) -> str | None:
        number = int(style or 0)
        if number < 0:
            msg = f"a cell claims to have the format {number}"
            raise ValueError(msg)
        self[style] = look = self.formats[number] if number < len(self.formats) else None
        return look


def _computed(cell: etree._Element, kind: str | None) -> str | None:
    """What a cell shows that holds an error, or a formula without its value; None where it has a value."""
    value = cell.find(_VALUE)
    printed = "" if value is None else value.text or ""
    if kind == "e":
        return printed or "#"
    computed = printed or (kind == "str" and value is not None)  # a text may be empty, a number not
    return None if computed else f"={cell.findtext(f'{MAIN}f')}"


@lru_cache(maxsize=4096)
def _position(reference: str) -> Position | None:
    """The place that a reference such as C7 names; None where it names none."""
    letters = reference.rstrip("0123456789")
    row = reference[len(letters) :]
    if not (letters.isalpha() and len(letters) <= 3 and 0 < len(row) < 20 and row == str(int(row))):
        return None
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return int(row) - 1, number - 1


# BIFF -------------------------------------------------------------------------------------------------


def _biff_sheets(stream: bytes) -> dict[str, SheetCells]:
    try:
        sheets: dict[str, SheetCells] = {}
        formats = _BiffFormats()
        for kind, at, size in _records(stream, 0):
            formats.add(kind, stream[at : at + size])
            if kind == 0x2F:  # FILEPASS
                raise UnreadableDocumentError("encrypted_document", "the workbook is locked with a password")
            if kind == 0xFC and struct.unpack_from("<I", stream, at + 4)[0] > len(stream):  # SST
                raise damaged("it claims more texts than it has bytes")
            if kind == 0x85 and stream[at + 5] == 0:  # BOUNDSHEET of a worksheet
                place = struct.unpack_from("<I", stream, at)[0]
                sheets[_sheet_name(stream[at + 6 : at + size], stream)] = _biff_cells(stream, place, formats)
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


@dataclass(slots=True)
class _BiffFormats:
    """Fonts, number formats and cell formats as the records of a workbook give them, before its sheets."""

    struck: list[bool] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=lambda: dict(BUILT_IN))
    cells: list[tuple[int, int]] = field(default_factory=list)

    def add(self, kind: int, record: bytes) -> None:
        """Takes in a record, whatever its kind."""
        if kind == 0x31 and len(record) > 3:  # FONT
            self.struck.append(bool(record[2] & 8))
        elif kind == 0x41E and len(record) > 5:  # FORMAT
            number, length, wide = struct.unpack_from("<HHB", record)
            text = record[5 : 5 + (length * 2 if wide & 1 else length)]
            self.codes[number] = text.decode("utf-16-le" if wide & 1 else "latin-1", "replace")
        elif kind == 0xE0 and len(record) > 3:  # XF
            self.cells.append(struct.unpack_from("<HH", record))

    def look(self, number: int) -> str | None:
        """What a cell format does to a number; None for nothing."""
        if number >= len(self.cells):
            return None
        font, code = self.cells[number]
        font -= font > 4  # there is no font 4
        if font < len(self.struck) and self.struck[font]:
            return STRUCK
        return OTHER if shows_other(self.codes.get(code, "")) else None


def _biff_cells(stream: bytes, place: int, formats: _BiffFormats) -> SheetCells:
    """The cells of a sheet. They stand in order and in rows that were announced: one that does not was
    moved by damage, and its value with it.
    """
    cells = SheetCells()
    begun = left = False
    rows: set[int] = set()
    before = (-1, -1)
    looks: dict[int, str | None] = {}
    for kind, at, size in _records(stream, place):
        if kind not in _CELL_TABLE:
            left = begun
        elif left:
            raise damaged("records that are no cells stand between its cells")
        else:
            begun = True
        if kind not in _CELLS:
            if kind == 0x208:  # ROW
                rows.add(struct.unpack_from("<H", stream, at)[0])
            _note_extent(cells, kind, stream, at, size)
            continue
        for position, shown, number in _biff_record(stream, kind, at, size):
            if position <= before or position[1] > 255 or (rows and position[0] not in rows):
                raise damaged(f"a cell of row {position[0] + 1} stands where it does not belong")
            cells.add(position, shown)
            before = position
            if number not in looks:
                looks[number] = formats.look(number)
            if look := looks[number]:
                cells.looks[position] = look
    return cells


def _biff_record(stream: bytes, kind: int, at: int, size: int) -> list[tuple[Position, str | None, int]]:
    """The cells that a record describes, what each shows that has no value, and the number of its format."""
    if kind in _ONE_CELL:
        if size != _CELL_SIZES.get(kind, size):
            raise damaged("a cell is longer or shorter than its kind")
        row, column, number = _ONE.unpack_from(stream, at)
        shown = None
        if kind in _FORMULAS:
            shown = _formula_result(stream[at + 6 : at + 16])
        elif kind == 0x205 and stream[at + 7]:
            shown = _BIFF_ERRORS.get(stream[at + 6], "#")
        return [((row, column), shown, number)]
    row, first = struct.unpack_from("<HH", stream, at)
    last = struct.unpack_from("<H", stream, at + size - 2)[0]
    each = 6 if kind == 0xBD else 2
    if (last - first + 1) * each != size - 6:
        raise damaged("a stretch of cells is longer or shorter than it says")
    numbers = [struct.unpack_from("<H", stream, at + 4 + each * n)[0] for n in range(last - first + 1)]
    return [((row, first + n), None, number) for n, number in enumerate(numbers)]


def _note_extent(cells: SheetCells, kind: int, stream: bytes, at: int, size: int) -> None:
    """Takes in what a record says of rows or columns that are not shown; refuses a vast sheet."""
    if kind == 0x200:  # DIMENSIONS
        first_row, last_row, first, last = struct.unpack_from("<IIHH" if size > 10 else "<4H", stream, at)
        _refuse_vast(max(last_row - first_row, 1), max(last - first, 1), "a sheet")
    elif kind == 0x208 and size > 13 and stream[at + 12] & 0x20:  # ROW
        cells.unseen_rows.add(struct.unpack_from("<H", stream, at)[0])
    elif kind == 0x7D and size > 9:  # COLINFO
        first, last, width, _, options = struct.unpack_from("<5H", stream, at)
        if options & 1 or not width:
            cells.unseen_columns |= set(range(first, min(last, 255) + 1))


def _formula_result(result: bytes) -> str | None:
    """What a formula shows where it has no value: its error, or that nobody has computed it."""
    if result[6:8] != b"\xff\xff":
        return None
    if result[0] == 2:
        return _BIFF_ERRORS.get(result[2], "#")
    return "=" if result[0] == 3 and result[8] & 3 else None  # empty, and to be computed when opened
