"""Home, divisions and bodies: what they show is what is stored, in both languages and as data."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import lxml.html
import pytest
from datasette.utils import tilde_encode

from pipelines import divisions
from pipelines.records import Agency, Cell, Problem
from storage import findings
from storage.reference import write_reference
from storage.site.charts import break_at, chart, shown_value
from storage.site.division import COUNTED, FEWEST, OUTCOMES, key_figures, share, shares, trend_charts
from storage.site.groups import group_label, main_groups
from storage.site.places import read_tiles, shade, short_name, tile_map, tile_positions
from storage.site.server import SITE
from tests.storage.conftest import World
from tests.storage.places import CITY, DIVISIONS, agency, unread_page, walked
from tests.storage.places import COUNTY as COUNTY_PORTAL
from tests.storage.sites import Get, opened
from tests.storage.test_crosschecks import put

EDUCATION, FINANCE, FORESTRY = agency("教育局"), agency("财政局"), agency("林业局")
COUNTY = Agency(
    id="230805-gov",
    name="样例区人民政府",
    printed="样例区人民政府",
    agency_type="government",
    level="county",
    division_code="230805",
    body="人民政府",
)
PAGES = (
    "/",
    "/-/division",
    "/-/division/230000",
    "/-/division/230800",
    "/-/division/230805",
    "/-/division/230822",
    f"/-/agency/{EDUCATION.id}",
    f"/-/agency/{FINANCE.id}",
)


def total(**rows: object) -> dict[str, str | None]:
    return {f"applications/{row}/total": None if value is None else str(value) for row, value in rows.items()}


def held(world: Any, body: Agency, year: int, cells: dict[str, str | None], **changes: Any) -> None:
    report = world.aimin() if year < 2021 else world.dongfeng()
    report = replace(report, agency=body, year=year, **{"scope": "own_organ", **changes})
    url = f"http://city.example/{body.id}/{year}"
    world.store(
        world.reading(put(report, cells), url=url, body=repr((report, cells)).encode(), portal="city")
    )


def filled(world: Any) -> Any:
    """Two departments and a county government; numbers are told apart by what they are."""
    held(world, EDUCATION, 2020, total(received_new=40, processed_total=40, carried_out=3))
    held(world, EDUCATION, 2021, total(received_new=50, processed_total=50, carried_in=3, carried_out=2))
    held(world, EDUCATION, 2022, total(received_new=60, processed_total=60, carried_in=9, carried_out=None))
    held(world, EDUCATION, 2023, total(received_new=70, processed_total=70, carried_in=1))
    held(world, FINANCE, 2021, total(received_new=None, processed_total=7))
    held(world, FINANCE, 2023, total(received_new=5, processed_total=6))
    held(world, COUNTY, 2023, total(received_new=1000, processed_total=1000), scope="whole_area")
    world.db.execute(
        "UPDATE reports SET published_on = '2024-02-10', due_on = '2024-01-31', late_confidence = 'high'"
        " WHERE id = ?",
        [f"{FINANCE.id}-2023"],
    )
    walked(world, "city", "county")
    findings.refresh(world.db)
    return world


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Filled once for all tests that only look; see `place` of the other tests for its divisions."""
    world = World(tmp_path_factory.mktemp("pages"))
    cells, derived = world.layout()
    portals = (CITY, COUNTY_PORTAL)
    write_reference(world.db, divisions=DIVISIONS, form_cells=cells, derived=derived, portals=portals)
    world.db.execute("DELETE FROM portals WHERE id NOT IN ('city', 'county')")
    world.db.conn.commit()
    world.portals = {portal.id: portal for portal in portals}
    yield filled(world)
    world.close()


@pytest.fixture(scope="module")
def get(sample: Any) -> Iterator[Get]:
    with opened(sample.path) as fetched:
        yield fetched


def tree(get: Get, path: str, lang: str = "en") -> Any:
    answer = get(path, cookie=f"nb_lang={lang}")
    assert answer.status_code == 200, answer.text
    return lxml.html.fromstring(answer.text)


def said(element: Any) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


def charts_of(page: Any) -> dict[str, Any]:
    found = [json.loads(each.text) for each in page.cssselect("figure.nb-chart script")]
    return {each["title"]: each for each in found}


# ---- What holds for every page


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_read_by_everybody(get, path: str, lang: str) -> None:
    page = tree(get, path, lang)
    assert page.get("lang") == {"zh": "zh-Hans", "en": "en"}[lang]
    levels = [int(each.tag[1]) for each in page.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels)), levels
    ids = [each.get("id") for each in page.iter() if isinstance(each.tag, str) and each.get("id")]
    assert len(ids) == len(set(ids))
    assert page.cssselect("table")
    for table in page.iter("table"):
        assert table.cssselect("th")
        assert all(each.get("scope") in ("row", "col") for each in table.iter("th"))
        box = table.getparent()
        assert (box.get("tabindex"), box.get("role")) == ("0", "region")
        assert box.get("aria-label")
    for each in page.iter("input", "select"):
        labelled = page.cssselect(f'label[for="{each.get("id")}"]')
        assert labelled or each.get("type") == "hidden"
    for figure in page.cssselect("figure.nb-chart"):
        assert figure.cssselect("figcaption")
        assert figure.cssselect("details table tbody tr")
    links = {each.get("href") for each in page.iter("a")}
    # A link within the page leads to something.
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(get, path: str) -> None:
    page = tree(get, path)
    links = {
        each.get("href").split("#")[0]
        for each in page.iter("a")
        if each.get("href").startswith("/") and not each.get("href").startswith(("/-/search", "/-/questions"))
    }
    assert len(links) > 3
    assert {link: get(link).status_code for link in links if get(link).status_code != 200} == {}


@pytest.mark.parametrize("path", PAGES)
def test_the_two_languages_say_the_same(get, path: str) -> None:
    zh, en = tree(get, path, "zh"), tree(get, path, "en")

    def numbers(page: Any) -> list[str]:
        return [said(cell) for cell in page.iter("td") if re.fullmatch(r"[\d,]+", said(cell))]

    assert numbers(zh) == numbers(en)
    assert len(zh.cssselect("h2")) == len(en.cssselect("h2"))
    english = re.findall(r"(?<![\w./-])(?:[a-z]{3,} ){2}[a-z]{3,}", said(zh.cssselect("main")[0]))
    assert [words for words in english if "json" not in words] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_data_too(get, path: str) -> None:
    address = "/-/home" if path == "/" else path
    page = tree(get, path)
    assert page.cssselect(f'footer a[href="{quote(address)}.json"]')
    assert page.cssselect(f'footer a[href="{quote(address)}.csv"]')
    answer = get(f"{address}.json")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert isinstance(answer.json(), dict)
    table = get(f"{address}.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert rows or path == "/-/division/230000"
    assert get(f"{address}.xml").status_code in (302, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/?year=abcd",
        "/?year=1900",
        "/?year=%EF%BC%92%EF%BC%90%EF%BC%92%EF%BC%91",
        "/-/division?year=-1",
        "/-/division/230800?year=2021%27",
        "/-/division/230800?group=nothing",
        "/-/division/230800.json?group=own_organ",
        "/-/division/230800.csv?year=x",
        f"/-/agency/{EDUCATION.id}?column=nobody",
        "/-/home.json?year=0",
    ],
)
def test_an_odd_parameter_is_told_in_a_sentence(get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 400
    assert re.search(r"not |there (?:is|are) no", answer.text)
    assert len(answer.text) < 6000


@pytest.mark.parametrize(
    "path",
    [
        "/-/division/999999",
        "/-/division/nothing",
        "/-/division/230800%00",
        "/-/division/230800/x",
        "/-/agency/nobody",
        "/-/agency/%27%20or%201=1",
        "/-/agency/nobody.json",
        "/-/division/999999.csv",
    ],
)
def test_what_is_not_there_is_told(get, path: str) -> None:
    answer = get(path)
    # Datasette tries an address with % again in its own way of writing.
    answer = get(answer.headers["location"]) if answer.status_code == 302 else answer
    assert answer.status_code == 404


def test_names_with_markup_are_text(place) -> None:
    body = replace(EDUCATION, id="230800-x", name="<script>alert(1)</script>局", printed="</script><b>局")
    held(place, body, 2023, total(received_new=40, processed_total=40))
    place.db.execute("UPDATE divisions SET name = '</script><i>市' WHERE code = '230800'")
    place.db.conn.commit()
    findings.refresh(place.db)
    with opened(place.path) as get:
        for path in ("/", "/-/division", "/-/division/230000", "/-/division/230800", "/-/agency/230800-x"):
            page = tree(get, path)
            assert page.cssselect("main i:not([class]), main b script, main > script") == []
            scripts = [each for each in page.iter("script") if each.get("type") != "application/json"]
            assert all(each.get("src") and not each.text for each in scripts)


# ---- Before there is anything


@pytest.mark.parametrize("path", ["/", "/-/division", "/-/division/230800"])
def test_an_empty_database_has_sane_pages(world, path: str) -> None:
    with opened(world.path) as get:
        page = tree(get, path)
        text = said(page.cssselect("main")[0])
        assert "None" not in text
        assert page.cssselect("figure") == []
        assert "no report" in text or "there are none yet" in text
        assert get("/-/home.csv" if path == "/" else f"{path}.csv").status_code == 200


def test_reports_before_the_sums_are_made(world) -> None:
    world.store(world.reading(world.dongfeng()))
    with opened(world.path) as get:
        assert "The sums are made when a run ends" in said(tree(get, "/"))
        assert said(tree(get, "/-/agency/230805-dfq").cssselect("h1")[0]) == "佳木斯市东风区人民政府"


# ---- Home


def test_home_counts_what_there_is(get, sample) -> None:
    counts = {
        said(each.cssselect("dt")[0]): said(each.cssselect("dd")[0])
        for each in tree(get, "/").cssselect(".nb-counts div")
    }
    assert counts["reports"] == "7"
    assert counts["bodies"] == "3"
    assert counts["report years"] == "2020–2023"
    missing = dict(
        sample.rows("SELECT confidence = 'low', count(*) FROM coverage WHERE state = 'missing' GROUP BY 1")
    )
    assert counts["reports missing"] == str(missing[0])
    assert counts["perhaps missing (unsure)"] == str(missing[1])
    assert all(missing.values())


def test_a_number_of_home_is_that_of_the_page_behind_it(get, sample) -> None:
    told = {}
    for each in tree(get, "/").cssselect(".nb-counts div"):
        word, number = said(each.cssselect("dt")[0]), said(each.cssselect("dd")[0]).replace(",", "")
        for link in each.cssselect("a"):
            told[word] = number, link.get("href")
    figures = next(word for word in told if word.startswith("figures in"))
    cells = f"{sample.one('SELECT count(*) FROM figures'):,}"
    # Blank cells and others without a number are cells, and no figures.
    assert figures == f"figures in {cells} cells of the tables"
    assert told[figures][0] == str(sample.one("SELECT count(*) FROM figures WHERE status = 'number'"))
    assert said(tree(get, told.pop(figures)[1]).cssselect("#rows")[0]).startswith(f"{cells} row")
    assert {"reports", "bodies", "reports missing", "reports that do not add up"} <= set(told)
    for word, (number, address) in told.items():
        if address.startswith("/nianbao/"):
            rows = said(tree(get, address).cssselect("#rows")[0])
            assert rows.replace(",", "").partition(" ")[0] == number, word


def test_the_map_is_the_coverage_of_the_year(get, sample) -> None:
    for year in (2021, 2023):
        tiles = {tile["code"]: tile for tile in get(f"/-/home.json?year={year}").json()["map"]["tiles"]}
        owed, published = sample.rows(
            "SELECT count(*), sum(state = 'published') FROM coverage WHERE year = ?", year
        )[0]
        assert (tiles["230800"]["owed"], tiles["230800"]["published"]) == (owed, published)
    page = tree(get, "/?year=2021")
    (tile,) = page.cssselect("a.nb-tile")
    assert tile.get("href") == "/-/division/230800?year=2021"
    assert "grid-row: 3" in tile.getparent().get("style")
    assert said(tile).startswith("样例 2/ of ")
    chosen = page.cssselect(".nb-years a[aria-current]")
    assert [said(each) for each in chosen] == ["2021"]


def test_home_begins_with_the_last_year_that_has_reports(get) -> None:
    assert get("/-/home.json").json()["year"] == 2023


def test_requests_are_summed_over_numbers_and_kinds_are_kept_apart(get) -> None:
    drawn = charts_of(tree(get, "/"))["New requests received"]
    assert drawn["x"] == [2020, 2021, 2022, 2023]
    by_label = {series["label"]: series for series in drawn["series"]}
    departments = by_label["prefecture-level departments, own organ"]
    # The blank of 2021 is in no sum.
    assert departments["values"] == [40, 50, 60, 75]
    assert departments["notes"] == ["1 report", "1 report", "1 report", "2 reports"]
    assert by_label["county-level governments, whole area"]["values"] == [None, None, None, 1000]


def test_home_tells_what_is_new_and_what_is_broken(place) -> None:
    held(place, EDUCATION, 2020, {})
    walked(place, "city")
    place.begin_crawl()
    held(place, EDUCATION, 2020, total(received_new=9))
    held(place, FINANCE, 2021, {})
    unread_page(place, "样例市2021年报告", Problem(code="no_report", detail="nothing"))
    place.db.execute(
        "UPDATE crawls SET finished_at = '2025-07-01T00:00:00Z', reports_new = 1, reports_changed = 1"
        " WHERE id = ?",
        [place.crawl_id],
    )
    place.db.conn.commit()
    findings.refresh(place.db)
    with opened(place.path) as get:
        crawl = get("/-/home.json").json()["crawl"]
        assert [(each["id"], each["outcome"]) for each in crawl["found"]] == [
            (f"{EDUCATION.id}-2020", "changed"),
            (f"{FINANCE.id}-2021", "new"),
        ]
        text = said(tree(get, "/"))
        assert "Reports: 1 new, 1 changed, " in text
        assert "All portals were last walked whole on 2025-06-01" in text
        assert "That run was not whole" in text
        rules = {row["rule"]: row["failing"] for row in get("/-/home.json").json()["broken_rules"]}
        assert rules["A1"] == place.one(
            "SELECT count(DISTINCT report_id) FROM checks WHERE rule = 'A1' AND outcome = 'fail'"
        )
        assert f"A1: {rules['A1']} of " in text


def test_the_questions_are_on_the_first_page(get) -> None:
    for lang, first in (("en", "Full disclosure 予以公开率"), ("zh", "予以公开率")):
        listed = tree(get, "/", lang).cssselect(".nb-question-list a")
        assert len(listed) == 20
        assert said(listed[0]) == first
        assert listed[0].get("href") == "/nianbao/q01_full_disclosure"


# ---- Tiles


def test_the_tiles_of_the_bundled_provinces_are_their_prefectures() -> None:
    known = {division.code: division.parent_code for division in divisions.load()}
    for province, places in tile_positions().items():
        assert known[province] is None
        assert {known[code] for code in places} == {province}
        assert {code for code, parent in known.items() if parent == province} == set(places)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[230000]\ncolour = 1\ntiles = {}", "230000: unknown key colour"),
        ("[230000.tiles]\n230100 = [1]", "230000: 230100: no row and column"),
        ("[230000.tiles]\n230100 = [0, 1]", "230000: 230100: no row and column"),
        ("[230000.tiles]\n230100 = [1, 1]\n230200 = [1, 1]", "230000: 230200: another stands at"),
    ],
)
def test_a_slip_in_the_tiles_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_tiles(text)


def places(*codes: str, valid_to: int | None = None) -> list[dict[str, Any]]:
    return [{"code": code, "name": f"{code}市", "valid_to": valid_to} for code in codes]


def test_a_province_without_positions_gets_a_plain_grid() -> None:
    plain = tile_map("440000", places("440100", "440200"), {})
    assert (plain["columns"], [tile["row"] for tile in plain["tiles"]]) == (None, [None, None])
    placed = tile_map("230000", places("230100", "230200"), {})
    assert placed["columns"] == 2
    # One that the map does not know would have no place on it.
    assert tile_map("230000", places("230100", "239900"), {})["columns"] is None
    assert tile_map("230000", places("230100", valid_to=2010), {})["tiles"] == []


@pytest.mark.parametrize(
    ("owed", "published", "step"),
    [(0, 0, None), (9, 0, 0), (9, 1, 1), (4, 1, 2), (4, 3, 4), (9, 8, 4), (9, 9, 5)],
)
def test_shades(owed: int, published: int, step: int | None) -> None:
    assert shade({"owed": owed, "published": published}) == step
    assert shade(None) is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("牡丹江市", "牡丹江"),
        ("大兴安岭地区", "大兴安岭"),
        ("延边朝鲜族自治州", "延边朝鲜族"),
        ("爱民区", "爱民区"),
        ("沙市", "沙市"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


# ---- Division


def marks(page: Any) -> dict[str, dict[str, Any]]:
    (table,) = page.cssselect("table.nb-matrix")
    years = [said(each) for each in table.cssselect("thead th")[1:]]
    return {
        said(row.cssselect("th")[0]): dict(zip(years, row.cssselect("td"), strict=True))
        for row in table.cssselect("tbody tr")
    }


def test_the_matrix_shows_every_body_and_year(get, sample) -> None:
    rows = marks(tree(get, "/-/division/230800"))
    assert list(rows) == ["样例市人民政府", "样例市教育局", "样例市财政局"]
    education, finance = rows["样例市教育局"], rows["样例市财政局"]
    # Years before the first report are folded away.
    assert list(education) == ["2020", "2021", "2022", "2023", "2024"]
    assert education["2021"].cssselect("a")[0].get("href") == "/nianbao/reports/" + (
        f"{EDUCATION.id}-2021".replace("教育局", "~E6~95~99~E8~82~B2~E5~B1~80")
    )
    assert said(finance["2022"]) == "✗ missing"
    assert finance["2022"].cssselect("span")[0].get("title") == "there are reports before and after"
    assert finance["2020"].get("class") == "nb-none"
    assert "10 days late" in said(finance["2023"])
    failing = sample.one("SELECT checks_failed FROM reports WHERE id = ?", f"{EDUCATION.id}-2020")
    assert failing
    assert f"{failing} rules of the form fail" in said(education["2020"])
    assert "rule" not in said(education["2021"])
    assert said(rows["样例市人民政府"]["2024"]) in ("✗ missing", "✗? perhaps missing")


def test_years_before_the_first_report_can_be_seen(get, sample) -> None:
    page = tree(get, "/-/division/230800?all=1")
    first = sample.one("SELECT min(year) FROM coverage WHERE division_code = '230800'")
    assert min(marks(page)["样例市人民政府"]) == str(first)
    assert first < 2020


def test_the_table_of_the_matrix_is_the_coverage(get, sample) -> None:
    rows = list(csv.DictReader(io.StringIO(get("/-/division/230800.csv").text)))
    assert {(row["body"], int(row["year"]), row["state"]) for row in rows} == set(
        sample.rows("SELECT body, year, state FROM coverage WHERE division_code = '230800'")
    )


def test_a_group_is_one_scope_level_and_kind(get) -> None:
    page = get("/-/division/230800.json").json()
    assert [each["code"] for each in page["groups"]] == [
        "own_organ.prefecture.department",
        "whole_area.county.government",
    ]
    assert page["group"] == "own_organ.prefecture.department"
    other = get("/-/division/230800.json?group=whole_area.county.government").json()
    received = {row["measure"]: row["years"] for row in other["key_figures"]}["received_new"]
    assert received == [{"year": 2023, "value": 1000, "reports": 1, "all": 1}]


def test_sums_say_of_how_many_reports(get) -> None:
    page = tree(get, "/-/division/230800")
    (box,) = page.cssselect('div[aria-label="Key figures"]')
    assert "small print: how many of how many" in said(box.getprevious())
    (table,) = box.cssselect("table")
    rows = {said(row.cssselect("th")[0]): row for row in table.cssselect("tbody tr")}
    assert [said(cell) for cell in rows["Reports"].cssselect("td")] == ["1", "2", "1", "2"]
    assert [said(cell) for cell in rows["new requests"].cssselect("td")] == ["40", "50 1/2", "60", "75"]


def test_shares_need_thirty_requests() -> None:
    assert share(29, 29) is None
    assert share(15, FEWEST) == 0.5
    assert share(None, 100) is None
    rows = [
        {"year": 2021, "reports": 3, "mix_reports": 2, "mix_processed": whole}
        | {f"mix_{name}": 6 for name in ("full", "partial", "denied", "unable", "not_processed", "other")}
        for whole in (29, 60)
    ]
    told = shares(rows)[0]["years"]
    assert [(each["value"], each["count"], each["of"]) for each in told] == [(None, 6, 29), (0.1, 6, 60)]
    assert key_figures([])[0]["years"] == []


def test_disputes_break_in_2024(get) -> None:
    drawn = charts_of(tree(get, "/-/division/230800"))
    assert [(each["at"], each["cuts"]) for each in drawn["Reconsiderations and lawsuits"]["breaks"]] == [
        (2024, True)
    ]
    assert [(each["at"], each["cuts"]) for each in drawn["Requests"]["breaks"]] == [(2021, False)]


def test_peers_are_the_divisions_under_the_same_parent(place) -> None:
    filled(place)
    neighbour = replace(COUNTY, id="230883-gov", name="旧名市人民政府", division_code="230883")
    held(place, neighbour, 2023, total(received_new=20, processed_total=20), scope="whole_area")
    findings.refresh(place.db)
    with opened(place.path) as get:
        peers = {row["name"]: row for row in get("/-/division/230805.json").json()["peers"]["rows"]}
        assert set(peers) == {"样例区", "旧名市"}
        assert (peers["样例区"]["this"], peers["旧名市"]["this"]) == (True, False)
        assert (peers["样例区"]["received_new"], peers["旧名市"]["received_new"]) == (1000, 20)
        # Twenty requests bear no share.
        assert peers["旧名市"]["full_share"] is None
        drawn = charts_of(tree(get, "/-/division/230805"))["New requests, 2023"]
        assert (drawn["x"], drawn["emphasis"]) == (["样例区", "旧名市"], "样例区")
        assert get("/-/division/230000.json").json()["peers"] is None


def test_lineage_and_what_lies_below(get) -> None:
    crumbs = [said(each) for each in tree(get, "/-/division/230805").cssselect(".nb-crumbs li")]
    assert crumbs == ["Divisions", "黑龙江省", "样例市", "样例区"]
    below = get("/-/division/230800.json?year=2023").json()["below"]["rows"]
    assert {row["name"] for row in below} == {"样例区", "旧名市"}
    assert "until 2015" in said(tree(get, "/-/division/230822"))


def test_a_blank_group_is_nothing_to_draw() -> None:
    assert main_groups([]) == []
    assert group_label(("own_organ", None, "department"), "en") == "other departments, own organ"
    assert group_label(("own_organ", "county", "department"), "zh") == "县级政府部门（机关本级）"
    assert group_label(("unknown", "township", "township"), "zh") == "乡镇、街道（口径不明）"


# ---- Body


def side(page: Any, code: str = "applications") -> dict[str, list[Any]]:
    heading = page.cssselect(f"#table-{code}")[0]
    table = next(each for each in heading.itersiblings() if each.cssselect("table.nb-side"))
    return {said(row.cssselect("th")[0]): row.cssselect("td") for row in table.cssselect("tbody tr")}


def test_the_years_stand_side_by_side_as_printed(get, sample) -> None:
    rows = side(tree(get, f"/-/agency/{EDUCATION.id}"))
    for row, cells in rows.items():
        printed = sample.rows(
            "SELECT year, printed, status FROM figures JOIN reports ON reports.id = report_id"
            " WHERE agency_id = ? AND table_code = 'applications' AND row_code = ? AND column_code = 'total'"
            " ORDER BY year",
            EDUCATION.id,
            row.split(" ")[0],
        )
        by_year = {year: (text, status) for year, text, status in printed}
        for year, cell in zip((2020, 2021, 2022, 2023), cells, strict=True):
            if year not in by_year:
                assert cell.get("class") in ("nb-none", "nb-missing")
                continue
            text, status = by_year[year]
            assert f"nb-{status}" in cell.get("class")
            if status == "number":
                assert said(cell).split(" ")[0] == text
    assert said(rows["carried_out"][2]) == "blank"
    assert rows["carried_out"][2].get("class") == "nb-blank"


def test_a_cell_leads_to_its_place_in_the_report(get) -> None:
    cell = side(tree(get, f"/-/agency/{EDUCATION.id}"))["received_new"][1]
    address = cell.cssselect("a")[0].get("href")
    assert address.endswith("-2021#f-applications-received_new-total")
    report, _, anchor = address.partition("#")
    assert tree(get, report).cssselect(f'[id="{anchor}"]')


def test_a_cell_that_a_years_form_does_not_have_is_no_blank(get) -> None:
    rows = side(tree(get, f"/-/agency/{EDUCATION.id}"))
    assert [cell.get("class") for cell in rows["other_other"]][:2] == ["nb-none", "nb-number"]
    assert [cell.get("class") for cell in rows["other_total"]][:2] == ["nb-number", "nb-none"]


def test_other_applicants_can_be_chosen(get, sample) -> None:
    rows = side(tree(get, f"/-/agency/{EDUCATION.id}?column=natural_person"))
    stored = sample.one(
        "SELECT printed FROM figures WHERE report_id = ? AND row_code = 'received_new'"
        " AND column_code = 'natural_person'",
        f"{EDUCATION.id}-2021",
    )
    assert said(rows["received_new"][1]).split(" ")[0] == stored


def test_the_chain_is_marked_where_it_breaks(get) -> None:
    links = get(f"/-/agency/{EDUCATION.id}.json").json()["carry_over"]
    assert [(each["before_year"], each["year"], each["outcome"]) for each in links] == [
        (2020, 2021, "pass"),
        (2021, 2022, "fail"),
        (2022, 2023, "not_assessable"),
    ]
    assert [(each["carried_out"], each["carried_in"]) for each in links] == [(3, 3), (2, 9), (None, 1)]
    page = tree(get, f"/-/agency/{EDUCATION.id}")
    assert [said(row.cssselect("td")[3]) for row in page.cssselect(".nb-chain tbody tr")][1].startswith(
        "they differ"
    )
    (gap,) = get(f"/-/agency/{FINANCE.id}.json").json()["carry_over"]
    assert (gap["before_year"], gap["outcome"], gap["carried_out"]) == (2022, "no_report", None)


def test_the_chain_names_the_body_before(place) -> None:
    before, after = agency("国土局"), agency("自然资源局")
    held(place, before, 2021, total(carried_out=4))
    held(place, after, 2022, total(carried_in=4))
    place.db.execute(
        "INSERT INTO renamings VALUES ('国土局', '自然资源局', 'renamed', 2022, NULL, 'said so')"
    )
    place.db.conn.commit()
    findings.refresh(place.db)
    with opened(place.path) as get:
        (link,) = get(f"/-/agency/{after.id}.json").json()["carry_over"]
        assert (link["before_agency"], link["outcome"]) == ("样例市国土局", "pass")
        page = tree(get, f"/-/agency/{after.id}")
        assert "renamed from 样例市国土局 (2022)" in said(page.cssselect("#relations")[0].getparent())
        assert "renamed to 样例市自然资源局" in said(tree(get, f"/-/agency/{before.id}"))


def test_a_gap_of_years_is_a_gap_in_the_chart(get) -> None:
    drawn = charts_of(tree(get, f"/-/agency/{FINANCE.id}"))["Requests"]
    assert drawn["x"] == [2021, 2022, 2023]
    assert [each["values"] for each in drawn["series"] if each["label"] == "handled"] == [[7, None, 6]]
    # What is blank every time but one is drawn where it is a number.
    assert [each["values"] for each in drawn["series"] if each["label"] == "new requests"] == [
        [None, None, 5]
    ]


def test_a_year_without_reports_is_a_gap_in_sums_too(get) -> None:
    shown = charts_of(tree(get, "/-/division/230800?group=own_organ.prefecture.department"))
    assert next(each["x"] for each in shown.values()) == [2020, 2021, 2022, 2023]
    rows = [
        {"year": year, **dict.fromkeys(names, 1)}
        for year in (2019, 2022)
        for names in [
            [f"{name}{part}" for name in COUNTED for part in ("", "_reports")]
            + [f"mix_{name}" for name in ("reports", *OUTCOMES)]
        ]
    ]
    for each in trend_charts(rows, "en").values():
        assert each is not None
        assert each["x"] == [2019, 2020, 2021, 2022]
        assert all(series["values"] == [1, None, None, 1] for series in each["series"])


def test_an_address_of_no_web_is_no_link(place) -> None:
    filled(place)
    place.db.execute("UPDATE portals SET home_url = 'javascript:alert(1)'")
    place.db.execute("PRAGMA foreign_keys = OFF")
    place.db.execute("UPDATE report_sources SET source_url = 'javascript:alert(2)//' || source_url")
    place.db.execute(
        "UPDATE reports SET source_url = 'javascript:alert(3)', document_url = 'data:text/html,x'"
    )
    place.db.conn.commit()
    with opened(place.path) as get:
        for path in (
            "/-/division/230800",
            f"/-/agency/{EDUCATION.id}",
            f"/nianbao/reports/{tilde_encode(f'{EDUCATION.id}-2020')}",
            f"/-/place/{tilde_encode(f'{EDUCATION.id}-2020')}/applications/received_new/total",
        ):
            page = tree(get, path)
            assert "javascript:" in page.text_content() or path.startswith("/-/division")
            assert not [
                href for href in page.xpath("//@href") if href.lower().startswith(("javascript:", "data:"))
            ]


def test_the_mix_is_of_reports_that_give_every_outcome(place) -> None:
    held(place, EDUCATION, 2022, {})
    held(place, EDUCATION, 2023, total(disclosed_partial=None))
    findings.refresh(place.db)
    with opened(place.path) as get:
        drawn = charts_of(tree(get, f"/-/agency/{EDUCATION.id}"))["Outcomes (requests)"]
    assert all(each["values"][1] is None for each in drawn["series"])
    assert any(each["values"][0] for each in drawn["series"])


def test_names_and_sources_are_all_there(get, sample) -> None:
    page = tree(get, f"/-/agency/{EDUCATION.id}")
    text = said(page.cssselect("main")[0])
    for name, first, last in sample.rows(
        "SELECT name, valid_from, valid_to FROM agency_names WHERE agency_id = ?", EDUCATION.id
    ):
        assert name in text
        assert first is None or f"{first}–{last}" in text
    addresses = {each.get("href") for each in page.cssselect(".nb-sources a")}
    assert {
        row[0]
        for row in sample.rows(
            "SELECT report_sources.source_url FROM report_sources JOIN reports ON reports.id = report_id"
            " WHERE agency_id = ?",
            EDUCATION.id,
        )
    } <= addresses


def test_the_data_of_a_body_is_every_figure_of_it(get, sample) -> None:
    rows = list(csv.DictReader(io.StringIO(get(f"/-/agency/{EDUCATION.id}.csv").text)))
    stored = sample.rows(
        "SELECT report_id, table_code, row_code, column_code, ifnull(printed, ''), status FROM figures"
        " JOIN reports ON reports.id = report_id WHERE agency_id = ?",
        EDUCATION.id,
    )
    assert sorted(
        (row["report_id"], row["table"], row["row"], row["column"], row["printed"], row["status"])
        for row in rows
    ) == sorted(stored)
    assert [int(row["year"]) for row in rows] == sorted(int(row["year"]) for row in rows)


def test_a_body_without_reports_says_so(world) -> None:
    world.db.execute("INSERT INTO agencies (id, name, agency_type) VALUES ('x-1', '某局', 'department')")
    world.db.conn.commit()
    with opened(world.path) as get:
        text = said(tree(get, "/-/agency/x-1").cssselect("main")[0])
    assert "No report of this body is held" in text
    assert "its division is not known" in text


def test_a_marked_cell_is_marked(get, sample) -> None:
    rows = side(tree(get, f"/-/agency/{EDUCATION.id}"))
    suspects = {
        (report, tuple(json.loads(suspect)))
        for report, suspect in sample.rows(
            "SELECT report_id, suspect FROM checks WHERE outcome = 'fail' AND suspect IS NOT NULL"
        )
        if report == f"{EDUCATION.id}-2020" and json.loads(suspect)[2] == "total"
    }
    assert suspects
    for _, cell in suspects:
        assert "something is said against this cell" in said(rows[cell[1]][0])
    assert Cell("applications", "received_new", "total") not in {Cell(*cell) for _, cell in suspects}
    assert "something is said" not in said(rows["received_new"][0])


# ---- Charts


def test_a_chart_says_what_it_shows() -> None:
    made = chart(
        "lines",
        "Requests",
        [2020, 2021, 2022],
        [{"label": "new", "values": [None, 1200, 30]}, {"label": "none", "values": [None] * 3}],
        lang="en",
        breaks=[break_at("en", 2021)],
    )
    assert made is not None
    assert made["summary"] == "new: 1,200 (2021), 30 (2022)"
    assert [series["label"] for series in made["series"]] == ["new"]
    assert made["breaks"] == [{"at": 2021, "label": "2021: new form", "cuts": True}]
    assert chart("lines", "x", [], [], lang="en") is None
    assert chart("lines", "x", [2020], [{"label": "a", "values": [None]}], lang="en") is None
    assert [shown_value(value, "share") for value in (None, 0.125)] == ["–", "12.5%"]


@pytest.mark.parametrize(
    ("kind", "unit", "values"), [("pie", "count", [1]), ("lines", "euro", [1]), ("lines", "count", [])]
)
def test_what_cannot_be_drawn_is_refused(kind: str, unit: str, values: list[int]) -> None:
    with pytest.raises(ValueError, match=r"no chart|0 values for 1 places"):
        chart(kind, "x", [2020], [{"label": "a", "values": values}], lang="en", unit=unit)


def test_the_libraries_are_those_that_are_written_down() -> None:
    vendor = SITE / "static" / "vendor"
    listed = re.findall(
        r"^\| `(\S+)` \| (\S+) \| ([\d.]+) \| .*?`(\S+LICENSE)` \| `([0-9a-f]{64})` \|$",
        (vendor / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert {name for name, *_ in listed} == {path.name for path in vendor.glob("*.js")}
    for name, _, version, licence, digest in listed:
        content = (vendor / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name
        assert f"v{version} ".encode() in content[:200]
        assert b"Permission to use, copy, modify" in (vendor / licence).read_bytes()


def test_the_page_loads_the_libraries_from_the_site(get) -> None:
    sources = [each.get("src") for each in tree(get, "/-/division/230800").iter("script") if each.get("src")]
    assert sources
    for source in sources:
        assert source.startswith("/nianbao-static/")
        assert get(source).status_code == 200
