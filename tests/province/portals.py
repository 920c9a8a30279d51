"""The sample portals: channels, entries and the addresses at which they stand.

Owns the reading of `portals.toml`; how addresses look is `skins`, the mark-up is `pages`.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from . import reports
from .skins import SKINS

FOLDER = Path(__file__).parent
ENDINGS = {"pdf": ".pdf", "viewer": ".pdf", "docx": ".docx", "xlsx": ".xlsx", "zip": ".zip", "scan": ".jpg"}
"""Endings of the files in which reports are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A column of a portal; the kinds are explained at the head of `portals.toml`."""

    code: str
    name: str
    kind: str
    template: str = ""
    children: tuple[str, ...] = ()
    page_size: int = 0
    first_page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a list. `report` and `place` are given where it leads to a sample report."""

    channel: str
    kind: str
    title: str
    date: str
    article: int | None = None
    text: str = ""
    target: str = ""
    report: reports.Report | None = None
    place: reports.Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A sample portal. `encoding` is that of its bytes; `town` is the place that it is of."""

    id: str
    skin: str
    port: int
    name: str
    division: str
    site: str
    site_code: str
    channel: tuple[Channel, ...]
    entry: tuple[Entry, ...]
    prefix: str = ""
    agency: str | None = None
    encoding: str = "utf-8"
    town: str = ""

    def named(self, code: str) -> Channel:
        """The channel of a code; KeyError where there is none."""
        for channel in self.channel:
            if channel.code == code:
                return channel
        raise KeyError(code)

    def entries(self, code: str) -> tuple[Entry, ...]:
        """Lines of a channel's list, newest first, those without a date last."""
        own = [entry for entry in self.entry if entry.channel == code]
        return tuple(sorted(own, key=lambda entry: entry.date, reverse=True))

    def pages(self, channel: Channel) -> int:
        """Pages of a channel's list."""
        return max(1, -(-len(self.entries(channel.code)) // (channel.page_size or 10)))

    def channel_path(self, channel: Channel, page: int = 1) -> str:
        """Address of page `page` (from 1) of a channel."""
        return SKINS[self.skin].column(self, channel, page)

    def path(self, entry: Entry) -> str:
        """Address to which a line of a list leads."""
        if entry.kind == "link":
            return self.channel_path(self.named(entry.target))
        if entry.article is None:
            return self.channel_path(self.named(entry.channel))
        return SKINS[self.skin].article(self, entry)

    def file_path(self, entry: Entry) -> str:
        """Address of the file, or of the framed page, that has an entry's report."""
        shown = entry.report.shown if entry.report else ""
        if shown == "frame":
            return f"/frames/{entry.article}.html"
        return SKINS[self.skin].file(self, entry, ENDINGS[shown])


@cache
def load(*, scans: bool = False) -> tuple[Portal, ...]:
    """Every portal of `portals.toml`, its lists filled with the sample reports, scans if asked for."""
    with (FOLDER / "portals.toml").open("rb") as file:
        data = tomllib.load(file)
    return tuple(_portal(entry, data["layout"], scans=scans) for entry in data["portal"])


def _portal(data: Mapping[str, Any], layouts: Mapping[str, Any], *, scans: bool) -> Portal:
    given = {key: value for key, value in data.items() if key != "layout"}
    layout = layouts.get(data.get("layout", ""), {})
    channels = tuple(
        Channel(**{**channel, "children": tuple(channel.get("children", ()))})
        for channel in (*data.get("channel", ()), *layout.get("channel", ()))
    )
    entries = [Entry(**entry) for entry in data.get("entry", ())]
    entries += _noise(layout.get("entry", ()), {channel.code for channel in channels}, data.get("town", ""))
    entries += [
        Entry(
            channel=place.channel,
            kind="report",
            title=report.title,
            date=place.date,
            article=place.article,
            report=report,
            place=place,
        )
        for report in reports.load()
        for place in report.place
        if place.portal == data["id"] and (scans or report.shown != "scan")
    ]
    return Portal(**{**given, "channel": channels, "entry": tuple(entries)})


def _noise(entries: Any, codes: set[str], town: str) -> Iterator[Entry]:
    """The entries of a layout, written for a place and numbered."""
    numbers = itertools.count(900_000)
    for given in entries:
        entry = Entry(**given)
        if entry.channel in codes:
            yield replace(entry, title=entry.title.format(town=town), article=next(numbers))
