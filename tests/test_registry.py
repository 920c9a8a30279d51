"""The bundled registry against the table of divisions: nobody missing, nobody twice."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest

from crawler import registry
from crawler.items import Portal
from pipelines import divisions


@pytest.fixture(scope="module")
def portals() -> tuple[Portal, ...]:
    return registry.load(registry.bundled("heilongjiang"))


def governments(portals: tuple[Portal, ...]) -> list[Portal]:
    return [p for p in portals if p.name.endswith(("人民政府", "行政公署")) and p.agency is None]


def test_every_division_of_today_has_one_portal(portals):
    today = {d.code for d in divisions.load() if d.valid_to is None and d.code.startswith("23")}
    counted = Counter(p.division for p in governments(portals))
    assert set(counted) == today
    assert [code for code, times in counted.items() if times > 1] == []


def test_the_province_is_whole():
    kinds = Counter(d.kind for d in divisions.load() if d.valid_to is None and d.code.startswith("23"))
    prefectures = kinds["prefecture-level city"] + kinds["prefecture"]
    counties = kinds["county"] + kinds["autonomous county"] + kinds["county-level city"] + kinds["district"]
    assert (kinds["province"], prefectures, counties) == (1, 13, 121)
    assert kinds["district (unofficial)"] == 4


def test_names_are_those_of_the_divisions(portals):
    names = {d.code: d.name for d in divisions.load() if d.valid_to is None}
    for portal in governments(portals):
        assert names[portal.division] in portal.name, portal.id


def test_no_host_belongs_to_two_portals_unexplained(portals):
    hosts = Counter((urlsplit(p.home).hostname or "").removeprefix("www.") for p in portals)
    assert [host for host, times in hosts.items() if times > 1] == []


def test_hosts_are_governments_or_explained(portals):
    for portal in portals:
        hosts = [urlsplit(portal.home).hostname or "", *portal.hosts]
        assert all(host.endswith(".gov.cn") for host in hosts) or portal.note, portal.id


def test_departments_lie_on_hosts_of_the_province(portals):
    departments = [p for p in portals if p.division == "230000" and p.id != "heilongjiang"]
    assert len(departments) >= 15
    for portal in departments:
        assert (urlsplit(portal.home).hostname or "").endswith(".hlj.gov.cn"), portal.id
        assert portal.name.startswith("黑龙江省")


def test_what_was_never_opened_says_so(portals):
    """An address from a list may be wrong: the entry must not look like one that was seen to answer."""
    unseen = [p for p in portals if p.note and "never opened" in p.note]
    assert len(unseen) > 100
    assert all(p.platform is None and not p.sections for p in unseen)
