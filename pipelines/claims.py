"""Figures that the prose claims, with the sentence each stands in.

Owns the reading of claims; the patterns are data (`claims.toml`). Precision comes first: a number
that may be another year's, a part, a change, a rule of law or another thing's is no claim. Whether
a claim agrees with the tables is for `pipelines.checks` to say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from pipelines.prose import paragraphs
from pipelines.records import Cell, Claim, Number, Section
from pipelines.values import plain

_DIGITS = {
    char: value
    for value, chars in enumerate(("零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_CHINESE = "零〇一二两三四五六七八九十百千"
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!\d{1,2}月\d{1,2}日(?:起|施行))")
_LED_YEAR = re.compile(r"(?:[（(].{1,3}[）)]|[一二三四五六七八九十]是|截至|截止|自|在)*(20\d\d)年")
_CLAUSE = re.compile(r"[，,：:](?!\d{3}(?!\d))")
_SUBJECTS = re.compile(r"申请|结转|顺延|复议|诉讼|应诉|处理费|信息")
_AMOUNTS = re.compile(r"[\d未没无零〇一二两三四五六七八九十]")
_LONGEST_HEADING = 24
_ENDINGS = "。；;!！?？"
_PARTS = re.compile(r"(\d+(?:,\d{3})*)(件次|件|条|宗|份|例|起|项|次|篇|则)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim, and whether it says in words that there was none (未收到) and no number."""

    claim: Claim
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A claimed whole and the parts that the text lists after it; `complete` if it says these are all."""

    about: str
    whole: Number
    parts: tuple[Number, ...]
    complete: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the prose of a report says in figures."""

    statements: tuple[Statement, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims, in the order of the text."""
        return tuple(statement.claim for statement in self.statements)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One entry of the patterns, compiled. `number` is the group of the number in a pattern."""

    about: tuple[str, ...]
    words: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    not_within: re.Pattern[str] | None
    not_before: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    context: re.Pattern[str] | None
    whole: re.Pattern[str] | None
    other_year: bool
    largest: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    numbers: tuple[_Rule, ...]
    none: tuple[_Rule, ...]
    denied: _Rule
    denials: Mapping[str, re.Pattern[str]]
    joint: _Rule
    each: re.Pattern[str]
    never: re.Pattern[str]
    never_before: re.Pattern[str]
    last_year: re.Pattern[str]
    this_year: re.Pattern[str]
    begins: re.Pattern[str]
    complete: re.Pattern[str]
    open: re.Pattern[str]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("claims.toml").read_text(encoding="utf-8"))


_RULE_KEYS = frozenset(
    {"about", "words", "patterns", "context", "units", "decimals", "largest"}
    | {"not_within", "not_before", "unless", "whole", "other_year"}
)


@cache
def _rules() -> _Rules:
    data = _data()

    def compiled(pattern: str | None) -> re.Pattern[str] | None:
        return re.compile(pattern) if pattern else None

    def rule(entry: Mapping[str, Any]) -> _Rule:
        unknown = sorted(set(entry) - _RULE_KEYS)
        if unknown:
            raise ValueError(f"pipelines/claims.toml: {entry.get('about')}: unknown key {unknown[0]!r}")
        about = entry.get("about", ())
        number = _number_pattern(entry.get("units", data["units"]), decimals=entry.get("decimals", False))
        words = {"v": data["received"], "o": data["application"], "n": number}
        return _Rule(
            (about,) if isinstance(about, str) else tuple(about),
            tuple(entry["words"]),
            tuple(re.compile(pattern.format(**words)) for pattern in entry["patterns"]),
            compiled(entry.get("not_within")),
            compiled(entry.get("not_before")),
            compiled(entry.get("unless")),
            compiled(entry.get("context")),
            compiled(entry.get("whole")),
            entry.get("other_year", False),
            entry.get("largest", False),
        )

    denied = dict(data["denied"])
    denials = {about: re.compile(denied.pop(about)) for about in ("reconsideration", "litigation")}
    joint = dict(data["joint"])
    each = joint.pop("each")
    return _Rules(
        tuple(rule(entry) for entry in data["numbers"]),
        tuple(rule(entry) for entry in data["none"]),
        rule(denied),
        denials,
        rule(joint),
        re.compile(each),
        re.compile(data["never"]["sentence"]),
        re.compile(data["never"]["before"]),
        re.compile(data["years"]["last"]),
        re.compile(data["years"]["this"]),
        re.compile(data["breakdown"]["begins"]),
        re.compile(data["breakdown"]["complete"]),
        re.compile(data["breakdown"]["open"]),
    )


def _number_pattern(units: str, *, decimals: bool) -> str:
    """A number with one of the units: not a rounded one (约30件, 30余件) and no ordinal."""
    fraction = r"(?:\.\d+)?" if decimals else ""
    digits = rf"\d{{1,3}}(?:,\d{{3}})+{fraction}|\d+{fraction}|[{_CHINESE}]+"
    return (
        rf"(?<![约近超逾过足第\d.])(?P<n>{digits})(?P<unit>万?(?:{units}))(?![余多]|以上|以下|左右|次性|次函)"
    )


def told(chapters: Sequence[Section], year: int | None) -> Told:
    """Everything that the chapters claim of the report year."""
    rules = _rules()
    found: list[Statement] = []
    breakdowns: list[Breakdown] = []
    heading = ""
    for paragraph in paragraphs(chapters):
        if len(paragraph.text) <= _LONGEST_HEADING and "。" not in paragraph.text:
            heading = paragraph.text
        if not _SUBJECTS.search(paragraph.text) or not _AMOUNTS.search(paragraph.text):
            continue
        context = f"{heading}\n{paragraph.text}"
        named: int | None = None
        for index, sentence in enumerate(paragraph.sentences):
            telling = _SUBJECTS.search(sentence) and _AMOUNTS.search(sentence)
            if telling and not rules.never.search(sentence):
                here = _Place(paragraph.chapter, context, sentence, year, named)
                made = list(_in_sentence(here, rules))
                found += [statement for statement, _ in made]
                following = paragraph.sentences[index + 1 : index + 4]
                breakdowns += _breakdowns(made, sentence, following, rules)
            if led := _LED_YEAR.match(sentence):
                named = int(led[1])
    return Told(tuple(_settled(found)), tuple(breakdowns))


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence, its chapter, its paragraph with the heading over it, the report year, and the year with
    which a sentence before it begins.
    """

    chapter: int
    context: str
    sentence: str
    year: int | None
    named: int | None


def _in_sentence(here: _Place, rules: _Rules) -> Iterator[tuple[Statement, int]]:
    """The claims of a sentence, each with the place where its words end."""
    taken: set[str] = set()
    yield from _joint(here, rules, taken)
    yield from _numbers(here, rules, taken)
    for rule in rules.none:
        if rule.about[0] not in taken:
            for match in _matches(rule, here, rules):
                taken.add(rule.about[0])
                yield _statement(rule.about[0], 0, here, denied=True), match.end()
                break
    for match in _matches(rules.denied, here, rules):
        for about, words in rules.denials.items():
            if about not in taken and words.search(match["what"]):
                taken.add(about)
                yield _statement(about, 0, here, denied=True), match.end()


def _joint(here: _Place, rules: _Rules, taken: set[str]) -> Iterator[tuple[Statement, int]]:
    """Reviews and lawsuits counted together: each one's number where it is 0 or said of each."""
    for match in _matches(rules.joint, here, rules):
        value = _value(match)
        taken |= set(rules.denials)
        if value == 0 or rules.each.search(match.group()):
            for about in rules.denials:
                yield _statement(about, value, here), match.end()


def _numbers(here: _Place, rules: _Rules, taken: set[str]) -> Iterator[tuple[Statement, int]]:
    for rule in rules.numbers:
        if rule.about[0] in taken:
            continue
        for match in _matches(rule, here, rules):
            after = match.groupdict().get("next")
            if after and here.year and int(after) != here.year + 1:
                continue
            if rule.whole and not rule.whole.search(here.sentence[: match.end()]):
                continue
            taken.add(rule.about[0])
            yield _statement(rule.about[0], _value(match), here), match.end()
            break


def _statement(about: str, value: Number, here: _Place, *, denied: bool = False) -> Statement:
    return Statement(Claim(about=about, value=value, sentence=here.sentence.rstrip(_ENDINGS)), denied)


def _matches(rule: _Rule, here: _Place, rules: _Rules) -> Iterator[re.Match[str]]:
    """The places in the sentence where a rule's pattern fits and none of its guards objects."""
    if not any(word in here.sentence for word in rule.words):
        return
    if rule.context and here.chapter != 4 and not rule.context.search(here.context):
        return
    for pattern in rule.patterns:
        for match in pattern.finditer(here.sentence):
            before = here.sentence[: match.start()]
            clause = _CLAUSE.split(before)[-1]
            if rule.not_within and rule.not_within.search(match.group()):
                continue
            if rules.never_before.search(clause) or "其中" in before:
                continue
            if (
                rule.not_before
                and rule.not_before.search(clause)
                and not (rule.unless and rule.unless.search(clause + match.group()))
            ):
                continue
            if not rule.other_year and _is_other_year(before + match.group(), here, rules):
                continue
            yield match


def _is_other_year(before: str, here: _Place, rules: _Rules) -> bool:
    """Whether the year named last before the number is another than the report's."""
    last, own = -1, True
    for match in _YEAR.finditer(before):
        last, own = match.start(), here.year is None or int(match[1]) == here.year
    for pattern, is_own in ((rules.last_year, False), (rules.this_year, True)):
        for match in pattern.finditer(before):
            if match.start() > last:
                last, own = match.start(), is_own
    if last < 0 and here.named is not None and here.year is not None:
        # 2020年… 。收到申请5件: the sentence before speaks of another year.
        return here.named != here.year
    return not own


def _value(match: re.Match[str]) -> Number:
    """The number of a match, 万 multiplied out; money in 元."""
    text, unit = match["n"].replace(",", ""), match["unit"]
    amount = Decimal(_chinese(text) if text[0] in _CHINESE else text)
    return plain(amount * 10000 if unit.startswith("万") else amount)


def _chinese(text: str) -> int:
    """三十二 as 32, 一百零五 as 105, 二〇 as 20."""
    if not any(char in "十百千" for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total, digit = 0, 0
    for char in text:
        if char in "十百千":
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit


def _settled(found: Sequence[Statement]) -> Iterator[Statement]:
    """Each claim once, of those that count parts as well only the largest."""
    largest = {rule.about[0] for rule in _rules().numbers if rule.largest}
    most = {
        about: max((s.claim.value for s in found if s.claim.about == about), default=0) for about in largest
    }
    seen = set()
    for statement in found:
        about, value = statement.claim.about, statement.claim.value
        if (about, value, statement.denied) in seen or (about in most and value != most[about]):
            continue
        seen.add((about, value, statement.denied))
        yield statement


# Lists of parts ----------------------------------------------------------------------------------


def _breakdowns(
    made: Sequence[tuple[Statement, int]], sentence: str, following: Sequence[str], rules: _Rules
) -> Iterator[Breakdown]:
    """The lists of parts that follow a claimed number in its sentence, or lead the next one."""
    for statement, end in made:
        value = statement.claim.value
        if statement.denied or not value:
            continue
        begins = rules.begins.search(sentence, end)
        text, rest = sentence[end:], following
        if not begins and following and rules.begins.match(following[0]):
            begins, text, rest = rules.begins.match(following[0]), following[0], following[1:]
        elif begins:
            text = sentence[begins.start() :]
        if begins is None:
            continue
        unit = next(
            iter(re.findall(r"件次|件|条|宗|份|例|起|项|次|篇|则", sentence[max(end - 2, 0) : end])[-1:]), ""
        )
        chosen = tuple(_parts(text, unit))
        if sum(chosen) != value and not text.endswith("。") and rest:
            chosen = tuple(_parts(_until_stop([text, *rest]), unit))
        if len(chosen) < 2:
            continue
        complete = bool(rules.complete.search(begins.group())) and not rules.open.search(text)
        yield Breakdown(statement.claim.about, value, chosen, complete, statement.claim.sentence)


def _until_stop(texts: Sequence[str]) -> str:
    """The texts up to the first that ends with a full stop."""
    last = next((index for index, text in enumerate(texts) if text.endswith("。")), len(texts))
    return "".join(texts[: last + 1])


def _parts(text: str, unit: str) -> Iterator[int]:
    for number, own in _PARTS.findall(text):
        if own == unit:
            yield int(number.replace(",", ""))


def compared(about: str, tables: Mapping[str, str | None]) -> tuple[Cell, ...]:
    """The cells whose sum a claim must equal in a report with these tables; none where no cell says it."""
    for key in ("compared", "compared_2014"):
        cells = [Cell(*cell) for cell in _data()[key].get(about, ())]
        if cells and all(tables.get(cell.table) for cell in cells):
            return tuple(cells)
    return ()
