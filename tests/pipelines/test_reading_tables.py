"""Tables read from the layouts that real reports show: exact, or refused with the cells named.

Every cell holds another number, so a value in a wrong cell shows. The mutations at the end damage
documents at random (with fixed seeds); whatever they do, no figure may come out wrong unnoticed.
"""

from __future__ import annotations

import random
import re
from time import process_time

import pytest

from pipelines.extract import read_document
from pipelines.records import Cell, DocumentReading
from tests.pipelines import renderings as r

FORMS = r.both_forms()
TOLD = ("number", "blank", "not_applicable")


def reading(document: str | bytes) -> DocumentReading:
    return read_document(document if isinstance(document, bytes) else document.encode())[0]


def told(found: DocumentReading) -> dict[Cell, str | None]:
    assert found.report is not None, found.problems
    return {figure.cell: figure.printed for figure in found.report.figures if figure.status in TOLD}


def codes(found: DocumentReading) -> set[str]:
    return {problem.code for problem in found.problems} - {"unusual_form"}


def named(found: DocumentReading) -> set[Cell]:
    return {cell for problem in found.problems for cell in problem.cells}


def exact(document: str | bytes, printed: r.Printed) -> None:
    found = reading(document)
    assert told(found) == dict(printed)
    assert codes(found) == set()


@pytest.fixture(params=FORMS, ids=lambda form: form.id)
def form(request):
    return request.param


@pytest.fixture
def printed(form):
    return r.distinct(form)


def test_the_official_layout(form, printed):
    exact(r.official(form, printed), printed)


@pytest.mark.parametrize(
    "cell",
    [
        lambda text: f"<p><span>{text[0]}</span><span>{text[1:]}</span></p>",
        lambda text: f"&nbsp;{text}&nbsp;",
        lambda text: f"<p>&nbsp;</p><p>{text}</p>",
        lambda text: f'<font style="FONT-FAMILY: 宋体"><b>{text}</b></font>',
        lambda text: f"\n   {text}\n   ",
    ],
    ids=["two spans", "nbsp", "empty paragraph", "font", "indented"],
)
def test_cells_as_editors_write_them(form, printed, cell):
    exact(r.official(form, printed, cell), printed)


def test_tags_left_open(form, printed):
    exact(r.official(form, printed).replace("</td>", "").replace("</tr>", ""), printed)


def test_an_article_inside_layout_tables(form, printed):
    frame = "<table><tr><td>栏目导航</td><td>{}</td></tr><tr><td>版权所有</td></tr></table>"
    exact(frame.format(r.official(form, printed)), printed)


def test_all_tables_in_one(form, printed):
    rows = [
        *r.proactive_rows(form, printed),
        r.tr(r.td(r.CHAPTERS["applications"], 10)),
        *r.applications_rows(form, printed),
        r.tr(r.td(r.CHAPTERS["review_litigation"], 10)),
        *r.review_rows(form, printed),
    ]
    exact(r.page({"proactive": r.table(rows)}), printed)


def test_a_table_for_each_block(form, printed):
    rows = r.proactive_rows(form, printed)
    starts = [number for number, row in enumerate(rows) if "第二十条" in row]
    tables = "".join(r.table(rows[a:b]) for a, b in zip(starts, [*starts[1:], None], strict=True))
    exact(r.official(form, printed, proactive=tables), printed)


def test_a_head_without_spans_and_with_empty_cells(form, printed):
    empty = r.td("")
    head = [
        r.tr(r.td(r.REMARK), empty, empty, r.td("申请人情况"), *[empty] * 6),
        r.tr(*[empty] * 3, r.td("自然人"), r.td("法人或其他组织"), *[empty] * 4, r.td("总计")),
        r.tr(
            *[empty] * 4, *map(r.td, ("商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他")), empty
        ),
    ]
    exact(
        r.official(form, printed, applications=r.table(r.applications_rows(form, printed, head=head))),
        printed,
    )


def test_blank_cells_stay_blank(form, printed):
    rng = random.Random(7)
    some = {cell: "" if rng.random() < 0.3 else text for cell, text in printed.items()}
    for cell in [c for c in some if c.row == "carried_in"]:
        some[cell] = ""
    exact(r.official(form, some), some)


def test_a_review_row_of_nothing_but_blanks(form, printed):
    some = {cell: "" if cell.table == "review_litigation" else text for cell, text in printed.items()}
    exact(r.official(form, some), some)


def test_columns_in_another_order_are_read_by_their_heads(form, printed):
    table = form.tables["applications"]
    columns = table.blocks[0].columns
    order = ["total", *columns[:-1]]
    head = [r.tr(r.td(r.REMARK, 3), *(r.td(table.columns[code].label) for code in order))]
    moved = dict(printed)
    for row in table.blocks[0].rows:
        for place, code in zip(columns, order, strict=True):
            moved[Cell("applications", row, place)] = printed[Cell("applications", row, code)]
    exact(
        r.official(form, printed, applications=r.table(r.applications_rows(form, moved, head=head))), printed
    )


def test_review_columns_in_another_order_are_refused(form, printed):
    table = r.table(r.review_rows(form, printed)).replace("结果维持", "占位").replace("结果纠正", "结果维持")
    found = reading(r.official(form, printed, review_litigation=table.replace("占位", "结果纠正")))
    assert "header_unmatched" in codes(found)
    assert {cell for cell in printed if cell.table == "review_litigation"} <= named(found)
    assert not {cell for cell in told(found) if cell.table == "review_litigation"}


def test_misprinted_labels_are_known_by_their_place(form, printed):
    labels = {"denied_prohibited_by_law": "2.其他法律行政止公开", "unable_not_held": "1.本机关不掌握政府信"}
    table = r.table(r.applications_rows(form, printed, labels=labels))
    exact(r.official(form, printed, applications=table), printed)


@pytest.mark.parametrize("label", ["9.其他", "小计", "合计", "9.涉及商业秘密"])
def test_a_row_that_the_form_does_not_know_is_a_problem(form, printed, label):
    rows = r.applications_rows(form, printed)
    at = next(number for number, row in enumerate(rows) if "8.属于行政查询事项" in row)
    extra = r.tr(r.td(label), *(r.td(str(n)) for n in range(7)))
    # the group's heading spans one row more
    rows = [row.replace('rowspan="8"', 'rowspan="9"') for row in rows]
    first = next(number for number, row in enumerate(rows) if "本年度办理结果" in row)
    span = int(re.search(r'rowspan="(\d+)">三', rows[first].replace("三、", "三"))[1])
    rows[first] = rows[first].replace(f'rowspan="{span}">三、', f'rowspan="{span + 1}">三、')
    found = reading(
        r.official(form, printed, applications=r.table([*rows[: at + 1], extra, *rows[at + 1 :]]))
    )
    assert told(found) == printed
    (problem,) = [p for p in found.problems if p.code == "unmatched_row"]
    assert label in problem.detail
    assert problem.where["table"] == 2


def test_a_remarks_column_is_no_column_of_the_form(form, printed):
    rows = r.applications_rows(form, printed)
    widened = [row.replace("</tr>", "<td>7</td></tr>") for row in rows]
    widened[0] = rows[0]
    widened[1] = rows[1].replace("</tr>", '<td rowspan="2">备注</td></tr>')
    widened[2] = rows[2]
    found = reading(r.official(form, printed, applications=r.table(widened)))
    assert told(found) == printed
    assert codes(found) == {"unmatched_cell"}


def test_a_column_of_row_numbers_before_the_labels(form, printed):
    """Before the cells 三、 and （三）, which stand before the label of the row, too."""
    rows = r.applications_rows(form, printed)
    numbered = [row.replace("<tr>", f"<tr><td>{n - 2 if n > 2 else ''}</td>") for n, row in enumerate(rows)]
    exact(r.official(form, printed, applications=r.table(numbered)), printed)


def test_a_value_too_many_is_given_to_no_cell(form, printed):
    row = "行政许可" if form.id == "f2019" else "（一）予以公开"
    rows = r.official(form, printed)
    start = rows.index(row)
    end = rows.index("</td>", rows.index("<td", start)) + 5
    found = reading(rows[:end] + "<td>77</td>" + rows[end:])
    assert codes(found) == {"surplus_values"}
    wrong = {cell: text for cell, text in told(found).items() if printed[cell] != text}
    assert wrong == {}


def test_fewer_values_than_cells_are_merged_with_their_raw_values(form, printed):
    rows = r.applications_rows(form, printed)
    rows[-1] = r.tr(r.td("四、结转下年度继续办理", 3), r.td("5", 3), r.td("6", 4))
    found = reading(r.official(form, printed, applications=r.table(rows)))
    figures = [f for f in found.report.figures if f.cell.row == "carried_out"]
    assert [(f.status, f.printed, f.value, f.note) for f in figures] == [
        ("merged", None, None, '["5", "6"]')
    ] * 7
    assert codes(found) == {"merged_row"}
    assert named(found) == {f.cell for f in figures}


def test_a_cell_reaching_down_from_above_is_no_empty_cell(form, printed):
    table = r.table(r.applications_rows(form, printed))
    first = printed[Cell("applications", "received_new", "natural_person")]
    second = printed[Cell("applications", "carried_in", "natural_person")]
    table = table.replace(f"<td>{first}</td>", f'<td rowspan="2">{first}</td>').replace(
        f"<td>{second}</td>", ""
    )
    found = reading(r.official(form, printed, applications=table))
    assert {f.status for f in found.report.figures if f.cell.row == "carried_in"} == {"merged"}
    assert {f.status for f in found.report.figures if f.cell.row == "received_new"} == {"unreadable"}
    assert {cell for cell in printed if cell.row in ("carried_in", "received_new")} == named(found)


def test_the_same_table_twice_is_read_once(form, printed):
    table = r.table(r.applications_rows(form, printed))
    exact(r.official(form, printed, applications=table + table), printed)


def test_two_tables_that_differ_are_given_to_no_cell(form, printed):
    other = r.distinct(form, 7001)
    tables = r.table(r.applications_rows(form, printed)) + r.table(r.applications_rows(form, other))
    found = reading(r.official(form, printed, applications=tables))
    assert codes(found) == {"conflicting_rows"}
    assert {cell for cell in printed if cell.table == "applications"} == named(found)


def test_rows_of_the_year_before_never_complete_a_table_cut_short(form, printed):
    rows = r.applications_rows(form, printed)
    before = r.applications_rows(form, r.distinct(form, 7001))
    tables = f"{r.table(rows[:9])}<p>2020年申请情况</p>{r.table(before[9:])}"
    found = reading(r.official(form, printed, applications=tables))
    assert {cell: text for cell, text in told(found).items() if printed[cell] != text} == {}
    assert "other_year" in codes(found)
    lost = {cell for cell in printed if cell not in told(found)}
    assert lost
    assert lost <= named(found)


def test_a_subtotal_over_the_parts_of_other_is_no_figure():
    form = next(form for form in FORMS if form.id == "f2021")
    printed = r.distinct(form)
    rows = r.applications_rows(form, printed)
    at = next(number for number, row in enumerate(rows) if "（六）其他处理" in row)
    rows[at] = rows[at].replace(r.td("（六）其他处理", rowspan=3), "")
    subtotal = r.tr(r.td("（六）其他处理", 2), *(r.td(str(n)) for n in range(7)))
    found = reading(r.official(form, printed, applications=r.table([*rows[:at], subtotal, *rows[at:]])))
    assert told(found) == printed
    assert codes(found) == {"unmatched_row"}


def test_the_form_is_decided_for_each_table():
    old, new = FORMS
    printed = r.distinct(new)
    rows = r.applications_rows(old, r.distinct(old))
    found = reading(r.official(new, printed, applications=r.table(rows)))
    assert found.report.forms == {"proactive": "f2021", "applications": "f2019", "review_litigation": "f2019"}
    assert found.report.form == "mixed"


def test_missing_rows_name_their_cells(form, printed):
    rows = [row for row in r.applications_rows(form, printed) if "2.重复申请" not in row]
    found = reading(r.official(form, printed, applications=r.table(rows)))
    (problem,) = [p for p in found.problems if p.code == "missing_row"]
    assert {cell.row for cell in problem.cells} == {"not_processed_duplicate"}
    assert len(problem.cells) == 7


def test_money_takes_the_unit_of_its_head():
    form = next(form for form in FORMS if form.id == "f2021")
    printed = r.distinct(form)
    fees = Cell("proactive", "administrative_fees", "amount_wanyuan")
    printed[fees] = "251000"
    document = r.official(form, printed).replace("（单位：万元）", "（单位：元）")
    figure = next(f for f in reading(document).report.figures if f.cell == fees)
    assert (figure.value, figure.unit, figure.printed) == (25.1, "万元", "251000")


def test_money_without_any_unit_stays_as_printed():
    form = next(form for form in FORMS if form.id == "f2019")
    printed = r.distinct(form)
    amount = Cell("proactive", "centralized_procurement", "procurement_amount_wanyuan")
    figure = next(f for f in reading(r.official(form, printed)).report.figures if f.cell == amount)
    assert (figure.value, figure.unit) == (int(printed[amount]), None)


def test_a_cell_of_words_is_unreadable_and_named(form, printed):
    cell = Cell("applications", "disclosed_full", "total")
    found = reading(r.official(form, {**printed, cell: "详见附件"}))
    figure = next(f for f in found.report.figures if f.cell == cell)
    assert (figure.status, figure.value, figure.printed) == ("unreadable", None, "详见附件")
    assert codes(found) == {"cell_not_a_number"}
    assert named(found) == {cell}


def test_a_column_of_numbers_that_are_money_where_none_belongs(form, printed):
    cell = Cell("applications", "disclosed_full", "total")
    figure = next(
        f for f in reading(r.official(form, {**printed, cell: "3万元"})).report.figures if f.cell == cell
    )
    assert figure.status == "unreadable"


def test_a_table_that_shares_words_with_the_form_is_left_alone(form, printed):
    bystander = r.table(
        [
            r.tr(r.td("项目"), r.td("数量")),
            r.tr(r.td("行政许可"), r.td("5")),
            r.tr(r.td("重复申请"), r.td("9")),
        ]
    )
    exact(r.official(form, printed).replace("<p>二、", bystander + "<p>二、"), printed)


def test_locators_count_tables_rows_and_cells_of_the_source(form, printed):
    navigation = "<table><tr><td>首页</td></tr></table>"
    found = reading(r.official(form, printed).replace("<body>", f"<body>{navigation}"))
    figure = next(
        f for f in found.report.figures if f.cell == Cell("applications", "denied_state_secret", "total")
    )
    # rows: three of the head, 一, 二, （一）, （二）, then （三）1 with its heading and label before
    assert dict(figure.locator) == {"table": 3, "row": 8, "cell": 9}


# Text -------------------------------------------------------------------------------------------


def test_text_without_cells(form, printed):
    exact(r.flowing(form, printed), printed)


def test_text_with_a_value_on_each_line(form, printed):
    exact(r.flowing(form, printed, "\n"), printed)


def test_labels_cut_around_their_values_by_a_page_break(form, printed):
    text = re.sub(
        r"3\.危及“三安全一稳定” (.*)", r"3.危及“三安 \1\n\n- 5 -\n\n全一稳定”", r.flowing(form, printed)
    )
    assert "三安 " in text
    exact(text, printed)


@pytest.mark.parametrize("text", [r.cell_lines, r.tab_rows, r.wrapped], ids=lambda text: text.__name__)
def test_text_renderings(form, printed, text):
    exact(text(form, printed), printed)


def test_a_row_of_blank_cells_in_text_with_cells(form, printed):
    some = {
        cell: "" if cell.row in ("carried_in", "reconsideration") else text for cell, text in printed.items()
    }
    exact(r.cell_lines(form, some), some)
    exact(r.tab_rows(form, some), some)


def test_stray_empty_lines_inside_a_row_of_cells(form, printed):
    value = printed[Cell("applications", "denied_state_secret", "org_public_interest")]
    text = r.cell_lines(form, printed)
    assert f"\n\t{value}\n" in text
    exact(text.replace(f"\n\t{value}\n", f"\n\t{value}\n\n\n"), printed)


def test_wrapped_text_with_fewer_values_than_cells(form, printed):
    """The row 四 of a real report prints two values for seven cells."""
    values = " ".join(
        printed[Cell("applications", "carried_out", c)] for c in form.tables["applications"].blocks[0].columns
    )
    found = reading(r.wrapped(form, printed).replace(values, "0 0"))
    assert {f.note for f in found.report.figures if f.cell.row == "carried_out"} == {'["0", "0"]'}
    assert told(found) == {cell: text for cell, text in printed.items() if cell.row != "carried_out"}
    assert codes(found) == {"merged_row"}


def test_markdown_tables(form, printed):
    def bars(rows: list[str]) -> str:
        lines = []
        for row in rows:
            cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            lines.append(
                "| " + " | ".join(cell.replace("<br>", "").replace("\n", "") for cell in cells) + " |"
            )
        return "\n".join([lines[0], "|---|---|", *lines[1:]])

    parts = [r.TITLE, "一、总体情况", "全年工作平稳。" * 30, "", bars(r.proactive_rows(form, printed)), ""]
    parts += [r.CHAPTERS["applications"], "", bars(r.applications_rows(form, printed)), ""]
    parts += [
        r.CHAPTERS["review_litigation"],
        "",
        bars(r.review_rows(form, printed)),
        "",
        "六、其他需要报告的事项",
        "无。",
    ]
    exact("\n".join(parts), printed)


def test_glued_digits_are_refused(form, printed):
    found = reading(r.flowing(form, printed, ""))
    figures = {f.cell: f for f in found.report.figures}
    single = {cell for cell in printed if cell in told(found)}
    assert all(
        cell.table == "proactive" and len(form.tables["proactive"].columns_of(cell.row)) == 1
        for cell in single
    )
    assert all(figures[cell].value is None for cell in printed if cell not in single)
    assert {cell for cell in printed if cell not in single} <= named(found)


def test_values_before_their_labels_are_refused(form, printed):
    lines = [
        " ".join([*line.split(" ")[1:], line.split(" ")[0]]) for line in r.flowing(form, printed).split("\n")
    ]
    found = reading("\n".join(lines))
    assert {cell: text for cell, text in told(found).items() if printed[cell] != text} == {}
    assert "shifted_rows" in codes(found)


def test_values_of_a_row_that_the_form_does_not_know_in_text(form, printed):
    text = r.flowing(form, printed).replace("2.重复申请", "其他主动公开文件 3 4 5\n2.重复申请")
    found = reading(text)
    assert told(found) == printed
    assert codes(found) == {"unmatched_values"}


def test_a_blank_cell_leaves_too_few_values_in_text(form, printed):
    value = printed[Cell("applications", "received_new", "org_business")]
    found = reading(r.flowing(form, printed).replace(f" {value} ", " ", 1))
    assert {f.status for f in found.report.figures if f.cell.row == "received_new"} == {"merged"}


def test_a_page_number_among_values_is_not_counted_as_one(form, printed):
    """It stands in for a blank cell of the row before it: the count is right, the row is not."""
    value = printed[Cell("review_litigation", "reconsideration", "upheld")]
    last = printed[Cell("review_litigation", "litigation_after_reconsideration", "total")]
    text = r.flowing(form, printed).replace(f"{value} ", "", 1).replace(f" {last}", f" {last}\n5")
    found = reading(text)
    assert not [cell for cell in told(found) if cell.table == "review_litigation"]
    assert {cell for cell in printed if cell.table == "review_litigation"} <= named(found)


# Damage -----------------------------------------------------------------------------------------


def damaged_text(text: str, rng: random.Random) -> str:  # noqa: C901 one branch a kind of damage
    lines = text.split("\n")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(4, len(lines) - 4)
        kind = rng.choice(["drop", "double", "swap", "split", "join", "lose", "turn", "number", "turn all"])
        words = lines[at].split(" ")
        if kind == "drop":
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
        elif kind == "split":
            cut = rng.randrange(len(words) + 1)
            lines[at : at + 1] = [" ".join(words[:cut]), " ".join(words[cut:])]
        elif kind == "join":
            lines[at : at + 2] = [f"{lines[at]}{rng.choice([' ', ''])}{lines[at + 1]}"]
        elif kind == "lose":
            del words[rng.randrange(len(words))]
            lines[at] = " ".join(words)
        elif kind == "turn" and not words[0].isdigit():
            lines[at] = " ".join([*words[1:], words[0]])
        elif kind == "number":
            lines.insert(at, str(rng.randrange(9)))
        elif kind == "turn all":
            lines = [x if x[:1].isdigit() else " ".join([*x.split(" ")[1:], x.split(" ")[0]]) for x in lines]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(120))
def test_damaged_text_never_gives_a_wrong_figure(seed):
    rng = random.Random(seed)
    form = rng.choice(FORMS)
    printed = r.distinct(form)
    found = reading(damaged_text(r.flowing(form, printed), rng))
    if found.report is None:
        assert found.problems
        return
    assert {cell: text for cell, text in told(found).items() if printed.get(cell) != text} == {}


_CELL = r"<td[^>]*>(?:(?!<td|</td>).)*</td>"


def damaged_page(page: str, rng: random.Random) -> str:
    kind = rng.choice(["cut", r"<[^>]+>", "</td>", "<td[^>]*>", "double", _CELL, r' (?:col|row)span="\d+"'])
    if kind == "cut":
        return page[: rng.randrange(len(page) // 4, len(page))]
    found = rng.choice(list(re.finditer(_CELL if kind == "double" else kind, page, re.DOTALL)))
    return page[: found.start()] + (found.group() * 2 if kind == "double" else "") + page[found.end() :]


@pytest.mark.parametrize("seed", range(120))
def test_damaged_pages_never_give_a_wrong_figure(seed):
    rng = random.Random(seed)
    form = rng.choice(FORMS)
    printed = r.distinct(form)
    found = reading(damaged_page(r.official(form, printed), rng))
    if found.report is None:
        assert found.problems
        return
    assert {cell: text for cell, text in told(found).items() if printed.get(cell) != text} == {}
    other = {cell for f in FORMS for t in f.tables.values() for cell in t.cells()} - set(printed)
    lost = {
        cell for cell in printed if cell not in told(found) and cell.table in {c.table for c in told(found)}
    }
    if found.report.form == form.id:
        assert lost <= named(found)
    assert not other & set(told(found))


def drawn(rows: list[str], width: int = 10) -> str:
    """A table drawn with characters, the text of a cell in lines of `width` characters."""
    grids = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    columns = max(map(len, grids))
    rule = "+" + "+".join("-" * (width + 2) for _ in range(columns)) + "+"
    lines = [rule]
    for cells in grids:
        words = [cell.replace("<br>", "") for cell in cells] + [""] * (columns - len(cells))
        parts = [[word[at : at + width] for at in range(0, len(word), width)] or [""] for word in words]
        for number in range(max(map(len, parts))):
            texts = (part[number] if number < len(part) else "" for part in parts)
            lines.append("|" + "|".join(f" {text.ljust(width)} " for text in texts) + "|")
        lines.append(rule if len(lines) > 3 else rule.replace("-", "="))
    return "\n".join(lines)


def as_text(tables: dict[str, str]) -> str:
    parts = [r.TITLE, "", "一、总体情况", "", "全年工作平稳，公开及时。" * 20, ""]
    for code, chapter in r.CHAPTERS.items():
        parts += [chapter, "", tables[code], ""]
    return "\n".join([*parts, "五、存在的主要问题及改进情况", "", "仍有不足。" * 20, ""])


@pytest.mark.parametrize("form", r.both_forms(), ids=lambda form: form.id)
def test_tables_drawn_with_characters(form):
    """Programs that turn Word files into Markdown draw a table that has merged cells."""
    printed = r.distinct(form)
    rows = {
        "proactive": r.proactive_rows(form, printed),
        "applications": r.applications_rows(form, printed),
        "review_litigation": r.review_rows(form, printed),
    }
    report = read_document(as_text({code: drawn(own) for code, own in rows.items()}).encode())[0].report
    assert {figure.cell: figure.printed for figure in report.figures} == printed


def test_digits_that_a_drawn_column_wraps_are_no_number():
    form = r.both_forms()[-1]
    printed = {**r.distinct(form), Cell("applications", "received_new", "total"): "12345678901"}
    rows = {
        "proactive": r.proactive_rows(form, printed),
        "applications": r.applications_rows(form, printed),
        "review_litigation": r.review_rows(form, printed),
    }
    report = read_document(as_text({code: drawn(own) for code, own in rows.items()}).encode())[0].report
    told = {figure.cell: figure.status for figure in report.figures}
    assert told.pop(Cell("applications", "received_new", "total")) == "unreadable"
    assert set(told.values()) == {"number"}


def test_lines_of_a_cell_in_markdown():
    form = r.both_forms()[-1]
    printed = r.distinct(form)
    rows = {
        "proactive": r.proactive_rows(form, printed),
        "applications": r.applications_rows(form, printed),
        "review_litigation": r.review_rows(form, printed),
    }
    tables = {}
    for code, own in rows.items():
        cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in own]
        tables[code] = "\n".join("| " + " | ".join(row).replace("\n", "<br/>") + " |" for row in cells)
    assert "商业<br>企业" in tables["applications"]
    last = printed[Cell("applications", "received_new", "total")]
    tables["applications"] = tables["applications"].replace(f" {last} ", f" {last}<br> ")
    report = read_document(as_text(tables).encode())[0].report
    assert {figure.cell: figure.printed for figure in report.figures} == printed


def test_a_row_of_bars_that_is_closed_is_whole():
    form = r.both_forms()[-1]
    printed = r.distinct(form)
    rows = [*r.review_rows(form, printed)]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    before = [r.TITLE, "一、总体情况", "全年工作平稳。" * 30, r.CHAPTERS["review_litigation"]]
    text = "\n".join([*before, *lines])
    assert "document_cut" not in {problem.code for problem in read_document(text.encode())[0].problems}
    cut = text[:-2]
    assert "document_cut" in {problem.code for problem in read_document(cut.encode())[0].problems}


def test_blanks_in_a_line_with_a_sign_of_markup_take_no_longer_than_their_length():
    since = process_time()
    read_document(f"{r.TITLE}\n<{' ' * 40_000}x\n".encode())
    assert process_time() - since < 1.5


@pytest.mark.parametrize("begins", [True, False], ids=["column before", "column behind"])
def test_an_empty_column_beside_a_figure_that_is_blank(begins: bool) -> None:
    """The last figure of the row is blank, or its first: the empty column beside was taken for it."""
    form = r.both_forms()[-1]
    cells = form.tables["review_litigation"].cells()
    own = dict.fromkeys(cells, "0") | {cells[5]: "8", cells[9]: "8", cells[-1 if begins else 0]: ""}
    printed = r.distinct(form) | own
    rows = r.review_rows(form, printed)
    empty = "<td></td>"
    rows = [
        row.replace("<tr>", f"<tr>{empty}") if begins else row.replace("</tr>", f"{empty}</tr>")
        for row in rows
    ]
    found = reading(r.official(form, printed, review_litigation=r.table(rows)))
    figures = {figure.cell: figure.printed for figure in found.report.figures}
    assert {cell: figures[cell] for cell in cells} == own
