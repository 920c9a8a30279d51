"""The measurement of the site: it finds the pages, tells what is absent from what fails, and its verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import full, growth
from benchmarks.full import Growth, Page, Size, Visits
from benchmarks.ratios import size_row
from benchmarks.synthetic import build
from storage.site.server import descriptions


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few invented reports, with everything that is made from them."""
    path = tmp_path_factory.mktemp("full") / "synthetic.db"
    db = build(path, 12)
    spent = growth.over_all(db)
    db.conn.close()
    assert list(spent) == ["search index", *growth.FINDINGS]
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


def size(reports: int, seconds: float, *milliseconds: float) -> Size:
    visits = {"plain": [visit(200, *milliseconds), Visits(Page("gone", "/gone", 1), status=404, times=[1.0])]}
    return Size(reports, 1, {"build": (seconds, 0.0)}, visits, size_row(reports, 1, 1, 1))


def test_what_grows_faster_than_the_reports_is_short() -> None:
    small = size(100, 2.0, 3, 5, 4)
    assert [one.verdict for one in full.grown(small, size(1000, 22.0, 44))] == ["OK", "OK"]
    assert [one.verdict for one in full.grown(small, size(1000, 22.1, 45))] == ["SHORT", "SHORT"]
    (build, page) = full.grown(small, size(2000, 44.0, 20))
    assert build == Growth("build", 2.0, 44.0, "s", 22.0)
    assert (page.what, page.small, page.large, page.unit) == ("x, plain", 4, 20, "ms")
    assert page.as_json()["times"] == 5


def test_findings_together_are_those_that_were_made() -> None:
    taken = {"coverage": (2.0, 1.0), "measures": (3.0, 1.0), "search index": (9.0, 1.0)}
    assert Size(1, 1, taken, {}, size_row(1, 1, 1, 1)).findings == 5
    assert size(1, 9.0, 1).findings == 0
