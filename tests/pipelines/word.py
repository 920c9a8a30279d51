"""Writes .docx files of the statutory tables, as Word and WPS do, for the tests of the reader."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping
from html import escape
from io import BytesIO

from pipelines.forms import TABLES, Form
from tests.pipelines import renderings as r

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def run(text: str, properties: str = "") -> str:
    own = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{own}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(runs)}</w:p>"


def cell(content: str, colspan: int = 1, merge: str | None = None) -> str:
    span = f'<w:gridSpan w:val="{colspan}"/>' if colspan > 1 else ""
    down = {"restart": '<w:vMerge w:val="restart"/>', "continue": "<w:vMerge/>", None: ""}[merge]
    return f"<w:tc><w:tcPr>{span}{down}</w:tcPr>{content}</w:tc>"


def table(rows: Iterable[str]) -> str:
    """A w:tbl from HTML rows of tests.pipelines.renderings; rowspans become vMerge."""
    written = []
    hanging: dict[int, tuple[int, int]] = {}  # column → rows still to come, colspan
    for row in rows:
        cells, hanging = _row(row, hanging)
        written.append(f"<w:tr>{''.join(cells)}</w:tr>")
    return f"<w:tbl>{''.join(written)}</w:tbl>"


def _row(row: str, hanging: Mapping[int, tuple[int, int]]) -> tuple[list[str], dict[int, tuple[int, int]]]:
    """The cells of a row, and the cells that reach down from it."""
    cells: list[str] = []
    below: dict[int, tuple[int, int]] = {}
    column = 0
    given = [*re.findall(r"<td([^>]*)>(.*?)</td>", row, re.DOTALL), None]
    for own in given:
        while column in hanging:
            left, span = hanging[column]
            cells.append(cell(paragraph(), span, "continue"))
            if left > 1:
                below[column] = (left - 1, span)
            column += span
        if own is None:
            break
        spans, text = own
        across = int(m[1]) if (m := re.search(r'colspan="(\d+)"', spans)) else 1
        down = int(m[1]) if (m := re.search(r'rowspan="(\d+)"', spans)) else 1
        content = "".join(paragraph(run(line)) for line in re.split(r"<br>|\n", text))
        cells.append(cell(content, across, "restart" if down > 1 else None))
        if down > 1:
            below[column] = (down - 1, across)
        column += across
    return cells, below


def packed(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A document of this w:body, with further parts by their names."""
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><w:document {NAMESPACES}><w:body>{body}</w:body></w:document>'
    )
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document)
        for name, part in (parts or {}).items():
            archive.writestr(name, part)
    return file.getvalue()


def body(form: Form, printed: r.Printed, **changed: str) -> str:
    """The w:body of a report with six chapters; `changed` replaces whole tables."""
    tables: Mapping[str, str] = {
        "proactive": table(r.proactive_rows(form, printed)),
        "applications": table(r.applications_rows(form, printed)),
        "review_litigation": table(r.review_rows(form, printed)),
        **changed,
    }
    prose = paragraph(run("本单位按照条例要求公开信息，数据以表格为准。" * 6))
    parts = [paragraph(run(r.TITLE)), prose, paragraph(run("一、总体情况")), prose]
    for code in TABLES:
        parts += [paragraph(run(r.CHAPTERS[code])), tables[code]]
    parts += [
        paragraph(run("五、存在的主要问题及改进情况")),
        prose,
        paragraph(run("六、其他需要报告的事项"), run("")),
        paragraph(run("无")),
    ]
    return "".join(parts)


def report(form: Form, printed: r.Printed, **changed: str) -> bytes:
    return packed(body(form, printed, **changed))


def picture(relation: str, points: float = 450) -> str:
    """A paragraph that shows a picture file, as wide as a page's text."""
    extent = f'<wp:extent cx="{round(12700 * points)}" cy="1"/>'
    return paragraph(
        "<w:r><w:drawing>"
        '<wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f'{extent}<a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        f'r:embed="{relation}"/></wp:inline></w:drawing></w:r>'
    )


def pictured(body: str, files: Mapping[str, bytes]) -> bytes:
    """A document with picture files, which `picture` names as rId1, rId2 … in this order."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="media/{name}"/>'
        for number, name in enumerate(files, 1)
    )
    file = BytesIO(packed(body))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/_rels/document.xml.rels", f"<Relationships>{related}</Relationships>")
        for name, content in files.items():
            archive.writestr(f"word/media/{name}", content)
    return file.getvalue()
