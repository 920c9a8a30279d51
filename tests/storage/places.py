"""A city and a county with a portal each, for the tests of who owes a report: see the fixture `place`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.items import Listing, Portal, Publication
from pipelines.records import Agency, Division, Problem
from storage import coverage
from storage.reports import Outcome

ROOT = Path(__file__).resolve().parents[2]
CITY = Portal(id="city", name="样例市人民政府", division="230800", home="http://city.example/")
COUNTY = Portal(id="county", name="样例县人民政府", division="230805", home="http://county.example/")
DIVISIONS = (
    Division(code="230000", name="黑龙江省", kind="province", parent_code=None),
    Division(code="230800", name="样例市", kind="prefecture-level city", parent_code="230000"),
    Division(code="230805", name="样例区", kind="district", parent_code="230800"),
    Division(code="230822", name="旧名县", kind="county", parent_code="230800", valid_to=2015),
    Division(code="230883", name="旧名市", kind="county-level city", parent_code="230800", valid_from=2016),
    Division(code="310101", name="别处区", kind="district", parent_code="310000"),
)


def add_portal(
    world: Any, name: str, division: str, *, agency: str | None = None, state: str = "ok", disabled: int = 0
) -> None:
    """A further portal of the registry."""
    world.db.execute(
        "INSERT INTO portals (id, name, division_code, home_url, state, sections, hosts, agency, http_only,"
        " disabled) VALUES (?, ?, ?, ?, ?, '[]', '[]', ?, 0, ?)",
        (name, name, division, f"http://{name}.example/", state, agency, disabled),
    )
    world.db.conn.commit()


def walked(
    world: Any,
    *portals: str,
    at: str = "2025-06-01T00:00:00Z",
    arguments: str = "{}",
    finish: str = "finished",
    cut: tuple[str, ...] = (),
) -> None:
    """A run that walked these portals whole, at that time, and did not get through those in `cut`."""
    run = world.crawl_id
    world.db.execute(
        "UPDATE crawls SET started_at = ?, finished_at = ?, complete = 1, arguments = ?, finish_reason = ?"
        " WHERE id = ?",
        (at, at, arguments, finish, run),
    )
    for portal in (*portals, *cut):
        world.db.execute(
            "INSERT INTO crawl_portals VALUES"
            " (?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, '[]', '{}', 0, NULL)",
            (run, portal, int(portal not in cut)),
        )
    world.db.conn.commit()
    coverage.refresh(world.db)


def agency(name: str, /, **changes: Any) -> Agency:
    return replace(
        Agency(
            id=f"230800-{name}",
            name=f"样例市{name}",
            printed=name,
            agency_type="department",
            level="prefecture",
            division_code="230800",
            body=name,
        ),
        **changes,
    )


def keep(world: Any, body: Agency, *years: int, portal: str = "city", **changes: Any) -> list[Outcome]:
    found = []
    for year in years:
        report = replace(world.dongfeng(), agency=body, year=year, **changes)
        url = f"http://{portal}.example/{body.id}/{year}"
        found += world.store(world.reading(report, url=url, body=url.encode(), portal=portal))
    return found


def unread_page(world: Any, title: str, problem: Problem, *, portal: Portal = CITY) -> None:
    """A page of a portal's list that gave no report but this problem."""
    url = f"{portal.home}unread/{len(world.rows('SELECT id FROM fetches'))}"
    page = world.document(url, title.encode(), portal=portal.id)
    page = replace(page, fetch=replace(page.fetch, link_text=title))
    listing = Listing(title=title, date=None, path=())
    publication = Publication(portal=portal, page=page, attachments=(), listing=listing)
    world.store(world.read(publication, [None], problems=(problem,)))


def states(world: Any, name: str) -> dict[int, tuple[str, str | None, str | None]]:
    return {
        row[0]: row[1:]
        for row in world.rows("SELECT year, state, reason, confidence FROM coverage WHERE agency = ?", name)
    }


def scrapy(world: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments, "-s", f"DATABASE={world.path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
