"""Writes .xlsx and .xls files of the statutory tables, for the tests of the reader."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO

Values = Mapping[tuple[int, int], str]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def name_of(row: int, column: int) -> str:
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def written(text: str, row: int, column: int) -> str:
    """A cell: numbers as numbers, all else as text."""
    where = name_of(row, column)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return f'<c r="{where}"><v>{text}</v></c>'
    if not text:
        return f'<c r="{where}" s="0"/>'
    return f'<c r="{where}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def sheet(cells: Mapping[tuple[int, int], str], merged: Iterable[str] = ()) -> str:
    """A worksheet of cells already written, by place."""
    rows: dict[int, list[str]] = {}
    for (row, _), cell in sorted(cells.items()):
        rows.setdefault(row, []).append(cell)
    data = "".join(f'<row r="{row + 1}">{"".join(own)}</row>' for row, own in rows.items())
    spans = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    spans = f"<mergeCells>{spans}</mergeCells>" if spans else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData>{spans}</worksheet>'


def laid(rows: Sequence[str], first: int = 0) -> tuple[dict[tuple[int, int], str], list[str]]:
    """HTML rows of `renderings` as cells of a sheet and its merged areas."""
    cells: dict[tuple[int, int], str] = {}
    taken: set[tuple[int, int]] = set()
    merged = []
    for row, text in enumerate(rows, first):
        column = 0
        for spans, content in re.findall(r"<td([^>]*)>(.*?)</td>", text, re.DOTALL):
            while (row, column) in taken:
                column += 1
            across = int(m[1]) if (m := re.search(r'colspan="(\d+)"', spans)) else 1
            down = int(m[1]) if (m := re.search(r'rowspan="(\d+)"', spans)) else 1
            area = {(row + r, column + c) for r in range(down) for c in range(across)}
            taken |= area
            cells |= {place: written("", *place) for place in area}
            cells[row, column] = written(content.replace("<br>", "\n"), row, column)
            if len(area) > 1:
                merged.append(f"{name_of(row, column)}:{name_of(row + down - 1, column + across - 1)}")
            column += across
    return cells, merged


def book(*sheets: str, states: Sequence[str] = (), parts: Mapping[str, str] | None = None) -> bytes:
    """An .xlsx; `states` are `visible` or `hidden` by sheet, `parts` replaces or adds files."""
    states = [*states, *["visible"] * (len(sheets) - len(states))]
    names = "".join(
        f'<sheet name="表{n}" sheetId="{n}" state="{state}" r:id="rId{n}"/>'
        for n, state in enumerate(states, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    files = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": (
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
            f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{names}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        **{f"xl/worksheets/sheet{n}.xml": text for n, text in enumerate(sheets, 1)},
        **(parts or {}),
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


# BIFF -------------------------------------------------------------------------------------------------


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


BEGIN = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
BEGIN_SHEET = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
END = record(0x0A)


def stream(cells: bytes, *, head: bytes = b"") -> bytes:
    """The workbook stream of one sheet named 甲, of these records."""
    name = b"\x01\x01" + "甲".encode("utf-16-le")
    place = len(BEGIN) + len(head) + 4 + 6 + len(name) + len(END)
    bound = record(0x85, struct.pack("<IBB", place, 0, 0) + name)
    return BEGIN + head + bound + END + BEGIN_SHEET + record(0x208, bytes(16)) + cells + END


def number(row: int, column: int, value: float) -> bytes:
    return record(0x203, struct.pack("<HHHd", row, column, 0, value))


def formula(row: int, column: int, result: bytes, options: int = 0) -> bytes:
    return record(0x06, struct.pack("<HHH", row, column, 0) + result + struct.pack("<HIH", options, 0, 0))


def label(row: int, column: int, text: str) -> bytes:
    packed = struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")
    return record(0x204, struct.pack("<HHH", row, column, 0) + packed)
