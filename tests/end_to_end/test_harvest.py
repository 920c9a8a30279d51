"""A crawl of the sample province: every report with its figures and its provenance, every trap."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storage.archive import Archive
from tests.end_to_end.harvest import Harvest, crawl, expected_reports, rows
from tests.province import documents, portals, reports, series
from tests.province.reports import Report
from tests.province.server import Province

PUBLISHED = tuple(report for report in reports.load() if report.shown != "scan")
EVERY = [pytest.param(report, id=report.key) for report in PUBLISHED]
FAILING = {"processed": {"A1", "A2"}, "sum": {"A2", "A3"}, "review": {"R1"}}
"""Rules that the mistakes of `agencies.toml` break."""


def _address(harvest: Harvest, place: reports.Place) -> str:
    portal = next(portal for portal in portals.load() if portal.id == place.portal)
    entry = next(entry for entry in portal.entry if entry.place is place)
    return harvest.province.addresses[portal.id].rstrip("/") + portal.path(entry)


def _document(harvest: Harvest, report: Report) -> str:
    """Address of the page or file that holds a report where it was found first."""
    place = report.place[0]
    portal = next(portal for portal in portals.load() if portal.id == place.portal)
    entry = next(entry for entry in portal.entry if entry.place is place)
    path = portal.path(entry) if report.page else portal.file_path(entry)
    return harvest.province.addresses[portal.id].rstrip("/") + path


def _entry_address(harvest: Harvest, kind: str) -> str:
    portal, entry = next(
        (portal, entry) for portal in portals.load() for entry in portal.entry if entry.kind == kind
    )
    return harvest.province.addresses[portal.id].rstrip("/") + portal.path(entry)


def _report(harvest: Harvest, report: reports.Report) -> dict[str, object]:
    found = harvest.rows(
        "SELECT * FROM reports WHERE agency = ? AND year = ? AND division_code = ?",
        report.agency, report.year, report.division,
    )  # fmt: skip
    assert len(found) == 1
    return found[0]


def test_the_run_is_complete(harvest: Harvest) -> None:
    assert harvest.outcome.code == 0, harvest.outcome.err
    [run] = harvest.rows("SELECT spider, complete, sample, finish_reason FROM crawls")
    assert run == {"spider": "heilongjiang", "complete": 1, "sample": 0, "finish_reason": "finished"}


def test_every_report_is_there_and_no_other(harvest: Harvest) -> None:
    held = {(row["agency"], row["year"]) for row in harvest.rows("SELECT agency, year FROM reports")}
    assert held == expected_reports()


@pytest.mark.parametrize("report", EVERY)
def test_identity(harvest: Harvest, report: reports.Report) -> None:
    row = _report(harvest, report)
    forms = set(report.figures.forms.values())
    assert row["published_on"] == report.published_on
    assert row["form"] == (forms.pop() if len(forms) == 1 else "mixed")
    assert row["vanished_at"] is None
    [agency] = harvest.rows("SELECT * FROM agencies WHERE id = ?", row["agency_id"])
    assert (agency["name"], agency["division_code"]) == (report.agency, report.division)
    assert agency["agency_type"] == report.agency_type


@pytest.mark.parametrize("report", EVERY)
def test_every_figure(harvest: Harvest, report: reports.Report) -> None:
    row = _report(harvest, report)
    figures = harvest.rows("SELECT * FROM figures WHERE report_id = ?", row["id"])
    found = {
        (figure["table_code"], figure["row_code"], figure["column_code"]): figure["printed"]
        for figure in figures
    }
    expected = report.figures.cells()
    assert {cell: text or None for cell, text in found.items()} == {
        cell: text or None for cell, text in expected.items()
    }
    assert len(figures) == len(expected)
    for figure in figures:
        printed = expected[figure["table_code"], figure["row_code"], figure["column_code"]]
        if printed is None:
            assert (figure["status"], figure["value"]) == ("merged", None)
            assert "0" in figure["note"]
        elif printed == "":
            assert (figure["status"], figure["value"]) == ("blank", None)
        else:
            assert figure["status"] == "number"
            assert figure["value"] == pytest.approx(_number(printed))
            assert isinstance(figure["value"], float) is not float(figure["value"]).is_integer()


def _number(printed: str) -> float:
    """The number in a printed value, money in 万元."""
    number = float(re.sub(r"[^0-9.+-]", "", printed))
    return number / 10_000 if printed.endswith("元") and not printed.endswith("万元") else number


@pytest.mark.parametrize("report", EVERY)
def test_provenance(harvest: Harvest, report: reports.Report) -> None:
    row = _report(harvest, report)
    addresses = [_address(harvest, place) for place in report.place]
    assert row["source_url"] == addresses[0]
    sources = harvest.rows("SELECT * FROM report_sources WHERE report_id = ?", row["id"])
    assert sorted(source["source_url"] for source in sources) == sorted(addresses)
    assert [source["source_url"] for source in sources if source["is_primary"]] == [addresses[0]]
    [fetch] = harvest.rows("SELECT * FROM fetches WHERE id = ?", row["fetch_id"])
    assert fetch["url"] == row["document_url"]
    assert fetch["sha256"] == row["sha256"]
    assert fetch["fetched_at"] == row["fetched_at"]
    archive = Archive(harvest.folder / "archive.db")
    try:
        body = archive.get(str(row["sha256"]))
    finally:
        archive.close()
    pages = harvest.province.servers[report.place[0].portal].RequestHandlerClass.pages
    shown = urlsplit(_document(harvest, report))
    assert row["document_url"] == shown.geturl()
    assert body == pages.answer(shown.path, shown.query, None).body


def test_every_figure_reaches_an_address_and_a_date(harvest: Harvest) -> None:
    [counts] = harvest.rows(
        "SELECT count(*) AS every, count(f.url || f.fetched_at) AS reached FROM figures"
        " LEFT JOIN reports r ON r.id = figures.report_id LEFT JOIN fetches f ON f.id = r.fetch_id"
    )
    held = sum(len(report.figures.cells()) for report in PUBLISHED)
    assert counts["every"] == counts["reached"] == held


def test_only_what_is_wrong_in_the_originals_fails(harvest: Harvest) -> None:
    failed = harvest.rows(
        "SELECT agency, year, rule, subject FROM checks JOIN reports ON reports.id = report_id"
        " WHERE outcome = 'fail' AND severity = 'hard'"
    )
    broken = {
        (agency.named(year), year): FAILING[mistake]
        for agency in series.load()
        for year, mistake in agency.mistakes.items()
    }
    own = [row for row in failed if (row["agency"], row["year"]) == ("牡丹江市爱民区人民政府", 2020)]
    assert sorted((row["rule"], row["subject"]) for row in own) == [
        ("A1", "natural_person"), ("A1", "total"), ("A2", "natural_person"), ("A2", "total"), ("A6", "total"),
    ]  # fmt: skip
    others: dict[tuple[str, int], set[str]] = {}
    for row in failed:
        if row not in own:
            others.setdefault((row["agency"], row["year"]), set()).add(row["rule"])
    assert others == broken
    [report] = harvest.rows("SELECT checks_failed FROM reports WHERE agency = '牡丹江市爱民区人民政府'")
    assert report["checks_failed"] == len(own)


def test_blank_cells_leave_checks_open(harvest: Harvest) -> None:
    open_ = harvest.rows(
        "SELECT rule, subject FROM checks JOIN reports ON reports.id = report_id"
        " WHERE outcome = 'not_assessable' AND rule IN ('A1', 'R1') AND agency = ? ORDER BY subject",
        "牡丹江市人民政府研究室",
    )
    assert [row["rule"] for row in open_] == ["A1"] * 7
    open_ = harvest.rows(
        "SELECT rule FROM checks JOIN reports ON reports.id = report_id"
        " WHERE outcome = 'not_assessable' AND rule LIKE 'R_' AND agency LIKE '黑龙江省镜泊湖%'"
    )
    assert [row["rule"] for row in open_] == ["R1"]


def test_traps_are_stated_and_nothing_else_is(harvest: Harvest) -> None:
    problems = harvest.rows(
        "SELECT p.code, coalesce(f.url, p.url) AS address FROM problems p"
        " LEFT JOIN fetches f ON f.id = p.fetch_id"
    )
    aimin = next(report for report in reports.load() if report.key == "aimin-2020")
    assert sorted((row["code"], row["address"]) for row in problems) == sorted(
        [
            ("http_error", _entry_address(harvest, "missing")),
            ("offsite_link", "http://fujian.yangli.invalid/2023/jiaoyu-fujian.pdf"),
            ("blank_form", _entry_address(harvest, "blank")),
            ("no_report", _entry_address(harvest, "other")),
            *[("merged_row", _address(harvest, place)) for place in aimin.place],
            # Its items of the year before and their change add up to the decisions.
            *[("p5_equal_nonzero", _address(harvest, place)) for place in aimin.place],
        ]
    )


def test_what_is_no_report_is_not_asked_for(harvest: Harvest) -> None:
    asked = {request.path for request in harvest.province.log}
    for portal in portals.load():
        for entry in portal.entry:
            if entry.kind == "page":
                assert portal.path(entry) not in asked, entry.title


def test_the_ledger_has_every_request_and_the_titles_that_led_there(harvest: Harvest) -> None:
    fetches = harvest.rows("SELECT url, status, found_on, link_text, portal_id FROM fetches")
    answered = Counter(
        (harvest.province.addresses[request.portal].rstrip("/") + request.path, request.status)
        for request in harvest.province.log
    )
    recorded = Counter((row["url"], row["status"]) for row in fetches if row["status"] is not None)
    # Other tests may have asked the servers for more, never for less.
    assert recorded <= answered
    article = _address(harvest, reports.load()[0].place[0])
    [row] = [row for row in fetches if row["url"] == article]
    assert row["link_text"] == reports.load()[0].title
    assert row["found_on"].startswith(harvest.province.addresses["mudanjiang"])


def test_robots_are_asked_first_and_the_user_agent_says_who(harvest: Harvest) -> None:
    for id_ in harvest.province.servers:
        mine = [
            request
            for request in harvest.province.log
            if request.portal == id_ and request.user_agent.startswith("nianbao/")
        ]
        assert mine[0].path == "/robots.txt"
        assert all("+https://" in request.user_agent for request in mine)


def test_wide_views_answer(harvest: Harvest) -> None:
    [row] = harvest.rows("SELECT * FROM applications WHERE agency = '牡丹江市样例发展局' AND year = 2024")
    assert (row["received_new__total"], row["processed_total__total"]) == (3119, 3050)
    assert row["denied_total__total"] == 2 + 31 + 5 + 6 + 8 + 12 + 9 + 105
    assert (row["source_url"][:7], row["fetched_at"][-1]) == ("http://", "Z")
    [row] = harvest.rows("SELECT * FROM applications WHERE agency = '牡丹江市爱民区人民政府'")
    assert row["carried_out__total"] is None
    assert json.loads(row["not_numbers"])["carried_out__total"] == "merged"
    assert len(harvest.rows("SELECT report_id FROM review_litigation")) == len(PUBLISHED)


@pytest.mark.skipif(not find_spec("rapidocr"), reason="needs ocr")
def test_a_report_that_is_a_picture(tmp_path: Path) -> None:
    """It is published only where the server is asked for it: recognising it takes seconds."""
    [report] = [report for report in reports.load() if report.shown == "scan"]
    with Province(prefer=False, only=[report.place[0].portal], scans=True) as own:
        outcome = crawl(tmp_path, own, "-a", f"years={report.year}")
        assert outcome.code == 0, outcome.err
        found = rows(
            tmp_path / "nianbao.db",
            "SELECT figures.*, document_url FROM figures JOIN reports ON reports.id = report_id"
            " WHERE agency = ?",
            report.agency,
        )
    assert {(row["table_code"], row["row_code"], row["column_code"]): row["printed"] for row in found} == (
        documents.scanned()
    )
    assert all(row["document_url"].endswith(".jpg") for row in found)
