"""The search page and the search box of tables, as a reader meets them."""

from __future__ import annotations

import csv
import html
import io
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring

from pipelines.records import Report, Section
from storage import findings
from storage.folding import phrases
from storage.site import excerpts, finder
from tests.storage.conftest import World
from tests.storage.sites import Get, opened

DONGFENG, AIMIN = "230805-dfq-", "231004-amq-"
PUBLIC = "本报告根据《中华人民共和国政府信息公开条例》编制。"


def chapters(report: Report, year: int, *texts: str) -> Report:
    """The report of another year with these chapters; the fourth is headed as the form prescribes."""
    headings = ("", "一、总体情况", "二、主动公开", "三、申请", "四、政府信息公开行政复议、行政诉讼情况")
    return replace(
        report,
        year=year,
        title=report.title.replace(str(report.year), str(year)),
        sections=tuple(
            Section(number=number, heading=heading, text=text)
            for number, (heading, text) in enumerate(zip(headings, texts, strict=False))
        ),
    )


def six_reports(world: World) -> World:
    """Three years each of a district in 佳木斯 and of one in 牡丹江."""
    made = [
        chapters(world.dongfeng(), 2019, PUBLIC, "发生行政诉讼1件，败诉。", "", "", "无。"),
        chapters(world.dongfeng(), 2020, PUBLIC, "宣传敖包项目，公开\n透明。", "", "", "无。"),
        chapters(
            world.dongfeng(), 2021, PUBLIC, "<script>alert(1)</script>公开<b>流程</b>。", "", "", "无。"
        ),
        chapters(world.aimin(), 2019, "", "政府。公开目录17号；公开栏117号。"),
        chapters(world.aimin(), 2020, "", "訴訟意識有待加強。ＡＰＰ上线。"),
        chapters(world.aimin(), 2021, "", "公开、复议、行政诉讼都没有。" * 40),
    ]
    for report in made:
        url = f"http://example.test/{report.agency.id}/{report.year}"
        world.store(world.reading(report, url=url, body=url.encode()))
    findings.refresh(world.db)
    return world


@pytest.fixture(scope="module")
def get(tmp_path_factory) -> Iterator[Get]:
    """The site over six reports, which no test changes."""
    world = six_reports(World(tmp_path_factory.mktemp("search")))
    world.close()
    with opened(world.path) as fetched:
        yield fetched


@pytest.fixture
def filled(world) -> World:
    return six_reports(world)


def address(query: str, form: str = "", **more: str) -> str:
    return f"/-/search{form}?q={quote(query)}" + "".join(
        f"&{name}={quote(text)}" for name, text in more.items()
    )


def found(get: Get, query: str, **more: str) -> list[str]:
    """Reports in the order of the page."""
    answer = get(address(query, ".json", **more))
    assert answer.status_code == 200, answer.text
    return [result["id"] for result in answer.json()["results"]]


def page(get: Get, query: str, **more: str) -> dict[str, Any]:
    data: dict[str, Any] = get(address(query, ".json", **more)).json()
    return data


@pytest.mark.parametrize(
    ("query", "reports"),
    [
        ("敖包", [f"{DONGFENG}2020"]),
        ("败", [f"{DONGFENG}2019"]),
        ("政府公开", []),
        ("公开透明", [f"{DONGFENG}2020"]),
        ("公开、复议", [f"{AIMIN}2021"]),
        ("公开复议", []),
        ("17号", [f"{AIMIN}2019"]),
        ("117", [f"{AIMIN}2019"]),
        ("app", [f"{AIMIN}2020"]),
        ("诉讼意识", [f"{AIMIN}2020"]),
        ("敖包 透明", [f"{DONGFENG}2020"]),
        ("敖包 败诉", []),
        ("敖包 、", [f"{DONGFENG}2020"]),
        ("诉讼*", []),
        ("诉 OR 讼", []),
        ("%", []),
        ("_", []),
        ("<b>流程</b>", [f"{DONGFENG}2021"]),
        ("姑娘", []),
    ],
)
def test_what_is_found_is_what_the_texts_hold(get, query: str, reports: list[str]) -> None:
    assert found(get, query) == reports


def test_reports_with_the_word_in_their_text_come_first(get) -> None:
    data = page(get, "诉讼")
    assert [result["id"] for result in data["results"]] == [
        f"{AIMIN}2021",
        f"{AIMIN}2020",
        f"{DONGFENG}2019",
        # These have it in the heading of the fourth chapter alone.
        f"{DONGFENG}2021",
        f"{DONGFENG}2020",
    ]
    assert data["counts"] == {"at_least": 5, "at_most": 5, "exact": True, "in_text": 3, "unfinished": False}
    assert found(get, "诉讼", **{"in": "text"}) == [f"{AIMIN}2021", f"{AIMIN}2020", f"{DONGFENG}2019"]
    assert len(found(get, "诉讼", **{"in": "titles"})) == 3
    assert found(get, "行政诉讼", sort="oldest")[0] == f"{DONGFENG}2019"


def test_results_are_narrowed(get) -> None:
    everything = page(get, "公开")
    assert everything["facets"]["year"] == {
        "2021": 2,
        "2020": 2,
        "2019": 2,
    }
    assert everything["facets"]["division"] == {"230805": 3, "230800": 3, "230000": 3, "231004": 3}
    assert found(get, "公开", year="2020") == [f"{DONGFENG}2020", f"{AIMIN}2020"]
    assert len(found(get, "公开", year="2019-2020")) == 4
    assert len(found(get, "公开", division="230000")) == 3
    assert found(get, "公开", division="231004", year="2021") == [f"{AIMIN}2021"]
    assert len(found(get, "公开", level="county", type="government")) == 6
    assert found(get, "公开", level="province") == []
    # Each way counts what the others let through.
    narrowed = page(get, "公开", division="231004")["facets"]
    assert (narrowed["year"]["2020"], narrowed["division"]["230805"]) == (1, 3)


def places_offered(get: Get, query: str, **narrowing: str) -> list[tuple[str, str]]:
    """Label and division of each place that the page offers to narrow to."""
    root = document_fromstring(get(address(query, **narrowing)).text)
    links = root.xpath("//*[@id='facet-division']//a")
    return [
        (" ".join(link.text_content().split()), parse_qs(urlsplit(link.get("href")).query)["division"][0])
        for link in links
    ]


def test_places_are_offered_where_the_hits_stand(get) -> None:
    # All hits lie in one district: neither its province nor its city narrows anything.
    assert places_offered(get, "流程") == [("佳木斯市 › 东风区", "230805")]
    assert places_offered(get, "流程", division="230000") == [("佳木斯市 › 东风区", "230805")]
    assert places_offered(get, "流程", division="230800") == [("东风区", "230805")]
    assert places_offered(get, "流程", division="230805") == []
    # Where they divide, the level at which they do.
    assert [code for _, code in places_offered(get, "公开")] == ["230000", "231004"]


def test_names_are_offered_first(get) -> None:
    data = page(get, "东风区")
    assert [(one["name"], one["reports"]) for one in data["divisions"]["shown"]] == [("东风区", 3)]
    assert [one["name"] for one in data["bodies"]["shown"]] == ["佳木斯市东风区人民政府"]
    assert page(get, "230805")["divisions"]["shown"][0]["id"] == "230805"
    # As a report prints it.
    assert page(get, "东风区政府")["bodies"]["number"] == 1
    text = get(address("东风区")).text
    assert text.index('href="/-/division/230805"') < text.index('href="/nianbao/reports/230805-dfq-2021')


def test_excerpts_are_marked_and_report_text_is_text(get) -> None:
    text = get(address("流程")).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;公开&lt;b&gt;<mark>流程</mark>&lt;/b&gt;" in text
    assert "公开透明" in html.unescape(re.sub("<[^>]*>", "", get(address("透明")).text))
    assert f'href="/nianbao/reports/{DONGFENG}2021#chapter-2"' in text
    long = page(get, "公开、复议")["results"][0]
    assert long["matches"] == 40
    assert len(long["chapters"][0]["excerpts"]) == 2
    assert all(len("".join(part for part, _ in one)) < 120 for one in long["chapters"][0]["excerpts"])


def test_what_is_asked_for_is_escaped(get) -> None:
    text = get(address('"><script>alert(2)</script>')).text
    assert "<script>alert(2)" not in text


def test_the_table_is_to_be_had_as_csv(get) -> None:
    rows = list(csv.DictReader(io.StringIO(get(address("诉讼", ".csv")).text)))
    assert [(row["report_id"], row["chapter"]) for row in rows][:3] == [
        (f"{AIMIN}2021", "2"),
        (f"{AIMIN}2020", "2"),
        (f"{DONGFENG}2019", "2"),
    ]
    assert rows[2]["excerpt"] == "发生行政诉讼1件，败诉。"
    assert all(row["source_url"] and row["fetched_at"] for row in rows)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("year=abc", "year=abc: must be one of"),
        ("year=2022-2019", "year=2022-2019"),
        ("division=999999", "division=999999: there is no division"),
        ("level=city", "level=city"),
        ("type=x", "type=x: must be one of government"),
        ("in=x", "in=x: must be one of anywhere, text, titles"),
        ("sort=x", "sort=x"),
        ("page=0", "page=0"),
        ("page=x", "page=x"),
        ("page=9", "page=9: the last page is 1"),
        ("size=9999", "size=9999"),
        ("_lang=xx", "_lang"),
    ],
)
def test_odd_parameters_are_told(get, parameters: str, said: str) -> None:
    answer = get(f"/-/search?q={quote('公开')}&{parameters}")
    assert answer.status_code == 400
    assert said in html.unescape(answer.text)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("query", ["公" * 301, " ".join(map(str, range(20)))])
def test_what_is_too_long_is_told(get, query: str) -> None:
    assert get(address(query)).status_code == 400
    assert get(address(query, ".json")).json()["ok"] is False


def test_a_long_sentence_is_found(get) -> None:
    assert len(found(get, PUBLIC)) == 3
    assert found(get, PUBLIC.replace("条例", "办法")) == []


@pytest.mark.parametrize("query", ["", "*", "——", '""', "。", "\0", "\ud83d\ude00"])
def test_queries_without_a_word_are_answered(get, query: str) -> None:
    assert get(address(query.encode("utf-16", "surrogatepass").decode("utf-16"))).status_code == 200


def test_the_page_says_what_may_help(get) -> None:
    assert "no wildcards" in get(address("诉讼*")).text
    assert f'href="?q={quote("诉讼")}"' in get(address("诉讼*")).text
    assert "Search without narrowing" in get(address("敖包", year="2021")).text
    assert "One at a time" in get(address("敖包 败诉")).text
    assert "search in Chinese" in get(address("lawsuit")).text
    assert "没有报告含有“姑娘”" in get(address("姑娘", _lang="zh")).text


def test_the_page_is_to_be_read_aloud_and_found_by_its_title(get) -> None:
    text = get(address("诉讼")).text
    assert "<title>诉讼 · Search · nianbao</title>" in text
    assert re.search(
        r'<div id="nb-count" role="status" aria-live="polite">\s*<p[^>]*><strong>5 reports', text
    )
    assert '<html lang="zh-Hans">' in get(address("诉讼", _lang="zh")).text
    assert " on" not in re.findall(r"<[^>]+ on[a-z]+=", text)


def test_pages_follow_each_other(get) -> None:
    first, second = found(get, "公开", size="4"), found(get, "公开", size="4", page="2")
    assert len(first) == 4
    assert len(second) == 2
    assert not set(first) & set(second)
    text = get(address("公开", size="4", year="2019-2021")).text
    assert 'rel="next nofollow" href="?q=' in text
    assert "page 1 of 2" in text


def test_what_was_not_counted_is_said_to_be_so(filled, monkeypatch) -> None:
    """With no time to count, and texts looked into one by one."""
    monkeypatch.setattr(finder, "_CHUNK", 1)
    monkeypatch.setattr(finder, "COUNTING_SECONDS", -1.0)
    monkeypatch.setattr(finder, "_LOOKED_BETWEEN", 1)
    with opened(filled.path) as get:
        data = page(get, "政府信息公开", size="1")
        assert data["counts"]["exact"] is False
        assert data["counts"]["at_least"] == 2
        assert data["counts"]["at_most"] == 6
        assert set(data["facets"]["year"].values()) == {None}
        text = get(address("政府信息公开", size="1")).text
        assert "At least 2 reports" in text
        assert "at most 6" in text
        assert len(found(get, "政府信息公开", size="1", page="6")) == 1


def test_looking_that_takes_too_long_is_said_to_be_unfinished(filled, monkeypatch) -> None:
    monkeypatch.setattr(finder, "_CHUNK", 1)
    monkeypatch.setattr(finder, "SECONDS", -1.0)
    monkeypatch.setattr(finder, "_LOOKED_BETWEEN", 1)
    with opened(filled.path) as get:
        data = page(get, "公开目录17号")
        assert data["counts"]["unfinished"] is (data["results"] == [])
        data = page(get, "政府信息公开")
        assert data["counts"]["unfinished"]
        assert "may lack some" in get(address("政府信息公开")).text


def test_what_is_written_meanwhile_is_found(filled) -> None:
    with opened(filled.path) as get:
        assert found(get, "驿站") == []
        report = chapters(filled.dongfeng(), 2018, "", "新建驿站。")
        filled.begin_crawl()
        filled.store(filled.reading(report, url="http://example.test/new", body=b"new"))
        # The catalogue may be as old as twenty times what its making took.
        for _ in range(50):
            if found(get, "驿站"):
                break
            time.sleep(0.1)
        assert found(get, "驿站") == [f"{DONGFENG}2018"]


# ---- Datasette's own search box


def listed(get: Get, table: str, query: str) -> set[str]:
    answer = get(f"/nianbao/{table}.json?_shape=array&_search={quote(query)}")
    assert answer.status_code == 200, answer.text
    key = {"sections": "report_id", "reports": "id", "agencies": "id"}[table]
    return {row[key] for row in answer.json()}


@pytest.mark.parametrize(
    ("table", "query", "keys"),
    [
        ("sections", "败诉", {f"{DONGFENG}2019"}),
        ("sections", "诉讼意识", {f"{AIMIN}2020"}),
        ("sections", "政府公开", set()),
        ("sections", "公开透明", {f"{DONGFENG}2020"}),
        ("sections", "敖包", {f"{DONGFENG}2020"}),
        # In one chapter, not in one report.
        ("sections", "条例 敖包", set()),
        ("reports", "条例 敖包", {f"{DONGFENG}2020"}),
        ("reports", "公开、复议", {f"{AIMIN}2021"}),
        ("reports", "爱民区2020年", {f"{AIMIN}2020"}),
        ("reports", "诉讼*", set()),
        ("agencies", "东风区政府", {"230805-dfq"}),
        ("agencies", "爱民", {"231004-amq"}),
        ("agencies", "民", {"230805-dfq", "231004-amq"}),
    ],
)
def test_the_search_box_of_a_table_finds_chinese(get, table: str, query: str, keys: set[str]) -> None:
    assert listed(get, table, query) == keys


def test_tables_have_the_box_with_what_was_asked_in_it(get) -> None:
    text = get(f"/nianbao/sections?_search={quote('败诉')}").text
    assert re.search(r'<input[^>]*name="_search"[^>]*value="败诉"', text)
    for query in ("*", "'", '"', "a' or 1=1 --", "NEAR(", "公" * 400):
        assert get(f"/nianbao/sections?_search={quote(query)}").status_code == 200


def test_functions_for_sql(get) -> None:
    sql = (
        "select report_id from search_reports where number in"
        " (select rowid from search_index where search_index match han('败诉'))"
    )
    rows = get(f"/nianbao.json?_shape=array&sql={quote(sql)}").json()
    assert rows == [{"report_id": f"{DONGFENG}2019"}]
    sql = "select holds(null, 1) as a, holds('訴訟', '诉讼') as b"
    rows = get(f"/nianbao.json?_shape=array&sql={quote(sql)}").json()
    assert rows == [{"a": 0, "b": 1}]


def test_a_database_without_an_index_says_so(filled) -> None:
    filled.db.conn.execute("DROP TABLE search_index")
    filled.db.conn.commit()
    with opened(filled.path) as get:
        answer = get(address("公开"))
        assert answer.status_code == 503
        assert "no search index" in answer.text


# ---- Excerpts


def pieces(text: str, query: str) -> list[str]:
    """Excerpts of a chapter as text, with [ ] around what was looked for."""
    wanted = phrases(query)
    chapter = excerpts._chapter({"position": 1, "number": 1, "heading": "", "text": text}, wanted)
    assert chapter is not None
    return ["".join(f"[{part}]" if is_it else part for part, is_it in one) for one in chapter["excerpts"]]


def test_an_excerpt_is_a_sentence_where_sentences_are_short() -> None:
    text = "（甲乙丙丁。）发生诉讼一件。“其他事项。”\n都没有诉讼" + "很长" * 60 + "。"
    assert pieces(text, "一件") == ["发生诉讼[一件]。"]
    assert pieces(text, "其他") == ["“[其他]事项。”"]
    assert pieces(text, "都没有")[0].startswith("[都没有]诉讼很长")
    assert pieces(text, "都没有")[0].endswith("很长…")


def test_what_is_rare_in_a_chapter_is_shown() -> None:
    text = "公开目录。" * 30 + "败诉一件。" + "公开目录。" * 30
    assert any("[败诉]一件" in piece for piece in pieces(text, "公开 败诉"))
    assert len(pieces(text, "公开 败诉")) == 2


def test_every_place_in_an_excerpt_is_marked() -> None:
    assert pieces("公开、公开和公开栏。", "公开") == ["[公开]、[公开]和[公开]栏。"]
    assert pieces("政府公开信息。", "政府公开 公开信息") == ["[政府公开信息]。"]
    assert pieces("公\n开　的", "公开的") == ["[公开的]"]


@given(st.text("公开诉。）\n ", max_size=300), st.sampled_from(["公", "公开", "诉。", "公开 诉"]))
def test_excerpts_are_parts_of_the_text(text: str, query: str) -> None:
    wanted = phrases(query)
    if not any(phrase.is_in(text) for phrase in wanted):
        return
    found = pieces(text, query)
    assert 1 <= len(found) <= 2
    for piece in found:
        assert "[" in piece
        assert re.sub(r"[\[\]…\s]", "", piece) in re.sub(r"\s", "", text)
