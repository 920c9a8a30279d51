"""Readings that are stored together stand as if they had been stored one after the other."""

from __future__ import annotations

import itertools
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from crawler.items import Document, Publication
from pipelines.agencies import resolved
from pipelines.records import Cell, Problem, PublicationReading, Report, Section
from storage.database import StorageError, gather, is_gathering, open_database, settle
from storage.reports import Outcome, store, store_together

RECEIVED = Cell("applications", "received_new", "total")
NAMES = ("佳木斯市东风区人民政府", "佳木斯市财政局", "佳木斯市人民政府", "绥化市财政局")
ADDRESSES = ("http://dfq.example/a", "http://dfq.example/b", "http://jms.example/c", "http://own.example/d")
PORTAL_OF = ("dongfeng", "jiamusi", "dongfeng_office", "harbin")

reports = st.tuples(
    st.sampled_from(NAMES), st.sampled_from((2020, 2021)), st.sampled_from("56"), st.sampled_from("12")
)
"""Body, year, a figure, and the wording of a chapter."""
documents = st.none() | reports
readings = st.tuples(
    st.integers(0, 3),  # the page
    st.sampled_from(PORTAL_OF),
    st.sampled_from((b"1", b"2")),
    documents,
    st.lists(st.tuples(st.integers(0, 1), documents), max_size=2, unique_by=lambda file: file[0]),
    st.sampled_from((None, "figures_missing", "reader_failed", "ocr_disabled")),
    st.sampled_from(("1", "2")),  # the reader
)


def report_of(world, told: tuple[str, int, str, str] | None) -> Report | None:
    if told is None:
        return None
    name, year, printed, text = told
    agency = resolved(name, world.portals["jiamusi"], year, [])
    report = world.with_printed(world.dongfeng(), RECEIVED, printed)
    return replace(
        report, agency=agency, year=year, sections=(Section(number=1, heading="一、总体情况", text=text),)
    )


def reading_of(world, told: tuple[Any, ...]) -> PublicationReading:
    page, portal, body, report, files, problem, version = told
    return world.reading(
        report_of(world, report),
        url=ADDRESSES[page],
        body=body,
        portal=portal,
        files=tuple(
            (f"{ADDRESSES[page]}/{number}.pdf", b"file", report_of(world, given)) for number, given in files
        ),
        problems=() if problem is None else (Problem(code=problem, detail="x"),),
        version=version,
    )


def every_row(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; the index is compared by what it finds."""
    tables = [name for name in db.table_names() if not name.startswith("search_index")]
    rows = {name: sorted(db.conn.execute(f'SELECT * FROM "{name}"'), key=repr) for name in tables}
    rows["terms"] = [
        (term, *db.conn.execute("SELECT rowid FROM search_index WHERE search_index MATCH ?", (term,)))
        for term in ('"总体"', '"情况"', '"佳木"')
    ]
    return rows


class Twice:
    """Two databases that hold the same."""

    def __init__(self, world, folder: Path) -> None:
        folder.mkdir()
        self.paths = [folder / "one.db", folder / "together.db"]
        world.ledger.settle()
        for path in self.paths:
            with closing(Database(path).conn) as conn:
                world.db.conn.backup(conn)

    def stored(
        self, told: list[PublicationReading], crawl_id: int | None, cuts: set[int]
    ) -> tuple[list[Any], list[Any]]:
        """What is said of each where they are stored one by one, and where they are cut into batches."""
        with closing(open_database(self.paths[0]).conn), closing(open_database(self.paths[1]).conn):
            pass
        one, other = (open_database(path) for path in self.paths)
        alone = [self._alone(one, reading, crawl_id) for reading in told]
        bounds = [0, *sorted(cut for cut in cuts if cut < len(told)), len(told)]
        together: list[Any] = []
        for start, end in itertools.pairwise(bounds):
            gather(other)
            batch = [(reading, None) for reading in told[start:end]]
            together += map(str_of, store_together(other, batch, crawl_id))
            settle(other)
        assert every_row(other) == every_row(one)
        assert other.conn.execute("PRAGMA foreign_key_check").fetchall() == []
        for db in (one, other):
            db.conn.close()
        return alone, together

    @staticmethod
    def _alone(db: Database, reading: PublicationReading, crawl_id: int | None) -> Any:
        gather(db)
        try:
            return str_of(store(db, reading, crawl_id))
        except StorageError as error:
            return str_of(error)
        finally:
            settle(db)


def str_of(stored: list[Outcome] | Exception) -> Any:
    return stored if isinstance(stored, list) else str(stored).replace("one.db", "together.db")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_batches_give_what_one_after_the_other_gives(tmp_path_factory, new_world, data) -> None:
    folder = tmp_path_factory.mktemp("together")
    world = new_world(folder)
    before = [reading_of(world, told) for told in data.draw(st.lists(readings, max_size=3))]
    for reading in before:
        store(world.db, reading, world.crawl_id)
    if data.draw(st.booleans()):
        world.begin_crawl()
    told = [reading_of(world, told) for told in data.draw(st.lists(readings, min_size=1, max_size=7))]
    if data.draw(st.integers(0, 3)) == 0:
        at = data.draw(st.integers(0, len(told) - 1))
        told[at] = without_its_fetch(told[at])
    crawl_id = data.draw(st.sampled_from([world.crawl_id, None]))
    cuts = data.draw(st.sets(st.integers(1, 6), max_size=3))
    alone, together = Twice(world, folder / "twice").stored(told, crawl_id, cuts)
    assert together == alone
    world.close()
    shutil.rmtree(folder)


def without_its_fetch(reading: PublicationReading) -> PublicationReading:
    """A reading of a page that nobody entered: it cannot be stored."""
    page = reading.publication.page
    fetch = replace(page.fetch, id=10**6)
    publication = Publication(
        portal=reading.publication.portal,
        page=Document(fetch=fetch, body=page.body, label=page.label),
        attachments=reading.publication.attachments,
        listing=reading.publication.listing,
    )
    return replace(reading, publication=publication)


def test_one_that_cannot_be_stored_is_named_and_the_others_stand(world) -> None:
    told = [(number, "dongfeng", b"1", (name, 2021, "5", "1"), [], None, "1") for number, name in
            enumerate(NAMES)]  # fmt: skip
    batch = [reading_of(world, one) for one in told]
    batch[1] = without_its_fetch(batch[1])
    broken = batch[2].documents[0].report
    figures = (replace(broken.figures[0], value=float("nan")), *broken.figures[1:])
    documents = (replace(batch[2].documents[0], report=replace(broken, figures=figures)),)
    batch[2] = replace(batch[2], documents=documents)
    gather(world.db)
    first, second, third, fourth = store_together(world.db, [(one, None) for one in batch], world.crawl_id)
    settle(world.db)
    assert [first[0].kind, fourth[0].kind] == ["new", "new"]
    assert isinstance(second, StorageError)
    assert str(second).startswith(f"{ADDRESSES[1]} was not stored: ")
    assert isinstance(third, ValueError)
    assert world.rows("SELECT page_url FROM publications ORDER BY page_url") == [
        (ADDRESSES[0],),
        (ADDRESSES[3],),
    ]
    assert world.one("SELECT count(DISTINCT report_id) FROM figures") == 2
    assert world.one("SELECT count(DISTINCT report_id) FROM sections") == 2
    assert world.rows("PRAGMA foreign_key_check") == []


def stored_or_refused(world, batch) -> list[Any]:
    try:
        return store_together(world.db, batch, world.crawl_id)
    except StorageError as error:
        assert not is_gathering(world.db), "raised where none of what was gathered is left, and only there"
        return [error]


def test_a_full_disk_ends_a_batch_and_leaves_nothing_half(world) -> None:
    told = [(number, "dongfeng", b"1", (name, 2021, "5", "长" * 300_000), [], None, "1")
            for number, name in enumerate(NAMES)]  # fmt: skip
    batch = [(reading_of(world, one), None) for one in told]
    world.ledger.settle()
    pages = world.one("PRAGMA page_count")
    world.db.conn.execute(f"PRAGMA max_page_count = {pages + 120}")
    gather(world.db)
    said = list(map(str_of, stored_or_refused(world, batch)))
    assert any("the disk is full" in str(one) for one in said)
    settle(world.db)
    ids = set(world.rows("SELECT id FROM reports"))
    assert len(ids) < len(batch)
    for table in ("figures", "sections", "checks", "copies", "report_versions", "report_sources"):
        assert set(world.rows(f"SELECT DISTINCT report_id FROM {table}")) == ids
    assert world.one("SELECT count(*) FROM publications") == len(ids)


def test_numbers_are_given_in_a_file_that_was_tampered_with(world) -> None:
    world.store(reading_of(world, (0, "dongfeng", b"1", (NAMES[0], 2021, "5", "1"), [], None, "1")))
    world.db.execute("DELETE FROM sqlite_sequence")
    world.db.conn.commit()
    world.store(reading_of(world, (1, "dongfeng", b"1", (NAMES[1], 2021, "5", "1"), [], None, "1")))
    assert world.one("SELECT count(DISTINCT report_id) FROM figures") == 2
    assert world.one("SELECT count(*) FROM search_reports") == 2
