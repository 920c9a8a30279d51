"""What a walk does, told as it does it, for whoever wants to watch: `scrapy probe` listens, a crawl does not.

Owns the signal and the shapes of what is told. The spider sends `TOLD` with `portal_id` and `step`;
nothing in a walk depends on whether anybody hears it.
"""

from __future__ import annotations

from dataclasses import dataclass

from crawler.items import Role

TOLD = object()
"""The signal; Scrapy tells signals apart by identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An address is about to be asked for, or refused before it is."""

    url: str
    role: Role
    found_on: str | None
    link_text: str | None
    quiet: bool
    """Whether it is a guess, whose failure need not say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuRead:
    """A home page or a hub was read: how many links, and those (label, address) that lead on."""

    url: str
    role: Role
    platform: str
    mark: str | None
    links: int
    path: tuple[str, ...]
    sections: tuple[tuple[str, str], ...]
    hubs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """A page of a list was read, or an interface's answer to a call for one.

    `list_url` tells the list, `number` counts its pages from 1; `reports` are entries whose titles
    name a report, `others` entries told to be something else. `pages` and `total` are what the list
    says of itself, `paging` how its further pages are asked for, `columns` counts the columns below it.
    """

    url: str
    list_url: str
    number: int
    platform: str
    mark: str | None
    path: tuple[str, ...]
    entries: int
    reports: int
    others: int
    pages: int | None
    total: int | None
    paging: str
    columns: int = 0


Step = Asked | MenuRead | ListRead


@dataclass(frozen=True, slots=True)
class Trial:
    """How far a walk goes that only tries a portal, beyond what a limit of reports says.

    `columns` of a section are opened, and `pages` of a list even where its first has enough.
    """

    columns: int = 3
    pages: int = 2
