"""Pixels of a scanned page: set straight, its rulings found and erased, its ink measured.

Owns image processing and knows no text. Pictures are grey arrays (rows × columns, 0 black to 255
white); lengths given as points become pixels by `per_point`. Needs the extra `ocr`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.readers.ruled import Rule

Grey = NDArray[np.uint8]
Mask = NDArray[np.uint8]

STEEPEST = 3.0
"""Degrees; a page lies no more askew in a scanner that feeds it, and more is another fault."""

_STROKE = 14.0
"""Points: the shortest ruling looked for; strokes of characters in tables are shorter."""

_SHORT = 30.0
"""Points: a shorter ruling must meet others at both ends, or it is a stroke of a large character."""

_OPEN_ROW = 17.0
"""Points: a row that a page's edge cuts leaves rulings so short, open at one end."""

_TABLE = 60.0
"""Points: rulings that hang together over less width are a character (国) or a ticked box."""

_PARTED = 1.8
"""Points: lines of print lie farther apart, parts of one character do not."""

_LOW = 4.0
"""Points: a line of print is higher than this, part of a character may not be."""

_MEETS = 3.0
_SPECK = 2.4
"""Points: what is smaller both ways is dust, a full stop or a comma, and begins or ends no number."""


_DUST = 3.2
"""Points: what stands alone, smaller both ways, and is no dash, is dust that sharpening ringed."""


class Box(NamedTuple):
    """A rectangle of pixels, right and bottom exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Rows."""
        return self.y1 - self.y0


def ink(grey: Grey, per_point: float) -> Mask:
    """Where a page is darker than the paper around, 255 or 0."""
    around = max(15, round(14 * per_point) | 1)
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, around, 20)
    return np.asarray(dark, np.uint8)


def resized(grey: Grey, factor: float) -> Grey:
    """The picture `factor` times as large."""
    if factor == 1:
        return grey
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=how), np.uint8)


# Straight ---------------------------------------------------------------------------------------


def straightened(grey: Grey) -> Grey:
    """The page turned by up to `STEEPEST` degrees so that lines lie level."""
    angle = 0.0
    for width, reach, step in ((700, STEEPEST, 0.25), (1100, 0.25, 0.05), (1600, 0.05, 0.01)):
        small = _narrowed(grey, width)
        dark = ink(small, small.shape[1] / 595)
        steps = np.arange(-reach, reach + step / 2, step) + angle
        angle = float(max(steps, key=lambda turn: _levelness(dark, float(turn))))
    if abs(angle) < 0.02:
        return grey
    return _turned(grey, angle, int(np.median(grey[::8, ::8])))


def _narrowed(grey: Grey, width: int) -> Grey:
    factor = width / grey.shape[1]
    if factor >= 1:
        return grey
    return resized(grey, factor)


def _turned(picture: Grey, degrees: float, border: int) -> Grey:
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=border)
    return np.asarray(turned, np.uint8)


def _levelness(dark: Mask, degrees: float) -> float:
    """How sharply rows of pixels differ from the next: most where lines of text and rulings are level."""
    height, width = dark.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    rows = cv2.warpAffine(dark, turn, (width, height), flags=cv2.INTER_NEAREST).sum(axis=1, dtype=np.float64)
    return float(np.square(np.diff(rows)).sum())


# Rulings ----------------------------------------------------------------------------------------


class Rulings(NamedTuple):
    """Rulings in points, and the pixels that they cover (255)."""

    horizontal: list[Rule]
    vertical: list[Rule]
    mask: Mask


def rulings(grey: Grey, per_point: float) -> Rulings:
    """The rulings of a straight page. Below 160 dpi they are looked for on a picture twice as large."""
    factor = 2 if per_point * 72 < 160 else 1
    large = resized(grey, factor)
    scale = per_point * factor
    dark = ink(large, scale)
    length = round(_STROKE * scale)
    level = _opened(dark, (length, 1))
    upright = _opened(dark, (1, length))
    horizontal, vertical = _kept(list(_rules(level, scale)), list(_rules(upright, scale, upright=True)))
    covered = np.zeros_like(level)
    thick = max(1, round(0.7 * scale))
    for box, _ in (*horizontal, *vertical):
        covered[max(0, box.y0 - thick) : box.y1 + thick, max(0, box.x0 - thick) : box.x1 + thick] = 255
    near = cv2.dilate(level | upright, np.ones((2 * thick + 1, 2 * thick + 1), np.uint8))
    mask = cv2.resize(
        np.bitwise_and(covered, np.asarray(near, np.uint8)),
        (grey.shape[1], grey.shape[0]),
        interpolation=cv2.INTER_AREA,
    )
    covered = np.where(np.asarray(mask) > 0, 255, 0).astype(np.uint8)
    return Rulings([rule for _, rule in horizontal], [rule for _, rule in vertical], covered)


def erased(grey: Grey, rules: Rulings) -> Grey:
    """The page without its rulings: paper in their place."""
    clean = grey.copy()
    clean[rules.mask > 0] = int(np.median(grey[::8, ::8]))
    return clean


def _opened(dark: Mask, kernel: tuple[int, int]) -> Mask:
    shape = cv2.getStructuringElement(cv2.MORPH_RECT, kernel)
    return np.asarray(cv2.morphologyEx(dark, cv2.MORPH_OPEN, shape), np.uint8)


def _rules(mask: Mask, scale: float, *, upright: bool = False) -> Iterator[tuple[Box, Rule]]:
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask)
    for (x, y, width, height, _), (middle_x, middle_y) in zip(stats[1:], centres[1:], strict=True):
        long, thick = (height, width) if upright else (width, height)
        if thick > 6 * scale or long < 2 * thick:
            continue  # a filled area
        box = Box(int(x), int(y), int(x + width), int(y + height))
        if upright:
            yield box, Rule((middle_x + 0.5) / scale, y / scale, (y + height) / scale)
        else:
            yield box, Rule((middle_y + 0.5) / scale, x / scale, (x + width) / scale)


_Found = list[tuple[Box, Rule]]


def _kept(horizontal: _Found, vertical: _Found) -> tuple[_Found, _Found]:
    """The rulings of tables, without strokes of large characters and without lone lines."""
    while True:
        level = [pair for pair in horizontal if _held(pair[1], [rule for _, rule in vertical])]
        upright = [pair for pair in vertical if _held(pair[1], [rule for _, rule in level])]
        if len(level) == len(horizontal) and len(upright) == len(vertical):
            return _wide(level, upright)
        horizontal, vertical = level, upright


def _held(rule: Rule, across: list[Rule]) -> bool:
    length = rule.end - rule.start
    met = [any(_crosses(other, rule.at, end) for other in across) for end in (rule.start, rule.end)]
    return length >= _SHORT or all(met) or (length >= _OPEN_ROW and any(met))


def _crosses(other: Rule, at: float, end: float) -> bool:
    return abs(other.at - end) <= _MEETS and other.start - _MEETS <= at <= other.end + _MEETS


def _wide(horizontal: _Found, vertical: _Found) -> tuple[_Found, _Found]:
    """Those that hang together over the width of a table."""
    rules = [(rule, False) for _, rule in horizontal] + [(rule, True) for _, rule in vertical]
    group = list(range(len(rules)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    count = len(horizontal)
    for i in range(count):
        for j in range(count, len(rules)):
            level, upright = rules[i][0], rules[j][0]
            if (
                level.start - _MEETS <= upright.at <= level.end + _MEETS
                and upright.start - _MEETS <= level.at <= upright.end + _MEETS
            ):
                group[root(i)] = root(j)
    spans: dict[int, tuple[float, float]] = {}
    for index, (rule, upright_) in enumerate(rules):
        left, right = (rule.at, rule.at) if upright_ else (rule.start, rule.end)
        old = spans.get(root(index), (left, right))
        spans[root(index)] = (min(old[0], left), max(old[1], right))
    wide = [spans[root(index)][1] - spans[root(index)][0] >= _TABLE for index in range(len(rules))]
    return (
        [pair for pair, keep in zip(horizontal, wide[:count], strict=True) if keep],
        [pair for pair, keep in zip(vertical, wide[count:], strict=True) if keep],
    )


# Ink --------------------------------------------------------------------------------------------


def extent(dark: Mask, within: Box, per_point: float) -> Box | None:
    """The box of what is printed in a part of a page; dust at its sides does not count."""
    part = dark[within.y0 : within.y1, within.x0 : within.x1]
    if part.size == 0:
        return None
    least = max(2, round(_SPECK * per_point))
    _, _, stats, _ = cv2.connectedComponentsWithStats(part)
    marks = [s for s in stats[1:] if max(s[cv2.CC_STAT_WIDTH], s[cv2.CC_STAT_HEIGHT]) >= least]
    if not marks:
        return None
    x0 = min(int(s[cv2.CC_STAT_LEFT]) for s in marks)
    y0 = min(int(s[cv2.CC_STAT_TOP]) for s in marks)
    x1 = max(int(s[cv2.CC_STAT_LEFT] + s[cv2.CC_STAT_WIDTH]) for s in marks)
    y1 = max(int(s[cv2.CC_STAT_TOP] + s[cv2.CC_STAT_HEIGHT]) for s in marks)
    return Box(within.x0 + x0, within.y0 + y0, within.x0 + x1, within.y0 + y1)


def bands(dark: Mask, within: Box, per_point: float) -> list[Box]:
    """The lines of print in a part of a page: what rows without ink part, from the top down."""
    part = dark[within.y0 : within.y1, within.x0 : within.x1]
    inked_rows = set(np.flatnonzero(part.any(axis=1)).tolist())
    found: list[Box] = []
    start: int | None = None
    for row in range(part.shape[0] + 1):
        inked = row in inked_rows
        if inked and start is None:
            start = row
        elif not inked and start is not None:
            band = extent(dark, Box(within.x0, within.y0 + start, within.x1, within.y0 + row), per_point)
            if band is not None and not _is_dust(band, per_point):
                found.append(band)
            start = None
    return _whole(found, per_point)


def _whole(found: list[Box], per_point: float) -> list[Box]:
    """Bands with those that are part of a character (the dots of 然, the strokes of 三) joined to theirs."""
    whole: list[Box] = []
    for band in found:
        last = whole[-1] if whole else None
        near = last is not None and band.y0 - last.y1 <= _PARTED * per_point
        if last is not None and near and min(last.height, band.height) < _LOW * per_point:
            whole[-1] = Box(min(last.x0, band.x0), last.y0, max(last.x1, band.x1), band.y1)
        else:
            whole.append(band)
    return whole


def unread(dark: Mask, known: list[Box], per_point: float) -> list[Box]:
    """Print that stands in none of the `known` boxes, marks that stand close together as one box."""
    rest = dark.copy()
    for box in known:
        rest[max(0, box.y0) : box.y1, max(0, box.x0) : box.x1] = 0
    near = max(1, round(3 * per_point))
    grown = cv2.dilate(rest, np.ones((1, 2 * near + 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(grown)
    found = []
    for x, y, width, height, _ in stats[1:]:
        if not 1.5 * per_point <= height <= 40 * per_point:
            continue
        mark = extent(rest, Box(int(x), int(y), int(x + width), int(y + height)), per_point)
        if mark is not None and not _is_dust(mark, per_point):
            found.append(mark)
    return found


def _is_dust(box: Box, per_point: float) -> bool:
    """Whether print that stands alone is smaller than any character but a dash."""
    return max(box.width, box.height) < _DUST * per_point and box.width < 2 * box.height


class Shape(NamedTuple):
    """The outline of one character: its height in points, and as shares of its height how far its upper
    third stands right of its lower, the widest row of its upper third, the widest of all.
    """

    points: float
    lean: float
    upper: float
    widest: float


def shapes(dark: Mask, within: Box, per_point: float) -> list[Shape]:
    """The characters of a line by the columns without ink between them, from the left; dust left out."""
    part = dark[within.y0 : within.y1, within.x0 : within.x1]
    least = max(2, round(_SPECK * per_point))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(part)
    spans: list[tuple[int, int, list[int]]] = []
    marks = [
        n for n in range(1, count) if max(stats[n, cv2.CC_STAT_WIDTH], stats[n, cv2.CC_STAT_HEIGHT]) >= least
    ]
    for mark in sorted(marks, key=lambda n: int(stats[n, cv2.CC_STAT_LEFT])):
        left = int(stats[mark, cv2.CC_STAT_LEFT])
        right = left + int(stats[mark, cv2.CC_STAT_WIDTH])
        if spans and left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(right, spans[-1][1]), [*spans[-1][2], mark])
        else:
            spans.append((left, right, [mark]))
    return [_shape(np.isin(labels[:, left:right], held), per_point) for left, right, held in spans]


def _shape(inked: NDArray[np.bool_], per_point: float) -> Shape:
    rows = np.flatnonzero(inked.any(axis=1))
    glyph = inked[rows[0] : rows[-1] + 1]
    height = glyph.shape[0]
    places = [np.flatnonzero(row) for row in glyph]
    widths = [int(place[-1] - place[0] + 1) if place.size else 0 for place in places]
    third = max(1, height // 3)

    def middle(part: list[NDArray[np.intp]]) -> float:
        return float(np.concatenate(part).mean())

    return Shape(
        height / per_point,
        (middle(places[:third]) - middle(places[-third:])) / height,
        max(widths[:third]) / height,
        max(widths) / height,
    )
