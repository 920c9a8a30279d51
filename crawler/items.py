"""What a crawl hands on: portals, fetches, publications, listed bodies and the troubles met on the way.

Owns the shapes only. Standard library only, so that every other room may import it.
Times are UTC `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`, codes are strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["robots", "home", "hub", "list", "article", "attachment"]
"""Why a page was asked for; a column of the ledger and a key of every request's meta."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """One entry of the registry of portals; contract keys, see `crawler.registry`.

    `shared` is no key: hosts of the entry that other entries have too, each with the division of such an
    entry. What lies on them may be theirs.
    """

    id: str
    name: str
    division: str
    home: str
    platform: str | None = None
    sections: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    since: int | None = None
    agency: str | None = None
    delay: float | None = None
    http_only: bool = False
    disabled: bool = False
    note: str | None = None
    shared: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One row of the ledger: a request that was answered or failed.

    The ledger's middleware puts it into `request.meta["fetch"]` of every response, so that
    whoever handles the response can name the row. `sha256` is None where no body came.
    """

    id: int
    url: str
    final_url: str
    found_on: str | None
    link_text: str | None
    status: int | None
    content_type: str | None
    fetched_at: str
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes that were fetched, with the ledger row that says whence.

    `label` is the text of the link (or its title attribute, or file name) that led here.
    """

    fetch: Fetch
    body: bytes
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the list said of an article before it was opened.

    `path` holds the names of the columns passed on the way to it, outermost first, e.g.
    ("政务公开", "政府信息公开年报", "2021年"). `date` is as the list prints it, made ISO, or None.
    """

    title: str | None = None
    date: str | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An article page with the files that it links, complete: the item that a crawl yields."""

    portal: Portal
    page: Document
    attachments: tuple[Document, ...] = ()
    listing: Listing = field(default_factory=Listing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBody:
    """A body that a portal's own list of departments or places names, with or without reports of it.

    `name` is as printed, each run of white space made one blank. `list_url` is the page that shows the
    list, `fetch` the answer in which it stood. `url` is where the list leads, None where it names no
    address; `answered_by` are the ids of the portals to which that address belongs, none where it lies
    on a host of no registry.
    """

    portal: Portal
    name: str
    list_url: str
    fetch: Fetch
    url: str | None = None
    answered_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that could not be found, fetched or followed; becomes a row of `problems`.

    `hides_reports` is true where reports may have been missed because of it (a list page
    that failed, a section not found): the run is then not complete. It is false for what is
    known to be absent (an article that answers 404).
    """

    code: str
    portal_id: str
    url: str | None
    detail: str
    found_on: str | None = None
    link_text: str | None = None
    fetch_id: int | None = None
    hides_reports: bool = False
