"""What a platform tells of a page: entries, columns, further pages, calls of an interface, an article.

Owns shapes only; the platforms fill them and the spider follows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a list: where it leads, its title, its date (ISO) if the list prints one."""

    url: str
    title: str
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A part of the section with a list of its own, by year, level or agency.

    An agency's column (`agency`) may be its whole page, with more than its annual reports. `body`: the
    column is called after an agency, whether or not it holds nothing but its annual reports. A column
    that is not `sure` may divide something else than the section. Those that one drop-down offers bear its
    number (`choice`, from 1).
    """

    url: str
    name: str
    agency: bool = False
    body: bool = False
    sure: bool = True
    choice: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a list. `entries` are all lines of the list, whatever their titles say."""

    entries: tuple[Entry, ...] = ()
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the addresses of a list's pages are made: page n is `prefix` + (n - `shift`) + `suffix`.

    Pages are counted from 1; the address of page 1 itself is known and not made. Where `down` is
    given the platform counts from the oldest page on: page n is `prefix` + (`down` - n) + `suffix`.
    Where a form is posted for a page, `prefix` is its address, `form` holds its fields, and `counter`
    names the one that counts.
    """

    prefix: str
    suffix: str
    shift: int
    down: int | None = None
    form: tuple[tuple[str, str], ...] = ()
    counter: str = ""

    def page(self, number: int) -> str:
        """The address of a page from the second on; what is posted for it stands in the fragment."""
        posted = self.posted(number)
        if posted is not None:
            return f"{self.prefix}#{posted[0]}"
        return f"{self.prefix}{self._count(number)}{self.suffix}"

    def posted(self, number: int) -> tuple[str, str] | None:
        """What is posted for a page, and its content type; None where nothing is."""
        if not self.form:
            return None
        count = str(self._count(number))
        return urlencode(
            [(name, count if name == self.counter else value) for name, value in self.form]
        ), FORM_TYPE

    def _count(self, number: int) -> int:
        return number - self.shift if self.down is None else self.down - number


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPages:
    """What a list page says of its further pages.

    `link` is the address of the page after this one where the page links it. `numberings` are the
    ways its further addresses may be made, likeliest first, where a script makes them; `pages` and
    `total` count pages and entries where the page says so. `more` is true where the page shows
    that there are further pages at all, and `scripted` where only a pager's box or a script of the page's
    own shows it.
    """

    link: str | None = None
    numberings: tuple[Numbering, ...] = ()
    pages: int | None = None
    total: int | None = None
    more: bool = False
    scripted: bool = False


class AnswerError(ValueError):
    """An answer of an interface does not have the shape it must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCall:
    """A request for one page of a list that an interface of the portal answers.

    `platform` reads the answer; `base` is the page that named the list: links of the answer are
    relative to it. A call with a `body` is a POST of `content_type`. `number` counts pages from 1,
    `offset` entries before this page, `size` entries asked for; `total` is what the page says that
    the list holds. `otherwise` asks for the same page in other ways, tried where this one brings
    nothing; `way` names this one. `column` names the column whose list it is, where the page says
    so. A call is not `sure` where the page names several lists and does not say which is the main
    one. `keys` are what the platform needs to know again when the answer comes.
    """

    platform: str
    url: str
    base: str
    body: str | None = None
    content_type: str = FORM_TYPE
    way: str = ""
    number: int = 1
    offset: int = 0
    size: int = 0
    total: int | None = None
    column: str | None = None
    sure: bool = True
    keys: tuple[tuple[str, str], ...] = ()
    otherwise: tuple[ListCall, ...] = ()

    @property
    def address(self) -> str:
        """The address by which this call is told from others: what is posted stands in its fragment."""
        return self.url if self.body is None else f"{self.url}#{quote(self.body, safe='=&')}"

    def key(self, name: str) -> str:
        """What is kept under a name; empty where nothing is."""
        return dict(self.keys).get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """A page of a list as an interface answered it.

    `others` are entries that stand in it but belong to other columns, `nameless` titles that came
    without an address; `rows` counts everything that came. `size` is how many entries the server
    says it sends a page, `pages` and `total` count pages and entries where it says so. `calls` are
    further lists that only this answer makes known.
    """

    entries: tuple[Entry, ...] = ()
    others: tuple[Entry, ...] = ()
    nameless: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    calls: tuple[ListCall, ...] = ()
    total: int | None = None
    pages: int | None = None
    size: int | None = None

    @property
    def rows(self) -> int:
        """How many lines the answer has."""
        return len(self.entries) + len(self.others) + len(self.nameless)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that an article offers, with the words of its link."""

    url: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article page: what its template prints beside the body, and the files it links.

    `has_text` is true where the body itself holds more than a line or two, so that a file that
    cannot be had hides less.
    """

    title: str | None = None
    date: str | None = None
    source: str | None = None
    path: tuple[str, ...] = ()
    has_text: bool = False
    reads_as_report: bool = False
    attachments: tuple[Attachment, ...] = ()
