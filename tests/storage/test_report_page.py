"""The page of a report: the statutory tables as the form draws them, what is said against their cells, where
it comes from. Real documents, read and stored; the page as a browser gets it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from pipelines.forms import every_form, forms
from pipelines.records import Cell
from storage import overrides
from storage.site.language import words
from storage.site.report_page import said_of_failure
from storage.site.statutory import cells_of, layouts, read_layouts
from tests.pipelines import renderings as r
from tests.pipelines import statistics_tables
from tests.storage.shelf import Shelf
from tests.storage.sites import Get, opened

F2019, F2021 = forms()["f2019"], forms()["f2021"]
RECEIVED = Cell("applications", "received_new", "total")
TABLES = ("proactive", "applications", "review_litigation")
EVIL = "<b>bold</b><script>alert(1)</script>{{ 7*7 }}"


def document(form: Any, printed: dict[Cell, str], title: str, **changed: str) -> bytes:
    text = r.official(form, printed).replace(r.TITLE, title)
    for before, after in changed.items():
        text = text.replace(before, after)
    return text.encode()


def even(form: Any) -> dict[Cell, str]:
    """Figures that add up: all of them 0."""
    return dict.fromkeys(r.distinct(form), "0")


def title(agency: str, year: int) -> str:
    return f"{agency}{year}年政府信息公开工作年度报告"


class Books:
    """Ids of reports by what they are there for."""

    def __init__(self, folder: Path) -> None:
        (folder / "overrides.toml").write_text(
            """
[[override]]
agency = "牡丹江市林业局"
year = 2021
table = "applications"
row = "received_new"
column = "total"
value = 41
said_by = "a <reader>"
date = "2026-01-31"
link = "https://example.org/why"
reason = "misprint & more"

[[override]]
agency = "牡丹江市林业局"
year = 2021
table = "proactive"
row = "administrative_penalty"
column = "decisions"
status = "blank"
said_by = "another"
date = "2026-02-01"
link = "https://example.org/why2"
""",
            "utf-8",
        )
        shelf = Shelf(folder, overrides=overrides.load(str(folder / "overrides.toml")))
        self.database, self.archive = shelf.database, shelf.archive_file
        self.id: dict[str, str] = {}
        wrong = {**even(F2021), RECEIVED: "3", Cell("applications", "received_new", "natural_person"): "3"}
        mixed = even(F2021)
        mixed |= {RECEIVED: "", Cell("applications", "received_new", "org_other"): "/"}
        mixed[Cell("proactive", "administrative_fees", "amount_wanyuan")] = "251000元"
        merged = r.official(F2019, even(F2019)).replace(r.TITLE, title("牡丹江市民政局", 2020))
        row = next(line for line in re.findall(r"<tr>.*?</tr>", merged) if "四、结转下年度" in line)
        label = row[: row.index("</td>") + 5]
        merged = merged.replace(row, f"{label}<td colspan=4>0</td><td colspan=3>5</td></tr>")
        chapter = f"<p>全年共收到政府信息公开申请4件。{EVIL.replace('<', '&lt;')}</p>"
        told = document(F2021, even(F2021), title("牡丹江市财政局", 2021)).decode()
        told = told.replace("<p>二、主动公开", f"{chapter}<p>二、主动公开")
        for name, body in {
            "even": document(F2021, even(F2021), title("牡丹江市教育局", 2021)),
            "wrong": document(F2021, wrong, title("牡丹江市教育局", 2022)),
            "mixed": document(F2021, mixed, title("牡丹江市审计局", 2021)),
            "merged": merged.encode(),
            "distinct": document(F2021, r.distinct(F2021), title("牡丹江市水务局", 2021)),
            "older": document(F2019, r.distinct(F2019), title("牡丹江市水务局", 2019)),
            "told": told.encode(),
            "corrected": document(F2021, even(F2021), title("牡丹江市林业局", 2021)),
            "2014": statistics_tables.prose(
                2014, table=statistics_tables.national(statistics_tables.FIGURES)
            ).encode(),
            "prose": statistics_tables.prose(2012).encode(),
        }.items():
            [self.id[name]] = shelf.add(body, f"http://www.mdj.example/{name}.html")
        shelf.add(
            document(F2021, even(F2021), title("牡丹江市统计局", 2021)), "http://www.mdj.example/v.html"
        )
        shelf.crawl()
        changed = document(F2021, {**even(F2021), RECEIVED: "8"}, title("牡丹江市统计局", 2021))
        [self.id["versions"]] = shelf.add(changed, "http://www.mdj.example/v.html")
        shelf.add(changed, "http://www.mdj.example/z.html")
        self.rows = lambda sql, *values: shelf.db.execute(sql, values).fetchall()
        self.figures = {
            name: {
                Cell(*row[:3]): row[3:]
                for row in self.rows(
                    "SELECT table_code, row_code, column_code, printed, status, value FROM figures"
                    " WHERE report_id = ?",
                    report,
                )
            }
            for name, report in self.id.items()
        }
        shelf.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return Books(tmp_path_factory.mktemp("books"))


@pytest.fixture(scope="module")
def get(books: Books) -> Iterator[Get]:
    with opened(books.database, archive=books.archive) as fetched:
        yield fetched


@pytest.fixture
def page(get: Get, books: Books) -> Any:
    """A function from a name and a language to the page's tree."""

    def fetched(name: str, lang: str = "zh") -> html.HtmlElement:
        answer = get(f"/nianbao/reports/{books.id[name]}?_lang={lang}")
        assert answer.status_code == 200
        return html.document_fromstring(answer.text)

    return fetched


def tables_of(root: html.HtmlElement) -> list[html.HtmlElement]:
    return root.xpath("//table[contains(@class, 'nb-kind-statutory')]")


def rectangle(table: html.HtmlElement) -> list[list[html.HtmlElement]]:
    """The cells of a table at every place that they cover; fails where they overlap or leave a hole."""
    rows: list[dict[int, html.HtmlElement]] = [{} for _ in table.iter("tr")]
    for index, row in enumerate(table.iter("tr")):
        column = 0
        for cell in row.iterchildren("td", "th"):
            while column in rows[index]:
                column += 1
            for down in range(int(cell.get("rowspan") or 1)):
                for right in range(int(cell.get("colspan") or 1)):
                    assert column + right not in rows[index + down]
                    rows[index + down][column + right] = cell
            column += int(cell.get("colspan") or 1)
    width = max(max(row) for row in rows) + 1
    assert all(sorted(row) == list(range(width)) for row in rows)
    return [[row[column] for column in range(width)] for row in rows]


def text_of(cell: html.HtmlElement) -> str:
    return " ".join(cell.text_content().split())


def figure(root: html.HtmlElement, cell: Cell) -> html.HtmlElement:
    [found] = root.xpath(f"//td[@id='f-{cell.table}-{cell.row}-{cell.column}']")
    return found


def remark(root: html.HtmlElement, number: str) -> html.HtmlElement:
    [found] = root.xpath(f"//li[@id='remark-{number}']")
    return found


# The layout -------------------------------------------------------------------------------------


def test_the_layouts_draw_the_cells_of_the_forms_and_no_others() -> None:
    for form in (F2019, F2021):
        for code in TABLES:
            drawn = cells_of(layouts().by_table[code, form.id])
            assert len(drawn) == len(set(drawn))
            assert set(drawn) == {tuple(cell) for cell in form.tables[code].cells()}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"groups": {}, "short": {}, "layouts": [], "more": 1}, "unknown key more"),
        ({"groups": {"a": {"zh": "甲"}}, "short": {}, "layouts": []}, "both languages"),
        (
            {"groups": {}, "short": {}, "layouts": [{"table": "t", "form": "f", "rows": [["g", "x"]]}]},
            "unknown group g",
        ),
        ({"groups": {}, "short": {}, "layouts": [{"table": "t", "form": "f", "odd": 1}]}, "unknown key odd"),
    ],
)
def test_a_slip_in_the_layouts_is_named(data: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_layouts(data)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("name", "rows"), [("distinct", 22), ("older", 20)])
def test_the_tables_are_those_of_the_form(page: Any, books: Books, name: str, rows: int, lang: str) -> None:
    root = page(name, lang)
    proactive, applications, review = tables_of(root)
    assert {len(row) for row in rectangle(proactive)} == {4}
    grid = rectangle(applications)
    assert {len(row) for row in grid} == {10}
    assert len(grid) == 3 + rows + 3
    results = grid[5][0]
    assert results.get("rowspan") == str(rows)
    assert "三、本年度办理结果" in text_of(results)
    spans = {
        text_of(cell)[-8:]: cell.get("rowspan")
        for row in grid
        for cell in row
        if cell.get("scope") == "rowgroup"
    }
    assert sorted(int(span or 1) for span in spans.values()) == sorted(
        [8, 3, 5, rows] + ([3] if rows == 22 else [])
    )
    assert "申请人情况" in text_of(grid[0][3])
    assert grid[0][3] is grid[0][9]
    assert "自然人" in text_of(grid[1][3])
    assert grid[1][3] is grid[2][3]
    assert "法人或其他组织" in text_of(grid[1][4])
    assert grid[1][4] is grid[1][8]
    assert grid[1][9] is grid[2][9]
    assert "勾稽关系" in text_of(grid[0][0])
    assert grid[0][0] is grid[2][2]
    disputes = rectangle(review)
    assert {len(row) for row in disputes} == {15}
    assert [len(row) for row in disputes] == [15] * 4
    assert disputes[0][0] is disputes[0][4]
    assert disputes[0][5] is disputes[0][14]
    assert "复议后起诉" in text_of(disputes[1][14])
    assert [text_of(cell.find("a")) for cell in disputes[3]] == [
        books.figures[name][Cell("review_litigation", row, column)][0]
        for row in ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
        for column in ("upheld", "corrected", "other_result", "pending", "total")
    ]


@pytest.mark.parametrize("name", ["distinct", "older", "2014"])
def test_every_figure_stands_once_in_its_cell_and_leads_to_its_place(
    page: Any, books: Books, name: str
) -> None:
    root = page(name)
    assert len(root.xpath("//td[starts-with(@id, 'f-')]")) == len(books.figures[name])
    for cell, (printed, status, _) in books.figures[name].items():
        shown = figure(root, cell)
        [link] = shown.xpath("./a")
        assert link.get("href") == f"/-/place/{books.id[name]}/{cell.table}/{cell.row}/{cell.column}"
        assert text_of(link) == (printed or "空白")
        assert f"nb-{status}" in shown.get("class").split()


@pytest.mark.parametrize("name", ["distinct", "older"])
def test_a_figure_stands_under_the_labels_of_its_row_and_column(page: Any, name: str) -> None:
    form = F2021 if name == "distinct" else F2019
    root = page(name)
    for table in tables_of(root)[1:2]:
        grid = rectangle(table)
        for row in grid[3:]:
            for column in range(3, 10):
                _, _, row_code, column_code = re.split(r"-", row[column].get("id"))
                assert text_of(row[2]) == form.tables["applications"].rows[row_code].label
                assert text_of(grid[2][column]) == form.tables["applications"].columns[column_code].label


def test_an_older_table_is_a_plain_grid_without_columns_that_nobody_printed(page: Any) -> None:
    root = page("2014")
    [table] = root.xpath("//table[contains(@class, 'nb-kind-grid')]")
    assert [text_of(cell) for cell in table.xpath("./thead//th")] == ["统计数"]
    assert len(table.xpath("./tbody/tr")) == len(every_form()["f2014"].tables["statistics_2014"].rows)


def test_a_report_without_tables_says_so(page: Any) -> None:
    root = page("prose", "en")
    assert "No statutory table was found in the document." in root.text_content()
    assert tables_of(root) == []


# Blanks, marks, remarks -------------------------------------------------------------------------


def test_a_blank_a_mark_and_a_nought_look_different(page: Any) -> None:
    root = page("mixed", "en")
    assert text_of(figure(root, RECEIVED)).startswith("blank")
    assert "nb-blank" in figure(root, RECEIVED).get("class")
    mark = figure(root, Cell("applications", "received_new", "org_other"))
    assert text_of(mark).startswith("/")
    assert "nb-not_applicable" in mark.get("class")
    nought = figure(root, Cell("applications", "received_new", "natural_person"))
    assert text_of(nought).startswith("0")
    legend = text_of(root.xpath("//div[@class='nb-legend']")[0])
    assert "the cell is there and empty, which is not 0" in legend


def test_money_in_another_unit_says_as_what_it_is_read(page: Any) -> None:
    cell = Cell("proactive", "administrative_fees", "amount_wanyuan")
    assert text_of(figure(page("mixed", "en"), cell)) == "251000元read as 25.1 万元"


def test_a_cell_that_is_missing_is_told(books: Books) -> None:
    from storage.site.statutory import drawn_tables

    def shown(key: tuple[str, str, str]) -> dict[str, Any]:
        there = key[1] != "carried_in"
        return {
            "kind": "figure", "row": key[1], "column": key[2], "colspan": 1, "rowspan": 1,
            "status": "number" if there else "missing", "note": None, "notes": [], "suspect": False,
        }  # fmt: skip

    figures = {("applications", "received_new", "total"): {}, ("applications", "local_1", "total"): {}}
    tables = drawn_tables(figures, [], [], {"applications": "f2021"}, shown)
    assert [table["kind"] for table in tables] == ["statutory", "beside"]
    drawn = [cell for row in tables[0]["body"] for cell in row if cell["kind"] == "figure"]
    assert sum(cell["status"] == "missing" for cell in drawn) == 7
    [[label, cell]] = tables[1]["body"]
    assert (label["label"], cell["row"]) == ("local_1", "local_1")


def test_a_merged_row_is_one_cell_with_its_values(page: Any) -> None:
    root = page("merged", "en")
    applications = tables_of(root)[1]
    last = rectangle(applications)[-1]
    assert last[3] is last[9]
    assert text_of(last[3]).startswith("0 · 5 2 values for 7 cells")
    assert "nb-merged" in last[3].get("class")


def test_cells_of_a_rule_that_fails_lead_to_its_sentence(page: Any) -> None:
    root = page("wrong", "en")
    failed = {
        number
        for number in figure(root, RECEIVED).xpath(".//sup/a/@href")
        if "A1" in text_of(remark(root, number.removeprefix("#remark-")))
    }
    assert len(failed) == 1
    [number] = failed
    sentence = remark(root, number.removeprefix("#remark-"))
    assert "3 ≠ 0" in text_of(sentence)
    led = {link.get("href") for link in sentence.xpath(".//a[starts-with(@href, '#f-')]")}
    assert {
        f"#f-applications-{row}-total"
        for row in ("received_new", "carried_in", "processed_total", "carried_out")
    } <= led
    assert all(root.xpath(f"//*[@id='{href[1:]}']") for href in led)
    assert "nb-noted" in figure(root, RECEIVED).get("class")
    assert figure(root, RECEIVED).xpath(".//sup/a/@aria-label")
    assert "3 accounting rules fail" in text_of(root)


def test_the_page_of_a_figure_s_place_names_the_rules_that_fail_with_it(get: Get, books: Books) -> None:
    told = get(f"/-/place/{books.id['wrong']}/applications/received_new/total?_lang=en").text
    assert "Rules that fail with this cell" in told
    assert "<b>A1</b>" in told
    other = get(f"/-/place/{books.id['wrong']}/applications/received_new/org_other?_lang=en").text
    assert "Rules that fail with this cell" not in other


def test_every_mark_has_its_remark_and_every_remark_its_cells(page: Any, books: Books) -> None:
    for name in books.id:
        root = page(name)
        ids = set(root.xpath("//@id"))
        assert len(ids) == len(root.xpath("//@id")), name
        inside = root.xpath("//main//a[starts-with(@href, '#')]/@href")
        assert {href[1:] for href in inside} <= ids, name


def test_remarks_are_in_the_language_of_the_reader(page: Any, books: Books) -> None:
    """In Chinese the sentence of the database is small print behind a Chinese one."""
    small = 0
    for name in books.id:
        root = page(name, "zh")
        for each in root.xpath("//*[contains(@class, 'nb-remark ')]"):
            for english in each.xpath(".//small[@lang='en']"):
                small += 1
                english.drop_tree()
            said = text_of(each)
            assert re.search(r"[\u4e00-\u9fff]{4}", said), said
            assert not re.search(r"(?:[a-z]{2,} ){2}[a-z]{2,}", said), said
        for each in page(name, "en").xpath("//*[contains(@class, 'nb-remark ')]/p[1]"):
            assert len(re.findall(r"\b[a-z]{2,}", text_of(each))) > 2
    assert small


@pytest.mark.parametrize(
    ("rule", "subject", "left", "right", "zh"),
    [
        ("C1", "chapters", 4, 6, "6 个部分中有 4 个存在并编号"),
        ("C1", "parts", None, None, "部分之内的编号有缺漏"),
        ("D1", "published_on", 20220617, 20220131, "发布于 2022-06-17，期限为 2022-01-31"),
        ("D4", "citations", None, None, "引用的文件与格式或年度不符"),
        ("P3", "government_rules", 11, None, "印有 11 件规章，而这一机关无权制定规章"),
        ("Y2", "chapter_5/other_agency", 0.937, 0.9, "第 5 部分 94% 的语句与另一份报告相同"),
        ("Y3", "copies", 1, 0, "另有 1 个地址给出的数字不同"),
        ("P9", "administrative_penalty", 35, 710, "本年为 35，上年为 710"),
        ("Z9", "of tomorrow", 1, 2, "不成立"),
        ("L1", "x", None, 2, "不成立"),
    ],
)
def test_a_rule_that_fails_has_a_sentence(rule: str, subject: str, left: Any, right: Any, zh: str) -> None:
    told = said_of_failure({"rule": rule, "subject": subject, "left_value": left, "right_value": right})
    assert words().text("zh", f"report.fails.{told['code']}", **told["values"]) == zh
    assert "None" not in words().text("en", f"report.fails.{told['code']}", **told["values"])


def test_a_suspect_is_marked(page: Any, books: Books) -> None:
    suspects = books.figures["wrong"]
    root = page("wrong")
    marked = {cell.get("id") for cell in root.xpath("//td[contains(@class, 'nb-suspect')]")}
    assert marked <= {f"f-{'-'.join(cell)}" for cell in suspects}


def test_corrections_of_readers_stand_beside_what_was_read(page: Any) -> None:
    root = page("corrected", "en")
    cell = figure(root, RECEIVED)
    assert text_of(cell.xpath("./a/del")[0]) == "0"
    assert text_of(cell.xpath("./ins")[0]) == "corrected by readers to 41"
    other = figure(root, Cell("proactive", "administrative_penalty", "decisions"))
    assert text_of(other.xpath("./ins")[0]) == "corrected by readers to blank"
    said = text_of(root)
    assert "extracted as 0, corrected to 41: misprint & more" in said
    assert "a <reader>, 2026-01-31" in said
    assert root.xpath("//a[@href='https://example.org/why']")
    assert date.fromisoformat("2026-01-31")


def test_corrections_are_told_wherever_the_figure_is(get: Get, books: Books) -> None:
    where = f"/-/place/{books.id['corrected']}/applications/received_new/total"
    assert get(f"{where}.json").json()["correction"]["value"] == 41
    place = html.fromstring(get(where, cookie="nb_lang=en").text)
    assert text_of(place.xpath("//dd/ins")[0]) == "41"
    assert place.xpath("//a[@href='https://example.org/why']")
    agency = books.id["corrected"].rpartition("-")[0]
    body = html.fromstring(get(f"/-/agency/{agency}", cookie="nb_lang=en").text)
    assert [text_of(each) for each in body.xpath("//td/ins")] == [
        "corrected by readers to 41",
        "corrected by readers to blank",
    ]
    assert "Readers corrected 2 figures of these reports" in text_of(body)
    other = books.id["mixed"].rpartition("-")[0]
    assert "Readers corrected" not in get(f"/-/agency/{other}", cookie="nb_lang=en").text


def test_years_side_by_side_say_as_what_money_is_read(get: Get, books: Books) -> None:
    agency = books.id["mixed"].rpartition("-")[0]
    body = html.fromstring(get(f"/-/agency/{agency}", cookie="nb_lang=en").text)
    [cell] = [td for td in body.xpath("//td") if "251000元" in text_of(td)]
    assert text_of(cell) == "251000元 read as 25.1 万元"
    assert [text_of(td) for td in body.xpath("//td/small[contains(., 'read as')]")] == ["read as 25.1 万元"]


def test_years_side_by_side_mark_every_cell_of_a_rule_that_fails(get: Get, books: Books, page: Any) -> None:
    agency = books.id["wrong"].rpartition("-")[0]
    tables = get(f"/-/agency/{agency}.json").json()["tables"]
    reports = get(f"/-/agency/{agency}.json").json()["reports"]
    place = [report["year"] for report in reports].index(2022)
    marked = {
        (table["code"], row["row"], row["column"])
        for table in tables
        for row in table["rows"]
        if row["cells"][place] and row["cells"][place]["marked"]
    }
    noted = {
        tuple(cell.get("id").split("-")[1:])
        for cell in page("wrong").xpath("//td[sup[contains(@class, 'nb-notes')]]")
    }
    assert tuple(RECEIVED) in marked
    assert marked <= noted


def test_what_disagrees_with_another_year_is_told_on_both_pages(page: Any, books: Books) -> None:
    later, earlier = page("wrong", "en"), page("even", "en")
    assert "2021" in text_of(later.xpath("//nav[@class='nb-years']")[0])
    for root in (later, earlier):
        assert root.xpath("//h3[contains(., 'Disagreements with other reports')]") != []


def test_disagreements_are_counted_as_on_the_pages_of_bodies(page: Any, books: Books) -> None:
    """The page of a body counts those of each of its years, wording aside; so does that of the report."""
    with sqlite3.connect(books.database) as db:
        told = dict(
            db.execute("SELECT report_id, failed_across FROM agency_years WHERE report_id IS NOT NULL")
        )
        listed = dict(
            db.execute(
                "SELECT report_id, count(*) FROM cross_checks WHERE outcome = 'fail' GROUP BY report_id"
            )
        )
    assert any(told.values())
    # Some have a chapter in the words of another, which is no disagreement of figures.
    assert {report for report, count in listed.items() if count != told[report]}
    for name, report in books.id.items():
        [state] = page(name, "en").xpath("//ul[contains(@class, 'nb-state')]")
        said = re.findall(
            r"(\d+) disagreements? with (?:other years or levels|another year or level)", text_of(state)
        )
        assert [int(number) for number in said] == ([told[report]] if told.get(report) else []), name
        alike = re.findall(r"the wording of other reports in (\d+) places|in (1) place", text_of(state))
        if listed.get(report, 0) > told.get(report, 0):
            assert alike, name


def test_figures_are_cells_with_a_number_and_cells_are_all(page: Any, get: Get, books: Books) -> None:
    with sqlite3.connect(books.database) as db:
        for name, report in books.id.items():
            numbers, cells = db.execute(
                "SELECT count(value), count(*) FROM figures WHERE report_id = ?", (report,)
            ).fetchone()
            [said] = page(name, "en").xpath("//span[@id='figures-counted']")
            assert text_of(said) == f"{numbers} figures in {cells} cells"
            [said] = page(name, "zh").xpath("//span[@id='figures-counted']")
            assert text_of(said) == f"{numbers} 个数字，共 {cells} 格"
        numbers, cells = db.execute("SELECT count(value), count(*) FROM figures").fetchone()
    assert numbers < cells
    home = html.document_fromstring(get("/", cookie="nb_lang=en").text)
    [counted] = home.xpath("//dl[@class='nb-counts']/div[contains(dt, 'cells of the tables')]")
    assert text_of(counted.find("dt")) == f"figures in {cells:,} cells of the tables"
    assert text_of(counted.find("dd")) == f"{numbers:,}"


# Chapters, sources, versions --------------------------------------------------------------------


def test_sentences_that_claim_figures_are_marked_as_text(page: Any, get: Get, books: Books) -> None:
    root = page("told", "en")
    marks = [text_of(mark) for mark in root.xpath("//mark")]
    assert "全年共收到政府信息公开申请4件" in marks
    [claim] = [text_of(c) for c in root.xpath("//span[@class='nb-claims']") if ": 4" in text_of(c)]
    assert claim == "new applications: 4"
    raw = get(f"/nianbao/reports/{books.id['told']}").text
    assert "&lt;script&gt;alert(1)" in raw
    assert "<script>alert" not in raw
    assert "{{ 7*7 }}" in raw
    assert "the text says 4, the table 0" in text_of(root)


def test_the_text_of_a_chapter_is_whole(page: Any, books: Books) -> None:
    import sqlite3

    root = page("told")
    with sqlite3.connect(books.database) as db:
        texts = [
            row[0]
            for row in db.execute(
                "SELECT text FROM sections WHERE report_id = ? ORDER BY position", [books.id["told"]]
            )
        ]
    for shown, text in zip(root.xpath("//div[@class='nb-text']"), texts, strict=True):
        for claims in shown.xpath(".//span[@class='nb-claims']"):
            claims.drop_tree()
        assert shown.text_content() == text


def test_where_it_comes_from(page: Any, books: Books) -> None:
    root = page("even", "en")
    box = root.xpath("//section[@aria-labelledby='provenance']")[0]
    assert box.xpath(".//a[@href='http://www.mdj.example/even.html']")
    view, archived = box.xpath(".//a[starts-with(@href, '/-/archive/')]/@href")
    assert view == f"{archived}/view"
    assert archived.rpartition("/")[2] in text_of(box)
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text_of(box))
    assert root.xpath(f"//nav[@class='nb-years']//a[@href='/nianbao/reports/{books.id['wrong']}']")
    assert root.xpath(
        f"//ul[contains(@class, 'nb-neighbours')]//a[@href='/nianbao/reports/{books.id['mixed']}']"
    )
    assert not root.xpath(
        f"//ul[contains(@class, 'nb-neighbours')]//a[@href='/nianbao/reports/{books.id['older']}']"
    )


def test_versions_are_shown_with_their_differences(page: Any) -> None:
    root = page("versions", "en")
    [change] = root.xpath("//section[@class='nb-version']//tbody/tr")
    assert [text_of(cell) for cell in change] == [
        "new applications · total 一、本年新收政府信息公开申请数量 · 总计",
        "0",
        "8",
    ]
    assert "Version 2" in text_of(root)
    assert "http://www.mdj.example/z.html" in text_of(root.xpath("//ul[@class='nb-addresses']")[0])
    assert len(root.xpath("//section[@class='nb-version']//a[starts-with(@href, '/-/archive/')]")) == 2


# The page itself ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_headings_tables_and_regions_have_names(page: Any, books: Books, lang: str) -> None:
    for name in ("wrong", "2014", "versions"):
        root = page(name, lang)
        levels = [int(heading.tag[1]) for heading in root.iter("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        for table in root.xpath("//main//table[contains(@class, 'nb-statutory')]"):
            assert text_of(table.find("caption"))
            box = table.getparent()
            assert (box.get("role"), box.get("tabindex")) == ("region", "0")
            assert box.get("aria-label")
            assert all(cell.get("scope") for cell in table.iter("th"))


def test_the_page_s_json_stays_datasette_s(get: Get, books: Books) -> None:
    data = get(f"/nianbao/reports/{books.id['even']}.json?_shape=array").json()
    assert data["rows"][0]["id"] == books.id["even"] if isinstance(data, dict) else data[0]["id"]


def test_no_script_no_style_from_elsewhere(get: Get, books: Books) -> None:
    for name in ("even", "told", "2014"):
        answer = get(f"/nianbao/reports/{books.id[name]}")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert not re.findall(r"\son\w+=", answer.text)
        loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"([^\"]+)\"", answer.text)
        assert not [one for one in loaded if re.match(r"(?:https?:)?//", one) and "localhost" not in one]
