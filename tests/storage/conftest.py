"""A small world for the storage tests: two portals, real figures of two reports, real files.

The figures are those that 佳木斯市东风区 printed for 2021 and 牡丹江市爱民区 for 2020 (whose row 四 has
two values for seven cells, and whose totals do not add up). The prose is invented.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from crawler.items import Document, Listing, Portal, Publication
from pipelines.records import (
    Agency,
    Cell,
    Check,
    Claim,
    DerivedTotal,
    Division,
    DocumentReading,
    Figure,
    FormCell,
    Problem,
    PublicationReading,
    Report,
    Section,
)
from storage.archive import Archive
from storage.database import open_database
from storage.ledger import Ledger
from storage.reference import write_reference
from storage.reports import Outcome, store

APPLICANTS = (
    "natural_person",
    "org_business",
    "org_research",
    "org_public_interest",
    "org_legal_service",
    "org_other",
    "total",
)
RESULTS = ("upheld", "corrected", "other_result", "pending", "total")
GROUPS = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
DENIED = (
    "denied_state_secret",
    "denied_prohibited_by_law",
    "denied_security_stability",
    "denied_third_party",
    "denied_internal_affairs",
    "denied_process_information",
    "denied_enforcement_file",
    "denied_administrative_query",
)
UNABLE = ("unable_not_held", "unable_requires_creation", "unable_still_unclear")
NOT_PROCESSED = (
    "not_processed_petition_complaint",
    "not_processed_duplicate",
    "not_processed_publication",
    "not_processed_abusive",
    "not_processed_reconfirmation",
)
OTHER = ("other_uncorrected_overdue", "other_fee_unpaid", "other_other")

STEADY = {
    "divisions": "*",
    "agencies": "*",
    "agency_names": "*",
    "portals": "*",
    "documents": "*",
    "report_sources": "*",
    "report_versions": "*",
    "sections": "*",
    "figures": "*",
    "checks": "*",
    "claims": "*",
}


def application_rows(form: str) -> tuple[str, ...]:
    other = ("other_total",) if form == "f2019" else OTHER
    return (
        "received_new",
        "carried_in",
        "disclosed_full",
        "disclosed_partial",
        *DENIED,
        *UNABLE,
        *NOT_PROCESSED,
        *other,
        "processed_total",
        "carried_out",
    )


PROACTIVE = {
    "f2021": {
        ("government_rules", "issued"): "0",
        ("government_rules", "repealed"): "0",
        ("government_rules", "in_force"): "0",
        ("normative_documents", "issued"): "0",
        ("normative_documents", "repealed"): "0",
        ("normative_documents", "in_force"): "1",
        ("administrative_licensing", "decisions"): "1382",
        ("administrative_penalty", "decisions"): "14",
        ("administrative_compulsion", "decisions"): "66",
        ("administrative_fees", "amount_wanyuan"): "17.586",
    },
    "f2019": {
        ("normative_documents", "disclosed_total"): "7",
        ("administrative_licensing", "items_prior_year"): "1110",
        ("administrative_licensing", "items_change"): "+123",
        ("administrative_licensing", "decisions"): "1233",
        ("administrative_penalty", "decisions"): "17",
        ("centralized_procurement", "procurement_items"): "107",
        ("centralized_procurement", "procurement_amount_wanyuan"): "2623.7200 万元（计划）",
    },
}


def form_layout() -> tuple[list[FormCell], list[DerivedTotal]]:
    """The cells of both forms and the totals derived from them, labels by code."""
    cells: dict[Cell, list[str]] = {}
    for form in ("f2021", "f2019"):
        for row, column in PROACTIVE[form]:
            cells.setdefault(Cell("proactive", row, column), []).append(form)
        for row in application_rows(form):
            for column in APPLICANTS:
                cells.setdefault(Cell("applications", row, column), []).append(form)
    for row in GROUPS:
        for column in RESULTS:
            cells[Cell("review_litigation", row, column)] = ["f2019", "f2021"]
    layout = [
        FormCell(*cell, cell.row, cell.column, cell.row, cell.column, "件", tuple(sorted(forms)), order)
        for order, (cell, forms) in enumerate(cells.items(), start=1)
    ]
    applicants = APPLICANTS[1:6]
    derived = [
        DerivedTotal("applications", "row", "denied_total", DENIED, "不予公开合计", "denied"),
        DerivedTotal("applications", "row", "unable_total", UNABLE, "无法提供合计", "unable"),
        DerivedTotal(
            "applications", "row", "not_processed_total", NOT_PROCESSED, "不予处理合计", "not processed"
        ),
        DerivedTotal("applications", "row", "other_total", OTHER, "其他处理合计", "other", ("f2019",)),
        DerivedTotal("applications", "column", "org_total", applicants, "法人合计", "organisations"),
        DerivedTotal(
            "review_litigation", "row", "litigation_total", GROUPS[1:], "行政诉讼合计", "litigation"
        ),
    ]
    return layout, derived


def number(printed: str) -> int | float:
    digits = printed.split(" ", maxsplit=1)[0]
    return float(digits) if "." in digits else int(digits)


def figure(cell: Cell, printed: str | None, *, status: str = "number", note: str | None = None) -> Figure:
    return Figure(
        cell=cell,
        printed=printed,
        value=number(printed) if status == "number" and printed is not None else None,
        unit="件",
        status=status,  # type: ignore[arg-type]
        note=note,
        locator={"table": 2, "row": 5, "cell": 9},
        method="grid",
    )


def statutory_figures(form: str, values: dict[str, list[str]]) -> list[Figure]:
    figures = [figure(Cell("proactive", *cell), printed) for cell, printed in PROACTIVE[form].items()]
    for row in application_rows(form):
        for column, printed in zip(APPLICANTS, values.get(row, ["0"] * 7), strict=True):
            figures.append(figure(Cell("applications", row, column), printed))
    figures += [figure(Cell("review_litigation", row, column), "0") for row in GROUPS for column in RESULTS]
    return figures


def dongfeng_2021() -> Report:
    """佳木斯市东风区 2021 (f2021): everything adds up."""
    handled = {
        "received_new": ["4", "0", "0", "0", "0", "0", "4"],
        "disclosed_full": ["3", "0", "0", "0", "0", "0", "3"],
        "disclosed_partial": ["1", "0", "0", "0", "0", "0", "1"],
        "processed_total": ["4", "0", "0", "0", "0", "0", "4"],
    }
    return Report(
        title="佳木斯市东风区政府2021年政府信息公开工作年度报告",
        agency=Agency(
            id="230805-dfq",
            name="佳木斯市东风区人民政府",
            printed="佳木斯市东风区政府",
            agency_type="government",
            level="county",
            division_code="230805",
        ),
        year=2021,
        family="gov_form",
        scope="whole_area",
        published_on="2022-02-15",
        forms={"proactive": "f2021", "applications": "f2021", "review_litigation": "f2021"},
        sections=(
            Section(number=0, heading="", text="本报告由样例编写。"),
            Section(number=1, heading="一、总体情况", text="全区受理申请4条。"),
        ),
        figures=tuple(statutory_figures("f2021", handled)),
        checks=(
            Check(
                rule="A1",
                subject="natural_person",
                outcome="pass",
                zero_filled="pass",
                severity="hard",
                left=4,
                right=4,
                suspect=None,
                detail="4 + 0 = 4 + 0",
            ),
        ),
        claims=(Claim(about="received_new", value=4, sentence="全区受理申请4条。"),),
    )


def aimin_2020() -> Report:
    """牡丹江市爱民区 2020 (f2019): row 四 is merged, 三（七） prints 0 where three requests were answered."""
    values = {
        "received_new": ["3", "0", "0", "0", "0", "0", "3"],
        "disclosed_full": ["3", "0", "0", "0", "0", "0", "3"],
    }
    figures = [
        replace(one, printed=None, value=None, status="merged", note="0 | 0")
        if one.cell.row == "carried_out"
        else one
        for one in statutory_figures("f2019", values)
    ]
    checks = tuple(
        Check(
            rule=rule,
            subject=column,
            outcome="fail",
            zero_filled="fail",
            severity="hard",
            left=3,
            right=0,
            suspect=Cell("applications", "processed_total", column),
            detail=f"{rule}: {column} 3 ≠ 0",
        )
        for rule in ("A1", "A2")
        for column in ("natural_person", "total")
    )
    return Report(
        title="爱民区2020年政府信息公开工作年度报告",
        agency=Agency(
            id="231004-amq",
            name="牡丹江市爱民区人民政府",
            printed="爱民区",
            agency_type="government",
            level="county",
            division_code="231004",
        ),
        year=2020,
        family="gov_form",
        scope="unknown",
        published_on=None,
        forms={"proactive": "f2019", "applications": "f2019", "review_litigation": "f2019"},
        sections=(Section(number=1, heading="一、总体情况", text="受理依申请公开1件。"),),
        figures=tuple(figures),
        checks=checks,
        claims=(),
    )


def with_printed(report: Report, cell: Cell, printed: str) -> Report:
    """The report with another number in one cell."""
    return replace(
        report,
        figures=tuple(
            replace(one, printed=printed, value=number(printed)) if one.cell == cell else one
            for one in report.figures
        ),
    )


PORTALS = (
    Portal(id="jiamusi", name="佳木斯市人民政府", division="230800", home="http://jms.example/", since=2008),
    Portal(id="dongfeng", name="东风区人民政府", division="230805", home="http://dfq.example/"),
    Portal(
        id="dongfeng_office",
        name="东风区政府网",
        division="230805",
        home="http://own.example/",
        agency="佳木斯市东风区人民政府",
        delay=2.5,
        note="slow",
    ),
    Portal(id="harbin", name="哈尔滨市人民政府", division="230100", home="http://hrb.example/"),
)
DIVISIONS = (
    Division(code="230000", name="黑龙江省", kind="province", parent_code=None),
    Division(code="230800", name="佳木斯市", kind="prefecture", parent_code="230000"),
    Division(code="230805", name="东风区", kind="county", parent_code="230800", valid_from=1985),
    Division(code="231004", name="爱民区", kind="county", parent_code="231000"),
)


class World:
    """A database, an archive and the means to crawl and read without a network."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "nianbao.db"
        self.db: Database = open_database(self.path)
        self.archive = Archive(folder / "archive.db")
        self.ledger = Ledger(self.db, self.archive)
        self.portals = {portal.id: portal for portal in PORTALS}
        self.write_reference()
        self.crawl_id = self.begin_crawl()

    dongfeng = staticmethod(dongfeng_2021)
    aimin = staticmethod(aimin_2020)
    with_printed = staticmethod(with_printed)
    layout = staticmethod(form_layout)

    def write_reference(self) -> bool:
        cells, derived = form_layout()
        return write_reference(
            self.db, divisions=DIVISIONS, form_cells=cells, derived=derived, portals=PORTALS
        )

    def begin_crawl(self) -> int:
        self.crawl_id = self.ledger.open_crawl(
            spider="heilongjiang", arguments={"years": "2021"}, sample=False, software_version="0.1"
        ).id
        return self.crawl_id

    def document(
        self,
        url: str,
        body: bytes,
        *,
        portal: str = "dongfeng",
        role: str = "article",
        content_type: str = "text/html; charset=utf-8",
        label: str | None = None,
    ) -> Document:
        fetch = self.ledger.record(
            crawl_id=self.crawl_id,
            url=url,
            portal_id=portal,
            role=role,
            found_on="http://list.example/",
            link_text="年度报告",
            status=200,
            content_type=content_type,
            body=body,
        )
        return Document(fetch=fetch, body=body, label=label)

    def failure(
        self, url: str, *, status: int | None, portal: str = "dongfeng", role: str = "attachment"
    ) -> int:
        error = None if status is not None else "TimeoutError"
        return self.ledger.record(
            crawl_id=self.crawl_id, url=url, portal_id=portal, role=role, status=status, error=error
        ).id

    def reading(
        self,
        report: Report | None,
        *,
        url: str = "http://dfq.example/2021.html",
        body: bytes = b"<p>2021</p>",
        portal: str = "dongfeng",
        problems: tuple[Problem, ...] = (),
        files: tuple[tuple[str, bytes, Report | None], ...] = (),
        version: str = "1",
    ) -> PublicationReading:
        page = self.document(url, body, portal=portal)
        attachments = tuple(
            self.document(
                address, data, portal=portal, role="attachment", content_type="application/pdf", label="附件"
            )
            for address, data, _ in files
        )
        publication = Publication(
            portal=self.portals[portal],
            page=page,
            attachments=attachments,
            listing=Listing(title="年报", date="2022-02-15", path=("政务公开", "年报")),
        )
        return self.read(
            publication, [report, *(one for _, _, one in files)], problems=problems, version=version
        )

    def read(
        self,
        publication: Publication,
        reports: list[Report | None],
        *,
        problems: tuple[Problem, ...] = (),
        version: str = "1",
    ) -> PublicationReading:
        documents = (publication.page, *publication.attachments)
        return PublicationReading(
            publication=publication,
            documents=tuple(
                DocumentReading(
                    media_type="text/html" if document is publication.page else "application/pdf",
                    sha256=document.fetch.sha256 or "",
                    report=report,
                    problems=problems if document is publication.page else (),
                    fetch_id=document.fetch.id,
                    document_url=document.fetch.url,
                )
                for document, report in zip(documents, reports, strict=True)
            ),
            extractor_version=version,
        )

    def store(self, reading: PublicationReading, **options: Any) -> list[Outcome]:
        return store(self.db, reading, self.crawl_id, **options)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return list(self.db.conn.execute(sql, values))

    def one(self, sql: str, *values: object) -> Any:
        ((value,),) = self.rows(sql, *values)
        return value

    def steady(self) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of every steady table, `reports` without last_seen_at."""
        state = {table: sorted(self.rows(f"SELECT * FROM {table}"), key=repr) for table in STEADY}
        cursor = self.db.conn.execute("SELECT * FROM reports ORDER BY id")
        names = [column[0] for column in cursor.description]
        keep = [index for index, name in enumerate(names) if name != "last_seen_at"]
        state["reports"] = [tuple(row[index] for index in keep) for row in cursor]
        return state

    def close(self) -> None:
        self.db.conn.close()
        self.archive.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    # A test may have closed it itself.
    with contextlib.suppress(sqlite3.ProgrammingError):
        made.close()


@pytest.fixture
def place(world: World) -> World:
    """A world of a city and a county with a portal each, and of divisions one of which has none."""
    from tests.storage import places

    cells, derived = form_layout()
    both = (places.CITY, places.COUNTY)
    divided = places.DIVISIONS
    write_reference(world.db, divisions=divided, form_cells=cells, derived=derived, portals=both)
    world.db.execute("DELETE FROM portals WHERE id NOT IN ('city', 'county')")
    world.db.conn.commit()
    world.portals = {portal.id: portal for portal in both}
    return world


@pytest.fixture
def new_world() -> type[World]:
    return World
