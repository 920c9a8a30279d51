"""Addresses by publishing platform: where a portal's columns, articles and files stand.

Owns the addresses only; the mark-up of each platform is in `templates/`, what its scripts ask for in
`interfaces`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from .portals import Channel, Entry, Portal

Column = Callable[["Portal", "Channel", int], str]
Article = Callable[["Portal", "Entry"], str]
File = Callable[["Portal", "Entry", str], str]


@dataclass(frozen=True, slots=True)
class Skin:
    """A platform's addresses: page n of a column, an article, a file of an article."""

    column: Column
    article: Article
    file: File


def number(code: str) -> int:
    """The number by which platforms that count their columns know one."""
    return zlib.crc32(code.encode()) % 9000 + 1000


def _day(entry: Entry) -> tuple[str, str, str]:
    year, month, day = (entry.date[:10] or "2020-01-01").split("-")
    return year, month, day


def _hashed(entry: Entry, ending: str) -> str:
    return hashlib.md5(f"{entry.article}".encode(), usedforsecurity=False).hexdigest() + ending


def _ucap_column(portal: Portal, channel: Channel, page: int) -> str:
    counted = "" if page == 1 else f"_{page - 2 + channel.first_page}"
    return f"/{portal.site}/{channel.code}/{channel.template}{counted}.shtml"


def _ucap_article(portal: Portal, entry: Entry) -> str:
    month = entry.date[:7].replace("-", "") or "202001"
    return f"/{portal.site}/{entry.channel}/{month}/{portal.prefix}{entry.article}.shtml"


def _ucap_file(portal: Portal, entry: Entry, ending: str) -> str:
    folder = _ucap_article(portal, entry).rpartition("/")[0]
    return f"{folder}/{entry.article}/files/{_hashed(entry, ending)}"


def _plain_article(portal: Portal, entry: Entry) -> str:
    year, month, day = _day(entry)
    return f"/xxgk/{entry.channel}/{year}/{month}{day}/{entry.article}.html"


def _art(portal: Portal, entry: Entry) -> str:
    """An article of the Hanweb platforms."""
    year, month, day = _day(entry)
    folder = f"/art/{year}/{int(month)}/{int(day)}"
    return f"{folder}/art_{number(entry.channel)}_{entry.article}.html"


def _trs_folder(entry: Entry) -> str:
    year, month, _ = _day(entry)
    return f"/zwgk/{entry.channel}/{year}{month}"


def _counted(stem: str, page: int, counted: str) -> str:
    return f"{stem}.html" if page == 1 else f"{stem}_{counted}.html"


def _openness_column(portal: Portal, channel: Channel, page: int) -> str:
    if channel.kind in ("menu", "article"):
        return f"/page/{channel.code}.html"
    if channel.kind == "branches":
        return "/opennessAnnualReport/"
    further = "" if page == 1 else f"&page={page}"
    path = "/opennessAnnualReport/" if channel.code.startswith("b") else f"/{channel.code}/"
    return f"{path}?branch_id={channel.code}{further}"


SKINS: Mapping[str, Skin] = {
    "ucap": Skin(_ucap_column, _ucap_article, _ucap_file),
    "plain": Skin(
        lambda portal, channel, page: f"/xxgk/{channel.code}/index{'' if page == 1 else f'_{page}'}.html",
        _plain_article,
        lambda portal, entry, ending: f"/xxgk/files/{_hashed(entry, ending)}",
    ),
    "jcms": Skin(
        lambda portal, channel, page: f"/col/col{number(channel.code)}/index.html",
        _art,
        lambda portal, entry, ending: (
            f"/module/download/downfile.jsp?classid=0&filename={_hashed(entry, ending)}"
            f"&showname={quote('年度报告' + ending)}"
        ),
    ),
    "jpaas": Skin(
        lambda portal, channel, page: f"/zwgk/{channel.code}/index.html",
        _art,
        lambda portal, entry, ending: f"/jcms_files/jcms1/web33/site/attach/0/{_hashed(entry, ending)}",
    ),
    "trs": Skin(
        lambda portal, channel, page: _counted(f"/zwgk/{channel.code}/index", page, str(page - 1)),
        lambda portal, entry: f"{_trs_folder(entry)}/t{''.join(_day(entry))}_{entry.article}.html",
        lambda portal, entry, ending: f"{_trs_folder(entry)}/P0{_hashed(entry, ending)}",
    ),
    "vsb": Skin(
        lambda portal, channel, page: (
            f"/xxgk/{channel.code}.htm"
            if page == 1
            else f"/xxgk/{channel.code}/{portal.pages(channel) - page + 1}.htm"
        ),
        lambda portal, entry: f"/info/{number(entry.channel)}/{entry.article}.htm",
        lambda portal, entry, ending: (
            "/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1547"
            f"&wbfileid={_hashed(entry, '')}"
        ),
    ),
    "gkmlpt": Skin(
        lambda portal, channel, page: (
            f"/{portal.site}/gkmlpt/index" + ("" if channel.kind == "menu" else f"#{number(channel.code)}")
        ),
        lambda portal, entry: (
            f"/{portal.site}/gkmlpt/content/1/{number(entry.channel)}/post_{entry.article}.html"
        ),
        lambda portal, entry, ending: f"/attachment/0/{_hashed(entry, ending)}",
    ),
    "struts": Skin(
        lambda portal, channel, page: (
            f"/News_to{channel.code.capitalize()}.action" + ("" if page == 1 else f"?pageNo={page}")
        ),
        lambda portal, entry: f"/News_showNews.action?messagekey={entry.article}",
        lambda portal, entry, ending: f"/upload/{_hashed(entry, ending)}",
    ),
    "openness": Skin(
        _openness_column,
        lambda portal, entry: f"/OpennessAnnualReport/show/{entry.article}.html",
        lambda portal, entry, ending: f"/attach/{_hashed(entry, ending)}",
    ),
    "contents": Skin(
        lambda portal, channel, page: _counted(f"/zfxxgk/channels/{number(channel.code)}", page, str(page)),
        lambda portal, entry: f"/zfxxgk/contents/{number(entry.channel)}/{entry.article}.html",
        lambda portal, entry, ending: f"/upload/{_hashed(entry, ending)}",
    ),
}
"""Every platform of the sample, by the name that a portal's `skin` gives."""
