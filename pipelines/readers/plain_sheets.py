"""Workbooks of Office Open XML as nearly all programs write them, read without the library for the others.

Owns the plain case and its limits. Of a worksheet nearly all is cells, and of a cell's mark-up nearly all is
the same; so a pattern takes all cells at once, and what is left, rows without their cells, is parsed as XML.
The pattern knows one spelling of each kind of cell, and a workbook is read wholly or not at all: what is
spelled otherwise, holds an error, a formula that nobody has computed, a date or a text struck in parts,
or stands where it does not belong is not read here, and no reason is given: `pipelines.readers.sheets` and
the library go through the same file without haste, and say what is wrong with it. Both ways give the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite

from lxml import etree

from pipelines.readers import UnreadableDocumentError
from pipelines.readers.looks import looks
from pipelines.readers.package import tree
from pipelines.readers.sheet_texts import Position, marked, number_text, text_of
from pipelines.readers.sheets import LINK, MAIN, MOST_CELLS, STRICT, hidden_columns, is_hidden

_SHEET, _WORKSHEET = (f"{MAIN}{name}" for name in ("sheet", "worksheet"))
_TEXT = r"[^<>&\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*"
_MARKS = re.compile(
    r'<c r="([A-Z]{1,2})([0-9]{1,6})"(?: s="([0-9]{1,5})")?(?: t="(n|s|b|str|inlineStr)")?'
    rf'(?:/>|>(?:(?:<f(?: aca="false")?>{_TEXT}</f>(?!<v></v>))?<v>({_TEXT})</v>'
    rf'|<is><t(?: xml:space="preserve")?>({_TEXT})</t></is>)?</c>)'
    r'|(<row r="([1-9][0-9]{0,5})"[^<>]*>|</row>)'
    r"|[\s\S]+"
)
"""What stands in the data of a sheet. A cell: the letters of its column, the number of its row, its format
and kind; its value or its own text. The beginning of a row and its number, or its end. From what is neither
on, all the rest, which has none of them.
"""
_LONGEST = 4 * 1024 * 1024
"""Bytes of a sheet's data; reports have some ten thousand."""
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_OTHER_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_DOCUMENT = f"{LINK[1:-3]}/officeDocument"
_BEGIN, _END = b"<sheetData>", b"</sheetData>"
_HEAD = re.compile(
    rb'(?:<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?(?: standalone="(?:yes|no)")? ?\?>)?\s*<\w'
)
_PART = re.compile(r"(?:/xl/)?(worksheets/[\w.-]+)")
_AREA = re.compile(r"([A-Z]{1,2})([1-9][0-9]{0,5})(?::([A-Z]{1,2})([1-9][0-9]{0,5}))?")
_COUNTING = re.compile(r"(?:general|[0#?.,; ()+\-¥￥$%]|_[ )\-])*", re.IGNORECASE)
"""A number format that shows no date, nor a length of time."""
_COUNTING_BUILT_IN = frozenset(map(str, (*range(14), *range(37, 45), 48)))
_COLUMNS = {
    letters: number
    for number, letters in enumerate(
        first + second for first in ("", *map(chr, range(65, 91))) for second in map(chr, range(65, 91))
    )
}


class _UnusualError(Exception):
    """What this module leaves to others."""


@dataclass(frozen=True, slots=True)
class PlainSheet:
    """A sheet: the texts of its cells by row and column, those of hidden ones too; first and last cell of its
    merged areas; the columns that have a cell, by row; the rows and columns that are not shown.
    """

    is_visible: bool
    texts: dict[int, dict[int, str]]
    merged: list[tuple[Position, Position]]
    present: dict[int, Sequence[int]]
    unseen_rows: set[int] = field(default_factory=set)
    unseen_columns: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What sheets have in common: the texts by number, None for one that is not plain; what each cell format
    does to a number, and whether it shows a number as one.
    """

    texts: list[str | None]
    looks: list[str | None]
    counting: list[bool]

    def look(self, style: int) -> str | None:
        """What a cell format does to a number; None for nothing."""
        return self.looks[style] if style < len(self.looks) else None

    def counts(self, style: int) -> bool:
        """Whether a cell format shows a number as one."""
        return style >= len(self.counting) or self.counting[style]


def plain_sheets(parts: Mapping[str, bytes]) -> list[PlainSheet] | None:
    """The sheets of a workbook in their order, by its parts; None where anything in it is unusual."""
    try:
        shared = _Shared(_texts(parts), *_formats(parts))
        sheets = [_sheet(parts[name], shared, is_visible=shown) for name, shown in _listed(parts)]
    except (_UnusualError, KeyError, ValueError, etree.XMLSyntaxError, UnreadableDocumentError):
        return None
    return sheets or None


def _plain_tree(part: bytes) -> etree._Element:
    """The root of a part in UTF-8, without remarks and sections of characters, by the usual names."""
    if not _HEAD.match(part) or b"<!" in part or STRICT in part:
        raise _UnusualError
    return tree(part)


def _listed(parts: Mapping[str, bytes]) -> Iterator[tuple[str, bool]]:
    """The part of each sheet and whether it is shown."""
    documents = [
        link.get("Target") for link in _plain_tree(parts["_rels/.rels"]) if link.get("Type") == _DOCUMENT
    ]
    if len(documents) != 1 or documents[0] not in ("xl/workbook.xml", "/xl/workbook.xml"):
        raise _UnusualError
    book, links = _plain_tree(parts["xl/workbook.xml"]), _plain_tree(parts["xl/_rels/workbook.xml.rels"])
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    names: set[str] = set()
    for sheet in book.iter(_SHEET):
        name, state = sheet.get("name", ""), sheet.get("state", "visible")
        part = _PART.fullmatch(targets.get(sheet.get(LINK), ""))
        usual = sheet.prefix is None and sheet.nsmap.get("r") == LINK[1:-3]
        if not usual or not part or not name.isprintable() or not name or name in names:
            raise _UnusualError
        if state not in ("visible", "hidden", "veryHidden"):
            raise _UnusualError
        names.add(name)
        yield f"xl/{part[1]}", state == "visible"


def _texts(parts: Mapping[str, bytes]) -> list[str | None]:
    part = parts.get("xl/sharedStrings.xml")
    if part is None:
        return []
    if b"strike" in part or b"vertAlign" in part:
        raise _UnusualError
    return [_shared_text(item) for item in _plain_tree(part)]


def _shared_text(item: etree._Element) -> str | None:
    """A shared text; None of one that has more than a text or runs of it."""
    runs = [child for child in item if child.tag != f"{MAIN}phoneticPr"]
    if item.tag != f"{MAIN}si" or not runs:
        raise _UnusualError  # what is no text may move the numbers of those behind it
    if len(runs) > 1 or runs[0].tag == f"{MAIN}r":
        if any(run.tag != f"{MAIN}r" for run in runs):
            return None
        runs = [part for run in runs for part in run if part.tag != f"{MAIN}rPr"]
    if any(run.tag != f"{MAIN}t" or len(run) for run in runs):
        return None
    texts = [run.text or "" for run in runs]
    if len(runs) > 1 and any(
        text != text.strip() and run.get(_SPACE) != "preserve" for text, run in zip(texts, runs, strict=True)
    ):
        return None  # whether the white space between two runs counts, programs do not agree
    found = "".join(texts)
    if not found:
        raise _UnusualError
    return None if "\r" in found or "_x" in found else text_of(found)


def _formats(parts: Mapping[str, bytes]) -> tuple[list[str | None], list[bool]]:
    part = parts.get("xl/styles.xml")
    if part is None:
        return [], []
    root = _plain_tree(part)
    codes = {code.get("numFmtId"): code.get("formatCode", "") for code in root.iter(f"{MAIN}numFmt")}
    formats = [xf.get("numFmtId") for xf in root.iterfind(f"{MAIN}cellXfs/{MAIN}xf")]
    counting = [
        number is None
        or bool(_COUNTING.fullmatch(codes[number]) if number in codes else number in _COUNTING_BUILT_IN)
        for number in formats
    ]
    return looks(root), counting


# A sheet ----------------------------------------------------------------------------------------------


def _sheet(part: bytes, shared: _Shared, *, is_visible: bool) -> PlainSheet:
    before, begun, rest = part.partition(_BEGIN)
    data, ended, after = rest.partition(_END)
    if len(data) > _LONGEST:
        raise _UnusualError
    heads, present, texts = _rows(data.decode() if ended else "", shared)
    bare = "".join([head if head[-2] == "/" else f"{head[:-1]}/>" for head in heads])
    root = _plain_tree(b"".join((before, begun, bare.encode(), ended, after)))
    rows = root.find(f"{MAIN}sheetData")
    if root.tag != _WORKSHEET or rows is None or len(rows) != len(heads):
        raise _UnusualError
    if "xmlns" in bare or _OTHER_ROW.search(before) or _OTHER_ROW.search(after):
        raise _UnusualError
    for extent in root.iter(f"{MAIN}dimension"):
        _area(extent.get("ref", ""))
    unseen: set[int] = set()
    if "hidden" in bare or "customHeight" in bare:
        unseen = {int(row.get("r", "")) - 1 for row in rows if is_hidden(row)}
    width = max([columns[-1] for columns in present.values() if columns], default=0) + 1
    if present and (max(present) + 1) * width > MOST_CELLS:
        raise _UnusualError
    return PlainSheet(is_visible, texts, _merged(root, part), present, unseen, hidden_columns(root))


def _rows(
    data: str, shared: _Shared
) -> tuple[list[str], dict[int, Sequence[int]], dict[int, dict[int, str]]]:
    """The beginnings of rows, the columns in which each has cells, and the texts of those that show one."""
    heads: list[str] = []
    present: dict[int, Sequence[int]] = {}
    texts: dict[int, dict[int, str]] = {}
    columns: list[int] = []
    own: dict[int, str] = {}
    within = ""  # the number of the row
    index = column = -1
    first_is_plain = shared.look(0) is None
    for letters, number, style, kind, value, spelled, head, row in _MARKS.findall(data):
        if letters:
            before, column = column, _COLUMNS[letters]
            if column <= before or number != within:
                raise _UnusualError
            columns.append(column)
            if value or spelled:
                # Most numbers are counts, written as they are shown.
                plain = first_is_plain and not kind and not style and _is_count(value)
                if text := value if plain else _shown(value, spelled, kind, style, shared):
                    own[column] = text
        elif row:
            if within or int(row) <= index + 1:
                raise _UnusualError
            index, column, within = int(row) - 1, -1, "" if head[-2] == "/" else row
            heads.append(head)
            columns, own = [], {}
            present[index], texts[index] = columns, own
        elif head and within:
            within = ""
        else:
            raise _UnusualError
    if within:
        raise _UnusualError
    return heads, present, {index: own for index, own in texts.items() if own}


def _shown(value: str, spelled: str, kind: str, style: str, shared: _Shared) -> str:
    """What a cell shows by its value or its own text."""
    if value:
        text = _value(value, kind, style, shared)
    elif kind != "inlineStr" or "_x" in spelled:
        raise _UnusualError
    else:
        text = spelled if spelled.isalnum() else text_of(spelled)
    look = shared.look(int(style or 0))  # a cell that names no format has the first
    return marked(text, look) if look else text


def _is_count(value: str) -> bool:
    return value.isdigit() and value.isascii() and len(value) < 15 and (value[0] != "0" or value == "0")


def _value(value: str, kind: str, style: str, shared: _Shared) -> str:
    """What a cell shows by its value."""
    text: str | None = None
    if not kind or kind == "n":
        if len(value) <= _LONGEST_NUMBER and (not style or shared.counts(int(style))):
            text = _number(value)
    elif kind == "s":
        known = value.isascii() and value.isdecimal() and int(value) < len(shared.texts)
        text = shared.texts[int(value)] if known else None
    elif kind == "str":
        text = text_of(value) if "_x" not in value else None
    elif kind == "b" and value in ("0", "1"):
        text = "TRUE" if value == "1" else "FALSE"
    if text is None:
        raise _UnusualError
    return text


_LONGEST_NUMBER = 30
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


@lru_cache(maxsize=8192)
def _number(value: str) -> str | None:
    """A number as a sheet shows it; None of what is none. Most are written again in other reports."""
    if not _NUMBER.fullmatch(value) or not isfinite(number := float(value)):
        return None
    return number_text(number)


def _merged(root: etree._Element, part: bytes) -> list[tuple[Position, Position]]:
    found = [_area(area.get("ref", "")) for area in root.iterfind(f"{MAIN}mergeCells/{MAIN}mergeCell")]
    if part.count(b"mergeCell ") != len(found):
        raise _UnusualError
    return found


@lru_cache(maxsize=4096)
def _area(reference: str) -> tuple[Position, Position]:
    named = _AREA.fullmatch(reference)
    if not named:
        raise _UnusualError
    first = int(named[2]) - 1, _COLUMNS[named[1]]
    last = (int(named[4]) - 1, _COLUMNS[named[3]]) if named[3] else first
    if last[0] < first[0] or last[1] < first[1]:
        raise _UnusualError
    return first, last
