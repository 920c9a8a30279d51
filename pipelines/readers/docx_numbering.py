"""Which numberings of a .docx put a number before their paragraphs.

Owns numbering.xml (ECMA-376 part 1, §17.9): a w:num names a w:abstractNum and may replace levels of it.
A level that counts shows its number only where its text has a place for it (%1); bullets and levels
without a text show none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from lxml import etree

from pipelines.readers.package import tree

Element: TypeAlias = Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VAL, _LEVEL = f"{_W}val", f"{_W}lvl"
_NUMBERED, _NUM_ID, _DEPTH = (f"{_W}{name}" for name in ("numPr", "numId", "ilvl"))
_PLACE = re.compile(r"%\d")
_COUNTING_NOTHING = frozenset({"none", "bullet"})


class _Level(NamedTuple):
    """Whether a level shows a number, and whether it is that of a paragraph style."""

    shows: bool
    of_style: bool


def remove_unseen(body: etree._Element, part: bytes) -> None:
    """Takes out of a document each w:numPr by which no number is shown; raises XMLSyntaxError."""
    met: list[Element] = list(body.iter(_NUMBERED))
    if not met:
        return
    numberings = _numberings(tree(part)) if part else {}
    for numbering in met:
        levels = numberings.get(_said(numbering, _NUM_ID))
        if levels is None or not _shows(levels, _said(numbering, _DEPTH)):
            numbering.getparent().remove(numbering)


def _shows(levels: Mapping[str, _Level], depth: str) -> bool:
    """Whether the level of a paragraph shows a number, as one does of which nothing is said. A paragraph that
    names none has the first, or that of its style.
    """
    if depth:
        return depth not in levels or levels[depth].shows
    return _shows(levels, "0") or any(level.shows for level in levels.values() if level.of_style)


def _numberings(root: etree._Element) -> dict[str, dict[str, _Level]]:
    """The levels of each w:num by its w:numId."""
    lists = list(root.iterchildren(f"{_W}abstractNum"))
    levels = {one.get(f"{_W}abstractNumId", ""): _levels(one) for one in lists}
    linked = {name: levels[one.get(f"{_W}abstractNumId", "")] for one in lists if (name := _link(one, ""))}
    for one in lists:
        if (name := _link(one, "num")) in linked:
            levels[one.get(f"{_W}abstractNumId", "")] = linked[name]
    found: dict[str, dict[str, _Level]] = {}
    for number in root.iterchildren(f"{_W}num"):
        changed = number.iterchildren(f"{_W}lvlOverride")
        own = {depth: level for override in changed for depth, level in _levels(override).items()}
        kept = levels.get(_said(number, f"{_W}abstractNumId"))
        if kept is not None:
            found[number.get(_NUM_ID, "")] = {**kept, **own} if own else kept
    return found


def _link(listed: Element, of: str) -> str:
    """The style by which a list is named ("") or under which it is found ("num")."""
    return _said(listed, f"{_W}numStyleLink" if of else f"{_W}styleLink")


def _levels(holder: Element) -> dict[str, _Level]:
    return {
        level.get(_DEPTH, "0"): _Level(_counts(level), level.find(f"{_W}pStyle") is not None)
        for level in holder.iterchildren(_LEVEL)
    }


def _counts(level: Element) -> bool:
    """Whether a level shows a number: one that it counts, or one that its text spells."""
    text = _said(level, f"{_W}lvlText")
    counting = "%" in text and _said(level, f"{_W}numFmt") not in _COUNTING_NOTHING
    return counting or any(map(str.isdigit, _PLACE.sub("", text)))


def _said(element: Element, name: str) -> str:
    found = element.find(name)
    return "" if found is None else str(found.get(_VAL, ""))
