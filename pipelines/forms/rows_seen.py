"""What the texts of a row can be at first sight, told once for all rows that look alike.

Owns the likeness of two rows: every text is the same, but for cells of nothing but digits, which may hold
others. Forms have some eighty rows, and which of a row's cells are its label does not hang on the digits
of its numbers; so what a row's texts say by themselves is found out once for all reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pipelines.content import GridCell
from pipelines.forms import column_code, labels, row_words
from pipelines.forms.printed import Printed, printed

_NUMBER, _SERIAL, _LONG_NUMBER, _LONG_TEXT = "0", "1", "100", "1000"
"""In place of a number: any; before words one that can be their ordinal (序号), and one that cannot. In place
of a text that is too long. All are of digits, so that no text that is kept as it is can be taken for one of
them.
"""
_REPLACED = (_SERIAL, _LONG_NUMBER)
LEFT = 3
"""Cells of a row at its left."""
_MOST_DIGITS = 14
"""With more it is no number (`pipelines.values`)."""
_DIGITS_OF_SERIAL = 2
_LONGEST = 160
"""Characters: a row with a longer text in it is none of a form."""
_MOST_CELLS = 32
"""Of a row with more nothing is remembered."""


class SeenRow(NamedTuple):
    """What a row's texts say by themselves.

    `looks` is what the row has in common with those that look like it, None where a text is too long;
    `run` the cells that can be the row's label, with their `texts`; `spoken` the cells that are words;
    `words` the texts of those with Chinese in them; `sole` the text of the one that is filled, if it is one;
    `is_rest` whether the row can be the rest of a label that was cut; `is_turned` whether the first result of
    chapter 四 stands at its left.
    """

    cells: tuple[Printed, ...]
    looks: tuple[str, ...] | None
    run: tuple[int, ...]
    texts: tuple[str, ...]
    spoken: tuple[int, ...]
    words: str
    has_number: bool
    is_filled: bool
    sole: str
    is_rest: bool
    is_turned: bool


def seen_row(cells: Sequence[GridCell]) -> SeenRow:
    """What the texts of a row's cells say; of digits only that they are a number, and how long."""
    kinds = tuple([_kind(cell.text) for cell in cells])
    if _LONG_TEXT in kinds:
        return _told([cell.text for cell in cells], None)
    return _known(kinds) if len(kinds) <= _MOST_CELLS else _seen(kinds)


@lru_cache(maxsize=8192)
def _kind(text: str) -> str:
    """A text as it is, of a number and of one that is too long to be kept what stands in its place."""
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return _SERIAL if len(text) <= _DIGITS_OF_SERIAL else _LONG_NUMBER
    return text if len(text) <= _LONGEST else _LONG_TEXT


@lru_cache(maxsize=1024)
def _known(kinds: tuple[str, ...]) -> SeenRow:
    return _seen(kinds)


def _seen(kinds: Sequence[str]) -> SeenRow:
    looks = list(kinds)
    for place in range(len(looks) - 1, -1, -1):  # behind the last words no number is an ordinal
        if looks[place] in _REPLACED:
            looks[place] = _NUMBER
        elif looks[place] != "":
            break
    return _told(kinds, tuple(looks))


def _told(texts: Sequence[str], looks: tuple[str, ...] | None) -> SeenRow:
    cells = tuple([printed(text) for text in texts])
    run = tuple(_label_run(texts, cells))
    filled = [text for text in texts if text]
    return SeenRow(
        cells,
        looks,
        run,
        tuple([texts[place] for place in run]),
        tuple([place for place, seen in enumerate(cells) if seen.is_word]),
        " ".join([text for text, seen in zip(texts, cells, strict=True) if seen.has_han]),
        any(seen.status == "number" for seen in cells),
        bool(filled),
        filled[0] if len(filled) == 1 else "",
        len(run) == 1 and cells[run[0]].core not in row_words(),
        "upheld" in [column_code("review_litigation", text) for text in texts[:LEFT]],
    )


def _label_run(texts: Sequence[str], seen: Sequence[Printed]) -> list[int]:
    """The leading cells that hold words, up to the first value; passed over are empty cells and a
    number that stands before the label (序号), not behind one.
    """
    run: list[int] = []
    for position, one in enumerate(seen):
        if one.is_word:
            run.append(position)
        elif texts[position] and not (one.is_serial and _leads_label(texts, seen, position, run)):
            break
    return run


def _leads_label(texts: Sequence[str], seen: Sequence[Printed], position: int, run: Sequence[int]) -> bool:
    """Whether the cell stands straight before the label of a row, and no such label before it."""
    known, groups = row_words(), labels().groups
    if any((word := seen[before].core) in known and word not in groups for before in run):
        return False
    following = next((n for n in range(position + 1, len(texts)) if texts[n]), None)
    return following is not None and (seen[following].core in known or seen[following].core in groups)
