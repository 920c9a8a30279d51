"""How what a cell of a workbook holds is written as text.

Owns the writing of numbers (as a sheet shows them, without a number format), the white space of texts, and
the marks on a text that does not show what it holds.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from pipelines.readers.looks import STRUCK

Position = tuple[int, int]
"""Row and column in a sheet, from 0."""

Value = int | float | str | bool | time | date | datetime | timedelta
"""What a cell holds, as the library gives it."""

_SPACE = re.compile(r"[^\S\n]+|[\u00a0\u3000\u200b\ufeff]+")
_LONGEST_LABEL = 100
"""Characters: longer texts are prose, which does not come again."""


def text_of(value: Value) -> str:
    """A value as a sheet shows it."""
    if isinstance(value, str):
        if value.isalnum():
            return value
        return _label(value) if len(value) <= _LONGEST_LABEL else _lines(value)
    if isinstance(value, bool):
        return str(value).upper()
    return number_text(value) if isinstance(value, int | float) else str(value)


def number_text(value: float) -> str:
    """A number as a sheet shows it: fifteen digits at most, none after the point where all are 0."""
    if isinstance(value, float) and value and -1e15 < value < 1e15 and value.is_integer():
        return str(int(value))
    # A sheet, too, writes what is beyond all counts with an exponent.
    return f"{Decimal(format(value, '.15g')):f}" if value == 0 or 1e-9 < abs(value) < 1e15 else str(value)


def _lines(value: str) -> str:
    """A text without empty lines, the white space in each line made single spaces."""
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    if "\u200b" in value or "\ufeff" in value:
        lines = [_SPACE.sub(" ", line).strip() for line in value.split("\n")]
    else:
        lines = [" ".join(line.split()) for line in value.split("\n")]
    return "\n".join([line for line in lines if line])


@lru_cache(maxsize=4096)
def _label(value: str) -> str:
    """The same of a text that other reports share."""
    return _lines(value)


def crossed(text: str) -> str:
    """A struck text, marked so that it is neither a number nor a blank."""
    return "".join(char if char.isspace() else f"{char}\u0336" for char in text)


def marked(text: str, look: str) -> str:
    """The text of a cell of which the format does something to numbers (`pipelines.readers.looks`)."""
    if not any(char.isdigit() for char in text):
        return text
    return crossed(text) if look == STRUCK else f"{text}\ufffc"
