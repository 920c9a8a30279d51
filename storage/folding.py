"""What counts as the same text for a search, and the terms under which text is found.

Owns the folding (width, case, traditional characters), the terms of an index, and the pattern that
tells whether a text holds a phrase. Text in Chinese has no spaces between words: its terms are the
pairs of neighbouring characters, and the last character of each run, so that a single character is
the beginning of a term. White space within a run of such characters is none (it comes from wrapped
lines and from typesetting); any other sign ends the run. Letters and digits of other scripts are
whole words.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import pairwise
from operator import add

VERSION = "1"
"""Of the terms: an index made under another one is made anew."""
HEADING = "¶"
"""Begins the terms of titles, names and headings; no term of a text begins so."""
PLAIN = "§plain"
"""The term of reports of which every text is plain; no text has it."""

# Han characters, kana and hangul: written without spaces, or with spaces that are not certain.
_RUN = "々〇぀-ヿ㐀-䶿一-鿿가-힣豈-\ufaff\U00020000-\U0003ffff"
_WORD = rf"[^\W_{_RUN}]"
_RUNS = re.compile(rf"[{_RUN}]+")
_WORDS = re.compile(rf"{_WORD}+")
_TERMS = re.compile(rf"[{_RUN}]+|{_WORD}+")
_IS_RUN = re.compile(rf"[{_RUN}]")
LONGEST_WORD = 64
"""Characters of a word that its term has."""

_SIGNS = (
    *(
        ",，",
        ".．｡。",
        ";；",
        ":：∶",
        "(（",
        ")）",
        '"“”„＂',
        "'‘’＇",
        "[［〔【",
        "]］〕】",
        "!！",
        "?？",
        "、､",
    ),
    *(
        "-－—–―‐−",
        "<＜〈《«",
        ">＞〉》»",
        "%％",
        "~～〜",
        "·・•",
        "/／",
        "&＆",
        "+＋",
        "*＊",
        "=＝",
        "#＃",
        "@＠",
    ),
)
"""Signs that are one and the same when they stand in a phrase."""
_SAME_SIGNS = {sign: f"[{re.escape(group)}]" for group in _SIGNS for sign in group}


def _foldings() -> dict[str, str]:
    data = tomllib.loads((resources.files("storage") / "traditional.toml").read_text("utf-8"))
    table = dict(zip(data["traditional"], data["simplified"], strict=True))
    for code in range(0xF900, 0xFB00):
        same = unicodedata.normalize("NFKC", chr(code))
        if len(same) == 1 and same != chr(code):
            table[chr(code)] = table.get(same, same)
    for code in range(0xFF01, 0xFF5F):
        if chr(code).isalnum():
            table[chr(code)] = chr(code - 0xFEE0).lower()
    # In lower case these would be two characters, and places in folded text would shift.
    table["İ"] = "i"
    return table


_FOLDINGS = _foldings()
_TABLE = str.maketrans(_FOLDINGS)
_FOLDABLE = re.compile(f"[{''.join(_FOLDINGS)}]")
_UNUSUAL = re.compile(f"[{''.join(filter(_IS_RUN.match, _FOLDINGS))}]")


def folded(text: str) -> str:
    """The text in simplified characters, of usual width, in lower case; as many characters as before."""
    if text.isascii():
        return text.lower()
    if _FOLDABLE.search(text):
        text = text.translate(_TABLE)
    return text.lower()


def is_plain(text: str) -> bool:
    """Whether folding leaves every run of the text as it is, so that it need not be folded for those."""
    return _UNUSUAL.search(text) is None


def terms(texts: Iterable[str]) -> set[str]:
    """The terms of some texts; no term reaches from one text into another."""
    found: set[str] = set()
    runs: list[str] = []
    for text in texts:
        whole = _unwrapped(folded(text))
        runs += _RUNS.findall(whole)
        found.update(word[:LONGEST_WORD] for word in _WORDS.findall(whole))
    # One pass over all pairs; one with the end of a run in it is the run's last character.
    line = "\n".join(runs) + "\n"
    for pair in set(map(add, line, line[1:])):
        if pair[0] != "\n":
            found.add(pair.rstrip("\n"))
    return found


def line(headings: Iterable[str], texts: Iterable[str]) -> str:
    """The terms of a report as the index takes them, with signs before those of titles and headings."""
    texts = list(texts)
    plain = [PLAIN] if all(map(is_plain, texts)) else []
    above = [f"{HEADING}{term}" for term in terms(headings)]
    return " ".join([*terms(texts), *above, *plain])


def _unwrapped(text: str) -> str:
    """The text without the white space that stands within runs."""
    parts = text.split()
    if len(parts) < 2:
        return text
    joined = parts[:1]
    for before, after in pairwise(parts):
        if not (_IS_RUN.match(before[-1]) and _IS_RUN.match(after)):
            joined.append(" ")
        joined.append(after)
    return "".join(joined)


@dataclass(frozen=True)
class Phrase:
    """Something to look for: characters that stand next to each other, as in the text."""

    text: str
    """As it was given, without white space at its ends."""

    @cached_property
    def _pieces(self) -> list[str]:
        return _TERMS.findall(_unwrapped(folded(self.text)))

    @cached_property
    def terms(self) -> list[str]:
        """The terms that every text with the phrase has. One that ends in `*` is the beginning of a term."""
        found: list[str] = []
        for piece in self._pieces:
            if not _IS_RUN.match(piece):
                found.append(piece[:LONGEST_WORD])
            elif len(piece) > 1:
                found += [piece[at : at + 2] for at in range(len(piece) - 1)]
        found = list(dict.fromkeys(found))
        if not found:
            found = [f"{piece}*" for piece in dict.fromkeys(self._pieces)]
        return found

    @cached_property
    def is_term(self) -> bool:
        """Whether a text that has the terms has the phrase, so that it need not be looked at."""
        return (
            len(self._pieces) == 1
            and len(self.terms) == 1
            and len(self._pieces[0]) == len(_squeezed(self.text))
            and len(self._pieces[0]) <= LONGEST_WORD
        )

    @cached_property
    def longest_run(self) -> Phrase | None:
        """The longest run in the phrase; None where it has none."""
        longest = max((piece for piece in self._pieces if _IS_RUN.match(piece)), key=len, default=None)
        return None if longest is None else Phrase(longest)

    @cached_property
    def is_run(self) -> bool:
        """Whether the phrase is a run and nothing else."""
        return self._pieces == [_squeezed(folded(self.text))] and self.longest_run is not None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the phrase in folded text."""
        parts: list[str] = []
        before = ""
        gap = False
        for character in folded(self.text):
            if character.isspace():
                gap = True
                continue
            if before:
                both_words = _is_word(before) and _is_word(character)
                parts.append((r"\s+" if gap else "") if both_words else r"\s*")
            elif _is_word(character):
                parts.append(f"(?<!{_WORD})")
            parts.append(_SAME_SIGNS.get(character) or re.escape(character))
            before, gap = character, False
        if before and _is_word(before):
            parts.append(f"(?!{_WORD})")
        return re.compile("".join(parts))

    def places(self, folded_text: str) -> Iterator[tuple[int, int]]:
        """Where the phrase stands, as offsets of begin and end. The text is one that `folded` gave."""
        for match in self.pattern.finditer(folded_text):
            yield match.span()

    def is_in(self, folded_text: str) -> bool:
        """Whether the text, which `folded` gave, holds the phrase."""
        return self.pattern.search(folded_text) is not None


def phrases(query: str) -> list[Phrase]:
    """What a reader asks for: parts between spaces, each of which a report must hold, or in quotation
    marks with the spaces in it. Nothing else is special. Parts of signs alone come last.
    """
    found = []
    for quoted, plain in re.findall(r"[\"“”＂]([^\"“”＂]*)[\"“”＂]|(\S+)", _spaced(query)):
        part = Phrase((quoted or plain).strip())
        if part.text and part not in found:
            found.append(part)
    return sorted(found, key=lambda phrase: not phrase.terms)


def _spaced(query: str) -> str:
    """A quotation mark within a word begins a part of its own only where another one follows."""
    return re.sub(r"([\"“＂][^\"“”＂]*[\"”＂])", r" \1 ", query)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _is_word(character: str) -> bool:
    return bool(re.fullmatch(_WORD, character))
