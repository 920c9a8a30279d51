"""What stands in a report: its figures, chapters, checks and claims, written as one with the report.

Owns the tables behind the views `figures` and `checks`. A row there is a cell or a result as before, and
names its own cell; what is said a thousand times over stands once, under a number: the ids of reports
(`report_numbers`), the cells (`figure_cells`), unit, status and way of reading (`figure_kinds`), places in
documents (`figure_places`), and of checks all but their sides (`check_kinds`). Numbers are given as what
they stand for is first met, so two databases may give others; the views say the same.

Numbers are looked up once and remembered as long as nothing was undone and no other connection wrote (see
`Numbers`): none is left over from a transaction that was rolled back.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, ref

from sqlite_utils import Database

from storage.database import standing
from storage.kept import Checks, Figures, Rows, check_columns, figure_columns, key, stands_apart
from storage.kept import packed_hashes as packed_hashes  # noqa: PLC0414 beside what unpacks them
from storage.kept import worded as worded  # noqa: PLC0414 what a wording is
from storage.rows import Into, next_number

Row: TypeAlias = tuple[Any, ...]

MOST_REMEMBERED = 50_000
"""Numbers that are remembered; of places there may be more."""
MOST_COLUMNS = 200
"""Columns of keys whose numbers are remembered as a whole: reports of one form have the same cells, and
pages of one portal the same places."""
MOST_READ = 10_000
"""Rows of a table that are read at once where its numbers are to be remembered."""

_TABLES = ("figures_beside", "sections", "claims", "fingerprints")
"""Those that name the report by its id."""


def write(db: Database, report_id: str, rows: Rows) -> None:
    """Makes the rows of a report these, in place of what stands. The caller holds the transaction."""
    number = number_of(db.conn, report_id)
    _clear(db.conn, report_id, number)
    _put(db, [(number, report_id, rows)])


def write_new(db: Database, reports: Sequence[tuple[str, Rows]]) -> None:
    """Writes the rows of reports of which nothing stands but their own, a table at a time. The caller holds
    the transaction.
    """
    first = next_number(db.conn, "report_numbers")
    numbered = [(first + at, report_id, rows) for at, (report_id, rows) in enumerate(reports)]
    _NUMBERS.insert(
        db.conn, list(chain.from_iterable((number, report_id) for number, report_id, _ in numbered))
    )
    _put(db, numbered)


def _put(db: Database, reports: Sequence[tuple[int, str, Rows]]) -> None:
    """Writes rows of reports that have none, each report with its number and its id."""
    conn, numbers = db.conn, numbers_of(db)
    figures: list[object] = []
    prints: list[object] = []
    checks: list[object] = []
    in_words: list[object] = []
    with numbers.holding():
        for number, _, rows in reports:
            cells, found = _figure_values(number, rows.figures, numbers)
            figures += found
            prints += _print_values(number, cells, rows.figures)
            plain, worded = _check_values(number, rows.checks, numbers)
            checks += plain
            in_words += worded
    _FIGURES.insert(conn, figures)
    _PRINTS.insert(conn, prints)
    _CHECKS.insert(conn, checks)
    _CHECKS_IN_WORDS.insert(conn, in_words)
    for into, part in (
        (_BESIDE, _beside),
        (_SECTIONS, attrgetter("sections")),
        (_CLAIMS, attrgetter("claims")),
        (_FINGERPRINTS, attrgetter("fingerprints")),
    ):
        into.insert(
            conn,
            list(
                chain.from_iterable((report_id, *row) for _, report_id, rows in reports for row in part(rows))
            ),
        )


def _beside(rows: Rows) -> Iterator[Row]:
    """The rows of `figures_beside`, which does not say what was verified."""
    return (row[:-1] for row in rows.beside)


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


def unpacked_hashes(stored: bytes) -> tuple[int, ...]:
    """The numbers of a stored fingerprint."""
    return struct.unpack(f"<{len(stored) // 4}I", stored)


# Numbers ------------------------------------------------------------------------------------------


class Numbers:
    """The numbers under which cells, places and kinds stand on a connection, as far as they were asked for.

    They are forgotten where the tables do not end where they did at the last `holding`, or another
    connection wrote since: numbers of a transaction that was rolled back are given anew. `standing` tells in
    which transaction we are and how often something was undone (`storage.database.standing`): with it the
    tables are looked at once a transaction, and all is forgotten once something was undone.
    """

    def __init__(
        self, conn: sqlite3.Connection, standing: Callable[[], tuple[int, int]] | None = None
    ) -> None:
        self._conn = conn
        self._standing = standing
        self._stood: tuple[int, int] | None = None
        self._version: object = None
        self.cells = _Given(conn, "figure_cells", ("table_code", "row_code", "column_code"))
        self.places = _Given(conn, "figure_places", ("locator",), key=str, parts=lambda place: (place,))
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
        self._all = (self.cells, self.places, self.figure_kinds, self.check_kinds)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A block in which they hold; where it fails they are forgotten. The caller holds the transaction."""
        stands = self._standing() if self._standing is not None else None
        stood, self._stood = self._stood, None
        if stands is None or stands != stood:
            undone = stands is not None and (stood is None or stands[1] != stood[1])
            self._look(forget=undone)
        elif sum(map(len, self._all)) > MOST_REMEMBERED:
            self._look(forget=True)
        try:
            yield
        except BaseException:
            self._version = None
            raise
        self._stood = stands

    def _look(self, *, forget: bool) -> None:
        (version,) = self._conn.execute("PRAGMA data_version").fetchone()
        ends = self._conn.execute(_ENDS).fetchone()
        pairs = [(low or 0, high or 0) for low, high in zip(ends[::2], ends[1::2], strict=True)]
        known = not forget and version == self._version and sum(map(len, self._all)) <= MOST_REMEMBERED
        if not known or pairs != [given.ends for given in self._all]:
            for given, pair in zip(self._all, pairs, strict=True):
                given.forget(*pair, whole=self._standing is not None and pair[1] - pair[0] <= MOST_READ)
        self._version = version


_ENDS = "SELECT " + ", ".join(
    f"(SELECT min(number) FROM {table}), (SELECT max(number) FROM {table})"
    for table in ("figure_cells", "figure_places", "figure_kinds", "check_kinds")
)


class _Given(dict[str, int]):
    """The number of each row of a table by its key; what is not there is added. `below`: it counts down
    from 0. `key` makes the key of a row's values, `parts` the values of a key.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        *,
        key: Callable[..., str] = key,
        parts: Callable[[str], Sequence[Any]] = json.loads,
        below: Callable[[Sequence[Any]], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self._conn = conn
        self._below = below
        self._key = key
        self._parts = parts
        self._whole = False
        self._columns: dict[str, tuple[int, ...]] = {}
        self.ends = (0, 0)
        """The lowest and the highest number, 0 where there is none beyond it."""
        names = ", ".join(columns)
        self._every = f"SELECT number, {names} FROM {table}"
        self._find = f"SELECT number FROM {table} WHERE " + " AND ".join(f"{name} IS ?" for name in columns)
        self._add = f"INSERT INTO {table} (number, {names}) VALUES (?, {', '.join('?' * len(columns))})"

    def forget(self, lowest: int, highest: int, *, whole: bool) -> None:
        """Begins anew with a table that has these ends, read at once with `whole`."""
        self.clear()
        self._columns.clear()
        self.ends = (lowest, highest)
        self._whole = whole
        if whole:
            for number, *row in self._conn.execute(self._every):
                self[self._key(*row)] = number

    def column(self, keys: str) -> tuple[int, ...]:
        """The numbers of a column of keys, one a line."""
        found = self._columns.get(keys)
        if found is None:
            found = tuple(self.each(keys))
            if len(self._columns) >= MOST_COLUMNS:
                self._columns.clear()
            self._columns[keys] = found
        return found

    def each(self, keys: str) -> Iterator[int]:
        """As `column`, of keys that will hardly stand together again."""
        return map(self.__getitem__, keys.split("\n")) if keys else iter(())

    def __missing__(self, key: str) -> int:
        row = self._parts(key)
        found = None if self._whole else self._conn.execute(self._find, row).fetchone()
        number: int = self._added(row) if found is None else found[0]
        self[key] = number
        return number

    def _added(self, row: Sequence[Any]) -> int:
        lowest, highest = self.ends
        if self._below(row):
            number = lowest = min(lowest, 0) - 1
        else:
            number = highest = max(highest, 0) + 1
        self._conn.execute(self._add, (number, *row))
        self.ends = (lowest, highest)
        return number


def numbers_of(db: Database) -> Numbers:
    """The numbers as they are known on the connection of a database."""
    found = _numbers.get(db)
    if found is None:
        found = _numbers[db] = Numbers(db.conn, _standing_of(ref(db)))
    return found


def _standing_of(known: ref[Database]) -> Callable[[], tuple[int, int]]:
    """What tells how a database stands, without keeping it."""

    def stands() -> tuple[int, int]:
        db = known()
        assert db is not None  # whoever asks writes to it
        return standing(db)

    return stands


_numbers: WeakKeyDictionary[Database, Numbers] = WeakKeyDictionary()


# Tables -------------------------------------------------------------------------------------------


_NUMBERS = Into("report_numbers", "number", "report_id")
_FIGURES = Into("stored_figures", "report", "cell", "value", "kind", "place")
_PRINTS = Into("stored_prints", "report", "cell", "printed", "note")
_CHECKS = Into("stored_checks", "report", "position", "kind", "left_value", "right_value")
_CHECKS_IN_WORDS = Into(
    *("stored_checks", "report", "position", "kind", "left_value", "right_value", "suspect", "rest")
)
_BESIDE = Into(
    *("figures_beside", "report_id", "table_code", "row_code", "column_code", "printed", "value", "unit"),
    *("status", "note", "locator", "method"),
)
_SECTIONS = Into("sections", "report_id", "position", "number", "heading", "text")
_CLAIMS = Into("claims", "report_id", "position", "about", "value", "sentence")
_FINGERPRINTS = Into("fingerprints", "report_id", "chapter", "hashes")


# Figures ------------------------------------------------------------------------------------------


def write_figures(
    conn: sqlite3.Connection, report: int, figures: Iterable[Row], numbers: Numbers | None = None
) -> None:
    """Writes the figures of the report of that number, which has none: rows of the view `figures` without
    `report_id`. Numbers that are given hold already.
    """
    found = figure_columns(figures)
    if numbers is not None:
        cells, values = _figure_values(report, found, numbers)
    else:
        numbers = Numbers(conn)
        with numbers.holding():
            cells, values = _figure_values(report, found, numbers)
    _FIGURES.insert(conn, list(values))
    _PRINTS.insert(conn, list(_print_values(report, cells, found)))


def _figure_values(report: int, figures: Figures, numbers: Numbers) -> tuple[Sequence[int], Iterator[object]]:
    """The numbers of the cells, and the values of the rows in `stored_figures`, one after the other."""
    kinds = [numbers.figure_kinds[kind] for kind in figures.kinds]
    places: Iterable[int | str] = (
        numbers.places.column(figures.places)
        if not figures.apart
        else [place if stands_apart(place) else numbers.places[place] for place in figures.places.split("\n")]
    )
    cells = numbers.cells.column(figures.cells)
    kind_of = map(kinds.__getitem__, figures.kind_of)
    rows = zip([report] * len(cells), cells, figures.values, kind_of, places, strict=True)
    return cells, chain.from_iterable(rows)


def _print_values(report: int, cells: Sequence[int], figures: Figures) -> Iterator[object]:
    """The values of the rows in `stored_prints`, one after the other."""
    printed, notes = figures.printed, figures.notes
    for at in sorted(printed.keys() | notes.keys()):
        yield from (report, cells[at], printed.get(at), notes.get(at))


# Checks -------------------------------------------------------------------------------------------


def write_checks(
    conn: sqlite3.Connection, report: int, checks: Iterable[Row], numbers: Numbers | None = None
) -> None:
    """Writes the checks of the report of that number, which has none: rows of the view `checks` without
    `report_id`. Numbers that are given hold already.
    """
    checks = list(checks)
    found, positions = check_columns(checks), [row[0] for row in checks]
    if numbers is not None:
        plain, worded = _check_values(report, found, numbers, positions)
    else:
        numbers = Numbers(conn)
        with numbers.holding():
            plain, worded = _check_values(report, found, numbers, positions)
    _CHECKS.insert(conn, plain)
    _CHECKS_IN_WORDS.insert(conn, worded)


def _check_values(
    report: int, checks: Checks, numbers: Numbers, positions: Sequence[int] | None = None
) -> tuple[list[object], list[object]]:
    """The values of the rows in `stored_checks`, one after the other: of those that say nothing of their own,
    and of the others with what they suspect and say.
    """
    kinds = numbers.check_kinds.each(checks.kinds)
    positions = positions or range(1, len(checks.left) + 1)
    rows = zip([report] * len(positions), positions, kinds, checks.left, checks.right, strict=True)
    suspects, rests = checks.suspects, checks.rests
    if not suspects and not rests:
        return list(chain.from_iterable(rows)), []
    plain: list[object] = []
    worded: list[object] = []
    for at, row in enumerate(rows):
        if at in suspects or at in rests:
            worded += (*row, suspects.get(at), rests.get(at))
        else:
            plain += row
    return plain, worded
