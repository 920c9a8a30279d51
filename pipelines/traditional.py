"""Traditional characters: their simplified forms, and whether a text is written in them.

Official pages of the mainland are in simplified characters. A page in traditional ones is a copy or a
rendering of another site, and what it says may have been changed on the way.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

_FEWEST = 2
"""Characters that make a text traditional: a single one can be a name's or a sign's."""


@cache
def _tables() -> tuple[dict[int, str], dict[str, str], re.Pattern[str]]:
    found = tomllib.loads(files(__package__).joinpath("traditional.toml").read_text(encoding="utf-8"))
    characters = {ord(pair[0]): pair[1] for pair in found["characters"].split()}
    return characters, dict(found["words"]), re.compile(f"[{''.join(map(chr, characters))}]")


def is_traditional(text: str) -> bool:
    """Whether the text has traditional characters, more than one."""
    return len(_tables()[2].findall(text)) >= _FEWEST


def simplified(text: str) -> str:
    """The text in simplified characters; other text unchanged."""
    characters, words, any_of_them = _tables()
    if not any_of_them.search(text):
        return text
    for word, other in words.items():
        text = text.replace(word, other)
    return text.translate(characters)
