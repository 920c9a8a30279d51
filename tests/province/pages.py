"""The pages of a sample portal: which path answers what.

Owns the answers as bytes; serving them is `server`. Templates stand in `templates/`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import documents, interfaces, reports
from .portals import ENDINGS, Channel, Entry, Portal
from .skins import number

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
UNCHANGED_SINCE = "Fri, 28 Feb 2025 02:00:00 GMT"
"""The sample never changes, so every page carries one date of last change."""

NEWS = "<p>这里是样例栏目，没有内容。</p>"
GUIDE = "<p>公众可以通过门户网站查阅信息，也可以书面提出申请，由办公室统一受理。</p>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers. `sent` other than "whole" is how the sending goes wrong (see `server`)."""

    body: bytes
    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    sent: str = "whole"

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
        if portal.town:
            for place, title in enumerate(self._news(), 1):
                self.routes[f"/news/{place}.html"] = _bound(self._news_page, title)
        for channel in portal.channel:
            self._route_channel(channel)
        for entry in portal.entry:
            self._route_entry(entry)
        # Pages never change of themselves, and are made when they are asked for the first time.
        self.routes = {address: cache(route) for address, route in self.routes.items()}
        self._with_query = {address.partition("?")[0] for address in self.routes if "?" in address}

    def answer(self, path: str, query: str, referer: str | None) -> Answer:
        """The answer to a GET; 404 with a page of the portal where there is nothing."""
        told = interfaces.reply(self.portal, path, parse_qs(query), referer, self._filled)
        if told is not None:
            return Answer(told[0].encode(), told[1])
        if interfaces.is_interface(self.portal, path):
            return self._not_found()
        asked = f"{path}?{query}" if query and path in self._with_query else path
        route = self.routes.get(asked)
        return route() if route else self._not_found()

    def correct(self) -> list[str]:
        """Replaces the pages of reports that are corrected later; their addresses."""
        addresses = []
        for entry in self.portal.entry:
            if entry.report is not None and entry.report.corrected is not None:
                report = replace(entry.report, figures=entry.report.corrected)
                address = self.portal.path(entry)
                self.routes[address] = _bound(self._entry_page, replace(entry, report=report))
                addresses.append(address)
        return addresses

    def _route_channel(self, channel: Channel) -> None:
        portal = self.portal
        first = portal.channel_path(channel)
        if channel.kind == "menu":
            self.routes[first] = lambda: self._menu(channel)
        elif portal.skin == "gkmlpt":
            # One page has all columns; its script asks for what stands behind the # of the address.
            return
        elif channel.kind == "redirect":
            self.routes[first] = lambda: self._redirect(channel)
        elif channel.kind == "article":
            shown = [entry for entry in portal.entries(channel.code) if entry.article is None]
            self.routes[first] = lambda: self._shown_by_channel(channel, shown)
        elif channel.kind in ("api", "branches"):
            self.routes[first] = lambda: self._list(channel, (), 1, 1)
        else:
            entries = portal.entries(channel.code)
            size = channel.page_size
            pages = [entries[start : start + size] for start in range(0, len(entries), size)] or [()]
            for place, lines in enumerate(pages, 1):
                self.routes.setdefault(
                    portal.channel_path(channel, place),
                    _bound(self._list, channel, lines, place, len(pages)),
                )
            if channel.kind == "static" and channel.first_page == 2:
                self.routes[first.replace(".shtml", "_1.shtml")] = self.routes[first]

    def _route_entry(self, entry: Entry) -> None:
        if entry.kind in ("link", "missing") or entry.article is None:
            return
        self.routes[self.portal.path(entry)] = lambda: self._entry_page(entry)
        report = entry.report
        if report is not None and not report.page:
            self.routes[self.portal.file_path(entry)] = _bound(self._file, report)

    def _file(self, report: reports.Report) -> Answer:
        """The file, or the page in a frame, that has a report."""
        if report.shown == "frame":
            page = (
                f"<html><head><title>{report.title}</title></head><body>{reports.body(report)}</body></html>"
            )
            return Answer(page.encode(), "text/html;charset=utf-8")
        ending = ENDINGS[report.shown]
        return Answer(documents.file(report, ending), documents.MEDIA_TYPES[ending])

    def _home(self) -> Answer:
        return self._rendered("home", channel=None)

    def _menu(self, channel: Channel) -> Answer:
        children = [self.portal.named(code) for code in channel.children]
        numbers = {code: number(code) for code in channel.children}
        return self._rendered("menu", channel=channel, children=children, numbers=numbers, trail=())

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
            branches=[self.portal.named(code) for code in self._branches(channel)],
            trail=self._trail(channel),
            channel_id=interfaces.channel_id(self.portal, channel),
            number=number(channel.code),
        )

    def _branches(self, channel: Channel) -> Sequence[str]:
        """The bodies among which a list is chosen."""
        hub = channel if channel.kind == "branches" else self._parent(channel)
        return hub.children if hub and hub.kind == "branches" else ()

    def _shown_by_channel(self, channel: Channel, shown: Sequence[Entry]) -> Answer:
        if shown:
            return self._entry_page(shown[0])
        return self._article_page(channel, channel.name, "2021-06-30 09:00", self.portal.name, GUIDE)

    def _entry_page(self, entry: Entry) -> Answer:
        channel = self.portal.named(entry.channel)
        links: list[Mapping[str, str]] = []
        label = None
        report = entry.report
        if report is not None and entry.place is not None:
            body, source = self._report_body(report, entry), report.name
            links = list(entry.place.link)
            label = entry.place.charset_label
            if report.shown in ("pdf", "docx", "xlsx", "zip"):
                address = self.portal.file_path(entry)
                if self.portal.skin == "ucap":
                    address = f"{entry.article}/files/{address.rpartition('/files/')[2]}"
                links.append({"url": address, "label": f"{entry.title}{ENDINGS[report.shown]}"})
        elif entry.kind == "blank":
            body, source = reports.blank_body(), ""
        else:
            body, source = f"<p>{escape(entry.text)}</p>", self.portal.name
        return self._article_page(channel, entry.title, entry.date, source, body, links=links, label=label)

    def _report_body(self, report: reports.Report, entry: Entry) -> str:
        """The report, or what its page says and shows where it is a file or in a frame."""
        if report.page:
            return reports.body(report)
        address = escape(self.portal.file_path(entry))
        shown = {
            "frame": f'<iframe src="{address}" width="100%"></iframe>',
            "viewer": f'<iframe src="/pdfjs/web/viewer.html?file={quote(address, safe="")}"></iframe>',
            "scan": f'<p><img src="{address}" alt=""></p>',
        }
        return shown.get(report.shown, f"<p>{escape(entry.title)}见附件。</p>")

    def _news(self) -> list[str]:
        return [title.format(town=self.portal.town) for title in noise()["news"]["titles"]]

    def _news_page(self, title: str) -> Answer:
        return self._article_page(None, title, "2024-03-01", self.portal.name, NEWS)

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
            number=number(channel.code),
        )

    def _rendered(self, template: str, *, label: str | None = None, **values: object) -> Answer:
        portal = self.portal
        charset = label or portal.encoding
        kinds = (f"{portal.skin}_{template}", f"site_{template}")
        values.setdefault("channel", None)
        text = self._filled(*kinds, charset=charset, **values)
        declared = "" if portal.skin == "plain" else f";charset={charset}"
        return Answer(text.encode(portal.encoding), f"text/html{declared}")

    def _filled(self, *templates: str, **values: object) -> str:
        """The first template that there is, with what every page of the portal may need."""
        return TEMPLATES.select_template([f"{name}.html" for name in templates]).render(
            portal=self.portal,
            host=self.host,
            hub=self.portal.channel_path(self.portal.channel[0]),
            news=self._news(),
            links_elsewhere=noise()["links"]["titles"],
            **values,
        )

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


def _bound(page: Callable[..., Answer], *given: object) -> Route:
    return lambda: page(*given)


@cache
def noise() -> Mapping[str, Mapping[str, Any]]:
    """What stands beside the columns of the cities' portals (`noise.toml`)."""
    with (Path(__file__).parent / "noise.toml").open("rb") as file:
        return tomllib.load(file)
