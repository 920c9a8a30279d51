"""Word documents (.docx, Office Open XML) → Content, from word/document.xml.

Owns what is peculiar to WordprocessingML (ECMA-376 part 1, §17): merged cells by gridSpan, vMerge and
hMerge, rows that begin late (gridBefore), content controls, tracked changes. What a reader of the
printed page does not see is left out: deleted and moved-away text, hidden and struck text, field codes,
raised marks of notes, the fallback of drawings. Of word/styles.xml and word/numbering.xml only that is
taken (`docx_styles`, `docx_numbering`).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from lxml import etree

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.grid import MAX_SPAN
from pipelines.labels import has_han
from pipelines.readers import UnreadableDocumentError, docx_numbering, docx_styles
from pipelines.readers.embedded import Picture, with_pictures
from pipelines.readers.package import opened, plain, tree

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

Element: TypeAlias = Any
"""An element of lxml's tree whose parents are certain, which its stubs do not know."""

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
_STYLED, _LISTED = b"Style", b"numPr"
"""What a text holds of which a run or paragraph has a style, and one of which a paragraph is in a list."""

# What is asked of every cell and run, spelled once.
_P, _R, _T, _TC = (f"{_W}{name}" for name in ("p", "r", "t", "tc"))
_PPR, _RPR, _TCPR = (f"{_W}{name}" for name in ("pPr", "rPr", "tcPr"))
_SPAN, _DOWN, _ACROSS = (f"{_W}{name}" for name in ("gridSpan", "vMerge", "hMerge"))
_VAL, _BOX = f"{_W}val", f"{_W}txbxContent"
_TEXTS = frozenset({_T, f"{_M}t"})
_BREAKS = frozenset({f"{_W}br", f"{_W}cr"})
_TABS = frozenset({f"{_W}tab", f"{_W}ptab"})
_SYMBOL, _HYPHEN = f"{_W}sym", f"{_W}noBreakHyphen"
_SETTING = frozenset(
    f"{_W}{name}" for name in ("vanish", "strike", "dstrike", "webHidden", "vertAlign", "position")
)
"""Properties of a run of which one is there where `_is_unread` or `_is_off_line` holds."""
_NUMBERED = f"{_W}numPr"
_TBL, _TR, _TRPR, _DEL, _BEFORE = (f"{_W}{name}" for name in ("tbl", "tr", "trPr", "del", "gridBefore"))
_LEVEL, _POSITION, _TAB_STOPS = (f"{_W}{name}" for name in ("vertAlign", "position", "tabs"))
_EXTENTS = (_SPAN, _DOWN, _ACROSS)
_FURTHER = ("", "continue")
"""What a merged cell says that an earlier one covers."""
_BESIDE_TEXT = frozenset(
    {*_SHOWING, *_SETTING, *_BREAKS, *_TABS, *_STRANGE, *_TEXTS, _SYMBOL, _HYPHEN, _NUMBERED} - {_T, _COLOUR}
)
"""What may hide or mark the text of a cell, or be more than that of its runs."""
_LAID = (_TR, _TRPR, _TC, *_EXTENTS, _P, _T, *_BESIDE_TEXT)
"""What is looked at in a table: what is not named here is passed over without a step in Python."""
_COLOURS = etree.XPath(".//w:color/@w:val", namespaces={"w": _W[1:-1]}, smart_strings=False)
_PICTURED = (f"{_W}drawing", f"{_W}pict", _BOX)
"""What shows a picture or floating text where it is there at all."""


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a .docx; raises UnreadableDocumentError where it is damaged or too large."""
    root = _document(body)
    numbers = {table: n for n, table in enumerate(_innermost(root), 1)}
    pictured = next(root.iter(*_PICTURED), None) is not None
    blocks = tuple(_blocks(root, numbers, pictured=pictured))
    words = tuple(block for block in blocks if isinstance(block, Paragraph | Grid))
    content = Content(words, MEDIA_TYPE, base_url=url)
    if len(words) == len(blocks):
        return content
    files = _pictures(body)
    shown = (b if isinstance(b, Paragraph | Grid) else _picture(b, files) for b in blocks)
    return with_pictures(content, [block for block in shown if block is not None])


def _document(body: bytes) -> etree._Element:
    """The w:body element, what its styles say of being seen written into it, without lists that show none."""
    with opened(body, "Word file") as packed:
        entries = [entry for entry in packed.infolist() if plain(entry.filename) == "word/document.xml"]
        if len(entries) != 1:
            raise _damaged(f"it has {len(entries) or 'no'} word/document.xml")
        if entries[0].file_size > _MOST_BYTES:
            raise _damaged("the text unpacks to more than 64 MiB")
        text = packed.read(entries[0])
        styles = _part(packed, "styles") if _STYLED in text else b""
        lists = _part(packed, "numbering") if _LISTED in text or _LISTED in styles else b""
    try:
        found = tree(text.replace(_STRICT, _W[1:-1].encode())).find(f"{_W}body")
        telling = docx_styles.telling(styles)
        if found is None:
            raise _damaged("it has no body")
        docx_styles.write_into(found, telling)
        docx_numbering.remove_unseen(found, lists)
    except etree.XMLSyntaxError as error:
        raise _damaged(str(error)) from error
    return found


def _part(packed: zipfile.ZipFile, name: str) -> bytes:
    """The part that defines the styles or the lists (numbering), b"" where there is none."""
    entry = next((e for e in packed.infolist() if plain(e.filename) == f"word/{name}.xml"), None)
    if entry is not None and entry.file_size > _MOST_BYTES:
        raise _damaged(f"the {name} part unpacks to more than 64 MiB")
    return b"" if entry is None else packed.read(entry).replace(_STRICT, _W[1:-1].encode())


def _damaged(reason: str) -> UnreadableDocumentError:
    return UnreadableDocumentError("damaged_document", f"the Word file is damaged: {reason}")


def _is_seen(element: etree._Element) -> bool:
    return not any(above.tag in _UNSEEN for above in (element, *element.iterancestors()))


def _innermost(root: etree._Element) -> list[etree._Element]:
    tables = list(root.iter(_TBL))
    outer = {above for table in tables for above in table.iterancestors(_TBL)}
    return [table for table in tables if table not in outer and _is_seen(table)]


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
    parent: etree._Element, numbers: dict[etree._Element, int], *, pictured: bool
) -> Iterator[Paragraph | Grid | etree._Element]:
    """Paragraphs, tables, and the elements that show pictures; these, and text boxes, are looked for where
    the document is `pictured`.
    """
    for child in parent:
        if child.tag in _UNSEEN or not isinstance(child.tag, str):
            continue
        if child.tag == _P:
            yield from _paragraphs(child)
            yield from _shown(child) if pictured else ()
            for box in _boxes(child) if pictured else ():
                yield from _blocks(box, numbers, pictured=pictured)
        elif child.tag == _TBL:
            if child in numbers:
                yield _grid(child, numbers[child])
                yield from _shown(child) if pictured else ()
            else:  # a table that only frames others
                for cell in child.iter(_TC):
                    if next(cell.iterancestors(_TBL)) is child:
                        yield from _blocks(cell, numbers, pictured=pictured)
        else:
            yield from _blocks(child, numbers, pictured=pictured)


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


def _is_numbered(numbering: Element) -> bool:
    """Whether Word puts a number before the paragraph whose properties say so; what they said before a
    tracked change says nothing.
    """
    properties = numbering.getparent()
    return (
        properties.tag == _PPR and properties.getparent().tag == _P and docx_styles.puts_a_number(numbering)
    )


def _is_off_line(run: etree._Element) -> bool:
    """Whether a run stands below its line, or above what else is in its paragraph."""
    properties = run.find(f"{_W}rPr")
    if properties is None:
        return False
    if _value(properties, "vertAlign") == "subscript":
        return True
    if properties.find(f"{_W}position") is None:
        return False
    if next(run.iterancestors(_R), None) is not None:
        return _height(run) > 0  # where no program puts one: what stands around it cannot be asked
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
    """A w:tc as it stands in its row: the text of its runs, line feeds between paragraphs; whether they have
    to be `asked` for more than that; its w:gridSpan, w:vMerge and w:hMerge as `_value` gives them.
    """

    element: Element
    parts: list[str]
    asked: bool = False
    span: str | None = None
    down: str | None = None
    across: str | None = None
    properties: Element | None = None

    def note(self, element: Element, tag: str) -> None:
        """Takes in what stands in a cell beside its paragraphs and texts."""
        if tag in _EXTENTS:
            holder = element.getparent()
            if holder.tag == _TCPR and holder.getparent() is self.element:
                if self.properties is None:
                    # The first w:tcPr holds. It is looked for once: a cell may have any number of children.
                    self.properties = next(self.element.iterchildren(_TCPR))
                if holder is self.properties:
                    self._extend(tag, element.get(_VAL, ""))
        elif not self.asked:
            self.asked = _is_telling(element, tag)

    def _extend(self, tag: str, value: str) -> None:
        # Of two of a kind the first holds.
        if tag == _SPAN:
            self.span = value if self.span is None else self.span
        elif tag == _DOWN:
            self.down = value if self.down is None else self.down
        elif self.across is None:
            self.across = value

    @property
    def text(self) -> str:
        """What the cell shows."""
        if not self.asked:
            text = "".join(self.parts)
            if not text or text.isalnum():
                return text
            if _OBJECT not in text:
                return _trimmed(text)
        return _cell_text(self.element)


def _is_telling(element: Element, tag: str) -> bool:
    """Whether something in a cell may change what its runs say; what is there and switched off does not."""
    if tag in _SETTING:
        value = element.get(_VAL, "1")
        if tag == _LEVEL:
            return value in ("superscript", "subscript")
        return value != "0" if tag == _POSITION else value not in _OFF
    if tag == _NUMBERED:
        return _is_numbered(element)
    if tag == _COLOUR:
        return _is_white(element.get(_VAL))
    if tag not in _TABS:
        return True
    stops = element.getparent()
    return not (stops.tag == _TAB_STOPS and stops.getparent().tag == _PPR)


@dataclass(slots=True)
class _Row:
    """A w:tr as it stands in its table, its number from 1, and its w:trPr, of which the first holds."""

    number: int
    cells: list[_Cell] = field(default_factory=list)
    properties: list[Element] = field(default_factory=list)


def _rows(table: etree._Element) -> list[_Row]:
    """The rows of an innermost table with their cells, found in one walk. What stands elsewhere than Word
    puts it is not read here: it makes a cell `asked`.
    """
    rows: list[_Row] = []
    row = paragraph = None
    cell = _Cell(table, [])
    for element in _laid(table):
        tag = element.tag
        if tag == _T and _is_of(paragraph, element):
            cell.parts.append(element.text or "")
        elif tag == _P and element.getparent() is cell.element:
            paragraph = element
            if cell.parts:
                cell.parts.append("\n")
        elif tag == _TC and _stands_in(element, row):
            cell = _Cell(element, [])
            rows[-1].cells.append(cell)
        elif tag == _TR and _stands_in(element, table):
            row, cell = element, _Cell(element, [])
            rows.append(_Row(len(rows) + 1))
        elif tag == _TRPR and element.getparent() is row:
            rows[-1].properties.append(element)
        else:
            cell.note(element, tag)
    return rows


def _laid(table: etree._Element) -> Iterator[Element]:
    """What is looked at in a table; colours only where one is white."""
    colours: Any = _COLOURS(table)
    pale = any(map(_is_white, set(colours)))
    return table.iter(*_LAID, _COLOUR) if pale else table.iter(*_LAID)


def _is_of(paragraph: Element, text: Element) -> bool:
    """Whether a text without mark-up stands in a run of a paragraph."""
    run = text.getparent()
    return run.getparent() is paragraph and run.tag == _R and not len(text)


def _stands_in(element: Element, parent: Element) -> bool:
    """Whether an element is a child, through content controls and tracked insertions."""
    above = element.getparent()
    while above is not parent and above.tag in _WRAPPERS:
        above = above.getparent()
    return above is parent


def _value(properties: etree._Element | None, name: str, default: str | None = None) -> str | None:
    """The w:val of a property; "" where the property stands without one; None where it is absent."""
    found = properties.find(f"{_W}{name}") if properties is not None else None
    return default if found is None else found.get(f"{_W}val", "")


def _columns(value: str | None, default: int) -> int:
    """A number of grid columns; raises UnreadableDocumentError for one that no table has."""
    if not value or not value.isdecimal():
        return default
    if len(value) > 9 or int(value) > _MOST_COLUMNS:
        raise _damaged(f"a cell of a table claims {value[:20]} columns")
    return min(int(value), MAX_SPAN)


def _grid(table: etree._Element, number: int) -> Grid:
    laid = []
    above: dict[int, _Reaching] = {}
    for row in _rows(table):
        stated = list(row.properties[0].iterchildren(_DEL, _BEFORE)) if row.properties else []
        given = {setting.tag: setting.get(_VAL, "") for setting in reversed(stated)}
        if _DEL in given:
            continue
        cells, above = _laid_row(row, _columns(given.get(_BEFORE), 0), number, above)
        laid.append(tuple(cells))
    return Grid(tuple(laid), {"table": number})


class _Reaching(NamedTuple):
    """A cell that rows below may lengthen, and the grid column at which it begins."""

    cell: GridCell
    column: int


def _laid_row(
    row: _Row, column: int, table: int, above: Mapping[int, _Reaching]
) -> tuple[list[GridCell], dict[int, _Reaching]]:
    """The cells of a row that begins at a grid column, and which of them, or of those above, reach down at
    each column.
    """
    made = [GridCell("", {"table": table, "row": row.number}, column)] if column else []
    below: dict[int, _Reaching] = {}
    for number, cell in enumerate(row.cells, 1):
        span = max(1, _columns(cell.span, 1)) if cell.span else 1
        if cell.across in _FURTHER and made:
            made[-1].colspan += span
        elif cell.down in _FURTHER and column in above:
            reaching = above[column]
            if reaching.column == column:
                reaching.cell.rowspan += 1
            below |= dict.fromkeys(range(column, column + span), reaching)
        else:
            shown = GridCell(cell.text, {"table": table, "row": row.number, "cell": number}, span)
            made.append(shown)
            if cell.down == "restart":
                below |= dict.fromkeys(range(column, column + span), _Reaching(shown, column))
        column += span
    return made, below


def _trimmed(text: str) -> str:
    """A text without empty lines, the white space in each line made single spaces."""
    if "\n" not in text:
        return " ".join(text.split())
    return "\n".join([line for line in [" ".join(line.split()) for line in text.split("\n")] if line])


def _cell_text(cell: etree._Element) -> str:
    """A cell's text. One that shows something else, or nothing but struck or raised text, is not empty; a
    white number is only believed where the ground is known, none where the paragraph is numbered, too (a
    label may be). All hold a mark that no number holds.
    """
    # The cell itself is seen: it was reached from above.
    inside = [one for one in cell.iter(_P) if one.getparent() is cell or _is_seen(one)]
    text = _trimmed("\n".join(map(_text, inside)))
    numbered = not has_han(text) and any(map(_is_numbered, cell.iter(_NUMBERED)))
    if not text:
        return _OBJECT if numbered else _unread(cell)
    if numbered:
        return text + _OBJECT
    if not _has_digit(text):
        return text.replace(_OBJECT, "") if has_han(text) else text
    strange = [odd for odd in cell.iter(*_STRANGE) if odd.tag != _COLOUR or _is_white(odd.get(_VAL))]
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
