"""What is physically needed: a few lines each, on the same bytes as ours, nothing made slow."""

from __future__ import annotations

import ctypes
import io
import zipfile
from collections.abc import Mapping, Sequence

import lxml.etree
import lxml.html
import pypdfium2.raw as pdfium_c
from pypdfium2 import PdfDocument
from sqlite_utils import Database


def html(body: bytes) -> object:
    """Decoding and parsing."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("gb18030", "replace")
    return lxml.html.fromstring(text)


def pdf(body: bytes) -> int:
    """Loose boxes of the characters, and bounds of the paths, of every page."""
    box = pdfium_c.FS_RECTF()
    sides = [ctypes.c_float() for _ in range(4)]
    count = 0
    with PdfDocument(body) as document:
        for page in document:
            text = page.get_textpage()
            for index in range(text.count_chars()):
                pdfium_c.FPDFText_GetUnicode(text, index)
                pdfium_c.FPDFText_GetLooseCharBox(text, index, box)
                count += 1
            for index in range(pdfium_c.FPDFPage_CountObjects(page)):
                drawn = pdfium_c.FPDFPage_GetObject(page, index)
                if pdfium_c.FPDFPageObj_GetType(drawn) == pdfium_c.FPDF_PAGEOBJ_PATH:
                    pdfium_c.FPDFPageObj_GetBounds(drawn, *sides)
                    count += 1
    return count


def docx(body: bytes) -> object:
    """Unzipping and parsing the text's part."""
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        return lxml.etree.fromstring(packed.read("word/document.xml"))


def rows(db: Database, found: Mapping[str, Sequence[Sequence[object]]]) -> None:
    """One transaction, one statement a table."""
    with db.conn:
        for into, values in found.items():
            places = ", ".join("?" * len(values[0]))
            db.conn.executemany(f"INSERT {into} VALUES ({places})", values)
