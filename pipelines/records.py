"""The records of a reading: what a document was found to say, and where.

Owns the shapes that readers, the matcher, the checks, storage and the commands share.
Standard library only; nothing here reads, decides or stores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from crawler.items import ListedBody, Publication

Status = Literal["number", "blank", "not_applicable", "merged", "unreadable"]
Outcome = Literal["pass", "fail", "not_assessable"]
Severity = Literal["hard", "soft"]
Doubt = Literal["inferred", "contradicted"] | None
"""How far a report is the body's and the year's it is filed under: None where nothing speaks against it."""
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
class FormRule:
    """A rule within a report on one subject, as it is stated: what it compares, without any figures.

    `relation` holds the sum of the `left` cells against that of the `right`: `=`, `≤`, or `→` (a left
    above 0 needs a right above 0). `whole` is that every number of the table is whole and not negative,
    but in the rows and columns `exempt`. `read` stands for a rule that needs more than the figures and is
    told when a document is read (form, table and subject `any`).

    `told` says when: always; where the report prints a left cell (`printed`); where it prints one in no
    row of its form (`beside`, see `Report.beside`).
    """

    form: str
    table: str
    rule: str
    subject: str
    relation: Literal["=", "≤", "→", "whole", "read"]
    severity: Severity
    told: Literal["always", "printed", "beside"]
    says: str
    left: tuple[Cell, ...] = ()
    right: tuple[Cell, ...] = ()
    exempt: tuple[str, ...] = ()


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

    def __init__(
        self,
        *,
        cell: Cell,
        printed: str | None,
        value: Number | None,
        unit: str | None,
        status: Status,
        note: str | None,
        locator: Locator,
        method: str,
        verified: bool = False,
    ) -> None:
        # The generated one asks `object.__setattr__` by name for each field and takes 1.6 times as long, a
        # tenth of what it takes to read a document: it has 200 figures.
        _SET_CELL(self, cell)
        _SET_PRINTED(self, printed)
        _SET_VALUE(self, value)
        _SET_UNIT(self, unit)
        _SET_STATUS(self, status)
        _SET_NOTE(self, note)
        _SET_LOCATOR(self, locator)
        _SET_METHOD(self, method)
        _SET_VERIFIED(self, verified)

    def as_verified(self) -> Figure:
        """The same figure, told alike by two readings; `dataclasses.replace` takes ten times as long."""
        return made_figure(
            self.cell,
            self.printed,
            self.value,
            self.unit,
            self.status,
            self.note,
            self.locator,
            self.method,
            verified=True,
        )


(
    _SET_CELL,
    _SET_PRINTED,
    _SET_VALUE,
    _SET_UNIT,
    _SET_STATUS,
    _SET_NOTE,
    _SET_LOCATOR,
    _SET_METHOD,
    _SET_VERIFIED,
) = (vars(Figure)[field.name].__set__ for field in fields(Figure))


def made_figure(
    cell: Cell,
    printed: str | None,
    value: Number | None,
    unit: str | None,
    status: Status,
    note: str | None,
    locator: Locator,
    method: str,
    *,
    verified: bool,
) -> Figure:
    """A figure, in half the time that calling its class takes: for those that make them by the hundred."""
    made = object.__new__(Figure)
    _SET_CELL(made, cell)
    _SET_PRINTED(made, printed)
    _SET_VALUE(made, value)
    _SET_UNIT(made, unit)
    _SET_STATUS(made, status)
    _SET_NOTE(made, note)
    _SET_LOCATOR(made, locator)
    _SET_METHOD(made, method)
    _SET_VERIFIED(made, verified)
    return made


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


(
    _SET_RULE,
    _SET_SUBJECT,
    _SET_OUTCOME,
    _SET_ZERO_FILLED,
    _SET_SEVERITY,
    _SET_LEFT,
    _SET_RIGHT,
    _SET_SUSPECT,
    _SET_DETAIL,
    _SET_CELLS,
    _SET_ATTRIBUTION,
) = (vars(Check)[field.name].__set__ for field in fields(Check))


def made_check(
    rule: str,
    subject: str,
    outcome: Outcome,
    zero_filled: Outcome,
    severity: Severity,
    left: Number | None,
    right: Number | None,
    detail: str,
    cells: tuple[Cell, ...],
    suspect: Cell | None = None,
    attribution: Literal["agency", "unsettled"] | None = None,
) -> Check:
    """A check, in a third of the time that calling its class takes: a report has some sixty."""
    made = object.__new__(Check)
    _SET_RULE(made, rule)
    _SET_SUBJECT(made, subject)
    _SET_OUTCOME(made, outcome)
    _SET_ZERO_FILLED(made, zero_filled)
    _SET_SEVERITY(made, severity)
    _SET_LEFT(made, left)
    _SET_RIGHT(made, right)
    _SET_SUSPECT(made, suspect)
    _SET_DETAIL(made, detail)
    _SET_CELLS(made, cells)
    _SET_ATTRIBUTION(made, attribution)
    return made


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
    beside: tuple[Figure, ...] = ()
    """Numbers that its tables print in no cell of their form: subtotals of its own under the code of the
    total (`denied_total`), and what a row prints that has fewer values than cells (those are `merged`),
    under the columns `#1`, `#2` …
    """
    fingerprints: tuple[Fingerprint, ...] = ()
    dates: Dates = field(default_factory=Dates)
    doubt: Doubt = None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedReading:
    """A publication whose documents were read, as `PublicationReading`, and what was made of them in the
    process that read them (see `pipelines.pool`): whoever asked for it knows what that is.
    """

    publication: Publication
    finished: Any
    extractor_version: str


CELL_ID = "nianbao-cell"
"""The `id` of the first marked cell in the HTML of a `Place`."""


class ShownCell(NamedTuple):
    """A cell of a table as its reader saw it; `marked` if it is the one that was asked for."""

    text: str
    colspan: int
    rowspan: int
    marked: bool


class ShownLine(NamedTuple):
    """A line or paragraph of a document."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a figure stands in its document, made to be looked at.

    `kind` says which field holds it: `page` (`html`: a page of the web without scripts and without
    addresses to load from, the cells marked), `picture` (`pages`: PNGs of the part around the cell and
    of the page `page`, the cell framed), `table` (`table`), `text` (`lines`), or `none`: `reason` is then a
    code, and `detail` what a reader said. `said` is the text that stands at the place now; `agrees` tells
    whether that is what the figure printed, None where it cannot be told (a scan).
    """

    kind: Literal["page", "picture", "table", "text", "none"]
    reason: str | None = None
    detail: str = ""
    said: str | None = None
    agrees: bool | None = None
    html: str = ""
    page: int | None = None
    pages: tuple[bytes, ...] = ()
    table: tuple[tuple[ShownCell, ...], ...] = ()
    lines: tuple[ShownLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBodyReading:
    """A body of a portal's list, with the body that its name means as far as the name tells.

    `doubt` says why that cannot be relied on: the code of a problem that the name left, `kind_unknown`
    (it tells no kind of body) or `no_name` (the heading of a group); None where it can. `candidates`
    are the ids of the bodies that a short name may stand for.
    """

    listed: ListedBody
    agency: Agency | None
    doubt: str | None = None
    candidates: tuple[str, ...] = ()
