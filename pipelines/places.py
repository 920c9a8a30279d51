"""Where a figure stands in its document: from a locator back to the place, made to be looked at.

Owns the way from the bytes of a document, or of a member of an archive file, and a figure's locator to
a `Place`. Locators are the readers'; each format's counting stays with its reader. Documents are
hostile: `place` runs in the processes of `pipelines.pool`, within their limits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from pipelines.content import Grid, Paragraph
from pipelines.labels import squashed
from pipelines.raster import Box, Raster
from pipelines.readers import UnreadableDocumentError, media_type, packed, read, scan
from pipelines.readers.decoding import charset
from pipelines.records import Locator, Place, ShownCell, ShownLine

AROUND = 90.0
"""Points above and below a cell in the picture of its surroundings."""

_MOST_TEXT = 600
_MOST_ROWS = 60
_LINES_AROUND = 12
_DEEPEST = 3
"""Documents inside documents."""

_MOST_WAITING = 6
"""Places that may be asked for at a time: each is a document to be read."""

_PICTURES = "image/"


def place(body: bytes, member: str | None, locator: Locator, printed: str | None, method: str) -> Place:
    """The place in a document that a figure's `locator` names; `member` is the file inside an archive file.

    `printed` is what the figure printed (None for a merged row), to be held against what is found.
    Raises nothing that a document causes but scan.NeedsOcrError, where another process is to read it.
    """
    try:
        inner = _member(body, member)
        return _none("gone") if inner is None else _place(inner, locator, printed, method, 1)
    except UnreadableDocumentError as error:
        return _none(_WHY.get(error.code, "unreadable"), str(error))


def page(body: bytes) -> Place:
    """A page of the web as it may be shown again, nothing marked; `none` for any other document."""
    from pipelines.readers import html, rendering  # noqa: PLC0415 by format

    root = html.tree(body) if media_type(body) == "text/html" else None
    return _none("gone") if root is None else Place(kind="page", html=rendering.rendered(root, ()))


_WHY = {"ocr_not_installed": "ocr", "ocr_disabled": "ocr"}


def _none(reason: str, detail: str = "") -> Place:
    return Place(kind="none", reason=reason, detail=detail[:300])


def _member(body: bytes, member: str | None) -> bytes | None:
    if member is None or media_type(body) not in packed.MEDIA_TYPES:
        return body
    return next((one.body for one in packed.members(body) if one.name == member), None)


def _place(body: bytes, locator: Locator, printed: str | None, method: str, depth: int) -> Place:
    kind = media_type(body)
    if not locator:
        return _none("prose")
    if kind == "application/pdf":
        return _on_page(body, locator, printed)
    if kind.startswith(_PICTURES):
        return _in_picture(body, locator)
    if kind == "text/html":
        return _in_html(body, locator, printed, method, depth)
    if method == "ocr":
        return _none("picture_inside")
    with scan.pictures_left_out():
        content = read(body)
    return _in_blocks(content.blocks, content.by_position, locator, printed)


# A page of the web ------------------------------------------------------------------------------


def _in_html(body: bytes, locator: Locator, printed: str | None, method: str, depth: int) -> Place:
    from pipelines.readers import html, rendering  # noqa: PLC0415 by format

    if b";base64" in body and depth < _DEEPEST and (inner := html.packed_document(body)) is not None:
        return _place(inner, locator, printed, method, depth + 1)
    if "bbox" in locator:
        return _none("picture_inside")
    table, row, cell = (_count(locator, key) for key in ("table", "row", "cell"))
    if table is None or row is None:
        return _none("prose")
    found = html.located(body, table, row, cell)
    if found is None or not found.cells:
        return _none("gone")
    shown = rendering.rendered(found.root, found.cells)
    return Place(kind="page", html=shown, said=found.text, agrees=_agrees(printed, found.text))


def _count(locator: Locator, key: str) -> int | None:
    value = locator.get(key)
    return value if isinstance(value, int) and value > 0 else None


# Pages that are drawn ---------------------------------------------------------------------------


def _on_page(body: bytes, locator: Locator, printed: str | None) -> Place:
    from pipelines.readers import pdf  # noqa: PLC0415 by format

    number, box = _count(locator, "page"), _box(locator)
    if number is None or box is None:
        return _none("prose")
    page = pdf.drawn_page(body, number)
    if page is None:
        return _none("gone")
    on_it = [c for c in page.chars if _holds(box, (c.x0 + c.x1) / 2, (c.y0 + c.y1) / 2)]
    said = "".join(char.text for char in on_it) if page.chars else None
    agrees = None if said is None else _agrees(printed, said)
    return _pictured(page.raster, page.per_point, number, box, said, agrees)


def _in_picture(body: bytes, locator: Locator) -> Place:
    from pipelines.readers import image  # noqa: PLC0415 by format

    number, box = _count(locator, "page"), _box(locator)
    if number is None or box is None:
        return _none("prose")
    found = image.upright(body, number)
    if found is None:
        return _none("other_picture")
    grey, per_point = found
    raster = Raster(grey.shape[1], grey.shape[0], 1, bytearray(grey.tobytes()))
    return _pictured(raster, per_point, number, box, None, None)


def _pictured(
    raster: Raster, per_point: float, number: int, box: Box, said: str | None, agrees: bool | None
) -> Place:
    x0, y0, x1, y1 = (value * per_point for value in box)
    if x1 <= 0 or y1 <= 0 or x0 >= raster.width or y0 >= raster.height:
        return _none("gone")
    framed = raster.framed((x0, y0, x1, y1))
    around = framed.rows(round(y0 - AROUND * per_point), round(y1 + AROUND * per_point))
    return Place(kind="picture", page=number, pages=(around.png(), framed.png()), said=said, agrees=agrees)


def _box(locator: Locator) -> Box | None:
    box = locator.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
        return None
    x0, y0, x1, y1 = (float(value) for value in box)
    return (x0, y0, x1, y1) if x0 <= x1 and y0 <= y1 else None


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


# Tables and lines -------------------------------------------------------------------------------


def _in_blocks(
    blocks: Sequence[Paragraph | Grid], others: Sequence[Grid], locator: Locator, printed: str | None
) -> Place:
    """The table, or the lines, as the reader of the format gives them."""
    for block in (*blocks, *others):
        if isinstance(block, Grid) and any(
            _is_meant(cell.where, locator) for row in block.rows for cell in row
        ):
            return _in_grid(block, locator, printed)
    lines = [block for block in blocks if isinstance(block, Paragraph)]
    meant = [index for index, line in enumerate(lines) if _is_line_of(line.where, locator)]
    if not meant:
        return _none("gone")
    said = "\n".join(lines[index].text for index in meant)
    around = range(max(0, meant[0] - _LINES_AROUND), min(len(lines), meant[-1] + _LINES_AROUND + 1))
    shown = tuple(ShownLine(lines[index].text[:_MOST_TEXT], index in meant) for index in around)
    return Place(kind="text", lines=shown, said=said, agrees=_agrees(printed, said))


def _in_grid(grid: Grid, locator: Locator, printed: str | None) -> Place:
    meant = [cell for row in grid.rows for cell in row if _is_meant(cell.where, locator)]
    rows = [
        tuple(
            ShownCell(cell.text[:_MOST_TEXT], cell.colspan, cell.rowspan, _is_meant(cell.where, locator))
            for cell in row
        )
        for row in grid.rows
    ]
    if len(rows) > _MOST_ROWS:
        first = next(number for number, row in enumerate(rows) if any(cell.marked for cell in row))
        begin = min(max(0, first - _MOST_ROWS // 2), len(rows) - _MOST_ROWS)
        rows = rows[begin : begin + _MOST_ROWS]
    said = "\n".join(cell.text for cell in meant)
    return Place(kind="table", table=tuple(rows), said=said, agrees=_agrees(printed, said))


def _is_meant(where: Mapping[str, object], locator: Locator) -> bool:
    """Whether a place is the one that a locator names, or one in it (a row's locator names no cell)."""
    return bool(where) and all(where.get(key) == value for key, value in locator.items())


def _is_line_of(where: Mapping[str, object], locator: Locator) -> bool:
    """Whether a line is the one that a locator names, with a value in it or without."""
    return bool(where) and all(locator.get(key) == value for key, value in where.items())


def _agrees(printed: str | None, said: str) -> bool | None:
    """Whether what stands at the place holds what the figure printed; a blank's place holds no number."""
    if printed is None:
        return None
    wanted, found = squashed(printed), squashed(said)
    return wanted in found if wanted else not any(char.isdigit() for char in found)


# In other processes -----------------------------------------------------------------------------


class PlacePool(Protocol):
    """What a `ReadingPool` does for places."""

    def submit_place(
        self, body: bytes, member: str | None, locator: Locator, printed: str | None, method: str
    ) -> Future[Place]:
        """See `ReadingPool.submit_place`."""

    def submit_page(self, body: bytes) -> Future[Place]:
        """See `ReadingPool.submit_page`."""

    def reason(self, error: BaseException) -> tuple[str, str]:
        """See `ReadingPool.reason`."""

    def close(self, *, wait: bool = True) -> None:
        """See `ReadingPool.close`."""


class Places:
    """Finds places in processes of their own, a few at a time.

    The pool is made by `make` when the first place is asked for. `charset` tells in which charset a page
    was read.
    """

    charset = staticmethod(charset)

    def __init__(self, make: Callable[[], PlacePool]) -> None:
        self._make = make
        self._pool: PlacePool | None = None
        self._lock = threading.Lock()
        self._waiting = 0

    async def find(
        self, body: bytes, member: str | None, locator: Locator, printed: str | None, method: str
    ) -> Place:
        """The place, or why there is none: also where too many are asked for at a time (`busy`), and where
        the document broke the limits of the process.
        """
        return await self._done(lambda pool: pool.submit_place(body, member, locator, printed, method))

    async def page(self, body: bytes) -> Place:
        """A page of the web as it may be shown, or why not, as `find`."""
        return await self._done(lambda pool: pool.submit_page(body))

    async def _done(self, submit: Callable[[PlacePool], Future[Place]]) -> Place:
        if self._waiting >= _MOST_WAITING:
            return _none("busy")
        self._waiting += 1
        try:
            pool = await asyncio.to_thread(self._started)
            return await asyncio.wrap_future(submit(pool))
        except Exception as error:  # noqa: BLE001 whatever a document does to its process
            assert self._pool is not None
            return _none("failed", self._pool.reason(error)[1])
        finally:
            self._waiting -= 1

    def _started(self) -> PlacePool:
        with self._lock:
            if self._pool is None:
                self._pool = self._make()
            return self._pool

    def close(self) -> None:
        """Lets the processes go."""
        with self._lock:
            if self._pool is not None:
                self._pool.close(wait=False)
                self._pool = None
