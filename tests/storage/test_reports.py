from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.items import Document
from pipelines.records import Cell, Link, Problem, Report, Section
from storage.copies import CellChange, contradicting_cells, json_text, record_of, unpacked
from storage.database import StorageError
from storage.reports import Outcome, ids_gone, mark_gone_pages, note_ids, store

ROOT = Path(__file__).resolve().parents[2]
RECEIVED = Cell("applications", "received_new", "total")
ID = "230805-dfq-2021"


def test_a_report_is_stored_whole(world) -> None:
    report = world.dongfeng()
    assert world.store(world.reading(report)) == [Outcome(ID, "new")]
    assert world.rows(
        "SELECT id, agency, division_code, year, title, family, scope, published_on, source_url,"
        " document_url, form, checks_failed, extractor_version, vanished_at FROM reports"
    ) == [
        (
            ID,
            "佳木斯市东风区人民政府",
            "230805",
            2021,
            report.title,
            "gov_form",
            "whole_area",
            "2022-02-15",
            "http://dfq.example/2021.html",
            "http://dfq.example/2021.html",
            "f2021",
            0,
            "1",
            None,
        )
    ]
    stored = {
        (table, row, column): (printed, value, status)
        for table, row, column, printed, value, status in world.rows(
            "SELECT table_code, row_code, column_code, printed, value, status FROM figures"
        )
    }
    assert stored == {tuple(one.cell): (one.printed, one.value, one.status) for one in report.figures}
    assert len(stored) == 200
    assert world.rows("SELECT number, heading, text FROM sections ORDER BY position") == [
        (section.number, section.heading, section.text) for section in report.sections
    ]
    assert world.rows("SELECT about, value, sentence FROM claims") == [
        ("received_new", 4, "全区受理申请4条。")
    ]


def test_ids_that_a_document_gives_no_more_are_told_with_what_it_gives_now(world) -> None:
    report = world.dongfeng()
    other = replace(report, agency=replace(report.agency, id="230805-other"))
    for url in ("http://dfq.example/a", "http://dfq.example/b"):
        world.store(world.reading(report, url=url))
    world.store(world.reading(other, url="http://dfq.example/c"))
    note_ids(world.db)
    assert ids_gone(world.db) == []
    world.store(world.reading(other, url="http://dfq.example/a"))
    assert ids_gone(world.db) == []  # another address gives it still
    world.store(world.reading(other, url="http://dfq.example/b"))
    assert ids_gone(world.db) == [(ID, "230805-other-2021", "http://dfq.example/a", 0)]
    note_ids(world.db)
    assert ids_gone(world.db) == []


def test_a_report_whose_body_is_read_otherwise_keeps_its_versions(world) -> None:
    report = world.dongfeng()
    world.store(world.reading(report, body=b"1"))
    world.begin_crawl()
    newer = world.with_printed(report, RECEIVED, "9")
    world.store(world.reading(newer, body=b"2"))
    told = "SELECT version, sha256, changes, parts FROM report_versions ORDER BY version"
    versions = world.rows(told)
    assert len(versions) == 2
    note_ids(world.db)
    other = replace(newer, agency=replace(report.agency, id="230805-other"))
    (publication,) = world.ledger.publications()
    store(world.db, world.read(publication, [other]), None)
    assert ids_gone(world.db) == [(ID, "230805-other-2021", "http://dfq.example/2021.html", 0)]
    assert world.rows(told) == versions
    for table in ("report_versions", "source_versions", "superseded_figures"):
        assert world.rows(f"SELECT DISTINCT report_id FROM {table}") == [("230805-other-2021",)]
    before = world.steady()
    store(world.db, world.read(publication, [other]), None)
    assert world.steady() == before
    # And back again, by a reader that knows better.
    store(world.db, world.read(publication, [newer]), None)
    assert world.rows(told) == versions
    assert world.rows("SELECT DISTINCT report_id FROM source_versions") == [(ID,)]


def test_what_a_page_says_is_kept_once(world) -> None:
    """The last version has no record beside that of its copy; one that is superseded has what it said."""
    report = world.dongfeng()
    readings = [world.with_printed(report, RECEIVED, printed) for printed in ("7", "8", "9")]
    kept = "SELECT version, record IS NULL FROM source_versions ORDER BY version"
    for body, reading in zip((b"1", b"2", b"3"), readings, strict=True):
        world.begin_crawl()
        world.store(world.reading(reading, body=body))
    assert world.rows(kept) == [(1, 0), (2, 0), (3, 1)]
    assert [
        unpacked(record)
        for (record,) in world.rows(
            "SELECT record FROM source_versions WHERE record IS NOT NULL ORDER BY version"
        )
    ] == [json.loads(json_text(record_of(reading))) for reading in readings[:2]]
    assert world.rows(
        "SELECT version, printed FROM superseded_figures"
        " WHERE (table_code, row_code, column_code) = (?, ?, ?) ORDER BY version",
        *RECEIVED,
    ) == [(1, "7"), (2, "8")]
    # Read again by a reader that sees the last one otherwise: it replaces that version.
    (publication,) = world.ledger.publications()
    store(world.db, world.read(publication, [readings[0]]), None)
    assert world.rows(kept) == [(1, 0), (2, 0), (3, 1)]
    world.begin_crawl()
    world.store(world.reading(readings[1], body=b"4"))
    assert world.rows(kept) == [(1, 0), (2, 0), (3, 0), (4, 1)]
    assert (
        world.one(
            "SELECT printed FROM superseded_figures WHERE version = 3 AND"
            " (table_code, row_code, column_code) = (?, ?, ?)",
            *RECEIVED,
        )
        == "7"
    )


def test_a_version_has_its_own_figures_whichever_copy_ranks_first_later(world) -> None:
    """A file that left its page ranks first again while the page does not answer: what the page said before
    is not what the file says.
    """
    url, file = "http://dfq.example/2021.html", "http://dfq.example/0.pdf"
    told = (
        "SELECT version, printed FROM superseded_figures"
        " WHERE (table_code, row_code, column_code) = (?, ?, ?)"
    )

    def saying(printed: str) -> Report:
        return world.with_printed(world.dongfeng(), RECEIVED, printed)

    def of_page(printed: str) -> Report:
        """Less legible than the file, which is shown."""
        figures = [
            replace(one, printed=None, value=None, status="merged") if one.cell.row == "carried_out" else one
            for one in saying(printed).figures
        ]
        return replace(saying(printed), figures=tuple(figures))

    world.store(world.reading(of_page("11"), url=url, body=b"1", files=((file, b"f", saying("10")),)))
    world.begin_crawl()
    world.store(world.reading(of_page("20"), url=url, body=b"2"))
    world.begin_crawl()
    world.failure(url, status=404, role="article")
    mark_gone_pages(world.db, world.crawl_id)
    world.begin_crawl()
    world.store(world.reading(of_page("30"), url=url, body=b"3"))
    assert sorted(world.rows(told, *RECEIVED)) == [(1, "10"), (2, "20")]
    # And where the copy goes altogether.
    world.db.execute("DELETE FROM copies")
    assert world.one("SELECT count(*) FROM source_versions WHERE record IS NULL") == 0


def test_versions_of_another_year_are_not_taken_over_and_told(world) -> None:
    report = world.dongfeng()
    world.store(world.reading(report, body=b"1"))
    world.begin_crawl()
    newer = world.with_printed(report, RECEIVED, "9")
    world.store(world.reading(newer, body=b"2"))
    note_ids(world.db)
    (publication,) = world.ledger.publications()
    store(world.db, world.read(publication, [replace(newer, year=2020)]), None)
    assert ids_gone(world.db) == [(ID, "230805-dfq-2020", "http://dfq.example/2021.html", 1)]
    assert world.rows("SELECT report_id, version FROM report_versions") == [("230805-dfq-2020", 1)]


def test_whole_numbers_stay_whole_and_fractions_fractions(world) -> None:
    world.store(world.reading(world.dongfeng()))
    kinds = dict(world.rows("SELECT printed, typeof(value) FROM figures WHERE table_code = 'proactive'"))
    assert kinds["1382"] == "integer"
    assert kinds["17.586"] == "real"


def test_every_figure_reaches_an_address_and_a_date(world) -> None:
    world.store(world.reading(world.dongfeng()))
    unreached = world.one(
        "SELECT count(*) FROM figures LEFT JOIN reports ON reports.id = report_id"
        " LEFT JOIN fetches ON fetches.id = reports.fetch_id"
        " WHERE fetches.url IS NULL OR fetches.fetched_at IS NOT reports.fetched_at"
        " OR fetches.sha256 IS NOT reports.sha256"
    )
    assert unreached == 0


def test_a_merged_row_is_no_number_and_failed_checks_are_counted(world) -> None:
    world.store(world.reading(world.aimin(), portal="harbin"))
    assert world.rows(
        "SELECT DISTINCT printed, value, status, note FROM figures WHERE row_code = 'carried_out'"
    ) == [(None, None, "merged", "0 | 0")]
    assert world.one("SELECT checks_failed FROM reports") == 4
    assert json.loads(world.one("SELECT suspect FROM checks WHERE rule = 'A1' AND subject = 'total'")) == [
        "applications",
        "processed_total",
        "total",
    ]


def test_storing_the_same_again_changes_nothing(world) -> None:
    reading = world.reading(
        world.dongfeng(), files=(("http://dfq.example/2021.pdf", b"%PDF", world.dongfeng()),)
    )
    world.store(reading)
    before, changes = world.steady(), world.db.conn.total_changes
    assert world.store(reading) == [Outcome(ID, "unchanged")]
    assert world.steady() == before
    assert world.db.conn.total_changes == changes


def test_a_second_crawl_of_the_same_bytes_moves_last_seen_only(world) -> None:
    world.store(world.reading(world.dongfeng()))
    world.db.execute("UPDATE fetches SET fetched_at = '2022-03-01T00:00:00Z'")
    world.db.execute(
        "UPDATE reports SET fetched_at = '2022-03-01T00:00:00Z', first_seen_at = '2022-03-01T00:00:00Z',"
        " last_seen_at = '2022-03-01T00:00:00Z'"
    )
    world.db.execute("UPDATE report_sources SET first_seen_at = '2022-03-01T00:00:00Z'")
    world.db.execute("UPDATE report_versions SET fetched_at = '2022-03-01T00:00:00Z'")
    world.db.execute("UPDATE source_versions SET fetched_at = '2022-03-01T00:00:00Z'")
    world.db.conn.commit()
    before = world.steady()
    world.begin_crawl()
    assert world.store(world.reading(world.dongfeng())) == [Outcome(ID, "unchanged")]
    assert world.steady() == before
    assert world.one("SELECT last_seen_at > '2022-03-01T00:00:00Z' FROM reports")
    assert world.one("SELECT count(*) FROM fetches") == 2


def test_other_bytes_with_the_same_content_keep_the_first_provenance(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"<p>visitors: 1</p>"))
    before = {table: rows for table, rows in world.steady().items() if table != "documents"}
    world.begin_crawl()
    moved = replace(
        world.dongfeng(),
        figures=tuple(replace(one, locator={"table": 7}) for one in world.dongfeng().figures),
    )
    assert world.store(world.reading(moved, body=b"<p>visitors: 2</p>")) == [Outcome(ID, "unchanged")]
    assert {table: rows for table, rows in world.steady().items() if table != "documents"} == before


def test_reextract_after_a_page_that_changed_around_its_content(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"<p>visitors: 1</p>"))
    world.begin_crawl()
    world.store(world.reading(world.dongfeng(), body=b"<p>visitors: 2</p>"))
    before = world.steady()
    (publication,) = world.ledger.publications()
    assert publication.page.body == b"<p>visitors: 1</p>"
    assert store(world.db, world.read(publication, [world.dongfeng()]), None) == [Outcome(ID, "unchanged")]
    assert world.steady() == before


def test_a_changed_report_becomes_a_version(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"first"))
    world.begin_crawl()
    changed = world.with_printed(world.dongfeng(), RECEIVED, "5")
    assert world.store(world.reading(changed, body=b"second")) == [Outcome(ID, "changed")]
    assert world.rows(
        "SELECT version, changes, parts, reader_changed FROM report_versions ORDER BY version"
    ) == [
        (1, "[]", "[]", 0),
        (
            2,
            '[{"after":"5","before":"4","cell":["applications","received_new","total"]}]',
            '["figures"]',
            0,
        ),
    ]
    assert (
        world.one("SELECT value FROM figures WHERE row_code = 'received_new' AND column_code = 'total'") == 5
    )
    # The report's provenance is that of what it shows now.
    assert world.one("SELECT sha256 FROM reports") == world.one(
        "SELECT sha256 FROM report_versions WHERE version = 2"
    )
    assert world.one("SELECT count(*) FROM figures") == 200
    assert [row[0] for row in world.rows("SELECT version FROM changed_reports")] == [2]


def test_a_version_names_cells_that_appear_and_vanish(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"first"))
    world.begin_crawl()
    figures = world.dongfeng().figures
    fewer = replace(world.dongfeng(), figures=figures[1:])
    world.store(world.reading(fewer, body=b"second"))
    assert json.loads(world.one("SELECT changes FROM report_versions WHERE version = 2")) == [
        {"cell": list(figures[0].cell), "before": "0", "after": None}
    ]
    world.begin_crawl()
    world.store(world.reading(world.dongfeng(), body=b"third"))
    assert json.loads(world.one("SELECT changes FROM report_versions WHERE version = 3")) == [
        {"cell": list(figures[0].cell), "before": None, "after": "0"}
    ]


@pytest.mark.parametrize("part", ["title", "published_on", "sections"])
def test_a_change_of_words_is_a_version_without_cells(world, part: str) -> None:
    other: dict[str, Any] = {
        "title": "另一个标题",
        "published_on": "2022-03-01",
        "sections": (Section(number=1, heading="一、总体情况", text="另一段。"),),
    }
    world.store(world.reading(world.dongfeng(), body=b"first"))
    world.begin_crawl()
    world.store(world.reading(replace(world.dongfeng(), **{part: other[part]}), body=b"second"))
    assert world.rows("SELECT changes, parts FROM report_versions WHERE version = 2") == [
        ("[]", f'["{part}"]')
    ]


def test_a_version_read_by_another_reader_says_so(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"first", version="1"))
    world.begin_crawl()
    changed = world.with_printed(world.dongfeng(), RECEIVED, "5")
    world.store(world.reading(changed, body=b"second", version="2"))
    assert world.one("SELECT reader_changed FROM changed_reports") == 1


def test_the_same_bytes_read_better_are_replaced_in_place(world) -> None:
    world.store(world.reading(world.with_printed(world.dongfeng(), RECEIVED, "44"), version="1"))
    fetched = world.rows("SELECT fetch_id, sha256, fetched_at FROM reports")
    (publication,) = world.ledger.publications()
    better = world.read(publication, [world.dongfeng()], version="2")
    assert store(world.db, better, None) == [Outcome(ID, "reread")]
    assert world.rows("SELECT version, changes FROM report_versions") == [(1, "[]")]
    assert (
        world.one("SELECT value FROM figures WHERE row_code = 'received_new' AND column_code = 'total'") == 4
    )
    assert world.one("SELECT extractor_version FROM reports") == "2"
    assert world.rows("SELECT fetch_id, sha256, fetched_at FROM reports") == fetched
    before = world.steady()
    assert store(world.db, better, None) == [Outcome(ID, "unchanged")]
    assert world.steady() == before


def test_a_better_reading_of_a_later_version_mends_its_changes(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"first"))
    world.begin_crawl()
    world.store(world.reading(world.with_printed(world.dongfeng(), RECEIVED, "51"), body=b"second"))
    (publication,) = world.ledger.publications()
    assert publication.page.body == b"second"
    better = world.read(publication, [world.with_printed(world.dongfeng(), RECEIVED, "5")])
    store(world.db, better, None)
    assert [
        (version, [change["after"] for change in json.loads(changes)])
        for version, changes in world.rows("SELECT version, changes FROM report_versions ORDER BY version")
    ] == [(1, []), (2, ["5"])]


def test_a_misreading_gives_its_place_to_the_right_report(world) -> None:
    wrong = replace(world.dongfeng(), year=2020)
    world.store(world.reading(wrong, problems=(Problem(code="unmatched_row", detail="x"),)))
    (publication,) = world.ledger.publications()
    assert store(world.db, world.read(publication, [world.dongfeng()]), None) == [Outcome(ID, "new")]
    assert world.rows("SELECT id FROM reports") == [(ID,)]
    for table in ("figures", "sections", "checks", "claims", "report_versions", "report_sources", "copies"):
        assert world.rows(f"SELECT DISTINCT report_id FROM {table}") == [(ID,)]
    assert world.one("SELECT count(*) FROM problems") == 0
    assert world.rows("SELECT id FROM agencies") == [("230805-dfq",)]


def _broken(world, publication):
    """What stands for a publication whose reading raised, as the reading pool makes it."""
    (reading,) = world.read(replace(publication, attachments=()), [None]).documents
    failed = replace(reading, problems=(Problem(code="reader_failed", detail="MemoryError"),))
    return replace(world.read(publication, [None] * (1 + len(publication.attachments))), documents=(failed,))


def test_a_reader_that_fails_takes_nothing_away(world) -> None:
    unmatched = Problem(code="unmatched_row", detail="x")
    pdf = ("http://dfq.example/2020.pdf", b"%PDF", replace(world.dongfeng(), year=2020))
    world.store(world.reading(world.dongfeng(), problems=(unmatched,), files=(pdf,)))
    before = world.steady()
    (publication,) = world.ledger.publications()
    for _ in range(2):
        assert store(world.db, _broken(world, publication), None) == []
        assert world.steady() == before
        assert world.rows("SELECT code FROM problems ORDER BY code") == [
            ("reader_failed",),
            ("unmatched_row",),
        ]
    both = world.read(publication, [world.dongfeng(), pdf[2]], problems=(unmatched,))
    store(world.db, both, None)
    assert world.steady() == before
    assert world.rows("SELECT code FROM problems") == [("unmatched_row",)]


def test_new_bytes_that_a_reader_failed_on_become_a_version_when_they_are_read(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"first"))
    world.begin_crawl()
    second = world.reading(None, body=b"second").publication
    world.store(_broken(world, second))
    assert world.one("SELECT vanished_at FROM reports") is None
    (publication,) = world.ledger.publications(only_problems=True)
    assert publication.page.body == b"second"
    changed = world.with_printed(world.dongfeng(), RECEIVED, "5")
    assert store(world.db, world.read(publication, [changed]), None) == [Outcome(ID, "changed")]
    assert world.one("SELECT count(*) FROM report_versions") == 2
    assert world.one("SELECT count(*) FROM problems") == 0


def test_a_misread_agency_goes_with_its_last_report(world) -> None:
    world.store(world.reading(world.aimin()))
    (publication,) = world.ledger.publications()
    store(world.db, world.read(publication, [world.dongfeng()]), None)
    assert world.rows("SELECT id FROM agencies") == [("230805-dfq",)]
    assert world.rows("SELECT DISTINCT agency_id FROM agency_names") == [("230805-dfq",)]


def test_a_misread_report_with_another_source_stays(world) -> None:
    world.store(world.reading(world.dongfeng(), url="http://a.example/1"))
    world.store(world.reading(world.dongfeng(), url="http://b.example/1", body=b"other"))
    publication = world.ledger.publication("http://a.example/1")
    store(world.db, world.read(publication, [replace(world.dongfeng(), year=2020)]), None)
    assert world.rows("SELECT report_id, source_url, is_primary FROM report_sources ORDER BY report_id") == [
        ("230805-dfq-2020", "http://a.example/1", 1),
        (ID, "http://b.example/1", 1),
    ]
    assert world.one("SELECT source_url FROM reports WHERE id = ?", ID) == "http://b.example/1"


def test_a_file_whose_page_corrects_its_year_was_misread(world) -> None:
    """The file's bytes are the same; the year came from the page's title."""
    address, bytes_of_file = "http://dfq.example/report.pdf", b"%PDF"
    wrong = replace(world.dongfeng(), year=2020)
    world.store(world.reading(None, body=b"2020", files=((address, bytes_of_file, wrong),)))
    world.begin_crawl()
    world.store(world.reading(None, body=b"2021", files=((address, bytes_of_file, world.dongfeng()),)))
    assert world.rows("SELECT id FROM reports") == [(ID,)]


def test_a_misreading_is_found_out_in_a_page_that_only_looks_new(world) -> None:
    """The page's frame changed, its content did not; its file changed, so the edition moved on."""
    address = "http://dfq.example/2020.pdf"
    older = replace(world.dongfeng(), year=2020)
    newer = world.with_printed(older, RECEIVED, "5")
    wrong = replace(world.dongfeng(), year=2019)
    world.store(world.reading(wrong, body=b"frame 1", files=((address, b"%PDF 1", older),)))
    world.begin_crawl()
    world.store(world.reading(wrong, body=b"frame 2", files=((address, b"%PDF 2", newer),)))
    (publication,) = world.ledger.publications()
    store(world.db, world.read(publication, [world.dongfeng(), newer]), None)
    assert world.rows("SELECT id FROM reports ORDER BY id") == [("230805-dfq-2020",), (ID,)]


def test_a_page_that_now_shows_another_report_keeps_the_old_one(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"2021"))
    world.begin_crawl()
    world.store(world.reading(replace(world.dongfeng(), year=2022), body=b"2022"))
    assert world.rows("SELECT id, vanished_at IS NULL FROM reports ORDER BY id") == [
        (ID, 0),
        ("230805-dfq-2022", 1),
    ]
    assert world.one("SELECT count(*) FROM figures WHERE report_id = ?", ID) == 200


def test_a_page_that_now_shows_nothing_keeps_the_report(world) -> None:
    world.store(world.reading(world.dongfeng(), body=b"2021"))
    world.begin_crawl()
    problem = Problem(code="no_report", detail="nothing")
    assert world.store(world.reading(None, body=b"maintenance", problems=(problem,))) == []
    assert world.one("SELECT vanished_at IS NOT NULL FROM reports") == 1
    assert world.one("SELECT count(*) FROM figures") == 200
    world.begin_crawl()
    world.store(world.reading(world.dongfeng(), body=b"2021"))
    assert world.one("SELECT vanished_at FROM reports") is None
    assert world.one("SELECT count(*) FROM report_versions") == 1


def test_a_page_that_is_gone_is_marked_and_kept(world) -> None:
    world.store(world.reading(world.dongfeng()))
    world.begin_crawl()
    world.failure("http://dfq.example/2021.html", status=404, role="article")
    mark_gone_pages(world.db, world.crawl_id)
    first = world.one("SELECT vanished_at FROM reports")
    assert first is not None
    before = world.steady()
    world.begin_crawl()
    world.failure("http://dfq.example/2021.html", status=404, role="article")
    mark_gone_pages(world.db, world.crawl_id)
    assert world.steady() == before


def test_a_failing_page_is_not_gone(world) -> None:
    world.store(world.reading(world.dongfeng()))
    world.begin_crawl()
    world.failure("http://dfq.example/2021.html", status=503, role="article")
    mark_gone_pages(world.db, world.crawl_id)
    assert world.one("SELECT vanished_at FROM reports") is None


def test_a_file_that_fails_for_once_is_not_lost(world) -> None:
    pdf = ("http://dfq.example/2021.pdf", b"%PDF", world.dongfeng())
    world.store(world.reading(None, files=(pdf,)))
    before = world.steady()
    world.begin_crawl()
    world.failure(pdf[0], status=None)
    world.store(world.reading(None))
    assert world.steady() == before
    (publication,) = world.ledger.publications()
    assert [item.fetch.url for item in publication.attachments] == [pdf[0]]


def test_a_file_that_the_page_dropped_is_gone(world) -> None:
    world.store(world.reading(None, files=(("http://dfq.example/2021.pdf", b"%PDF", world.dongfeng()),)))
    world.begin_crawl()
    world.store(world.reading(None, body=b"without the file"))
    assert world.one("SELECT gone_at IS NOT NULL FROM report_sources") == 1
    (publication,) = world.ledger.publications()
    assert publication.attachments == ()


def test_a_page_that_exchanges_its_file_makes_a_version(world) -> None:
    corrected = world.with_printed(world.dongfeng(), RECEIVED, "5")
    world.store(
        world.reading(None, body=b"1", files=(("http://dfq.example/z.pdf", b"%PDF1", world.dongfeng()),))
    )
    world.begin_crawl()
    kinds = world.store(
        world.reading(None, body=b"2", files=(("http://dfq.example/a.pdf", b"%PDF2", corrected),))
    )
    assert kinds == [Outcome(ID, "changed")]
    assert world.one("SELECT document_url FROM reports") == "http://dfq.example/a.pdf"
    assert world.one("SELECT count(*) FROM report_versions") == 2
    assert world.one("SELECT count(*) FROM problems WHERE code = 'copies_differ'") == 0


# Copies


SOURCES = (
    # url, portal, cell changed
    ("http://own.example/a", "dongfeng_office", None),
    ("http://dfq.example/b", "dongfeng", "7"),
    ("http://jms.example/c", "jiamusi", "8"),
    ("http://hrb.example/d", "harbin", None),
)


def _stored_in_order(world, order: tuple[int, ...]) -> dict[str, Any]:
    for index in order:
        url, portal, printed = SOURCES[index]
        report = world.dongfeng()
        if printed is not None:
            report = world.with_printed(report, RECEIVED, printed)
        world.store(world.reading(report, url=url, body=url.encode(), portal=portal))
    state = world.steady()
    # Numbers of fetches follow the order in which the pages came; which bytes they name does not.
    renamed = {row[0]: row[1] for row in world.rows("SELECT id, url FROM fetches")}
    state = {
        table: [
            tuple(renamed.get(item, item) if kind else item for kind, item in _kinds(world, table, row))
            for row in rows
        ]
        for table, rows in state.items()
        if table != "documents"
    }
    state["documents"] = world.rows("SELECT sha256, media_type FROM documents ORDER BY sha256")
    state["problems"] = world.rows(
        "SELECT code, url, page_url, report_id, cells, detail FROM problems ORDER BY url"
    )
    return state


def _kinds(world, table: str, row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    names = [column[1] for column in world.rows(f"PRAGMA table_info({table})")]
    if table == "reports":
        names.remove("last_seen_at")
    fixed = {"fetched_at", "first_seen_at", "gone_at", "vanished_at"}
    return [
        (name == "fetch_id", "a time" if name in fixed and item is not None else item)
        for name, item in zip(names, row, strict=True)
    ]


def test_whatever_the_order_of_arrival_the_rows_are_the_same(tmp_path: Path, new_world) -> None:
    states = []
    for order in itertools.permutations(range(len(SOURCES))):
        folder = tmp_path / "".join(map(str, order))
        world = new_world(folder)
        states.append(_stored_in_order(world, order))
        world.close()
    assert all(state == states[0] for state in states)
    assert len(states[0]["report_versions"]) == 1


def test_the_agencys_own_house_is_shown_and_the_others_contradict(world) -> None:
    state = _stored_in_order(world, (2, 1, 3, 0))
    assert world.one("SELECT source_url FROM reports") == "http://own.example/a"
    assert world.rows("SELECT source_url FROM report_sources WHERE is_primary = 1") == [
        ("http://own.example/a",)
    ]
    assert world.one("SELECT count(*) FROM report_sources") == 4
    assert [(row[0], row[1]) for row in state["problems"]] == [
        ("copies_differ", "http://dfq.example/b"),
        ("copies_differ", "http://jms.example/c"),
    ]
    cells, detail = world.rows("SELECT cells, detail FROM problems WHERE url = 'http://dfq.example/b'")[0]
    assert json.loads(cells) == [list(RECEIVED)]
    for said in ("http://own.example/a", "http://dfq.example/b", "4 | 7"):
        assert said in detail


@pytest.mark.parametrize(
    ("urls", "winner"),
    [
        ((1, 2, 3), "http://dfq.example/b"),
        ((2, 3), "http://jms.example/c"),
        ((3,), "http://hrb.example/d"),
    ],
)
def test_the_nearer_portal_is_shown(world, urls: tuple[int, ...], winner: str) -> None:
    for order in (urls, tuple(reversed(urls))):
        _stored_in_order(world, order)
        assert world.one("SELECT source_url FROM reports") == winner


def test_a_file_that_contradicts_its_page(world) -> None:
    wrong = world.with_printed(world.dongfeng(), RECEIVED, "7")
    world.store(world.reading(world.dongfeng(), files=(("http://dfq.example/2021.pdf", b"%PDF", wrong),)))
    assert world.one("SELECT count(*) FROM reports") == 1
    found = world.rows("SELECT code, url, cells FROM problems")
    assert [(code, url) for code, url, _ in found] == [("copies_differ", "http://dfq.example/2021.pdf")]
    assert json.loads(found[0][2]) == [list(RECEIVED)]


def test_a_copy_without_figures_never_hides_one_with(world) -> None:
    scan = replace(world.dongfeng(), figures=(), checks=())
    world.store(world.reading(scan, url="http://own.example/a", portal="dongfeng_office"))
    world.store(world.reading(world.dongfeng(), url="http://jms.example/c", body=b"c", portal="jiamusi"))
    assert world.one("SELECT source_url FROM reports") == "http://jms.example/c"
    assert world.one("SELECT count(*) FROM problems") == 0


def test_a_contradiction_ends_when_the_copy_is_mended(world) -> None:
    wrong = world.with_printed(world.dongfeng(), RECEIVED, "7")
    world.store(world.reading(world.dongfeng(), url="http://dfq.example/b"))
    world.store(world.reading(wrong, url="http://jms.example/c", body=b"c", portal="jiamusi"))
    assert world.one("SELECT count(*) FROM problems WHERE code = 'copies_differ'") == 1
    world.begin_crawl()
    world.store(world.reading(world.dongfeng(), url="http://jms.example/c", body=b"mended", portal="jiamusi"))
    assert world.one("SELECT count(*) FROM problems WHERE code = 'copies_differ'") == 0
    assert world.one("SELECT count(*) FROM report_versions") == 1


def test_what_is_written_otherwise_is_no_contradiction(world) -> None:
    base = world.dongfeng()
    target = Cell("proactive", "administrative_fees", "amount_wanyuan")

    def rewritten(printed: str, value: float | None, status: str) -> dict[str, Any]:
        return record_of(
            replace(
                base,
                figures=tuple(
                    replace(one, printed=printed, value=value, status=status) if one.cell == target else one
                    for one in base.figures
                ),
            )
        )

    same = record_of(base)
    assert contradicting_cells(same, rewritten("17.5860", 17.5860, "number")) == []
    assert contradicting_cells(rewritten("/", None, "not_applicable"), rewritten("", None, "blank")) == []
    assert contradicting_cells(same, rewritten("?", None, "unreadable")) == []
    assert contradicting_cells(rewritten("", None, "blank"), rewritten("0", 0, "number")) == [
        CellChange(target, "", "0")
    ]
    fewer = record_of(replace(base, figures=tuple(one for one in base.figures if one.cell != target)))
    assert contradicting_cells(same, fewer) == [CellChange(target, "17.586", None)]
    no_table = record_of(
        replace(base, figures=tuple(one for one in base.figures if one.cell.table != "proactive"))
    )
    assert contradicting_cells(same, no_table) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_history_of_copies_repeats_itself(tmp_path_factory, new_world, data: st.DataObject) -> None:
    """Whatever a crawl stores, storing it again changes no steady table, and neither does re-reading."""
    world = new_world(tmp_path_factory.mktemp("world"))
    choices = data.draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from([None, "5", "6"]), st.sampled_from([2020, 2021])),
            min_size=1,
            max_size=5,
        )
    )
    readings = []
    for index, printed, year in choices:
        url, portal, _ = SOURCES[index]
        report = replace(world.dongfeng(), year=year)
        if printed is not None:
            report = world.with_printed(report, RECEIVED, printed)
        body = f"{url} {printed} {year}".encode()
        world.begin_crawl()
        reading = world.reading(report, url=url, body=body, portal=portal)
        world.store(reading)
        readings = [one for one in readings if one.publication.page.fetch.url != url] + [reading]
    before = world.steady()
    for reading in readings:
        world.store(reading)
    assert world.steady() == before
    for publication in list(world.ledger.publications()):
        report = next(
            one.documents[0].report
            for one in readings
            if one.publication.page.fetch.url == publication.page.fetch.url
        )
        store(world.db, world.read(publication, [report]), None)
    assert world.steady() == before
    world.close()


# Selection, identity, problems


def test_reports_of_other_years_are_left_alone(world) -> None:
    problem = Problem(code="unmatched_row", detail="x")
    assert world.store(world.reading(world.dongfeng(), problems=(problem,)), years=frozenset({2020})) == []
    assert world.one("SELECT count(*) FROM reports") == 0
    assert world.one("SELECT count(*) FROM problems") == 0
    assert world.ledger.page_urls() == []


def test_a_selection_does_not_undo_what_a_whole_crawl_stored(world) -> None:
    world.store(world.reading(world.dongfeng(), problems=(Problem(code="unmatched_row", detail="x"),)))
    before = world.steady(), world.rows("SELECT code FROM problems")
    world.begin_crawl()
    world.store(world.reading(world.dongfeng(), body=b"new bytes"), years=frozenset({2020}))
    after = world.steady()
    del before[0]["documents"], after["documents"]
    assert (after, world.rows("SELECT code FROM problems")) == before


def test_a_report_of_unknown_year_is_judged_by_its_problem(world) -> None:
    unknown = replace(world.dongfeng(), year=None)
    assert world.store(world.reading(unknown), years=frozenset({2021})) == []
    assert world.one("SELECT count(*) FROM reports") == 0
    assert world.rows("SELECT code, detail FROM problems") == [
        ("unidentified", "not stored as a report: report year not known")
    ]


def test_a_report_of_an_unknown_agency_is_a_problem(world) -> None:
    stated = Problem(code="unidentified", detail="whose report it is stands nowhere")
    world.store(world.reading(replace(world.dongfeng(), agency=None), problems=(stated,)))
    assert world.one("SELECT count(*) FROM reports") == 0
    assert world.rows("SELECT code, detail FROM problems") == [("unidentified", stated.detail)]


def test_problems_of_a_document_carry_its_fetch_report_and_cells(world) -> None:
    problem = Problem(
        code="unmatched_row",
        detail="其他主动公开文件",
        where={"table": 1, "row": 9},
        cells=(RECEIVED, RECEIVED),
    )
    world.store(world.reading(world.dongfeng(), problems=(problem,)))
    assert world.rows(
        "SELECT stage, crawl_id, fetch_id, report_id, portal_id, code, url, where_found, cells, detail"
        " FROM problems"
    ) == [
        (
            "reading",
            world.crawl_id,
            world.one("SELECT fetch_id FROM reports"),
            ID,
            "dongfeng",
            "unmatched_row",
            "http://dfq.example/2021.html",
            '{"row":9,"table":1}',
            json.dumps([list(RECEIVED)] * 2, separators=(",", ":")),
            "其他主动公开文件",
        )
    ]


def test_a_file_that_could_not_be_read_leaves_its_problem(world) -> None:
    reading = world.reading(None, files=(("http://dfq.example/2021.pdf", b"%PDF", None),))
    page, pdf = reading.documents
    pdf = replace(pdf, problems=(Problem(code="unsupported_format", detail="application/pdf"),))
    world.store(replace(reading, documents=(page, pdf)))
    assert world.rows("SELECT code, url, fetch_id FROM problems") == [
        ("unsupported_format", "http://dfq.example/2021.pdf", pdf.fetch_id)
    ]


def test_a_new_reading_replaces_the_problems_of_its_page_only(world) -> None:
    one = Problem(code="unmatched_row", detail="one")
    world.store(world.reading(world.dongfeng(), url="http://a.example/1", problems=(one,)))
    world.store(world.reading(world.aimin(), url="http://b.example/1", body=b"b", problems=(one,)))
    world.begin_crawl()
    world.store(world.reading(world.dongfeng(), url="http://a.example/1"))
    assert world.rows("SELECT page_url FROM problems") == [("http://b.example/1",)]


def test_the_document_of_an_archive_member_is_the_archive_file(world) -> None:
    reading = world.reading(None, files=(("http://dfq.example/all.zip", b"PK", world.dongfeng()),))
    page, member = reading.documents
    member = replace(member, member="2021.docx", sha256="f" * 64)
    world.store(replace(reading, documents=(page, member)))
    sha256, name = world.rows("SELECT sha256, member FROM reports")[0]
    assert world.archive.get(sha256) == b"PK"
    assert name == "2021.docx"


def test_two_reports_of_one_archive_file(world) -> None:
    reading = world.reading(None, files=(("http://dfq.example/all.zip", b"PK", world.dongfeng()),))
    page, member = reading.documents
    both = (replace(member, member="a.docx"), replace(member, member="b.docx", report=world.aimin()))
    outcomes = world.store(replace(reading, documents=(page, *both)))
    assert [outcome.report_id for outcome in outcomes] == [ID, "231004-amq-2020"]


def test_attachments_and_forms_are_kept(world) -> None:
    report = replace(world.dongfeng(), attachments=(Link(url="http://dfq.example/x.pdf", label="附件"),))
    report = replace(report, forms={**report.forms, "proactive": "f2019"})
    world.store(world.reading(report))
    forms, form, attachments = world.rows("SELECT forms, form, attachments FROM reports")[0]
    assert (json.loads(forms)["proactive"], form) == ("f2019", "mixed")
    assert json.loads(attachments) == [{"url": "http://dfq.example/x.pdf", "label": "附件"}]


def test_the_declared_type_of_a_document_gives_way_to_the_true_one(world) -> None:
    reading = world.reading(world.dongfeng())
    document = replace(reading.documents[0], media_type="text/plain")
    world.store(replace(reading, documents=(document,)))
    assert world.one("SELECT media_type FROM documents") == "text/plain"


def test_an_agency_is_named_by_its_latest_report_whatever_came_last(world) -> None:
    old = replace(
        world.dongfeng(), year=2019, agency=replace(world.dongfeng().agency, name="东风区政府", level=None)
    )
    for order in ((old, world.dongfeng()), (world.dongfeng(), old)):
        for report in order:
            world.store(
                world.reading(report, url=f"http://dfq.example/{report.year}", body=str(report.year).encode())
            )
        assert world.rows("SELECT id, name, level FROM agencies") == [
            ("230805-dfq", "佳木斯市东风区人民政府", "county")
        ]
    assert world.rows("SELECT name, kind, valid_from, valid_to FROM agency_names ORDER BY kind, name") == [
        ("东风区政府", "full", 2019, 2019),
        ("佳木斯市东风区人民政府", "full", 2021, 2021),
        ("佳木斯市东风区政府", "title", 2019, 2021),
    ]


def test_a_cell_given_twice_is_refused_and_nothing_is_stored(world) -> None:
    report = world.dongfeng()
    doubled = replace(report, figures=(*report.figures, report.figures[0]))
    with pytest.raises(StorageError, match=r"http://dfq.example/2021.html was not stored: .*figures"):
        world.store(world.reading(doubled))
    for table in ("reports", "report_sources", "figures", "sections", "agencies", "publications", "problems"):
        assert world.one(f"SELECT count(*) FROM {table}") == 0


def test_a_value_that_is_no_finite_number_is_refused(world) -> None:
    report = world.dongfeng()
    broken = replace(report, figures=(replace(report.figures[0], value=float("nan")),))
    with pytest.raises(ValueError, match="JSON"):
        world.store(world.reading(broken))
    assert world.one("SELECT count(*) FROM reports") == 0


# Crashes


def test_a_kill_in_the_middle_leaves_whole_reports(tmp_path: Path) -> None:
    """A process that stores without end is killed at any moment: no report is there in part."""
    script = (
        "import sys, pathlib, itertools, dataclasses\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import conftest\n"
        "world = conftest.World(pathlib.Path(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "for year in itertools.count(1):\n"
        "    report = dataclasses.replace(conftest.dongfeng_2021(), year=year)\n"
        "    world.store(world.reading(report, url=f'http://dfq.example/{year}', body=str(year).encode()))\n"
    )
    for attempt, pause in enumerate((0.02, 0.05, 0.13, 0.31)):
        folder = tmp_path / str(attempt)
        with subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with sqlite3.connect(folder / "nianbao.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            stored = db.execute("SELECT count(*) FROM reports").fetchone()[0]
            for table, count in {
                "figures": 200,
                "sections": 2,
                "checks": 1,
                "report_sources": 1,
                "copies": 1,
            }.items():
                per_report = db.execute(f"SELECT count(*) FROM {table} GROUP BY report_id").fetchall()
                assert per_report == [(count,)] * stored
            assert db.execute("SELECT count(*) FROM fetches").fetchone()[0] in (stored, stored + 1)
        db.close()
    assert stored > 0


def test_an_error_half_way_leaves_the_report_as_it_was(world, monkeypatch: pytest.MonkeyPatch) -> None:
    world.store(world.reading(world.dongfeng(), body=b"first"))
    before = world.steady()
    document = world.document("http://dfq.example/2021.html", b"second")
    assert isinstance(document, Document)
    # The trigger stands for any failure while the rows are half exchanged.
    world.db.execute(
        "CREATE TRIGGER fail BEFORE INSERT ON claims BEGIN SELECT RAISE(ABORT, 'the disk failed'); END"
    )
    changed = world.with_printed(world.dongfeng(), RECEIVED, "5")
    with pytest.raises(StorageError, match="the disk failed"):
        world.store(world.reading(changed, body=b"second"))
    after = world.steady()
    del before["documents"], after["documents"]
    assert after == before
