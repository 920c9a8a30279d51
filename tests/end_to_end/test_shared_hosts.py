"""Portals that list each other's pages, and portals that share a host: nothing vanishes or doubles by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawler.conftest import Answer, SmallPortal, entry_list, report_body
from tests.crawler.test_command import run, storage
from tests.end_to_end.harvest import rows, steady

PLACES = {"a": ("哈尔滨市人民政府", "230100"), "b": ("哈尔滨市道里区人民政府", "230102")}
LISTED = "/nb/202201/10001.html"


def title(year: int, agency: str = "哈尔滨市教育局") -> str:
    return f"{agency}{year}年政府信息公开工作年度报告"


class Shared:
    """Portals `a` and `b`; each entry's home is the host of the servers named, its section its own list."""

    def __init__(self, folder: Path, homes: dict[str, str]) -> None:
        self.folder = folder
        self.servers = {name: SmallPortal() for name in sorted(set(homes.values()))}
        (folder / "r.toml").write_text(
            "\n".join(
                f'[[portal]]\nid = "{name}"\nname = "{PLACES[name][0]}"\ndivision = "{PLACES[name][1]}"\n'
                f'home = "{self.servers[home].origin}/"\nsections = ["{self.servers[home].origin}/{name}/"]\n'
                f'delay = 0\nnote = "a test"\n'
                for name, home in homes.items()
            ),
            encoding="utf-8",
        )

    def crawl(self, *arguments: str) -> int:
        given = ("-a", f"registry={self.folder / 'r.toml'}", *arguments, "-s", "RETRY_TIMES=0")
        done = run("heilongjiang", *given, *storage(self.folder))
        assert "Traceback" not in done.stderr
        return done.returncode

    def vanished(self) -> list[int]:
        return [
            row["year"]
            for row in rows(
                self.folder / "n.db", "SELECT year FROM reports WHERE vanished_at IS NOT NULL ORDER BY 1"
            )
        ]

    def close(self) -> None:
        for server in self.servers.values():
            server.close()


@pytest.fixture
def two_hosts(tmp_path: Path) -> Iterator[Shared]:
    """`a` lists a report of its own and one on the host of `b`, which lists only another."""
    made = Shared(tmp_path, {"a": "a", "b": "b"})
    here, there = made.servers["a"], made.servers["b"]
    here.page("/nb/1.html", report_body(title(2020)))
    there.page(LISTED, report_body(title(2021)))
    there.page("/nb/2.html", report_body(title(2019)))
    here.page("/a/", entry_list(("/nb/1.html", title(2020)), (f"{there.origin}{LISTED}", title(2021))))
    there.page("/b/", entry_list(("/nb/2.html", title(2019))))
    yield made
    made.close()


@pytest.mark.parametrize(
    "failure",
    [
        Answer(b"", status=500),
        Answer(b"<html><script>$_ts=1</script></html>", status=404),
        Answer("<p>系统繁忙，请稍后再试</p>".encode()),
    ],
)
def test_a_page_that_another_portal_opens_in_vain_has_not_vanished(
    two_hosts: Shared, failure: Answer
) -> None:
    assert two_hosts.crawl() == 0
    two_hosts.servers["b"].answers[LISTED] = failure
    assert two_hosts.crawl() == 1
    assert two_hosts.vanished() == []


def test_a_page_that_the_other_portals_list_names_no_more_has_vanished(two_hosts: Shared) -> None:
    assert two_hosts.crawl() == 0
    two_hosts.servers["a"].page("/a/", entry_list(("/nb/1.html", title(2020))))
    assert two_hosts.crawl("-a", "portal=b") == 0
    assert two_hosts.crawl("-a", "years=2020") == 0
    assert two_hosts.crawl("-a", "limit=1") == 0
    assert two_hosts.vanished() == []
    assert two_hosts.crawl() == 0
    assert two_hosts.vanished() == [2021]


def test_two_portals_on_one_host_that_list_one_page(tmp_path: Path) -> None:
    shared = Shared(tmp_path, {"a": "host", "b": "host"})
    server = shared.servers["host"]
    for year in (2019, 2020, 2021):
        server.page(f"/nb/{year}.html", report_body(title(year)))
    entries = {year: (f"/nb/{year}.html", title(year)) for year in (2019, 2020, 2021)}
    server.page("/a/", entry_list(entries[2019], entries[2021]))
    server.page("/b/", entry_list(entries[2021], entries[2020]))
    try:
        assert shared.crawl() == 0
        before = steady(tmp_path / "n.db")
        for chosen in (("-a", "portal=b"), ("-a", "portal=a"), (), ("-s", "RECRAWL=due")):
            assert shared.crawl(*chosen) == 0
            assert steady(tmp_path / "n.db") == before, chosen
        assert shared.vanished() == []
    finally:
        shared.close()


@pytest.mark.parametrize(
    ("names", "agencies"),
    [
        # Neither page nor list says of which division the office is.
        (("财政局", "财政局"), {("财政局", None)}),
        # One of two lists does; the page names nobody.
        (("道里区财政局", ""), {("哈尔滨市道里区财政局", "230102")}),
    ],
)
def test_whose_report_a_page_on_a_shared_host_is_does_not_hang_on_the_portal(
    tmp_path: Path, names: tuple[str, str], agencies: set[tuple[str, str | None]]
) -> None:
    shared = Shared(tmp_path, {"a": "host", "b": "host"})
    server = shared.servers["host"]
    server.page("/nb/2021.html", report_body(title(2021, "财政局" if all(names) else "")))
    for portal, name in zip("ab", names, strict=True):
        server.page(f"/{portal}/", entry_list(("/nb/2021.html", title(2021, name))))
    try:
        shared.crawl()
        before = steady(tmp_path / "n.db")
        for chosen in (("-a", "portal=b"), ("-a", "portal=a")):
            shared.crawl(*chosen)
            assert steady(tmp_path / "n.db") == before, chosen
    finally:
        shared.close()
    found = rows(
        tmp_path / "n.db",
        "SELECT name, agencies.division_code FROM agencies JOIN reports ON agency_id = agencies.id",
    )
    assert {(row["name"], row["division_code"]) for row in found} == agencies
