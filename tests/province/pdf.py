"""A report as a small real PDF: text in a standard Chinese font and one ruled table a page.

Owns the writing of that file. The font is one that readers supply themselves (Adobe-GB1), so
none is embedded.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import tables
from .figures import APPLICANTS, Figures

WIDTH, HEIGHT, MARGIN = 595, 842, 40
SMALL = 6


def report(title: str, sentences: Iterable[str], figures: Figures) -> bytes:
    """A PDF of a report's title, a few sentences and its three tables, one a page."""
    drawing = _Drawing()
    drawing.line(title, 16)
    for sentence in sentences:
        for start in range(0, len(sentence), 40):
            drawing.line(sentence[start : start + 40], 12)
    for heading, rows in _grids(figures):
        drawing.new_page()
        drawing.line(heading, 13)
        drawing.grid(rows)
    return _file(drawing.pages)


Cell = str | tuple[str, int]
"""A cell's text, with the number of columns that it spans where that is not one."""


def _grids(figures: Figures) -> Iterable[tuple[str, list[list[Cell]]]]:
    proactive: list[list[Cell]] = []
    for heading, codes, columns in tables.GROUPS[figures.forms["proactive"]]:
        proactive += [[heading, "", "", ""], ["信息内容", *columns]]
        for code in codes:
            label = tables.PROACTIVE_LABELS.get(code, tables.NORMATIVE[figures.forms["proactive"]])
            proactive.append([label, *figures.rows["proactive"][code]])
    yield "二、主动公开政府信息情况", [[*row, "", "", ""][:4] for row in proactive]
    applicants = ["自然人", *tables.ORGANISATIONS, "总计"]
    applications: list[list[Cell]] = [["项目", *applicants]]
    other = tables.OTHER_GROUP[figures.forms["applications"]]
    leaves = [tables.RECEIVED, tables.CARRIED_IN]
    for heading, group in (*tables.RESULT_GROUPS, other, tables.TOTAL_GROUP):
        leaves += [(code, label or heading) for code, label in group]
    for code, label in (*leaves, tables.CARRIED_OUT):
        values = figures.rows["applications"].get(code, ("",) * len(APPLICANTS))
        applications.append([label, *values])
    yield "三、收到和处理政府信息公开申请情况", applications
    review: list[list[Cell]] = [
        [("行政复议", 5), ("行政诉讼", 10)],
        [("", 5), ("未经复议直接起诉", 5), ("复议后起诉", 5)],
        [*tables.RESULT_LABELS] * 3,
    ]
    review.append([value for row in tables.REVIEW_ROWS for value in figures.rows["review_litigation"][row]])
    yield "四、政府信息公开行政复议、行政诉讼情况", review


class _Drawing:
    """Pages of drawing operators, written from the top down."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = []
        self.new_page()

    def new_page(self) -> None:
        self.pages.append([])
        self.y = HEIGHT - MARGIN

    def line(self, text: str, size: int) -> None:
        self.y -= size + 6
        self._text(text, MARGIN, self.y, size)

    def grid(self, rows: list[list[Cell]]) -> None:
        """A ruled table; the first column takes what the narrow others leave."""
        self.y -= 10
        columns = max(map(len, rows))
        narrow = 34 if columns > 5 else 110
        widths = [WIDTH - 2 * MARGIN - narrow * (columns - 1), *[narrow] * (columns - 1)]
        for row in rows:
            cells, start = [], 0
            for cell in row:
                text, span = (cell, 1) if isinstance(cell, str) else cell
                width = sum(widths[start : start + span])
                cells.append((_wrapped(text, (width - 4) // SMALL), width))
                start += span
            x, top = MARGIN, self.y
            self.y -= (SMALL + 2) * max(len(lines) for lines, _ in cells) + 8
            for lines, width in cells:
                self.pages[-1].append(f"{x} {self.y} {width} {top - self.y} re S")
                for number, line in enumerate(lines, 1):
                    self._text(line, x + 2, top - (SMALL + 2) * number - 2, SMALL)
                x += width

    def _text(self, text: str, x: int, y: int, size: int) -> None:
        if text:
            code = text.encode("utf-16-be").hex()
            self.pages[-1].append(f"BT /F1 {size} Tf {x} {y} Td <{code}> Tj ET")


def _wrapped(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)] or [""]


def _file(pages: list[list[str]]) -> bytes:
    kids = " ".join(f"{6 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
        (
            b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 5 0 R/DW 1000"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>"
        ),
        (
            b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
            b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>"
        ),
    ]
    for index, page in enumerate(pages):
        stream = "\n".join(page).encode("ascii")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]"
            f"/Resources<</Font<</F1 3 0 R>>>>/Contents {7 + 2 * index} 0 R>>".encode()
        )
        objects.append(b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream))
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
