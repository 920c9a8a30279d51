"""The prose of a report: its sentences, the themes of its first chapter, the fingerprint of its wording.

Owns what is told from the text alone and needs no table. Sentences are put together over lines that
a page's width broke; themes are words (`prose.toml`); a fingerprint is made once, when a report is
read, so that similar texts are found later without reading any of them again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from zlib import crc32

from pipelines.records import Fingerprint, Section

_PLAIN = str.maketrans("０１２３４５６７８９％．", "0123456789%.", " \t\u3000\xa0\r*\u200b\ufeff")
_NOT_PLAIN = re.compile(f"[{''.join(map(chr, _PLAIN))}]")
_LED = re.compile(
    r"(?:[（(]?[一二三四五六七八九十]{1,3}[）)、.．]|[（(]?\d{1,2}[）)、．]|\d{1,2}\.(?!\d)|第[一二三四五六七八九十]{1,2}[章部])"
)
_PAGE_MARK = re.compile(r"^[-—–]*\d{1,3}[-—–]*$")
_SENTENCE = re.compile(r"[^。；;!！?？]+[。；;!！?？]*")
_HEADING = re.compile(r"[^，。,；]*(?:情况|方面|事项)$")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_LONGEST_HEADING = 24
_LONGEST_PLAIN_HEADING = 18

_SHINGLE = 5
_POSITIONS = 64
_LEAST_WORDING = 80
_MOST_WORDING = 6000


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a chapter in sentences with what ends them, white space removed, digits plain."""

    chapter: int
    text: str
    sentences: tuple[str, ...]


@cache
def _themes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    data: dict[str, Any] = tomllib.loads(
        files(__package__).joinpath("prose.toml").read_text(encoding="utf-8")
    )
    return tuple((theme["name"], re.compile("|".join(theme["words"]))) for theme in data["themes"])


def paragraphs(chapters: Sequence[Section]) -> Iterator[Paragraph]:
    """The paragraphs of the chapters, their lines joined where a page's width broke them."""
    for chapter in chapters:
        joined = ""
        for line in chapter.text.split("\n"):
            plain = line.translate(_PLAIN) if _NOT_PLAIN.search(line) else line
            if not plain or _PAGE_MARK.match(plain):
                continue
            if joined and (_LED.match(plain) or _is_whole(joined)):
                yield _paragraph(chapter.number, joined)
                joined = ""
            joined += plain
        if joined:
            yield _paragraph(chapter.number, joined)


def _is_whole(text: str) -> bool:
    """Whether a line ends where its paragraph does: behind a full stop, or as a heading does."""
    if text[-1] in "。!！?？：:":
        return True
    if len(text) > _LONGEST_HEADING or "，" in text or "。" in text:
        return False
    return bool(_LED.match(text) or (len(text) <= _LONGEST_PLAIN_HEADING and _HEADING.match(text)))


def _paragraph(chapter: int, text: str) -> Paragraph:
    return Paragraph(chapter, text, tuple(_SENTENCE.findall(text)))


def themes(chapters: Sequence[Section]) -> tuple[str, ...] | None:
    """The statutory themes that chapter 一 speaks of, in the order of the form; None without a chapter 一."""
    text = "".join(chapter.text for chapter in chapters if chapter.number == 1)
    if not text:
        return None
    text = "".join(text.split())
    return tuple(name for name, words in _themes() if words.search(text))


def fingerprints(chapters: Sequence[Section]) -> tuple[Fingerprint, ...]:
    """Of chapters 一 and 五, where they are long enough to tell one text from another.

    Numbers and punctuation are left out (a copied text has another year and other figures). Every
    phrase of five characters is hashed once; each of 64 positions keeps the least hash of its own
    share of phrases, and an empty one takes that of the next that has any.
    """
    found = []
    for number in (1, 5):
        wording = "".join(
            part for chapter in chapters if chapter.number == number for part in _HAN.findall(chapter.text)
        )[:_MOST_WORDING]
        if len(wording) >= _LEAST_WORDING:
            found.append(Fingerprint(number, _least_hashes(wording)))
    return tuple(found)


def _least_hashes(wording: str) -> tuple[int, ...]:
    raw = wording.encode("utf-16-le")
    wide = 2 * _SHINGLE
    hashes = {crc32(raw[start : start + wide]) for start in range(0, len(raw) - wide + 2, 2)}
    # Of those that share a position the least comes last.
    least = {value % _POSITIONS: value for value in sorted(hashes, reverse=True)}
    filled = [0] * _POSITIONS
    nearest, step = least[min(least)], min(least)  # of those behind a position, the first round again
    for position in range(_POSITIONS - 1, -1, -1):
        own = least.get(position)
        nearest, step = (nearest, step + 1) if own is None else (own, 0)
        filled[position] = (nearest + step) & 0xFFFFFFFF
    return tuple(filled)
