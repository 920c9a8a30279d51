"""Invented chapters of reports, as long and as varied as real ones, made quickly from a seed.

Real reports of bodies below the province have 1,300 to 1,800 characters in four chapters that hold prose
(4 to 5 kB), in runs of some eight characters between signs, with 600 to 870 different pairs of
neighbouring characters; three chapters are headings over a table. Governments write more. A body
repeats most of its clauses the year after, and half of what anybody writes is what everybody writes.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

HEADINGS = (
    (0, ""),
    (1, "一、总体情况"),
    (2, "二、主动公开政府信息情况"),
    (3, "三、收到和处理政府信息公开申请情况"),
    (4, "四、政府信息公开行政复议、行政诉讼情况"),
    (5, "五、存在的主要问题及改进情况"),
    (6, "六、其他需要报告的事项"),
)
_WORDS = tomllib.loads((Path(__file__).parent / "chapters.toml").read_text("utf-8"))
_VERBS, _OBJECTS, _MANNERS, _ENDS, _OPENERS = (
    _WORDS[name].split() for name in ("verbs", "objects", "manners", "ends", "openers")
)
RARE = _WORDS["rare"]
_RARE_ONE_IN = 3000
_CLAUSES = 24_000
_SIGNS = ("，", "，", "，", "，", "。", "。", "；", "、")


class Chapters:
    """Chapters from a stock of clauses; the same seed gives the same stock."""

    def __init__(self, places: Sequence[str], seed: int = 1) -> None:
        chance = random.Random(f"clauses {seed}")
        trade = sorted({character for word in (*_VERBS, *_OBJECTS, *_ENDS) for character in word})
        local = sorted({character for place in places for character in place})
        # Words that are no standing phrases: every body has projects, villages and people of its own.
        own = ["".join(chance.choices(local, k=1) + chance.choices(trade, k=1)) for _ in range(6000)]
        self._clauses = [_clause(chance, places, own) for _ in range(_CLAUSES)]
        # What everybody writes comes first: the n-th clause is used in proportion to 1 / (n + 40).
        self._weights = list(accumulate(1 / (number + 40) for number in range(_CLAUSES)))

    def stock(self, chance: random.Random) -> list[str]:
        """The clauses that a body uses, to be handed to `of` year after year; they drift."""
        return chance.choices(self._clauses, cum_weights=self._weights, k=140)

    def of(
        self, name: str, year: int, stock: list[str], chance: random.Random, *, size: float = 1.0
    ) -> list[tuple[int, str, str]]:
        """Number, heading and text of each chapter; `size` 1 is a department's. Changes a part of `stock`."""
        changed = chance.choices(self._clauses, cum_weights=self._weights, k=50)
        for clause in changed:
            stock[chance.randrange(len(stock))] = clause
        counted = [
            clause.format(chance.randrange(1, 1 + int(400 * size)), chance.randrange(9))
            for clause in chance.sample(_WORDS["counted"], k=5)
        ]
        overall = chance.sample(stock, k=min(len(stock), int(chance.uniform(55, 95) * min(size, 1.4))))
        if size > 1.4:
            overall += chance.choices(self._clauses, cum_weights=self._weights, k=int(60 * size))
        overall[3:3] = counted
        problems = chance.sample(stock, k=int(chance.uniform(24, 40)))
        if chance.randrange(3) == 0:
            lawsuit = chance.choice(_WORDS["lawsuits"])
            problems.insert(5, lawsuit.format(chance.randrange(1, 9), chance.randrange(1, 9)))
        if chance.randrange(_RARE_ONE_IN // len(RARE)) == 0:
            overall.insert(7, f"宣传{chance.choice(RARE)}项目")
        opening = (
            f"{name}{year}年政府信息公开工作年度报告\n{_WORDS['opening']}" if chance.random() < 0.8 else ""
        )
        texts = (
            opening,
            f"{year}年，{name}{_prose(overall, chance)}",
            "",
            "",
            "",
            _prose(problems, chance),
            _WORDS["fees"] if chance.random() < 0.5 else "无。",
        )
        return [(number, heading, text) for (number, heading), text in zip(HEADINGS, texts, strict=True)]


def _clause(chance: random.Random, places: Sequence[str], own: Sequence[str]) -> str:
    kind = chance.randrange(8)
    verb, thing, end = chance.choice(_VERBS), chance.choice(_OBJECTS), chance.choice(_ENDS)
    if kind == 0:
        return f"{chance.choice(_OPENERS)}，{chance.choice(_MANNERS)}{verb}{thing}{end}"
    if kind == 1:
        return f"{verb}{thing}和{chance.choice(_OBJECTS)}"
    if kind == 2:
        return f"{chance.choice(_MANNERS)}{verb}{chance.choice(own)}{chance.choice(own)}{end}"
    if kind == 3:
        return f"对{chance.choice(places)}的{chance.choice(own)}{thing}{verb}{end}"
    if kind == 4:
        return f"{chance.choice(_MANNERS)}{verb}{thing}{chance.choice(_VERBS)}{end}"
    if kind == 5:
        number = f"〔{chance.randrange(2008, 2025)}〕{chance.randrange(1, 99)}号"
        return f"《{chance.choice(own)}{thing}办法》（{number}）"
    if kind == 6:
        return f"{thing}{chance.choice(own)}{end}不够{chance.choice(_MANNERS)}"
    return f"{verb}{chance.choice(own)}"


def _prose(clauses: Sequence[str], chance: random.Random) -> str:
    signs = chance.choices(_SIGNS, k=len(clauses))
    return "".join(clause + sign for clause, sign in zip(clauses, signs, strict=True))[:-1] + "。"
