"""Drawn pages → Content: tables joined over page breaks, the text between them as paragraphs.

Owns the order of blocks and what is left of a page when its tables are taken out. Formats that
draw their pages (PDF, OFD, scans) hand over `Page`s and share everything that follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import median

from pipelines.content import Content, Grid, Paragraph
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.lines import (
    UNTOLD,
    Line,
    Margins,
    PageLines,
    TextBlock,
    joined,
    text_lines,
    without_furniture,
)
from pipelines.readers.page_breaks import Joined, appended, piece, without_overhang
from pipelines.readers.positions import by_position
from pipelines.readers.ruled import Page, RuledTable, ruled_tables
from pipelines.records import Problem

MOST_PAGES = 400
"""Reports have up to sixty pages; a document of more than this is none."""

_MOST_CHARS = 100_000
_UNTOLD_SHARE = 0.3
_INDICATOR = "当面申请数"
"""A label that both statistics tables have, and no other report."""


def content_of(pages: Sequence[Page], media_type: str, url: str | None) -> Content:
    """The content of a document's pages; raises UnreadableDocumentError where they hold no text."""
    chars = list(chain.from_iterable(page.chars for page in pages))
    if not chars:
        told = next((page for page in pages if page.unread), None)
        if told is not None:
            raise UnreadableDocumentError(told.code, f"page {told.number} was not read: {told.unread}")
        if any(page.pictured for page in pages):
            raise UnreadableDocumentError(
                "scan_not_read", f"all {len(pages)} pages are images in which no text was found"
            )
        raise UnreadableDocumentError("empty_document", f"the {len(pages)} pages hold no text")
    untold = sum(char.text == UNTOLD for char in chars)
    if untold > _UNTOLD_SHARE * len(chars):
        raise UnreadableDocumentError(
            "unreadable_text", f"{untold} of {len(chars)} characters have no meaning that the file states"
        )
    tables: list[list[RuledTable]] = []
    loose: list[PageLines] = []
    for page in pages:
        found, outside = ruled_tables(page)
        if found:
            outside = without_overhang(found[-1], outside)
        tables.append(found)
        loose.append(PageLines(page.number, page.height, tuple(text_lines(outside))))
    lines = without_furniture(loose)
    blocks = tuple(_blocks(tables, lines))
    return Content(
        blocks,
        media_type,
        _headlines(lines, tables),
        base_url=url,
        problems=tuple(_unread(pages)),
        scanned=frozenset(page.number for page in pages if page.scanned),
        by_position=by_position(pages),
        in_lines=tuple(_in_lines(pages)),
    )


def _in_lines(pages: Sequence[Page]) -> Iterator[Paragraph]:
    """The lines of pages that were not recognised in a picture, of documents that name an indicator of the
    statistics tables before 2019.
    """
    read = [page for page in pages if not page.scanned]
    if not any(_INDICATOR in "".join(char.text for char in page.chars) for page in read):
        return
    for page in read:
        for number, line in enumerate(text_lines(page.chars), 1):
            yield Paragraph(line.text, {"page": page.number, "line": number})


def overfull(chars: int, objects: int) -> str | None:
    """Why a page is not taken apart: it holds more than a page that people read."""
    if chars > _MOST_CHARS:
        return f"it holds {chars} characters"
    return f"it holds {objects} drawings" if objects > _MOST_CHARS else None


def _unread(pages: Sequence[Page]) -> Iterator[Problem]:
    """A problem for each run of pages that were not read for the same reason."""
    runs: list[tuple[Page, Page, str]] = []
    for page in pages:
        blank = page.pictured and not page.chars
        reason = page.unread or ("it is an image in which no text was found" if blank else None)
        if not reason:
            continue
        first, last, told = runs[-1] if runs else (page, page, "")
        if runs and last.number + 1 == page.number and (told, last.code) == (reason, page.code):
            runs[-1] = (first, page, told)
        else:
            runs.append((page, page, reason))
    for first, last, reason in runs:
        named = f"page {first.number} was" if first is last else f"pages {first.number} to {last.number} were"
        yield Problem(code=first.code, where={"page": first.number}, detail=f"{named} not read: {reason}")


def _blocks(tables: Sequence[Sequence[RuledTable]], pages: Sequence[PageLines]) -> Iterator[Paragraph | Grid]:
    """Paragraphs and grids in reading order."""
    margins = Margins(pages)
    found: list[TextBlock | Joined] = []
    number = 0
    for on_page, page in zip(tables, pages, strict=True):
        lines = list(enumerate(page.lines, 1))
        for place, table in enumerate(on_page):
            while lines and lines[0][1].y0 < table.box[1]:
                _add_line(found, *lines.pop(0), page.page, margins)
            number += 1
            _add_table(found, piece(table, number), first_on_page=place == 0)
        for line in lines:
            _add_line(found, *line, page.page, margins)
    for block in found:
        yield block.grid() if isinstance(block, Joined) else _paragraph(block)


def _add_line(found: list[TextBlock | Joined], number: int, line: Line, page: int, margins: Margins) -> None:
    last = found[-1] if found else None
    if isinstance(last, TextBlock) and margins.goes_on(last, line, page):
        last.text = joined(last.text, line.text)
        last.last, last.page_of_last = line, page
    elif line.text.strip():
        found.append(TextBlock(page, number, line, line, page, line.text))


def _add_table(found: list[TextBlock | Joined], table: Joined, *, first_on_page: bool) -> None:
    """Adds a table, or joins it to the one that a page break parts it from."""
    before = next((block for block in reversed(found) if isinstance(block, Joined)), None)
    goes_over = before is not None and first_on_page and before.pages[-1] + 1 == table.pages[0]
    if before is not None and goes_over and appended(before, table, adjoining=found[-1] is before):
        # What stood between is part of the row that the break cut: the table ends after it.
        found[:] = [*(block for block in found if block is not before), before]
        return
    found.append(table)


def _paragraph(block: TextBlock) -> Paragraph:
    first = block.first
    box = [round(value, 1) for value in (first.x0, first.y0, first.x1, first.y1)]
    return Paragraph(block.text, {"page": block.page, "line": block.line, "bbox": box})


def _headlines(pages: Sequence[PageLines], tables: Sequence[Sequence[RuledTable]]) -> tuple[str, ...]:
    """The title that the first page sets in larger letters, its lines joined."""
    if not pages or not pages[0].lines:
        return ()
    top = min((table.box[1] for table in tables[0]), default=pages[0].height)
    lines = [line for line in pages[0].lines if line.y0 < top]
    if not lines:
        return ()
    usual = median([line.height for page in pages for line in page.lines])
    tallest = max(line.height for line in lines)
    if tallest < 1.2 * usual:
        return ()
    title: list[Line] = []
    for line in lines:
        # A line without digits or brackets is lower than one of the same letters with them.
        if line.height >= max(0.8 * tallest, 1.1 * usual):
            title.append(line)
        elif title:
            break
    return (joined("".join(line.text for line in title[:-1]), title[-1].text),)
