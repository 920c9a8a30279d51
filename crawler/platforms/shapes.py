"""What a platform tells of a page: entries, columns, further pages, an article.

Owns shapes only; the platforms fill them and the spider follows them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a list: where it leads, its title, its date (ISO) if the list prints one."""

    url: str
    title: str
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A part of the section with a list of its own, by year, level or agency.

    An agency's column may be its whole page, with more than its annual reports.
    """

    url: str
    name: str
    agency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a list. `entries` are all lines of the list, whatever their titles say."""

    entries: tuple[Entry, ...] = ()
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the addresses of a list's pages are made: page n is `prefix` + (n - `shift`) + `suffix`.

    Pages are counted from 1; the address of page 1 itself is known and not made.
    """

    prefix: str
    suffix: str
    shift: int

    def page(self, number: int) -> str:
        """The address of a page from the second on."""
        return f"{self.prefix}{number - self.shift}{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPages:
    """What a list page says of its further pages.

    `link` is the address of the page after this one where the page links it. `numberings` are the
    ways its further addresses may be made, likeliest first, where a script makes them; `pages` and
    `total` count pages and entries where the page says so. `more` is true where the page shows
    that there are further pages at all.
    """

    link: str | None = None
    numberings: tuple[Numbering, ...] = ()
    pages: int | None = None
    total: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that an article offers, with the words of its link."""

    url: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article page: what its template prints beside the body, and the files it links.

    `has_text` is true where the body itself holds more than a line or two, so that a file that
    cannot be had hides less.
    """

    title: str | None = None
    date: str | None = None
    source: str | None = None
    path: tuple[str, ...] = ()
    has_text: bool = False
    reads_as_report: bool = False
    attachments: tuple[Attachment, ...] = ()
