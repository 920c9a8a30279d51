"""Progress through one list and through one portal: what was seen, what is still wanted.

Owns bookkeeping only; no requests are made here. The spider asks and follows.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

from crawler.addresses import canonical
from crawler.items import Listing, Portal
from crawler.platforms.paging import family
from crawler.platforms.shapes import Entry, Numbering
from crawler.platforms.ucap import ChannelAddress
from crawler.searches import Search
from crawler.titles import is_hub_below, is_report

MAX_PAGES = 500
"""Pages of one list: 25,000 entries; no annual-report column comes near, a calendar does."""
MAX_DEPTH = 5
"""Columns below a section, and hubs below a home page: year, level, department, and two to spare."""
MAX_HUBS = 16
"""Pages tried in search of the section; a portal's menu has fewer that bear the words."""
MAX_BESIDE = 3
"""Pages on government information that are read for their agencies though the section is known."""
ARTICLES_IN_HAND = 16
"""Articles of one portal that are on their way at a time: its host is asked one by one anyhow, and a
request that waits costs more memory than the entry that it is for."""
MAX_OPTIONS = 80
"""Options of one drop-down that are walked; no county has as many agencies."""
IDLE_OPTIONS = 3
"""Options in a row without a report after which a drop-down is one of something else."""
IDLE_PAGES = 3
"""Pages in a row without a report's title after which a list that only a script turns is one of others."""
MAX_COLUMNS = 400
"""Columns of one portal: twenty years by twenty levels; more is a trap."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a portal a page stands: its section, the columns passed, and how sure that is.

    In a `trusted` place every entry counts that is not told to be something else; elsewhere only
    titles that name a report. The page of an `agency` may hold all that it publishes: of such a page
    only its own menu and the reports that it names at once count.
    """

    section: str | None = None
    path: tuple[str, ...] = ()
    depth: int = 0
    trusted: bool = False
    agency: bool = False

    def below(self, name: str) -> Place:
        """The place of a column under this one."""
        cleaned = " ".join(name.split())
        path = self.path if self.path and self.path[-1] == cleaned else (*self.path, cleaned)
        return replace(self, path=path, depth=self.depth + 1, agency=False)


@dataclass(slots=True)
class ListWalk:
    """Progress through the pages of one list."""

    url: str
    place: Place
    rows: int = 0
    seen: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    visited: set[str] = field(default_factory=set)
    total: int | None = None
    pages: int | None = None
    columns: int = 0
    """How many columns its first page leads on to."""
    untried: deque[Numbering] = field(default_factory=deque)
    numbering: Numbering | None = None
    first_size: int = 0
    last_size: int = 0
    """Entries of the first page and of the last one taken."""
    absent: int = 0
    """How many pages in a row were not there."""
    unsure: bool = False
    """A choice of a drop-down that may divide anything: it counts where its first page names a report."""
    named: bool = False
    """Its first page names reports by their titles, so that a page that names none is one of other things."""
    scripted: bool = False
    """That it has further pages was told by a script or a pager's box alone."""
    idle: int = 0
    """How many pages in a row named no report."""
    held: list[tuple[str, tuple[Entry, ...]]] = field(default_factory=list)
    """These pages and their entries: older reports may bear the names of their bodies alone."""
    goes_on: bool = False
    """A page of it showed that further pages follow."""
    passed: list[ChannelAddress] = field(default_factory=list)
    """Channels whose pages only sent on to the list's first page."""
    cut: bool = False
    """Left early on purpose (a limit), so that nothing is said of what is missing."""
    failed: bool = False
    """A page failed and was reported as such."""

    def fresh(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """The entries that no earlier page of this list had."""
        return tuple(entry for entry in entries if canonical(entry.url) not in self.seen)

    def belongs(self, entries: Iterable[Entry]) -> bool:
        """Whether any entry looks as if it were of this list: same folders, or a report's title."""
        return any(is_report(entry.title) or family(entry) in self.families for entry in entries)

    @property
    def mixed(self) -> bool:
        """Whether its entries lie in many places, so that those of a further page may lie anywhere."""
        return len(self.families) * 2 > len(self.seen)

    def add(self, entries: Iterable[Entry]) -> None:
        """Notes a page's entries; its rows count whether or not two of them lead to one address."""
        self.absent = 0
        for entry in entries:
            self.rows += 1
            self.seen.add(canonical(entry.url))
            self.families.add(family(entry))

    @property
    def short(self) -> bool:
        """Whether fewer entries were seen than the list says it has, or it does not say."""
        return self.total is None or self.rows < self.total

    @property
    def full(self) -> bool:
        """Whether the last page held as many entries as the first, so that another may follow it."""
        return 0 < self.first_size <= self.last_size

    @property
    def incomplete(self) -> bool:
        """Whether the list says it has more entries than were seen."""
        return self.total is not None and self.rows < self.total


@dataclass(slots=True)
class Candidate:
    """An entry that will be opened, with all that lists said of it."""

    entry: Entry
    place: Place
    found_on: str
    label: str

    def listing(self) -> Listing:
        """What goes on with the publication."""
        return Listing(title=self.entry.title or None, date=self.entry.date, path=self.place.path)


@dataclass(frozen=True, slots=True)
class Hub:
    """A page, or a channel of the tree, on which the section may stand."""

    url: str
    label: str
    rank: int
    place: Place
    found_on: str
    channel: ChannelAddress | None = None


@dataclass(slots=True)
class PortalWalk:
    """Progress through one portal."""

    portal: Portal
    pending: int = 0
    started: bool = False
    done: bool = False
    sections: dict[str, int] = field(default_factory=dict)
    """Sections found, and how many entries counted as reports in each, years not chosen included."""
    failed_sections: set[str] = field(default_factory=set)
    gone_sections: set[str] = field(default_factory=set)
    """Those of them that the portal said are not there, or answered with its start page."""
    asked_home: bool = False
    """The sections that the registry gives are gone, and the home page's menu was asked for others."""
    hubs: list[Hub] = field(default_factory=list)
    hubs_tried: int = 0
    beside: int = 0
    """Hubs read for their agencies after the section was found."""
    searches: tuple[Search, ...] = ()
    """The searches that the home page offers: a last resort."""
    resorts: list[str] = field(default_factory=list)
    """What the last resorts brought, a few words each, for the user."""
    resorted: int = 0
    """How many of the last resorts were tried."""
    columns: int = 0
    empty_columns: set[str] = field(default_factory=set)
    """Columns that showed no entry, by the addresses at which they were answered."""
    too_deep: dict[str, str] = field(default_factory=dict)
    """Columns too far below the section to be walked from where they were named, and the page that did."""
    candidates: dict[str, Candidate] = field(default_factory=dict)
    chosen: deque[str] = field(default_factory=deque)
    """Entries that are being opened now, a few at a time."""
    opened: set[str] = field(default_factory=set)
    recalled: list[tuple[Entry, str]] = field(default_factory=list)
    """Articles that an earlier run could not open, and where it had met them."""
    visited: set[str] = field(default_factory=set)
    listed: set[tuple[str, str]] = field(default_factory=set)
    """Bodies that its lists named, by folded name and address."""
    without_api: set[str] = field(default_factory=set)
    home_digest: str | None = None
    """The SHA-256 of the home page: hurried servers answer it in place of other pages."""
    home_addresses: set[str] = field(default_factory=set)
    """Where the home page lies, and the pages that only send on to it."""
    home_articles: frozenset[str] = frozenset()
    """The articles that the home page links: what else it shows may be another at every visit."""
    offered: set[str] = field(default_factory=set)
    """What drop-downs offer, walked or not: every page of a list has the same ones."""
    home_files: frozenset[str] = frozenset()
    """The files that the home page links or shows."""
    list_paths: dict[str, str] = field(default_factory=dict)
    """Which interface answers JSON lists, by origin."""
    delivered: int = 0

    def collect(self, candidate: Candidate) -> None:
        """Keeps an entry; of two mentions of one address the one further down the columns wins."""
        address = canonical(candidate.entry.url)
        known = self.candidates.get(address)
        if known is None:
            self.candidates[address] = candidate
            return
        longer = max(known.entry.title, candidate.entry.title, key=_fullness)
        better = candidate if len(candidate.place.path) > len(known.place.path) else known
        date = known.entry.date or candidate.entry.date
        better.entry = replace(better.entry, title=longer, date=date, url=known.entry.url)
        self.candidates[address] = better

    def choose(self, most: int | None) -> None:
        """Puts entries that were not opened yet into hand, in the order found, `most` at most."""
        waiting = (key for key in self.candidates if key not in self.opened)
        taken = list(islice(waiting, most))
        self.opened.update(taken)
        self.chosen.extend(taken)

    def note_hub(self, hub: Hub) -> None:
        """Keeps a page to try in search of the section, once."""
        if canonical(hub.url) not in self.visited:
            self.visited.add(canonical(hub.url))
            self.hubs.append(hub)

    def next_hub(self) -> Hub | None:
        """The best page not tried yet in search of the section, or None where enough were."""
        if not self.hubs or self.hubs_tried >= MAX_HUBS:
            return None
        best = min(self.hubs, key=lambda hub: (hub.rank + 2 * hub.place.depth, hub.place.depth))
        self.hubs.remove(best)
        self.hubs_tried += 1
        return best

    def next_beside(self) -> Hub | None:
        """The next hub that may list agencies of its own, where the section is known already, or None."""
        for hub in self.hubs:
            wanted = hub.channel is None and (hub.rank == 0 or is_hub_below(hub.label))
            if self.beside < MAX_BESIDE and wanted and hub.place.depth <= 2:
                self.hubs.remove(hub)
                self.beside += 1
                return hub
        return None


def _fullness(title: str) -> tuple[bool, int]:
    """A title that is not cut beats a cut one, a longer a shorter."""
    return not re.search(r"(\.{2,}|…)$", title), len(title)
