"""What the styles of a .docx say of their text being seen, written into the document as if it stood there.

Owns styles.xml (ECMA-376 part 1, §17.7), and of it only what changes which text a reader of the page
counts: hidden, struck, raised and white text, numbers that Word puts before paragraphs. What stands in a
run or paragraph itself goes before its styles, that of a run's style before that of its paragraph's.
Word lets a property that both styles switch on be off again; that is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple, TypeAlias

from lxml import etree

from pipelines.readers.package import tree

Element: TypeAlias = Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = frozenset({"0", "false", "off"})
_TOLD_BY = re.compile(rb":(?:d?strike|vanish|webHidden|position|numPr)\b|(?:super|sub)script|[Ff]{6}")
"""Without one of these no style tells what is sought here; most style sheets have none."""
_OF_RUNS = frozenset(
    f"{_W}{name}" for name in ("vanish", "webHidden", "strike", "dstrike", "vertAlign", "position", "color")
)
_VAL, _STYLE_ID = f"{_W}val", f"{_W}styleId"
_P, _R, _PPR, _RPR, _NUMBERED = (f"{_W}{name}" for name in ("p", "r", "pPr", "rPr", "numPr"))
_OF_RUN, _OF_PARAGRAPH = f"{_W}rStyle", f"{_W}pStyle"


class Style(NamedTuple):
    """What a style tells: properties of runs by their tags, and its numbering (w:numPr)."""

    runs: Mapping[str, Element]
    numbered: Element | None


def telling(sheet: bytes) -> dict[str, Style]:
    """The styles of styles.xml that tell something, by their ids, with what they are based on; raises
    XMLSyntaxError.
    """
    if not _TOLD_BY.search(sheet):
        return {}
    styles = {style.get(_STYLE_ID, ""): style for style in tree(sheet).iter(f"{_W}style")}
    found = {name: _told(_with_bases(name, styles)) for name in styles}
    return {name: style for name, style in found.items() if style.runs or style.numbered is not None}


def _with_bases(name: str, styles: Mapping[str, Element]) -> Iterator[Element]:
    """A style and those that it is based on, the nearest first."""
    seen: set[str] = set()
    while name in styles and name not in seen:
        seen.add(name)
        yield styles[name]
        base = styles[name].find(f"{_W}basedOn")
        name = base.get(_VAL, "") if base is not None else ""


def _told(styles: Iterator[Element]) -> Style:
    runs: dict[str, Element] = {}
    numbered: Element | None = None
    for style in styles:
        for own in style.iterchildren(_RPR, _PPR):
            for setting in own:
                if setting.tag in _OF_RUNS:
                    runs.setdefault(setting.tag, setting)
                elif setting.tag == _NUMBERED and numbered is None:
                    numbered = setting
    kept = {tag: setting for tag, setting in runs.items() if _tells(setting)}
    return Style(kept, numbered if numbered is not None and puts_a_number(numbered) else None)


def _tells(setting: Element) -> bool:
    value: str = setting.get(_VAL, "1")
    if setting.tag == f"{_W}vertAlign":
        return value in ("superscript", "subscript")
    if setting.tag == f"{_W}color":
        return value.upper() == "FFFFFF"
    return value not in _OFF


def puts_a_number(numbering: Element) -> bool:
    """Whether a w:numPr puts a number before its paragraph; 0 takes that of the style away."""
    number = numbering.find(f"{_W}numId")
    return number is not None and str(number.get(_VAL, "0")) != "0"


def write_into(body: etree._Element, styles: Mapping[str, Style]) -> None:
    """Writes what styles tell into the runs and paragraphs of a document that have them and say nothing of
    it themselves.
    """
    if not styles:
        return
    named = [(one, styles[name]) for one in body.iter(_OF_RUN) if (name := one.get(_VAL, "")) in styles]
    for reference, style in named:
        _write(reference.getparent(), style.runs)
    named = [(one, styles[name]) for one in body.iter(_OF_PARAGRAPH) if (name := one.get(_VAL, "")) in styles]
    for reference, style in named:
        properties: Element = reference.getparent()
        if style.numbered is not None and properties.find(_NUMBERED) is None:
            properties.append(deepcopy(style.numbered))
        for run in properties.getparent().iter(_R) if style.runs else ():
            own = run.find(_RPR)
            if own is None:
                own = etree.Element(_RPR)
                run.insert(0, own)
            _write(own, style.runs)


def _write(properties: Element, told: Mapping[str, Element]) -> None:
    for tag, setting in told.items():
        if properties.find(tag) is None:
            properties.append(deepcopy(setting))
