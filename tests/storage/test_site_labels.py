"""Tables, columns and codes on Datasette's own pages: every one has words in both languages."""

from __future__ import annotations

import ast
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from pipelines import forms
from storage import findings
from storage.database import StorageError
from storage.site import DATABASE
from storage.site.labels import CODES, CODES_OF, Labels, form_labels, read_shelves, shelves
from storage.site.language import LANGUAGES, words
from storage.site.server import descriptions, metadata, site
from storage.views.wide import WIDE_TABLES
from tests.storage.conftest import World
from tests.storage.sites import Get, opened

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("labels"))
    made.store(made.reading(made.dongfeng()))
    made.store(made.reading(made.aimin(), url="http://amq.example/2020", body=b"a", portal="harbin"))
    findings.refresh(made.db)
    yield made
    made.close()


@pytest.fixture(scope="module")
def get(shown: World) -> Iterator[Get]:
    with opened(shown.path) as fetched:
        yield fetched


@pytest.fixture(scope="module")
def objects(shown: World) -> dict[str, list[str]]:
    """Every table and view, with its columns."""
    names = shown.rows(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
    )
    return {name: [row[1] for row in shown.rows(f'PRAGMA table_info("{name}")')] for (name,) in names}


def labels(lang: str) -> Labels:
    """Labels with those of the real forms: the small world has codes in their place."""
    return Labels(lang, form_labels(*forms.layout()))


def said(element: Any) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_and_column_has_a_name(objects, lang: str) -> None:
    named = labels(lang)
    assert [name for name in objects if not words().knows(f"table.{name}")] == []
    nameless = {
        f"{table}.{column}"
        for table, columns in objects.items()
        if table not in WIDE_TABLES and not table.startswith("search_index")
        for column in columns
        if named.column_words(table, column) is None
    }
    assert nameless == set()


def test_the_names_are_in_their_language(objects) -> None:
    for table, columns in objects.items():
        for column in columns:
            if table in WIDE_TABLES or table.startswith("search_index"):
                continue
            zh, en = (labels(lang).column(table, column) for lang in LANGUAGES)
            assert re.search(r"[\u4e00-\u9fff]|^SHA-256$", zh), f"{table}.{column}: {zh}"
            assert not re.search(r"[\u4e00-\u9fff]", en), f"{table}.{column}: {en}"


def test_every_table_is_described_in_both_languages() -> None:
    for name, said_of in descriptions()["tables"].items():
        assert re.search(r"[\u4e00-\u9fff]", said_of.get("description_zh", "")), name


def test_every_code_that_the_tables_allow_has_words(shown) -> None:
    missing = set()
    for table, sql in shown.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
        for column, listed in re.findall(r"(\w+) (?:IS NULL OR \w+ )?IN \(([^)]*'[^)]*)\)", sql):
            group = CODES_OF.get((table, column), CODES.get(column))
            if group is None:
                continue
            for code in re.findall(r"'(\w+)'", listed):
                if not words().knows(f"{group}.{code}"):
                    missing.add(f"{group}.{code}")
    assert missing == set()


def test_every_problem_code_has_words() -> None:
    codes = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "problems.md").read_text("utf-8"), re.MULTILINE)
    assert len(codes) > 90
    known = {
        key.removeprefix("report.problem.") for key in words().entries if key.startswith("report.problem.")
    }
    assert known == set(codes)
    assert labels("zh").code("problems", "code", "http_error") == "服务器答复出错"
    # A report that was found and not read has its problem for a reason.
    assert labels("zh").code("coverage", "reason", "encrypted_document") == "文件设有密码"


def test_every_way_of_reading_has_words() -> None:
    methods = set()
    for module in (ROOT / "pipelines").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            given = node.value if isinstance(node, ast.keyword) and node.arg == "method" else None
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "method":
                given = node.value
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("METHOD", "POSITIONS"):
                given = node.value
            if isinstance(given, ast.Constant):
                methods.add(given.value)
    # lxml writes its trees by a method, too.
    methods -= {"html", "xml", "text"}
    assert {"grid", "label_order", "positions", "ocr"} <= methods
    assert [each for each in methods if not words().knows(f"place.method.{each}")] == []
    for lang in LANGUAGES:
        assert all(labels(lang).code("figures", "method", each) for each in methods)
    assert labels("zh").code("fetches", "method", "GET") == ""


def test_every_rule_has_a_sentence_for_a_failure() -> None:
    """Beside the sums of the forms, which show their two sides."""
    facts = tomllib.loads((ROOT / "pipelines" / "checks" / "rules.toml").read_text("utf-8"))
    between = tomllib.loads((ROOT / "storage" / "crosschecks.toml").read_text("utf-8"))
    rules = {*facts, *(entry["rule"] for entry in between["years"]), "A5", "Y2", "L1", "L2"}
    rules = {rule for rule in rules if re.fullmatch(r"[A-Z]\d", rule)}
    assert {"P3", "T1", "C1", "C2", "D1", "D4", "Y1", "P9", "R6"} <= rules
    rules |= {"C1_parts", "Y3_versions", "Y3_copies"}
    assert sorted(rule for rule in rules if not words().knows(f"report.fails.{rule}")) == []
    assert [rule for rule in rules if "_" not in rule and not words().knows(f"report.rule.{rule}")] == []


def test_codes_are_looked_up_where_there_are_some() -> None:
    for group in {group for group in (*CODES.values(), *CODES_OF.values()) if group}:
        assert any(key.startswith(f"{group}.") for key in words().entries), group


def test_rows_and_columns_of_the_forms_have_their_labels() -> None:
    zh, en = labels("zh"), labels("en")
    row = {"table_code": "review_litigation"}
    assert zh.code("figures", "column_code", "total", row) == "总计"
    assert zh.code("figures", "row_code", "disclosed_full", {"table_code": "applications"}).endswith(
        "予以公开"
    )
    assert (
        en.code("figures", "row_code", "disclosed_full", {"table_code": "applications"}) == "full disclosure"
    )
    assert "国家秘密" in zh.column("measures", "denied_state_secret")
    assert en.column("applications", "received_new__total") == "new applications · total"
    assert zh.column("year_totals", "denied_total_reports") == "不予公开：报告份数"
    assert en.column("year_totals", "mix_full") == "Outcomes: full disclosure"
    assert en.column("reports", "a_column_of_tomorrow") == "a_column_of_tomorrow"
    assert en.code("reports", "agency_type", "a_kind_of_tomorrow") == ""
    assert en.code("reports", "agency_type", None) == ""
    assert zh.code("fetches", "status", "number") == ""
    assert zh.code("portals", "state", "blocked") == "拒绝访问"


def test_what_stands_on_the_shelves_is_there(objects) -> None:
    tables = [{"name": name, "count": 1} for name in objects]
    sorted_ = shelves(tables, [])
    there = sorted(set(objects) - {"search_index"})
    assert sorted(entry["name"] for shelf in sorted_ for entry in shelf["entries"]) == there
    assert [shelf["key"] for shelf in sorted_][-1] == "other"
    assert all(words().knows(f"shelf.{shelf['key']}") for shelf in sorted_)
    listed = {name for shelf in sorted_[:-1] for name in (entry["name"] for entry in shelf["entries"])}
    assert {"reports", "coverage", "failed_checks", "year_totals", "fetches", "form_cells"} <= listed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[shelf]]\nkey = "a"\ntables = ["x"]\ncolour = 1', "a: a shelf has key and tables"),
        ('[[shelf]]\nkey = "a"\ntables = ["x"]\n[[shelf]]\nkey = "b"\ntables = ["x"]', "x stands on two"),
    ],
)
def test_a_slip_in_the_shelves_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_shelves(text)


# ---- Pages


def test_every_table_that_the_page_of_the_database_names_has_a_page(get) -> None:
    links = [
        link.get("href") for link in lxml.html.fromstring(get("/nianbao").text).cssselect(".nb-shelf th a")
    ]
    assert {"/nianbao/figures", "/nianbao/search_reports"} <= set(links)
    assert {link: get(f"{link}?_size=1").status_code for link in links} == dict.fromkeys(links, 200)


def test_the_page_of_the_database_says_what_there_is(get, shown) -> None:
    page = lxml.html.fromstring(get("/nianbao", cookie="nb_lang=zh").text)
    rows = {
        row.cssselect("code")[0].text: [said(cell) for cell in row.cssselect("td")]
        for row in page.cssselect(".nb-shelf tbody tr")
    }
    assert rows["figures"][1] == f"{shown.one('SELECT count(*) FROM figures'):,}"
    assert rows["failed_checks"][1] == "视图"
    described = set(descriptions()["tables"]) & set(rows)
    assert [name for name in described if not re.search(r"[\u4e00-\u9fff]", rows[name][0])] == []
    assert not re.findall(r"\b(?:rows?|Queries|Tables|Views|hidden)\b", said(page.cssselect("main")[0]))


@pytest.mark.parametrize(
    "path", ["/nianbao/reports", "/nianbao/figures?_facet=status&row_code=x", "/nianbao/coverage"]
)
def test_a_table_is_in_the_language_of_the_reader(get, path: str) -> None:
    zh = lxml.html.fromstring(get(path, cookie="nb_lang=zh").text)
    en = lxml.html.fromstring(get(path, cookie="nb_lang=en").text)
    table = path.split("/")[2].partition("?")[0]
    assert said(zh.cssselect("h1")[0]).startswith(words().text("zh", f"table.{table}"))
    assert said(en.cssselect("h1")[0]).startswith(words().text("en", f"table.{table}"))
    for page, lang in ((zh, "zh"), (en, "en")):
        heads = page.cssselect("table.nb-data thead th")
        for head in heads:
            code = head.cssselect("code")
            if code:
                assert said(head).startswith(labels(lang).column(table, code[0].text))
    text = said(zh.cssselect("main")[0])
    assert not re.findall(r"\b(?:Apply|Next page|This data as|Sort|facet|descending|column)\b", text)


def test_codes_have_their_words_beside_them(get) -> None:
    page = lxml.html.fromstring(get("/nianbao/reports", cookie="nb_lang=zh").text)
    cells = {said(cell) for cell in page.cssselect("td.col-agency_type, td.col-agency-type")}
    assert cells == {"government 人民政府"}
    facets = said(page.cssselect(".nb-facets")[0])
    assert "government 人民政府 2" in facets


def test_the_filter_filters(get, shown) -> None:
    page = get("/nianbao/reports?_filter_column=year&_filter_op=exact&_filter_value=2020", method="GET")
    assert page.status_code == 302
    narrowed = lxml.html.fromstring(get(page.headers["location"]).text)
    assert len(narrowed.cssselect("table.nb-data tbody tr")) == 1
    assert narrowed.cssselect('select[name="_filter_column_1"] option[selected]')[0].get("value") == "year"
    assert said(narrowed.cssselect("#rows")[0]).startswith("1 row")


def test_columns_can_be_sorted_and_made_facets_without_a_script(get) -> None:
    page = lxml.html.fromstring(get("/nianbao/reports").text)
    link = next(a for a in page.cssselect("table.nb-data thead a") if said(a).startswith("Year"))
    sorted_ = lxml.html.fromstring(get(link.get("href")).text)
    (head,) = sorted_.cssselect("th[aria-sort]")
    assert head.get("aria-sort") == "ascending"
    (facet,) = [a for a in page.cssselect(".nb-columns-said a") if a.get("href").endswith("_facet=scope")]
    assert "scope" in said(lxml.html.fromstring(get(facet.get("href")).text).cssselect(".nb-facets")[0])


def test_a_row_is_told_by_its_labels(get) -> None:
    page = lxml.html.fromstring(get("/nianbao/portals/harbin", cookie="nb_lang=zh").text)
    rows = {
        row.cssselect("code")[0].text: said(row.cssselect("td")[0])
        for row in page.cssselect(".nb-one tbody tr")
    }
    assert rows["state"] == "ok 正常"
    assert rows["name"] == "哈尔滨市人民政府"
    assert page.cssselect("h2") == [] or said(page.cssselect("h2")[0]) == "其他表中指向此行的"


def test_a_database_of_an_older_version_is_refused(shown, tmp_path) -> None:
    older = tmp_path / "older.db"
    shown.db.conn.commit()
    with sqlite3.connect(older) as copy:
        shown.db.conn.backup(copy)
        copy.execute("DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)")
    copy.close()
    with pytest.raises(StorageError, match=r"older\.db: was written by an older version.*scrapy reextract"):
        site(older)


def test_the_words_for_datasette_are_the_same(shown) -> None:
    tables = metadata(shown.path)["databases"][DATABASE]["tables"]
    assert tables["reports"]["description"] == descriptions()["tables"]["reports"]["description"]


def test_bodies_divisions_and_reports_lead_to_their_pages(get) -> None:
    def links(path: str, column: str) -> set[str]:
        page = lxml.html.fromstring(get(path).text)
        return {a.get("href") for cell in page.cssselect(f"td.{column}") for a in cell.cssselect("a")}

    assert links("/nianbao/reports", "col-division_code") == {"/-/division/230805", "/-/division/231004"}
    assert links("/nianbao/reports", "col-agency") == {"/-/agency/230805-dfq", "/-/agency/231004-amq"}
    assert "/nianbao/reports/231004-amq-2020" in links("/nianbao/failed_checks", "col-report_id")
    # Where the table itself points at reports Datasette links them, by their titles.
    assert "/nianbao/reports/231004-amq-2020" in links("/nianbao/checks", "col-report_id")
    asked = "/nianbao?sql=select+agency_id%2C+agency%2C+division_code+from+reports"
    answer = lxml.html.fromstring(get(asked).text)
    assert "/-/agency/230805-dfq" in {a.get("href") for a in answer.cssselect("td a")}
    assert get("/nianbao/agencies/230805-dfq").text.count('href="/-/agency/230805-dfq"') == 1
