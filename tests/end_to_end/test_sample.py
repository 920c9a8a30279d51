"""The sample province itself: pages that say what their data say, read by a few lines made here."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from urllib.error import HTTPError

import lxml.html
import pytest

from tests.province import documents, portals, reports, series
from tests.province.figures import APPLICANTS
from tests.province.server import PortTakenError, Province

PLACES = [
    pytest.param(report, place, id=f"{report.key}@{place.portal}")
    for report in reports.load()
    for place in report.place
    if report.page
]


def _get(address: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def _address(province: Province, place: reports.Place) -> str:
    portal = next(portal for portal in portals.load() if portal.id == place.portal)
    entry = next(entry for entry in portal.entry if entry.place is place)
    return province.addresses[portal.id].rstrip("/") + portal.path(entry)


def _grid(table: lxml.html.HtmlElement) -> list[list[str]]:
    """Texts by row, each span written into every place that it covers; rows may end early."""
    grid: dict[tuple[int, int], str] = {}
    rows = table.xpath("./tr|./tbody/tr")
    for y, row in enumerate(rows):
        x = 0
        for cell in row.xpath("./td|./th"):
            while (y, x) in grid:
                x += 1
            text = re.sub(r"[\s\xa0]", "", cell.text_content())
            for down in range(int(cell.get("rowspan", 1))):
                for right in range(int(cell.get("colspan", 1))):
                    assert (y + down, x + right) not in grid, f"two cells at row {y}, column {x}"
                    grid[y + down, x + right] = text
            x += int(cell.get("colspan", 1))
    width = max(x for _, x in grid) + 1
    for y, x in grid:
        assert x == 0 or (y, x - 1) in grid, f"a hole before row {y}, column {x}"
    return [[grid[y, x] for x in range(width) if (y, x) in grid] for y in range(len(rows))]


@pytest.mark.parametrize(("report", "place"), PLACES)
def test_pages_print_the_figures_of_their_data(
    province: Province, report: reports.Report, place: reports.Place
) -> None:
    portal = next(portal for portal in portals.load() if portal.id == place.portal)
    status, body = _get(_address(province, place))
    assert status == 200
    document = lxml.html.fromstring(body.decode(portal.encoding))
    innermost = [table for table in document.iter("table") if not table.xpath(".//table")]
    statutory = [table for table in innermost if len(table.xpath(".//tr")) >= 4]
    proactive, applications, review = map(_grid, statutory)
    figures = report.figures
    printed = [[re.sub(r"\s", "", text) for text in values] for values in figures.rows["proactive"].values()]
    counts = [row for row in proactive if row[0] != row[-1] and row[0] != "信息内容"]
    for row, values in zip(counts, printed, strict=True):
        assert row[1 : len(values) + 1] == values
    body_rows = applications[3:]
    codes = [*figures.rows["applications"]]
    merged = figures.merged.get("applications", {})
    codes += merged
    assert len(body_rows) == len(codes)
    for row, code in zip(body_rows, codes, strict=True):
        if code in merged:
            assert row[-7:] == [*[merged[code][0]] * 4, *[merged[code][1]] * 3]
        elif len(row) == 11:
            natural, business, _, *rest = row[-8:]
            assert (natural, business, *rest) == figures.rows["applications"][code]
        else:
            assert tuple(row[-len(APPLICANTS) :]) == figures.rows["applications"][code]
    cells = [value for values in figures.rows["review_litigation"].values() for value in values]
    assert review[-1] == cells


def test_there_are_enough_portals_lists_and_formats() -> None:
    everything = portals.load()
    large = [portal for portal in everything if portal.town]
    assert len(large) >= 8
    assert len({portal.skin for portal in everything}) >= 6
    for portal in large:
        lists = [channel for channel in portal.channel if channel.kind == "list"]
        sizes = {channel.code: portal.pages(channel) for channel in lists}
        assert max(sizes.values()) >= 3, portal.id
        assert all(sizes[agency.channel] >= 2 for agency in series.load() if agency.portal == portal.id)
    assert {report.shown for report in reports.load()} == {"page", "frame", *portals.ENDINGS}


def test_seeded_figures_hold_together_but_for_what_is_told() -> None:
    for agency in series.load():
        carried: tuple[str, ...] | None = None
        for year, own in series.figures(agency.key).items():
            if year in agency.copied:
                assert own == series.figures(agency.copied[year])[year]
                carried = None
                continue
            table = own.rows["applications"]
            amounts = {row: [int(value) for value in values] for row, values in table.items()}
            results = [amounts[row] for row in series.result_codes(own.forms["applications"])]
            sides = [
                (new + before, done + left, sum(parts), done)
                for new, before, done, left, parts in zip(
                    *(
                        amounts[row]
                        for row in ("received_new", "carried_in", "processed_total", "carried_out")
                    ),
                    zip(*results, strict=True),
                    strict=True,
                )
            ]
            balanced = all(came == went and parts == done for came, went, parts, done in sides)
            assert balanced is (agency.mistakes.get(year) not in ("processed", "sum"))
            if carried is not None:
                assert (table["carried_in"] == carried) is (year not in agency.breaks)
            carried = table["carried_out"]


def test_there_are_enough_reports_of_every_form_and_year() -> None:
    everything = reports.load()
    assert len(everything) >= 120
    assert {report.year for report in everything} == set(range(2019, 2025))
    forms = {tuple(report.figures.forms.values()) for report in everything}
    assert {("f2019",) * 3, ("f2021",) * 3, ("f2021", "f2019", "f2019")} <= forms
    assert len({report.style for report in everything}) >= 10


def test_invented_bodies_say_so_and_real_ones_keep_their_own_figures() -> None:
    real = {report.key for report in reports.load() if not report.invented}
    assert real == {
        "mudanjiang-research-2021", "mudanjiang-industry-2022", "jingpo-2020", "aimin-2020", "dongfeng-2021",
    }  # fmt: skip
    for report in reports.load():
        assert ("样例" in report.agency) is report.invented
        assert ("虚构机构" in reports.body(report)) is report.invented
    assert all(report.invented for report in reports.load() if report.seeded)


def test_a_report_is_corrected_when_it_is_asked_for() -> None:
    [report] = [report for report in reports.load() if report.corrected is not None]
    assert report.corrected is not None
    old, new = report.figures.cells(), report.corrected.cells()
    with Province(prefer=False, only=[report.place[0].portal]) as own:
        address = _address(own, report.place[0])
        before = _get(address)
        assert own.correct() == [address]
        after = _get(address)
    [cell] = [cell for cell in old if old[cell] != new[cell]]
    assert before != after
    assert f">{old[cell]}<".encode() in before[1]
    assert f">{new[cell]}<".encode() in after[1]


def test_the_same_bytes_every_time() -> None:
    for report in reports.load():
        if report.shown in ("pdf", "docx", "xlsx", "zip"):
            ending = portals.ENDINGS[report.shown]
            assert documents.file(report, ending) == documents.file(report, ending)


def test_starting_takes_no_time() -> None:
    began = time.monotonic()
    with Province(prefer=False):
        assert time.monotonic() - began < 2


def test_the_list_interface_pages_and_wants_a_referer(province: Province) -> None:
    home = province.addresses["mudanjiang"]
    tree = f"{home}common/getChannelList?channelCode=c105121&websiteCodeName=mdjsrmzf"
    assert _get(tree)[0] == 404
    results = json.loads(_get(tree, Referer=home)[1])["results"]
    column = next(child for child in results["children"] if child["channelCode"] == "gknb2022")
    titles: list[str] = []
    for page in (1, 2, 3):
        query = f"_pageSize=20&_isAgg=true&_isJson=true&page={page}"
        search = f"{home}common/search/{column['channelId']}?{query}"
        data = json.loads(_get(search, Referer=home)[1])["data"]
        titles += [entry["title"] for entry in data["results"]]
    assert data["rows"] == 4
    assert len(titles) == data["total"] == len(set(titles)) == 6


def test_unchanged_pages_answer_304(province: Province) -> None:
    with urllib.request.urlopen(province.addresses["aimin"], timeout=10) as response:
        etag = response.headers["ETag"]
    assert _get(province.addresses["aimin"], **{"If-None-Match": etag}) == (304, b"")
    assert _get(province.addresses["aimin"], **{"If-None-Match": '"other"'})[0] == 200


def test_a_port_that_is_taken_is_named() -> None:
    with Province(prefer=False) as first:
        ports = {id_: server.server_port for id_, server in first.servers.items()}
        with pytest.raises(PortTakenError, match=str(ports["mudanjiang"])):
            Province(ports)
