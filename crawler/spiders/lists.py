"""Lists as pages: a section or a column, its further pages, and the columns below it.

Owns the order in which list pages are asked for and when a list ends; what a page says of its
further pages is read by `crawler.platforms.paging`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from scrapy.http import Response

from crawler import platforms, titles
from crawler.addresses import canonical, is_start_page
from crawler.failures import Cause
from crawler.items import Trouble
from crawler.page import Link, Page
from crawler.platforms import Platform, generic, offered, ucap
from crawler.platforms.shapes import AnswerError, Column, Entry, ListPage, NextPages
from crawler.spiders.channels import ChannelLists
from crawler.spiders.following import Found, digest, fetch_of, is_data, is_markup, module_of, page_of
from crawler.steps import ListRead
from crawler.walk import (
    IDLE_OPTIONS,
    IDLE_PAGES,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_OPTIONS,
    MAX_PAGES,
    Candidate,
    Hub,
    ListWalk,
    Place,
    PortalWalk,
)

_FEWEST_LISTED = 2
"""Reports that make a list."""
_MOST_NAMED = 20
"""Years and agencies without an address that one problem names."""
SENT_ON = 4
"""How many pages that only send on are followed in a row; more is a loop."""


class Lists(ChannelLists):
    """Steps through list pages; `_in_place` takes a page that turns out to be a publication."""

    def _in_place(self, walk: PortalWalk, candidate: Candidate, response: Response) -> Found:
        raise NotImplementedError

    def _note_hubs(self, walk: PortalWalk, page: Page, place: Place) -> None:
        raise NotImplementedError

    def _open_list(
        self,
        walk: PortalWalk,
        url: str,
        place: Place,
        found_on: str | None,
        link_text: str | None,
        *,
        quiet: bool = False,
        unsure: bool = False,
        after: Callable[..., Found] | None = None,
    ) -> Found:
        """A section or a column below it, once; `quiet` is a guess that need not be there.

        `after` is what is done when its first page came or failed, told whether that `lists` a report.
        """
        key = f"list {canonical(url)}"
        if key in walk.visited:
            return
        walk.visited.add(key)
        progress = ListWalk(url=url, place=place, unsure=unsure)
        taken = self._on_list(walk, progress, url)

        def handler(response: Response) -> Found:
            yield from taken(response)
            if after is not None:
                yield from after(lists=not is_markup(response) or _may_list(walk, response))

        def on_failure(_why: Cause) -> Found:
            yield from after(lists=False) if after is not None else ()

        yield from self._follow(
            walk,
            url,
            "list",
            handler,
            found_on=found_on,
            link_text=link_text,
            on_failure=on_failure if after is not None else None,
            quiet=quiet,
        )

    def _on_list(
        self, walk: PortalWalk, progress: ListWalk, asked: str, hops: int = 0
    ) -> Callable[[Response], Found]:
        """The handler of the first page of a list, asked for at `asked`."""

        def handler(response: Response) -> Found:
            if is_data(response) or not is_markup(response):
                yield from self._no_page(walk, progress, asked, response)
                return
            arrived = f"list {canonical(response.url)}"
            if canonical(response.url) != canonical(asked) and arrived in walk.visited:
                # Redirected to a list that is walked already.
                yield from self._arrived_again(walk, asked, response)
                return
            walk.visited.add(arrived)
            page = page_of(response)
            progress.visited.add(canonical(response.url))
            module = module_of(page, walk)
            listing, calls = module.listing(page), module.calls(page)
            if _is_start_page(walk, asked, response) and not _names_reports(listing):
                if progress.url in walk.sections:
                    walk.failed_sections.add(progress.url)
                    walk.gone_sections.add(progress.url)
                yield self._start_page(walk, response, asked)
                return
            onward = generic.sent_on(page)
            listed = _names_reports(listing) or listing.columns or calls
            frames = () if listed else generic.frames(page)
            if onward is None and not listing.entries:
                onward = next(iter(frames), None)
            for frame in frames:
                if frame != onward:
                    yield from self._open_list(walk, frame, progress.place, response.url, None)
            if onward and hops < SENT_ON and canonical(onward) not in progress.visited:
                passed = ucap.address(response.url)
                progress.passed += [passed] if passed is not None else []
                follow = self._on_list(walk, progress, onward, hops + 1)
                yield from self._follow(walk, onward, "list", follow, found_on=response.url)
                return
            yield from self._first_page(walk, progress, page, response)

        return handler

    def _first_page(self, walk: PortalWalk, progress: ListWalk, page: Page, response: Response) -> Found:
        """What the first page of a list leads to; nothing where it is one of other things."""
        if not progress.unsure or _may_list(walk, response):
            yield from self._leads(walk, progress, page, response)

    def _leads(self, walk: PortalWalk, progress: ListWalk, page: Page, response: Response) -> Found:
        module = module_of(page, walk)
        yield from self._note_platform(walk, page, response)
        listing, calls = module.listing(page), module.calls(page)
        progress.columns = len(listing.columns)
        wanted = [entry for entry in listing.entries if titles.is_report(entry.title)]
        beside = calls or (listing.columns and listing.entries)
        if not wanted and not beside and _shows_article(module, page):
            # The channel shows its one article directly; what else is linked stands beside it.
            yield from self._in_place(walk, _of_response(response, progress.place, page), response)
            yield from self._listed_columns(walk, listing.columns, page, response)
            yield from self._columns(walk, listing.columns, progress.place, page.url)
            return
        yield from self._report_in_place(walk, progress.place, page, response)
        yield from self._unaddressed(walk, page, response)
        if not progress.place.path:
            progress.place = replace(progress.place, path=generic.breadcrumb(page))
        short = [entry for entry in listing.entries if generic.is_short_title(entry.title)] if wanted else []
        if not progress.place.trusted and len(wanted + short) * 3 >= len(listing.entries) > 0:
            progress.place = replace(progress.place, trusted=True)
        yield from self._listed_columns(walk, listing.columns, page, response)
        yield from self._columns(walk, listing.columns, progress.place, page.url)
        told = any(column.agency or column.body for column in listing.columns)
        inside = progress.place.trusted and progress.place.depth == 0 and not told
        yield from self._agencies(walk, page, progress.place, response, sure=inside)
        shows = bool(listing.entries or listing.columns or calls)
        hub = not wanted and not calls and (not progress.place.trusted or not shows)
        inner = generic.section_links(page) if hub else []
        yield from self._inner_sections(walk, progress.place, page, inner)
        if hub and progress.place.depth == 0 and not inner:
            self._note_hubs(walk, page, progress.place)
        channel = ucap.address(page.url)
        on_ucap = channel is not None and platforms.of_page(page, walk.portal.platform) == "ucap"
        # A page with a list of reports has its scripts for what stands beside it; a single one may be pinned.
        bare = progress.place.trusted and not (calls or on_ucap) and len(wanted) < _FEWEST_LISTED
        drawn = offered.drawn_by_script(page) if bare else None
        if drawn is not None:
            yield from self._fed(walk, progress, page, response, drawn)
        elif progress.place.depth > 0 and not (on_ucap or shows or inner):
            walk.empty_columns.add(canonical(page.url))
            yield self._empty_column(walk, page.url, response)
        if channel is not None and on_ucap:
            required = not listing.entries and not listing.columns
            yield from self._open_section_tree(walk, channel, progress, page, required=required)
            for passed in progress.passed:
                yield from self._open_section_tree(walk, passed, progress, page, required=False)
        yield from self._open_calls(walk, calls, progress.place, page.url)
        if progress.place.agency and not (wanted or calls or on_ucap):
            # What an agency publishes beside its reports is not walked through for them.
            yield from self._agency_without(walk, response, leads_on=bool(inner or listing.columns))
        else:
            yield from self._list_page(walk, progress, page, listing.entries, 1)

    def _report_in_place(self, walk: PortalWalk, place: Place, page: Page, response: Response) -> Found:
        """A section that shows one report and names others beside it."""
        if place.trusted and _shows_named_report(module_of(page, walk), page):
            yield from self._in_place(walk, _of_response(response, place, page), response)

    def _arrived_again(self, walk: PortalWalk, asked: str, response: Response) -> Found:
        """Says that a column shows nothing where it is answered with one that did not."""
        if canonical(response.url) in walk.empty_columns:
            yield self._empty_column(walk, asked, response)

    def _empty_column(self, walk: PortalWalk, url: str, response: Response) -> Trouble:
        detail = "the column shows no entry"
        return self._trouble(walk, "empty_column", url, detail, fetch_id=fetch_of(response).id)

    def _start_page(self, walk: PortalWalk, response: Response, asked: str) -> Trouble:
        detail = "the start page was answered in place of a list"
        return self._trouble(walk, "soft_404", asked, detail, hides=True, fetch_id=fetch_of(response).id)

    def _no_page(self, walk: PortalWalk, progress: ListWalk, asked: str, response: Response) -> Found:
        """What came in place of a list's page: the one document of a column, or what is none at all."""
        if is_data(response):
            detail = "data was answered where a list was asked for"
            yield self._trouble(walk, "wrong_type", asked, detail, hides=True, fetch_id=fetch_of(response).id)
            return
        yield from self._in_place(walk, _of_response(response, progress.place), response)

    def _unaddressed(self, walk: PortalWalk, page: Page, response: Response) -> Found:
        """Says which reports a list page names without an address."""
        without = "but only a script knows its address"
        same = "but its address differs from another's only in what is dropped: a session, a moment, or a #"
        named = [(label, without) for label in generic.unaddressed(page)]
        for label, why in [*named, *((label, same) for label in generic.merged(page))]:
            detail = f"the list names {label!r}, {why}"
            fetch_id = fetch_of(response).id
            yield self._trouble(
                walk, "entry_without_address", page.url, detail, hides=True, fetch_id=fetch_id
            )
        columns = generic.unaddressed_columns(page)
        if columns:
            told = ", ".join(map(repr, columns[:_MOST_NAMED]))
            more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
            detail = f"the page offers {told}{more}, but only a script knows where they lead"
            fetch_id = fetch_of(response).id
            yield self._trouble(
                walk, "entry_without_address", page.url, detail, hides=True, fetch_id=fetch_id
            )

    def _fed(self, walk: PortalWalk, progress: ListWalk, page: Page, response: Response, drawn: str) -> Found:
        """The entries of the file of data that fills a list; said where there is none that can be read."""
        feeds, place = iter(offered.feeds(page)), progress.place

        def after() -> Found:
            url = next(feeds, None)
            if url is None:
                yield self._by_script(walk, page, response, drawn)
                return
            yield from self._follow(
                walk, url, "list", handler, found_on=page.url, on_failure=lambda _why: after(), quiet=True
            )

        def handler(came: Response) -> Found:
            try:
                answer = offered.fed(came.body, page.base)
            except AnswerError:
                yield from after()
                return
            self._collect_all(walk, answer.entries, place, page.url)
            if (answer.total or 0) > len(answer.entries):
                yield self._by_script(walk, page, came, drawn)

        yield from after()
        listing = module_of(page, walk).listing(page)
        if not any(_may_be_listed(entry.title) for entry in listing.entries):
            # What is linked stands beside the list.
            progress.place = replace(progress.place, trusted=False)

    def _by_script(self, walk: PortalWalk, page: Page, response: Response, drawn: str) -> Trouble:
        detail = f"{drawn} is filled by a script with data whose address is not known"
        fetch_id = fetch_of(response).id
        return self._trouble(walk, "list_by_script", page.url, detail, hides=True, fetch_id=fetch_id)

    def _agency_without(self, walk: PortalWalk, response: Response, *, leads_on: bool) -> Found:
        """Says that an agency's page names no report, unless it leads on to where they may be."""
        if not leads_on:
            detail = "the agency's page names no annual report, and its menu no section"
            fetch_id = fetch_of(response).id
            yield self._trouble(walk, "no_reports_listed", response.url, detail, fetch_id=fetch_id)

    def _note_platform(self, walk: PortalWalk, page: Page, response: Response) -> Found:
        """Says once a portal that its pages are plainly another platform's than the registry names."""
        named = walk.portal.platform
        found = platforms.of_page(page, named)
        if named is not None and found != named and self._first_time("platform_changed", walk.portal.home):
            mark = platforms.mark(page, found)
            detail = f"the registry names {named}, the page is {found}'s ({mark!r}); it was read as such"
            fetch_id = fetch_of(response).id
            yield self._trouble(walk, "platform_changed", page.url, detail, fetch_id=fetch_id)

    def _inner_sections(
        self, walk: PortalWalk, place: Place, page: Page, named: list[tuple[int, Link]]
    ) -> Found:
        """The sections that the menu of a page names best, where the page itself lists no report."""
        for rank, link in self._best(named):
            if rank < 3 and place.depth < MAX_DEPTH:
                below = replace(place.below(link.label), trusted=True)
                yield from self._open_list(walk, link.url, below, page.url, link.label)

    def _best(self, named: Sequence[tuple[int, Link]]) -> list[tuple[int, Link]]:
        """Of links that name sections, best first, those to walk: the best, and what names one in full.

        A menu may name the government's own section and that of its departments beside it.
        """
        return [
            (rank, link)
            for rank, link in named
            if rank == named[0][0] or (rank < 3 and self.scope.admits(link.url))
        ]

    def _columns(self, walk: PortalWalk, columns: Iterable[Column], place: Place, found_on: str) -> Found:
        wanted = [column for column in columns if not titles.is_other(column.name)]
        yield from self._walk_columns(walk, [one for one in wanted if not one.choice], place, found_on)
        for choice in dict.fromkeys(column.choice for column in wanted if column.choice):
            own = [one for one in wanted if one.choice == choice and canonical(one.url) not in walk.offered]
            options = deque(own[: MAX_OPTIONS + 1])
            walk.offered.update(canonical(column.url) for column in own)
            yield from self._options(walk, options, place, found_on)

    def _options(
        self,
        walk: PortalWalk,
        options: deque[Column],
        place: Place,
        found_on: str,
        walked: int = 0,
        idle: int = 0,
        *,
        any_report: bool = False,
    ) -> Found:
        """What a drop-down offers, one after the other: whether it divides the section shows as it is walked.

        `walked` options were, the last `idle` of them without a report.
        """
        while options and f"list {canonical(options[0].url)}" in walk.visited:
            options.popleft()
        if not options:
            return
        sure = options[0].sure
        if walked >= MAX_OPTIONS:
            why = f"more than {MAX_OPTIONS} choices of a drop-down"
            yield from self._too_many_columns(walk, found_on, why)
            return
        if idle >= IDLE_OPTIONS and not (sure and any_report):
            if sure or any_report:
                why = f"{idle} choices of a drop-down in a row list no report"
                yield from self._too_many_columns(walk, found_on, why)
            return
        column = options.popleft()

        def after(*, lists: bool) -> Found:
            yield from self._options(
                walk,
                options,
                place,
                found_on,
                walked + 1,
                0 if lists else idle + 1,
                any_report=any_report or lists,
            )

        yield from self._walk_columns(walk, [column], place, found_on, after)

    def _walk_columns(
        self,
        walk: PortalWalk,
        columns: Iterable[Column],
        place: Place,
        found_on: str,
        after: Callable[..., Found] | None = None,
    ) -> Found:
        for column in columns:
            if place.depth >= MAX_DEPTH:
                walk.too_deep.setdefault(column.url, found_on)
                continue
            if self.trial is not None and walk.columns >= self.trial.columns:
                return
            walk.columns += 1
            if walk.columns > MAX_COLUMNS:
                yield from self._too_many_columns(walk, found_on)
                return
            below = place.below(column.name)
            if column.agency:
                # It may be the agency's whole page: there only titles and its own menu can tell.
                below = replace(below, trusted=False, agency=True)
            elif not column.sure:
                below = replace(below, trusted=False)
            unsure = bool(column.choice) and not column.sure
            yield from self._open_list(
                walk, column.url, below, found_on, column.name, unsure=unsure, after=after
            )

    def _listed_columns(
        self, walk: PortalWalk, columns: Iterable[Column], page: Page, response: Response
    ) -> Found:
        """The bodies among the columns of a section; what leads off all registries is no column of it."""
        inside = [column for column in columns if self.scope.admits(column.url)]
        yield from self._listed(walk, inside, page.url, response)

    def _agencies(
        self, walk: PortalWalk, page: Page, place: Place, response: Response, *, sure: bool = False
    ) -> Found:
        """The pages of the agencies that a hub lists; of those on other portals' hosts only where they are.

        `sure`: the page was named as one of agencies, so that it need not have a hub's form.
        """
        if not (sure or generic.is_hub_page(page)):
            return
        links = generic.agency_links(page)
        yield from self._listed(walk, links, page.url, response)
        if place.depth >= MAX_DEPTH:
            return
        for column in links:
            owners = self.scope.owners(column.url)
            start = is_start_page(column.url)
            if not owners or (walk.portal in owners and not start):
                yield from self._columns(walk, [column], place, page.url)
                continue
            # Another portal's page is that portal's to walk: this only says where it may begin.
            for other in self.walks:
                if other.portal in owners and other is not walk and not (other.done or start):
                    other.note_hub(Hub(column.url, column.name, 0, Place(depth=1), page.url))

    def _list_page(
        self, walk: PortalWalk, progress: ListWalk, page: Page, entries: tuple[Entry, ...], number: int
    ) -> Found:
        """Takes the entries of list page `number` and goes on to the next."""
        fresh = progress.fresh(entries)
        progress.add(entries if number == 1 else fresh)
        progress.last_size = len(entries)
        progress.first_size = progress.first_size or len(entries)
        if number == 1:
            progress.named = any(titles.names_report(entry.title) for entry in entries)
        elif progress.named and progress.scripted:
            names = any(titles.is_report(one.title) or titles.may_be_report(one.title) for one in entries)
            progress.idle = 0 if names else progress.idle + 1
        if progress.idle:
            progress.held.append((page.url, fresh))
        else:
            self._collect_held(walk, progress)
            self._collect_all(walk, fresh, progress.place, page.url)
        further = module_of(page, walk).next_pages(page, number)
        progress.total = progress.total if progress.total is not None else further.total
        progress.pages = progress.pages if progress.pages is not None else further.pages
        self._tell_list(walk, progress, page, entries, number, further)
        if self._enough(walk, number):
            progress.cut = True
            return
        yield from self._further(walk, progress, page, further, number)

    def _tell_list(
        self,
        walk: PortalWalk,
        progress: ListWalk,
        page: Page,
        entries: tuple[Entry, ...],
        number: int,
        further: NextPages,
    ) -> None:
        module = module_of(page, walk)
        paging = "addresses that a script numbers" if progress.numbering or further.numberings else "none"
        step = ListRead(
            url=page.url,
            list_url=progress.url,
            number=number,
            platform=module.name,
            mark=platforms.mark(page, module.name),
            path=progress.place.path,
            entries=len(entries),
            reports=sum(titles.is_report(entry.title) for entry in entries),
            others=sum(titles.is_other(entry.title) for entry in entries),
            pages=progress.pages,
            total=progress.total,
            paging="a link to the next page" if further.link else paging,
            columns=progress.columns if number == 1 else 0,
        )
        self._tell(walk, step)

    def _further(
        self, walk: PortalWalk, progress: ListWalk, page: Page, further: NextPages, number: int
    ) -> Found:
        if number >= MAX_PAGES:
            self._collect_held(walk, progress)
            yield self._too_long(walk, progress)
        elif progress.idle >= IDLE_PAGES:
            progress.cut = True
            why = f"{progress.idle} pages in a row that only a script leads to name no report"
            yield self._too_long(walk, progress, why)
        elif further.link is not None and canonical(further.link) not in progress.visited:
            yield from self._open_page(walk, progress, further.link, number + 1, page.url)
        elif progress.numbering is not None:
            yield from self._numbered(walk, progress, number + 1, page.url)
        elif further.numberings and (further.more or (number == 1 and progress.incomplete)):
            progress.untried = deque(further.numberings)
            progress.goes_on, progress.scripted = further.more, further.scripted
            yield from self._guess(walk, progress, page.url, number + 1)
        else:
            if progress.total is None and (progress.pages or 0) > number:
                yield self._no_next_page(walk, progress)
            yield from self._end_of_list(walk, progress)

    def _no_next_page(self, walk: PortalWalk, progress: ListWalk) -> Trouble:
        progress.failed = True
        detail = f"the list has further pages ({progress.pages or 'unknown how many'}), but none was found"
        return self._trouble(walk, "next_page_not_found", progress.url, detail, hides=True)

    def _numbered(self, walk: PortalWalk, progress: ListWalk, number: int, found_on: str) -> Found:
        numbering, pages = progress.numbering, progress.pages
        if numbering is None:
            yield from self._end_of_list(walk, progress)
            return
        url, post = numbering.page(number), numbering.posted(number)
        if pages is None:
            # Where nobody says how many pages there are, the first that is not there is the end.
            yield from self._open_page(walk, progress, url, number, found_on, extra=True, post=post)
        elif number <= pages:
            # Once every entry is seen that the list says it has, a page that is not there is none.
            seen = progress.total is not None and not progress.incomplete
            yield from self._open_page(walk, progress, url, number, found_on, extra=seen, post=post)
        elif progress.incomplete:
            # The count may be too small, and it leaves out a page where pages are counted from 0.
            yield from self._open_page(walk, progress, url, number, found_on, extra=True, post=post)
        elif progress.full:
            # Counts can be too small where the last page is full; that nothing follows is no trouble.
            yield from self._open_page(
                walk, progress, url, number, found_on, extra=True, silent=True, post=post
            )
        else:
            yield from self._end_of_list(walk, progress)

    def _open_page(
        self,
        walk: PortalWalk,
        progress: ListWalk,
        url: str,
        number: int,
        found_on: str,
        *,
        extra: bool = False,
        silent: bool = False,
        post: tuple[str, str] | None = None,
    ) -> Found:
        """Page `number` of a list; `extra` is one that need not be there, `silent` one that nobody names.

        `post` is what is posted for it, and its content type.
        """
        progress.visited.add(canonical(url))

        def handler(response: Response) -> Found:
            page = page_of(response)
            progress.visited.add(canonical(response.url))
            start_page = _is_start_page(walk, url, response)
            listing = ListPage() if start_page else module_of(page, walk).listing(page)
            entries = listing.entries
            # A link may lead to any page, and servers in a hurry answer one address with another's list.
            linked = progress.numbering is None and progress.mixed
            if progress.fresh(entries) and (number <= 1 or progress.belongs(entries) or linked):
                yield from self._unaddressed(walk, page, response)
                yield from self._listed_columns(walk, listing.columns, page, response)
                yield from self._columns(walk, listing.columns, progress.place, page.url)
                yield from self._list_page(walk, progress, page, entries, number)
                return
            named = (progress.pages or 0) >= number
            if start_page and not extra and progress.short:
                yield self._start_page(walk, response, url)
                progress.failed = True
            elif not extra and progress.short and (entries or named or not _leads_back(page, progress)):
                yield self._repeats(walk, progress, response, number, any_entry=bool(entries))
                progress.failed = True
            yield from self._end_of_list(walk, progress)

        def on_failure(why: Cause) -> Found:
            if not extra:
                progress.failed = True
                progress.absent += why.absent
                if progress.numbering is not None and number < (progress.pages or 0) and progress.absent < 2:
                    yield from self._numbered(walk, progress, number + 1, found_on)
                    return
            yield from self._end_of_list(walk, progress)

        yield from self._follow(
            walk,
            url,
            "list",
            handler,
            found_on=found_on,
            link_text=str(number),
            on_failure=on_failure,
            quiet=extra,
            silent=silent,
            post=post,
        )

    def _guess(self, walk: PortalWalk, progress: ListWalk, found_on: str, number: int) -> Found:
        """Page `number` by the likeliest numbering not tried yet; right if it brings new entries."""
        if not progress.untried:
            if progress.short and progress.goes_on:
                yield self._no_next_page(walk, progress)
            yield from self._end_of_list(walk, progress)
            return
        numbering = progress.untried.popleft()
        progress.visited.add(canonical(numbering.page(number)))

        def handler(response: Response) -> Found:
            page = page_of(response)
            entries = module_of(page, walk).listing(page).entries
            fresh = () if digest(response) == walk.home_digest else progress.fresh(entries)
            if not fresh or not progress.belongs(fresh):
                yield from self._guess(walk, progress, found_on, number)
                return
            progress.numbering = numbering
            yield from self._unaddressed(walk, page, response)
            yield from self._list_page(walk, progress, page, entries, number)

        def on_failure(_why: Cause) -> Found:
            yield from self._guess(walk, progress, found_on, number)

        yield from self._follow(
            walk,
            numbering.page(number),
            "list",
            handler,
            found_on=found_on,
            link_text=str(number),
            on_failure=on_failure,
            quiet=True,
            post=numbering.posted(number),
        )


def _may_list(walk: PortalWalk, response: Response) -> bool:
    """Whether a page names a report or may be one, or what it lists is only known from another answer."""
    page = page_of(response)
    module = module_of(page, walk)
    listing = module.listing(page)
    if module.calls(page) or generic.sent_on(page) or (generic.frames(page) and not listing.entries):
        return True
    return _names_reports(listing) or _shows_article(module, page)


def _may_be_listed(title: str) -> bool:
    """Whether an entry's title may stand for a report in a list of reports: one's words, a year, a body."""
    return titles.is_report(title) or titles.title_year(title) is not None or titles.is_agency(title)


def _names_reports(listing: ListPage) -> bool:
    """Whether any entry's title names a report."""
    return any(titles.is_report(entry.title) for entry in listing.entries)


def _is_start_page(walk: PortalWalk, asked: str, response: Response) -> bool:
    """Whether the portal's start page was answered where something else was asked for."""
    return digest(response) == walk.home_digest and canonical(asked) != canonical(walk.portal.home)


def _leads_back(page: Page, progress: ListWalk) -> bool:
    """Whether a page without entries belongs to the list all the same: it links to an earlier page of it."""
    earlier = progress.visited - {canonical(page.url)}
    return any(canonical(link.url) in earlier for link in page.links)


def _shows_article(module: Platform, page: Page) -> bool:
    """Whether a page below a section shows one article instead of a list."""
    return bool(module.article(page).reads_as_report and module.is_article(page))


def _shows_named_report(module: Platform, page: Page) -> bool:
    """Whether a page shows a report under the report's own title."""
    if not module.is_article(page):
        return False
    article = module.article(page)
    title = article.title or ""
    return article.reads_as_report and titles.is_report(title) and titles.title_year(title) is not None


def _of_response(response: Response, place: Place, page: Page | None = None) -> Candidate:
    """A candidate made from the page itself, where no list named it."""
    title = (
        (generic.article(page).title if page is not None else None) or response.meta.get("link_text") or ""
    )
    entry = Entry(url=response.url, title=str(title))
    return Candidate(entry, place, response.meta.get("found_on") or response.url, str(title))
