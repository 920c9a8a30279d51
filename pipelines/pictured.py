"""Pictures that lie side by side (of one article, in one archive file) → the documents that they make.

Owns the decision which pictures are pages of one report: all that follow one another, until one names
another body or year in its title.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from crawler.items import Listing, Portal
from pipelines.content import Content
from pipelines.identity import identity
from pipelines.readers import UnreadableDocumentError, image, media_type
from pipelines.readers.drawn import content_of
from pipelines.readers.ruled import Page

Named = TypeVar("Named")


@dataclass(slots=True)
class _Pages(Generic[Named]):
    """The pages of one report so far; `key` is its body and year where one of them has named both."""

    first: Named
    kind: str
    key: tuple[str, int] | None = None
    pages: list[Page] = field(default_factory=list)


def documents(
    files: Sequence[tuple[Named, bytes]], portal: Portal | None, url: str | None
) -> Iterator[tuple[Named, Content | UnreadableDocumentError]]:
    """The documents that pictures make, each with what stands for its first; a picture that cannot be read
    comes with the reason. Pages are numbered through.
    """
    found: list[_Pages[Named]] = []
    for name, body in files:
        kind = media_type(body)
        try:
            pages = image.pages(body)
            key = _named(content_of(pages, kind, url), portal)
        except UnreadableDocumentError as error:
            yield name, error
            continue
        if not found or (key and found[-1].key not in (None, key)):
            found.append(_Pages(name, kind))
        found[-1].key = found[-1].key or key
        found[-1].pages += pages
    for report in found:
        numbered = [replace(page, number=number) for number, page in enumerate(report.pages, 1)]
        yield report.first, content_of(numbered, report.kind, url)


def _named(content: Content, portal: Portal | None) -> tuple[str, int] | None:
    """The body and the year of a report whose title stands in the content."""
    found = identity(content, (), portal, Listing())
    return (found.agency.id, found.year) if found.is_report and found.agency and found.year else None
