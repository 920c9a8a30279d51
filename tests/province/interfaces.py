"""What the scripts of list pages ask for: the lists as JSON or mark-up, by publishing platform.

Owns which queries are answered and how the answers look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .portals import Channel, Entry, Portal
from .skins import number

LARGEST_PAGE = 10
"""Entries that Ucap's list interface gives at most for a channel that has no list of its own."""

Query = Mapping[str, list[str]]
Render = Callable[..., str]
"""A template by its name, and the values that it takes."""
Reply = tuple[str, str] | None
"""A body and its content type; None where nothing is there."""


def reply(portal: Portal, path: str, query: Query, referer: str | None, render: Render) -> Reply:
    """What a portal's interface answers; None where the address is none of its interfaces."""
    ask = _INTERFACES.get(portal.skin)
    return ask(portal, path, query, referer, render) if ask else None


def is_interface(portal: Portal, path: str) -> bool:
    """Whether an address is that of an interface, where no page stands."""
    return portal.skin == "ucap" and path.startswith("/common/")


def channel_id(portal: Portal, channel: Channel) -> str:
    """The 32-hex id by which Ucap's list interface knows a channel."""
    return hashlib.md5(f"{portal.site}/{channel.code}".encode(), usedforsecurity=False).hexdigest()


def _asked(query: Query, name: str, default: str = "") -> str:
    return query.get(name, [default])[0]


def _page(entries: Sequence[Entry], size: int, page: int) -> Sequence[Entry]:
    return entries[(page - 1) * size : page * size]


def _json(data: object) -> Reply:
    return json.dumps(data, ensure_ascii=False), "application/json;charset=UTF-8"


def _counted(portal: Portal, told: str) -> Channel | None:
    """The channel of a number."""
    return next((channel for channel in portal.channel if str(number(channel.code)) == told), None)


def _ucap(portal: Portal, path: str, query: Query, referer: str | None, render: Render) -> Reply:
    """It answers only those who say from which page they come."""
    if not referer:
        return None
    if path == "/common/getChannelList":
        if _asked(query, "websiteCodeName") != portal.site:
            return None
        for channel in portal.channel:
            if channel.code == _asked(query, "channelCode"):
                children = [_described(portal, portal.named(child)) for child in channel.children]
                return _json({"results": {**_described(portal, channel), "children": children}})
        return _json({"results": {}})
    for channel in portal.channel:
        if path == f"/common/search/{channel_id(portal, channel)}":
            return _searched(portal, channel, query)
    return None


def _described(portal: Portal, channel: Channel) -> dict[str, object]:
    return {
        "channelId": channel_id(portal, channel),
        "channelCode": channel.code,
        "channelName": channel.name,
        "displayName": channel.name,
        "children": [],
    }


def _searched(portal: Portal, channel: Channel, query: Query) -> Reply:
    entries = list(portal.entries(channel.code))
    if _asked(query, "_isAgg") == "true":
        for code in channel.children:
            entries += portal.entries(code)
    rows = min(int(_asked(query, "_pageSize", "20")), channel.page_size or LARGEST_PAGE)
    page = int(_asked(query, "page", "1"))
    results = [
        {
            "title": entry.title,
            "url": portal.path(entry),
            "publishedTimeStr": f"{entry.date}:00" if entry.date else "",
            "channelName": channel.name,
            "content": "",
            "contentHtml": "",
        }
        for entry in _page(entries, rows, page)
    ]
    told: dict[str, Any] = {"channelId": channel_id(portal, channel), "total": len(entries)}
    return _json({"data": {**told, "rows": rows, "page": page, "results": results}})


def _jcms(portal: Portal, path: str, query: Query, referer: str | None, render: Render) -> Reply:
    channel = _counted(portal, _asked(query, "columnid"))
    if path != "/module/web/jpage/dataproxy.jsp" or channel is None:
        return None
    entries = portal.entries(channel.code)
    some = _page(entries, channel.page_size, int(_asked(query, "page", "1")))
    return render("jcms_answer", entries=some, total=len(entries)), "text/xml;charset=UTF-8"


def _jpaas(portal: Portal, path: str, query: Query, referer: str | None, render: Render) -> Reply:
    """The page that is asked for counts in paramJson only; the unit beside the list has no entries."""
    channel = _counted(portal, _asked(query, "pageId"))
    if path != "/api-gateway/jpaas-publish-server/front/page/build/unit" or channel is None:
        return None
    entries = portal.entries(channel.code) if "list" in _asked(query, "tagId") else ()
    page = int(json.loads(_asked(query, "paramJson", "{}")).get("pageNo", 1))
    pages = max(1, -(-len(entries) // channel.page_size))
    markup = render("jpaas_answer", entries=_page(entries, channel.page_size, page), pages=pages)
    return _json({"success": True, "data": {"html": markup}})


def _gkmlpt(portal: Portal, path: str, query: Query, referer: str | None, render: Render) -> Reply:
    folder, _, told = path.rpartition("/")
    channel = _counted(portal, told)
    if folder != f"/{portal.site}/gkmlpt/api/all" or channel is None or _asked(query, "sid") != "2":
        return None
    entries = portal.entries(channel.code)
    some = _page(entries, channel.page_size or LARGEST_PAGE, int(_asked(query, "page", "1")))
    articles = [
        {
            "id": entry.article,
            "title": entry.title,
            "url": portal.path(entry),
            "display_publish_time": f"{entry.date[:10]} 10:00:00",
        }
        for entry in some
    ]
    return _json({"articles": articles, "total": len(entries)})


_INTERFACES = {"ucap": _ucap, "jcms": _jcms, "jpaas": _jpaas, "gkmlpt": _gkmlpt}
