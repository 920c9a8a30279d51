"""The measurement of the site: it finds the pages, tells what is absent from what fails, and its verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import full
from benchmarks.full import Page, Visits
from benchmarks.synthetic import build
from storage.site.server import descriptions


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few invented reports, with everything that is made from them."""
    path = tmp_path_factory.mktemp("full") / "synthetic.db"
    db = build(path, 12)
    spent = full.refreshed(db)
    db.conn.close()
    assert list(spent) == list(full.REFRESHED)
    return path


def visit(status: int, *times: float, target: int = 100) -> Visits:
    return Visits(Page("x", "/x", target), status=status, times=list(times))


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (visit(200, 90, 100, 900), "OK"),
        (visit(200, 90, 101, 900), "SHORT"),
        (visit(404, 1, 1, 1), "absent"),
        (visit(500, 1, 1, 1), "FAILED 500"),
        (visit(400, 1, 1, 1), "FAILED 400"),
    ],
)
def test_verdicts_are_of_the_median_and_of_what_was_answered(made: Visits, verdict: str) -> None:
    assert made.verdict == verdict
    assert verdict in str(made)
    assert made.as_json()["verdict"] == verdict


def test_every_kind_of_page_is_asked_for_and_answers_of_a_real_server_are_told(database: Path) -> None:
    db = full.open_database(database)
    wanted = {page.kind: page for page in full.pages(db)}
    db.conn.close()
    assert {"home", "database", "division: province"} <= set(wanted)
    assert {f"question: {name}" for name in descriptions()["queries"]} <= set(wanted)
    assert len([kind for kind in wanted if kind.startswith("search: ")]) == 5
    with full.served(database, immutable=False) as port:
        asked = [wanted["home"], wanted["division: province"], Page("none", "/-/there-is-no-such-page", 1)]
        home, province, none = full.visited(port, asked, 2)
    assert (home.status, province.status, none.verdict) == (200, 200, "absent")
    assert len(home.times) == 2
    assert min(home.times) > 0
    assert home.size > 1000
