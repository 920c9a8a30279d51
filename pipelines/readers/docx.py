"""Word documents (.docx, Office Open XML) → Content, from word/document.xml alone.

Owns what is peculiar to WordprocessingML (ECMA-376 part 1, §17): merged cells by gridSpan, vMerge and
hMerge, rows that begin late (gridBefore), content controls, tracked changes. What a reader of the
printed page does not see is left out: deleted and moved-away text, hidden and struck text, field codes,
raised marks of notes, the fallback of drawings.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.grid import MAX_SPAN
from pipelines.labels import has_han
from pipelines.readers import UnreadableDocumentError
from pipelines.readers.embedded import Picture, with_pictures
from pipelines.readers.package import opened, plain, tree

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_MOST_BYTES = 64 * 1024 * 1024
"""Unpacked size of the text; reports have a megabyte, a packed bomb has gigabytes."""

_MOST_COLUMNS = 1000
"""Word's tables have 63; editors that convert from other formats write somewhat more."""

_EMU = 12_700
"""Of these a point has."""

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_EMBEDS = frozenset({f"{_RELATION}embed", f"{_RELATION}id"})

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_UNSEEN = frozenset(
    {f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}delText", f"{_W}footnoteReference", f"{_W}rPr"}
    | {f"{_W}endnoteReference", f"{_W}commentReference", f"{_MC}Fallback", f"{_W}pPr", f"{_W}sectPr"}
    | {f"{_W}rt"}
)
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SHOWING = (
    *(f"{_W}{name}" for name in ("drawing", "pict", "object", "sym", "fldChar", "fldSimple", "pgNum")),
    f"{_M}oMath",
)
_COLOUR = f"{_W}color"
_STRANGE = (_COLOUR, f"{_M}f", f"{_M}sSup", f"{_M}sSub")
_OBJECT = "\ufffc"
"""Stands for what a cell shows that is no text; no number holds it."""
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NO_GROUND = frozenset({None, "", "auto", "FFFFFF", "ffffff"})
_WRAPPERS = frozenset(
    {f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins", f"{_W}moveTo", f"{_W}smartTag"}
)
_OFF = frozenset({"0", "false", "off"})

# What is asked of every cell and run, spelled once.
_P, _R, _T, _RPR, _TC, _TCPR = (f"{_W}{name}" for name in ("p", "r", "t", "rPr", "tc", "tcPr"))
_SPAN, _DOWN, _ACROSS = (f"{_W}{name}" for name in ("gridSpan", "vMerge", "hMerge"))
_VAL, _BOX = f"{_W}val", f"{_W}txbxContent"
_TEXTS = frozenset({_T, f"{_M}t"})
_BREAKS = frozenset({f"{_W}br", f"{_W}cr"})
_TABS = frozenset({f"{_W}tab", f"{_W}ptab"})
_SYMBOL, _HYPHEN = f"{_W}sym", f"{_W}noBreakHyphen"
_IS_FLAT = etree.XPath(
    "count(.//w:p) = count(.//w:tc/w:p) and not(.//w:tc[.//w:tc])", namespaces={"w": _W[1:-1]}
)
_SETTING = frozenset(
    f"{_W}{name}" for name in ("vanish", "strike", "dstrike", "webHidden", "vertAlign", "position")
)
"""Properties of a run of which one is there where `_is_unread` or `_is_off_line` holds."""


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a .docx; raises UnreadableDocumentError where it is damaged or too large."""
    root = _document(body)
    numbers = {table: n for n, table in enumerate(_innermost(root), 1)}
    blocks = tuple(_blocks(root, numbers))
    words = tuple(block for block in blocks if isinstance(block, Paragraph | Grid))
    content = Content(words, MEDIA_TYPE, base_url=url)
    if len(words) == len(blocks):
        return content
    files = _pictures(body)
    shown = (b if isinstance(b, Paragraph | Grid) else _picture(b, files) for b in blocks)
    return with_pictures(content, [block for block in shown if block is not None])


def _document(body: bytes) -> etree._Element:
    """The w:body element."""
    with opened(body, "Word file") as packed:
        entries = [entry for entry in packed.infolist() if plain(entry.filename) == "word/document.xml"]
        if len(entries) != 1:
            raise _damaged(f"it has {len(entries) or 'no'} word/document.xml")
        if entries[0].file_size > _MOST_BYTES:
            raise _damaged("the text unpacks to more than 64 MiB")
        text = packed.read(entries[0])
    try:
        root = tree(text.replace(_STRICT, _W[1:-1].encode()))
    except etree.XMLSyntaxError as error:
        raise _damaged(str(error)) from error
    found = root.find(f"{_W}body")
    if found is None:
        raise _damaged("it has no body")
    return found


def _damaged(reason: str) -> UnreadableDocumentError:
    return UnreadableDocumentError("damaged_document", f"the Word file is damaged: {reason}")


def _is_seen(element: etree._Element) -> bool:
    return not any(above.tag in _UNSEEN for above in (element, *element.iterancestors()))


def _innermost(root: etree._Element) -> list[etree._Element]:
    tables = [table for table in root.iter(f"{_W}tbl") if _is_seen(table)]
    return [table for table in tables if next(table.iterdescendants(f"{_W}tbl"), None) is None]


def _pictures(body: bytes) -> dict[str, bytes]:
    """The picture files of a document by the names that its text uses; those beyond a limit are left out."""
    found: dict[str, bytes] = {}
    left = _MOST_BYTES
    with opened(body, "Word file") as packed:
        members = {plain(entry.filename): entry for entry in packed.infolist()}
        listed = members.get("word/_rels/document.xml.rels")
        if listed is None or listed.file_size > _MOST_BYTES:
            return {}
        try:
            relations = tree(packed.read(listed))
        except etree.XMLSyntaxError as error:
            raise _damaged(str(error)) from error
        for relation in relations:
            if relation.get("TargetMode") == "External":
                continue
            name = plain(posixpath.normpath(posixpath.join("/word", relation.get("Target", "")))).lstrip("/")
            entry = members.get(name)
            if "/media/" in name and entry is not None and entry.file_size <= left:
                left -= entry.file_size
                found[relation.get("Id", "")] = packed.read(entry)
    return found


def _picture(shown: etree._Element, pictures: dict[str, bytes]) -> Picture | None:
    """The picture of a w:drawing or w:pict, with the width at which it is set."""
    names = (value for item in shown.iter() for key, value in item.attrib.items() if key in _EMBEDS)
    body = next((pictures[name] for name in names if name in pictures), None)
    if body is None:
        return None
    extent = next(shown.iter("{*}extent"), None)
    width = extent.get("cx", "")[:12] if extent is not None else ""
    return Picture(body, int(width) / _EMU if width.isdecimal() and int(width) > 0 else None)


def _blocks(
    parent: etree._Element, numbers: dict[etree._Element, int]
) -> Iterator[Paragraph | Grid | etree._Element]:
    """Paragraphs, tables, and the elements that show pictures."""
    for child in parent:
        if child.tag in _UNSEEN or not isinstance(child.tag, str):
            continue
        if child.tag == f"{_W}p":
            yield from _paragraphs(child)
            yield from _shown(child)
            for box in _boxes(child):
                yield from _blocks(box, numbers)
        elif child.tag == f"{_W}tbl":
            if child in numbers:
                yield _grid(child, numbers[child])
                yield from _shown(child)
            else:  # a table that only frames others
                for cell in child.iter(f"{_W}tc"):
                    if next(cell.iterancestors(f"{_W}tbl")) is child:
                        yield from _blocks(cell, numbers)
        else:
            yield from _blocks(child, numbers)


def _boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """The text boxes of a paragraph, not those that stand inside others."""
    for box in paragraph.iter(f"{_W}txbxContent"):
        outer = next((a for a in box.iterancestors(f"{_W}txbxContent", f"{_W}p") if a is not box), None)
        if _is_seen(box) and outer is paragraph:
            yield box


def _shown(element: etree._Element) -> Iterator[etree._Element]:
    """What shows a picture in a paragraph or table; text boxes come by themselves, with their paragraphs."""
    for shown in element.iter(f"{_W}drawing", f"{_W}pict"):
        box = next(shown.iter(f"{_W}txbxContent"), None)
        if box is None and _is_seen(shown) and any(set(item.attrib) & _EMBEDS for item in shown.iter()):
            inside = next(shown.iterancestors(f"{_W}txbxContent"), None)
            if inside is None or element in inside.iterdescendants():
                yield shown


def _paragraphs(paragraph: etree._Element) -> Iterator[Paragraph]:
    for line in _text(paragraph).split("\n"):
        text = " ".join(line.split())
        if text:
            yield Paragraph(text)


def _is_on(properties: etree._Element | None, *names: str) -> bool:
    """Whether a toggle property (vanish, strike) is set."""
    if properties is None:
        return False
    found = (properties.find(f"{_W}{name}") for name in names)
    return any(element is not None and element.get(f"{_W}val", "1") not in _OFF for element in found)


def _is_unread(run: etree._Element) -> bool:
    """Hidden or struck text, and the raised figure of a note: a reader of the page does not count it."""
    properties = run.find(f"{_W}rPr")
    if _is_on(properties, "vanish", "strike", "dstrike", "webHidden"):
        return True
    raised = properties.find(f"{_W}vertAlign") if properties is not None else None
    return raised is not None and raised.get(f"{_W}val") == "superscript"


def _is_off_line(run: etree._Element) -> bool:
    """Whether a run stands below its line, or above what else is in its paragraph."""
    properties = run.find(f"{_W}rPr")
    if properties is None:
        return False
    if _value(properties, "vertAlign") == "subscript":
        return True
    if properties.find(f"{_W}position") is None:
        return False
    paragraph = next(run.iterancestors(f"{_W}p"), run)
    return _height(run) > min(_height(other) for other in paragraph.iter(f"{_W}r") if _text(other).strip())


def _height(run: etree._Element) -> int:
    """By how many half points a run is raised."""
    raised = _value(run.find(f"{_W}rPr"), "position") or "0"
    return int(raised) if raised.lstrip("-").isdecimal() and len(raised) < 6 else 0


def _is_white(colour: str | None) -> bool:
    return (colour or "").upper() == "FFFFFF"


def _shows_pale(colour: etree._Element) -> bool:
    """Whether text of a white colour is there, on a ground of which nothing is said."""
    run = next(colour.iterancestors(f"{_W}r"), None)
    if run is None or not _is_seen(run) or _is_unread(run) or not _text(run).strip():
        return False
    properties = run.find(f"{_W}rPr")
    grounds = [properties]
    for around in run.iterancestors(f"{_W}p", f"{_W}tc", f"{_W}tbl"):
        grounds.append(around.find(f"{around.tag}Pr"))
        if around.tag == f"{_W}tbl":
            break
    return all(_ground(own) in _NO_GROUND for own in grounds) and _value(properties, "highlight") is None


def _ground(properties: etree._Element | None) -> str | None:
    shade = properties.find(f"{_W}shd") if properties is not None else None
    return shade.get(f"{_W}fill") if shade is not None else None


def _text(element: etree._Element) -> str:
    """The text that stands in a paragraph itself, line breaks as line feeds; text boxes are left out."""
    parts: list[str] = []
    for child in element:
        tag = child.tag
        if tag in _TEXTS:
            parts.append("".join(map(str, child.itertext())) if len(child) else child.text or "")
        elif tag == _R:
            parts.append(_run_text(child))
        elif tag in _UNSEEN or not isinstance(tag, str) or tag == _BOX:
            continue
        elif tag == _SYMBOL:
            parts.append(_OBJECT)
        elif tag in _BREAKS:
            parts.append("\n")
        elif tag in _TABS:
            parts.append(" ")
        elif tag == _HYPHEN:
            parts.append("-")
        else:
            parts.append(_text(child))
    return parts[0] if len(parts) == 1 else "".join(parts)


def _run_text(run: etree._Element) -> str:
    """The text of a run, "" of one that is not counted; digits off their line raised."""
    count = len(run)
    first = run[0] if count else None
    if count == 1 and first is not None and first.tag == _T and not len(first):
        return first.text or ""  # as nearly all are
    properties = first if first is not None and first.tag == _RPR else next(run.iterchildren(_RPR), None)
    if properties is None or not any(child.tag in _SETTING for child in properties):
        return _text(run)
    if _is_unread(run):
        return ""
    text = _text(run)
    return text.translate(_RAISED) if _has_digit(text) and _is_off_line(run) else text


def _has_digit(text: str) -> bool:
    return text.isdigit() or any(map(str.isdigit, text))


# Tables -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cell:
    """A cell while rows below may still grow it."""

    text: str
    where: dict[str, object]
    column: int
    colspan: int
    rowspan: int = 1


class _Build(NamedTuple):
    """How a table is built: `flat` where all paragraphs stand in its cells themselves, `strange` where it
    holds what may change a number (`_STRANGE`).
    """

    flat: bool
    strange: bool


def _build(table: etree._Element) -> _Build:
    strange = any(odd.tag != _COLOUR or _is_white(odd.get(_VAL)) for odd in table.iter(*_STRANGE))
    return _Build(bool(_IS_FLAT(table)), strange)


@dataclass(slots=True)
class _Rows:
    """Rows as they are read; `above` is the cell that reaches down at each grid column."""

    build: _Build
    rows: list[list[_Cell]] = field(default_factory=list)
    above: dict[int, _Cell] = field(default_factory=dict)


def _children(parent: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Children of a kind, through content controls and tracked insertions."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, tag)


def _value(properties: etree._Element | None, name: str, default: str | None = None) -> str | None:
    """The w:val of a property; "" where the property stands without one; None where it is absent."""
    found = properties.find(f"{_W}{name}") if properties is not None else None
    return default if found is None else found.get(f"{_W}val", "")


def _count(properties: etree._Element | None, name: str, default: int) -> int:
    """A number of grid columns; raises UnreadableDocumentError for one that no table has."""
    return _columns(_value(properties, name), default)


def _columns(value: str | None, default: int) -> int:
    if not value or not value.isdecimal():
        return default
    if len(value) > 9 or int(value) > _MOST_COLUMNS:
        raise _damaged(f"a cell of a table claims {value[:20]} columns")
    return min(int(value), MAX_SPAN)


def _grid(table: etree._Element, number: int) -> Grid:
    built = _Rows(_build(table))
    for row_number, row in enumerate(_children(table, f"{_W}tr"), 1):
        properties = row.find(f"{_W}trPr")
        if properties is not None and properties.find(f"{_W}del") is not None:
            continue
        _add_row(built, row, properties, {"table": number, "row": row_number})
    rows = tuple(
        tuple(GridCell(cell.text, cell.where, cell.colspan, cell.rowspan) for cell in row)
        for row in built.rows
    )
    return Grid(rows, {"table": number})


def _add_row(
    built: _Rows, row: etree._Element, properties: etree._Element | None, where: dict[str, object]
) -> None:
    cells: list[_Cell] = []
    column = _count(properties, "gridBefore", 0)
    if column:
        cells.append(_Cell("", where, 0, column))
    below: dict[int, _Cell] = {}
    for cell_number, cell in enumerate(_children(row, _TC), 1):
        span, down, across = _extent(cell)
        if across in ("", "continue") and cells:
            cells[-1].colspan += span
        elif down in ("", "continue") and column in built.above:
            kept = built.above[column]
            if kept.column == column:
                kept.rowspan += 1
            below |= dict.fromkeys(range(column, column + span), kept)
        else:
            made = _Cell(_cell_text(cell, built.build), {**where, "cell": cell_number}, column, span)
            cells.append(made)
            if down == "restart":
                below |= dict.fromkeys(range(column, column + span), made)
        column += span
    built.above = below
    built.rows.append(cells)


def _extent(cell: etree._Element) -> tuple[int, str | None, str | None]:
    """Grid columns of a cell, and what it says of its merging, down and across, as `_value` gives it."""
    own = next(cell.iterchildren(_TCPR), None)
    span = down = across = None
    for stated in () if own is None else own.iterchildren(_SPAN, _DOWN, _ACROSS):
        # Of two of a kind the first holds.
        if stated.tag == _SPAN:
            span = stated.get(_VAL, "") if span is None else span
        elif stated.tag == _DOWN:
            down = stated.get(_VAL, "") if down is None else down
        elif across is None:
            across = stated.get(_VAL, "")
    return max(1, _columns(span, 1)) if span else 1, down, across


def _cell_text(cell: etree._Element, build: _Build) -> str:
    """A cell's text. One that shows something else, or nothing but struck or raised text, is not empty; a
    white number is only believed where the ground is known. Both hold a mark that no number holds.
    """
    if build.flat:
        text = "\n".join([_text(paragraph) for paragraph in cell.iterchildren(_P)])
    else:
        # The cell itself is seen: it was reached from above.
        inside = [one for one in cell.iter(_P) if one.getparent() is cell or _is_seen(one)]
        text = "\n".join(map(_text, inside))
    if "\n" in text:
        text = "\n".join([line for line in [" ".join(line.split()) for line in text.split("\n")] if line])
    else:
        text = " ".join(text.split())
    if not text:
        return _unread(cell)
    if not build.strange and _OBJECT not in text:
        return text
    if not _has_digit(text):
        return text.replace(_OBJECT, "") if has_han(text) else text
    strange = [odd for odd in cell.iter(*_STRANGE) if odd.tag != _COLOUR or _is_white(odd.get(f"{_W}val"))]
    if any(odd.tag != _COLOUR or _shows_pale(odd) for odd in strange):
        return text + _OBJECT
    return text


def _unread(cell: etree._Element) -> str:
    """What stands for a cell without text in which something is seen, else ""."""
    for run in cell.iter(f"{_W}r"):
        properties = run.find(f"{_W}rPr")
        hidden = _is_on(properties, "vanish", "webHidden")
        if not hidden and _is_seen(run) and (text := _text(run).strip()):
            if _is_on(properties, "strike", "dstrike"):
                return "".join(f"{char}\u0336" for char in text)
            return text.translate(_RAISED)
    shown = any(_is_seen(element) for element in cell.iter(*_SHOWING))
    return _OBJECT if shown else ""
