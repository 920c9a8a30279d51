"""Ways in which real reports set the statutory tables, as functions of the figures.

Each figure is distinct unless a test says otherwise, so that a value in a wrong cell shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipelines.forms import TABLES, Form, forms
from pipelines.records import Cell

Printed = Mapping[Cell, str]

GROUPS = {
    "denied": "（三）不予公开",
    "unable": "（四）无法提供",
    "not_processed": "（五）不予处理",
    "other": "（六）其他处理",
}
CHAPTERS = {
    "proactive": "二、主动公开政府信息情况",
    "applications": "三、收到和处理政府信息公开申请情况",
    "review_litigation": "四、政府信息公开行政复议、行政诉讼情况",
}
REMARK = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
TITLE = "牡丹江市样例局2021年政府信息公开工作年度报告"


def distinct(form: Form, first: int = 1001) -> dict[Cell, str]:
    """Every cell of a form with a number that no other cell has."""
    cells = [cell for table in TABLES for cell in form.tables[table].cells()]
    return {cell: str(first + number) for number, cell in enumerate(cells)}


def td(text: str, colspan: int = 1, rowspan: int = 1, tag: str = "td") -> str:
    spans = (f' colspan="{colspan}"' if colspan > 1 else "") + (
        f' rowspan="{rowspan}"' if rowspan > 1 else ""
    )
    return f"<{tag}{spans}>{text}</{tag}>"


def tr(*cells: str) -> str:
    return "<tr>" + "".join(cells) + "</tr>"


def table(rows: Iterable[str]) -> str:
    return '<table border="1">' + "\n".join(rows) + "</table>"


def proactive_rows(form: Form, printed: Printed, cell: Callable[[str], str] = lambda text: text) -> list[str]:
    layout = form.tables["proactive"]
    rows = []
    for block in layout.blocks:
        rows.append(tr(td(block.head, colspan=4)))
        last = 4 - len(block.columns)
        rows.append(
            tr(
                td("信息内容"),
                *(
                    td(layout.columns[c].label, colspan=last if c == block.columns[-1] else 1)
                    for c in block.columns
                ),
            )
        )
        for code in block.rows:
            values = [cell(printed[Cell("proactive", code, c)]) for c in block.columns]
            rows.append(
                tr(td(layout.rows[code].label), *(td(v) for v in values[:-1]), td(values[-1], colspan=last))
            )
    return rows


def applications_head(order: Sequence[str] | None = None) -> list[str]:
    return [
        tr(td(REMARK, colspan=3, rowspan=3), td("申请人情况", colspan=7)),
        tr(td("自然人", rowspan=2), td("法人或其他组织", colspan=5), td("总计", rowspan=2)),
        tr(td("商业<br>企业"), td("科研\n机构"), td("社会公益组织"), td("法律服务机构"), td("其他")),
    ]


def applications_rows(
    form: Form,
    printed: Printed,
    cell: Callable[[str], str] = lambda text: text,
    head: list[str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[str]:
    """Table 三 with the spans of the official form."""
    layout = form.tables["applications"]
    block = layout.blocks[0]
    rows = head if head is not None else applications_head()
    results = [code for code in block.rows if layout.rows[code].group]
    seen: set[str] = set()
    for code in block.rows:
        row = layout.rows[code]
        label = (labels or {}).get(code, row.label)
        values = [td(cell(printed[Cell("applications", code, c)])) for c in block.columns]
        if not row.group:
            rows.append(tr(td(label, colspan=3), *values))
            continue
        lead = [td("三、本年度办理结果", rowspan=len(results))] if code == results[0] else []
        group = [c for c in results if layout.rows[c].group == row.group]
        if row.group == "results" or len(group) == 1:
            rows.append(tr(*lead, td(label, colspan=2), *values))
        else:
            head_cell = [] if row.group in seen else [td(GROUPS[row.group], rowspan=len(group))]
            seen.add(row.group)
            rows.append(tr(*lead, *head_cell, td(label), *values))
    return rows


def review_rows(form: Form, printed: Printed, cell: Callable[[str], str] = lambda text: text) -> list[str]:
    layout = form.tables["review_litigation"]
    leaves = [layout.columns[c].label for c in layout.blocks[0].columns]
    return [
        tr(td("行政复议", colspan=5), td("行政诉讼", colspan=10)),
        tr(
            *(td(leaf, rowspan=2) for leaf in leaves),
            td("未经复议直接起诉", colspan=5),
            td("复议后起诉", colspan=5),
        ),
        tr(*(td(leaf) for leaf in leaves * 2)),
        tr(*(td(cell(printed[c])) for c in layout.cells())),
    ]


def page(tables: Mapping[str, str], title: str = TITLE, charset: str = "utf-8") -> str:
    """An article page with six chapters; `tables` by table code, missing ones left out."""
    prose = "本单位按照条例要求公开信息，具体情况如下文所述，数据以表格为准。" * 4
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{title}</p>",
        f"<p>{prose}</p>",
        "<p>一、总体情况</p>",
        f"<p>{prose}</p>",
    ]
    for code in TABLES:
        parts += [f"<p>{CHAPTERS[code]}</p>", tables.get(code, "")]
    parts += [
        "<p>五、存在的主要问题及改进情况</p>",
        f"<p>{prose}</p>",
        "<p>六、其他需要报告的事项</p>",
        "<p>无。</p>",
    ]
    return (
        f'<html><head><meta charset="{charset}"><title>{title}</title></head><body><div id="zoomcon">'
        + "\n".join(parts)
        + "</div></body></html>"
    )


def official(
    form: Form, printed: Printed, cell: Callable[[str], str] = lambda text: text, **changed: str
) -> str:
    """A page with all three tables as the form prescribes; `changed` replaces whole tables."""
    tables = {
        "proactive": table(proactive_rows(form, printed, cell)),
        "applications": table(applications_rows(form, printed, cell)),
        "review_litigation": table(review_rows(form, printed, cell)),
    }
    return page({**tables, **changed})


def flowing(form: Form, printed: Printed, join: str = " ") -> str:
    """The tables as text without cells: a label and its values on one line, heads as words."""
    lines = [TITLE, "一、总体情况", "全年工作平稳。" * 30]
    layout = form.tables["proactive"]
    lines.append(CHAPTERS["proactive"])
    for block in layout.blocks:
        lines += [block.head, "信息内容 " + " ".join(layout.columns[c].label for c in block.columns)]
        for code in block.rows:
            lines.append(
                layout.rows[code].label
                + " "
                + join.join(printed[Cell("proactive", code, c)] for c in block.columns)
            )
    layout = form.tables["applications"]
    lines += [
        CHAPTERS["applications"],
        REMARK,
        "申请人情况",
        "自然人 法人或其他组织 总计",
        "商业企业 科研机构 社会公益组织 法律服务机构 其他",
    ]
    seen: set[str] = set()
    for code in layout.blocks[0].rows:
        row = layout.rows[code]
        if row.group in GROUPS and row.group not in seen and row.label != GROUPS[row.group]:
            lines.append(GROUPS[row.group])
            seen.add(row.group)
        lines.append(
            row.label
            + " "
            + join.join(printed[Cell("applications", code, c)] for c in layout.blocks[0].columns)
        )
    layout = form.tables["review_litigation"]
    leaves = " ".join(layout.columns[c].label for c in layout.blocks[0].columns)
    lines += [
        CHAPTERS["review_litigation"],
        "行政复议 行政诉讼",
        leaves,
        "未经复议直接起诉 复议后起诉",
        leaves,
        leaves,
    ]
    lines.append(join.join(printed[cell] for cell in layout.cells()))
    lines += ["五、存在的主要问题及改进情况", "问题不多。" * 10, "六、其他需要报告的事项", "无。"]
    return "\n".join(lines)


def both_forms() -> list[Form]:
    return list(forms().values())


def _cell_groups(rows: list[str]) -> list[list[str]]:
    """Cells of HTML rows as lists of text, one a row, with an empty cell for each span from above."""
    groups, hanging = [], []
    for row in rows:
        cells = []
        left = [span for span in hanging if span > 0]
        cells += [""] * len(left)
        hanging = [span - 1 for span in left]
        for span, text in re.findall(r"<td([^>]*)>(.*?)</td>", row, re.DOTALL):
            cells.append(text.replace("<br>", "\n"))
            down = re.search(r'rowspan="(\d+)"', span)
            if down and not re.search(r"^\s*\d", text) and len(cells) < 4:
                hanging.append(int(down[1]) - 1)
        groups.append(cells)
    return groups


def _chaptered(tables: Mapping[str, str]) -> str:
    parts = [TITLE, "", "一、总体情况", "", "全年工作平稳，公开及时。" * 20, ""]
    for code in TABLES:
        parts += [CHAPTERS[code], "", tables[code], ""]
    parts += ["五、存在的主要问题及改进情况", "", "仍有不足。" * 20, "", "六、其他需要报告的事项", "", "无"]
    return "\n".join(parts)


def cell_lines(form: Form, printed: Printed) -> str:
    """A cell a line, each led by a tab, rows parted by an empty line: DOCX made text."""

    def text(rows: list[str]) -> str:
        return "\n\n".join("\n".join(f"\t{cell}" for cell in cells) for cells in _cell_groups(rows))

    return _chaptered(
        {
            "proactive": text(proactive_rows(form, printed)),
            "applications": text(applications_rows(form, printed)),
            "review_litigation": text(review_rows(form, printed)),
        }
    )


def tab_rows(form: Form, printed: Printed) -> str:
    """A row a line, cells parted by tabs, the columns of each row counted from its own label."""

    def text(rows: list[str]) -> str:
        return "\n".join("\t".join(cell.replace("\n", " ") for cell in cells) for cells in _cell_groups(rows))

    layout = form.tables["applications"]
    lines = ["（本列数据的勾稽关系为：第一项加\t申请人情况", "------------------\t-------", ""]
    lines += ["第二项之和，等于第三项加第四项之和)\t\t自然人\t法人或其他组织\t\t\t\t\t总计\t"]
    lines += ["\t\t\t商业企业\t科研机构\t社会公益组织\t法律服务机构\t其他\t\t"]
    seen: set[str] = set()
    for code in layout.blocks[0].rows:
        row = layout.rows[code]
        values = "\t".join(printed[Cell("applications", code, c)] for c in layout.blocks[0].columns)
        if code == "not_processed_reconfirmation":  # a page break cuts the label and moves the values
            lines += [f"{row.label[:-1]}\t\t{values}\t", "", f"\t{row.label[-1]}\t\t\t\t\t\t\t"]
        elif row.group in GROUPS and row.label != GROUPS[row.group]:
            lead = "" if row.group in seen else GROUPS[row.group]
            seen.add(row.group)
            lines.append(f"\t{lead}\t{row.label.replace('.', '. ')}\t{values}")
        elif row.group:
            lines.append(f"{row.label[:3]}\t{row.label[3:]}\t{values}")
        else:
            lines.append(f"{row.label}\t\t{values}\t")
    return _chaptered(
        {
            "proactive": text(proactive_rows(form, printed)),
            "applications": "\n".join(lines),
            "review_litigation": text(review_rows(form, printed)),
        }
    )


def wrapped(form: Form, printed: Printed) -> str:
    """PDF text: labels wrapped every six characters, vertical heads, page marks between."""

    def wrap(label: str) -> list[str]:
        return [label[at : at + 6] for at in range(0, len(label), 6)]

    lines = [TITLE, "", "一、总体情况", "全年工作平稳，公开及时。" * 8, "- 1 -"]
    layout = form.tables["proactive"]
    lines.append(CHAPTERS["proactive"])
    for block in layout.blocks:
        lines += [block.head, "信息内容"]
        for code in block.columns:
            lines += wrap(layout.columns[code].label)
        for code in block.rows:
            values = " ".join(printed[Cell("proactive", code, c)] for c in block.columns)
            lines.append(f"{layout.rows[code].label} {values}")
    lines += [
        CHAPTERS["applications"],
        *wrap(REMARK),
        "申请人情况",
        "自然",
        "人",
        "法人或其他组织",
        "总",
        "计",
    ]
    lines += [*"商业企业", *"科研机构", "社会", "公益", "组织", "法律", "服务", "机构", *"其他"]
    layout = form.tables["applications"]
    seen: set[str] = set()
    for number, code in enumerate(layout.blocks[0].rows):
        row = layout.rows[code]
        if row.group and "results" not in seen:
            lines += [*wrap("三、本年度办理结果")]
            seen.add("results")
        if row.group in GROUPS and row.group not in seen and row.label != GROUPS[row.group]:
            lines += wrap(GROUPS[row.group])
            seen.add(row.group)
        values = " ".join(printed[Cell("applications", code, c)] for c in layout.blocks[0].columns)
        pieces = wrap(row.label)
        if number % 5 == 4 and len(pieces) > 1:  # the values stand beside the first line of the label
            lines += [f"{pieces[0]} {values}", "", f"- {number} -", "", *pieces[1:]]
        elif number % 3 == 0:
            lines += [*pieces[:-1], f"{pieces[-1]} {values}"]
        else:
            lines += [*pieces, values]
    layout = form.tables["review_litigation"]
    leaves = [char for c in layout.blocks[0].columns for char in layout.columns[c].label]
    lines += [
        CHAPTERS["review_litigation"],
        "行政复议 行政诉讼",
        *leaves,
        "未经复议直接起诉 复议后起诉",
        *leaves,
        *leaves,
    ]
    lines.append(" ".join(printed[cell] for cell in layout.cells()))
    lines += ["五、存在的主要问题及改进情况", "问题不多。" * 10, "六、其他需要报告的事项", "无。"]
    return "\n\n".join(lines)
