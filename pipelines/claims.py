"""Figures that the prose claims, with the sentence each stands in.

Owns the reading of claims; the patterns are data (`claims.toml`). Precision comes first: a number
that may be another year's, a part, a change, a rule of law or another thing's is no claim. Whether
a claim agrees with the tables is for `pipelines.checks` to say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from pipelines.prose import paragraphs
from pipelines.records import Cell, Claim, Number, Section
from pipelines.values import plain

_MOST_DIGITS = 14
"""Of a number in prose, as of one in a table (`pipelines.values`): what is longer cannot be stored."""
_DIGITS = {
    char: value
    for value, chars in enumerate(("零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_CHINESE = "零〇一二两三四五六七八九十百千"
_ONE = "[一二两三四五六七八九]"
_WRITTEN = rf"(?=[{_CHINESE}])(?:{_ONE}千)?(?:零?{_ONE}百)?(?:零?{_ONE}?十)?(?:{_ONE}〇|零?{_ONE}|[零〇])?"
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!\d{1,2}月\d{1,2}日(?:起|施行))")
_SPAN = re.compile(r"(20\d\d)年?度?(?:\d{1,2}月)?(?:\d{1,2}日)?起?(?:至|到|[-－—–~～和与及、])+20\d\d年")
_LED_YEAR = re.compile(r"(?:[（(].{1,3}[）)]|[一二三四五六七八九十]是|截至|截止|自|在)*(20\d\d)年")
_CLAUSE = re.compile(r"[，,：:](?!\d{3}(?!\d))")
_SUBJECTS = re.compile(r"申请|结转|顺延|复议|诉讼|应诉|处理费|信息")
_AMOUNTS = re.compile(r"[\d未没无零〇一二两三四五六七八九十]")
_LONGEST_HEADING = 24
_JUST_BEHIND = 12
"""Characters behind a number that may still say of what it is: 结转2件政府信息公开申请."""
_TELLING = re.compile(r"[，。\d未无]")
_DIVISIONS = "省市区县州盟旗镇乡"
_ENDINGS = "。；;!！?？"
_PARTS = re.compile(r"(\d+(?:,\d{3})*)(件次|件|条|宗|份|例|起|项|次|篇|则)")
_ITEMS = re.compile(r"[、，；;。]|,(?!\d{3}(?!\d))")
_AMOUNT = re.compile(r"[\d一二两三四五六七八九十百千万]")


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
    not_earlier: re.Pattern[str] | None
    not_after: re.Pattern[str] | None
    context: re.Pattern[str] | None
    whole: re.Pattern[str] | None
    other_year: bool
    among_parts: bool
    largest: bool


@dataclass(frozen=True, slots=True)
class _Bodies:
    """How a clause names the body that its number belongs to; see `_is_other_body`."""

    lead: re.Pattern[str]
    trail: re.Pattern[str]
    parts: re.Pattern[str]
    area: re.Pattern[str]
    area_of: str
    all_of: re.Pattern[str]
    generic: re.Pattern[str]
    first_person: re.Pattern[str]
    named: re.Pattern[str]
    several: re.Pattern[str]
    earlier: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Rules:
    words: tuple[str, ...]
    """The words of all rules."""
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
    bodies: _Bodies
    begins: re.Pattern[str]
    complete: re.Pattern[str]
    open: re.Pattern[str]
    ends: re.Pattern[str]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("claims.toml").read_text(encoding="utf-8"))


_RULE_KEYS = frozenset(
    {"about", "words", "patterns", "context", "units", "decimals", "largest", "among_parts"}
    | {"not_within", "not_before", "unless", "not_earlier", "not_after", "whole", "other_year"}
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
            compiled(entry.get("not_earlier")),
            compiled(entry.get("not_after")),
            compiled(entry.get("context")),
            compiled(entry.get("whole")),
            entry.get("other_year", False),
            entry.get("among_parts", False),
            entry.get("largest", False),
        )

    denied = dict(data["denied"])
    denials = {about: re.compile(denied.pop(about)) for about in ("reconsideration", "litigation")}
    joint = dict(data["joint"])
    each = joint.pop("each")
    area_of = data["bodies"].pop("area_of")
    bodies = {name: re.compile(pattern) for name, pattern in data["bodies"].items()}
    numbers, none = tuple(map(rule, data["numbers"])), tuple(map(rule, data["none"]))
    every = (*numbers, *none, rule(denied), rule(joint))
    return _Rules(
        tuple({word for one in every for word in one.words}),
        numbers,
        none,
        rule(denied),
        denials,
        rule(joint),
        re.compile(each),
        re.compile(data["never"]["sentence"]),
        re.compile(data["never"]["before"]),
        re.compile(data["years"]["last"]),
        re.compile(data["years"]["this"]),
        _Bodies(area_of=area_of, **bodies),
        re.compile(data["breakdown"]["begins"]),
        re.compile(data["breakdown"]["complete"]),
        re.compile(data["breakdown"]["open"]),
        re.compile(data["breakdown"]["ends"]),
    )


@lru_cache(maxsize=512)
def _rules_with(words: frozenset[str]) -> _Rules:
    """The rules for a sentence that has these of their words: the others cannot fit."""
    rules = _rules()

    def fits(rule: _Rule) -> bool:
        return not words.isdisjoint(rule.words)

    return replace(
        rules,
        numbers=tuple(filter(fits, rules.numbers)),
        none=tuple(filter(fits, rules.none)),
        denied=rules.denied if fits(rules.denied) else replace(rules.denied, patterns=()),
        joint=rules.joint if fits(rules.joint) else replace(rules.joint, patterns=()),
    )


def _number_pattern(units: str, *, decimals: bool) -> str:
    """A number with one of the units: not a rounded one (约30件, 30余件, 3万件, 几十件) and no ordinal."""
    fraction = r"(?:\.\d+)?" if decimals else ""
    digits = rf"\d{{1,3}}(?:,\d{{3}})+{fraction}|\d+{fraction}|(?<![{_CHINESE}万亿几数])(?:{_WRITTEN})"
    rounded = "[余多/／]|以上|以下|左右|次性|次函|以内|不等"
    return rf"(?<![约近超逾过足第\d.])(?P<n>{digits})(?P<unit>{units})(?!{rounded})"


def told(chapters: Sequence[Section], year: int | None, names: Sequence[str] = ()) -> Told:
    """Everything that the chapters claim of the report year and of the body with these `names`.

    A number under the name of a body is claimed only where it can be one of them.
    """
    rules = _rules()
    found: list[Statement] = []
    breakdowns: list[Breakdown] = []
    heading = ""
    for paragraph in paragraphs(chapters):
        if _is_heading(paragraph.text):
            heading = paragraph.text
        if not _SUBJECTS.search(paragraph.text) or not _AMOUNTS.search(paragraph.text):
            continue
        read = f"{heading}\n"
        named: int | None = None
        for index, sentence in enumerate(paragraph.sentences):
            telling = _SUBJECTS.search(sentence) and _AMOUNTS.search(sentence)
            if telling and not rules.never.search(sentence):
                here = _Place(paragraph.chapter, read, sentence, year, named, tuple(names))
                words = frozenset([word for word in rules.words if word in sentence])
                made = list(_in_sentence(here, _rules_with(words)))
                found += [statement for statement, _ in made]
                following = paragraph.sentences[index + 1 : index + 4]
                breakdowns += _breakdowns(made, sentence, following, rules)
            if led := _LED_YEAR.match(sentence):
                named = int(led[1])
            read += sentence
    return Told(tuple(_settled(found)), tuple(breakdowns))


def _is_heading(text: str) -> bool:
    """Whether a paragraph is a heading: short, and no sentence (（二）依申请公开。 is none)."""
    return len(text) <= _LONGEST_HEADING and ("。" not in text or not _TELLING.search(text[:-1]))


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence, its chapter, what is read before it (heading and paragraph), the report year, the year with
    which a sentence before it begins, and the names of the body that reports.
    """

    chapter: int
    context: str
    sentence: str
    year: int | None
    named: int | None
    names: tuple[str, ...]


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
            named = match.groupdict()
            if here.year and int(named.get("next") or here.year + 1) != here.year + 1:
                continue
            if here.year and int(named.get("past") or here.year - 1) != here.year - 1:
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
    for pattern in rule.patterns:
        for match in pattern.finditer(here.sentence):
            before = here.sentence[: match.start()]
            if not (
                _is_no_count(match)
                or _is_guarded(rule, match, before, rules)
                or _is_out_of_context(rule, match, here)
                or (not rule.other_year and _is_other_year(before + match.group(), here, rules))
                or _is_other_body(before, here.names, rules.bodies)
            ):
                yield match


def _is_no_count(match: re.Match[str]) -> bool:
    """Whether the number has more digits than any count or amount: a telephone's, or several run together."""
    number: str = match.groupdict().get("n") or ""
    return sum(char.isdigit() for char in number) > _MOST_DIGITS


def _is_guarded(rule: _Rule, match: re.Match[str], before: str, rules: _Rules) -> bool:
    """Whether words within the claim, before or behind it say that the number is another thing's."""
    words, clause = match.group(), _CLAUSE.split(before)[-1]
    if rules.never_before.search(clause) or ("其中" in before and not rule.among_parts):
        return True
    is_whole = rule.unless and rule.unless.search(clause + words)
    return bool(
        (rule.not_before and not is_whole and rule.not_before.search(clause))
        or (rule.not_within and rule.not_within.search(words))
        or (rule.not_earlier and rule.not_earlier.search(before))
        or (rule.not_after and rule.not_after.match(match.string, match.end()))
    )


def _is_out_of_context(rule: _Rule, match: re.Match[str], here: _Place) -> bool:
    """Whether nothing that is read up to the number says that it is about openness; chapter 四 is."""
    if not rule.context or here.chapter == 4:
        return False
    return not rule.context.search(here.context + here.sentence[: match.end() + _JUST_BEHIND])


def _is_other_year(before: str, here: _Place, rules: _Rules) -> bool:
    """Whether the time named last before the number is another than the whole of the report's year."""
    last, own = -1, True
    for match in _YEAR.finditer(before):
        last, own = match.end(), here.year is None or int(match[1]) == here.year
    for pattern, is_own in ((rules.last_year, False), (rules.this_year, True)):
        for match in pattern.finditer(before):
            if match.end() >= last:
                last, own = match.end(), is_own
    for match in _SPAN.finditer(before):
        # 2019年至2021年: the year that is named last does not tell that there are others.
        if here.year is not None and int(match[1]) != here.year:
            return True
    if last < 0 and here.named is not None and here.year is not None:
        # 2020年… 。收到申请5件: the sentence before speaks of another year.
        return here.named != here.year
    return not own


def _is_other_body(before: str, names: Sequence[str], bodies: _Bodies) -> bool:
    """Whether the words before a number name a body or an area that is not that of the report.

    Its own clause decides; where that names nobody, the body with which an earlier clause begins.
    """
    *earlier, clause = _CLAUSE.split(before)
    subject = bodies.trail.sub("", bodies.lead.sub("", clause))
    if bodies.parts.search(subject):
        return True
    area = bodies.area.search(subject)
    if area:
        rest = subject[area.end() :]
        if names and not _can_be(area["area"], names, bodies):
            return True
        return bool(bodies.named.search(rest)) and not bodies.generic.fullmatch(rest)
    if bodies.first_person.search(subject):
        return False
    if bodies.named.search(subject):
        subject = bodies.all_of.sub("", subject)
        return bool(bodies.several.search(subject)) or not _can_be(subject, names, bodies)
    for other in reversed(earlier):
        named = bodies.earlier.match(bodies.lead.sub("", other))
        if named:
            return not _can_be(named["body"], names, bodies)
    return False


def _can_be(body: str, names: Sequence[str], bodies: _Bodies) -> bool:
    """Whether a name can be short for one of the names: 市工信局 for 牡丹江市工业和信息化局.

    A division's character stands right before what follows it (县政府 is no 县…镇人民政府), and an area
    alone is its government (爱民区 is no 爱民区财政局).
    """
    short = _short_name(body, bodies.area_of)
    return any(short.search(name) for name in names)


@lru_cache(maxsize=256)
def _short_name(body: str, area_of: str) -> re.Pattern[str]:
    pattern = ""
    for index, part in enumerate(parts := re.findall(r"(?:人民)?政府|.", body)):
        joined = index == 0 or part.endswith("政府") or (index == 1 and parts[0] in _DIVISIONS)
        pattern += ("" if joined else ".*?") + ("(?:人民)?政府" if part.endswith("政府") else re.escape(part))
    return re.compile(pattern + (area_of if body and body[-1] in _DIVISIONS else ""))


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
        begins, text, rest = rules.begins.search(sentence, end), "", following
        if begins:
            between, text = sentence[end : begins.start()], sentence[begins.start() :]
        elif following and (begins := rules.begins.match(following[0])):
            between, text, rest = sentence[end:], following[0], following[1:]
        if begins is None:
            continue
        unit = next(
            iter(re.findall(r"件次|件|条|宗|份|例|起|项|次|篇|则", sentence[max(end - 2, 0) : end])[-1:]), ""
        )
        chosen = tuple(_parts(text, unit))
        if sum(chosen) != value and not text.endswith("。") and rest:
            chosen = tuple(_parts(_until_stop([text, *rest]), unit))
        chosen = _summing(chosen, value)
        # Another number between whole and list may be the one whose parts are listed.
        said = rules.complete.search(begins.group()) and not rules.open.search(text)
        complete = bool(said) and not _PARTS.search(between)
        if complete and sum(chosen) != value:
            chosen, complete = _listed(text[len(begins.group()) :], unit, rules.ends)
        if len(chosen) < 2:
            continue
        yield Breakdown(statement.claim.about, value, chosen, complete, statement.claim.sentence)


def _until_stop(texts: Sequence[str]) -> str:
    """The texts up to the first that ends with a full stop."""
    last = next((index for index, text in enumerate(texts) if text.endswith("。")), len(texts))
    return "".join(texts[: last + 1])


def _summing(parts: tuple[int, ...], whole: Number) -> tuple[int, ...]:
    """The parts up to where they sum up to the whole, so that what follows a list is not counted to it."""
    for count in range(2, len(parts)):
        if sum(parts[:count]) == whole:
            return parts[:count]
    return parts


def _listed(text: str, unit: str, ends: re.Pattern[str]) -> tuple[tuple[int, ...], bool]:
    """The parts of a list that says it is complete, up to where it ends, and whether all could be read."""
    parts: list[int] = []
    for item in _ITEMS.split(text):
        if ends.search(item):
            break
        own = tuple(_parts(item, unit))
        if len(own) != 1 or len(_PARTS.findall(item)) != 1:
            return tuple(parts), not _AMOUNT.search(item)
        parts += own
    return tuple(parts), True


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
