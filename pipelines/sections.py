"""The chapters of a report: the preamble and 一 to 六, told from places that only name them.

Owns the splitting of a document's text. Introductions list all chapter titles, prose repeats
them, headings lose their ordinal or come under a second numbering; so candidates are collected
and the chain is taken that follows the order of chapters and has text or tables between its
links. Titles are data (`sections.toml`). Text inside tables is not part of a chapter's text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache
from importlib.resources import files

from pipelines.content import Content, Grid, Paragraph
from pipelines.labels import core, squashed
from pipelines.records import Section

_ORDINALS = "一二三四五六七八九十"
_LED = re.compile(
    rf"\s*(?:#{{1,6}}\s+)?(?:([{_ORDINALS}]{{1,2}})\s*[、.．,，:： ]"
    rf"|第\s*([{_ORDINALS}])\s*(?:部分|章)[、.．,，:： ]?)\s*(.*)",
    re.DOTALL,
)
_FORMAL = str.maketrans("壹贰叁肆伍陆", "一二三四五六")
_SUB = re.compile(rf"\s*[（(]\s*[{_ORDINALS}\d]{{1,2}}\s*[）)]|\s*\d{{1,2}}\s*[.、．]")
_LONGEST_HEADING = 44


_EMPTY = Grid((), {})


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A place that may be the heading of a chapter. `rest` is text printed behind the title in the
    same paragraph; `score` grows with the signs that it is a heading.
    """

    number: int
    index: int
    heading: str
    rest: str
    score: float
    span: int = 1


@cache
def _titles() -> tuple[tuple[int, str], ...]:
    data = tomllib.loads(files(__package__).joinpath("sections.toml").read_text(encoding="utf-8"))
    pairs = [(chapter["number"], core(title)) for chapter in data["chapters"] for title in chapter["titles"]]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[1])))


@cache
def _numbers() -> Mapping[str, int]:
    """The chapter that each title is of."""
    return {title: number for number, title in reversed(_titles())}


@cache
def _letters_of_titles() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(title) for _, title in _titles())


@cache
def _first_of_titles() -> frozenset[str]:
    """The characters with which a title, or its ordinal, begins."""
    return frozenset(_ORDINALS) | {title[0] for _, title in _titles()}


def sections(content: Content, tabular: frozenset[int] = frozenset()) -> tuple[Section, ...]:
    """The preamble (number 0, heading "") and the chapters found, in order; text without tables.

    `tabular` holds the ids (`id()`) of paragraphs that are cells of a flattened table.
    """
    blocks = [_EMPTY if id(block) in tabular else block for block in content.blocks]
    chain = _best_chain(_candidates(blocks), blocks)
    if len(chain) < 3:  # headings may be numbered as parts of a chapter are: （一）, 1.
        loose = _best_chain(_candidates(blocks, loose=True), blocks)
        chain = loose if len(loose) >= 3 else chain
    numbered = _numbered_chain(blocks)
    if len(numbered) > len(chain) and {_place(link) for link in chain} <= {_place(link) for link in numbered}:
        chain = numbered  # other titles stand among the known ones, as before 2019
    if not chain:
        text = _text(blocks)
        return (Section(number=0, heading="", text=text),) if text else ()
    parts = [Section(number=0, heading="", text=_text(blocks[: chain[0].index]))]
    for this, following in zip(chain, [*chain[1:], None], strict=True):
        body = blocks[this.index + this.span : following.index if following else None]
        text = "\n".join(part for part in (this.rest, _text(body)) if part)
        parts.append(Section(number=this.number, heading=this.heading, text=text))
    return tuple(part for part in parts if part.number or part.text)


def _place(link: _Candidate) -> tuple[int, int]:
    return link.number, link.index


def _text(blocks: Sequence[Paragraph | Grid]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, Paragraph))


def _candidates(blocks: Sequence[Paragraph | Grid], *, loose: bool = False) -> list[_Candidate]:
    found = []
    for index, block in enumerate(blocks):
        if not isinstance(block, Paragraph):
            continue
        candidate = _loose_candidate(index, block.text) if loose else _candidate(index, block.text)
        if candidate is None and _LED.match(block.text) and len(block.text) < 30:
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            if (
                isinstance(following, Paragraph) and len(following.text) < 30
            ):  # a heading wrapped over two lines
                joined = _candidate(index, block.text + following.text)
                if joined and not joined.rest:
                    candidate = _Candidate(joined.number, index, joined.heading, "", joined.score, 2)
        if candidate:
            found.append(candidate)
    return found


def _candidate(index: int, text: str) -> _Candidate | None:
    if _SUB.match(text):
        return None
    ordinal, words = _led(text)
    if not ordinal and "一" <= words[:1] <= "\u9fff" and words[0] not in _first_of_titles():
        return None  # prose, as most lines are
    plain = core(words[:120])
    if number := _numbers().get(plain):
        score = 3.0 + (2.0 if ordinal == number else 1.0 if ordinal else 0.0)
        return _Candidate(number, index, text.strip(), "", score)
    if not ordinal:
        return None
    for number, title in _titles():
        if plain.startswith(title):
            heading, rest = _parted(text, title)
            if len(heading) <= _LONGEST_HEADING:
                score = (
                    2.0 + (2.0 if ordinal == number else 0.5) - (1.0 if rest[:1] in "，、；;和及的" else 0.0)
                )
                return _Candidate(number, index, heading, rest, score)
    if len(squashed(words)) <= _LONGEST_HEADING:
        number = _alike(plain)
        if number:
            return _Candidate(number, index, text.strip(), "", 2.0 + (1.5 if ordinal == number else 0.0))
    return None


def _led(text: str) -> tuple[int, str]:
    """The ordinal that leads a heading (0 where none does) and the words behind it."""
    plain = text.lstrip()
    plain = plain[:1].translate(_FORMAL) + plain[1:]
    led = _LED.match(plain)
    if led:
        ordinal = led.group(1) or led.group(2)
        return (_ORDINALS.find(ordinal) + 1 if len(ordinal) == 1 else 0), led.group(3)
    if plain and plain[0] in _ORDINALS and core(plain[1:60]) in _numbers():
        return _ORDINALS.find(plain[0]) + 1, plain[1:]
    return 0, text


def _loose_candidate(index: int, text: str) -> _Candidate | None:
    """A heading under any numbering, taken only where its words are a chapter's title and no more."""
    number = _numbers().get(core(text[:60]), 0)
    return _Candidate(number, index, text.strip(), "", 3.0) if number else None


def _parted(text: str, title: str) -> tuple[str, str]:
    """The heading and what follows it in the same paragraph, cut after the title's last character."""
    for end in range(len(title), len(text) + 1):
        if core(text[:end]) == title or core(text[:end]).endswith(title):
            rest = text[end:]
            closing = re.match(r"[\s。.：:）)]*", rest)
            cut = end + (closing.end() if closing else 0)
            return text[:end].strip(), text[cut:].strip()
    return text.strip(), ""


_ALIKE = 0.82
"""How like a chapter's title a misprinted one must be."""


@lru_cache(maxsize=512)
def _alike(plain: str) -> int:
    """The chapter of a heading that only resembles a known title (行政法复议 for 行政复议), else 0."""
    best, number = 0.0, 0
    letters = set(plain)
    for (candidate, title), of_title in zip(_titles(), _letters_of_titles(), strict=True):
        if abs(len(title) - len(plain)) > 6 or len(plain) < 5:
            continue
        # Bounds from above, cheaper than what they bound.
        common = len(title) - len(of_title - letters)
        if 2.0 * common / (len(title) + len(plain)) < max(best, _ALIKE):
            continue
        likeness = SequenceMatcher(None, plain, title)
        if likeness.quick_ratio() < max(best, _ALIKE):
            continue
        ratio = likeness.ratio()
        if ratio > best:
            best, number = ratio, candidate
    return number if best >= _ALIKE else 0


def _best_chain(candidates: list[_Candidate], blocks: Sequence[Paragraph | Grid]) -> list[_Candidate]:
    """The chain of rising chapters whose links are worth most together."""
    if not candidates:
        return []
    worths = [
        _worth(this, following, blocks)
        for this, following in zip(candidates, [*candidates[1:], None], strict=True)
    ]
    best: list[tuple[float, list[_Candidate]]] = []
    for position, candidate in enumerate(candidates):
        ends = [pair for pair in best[:position] if pair[1][-1].number < candidate.number]
        value, chain = max(ends, key=lambda pair: pair[0], default=(0.0, []))
        best.append((max(value, 0.0) + worths[position], [*(chain if value > 0 else []), candidate]))
    value, chain = max(best, key=lambda pair: pair[0])
    return chain if len(chain) > 1 or value >= 5 else []


def _worth(this: _Candidate, following: _Candidate | None, blocks: Sequence[Paragraph | Grid]) -> float:
    """A link's score with what stands before the next candidate: lists of titles have nothing there."""
    under = blocks[this.index + this.span : following.index if following else None]
    written = len(this.rest) + sum(len(block.text) for block in under if isinstance(block, Paragraph))
    tables = any(isinstance(block, Grid) for block in under)
    if not written and not tables:
        return this.score - 2.5
    return this.score + min(written, 40) / 40 + (2.0 if tables and this.number in (2, 3, 4) else 0.0)


def _numbered_chain(blocks: Sequence[Paragraph | Grid]) -> list[_Candidate]:
    """Chapters of reports with other titles (before 2019): short headings 一、二、… in order."""
    chain: list[_Candidate] = []
    for index, block in enumerate(blocks):
        if not isinstance(block, Paragraph) or len(block.text) > _LONGEST_HEADING:
            continue
        led = _LED.match(block.text)
        if not led or len(led.group(1) or "") != 1:
            continue
        if _ORDINALS.find(led.group(1)) == len(chain):
            chain.append(_Candidate(len(chain) + 1, index, block.text.strip(), "", 1.0))
    return chain if len(chain) >= 3 else []
