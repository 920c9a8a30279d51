"""OFD (GB/T 33190, the national format for fixed layouts) → Content, by its XML alone.

Owns what is peculiar to OFD: objects with a box and a matrix of their own in millimetres, text as
codes with steps between them, pages over templates, drawings kept among the resources and used by
their number. From there on a page is drawn like any other. Annotations and seals are no part of a
page's text.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

from lxml import etree

from pipelines.content import Content
from pipelines.labels import has_han
from pipelines.readers import UnreadableDocumentError, image, scan
from pipelines.readers.drawn import MOST_PAGES, content_of, overfull
from pipelines.readers.lines import UNTOLD, Char
from pipelines.readers.package import ZIP_ERRORS, tree
from pipelines.readers.ruled import Page, Rule

MEDIA_TYPE = "application/ofd"

_POINTS = 72 / 25.4
"""Points in a millimetre."""

_MOST_BYTES = 64 * 1024 * 1024
_MOST_MEMBERS = 20_000
_DEEPEST = 12
_THIN = 1.4
"""A filled shape no thicker, in millimetres, is a ruling."""
_WHITE = 250
"""Of 255: grey or red, green and blue from here on are taken for white."""
_MOST_GROUNDS = 2_000
"""Painted grounds of a page on which white digits are looked for; a page with more is no table's."""
_OF_CMYK = 4
_HEXADECIMAL = re.compile(r"#[0-9A-Fa-f]{1,4}")

_SCAN_SHARE = 0.4
_STAMPED = 60
"""Characters that programs and people set over a scan; more are text."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
_PLAIN = re.compile(rf"\s*{_NUMBER}\s*")
_LISTED = re.compile(rf"\s*{_NUMBER}(?:\s+{_NUMBER})*\s*")
_STEP = re.compile(rf"g\s+(\d{{1,6}})\s+({_NUMBER})|({_NUMBER})")
_PATH = re.compile(rf"([A-Za-z])|({_NUMBER})")
_POINTS_OF = {"M": 1, "S": 1, "L": 1, "Q": 2, "B": 3, "C": 0}

Matrix = tuple[float, float, float, float, float, float]

_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def read(body: bytes, url: str | None = None) -> Content:
    """The content of an OFD; raises UnreadableDocumentError where it is damaged, encrypted or a scan."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            pages = list(_Package(packed).pages())
    except ZIP_ERRORS as error:
        raise UnreadableDocumentError("damaged_document", f"the OFD is damaged: {error}") from error
    return content_of(pages, MEDIA_TYPE, url)


class _Package:
    """The members of an OFD, each parsed once; what it unpacks to is bounded as a whole."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self._left = _MOST_BYTES
        self._templates: dict[str, etree._Element] = {}
        self._units: dict[str, etree._Element] = {}
        self._media: dict[str, str] = {}
        self._taken: set[str] = set()
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
            root = _joined("", root)
            base = posixpath.dirname(root)
            document = self._tree(root)
            box = _numbers(next(iter(_texts(document, "PhysicalBox")), ""))
            templates = {
                str(item.get("ID")): _joined(base, item.get("BaseLoc"))
                for item in _named(document, "TemplatePage")
            }
            self._resources(document, base)
            listed = [page for pages in _named(document, "Pages") for page in _named(pages, "Page")]
            if not 0 < len(listed) <= MOST_PAGES:
                raise UnreadableDocumentError(
                    "too_many_pages", f"{len(listed)} pages; a report has up to {MOST_PAGES}"
                )
            for page in listed:
                number += 1
                where = _joined(base, page.get("BaseLoc"))
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
        self._resources(root, posixpath.dirname(where))
        objects = sum(1 for layer in layers for _ in layer.iter("{*}TextObject", "{*}PathObject"))
        page.unread = overfull(0, objects)
        if page.unread is None:
            drawing = _Drawing(page, area, self._units)
            for layer in layers:
                drawing.walk(layer, _SAME, 0)
            page.unread = drawing.trouble
            page.pictured = drawing.pictured > _SCAN_SHARE * page.width * page.height
            if page.pictured and page.unread is None and len(page.chars) <= _STAMPED:
                page = self._recognised(page, drawing)
        return page

    def _resources(self, element: etree._Element, base: str) -> None:
        """Takes up the drawings and the files of pictures that a document or page names."""
        for name in ("PublicRes", "DocumentRes", "PageRes"):
            for place in _texts(element, name):
                where = _joined(base, place)
                if where in self._taken or self._held(where) is None:
                    continue
                self._taken.add(where)
                listed = self._tree(where)
                files = _joined(posixpath.dirname(where), listed.get("BaseLoc") or "")
                for unit in _named(listed, "CompositeGraphicUnit"):
                    self._units[str(unit.get("ID"))] = unit
                for media in _named(listed, "MultiMedia"):
                    for file in _texts(media, "MediaFile"):
                        self._media[str(media.get("ID"))] = _joined(files, file)

    def _recognised(self, page: Page, drawing: _Drawing) -> Page:
        """The page read from the one picture that it shows."""
        pictures = [picture for picture in drawing.pictures if picture.share(page) > _SCAN_SHARE]
        held = self._held(self._media.get(pictures[0].resource, "")) if len(pictures) == 1 else None
        if held is None:
            return page
        picture = pictures[0]
        try:
            scan.require()
            [scanned] = image.pages(self._bytes(held), width=picture.width)
        except UnreadableDocumentError as error:
            page.unread, page.code = str(error), error.code
            return page
        return picture.put(scanned, page)

    def _held(self, name: str) -> str | None:
        """The member that a name means, however it is written."""
        return self._names.get(posixpath.normpath(name).lstrip("/").lower())

    def _bytes(self, held: str) -> bytes:
        with self._packed.open(held) as member:
            text = member.read(self._left + 1)
        self._left -= len(text)
        if self._left < 0:
            raise UnreadableDocumentError("damaged_document", f"the OFD unpacks to over {_MOST_BYTES} bytes")
        return text

    def _tree(self, name: str) -> etree._Element:
        held = self._names.get(posixpath.normpath(name).lstrip("/").lower())
        if held is None:
            raise UnreadableDocumentError("damaged_document", f"the OFD lacks {name}")
        with self._packed.open(held) as member:
            text = member.read(self._left + 1)
        self._left -= len(text)
        if self._left < 0:
            raise UnreadableDocumentError("damaged_document", f"the OFD unpacks to over {_MOST_BYTES} bytes")
        try:
            return tree(text)
        except etree.XMLSyntaxError as error:
            raise UnreadableDocumentError("damaged_document", f"{held} in the OFD: {error}") from error


class _Picture(NamedTuple):
    """A picture on a page: the number of its file, and its box in points."""

    resource: str
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """In points."""
        return self.x1 - self.x0

    def share(self, page: Page) -> float:
        """Of the page's area."""
        return self.width * (self.y1 - self.y0) / (page.width * page.height)

    def put(self, scanned: Page, page: Page) -> Page:
        """What was recognised in the picture, at its place on the page."""
        x, y = self.x0, self.y0
        scanned.number, scanned.width, scanned.height = page.number, page.width, page.height
        scanned.chars = [
            char._replace(x0=char.x0 + x, y0=char.y0 + y, x1=char.x1 + x, y1=char.y1 + y)
            for char in scanned.chars
        ]
        scanned.horizontal = [Rule(at + y, start + x, end + x) for at, start, end in scanned.horizontal]
        scanned.vertical = [Rule(at + x, start + y, end + y) for at, start, end in scanned.vertical]
        return scanned


class _Drawing:
    """Objects put on a page; lengths come in millimetres and go out in points. `trouble` says why what
    was drawn is not all that the page shows.
    """

    def __init__(self, page: Page, area: list[float], units: Mapping[str, etree._Element]) -> None:
        self.page = page
        self.left, self.top = area[0], area[1]
        self.pictured = 0.0
        self.pictures: list[_Picture] = []
        self.trouble: str | None = None
        self._grounds: set[tuple[float, float, float, float]] = set()  # what is filled so far, not in white
        self._units = units
        self._drawn = 0

    def walk(self, element: etree._Element, outer: Matrix, depth: int) -> None:
        """Draws what stands in an element, blocks and layers included."""
        if depth > _DEEPEST:
            return
        for item in element:
            if not isinstance(item.tag, str):
                continue
            kind = etree.QName(item).localname
            if kind in ("TextObject", "PathObject", "ImageObject", "CompositeObject"):
                self._drawn += 1
                self.trouble = self.trouble or overfull(0, self._drawn)
                if self.trouble:
                    return
                self._object(kind, item, outer, depth)
            elif kind in ("Content", "Layer", "PageBlock"):
                self.walk(item, outer, depth + 1)

    def _object(self, kind: str, item: etree._Element, outer: Matrix, depth: int) -> None:
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
        elif kind == "CompositeObject":
            self._unit(str(item.get("ResourceID")), matrix, depth)
        else:
            self._image(item, matrix, box)

    def _unit(self, number: str, matrix: Matrix, depth: int) -> None:
        """A drawing of the resources."""
        if number not in self._units:
            self.trouble = f"it shows drawing {number}, which the OFD lacks"
        elif depth >= _DEEPEST:
            self.trouble = "its drawings lie too deep in each other"
        else:
            self.walk(self._units[number], matrix, depth + 1)

    def _image(self, item: etree._Element, matrix: Matrix, box: list[float]) -> None:
        """A picture fills the unit square of its matrix, and its box where it has none."""
        width, height = (1.0, 1.0) if item.get("CTM") else (box[2], box[3])
        corners = [self._point(matrix, x, y) for x in (0.0, width) for y in (0.0, height)]
        x0, x1 = min(x for x, _ in corners), max(x for x, _ in corners)
        y0, y1 = min(y for _, y in corners), max(y for _, y in corners)
        if min(x1 - x0, y1 - y0) <= _THIN * _POINTS:
            self._rule(x0, y0, x1, y1)
            return
        self.pictured += (x1 - x0) * (y1 - y0)
        self.pictures.append(_Picture(str(item.get("ResourceID")), x0, y0, x1, y1))

    def _text(self, item: etree._Element, matrix: Matrix) -> None:
        size = _number(item.get("Size"), 0.0)
        stretch = _number(item.get("HScale"), 1.0)
        turned = any(_number(item.get(name), 0.0) for name in ("ReadDirection", "CharDirection"))
        slanted = abs(matrix[1]) > 0.05 * abs(matrix[0]) or matrix[0] <= 0 or matrix[3] <= 0
        if _number(item.get("Alpha"), 255.0) == 0 or size <= 0:
            return
        if slanted and abs(matrix[0]) > 0.05 * abs(matrix[1]):
            return  # a watermark
        if item.get("Fill") == "false" and item.get("Stroke") != "true":
            return  # text under a scan
        pale = _is_pale(item)
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
                    place = (x, y, min(width, step) if step > 0 else width, size)
                    self._char(told, matrix, place, pale=pale and char.isdigit())
                x += step or (0.0 if down else width)
                y += down[index] if index < len(down) else 0.0

    def _char(
        self, char: str, matrix: Matrix, place: tuple[float, float, float, float], *, pale: bool
    ) -> None:
        """Takes in a character; what is `pale` is only told on a ground that is painted below it."""
        x, y, width, size = place
        ax, ay = self._point(matrix, x, y - 0.88 * size)
        bx, by = self._point(matrix, x + width, y + 0.12 * size)
        if pale and not self._is_grounded((ax + bx) / 2, (ay + by) / 2):
            char = UNTOLD
        self.page.chars.append(Char(char, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))

    def _is_grounded(self, x: float, y: float) -> bool:
        """Whether a place is painted on; not known, so no, on a page with too many grounds to go through."""
        return len(self._grounds) <= _MOST_GROUNDS and any(
            x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in self._grounds
        )

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
                elif not _is_pale(item):
                    self._grounds.add((min(xs), min(ys), max(xs), max(ys)))

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


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _is_pale(item: etree._Element) -> bool:
    """Whether an object is filled in white, of whichever colour space, or in what is not to be seen."""
    colour = next(item.iterchildren("{*}FillColor"), None)
    if colour is None:
        return False
    if _number(colour.get("Alpha"), 255.0) == 0:
        return True
    parts = [
        float(int(part[1:], 16)) if _HEXADECIMAL.fullmatch(part) else _number(part, -1.0)
        for part in (colour.get("Value") or "").split()
    ]
    if len(parts) == _OF_CMYK:
        return max(parts) == 0
    return bool(parts) and min(parts) >= _WHITE


def _joined(base: str, place: str | None) -> str:
    """A place in the package that is written relative to a folder of it; some write a backslash for /."""
    return posixpath.join(base, (place or "").strip().replace("\\", "/"))


def _named(element: etree._Element, name: str) -> list[etree._Element]:
    """The elements of a name under one, whatever their namespace (writers differ)."""
    return list(element.iterdescendants("{*}" + name))


def _texts(element: etree._Element, name: str) -> list[str]:
    return [item.text.strip() for item in _named(element, name) if item.text]


def _number(text: str | None, default: float) -> float:
    return float(text) if text and _PLAIN.fullmatch(text) else default


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split()] if _LISTED.fullmatch(text) else []


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
