"""What the styles of a .docx say of their text being seen, written into the document as if it stood there.

Owns styles.xml (ECMA-376 part 1, §17.7), and of it only what changes which text a reader of the page
counts: hidden, struck, raised and white text, the ground of the latter, numbers that Word puts before
paragraphs. What stands in a run or paragraph itself goes before its styles, that of a run's style before
that of its paragraph's.
Word lets a property that both styles switch on be off again; that is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_R, _PPR, _RPR, _NUMBERED = (f"{_W}{name}" for name in ("r", "pPr", "rPr", "numPr"))
_COLOUR, _SHADE = f"{_W}color", f"{_W}shd"
_GROUNDS = frozenset({_SHADE, f"{_W}highlight"})
_OF_RUN, _OF_PARAGRAPH = f"{_W}rStyle", f"{_W}pStyle"


class Style(NamedTuple):
    """What a style tells: properties of runs and of paragraphs (w:numPr, w:shd) by their tags."""

    runs: Mapping[str, Element]
    paragraphs: Mapping[str, Element]


_NOTHING = Style({}, {})


def telling(sheet: bytes) -> dict[str, Style]:
    """The styles of styles.xml that tell something, by their ids, with what they are based on; raises
    XMLSyntaxError.
    """
    if not _TOLD_BY.search(sheet):
        return {}
    styles = {style.get(_STYLE_ID, ""): style for style in tree(sheet).iter(f"{_W}style")}
    found = {name: _that_tells(style) for name, style in _with_bases(styles).items()}
    return {name: style for name, style in found.items() if style.runs or style.paragraphs}


def _with_bases(styles: Mapping[str, Element]) -> dict[str, Style]:
    """What each style says, and where it says nothing, what it is based on."""
    own = {name: _said(style) for name, style in styles.items()}
    found: dict[str, Style] = {}
    for style in styles:
        way: list[str] = []
        met: dict[str, int] = {}
        name = style
        while name in styles and name not in found and name not in met:
            met[name] = len(way)
            way.append(name)
            name = _base(styles[name])
        # Styles that are based on each other in a round are gone through twice, so that each has all.
        for one in reversed([*way, *way[met[name] :]] if name in met else way):
            base = found.get(_base(styles[one]), _NOTHING)
            found[one] = Style({**base.runs, **own[one].runs}, {**base.paragraphs, **own[one].paragraphs})
    return found


def _base(style: Element) -> str:
    based = style.find(f"{_W}basedOn")
    return "" if based is None else str(based.get(_VAL, ""))


def _said(style: Element) -> Style:
    """What stands in a style itself; of two of a kind the first."""
    runs: dict[str, Element] = {}
    paragraphs: dict[str, Element] = {}
    for own in style.iterchildren(_RPR, _PPR):
        for setting in own:
            if setting.tag == _NUMBERED or (setting.tag == _SHADE and own.tag == _PPR):
                paragraphs.setdefault(setting.tag, setting)
            elif setting.tag in _OF_RUNS or setting.tag in _GROUNDS:
                runs.setdefault(setting.tag, setting)
    return Style(runs, paragraphs)


def _that_tells(style: Style) -> Style:
    """A style without what changes nothing; grounds are asked for under white text alone."""
    runs = {tag: setting for tag, setting in style.runs.items() if tag in _GROUNDS or _tells(setting)}
    if _COLOUR not in runs:
        runs = {tag: setting for tag, setting in runs.items() if tag not in _GROUNDS}
    paragraphs = dict(style.paragraphs)
    numbering = paragraphs.pop(_NUMBERED, None)
    if _COLOUR not in runs:
        paragraphs.pop(_SHADE, None)
    if numbering is not None and puts_a_number(numbering):
        paragraphs[_NUMBERED] = _bare(numbering)
    return Style(runs, paragraphs)


def _bare(numbering: Element) -> Element:
    """A w:numPr of nothing but its list and level: it is written before each paragraph of its style."""
    bare = etree.Element(_NUMBERED)
    for name in ("ilvl", "numId"):
        found = numbering.find(f"{_W}{name}")
        if found is not None:
            etree.SubElement(bare, found.tag).set(_VAL, found.get(_VAL, ""))
    return bare


def _tells(setting: Element) -> bool:
    value: str = setting.get(_VAL, "1")
    if setting.tag == f"{_W}vertAlign":
        return value in ("superscript", "subscript")
    if setting.tag == _COLOUR:
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
        _write(properties, style.paragraphs)
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
