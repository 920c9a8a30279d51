"""Reports with the figures of another: question 17 and the page of a report say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import lxml.html
import pytest
from datasette.utils import tilde_encode

from pipelines import forms
from storage import findings
from storage.reference import write_reference
from storage.site.report_page import report_page
from storage.site.server import descriptions
from tests.storage.conftest import World
from tests.storage.sites import Get, opened
from tests.storage.test_crosschecks import GOVERNMENT, department, keep, put

BUSY = {f"applications/{row}/total": "40" for row in ("received_new", "processed_total")}
OFFICE = replace(
    GOVERNMENT, id="230800-office", name="佳木斯市人民政府办公室", agency_type="government_office"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two departments with the same figures, one of them in two years, and others that only look so."""
    made = World(tmp_path_factory.mktemp("same"))
    cells, derived = forms.layout()
    write_reference(made.db, divisions=(), form_cells=cells, derived=derived)
    education, finance, quiet, other = map(department, ("教育局", "财政局", "档案局", "民政局"))
    for body, year, figures in (
        (education, 2022, BUSY),
        (education, 2023, BUSY),
        (finance, 2022, BUSY),
        (other, 2022, {**BUSY, "applications/carried_out/total": "7"}),
        (quiet, 2021, {"applications/received_new/total": "2"}),
        (department("信访局"), 2021, {"applications/received_new/total": "2"}),
        (GOVERNMENT, 2020, BUSY),
        (OFFICE, 2020, BUSY),
    ):
        keep(made, put(replace(made.dongfeng(), agency=body, year=year), figures))
    findings.refresh(made.db)
    yield made
    made.close()


@pytest.fixture(scope="module")
def get(place: World) -> Iterator[Get]:
    with opened(place.path) as fetched:
        yield fetched


def shown(world: World, report: str) -> list[tuple[str, int, bool]]:
    async def query(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        cursor = world.db.conn.execute(sql, dict(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    page = asyncio.run(report_page(query, report))
    assert page is not None
    return [(other["agency"], other["year"], other["own"]) for other in page["same_figures"]]


def test_every_page_says_what_the_view_has(place) -> None:
    pairs = set(place.rows("SELECT report_id, other_report_id FROM same_figures"))
    assert len(pairs) == 1
    names = dict(place.rows("SELECT id, agency FROM reports"))
    for report in names:
        others = {one for pair in pairs if report in pair for one in pair} - {report}
        found = shown(place, report)
        assert {agency for agency, _, own in found if not own} == {names[other] for other in others}, report


def test_a_body_that_repeats_its_own_figures_is_told_so(place) -> None:
    ((report,),) = place.rows("SELECT id FROM reports WHERE agency LIKE '%教育局' AND year = 2022")
    assert shown(place, report) == [("佳木斯市教育局", 2023, True), ("佳木斯市财政局", 2022, False)]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", ["本机关 2023 年", "佳木斯市财政局 2022"]),
        ("en", ["the same body, 2023", "佳木斯市财政局 2022"]),
    ],
)
def test_the_page_links_them(get, place, lang: str, said: list[str]) -> None:
    ((report,),) = place.rows("SELECT id FROM reports WHERE agency LIKE '%教育局' AND year = 2022")
    page = lxml.html.fromstring(
        get(f"/nianbao/reports/{tilde_encode(report)}", cookie=f"nb_lang={lang}").text
    )
    (heading,) = page.cssselect("#same-figures")
    links = heading.getnext().getnext().cssselect("a")
    assert [" ".join(link.text_content().split()) for link in links] == said
    assert {get(link.get("href")).status_code for link in links} == {200}
    assert page.cssselect('a[href="#remarks"]')
    ((alone,),) = place.rows("SELECT id FROM reports WHERE agency LIKE '%民政局'")
    other = get(f"/nianbao/reports/{tilde_encode(alone)}").text
    assert "same-figures" not in other


def test_the_question_shows_both_and_tells_them_apart(get, place) -> None:
    rows = get("/nianbao/q17_copied.json?_shape=array").json()
    figures = [row for row in rows if row["alike"] == "figures"]
    assert [row["relation"] for row in figures] == ["other_agency"]
    assert get("/nianbao/q17_copied.json?_shape=array&alike=figures&year=2022").json() == figures
    assert get("/nianbao/q17_copied.json?_shape=array&alike=figures&year=2023").json() == []
    wording = get("/nianbao/q17_copied.json?_shape=array&alike=wording").json()
    assert len(wording) + len(figures) == len(rows)
    assert {row["alike"] for row in wording} <= {"wording"}
    assert "same_figures" in descriptions()["queries"]["q17_copied"]["sql"]
