"""What the text of a cell can be at first sight, told once a text.

Owns the answers that every step of reading a table asks of every cell: the words of a label, a value, a
number. Reports share their labels and most of their numbers, so a text is looked at once and not once a
step, a row and a document.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from pipelines.labels import core, has_han, squashed
from pipelines.values import parsed

_SERIAL = re.compile(r"[(（]?\d{1,2}[)）.、．]?|\ufffc|\ufffd")
"""A number, or what readers put in place of one that the program counts."""


class Printed(NamedTuple):
    """A printed text: the words of the label that it can be, and what else it can be.

    `is_value` is a number or what stands in place of one, `is_word` neither of them and Chinese; `is_serial`
    can be the number of a row (序号).
    """

    core: str
    status: str
    is_value: bool
    has_han: bool
    is_word: bool
    is_serial: bool


@lru_cache(maxsize=8192)
def printed(text: str) -> Printed:
    """What a text can be."""
    han, status = has_han(text), parsed(text).status
    is_value = status in ("number", "not_applicable")
    is_serial = not han and bool(_SERIAL.fullmatch(squashed(text)))
    return Printed(core(text), status, is_value, han, han and not is_value, is_serial)
