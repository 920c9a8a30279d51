"""The one flow of every crawl: portal, section, list pages and columns, articles, attachments.

Owns the life of a portal's walk and the way from its home page to the section. What pages say is
read by the platforms, progress is kept in `crawler.walk`, words are data in titles.toml.

A portal is walked in two turns: first its lists, then the articles that they named. So an entry
that several lists name is opened once, with the most that any of them said of it.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from scrapy.http import Response

from crawler import platforms, searches, titles
from crawler.addresses import canonical, is_start_page
from crawler.items import Role
from crawler.page import Page
from crawler.platforms import generic, ucap
from crawler.spiders.following import Found, digest, is_script, module_of, page_of
from crawler.spiders.lists import SENT_ON
from crawler.spiders.resorts import LastResorts
from crawler.steps import MenuRead
from crawler.walk import ARTICLES_IN_HAND, MAX_DEPTH, Candidate, Hub, Place, PortalWalk

SCRIPT_RANK = 6
"""Scripts that may write a menu are asked for after every page that a menu names."""


class AnnualReports(LastResorts):
    """Base of the spiders: a province is a subclass with its name."""

    async def start(self) -> AsyncIterator[Any]:
        """The first requests of every selected portal."""
        # What is there by now stays to the end: the collector need not look through it again and again.
        gc.freeze()
        for walk in self.walks:
            for found in self._begin(walk):
                yield found

    def _begin(self, walk: PortalWalk) -> Found:
        portal = walk.portal
        walk.started = True
        if portal.disabled:
            walk.done = True
            yield self._trouble(walk, "portal_disabled", portal.home, portal.note or "")
            return
        # Held until all first requests are out: the first failure must not end the portal.
        walk.pending += 1
        for section in portal.sections:
            walk.sections[section] = 0
            place = Place(section=section, trusted=True)
            yield from self._open_list(walk, section, place, found_on=None, link_text=None)
        if not portal.sections:
            yield from self._follow(walk, portal.home, "home", self._on_menu(walk, Place()))
        walk.pending -= 1
        yield from self._advance(walk)

    def _advance(self, walk: PortalWalk) -> Found:
        """The next step of a portal: of the entries chosen a few more, else what comes after them."""
        yield from self._open_chosen(walk)
        while walk.pending == 0 and not walk.done:
            walk.pending += 1
            walk.choose(None if self.limit is None else max(0, self.limit - walk.delivered))
            hub = None if walk.chosen else self._next_hub(walk)
            if walk.chosen:
                yield from self._open_chosen(walk)
            elif hub is not None:
                yield from self._open_hub(walk, hub)
            elif walk.recalled:
                self._collect_recalled(walk)
            elif self._all_given_gone(walk):
                yield from self._follow(
                    walk, walk.portal.home, "home", self._on_menu(walk, Place()), quiet=True
                )
            elif (resort := self._resort(walk)) is not None:
                yield from resort
            else:
                walk.done = True
                yield from self._conclude(walk)
            walk.pending -= 1

    def _all_given_gone(self, walk: PortalWalk) -> bool:
        """Whether none of the sections that the registry gives is there, so that the menu is asked; once."""
        given = walk.portal.sections
        if not given or walk.asked_home or not walk.gone_sections.issuperset(given):
            return False
        walk.asked_home = True
        return True

    def _next_hub(self, walk: PortalWalk) -> Hub | None:
        """The next page that may lead to the section; where it is known, one that may lead to agencies."""
        if not any(walk.sections.values()):
            return walk.next_hub()
        given = walk.portal.sections and not walk.asked_home
        return None if given or self._enough(walk) else walk.next_beside()

    def _open_chosen(self, walk: PortalWalk) -> Found:
        """Opens chosen entries until as many are on their way as may be."""
        while walk.chosen and walk.pending < ARTICLES_IN_HAND:
            key = walk.chosen.popleft()
            candidate = walk.candidates[key]
            if not self._handed_over(walk, key, candidate):
                yield from self._open_article(walk, candidate)

    def _handed_over(self, walk: PortalWalk, key: str, candidate: Candidate) -> bool:
        """Whether another portal of this run opens the entry, because it lies on that portal's host.

        So it is asked for once, with the most that either list says of it.
        """
        owners = self.scope.owners(candidate.entry.url)
        if walk.portal in owners:
            return False
        for other in self.walks:
            if other.portal in owners and not (other.done or other.portal.disabled):
                other.collect(replace(candidate, place=replace(candidate.place, section=None)))
                return True
            if other.portal in owners and key in other.opened:
                return True
        return False

    def _conclude(self, walk: PortalWalk) -> Found:
        home = walk.portal.home
        if not walk.sections:
            told = "; ".join([f"tried {walk.hubs_tried + 1} pages", *walk.resorts])
            detail = f"no menu leads to an annual-report section; {told}"
            yield self._trouble(walk, "section_not_found", home, detail, hides=True)
        # Of sections that menus named, one with reports is enough: the others were other columns.
        expected = walk.portal.sections or not any(walk.sections.values())
        for section, count in walk.sections.items():
            if expected and count == 0 and section not in walk.failed_sections:
                detail = "the section holds no entry that is an annual report"
                yield self._trouble(walk, "no_reports_listed", section, detail, hides=True)
        for column, found_on in walk.too_deep.items():
            if f"list {canonical(column)}" not in walk.visited:
                yield from self._too_many_columns(
                    walk, found_on, f"{column} lies more than {MAX_DEPTH} below"
                )
        self.logger.info(
            "%s: %d reports taken, %d listed", walk.portal.id, walk.delivered, len(walk.candidates)
        )

    # Menus: from the home page to the section

    def _open_hub(self, walk: PortalWalk, hub: Hub) -> Found:
        if hub.channel is not None:
            yield from self._open_tree(walk, hub.channel, hub.place, hub.found_on, self._on_hub_tree)
            return
        yield from self._follow(
            walk,
            hub.url,
            "hub",
            self._on_menu(walk, hub.place, below=titles.is_hub_below(hub.label)),
            found_on=hub.found_on,
            link_text=hub.label,
            # Where the section is known, a page that is not there leads to nothing that is missed.
            quiet=any(walk.sections.values()),
        )

    def _on_menu(
        self, walk: PortalWalk, place: Place, hops: int = 0, *, below: bool = False
    ) -> Callable[[Response], Found]:
        """The handler of a home page or a hub; `below` is one that is named as a page of agencies."""

        def handler(response: Response) -> Found:
            page = page_of(response)
            if response.meta["role"] == "home":
                walk.home_digest = digest(response)
                walk.home_articles = generic.articles_linked(page)
                walk.home_files = generic.held(page)
                asked = response.meta.get("redirect_urls") or []
                walk.home_addresses.update(map(canonical, [*asked, response.url]))
            if is_script(response):
                # It writes a menu into the page that names it, whose address its links are relative to.
                page = generic.script_page(page, str(response.meta["found_on"]))
            walk.visited.add(canonical(response.url))
            shown = () if page.links else generic.frames(page)
            frames = [frame for frame in shown if self.scope.admits(frame)]
            for frame in frames[1:]:
                walk.note_hub(Hub(frame, "", 0, place, response.url))
            onward = generic.sent_on(page) or next(iter(frames), None)
            if onward and hops < SENT_ON and canonical(onward) not in walk.visited:
                role: Role = response.meta["role"]
                follow = self._on_menu(walk, place, hops + 1, below=below)
                yield from self._follow(walk, onward, role, follow, found_on=response.url)
                return
            if response.meta["role"] == "home":
                walk.searches = searches.searches(page, platforms.of_page(page, walk.portal.platform))
            self._tell_menu(walk, page, place, response.meta["role"])
            yield from self._menu(walk, page, place)
            # No section of its own: what agencies publish does not stand for what the portal does.
            yield from self._agencies(walk, page, replace(place, section=None), response, sure=below)

        return handler

    def _tell_menu(self, walk: PortalWalk, page: Page, place: Place, role: Role) -> None:
        platform = platforms.of_page(page, walk.portal.platform)
        step = MenuRead(
            url=page.url,
            role=role,
            platform=platform,
            mark=platforms.mark(page, platform),
            links=len(page.links),
            path=place.path,
            sections=tuple((link.label, link.url) for _, link in generic.section_links(page)),
            hubs=tuple((link.label, link.url) for _, link in generic.hub_links(page)),
        )
        self._tell(walk, step)

    def _menu(self, walk: PortalWalk, page: Page, place: Place) -> Found:
        """The section, if the page's menu names it; else the hubs that it names and its channel tree."""
        named = [
            (rank, link)
            for rank, link in generic.section_links(page)
            if rank < 10 or not generic.article_address(link.url)
        ]
        best = self._best(named)
        for rank, link in best:
            section = place.section or link.url
            if self.scope.admits(link.url):
                walk.sections.setdefault(section, 0)
            # A label that says only 年报 may stand for another kind, and the tab of a hub shows what the
            # hub shows until a script runs: there titles decide.
            trusted = rank % 10 < 3 and ucap.tab(link.url) is None
            below = replace(place.below(link.label), section=section, trusted=trusted, depth=0)
            yield from self._open_list(walk, link.url, below, page.url, link.label)
        named_lists = [call for call in module_of(page, walk).calls(page) if call.column]
        if not best and named_lists:
            # The page's own tree of columns names the section, and an interface answers its list.
            walk.sections.setdefault(page.url, 0)
            inside = replace(place, section=page.url, trusted=True)
            yield from self._open_calls(walk, named_lists, inside, page.url)
        elif not best and self._is_section(walk, page):
            walk.sections.setdefault(page.url, 0)
            place = replace(place, section=page.url)
        for entry in generic.report_entries(page):
            if self.scope.admits(entry.url):
                self._collect(walk, entry, replace(place, trusted=False), page.url)
        self._note_hubs(walk, page, place)

    def _is_section(self, walk: PortalWalk, page: Page) -> bool:
        """Whether the address given for a portal is no home page but the section itself."""
        if canonical(page.url) != canonical(walk.portal.home) or is_start_page(page.url):
            return False
        entries = module_of(page, walk).listing(page).entries
        return sum(titles.is_report(entry.title) for entry in entries) * 3 >= len(entries) > 0

    def _note_hubs(self, walk: PortalWalk, page: Page, place: Place) -> None:
        """Keeps what else may lead to the section, for the case that this page's menu does not."""
        if place.depth >= MAX_DEPTH:
            return
        channel = ucap.address(page.url)
        if channel is not None and platforms.of_page(page, walk.portal.platform) == "ucap":
            # The platform's own answer comes before other menus.
            walk.hubs.append(Hub(ucap.tree_url(channel), "", -1, place, page.url, channel))
        if canonical(page.url) == canonical(walk.portal.home):
            for link in generic.entrances(page):
                walk.note_hub(Hub(link.url, link.label, 0, place, page.url))
        for rank, link in generic.hub_links(page):
            walk.note_hub(Hub(link.url, link.label, rank, place.below(link.label), page.url))
        for url in generic.menu_scripts(page):
            walk.note_hub(Hub(url, "", SCRIPT_RANK, replace(place, depth=place.depth + 1), page.url))

    def _on_hub_tree(
        self, walk: PortalWalk, channel: ucap.ChannelAddress, place: Place, found_on: str
    ) -> Callable[[Response], Found]:
        """The handler of a channel tree that is searched for the section."""

        def handler(response: Response) -> Found:
            _, children = ucap.tree(response.body)
            for child in children:
                rank = titles.section_rank(child.name)
                below = place.below(child.name)
                if rank is not None and (child.id or child.code):
                    section = place.section or response.url
                    walk.sections.setdefault(section, 0)
                    inside = replace(below, section=section, trusted=True, depth=0)
                    yield from self._open_channel(walk, channel, child, inside, found_on)
                elif titles.hub_rank(child.name) is not None and child.code and place.depth < MAX_DEPTH:
                    inner = replace(channel, channel=child.code)
                    hub = Hub(
                        ucap.tree_url(inner),
                        child.name,
                        titles.hub_rank(child.name) or 0,
                        below,
                        found_on,
                        inner,
                    )
                    walk.hubs.append(hub)

        return handler
