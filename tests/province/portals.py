"""The sample portals: channels, entries and the addresses at which they stand.

Owns the reading of `portals.toml` and the making of addresses; the mark-up is `pages`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import reports

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A column of a portal; the kinds are explained at the head of `portals.toml`."""

    code: str
    name: str
    kind: str
    template: str
    children: tuple[str, ...] = ()
    page_size: int = 0
    first_page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a list. `report` and `place` are given where it leads to a sample report; `agency` and
    `year` where it leads to one that is only a file.
    """

    channel: str
    kind: str
    title: str
    date: str
    article: int | None = None
    text: str = ""
    target: str = ""
    file: str = ""
    label: str = ""
    figures: str = ""
    agency: str = ""
    year: int = 0
    report: reports.Report | None = None
    place: reports.Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A sample portal. `encoding` is that of its bytes."""

    id: str
    skin: str
    port: int
    name: str
    division: str
    site: str
    site_code: str
    prefix: str
    channel: tuple[Channel, ...]
    entry: tuple[Entry, ...]
    agency: str | None = None
    encoding: str = "utf-8"

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

    def channel_path(self, channel: Channel, page: int = 1) -> str:
        """Path of page `page` (from 1) of a channel."""
        if self.skin == "plain":
            return f"/xxgk/{channel.code}/index{'' if page == 1 else f'_{page}'}.html"
        number = "" if page == 1 else f"_{page - 2 + channel.first_page}"
        return f"/{self.site}/{channel.code}/{channel.template}{number}.shtml"

    def path(self, entry: Entry) -> str:
        """Path to which a line of a list leads."""
        if entry.kind == "link":
            return self.channel_path(self.named(entry.target))
        if entry.article is None:
            return self.channel_path(self.named(entry.channel))
        if self.skin == "plain":
            year, rest = entry.date[:4], entry.date[5:10].replace("-", "")
            return f"/xxgk/{entry.channel}/{year}/{rest}/{entry.article}.html"
        month = entry.date[:7].replace("-", "") or "202001"
        return f"/{self.site}/{entry.channel}/{month}/{self.prefix}{entry.article}.shtml"

    def file_path(self, entry: Entry) -> str:
        """Path of the file attached to an entry's page."""
        folder = self.path(entry).rpartition("/")[0]
        return f"{folder}/{entry.article}/files/{entry.file}"


def files() -> tuple[tuple[Portal, Entry], ...]:
    """The reports that stand only in an attached file, each with its portal."""
    return tuple((portal, entry) for portal in load() for entry in portal.entry if entry.kind == "pdf")


@cache
def load() -> tuple[Portal, ...]:
    """Every portal of `portals.toml`, its lists filled with the sample reports."""
    with (FOLDER / "portals.toml").open("rb") as file:
        data = tomllib.load(file)
    return tuple(_portal(entry) for entry in data["portal"])


def _portal(data: Mapping[str, Any]) -> Portal:
    channels = tuple(
        Channel(**{**channel, "children": tuple(channel.get("children", ()))}) for channel in data["channel"]
    )
    entries = [Entry(**entry) for entry in data.get("entry", ())]
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
        if place.portal == data["id"]
    ]
    return Portal(**{**data, "channel": channels, "entry": tuple(entries)})
