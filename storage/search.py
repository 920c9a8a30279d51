"""The index of the chapters and titles of reports, in which any string of Chinese is found.

Owns `search_index`, a full-text index without contents and without positions: for each term (see
`storage.folding`) the numbers of the reports that have it, and `search_reports`, which says whose
number it is. The index alone answers for one or two characters and for single words; of anything
longer it gives the reports that may have it, and whoever asks looks at their text.

What stands in titles and headings stands under terms of its own: the statutory headings are in every
report. A report that is written anew gets a new number, and what was under the old one means nothing
any more: nothing need be taken out of the index, whichever way its terms were made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain

from sqlite_utils import Database

from storage import folding
from storage.database import at_end, file_of, one_line_errors, transaction
from storage.folding import HEADING, Phrase
from storage.rows import Into, next_number

_VERSION = f"§version{folding.VERSION}"
"""The one term of number 0, which stands for no report: by it an index says how its terms were made."""
MOST_TERMS = 24
"""Terms of a phrase that are looked up; those of longer ones are chosen evenly from all of them."""
_STATE = "search_index"
_REPORTS = Into("search_reports", "number", "report_id")
_INSERT = "INSERT INTO search_index (rowid, terms) VALUES (?, ?)"
_BATCH = 500
_STALE, _LOOSE = 0.2, 0.1
"""Share of numbers without a report from which on the index is made anew, and of reports that were
written since it was last put in order from which on it is put in order."""


def write(db: Database, report_id: str, terms: str) -> None:
    """Puts a report into the index under its terms (`folding.line`), in place of what was there. The caller
    holds the transaction.
    """
    forget(db.conn, report_id)
    write_new(db, [(report_id, terms)])


def write_new(db: Database, reports: Sequence[tuple[str, str]]) -> None:
    """Puts reports that are not in the index into it, each under its terms.

    The lines themselves are written at the end of the transaction, with those of all reports of it: the
    index writes out what it holds at each savepoint. The caller holds the transaction.
    """
    first = next_number(db.conn, "search_reports")
    numbered = list(enumerate(reports, start=first))
    _REPORTS.insert(
        db.conn, list(chain.from_iterable((number, report_id) for number, (report_id, _) in numbered))
    )
    for number, (_, terms) in numbered:
        at_end(db, _INSERT, (number, terms))


def forget(conn: sqlite3.Connection, report_id: str) -> None:
    """Takes a report out of the index. The caller holds the transaction."""
    conn.execute("DELETE FROM search_reports WHERE report_id = ?", (report_id,))


def rebuild(conn: sqlite3.Connection) -> None:
    """Makes the index of all reports anew. The caller holds the transaction."""
    conn.execute("DELETE FROM search_reports")
    conn.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    # In the order of the reports themselves: neighbours say alike, and numbers that follow are small.
    ids = [row[0] for row in conn.execute("SELECT id FROM reports ORDER BY year, id")]
    conn.execute("INSERT INTO search_index (rowid, terms) VALUES (0, ?)", (_VERSION,))
    for start in range(0, len(ids), _BATCH):
        _put(conn, ids[start : start + _BATCH])
    _put_in_order(conn)


def tidy(db: Database) -> None:
    """Puts the index in order where a run wrote much, and makes it anew where it is out of date.

    Raises `StorageError`.
    """
    with one_line_errors(file_of(db)):
        current = db.conn.execute(
            "SELECT 1 FROM search_index WHERE search_index MATCH ?", (f'"{_VERSION}"',)
        ).fetchone()
        reports = db.conn.execute("SELECT count(*) FROM search_reports").fetchone()[0]
        last = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'search_reports'").fetchone()
        given, ordered = (last[0] if last else 0), _ordered(db.conn)
    if current is None or given - reports > max(_BATCH, _STALE * reports):
        with transaction(db):
            rebuild(db.conn)
    elif given - ordered > _LOOSE * reports:
        with transaction(db):
            _put_in_order(db.conn)


def expression(phrases: Iterable[Phrase], *, headings: bool = True, texts: bool = True) -> str | None:
    """The full-text query for reports that may have every phrase, in their text, or in titles and
    headings as well. None where no phrase has a term (signs alone).
    """
    parts = []
    for phrase in phrases:
        chosen = _spread(phrase.terms)
        ways = [
            " AND ".join(_quoted(f"{prefix}{term}") for term in chosen)
            for prefix, wanted in (("", texts), (HEADING, headings))
            if wanted and chosen
        ]
        if ways:
            parts.append(f"(({') OR ('.join(ways)}))" if len(ways) > 1 else f"({ways[0]})")
    return " AND ".join(parts) or None


def lines(conn: sqlite3.Connection, report_ids: Sequence[str]) -> list[tuple[int, str]]:
    """Of reports that have a number: the number, and the terms as the index takes them."""
    marks = ", ".join("?" * len(report_ids))
    numbers = dict(
        conn.execute(f"SELECT report_id, number FROM search_reports WHERE report_id IN ({marks})", report_ids)
    )
    headings: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {report_id: [] for report_id in numbers}
    for report_id, *titles in conn.execute(
        f"SELECT id, title, agency, agency_as_printed FROM reports WHERE id IN ({marks})", report_ids
    ):
        headings[report_id] = titles
    for report_id, heading, text in conn.execute(
        f"SELECT report_id, heading, text FROM sections WHERE report_id IN ({marks})", report_ids
    ):
        headings[report_id].append(heading)
        texts[report_id].append(text)
    return [
        (number, folding.line(headings[report_id], texts[report_id]))
        for report_id, number in sorted(numbers.items(), key=lambda pair: pair[1])
    ]


def _put(conn: sqlite3.Connection, report_ids: Sequence[str]) -> None:
    conn.executemany("INSERT INTO search_reports (report_id) VALUES (?)", [(one,) for one in report_ids])
    conn.executemany(_INSERT, lines(conn, report_ids))


def _put_in_order(conn: sqlite3.Connection) -> None:
    """Makes one piece of the index, and notes up to which number."""
    conn.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")
    conn.execute(
        "INSERT INTO findings_state (name, made_from)"
        " SELECT ?, coalesce(max(number), 0) FROM search_reports WHERE true"
        " ON CONFLICT DO UPDATE SET made_from = excluded.made_from",
        (_STATE,),
    )


def _ordered(conn: sqlite3.Connection) -> int:
    """The last number when the index was put in order; 0 where that is not known."""
    row = conn.execute("SELECT made_from FROM findings_state WHERE name = ?", (_STATE,)).fetchone()
    return int(row[0]) if row and row[0].isdigit() else 0


def _spread(terms: Sequence[str]) -> list[str]:
    if len(terms) <= MOST_TERMS:
        return list(terms)
    step = (len(terms) - 1) / (MOST_TERMS - 1)
    return [terms[round(step * at)] for at in range(MOST_TERMS)]


def _quoted(term: str) -> str:
    return f'"{term[:-1]}" *' if term.endswith("*") else f'"{term}"'
