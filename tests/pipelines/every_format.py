"""One report with fresh random figures in every format and layout that the readers know.

Owns the list of formats and layouts and how a written report is set in each; the parts (rows of HTML,
Word mark-up, sheets, drawn pages, archives) come from the modules beside it. What a program of others
writes (LibreOffice, a browser) is there where the program is installed; the rest needs none.
"""

from __future__ import annotations

import base64
import io
import random
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import pypdfium2

from pipelines.forms import TABLES
from pipelines.readers.ole import container
from tests.benchmarks.scans import browser, set_pages
from tests.pipelines import archives, drawing, office, scans, sheet, word
from tests.pipelines import renderings as r
from tests.pipelines.documents import make
from tests.pipelines.written import Truth, Written, written

Structure = Literal["table", "text", "picture"]
"""What tells a reader where a cell is: mark-up or rulings, nothing but words, pixels."""

OFFICE = "application/vnd.openxmlformats-officedocument."
HTML, TEXT, PDF, OFD = "text/html", "text/plain", "application/pdf", "application/ofd"
DOCX, XLSX = f"{OFFICE}wordprocessingml.document", f"{OFFICE}spreadsheetml.sheet"
DOC, XLS = "application/msword", "application/vnd.ms-excel"

DOCUMENTS = Path(__file__).parent / "documents"


@dataclass(frozen=True, slots=True)
class Sample:
    """A document of one format and layout. `told` is what it says, by member where it packs others;
    `tables` are those that it shows.
    """

    name: str
    layout: str
    body: bytes
    told: Mapping[str | None, Written]
    media_type: str
    structure: Structure = "table"
    tables: tuple[str, ...] = TABLES

    def truth(self, member: str | None = None) -> dict[tuple[str, str, str], Truth]:
        """What every cell that the document shows holds."""
        return {cell: told for cell, told in self.told[member].truth.items() if cell.table in self.tables}


def every_format(
    seed: int, *, by_hand: bool = True, programs: bool = True, scans: bool = False, only: str | None = None
) -> Iterator[Sample]:
    """The report of a seed in every format.

    `by_hand`: what needs no other program; `programs`: what LibreOffice and a browser write, if they are
    installed (seconds a report); `scans`: pictures of pages (the extra `ocr` and a browser); `only`: one
    format by its name.
    """
    report = written(seed)
    writers: dict[str, Callable[[Written], Iterator[Sample]]] = {
        "HTML": _html, "TXT": _text, "DOCX": _docx, "DOC": _doc_kept, "XLSX": _xlsx, "XLS": _xls,
        "OFD": _ofd, "PDF": _pdf, "ZIP": _zip, "RAR": _rar, "7z": _seven_zip,
    }  # fmt: skip
    for name, write in writers.items() if by_hand else ():
        if only in (None, name):
            yield from write(report)
    if programs and office.installed():
        yield from _office(report, only)
    if programs and only in (None, "PDF") and browser():
        yield _sample(report, "PDF", "ruled, set by a browser", browser_pdf(report), PDF)
    if scans and pictures_can_be_made():
        yield from (sample for sample in _scans(report) if only in (None, sample.name))


def _sample(
    report: Written, name: str, layout: str, body: bytes, media_type: str, structure: Structure = "table"
) -> Sample:
    return Sample(name, layout, body, {None: report}, media_type, structure)


# The report as pieces ---------------------------------------------------------------------------

HEADINGS = {
    1: "一、总体情况",
    2: r.CHAPTERS["proactive"],
    3: r.CHAPTERS["applications"],
    4: r.CHAPTERS["review_litigation"],
    5: "五、存在的主要问题及改进情况",
    6: "六、其他需要报告的事项",
}


class Piece(NamedTuple):
    """A piece of a report: a title, heading or paragraph with its text, or a table with its code."""

    kind: Literal["title", "heading", "paragraph", "table"]
    text: str


def pieces(report: Written) -> Iterator[Piece]:
    """A report from top to bottom."""
    yield Piece("title", report.title)
    yield from (Piece("paragraph", text) for text in report.prose[0])
    for chapter, heading in HEADINGS.items():
        yield Piece("heading", heading)
        if 2 <= chapter <= 4:
            yield Piece("table", TABLES[chapter - 2])
        yield from (Piece("paragraph", text) for text in report.prose.get(chapter, ()))


def rows(report: Written, cell: Callable[[str], str] = lambda text: text) -> dict[str, list[str]]:
    """The tables as rows of HTML."""
    return {
        "proactive": r.proactive_rows(report.form, report.printed, cell),
        "applications": r.applications_rows(report.form, report.printed, cell),
        "review_litigation": r.review_rows(report.form, report.printed, cell),
    }


# HTML -------------------------------------------------------------------------------------------

_RUN = '<span lang="EN-US" style="font-size:10.5pt;font-family:宋体;mso-bidi-font-family:宋体">{}</span>'
_PARAGRAPH = (
    '<p class="MsoNormal" align="center" style="margin:0cm;text-align:center;line-height:150%;'
    'mso-pagination:widow-orphan">{}<o:p></o:p></p>'
)


def _page(report: Written, body: str, charset: str = "utf-8") -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>{report.title}</title></head>'
        f'<body><div class="nav"><a href="/">首页</a> <a href="/zwgk/">政务公开</a></div>'
        f'<div id="zoomcon">{body}</div><div class="footer">版权所有</div></body></html>'
    )


def _article(
    report: Written,
    paragraph: Callable[[str], str] = "<p>{}</p>".format,
    cell: Callable[[str], str] = lambda text: text,
    heading: Callable[[str], str] | None = None,
) -> str:
    set_rows = rows(report, cell)
    parts = []
    for piece in pieces(report):
        if piece.kind == "table":
            parts.append(r.table(set_rows[piece.text]))
        elif piece.kind == "title":
            parts.append(f"<h1>{piece.text}</h1>")
        else:
            set_piece = heading if heading and piece.kind == "heading" else paragraph
            parts.append(set_piece(piece.text))
    return "\n".join(parts)


def word_pasted(report: Written) -> str:
    """A page as Word's clipboard leaves it: a style on every cell and run."""

    def run(text: str) -> str:
        return _PARAGRAPH.format(_RUN.format(text or "&nbsp;"))

    body = _article(report, paragraph=run, cell=run)
    style = 'width="76" valign="center" style="border:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt"'
    return body.replace("<td", f"<td {style}")


def _html(report: Written) -> Iterator[Sample]:
    plain = _article(report)
    lines = _article(report, paragraph="　　{}<br>".format)
    framed = (
        "<table width='100%'><tr><td>栏目导航</td><td>{}</td></tr><tr><td>版权所有</td><td></td></tr></table>"
    )
    unclosed = re.sub(r"</(?:td|tr|p)>", "", plain)
    blocks = re.split(r'(?=<tr><td colspan="4">)', r.table(rows(report)["proactive"]))
    apart = plain.replace(
        "".join(blocks), "".join(f"<table>{block.removesuffix('</table>')}</table>" for block in blocks[1:])
    )
    pages = {
        "plain": _page(report, plain),
        "pasted from Word": _page(report, word_pasted(report)),
        "inside layout tables": _page(report, framed.format(plain)),
        "text as lines": _page(report, lines),
        "tags unclosed": _page(report, unclosed),
        "a table a block": _page(report, apart),
    }
    for layout, page in pages.items():
        yield _sample(report, "HTML", f"{layout}, UTF-8", page.encode(), HTML)
    for layout in ("pasted from Word", "text as lines"):
        body = pages[layout].replace('charset="utf-8"', 'charset="gb2312"').encode("gb18030")
        yield _sample(report, "HTML", f"{layout}, GBK", body, HTML)


# Text -------------------------------------------------------------------------------------------


def _text(report: Written) -> Iterator[Sample]:
    grids = {code: drawing.cells_of(own) for code, own in rows(report).items()}
    lines = []
    for piece in pieces(report):
        if piece.kind == "table":
            lines += [_piped(cells) for cells in _rectangles(grids[piece.text])]
        lines += [] if piece.kind == "table" else [piece.text]
        lines.append("")
    yield _sample(report, "TXT", "rows of pipes", "\n".join(lines).encode(), TEXT)
    for layout, render in (
        ("a cell a line", r.cell_lines),
        ("cells parted by tabs", r.tab_rows),
        ("labels wrapped", r.wrapped),
        ("labels and values in lines", r.flowing),
    ):
        text = render(report.form, report.printed).replace(r.TITLE, report.title)
        yield _sample(report, "TXT", layout, text.encode(), TEXT, "text")


def _rectangles(cells: Sequence[drawing.Cell]) -> Iterator[list[str]]:
    """Rows of as many cells as the table has columns; a merged cell stands in its first place."""
    width = max(cell.column + cell.across for cell in cells)
    for row in range(max(cell.row for cell in cells) + 1):
        by_column = {cell.column: cell.text for cell in cells if cell.row == row}
        yield [by_column.get(column, "") for column in range(width)]


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("\n", "") for text in cells) + " |"


# Word -------------------------------------------------------------------------------------------

_WHO = 'w:id="7" w:author="张三" w:date="2022-01-05T09:00:00Z"'
_INSERTED = f"<w:ins {_WHO}>{{}}</w:ins>"
_DELETED = f"<w:del {_WHO}><w:r><w:delText>{{}}</w:delText></w:r></w:del>"


def _word_body(report: Written, tables: Mapping[str, str] | None = None) -> str:
    set_tables = tables or {code: word.table(own) for code, own in rows(report).items()}
    return "".join(
        set_tables[piece.text] if piece.kind == "table" else word.paragraph(word.run(piece.text))
        for piece in pieces(report)
    )


def _controlled(body: str) -> str:
    """Tables, some rows and some cells inside content controls."""
    frame = "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>"
    body = re.sub(r"<w:tbl>.*?</w:tbl>", lambda found: frame.format(found[0]), body, flags=re.DOTALL)
    return re.sub(r"<w:tr>(?:(?!</w:tr>).)*</w:tr>(?=<w:tr>)", _wrapped_odd(frame), body)


def _wrapped_odd(frame: str) -> Callable[[re.Match[str]], str]:
    count = iter(range(10_000))
    return lambda found: frame.format(found[0]) if next(count) % 3 == 0 else found[0]


def _revised(report: Written, rng: random.Random) -> str:
    """The tables under revision: figures replaced, rows deleted that the page no longer shows."""

    def revised(found: re.Match[str]) -> str:
        text = found[1]
        if not re.fullmatch(r"[\d.]+", text) or rng.random() < 0.6:
            return found[0]
        old = _DELETED.format(rng.randint(1, 9999))
        return rng.choice((old + _INSERTED.format(found[0]), found[0] + old, old + found[0]))

    tables = {}
    for code, own in rows(report).items():
        text = re.sub(r'<w:r><w:t xml:space="preserve">([^<]*)</w:t></w:r>', revised, word.table(own))
        gone = re.findall(r"<w:tr>(?:(?!</w:tr>).)*</w:tr>", text)[-1]
        gone = re.sub(r"<w:(?:del|ins) .*?</w:(?:del|ins)>", "", gone)
        gone = gone.replace("<w:tr>", f"<w:tr><w:trPr><w:del {_WHO}/></w:trPr>")
        gone = re.sub(r'<w:r><w:t xml:space="preserve">([^<]*)</w:t></w:r>', _DELETED.format(r"\1"), gone)
        tables[code] = text.replace("</w:tbl>", f"{gone}</w:tbl>")
    return _word_body(report, tables)


def _begun_late(report: Written) -> str:
    """The first column of each table left out of its grid."""
    tables = {
        code: word.table(own).replace("<w:tr>", '<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>')
        for code, own in rows(report).items()
    }
    return _word_body(report, tables)


def _word_layouts(report: Written) -> dict[str, str]:
    plain = _word_body(report)
    return {
        "official form": plain,
        "framed in a table": f"<w:tbl><w:tr><w:tc>{plain}{word.paragraph()}</w:tc></w:tr></w:tbl>",
        "content controls": _controlled(plain),
        "tracked changes": _revised(report, random.Random(f"revised {report.seed}")),
        "rows that begin late": _begun_late(report),
    }


def _docx(report: Written) -> Iterator[Sample]:
    for layout, body in _word_layouts(report).items():
        yield _sample(report, "DOCX", layout, word.packed(body), DOCX)


def _doc_kept(report: Written) -> Iterator[Sample]:
    """A kept file of LibreOffice with other figures of the same length put into it.

    Its title is the kept one's, so the report is that of another body and year.
    """
    kept = (DOCUMENTS / f"official-{report.form.id}.doc").read_bytes()
    old = r.distinct(report.form)
    rng = random.Random(f"kept {report.seed}")
    new = dict(zip(old, map(str, rng.sample(range(1000, 10_000), len(old))), strict=True))
    wide = {old[cell].encode("utf-16-le"): new[cell].encode("utf-16-le") for cell in old}
    # A cell's mark is the character 7; figures stand alone in their cells.
    body = re.sub(
        rb"(?<![0-9]\0)((?:[0-9]\0){4})(?=\x07\0)", lambda found: wide.get(found[1], found[1]), kept
    )
    truth = {cell: Truth(text, "number", int(text)) for cell, text in new.items()}
    told = Written(report.seed, "distinct", report.form, "牡丹江市样例局", 2021, truth, report.prose)
    yield _sample(told, "DOC", "kept file, fresh figures", body, DOC)


# Workbooks --------------------------------------------------------------------------------------


def _sheets(report: Written) -> tuple[str, ...]:
    """A table a sheet, title and chapter above it."""
    made = []
    for code, own in rows(report).items():
        title = {(0, 0): sheet.written(f"{report.title}（{r.CHAPTERS[code]}）", 0, 0)}
        cells, merged = sheet.laid(own, 2)
        made.append(sheet.sheet(title | cells, merged))
    return tuple(made)


def _one_sheet(report: Written) -> str:
    """The whole report on one sheet, prose and all."""
    cells: dict[tuple[int, int], str] = {}
    merged: list[str] = []
    at = 0
    for piece in pieces(report):
        if piece.kind != "table":
            cells[at, 0] = sheet.written(piece.text, at, 0)
            at += 1
            continue
        own = rows(report)[piece.text]
        laid, spans = sheet.laid(own, at)
        cells |= laid
        merged += spans
        at += len(own) + 1
    return sheet.sheet(cells, merged)


def _xlsx(report: Written) -> Iterator[Sample]:
    yield _sample(report, "XLSX", "a sheet a table", sheet.book(*_sheets(report)), XLSX)
    yield _sample(report, "XLSX", "one sheet", sheet.book(_one_sheet(report)), XLSX)


def _xls(report: Written) -> Iterator[Sample]:
    """Excel 97 records by hand: numbers, texts, blank cells, merged areas."""
    records = []
    merged = b""
    count = 0
    at = 0
    for piece in pieces(report):
        if piece.kind != "table":
            records.append(sheet.label(at, 0, piece.text))
            at += 1
            continue
        cells = drawing.cells_of(rows(report)[piece.text])
        placed = {}
        for cell in cells:
            area = [(cell.row + i, cell.column + j) for i in range(cell.down) for j in range(cell.across)]
            placed |= {
                place: sheet.record(0x201, struct.pack("<HHH", at + place[0], place[1], 0)) for place in area
            }
            placed[cell.row, cell.column] = _biff(at + cell.row, cell.column, cell.text)
            if len(area) > 1:
                last = area[-1]
                merged += struct.pack("<HHHH", at + cell.row, at + last[0], cell.column, last[1])
                count += 1
        records += [placed[place] for place in sorted(placed)]
        at += max(cell.row + cell.down for cell in cells) + 1
    body = b"".join(records) + sheet.record(0xE5, struct.pack("<H", count) + merged)
    announced = b"".join(sheet.record(0x208, struct.pack("<H", row) + bytes(14)) for row in range(at))
    made = container("Workbook", sheet.stream(announced + body))
    yield _sample(report, "XLS", "one sheet", made, XLS)
    yield _sample(report, "ET", "one sheet", made, XLS)


def _biff(row: int, column: int, text: str) -> bytes:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return sheet.number(row, column, float(text))
    if not text:
        return sheet.record(0x201, struct.pack("<HHH", row, column, 0))
    return sheet.label(row, column, text)


# Drawn pages ------------------------------------------------------------------------------------

_WIDTH = 456.0


def drawn(
    report: Written,
    rng: random.Random,
    *,
    headed: bool = False,
    opened: bool = False,
    whole: bool = False,
) -> list[drawing.Sheet]:
    """The report flowing over pages that end at random places: between rows, inside them, inside labels
    and numbers; `headed` repeats the head of the applications on the page after a break, `opened` leaves
    out the ruling at the break, `whole` begins a page with each table and breaks none.
    """
    tables = drawing.tables(
        report.form, report.printed, narrow=rng.random() < 0.4, centred=rng.random() < 0.6
    )
    head = drawing.laid_out(r.applications_head(), drawing.APPLICATIONS)
    sheets = [drawing.Sheet()]
    y = drawing.TOP
    for piece in pieces(report):
        if piece.kind == "table":
            if whole:
                sheets.append(drawing.Sheet())
                y = drawing.put(sheets[-1], tables[piece.text], drawing.TOP)
                continue
            repeated = head if headed and piece.text == "applications" else None
            y = _broken(sheets, tables[piece.text], y, rng, repeated, opened)
            continue
        size = 18.0 if piece.kind == "title" else 12.0
        indent = "" if piece.kind != "paragraph" else "　　"
        for line in drawing.wrapped(indent + piece.text, _WIDTH * drawing.SIZE / size):
            if y > drawing.HEIGHT - 110:
                sheets.append(drawing.Sheet())
                y = drawing.TOP
            y = drawing.write(sheets[-1], [line], y, size)
    for number, page in enumerate(sheets, 1):
        page.texts.append((drawing.WIDTH / 2 - 12, drawing.HEIGHT - 50, 10.0, f"- {number} -"))
    return sheets


def _broken(
    sheets: list[drawing.Sheet],
    table: drawing.Table,
    y: float,
    rng: random.Random,
    head: drawing.Table | None,
    opened: bool,
) -> float:
    """Draws a table, broken once at a random place if the seed wants it and wherever it does not fit."""
    room = drawing.HEIGHT - 80 - y
    least = head.height + 1 if head else 0.0
    places = [at for at in drawing.cuts(table) if least < at <= room]
    if not places or (table.height <= room and rng.random() < 0.25):
        if table.height > room:
            sheets.append(drawing.Sheet())
            y = drawing.TOP
        return drawing.put(sheets[-1], table, y)
    upper, lower = drawing.cut(table, rng.choice(places))
    drawing.put(sheets[-1], upper, y, open_bottom=opened)
    sheets.append(drawing.Sheet())
    return drawing.put(
        sheets[-1], drawing.under(lower, head) if head else lower, drawing.TOP, open_top=opened
    )


def _drawn(report: Written, layout: str, **how: bool) -> list[drawing.Sheet]:
    return drawn(report, random.Random(f"{layout} {report.seed}"), **how)


_BREAKS = {
    "ruled, broken anywhere": {"headed": False, "opened": False},
    "ruled, head repeated": {"headed": True, "opened": False},
    "ruled, open at breaks": {"headed": False, "opened": True},
}


def _ofd(report: Written) -> Iterator[Sample]:
    for layout, how in _BREAKS.items():
        yield _sample(report, "OFD", layout, drawing.ofd(_drawn(report, layout, **how)), OFD)


def _pdf(report: Written) -> Iterator[Sample]:
    for layout, how in _BREAKS.items():
        yield _sample(report, "PDF", layout, drawing.pdf(_drawn(report, layout, **how)), PDF)
    whole = _drawn(report, "unruled", whole=True)
    broken = _drawn(report, "unruled")
    for page in (*whole, *broken):
        page.lines = []
    yield _sample(report, "PDF", "unruled, a table a page", drawing.pdf(whole), PDF, "text")
    yield _sample(report, "PDF", "unruled, broken anywhere", drawing.pdf(broken), PDF, "text")


# What other programs write ----------------------------------------------------------------------

_BORDERS = "".join(
    f"<w:{side} w:val='single' w:sz='4'/>"
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def for_office(body: str, *, ruled: bool = True) -> bytes:
    """A .docx that LibreOffice opens, its tables as wide as the page, with or without rulings."""
    made = make.whole(body)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    text = files["word/document.xml"].decode()
    text = text.replace("<w:insideH w:val='single'/>", _BORDERS if ruled else "")

    def widened(found: re.Match[str]) -> str:
        columns = found[0].count("<w:gridCol")
        return found[0].replace('w:w="600"', f'w:w="{9000 // columns}"')

    files["word/document.xml"] = re.sub(r"<w:tblGrid>.*?</w:tblGrid>", widened, text).encode()
    return archives.zipped(files)


def _office(report: Written, only: str | None) -> Iterator[Sample]:
    body = _word_layouts(report)
    if only in (None, "DOC", "WPS"):
        layouts = ["official form", "framed in a table", "tracked changes"]
        made = office.converted([for_office(body[layout]) for layout in layouts], "docx", "doc")
        for layout, document in zip(layouts, made, strict=True):
            yield _sample(report, "DOC", f"{layout}, LibreOffice", document, DOC)
        yield _sample(report, "WPS", "official form, LibreOffice", made[0], DOC)
    if only in (None, "PDF"):
        sources = [for_office(body["official form"], ruled=ruled) for ruled in (True, False)]
        ruled, unruled = office.converted(sources, "docx", "pdf")
        yield _sample(report, "PDF", "ruled, set by LibreOffice", ruled, PDF)
        yield _sample(report, "PDF", "unruled, set by LibreOffice", unruled, PDF, "text")
    if only in (None, "XLS", "ET"):
        page = _page(report, _article(report)).encode()
        [book] = office.converted([page], "html", "xls", "calc")
        yield _sample(report, "XLS", "one sheet, LibreOffice", book, XLS)


# Scans ------------------------------------------------------------------------------------------


def pictures_can_be_made() -> bool:
    """Whether pages can be set and photographed here: a browser and the extra `ocr`."""
    return browser() is not None and all(find_spec(name) for name in ("cv2", "PIL", "rapidocr"))


def browser_pdf(report: Written, only: str | None = None) -> bytes:
    """The page as a browser prints it; with `only` one table, made small enough for one sheet."""
    own = rows(report)
    parts = []
    for piece in pieces(report):
        if piece.kind == "table":
            parts.append(r.table(own[piece.text]))
        else:
            tag = "h1" if piece.kind == "title" else "p"
            parts.append(f"<{tag}>{piece.text}</{tag}>")
    if only is None:
        return set_pages(_page(report, "\n".join(parts)), report.seed)
    article = f"<h1>{report.title}</h1><p>{r.CHAPTERS[only]}</p>{r.table(own[only])}"
    made = b""
    for zoom in (100, 85, 70):
        made = set_pages(_page(report, f'<div style="zoom:{zoom}%">{article}</div>'), report.seed)
        with pypdfium2.PdfDocument(made) as document:
            if len(document) == 1:
                break
    return made


def _scans(report: Written) -> Iterator[Sample]:
    whole = browser_pdf(report)
    for dpi in (200, 150):
        body = scans.scanned(whole, dpi, report.seed)
        yield _sample(report, "scanned PDF", f"{dpi} dpi", body, PDF, "picture")
    short = ("applications",)
    page = browser_pdf(report, "applications")
    for name in ("PNG", "JPEG"):
        [picture] = scans.pictures(page, 200, report.seed, form=name)
        kind = f"image/{name.lower()}"
        yield Sample(name, "one table, 200 dpi", picture, {None: report}, kind, "picture", short)
    coded = base64.b64encode(picture).decode()
    article = f"<h1>{report.title}</h1><p>{HEADINGS[3]}</p><p><img src='data:image/jpeg;base64,{coded}'></p>"
    body = _page(report, article).encode()
    yield Sample("HTML", "table in a picture", body, {None: report}, HTML, "picture", short)


# Packed -----------------------------------------------------------------------------------------


def _members(report: Written) -> tuple[dict[str, bytes], dict[str | None, Written]]:
    """Two bodies' reports, one a page and one a Word document, named as they are sent in."""
    other = written(report.seed + 1_000_003)
    files = {
        f"{report.title}.html": _page(report, _article(report)).encode(),
        f"{other.title}.docx": word.packed(_word_body(other)),
    }
    return files, dict(zip(files, (report, other), strict=True))


def _zip(report: Written) -> Iterator[Sample]:
    files, told = _members(report)
    for charset, name in ((None, "UTF-8"), ("gb18030", "GBK")):
        body = archives.zipped(files, charset)
        yield Sample("ZIP", f"two reports, names in {name}", body, told, "application/zip")


def _rar(report: Written) -> Iterator[Sample]:
    files, told = _members(report)
    yield Sample("RAR", "two reports", archives.rar(files), told, "application/vnd.rar")


def _seven_zip(report: Written) -> Iterator[Sample]:
    files, told = _members(report)
    with TemporaryDirectory() as folder:
        body = archives.seven_zip(Path(folder), files)
    yield Sample("7z", "two reports", body, told, "application/x-7z-compressed")
