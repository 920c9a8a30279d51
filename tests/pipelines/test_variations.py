"""Layouts that government pages vary in: exact, or refused with the cells named; never another figure.

Each document is the official one of `renderings` with one thing changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.records import Cell, DocumentReading
from tests.pipelines import renderings as r

FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)
OTHER = r.distinct(FORM, 5001)
APPLICATIONS = FORM.tables["applications"]
COLUMNS = APPLICATIONS.blocks[0].columns
CODES = list(APPLICATIONS.blocks[0].rows)
REVIEW = FORM.tables["review_litigation"]
RESULTS = [REVIEW.columns[code].label for code in REVIEW.blocks[0].columns]
TOLD = ("number", "blank", "not_applicable")


def reading(document: str | bytes) -> DocumentReading:
    return read_document(document if isinstance(document, bytes) else document.encode())[0]


def told(found: DocumentReading) -> dict[Cell, str | None]:
    assert found.report is not None, found.problems
    return {figure.cell: figure.printed for figure in found.report.figures if figure.status in TOLD}


def codes(found: DocumentReading) -> set[str]:
    return {problem.code for problem in found.problems}


def named(found: DocumentReading) -> set[Cell]:
    return {cell for problem in found.problems for cell in problem.cells}


def exact(document: str | bytes) -> None:
    found = reading(document)
    assert told(found) == PRINTED
    assert codes(found) == set()


def refused(document: str, cells: set[Cell]) -> None:
    """The cells are not told and named; all others are told as printed."""
    found = reading(document)
    assert told(found) == {cell: text for cell, text in PRINTED.items() if cell not in cells}
    assert cells <= named(found)


def of_row(table: str, row: str) -> set[Cell]:
    return {cell for cell in PRINTED if (cell.table, cell.row) == (table, row)}


def page(**tables: Sequence[str] | str) -> str:
    made = {code: text if isinstance(text, str) else r.table(text) for code, text in tables.items()}
    return r.official(FORM, PRINTED, **made)


def rows() -> list[str]:
    return r.applications_rows(FORM, PRINTED)


def at(code: str) -> int:
    """Where the row of a code stands among `rows()`."""
    return CODES.index(code) + 3


def review(group: str) -> list[str]:
    return [PRINTED[Cell("review_litigation", group, code)] for code in REVIEW.blocks[0].columns]


# One cell ---------------------------------------------------------------------------------------

CELL = Cell("applications", "received_new", "natural_person")


def cell(html: str):
    document = r.official(FORM, PRINTED).replace(f"<td>{PRINTED[CELL]}</td>", f"<td>{html}</td>", 1)
    found = reading(document)
    figure = next(figure for figure in found.report.figures if figure.cell == CELL)
    assert {c: t for c, t in told(found).items() if c != CELL and PRINTED[c] != t} == {}
    return figure, CELL in named(found)


@pytest.mark.parametrize(
    ("html", "value"),
    [
        ("<s>12</s>15", 15),
        ("<del>12</del><ins>15</ins>", 15),
        ('<span style="text-decoration: line-through">12</span>15', 15),
        ('<span style="display:none">9</span>12', 12),
        ('<span style="visibility:hidden">9</span>12', 12),
        ('<span style="font-size:0px">9</span>12', 12),
        ('<span style="mso-hide:all">9</span>12', 12),
        ("<span hidden>9</span>12", 12),
        ("12<sup>①</sup>", 12),
        ("12<sup>[1]</sup>", 12),
        ("12①", 12),
        ("12*", 12),
        ("1\u200b2", 12),
        ("1&shy;2", 12),
        ("〇", 0),
        ("零", 0),
        ("零件", 0),
        ("12件次", 12),
        ("12<br>（其中网络5件）", 12),
        ('<input type="text" value="12">', 12),
        ("<textarea>12</textarea>", 12),
        ("<table><tr><td>12</td></tr></table>", 12),
    ],
)
def test_a_cell_says_what_a_reader_of_the_page_sees(html, value):
    figure, _ = cell(html)
    assert (figure.status, figure.value) == ("number", value)


@pytest.mark.parametrize(
    "html",
    [
        "12<sup>1</sup>",
        "12<sub>2</sub>",
        "12²",
        "①",
        "½",
        "<s>12</s>",
        '<img src="1.png">',
        "<button>12</button>",
        "<script>document.write(12)</script>",
        "<svg><text>12</text></svg>",
        "12<br>13",
        "5+7",
        "(12)",
        "12万件",
        "O",
    ],
)
def test_a_cell_that_cannot_be_told_is_named(html):
    figure, is_named = cell(html)
    assert (figure.status, figure.value, is_named) == ("unreadable", None, True)


@pytest.mark.parametrize("html", ["\u200b", "&zwj;", "&emsp;", "<br>", '<img src="s.gif" width="1">'])
def test_a_cell_with_nothing_to_see_is_blank(html):
    assert cell(html)[0].status == "blank"


def test_a_footnote_is_kept_as_a_note():
    assert cell("12<sup>①</sup>")[0].note == "①"


@pytest.mark.parametrize("value", ["暂无", "无", "／", "——"])
def test_not_applicable(value):
    assert cell(value)[0].status == "not_applicable"


# Rows -------------------------------------------------------------------------------------------


def test_a_hidden_row_is_not_read():
    other = r.applications_rows(FORM, OTHER)[at("denied_third_party")]
    made = rows()
    made.insert(at("denied_third_party"), other.replace("<tr>", '<tr style="display:none">'))
    exact(page(applications=made))


@pytest.mark.parametrize("dot", [".", ""])
def test_the_number_of_a_label_in_a_column_of_its_own(dot):
    made = [re.sub(r"<td>(\d)\.([^<]*[一-鿿][^<]*)</td>", rf"<td>\1{dot}</td><td>\2</td>", x) for x in rows()]
    exact(page(applications=made))


def test_a_column_of_serial_numbers():
    made = [r.tr(r.td("序号"), r.td("项目"), *(r.td(APPLICATIONS.columns[c].label) for c in COLUMNS))]
    for number, code in enumerate(CODES, 1):
        values = (r.td(PRINTED[Cell("applications", code, c)]) for c in COLUMNS)
        made.append(r.tr(r.td(str(number)), r.td(APPLICATIONS.rows[code].label), *values))
    exact(page(applications=made))


def test_a_column_of_serial_numbers_in_table_two():
    made = []
    for number, row in enumerate(r.proactive_rows(FORM, PRINTED)):
        wide = row.replace('colspan="4"', 'colspan="5"')
        lead = "序号" if "信息内容" in row else str(number)
        made.append(wide if wide != row else row.replace("<tr>", f"<tr><td>{lead}</td>"))
    exact(page(proactive=made))


def halves(code: str, label: str, rest: str) -> tuple[str, str]:
    """A row whose label and whose values a page break cut in two."""
    values = [PRINTED[Cell("applications", code, column)] for column in COLUMNS]
    first = r.tr(r.td(label), *(r.td(value[:2]) for value in values))
    return first, r.tr(r.td(rest), *(r.td(value[2:]) for value in values))


@pytest.mark.parametrize("between", ["", "</table><table>", "</table><p>— 3 —</p><table>"])
@pytest.mark.parametrize(
    ("label", "rest"),
    [
        ("6.属于四类过程性信息", ""),
        ("6.属于四类过程性信", "息"),
        ("6.属于四类过程", "性信息"),
    ],
)
def test_digits_that_a_page_break_cuts_are_given_to_no_cell(between, label, rest):
    made = rows()
    place = at("denied_process_information")
    first, second = halves("denied_process_information", label, rest)
    made[place : place + 1] = [first, between + second]
    refused(page(applications=made), of_row("applications", "denied_process_information"))


def test_one_value_that_goes_on_in_the_next_row():
    made = rows()
    place = at("denied_process_information")
    value = PRINTED[Cell("applications", "denied_process_information", "total")]
    made[place] = made[place].replace(f"<td>{value}</td>", f"<td>{value[:2]}</td>")
    made.insert(place + 1, r.tr(*(r.td("") for _ in range(7)), r.td(value[2:])))
    refused(page(applications=made), of_row("applications", "denied_process_information"))


def test_digits_cut_in_table_two():
    made = r.proactive_rows(FORM, PRINTED)
    made[2:3] = [r.tr(*map(r.td, ("规章", "10", "10", "10"))), r.tr(*map(r.td, ("", "01", "02", "03")))]
    refused(page(proactive=made), of_row("proactive", "government_rules"))


def test_a_total_with_its_ordinal_under_a_heading_that_reaches_too_far():
    made = [row.replace('<td rowspan="5">（五）', '<td rowspan="9">（五）') for row in rows()]
    exact(page(applications=made))


# Pieces of a table ------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "<p>- 3 -</p>", "<p>（续表）</p>", "<p>3</p>"])
@pytest.mark.parametrize("cut", range(3, 28))
def test_table_three_cut_by_a_page_break(cut, mark):
    made = rows()
    exact(page(applications=r.table(made[:cut]) + mark + r.table(made[cut:])))


@pytest.mark.parametrize("cut", [5, 12, 20, 27])
def test_table_three_cut_with_its_head_repeated(cut):
    made = rows()
    exact(page(applications=r.table(made[:cut]) + r.table(made[:3] + made[cut:])))


@pytest.mark.parametrize("cut", range(1, 13))
def test_table_two_cut_by_a_page_break(cut):
    made = r.proactive_rows(FORM, PRINTED)
    exact(page(proactive=r.table(made[:cut]) + r.table(made[cut:])))


def test_a_label_that_goes_on_behind_a_page_break():
    made = rows()
    place = at("denied_process_information")
    made[place] = made[place].replace("过程性信息", "过")
    rest = r.tr(*map(r.td, ("", "", "程性信息", *[""] * 7)))
    exact(page(applications=r.table(made[: place + 1]) + r.table([rest, *made[place + 1 :]])))


def test_the_head_of_chapter_four_cut_from_its_values():
    made = r.review_rows(FORM, PRINTED)
    exact(page(review_litigation=r.table(made[:3]) + r.table(made[3:])))


def test_the_last_digits_of_chapter_four_behind_a_page_break():
    values = [PRINTED[c] for c in REVIEW.cells()]
    made = r.review_rows(FORM, PRINTED)
    made[3] = r.tr(*map(r.td, values[:-1]), r.td(values[-1][:2]))
    rest = r.table([r.tr(*(r.td("") for _ in values[:-1]), r.td(values[-1][2:]))])
    cells = of_row("review_litigation", "litigation_after_reconsideration")
    refused(page(review_litigation=r.table(made) + rest), cells)


def test_a_comparison_with_the_year_before_is_no_table_three():
    made = [r.tr(*map(r.td, ("项目", "2021年总计", "2020年总计")))]
    made += [r.tr(r.td(APPLICATIONS.rows[code].label), r.td("5"), r.td("6")) for code in CODES]
    exact(page(applications=r.table(rows()) + r.table(made)))
    exact(page(applications=r.table(made) + r.table(rows())))


# Heads ------------------------------------------------------------------------------------------


def test_units_behind_the_column_labels_of_table_two():
    table = r.table(r.proactive_rows(FORM, PRINTED))
    for label in ("本年制发件数", "本年处理决定数量"):
        table = table.replace(label, f"{label}<br>（件）")
    exact(page(proactive=table))


@pytest.mark.parametrize("other", ["/", ""])
def test_table_two_as_one_table_with_all_columns(other):
    layout = FORM.tables["proactive"]
    made = [r.tr(r.td("信息内容"), *(r.td(column.label) for column in layout.columns.values()))]
    for code, row in layout.rows.items():
        values = (PRINTED.get(Cell("proactive", code, column), other) for column in layout.columns)
        made.append(r.tr(r.td(row.label), *map(r.td, values)))
    exact(page(proactive=made))


def test_table_two_with_its_columns_in_another_order():
    layout, made = FORM.tables["proactive"], r.proactive_rows(FORM, PRINTED)
    order = ("in_force", "issued", "repealed")
    made[1] = r.tr(r.td("信息内容"), *(r.td(layout.columns[code].label) for code in order))
    for place, code in ((2, "government_rules"), (3, "normative_documents")):
        values = (PRINTED[Cell("proactive", code, column)] for column in order)
        made[place] = r.tr(r.td(layout.rows[code].label), *map(r.td, values))
    exact(page(proactive=made))


def test_a_column_of_table_two_that_the_form_does_not_know():
    made = r.proactive_rows(FORM, PRINTED)
    made[1] = made[1].replace("本年制发件数", "上年有效件数")
    refused(
        page(proactive=made),
        of_row("proactive", "government_rules") | of_row("proactive", "normative_documents"),
    )


@pytest.mark.parametrize(("unit", "value"), [("亿元", 10100000), ("千元", 101), ("元", 0.101)])
def test_units_of_money_in_the_head(unit, value):
    document = r.official(FORM, PRINTED).replace("（单位：万元）", f"（单位：{unit}）")
    figure = next(f for f in reading(document).report.figures if f.cell.column == "amount_wanyuan")
    assert (figure.value, figure.unit) == (value, "万元")


# Chapter four -----------------------------------------------------------------------------------

HEAD = r.review_rows(FORM, PRINTED)[:3]
VALUES = r.review_rows(FORM, PRINTED)[3]


def test_reconsideration_and_litigation_one_under_the_other():
    made = [r.tr(r.td("行政复议", 5)), r.tr(*map(r.td, RESULTS)), r.tr(*map(r.td, review("reconsideration")))]
    made += [r.tr(r.td("行政诉讼", 10)), r.tr(r.td("未经复议直接起诉", 5), r.td("复议后起诉", 5))]
    made += [r.tr(*map(r.td, RESULTS * 2))]
    made += [r.tr(*map(r.td, review("litigation_direct") + review("litigation_after_reconsideration")))]
    exact(page(review_litigation=made))


def test_a_repeated_head():
    exact(page(review_litigation=[*HEAD, *HEAD, VALUES]))


@pytest.mark.parametrize("lead", ["年份", "项目", "类别", ""])
def test_a_label_before_the_values(lead):
    made = [HEAD[0].replace("<tr>", f'<tr><td rowspan="3">{lead}</td>'), *HEAD[1:]]
    exact(page(review_litigation=[*made, VALUES.replace("<tr>", "<tr><td>2021年</td>")]))


def test_a_head_in_two_rows():
    head = [
        r.tr(r.td("行政复议", 5), r.td("行政诉讼（未经复议直接起诉）", 5), r.td("行政诉讼（复议后起诉）", 5)),
        r.tr(*map(r.td, RESULTS * 3)),
    ]
    exact(page(review_litigation=[*head, VALUES]))


def test_groups_in_another_order_are_read_by_their_heads():
    head = [HEAD[0], HEAD[1].replace("未经复议直接起诉", "占位").replace("复议后起诉", "未经复议直接起诉")]
    head[1] = head[1].replace("占位", "复议后起诉")
    values = [*review("reconsideration"), *review("litigation_after_reconsideration")]
    exact(page(review_litigation=[*head, HEAD[2], r.tr(*map(r.td, values + review("litigation_direct")))]))


@pytest.mark.parametrize("labels", [("2020年", "2021年"), ("2020", "2021"), ("", "")])
def test_two_rows_of_values_are_given_to_no_cell(labels):
    head = [HEAD[0].replace("<tr>", '<tr><td rowspan="3">年份</td>'), *HEAD[1:]]
    other = r.review_rows(FORM, OTHER)[3]
    made = [
        x.replace("<tr>", f"<tr><td>{label}</td>") for label, x in zip(labels, (other, VALUES), strict=True)
    ]
    refused(page(review_litigation=[*head, *made]), {c for c in PRINTED if c.table == "review_litigation"})


def turned(*lines: str) -> list[str]:
    groups = [review(group) for group in REVIEW.rows]
    made = [r.tr(r.td(label), *(r.td(values[at]) for values in groups)) for at, label in enumerate(RESULTS)]
    return [*lines, *made]


GROUPS_IN_A_LINE = r.tr(*map(r.td, ("结果", "行政复议", "未经复议直接起诉", "复议后起诉")))
GROUPS_IN_TWO = (
    r.tr(r.td("结果", rowspan=2), r.td("行政复议", rowspan=2), r.td("行政诉讼", 2)),
    r.tr(r.td("未经复议直接起诉"), r.td("复议后起诉")),
)


@pytest.mark.parametrize("head", [(GROUPS_IN_A_LINE,), GROUPS_IN_TWO], ids=["one line", "two lines"])
def test_results_as_rows(head):
    exact(page(review_litigation=turned(*head)))


@pytest.mark.parametrize(
    "made",
    [
        turned(GROUPS_IN_A_LINE)[:-1],
        turned(GROUPS_IN_A_LINE.replace("复议后起诉", "其他")),
        [*turned(GROUPS_IN_A_LINE)[:-1], turned(GROUPS_IN_A_LINE)[-1].replace("<td>", "<td></td><td>", 1)],
        [*turned(GROUPS_IN_A_LINE), turned(GROUPS_IN_A_LINE)[1]],
        [x.replace(f"<td>{review('reconsideration')[1]}</td>", "") for x in turned(GROUPS_IN_A_LINE)],
    ],
    ids=["a result missing", "a group missing", "a cell too many", "a result twice", "a cell missing"],
)
def test_results_as_rows_that_do_not_come_out_leave_the_other_tables_alone(made):
    refused(page(review_litigation=made), {c for c in PRINTED if c.table == "review_litigation"})


# Pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "container",
    ["template", "textarea", "noscript", 'script type="text/html"', "founder-content", "form", "font"],
)
def test_the_article_in_an_odd_container(container):
    document = r.official(FORM, PRINTED).replace('<div id="zoomcon">', f"<{container}>")
    exact(document.replace("</div></body>", f"</{container.split(' ')[0]}></body>"))


@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig", "big5"])
def test_other_charsets(charset):
    text = r.official(FORM, PRINTED).replace('charset="utf-8"', f'charset="{charset}"')
    exact(text.encode(charset, "xmlcharrefreplace"))


def test_chapter_headings_in_tables_of_one_cell():
    text = re.sub(r"<p>([一二三四五六]、[^<]*)</p>", r"<table><tr><td>\1</td></tr></table>", page())
    found = reading(text)
    assert told(found) == PRINTED
    assert [section.number for section in found.report.sections] == [0, 1, 2, 3, 4, 5, 6]


def bars(row: str, bar: str) -> str:
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    return bar.join(text.replace("<br>", "").replace("\n", "") for text in cells)


def lines(bar: str) -> list[str]:
    made = [r.TITLE, "一、总体情况", "全年工作平稳。" * 30]
    tables = (r.proactive_rows(FORM, PRINTED), rows(), r.review_rows(FORM, PRINTED))
    for heading, table in zip(r.CHAPTERS.values(), tables, strict=True):
        made += [heading, *(bars(row, bar) for row in table)]
    return [*made, "五、存在的主要问题及改进情况", "仍有不足。" * 20, "六、其他需要报告的事项", "无"]


@pytest.mark.parametrize("bar", ["|", " | ", "│", "｜"])
def test_text_whose_cells_are_parted_by_bars(bar):
    exact("\n".join(lines(bar)))


@pytest.mark.parametrize("bar", ["   ", "\t"])
def test_text_kept_in_a_pre_element(bar):
    found = reading(f"<html><body><pre>{chr(10).join(lines(bar))}</pre></body></html>")
    assert told(found) == PRINTED
    assert (found.report.year, found.report.title) == (2021, r.TITLE)


def test_markdown_headings():
    parts = [f"# {r.TITLE}", "", "## 一、总体情况", "", "全年工作平稳。" * 30, ""]
    tables = (r.proactive_rows(FORM, PRINTED), rows(), r.review_rows(FORM, PRINTED))
    for heading, table in zip(r.CHAPTERS.values(), tables, strict=True):
        parts += [f"## {heading}", "", *(f"| {bars(row, ' | ')} |" for row in table), ""]
    found = reading("\n".join([*parts, "## 六、其他需要报告的事项", "", "无"]))
    assert told(found) == PRINTED
    assert found.report.title == r.TITLE
    assert [section.number for section in found.report.sections] == [0, 1, 2, 3, 4, 6]


def test_markdown_with_tables_as_tags():
    tables = (r.proactive_rows(FORM, PRINTED), rows(), r.review_rows(FORM, PRINTED))
    parts = [f"# {r.TITLE}", "## 一、总体情况", "全年工作平稳。" * 30]
    for heading, table in zip(r.CHAPTERS.values(), tables, strict=True):
        parts += [f"## {heading}", r.table(table)]
    found = reading("\n\n".join([*parts, "## 六、其他需要报告的事项", "无"]))
    assert told(found) == PRINTED
    assert (found.report.title, found.report.year) == (r.TITLE, 2021)


def test_the_group_of_a_row_in_the_cell_of_its_label():
    for between in ("", "—", "：", "\n"):
        labels = {
            code: f"{r.GROUPS[group]}{between}{row.label}"
            for code, row in APPLICATIONS.rows.items()
            if (group := row.group) in r.GROUPS
        }
        made = r.applications_head()
        for code in CODES:
            values = (r.td(PRINTED[Cell("applications", code, c)]) for c in COLUMNS)
            made.append(r.tr(r.td(labels.get(code, APPLICATIONS.rows[code].label), colspan=3), *values))
        exact(page(applications=made))


def test_the_row_of_another_group_is_none():
    made = rows()
    made[at("unable_not_held")] = re.sub(
        "（四）无法提供|1.本机关不掌握相关政府信息",
        lambda found: "" if "（" in found[0] else "（三）不予公开—1.本机关不掌握相关政府信息",
        made[at("unable_not_held")],
    )
    refused(page(applications=made), of_row("applications", "unable_not_held"))


def test_a_number_without_a_point_before_a_label():
    exact(page(applications=[re.sub(r"<td>(\d)\.(?=[一-鿿])", r"<td>\1 ", row) for row in rows()]))


@pytest.mark.parametrize("head", ["单位", "计量单位"])
def test_a_column_of_units_beside_the_labels(head):
    made = rows()
    made[0] = made[0].replace('<td colspan="7">', f'<td rowspan="3">{head}</td><td colspan="7">')
    for code in CODES:
        first = f"<td>{PRINTED[Cell('applications', code, COLUMNS[0])]}</td>"
        made[at(code)] = made[at(code)].replace(first, f"<td>件</td>{first}")
    exact(page(applications=made))


def test_a_column_of_units_in_table_two():
    made = []
    for row in r.proactive_rows(FORM, PRINTED):
        wide = row.replace('colspan="4"', 'colspan="5"')
        beside = "单位" if "信息内容" in row else "万元" if "收费" in row else "件"
        made.append(wide if wide != row else row.replace("</td><td", f"</td><td>{beside}</td><td", 1))
    exact(page(proactive=made))


@pytest.mark.parametrize("place", [0, 2, 5])
def test_a_kind_of_organisation_that_the_form_does_not_know(place):
    """A column more among the kinds is left out by its head, and by the second reading as well."""
    made = rows()
    made[0] = made[0].replace('colspan="7"', 'colspan="8"')
    made[1] = made[1].replace('colspan="5"', 'colspan="6"')
    kinds = re.findall("<td.*?</td>", made[2], re.DOTALL)
    made[2] = r.tr(*kinds[:place], r.td("小计"), *kinds[place:])
    for code in CODES:
        cells = re.findall("<td.*?</td>", made[at(code)], re.DOTALL)
        made[at(code)] = r.tr(*cells[: place - 6], r.td("9"), *cells[place - 6 :])
    found = reading(page(applications=made))
    assert told(found) == PRINTED
    assert codes(found) == {"unmatched_cell"}
    assert named(found) == set()


@pytest.mark.parametrize("value", ["", "/", "—"])
def test_a_heading_of_another_form_without_a_number_is_no_row(value):
    """（六）其他处理 over its three rows, as the form of 2019 has it alone."""
    made = rows()
    row = r.tr(r.td("（六）其他处理", colspan=2), *[r.td(value)] * len(COLUMNS))
    first = at("other_uncorrected_overdue")
    made[first] = made[first].replace("（六）其他处理", "")
    made[3 + 2] = made[3 + 2].replace('rowspan="22"', 'rowspan="23"')
    exact(page(applications=[*made[:first], row, *made[first:]]))


def test_words_of_chapter_four_that_bodies_use():
    made = r.review_rows(FORM, PRINTED)
    made = [row.replace("行政复议</td>", "政府信息公开行政复议</td>") for row in made]
    made = [row.replace("行政诉讼</td>", "政府信息公开行政诉讼</td>") for row in made]
    exact(page(review_litigation=[row.replace("结果纠正", "结果纠错") for row in made]))


def test_words_of_table_two_that_bodies_use():
    made = r.proactive_rows(FORM, PRINTED)
    others = {"规章": "行政规章", "现行有效件数": "现行有效数", "行政处罚": "行政处罚决定"}
    others |= {"本年收费金额（单位：万元）": "收费金额（万元）", "本年处理决定数量": "本年度处理决定数"}
    for official, printed in others.items():
        made = [row.replace(f">{official}<", f">{printed}<") for row in made]
    exact(page(proactive=made))


@pytest.mark.parametrize(("remark", "is_read"), [("含电话申请", True), ("", True), ("其中网络5件", False)])
def test_a_column_of_remarks(remark, is_read):
    """Words beside the values are none of them; a number beside them may be."""
    made = rows()
    made[0] = made[0].replace("</tr>", '<td rowspan="3">备注</td></tr>')
    for code in CODES:
        text = remark if code == "carried_in" else ""
        made[at(code)] = made[at(code)].replace("</tr>", f"<td>{text}</td></tr>")
    if is_read:
        exact(page(applications=made))
    else:
        refused(page(applications=made), of_row("applications", "carried_in"))
