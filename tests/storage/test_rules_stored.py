"""Whose a failure is, themes and fingerprints of a reading, and older tables: stored and asked for again."""

from __future__ import annotations

import json

from crawler.items import Listing, Publication
from pipelines.extract import read_document, read_publication
from pipelines.records import Report
from storage import contents
from tests.pipelines.statistics_tables import FIGURES, national, prose
from tests.province import reports


def sample(key: str) -> Report:
    told = next(report for report in reports.load() if report.key == key)
    text = f"<html><body><div id='zoom'><h1>{told.title}</h1>{reports.body(told)}</div></body></html>"
    found = read_document(text.encode())[0].report
    assert found is not None
    return found


def test_whose_a_failure_is_can_be_asked(world) -> None:
    report = sample("aimin-2020")
    world.store(world.reading(report))
    asked = "SELECT rule, subject FROM checks WHERE attribution = 'agency' ORDER BY position"
    assert world.rows(asked) == [("A2", "natural_person"), ("A2", "total")]
    assert world.one("SELECT count(*) FROM checks WHERE (outcome = 'fail') <> (attribution IS NOT NULL)") == 0
    assert world.one("SELECT checks_failed FROM reports") == 5  # hard and strict: A1, A2, A6
    assert world.rows("SELECT about, value FROM claims ORDER BY position") == [
        (claim.about, claim.value) for claim in report.claims
    ]


def test_themes_and_fingerprints_are_kept(world) -> None:
    report = sample("aimin-2020")
    world.store(world.reading(report))
    assert json.loads(world.one("SELECT themes FROM reports")) == list(report.themes or ())
    stored = [
        (chapter, list(contents.unpacked_hashes(hashes)))
        for chapter, hashes in world.rows("SELECT chapter, hashes FROM fingerprints ORDER BY chapter")
    ]
    assert stored == [(one.chapter, list(one.hashes)) for one in report.fingerprints]
    assert [chapter for chapter, _ in stored] == [1]


def test_an_older_report_with_its_table_and_one_without(world) -> None:
    for year, table in ((2016, national(FIGURES)), (2012, "")):
        found = read_document(prose(year, table=table).encode())[0].report
        world.store(world.reading(found, url=f"http://mzj.example/{year}.html", body=str(year).encode()))
    assert world.rows("SELECT year, form, family, figure_count FROM reports ORDER BY year") == [
        (2012, "none", "gov_prose", 0),
        (2016, "f2014", "gov_stat", 58),
    ]
    asked = "SELECT value, unit FROM figures WHERE table_code = 'statistics_2014' AND row_code = ?"
    assert world.rows(asked, "s14_budget_wanyuan") == [(2.35, "万元")]


def test_the_crosswalk_says_that_it_is_approximate(world) -> None:
    figures = {**FIGURES, "s14_denied_privacy": "2", "s14_reply_not_this_organ": "/"}
    found = read_document(prose(2016, table=national(figures)).encode())[0].report
    world.store(world.reading(found))
    rows = world.rows("SELECT row_code, column_code, value, crosswalk FROM statistics_2014_approximate")
    told = {(row, column): value for row, column, value, _ in rows}
    assert told["received_new", "total"] == 9
    assert told["denied_third_party", "total"] == 3  # trade secrets and privacy
    assert told["litigation_total", "total"] == 3
    assert told["unable_not_held", "total"] is None  # one of its two indicators is no number
    assert {crosswalk for *_, crosswalk in rows} == {"approximate"}
    assert len(rows) == 15


def test_a_report_with_its_table_in_a_file_is_shown_whole(world) -> None:
    body = "佳木斯市东风区民政局"
    page = world.document("http://dfq.example/2016.html", prose(2016, agency=body).encode())
    table = f"<html><body>{national(FIGURES)}</body></html>".encode()
    file = world.document(
        "http://dfq.example/2016-table.html", table, role="attachment", label="附件：统计表"
    )
    listing = Listing(title=f"{body}2016年政府信息公开工作年度报告")
    publication = Publication(
        portal=world.portals["dongfeng"], page=page, attachments=(file,), listing=listing
    )
    world.store(read_publication(publication))
    shown = "SELECT form, figure_count, source_url, document_url FROM reports"
    assert world.rows(shown) == [("f2014", 58, page.fetch.url, file.fetch.url)]
    assert world.one("SELECT count(*) FROM sections WHERE number > 0") == 5
    assert dict(world.rows("SELECT about, value FROM claims"))["received_new"] == 9
    assert world.rows("SELECT subject, outcome FROM checks WHERE rule IN ('T1', 'T3') ORDER BY position") == [
        ("received_new", "pass"),
        ("reconsideration", "pass"),
        ("litigation", "fail"),
    ]
    assert world.rows("SELECT code FROM problems") == []
    before = world.steady()
    world.store(read_publication(publication))
    assert world.steady() == before
