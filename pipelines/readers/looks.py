"""How a workbook's styles change what its cells show: number formats, struck and white letters.

Owns the judgement whether a cell shows the number that it holds. A format that hides, scales or rounds to
parts, that adds words or a unit, or that depends on a condition, shows something else; which, only the
office program knows. A format that only sets digits after the point, groups or colours shows the number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from lxml import etree

STRUCK = "struck"
OTHER = "other"
"""What a look does to a number: crosses it out, or shows something else in its place."""

_Item = TypeVar("_Item")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
BUILT_IN: Mapping[int, str] = {9: "0%", 10: "0.00%", 12: "# ?/?", 13: "# ??/??"}
"""Number formats that files name without spelling them out, as far as they show something else."""
_LITERAL = re.compile(r'"([^"]*)"|[\\!](.)')
_UNPRINTED = re.compile(r"_.|\*.|\[(?:[A-Z][a-z]+(?: ?\d+)?|\$[^\]]*)\]", re.DOTALL)
_HARMLESS = re.compile(r"[\s()+\-–—¥￥$件次条个项宗份人]*")
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
_WHITE = re.compile(r"(?:FF)?FFFFFF", re.IGNORECASE)


@lru_cache(maxsize=1024)
def shows_other(code: str) -> bool:
    """Whether a number format shows something else than the number, or nothing."""
    plain = _UNPRINTED.sub("", code)
    literals = [found[1] or found[2] or "" for found in _LITERAL.finditer(plain)]
    bare = _LITERAL.sub("", plain)
    if not all(_HARMLESS.fullmatch(text) for text in literals):
        return True
    if re.search(r"\[(?![hms]+\])", bare, re.IGNORECASE):
        return True
    if re.search(r"[%/]", bare) and not re.search(r"[ymdhs]", bare, re.IGNORECASE):
        return True
    if _SCALED.search(bare):
        return True
    first = bare.partition(";")[0]
    return ";" in bare and not re.search(r"[0#?@]|general|[ymdhs]", first, re.IGNORECASE)


def looks(root: etree._Element) -> list[str | None]:
    """What each cell format of a workbook of Office Open XML does to a number; None for nothing."""
    codes = dict(BUILT_IN)
    for entry in root.iter(f"{_MAIN}numFmt"):
        codes[_number(entry, "numFmtId")] = entry.get("formatCode", "")
    fonts = [_font(font) for font in root.iterfind(f"{_MAIN}fonts/{_MAIN}font")]
    fills = [fill.find(f"{_MAIN}patternFill") for fill in root.iterfind(f"{_MAIN}fills/{_MAIN}fill")]
    grounds = [fill is not None and fill.get("patternType", "none") != "none" for fill in fills]
    found: list[str | None] = []
    for xf in root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf"):
        font = _at(fonts, _number(xf, "fontId"))
        if font == STRUCK:
            found.append(STRUCK)
        elif shows_other(codes.get(_number(xf, "numFmtId"), "")) or (
            font == OTHER and not _at(grounds, _number(xf, "fillId"))
        ):
            found.append(OTHER)
        else:
            found.append(None)
    return found


def _font(font: etree._Element) -> str | None:
    struck = font.find(f"{_MAIN}strike")
    if struck is not None and struck.get("val", "1") not in ("0", "false"):
        return STRUCK
    colour = font.find(f"{_MAIN}color")
    return OTHER if colour is not None and _WHITE.fullmatch(colour.get("rgb", "")) else None


def _number(element: etree._Element, name: str) -> int:
    value = element.get(name, "0")
    return int(value) if value.isdecimal() else 0


def _at(items: Sequence[_Item], index: int) -> _Item | None:
    return items[index] if index < len(items) else None
