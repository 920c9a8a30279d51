"""Lists that an interface of the portal answers, on any platform.

Owns the order in which calls are made and when such a list ends; what is asked for and what an answer
means is the platforms' (`calls`, `answer`, `further`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeGuard
from urllib.parse import urlsplit

from scrapy.http import Response

from crawler import titles
from crawler.addresses import canonical
from crawler.failures import Cause
from crawler.platforms import Platform
from crawler.platforms.shapes import AnswerError, Column, Entry, ListAnswer, ListCall
from crawler.spiders.following import Following, Found, digest, fetch_of, repetition
from crawler.steps import ListRead
from crawler.walk import MAX_COLUMNS, MAX_PAGES, ListWalk, Place, PortalWalk


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a way of asking gives no list: a problem's code and detail, its address, fetch and way."""

    code: str
    detail: str
    url: str
    fetch_id: int | None
    way: str


@dataclass(frozen=True, slots=True)
class CallList:
    """A list on its way: the call that is made now, and what was seen of the list."""

    walk: PortalWalk
    call: ListCall
    progress: ListWalk
    found_on: str
    complaint: Complaint | None = None
    """What the first way answered where another is tried now."""
    last: frozenset[str] = frozenset()
    """Addresses of the page before."""

    @property
    def platform(self) -> Platform:
        """Who reads the answers."""
        return Platform(self.call.platform)

    @property
    def interface(self) -> str:
        """What lists of one interface share: the way that one of them was answered in serves the others."""
        parts = urlsplit(self.call.url)
        return f"{self.call.platform} {parts.scheme}://{parts.netloc}"


class CallLists(Following):
    """Steps through lists that are called for."""

    def _columns(self, walk: PortalWalk, columns: Iterable[Column], place: Place, found_on: str) -> Found:
        raise NotImplementedError

    def _open_calls(self, walk: PortalWalk, calls: Iterable[ListCall], place: Place, found_on: str) -> Found:
        """Every list of a page. A column that a call names stands below the place unless it is the place."""
        for call in calls:
            walk.columns += 1
            if walk.columns > MAX_COLUMNS:
                yield from self._too_many_columns(walk, found_on)
                return
            inside = place
            if call.column and call.column not in place.path[-1:]:
                inside = place.below(call.column)
            if not titles.is_other(call.column or ""):
                yield from self._open_call(walk, call, inside, found_on)

    def _open_call(self, walk: PortalWalk, call: ListCall, place: Place, found_on: str) -> Found:
        """A list, once."""
        if call.address in walk.visited or self._enough(walk):
            return
        walk.visited.add(call.address)
        progress = ListWalk(url=call.address, place=place, total=call.total)
        asked = CallList(walk, call, progress, found_on)
        ways = (replace(call, otherwise=()), *call.otherwise)
        known = walk.list_paths.get(asked.interface)
        first, *others = [way for way in ways if way.way == known] or ways
        progress.url = first.address
        yield from self._call_page(replace(asked, call=replace(first, otherwise=tuple(others))))

    def _otherwise(self, asked: CallList, complaint: Complaint) -> Found:
        """The same page in the next way; where none is left, what the first way answered is told."""
        walk, first = asked.walk, asked.complaint or complaint
        if asked.call.otherwise:
            head, *rest = asked.call.otherwise
            call = replace(head, otherwise=(*head.otherwise, *rest))
            yield from self._call_page(replace(asked, call=call, complaint=first))
            return
        if asked.call.number == 1:
            walk.list_paths.setdefault(asked.interface, first.way)
        yield self._trouble(walk, first.code, first.url, first.detail, hides=True, fetch_id=first.fetch_id)
        if asked.call.number > 1:
            yield from self._end_of_list(walk, asked.progress)

    def _call_page(self, asked: CallList, *, extra: bool = False) -> Found:
        """The page that the call asks for; `extra` is one beyond what the list says it has."""
        walk, call, progress = asked.walk, asked.call, asked.progress

        def handler(response: Response) -> Found:
            try:
                answer = _read(asked, response)
            except AnswerError as error:
                if extra:
                    yield from self._end_of_list(walk, progress)
                    return
                detail = f"page {call.number} of a list's interface cannot be read: {error}"
                complaint = Complaint("api_unreadable", detail, call.address, fetch_of(response).id, call.way)
                yield from self._otherwise(asked, complaint)
                return
            yield from self._take_answer(asked, response, answer, extra=extra)

        def on_failure(why: Cause) -> Found:
            unserved = why.absent or why.refused_method
            if unserved and not extra and (call.number == 1 or call.otherwise or asked.complaint):
                complaint = Complaint(why.code, why.detail, call.address, why.fetch_id, call.way)
                yield from self._otherwise(asked, complaint)
                return
            known = -(-(progress.total or 0) // max(progress.first_size, 1))
            progress.absent += why.absent
            if not extra and progress.absent < 2 and 1 < call.number < min(known, MAX_PAGES):
                after = asked.platform.further(call, progress.first_size)
                yield from self._call_page(replace(asked, call=after, complaint=None))
            elif call.number > 1:
                yield from self._end_of_list(walk, progress)

        yield from self._follow(
            walk,
            call.address,
            "list",
            handler,
            found_on=asked.found_on,
            on_failure=on_failure,
            quiet=extra or call.number == 1 or bool(call.otherwise or asked.complaint),
            post=None if call.body is None else (call.body, call.content_type),
        )

    def _take_answer(self, asked: CallList, response: Response, answer: ListAnswer, *, extra: bool) -> Found:
        walk, call, progress = asked.walk, asked.call, asked.progress
        rows = (*answer.entries, *answer.others)
        fresh = progress.fresh(rows)
        if call.number > 1 and answer.total != progress.total and not progress.belongs(fresh):
            # Neither the entries nor the total are this list's: another column was answered.
            fresh = ()
        elif answer.total is not None:
            progress.total = max(answer.total, progress.total or 0)
        hidden = call.number == 1 and progress.incomplete and bool(call.otherwise)
        if not fresh and not answer.nameless and (call.number > 1 or hidden):
            yield from self._nothing_new(asked, response, answer, extra=extra)
            return
        if call.number == 1 or not progress.first_size:
            progress.first_size = answer.rows
        walk.list_paths.setdefault(asked.interface, call.way)
        self._tell(walk, _told(asked, answer, rows))
        for title in answer.nameless:
            detail = f"the list names {title!r} without an address"
            yield self._trouble(
                walk,
                "entry_without_address",
                call.address,
                detail,
                hides=True,
                fetch_id=fetch_of(response).id,
            )
        progress.add(rows if call.number == 1 else fresh)
        progress.rows += len(answer.nameless)
        place = _place(call, progress.place, answer.entries)
        own = {canonical(entry.url) for entry in answer.entries}
        self._collect_all(walk, (one for one in fresh if canonical(one.url) in own), place, asked.found_on)
        # Another column's entries count where their titles say that they are reports.
        elsewhere = (one for one in fresh if canonical(one.url) not in own)
        self._collect_all(walk, elsewhere, replace(place, trusted=False), asked.found_on)
        if call.number == 1:
            bodies = [Column(url="", name=call.column, body=True)] if _is_body(call.column) else []
            yield from self._listed(walk, (*bodies, *answer.columns), asked.found_on, response)
            yield from self._columns(walk, answer.columns, place, asked.found_on)
        for inner in answer.calls:
            yield from self._open_call(walk, inner, progress.place, asked.found_on)
        last = frozenset(canonical(entry.url) for entry in rows)
        yield from self._after_answer(replace(asked, last=last, complaint=None), answer)

    def _nothing_new(self, asked: CallList, response: Response, answer: ListAnswer, *, extra: bool) -> Found:
        """A page that shows nothing new: the end of the list, or an answer in place of another."""
        walk, call, progress = asked.walk, asked.call, asked.progress
        same = frozenset(canonical(entry.url) for entry in (*answer.entries, *answer.others)) == asked.last
        # Where nobody says how long a list is, servers repeat its last page for those behind it.
        ended = progress.total is None and same and call.number > 2
        if extra or ended or not progress.short or not (answer.rows or progress.incomplete):
            yield from self._end_of_list(walk, progress)
            return
        detail = repetition(progress, call.number, any_entry=bool(answer.rows))
        complaint = Complaint("list_repeats", detail, call.address, fetch_of(response).id, call.way)
        yield from self._otherwise(asked, complaint)

    def _after_answer(self, asked: CallList, answer: ListAnswer) -> Found:
        """The next page, or the end."""
        walk, call, progress = asked.walk, asked.call, asked.progress
        full = 0 < answer.rows >= progress.first_size
        if not call.sure and not any(titles.is_report(entry.title) for entry in answer.entries):
            # One of several lists of a page, without a report: news beside the list, not to be walked.
            return
        goes_on = full if answer.pages is None else call.number < answer.pages
        if self._enough(walk, call.number):
            progress.cut = True
        elif call.number >= MAX_PAGES:
            yield self._too_long(walk, progress)
        elif answer.rows and (progress.incomplete or (progress.total is None and goes_on)):
            following = asked.platform.further(call, answer.rows)
            yield from self._call_page(replace(asked, call=following))
        elif full and answer.rows >= (answer.size or 0):
            # One page beyond the stated total where the last one was full: totals can be too small.
            following = asked.platform.further(call, answer.rows)
            yield from self._call_page(replace(asked, call=following), extra=True)
        else:
            yield from self._end_of_list(walk, progress)


def _told(asked: CallList, answer: ListAnswer, rows: Iterable[Entry]) -> ListRead:
    """What is told of an answer."""
    named = [entry.title for entry in rows]
    return ListRead(
        url=asked.call.address,
        list_url=asked.progress.url,
        number=asked.call.number,
        platform=asked.call.platform,
        mark=None,
        path=asked.progress.place.path,
        entries=len(named) + len(answer.nameless),
        reports=sum(titles.is_report(title) for title in named),
        others=sum(titles.is_other(title) for title in named),
        pages=answer.pages,
        total=asked.progress.total,
        paging="an interface",
        columns=len(answer.columns),
    )


def _is_body(column: str | None) -> TypeGuard[str]:
    """Whether a column is called after a body."""
    return column is not None and titles.is_agency(column)


def _read(asked: CallList, response: Response) -> ListAnswer:
    if digest(response) == asked.walk.home_digest:
        raise AnswerError("the start page was answered in its place")
    return asked.platform.answer(response.body, asked.call)


def _place(call: ListCall, place: Place, entries: tuple[Entry, ...]) -> Place:
    """Where entries stand: in one of several lists of a page only titles tell what they are, unless a
    third of them are reports.
    """
    reports = sum(titles.is_report(entry.title) for entry in entries)
    return place if call.sure or reports * 3 >= len(entries) > 0 else replace(place, trusted=False)
