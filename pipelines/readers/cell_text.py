"""What a cell of a page shows to who reads it: its text, without what is struck or hidden.

Owns the ways in which mark-up sets, hides, strikes and raises text within a cell. A cell without any
of them is read in one walk; the others are looked at element by element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from lxml import etree

from pipelines.readers import styles
from pipelines.readers.styles import said

Element: TypeAlias = Any
"""An element of lxml's tree; its stubs do not know what HTML makes certain."""

SILENT = frozenset(
    {"script", "style", "noscript", "template", "head", "select", "button", "textarea", "object", "svg"}
)
"""Elements whose text is not the page's."""

BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"}
    | {"hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "ul", "ucapcontent", "ucaptitle", "publishtime"}
)
"""Elements that stand on lines of their own."""

_LEVELS = frozenset({"sup", "sub", "rt"})
_STRIKES = frozenset({"s", "strike", "del"})
_EMBEDDED = frozenset(
    {"img", "object", "embed", "iframe", "canvas", "svg", "script", "select", "button", "v:imagedata"}
)
_WHITE = frozenset({"white", "#fff", "#ffffff"})
_NOTE_CLASS = re.compile(r"(?:foot|end)note-?ref", re.IGNORECASE)
_SPACE = re.compile(r"[\t\r\n\f ]+")
_LINE_SPACE = re.compile(r"[^\S\n]+|[\u00a0\u3000\u200b\ufeff]+")
_ZERO_WIDTH = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]+")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_INLINE = ("span", "font", "b", "strong", "i", "em", "u", "a", "big", "small", "o:p")
"""Elements in a cell that change nothing, if their style and class do not."""
_PLAIN_TAGS = frozenset(_INLINE)
_PLAIN_BLOCKS = frozenset({"td", "th", "tr", "p"})
_VEILED = etree.XPath("boolean(//@hidden|//font/@color)")
_PARTED = styles.SET_AS_BLOCK | styles.SET_APART
_ODD = styles.HIDDEN | styles.INVISIBLE | styles.STRUCK | styles.WHITE
_TELLING = _ODD | styles.LEVEL | _PARTED


class PageStyles:
    """What the styles of a page's elements say; many elements share few styles, so each is looked at once.

    `telling` are the elements of whose text a style says more than how it looks, each with its flags.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        flags: dict[str, int] = {}
        self.telling: list[tuple[Element, int]] = []
        for element in root.iter(etree.Element):
            if style := element.get("style"):
                found = flags.get(style)
                if found is None:
                    found = flags[style] = said(style) & _TELLING
                if found:
                    self.telling.append((element, found))


def is_plain(page: PageStyles, classes: Iterable[str]) -> bool:
    """Whether no style or class on a page hides, strikes, raises or parts the text of its cells: those of
    usual build are then read without a look at each element.
    """
    for element, flags in page.telling:
        tag = element.tag
        if tag in _PLAIN_TAGS or (flags & (_ODD | styles.LEVEL) and tag in _PLAIN_BLOCKS):
            return False
    return not (any(map(_NOTE_CLASS.search, classes)) or _VEILED(page.root))


def cell_text(cell: Element, *, plain: bool = False) -> str:
    """A cell's text as a reader of the page sees it: inline pieces joined as they stand, one line a
    block, each trimmed; struck and hidden text left out, raised digits kept apart from the number.

    A cell that shows something which is no text (a picture) is not empty: U+FFFC stands for it. One
    whose whole text is struck keeps it, marked, so that it is neither a number nor a blank. `plain` is
    what `is_plain` says of the page.
    """
    if plain and (line := _plain_line(cell)) is not None:
        return line
    row = cell.getparent()
    if not _is_odd(cell) and (row is None or not _is_odd(row)):
        pieces: list[str] = []
        if _gather(cell, None, pieces, raised=False):
            return _lines(pieces) or _embedded(cell)
    return _odd_text(cell)


def _plain_line(cell: Element) -> str | None:
    """The text of a cell that holds one paragraph or none, of one line; None of any other cell."""
    holder = cell
    if len(cell) == 1 and (paragraph := cell[0]).tag == "p":
        if _is_said(cell.text) or _is_said(paragraph.tail):
            return None
        holder = paragraph
    text = _inline_text(holder)
    if not text or text.isalnum():
        return text
    if "\n" in text:
        return None
    return _LINE_SPACE.sub(" ", _ZERO_WIDTH.sub("", _SPACE.sub(" ", text))).strip()


def _inline_text(holder: Element) -> str | None:
    """The text in an element that holds inline elements alone, None in any other."""
    text: str = holder.text or ""
    for child in holder:
        if child.tag not in _PLAIN_TAGS:
            return None
        inner = _inline_text(child) if len(child) else child.text or ""
        if inner is None:
            return None
        text += inner + (child.tail or "")
    return text


def _is_said(text: str | None) -> bool:
    return bool(text and not text.isspace())


def _is_odd(element: Element) -> bool:
    """Whether anything but plain text may come of an element: a first look, which misses nothing."""
    style = element.get("style")
    return bool(style and said(style) & _ODD) or _is_oddly_tagged(element)


def _is_oddly_tagged(element: Element) -> bool:
    tag = element.tag
    return tag in _STRIKES or element.get("hidden") is not None or (tag == "font" and _is_white(element))


def _odd_text(cell: Element) -> str:
    inner = [element for element in cell.iterdescendants(etree.Element) if element.attrib]
    around = [element for element in (cell, cell.getparent()) if element is not None]
    if any(_is_unseen(element) for element in around):
        return ""
    unseen = {element for element in inner if _is_unseen(element)}
    struck = {element for element in cell.iterdescendants(etree.Element) if _is_struck(element)} - unseen
    white = {element for element in inner if _is_white(element)} - unseen
    if any(_is_struck(element) for element in around):
        struck.add(cell)
    if any(_is_white(element) for element in around) and not any(_is_coloured(e) for e in (*inner, cell)):
        white.add(cell)
    text = _shown_lines(cell, unseen | struck | white)
    if not text and struck and (crossed := _shown_lines(cell, unseen)):
        return "".join(char if char.isspace() else f"{char}\u0336" for char in crossed)
    if not text and white and (pale := _shown_lines(cell, unseen)):
        # On a dark ground it is to be read; a number is only believed where the ground is known.
        return f"{pale}\ufffc" if any(char.isdigit() for char in pale) else pale
    return text or _embedded(cell)


def _embedded(cell: Element) -> str:
    return "\ufffc" if any(_shows(element) for element in cell.iter(*_EMBEDDED)) else ""


def _shown_lines(cell: Element, left_out: AbstractSet[Element]) -> str:
    if cell in left_out:
        return ""
    pieces: list[str] = []
    _gather(cell, left_out, pieces, raised=False)
    return _lines(pieces)


def _lines(pieces: list[str]) -> str:
    if len(pieces) == 3 and pieces[0] == pieces[2] == "\n" and pieces[1].isalnum():  # <p>0</p>
        return pieces[1]
    text = _ZERO_WIDTH.sub("", "".join(pieces))
    lines = (_LINE_SPACE.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _gather(
    element: Element, left_out: AbstractSet[Element] | None, pieces: list[str], *, raised: bool
) -> bool:
    """Adds the text inside an element in pieces, a line feed at each end of a block; what a form shows in
    its fields is text. As deep as the parser lets elements stand in each other (255).

    Where nothing is told to be `left_out`, it gives up at the first element that may have to be, and says
    so by False.
    """
    text = _field(element) if element.tag == "input" else element.text
    if text:
        pieces.append(_piece(text, raised))
    for child in element:
        # A comment has a function for a tag.
        if isinstance(child.tag, str) and not _gather_child(child, left_out, pieces, raised=raised):
            return False
        tail = child.tail
        if tail:
            pieces.append(_piece(tail, raised))
    return True


def _gather_child(
    child: Element, left_out: AbstractSet[Element] | None, pieces: list[str], *, raised: bool
) -> bool:
    tag, style = child.tag, child.get("style")
    flags = said(style) if style else 0
    if left_out is None and (flags & _ODD or _is_oddly_tagged(child)):
        return False
    between = "\n" if tag in BLOCKS else _between(flags) if flags & _PARTED else ""
    if (left_out and child in left_out) or (tag in SILENT and tag != "textarea"):
        if between:
            pieces.append(between)
        return True
    if tag == "br":
        pieces.append("\n")
    if between:
        pieces.append(between)
    if not _gather(child, left_out, pieces, raised=raised or _is_raised(child, flags)):
        return False
    if between:
        pieces.append(between)
    return True


def _piece(text: str, raised: bool) -> str:
    if text.isalnum():
        return text.translate(_RAISED) if raised and text.isdigit() else text
    if raised and text.strip().isdigit():
        text = text.translate(_RAISED)
    return text if text == "\n" else _SPACE.sub(" ", text)


def _between(flags: int) -> str:
    """What a style puts between the text of an inline element and what stands beside it."""
    return "\n" if flags & styles.SET_AS_BLOCK else " "


def _field(element: Element) -> str:
    kind = str(element.get("type") or "text").lower()
    return str((element.get("value") if kind in ("text", "number") else element.text) or "")


def _is_raised(element: Element, flags: int) -> bool:
    """Whether text stands above or below its line, as the mark of a note does."""
    if element.tag in _LEVELS:
        return True
    if element.tag in ("td", "th"):
        return False
    name = element.get("class")
    return bool(flags & styles.LEVEL or (name and _NOTE_CLASS.search(name)))


def is_hidden(element: Element) -> bool:
    """Whether an element, and all that stands in it, is not shown."""
    style = element.get("style")
    if not (style and said(style) & styles.HIDDEN) and element.get("hidden") is None:
        return False
    return isinstance(element.tag, str) and element.tag not in ("html", "body")


def _is_unseen(element: Element) -> bool:
    style = element.get("style")
    flags = said(style) if style else 0
    if flags & styles.HIDDEN or element.get("hidden") is not None:
        return True
    # A part of what has no size, or is not visible, can have both again.
    return bool(flags & styles.INVISIBLE) and not any(
        said(inner.get("style") or "") & styles.REVIVED for inner in element.iterdescendants(etree.Element)
    )


def _is_white(element: Element) -> bool:
    """Whether an element's text is white, and nothing around it says that it stands on another ground."""
    if not said(element.get("style") or "") & styles.WHITE and not (
        element.tag == "font" and (element.get("color") or "").lower() in _WHITE
    ):
        return False
    around: Element | None = element
    while around is not None:
        if around.get("bgcolor") or said(around.get("style") or "") & styles.GROUND:
            return False
        if around.tag == "table":
            break
        around = around.getparent()
    return True


def _is_coloured(element: Element) -> bool:
    """Whether an element gives its text a colour, and not white."""
    flags = said(element.get("style") or "")
    return bool(flags & styles.COLOURED or element.get("color")) and not _is_white(element)


def _is_struck(element: Element) -> bool:
    return element.tag in _STRIKES or bool(said(element.get("style") or "") & styles.STRUCK)


def _shows(element: Element) -> bool:
    """Whether an element that is no text shows something; spacers of a point do not."""
    sizes = (element.get("width") or "", element.get("height") or "")
    return not _is_unseen(element) and not any(re.fullmatch(r"[01](?:px)?", size) for size in sizes)
