"""A printed cell and the number in it: one documented rule for every table and format.

The rule (contract.md, domain.md §3.1): an empty cell is `blank`; `/`, `-`, `—` and `无` are
`not_applicable`; `〇` and `零` are 0; a number may carry a sign (`+123`, `减424`), a unit
(`400.45887 万元`, `12.5万`, `3件`), a sign of money (`￥12.5`), a remark in brackets
(`22（其中修订16件）`) and the mark of a footnote (`12①`, `12*`); anything else is `unreadable`. A
raised digit (`12¹`) may be a footnote or a slip, so it is unreadable, too. Two numbers in one cell
are never joined and never chosen from. Money becomes
万元 whatever was printed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pipelines.labels import in_nfkc
from pipelines.records import Number, Status

WANYUAN = "万元"
YUAN = "¥"
"""The unit of an amount of money that names none itself: the head over it says which."""

_MONEY = {
    "万": Decimal(1),
    "万元": Decimal(1),
    "元": Decimal("0.0001"),
    "亿元": Decimal(10000),
    "千元": Decimal("0.1"),
}
_NOT_APPLICABLE = re.compile(r"(?:[/\\－\-—–─―]+|暂?无|N/?A|不适用|不涉及)", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_ZERO = re.compile(r"[〇零](?=件?$)")
_RAISED = re.compile(r"[⁰¹²³⁴-⁹₀-₉]")
_FOOTNOTE = re.compile(r"(?<=[\d件])\s*([①-⑳⑴-⒇*＊※#]{1,3}|\[\d{1,2}\]|［\d{1,2}］|〔\d{1,2}〕)$")
_SIGNS = {"+": 1, "增": 1, "增加": 1, "-": -1, "−": -1, "–": -1, "减": -1, "减少": -1}
_NUMBER = re.compile(
    r"(?P<sign>[+\-−–]|增加?|减少?)?(?P<money>¥)?"
    # More digits are those of several cells run together. SQLite holds eighteen, 亿元 in 万元 add four.
    r"(?P<digits>\d{1,3}(?:,\d{3}){1,3}|\d{1,14})(?P<fraction>\.\d+)?"
    r"(?P<unit>万元|亿元|千元|元|万|件次|人次|[件条个项宗份次起人篇部]|人民币)?"
    r"(?P<remark>\(.*\))?",
    re.ASCII | re.DOTALL,
)
_FIRST = frozenset("增减暂无不零")
_UNITS_ALONE = frozenset(("件", "条", "个", "项", "宗", "件次", "元", "万元", "件/条", "件(条)", "件（条）"))
_LAST = frozenset("万元件次人条个项宗份起篇部币无用及零")
"""The Chinese characters with which a value may begin, and end."""
_MOST_DIGITS = 14
_UNIT_IN_LABEL = re.compile(r"[百十千万亿美欧港日]*元")
_UNIT_AS_REMARK = re.compile(r"\((?:单位:?)?(?:人民币)?(万元|亿元|千元|元)\)")
UNCLEAR = "?"
"""In place of a unit of money: what is printed names two, or one that no form uses."""


class Value(NamedTuple):
    """What a printed cell means. `unit` is as printed, `元` and `亿元` already turned into 万元."""

    status: Status
    value: Number | None
    unit: str | None
    note: str | None


@lru_cache(maxsize=8192)
def parsed(printed: str) -> Value:
    """The status, number, unit and remark of a printed cell, before the form's own unit."""
    if printed.isascii() and printed.isdigit() and len(printed) <= _MOST_DIGITS:
        return Value("number", int(printed), None, None)  # nothing else is to be looked for
    return _parsed(printed)


def _parsed(printed: str) -> Value:
    visible = _INVISIBLE.sub("", printed).strip()
    footnote = _FOOTNOTE.search(visible)
    if footnote:
        visible = visible[: footnote.start()]
    if _RAISED.search(visible) or any("①" <= char <= "⒛" for char in visible):
        return Value("unreadable", None, None, None)  # NFKC would make digits of the number of these
    text = in_nfkc(visible).strip()
    text = _ZERO.sub("0", text) if len(text) <= 2 else text
    text = re.sub(r"\s*([(（].*[)）])$", r"\1", text, flags=re.DOTALL)
    text = re.sub(r"^([^(]*?[\d.])\s+(?=[万亿千元件条个项宗份次起人篇部])", r"\1", text)
    text = re.sub(r"^([+\-−–¥]|增加?|减少?)\s+(?=\d)", r"\1", text)
    if not text:
        return Value("blank", None, None, None)
    if _NOT_APPLICABLE.fullmatch(text):
        return Value("not_applicable", None, None, None)
    found = _NUMBER.fullmatch(text)
    if not found:
        return Value("unreadable", None, None, None)
    amount = Decimal(found["digits"].replace(",", "") + (found["fraction"] or ""))
    if found["sign"]:
        amount *= _SIGNS[found["sign"]]
    remark = found["remark"] or (f"({footnote[1]})" if footnote else None)
    unit = _unit(found, remark or "")
    if unit == UNCLEAR:
        return Value("unreadable", None, None, None)
    if unit in _MONEY:
        amount, unit = amount * _MONEY[unit], WANYUAN
    elif found["money"]:
        unit = YUAN
    return Value("number", plain(amount), unit, remark[1:-1].strip() if remark else None)


def _unit(found: re.Match[str], remark: str) -> str | None:
    """The unit behind a number or in its remark, UNCLEAR where two things that are printed contradict."""
    unit = found["unit"]
    stated = _UNIT_AS_REMARK.fullmatch(remark.replace(" ", ""))
    if (stated and unit not in (None, stated[1])) or (found["money"] and unit and unit not in _MONEY):
        return UNCLEAR
    return stated[1] if stated else unit


def in_wanyuan(value: Number, unit: str) -> Number:
    """An amount of money printed under a column that names `unit`, in 万元."""
    return plain(Decimal(str(value)) * _MONEY[unit])


def in_unit(value: Value, unit: str | None, *, money: bool, head: str) -> Value:
    """The value in the unit that a form prescribes for its cell (`unit`, `money`).

    What names a unit of money beside or over the cell (`head`) goes before the form. Unreadable where what
    is printed contradicts itself, or is money in a cell that counts.
    """
    if not money:
        if value.unit in (WANYUAN, YUAN):
            return Value("unreadable", None, unit, value.note)
        return value if value.unit else Value(value.status, value.value, unit, value.note)
    if value.unit == WANYUAN:
        return value
    named = money_unit(head)
    if value.unit is not None and not (value.unit == YUAN and named):
        return Value("unreadable", None, None, value.note)
    if value.value is None:
        return value._replace(unit=WANYUAN if named or unit else None)
    if named == UNCLEAR:
        return Value("unreadable", None, None, value.note)
    if named:
        return value._replace(value=in_wanyuan(value.value, named), unit=WANYUAN)
    return value._replace(unit=unit)


@lru_cache(maxsize=8192)
def in_form(printed: str, unit: str | None, money: bool, head: str) -> Value:
    """What a cell says in the unit that its form prescribes, see `in_unit`; many cells hold the same."""
    return in_unit(parsed(printed), unit, money=money, head=head)


def units_of_money(*texts: str) -> str:
    """Those of some printed texts that name a unit of money, for `in_unit`."""
    return " ".join(text for text in texts if money_unit(text))


@lru_cache(maxsize=8192)
def money_unit(label: str) -> str | None:
    """The unit of money that a label names, as in 采购总金额（单位：万元）; UNCLEAR for two or another's."""
    if "元" not in label:
        return None
    units = set(_UNIT_IN_LABEL.findall(in_nfkc(label).replace(" ", "")))
    if len(units) > 1 or units - _MONEY.keys():
        return UNCLEAR
    return next(iter(units), None)


def plain(amount: Decimal) -> Number:
    """An integer when integral, else the nearest float (exact for what reports print)."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def is_unit_alone(token: str) -> bool:
    """Whether a cell holds a unit without a number: 件, 万元."""
    return token in _UNITS_ALONE


def says_nothing(token: str) -> bool:
    """Whether a cell is empty or holds what stands for no figure (`—`, `/`, `无`)."""
    return parsed(token).status in ("blank", "not_applicable")


def looks_like_value(token: str) -> bool:
    """Whether a piece of text can be a cell's value rather than words of a label."""
    # Prose need not be parsed, and not be remembered.
    if "一" <= token[:1] <= "\u9fff" and token[0] not in _FIRST:
        return False
    if "一" <= token[-1:] <= "\u9fff" and token[-1] not in _LAST:
        return False
    return parsed(token).status in ("number", "not_applicable")
