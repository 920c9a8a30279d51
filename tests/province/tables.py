"""The statutory tables as HTML, in the styles of mark-up that real pages show.

Owns labels, spans and mark-up. A style is chosen by name in `reports.toml`; every style prints
the same figures, so that whatever reads them may be held to one truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from .figures import PROACTIVE, Figures

GROUPS = {
    "f2019": (
        (
            "第二十条第（一）项",
            ("government_rules", "normative_documents"),
            ("本年新制作数量", "本年新公开数量", "对外公开总数量"),
        ),
        (
            "第二十条第（五）项",
            ("administrative_licensing", "other_external_services"),
            ("上一年项目数量", "本年增/减", "处理决定数量"),
        ),
        (
            "第二十条第（六）项",
            ("administrative_penalty", "administrative_compulsion"),
            ("上一年项目数量", "本年增/减", "处理决定数量"),
        ),
        ("第二十条第（八）项", ("administrative_fees",), ("上一年项目数量", "本年增/减")),
        ("第二十条第（九）项", ("centralized_procurement",), ("采购项目数量", "采购总金额")),
    ),
    "f2021": (
        (
            "第二十条第（一）项",
            ("government_rules", "normative_documents"),
            ("本年制发件数", "本年废止件数", "现行有效件数"),
        ),
        ("第二十条第（五）项", ("administrative_licensing",), ("本年处理决定数量",)),
        (
            "第二十条第（六）项",
            ("administrative_penalty", "administrative_compulsion"),
            ("本年处理决定数量",),
        ),
        ("第二十条第（八）项", ("administrative_fees",), ("本年收费金额（单位：万元）",)),
    ),
}
PROACTIVE_LABELS = {
    "government_rules": "规章",
    "administrative_licensing": "行政许可",
    "other_external_services": "其他对外管理服务事项",
    "administrative_penalty": "行政处罚",
    "administrative_compulsion": "行政强制",
    "administrative_fees": "行政事业性收费",
    "centralized_procurement": "政府集中采购",
}
NORMATIVE = {"f2019": "规范性文件", "f2021": "行政规范性文件"}

IDENTITY = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
ORGANISATIONS = ("商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他")
RECEIVED = ("received_new", "一、本年新收政府信息公开申请数量")
CARRIED_IN = ("carried_in", "二、上年结转政府信息公开申请数量")
HANDLED = "三、本年度办理结果"
CARRIED_OUT = ("carried_out", "四、结转下年度继续办理")
Leaves = tuple[tuple[str, str], ...]
RESULT_GROUPS: tuple[tuple[str, Leaves], ...] = (
    ("（一）予以公开", (("disclosed_full", ""),)),
    ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", (("disclosed_partial", ""),)),
    (
        "（三）不予公开",
        (
            ("denied_state_secret", "1.属于国家秘密"),
            ("denied_prohibited_by_law", "2.其他法律行政法规禁止公开"),
            ("denied_security_stability", "3.危及“三安全一稳定”"),
            ("denied_third_party", "4.保护第三方合法权益"),
            ("denied_internal_affairs", "5.属于三类内部事务信息"),
            ("denied_process_information", "6.属于四类过程性信息"),
            ("denied_enforcement_file", "7.属于行政执法案卷"),
            ("denied_administrative_query", "8.属于行政查询事项"),
        ),
    ),
    (
        "（四）无法提供",
        (
            ("unable_not_held", "1.本机关不掌握相关政府信息"),
            ("unable_requires_creation", "2.没有现成信息需要另行制作"),
            ("unable_still_unclear", "3.补正后申请内容仍不明确"),
        ),
    ),
    (
        "（五）不予处理",
        (
            ("not_processed_petition_complaint", "1.信访举报投诉类申请"),
            ("not_processed_duplicate", "2.重复申请"),
            ("not_processed_publication", "3.要求提供公开出版物"),
            ("not_processed_abusive", "4.无正当理由大量反复申请"),
            ("not_processed_reconfirmation", "5.要求行政机关确认或重新出具已获取信息"),
        ),
    ),
)
OTHER_GROUP: dict[str, tuple[str, Leaves]] = {
    "f2019": ("（六）其他处理", (("other_total", ""),)),
    "f2021": (
        "（六）其他处理",
        (
            ("other_uncorrected_overdue", "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请"),
            ("other_fee_unpaid", "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请"),
            ("other_other", "3.其他"),
        ),
    ),
}
TOTAL_GROUP: tuple[str, Leaves] = ("（七）总计", (("processed_total", ""),))
RESULT_LABELS = ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
REVIEW_ROWS = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")


@dataclass(frozen=True, slots=True)
class Span:
    """A cell of a table before it is mark-up. `kind` is "label", "number" or "filler"."""

    text: str
    rows: int = 1
    cols: int = 1
    kind: str = "label"


Row = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A way in which pages write the same table.

    `header` and `stub` are "spanned" (rowspan and colspan), "flat" (an empty cell wherever a
    span would reach); `stub` may also be "twice" (the long label written twice, as where a page
    break cut the original). `odd_columns` gives headings and values unlike spans. `write` turns
    one cell's text into mark-up, given its place in the table.
    """

    write: Callable[[Span, int], str]
    header: str = "spanned"
    stub: str = "spanned"
    odd_columns: bool = False
    table_tag: str = '<table border="1" cellspacing="0" cellpadding="0">'
    attributes: str = ""
    unclosed: bool = False
    relabel: Callable[[str], str] = str
    within: tuple[str, str] = ("", "")


def proactive_rows(figures: Figures, chosen: Style) -> list[Row]:
    """The table of chapter two."""
    form = figures.forms["proactive"]
    rows: list[Row] = []
    for heading, codes, columns in GROUPS[form]:
        widths = _widths(len(columns), flat=chosen.header == "flat")
        rows.append((Span(heading, cols=4),))
        rows.append((Span("信息内容"), *map(_label, columns, widths)))
        for code in codes:
            label = PROACTIVE_LABELS.get(code) or figures.labels.get(code, NORMATIVE[form])
            values = figures.rows["proactive"][code]
            if len(values) != len(PROACTIVE[form][code]):
                raise ValueError(f"{code}: {len(values)} values for {len(PROACTIVE[form][code])} cells")
            rows.append((Span(label), *map(_number, values, widths)))
    return rows


def applications_rows(figures: Figures, chosen: Style) -> list[Row]:
    """The table of chapter three."""
    rows = list(_applicant_header(chosen))
    rows.append((Span(RECEIVED[1], cols=3), *_values(figures, RECEIVED[0], chosen)))
    rows.append((Span(CARRIED_IN[1], cols=3), *_values(figures, CARRIED_IN[0], chosen)))
    groups = (*RESULT_GROUPS, OTHER_GROUP[figures.forms["applications"]], TOTAL_GROUP)
    rows += _result_rows(figures, groups, chosen)
    rows.append((Span(CARRIED_OUT[1], cols=3), *_values(figures, CARRIED_OUT[0], chosen)))
    return rows


def review_litigation_rows(figures: Figures, chosen: Style) -> list[Row]:
    """The table of chapter four."""
    rows: list[Row] = [(Span("行政复议", cols=5), Span("行政诉讼", cols=10))]
    courts = (Span("未经复议直接起诉", cols=5), Span("复议后起诉", cols=5))
    if chosen.header == "flat":
        rows.append((*map(Span, RESULT_LABELS), *courts))
        rows.append((*[Span("")] * 5, *map(Span, RESULT_LABELS * 2)))
    else:
        rows.append((*[Span(label, rows=2) for label in RESULT_LABELS], *courts))
        rows.append(tuple(map(Span, RESULT_LABELS * 2)))
    values = [value for row in REVIEW_ROWS for value in figures.rows["review_litigation"][row]]
    rows.append(tuple(_number(value, 1) for value in values))
    return rows


def _widths(columns: int, *, flat: bool) -> tuple[int, ...]:
    """Grid columns taken by each of `columns` values beside the label in a grid of four."""
    if flat:
        return (1,) * columns
    return {1: (3,), 2: (1, 2), 3: (1, 1, 1)}[columns]


def _label(text: str, cols: int) -> Span:
    return Span(text, cols=cols)


def _number(text: str, cols: int) -> Span:
    return Span(text, cols=cols, kind="number")


def _applicant_header(style: Style) -> Iterable[Row]:
    if style.header == "flat":
        yield Span(IDENTITY, cols=3), Span("申请人情况", cols=7)
        yield Span("", cols=3), Span("自然人"), Span("法人或其他组织", cols=5), Span("总计")
        yield Span("", cols=3), Span(""), *map(Span, ORGANISATIONS), Span("")
        return
    wide = 2 if style.odd_columns else 1
    yield Span(IDENTITY, rows=3, cols=3), Span("申请人情况", cols=6 + wide)
    yield Span("自然人", rows=2, cols=wide), Span("法人或其他组织", cols=5), Span("总计", rows=2)
    yield tuple(map(Span, ORGANISATIONS))


def _values(figures: Figures, row: str, style: Style) -> tuple[Span, ...]:
    merged = figures.merged.get("applications", {}).get(row)
    if merged is not None:
        first, second = merged
        return _number(first, 4), _number(second, 3)
    widths = (1, 2, 1, 1, 1, 1, 1) if style.odd_columns else (1,) * 7
    return tuple(map(_number, figures.rows["applications"][row], widths))


def _result_rows(figures: Figures, groups: tuple[tuple[str, Leaves], ...], style: Style) -> Iterable[Row]:
    printed: list[Row] = []
    for heading, leaves in groups:
        for index, (code, label) in enumerate(leaves):
            values = _values(figures, code, style)
            if not label:
                printed.append((Span(heading, cols=2), *values))
            elif style.stub == "flat":
                printed.append((Span(heading if index == 0 else ""), Span(label), *values))
            elif index == 0:
                printed.append((Span(heading, rows=len(leaves)), Span(label), *values))
            else:
                printed.append((Span(label), *values))
    pieces = _stub_pieces(len(printed), style.stub)
    for index, row in enumerate(printed):
        if index in pieces:
            yield Span(HANDLED, rows=pieces[index]), *row
        elif style.stub == "flat":
            yield Span(""), *row
        else:
            yield row


def _stub_pieces(rows: int, stub: str) -> dict[int, int]:
    """First rows of the cells that hold the long label, with the rows that each covers."""
    if stub == "flat":
        return {0: 1}
    if stub == "twice":
        return {0: 10, 10: rows - 10}
    return {0: rows}


def markup(rows: Sequence[Row], style: Style) -> str:
    """A table as HTML."""
    lines = [style.within[0], style.table_tag, "<tbody>"]
    end_cell, end_row = ("", "") if style.unclosed else ("</td>", "</tr>")
    counter = 0
    for row in rows:
        cells = []
        for span in row:
            rowspan = f' rowspan="{span.rows}"' if span.rows > 1 else ""
            colspan = f' colspan="{span.cols}"' if span.cols > 1 else ""
            label = span.text if span.kind == "number" else style.relabel(span.text)
            inner = style.write(Span(label, span.rows, span.cols, span.kind), counter)
            cells.append(f"<td{rowspan}{colspan}{style.attributes}>{inner}{end_cell}")
            counter += 1
        lines.append(f"<tr>{''.join(cells)}{end_row}")
    lines += ["" if style.unclosed else "</tbody>", "</table>", style.within[1]]
    return "\n".join(line for line in lines if line)


def _plain(span: Span, place: int) -> str:
    return escape(span.text)


def _word(span: Span, place: int) -> str:
    """Pasted from a word processor: a paragraph and a styled run a cell, an empty run after it."""
    font = "Calibri" if span.kind == "number" else "仿宋_GB2312"
    return (
        '<p class="MsoNormal" align="center" style="margin:0cm;text-align:center;line-height:14.0000pt;'
        'mso-pagination:widow-orphan;">'
        f'<span style="font-family:{font};font-size:10.5000pt;mso-font-kerning:0.0000pt;">'
        f"{escape(span.text) or '<o:p>&nbsp;</o:p>'}</span>"
        '<span style="font-size:10.5000pt;"><o:p></o:p></span></p>'
    )


def _spaced(span: Span, place: int) -> str:
    """Non-breaking spaces around values, two-word labels in two paragraphs."""
    if span.kind == "number":
        padding = ("&nbsp;{}", "{}&nbsp;&nbsp;", "{}")[place % 3]
        return f"<p>{padding.format(escape(span.text))}</p>"
    if len(span.text) == 4 and span.text in ORGANISATIONS:
        return f"<p>{span.text[:2]}&nbsp;</p><p>{span.text[2:]}&nbsp;</p>"
    return f"<p>{escape(span.text)}&nbsp;</p>"


def _vertical(span: Span, place: int) -> str:
    """Headings and the long label one character a line."""
    if span.text in (*ORGANISATIONS, *RESULT_LABELS, "自然人", HANDLED):
        return "<br>".join(span.text)
    return escape(span.text)


def _cut(span: Span, place: int) -> str:
    """Words and numbers cut over inline runs, as editors leave them after corrections."""
    if span.kind == "number":
        if len(span.text) < 2:
            return f"<span>{escape(span.text)}</span>"
        return f'<span>{escape(span.text[:1])}</span><span style="color:#000">{escape(span.text[1:])}</span>'
    middle = len(span.text) // 2
    first, second = escape(span.text[:middle]), escape(span.text[middle:])
    return f"<p><span><font>{first}</font></span><b><span>{second}</span></b></p>"


def _loose(span: Span, place: int) -> str:
    return f"<p>{escape(span.text)}"


def _commas(label: str) -> str:
    """1、 in place of 1. before the grounds."""
    return f"{label[0]}、{label[2:]}" if label[:1].isdigit() and label[1:2] == "." else label


def _half_width(label: str) -> str:
    """Half-width brackets, and a space after the number of a ground."""
    label = label.translate(str.maketrans("（），", "(),"))
    return f"{label[:2]} {label[2:]}" if label[:1].isdigit() and label[1:2] == "." else label


_WORD_TABLE = (
    '<table class="MsoNormalTable" border="1" cellspacing="0" style="border-collapse:collapse;border:none;'
    'mso-padding-alt:0.0000pt 5.4000pt 0.0000pt 5.4000pt;">'
)
_WORD_CELL = (
    ' width="61" valign="center" style="width:45.6500pt;padding:0.0000pt 5.4000pt;'
    'border:1.0000pt solid windowtext;mso-border-alt:0.5000pt solid windowtext;"'
)
_LAYOUT = (
    '<table width="100%"><tr><td width="10">&nbsp;</td><td><table width="98%" align="center"><tr><td>',
    '</td></tr></table></td><td width="10">&nbsp;</td></tr></table>',
)

STYLES: dict[str, Style] = {
    "plain": Style(_plain),
    "word": Style(_word, table_tag=_WORD_TABLE, attributes=_WORD_CELL),
    "word_twice": Style(_word, stub="twice", table_tag=_WORD_TABLE, attributes=_WORD_CELL),
    "flat": Style(_plain, header="flat", stub="flat"),
    "flat_word": Style(_word, header="flat", stub="flat", table_tag=_WORD_TABLE, attributes=_WORD_CELL),
    "spaced": Style(_spaced),
    "vertical": Style(_vertical, relabel=_commas),
    "cut": Style(_cut),
    "odd_columns": Style(_plain, odd_columns=True),
    "unclosed": Style(_loose, unclosed=True, stub="twice"),
    "half_width": Style(_plain, relabel=_half_width, attributes=' style="text-align:center"'),
    "layout": Style(_plain, within=_LAYOUT),
}
