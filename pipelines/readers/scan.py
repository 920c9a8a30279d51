"""A picture of a page → `Page`: rulings by pixels, characters by OCR, every figure read twice.

Owns the decision which recognised figure is believed. A figure is read on the page as it is and
again in its cell alone, rulings erased and enlarged. Where the readings differ, or print was found
that nothing reads, the cell's text holds `DIFFERS` or `UNKNOWN`, which no number holds. Whether OCR
is wanted and installed is decided here, too; what needs the extra `ocr` is imported only when a scan comes.
"""

from __future__ import annotations

import math
import os
import re
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from pipelines.labels import has_han
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.lines import Char, Line
from pipelines.readers.page_breaks import is_label
from pipelines.readers.ruled import Page, RuledCell, ruled_tables

if TYPE_CHECKING:
    from pipelines.readers.picture import Box, Grey, Mask, Rulings, Shape
    from pipelines.readers.ruled import Rule

DIFFERS = "≠"
UNKNOWN = "?"

FIGURES = "0123456789.,/-—+%"
"""What a decoding of nothing but figures may give."""

DPI = 200
"""Pages are read at this resolution; finer ones are reduced to it."""

_BROADEST = 2000.0
"""Points: A2 on its side is 1684 wide."""

_SAMPLE = 8
"""Characters of a line by which its direction is told."""

_FINEST = 230
_CLEAR = 0.9
"""The least probability of each character, where no reading of the whole page confirms a figure."""

_LEGIBLE = 0.75
"""The least mean probability of words in a narrow column that are read line by line."""

_SEEN = 0.5
"""The same where one does."""

_FAINT = 0.6
"""A reading less probable than this contradicts no two others."""

_PRINT = "\ue000"
"""Stands for print that the page's reading left out, until its cell is read alone."""

_VEILED = {ord(digit): 0xE100 + int(digit) for digit in "0123456789"}
_SHOWN = {veiled: digit for digit, veiled in _VEILED.items()}
"""Digits of the page's reading are veiled while cells are made: by figures cells are parted, and these are
not yet believed (a 1 in the reading of 总计 would part its cell).
"""

_DASH = 3.0
"""Points: print no higher than this and wider than high is a dash."""

# The next four are shares of a character's height, measured over six typefaces, sharp and blurred: the upper
# third of a 1 is 0.31 to 0.44 wide and stands left of the lower (-0.08 to -0.02; italics about 0.14 more),
# that of a 7 is 0.52 to 0.76 wide; a stroke leans by 0.18 to 0.24 and no row of it is wider than 0.31.
_LEANS = 0.14
_SLANTS = 0.16
_BARRED = 0.48
_STROKE = 0.34

_LOWEST = 4.0
"""Points: no digit is lower (in type of 7 points it is 5 high)."""

_CLOSE = 5.5
"""Points between rulings, in which no print has room: programs draw a merged cell's head a little lower."""

_FIGURE = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?|[/—]", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("-－—–─―一_ー", "—"))
_NEEDED = ("rapidocr", "onnxruntime", "cv2", "numpy", "PIL")
_OFF = frozenset({"0", "false", "no", "off"})


class Reading(NamedTuple):
    """A line as recognised: its text, the least and the mean probability of its characters, and the
    same of the likeliest text of nothing but `FIGURES`.
    """

    text: str
    least: float
    mean: float
    figure: str
    figure_least: float


class NeedsOcrError(Exception):
    """The document holds a scan, and this process leaves scans to another (`put_off`)."""


_switch: dict[str, bool] = {}
_times: dict[str, float] = {}
"""`end` of the time for recognising, by the clock below, and the `longest` that a page took so far."""

_clock = time.monotonic


def enable(flag: bool) -> None:
    """Says for this process whether scans are read; before it is called, NIANBAO_OCR says it."""
    _switch["on"] = flag


def put_off() -> None:
    """Says that this process leaves scans to another: `require` raises NeedsOcrError where it would not
    have refused them.
    """
    _switch["put_off"] = True


@contextmanager
def pictures_left_out() -> Iterator[None]:
    """Within it pictures in documents are passed over, for a page that only lends its title and date."""
    _switch["left_out"] = True
    try:
        yield
    finally:
        del _switch["left_out"]


def are_pictures_left_out() -> bool:
    """Whether pictures in documents are passed over now."""
    return _switch.get("left_out", False)


def allow(seconds: float) -> None:
    """Says how long from now on pages are recognised; one that would hardly be done in time is refused
    (`scan_too_long`).
    """
    _times.update(end=_clock() + seconds, longest=0.0)


def require() -> None:
    """Raises UnreadableDocumentError (ocr_disabled, ocr_not_installed) where no scan can be read."""
    wanted = _switch.get("on", os.environ.get("NIANBAO_OCR", "true").strip().lower() not in _OFF)
    if not wanted:
        raise UnreadableDocumentError("ocr_disabled", "it is a scan, and reading scans is switched off (OCR)")
    absent = [name for name in _NEEDED if find_spec(name) is None]
    if absent:
        raise UnreadableDocumentError(
            "ocr_not_installed", "it is a scan, and reading it needs the extra: pip install 'nianbao[ocr]'"
        )
    if _switch.get("put_off"):
        raise NeedsOcrError


def scanned_page(grey: Grey, number: int, per_point: float) -> Page:
    """What a picture of a page shows, `per_point` pixels a point; lengths are points of the page set
    straight and upright. Raises UnreadableDocumentError where scans cannot be read, or the time that
    `allow` gave is over.
    """
    require()
    started = _clock()
    if started + _times.get("longest", 0.0) > _times.get("end", math.inf):
        raise UnreadableDocumentError("scan_too_long", "recognising the pages before it took too long")
    from pipelines.readers import picture  # noqa: PLC0415 needs the extra

    if grey.shape[1] > _BROADEST * per_point:
        raise UnreadableDocumentError("image_too_large", f"it is {grey.shape[1]} pixels wide, as no page is")
    grey, per_point = _reduced(grey, per_point)
    grey, boxes = _upright(picture.straightened(grey), per_point)
    scan = _Scan(grey, per_point)
    rough = Page(number, grey.shape[1] / per_point, grey.shape[0] / per_point)
    rough.horizontal, rough.vertical = scan.rules.horizontal, scan.rules.vertical
    rough.chars = [char._replace(text=char.text.translate(_VEILED)) for char in scan.chars(boxes)]
    tables, outside = ruled_tables(rough)
    outside = [char._replace(text=char.text.translate(_SHOWN)) for char in outside]
    cells = [cell for table in tables for cell in table.cells]
    final = Page(number, rough.width, rough.height, pictured=True, scanned=True)
    final.horizontal, final.vertical = rough.horizontal, rough.vertical
    # Outside of tables print that no line holds is dust, or part of a seal.
    final.chars = [*(char for char in outside if char.text != _PRINT), *scan.verified(cells)]
    _times["longest"] = max(_times.get("longest", 0.0), _clock() - started)
    return final


def upright(grey: Grey, per_point: float) -> tuple[Grey, float]:
    """The picture of a page as `scanned_page` sets it before it reads it, and its pixels a point. Raises
    UnreadableDocumentError where scans cannot be read.
    """
    require()
    from pipelines.readers import picture  # noqa: PLC0415 needs the extra

    grey, per_point = _reduced(grey, per_point)
    return _upright(picture.straightened(grey), per_point)[0], per_point


def _reduced(grey: Grey, per_point: float) -> tuple[Grey, float]:
    """The picture at no more than the resolution that is read."""
    if per_point * 72 <= _FINEST:
        return grey, per_point
    from pipelines.readers import picture  # noqa: PLC0415 needs the extra

    factor = DPI / 72 / per_point
    return picture.resized(grey, factor), per_point * factor


def _upright(grey: Grey, per_point: float) -> tuple[Grey, list[Box]]:
    """The page with its text upright, and the lines of text on it."""
    import numpy as np  # noqa: PLC0415 needs the extra

    from pipelines.readers import ocr  # noqa: PLC0415 needs the extra

    boxes = ocr.lines(grey, per_point)
    long = [box for box in boxes if max(box.width, box.height) > 3 * min(box.width, box.height)]
    if sum(box.height > box.width for box in long) > 0.6 * len(long):
        grey = np.ascontiguousarray(np.rot90(grey))
        boxes = ocr.lines(grey, per_point)
    sample = sorted(boxes, key=lambda box: box.width, reverse=True)[:6]
    if not sample:
        return grey, boxes
    # The beginning of a line tells as much as all of it, in a tenth of the time.
    crops = [grey[b.y0 : b.y1, b.x0 : min(b.x1, b.x0 + _SAMPLE * b.height)] for b in sample]
    if median(reading.mean for reading in ocr.read(crops)) > 0.8:
        return grey, boxes
    over = [np.ascontiguousarray(np.rot90(crop, 2)) for crop in crops]
    as_is = median(reading.mean for reading in ocr.read(crops))
    if median(reading.mean for reading in ocr.read(over)) <= as_is + 0.1:
        return grey, boxes
    grey = np.ascontiguousarray(np.rot90(grey, 2))
    return grey, ocr.lines(grey, per_point)


class _Scan:
    """A straight page: its pixels, its rulings, the ink without them."""

    def __init__(self, grey: Grey, per_point: float) -> None:
        from pipelines.readers import picture  # noqa: PLC0415 needs the extra

        self.grey = grey
        self.per_point = per_point
        found: Rulings = picture.rulings(grey, per_point)
        self.clean: Grey = picture.erased(grey, found)
        self.rules: Rulings = found._replace(horizontal=_levelled(found.horizontal))
        self.dark: Mask = picture.ink(self.clean, per_point)

    # The page as it is --------------------------------------------------------------------------

    def chars(self, boxes: list[Box]) -> list[Char]:
        """The characters of the page, each line's spread over the place where its print stands."""
        from pipelines.readers import ocr, picture  # noqa: PLC0415 needs the extra

        parts = [part for box in boxes for part in self._parts(box)]
        readings = ocr.read([self._as_is(part) for part in parts])
        chars: list[Char] = []
        for part, reading in zip(parts, readings, strict=True):
            legible = reading.mean >= _SEEN
            chars += self._spread(part, (legible and reading.text.strip()) or _PRINT)
        for box in picture.unread(self.dark, [*boxes, *parts], self.per_point):
            for part in self._parts(box):
                chars += self._spread(part, _PRINT)
        return chars

    def _parts(self, box: Box) -> list[Box]:
        """The lines of print in a box, parted where a ruling runs through it or lines lie in it."""
        from pipelines.readers import picture  # noqa: PLC0415 needs the extra

        scale = self.per_point
        xs = [r.at * scale for r in self.rules.vertical if self._through(r.start, r.end, box.y0, box.y1)]
        ys = [r.at * scale for r in self.rules.horizontal if self._through(r.start, r.end, box.x0, box.x1)]
        columns = [box.x0, *sorted(round(x) for x in xs if box.x0 < x < box.x1), box.x1]
        rows = [box.y0, *sorted(round(y) for y in ys if box.y0 < y < box.y1), box.y1]
        found: list[Box] = []
        for top, bottom in pairwise(rows):
            for left, right in pairwise(columns):
                part = picture.extent(self.dark, picture.Box(left, top, right, bottom), scale)
                if part is None:
                    continue
                if part.height > 1.5 * part.width and part.height > 14 * scale:
                    found += picture.bands(self.dark, part, scale)
                else:
                    found.append(part)
        return found

    def _through(self, start: float, end: float, low: int, high: int) -> bool:
        middle = (low + high) / 2 / self.per_point
        return start - 1 <= middle <= end + 1

    def _as_is(self, part: Box) -> Grey:
        """A line with what is around it, rulings and all."""
        margin = max(2, round(0.15 * part.height))
        return self._cut(self.grey, part, margin, margin)

    def _cut(self, grey: Grey, part: Box, across: int, down: int) -> Grey:
        return grey[max(0, part.y0 - down) : part.y1 + down, max(0, part.x0 - across) : part.x1 + across]

    def _spread(self, part: Box, text: str) -> list[Char]:
        """The characters of a line, in points, as wide as they usually are."""
        shares = [1.0 if ord(char) > 0x2E7F else 0.5 for char in text]
        step = part.width / sum(shares) / self.per_point
        x, y0, y1 = part.x0 / self.per_point, part.y0 / self.per_point, part.y1 / self.per_point
        chars = []
        for char, share in zip(text, shares, strict=True):
            if not char.isspace():
                chars.append(Char(char, x, y0, x + share * step, y1))
            x += share * step
        return chars

    # Each cell alone ----------------------------------------------------------------------------

    def verified(self, cells: Sequence[RuledCell]) -> list[Char]:
        """The characters of all cells: words as they were read, figures as both readings have them."""
        from pipelines.readers import ocr  # noqa: PLC0415 needs the extra

        chars: list[Char] = []
        doubtful: list[tuple[Box, str]] = []
        for cell in cells:
            text = "".join(_shown(line) for line in cell.lines)
            printed = self._lines(cell)
            if has_han(text) and not _may_be_figure(text):
                chars += self._label(cell, text, printed)
                continue
            if len(printed) == len(cell.lines):
                told = [_shown(line).replace(_PRINT, UNKNOWN) for line in cell.lines]
                doubtful += zip(printed, told, strict=True)
            elif printed:
                doubtful += [(line, "") for line in printed]
            else:
                chars += self._words(cell, doubt=DIFFERS)
        lines = [line for line, _ in doubtful]
        alone = ocr.read([self._alone(line, 0.25) for line in lines])
        unsure = [
            index
            for index, ((_, seen), reading) in enumerate(zip(doubtful, alone, strict=True))
            if _plain(reading.text) != _plain(seen)
            or (_FIGURE.fullmatch(_plain(seen)) and reading.least < _SEEN)
        ]
        once_more = ocr.read([self._alone(lines[index], 0.5) for index in unsure])
        again = dict(zip(unsure, once_more, strict=True))
        for index, ((line, seen), reading) in enumerate(zip(doubtful, alone, strict=True)):
            flat = line.height <= min(0.35 * line.width, _DASH * self.per_point)
            readings = (seen, reading, again.get(index))
            chars += self._spread(line, believed(*readings, shapes=self._shapes(line), flat=flat))
        return chars

    def _shapes(self, line: Box) -> list[Shape]:
        from pipelines.readers import picture  # noqa: PLC0415 needs the extra

        return picture.shapes(self.dark, line, self.per_point)

    def _words(self, cell: RuledCell, doubt: str = "") -> list[Char]:
        """The characters of a cell as the page's reading gave them, each line with a mark of `doubt`."""
        scale = self.per_point
        chars = []
        for line in cell.lines:
            box = _box(line.x0 * scale, line.y0 * scale, line.x1 * scale, line.y1 * scale)
            text = _shown(line).replace(_PRINT, "").strip()
            chars += self._spread(box, text + doubt) if text else []
        return chars

    def _label(self, cell: RuledCell, text: str, printed: list[Box]) -> list[Char]:
        """The characters of a cell of words: where they are no label that is known, its lines are read one
        by one as well, and that reading is taken where it is one, or found other lines.
        """
        if not is_label(text):
            again = self._by_lines(printed)
            if again and (is_label("".join(c.text for c in again)) or len(printed) != len(cell.lines)):
                return again
        return self._words(cell)

    def _by_lines(self, printed: list[Box]) -> list[Char]:
        """The characters of a cell whose lines of print the page's reading did not find one by one (narrow
        columns); none where they are not clear this way either.
        """
        from pipelines.readers import ocr  # noqa: PLC0415 needs the extra

        readings = ocr.read([self._as_is(line) for line in printed])
        if min((reading.mean for reading in readings), default=0.0) < _LEGIBLE:
            return []
        pairs = zip(printed, readings, strict=True)
        return [char for line, reading in pairs for char in self._spread(line, reading.text.strip())]

    def _lines(self, cell: RuledCell) -> list[Box]:
        """The lines of print in a cell."""
        from pipelines.readers import picture  # noqa: PLC0415 needs the extra

        scale = self.per_point
        x0, y0, x1, y1 = cell.box
        inner = _box((x0 + 1) * scale, (y0 + 1) * scale, (x1 - 1) * scale, (y1 - 1) * scale)
        return picture.bands(self.dark, inner, scale)

    def _alone(self, part: Box, margin: float) -> Grey:
        """A line without rulings, enlarged, on paper of its own."""
        import cv2  # noqa: PLC0415 needs the extra
        import numpy as np  # noqa: PLC0415 needs the extra

        from pipelines.readers import picture  # noqa: PLC0415 needs the extra

        own = self._cut(self.clean, part, 2, 2)
        large = picture.resized(own, 2)
        paper = int(np.percentile(own, 90))
        # A dash or a full stop is set into a line of usual height, not blown up to one.
        room = max(large.shape[0], round(8 * self.per_point) * 2)
        down = round(margin * room) + (room - large.shape[0]) // 2
        across = round(2 * margin * room)
        sides = (down, down, across, across)
        return np.asarray(cv2.copyMakeBorder(large, *sides, cv2.BORDER_CONSTANT, value=[paper]), np.uint8)


def _levelled(rules: list[Rule]) -> list[Rule]:
    """Level rulings, those so close that no print fits between them on the height of the longest."""
    levelled: list[Rule] = []
    group: list[Rule] = []
    for rule in sorted(rules):
        if group and rule.at - group[0].at > _CLOSE:
            levelled += _on_one_height(group)
            group = []
        group.append(rule)
    return levelled + _on_one_height(group)


def _on_one_height(group: list[Rule]) -> list[Rule]:
    longest = max(group, key=lambda rule: rule.end - rule.start, default=None)
    return [rule._replace(at=longest.at) for rule in group] if longest else []


def _box(x0: float, y0: float, x1: float, y1: float) -> Box:
    from pipelines.readers.picture import Box  # noqa: PLC0415 needs the extra

    return Box(max(0, math.floor(x0)), max(0, math.floor(y0)), math.ceil(x1), math.ceil(y1))


def _shown(line: Line) -> str:
    return line.text.translate(_SHOWN)


# Belief -----------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """A reading made comparable: half-width, without white space, all dashes alike."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).translate(_DASHES)


def _may_be_figure(text: str) -> bool:
    """Whether Chinese characters may be a misread figure: strokes that digits and dashes resemble."""
    return all(char in "一丨丿丶乙了口日目中上下工土王个" or not has_han(char) for char in text)


def believed(
    seen: str, alone: Reading, again: Reading | None, *, shapes: Sequence[Shape] = (), flat: bool = False
) -> str:
    """The text of a figure by its readings: on the page (`seen`), in its cell alone, and, where these do
    not settle it, in its cell once more. `shapes` are its characters as drawn, which can contradict
    all readings; `flat` says that the print is a dash by its shape.
    """
    readings = [_plain(seen), _plain(alone.text), *([_plain(again.text)] if again else [])]
    if flat:
        return "—" if "—" in readings else _differing(*readings[:2])
    if len(shapes) == 1 and _is_slash(shapes[0]) and "/" in readings:
        return "/"
    text = _agreed(seen, alone, again, readings)
    return f"{text}{DIFFERS}{UNKNOWN}" if contradicted(text, shapes) else text


def _agreed(seen: str, alone: Reading, again: Reading | None, readings: Sequence[str]) -> str:
    first, second, *_ = readings
    if _FIGURE.fullmatch(first):
        if first == second and first != "—" and alone.least >= _SEEN:
            return first
        if again and first != "—" and readings[2] == first and _outvotes(first == second, alone, again):
            return first
        return _differing(first, second)
    if first and first == second:
        return seen  # words or signs that both readings see
    clear = again is not None and second == readings[2] and min(alone.least, again.least) >= _CLEAR
    if again and clear and (has_han(second) and not any(char.isdigit() for char in second)):
        return second  # a label in a narrow column
    figures = again is not None and alone.figure == again.figure == second
    if clear and figures and _FIGURE.fullmatch(second) and second != "—":
        return second
    return _differing(first, second)


def _outvotes(same: bool, alone: Reading, again: Reading) -> bool:
    """Whether a third reading, the same as the page's, makes up for an unclear second one."""
    return again.least >= _SEEN if same else again.least >= _CLEAR and alone.least < _FAINT


def contradicted(text: str, shapes: Sequence[Shape]) -> bool:
    """Whether characters are drawn as the digits of `text` never are: a stroke (/) for a 1, a 1 for a 7,
    dust for any. Of digits that touch only the number is known, and only a lone one is told by it.
    """
    digits = text.replace(".", "").replace(",", "")
    if not shapes or not digits.isdecimal():
        return text == "/" and len(shapes) == 1 and not _is_slash(shapes[0])
    if len(shapes) != len(digits):
        return len(digits) == 1
    return any(_unlike(digit, shape) for digit, shape in zip(digits, shapes, strict=True))


def _unlike(digit: str, shape: Shape) -> bool:
    if shape.points < _LOWEST:
        return True
    if digit == "1":
        return shape.lean > _LEANS or shape.upper >= _BARRED
    if digit == "7":
        return shape.upper < _BARRED
    return _is_slash(shape)


def _is_slash(shape: Shape) -> bool:
    return shape.lean > _SLANTS and shape.widest <= _STROKE


def _differing(first: str, second: str) -> str:
    """A text that is no number and shows both readings."""
    one, other = first or UNKNOWN, second or UNKNOWN
    return UNKNOWN if one == other == UNKNOWN else f"{one}{DIFFERS}{other}"
