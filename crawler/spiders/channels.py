"""The channel tree and the JSON lists of Ucap.

Owns the steps through `getChannelList` and `/common/search`; the shapes of addresses and answers are
`crawler.platforms.ucap`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scrapy.http import Response

from crawler import titles
from crawler.failures import Cause
from crawler.page import Page
from crawler.platforms import ucap
from crawler.spiders.following import Following, Found, fetch_of
from crawler.walk import MAX_COLUMNS, MAX_DEPTH, MAX_PAGES, ListWalk, Place, PortalWalk

Reader = Callable[[PortalWalk, ucap.ChannelAddress, Place, str], Callable[[Response], Found]]
"""Makes the handler of a channel tree for a place; the last argument is the page that led there."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why an interface gives no list: a problem's code and detail, its address and its fetch."""

    code: str
    detail: str
    url: str
    fetch_id: int | None


@dataclass(frozen=True, slots=True)
class JsonList:
    """A channel's list on its way: where it is asked for and what was seen of it."""

    walk: PortalWalk
    origin: str
    identifier: str
    progress: ListWalk
    found_on: str
    paths: tuple[str, ...]
    """Interfaces that may answer, the one asked now first."""
    complaint: Complaint | None = None
    """What the first interface answered where another is asked now."""

    def url(self, number: int) -> str:
        """The address of page `number`."""
        return ucap.list_url(self.origin, self.identifier, number, self.paths[0])


class ChannelLists(Following):
    """Steps through channels: trees by name, lists by id."""

    def _open_tree(
        self,
        walk: PortalWalk,
        channel: ucap.ChannelAddress,
        place: Place,
        found_on: str,
        reader: Reader,
        *,
        required: bool = False,
        otherwise: Callable[[], Found] = lambda: iter(()),
    ) -> Found:
        """One level of the channel tree, once. Portals without the interface answer 404; that is no trouble.

        `required`: the tree must be readable, because nothing else says what the place holds.
        `otherwise`: what is done where there is no tree to read.
        """
        url = ucap.tree_url(channel)
        if channel.origin in walk.without_api or url in walk.visited:
            yield from otherwise()
            return
        walk.visited.add(url)
        read = reader(walk, channel, place, found_on)

        def handler(response: Response) -> Found:
            try:
                ucap.tree(response.body)
            except ucap.AnswerError as error:
                walk.without_api.add(channel.origin)
                if required:
                    yield self._unreadable(walk, response, f"the channel tree cannot be read: {error}")
                yield from otherwise()
                return
            yield from read(response)

        def on_failure(why: Cause) -> Found:
            if why.absent:
                walk.without_api.add(channel.origin)
            yield from otherwise()

        yield from self._follow(
            walk, url, "hub", handler, found_on=found_on, on_failure=on_failure, quiet=True
        )

    def _open_section_tree(
        self,
        walk: PortalWalk,
        channel: ucap.ChannelAddress,
        progress: ListWalk,
        page: Page,
        *,
        required: bool,
    ) -> Found:
        """The JSON list of a section's channel and of its child channels."""
        tab, place = ucap.tab(page.url), progress.place
        identifier = tab or ucap.channel_id(page)
        of_list = replace(place, trusted=True) if tab is not None else place

        def without_tree() -> Found:
            if identifier is not None:
                yield from self._open_answer(walk, channel.origin, identifier, of_list, page.url)

        yield from self._open_tree(
            walk,
            channel,
            place,
            page.url,
            self._section_reader(without_tree, is_tab=tab is not None),
            required=required,
            otherwise=without_tree,
        )

    def _section_reader(self, own_list: Callable[[], Found], *, is_tab: bool) -> Reader:
        """Reads the tree of a section's page; `own_list` opens the list that the page itself names.

        The page of a hub may stand for its section, chosen by a script: then the channel is the hub's,
        and only its children that name annual reports count. Without such a child it is the list of
        the chosen tab, and without that the hub's, where titles decide.
        """

        def reader(
            walk: PortalWalk, channel: ucap.ChannelAddress, place: Place, found_on: str
        ) -> Callable[[Response], Found]:
            def handler(response: Response) -> Found:
                node, children = ucap.tree(response.body)
                if not titles.is_hub(node.name):
                    yield from own_list()
                    yield from self._on_children(walk, channel, place, found_on)(response)
                    return
                named = [child for child in children if titles.section_rank(child.name) is not None]
                for child in named:
                    inside = replace(place.below(child.name), trusted=True)
                    yield from self._open_channel(walk, channel, child, inside, found_on)
                if not named and is_tab:
                    yield from own_list()
                elif not named and node.id:
                    untrusted = replace(place, trusted=False)
                    yield from self._open_answer(walk, channel.origin, node.id, untrusted, found_on)

            return handler

        return reader

    def _open_channel(
        self, walk: PortalWalk, channel: ucap.ChannelAddress, node: ucap.Channel, place: Place, found_on: str
    ) -> Found:
        """A channel at or below the section: its JSON list, and its own children."""
        if titles.is_other(node.name) or place.depth > MAX_DEPTH:
            return
        walk.columns += 1
        if walk.columns > MAX_COLUMNS:
            yield from self._too_many_columns(walk, found_on)
            return
        if node.id:
            yield from self._open_answer(walk, channel.origin, node.id, place, found_on)
        if node.code:
            inner = replace(channel, channel=node.code)
            yield from self._open_tree(walk, inner, place, found_on, self._on_children, required=not node.id)

    def _on_children(
        self, walk: PortalWalk, channel: ucap.ChannelAddress, place: Place, found_on: str
    ) -> Callable[[Response], Found]:
        """The handler of a channel tree at or below the section."""

        def handler(response: Response) -> Found:
            node, children = ucap.tree(response.body)
            if node.id:
                yield from self._open_answer(walk, channel.origin, node.id, place, found_on)
            for child in children:
                yield from self._open_channel(walk, channel, child, place.below(child.name), found_on)

        return handler

    def _open_answer(
        self, walk: PortalWalk, origin: str, identifier: str, place: Place, found_on: str
    ) -> Found:
        """The JSON list of a channel, once."""
        url = ucap.list_url(origin, identifier, 1)
        if url in walk.visited or self._enough(walk):
            return
        walk.visited.add(url)
        paths = (walk.list_paths[origin],) if origin in walk.list_paths else ucap.LIST_PATHS
        progress = ListWalk(url=ucap.list_url(origin, identifier, 1, paths[0]), place=place)
        yield from self._answer_page(JsonList(walk, origin, identifier, progress, found_on, paths), 1)

    def _other_interface(self, json_list: JsonList, complaint: Complaint) -> Found:
        """The first page from the next interface; where none is left, what the first one answered."""
        walk, first = json_list.walk, json_list.complaint or complaint
        paths = json_list.paths[1:]
        if paths:
            url = ucap.list_url(json_list.origin, json_list.identifier, 1, paths[0])
            progress = ListWalk(url=url, place=json_list.progress.place)
            yield from self._answer_page(
                replace(json_list, paths=paths, progress=progress, complaint=first), 1
            )
            return
        walk.list_paths.setdefault(json_list.origin, ucap.LIST_PATHS[0])
        yield self._trouble(walk, first.code, first.url, first.detail, hides=True, fetch_id=first.fetch_id)

    def _answer_page(self, json_list: JsonList, number: int, *, extra: bool = False) -> Found:
        """Page `number` of a JSON list; `extra` is one beyond what the list says it has."""
        walk, progress = json_list.walk, json_list.progress

        def handler(response: Response) -> Found:
            try:
                answer = ucap.answer(response.body, response.url)
            except ucap.AnswerError as error:
                detail = f"page {number} of a JSON list cannot be read: {error}"
                if number == 1:
                    complaint = Complaint("api_unreadable", detail, response.url, fetch_of(response).id)
                    yield from self._other_interface(json_list, complaint)
                    return
                if not extra:
                    yield self._unreadable(walk, response, detail)
                yield from self._end_of_list(walk, progress)
                return
            if number == 1:
                walk.list_paths[json_list.origin] = json_list.paths[0]
            yield from self._take_answer(json_list, number, response, answer, extra=extra)

        def on_failure(why: Cause) -> Found:
            if number == 1:
                if why.absent:
                    complaint = Complaint(why.code, why.detail, progress.url, why.fetch_id)
                    yield from self._other_interface(json_list, complaint)
                return
            known = -(-(progress.total or 0) // max(progress.first_size, 1))
            if not extra and number < min(known, MAX_PAGES):
                yield from self._answer_page(json_list, number + 1)
            else:
                yield from self._end_of_list(walk, progress)

        yield from self._follow(
            walk,
            json_list.url(number),
            "list",
            handler,
            found_on=json_list.found_on,
            on_failure=on_failure,
            quiet=extra or number == 1,
        )

    def _take_answer(
        self, json_list: JsonList, number: int, response: Response, answer: ucap.Answer, *, extra: bool
    ) -> Found:
        walk, progress = json_list.walk, json_list.progress
        for title in answer.nameless:
            detail = f"the list names {title!r} without an address"
            yield self._trouble(
                walk,
                "entry_without_address",
                response.url,
                detail,
                hides=True,
                fetch_id=fetch_of(response).id,
            )
        if answer.total is not None:
            progress.total = max(answer.total, progress.total or 0)
        fresh = progress.fresh(answer.entries)
        if number == 1:
            progress.first_size = answer.rows
        elif not fresh and not answer.nameless:
            if progress.short and not extra and (answer.rows or progress.incomplete):
                yield self._repeats(walk, progress, response, number, any_entry=bool(answer.rows))
            yield from self._end_of_list(walk, progress)
            return
        progress.add(answer.entries if number == 1 else fresh)
        progress.rows += len(answer.nameless)
        self._collect_all(walk, fresh, progress.place, json_list.found_on)
        yield from self._after_answer(json_list, number, answer)

    def _after_answer(self, json_list: JsonList, number: int, answer: ucap.Answer) -> Found:
        """The next page of a JSON list, or its end."""
        walk, progress = json_list.walk, json_list.progress
        full = 0 < answer.rows >= progress.first_size
        if self._enough(walk):
            progress.cut = True
        elif number >= MAX_PAGES:
            yield self._too_long(walk, progress)
        elif answer.rows and (progress.incomplete or (progress.short and full)):
            yield from self._answer_page(json_list, number + 1)
        elif full and answer.rows >= (answer.size or 0):
            # One page beyond the stated total where the last one was full: totals can be too small.
            yield from self._answer_page(json_list, number + 1, extra=True)
        else:
            yield from self._end_of_list(walk, progress)
