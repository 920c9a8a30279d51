"""The questions on the site: their words, what they can be narrowed by, their charts, tables and links."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from datasette.utils import tilde_encode

from pipelines import divisions, forms
from pipelines.records import Dates, Division
from storage import findings
from storage.reference import write_reference
from storage.site.labels import FormLabels, Labels, form_labels
from storage.site.language import LANGUAGES, words
from storage.site.questions import SHOWN_ROWS, Asked, query_title, questions, read_questions
from storage.site.server import descriptions
from storage.summaries import RATES
from tests.storage.conftest import World
from tests.storage.sites import Get, opened
from tests.storage.test_crosschecks import GOVERNMENT, department, keep, put

ROOT = Path(__file__).resolve().parents[2]
QUERIES = descriptions()["queries"]
TWENTY = [name for name in QUERIES if re.match(r"q\d\d_", name)]
OFFICE = "发展和改革委员会"
COUNTY = replace(
    GOVERNMENT, id="230805-gov", name="东风区人民政府", level="county", division_code="230805", body="区政府"
)


def total(**rows: int) -> dict[str, str | None]:
    return {f"applications/{row}/total": str(value) for row, value in rows.items()}


def busy(world: World, body: Any, year: int, cells: dict[str, str | None], **changes: Any) -> None:
    report = replace(world.dongfeng(), agency=body, year=year, **{"scope": "own_organ", **changes})
    keep(world, put(report, cells))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two departments and a county's government over three years, with the forms' own labels."""
    made = World(tmp_path_factory.mktemp("questions"))
    cells, derived = forms.layout()
    write_reference(
        made.db,
        divisions=[
            Division(code="230000", name="黑龙江省", kind="province", parent_code=None),
            Division(code="230800", name="佳木斯市", kind="prefecture-level city", parent_code="230000"),
            Division(code="230805", name="东风区", kind="district", parent_code="230800"),
            Division(code="231000", name="牡丹江市", kind="prefecture-level city", parent_code="230000"),
        ],
        form_cells=cells,
        derived=derived,
    )
    for year, disclosed, handled in ((2022, 10, 40), (2023, 20, 29), (2024, 30, 50)):
        cells_of_year = total(processed_total=handled, disclosed_full=disclosed, received_new=handled)
        cells_of_year |= {
            "review_litigation/reconsideration/total": "40",
            "review_litigation/reconsideration/corrected": "4",
            "proactive/administrative_penalty/decisions": str(1000 + year),
        }
        busy(made, department(OFFICE), year, cells_of_year)
    busy(made, department("教育局"), 2022, total(processed_total=60, disclosed_full=30, carried_out=3))
    late = Dates(printed_on="2024-02-10", due_on="2024-01-31", late_confidence="high")
    busy(
        made,
        department("教育局"),
        2023,
        {**total(carried_in=5), "applications/processed_total/total": None},
        published_on="2024-02-10",
        dates=late,
    )
    busy(made, COUNTY, 2022, total(processed_total=100, disclosed_full=7))
    busy(made, COUNTY, 2023, total(processed_total=100, disclosed_full=9))
    findings.refresh(made.db)
    yield made
    made.close()


@pytest.fixture(scope="module")
def get(place: World) -> Iterator[Get]:
    with opened(place.path) as fetched:
        yield fetched


def tree(get: Get, path: str, lang: str = "en") -> Any:
    answer = get(path, cookie=f"nb_lang={lang}")
    assert answer.status_code == 200, path
    return lxml.html.fromstring(answer.text)


def said(element: Any) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


def table(page: Any) -> list[list[str]]:
    return [[said(cell) for cell in row] for row in page.cssselect("table.nb-answer tr")]


def drawn(page: Any) -> dict[str, Any]:
    (script,) = page.cssselect('figure.nb-chart script[type="application/json"]')
    made: dict[str, Any] = json.loads(script.text)
    return made


# ---- What is there


def test_every_query_is_described_and_in_a_group() -> None:
    assert set(questions().queries) == set(QUERIES)
    assert list(range(1, 21)) == sorted(each.number for each in questions().queries.values() if each.number)
    for name in QUERIES:
        for part in ("title", "asks", "counts"):
            assert re.search(r"[\u4e00-\u9fff]", words().text("zh", f"query.{name}.{part}"))
            assert words().knows(f"query.{name}.{part}")
    for key, _ in questions().groups:
        assert words().knows(f"questions.group.{key}")


def test_titles_are_those_that_datasette_knows() -> None:
    for name in TWENTY:
        assert QUERIES[name]["title"].endswith(f" {query_title('zh', name)}"), name
        assert QUERIES[name]["title"].startswith(f"{int(name[1:3])}. ")


def test_the_page_says_what_the_query_has(place) -> None:
    there = {row[0] for row in place.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    for name, question in questions().queries.items():
        parameters = set(re.findall(r":([a-z_]+)", QUERIES[name]["sql"]))
        assert set(question.parameters) == parameters, name
        assert set(question.behind) <= there
        cursor = place.db.conn.execute(QUERIES[name]["sql"], defaultdict(str))
        columns = {column[0] for column in cursor.description}
        assert question.hidden <= columns, name
        drawing = question.drawing
        if drawing and not drawing.of_coverage:
            named = {drawing.x, drawing.y, *drawing.within, drawing.series} - {None, "group"}
            assert named <= columns, name
            assert not drawing.within or drawing.weight in {*columns, "latest"}
            assert drawing.needs in {None, *parameters}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_column_of_an_answer_has_a_name(place, lang: str) -> None:
    labels = Labels(lang, form_labels(*forms.layout()))
    for name, query in QUERIES.items():
        for column, *_ in place.db.conn.execute(query["sql"], defaultdict(str)).description:
            label = labels.column_words(name, column)
            assert label, f"{name}.{column}"
            assert bool(re.search(r"[\u4e00-\u9fff]", label)) == (lang == "zh"), f"{name}.{column}: {label}"


def test_every_share_and_series_has_words() -> None:
    assert [name for name in RATES if not words().knows(f"rate.{name}")] == []
    for name in set(re.findall(r"'((?:from|to) \d{4})'", str(QUERIES))) | {
        "from 2019",
        "to 2023",
        "from 2024",
    }:
        assert words().knows(f"series.{name}")
    sql = (ROOT / "storage" / "views" / "reports_not_owed.sql").read_text("utf-8")
    kinds = {key.removeprefix("agency_type.") for key in words().entries if key.startswith("agency_type.")}
    owing = set(re.findall(r"'(\w+)'", sql.partition(") THEN")[0]))
    reasons = {f"{kind}_owes_none" for kind in kinds - owing}
    reasons |= set(re.findall(r"(?:THEN|ELSE) '(\w+)'", sql))
    assert {
        key.removeprefix("not_owed.") for key in words().entries if key.startswith("not_owed.")
    } == reasons
    for pick in {pick for question in questions().queries.values() for pick in question.picks}:
        assert words().knows(f"pick.{pick.parameter}")
        assert all(words().knows(f"{pick.words}.{code}") for code in pick.codes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("groups = []\nextra = 1\n[picks]\n[queries]", "questions.toml: unknown key extra"),
        ("groups = []\n[picks]\n[queries.a]", "a: must be described once and stand in one group"),
        ('[[groups]]\nkey = "g"\nqueries = ["a"]\n[picks]\n[queries]', "a: must be described once"),
        ("groups = []\n[picks]\n[queries.a]\nx = 1", "queries.a: unknown key x"),
        ('groups = []\n[picks]\n[queries.a]\npicks = ["y"]', "queries.a: there is no pick y"),
        ("groups = []\n[picks.y]\nx = 1\n[queries]", "picks.y: unknown key x"),
        ("groups = []\n[picks]\n[queries.a]\nchart = { z = 1 }", "queries.a.chart: unknown key z"),
        ('groups = []\n[picks]\n[queries.a]\nchart = { from = "x" }', "from is .coverage. and stands alone"),
    ],
)
def test_a_slip_in_the_questions_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_questions(text)


# ---- The page of all questions


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_questions_are_on_one_page(get, lang: str) -> None:
    page = tree(get, "/-/questions", lang)
    links = page.cssselect(".nb-asks a")
    assert {a.get("href") for a in links} == {f"/nianbao/{name}" for name in QUERIES}
    assert all(said(a) == query_title(lang, a.get("href").rpartition("/")[2]) for a in links)
    text = said(page.cssselect("main")[0])
    assert words().text(lang, "query.q20_always_zero.asks") in text
    assert words().text(lang, "questions.rule_thirty") in text
    (here,) = page.cssselect('.nb-nav a[aria-current="page"]')
    assert here.get("href") == "/-/questions"


def test_the_list_of_questions_is_data_too(get) -> None:
    groups = get("/-/questions.json", cookie="nb_lang=zh").json()["groups"]
    rows = list(csv.DictReader(io.StringIO(get("/-/questions.csv", cookie="nb_lang=zh").text)))
    assert [row["name"] for row in rows] == [each["name"] for group in groups for each in group["queries"]]
    assert rows[0]["title"] == "予以公开率"
    assert get("/-/questions.xml").status_code == 404


def test_the_page_of_the_database_lists_them_in_the_language_of_the_reader(get) -> None:
    for lang in LANGUAGES:
        listed = tree(get, "/nianbao", lang).cssselect(".nb-query-list a")
        assert [said(a) for a in listed] == [
            query_title(lang, a.get("href").rpartition("/")[2]) for a in listed
        ]
        assert len(listed) == len(QUERIES)


# ---- The page of one question


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_question_has_its_page(get, name: str, lang: str) -> None:
    page = tree(get, f"/nianbao/{name}", lang)
    assert said(page.cssselect("h1")[0]) == words().text(lang, f"query.{name}.title")
    text = said(page.cssselect("main")[0])
    for part in ("asks", "counts"):
        assert words().text(lang, f"query.{name}.{part}") in text
    assert len(page.cssselect("h1")) == 1
    for head in page.cssselect("table.nb-answer th"):
        assert "_" not in said(head)
        assert head.get("scope") == "col"
    # Codes are shown as words: what is left with an underscore is a name of a table, or SQL.
    for cell in page.cssselect("table.nb-answer td"):
        assert not re.fullmatch(r"[a-z]+(?:_[a-z]+)+", said(cell)), f"{name}: {said(cell)}"
    folded = page.cssselect("details.nb-sql-folded")
    assert folded[0].get("open") is None
    assert QUERIES[name]["sql"].strip() in folded[0].cssselect("pre")[0].text_content()
    edit = get(folded[0].cssselect("a")[0].get("href"), cookie=f"nb_lang={lang}")
    assert 'id="sql-editor"' in edit.text


def test_an_answer_is_what_the_query_says(get) -> None:
    rows = get("/nianbao/q01_full_disclosure.json?_shape=array").json()
    page = tree(get, "/nianbao/q01_full_disclosure")
    head, *body = table(page)
    assert head == [
        "Year", "Series", "Scope", "Level", "Kind of body", "Reports", "Full disclosures", "Handled", "Share",
        "Reports that do not add up",
    ]  # fmt: skip
    assert [(int(row[0]), int(row[6]), int(row[7])) for row in body] == [
        (row["year"], row["numerator"], row["denominator"]) for row in rows
    ]
    by_year = {row[0]: row for row in body if row[4] == "department"}
    assert by_year["2022"][6:9] == ["40", "100", "40.0%"]
    # 29 requests are too few for a share, and are shown all the same.
    assert by_year["2023"][6:9] == ["20", "29", "<30"]
    assert by_year["2024"][2:4] == ["own organ", "prefecture-level"]
    assert table(tree(get, "/nianbao/q01_full_disclosure", "zh"))[1][2:5] == ["机关本级", "县级", "人民政府"]


def test_the_chart_is_drawn_from_the_rows(get) -> None:
    rows = get("/nianbao/q01_full_disclosure.json?_shape=array").json()
    made = drawn(tree(get, "/nianbao/q01_full_disclosure"))
    assert (made["kind"], made["unit"], made["x"]) == ("lines", "share", [2022, 2023, 2024])
    assert [each["label"] for each in made["series"]] == [
        "prefecture-level departments, own organ",
        "county-level governments, own organ",
    ]
    assert (
        made["series"][0]["values"]
        == [row["share"] for row in rows if row["agency_type"] == "department"]
        == [0.4, None, 0.6]
    )
    assert made["series"][0]["notes"][0] == "40 / 100 · 2 reports"
    assert made["series"][1]["values"] == [0.07, 0.09, None]


def test_series_are_cut_where_they_break(get) -> None:
    made = drawn(tree(get, "/nianbao/q10_reconsideration", "zh"))
    assert [each["at"] for each in made["breaks"] if each["cuts"]] == [2024]
    assert made["title"] == "行政复议纠错率：市级政府部门（机关本级）"
    assert {each["label"] for each in made["series"]} == {"行政复议纠错，占全部", "行政复议纠错，占审结"}


def test_one_year_is_drawn_as_bars(get) -> None:
    made = drawn(tree(get, "/nianbao/q01_full_disclosure?year=2022"))
    assert (made["kind"], made["horizontal"]) == ("bars", True)
    assert dict(zip(made["x"], made["series"][0]["values"], strict=True)) == {
        "prefecture-level departments, own organ": 0.4,
        "county-level governments, own organ": 0.07,
    }


def test_decisions_are_drawn_of_one_division(get) -> None:
    assert tree(get, "/nianbao/q19_decisions").cssselect("figure") == []
    assert words().text("en", "questions.chart_needs") in get("/nianbao/q19_decisions").text
    made = drawn(tree(get, "/nianbao/q19_decisions?division=230800&kind=administrative_penalty"))
    assert made["series"][0]["label"] == "penalties"
    assert made["series"][0]["values"][-1] == 3024
    assert made["title"].endswith(": 佳木斯市, own organ, department")


# ---- Narrowing it down


def test_lists_to_pick_from_are_of_what_is_there(get) -> None:
    page = tree(get, "/nianbao/q19_decisions")
    offered = {
        select.get("name"): [option.get("value") for option in select] for select in page.cssselect("select")
    }
    assert offered["year"] == ["", "2024", "2023", "2022"]
    assert offered["division"] == ["", "230000", "230800"]
    assert offered["agency_type"] == ["", "department", "government"]
    (owed,) = tree(get, "/nianbao/q13_missing_and_late").cssselect('select[name="year"]')
    assert len(owed) > len(offered["year"])
    assert all(page.cssselect(f'label[for="{select.get("id")}"]') for select in page.cssselect("select"))


@pytest.mark.parametrize(
    ("asked", "years", "kinds"),
    [
        ("", {2022, 2023, 2024}, {"department", "government"}),
        ("?year=2022", {2022}, {"department", "government"}),
        ("?year=2022&level=county", {2022}, {"government"}),
        ("?agency_type=department&scope=own_organ&year=", {2022, 2023, 2024}, {"department"}),
        ("?scope=whole_area", set(), set()),
    ],
)
def test_answers_are_narrowed(get, asked: str, years: set[int], kinds: set[str]) -> None:
    path = f"/nianbao/q01_full_disclosure{asked}"
    rows = get(
        path.replace("disclosure?", "disclosure.json?", 1) + ("&" if asked else ".json?") + "_shape=array"
    )
    assert {row["year"] for row in rows.json()} == years
    assert {row["agency_type"] for row in rows.json()} == kinds
    page = tree(get, path)
    assert len(table(page)) == (1 + len(rows.json()) if rows.json() else 0)
    chosen = {option.getparent().get("name") for option in page.cssselect("option[selected]")}
    assert chosen == {part.partition("=")[0] for part in asked[1:].split("&") if part[-1:] not in ("", "=")}
    if not years:
        assert words().text("en", "questions.no_rows_narrowed") in said(page)


def test_a_division_stands_for_all_below_it(get) -> None:
    def places(asked: str) -> set[str]:
        rows = get(f"/nianbao/q19_decisions.json?_shape=array&division={asked}").json()
        return {row["division_code"] for row in rows}

    assert places("") == places("230000") == places("230800") == {"230800", "230805"}
    assert places("230805") == {"230805"}
    assert places("231000") == set()
    # A county is in no list, but it is one where its page leads here with it.
    page = tree(get, "/nianbao/q19_decisions?division=230805")
    assert said(page.cssselect("option[selected]")[0]) == "东风区"
    assert page.cssselect('.nb-note[role="status"]') == []


@pytest.mark.parametrize(
    "name", [name for name, each in questions().queries.items() if "division" in each.parameters]
)
def test_a_division_that_there_is_not_is_told(get, name: str) -> None:
    page = tree(get, f"/nianbao/{name}?division=999999")
    assert said(page.cssselect('.nb-note[role="status"]')[0]) == (
        "There is no division with the code “999999”, so nothing fits."
    )
    for path in (f"/nianbao/{name}.json?", f"/nianbao/{name}.csv?", f"/nianbao/{name}?_format=json&"):
        refused = get(f"{path}division=999999&_lang=en")
        assert refused.status_code == 400
        assert "division=999999: there is no division with this code" in refused.text
        # One of which there is nothing to tell has no rows, and that is all there is to say.
        assert get(f"{path}division=231000").status_code == 200


def test_a_code_that_there_is_not_is_told_in_data_too(get) -> None:
    refused = get("/nianbao/q13_missing_and_late.csv?what=gone&_lang=en")
    assert (refused.status_code, refused.text) == (400, "what=gone: must be one of missing, late")
    assert get("/nianbao/q13_missing_and_late.json?_shape=array&year=1950").json() == []


def test_a_report_that_does_not_add_up_is_led_to(world) -> None:
    cells, derived = forms.layout()
    write_reference(world.db, divisions=divisions.load(), form_cells=cells, derived=derived)
    world.store(world.reading(world.aimin(), portal="harbin"))
    findings.refresh(world.db)
    rows = world.rows("SELECT report_id, agency, rule, subject FROM failed_checks")
    assert rows
    with opened(world.path) as get:
        page = tree(get, "/nianbao/q14_what_does_not_add_up")
        links = {link.get("href") for link in page.cssselect("table.nb-answer td a")}
        assert {f"/nianbao/reports/{tilde_encode(row[0])}" for row in rows} <= links
    head, *body = table(page)
    shown = [dict(zip(head, row, strict=True)) for row in body]
    assert sorted((row["Body"], row["Rule"].split()[0]) for row in shown) == sorted(row[1:3] for row in rows)
    # What the rule speaks of and the cell that may be wrong are called by their labels.
    assert not {row["Subject"] for row in shown} & {"natural_person", "org_total"}
    assert {row["Suspect"] for row in shown} - {"–"}
    assert not any("[" in row["Suspect"] or "_" in row["Suspect"] for row in shown)


def test_the_years_of_late_reports_can_be_picked(get) -> None:
    """A union has no columns of a type, so that a year must be compared with a text."""
    for asked, found in (("year=2023&what=late", 1), ("year=2022&what=late", 0), ("confidence=high", 1)):
        rows = get(f"/nianbao/q13_missing_and_late.json?_shape=array&{asked}").json()
        assert len([row for row in rows if row["what"] == "late"]) == found
    page = tree(get, "/nianbao/q13_missing_and_late?what=late", "zh")
    row = dict(zip(*table(page)[:2], strict=True))
    assert (row["情形"], row["逾期天数"], row["原因"]) == ("迟报", "10", "–")


@pytest.mark.parametrize(
    "given",
    ["abc", "2022 or 1=1", "'; drop table reports; --", "<script>alert(1)</script>", "%00", "9" * 400],
)
@pytest.mark.parametrize("name", ["q01_full_disclosure", "q13_missing_and_late", "q19_decisions"])
def test_odd_values_get_a_sentence(get, name: str, given: str) -> None:
    for parameter in questions().queries[name].parameters:
        answer = get(f"/nianbao/{name}?{parameter}={given.replace(';', '%3B').replace('<', '%3C')}")
        assert answer.status_code == 200
        page = lxml.html.fromstring(answer.text)
        told = "is not among the choices" if parameter != "division" else "There is no division with the code"
        assert told in said(page.cssselect('.nb-note[role="status"]')[0])
        assert table(page) == []
        assert "<script>alert" not in answer.text


def test_a_limit_that_is_no_number_is_no_event(get, capfd) -> None:
    for path in ("/nianbao/q01_full_disclosure", "/nianbao/q01_full_disclosure.json", "/nianbao/reports"):
        answer = get(f"{path}?_timelimit=abc", cookie="nb_lang=zh")
        assert answer.status_code == 400
        assert "_timelimit 必须是整数" in (answer.json()["error"] if ".json" in path else answer.text)
    assert "Traceback" not in capfd.readouterr().err


def test_a_word_of_a_name_may_be_written(get) -> None:
    page = tree(get, "/nianbao/reports_of_an_agency?name=教育")
    assert [row[:2] for row in table(page)[1:]] == [["佳木斯市教育局", "2022"], ["佳木斯市教育局", "2023"]]
    assert page.cssselect("#pick-name")[0].get("value") == "教育"


# ---- Links and long answers


def test_rows_lead_to_reports_bodies_and_divisions(get) -> None:
    page = tree(get, "/nianbao/q15_carry_over")
    links = {a.get("href") for a in page.cssselect("table.nb-answer a")}
    office = department("教育局").id
    reports = {a for a in links if a.startswith("/nianbao/reports/")}
    assert len(reports) == 2
    for link in links:
        assert get(link).status_code == 200, link
    assert "/-/division/230800" in links
    row = dict(zip(*table(page)[:2], strict=True))
    assert (row["Body"], row["Division"]) == ("佳木斯市教育局", "佳木斯市")
    assert (row["Carried forward"], row["Carried in"], row["Column of the form"]) == ("3", "5", "total")
    assert office


def asked_of(name: str, **changes: Any) -> Asked:
    empty: dict[Any, Any] = {}
    return Asked(
        **{
            "question": questions().queries[name],
            "given": {},
            "lang": "en",
            "labels": Labels("en", FormLabels(empty, empty, empty)),
            **changes,
        }
    )


def shares(n: int) -> list[dict[str, Any]]:
    kinds = ("department", "government", "township", "university", "other")
    return [
        {
            "year": 2000 + number // 5,
            "scope": "own_organ",
            "level": "county",
            "agency_type": kinds[number % 5],
            "agencies": 10 - number % 5,
            "numerator": 1,
            "denominator": 100,
            "share": 0.01,
        }
        for number in range(n)
    ]


def test_a_long_answer_is_shown_in_part_and_says_so() -> None:
    rows = shares(SHOWN_ROWS + 50)
    answer = asked_of("q01_full_disclosure").answer(rows, truncated=False)
    assert (answer["n"], len(answer["rows"])) == (SHOWN_ROWS + 50, SHOWN_ROWS)
    assert len(asked_of("q01_full_disclosure", all_rows=True).answer(rows, truncated=False)["rows"]) == len(
        rows
    )


def test_of_many_groups_the_largest_are_drawn_and_the_page_says_so() -> None:
    answer = asked_of("q01_full_disclosure").answer(shares(20), truncated=False)
    assert [each["label"].split(",")[0] for each in answer["chart"]["series"]] == [
        "county-level departments",
        "county-level governments",
        "county-level townships and subdistricts",
        "county-level universities",
    ]
    assert answer["note"] == words().text("en", "questions.chart_most", n=4)


def test_an_answer_that_was_cut_off_is_not_drawn() -> None:
    answer = asked_of("q01_full_disclosure").answer(shares(20), truncated=True)
    assert answer["chart"] is None
    assert answer["note"] == words().text("en", "questions.chart_truncated")


def test_rows_that_fall_together_are_not_drawn_over_each_other() -> None:
    answer = asked_of("q01_full_disclosure").answer([*shares(10), *shares(10)], truncated=False)
    assert answer["chart"] is None


def test_nothing_but_small_numbers_is_not_drawn() -> None:
    rows = [{**row, "denominator": 9, "share": None} for row in shares(10)]
    answer = asked_of("q01_full_disclosure").answer(rows, truncated=False)
    assert answer["chart"] is None
    assert answer["note"] == words().text("en", "questions.chart_none")


def test_only_addresses_of_the_web_become_links() -> None:
    row = {"agency": "x", "year": 2022, "source_url": "javascript:alert(1)"}
    answer = asked_of("q16_prose").answer([row, {**row, "source_url": "http://a.gov.cn/1"}], truncated=False)
    assert [cells[2].get("href") for cells in answer["rows"]] == [None, "http://a.gov.cn/1"]
    broken = asked_of("q16_prose").answer([{**row, "source_url": "http://[a"}], truncated=False)
    assert broken["rows"][0][2] == {"text": "http://[a"}


# ---- SQL of one's own


def test_sql_of_ones_own_is_answered_in_the_language_of_the_reader(get) -> None:
    page = tree(
        get,
        "/nianbao?sql=select+year%2C+count(*)+as+n+from+reports+where+year+>+:from+group+by+year&from=2022",
        "zh",
    )
    assert said(page.cssselect("h1")[0]) == "SQL 查询"
    assert table(page) == [["year", "n"], ["2023", "3"], ["2024", "1"]]
    assert page.cssselect('input[name="from"]')[0].get("value") == "2022"
    wrong = get("/nianbao?sql=select+1+from+nowhere", cookie="nb_lang=zh")
    assert wrong.status_code == 400
    assert "查询有误：no such table: nowhere" in wrong.text


def test_the_small_queries_behind_the_lists_are_small(place) -> None:
    """None of them reads figures, checks or reports."""
    for pick in {pick for question in questions().queries.values() for pick in question.picks if pick.sql}:
        plan = place.db.conn.execute(f"EXPLAIN QUERY PLAN {pick.sql}", {"given": ""})
        read = {word for row in plan for word in re.findall(r"(?:SCAN|SEARCH) (\w+)", row[3])}
        assert read <= {"division_years", "divisions", "year_totals", "rule_totals"}, read
