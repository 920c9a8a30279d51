"""A portal's own list of bodies, from the page to the coverage, over runs that see it again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.harvest import crawl, rows, scrapy, storage_settings
from tests.province.server import Province

LISTED = "SELECT name, url, list_url, agency, doubt, standing, first_seen_at FROM listed_bodies ORDER BY name"


def test_bodies_of_a_list_over_several_runs(tmp_path: Path) -> None:
    database = tmp_path / "nianbao.db"
    with Province(prefer=False, only=("jixi",)) as province:
        assert crawl(tmp_path, province).code == 0
        first = rows(database, LISTED)
        assert {row["name"]: (row["agency"], row["standing"]) for row in first} == {
            "样例便民专区": ("样例便民专区", "unresolved"),
            "鸡西市样例公安局": ("鸡西市样例公安局", "published"),
            "鸡西市样例司法局": ("鸡西市样例司法局", "published"),
            "鸡西市样例民政局": ("鸡西市样例民政局", "published"),
            "鸡西市样例水利局": ("鸡西市样例水利局", "never_published"),
        }
        home = province.addresses["jixi"]
        assert {row["list_url"] for row in first} == {f"{home}opennessAnnualReport/"}
        # The list is kept as any page is: its bytes are in the archive.
        (kept,) = rows(
            database,
            "SELECT DISTINCT fetches.url, fetches.sha256 IS NOT NULL AS kept FROM listed_bodies"
            " JOIN fetches ON fetches.id = fetch_id",
        )
        assert kept == {"url": f"{home}opennessAnnualReport/", "kept": 1}
        assert crawl(tmp_path, province).code == 0
    assert rows(database, LISTED) == first
    assert rows(database, "SELECT DISTINCT crawl_id FROM listed_bodies") == [{"crawl_id": 2}]
    coverage = "SELECT * FROM coverage ORDER BY body, year"
    before = rows(database, coverage)
    assert scrapy("reextract", *storage_settings(tmp_path)).code == 0
    assert rows(database, LISTED) == first
    assert rows(database, coverage) == before
    told = scrapy("coverage", "--format", "json", *storage_settings(tmp_path))
    assert told.code == 0, told.err
    listed = [row for row in json.loads(told.out) if row["known_from"] == "list"]
    assert [(row["agency"], row["state"], row["reason"]) for row in listed] == [
        ("鸡西市样例水利局", "missing", "listed")
    ]
    assert "bodies that the portals list: 5; with reports: 3; without any: 1; not resolved: 1" in told.err
