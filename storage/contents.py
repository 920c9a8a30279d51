"""What stands in a report: its figures, chapters, checks and claims, written as one with the report.

Owns the tables behind the views `figures` and `checks`. A row there is a cell or a result as before, and
names its own cell; what is said a thousand times over stands once, under a number: the ids of reports
(`report_numbers`), the cells (`figure_cells`), unit, status and way of reading (`figure_kinds`), places in
documents (`figure_places`), and of checks all but their sides (`check_kinds`). Numbers are given as what
they stand for is first met, so two databases may give others; the views say the same.

Numbers are looked up once and remembered as long as the tables end where they did (see `Numbers`): none is
left over from a transaction that was rolled back.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

from storage.copies import Record
from storage.kept import Rows

Row: TypeAlias = tuple[Any, ...]

MOST_REMEMBERED = 50_000
"""Numbers that are remembered; of places there may be more."""

_TABLES = ("figures_beside", "sections", "claims", "fingerprints")
"""Those that name the report by its id."""


def write(
    conn: sqlite3.Connection, report_id: str, record: Record, rows: Rows, numbers: Numbers, *, new: bool
) -> None:
    """Makes the rows of a report what its record says, of which figures, numbers beside them and checks are
    given as `rows`. Of a `new` one nothing stands yet. The caller holds the transaction.
    """
    number = number_of(conn, report_id)
    if not new:
        _clear(conn, report_id, number)
    with numbers.holding():
        write_figures(conn, number, rows.figures, numbers)
        write_checks(conn, number, rows.checks, numbers)
    beside = [(report_id, *row[:-1]) for row in rows.beside]
    if beside:
        conn.executemany(
            "INSERT INTO figures_beside (report_id, table_code, row_code, column_code, printed, value, unit,"
            " status, note, locator, method) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            beside,
        )
    conn.executemany(
        "INSERT INTO sections (report_id, position, number, heading, text) VALUES (?, ?, ?, ?, ?)",
        [(report_id, position, *section) for position, section in enumerate(record["sections"], start=1)],
    )
    conn.executemany(
        "INSERT INTO claims (report_id, position, about, value, sentence) VALUES (?, ?, ?, ?, ?)",
        [(report_id, position, *claim) for position, claim in enumerate(record["claims"], start=1)],
    )
    conn.executemany(
        "INSERT INTO fingerprints (report_id, chapter, hashes) VALUES (?, ?, ?)",
        [(report_id, chapter, packed_hashes(hashes)) for chapter, hashes in record.get("fingerprints", ())],
    )


def remove(conn: sqlite3.Connection, report_id: str) -> None:
    """Takes away all that stands in a report, and its number. The caller holds the transaction."""
    found = conn.execute("SELECT number FROM report_numbers WHERE report_id = ?", (report_id,)).fetchone()
    _clear(conn, report_id, found[0] if found else 0)
    conn.execute("DELETE FROM report_numbers WHERE report_id = ?", (report_id,))


def number_of(conn: sqlite3.Connection, report_id: str) -> int:
    """The number of a report, which is given one where it has none; the report itself must stand."""
    conn.execute("INSERT OR IGNORE INTO report_numbers (report_id) VALUES (?)", (report_id,))
    found: int = conn.execute(
        "SELECT number FROM report_numbers WHERE report_id = ?", (report_id,)
    ).fetchone()[0]
    return found


def _clear(conn: sqlite3.Connection, report_id: str, number: int) -> None:
    for table in ("stored_prints", "stored_figures", "stored_checks"):
        conn.execute(f"DELETE FROM {table} WHERE report = ?", (number,))
    for table in _TABLES:
        conn.execute(f"DELETE FROM {table} WHERE report_id = ?", (report_id,))


def packed_hashes(hashes: Sequence[int]) -> bytes:
    """The numbers of a fingerprint as they are stored: four bytes each, the lowest first."""
    return struct.pack(f"<{len(hashes)}I", *hashes)


def unpacked_hashes(stored: bytes) -> tuple[int, ...]:
    """The numbers of a stored fingerprint."""
    return struct.unpack(f"<{len(stored) // 4}I", stored)


# Numbers ------------------------------------------------------------------------------------------


class Numbers:
    """The numbers under which cells, places and kinds stand on a connection, as far as they were asked for.

    They are forgotten where the tables do not end where they did at the end of the last `holding`, or
    another connection wrote since: numbers of a transaction that was rolled back are given anew.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._stood: Row = ()
        self.cells = _Given(conn, "figure_cells", ("table_code", "row_code", "column_code"))
        self.places = _Given(conn, "figure_places", ("locator",))
        # Numbers above 0 are those of figures that are a number: their table holds the value against it.
        self.figure_kinds = _Given(
            conn,
            "figure_kinds",
            ("unit", "status", "method", "verified", "printed_as"),
            below=lambda kind: kind[1] != "number",
        )
        # Numbers below 0 are those of failures, of which there is an index.
        self.check_kinds = _Given(
            conn,
            "check_kinds",
            ("rule", "subject", "outcome", "zero_filled", "severity", "attribution", "wording"),
            below=lambda kind: kind[2] == "fail",
        )

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A block in which they hold; where it fails they are forgotten. The caller holds the transaction."""
        given = (self.cells, self.places, self.figure_kinds, self.check_kinds)
        if self._stood != self._ends() or sum(map(len, given)) > MOST_REMEMBERED:
            for numbers in given:
                numbers.clear()
        self._stood = ()
        yield
        self._stood = self._ends()

    def _ends(self) -> Row:
        version = self._conn.execute("PRAGMA data_version").fetchone()
        return (*version, *self._conn.execute(_ENDS).fetchone())


_ENDS = """
    SELECT (SELECT max(number) FROM figure_cells), (SELECT max(number) FROM figure_places),
        (SELECT min(number) FROM figure_kinds), (SELECT max(number) FROM figure_kinds),
        (SELECT min(number) FROM check_kinds), (SELECT max(number) FROM check_kinds)
"""


class _Given(dict[Row, int]):
    """The number of each row of a table; what is not there is added. `below`: it counts down from 0."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        below: Callable[[Row], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self._conn = conn
        self._table = table
        self._below = below
        self._find = f"SELECT number FROM {table} WHERE " + " AND ".join(f"{name} IS ?" for name in columns)
        self._add = (
            f"INSERT INTO {table} (number, {', '.join(columns)}) VALUES (?, {', '.join('?' * len(columns))})"
        )

    def __missing__(self, row: Row) -> int:
        found = self._conn.execute(self._find, row).fetchone()
        number: int = self._added(row) if found is None else found[0]
        self[row] = number
        return number

    def _added(self, row: Row) -> int:
        below = self._below(row)
        end = self._conn.execute(f"SELECT {'min' if below else 'max'}(number) FROM {self._table}").fetchone()
        number: int = min(end[0] or 0, 0) - 1 if below else max(end[0] or 0, 0) + 1
        self._conn.execute(self._add, (number, *row))
        return number


# Figures ------------------------------------------------------------------------------------------

_INSERT_FIGURE = """
    INSERT INTO stored_figures (report, cell, value, kind, place) VALUES (?, ?, ?, ?, ?)
"""
_INSERT_PRINT = "INSERT INTO stored_prints (report, cell, printed, note) VALUES (?, ?, ?, ?)"


def write_figures(
    conn: sqlite3.Connection, report: int, figures: Iterable[Row], numbers: Numbers | None = None
) -> None:
    """Writes the figures of the report of that number, which has none: rows of the view `figures` without
    `report_id`.
    """
    known = numbers or Numbers(conn)
    cells, kinds, places = known.cells, known.figure_kinds, known.places
    rows, prints = [], []
    for table, row, column, printed, value, unit, status, note, locator, method, verified in figures:
        printed_as = _printed_as(printed, value)
        cell = cells[table, row, column]
        kind = kinds[unit, status, method, verified, printed_as]
        rows.append((report, cell, value, kind, locator if _stands_alone(locator) else places[locator,]))
        if note is not None or (printed_as == "stored" and printed is not None):
            prints.append((report, cell, printed if printed_as == "stored" else None, note))
    conn.executemany(_INSERT_FIGURE, rows)
    if prints:
        conn.executemany(_INSERT_PRINT, prints)


def _printed_as(printed: str | None, value: object) -> str:
    """How the cell as printed is kept: not at all where the whole number says it, or where it is empty."""
    if type(value) is int and printed == str(value):
        return "value"
    return "empty" if printed == "" else "stored"


def _stands_alone(locator: str) -> bool:
    """Whether a place is one of this document alone: where on a page something stands, no other says."""
    return '"bbox"' in locator


# Checks -------------------------------------------------------------------------------------------

_INSERT_CHECK = """
    INSERT INTO stored_checks (report, position, kind, left_value, right_value, suspect, rest)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_BETWEEN = 32
"""Signs of a sentence before and between the two sides, at most: what a rule says, and no document."""


def write_checks(
    conn: sqlite3.Connection, report: int, checks: Iterable[Row], numbers: Numbers | None = None
) -> None:
    """Writes the checks of the report of that number, which has none: rows of the view `checks` without
    `report_id`.
    """
    kinds = (numbers or Numbers(conn)).check_kinds
    rows = []
    for (
        position, rule, subject, outcome, zero_filled, severity, left, right, suspect, detail, attribution
    ) in checks:  # fmt: skip
        wording, rest = worded(detail, left, right)
        kind = kinds[rule, subject, outcome, zero_filled, severity, attribution, wording]
        rows.append((report, position, kind, left, right, suspect, rest))
    conn.executemany(_INSERT_CHECK, rows)


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
