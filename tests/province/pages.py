"""The pages of a sample portal: which path answers what.

Owns the answers as bytes; serving them is `server`. Templates stand in `templates/`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import figures, pdf, reports
from .portals import Channel, Entry, Portal

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
UNCHANGED_SINCE = "Fri, 28 Feb 2025 02:00:00 GMT"
"""The sample never changes, so every page carries one date of last change."""

LARGEST_PAGE = 10
"""Entries that the list interface gives at most for a channel that has no list of its own."""

NEWS = "<p>这里是样例栏目，没有内容。</p>"
GUIDE = "<p>公众可以通过门户网站查阅信息，也可以书面提出申请，由办公室统一受理。</p>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers."""

    body: bytes
    content_type: str
    status: int = 200

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'


Route = Callable[[], Answer]


class Pages:
    """Every page of one portal, by path; `answer` also serves the list interface."""

    def __init__(self, portal: Portal, host: str) -> None:
        self.portal = portal
        self.host = host
        self.routes: dict[str, Route] = {
            "/": self._home,
            "/robots.txt": lambda: Answer(b"User-agent: *\nDisallow: /search5/\n", "text/plain"),
        }
        if portal.skin == "ucap":
            self.routes[f"/{portal.site}/ywdt/index.shtml"] = lambda: self._article_page(
                None, "要闻动态", "", "", NEWS
            )
        for channel in portal.channel:
            self._route_channel(channel)
        for entry in portal.entry:
            self._route_entry(entry)

    def answer(self, path: str, query: str, referer: str | None) -> Answer:
        """The answer to a GET; 404 with a page of the portal where there is nothing."""
        if self.portal.skin == "ucap" and path.startswith("/common/"):
            return self._interface(path, parse_qs(query), referer)
        route = self.routes.get(path)
        return route() if route else self._not_found()

    def channel_id(self, channel: Channel) -> str:
        """The 32-hex id by which the list interface knows a channel."""
        return hashlib.md5(f"{self.portal.site}/{channel.code}".encode(), usedforsecurity=False).hexdigest()

    def _route_channel(self, channel: Channel) -> None:
        portal = self.portal
        first = portal.channel_path(channel)
        if channel.kind == "menu":
            self.routes[first] = lambda: self._menu(channel)
        elif channel.kind == "redirect":
            self.routes[first] = lambda: self._redirect(channel)
        elif channel.kind == "article":
            shown = [entry for entry in portal.entries(channel.code) if entry.article is None]
            self.routes[first] = lambda: self._shown_by_channel(channel, shown)
        elif channel.kind == "api":
            self.routes[first] = lambda: self._list(channel, (), 1, 1)
        else:
            entries = portal.entries(channel.code)
            size = channel.page_size
            pages = [entries[start : start + size] for start in range(0, len(entries), size)] or [()]
            for number, lines in enumerate(pages, 1):
                self.routes[portal.channel_path(channel, number)] = _bound(
                    self._list, channel, lines, number, len(pages)
                )
            if channel.kind == "static" and channel.first_page == 2:
                self.routes[first.replace(".shtml", "_1.shtml")] = self.routes[first]

    def _route_entry(self, entry: Entry) -> None:
        if entry.kind in ("link", "missing") or entry.article is None:
            return
        self.routes[self.portal.path(entry)] = lambda: self._entry_page(entry)
        if entry.kind == "pdf":
            content = pdf.report(
                entry.title, ["本年度报告以文件形式公布。", "一、总体情况"], figures.load(entry.figures)
            )
            self.routes[self.portal.file_path(entry)] = lambda: Answer(content, "application/pdf")

    def _home(self) -> Answer:
        return self._rendered("home", channel=None)

    def _menu(self, channel: Channel) -> Answer:
        children = [self.portal.named(code) for code in channel.children]
        return self._rendered("menu", channel=channel, children=children)

    def _redirect(self, channel: Channel) -> Answer:
        target = self.portal.channel_path(self.portal.named(channel.children[0]))
        return self._rendered("redirect", channel=channel, target=target)

    def _list(self, channel: Channel, entries: Sequence[Entry], page: int, pages: int) -> Answer:
        parent = self._parent(channel)
        siblings = [self.portal.named(code) for code in parent.children] if parent else []
        return self._rendered(
            "list",
            channel=channel,
            entries=entries,
            page=page,
            pages=pages,
            total=len(self.portal.entries(channel.code)),
            siblings=siblings,
            trail=self._trail(channel),
            channel_id=self.channel_id(channel),
        )

    def _shown_by_channel(self, channel: Channel, shown: Sequence[Entry]) -> Answer:
        if shown:
            return self._entry_page(shown[0])
        return self._article_page(channel, channel.name, "2021-06-30 09:00", self.portal.name, GUIDE)

    def _entry_page(self, entry: Entry) -> Answer:
        channel = self.portal.named(entry.channel)
        links: list[Mapping[str, str]] = []
        label = None
        if entry.report and entry.place:
            body, source = reports.body(entry.report), entry.report.name
            links = list(entry.place.link)
            label = entry.place.charset_label
        elif entry.kind == "blank":
            body, source = reports.blank_body(), ""
        elif entry.kind == "pdf":
            body, source = f"<p>{escape(entry.title)}见附件。</p>", self.portal.name
            files = self.portal.file_path(entry).rpartition("/files/")
            links = [{"url": f"{entry.article}/files/{files[2]}", "label": entry.label}]
        else:
            body, source = f"<p>{escape(entry.text)}</p>", self.portal.name
        return self._article_page(channel, entry.title, entry.date, source, body, links=links, label=label)

    def _article_page(
        self,
        channel: Channel | None,
        title: str,
        date: str,
        source: str,
        body: str,
        *,
        links: Sequence[Mapping[str, str]] = (),
        label: str | None = None,
    ) -> Answer:
        channel = channel or Channel(code="ywdt", name="要闻动态", kind="article", template="index")
        return self._rendered(
            "article",
            label=label,
            channel=channel,
            title=title,
            date=date,
            source=source,
            body=body,
            links=links,
            trail=self._trail(channel),
        )

    def _rendered(self, template: str, *, label: str | None = None, **values: object) -> Answer:
        portal = self.portal
        hub = portal.channel_path(portal.channel[0])
        charset = label or portal.encoding
        text = TEMPLATES.get_template(f"{portal.skin}_{template}.html").render(
            portal=portal, host=self.host, hub=hub, charset=charset, **values
        )
        declared = "" if portal.skin == "plain" else f";charset={charset}"
        return Answer(text.encode(portal.encoding), f"text/html{declared}")

    def _not_found(self) -> Answer:
        page = "<html><head><title>404</title></head><body>Not Found</body></html>"
        return Answer(page.encode(), "text/html", 404)

    def _parent(self, channel: Channel) -> Channel | None:
        for candidate in self.portal.channel:
            if channel.code in candidate.children:
                return candidate
        return None

    def _trail(self, channel: Channel) -> list[Channel]:
        trail: list[Channel] = []
        step = self._parent(channel)
        while step:
            trail.insert(0, step)
            step = self._parent(step)
        return trail

    def _interface(self, path: str, query: Mapping[str, list[str]], referer: str | None) -> Answer:
        """The JSON behind the lists. It answers only those who say from which page they come."""
        if not referer:
            return self._not_found()
        if path == "/common/getChannelList":
            code = query.get("channelCode", [""])[0]
            if query.get("websiteCodeName", [""])[0] != self.portal.site:
                return self._not_found()
            for channel in self.portal.channel:
                if channel.code == code:
                    children = [self._described(self.portal.named(child)) for child in channel.children]
                    return _json({"results": {**self._described(channel), "children": children}})
            return _json({"results": {}})
        for channel in self.portal.channel:
            if path == f"/common/search/{self.channel_id(channel)}":
                return self._searched(channel, query)
        return self._not_found()

    def _described(self, channel: Channel) -> dict[str, object]:
        return {
            "channelId": self.channel_id(channel),
            "channelCode": channel.code,
            "channelName": channel.name,
            "displayName": channel.name,
            "children": [],
        }

    def _searched(self, channel: Channel, query: Mapping[str, list[str]]) -> Answer:
        entries = list(self.portal.entries(channel.code))
        if query.get("_isAgg", ["false"])[0] == "true":
            for code in channel.children:
                entries += self.portal.entries(code)
        rows = min(int(query.get("_pageSize", ["20"])[0]), channel.page_size or LARGEST_PAGE)
        page = int(query.get("page", ["1"])[0])
        results = [
            {
                "title": entry.title,
                "url": self.portal.path(entry),
                "publishedTimeStr": f"{entry.date}:00" if entry.date else "",
                "channelName": channel.name,
                "content": "",
                "contentHtml": "",
            }
            for entry in entries[(page - 1) * rows : page * rows]
        ]
        return _json(
            {
                "data": {
                    "channelId": self.channel_id(channel),
                    "total": len(entries),
                    "rows": rows,
                    "page": page,
                    "results": results,
                }
            }
        )


def _bound(
    page: Callable[[Channel, Sequence[Entry], int, int], Answer],
    channel: Channel,
    entries: Sequence[Entry],
    number: int,
    pages: int,
) -> Route:
    return lambda: page(channel, entries, number, pages)


def _json(data: object) -> Answer:
    return Answer(json.dumps(data, ensure_ascii=False).encode(), "application/json;charset=UTF-8")
