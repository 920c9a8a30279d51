"""OFD (GB/T 33190, the national format for fixed layouts) → Content, by its XML alone.

Owns what is peculiar to OFD: objects with a box and a matrix of their own in millimetres, text as
codes with steps between them, pages over templates. From there on a page is drawn like any other.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise

from lxml import etree

from pipelines.content import Content
from pipelines.labels import has_han
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.drawn import MOST_PAGES, content_of, overfull
from pipelines.readers.lines import UNTOLD, Char
from pipelines.readers.ruled import Page, Rule

MEDIA_TYPE = "application/ofd"

_POINTS = 72 / 25.4
"""Points in a millimetre."""

_MOST_BYTES = 64 * 1024 * 1024
_MOST_MEMBERS = 20_000
_DEEPEST = 12
_THIN = 1.4
"""A filled shape no thicker, in millimetres, is a ruling."""

_SCAN_SHARE = 0.4
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
_STEP = re.compile(rf"g\s+(\d{{1,6}})\s+({_NUMBER})|({_NUMBER})")
_PATH = re.compile(rf"([A-Za-z])|({_NUMBER})")
_POINTS_OF = {"M": 1, "S": 1, "L": 1, "Q": 2, "B": 3, "C": 0}
_BROKEN = (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, zlib.error, ValueError)

Matrix = tuple[float, float, float, float, float, float]


def read(body: bytes, url: str | None = None) -> Content:
    """The content of an OFD; raises UnreadableDocumentError where it is damaged, encrypted or a scan."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            pages = list(_Package(packed).pages())
    except _BROKEN as error:
        raise UnreadableDocumentError("damaged_document", f"the OFD is damaged: {error}") from error
    return content_of(pages, MEDIA_TYPE, url)


class _Package:
    """The members of an OFD, each parsed once; what it unpacks to is bounded as a whole."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self._left = _MOST_BYTES
        self._templates: dict[str, etree._Element] = {}
        names = packed.namelist()
        if len(names) > _MOST_MEMBERS:
            raise UnreadableDocumentError("damaged_document", f"the OFD holds {len(names)} files")
        self._names = {name.replace("\\", "/").lstrip("/").lower(): name for name in names}
        if any(info.flag_bits & 1 for info in packed.infolist()) or "encryptions.xml" in self._names:
            raise UnreadableDocumentError("encrypted_document", "the OFD is encrypted")

    def pages(self) -> Iterator[Page]:
        """The pages of every document in the file, in order."""
        roots = _texts(self._tree("OFD.xml"), "DocRoot")
        if not roots:
            raise UnreadableDocumentError("damaged_document", "the OFD names no document")
        number = 0
        for root in roots:
            base = posixpath.dirname(root)
            document = self._tree(root)
            box = _numbers(next(iter(_texts(document, "PhysicalBox")), ""))
            templates = {
                str(item.get("ID")): posixpath.join(base, str(item.get("BaseLoc")))
                for item in _named(document, "TemplatePage")
            }
            listed = [page for pages in _named(document, "Pages") for page in _named(pages, "Page")]
            if not 0 < len(listed) <= MOST_PAGES:
                raise UnreadableDocumentError(
                    "too_many_pages", f"{len(listed)} pages; a report has up to {MOST_PAGES}"
                )
            for page in listed:
                number += 1
                where = posixpath.join(base, str(page.get("BaseLoc")))
                yield self._page(number, where, templates, box)

    def _page(self, number: int, where: str, templates: dict[str, str], box: list[float]) -> Page:
        root = self._tree(where)
        area = _numbers(next(iter(_texts(root, "PhysicalBox")), "")) or box or [0, 0, 210, 297]
        if len(area) != 4 or min(area[2:]) <= 0:
            raise UnreadableDocumentError("damaged_document", f"page {number} of the OFD has no size")
        page = Page(number, area[2] * _POINTS, area[3] * _POINTS)
        layers = []
        for item in _named(root, "Template"):
            place = templates.get(str(item.get("TemplateID")))
            if place:
                if place not in self._templates:
                    self._templates[place] = self._tree(place)
                layers.append(self._templates[place])
        layers.append(root)
        objects = sum(1 for layer in layers for _ in layer.iter("{*}TextObject", "{*}PathObject"))
        page.unread = overfull(0, objects)
        if page.unread is None:
            drawing = _Drawing(page, area)
            for layer in layers:
                drawing.walk(layer, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
            page.pictured = drawing.pictured > _SCAN_SHARE * area[2] * area[3]
        return page

    def _tree(self, name: str) -> etree._Element:
        held = self._names.get(posixpath.normpath(name).lstrip("/").lower())
        if held is None:
            raise UnreadableDocumentError("damaged_document", f"the OFD lacks {name}")
        with self._packed.open(held) as member:
            text = member.read(self._left + 1)
        self._left -= len(text)
        if self._left < 0:
            raise UnreadableDocumentError("damaged_document", f"the OFD unpacks to over {_MOST_BYTES} bytes")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        try:
            return etree.fromstring(text, parser)
        except etree.XMLSyntaxError as error:
            raise UnreadableDocumentError("damaged_document", f"{held} in the OFD: {error}") from error


class _Drawing:
    """Objects put on a page; lengths come in millimetres and go out in points."""

    def __init__(self, page: Page, area: list[float]) -> None:
        self.page = page
        self.left, self.top = area[0], area[1]
        self.pictured = 0.0

    def walk(self, element: etree._Element, outer: Matrix, depth: int) -> None:
        """Draws what stands in an element, blocks and layers included."""
        if depth > _DEEPEST:
            return
        for item in element:
            if not isinstance(item.tag, str):
                continue
            kind = etree.QName(item).localname
            if kind in ("TextObject", "PathObject", "ImageObject"):
                self._object(kind, item, outer)
            elif kind in ("Content", "Layer", "PageBlock"):
                self.walk(item, outer, depth + 1)

    def _object(self, kind: str, item: etree._Element, outer: Matrix) -> None:
        box = _numbers(item.get("Boundary") or "")
        if len(box) != 4 or item.get("Visible") == "false":
            return
        own = _numbers(item.get("CTM") or "")
        matrix: Matrix = (own[0], own[1], own[2], own[3], own[4], own[5]) if len(own) == 6 else _SAME
        matrix = _times(_times(matrix, (1.0, 0.0, 0.0, 1.0, box[0], box[1])), outer)
        if kind == "TextObject":
            self._text(item, matrix)
        elif kind == "PathObject":
            self._path(item, matrix)
        else:
            self.pictured += abs(box[2] * box[3])

    def _text(self, item: etree._Element, matrix: Matrix) -> None:
        size = _number(item.get("Size"), 0.0)
        stretch = _number(item.get("HScale"), 1.0)
        turned = any(_number(item.get(name), 0.0) for name in ("ReadDirection", "CharDirection"))
        slanted = abs(matrix[1]) > 0.05 * abs(matrix[0]) or matrix[0] <= 0 or matrix[3] <= 0
        if _number(item.get("Alpha"), 255.0) == 0 or size <= 0:
            return
        if slanted and abs(matrix[0]) > 0.05 * abs(matrix[1]):
            return  # a watermark
        x = y = 0.0
        for code in _named(item, "TextCode"):
            x, y = _number(code.get("X"), x), _number(code.get("Y"), y)
            text = code.text or ""
            across, down = _steps(code.get("DeltaX"), len(text)), _steps(code.get("DeltaY"), len(text))
            for index, char in enumerate(text):
                width = size * stretch * (1.0 if has_han(char) or ord(char) > 0x2E7F else 0.5)
                step = across[index] if index < len(across) else 0.0
                if not char.isspace():
                    told = UNTOLD if char.isdigit() and (turned or slanted) else _told(char)
                    self._char(told, matrix, (x, y, min(width, step) if step > 0 else width, size))
                x += step or (0.0 if down else width)
                y += down[index] if index < len(down) else 0.0

    def _char(self, char: str, matrix: Matrix, place: tuple[float, float, float, float]) -> None:
        x, y, width, size = place
        ax, ay = self._point(matrix, x, y - 0.88 * size)
        bx, by = self._point(matrix, x + width, y + 0.12 * size)
        self.page.chars.append(Char(char, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))

    def _path(self, item: etree._Element, matrix: Matrix) -> None:
        data = next(iter(_named(item, "AbbreviatedData")), None)
        stroked, filled = item.get("Stroke") != "false", item.get("Fill") == "true"
        for outline in _outlines(data.text or "" if data is not None else ""):
            points = [self._point(matrix, x, y) for x, y in outline]
            if stroked:
                for (ax, ay), (bx, by) in pairwise(points):
                    if abs(ax - bx) < 1 or abs(ay - by) < 1:
                        self._rule(ax, ay, bx, by)
            if filled and len(points) > 2:
                xs, ys = [x for x, _ in points], [y for _, y in points]
                if min(max(xs) - min(xs), max(ys) - min(ys)) <= _THIN * _POINTS:
                    self._rule(min(xs), min(ys), max(xs), max(ys))

    def _rule(self, ax: float, ay: float, bx: float, by: float) -> None:
        width, height = abs(bx - ax), abs(by - ay)
        if max(width, height) <= max(0.5, 2 * min(width, height)):
            return
        if width > height:
            self.page.horizontal.append(Rule((ay + by) / 2, min(ax, bx), max(ax, bx)))
        else:
            self.page.vertical.append(Rule((ax + bx) / 2, min(ay, by), max(ay, by)))

    def _point(self, matrix: Matrix, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f = matrix
        return (a * x + c * y + e - self.left) * _POINTS, (b * x + d * y + f - self.top) * _POINTS


_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _named(element: etree._Element, name: str) -> list[etree._Element]:
    """The elements of a name under one, whatever their namespace (writers differ)."""
    return list(element.iterdescendants("{*}" + name))


def _texts(element: etree._Element, name: str) -> list[str]:
    return [item.text.strip() for item in _named(element, name) if item.text]


def _number(text: str | None, default: float) -> float:
    return float(text) if text and re.fullmatch(_NUMBER, text.strip()) else default


def _numbers(text: str) -> list[float]:
    parts = text.split()
    return [float(part) for part in parts] if all(re.fullmatch(_NUMBER, part) for part in parts) else []


def _steps(text: str | None, most: int) -> list[float]:
    """Distances between characters: numbers, and `g n d` for n times d; no more than `most`."""
    steps: list[float] = []
    for count, repeated, single in _STEP.findall(text or ""):
        if len(steps) >= most:
            break
        steps += [float(repeated)] * min(int(count), most) if count else [float(single)]
    return steps[:most]


def _told(char: str) -> str:
    return UNTOLD if char == "¤" or "\ue000" <= char <= "\uf8ff" or char < " " else char


def _outlines(data: str) -> Iterator[list[tuple[float, float]]]:
    """The straight outlines of a path; one with curves is none."""
    outline: list[tuple[float, float]] = []
    curved, command, numbers = False, "", []
    for letter, number in [*_PATH.findall(data), ("M", "")]:
        if number:
            numbers.append(float(number))
            wanted = _POINTS_OF.get(command, 3) * 2
            if wanted and len(numbers) == wanted:
                outline.append((numbers[-2], numbers[-1]))
                numbers = []
            continue
        if letter == "C" and outline:
            outline.append(outline[0])
        if letter in "MSC":
            if len(outline) > 1 and not curved:
                yield outline
            outline, curved = [], False
        curved = curved or letter in "QBA"
        command, numbers = letter, []
