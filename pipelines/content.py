"""What a reader makes of bytes: paragraphs and grids in document order, with their places.

Owns the shapes that lie between the readers (one a format) and the matcher, which is the same
for every format. A grid keeps the cells that physically stand in each row; `rectangle` in
`pipelines.grid` lays them out. Nothing here interprets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.records import Link, Locator, Problem


@dataclass(slots=True, eq=False)
class GridCell:
    """One physical cell: its text ("" is a cell that is there and empty), extent and place.

    Compared by identity: two cells with the same text are two cells. Only the reader that makes a cell may
    change it, and only until its grid is made; to forbid that would make each four times as dear.
    """

    text: str
    where: Locator
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it stands in the source.

    `geometry` tells whether columns are to be trusted: true where the source has spans or
    coordinates, false for rows of text whose cells were only separated.
    """

    rows: tuple[tuple[GridCell, ...], ...]
    where: Locator
    geometry: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or line of text outside tables."""

    text: str
    where: Locator = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """A document as read.

    `headlines` are titles that the document's own mark-up states, best first; `meta` holds page
    metadata under the names `date`, `source`, `column`, `breadcrumb`, `site`; `links` the files offered.
    `shown` are addresses of what the document shows beside them in place of a text: pages in frames,
    pictures, documents that a script names.
    `scanned` are the pages that were recognised in a picture: their figures are marked.
    `cut` says how the document shows that its end is missing, None where it does not; `problems`
    names what else a reader saw and could not read.
    `by_position` are the statutory tables as the positions of the text alone show them (labels and
    numbers clustered in rows and columns, no rulings used), in document order; a second opinion beside
    the blocks, never the only source of a figure. `in_lines` are the lines of drawn pages as their text
    alone shows them, those in tables included, where a statistics table of older reports may stand.
    """

    blocks: tuple[Paragraph | Grid, ...]
    media_type: str
    headlines: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    base_url: str | None = None
    cut: str | None = None
    problems: tuple[Problem, ...] = ()
    scanned: frozenset[int] = frozenset()
    by_position: tuple[Grid, ...] = ()
    shown: tuple[str, ...] = ()
    in_lines: tuple[Paragraph, ...] = ()

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The tables, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Grid))

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """The text outside tables, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Paragraph))
