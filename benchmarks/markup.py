"""Documents of the tests with the mark-up at the length that the programs write it.

A test's document says what a reader has to understand and nothing else: its mark-up is a fifth to a tenth of
that of a real report, and so would be what it takes to unpack and parse it.
"""

from __future__ import annotations

import io
import re
import zipfile

_STYLES = {
    b"border:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt": (
        b"border-top:solid windowtext 1.0pt;border-left:solid windowtext 1.0pt;"
        b"border-bottom:solid windowtext 1.0pt;border-right:solid windowtext 1.0pt;"
        b"mso-border-alt:solid windowtext .5pt;padding-top:0cm;padding-right:5.4pt;padding-bottom:0cm;"
        b"padding-left:5.4pt"
    ),
    b"margin:0cm;text-align:center;line-height:150%;mso-pagination:widow-orphan": (
        b"margin-top:0cm;margin-right:0cm;margin-bottom:0cm;margin-left:0cm;text-align:center;"
        b"text-indent:0cm;line-height:150%;mso-pagination:widow-orphan;layout-grid-mode:char"
    ),
}


def as_word_writes(page: bytes) -> bytes:
    """A page pasted from Word with the styles of its cells: a real report's page has 130 to 170 kB."""
    for short, long in _STYLES.items():
        page = page.replace(short, long)
    return page


_BORDERS = "".join(
    f'<w:{side} w:val="single" w:color="auto" w:sz="8" w:space="0"/>'
    for side in ("top", "left", "bottom", "right")
)
_WIDTH = '<w:tcW w:w="714" w:type="dxa"/>'
_CELL = (
    f'<w:tcBorders>{_BORDERS}</w:tcBorders><w:shd w:val="clear" w:color="auto" w:fill="auto"/>'
    '<w:vAlign w:val="center"/>'
)
_PARAGRAPH = (
    '<w:pPr><w:keepNext w:val="0"/><w:keepLines w:val="0"/><w:widowControl/>'
    '<w:suppressLineNumbers w:val="0"/><w:spacing w:before="0" w:beforeAutospacing="1" w:after="0"'
    ' w:afterAutospacing="0"/><w:ind w:left="0" w:right="0"/><w:jc w:val="center"/></w:pPr>'
)
_RUN = (
    '<w:rPr><w:rFonts w:hint="eastAsia" w:ascii="宋体" w:hAnsi="宋体" w:eastAsia="宋体" w:cs="宋体"/>'
    '<w:kern w:val="0"/><w:sz w:val="20"/><w:szCs w:val="20"/>'
    '<w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar"/></w:rPr>'
)
_TEXT = "word/document.xml"


def as_word_packs(body: bytes) -> bytes:
    """A DOCX with width, borders and shade of every cell, layout of every paragraph and font of every run:
    the text's part of a real report has 250 to 300 kB.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, _dressed(part.decode()) if name == _TEXT else part)
    return made.getvalue()


def text_size(body: bytes) -> int:
    """Bytes of the text's part of a DOCX, unpacked."""
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        return packed.getinfo(_TEXT).file_size


def _dressed(text: str) -> str:
    text = re.sub(r"<w:tcPr>(.*?)</w:tcPr>", rf"<w:tcPr>{_WIDTH}\1{_CELL}</w:tcPr>", text)
    text = re.sub(r"<w:p>(?!<w:pPr>)", f"<w:p>{_PARAGRAPH}", text)
    return re.sub(r"<w:r>(?!<w:rPr>)", f"<w:r>{_RUN}", text)
