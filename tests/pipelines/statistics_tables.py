"""Reports of the years before the statutory tables, as documents: written for the tests, figures invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.forms import statistics_forms

HEADINGS = {
    "s14_proactive_total": "一、主动公开情况",
    "s14_channel_gazette": "（二）通过不同渠道和方式公开政府信息的情况",
    "s14_hotspot_responses": "二、回应解读情况",
    "s14_press_conferences": "（二）通过不同渠道和方式回应解读的情况",
    "s14_requests_total": "三、依申请公开情况",
    "s14_units": "八、机构建设和保障经费情况",
    "s14_meetings": "九、政府信息公开会议和培训情况",
}

CHAPTERS = (
    (
        "一、概述",
        "{year}年，本局按照条例的规定开展公开工作，指定专人负责，健全了登记、审核和发布的流程，各科室配合较好。",
    ),
    (
        "二、主动公开政府信息的情况",
        "{year}年，通过门户网站等渠道共公开政府信息128条，内容涉及机构职能、办事程序和资金使用。",
    ),
    (
        "三、依申请公开政府信息的情况",
        "{year}年，共收到政府信息公开申请9件，均在规定的期限内答复，申请人对答复没有提出异议。",
    ),
    ("四、行政复议和行政诉讼的情况", "{year}年，未发生因政府信息公开引起的行政复议和行政诉讼。"),
    (
        "五、存在的问题和改进措施",
        "公开的形式还比较单一，经办人员变动较多。今后将加强培训，把答复文书的样式统一起来，并按季度检查栏目。",
    ),
)

FIGURES: Mapping[str, str] = {
    "s14_proactive_total": "128", "s14_proactive_normative": "4", "s14_normative_issued": "5",
    "s14_channel_website": "120", "s14_channel_wechat": "8", "s14_hotspot_responses": "2",
    "s14_press_conferences": "1", "s14_press_conferences_led": "1", "s14_online_interviews": "3",
    "s14_online_interviews_led": "2", "s14_policy_explainers": "6", "s14_requests_total": "9",
    "s14_requests_in_person": "1", "s14_requests_online": "6", "s14_requests_letter": "2",
    "s14_closed_total": "9", "s14_closed_on_time": "8", "s14_closed_extended": "1",
    "s14_replies_total": "9", "s14_reply_already_public": "2", "s14_reply_granted": "4",
    "s14_reply_denied": "2", "s14_denied_trade_secret": "1", "s14_denied_other_law": "1",
    "s14_reply_not_exist": "1", "s14_litigation_total": "3", "s14_litigation_upheld": "2",
    "s14_litigation_corrected": "1", "s14_fees_wanyuan": "0.5", "s14_units": "1", "s14_staff_total": "3",
    "s14_staff_fulltime": "1", "s14_staff_parttime": "2", "s14_budget_wanyuan": "2.35",
    "s14_trainees": "40",
}  # fmt: skip


def prose(year: int, *, agency: str = "牡丹江市民政局", table: str = "") -> str:
    """A report with five chapters and no statutory table; `table` is appended."""
    parts = [
        f"<html><head><title>{agency}{year}年政府信息公开工作年度报告</title></head><body><div id='zoom'>"
    ]
    parts.append(f"<h1>{agency}{year}年政府信息公开工作年度报告</h1>")
    parts.append(f"<p>本报告所列数据的统计期限为{year}年1月1日至{year}年12月31日。</p>")
    for heading, text in CHAPTERS:
        parts += [f"<p>{heading}</p>", f"<p>{text.format(year=year)}</p>"]
    return "\n".join([*parts, table, "</div></body></html>"])


def national(
    figures: Mapping[str, Sequence[str] | str],
    heads: Sequence[str] = ("统计数",),
    *,
    without: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
) -> str:
    """The table of 2014 as HTML: a row an indicator, headings between, a column for each of `heads`."""
    form = statistics_forms()["f2014"].tables["statistics_2014"]
    rows = [["统　计　指　标", "单位", *heads]]
    for code, row in form.rows.items():
        if code in HEADINGS:
            rows.append([HEADINGS[code], "——", *("" for _ in heads)])
        if code in without:
            continue
        values = figures.get(code, "0")
        cells = [values] * len(heads) if isinstance(values, str) else list(values)
        rows.append([row.label, (units or {}).get(code, row.unit or ""), *cells])
    return markup(rows)


def local(figures: Mapping[str, str], *, first: str = "本期实际") -> str:
    """The table of 35 coded indicators: name, unit, code, this period, whole year."""
    form = statistics_forms()["local"].tables["statistics_local"]
    rows = [["指标名称", "计量单位", "代码", first, "本年累计"], ["甲", "乙", "丙", "1", "2"]]
    for code, row in form.rows.items():
        rows.append([row.label, row.unit or "", code[-2:], "7", figures.get(code, "0")])
    return markup(rows)


def markup(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as an HTML table."""
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table>" + "".join(lines) + "</table>"
