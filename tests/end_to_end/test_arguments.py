"""Parts of a province: years, portals, divisions, a limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.harvest import SMALL, crawl, expected_reports, reports_held, rows
from tests.province.server import Province


@pytest.mark.parametrize(
    ("arguments", "portals", "years"),
    [
        (("-a", "years=2019-2020"), (), (2019, 2020)),
        (("-a", "years=2024"), (), (2024,)),
        (("-a", "portal=aimin,development"), ("aimin", "development"), ()),
        (("-a", "division=2308"), ("dongfeng",), ()),
        (("-a", "division=2310", "-a", "years=2022"), ("mudanjiang", "aimin", "development"), (2022,)),
    ],
)
def test_a_selection_is_harvested_and_complete(
    small_province: Province,
    tmp_path: Path,
    arguments: tuple[str, ...],
    portals: tuple[str, ...],
    years: tuple[int, ...],
) -> None:
    outcome = crawl(tmp_path, small_province, *arguments)
    assert outcome.code == 0, outcome.err
    assert reports_held(tmp_path / "nianbao.db") == expected_reports(portals or SMALL, years)
    [run] = rows(tmp_path / "nianbao.db", "SELECT complete, sample FROM crawls")
    assert run == {"complete": 1, "sample": 0}


def test_a_limit_makes_a_sample(small_province: Province, tmp_path: Path) -> None:
    outcome = crawl(tmp_path, small_province, "-a", "limit=2", "-a", "portal=mudanjiang,dongfeng")
    assert outcome.code == 0, outcome.err
    [run] = rows(tmp_path / "nianbao.db", "SELECT sample FROM crawls")
    assert run["sample"] == 1
    held = rows(
        tmp_path / "nianbao.db", "SELECT portal_id, count(*) AS n FROM report_sources GROUP BY portal_id"
    )
    assert {row["portal_id"] for row in held} <= {"mudanjiang", "dongfeng"}
    assert all(1 <= row["n"] <= 2 for row in held)
    assert held


def test_parts_add_up_to_the_whole(small_province: Province, tmp_path: Path) -> None:
    for portal in SMALL:
        outcome = crawl(tmp_path, small_province, "-a", f"portal={portal}")
        assert outcome.code == 0, outcome.err
    assert reports_held(tmp_path / "nianbao.db") == expected_reports(SMALL)
    # The district's own page wins over the city's copy, although the city's came first.
    [report] = rows(
        tmp_path / "nianbao.db", "SELECT source_url FROM reports WHERE agency = '牡丹江市爱民区人民政府'"
    )
    assert report["source_url"].startswith(small_province.addresses["aimin"])
