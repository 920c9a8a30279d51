"""Reports as files: Word, workbooks and archives, written with nothing but the standard library.

Owns the writing of those files; PDF is `pdf`. The same report gives the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from . import pdf, reports
from .tables import Row, Span

SCAN = Path(__file__).parent.parent / "pipelines" / "documents" / "scan-150dpi"
"""A photographed report (.jpg) and the figures that it prints (.json)."""

MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    ".jpg": "image/jpeg",
}

_MAIN = "http://schemas.openxmlformats.org"
_WORD = f"{_MAIN}/wordprocessingml/2006/main"
_SHEET = f"{_MAIN}/spreadsheetml/2006/main"
_RELATIONS = f"{_MAIN}/package/2006/relationships"
_OFFICE = f"{_MAIN}/officeDocument/2006/relationships"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def file(report: reports.Report, ending: str) -> bytes:
    """A report as a file with an ending of MEDIA_TYPES."""
    if ending == ".pdf":
        sentences = [*reports.opening(report), "一、总体情况", *reports.chapters(report)[0].sentences]
        return pdf.report(report.title, sentences, report.figures)
    if ending == ".zip":
        return packed({f"{report.title}.docx": _docx(report)})
    if ending == ".jpg":
        return SCAN.with_suffix(".jpg").read_bytes()
    return {".docx": _docx, ".xlsx": _xlsx}[ending](report)


def scanned() -> dict[tuple[str, str, str], str]:
    """The cells that the picture of a scanned report shows, as printed."""
    cells = json.loads(SCAN.with_suffix(".json").read_text(encoding="utf-8"))
    return {(table, row, column): text for table, row, column, text in cells}


def packed(members: Mapping[str, bytes | str]) -> bytes:
    """A ZIP file, all of whose members carry one date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(
                zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content, compress_type=zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def _placed(rows: Sequence[Row]) -> Iterator[tuple[int, int, Span]]:
    """Each cell with its row and column, counted from 0."""
    taken: set[tuple[int, int]] = set()
    for y, row in enumerate(rows):
        x = 0
        for span in row:
            while (y, x) in taken:
                x += 1
            yield y, x, span
            taken.update((y + down, x + right) for down in range(span.rows) for right in range(span.cols))


def _docx(report: reports.Report) -> bytes:
    parts = [_paragraph(report.title), *map(_paragraph, reports.opening(report))]
    for chapter in reports.chapters(report):
        parts += [_paragraph(chapter.heading), *map(_paragraph, chapter.sentences)]
        if chapter.rows:
            parts.append(_word_table(chapter.rows))
    text = f'{_XML}<w:document xmlns:w="{_WORD}"><w:body>{"".join(parts)}<w:sectPr/></w:body></w:document>'
    return _package("word/document.xml", text, "wordprocessingml.document.main", {})


def _paragraph(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text, quote=False)}</w:t></w:r></w:p>'


def _word_table(rows: Sequence[Row]) -> str:
    """Cells that reach down are continued by empty ones, as Word has them."""
    lines: list[dict[int, str]] = [{} for _ in rows]
    width = 0
    for y, x, span in _placed(rows):
        width = max(width, x + span.cols)
        for down in range(span.rows):
            merge = "" if span.rows == 1 else f'<w:vMerge w:val="{"restart" if down == 0 else "continue"}"/>'
            wide = f'<w:gridSpan w:val="{span.cols}"/>' if span.cols > 1 else ""
            inner = _paragraph(span.text if down == 0 else "")
            lines[y + down][x] = f"<w:tc><w:tcPr>{wide}{merge}</w:tcPr>{inner}</w:tc>"
    written = "".join(f"<w:tr>{''.join(line[x] for x in sorted(line))}</w:tr>" for line in lines)
    grid = '<w:gridCol w:w="700"/>' * width
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{written}</w:tbl>"


def _xlsx(report: reports.Report) -> bytes:
    """One sheet: texts in the first column, the tables below their headings."""
    lines: list[dict[int, str]] = []
    merged: list[str] = []

    def tell(*texts: str) -> None:
        lines.extend({0: text} for text in texts)

    tell(report.title, *reports.opening(report))
    for chapter in reports.chapters(report):
        tell(chapter.heading, *chapter.sentences)
        first = len(lines)
        lines.extend({} for _ in chapter.rows)
        for y, x, span in _placed(chapter.rows):
            lines[first + y][x] = span.text
            if span.rows > 1 or span.cols > 1:
                end = _name(first + y + span.rows - 1, x + span.cols - 1)
                merged.append(f'<mergeCell ref="{_name(first + y, x)}:{end}"/>')
    data = "".join(
        f'<row r="{y + 1}">{"".join(_cell(y, x, line[x]) for x in sorted(line))}</row>'
        for y, line in enumerate(lines)
    )
    joined = f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>'
    sheet = f'{_XML}<worksheet xmlns="{_SHEET}"><sheetData>{data}</sheetData>{joined}</worksheet>'
    book = (
        f'{_XML}<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="年度报告" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    more = {
        "xl/worksheets/sheet1.xml": sheet,
        "xl/_rels/workbook.xml.rels": (
            f'{_XML}<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
        ),
    }
    return _package("xl/workbook.xml", book, "spreadsheetml.sheet.main", more)


def _name(y: int, x: int) -> str:
    return f"{chr(ord('A') + x)}{y + 1}"


def _cell(y: int, x: int, text: str) -> str:
    return f'<c r="{_name(y, x)}" t="inlineStr"><is><t>{escape(text, quote=False)}</t></is></c>'


def _package(name: str, content: str, kind: str, more: Mapping[str, str]) -> bytes:
    """An Office Open XML package whose main part is `name`."""
    office = "application/vnd.openxmlformats-officedocument."
    overrides = f'<Override PartName="/{name}" ContentType="{office}{kind}+xml"/>'
    overrides += "".join(
        f'<Override PartName="/{part}" ContentType="{office}spreadsheetml.worksheet+xml"/>'
        for part in more
        if part.endswith("sheet1.xml")
    )
    types = (
        f'{_XML}<Types xmlns="{_MAIN}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
    root = (
        f'{_XML}<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="{name}"/></Relationships>'
    )
    return packed({"[Content_Types].xml": types, "_rels/.rels": root, name: content, **more})
