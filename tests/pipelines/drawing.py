"""Reports as drawn pages, for the readers that see only characters at places and rulings.

Owns a small layout engine (rows of HTML → boxes and lines of text, cut into pages anywhere) and two
writers of what it lays out: PDF with a font that readers supply themselves, and OFD. Lengths are
points, the origin is the top left corner.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape

from lxml import html

from pipelines.forms import TABLES, Form
from tests.pipelines import renderings as r

WIDTH, HEIGHT, LEFT, TOP = 595.0, 1190.0, 70.0, 100.0
SIZE, LEAD, PAD = 9.0, 12.0, 4.0
TABLE_WIDTH = 456.0


@dataclass
class Sheet:
    """A page: `texts` are (left, top, size, text), `lines` (x0, y0, x1, y1)."""

    texts: list[tuple[float, float, float, str]] = field(default_factory=list)
    lines: list[tuple[float, float, float, float]] = field(default_factory=list)


@dataclass
class Box:
    """A cell laid out: its place in points from the table's corner and its lines of text (x, top, text)."""

    x0: float
    y0: float
    x1: float
    y1: float
    lines: list[tuple[float, float, str]] = field(default_factory=list)


def advance(text: str, size: float = SIZE) -> float:
    return sum(size * (0.5 if char.isascii() else 1.0) for char in text)


def wrapped(text: str, width: float) -> list[str]:
    """The lines of a text, broken where the next character does not fit."""
    lines = []
    for part in text.split("\n"):
        line = ""
        for char in part:
            if line and advance(line + char) > width:
                lines.append(line)
                line = ""
            line += char
        lines.append(line)
    return [line for line in lines if line]


@dataclass
class Table:
    """A table laid out; `edges` are the rows' tops and the bottom."""

    boxes: list[Box]
    edges: list[float]

    @property
    def height(self) -> float:
        return self.edges[-1]


class Cell(NamedTuple):
    row: int
    column: int
    down: int
    across: int
    text: str


def cells_of(rows: Sequence[str]) -> list[Cell]:
    """The cells of HTML rows at their places in the grid."""
    taken: set[tuple[int, int]] = set()
    cells = []
    [whole] = html.fragments_fromstring("<table>" + "".join(rows) + "</table>")
    for index, row in enumerate(whole.iter("tr")):
        column = 0
        for td in row.iterchildren("td", "th"):
            while (index, column) in taken:
                column += 1
            across, down = int(td.get("colspan", 1)), int(td.get("rowspan", 1))
            taken |= {(index + i, column + j) for i in range(down) for j in range(across)}
            for br in td.iter("br"):
                br.tail = "\n" + (br.tail or "")
            cells.append(Cell(index, column, down, across, td.text_content()))
            column += across
    return cells


def laid_out(rows: Sequence[str], widths: Sequence[float], *, centred: bool = True) -> Table:
    """Rows of HTML as boxes; figures stand in the middle of their cells, labels at the left and top."""
    cells = cells_of(rows)
    starts = [sum(widths[:k]) for k in range(len(widths) + 1)]
    heights = [LEAD + 2 * PAD] * max(cell.row + cell.down for cell in cells)
    broken = []
    for cell in cells:
        width = starts[cell.column + cell.across] - starts[cell.column] - 2 * PAD
        broken.append(wrapped(cell.text, width))
        need = len(broken[-1]) * LEAD + 2 * PAD
        last = cell.row + cell.down
        heights[last - 1] += max(0.0, need - sum(heights[cell.row : last]))
    edges = [sum(heights[:k]) for k in range(len(heights) + 1)]
    boxes = []
    for cell, lines in zip(cells, broken, strict=True):
        x0, x1 = starts[cell.column], starts[cell.column + cell.across]
        box = Box(x0, edges[cell.row], x1, edges[cell.row + cell.down])
        figure = cell.text.strip().isascii()
        top = (box.y0 + box.y1 - len(lines) * LEAD) / 2 if figure and centred else box.y0 + PAD
        for number, line in enumerate(lines):
            x = (box.x0 + box.x1 - advance(line)) / 2 if figure else box.x0 + PAD
            box.lines.append((x, top + number * LEAD, line))
        boxes.append(box)
    return Table(boxes, edges)


def cut(table: Table, at: float) -> tuple[Table, Table]:
    """A table in two pieces; a line of text goes over whole, and the row grows by what it needs."""
    upper, lower, growth = [], [], 0.0
    for box in table.boxes:
        kept = [line for line in box.lines if line[1] + LEAD <= at + 0.01]
        rest = [line for line in box.lines if line[1] + LEAD > at + 0.01]
        if box.y0 < at:
            upper.append(Box(box.x0, box.y0, box.x1, min(box.y1, at), kept))
        if box.y1 > at:
            down = max(0.0, at + 2.0 - min((line[1] for line in rest), default=at + 2.0))
            if box.y0 < at and rest:
                growth = max(growth, rest[-1][1] + down + LEAD + 1 - next(e for e in table.edges if e > at))
            else:
                down = 0.0
            lower.append(
                Box(box.x0, max(box.y0, at), box.x1, box.y1, [(x, y + down, text) for x, y, text in rest])
            )
    edges = [e for e in table.edges if e > at]
    first = edges[0]
    for box in lower:
        if box.y0 >= first:
            box.y0 += growth
            box.lines = [(x, y + growth, text) for x, y, text in box.lines]
        box.y0, box.y1 = box.y0 - at, box.y1 - at + growth
        box.lines = [(x, y - at, text) for x, y, text in box.lines]
    return (
        Table(upper, [*(e for e in table.edges if e < at), at]),
        Table(lower, [0.0, *(e - at + growth for e in edges)]),
    )


def under(table: Table, head: Table) -> Table:
    """A piece of a table with a head repeated over it."""
    shifted = [
        Box(
            b.x0,
            b.y0 + head.height,
            b.x1,
            b.y1 + head.height,
            [(x, y + head.height, t) for x, y, t in b.lines],
        )
        for b in table.boxes
    ]
    return Table([*head.boxes, *shifted], [*head.edges, *(e + head.height for e in table.edges[1:])])


def cuts(table: Table) -> list[float]:
    """Every place where a page break can fall: between rows and after each line of text in a row."""
    places = set(table.edges[1:-1])
    places |= {y + LEAD for box in table.boxes for _, y, _ in box.lines}
    return sorted({round(place, 2) for place in places if 10 < place < table.height - 2})


def put(sheet: Sheet, table: Table, y: float, *, open_top: bool = False, open_bottom: bool = False) -> float:
    """Draws a table at a height and gives the height below it."""
    for box in table.boxes:
        x0, y0, x1, y1 = box.x0 + LEFT, box.y0 + y, box.x1 + LEFT, box.y1 + y
        sheet.lines += [(x0, y0, x0, y1), (x1, y0, x1, y1)]
        if not (open_top and box.y0 == 0):
            sheet.lines.append((x0, y0, x1, y0))
        if not (open_bottom and box.y1 == table.height):
            sheet.lines.append((x0, y1, x1, y1))
        sheet.texts += [(LEFT + x, y + top, SIZE, text) for x, top, text in box.lines]
    return y + table.height


def write(sheet: Sheet, lines: Iterable[str], y: float, size: float = 12.0) -> float:
    for line in lines:
        sheet.texts.append((LEFT, y, size, line))
        y += size * 1.6
    return y


PROACTIVE = (150.0, 102.0, 102.0, 102.0)
APPLICATIONS = (30.0, 60.0, 121.0, *(35.0,) * 7)
NARROW = (30.0, 60.0, 163.0, *(29.0,) * 7)
REVIEW = (30.4,) * 15
PROSE = (
    "本单位按照条例要求公开信息，具体情况如下文所述，数据以表",
    "格为准。全年工作平稳，公开及时，没有发生需要说明的其他情",
    "况。",
)


def tables(form: Form, printed: r.Printed, *, narrow: bool = False, centred: bool = True) -> dict[str, Table]:
    """The statutory tables laid out."""
    widths = NARROW if narrow else APPLICATIONS
    rows = {
        "proactive": (r.proactive_rows(form, printed), PROACTIVE),
        "applications": (r.applications_rows(form, printed), widths),
        "review_litigation": (r.review_rows(form, printed), REVIEW),
    }
    return {code: laid_out(*rows[code], centred=centred) for code in TABLES}


def report(
    found: dict[str, Table],
    broken: str | None = None,
    at: float = 0.0,
    *,
    head: Table | None = None,
    opened: bool = False,
    title: str = r.TITLE,
) -> list[Sheet]:
    """A report's pages, each table on its own page; the `broken` one goes over to a further page."""
    sheets = [Sheet()]
    y = write(sheets[0], [title], TOP, 18.0)
    y = write(sheets[0], [*PROSE, "一、总体情况", *PROSE], y + 10)
    for code in TABLES:
        sheets.append(Sheet())
        y = write(sheets[-1], [r.CHAPTERS[code]], TOP)
        if code != broken:
            put(sheets[-1], found[code], y)
            continue
        upper, lower = cut(found[code], at)
        put(sheets[-1], upper, y, open_bottom=opened)
        sheets.append(Sheet())
        put(sheets[-1], under(lower, head) if head else lower, TOP, open_top=opened)
    sheets.append(Sheet())
    y = write(sheets[-1], ["五、存在的主要问题及改进情况", *PROSE, "六、其他需要报告的事项", "无。"], TOP)
    for number, sheet in enumerate(sheets, 1):
        sheet.texts.append((WIDTH / 2 - 12, HEIGHT - 50, 10.0, f"- {number} -"))
    return sheets


# Writers ----------------------------------------------------------------------------------------


def pdf(sheets: Sequence[Sheet], *, packed: bool = True, page: str = "") -> bytes:
    """The pages as PDF: rulings as strokes, text in a standard Chinese font; `page` adds page entries."""
    streams = []
    for sheet in sheets:
        parts = ["0.5 w"]
        parts += [f"{a:.2f} {HEIGHT - b:.2f} m {c:.2f} {HEIGHT - d:.2f} l S" for a, b, c, d in sheet.lines]
        for x, top, size, text in sheet.texts:
            code = text.encode("utf-16-be").hex()
            base = HEIGHT - top - 0.88 * size
            parts.append(f"BT /F1 {size:g} Tf {x:.2f} {base:.2f} Td <{code}> Tj ET")
        streams.append("\n".join(parts).encode("ascii"))
    return pdf_file(streams, packed=packed, page=page)


def pdf_file(streams: Sequence[bytes], *, packed: bool = True, page: str = "") -> bytes:
    """A PDF of content streams; digits and Latin letters are half as wide as Chinese characters."""
    kids = " ".join(f"{6 + 2 * index} 0 R" for index in range(len(streams)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(streams)}>>".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
        (
            b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 5 0 R/DW 1000"
            b"/W[1 95 500 814 939 500]/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>"
        ),
        (
            b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
            b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>"
        ),
    ]
    for index, stream in enumerate(streams):
        box = "" if "/MediaBox" in page else f"/MediaBox[0 0 {WIDTH:g} {HEIGHT:g}]"
        objects.append(
            f"<</Type/Page/Parent 2 0 R{box}{page}"
            f"/Resources<</Font<</F1 3 0 R>>>>/Contents {7 + 2 * index} 0 R>>".encode()
        )
        body = zlib.compress(stream) if packed else stream
        name = b"/Filter/FlateDecode" if packed else b""
        objects.append(b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(body), name, body))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


_MM = 25.4 / 72
_OFD = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def ofd_page(sheet: Sheet) -> str:
    """The page as the content of an OFD page: each object in a box of its own, in millimetres."""
    parts = []
    number = 100
    for x0, y0, x1, y1 in ([v * _MM for v in line] for line in sheet.lines):
        number += 1
        w, h = x1 - x0, y1 - y0
        parts.append(
            f'<ofd:PathObject ID="{number}" Boundary="{x0:.4f} {y0:.4f} {w:.4f} {h:.4f}" LineWidth="0.18">'
            f"<ofd:AbbreviatedData>M 0 0 L {w:.4f} {h:.4f}</ofd:AbbreviatedData></ofd:PathObject>"
        )
    for x, top, size, text in sheet.texts:
        number += 1
        steps = " ".join(f"{advance(char, size) * _MM:.4f}" for char in text[:-1])
        delta = f' DeltaX="{steps}"' if steps else ""
        box = f"{x * _MM:.4f} {top * _MM:.4f} {advance(text, size) * _MM:.4f} {size * _MM:.4f}"
        parts.append(
            f'<ofd:TextObject ID="{number}" Boundary="{box}" Font="1" Size="{size * _MM:.4f}">'
            f'<ofd:TextCode X="0" Y="{0.88 * size * _MM:.4f}"{delta}>{escape(text)}</ofd:TextCode>'
            "</ofd:TextObject>"
        )
    body = "".join(parts)
    return f'<ofd:Page {_OFD}><ofd:Content><ofd:Layer ID="99">{body}</ofd:Layer></ofd:Content></ofd:Page>'


def ofd(sheets: Sequence[Sheet]) -> bytes:
    """The pages as OFD (GB/T 33190)."""
    return ofd_file([ofd_page(sheet) for sheet in sheets])


def ofd_file(pages: Sequence[str], area: str = f"0 0 {WIDTH * _MM:.3f} {HEIGHT * _MM:.3f}") -> bytes:
    """An OFD of page contents."""
    listed = "".join(
        f'<ofd:Page ID="{index + 1}" BaseLoc="Pages/Page_{index}/Content.xml"/>'
        for index in range(len(pages))
    )
    members = {
        "OFD.xml": (
            f'<ofd:OFD {_OFD} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo/>'
            "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
        ),
        "Doc_0/Document.xml": (
            f"<ofd:Document {_OFD}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>{area}</ofd:PhysicalBox>"
            f"</ofd:PageArea></ofd:CommonData><ofd:Pages>{listed}</ofd:Pages></ofd:Document>"
        ),
    }
    members |= {f"Doc_0/Pages/Page_{index}/Content.xml": page for index, page in enumerate(pages)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return packed.getvalue()
