"""A report with fresh random figures, before any format: what it says, and nothing of how it is set.

Owns the drawing of figures, body, year and prose from a seed. The truth of a cell is drawn first and
printed afterwards, so that it owes nothing to the reading of printed cells.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from pipelines import divisions
from pipelines.forms import TABLES, Column, Form, Table, forms
from pipelines.records import Cell

Mode = Literal["distinct", "sparse", "summed"]
MODES: tuple[Mode, ...] = ("distinct", "sparse", "summed")

NO_NUMBERS = ("/", "-", "—", "无")


class Truth(NamedTuple):
    """A cell as printed and what it means; `value` is None unless it is a number, money is in 万元."""

    printed: str
    status: Literal["number", "blank", "not_applicable"]
    value: float | None


@dataclass(frozen=True, slots=True)
class Written:
    """A report; `prose` are paragraphs by chapter, 0 the preamble."""

    seed: int
    mode: Mode
    form: Form
    agency: str
    year: int
    truth: Mapping[Cell, Truth]
    prose: Mapping[int, tuple[str, ...]]

    @property
    def title(self) -> str:
        """The title as printed."""
        return f"{self.agency}{self.year}年政府信息公开工作年度报告"

    @property
    def printed(self) -> dict[Cell, str]:
        """The text of every cell."""
        return {cell: truth.printed for cell, truth in self.truth.items()}


def written(seed: int) -> Written:
    """The report of a seed. Six seeds in a row have both forms in every mode."""
    rng = random.Random(f"report {seed}")
    form = list(forms().values())[seed % 2]
    mode = MODES[seed // 2 % 3]
    year = rng.choice((2019, 2020)) if form.id == "f2019" else rng.randint(2021, 2025)
    agency = _agency(rng, year)
    return Written(seed, mode, form, agency, year, _truth(form, mode, rng), _prose(agency, year, rng))


# Figures ----------------------------------------------------------------------------------------


def _truth(form: Form, mode: Mode, rng: random.Random) -> dict[Cell, Truth]:
    values = _distinct(form, rng) if mode == "distinct" else _balanced(form, mode, rng)
    truth = {cell: _printed(form, cell, value, mode, rng) for cell, value in values.items()}
    if mode == "sparse":
        for cell in [cell for cell, told in truth.items() if told.value == 0]:
            if rng.random() < 0.06:
                truth[cell] = _nothing(rng)
        for row in {(c.table, c.row) for c in truth if c.row in ("carried_in", "reconsideration")}:
            cells = [cell for cell in truth if (cell.table, cell.row) == row]
            if rng.random() < 0.4 and all(values[cell] == 0 for cell in cells):
                blank = _nothing(rng)
                truth |= dict.fromkeys(cells, blank)
    return truth


def _nothing(rng: random.Random) -> Truth:
    if rng.random() < 0.6:
        return Truth("", "blank", None)
    return Truth(rng.choice(NO_NUMBERS), "not_applicable", None)


def _column(form: Form, cell: Cell) -> Column:
    return form.tables[cell.table].columns[cell.column]


def _printed(form: Form, cell: Cell, value: int, mode: Mode, rng: random.Random) -> Truth:
    column = _column(form, cell)
    if column.signed and mode == "sparse":
        signed = value * rng.choice((1, -1))
        return Truth(f"{signed:+d}" if rng.random() < 0.5 else str(signed), "number", signed)
    if column.money and value:
        return _money(value, column, mode, rng)
    return Truth(str(value), "number", value)


def _money(value: int, column: Column, mode: Mode, rng: random.Random) -> Truth:
    amount = Decimal(value) + Decimal(rng.randint(1, 9999)) / 10_000
    if mode == "sparse" and rng.random() < 0.3:
        return Truth(f"{amount}万元", "number", float(amount))
    if mode == "sparse" and rng.random() < 0.3:
        return Truth(f"{int(amount * 10_000)}元", "number", float(amount))
    return Truth(str(amount), "number", float(amount))


def _distinct(form: Form, rng: random.Random) -> dict[Cell, int]:
    """Numbers of one to five digits, none twice, none 0."""
    cells = [cell for code in TABLES for cell in form.tables[code].cells()]
    pool = rng.sample(range(1, 10), 9) + rng.sample(range(10, 100), 60) + rng.sample(range(100, 1000), 80)
    pool += rng.sample(range(1000, 10_000), 60) + rng.sample(range(10_000, 100_000), len(cells) - 209 + 20)
    rng.shuffle(pool)
    return dict(zip(cells, pool, strict=False))


def _balanced(form: Form, mode: Mode, rng: random.Random) -> dict[Cell, int]:
    """Numbers that satisfy the sums of the form; `sparse` ones are mostly 0."""

    def drawn() -> int:
        if mode == "sparse":
            return rng.choice((rng.randint(1, 9), rng.randint(1, 60))) if rng.random() < 0.12 else 0
        return rng.choice((rng.randint(0, 9), rng.randint(1, 99), rng.randint(1, 2500)))

    values = {cell: drawn() for cell in form.tables["proactive"].cells()}
    values |= _balanced_applications(form, drawn)
    review = form.tables["review_litigation"]
    *results, total = review.blocks[0].columns
    for row in review.blocks[0].rows:
        parts = {Cell(review.code, row, code): drawn() for code in results}
        values |= parts | {Cell(review.code, row, total): sum(parts.values())}
    return {cell: values[cell] for code in TABLES for cell in form.tables[code].cells()}


def _balanced_applications(form: Form, drawn: object) -> dict[Cell, int]:
    assert callable(drawn)
    table: Table = form.tables["applications"]
    *applicants, total = table.blocks[0].columns
    results = next(identity.right for identity in form.identities if identity.rule == "A2")
    values: dict[Cell, int] = {}
    for applicant in applicants:
        own = {code: drawn() for code in results}
        handled = sum(own.values())
        # What came in is what was handled and what is carried out, some of it from the year before.
        carried_out = drawn()
        carried_in = min(drawn(), handled + carried_out)
        own |= {"processed_total": handled, "carried_out": carried_out, "carried_in": carried_in}
        own["received_new"] = handled + carried_out - carried_in
        values |= {Cell(table.code, row, applicant): own[row] for row in table.blocks[0].rows}
    for row in table.blocks[0].rows:
        values[Cell(table.code, row, total)] = sum(values[Cell(table.code, row, a)] for a in applicants)
    return values


# Bodies and prose -------------------------------------------------------------------------------

OFFICES = (
    "人民政府", "财政局", "教育局", "民政局", "司法局", "审计局", "统计局", "水务局", "农业农村局",
    "自然资源局", "生态环境局", "应急管理局", "市场监督管理局", "卫生健康委员会", "发展和改革委员会",
    "交通运输局", "医疗保障局",
)  # fmt: skip


def _agency(rng: random.Random, year: int) -> str:
    known = {division.code: division for division in divisions.load()}
    places = [
        division
        for division in known.values()
        if division.code.startswith("23")
        and division.code != "230000"
        and (division.valid_from or 0) <= year <= (division.valid_to or 9999)
    ]
    place = rng.choice(places)
    above = known.get(place.parent_code or "")
    city = above.name if above and place.kind.startswith("district") else ""
    return f"{city}{place.name}{rng.choice(OFFICES)}"


SENTENCES = (
    "{year}年，{agency}按照条例和上级部署，把公开工作同业务工作一起安排、一起检查。",
    "全年通过门户网站公开各类信息{n}条，其中规范性文件{m}件，政策说明{k}篇。",
    "全年收到政府信息公开申请{n}件，均在规定期限内答复，没有逾期。",
    "对专栏中的栏目作了{k}次清理，修正链接{m}处，更换过期内容{n}条。",
    "组织业务培训{k}期，参加{m}人次；接听咨询电话{n}次。",
    "重点领域的信息单独列出目录，发布时间不晚于信息形成后二十个工作日。",
    "对申请人提出的每一件申请登记编号，由专人转办、催办和归档。",
    "内部建立先审查后发布的流程，标题、日期、来源逐项核对。",
    "公众意见{k}条已经逐条回复，满意率为{m}%。",
)
SHORTFALLS = (
    "主要问题是部分材料发布不够及时，个别科室对答复文书的格式不够熟悉。",
    "下一步将明确每类信息的发布时限，并把经验写成手册。",
    "基层人员变动较多，业务衔接不够顺畅，全年只组织了{k}次交流。",
    "计划在{next}年上半年前完成栏目改版，增加图表和问答。",
)
CONTENTS = (
    "本报告由总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况、政府信息公开行政复议、"
    "行政诉讼情况、存在的主要问题及改进情况、其他需要报告的事项六部分组成。"
)


def _prose(agency: str, year: int, rng: random.Random) -> dict[int, tuple[str, ...]]:
    def told(sentences: tuple[str, ...], count: int) -> str:
        return "".join(
            sentence.format(
                agency=agency, year=year, next=year + 1,
                n=rng.randint(100, 9999), m=rng.randint(10, 99), k=rng.randint(1, 9),
            )
            for sentence in rng.sample(sentences, count)
        )  # fmt: skip

    preamble = f"根据《中华人民共和国政府信息公开条例》，现公布{agency}{year}年政府信息公开工作年度报告。"
    period = f"所列数据的统计期限为{year}年1月1日至{year}年12月31日。"
    return {
        0: (preamble + (CONTENTS if rng.random() < 0.5 else "") + period,),
        1: tuple(told(SENTENCES, rng.randint(2, 4)) for _ in range(rng.randint(2, 5))),
        5: (told(SHORTFALLS, 3),),
        6: (rng.choice(("无。", "本年度没有收取信息处理费。", "没有其他需要报告的事项。")),),
    }
