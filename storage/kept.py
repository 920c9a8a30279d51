"""A document of a reading as it is stored: its record as packed text, and the rows that are made of it.

The text is that of `json_text(record_of(report))`, put together in one pass over figures and checks in
which their rows are made as well: to make the record and to turn it into text takes three times as long,
and most of a record is never looked at again.

`readied` is done in the process that read a document, so that the one process that writes is given what
it writes and no objects to make it of. Rows come as columns: what thousands of reports have in common
(cells, places, what a check says) stands in keys, texts that `storage.contents` has a number for.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple, TypeAlias

import zstandard

from pipelines.records import (
    READER_FAILURES,
    Cell,
    Check,
    DocumentReading,
    Figure,
    Number,
    Problem,
    PublicationReading,
    Report,
)
from storage import copies, folding
from storage.copies import READABLE, Record, frame_of, json_text
from storage.editions import reading_key, signature

FigureRow: TypeAlias = tuple[Any, ...]
"""A row of the view `figures` without `report_id`."""
CheckRow: TypeAlias = tuple[Any, ...]
"""A row of the view `checks` without `report_id`."""


class Figures(NamedTuple):
    """Figures as columns, in their order.

    `cells` and `places` are keys, one a line: a cell as JSON, and the place as JSON, which never has a line
    break. `kinds` are the keys of the kinds that there are, and `kind_of` says which of them each figure is
    of. `printed` and `notes` are those that have a row of their own to say them, by position from 0.
    `apart`: some place is one of this document alone (see `stands_apart`).
    """

    cells: str
    values: Sequence[Number | None]
    kinds: Sequence[str]
    kind_of: Sequence[int]
    places: str
    apart: bool
    printed: dict[int, str]
    notes: dict[int, str]


class Checks(NamedTuple):
    """Checks as columns, in their order: `kinds` are keys, one a line; `suspects`, and what a sentence says
    that no other does (`rests`), stand by position from 0.
    """

    kinds: str
    left: Sequence[Number | None]
    right: Sequence[Number | None]
    suspects: dict[int, str]
    rests: dict[int, str]


class Rows(NamedTuple):
    """What stands in a report as it is written: numbers beside the figures as rows of the view `figures`,
    chapters, claims and fingerprints as rows of their tables without `report_id`. `terms` are those under
    which the search index has it.
    """

    figures: Figures
    beside: Sequence[FigureRow]
    checks: Checks
    sections: Sequence[tuple[Any, ...]]
    claims: Sequence[tuple[Any, ...]]
    fingerprints: Sequence[tuple[int, bytes]]
    terms: str


class Kept(NamedTuple):
    """A report of a reading as it is kept.

    `frame` is what of its record tells whose it is (`agency`, `doubt`), `columns` are those of its row in
    `reports` that the record tells, `packed` is the whole of it; `record_hash` is the fingerprint of
    everything in it, `content_hash` that of what the report says: figures, chapters, title and date, not
    where they stand (a page that got a new frame, or a visitor counter, has other bytes and the same
    content). `legible` cells are known to say something: a blank, too.
    """

    frame: Record
    columns: Record
    rows: Rows
    packed: bytes
    record_hash: str
    content_hash: str
    figures: int
    legible: int

    def record(self) -> Record:
        """The whole record, unpacked; nobody may change it."""
        return copies.unpacked(self.packed)


class Readied(NamedTuple):
    """A document of a reading, ready to be stored. `kept` is its report, None where it has none that can be
    filed; `year` that of any report, `broke_off` whether its reader failed, which says nothing of it.
    """

    media_type: str
    sha256: str
    member: str | None
    fetch_id: int | None
    document_url: str | None
    problems: tuple[Problem, ...]
    year: int | None
    broke_off: bool
    kept: Kept | None

    @property
    def report_id(self) -> str | None:
        return f"{self.kept.frame['agency']['id']}-{self.year}" if self.kept else None


class Ready(NamedTuple):
    """The reading of a publication, ready to be stored: its documents, the fingerprint of this edition of
    the page, and that of all that the reading depends on (see `storage.editions`).
    """

    documents: tuple[Readied, ...]
    signature: str
    reading_key: str


def readied(reading: PublicationReading) -> Ready:
    """The reading, ready to be stored. Raises ValueError as `kept` does."""
    return Ready(
        documents=tuple([_readied(document) for document in reading.documents]),
        signature=signature(reading.publication),
        reading_key=reading_key(reading.publication, reading.extractor_version),
    )


def _readied(document: DocumentReading) -> Readied:
    report = document.report
    filed = report is not None and report.agency is not None and report.year is not None
    return Readied(
        media_type=document.media_type,
        sha256=document.sha256,
        member=document.member,
        fetch_id=document.fetch_id,
        document_url=document.document_url,
        problems=(*document.problems, *_unstated(document)),
        year=None if report is None else report.year,
        broke_off=report is None and any(problem.code in READER_FAILURES for problem in document.problems),
        kept=kept(report) if report is not None and filed else None,
    )


def _unstated(document: DocumentReading) -> Iterator[Problem]:
    """A report that cannot be stored for want of agency or year is never passed over in silence."""
    report = document.report
    if report is None or document.problems:
        return
    missing = [
        name for name, value in (("agency", report.agency), ("report year", report.year)) if value is None
    ]
    if missing:
        yield Problem(
            code="unidentified", detail=f"not stored as a report: {' and '.join(missing)} not known"
        )


_COMPRESSOR = zstandard.ZstdCompressor(level=3)


def kept(report: Report) -> Kept:
    """The report as it is kept. Raises ValueError for a value that is neither finite nor a number."""
    strings = _Strings()
    figures = _figures(report.figures, strings)
    beside = _figures(report.beside, strings)
    checks = _checks(report.checks, strings)
    frame = frame_of(report)
    texts = {key: json_text(value) for key, value in frame.items()}
    for key, parts in (("figures", figures.texts), ("beside", beside.texts), ("checks", checks.texts)):
        texts[key] = f"[{','.join(parts)}]"
    text = "{" + ",".join([f'"{key}":{texts[key]}' for key in sorted(texts)]) + "}"
    record = text.encode("utf-8")
    said = ",".join([said for _, said in sorted(figures.said, key=_cell)])
    content = (
        f'{{"figures":[{said}],"published_on":{texts["published_on"]},"sections":{texts["sections"]},'
        f'"title":{texts["title"]}}}'
    )
    return Kept(
        frame={"agency": frame["agency"], "doubt": frame["doubt"]},
        columns=_columns(
            frame, sum([check.outcome == "fail" and check.severity == "hard" for check in report.checks])
        ),
        rows=_rows(frame, figures.rows, beside.rows, checks.rows),
        packed=_COMPRESSOR.compress(record),
        record_hash=hashlib.sha256(record).hexdigest(),
        content_hash=hashlib.sha256(content.encode("utf-8")).hexdigest(),
        figures=len(report.figures),
        legible=sum([figure.status in READABLE for figure in report.figures]),
    )


_DATES = ("printed_on", "page_date", "url_date", "period_from", "period_to", "due_on", "late_confidence")


def columns_of(record: Record) -> Record:
    """The columns of the row in `reports` that a record tells which was kept."""
    failures = [check["outcome"] == "fail" and check["severity"] == "hard" for check in record["checks"]]
    return _columns(record, sum(failures))


def _columns(record: Record, failures: int) -> Record:
    # Without an agency it is no report that is filed; dates and themes are missing in the oldest records.
    agency, dates = record["agency"] or {}, record.get("dates") or {}
    return {
        "agency_id": agency.get("id"),
        "agency": agency.get("name"),
        "agency_as_printed": agency.get("printed"),
        "agency_type": agency.get("agency_type"),
        "level": agency.get("level"),
        "division_code": agency.get("division_code"),
        "year": record["year"],
        "title": record["title"],
        "family": record["family"],
        "scope": record["scope"],
        "published_on": record["published_on"],
        **{column: dates.get(column) for column in _DATES},
        "themes": json_text(record["themes"]) if record.get("themes") is not None else None,
        "form": record["form"],
        "forms": json_text(record["forms"]),
        "attachments": json_text(record["attachments"]),
        "checks_failed": failures,
    }


def rows_of(record: Record) -> Rows:
    """The rows of a record that was kept."""
    return _rows(
        record,
        [_figure_row(figure) for figure in record["figures"]],
        [_figure_row(figure) for figure in record.get("beside", ())],
        [_check_row(position, check) for position, check in enumerate(record["checks"], start=1)],
    )


def _rows(
    record: Record, figures: Iterable[FigureRow], beside: Sequence[FigureRow], checks: Iterable[CheckRow]
) -> Rows:
    """The rows of a record of which the first three are given."""
    agency, sections = record["agency"], record["sections"]
    named = () if agency is None else (agency["name"], agency["printed"])
    return Rows(
        figures=figure_columns(figures),
        beside=beside,
        checks=check_columns(checks),
        sections=[(position, *section) for position, section in enumerate(sections, start=1)],
        claims=[(position, *claim) for position, claim in enumerate(record["claims"], start=1)],
        fingerprints=[(chapter, packed_hashes(hashes)) for chapter, hashes in record.get("fingerprints", ())],
        terms=folding.line(
            [record["title"], *named, *[heading for _, heading, _ in sections]],
            [text for *_, text in sections],
        ),
    )


def packed_hashes(hashes: Sequence[int]) -> bytes:
    """The numbers of a fingerprint as they are stored: four bytes each, the lowest first."""
    return struct.pack(f"<{len(hashes)}I", *hashes)


# Columns ------------------------------------------------------------------------------------------


def figure_columns(rows: Iterable[FigureRow]) -> Figures:
    """Rows of the view `figures` without `report_id` as columns."""
    cells, values, places, kind_of = [], [], [], []
    kinds: dict[tuple[Any, ...], int] = {}
    printed_apart: dict[int, str] = {}
    notes: dict[int, str] = {}
    apart = False
    for at, (table, row, column, printed, value, unit, status, note, locator, method, verified) in enumerate(
        rows
    ):
        if type(value) is int and printed == str(value):
            printed_as = "value"
        elif printed == "":
            printed_as = "empty"
        else:
            printed_as = "stored"
            if printed is not None:
                printed_apart[at] = printed
        if note is not None:
            notes[at] = note
        cells.append(_cell_key(table, row, column))
        values.append(value)
        kind_of.append(kinds.setdefault((unit, status, method, verified, printed_as), len(kinds)))
        places.append(locator)
        apart = apart or stands_apart(locator)
    return Figures(
        cells="\n".join(cells),
        values=tuple(values),
        kinds=tuple([key(*kind) for kind in kinds]),
        kind_of=bytes(kind_of) if len(kinds) <= 256 else tuple(kind_of),  # a byte has so many values
        places="\n".join(places),
        apart=apart,
        printed=printed_apart,
        notes=notes,
    )


def check_columns(rows: Iterable[CheckRow]) -> Checks:
    """Rows of the view `checks` without `report_id` as columns; positions count from 1."""
    kinds, lefts, rights = [], [], []
    suspects: dict[int, str] = {}
    rests: dict[int, str] = {}
    for at, row in enumerate(rows):
        _, rule, subject, outcome, zero_filled, severity, left, right, suspect, detail, attribution = row
        wording, rest = worded(detail, left, right)
        kinds.append(_check_key(rule, subject, outcome, zero_filled, severity, attribution, wording))
        lefts.append(left)
        rights.append(right)
        if suspect is not None:
            suspects[at] = suspect
        if rest is not None:
            rests[at] = rest
    return Checks("\n".join(kinds), tuple(lefts), tuple(rights), suspects, rests)


def key(*values: str | int | None) -> str:
    """The key of what these values make up together: a line of JSON."""
    return json_text(values)


_cell_key = lru_cache(maxsize=4096)(key)
_check_key = lru_cache(maxsize=4096)(key)


def stands_apart(locator: str) -> bool:
    """Whether a place is one of this document alone: where on a page something stands, no other says."""
    return '"bbox"' in locator


_BETWEEN = 32
"""Signs of a sentence before and between the two sides, at most: what a rule says, and no document."""


def worded(detail: str, left: object, right: object) -> tuple[str, str | None]:
    """A sentence parted into the wording that many have, and what is said in this one alone (None: nothing).

    In the wording {left} and {right} stand for the sides, where they are whole numbers.
    """
    says, colon, told = detail.partition(": ")
    if not colon:
        says, told = "", detail
    if "{" in detail:
        return "", detail
    if type(left) is int and type(right) is int:
        before, found, after = told.partition(str(left))
        between = after.removesuffix(str(right))
        if found and between != after and _is_of_a_rule(before) and _is_of_a_rule(between):
            return f"{says}{colon}{before}{{left}}{between}{{right}}", None
    if colon and _is_of_a_rule(told):
        return detail, None
    return f"{says}{colon}", told or None


@lru_cache(maxsize=1024)
def _is_of_a_rule(words: str) -> bool:
    """Whether these may be the words of a rule, which are few, and not those of a document."""
    return len(words) <= _BETWEEN and not any(sign.isdigit() or sign in "“”" for sign in words)


# Records ----------------------------------------------------------------------------------------


def _figure_row(figure: Record) -> FigureRow:
    return (
        *figure["cell"],
        figure["printed"],
        figure["value"],
        figure["unit"],
        figure["status"],
        figure["note"],
        json_text(figure["locator"]),
        figure["method"],
        int(figure["verified"]),
    )


def _check_row(position: int, check: Record) -> CheckRow:
    return (
        position,
        check["rule"],
        check["subject"],
        check["outcome"],
        check["zero_filled"],
        check["severity"],
        check["left"],
        check["right"],
        None if check["suspect"] is None else json_text(check["suspect"]),
        check["detail"],
        check.get("attribution"),
    )


class _Strings(dict[str | None, str]):
    """Strings as JSON, each made once: the same few dozen stand in all figures of a report."""

    def __missing__(self, value: str | None) -> str:
        text = self[value] = "null" if value is None else encode_basestring(value)
        return text


class _Figures(NamedTuple):
    texts: list[str]
    said: list[tuple[Cell, str]]
    rows: list[FigureRow]


class _Checks(NamedTuple):
    texts: list[str]
    rows: list[CheckRow]


def _figures(figures: Sequence[Figure], strings: _Strings) -> _Figures:
    """The figures as JSON, what each says (without where it stands) as JSON, and as rows."""
    texts, saying, rows = [], [], []
    kinds: dict[tuple[Any, ...], tuple[str, str, str, str]] = {}
    for figure, locator in zip(figures, _places(figures), strict=True):
        cell, printed, value, unit = figure.cell, figure.printed, figure.value, figure.unit
        status, note, method, verified = figure.status, figure.note, figure.method, figure.verified
        kind = (unit, status, note, method, verified)
        if kind in kinds:
            before_print, before_value, end, said_end = kinds[kind]
        else:
            kinds[kind] = before_print, before_value, end, said_end = (
                f',"method":{strings[method]},"note":{strings[note]},"printed":',
                f',"status":{strings[status]},"unit":{strings[unit]},"value":',
                f',"verified":{"true" if verified else "false"}}}',
                f",{strings[unit]},{strings[status]},{strings[note]}]",
            )
        codes = _codes(cell)
        number = str(value) if type(value) is int else _number(value)
        shown = strings[printed]
        texts.append(
            f'{{"cell":[{codes}],"locator":{locator}{before_print}{shown}{before_value}{number}{end}'
        )
        saying.append((cell, f"[{codes},{shown},{number}{said_end}"))
        rows.append((*cell, printed, value, unit, status, note, locator, method, int(verified)))
    return _Figures(texts, saying, rows)


@lru_cache(maxsize=4096)
def _codes(cell: Cell) -> str:
    return ",".join([encode_basestring(code) for code in cell])


def _checks(checks: Iterable[Check], strings: _Strings) -> _Checks:
    """The checks as JSON, and as rows."""
    texts, rows = [], []
    for position, check in enumerate(checks, start=1):
        left, right, suspect = check.left, check.right, None
        if check.suspect is not None:
            suspect = f"[{','.join([strings[code] for code in check.suspect])}]"
        texts.append(
            f'{{"attribution":{strings[check.attribution]},"detail":{encode_basestring(check.detail)},'
            f'"left":{str(left) if type(left) is int else _number(left)},'
            f'"outcome":{strings[check.outcome]},'
            f'"right":{str(right) if type(right) is int else _number(right)},'
            f'"rule":{strings[check.rule]},"severity":{strings[check.severity]},'
            f'"subject":{strings[check.subject]},"suspect":{suspect or "null"},'
            f'"zero_filled":{strings[check.zero_filled]}}}'
        )
        rows.append(
            (
                *(position, check.rule, check.subject, check.outcome, check.zero_filled, check.severity),
                *(left, right, suspect, check.detail, check.attribution),
            )
        )
    return _Checks(texts, rows)


def _number(value: Number | None) -> str:
    return "null" if value is None else json_text(value)


def _places(figures: Sequence[Figure]) -> list[str]:
    """The locator of each figure as JSON."""
    texts = []
    for figure in figures:
        locator = figure.locator
        table, row, cell = locator.get("table"), locator.get("row"), locator.get("cell")
        # What nearly all are: put together here it takes a third of the time.
        if len(locator) == 3 and type(table) is type(row) is type(cell) is int:
            texts.append(f'{{"cell":{cell},"row":{row},"table":{table}}}')
        else:
            texts.append(json_text(dict(locator)))
    return texts


def _cell(said: tuple[Cell, str]) -> Cell:
    return said[0]
