"""PDF → Content, through PDFium: characters with their boxes, rulings, and nothing of the text order.

Owns what is peculiar to PDF: turned pages, text that is there and not seen (OCR under a scan),
rulings drawn as lines, as thin rectangles or as stretched images, damage that PDFium passes over.
PDFium mends a damaged file silently and shows what is left, so that cells look blank; therefore
the checksums of all packed streams are verified first.
"""

from __future__ import annotations

import ctypes
import math
import re
import struct
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from pipelines.content import Content
from pipelines.raster import Raster
from pipelines.readers import UnreadableDocumentError, scan
from pipelines.readers.drawn import MOST_PAGES, content_of, overfull
from pipelines.readers.embedded import misses_tables
from pipelines.readers.lines import UNTOLD, Char
from pipelines.readers.ruled import Page, Rule
from pipelines.records import Problem

if TYPE_CHECKING:
    from pipelines.readers.picture import Grey

MEDIA_TYPE = "application/pdf"

_MOST_UNPACKED = 128 * 1024 * 1024
"""Bytes of all packed streams but images; embedded Chinese fonts have some 20 MB each."""

_PACKED = re.compile(rb"/Filter\s*\[?\s*/FlateDecode(?:(?!endobj).){0,600}?stream\r?\n", re.DOTALL)
_UPDATE = re.compile(rb"\s\d{1,9}\s+\d{1,5}\s+obj|\sxref\s|\s\d{1,9}(?:\s+\d{0,5}(?:\s+o?b?)?)?$")
"""What stands after the last end mark where a later version of the document was cut off: a whole
object, or the beginning of one. Cut off right at the end mark it leaves no trace."""

_START = re.compile(rb"startxref\s+(\d{1,12})\s")
_OBJECTS = re.compile(rb"\s{0,8}(?:xref\b|\d{1,9}\s+\d{1,5}\s+obj\b)")

_LINEARIZED = re.compile(rb"/Linearized\b(?:(?!endobj).){0,200}?/L\s+(\d{1,12})", re.DOTALL)

_GATHERED = (
    "the PDF's table of objects is not where the file says: its parts were gathered from all over the file,"
    " and may be an older version's or another document's"
)

_THIN = 4.0
"""A filled shape no thicker is a ruling."""

_DEEPEST = 6
_MOST_SEGMENTS = 5_000
_SCAN_SHARE = 0.4
_SOLID = bytes(range(250, 256))
"""The opacities of pixels that hide what is below them."""
_LEAST_SEEN = 0.02
"""The share of other pixels in a picture that hides what is below it: turned, it has pale corners."""
_STAMPED = 60
"""Characters that programs and people set over a scan (a page number, the name of an app); more are text."""

_TABLE_WIDTH, _TABLE_HEIGHT = 200.0, 50.0
"""Points: a picture that shows a table is as large; seals and codes to scan are smaller."""

_MOST_SIDE = 5000
"""Pixels: a page of two metres is drawn coarser."""

_LOW = 7.0
"""Points: a lower box may be that of the ink alone."""

_SHOWN_DPI = 150
_MOST_SHOWN = 4000
"""Pixels: a page is shown no larger."""

_MOST_CHARS = 100_000
"""Characters of a page by which its turn is told."""

_SPACES = frozenset({0x20, 0x0D, 0x0A, 0x09, 0xA0, 0x3000})

_HYPHENS = {0x02: "-", 0xFFFE: "-", 0xAD: "-"}
_HIDDEN = frozenset({pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP})
_FIELDS = frozenset({pdfium_c.FPDF_ANNOT_WIDGET, pdfium_c.FPDF_ANNOT_FREETEXT})

_CROSSES = frozenset({pdfium_c.FPDF_ANNOT_STRIKEOUT, pdfium_c.FPDF_ANNOT_REDACT})
_FRAMES = frozenset({pdfium_c.FPDF_ANNOT_SQUARE, pdfium_c.FPDF_ANNOT_CIRCLE, pdfium_c.FPDF_ANNOT_POLYGON})
_WHITE, _OPAQUE = 250, 250
"""Of 255: colours from here on are taken for white, and paint for opaque."""
_DARK = 0.3, 0.7
"""Of a digit's height: a line through the digit between these strikes it."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, as on the page."""

Handle = Any
"""A pointer that PDFium hands out."""

Matrix = tuple[float, float, float, float, float, float]
_AS_IT_IS: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def _address(handle: Handle) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _direct(function: Handle, result: Handle, *arguments: Handle) -> Handle:
    """A function of PDFium that takes and gives addresses as numbers.

    What is asked of every character and every line of a drawing is asked so: with pypdfium2's own bindings
    the look at each pointer's type, and the objects that hold it, cost more than what PDFium does.
    """
    return ctypes.PYFUNCTYPE(result, *arguments)(_address(function))


# Faster than asking an array of ctypes for its items one by one.
_BOX, _MATRIX, _COLOUR, _POINT = map(struct.Struct, ("4f", "6f", "4I", "2f"))

_POINTER, _INT, _FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
_unicode = _direct(pdfium_c.FPDFText_GetUnicode, ctypes.c_uint, _POINTER, _INT)
_loose_box = _direct(pdfium_c.FPDFText_GetLooseCharBox, _INT, _POINTER, _INT, _POINTER)
_is_unmapped = _direct(pdfium_c.FPDFText_HasUnicodeMapError, _INT, _POINTER, _INT)
_angle = _direct(pdfium_c.FPDFText_GetCharAngle, _FLOAT, _POINTER, _INT)
_text_object = _direct(pdfium_c.FPDFText_GetTextObject, _POINTER, _POINTER, _INT)
_page_object = _direct(pdfium_c.FPDFPage_GetObject, _POINTER, _POINTER, _INT)
_form_object = _direct(pdfium_c.FPDFFormObj_GetObject, _POINTER, _POINTER, ctypes.c_ulong)
_form_count = _direct(pdfium_c.FPDFFormObj_CountObjects, _INT, _POINTER)
_kind = _direct(pdfium_c.FPDFPageObj_GetType, _INT, _POINTER)
_render_mode = _direct(pdfium_c.FPDFTextObj_GetTextRenderMode, _INT, _POINTER)
_fill_colour = _direct(pdfium_c.FPDFPageObj_GetFillColor, _INT, *[_POINTER] * 5)
_object_matrix = _direct(pdfium_c.FPDFPageObj_GetMatrix, _INT, _POINTER, _POINTER)
_object_bounds = _direct(pdfium_c.FPDFPageObj_GetBounds, _INT, *[_POINTER] * 5)
_draw_mode = _direct(pdfium_c.FPDFPath_GetDrawMode, _INT, _POINTER, _POINTER, _POINTER)
_segment_count = _direct(pdfium_c.FPDFPath_CountSegments, _INT, _POINTER)
_segment = _direct(pdfium_c.FPDFPath_GetPathSegment, _POINTER, _POINTER, _INT)
_segment_kind = _direct(pdfium_c.FPDFPathSegment_GetType, _INT, _POINTER)
_segment_point = _direct(pdfium_c.FPDFPathSegment_GetPoint, _INT, _POINTER, _POINTER, _POINTER)
_segment_closes = _direct(pdfium_c.FPDFPathSegment_GetClose, _INT, _POINTER)


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a PDF; raises UnreadableDocumentError where it is damaged, encrypted or a scan."""
    packed = _verified(body)
    with _opened(body) as document:
        count = pdfium_c.FPDF_GetPageCount(document)
        if not 0 < count <= MOST_PAGES:
            raise UnreadableDocumentError("too_many_pages", f"{count} pages; a report has up to {MOST_PAGES}")
        layered = _has_layers(body, packed)
        pages = [_page(document, index, layered=layered) for index in range(count)]
        pages = [_recognised(document, page) for page in pages]
        problems = _completed(document, pages)
    if not _table_of_objects_stands(body):
        problems.append(Problem(code="damaged_document", detail=_GATHERED))
    content = content_of(pages, MEDIA_TYPE, url)
    return replace(content, problems=(*content.problems, *problems)) if problems else content


class DrawnPage(NamedTuple):
    """A page as it is read, upright: its pixels, how many are a point, and the characters that stand on it
    (none on a scan).
    """

    raster: Raster
    per_point: float
    chars: list[Char]


def drawn_page(body: bytes, number: int) -> DrawnPage | None:
    """A page of a PDF, to show the places that `read` names; None where the PDF has no such page.

    Raises UnreadableDocumentError as `read` does.
    """
    packed = _verified(body)
    with _opened(body) as document:
        if not 0 < number <= min(pdfium_c.FPDF_GetPageCount(document), MOST_PAGES):
            return None
        page = _page(document, number - 1, layered=_has_layers(body, packed))
        if _is_scan(page):
            scan.require()
            grey, _, per_point = _picture(document, number)
            grey, per_point = scan.upright(grey, per_point)
            height, width = grey.shape
            return DrawnPage(Raster(width, height, 1, bytearray(grey.tobytes())), per_point, [])
        return _drawn(document, page)


def _drawn(document: Handle, page: Page) -> DrawnPage:
    """A page of text drawn in colours, turned as its text stands; what its fields hold is part of it since
    it was read.
    """
    handle = pdfium_c.FPDF_LoadPage(document, page.number - 1)
    try:
        turn = (_turns(handle) - pdfium_c.FPDFPage_GetRotation(handle)) % 4
        per_point = min(_SHOWN_DPI / 72, _MOST_SHOWN / max(page.width, page.height, 1.0))
        size = max(1, round(page.width * per_point)), max(1, round(page.height * per_point))
        bitmap = pdfium.PdfBitmap.new_native(*size, pdfium_c.FPDFBitmap_BGR)
        try:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
            flags = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER
            pdfium_c.FPDF_RenderPageBitmap(bitmap.raw, handle, 0, 0, *size, turn, flags)
            return DrawnPage(
                Raster.of_rows(*size, 3, bytes(bitmap.buffer), bitmap.stride), per_point, page.chars
            )
        finally:
            bitmap.close()
    finally:
        pdfium_c.FPDF_ClosePage(handle)


def _turns(handle: Handle) -> int:
    """By how many quarter turns clockwise a page must be turned to set its text upright."""
    text = pdfium_c.FPDFText_LoadPage(handle)
    try:
        angles = _angles(text, min(pdfium_c.FPDFText_CountChars(text), _MOST_CHARS)) if text else []
    finally:
        if text:
            pdfium_c.FPDFText_ClosePage(text)
    return _upright_by(angles, handle)


def _upright_by(angles: list[int | None], handle: Handle) -> int:
    """The quarter turns that most characters ask for, or the page's own where it has none."""
    turned = Counter(quarter for quarter in angles if quarter is not None)
    return int(turned.most_common(1)[0][0] if turned else pdfium_c.FPDFPage_GetRotation(handle))


# The file ---------------------------------------------------------------------------------------


def _verified(body: bytes) -> list[range]:
    """The heads of the file's packed streams; raises UnreadableDocumentError where a stream is damaged, or
    unpacks to too much.
    """
    end = body.rfind(b"%%EOF")
    if end < 0 or _UPDATE.search(body, end + 5):
        raise UnreadableDocumentError("damaged_document", "the end of the PDF is missing")
    told = _LINEARIZED.search(body, 0, 2048)
    if told and len(body) < int(told[1]):
        raise UnreadableDocumentError(
            "damaged_document", f"the PDF says that it has {int(told[1])} bytes and has {len(body)}"
        )
    packed = _packed_heads(body)
    if b"/Encrypt" in body:
        return packed  # its streams are not what they say before PDFium has the key
    unpacked = 0
    for head in packed:
        if not _is_picture(body, head.start, head.stop):
            unpacked += _unpacked(body, head.stop, _MOST_UNPACKED - unpacked)
    return packed


def _packed_heads(body: bytes) -> list[range]:
    """Where the file says of its streams that they are packed, each up to the stream itself."""
    return [range(*found.span()) for found in _PACKED.finditer(body)]


def _table_of_objects_stands(body: bytes) -> bool:
    """Whether the file's last pointer leads to a table of objects (ISO 32000-1, 7.5.5).

    Where it does not, PDFium gathers the objects that it finds, which may be those of two files.
    """
    pointers = _START.findall(body)
    before = max(body.find(b"%PDF-", 0, 1024), 0)
    return bool(pointers) and any(_OBJECTS.match(body, int(pointers[-1]) + by) for by in {0, before})


def _has_layers(body: bytes, packed: Sequence[range]) -> bool:
    """Whether the document has layers that can be switched off (ISO 32000-1, 8.11)."""
    if b"/OCProperties" in body:
        return True
    for head in packed:
        if b"/ObjStm" in body[max(0, head.start - 200) : head.stop]:
            with suppress(zlib.error):
                if b"/OCProperties" in zlib.decompressobj().decompress(body[head.stop :], 1 << 22):
                    return True
    return False


def _is_picture(body: bytes, start: int, end: int) -> bool:
    opening = body.rfind(b"obj", max(0, start - 600), start)
    return b"/Image" in body[max(opening, 0) : end]


def _unpacked(body: bytes, start: int, most: int) -> int:
    """The length of a stream when unpacked."""
    stream = zlib.decompressobj()
    length, used, view = 0, 0, memoryview(body)[start:]
    try:
        pending: bytes | memoryview = view[:65536]
        while not stream.eof and pending:
            length += len(stream.decompress(pending, 1 << 20))
            if length > most:
                raise UnreadableDocumentError("damaged_document", f"a stream unpacks to over {most} bytes")
            if stream.unconsumed_tail:
                pending = stream.unconsumed_tail
            else:
                used += 65536
                pending = view[used : used + 65536]
    except zlib.error as error:
        raise UnreadableDocumentError(
            "damaged_document", f"a packed stream at byte {start} of the PDF is damaged: {error}"
        ) from error
    if not stream.eof:
        raise UnreadableDocumentError("damaged_document", f"a packed stream at byte {start} breaks off")
    return length


@contextmanager
def _opened(body: bytes) -> Iterator[Any]:
    """PDFium's handle of a document, closed at the end whatever happens."""
    try:
        document = pdfium.PdfDocument(body)
    except pdfium.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY) or "assword" in str(error):
            raise UnreadableDocumentError("encrypted_document", "the PDF asks for a password") from error
        raise UnreadableDocumentError("damaged_document", f"the PDF is damaged: {error}") from error
    try:
        yield document.raw
    finally:
        document.close()


# A scan -----------------------------------------------------------------------------------------


def _recognised(document: Handle, page: Page) -> Page:
    """The page, read from its picture where it is one and holds no text to speak of."""
    if page.unread or not _is_scan(page):
        return page
    try:
        scan.require()
        return scan.scanned_page(*_picture(document, page.number))
    except UnreadableDocumentError as error:
        page.unread, page.code = str(error), error.code
        return page


def _is_scan(page: Page) -> bool:
    """Whether a page is a picture, with no more text over it than programs and people set there."""
    return page.pictured and len(page.chars) <= _STAMPED and not (page.horizontal and page.vertical)


def _completed(document: Handle, pages: list[Page]) -> list[Problem]:
    """Adds to pages of text what their larger pictures show, where the text misses a statutory table;
    gives the problems of those that cannot be read.
    """
    if scan.are_pictures_left_out() or not misses_tables("".join(c.text for p in pages for c in p.chars)):
        return []
    problems = []
    for page in pages:
        boxes = [] if page.unread or page.scanned else _table_pictures(document, page)
        try:
            if boxes:
                scan.require()
                _add_pictures(page, *_picture(document, page.number), boxes)
        except UnreadableDocumentError as error:
            detail = f"page {page.number} shows pictures that may be tables: {error}"
            problems.append(Problem(code=error.code, where={"page": page.number}, detail=detail))
    return problems


def _table_pictures(document: Handle, page: Page) -> list[tuple[float, float, float, float]]:
    """The boxes of a page's pictures that are as large as a table and have no text set over them."""
    handle = pdfium_c.FPDF_LoadPage(document, page.number - 1)
    box = pdfium_c.FS_RECTF()
    try:
        if pdfium_c.FPDFPage_GetRotation(handle) or not pdfium_c.FPDF_GetPageBoundingBox(handle, box):
            return []
        images = _Shapes(handle).images
    finally:
        pdfium_c.FPDF_ClosePage(handle)
    frame = _Frame(box.left, box.bottom, box.right, box.top, 0)
    if frame.size != (page.width, page.height):
        return []
    found = []
    for x0, y0, x1, y1 in (frame.box(*image) for image in images):
        x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, page.width), min(y1, page.height)
        over = sum(x0 < (c.x0 + c.x1) / 2 < x1 and y0 < (c.y0 + c.y1) / 2 < y1 for c in page.chars)
        if x1 - x0 >= _TABLE_WIDTH and y1 - y0 >= _TABLE_HEIGHT and over <= _STAMPED // 10:
            found.append((x0, y0, x1, y1))
    return found


def _add_pictures(
    page: Page, grey: Grey, number: int, scale: float, boxes: list[tuple[float, float, float, float]]
) -> None:
    for x0, y0, x1, y1 in boxes:
        cut = grey[round(y0 * scale) : round(y1 * scale), round(x0 * scale) : round(x1 * scale)]
        shown = scan.scanned_page(cut.copy(), number, scale)
        if not shown.chars or not (shown.horizontal and shown.vertical):
            continue  # a photograph
        page.chars += [Char(c.text, c.x0 + x0, c.y0 + y0, c.x1 + x0, c.y1 + y0) for c in shown.chars]
        page.horizontal += [Rule(r.at + y0, r.start + x0, r.end + x0) for r in shown.horizontal]
        page.vertical += [Rule(r.at + x0, r.start + y0, r.end + y0) for r in shown.vertical]
        page.scanned = True


def _picture(document: Handle, number: int) -> tuple[Grey, int, float]:
    """A page drawn in grey, its number, and pixels a point."""
    handle = pdfium_c.FPDF_LoadPage(document, number - 1)
    try:
        width, height = pdfium_c.FPDF_GetPageWidthF(handle), pdfium_c.FPDF_GetPageHeightF(handle)
        scale = scan.DPI / 72
        if max(width, height) * scale > _MOST_SIDE:
            scale = _MOST_SIDE / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        bitmap = pdfium.PdfBitmap.new_native(*size, pdfium_c.FPDFBitmap_Gray)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
        pdfium_c.FPDF_RenderPageBitmap(bitmap.raw, handle, 0, 0, *size, 0, pdfium_c.FPDF_ANNOT)
        grey = bitmap.to_numpy().reshape(size[1], -1)[:, : size[0]].copy()
        bitmap.close()
        return grey, number, scale
    finally:
        pdfium_c.FPDF_ClosePage(handle)


# A page -----------------------------------------------------------------------------------------


def _page(document: Handle, index: int, *, layered: bool = False) -> Page:
    handle = pdfium_c.FPDF_LoadPage(document, index)
    if not handle:
        raise UnreadableDocumentError("damaged_document", f"page {index + 1} of the PDF cannot be opened")
    try:
        if _has_fields(handle) and pdfium_c.FPDFPage_Flatten(handle, 0) == pdfium_c.FLATTEN_SUCCESS:
            pdfium_c.FPDF_ClosePage(handle)
            handle = pdfium_c.FPDF_LoadPage(document, index)
        return _drawing(document, handle, index + 1, layered=layered)
    finally:
        if handle:
            pdfium_c.FPDF_ClosePage(handle)


def _crossed(handle: Handle) -> list[Box]:
    """The boxes of notes that strike what is below them or hide it."""
    found = []
    box = pdfium_c.FS_RECTF()
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(handle), 2000)):
        note = pdfium_c.FPDFPage_GetAnnot(handle, index)
        kind = pdfium_c.FPDFAnnot_GetSubtype(note)
        hides = kind in _FRAMES and pdfium_c.FPDFAnnot_HasKey(note, b"IC")
        if (hides or kind in _CROSSES) and pdfium_c.FPDFAnnot_GetRect(note, box):
            found.append((box.left, box.bottom, box.right, box.top))
        pdfium_c.FPDFPage_CloseAnnot(note)
    return found


def _has_fields(handle: Handle) -> bool:
    """Whether fields or notes hold text that is no part of the page until they are drawn on it."""
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(handle), 2000)):
        note = pdfium_c.FPDFPage_GetAnnot(handle, index)
        kind = pdfium_c.FPDFAnnot_GetSubtype(note)
        pdfium_c.FPDFPage_CloseAnnot(note)
        if kind in _FIELDS:
            return True
    return False


class _Frame(NamedTuple):
    """The visible part of a page, and by how many quarter turns its text stands upright."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height when upright."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turns % 2 else (width, height)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point of the page counted from the top left corner of the upright page."""
        if self.turns == 0:
            return x - self.left, self.top - y
        if self.turns == 1:
            return y - self.bottom, x - self.left
        if self.turns == 2:
            return self.right - x, y - self.bottom
        return self.top - y, self.right - x

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """A box of the page on the upright page."""
        if self.turns == 0 and x0 <= x1 and y0 <= y1:
            return x0 - self.left, self.top - y1, x1 - self.left, self.top - y0
        ax, ay = self.place(x0, y0)
        bx, by = self.place(x1, y1)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def _drawing(document: Handle, handle: Handle, number: int, *, layered: bool = False) -> Page:
    box = pdfium_c.FS_RECTF()
    if not handle or not pdfium_c.FPDF_GetPageBoundingBox(handle, box):
        return Page(number, 0, 0, unread="it cannot be opened")
    text = pdfium_c.FPDFText_LoadPage(handle)
    try:
        count = pdfium_c.FPDFText_CountChars(text) if text else 0
        objects = pdfium_c.FPDFPage_CountObjects(handle)
        reason = overfull(count, objects)
        if reason:
            return Page(number, box.right - box.left, box.top - box.bottom, unread=reason)
        shapes = _Shapes(handle, layered=layered)
        least = _SCAN_SHARE * (box.right - box.left) * (box.top - box.bottom)
        for painted, area, shape in shapes.overlaid:
            # A recognised text lies under the picture of its page; a watermark lets the text be seen.
            if (area[2] - area[0]) * (area[3] - area[1]) > least and _hides(document, handle, shape, area):
                shapes.hide_under(painted, area)
        angles = _angles(text, count)
        turns = _upright_by(angles, handle)
        frame = _Frame(box.left, box.bottom, box.right, box.top, turns)
        page = Page(number, *frame.size)
        page.chars = list(_chars(text, angles, frame, shapes, page.beyond))
    finally:
        if text:
            pdfium_c.FPDFText_ClosePage(text)
    for x0, y0, x1, y1 in shapes.rules:
        left, top, right, bottom = frame.box(x0, y0, x1, y1)
        if right - left >= bottom - top:
            page.horizontal.append(Rule((top + bottom) / 2, left, right))
        else:
            page.vertical.append(Rule((left + right) / 2, top, bottom))
    crossed = [frame.box(*box) for box in _crossed(handle)]
    page.chars = _doubted(page.chars, page.horizontal, crossed)
    page.pictured = shapes.pictured > least
    return page


def _angles(text: Handle, count: int) -> list[int | None]:
    """By how many quarter turns clockwise each character's page must be turned to set it upright;
    None for a slanted one (a watermark).
    """
    turned = list(map(_angle, repeat(_address(text), count), range(count)))
    if not any(turned):
        return [0] * count
    found: list[int | None] = []
    known: dict[float, int | None] = {0.0: 0}
    for radians in turned:
        if radians not in known:
            quarters = radians / (math.pi / 2)
            nearest = round(quarters)
            known[radians] = -nearest % 4 if abs(quarters - nearest) < 0.06 else None
        found.append(known[radians])
    return found


def _chars(
    text: Handle, angles: list[int | None], frame: _Frame, shapes: _Shapes, beyond: list[Char]
) -> Iterator[Char]:
    """The characters that are seen, upright; one that stands otherwise or has no meaning is UNTOLD. Those
    outside what the page shows go into `beyond`.
    """
    # PDFium makes up characters, too: spaces and the ends of lines, which are left out with the others.
    address = _address(text)
    box = (ctypes.c_float * 4)()
    place = ctypes.addressof(box)
    width, height = frame.size
    upright = frame.turns == 0
    hidden, veiled = shapes.hidden, shapes.veiled()
    for index, quarter in enumerate(angles):
        code = _unicode(address, index)
        if (
            code in _SPACES
            or quarter is None
            or not _loose_box(address, index, place)
            or (hidden and _text_object(address, index) in hidden)
        ):
            continue
        left, top, right, bottom = _BOX.unpack_from(box)
        if top - bottom < _LOW and upright:
            bottom, top = _heightened(text, index, bottom, top)
        if upright:
            x0, y0 = left - frame.left, frame.top - top
            x1, y1 = right - frame.left, frame.top - bottom
        else:
            x0, y0, x1, y1 = frame.box(left, bottom, right, top)
        if not (0 <= x0 + x1 <= 2 * width and 0 <= y0 + y1 <= 2 * height):
            beyond.append(Char(chr(min(code, 0x10FFFF)), x0, y0, x1, y1))
            continue
        if code in _HYPHENS:
            letter = _HYPHENS[code]
        elif code < 0x20 or 0xD800 <= code <= 0xF8FF or code > 0x10FFFF or _is_unmapped(address, index) == 1:
            letter = UNTOLD
        else:
            letter = chr(code)
        if letter.isdigit() and (
            quarter != frame.turns
            or (
                veiled
                and _is_veiled(
                    veiled.get(_text_object(address, index), ()), (left + right) / 2, (bottom + top) / 2
                )
            )
        ):
            letter = UNTOLD
        yield Char(letter, x0, y0, x1, y1)


def _is_veiled(over: Sequence[Box], x: float, y: float) -> bool:
    """Whether a place is not to be seen, or not for certain: something is painted over it."""
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in over)


def _doubted(chars: list[Char], rules: list[Rule], crossed: list[Box]) -> list[Char]:
    """The characters, the digits that a line strikes or a note covers made UNTOLD."""
    lines = sorted(rules)
    heights = [rule.at for rule in lines]
    found = []
    for char in chars:
        if char.text.isdigit():
            middle, height = (char.x0 + char.x1) / 2, char.y1 - char.y0
            begin = bisect_left(heights, char.y0 + _DARK[0] * height)
            end = bisect_left(heights, char.y0 + _DARK[1] * height)
            if (begin < end and any(rule.start <= middle <= rule.end for rule in lines[begin:end])) or any(
                x0 <= middle <= x1 and y0 <= (char.y0 + char.y1) / 2 <= y1 for x0, y0, x1, y1 in crossed
            ):
                found.append(char._replace(text=UNTOLD))
                continue
        found.append(char)
    return found


def _heightened(text: Handle, index: int, bottom: float, top: float) -> tuple[float, float]:
    """Bottom and top of a character's box, as high as its font. PDFium boxes the ink alone where a font
    states no ascent (fonts that browsers embed as drawings), so that 一 or a dash leaves its line.
    """
    matrix, x, y = pdfium_c.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    if not pdfium_c.FPDFText_GetMatrix(text, index, matrix):
        return bottom, top
    height = pdfium_c.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
    if not pdfium_c.FPDFText_GetCharOrigin(text, index, x, y) or top - bottom > 0.75 * height:
        return bottom, top
    # The box is one of numbers of four bytes.
    least, most = ctypes.c_float(y.value - 0.12 * height), ctypes.c_float(y.value + 0.88 * height)
    return min(bottom, least.value), max(top, most.value)


# Rulings ----------------------------------------------------------------------------------------


class _Shapes:
    """What a page draws besides text: `rules` (thin boxes, as on the page), the area of its images,
    and the addresses of text objects that are not seen, or parts of which may not be seen.
    """

    def __init__(self, handle: Handle, *, layered: bool = False) -> None:
        self._layered = layered
        self._texts: list[int] = []  # in the order in which they are painted
        self._pale: list[tuple[int, bool]] = []  # white ones with a ground or without, and switched ones
        self._covers: list[tuple[int, Box]] = []  # after how many texts each was painted
        self._grounds: list[Box] = []  # what is painted and not white
        self.rules: list[tuple[float, float, float, float]] = []
        self.pictured = 0.0
        self.images: list[tuple[float, float, float, float]] = []
        self.overlaid: list[tuple[int, Box, int]] = []  # images painted after so many texts
        self.hidden: set[int] = set()
        self._sheer = False  # the form that is walked lets what lies below be seen
        self._left = 100_000
        self._told = _Told()
        self._walk(pdfium_c.FPDFPage_CountObjects(handle), _page_object, _address(handle), _AS_IT_IS, 0)

    def _walk(
        self, count: int, item: Callable[[int, int], int], holder: int, outer: Matrix, depth: int
    ) -> None:
        for index in range(count):
            self._left -= 1
            if self._left < 0:
                return
            shape = item(holder, index)
            kind = _kind(shape)
            if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
                self._text(shape)
            elif kind == pdfium_c.FPDF_PAGEOBJ_PATH:
                self._path(shape, outer)
            elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
                self._image(shape, _times(self._told.matrix(shape), outer))
            elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                self._form(shape, _times(self._told.matrix(shape), outer), depth + 1)

    def _text(self, shape: int) -> None:
        self._texts.append(shape)
        if _render_mode(shape) in _HIDDEN:
            self.hidden.add(shape)
            return
        colour = self._told.colour(shape)
        if self._layered and _is_switched(shape):
            self._pale.append((shape, True))
        elif colour and (min(colour[:3]) >= _WHITE or not colour[3]):
            self._pale.append((shape, not colour[3]))

    def hide_under(self, painted: int, area: Box) -> None:
        """Hides the first texts, as many as were `painted` before something that covers an area."""
        for shape in self._texts[:painted]:
            own = self._told.bounds(shape)
            if own and _holds(area, own):
                self.hidden.add(shape)

    def veiled(self) -> dict[int, list[Box]]:
        """By the address of a text object, the boxes in which it is not seen, or not for certain."""
        found: dict[int, list[Box]] = {}
        if self._covers and self._covers[-1][0]:
            for number, shape in enumerate(self._texts):
                over = [box for painted, box in self._covers if painted > number]
                if over:
                    found[shape] = over
        for shape, anywhere in self._pale:
            own = self._told.bounds(shape)
            if own and (anywhere or not any(_holds(ground, own) for ground in self._grounds)):
                found.setdefault(shape, []).append(own)
        return found

    def _form(self, shape: int, matrix: Matrix, depth: int) -> None:
        outer = self._sheer
        # A form may name its layer where no mark tells of it.
        self._sheer = outer or self._layered or self._may_be_sheer(shape)
        self._walk(_form_count(shape), _form_object, shape, matrix, depth)
        self._sheer = outer

    def _may_be_sheer(self, shape: int) -> bool:
        """Whether what lies under an object may be seen whatever it holds: a watermark, a layer."""
        pale = bool(pdfium_c.FPDFPageObj_HasTransparency(_object(shape)))
        return pale or (self._layered and _is_switched(shape))

    def _image(self, shape: int, matrix: Matrix) -> None:
        """An image fills the unit square; one stretched to a line is a ruling."""
        corners = [_moved(matrix, x, y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
        x0, x1 = min(x for x, _ in corners), max(x for x, _ in corners)
        y0, y1 = min(y for _, y in corners), max(y for _, y in corners)
        if min(x1 - x0, y1 - y0) <= _THIN / 2:
            self._rule(x0, y0, x1, y1)
        else:
            self.pictured += (x1 - x0) * (y1 - y0)
            self.images.append((x0, y0, x1, y1))
            if self._texts and not (self._sheer or self._may_be_sheer(shape)):
                self.overlaid.append((len(self._texts), (x0, y0, x1, y1), shape))

    def _path(self, shape: int, outer: Matrix) -> None:
        mode = self._told.mode(shape)
        if mode is None:
            return
        fill, stroke = mode
        count = _segment_count(shape)
        if not (fill or stroke) or not 2 <= count <= _MOST_SEGMENTS:
            return
        for outline in self._told.outlines(shape, count, _times(self._told.matrix(shape), outer)):
            if stroke:
                for (ax, ay), (bx, by) in pairwise(outline):
                    if -1 < ax - bx < 1 or -1 < ay - by < 1:
                        x0, x1 = (ax, bx) if ax <= bx else (bx, ax)
                        y0, y1 = (ay, by) if ay <= by else (by, ay)
                        self._rule(x0, y0, x1, y1)
            if fill and len(outline) > 2:
                xs, ys = [x for x, _ in outline], [y for _, y in outline]
                x0, y0, x1, y1 = min(xs), min(ys), max(xs), max(ys)
                if min(x1 - x0, y1 - y0) <= _THIN:
                    self._rule(x0, y0, x1, y1)
                else:
                    self._cover(shape, (x0, y0, x1, y1))

    def _cover(self, shape: int, box: Box) -> None:
        """Notes a filled outline: what was painted before and lies under it is not seen."""
        colour = self._told.colour(shape)
        if not colour or colour[3] < _OPAQUE:
            return
        if min(colour[:3]) < _WHITE:
            self._grounds.append(box)
        clip = pdfium_c.FPDFPageObj_GetClipPath(_object(shape))
        if self._texts and not (clip and _is_clipped(clip, box)):
            self._covers.append((len(self._texts), box))

    def _rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        width, height = x1 - x0, y1 - y0
        long, short = (width, height) if width > height else (height, width)
        if long >= 2 * short and long > 0.5:
            self.rules.append((x0, y0, x1, y1))


class _Told:
    """What PDFium tells of objects of a page, by their addresses; it is written into the same few places."""

    def __init__(self) -> None:
        self._numbers = (ctypes.c_uint * 4)()
        self._floats = (ctypes.c_float * 6)()
        start, begin = ctypes.addressof(self._numbers), ctypes.addressof(self._floats)
        self._four = tuple(range(start, start + 16, 4))
        self._sides = tuple(range(begin, begin + 16, 4))

    def colour(self, shape: int) -> tuple[int, int, int, int] | None:
        """Red, green, blue and opacity with which an object is filled."""
        if not _fill_colour(shape, *self._four):
            return None
        red, green, blue, opacity = _COLOUR.unpack_from(self._numbers)
        return red, green, blue, opacity

    def bounds(self, shape: int) -> Box | None:
        """The box of an object, somewhat widened."""
        if not _object_bounds(shape, *self._sides):
            return None
        x0, y0, x1, y1 = _BOX.unpack_from(self._floats)
        return x0 - _THIN, y0 - _THIN, x1 + _THIN, y1 + _THIN

    def matrix(self, shape: int) -> Matrix:
        """How an object is moved, turned and scaled."""
        if not _object_matrix(shape, self._sides[0]):
            return _AS_IT_IS
        a, b, c, d, e, f = _MATRIX.unpack_from(self._floats)
        return a, b, c, d, e, f

    def mode(self, shape: int) -> tuple[int, int] | None:
        """How a path is filled, and whether it is stroked."""
        if not _draw_mode(shape, self._four[0], self._four[1]):
            return None
        fill, stroke, _, _ = _COLOUR.unpack_from(self._numbers)
        return fill, stroke

    def outlines(self, shape: int, count: int, matrix: Matrix) -> Iterator[list[tuple[float, float]]]:
        """The straight outlines of a path; one with curves is none."""
        a, b, c, d, e, f = matrix
        floats, (at_x, at_y, *_) = self._floats, self._sides
        outline: list[tuple[float, float]] = []
        curved = False
        for index in range(count):
            segment = _segment(shape, index)
            if not _segment_point(segment, at_x, at_y):
                continue
            kind = _segment_kind(segment)
            if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
                if len(outline) > 1 and not curved:
                    yield outline
                outline, curved = [], False
            elif kind == pdfium_c.FPDF_SEGMENT_BEZIERTO:
                curved = True
            x, y = _POINT.unpack_from(floats)
            outline.append((a * x + c * y + e, b * x + d * y + f))
            if len(outline) > 1 and _segment_closes(segment) and outline[-1] != outline[0]:
                outline.append(outline[0])
        if len(outline) > 1 and not curved:
            yield outline


def _object(address: int) -> Handle:
    """An object of a page as pypdfium2's bindings take it."""
    return ctypes.cast(address, pdfium_c.FPDF_PAGEOBJECT)


def _holds(ground: Box, box: Box) -> bool:
    """Whether the middle of a box lies on a ground."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return ground[0] <= x <= ground[2] and ground[1] <= y <= ground[3]


def _hides(document: Handle, handle: Handle, address: int, area: Box) -> bool:
    """Whether nothing of what lies under an image of a page, which fills the area, can be seen."""
    shape = _object(address)
    clip = pdfium_c.FPDFPageObj_GetClipPath(shape)
    if clip and _is_clipped(clip, area):
        return False
    drawn = pdfium_c.FPDFImageObj_GetRenderedBitmap(document, handle, shape)
    if not drawn:
        return False
    try:
        if pdfium_c.FPDFBitmap_GetFormat(drawn) != pdfium_c.FPDFBitmap_BGRA:
            return True  # it has no channel for what shines through
        size = pdfium_c.FPDFBitmap_GetStride(drawn) * pdfium_c.FPDFBitmap_GetHeight(drawn)
        alphas = ctypes.string_at(pdfium_c.FPDFBitmap_GetBuffer(drawn), size)[3::4]
        return len(alphas.translate(None, _SOLID)) <= _LEAST_SEEN * len(alphas)
    finally:
        pdfium_c.FPDFBitmap_Destroy(drawn)


def _is_switched(address: int) -> bool:
    """Whether an object stands in a layer, which may be switched off."""
    shape = _object(address)
    length = ctypes.c_ulong()
    name = ctypes.create_string_buffer(32)
    for index in range(pdfium_c.FPDFPageObj_CountMarks(shape)):
        mark = pdfium_c.FPDFPageObj_GetMark(shape, index)
        text = ctypes.cast(name, ctypes.POINTER(ctypes.c_ushort))
        told = pdfium_c.FPDFPageObjMark_GetName(mark, text, 32, length) and length.value <= 32
        if told and name.raw[: length.value].decode("utf-16-le", "replace").rstrip("\0") == "OC":
            return True
    return False


def _is_clipped(clip: Handle, box: Box) -> bool:
    """Whether a clip path leaves less of a box to be seen than the whole."""
    x, y = ctypes.c_float(), ctypes.c_float()
    for path in range(max(pdfium_c.FPDFClipPath_CountPaths(clip), 0)):
        places = []
        for index in range(max(pdfium_c.FPDFClipPath_CountPathSegments(clip, path), 0)):
            segment = pdfium_c.FPDFClipPath_GetPathSegment(clip, path, index)
            if pdfium_c.FPDFPathSegment_GetPoint(segment, x, y):
                places.append((x.value, y.value))
        if places and not (
            min(px for px, _ in places) <= box[0] + 1
            and min(py for _, py in places) <= box[1] + 1
            and max(px for px, _ in places) >= box[2] - 1
            and max(py for _, py in places) >= box[3] - 1
        ):
            return True
    return False


def _times(one: Matrix, other: Matrix) -> Matrix:
    if other is _AS_IT_IS:
        return one
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
