"""The channel tree of Ucap.

Owns the steps through `getChannelList`; the shapes of addresses and answers are
`crawler.platforms.ucap`'s, the JSON lists of channels are called for as any platform's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scrapy.http import Response

from crawler import titles
from crawler.failures import Cause
from crawler.page import Page
from crawler.platforms import ucap
from crawler.platforms.shapes import Column
from crawler.spiders.calls import CallLists
from crawler.spiders.following import Found
from crawler.walk import MAX_COLUMNS, MAX_DEPTH, ListWalk, Place, PortalWalk

Reader = Callable[[PortalWalk, ucap.ChannelAddress, Place, str], Callable[[Response], Found]]
"""Makes the handler of a channel tree for a place; the last argument is the page that led there."""


class ChannelLists(CallLists):
    """Steps through channel trees by name; the lists are called for by id."""

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
        if titles.is_other(node.name):
            return
        if place.depth > MAX_DEPTH:
            yield from self._too_many_columns(walk, found_on, f"{node.name} lies more than {MAX_DEPTH} below")
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
            # The tree names channels without the addresses of their pages.
            bodies = [child.name for child in children if titles.is_agency(child.name)]
            yield from self._listed(
                walk, (Column(url="", name=name, body=True) for name in bodies), found_on, response
            )
            for child in children:
                yield from self._open_channel(walk, channel, child, place.below(child.name), found_on)

        return handler

    def _open_answer(
        self, walk: PortalWalk, origin: str, identifier: str, place: Place, found_on: str
    ) -> Found:
        """The JSON list of a channel, once."""
        yield from self._open_call(walk, ucap.list_call(origin, identifier, found_on), place, found_on)
