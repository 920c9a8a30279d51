"""Writes the kept .doc, .xls and .xlsx files again: `python -m tests.pipelines.documents.make`.

Needs LibreOffice. The truth of each file is `renderings.distinct`, so it is not kept beside it.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

from pipelines.forms import Form
from pipelines.readers.libreoffice import converted
from pipelines.records import Cell
from tests.pipelines import renderings as r
from tests.pipelines import word

HERE = Path(__file__).parent
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    '<Override PartName="/word/footnotes.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    '{kind}" Target="{target}"/></Relationships>'
)
_WHO = 'w:id="7" w:author="张三" w:date="2022-01-05T09:00:00Z"'
UNSEEN = {
    "deleted": f"<w:del {_WHO}><w:r><w:delText>9</w:delText></w:r></w:del>",
    "hidden": word.run("9", "<w:vanish/>"),
    "struck": word.run("9", "<w:strike/>"),
    "raised": word.run("9", '<w:vertAlign w:val="superscript"/>'),
    "noted": '<w:r><w:footnoteReference w:id="2"/></w:r>',
}
"""What a reader of the page does not count, by name; `seen.doc` puts each behind figures."""


def whole(body: str) -> bytes:
    """A .docx that LibreOffice opens: column widths, a footnote, relations."""
    grid = (
        "<w:tblPr><w:tblBorders><w:insideH w:val='single'/></w:tblBorders></w:tblPr><w:tblGrid>{}</w:tblGrid>"
    )
    pieces = body.split("<w:tbl>")
    body = pieces[0] + "".join(
        "<w:tbl>" + grid.format('<w:gridCol w:w="600"/>' * columns) + piece
        for piece, columns in zip(pieces[1:], _widths(pieces[1:]), strict=True)
    )
    with zipfile.ZipFile(BytesIO(word.packed(body))) as made:
        document = made.read("word/document.xml")
    note = "<w:footnote w:id='2'><w:p>" + word.run("含撤回 3 件") + "</w:p></w:footnote>"
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS.format(kind="officeDocument", target="word/document.xml"))
        archive.writestr("word/document.xml", document)
        relations = _RELATIONS.format(kind="footnotes", target="footnotes.xml")
        archive.writestr("word/_rels/document.xml.rels", relations)
        archive.writestr("word/footnotes.xml", f"<w:footnotes {word.NAMESPACES}>{note}</w:footnotes>")
    return file.getvalue()


def _widths(tables: list[str]) -> list[int]:
    """The number of grid columns of each table."""
    widths = []
    for text in tables:
        first = text.partition("</w:tr>")[0]
        spans = [int(part.partition('"')[0]) for part in first.split('<w:gridSpan w:val="')[1:]]
        widths.append(sum(spans) + first.count("<w:tc>") - len(spans))
    return widths


def blanked(printed: r.Printed) -> dict[Cell, str]:
    """The figures with the row of what was carried in empty, as many reports leave it."""
    return {cell: "" if cell.row == "carried_in" else text for cell, text in printed.items()}


def seen(form: Form) -> str:
    """A report whose figures have beside them what is not seen, or are written in unusual ways."""
    printed = blanked(r.distinct(form))
    body = word.body(form, printed)
    for number, cell in enumerate(cell for cell in printed if cell.row in ("received_new", "disclosed_full")):
        plain = word.paragraph(word.run(printed[cell]))
        ways = [
            *(lambda text, more=more: word.paragraph(word.run(text), more) for more in UNSEEN.values()),
            *WAYS,
        ]
        assert body.count(plain) == 1
        body = body.replace(plain, ways[number % len(ways)](printed[cell]))
    return body


def framed(form: Form) -> str:
    """A report that stands in the one cell of a table."""
    return f"<w:tbl><w:tr><w:tc>{word.body(form, r.distinct(form))}{word.paragraph()}</w:tc></w:tr></w:tbl>"


_DRAWING = (
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml"'
)


def text_box(content: str) -> str:
    """A run that anchors a floating text box, as Word writes it: once for new programs, once for old."""
    shape = (
        '<wp:anchor simplePos="0" relativeHeight="2" behindDoc="0" locked="0" layoutInCell="1" '
        'allowOverlap="1"><wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="column"><wp:posOffset>0'
        '</wp:posOffset></wp:positionH><wp:positionV relativeFrom="paragraph"><wp:posOffset>0</wp:posOffset>'
        '</wp:positionV><wp:extent cx="2000000" cy="1000000"/><wp:wrapNone/><wp:docPr id="1" name="T"/>'
        '<a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
        '<wps:wsp><wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="2000000" '
        'cy="1000000"/></a:xfrm><a:prstGeom prst="rect"/></wps:spPr><wps:txbx><w:txbxContent>'
        f"{content}</w:txbxContent></wps:txbx><wps:bodyPr/></wps:wsp></a:graphicData></a:graphic></wp:anchor>"
    )
    older = (
        f"<w:pict><v:shape><v:textbox><w:txbxContent>{content}</w:txbxContent></v:textbox></v:shape></w:pict>"
    )
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps" {_DRAWING}><w:drawing>{shape}</w:drawing>'
        f"</mc:Choice><mc:Fallback {_DRAWING}>{older}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def boxed(form: Form) -> str:
    """A report whose title and the table of chapter four stand in floating text boxes."""
    body = word.body(form, r.distinct(form))
    title = word.paragraph(word.run(r.TITLE))
    table = word.table(r.review_rows(form, r.distinct(form)))
    assert body.count(title) == body.count(table) == 1
    body = body.replace(title, word.paragraph(word.run("样例局文件"), text_box(title)))
    return body.replace(table, word.paragraph(text_box(table + word.paragraph())))


def _field(text: str) -> str:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    code = "<w:r><w:instrText>=SUM(ABOVE) 99</w:instrText></w:r>"
    return word.paragraph(mark("begin"), code, mark("separate"), word.run(text), mark("end"))


WAYS = (
    _field,
    lambda text: word.paragraph(word.run(text[:2]), word.run(text[2:], "<w:b/>")),
    lambda text: word.paragraph(f"<w:ins {_WHO}>{word.run(text)}</w:ins>"),
    lambda text: word.paragraph() + word.paragraph(word.run(f" {text}\u00a0")),
    lambda text: word.paragraph(word.run(text)) + word.paragraph(),
)


def main() -> None:
    """Writes every file."""
    for form in r.both_forms():
        (HERE / f"official-{form.id}.doc").write_bytes(
            converted(whole(word.body(form, r.distinct(form))), "docx", "doc")
        )
        page = r.official(form, r.distinct(form)).encode()
        for ending in ("xls", "xlsx"):
            (HERE / f"official-{form.id}.{ending}").write_bytes(converted(page, "html", ending, "calc"))
    newest = r.both_forms()[-1]
    (HERE / "seen.doc").write_bytes(converted(whole(seen(newest)), "docx", "doc"))
    (HERE / "boxed.doc").write_bytes(converted(whole(boxed(newest)), "docx", "doc"))
    (HERE / "framed.doc").write_bytes(converted(whole(framed(newest)), "docx", "doc"))


if __name__ == "__main__":
    main()
