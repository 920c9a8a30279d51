"""A report of a reading as it is kept: its record as packed text, and the rows that are made of it.

The text is that of `json_text(record_of(report))`, put together in one pass over figures and checks in
which their rows are made as well: to make the record and to turn it into text takes three times as long,
and most of a record is never looked at again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple, TypeAlias

import zstandard

from pipelines.records import Cell, Check, Figure, Number, Report
from storage.copies import READABLE, Record, frame_of, json_text, record_of

FigureRow: TypeAlias = tuple[Any, ...]
"""A row of the view `figures` without `report_id`."""
CheckRow: TypeAlias = tuple[Any, ...]
"""A row of the view `checks` without `report_id`."""


class Rows(NamedTuple):
    """Figures, numbers beside them and checks of a report as rows."""

    figures: Sequence[FigureRow]
    beside: Sequence[FigureRow]
    checks: Sequence[CheckRow]


@dataclass(frozen=True, slots=True)
class Kept:
    """A report of a reading as it is kept.

    `frame` is its record without figures, numbers beside them and checks, `packed` the whole of it;
    `record_hash` is the fingerprint of everything in it, `content_hash` that of what the report says:
    figures, chapters, title and date, not where they stand (a page that got a new frame, or a visitor
    counter, has other bytes and the same content). `legible` cells are known to say something: a blank, too.
    """

    report: Report
    frame: Record
    rows: Rows
    packed: bytes
    record_hash: str
    content_hash: str
    legible: int

    def record(self) -> Record:
        """The whole record, made anew."""
        return record_of(self.report)


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
        report=report,
        frame=frame,
        rows=Rows(figures.rows, beside.rows, checks.rows),
        packed=_COMPRESSOR.compress(record),
        record_hash=hashlib.sha256(record).hexdigest(),
        content_hash=hashlib.sha256(content.encode("utf-8")).hexdigest(),
        legible=sum([figure.status in READABLE for figure in report.figures]),
    )


def rows_of(record: Record) -> Rows:
    """The rows of a record that was kept."""
    return Rows(
        [_figure_row(figure) for figure in record["figures"]],
        [_figure_row(figure) for figure in record.get("beside", ())],
        [_check_row(position, check) for position, check in enumerate(record["checks"], start=1)],
    )


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
