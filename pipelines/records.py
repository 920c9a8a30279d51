"""The records of a reading: what a document was found to say, and where.

Owns the shapes that readers, the matcher, the checks, storage and the commands share.
Standard library only; nothing here reads, decides or stores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from crawler.items import Publication

Status = Literal["number", "blank", "not_applicable", "merged", "unreadable"]
Outcome = Literal["pass", "fail", "not_assessable"]
Severity = Literal["hard", "soft"]
Number = int | float

READER_FAILURES = frozenset({"reader_failed", "reader_timeout", "reader_out_of_memory", "reader_died"})
"""Problem codes of a reading that broke off: they say something of the reader, nothing of the document."""

Locator = Mapping[str, object]
"""Place in a source, counted from 1: `table`, `row`, `cell`; `line` for text; `sheet`; `page`, `bbox`."""


class Cell(NamedTuple):
    """A statutory cell by its codes."""

    table: str
    row: str
    column: str


class FormCell(NamedTuple):
    """A cell of a statutory form as the form files define it; `derived` cells are never printed.

    `order` counts cells in the order of the form. `forms` names the forms that print the cell.
    """

    table: str
    row: str
    column: str
    row_label: str
    column_label: str
    row_label_en: str
    column_label_en: str
    unit: str | None
    forms: tuple[str, ...]
    order: int


class DerivedTotal(NamedTuple):
    """A total that no form prints: the sum of other rows (or columns) of the same table.

    `axis` is "row" (a new row, summed over `parts` rows, for every column) or "column".
    `printed_in` names forms in which a cell of this code is printed (other_total in f2019):
    a printed value is taken before a derived one.
    """

    table: str
    axis: Literal["row", "column"]
    code: str
    parts: tuple[str, ...]
    label: str
    label_en: str
    printed_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A row of GB/T 2260 with its years of validity (None: open on that side)."""

    code: str
    name: str
    kind: str
    parent_code: str | None
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """The body whose report it is.

    `name` and `division_code` are those of the report year. `id` is made from `home_code` and
    `known_as`, division and name as they are today (None: no other than those of the year), so that
    a body keeps it when its division is renamed. `body` is the name without the place ("" for the
    government of a division), `parent` the government over it where the kind of body tells which that is.
    """

    id: str
    name: str
    printed: str
    agency_type: str
    level: str | None
    division_code: str | None
    known_as: str | None = None
    home_code: str | None = None
    body: str | None = None
    short_names: tuple[str, ...] = ()
    parent: Agency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """Two names, without their place, that follow each other, and what the one became of the other.

    `kind` is renamed, merged_into, split_from or function_moved; `since` the year from which the
    later name counts; `division_code` limits it to one division.
    """

    before: str
    after: str
    kind: str
    since: int | None = None
    division_code: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One statutory cell as printed, and the number in it if there is one (contract.md)."""

    cell: Cell
    printed: str | None
    value: Number | None
    unit: str | None
    status: Status
    note: str | None
    locator: Locator
    method: str
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome of one accounting rule (勾稽关系) on one subject of a report.

    `cells` are those that a failed rule compares. `attribution` of a failure is `agency` where two
    readings agree on each of them (the report is wrong, not its reading), else `unsettled`.
    """

    rule: str
    subject: str
    outcome: Outcome
    zero_filled: Outcome
    severity: Severity
    left: Number | None
    right: Number | None
    suspect: Cell | None
    detail: str
    cells: tuple[Cell, ...] = ()
    attribution: Literal["agency", "unsettled"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A figure that the prose states, with the sentence it stands in."""

    about: str
    value: Number
    sentence: str


class Fingerprint(NamedTuple):
    """The wording of a chapter as numbers: the share of equal numbers at equal positions in the
    fingerprints of two texts is about the share of phrases that they have in common.
    """

    chapter: int
    hashes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A chapter: number 0 is the preamble, 1 to 6 are the statutory chapters."""

    number: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What could not be read, where it stands and which cells it concerns."""

    code: str
    detail: str
    where: Locator | None = None
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file that a report's page offers beside its text."""

    url: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """What is said of the time of a report, each date as its source gives it and none taken for another.

    `printed_on` stands in the document, `page_date` in the page's metadata, `url_date` in the address
    (of the file or the page; a migration of the site gives a new one). `period_from` and `period_to`
    are the statistical period that the report states. `late_confidence` says how far the dates bear
    out whether the report came in time: `high` (printed and page's date say the same), `medium` (there
    is one of them), `low` (they contradict each other, or the only one looks like a migration's),
    None without any.
    """

    printed_on: str | None = None
    page_date: str | None = None
    url_date: str | None = None
    period_from: str | None = None
    period_to: str | None = None
    due_on: str | None = None
    late_confidence: Literal["high", "medium", "low"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as one document gives it. `forms` maps each statutory table to its form or None."""

    title: str
    agency: Agency | None
    year: int | None
    family: str
    scope: str
    published_on: str | None
    forms: Mapping[str, str | None]
    sections: tuple[Section, ...] = ()
    figures: tuple[Figure, ...] = ()
    checks: tuple[Check, ...] = ()
    claims: tuple[Claim, ...] = ()
    attachments: tuple[Link, ...] = ()
    themes: tuple[str, ...] | None = None
    """The statutory themes that chapter 一 speaks of; None where the report has no such chapter."""
    fingerprints: tuple[Fingerprint, ...] = ()
    dates: Dates = field(default_factory=Dates)

    @property
    def form(self) -> str:
        """The tables' common form, `mixed`, or `none`."""
        forms = {form for form in self.forms.values() if form is not None}
        if not forms:
            return "none"
        return forms.pop() if len(forms) == 1 else "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReading:
    """What one document (a file, or a member of an archive file) was found to hold."""

    media_type: str
    sha256: str
    report: Report | None
    problems: tuple[Problem, ...] = ()
    member: str | None = None
    fetch_id: int | None = None
    document_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationReading:
    """What a publication (an article page and its files) was found to hold, one entry a document."""

    publication: Publication
    documents: tuple[DocumentReading, ...]
    extractor_version: str = field(default="")
