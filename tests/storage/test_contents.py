"""The compact tables behind `figures` and `checks` say what was written, and never anything else."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from pipelines.records import Cell, Check
from storage import contents, schema
from storage.contents import worded
from storage.copies import json_text
from storage.database import StorageError, open_database, transaction

ROOT = Path(__file__).resolve().parents[2]
ID = "230805-dfq-2021"
RECEIVED = Cell("applications", "received_new", "total")
FIGURES = "SELECT * FROM figures ORDER BY report_id, table_code, row_code, column_code"
CHECKS = "SELECT * FROM checks ORDER BY report_id, position"

NUMBERS: WeakKeyDictionary[Any, contents.Numbers] = WeakKeyDictionary()

wholes = st.integers(min_value=-(2**63), max_value=2**63 - 1)
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.sampled_from(["", "0", "3 = 3", "holds, {left}", "{right}", "“3”", "a: b", ": ", "007"]) | texts
numbers = wholes | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def figures(draw: st.DrawFn) -> tuple[Any, ...]:
    """A row of `figures` without the report and the cell."""
    status = draw(st.sampled_from(["number", "blank", "not_applicable", "merged", "unreadable"]))
    value = draw(numbers) if status == "number" else None
    printed = draw(st.none() | st.just(str(value)) | words)
    place = {"cell": draw(st.integers(1, 3)), "table": 2}
    if draw(st.booleans()):
        place["bbox"] = [draw(st.floats(0, 9)), 1, 2, 3]
    return (
        printed, value, draw(st.sampled_from([None, "", "件"])), status, draw(st.none() | words),
        json_text(place), draw(st.sampled_from(["grid", "lines"])), draw(st.integers(0, 1)),
    )  # fmt: skip


@st.composite
def checks(draw: st.DrawFn) -> tuple[Any, ...]:
    """A row of `checks` without the report and the position."""
    left, right = draw(st.none() | numbers), draw(st.none() | numbers)
    detail = draw(
        words
        | st.builds(
            "{}: {}{}{}{}{}".format, words, words, st.just(left) | wholes, words, st.just(right), st.just("")
        )
    )
    outcome = draw(st.sampled_from(["pass", "fail", "not_assessable"]))
    return (
        draw(st.sampled_from(["A1", "T1"])), draw(st.sampled_from(["total", "x"])), outcome,
        draw(st.sampled_from(["pass", "fail"])), draw(st.sampled_from(["hard", "soft"])), left, right,
        draw(st.sampled_from([None, "", '["a","b","c"]'])), detail,
        draw(st.sampled_from([None, "agency", "unsettled"])),
    )  # fmt: skip


def exact(rows: list[tuple[Any, ...]]) -> list[list[tuple[type, Any]]]:
    """Rows in which 1, 1.0 and '1' differ."""
    return [[(type(value), repr(value)) for value in row] for row in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(figures(), max_size=8), st.lists(checks(), max_size=8), st.booleans())
def test_what_is_written_is_what_is_read(world, given_figures, given_checks, rolled_back: bool) -> None:
    """With numbers that are remembered from one time to the next, some of which are rolled back."""
    if not world.one("SELECT count(*) FROM reports"):
        world.store(world.reading(world.dongfeng()))
    conn = world.db.conn
    rows = [("t", f"r{at}", "c", *row) for at, row in enumerate(given_figures)]
    told = [(at, *row) for at, row in enumerate(given_checks, start=1)]
    with suppress(KeyError), transaction(world.db):
        for table in ("stored_prints", "stored_figures", "stored_checks"):
            conn.execute(f"DELETE FROM {table}")
        numbers = NUMBERS.setdefault(world, contents.Numbers(conn))
        number = contents.number_of(conn, ID)
        with numbers.holding():
            contents.write_figures(conn, number, rows, numbers)
            contents.write_checks(conn, number, told, numbers)
        assert exact(world.rows(FIGURES)) == exact([(ID, *row) for row in rows])
        assert exact(world.rows(CHECKS)) == exact([(ID, *row) for row in told])
        if rolled_back:
            raise KeyError


@settings(max_examples=300, deadline=None)
@given(words | st.builds("{}: {}".format, words, words), st.none() | wholes, st.none() | wholes)
@example("a: holds, 1 = 11", 1, 11)
@example("a: holds, 11 = 1", 1, 1)
@example("a: holds, 5 of 5", 5, 5)
@example("a: holds, {left} = 1", 1, 1)
def test_a_sentence_in_parts_is_the_sentence(detail: str, left: int | None, right: int | None) -> None:
    wording, rest = worded(detail, left, right)
    made = wording.replace("{left}", str(left)).replace("{right}", str(right)) + (rest or "")
    assert made == detail


def test_sentences_of_rules_are_kept_once_and_those_of_documents_are_not() -> None:
    rule = "the sum of the rows (总计) equals the total"
    assert worded(f"{rule}: holds, 12 = 12", 12, 12) == (f"{rule}: holds, {{left}} = {{right}}", None)
    assert worded(f"{rule}: fails, 12 = 9", 12, 9) == (f"{rule}: fails, {{left}} = {{right}}", None)
    assert worded(f"{rule}: holds", None, None) == (f"{rule}: holds", None)
    quoted = "holds, the text 3, the table 3 (a/total): “收到3件”"
    assert worded(f"{rule}: {quoted}", 3, 3) == (f"{rule}: ", quoted)


def test_a_second_report_of_the_same_shape_adds_its_rows_alone(world) -> None:
    dictionaries = ("figure_cells", "figure_kinds", "figure_places", "check_kinds")
    world.store(world.reading(world.dongfeng()))
    before = [world.one(f"SELECT count(*) FROM {table}") for table in dictionaries]
    later = replace(world.dongfeng(), year=2022)
    world.store(world.reading(later, url="http://dfq.example/2022", body=b"2022"))
    assert [world.one(f"SELECT count(*) FROM {table}") for table in dictionaries] == before
    assert world.rows("SELECT count(*) FROM stored_figures GROUP BY report") == [(200,), (200,)]
    # Most cells are what their number says, and so is their place.
    assert (
        world.one(
            "SELECT count(printed) FROM stored_prints JOIN stored_figures USING (report, cell)"
            " WHERE typeof(value) = 'integer'"
        )
        == 0
    )
    assert world.one("SELECT count(*) FROM stored_figures WHERE typeof(place) <> 'integer'") == 0


def test_a_place_on_a_page_stands_with_its_figure(world) -> None:
    report = world.dongfeng()
    place = {"page": 3, "table": 2, "row": 5, "cell": 9, "bbox": [1.5, 2, 3, 4]}
    world.store(
        world.reading(replace(report, figures=tuple(replace(one, locator=place) for one in report.figures)))
    )
    assert world.one("SELECT count(*) FROM figure_places") == 0
    assert world.rows("SELECT DISTINCT locator FROM figures") == [
        ('{"bbox":[1.5,2,3,4],"cell":9,"page":3,"row":5,"table":2}',)
    ]


def test_numbers_of_a_transaction_that_was_rolled_back_are_not_remembered(world) -> None:
    """What took numbers in it is gone, and what gets the same numbers next is something else."""
    world.store(world.reading(world.dongfeng()))
    conn = world.db.conn
    numbers = contents.Numbers(conn)

    def write(name: str) -> None:
        report = contents.number_of(conn, ID)
        with numbers.holding():
            contents.write_figures(
                conn, report,
                [
                    ("local", f"{name}_{at}", "total", None, at, name, "number", name,
                     json_text({"line": at, "sheet": name}), name, 0)
                    for at in range(30)
                ],
                numbers,
            )  # fmt: skip
            contents.write_checks(
                conn, report,
                [(at, name, name, "fail", "pass", "soft", at, at, None, f"{name}: {name} {at} = {at}", None)
                 for at in range(20, 30)],
                numbers,
            )  # fmt: skip

    for name in ("lost", "lost again", "kept"):
        try:
            with transaction(world.db):
                write(name)
                _ = {"kept": True}[name]
        except KeyError:
            assert world.one("SELECT count(*) FROM figures") == 200
    rows = world.rows("SELECT row_code, value, unit, note, locator, method FROM figures WHERE unit <> '件'")
    assert sorted(rows) == sorted(
        (f"kept_{at}", at, "kept", "kept", json_text({"line": at, "sheet": "kept"}), "kept")
        for at in range(30)
    )
    assert world.rows("SELECT rule, subject, detail FROM checks WHERE position >= 20 ORDER BY position") == [
        ("kept", "kept", f"kept: kept {at} = {at}") for at in range(20, 30)
    ]
    assert world.one("SELECT count(*) FROM figure_cells WHERE row_code GLOB 'lost*'") == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from storage import contents
from storage.database import open_database
db = open_database(Path(sys.argv[1]))
db.conn.execute("PRAGMA cache_size = 5")
db.conn.execute("BEGIN IMMEDIATE")
number = contents.number_of(db.conn, sys.argv[2])
contents.write_figures(db.conn, number, [
    ("lost", f"r{at}", "c", None, at, "lost", "number", None, '{"line":%d}' % at, "lost", 0)
    for at in range(3000)
])
if sys.argv[3] == "commit":
    db.conn.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ending", ["commit", "none"])
def test_a_killed_run_leaves_all_or_nothing(world, ending: str) -> None:
    world.store(world.reading(world.dongfeng()))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(world.path), ID, ending],
        cwd=ROOT, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    expected = 3000 if ending == "commit" else 0
    for query in (
        "SELECT count(*) FROM figures WHERE table_code = 'lost'",
        "SELECT count(*) FROM figure_cells WHERE table_code = 'lost'",
        "SELECT count(*) FROM figures WHERE table_code = 'lost' AND locator = '{\"line\":' || value || '}'",
    ):
        assert world.one(query) == expected
    assert world.rows("PRAGMA foreign_key_check") == []
    assert world.rows("PRAGMA integrity_check") == [("ok",)]


def test_no_row_names_what_there_is_not(world) -> None:
    world.store(world.reading(world.dongfeng()))
    for damaging in (
        "DELETE FROM figure_kinds", "DELETE FROM figure_cells", "DELETE FROM report_numbers",
        "DELETE FROM check_kinds", "UPDATE stored_figures SET kind = 99",
    ):  # fmt: skip
        with pytest.raises(StorageError, match="FOREIGN KEY"), transaction(world.db):
            world.db.conn.execute(damaging)
    for damaging in (
        "UPDATE stored_figures SET value = NULL",
        "UPDATE stored_figures SET value = '7'",
        "UPDATE figure_kinds SET status = 'blank'",
        "UPDATE figure_kinds SET number = -number",
        "UPDATE check_kinds SET outcome = 'fail'",
        "UPDATE stored_figures SET place = 1.5",
    ):
        with pytest.raises(StorageError, match=r"CHECK|FOREIGN KEY"), transaction(world.db):
            world.db.conn.execute(damaging)


def _give_every_version_its_record(world) -> None:
    """As it was once: each version had what a copy says once more."""
    world.db.execute(
        "UPDATE source_versions SET record = (SELECT record FROM copies WHERE"
        " copies.report_id = source_versions.report_id AND copies.source_url = source_versions.source_url"
        " AND copies.content_hash = source_versions.content_hash) WHERE record IS NULL"
    )
    world.db.conn.commit()


def _columns_of(conn: sqlite3.Connection, table: str) -> str:
    return ", ".join(row[1] for row in conn.execute(f'PRAGMA main.table_info("{table}")'))


def test_an_older_database_is_brought_into_the_new_shape(world, tmp_path: Path) -> None:
    """All rows of both tables, with every kind of value, are the same as views; nothing else changes."""
    report = world.aimin()
    odd = {"note": "é", "unit": "", "verified": True, "locator": {"page": 1, "bbox": [1, 2, 3, 4.5]}}
    figures = [
        replace(one, **odd) if at % 5 == 0 else replace(one, unit=None, printed=f"{one.printed}.")
        for at, one in enumerate(report.figures)
    ]
    figures[3] = replace(figures[3], printed="", value=None, status="blank")
    figures[4] = replace(figures[4], printed=None, value=None, status="unreadable")
    figures[5] = replace(figures[5], printed="1.50", value=1.5)
    further = Check(
        rule="T1", subject="received_new", outcome="not_assessable", zero_filled="pass", severity="soft",
        left=2.5, right=None, suspect=None, detail="the text {left}: “2”",
    )  # fmt: skip
    world.store(world.reading(world.dongfeng()))
    world.store(
        world.reading(
            replace(report, figures=tuple(figures), checks=(*report.checks, further)),
            url="http://amq.example/2020", body=b"amq", portal="harbin",
        )
    )  # fmt: skip
    older = tmp_path / "older.db"
    _give_every_version_its_record(world)
    with closing(sqlite3.connect(older)) as conn:
        schema.MIGRATIONS.apply(Database(conn), stop_before="0012_compact_store")
        tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"figures", "checks"} <= tables
        conn.execute("ATTACH ? AS new", (str(world.path),))
        for table in tables - {"_sqlite_migrations", "sqlite_sequence"}:
            if not table.startswith("search_index"):
                conn.execute(f'DELETE FROM main."{table}"')
                columns = _columns_of(conn, table)
                conn.execute(f'INSERT INTO main."{table}" SELECT {columns} FROM new."{table}"')
        conn.commit()
    expected = [exact(world.rows(query)) for query in (FIGURES, CHECKS)]
    assert [len(rows) for rows in expected] == [200 + len(figures), 1 + len(report.checks) + 1]
    with closing(open_database(older).conn) as conn:
        assert [exact(conn.execute(query).fetchall()) for query in (FIGURES, CHECKS)] == expected
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        left = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert not {"figures", "checks"} & left


def test_an_older_database_loses_the_records_that_its_copies_have(world, tmp_path: Path) -> None:
    """A version that is not the last, and one whose copy was read again since, keep theirs."""
    report = world.dongfeng()
    world.store(world.reading(report, body=b"1"))
    world.begin_crawl()
    world.store(world.reading(world.with_printed(report, RECEIVED, "9"), body=b"2"))
    world.store(world.reading(world.aimin(), url="http://amq.example/2020", body=b"amq", portal="harbin"))
    _give_every_version_its_record(world)
    world.db.execute("UPDATE copies SET record = x'00' WHERE source_url = 'http://amq.example/2020'")
    world.db.conn.commit()
    told = (
        "SELECT report_id, version, hex(record), fetch_id, changes, parts, reader_changed"
        " FROM source_versions ORDER BY 1, 2"
    )
    (first, last, other) = world.rows(told)
    older = tmp_path / "older.db"
    with closing(sqlite3.connect(older)) as conn:
        schema.MIGRATIONS.apply(Database(conn), stop_before="0016_records_once")
        conn.execute("CREATE VIEW histories AS SELECT record FROM source_versions")
        conn.execute("ATTACH ? AS new", (str(world.path),))
        tables = {row[0] for row in conn.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
        for table in tables - {"_sqlite_migrations", "sqlite_sequence"}:
            if not table.startswith("search_index"):
                conn.execute(f'DELETE FROM main."{table}"')
                columns = _columns_of(conn, table)
                conn.execute(f'INSERT INTO main."{table}" SELECT {columns} FROM new."{table}"')
        conn.commit()
    with closing(open_database(older).conn) as conn:
        assert conn.execute(told).fetchall() == [first, (*last[:2], "", *last[3:]), other]
        assert conn.execute("SELECT record IS NULL FROM source_versions").fetchall().count((1,)) == 1
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []


def test_prints_leave_the_rows_of_figures_and_views_are_made_anew(world, tmp_path: Path) -> None:
    """Every figure stays what it was, with cells verbatim and remarks; views of the old table are remade."""
    figures = world.dongfeng().figures
    odd = (
        replace(figures[0], printed="1,234", value=1234, note="约"),
        replace(figures[1], printed=None, value=None, status="unreadable", note="模糊"),
        replace(figures[2], printed="", value=None, status="blank"),
    )
    world.store(world.reading(replace(world.dongfeng(), figures=odd + figures[3:])))
    older = tmp_path / "older.db"
    _give_every_version_its_record(world)
    with closing(sqlite3.connect(older)) as conn:
        schema.MIGRATIONS.apply(Database(conn), stop_before="0015_stored_prints")
        conn.execute("CREATE VIEW figures AS SELECT printed FROM stored_figures")
        conn.execute("ATTACH ? AS new", (str(world.path),))
        tables = {row[0] for row in conn.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
        for table in tables - {"_sqlite_migrations", "sqlite_sequence", "stored_figures"}:
            if not table.startswith("search_index"):
                conn.execute(f'DELETE FROM main."{table}"')
                columns = _columns_of(conn, table)
                conn.execute(f'INSERT INTO main."{table}" SELECT {columns} FROM new."{table}"')
        conn.execute(
            "INSERT INTO main.stored_figures SELECT report, cell, value, kind, printed, note, place"
            " FROM new.stored_figures LEFT JOIN new.stored_prints USING (report, cell)"
        )
        conn.commit()
    views = "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY 1"
    with closing(open_database(older).conn) as conn:
        found = exact(conn.execute(FIGURES).fetchall())
        assert found == exact(world.rows(FIGURES))
        assert conn.execute(
            "SELECT printed, note FROM figures WHERE note IS NOT NULL OR printed = '' ORDER BY note"
        ).fetchall() == [("", None), (None, "模糊"), ("1,234", "约")]
        assert conn.execute("SELECT count(*) FROM stored_prints").fetchone() == (3,)  # and an amount
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        assert conn.execute(views).fetchall() == world.rows(views)


@pytest.mark.parametrize(
    ("query", "wanted", "unwanted"),
    [
        ("SELECT * FROM figures WHERE report_id = 'x'", ["stored USING PRIMARY KEY (report=?)"], "SCAN"),
        (
            "SELECT value FROM figures WHERE (report_id, table_code, row_code, column_code) = (1, 2, 3, 4)",
            ["stored USING PRIMARY KEY (report=? AND cell=?)"],
            "SCAN",
        ),
        (
            "SELECT * FROM figures WHERE table_code = 't' AND row_code = 'r' AND column_code = 'c'",
            ["figure_cells USING COVERING INDEX", "stored USING PRIMARY KEY (report=? AND cell=?)"],
            "SCAN stored",
        ),
        ("SELECT * FROM figures ORDER BY report_id LIMIT 9", ["SCAN report_numbers"], "TEMP B-TREE"),
        ("SELECT * FROM checks ORDER BY report_id, position LIMIT 9", ["SCAN report_numbers"], "TEMP B-TREE"),
        ("SELECT * FROM failed_checks", ["stored_checks_failures"], "SCAN report_numbers"),
        (
            "SELECT * FROM carry_over_mismatches",
            ["stored USING PRIMARY KEY (report=? AND cell=?)"],
            "SCAN stored",
        ),
    ],
)  # fmt: skip
def test_questions_are_answered_by_keys(world, query: str, wanted: list[str], unwanted: str) -> None:
    plan = "\n".join(row[3] for row in world.rows(f"EXPLAIN QUERY PLAN {query}"))
    assert all(part in plan for part in wanted), plan
    assert unwanted not in plan, plan
