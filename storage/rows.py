"""Rows that are inserted several to a statement: one by one they take half as long again and more.

Owns no table: those who own one say which columns they fill.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_AT_ONCE = (64, 16, 4, 1)
"""So many rows to a statement, as long as there are so many."""


class Into:
    """Some columns of a table, as rows are inserted into it."""

    def __init__(self, table: str, *columns: str) -> None:
        row = f"({', '.join('?' * len(columns))})"
        self._statements = [
            (
                rows * len(columns),
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}",
            )
            for rows in _AT_ONCE
        ]

    def insert(self, conn: sqlite3.Connection, values: Sequence[object]) -> None:
        """Inserts rows, their values one after the other. The caller holds the transaction."""
        at, end = 0, len(values)
        for size, sql in self._statements:
            while end - at >= size:
                conn.execute(sql, values[at : at + size])
                at += size


def next_number(conn: sqlite3.Connection, table: str) -> int:
    """The number of the next row of a table with AUTOINCREMENT, whose numbers may have been tampered with.
    The caller holds the transaction.
    """
    found: int = conn.execute(
        "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = ?), 0),"
        f" ifnull((SELECT max(number) FROM {table}), 0)) + 1",
        (table,),
    ).fetchone()[0]
    return found
