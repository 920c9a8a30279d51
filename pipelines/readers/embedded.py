"""Pictures inside documents: read where the document's own text lacks a statutory table.

Owns the decision when a picture in a Word file or a page is worth recognising, and where what it
shows stands among the blocks. A picture is a page: places in it are told as `page`, counted over the
pictures that were read, with `bbox` in points as on a page of A4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from pipelines.content import Content, Grid, Paragraph
from pipelines.labels import squashed
from pipelines.readers import UnreadableDocumentError, media_type, scan
from pipelines.readers.ruled import Page
from pipelines.records import Problem

MARKS = ("第二十条第", "本年新收政府信息公开", "未经复议直接起诉")
"""Words of which each statutory table has its own; prose uses none of them so."""

_LEAST_BYTES = 4_000
"""Of the file of a picture that shows a table; seals, icons and codes to scan are smaller."""

_LEAST_WIDTH, _LEAST_HEIGHT = 300.0, 60.0
"""Points, at the usual size of a page."""

_MOST = 60
_LITTLE_TEXT = 200


class Picture(NamedTuple):
    """A picture that stands between blocks: its file, and its width in points where that is stated."""

    body: bytes
    width: float | None = None


def misses_tables(text: str) -> bool:
    """Whether a text misses the words of a statutory table."""
    flat = squashed(text)
    return any(mark not in flat for mark in MARKS)


def with_pictures(content: Content, blocks: Sequence[Paragraph | Grid | Picture]) -> Content:
    """The content with these blocks, pictures among them read or passed over.

    They are read where statutory tables are missing; what one shows is taken where it holds a table, or
    the document has hardly any text. Where they cannot be read (`ocr_not_installed`, `ocr_disabled`,
    damage) a problem says so. Raises scan.NeedsOcrError where another process is to read them.
    """
    words = tuple(block for block in blocks if not isinstance(block, Picture))
    large = [b for b in blocks if isinstance(b, Picture) and len(b.body) >= _LEAST_BYTES]
    if not large or scan.are_pictures_left_out() or not misses_tables("".join(map(_text, words))):
        return replace(content, blocks=words)
    try:
        scan.require()
    except UnreadableDocumentError as error:
        detail = f"{len(large)} pictures may show the tables that the text lacks: {error}"
        return replace(content, blocks=words, problems=(*content.problems, _problem(error.code, detail)))
    reader = _Reader(bare=len("".join(map(_text, words))) < _LITTLE_TEXT)
    read: list[Paragraph | Grid] = []
    for pictured, run in groupby(blocks, key=lambda block: isinstance(block, Picture)):
        if pictured:
            read += reader.blocks(b for b in run if isinstance(b, Picture) and len(b.body) >= _LEAST_BYTES)
        else:
            read += (block for block in run if not isinstance(block, Picture))
    return replace(
        content,
        blocks=tuple(read),
        scanned=content.scanned | reader.scanned,
        problems=(*content.problems, *reader.problems),
    )


class _Reader:
    """Reads runs of pictures; pages are counted over all of them."""

    def __init__(self, *, bare: bool) -> None:
        self.bare = bare
        self.count = 0
        self.scanned: frozenset[int] = frozenset()
        self.problems: list[Problem] = []

    def blocks(self, run: Iterable[Picture]) -> tuple[Paragraph | Grid, ...]:
        """What pictures show that follow one another without text between them."""
        from pipelines.readers.drawn import content_of  # noqa: PLC0415 only where there are pictures

        pages = [page for picture in run for page in self._pages(picture)]
        if not any(page.chars or page.unread for page in pages):
            return ()  # photographs
        try:
            shown = content_of(pages, "image/png", None)
        except UnreadableDocumentError as error:
            self.problems.append(_problem(error.code, str(error)))
            return ()
        if not (shown.grids or self.bare):
            return ()
        self.scanned |= shown.scanned
        self.problems += shown.problems
        return shown.blocks

    def _pages(self, picture: Picture) -> Iterator[Page]:
        from pipelines.readers import image  # noqa: PLC0415 needs the extra

        self.count += 1
        if self.count > _MOST:
            if self.count == _MOST + 1:
                self.problems.append(_problem("too_many_pages", f"only {_MOST} pictures were read"))
            return
        try:
            found = image.pages(picture.body, width=picture.width)
        except UnreadableDocumentError as error:
            if error.code != "scan_not_read":
                kind = media_type(picture.body)
                detail = f"picture {self.count} ({kind}) may show a table that the text lacks: {error}"
                self.problems.append(_problem("page_not_read", detail, self.count))
            return
        for page in found[:1]:  # the others of an animation or a TIFF are no part of the page
            if page.width >= _LEAST_WIDTH and page.height >= _LEAST_HEIGHT:
                yield replace(page, number=self.count)


def _problem(code: str, detail: str, page: int | None = None) -> Problem:
    return Problem(code=code, detail=detail, where={"page": page} if page else None)


def _text(block: Paragraph | Grid | Picture) -> str:
    if isinstance(block, Paragraph):
        return block.text
    if isinstance(block, Grid):
        return "".join(cell.text for row in block.rows for cell in row)
    return ""
