"""The binary format of Word 97 to 2003 → paragraphs with the properties that make tables.

Owns the layout of the file: streams, pieces of text, formatting pages, property modifiers (the names
in comments are those of Microsoft's open specification MS-DOC). What is a table, a cell or a block
is `pipelines.readers.doc`'s. The file says most things twice (a row's cells are marked in the text and
counted in its definition, a paragraph ends in the text and in its formatting page); where the two
contradict each other the file is damaged, and guessing which is right would give wrong figures.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

import olefile

from pipelines.readers.ole import OLE_ERRORS

DOUBT = "\ufffd"
"""Stands in a text for characters of which the file does not say whether they are shown."""
CROSSED = "\ufff9"
"""Stands in a text where struck or raised text is left out."""
UNSURE = "\ufffa"
"""Stands beside a number that may not be what is seen (white, or with one before it that Word counts); among
words it is of no account.
"""
OFF_LINE = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Digits below or above their line are written so: they may be the mark of a note."""
PICTURE = "\ufffc"
"""Stands in a text for a picture or drawing."""

_PAGE = 512
_ENDS = "\r\x07\x0c"
"""What ends a paragraph: its mark, that of a cell or row, that of a section."""
_OF_TABLES = 5
_OF_CHARACTERS = 2
_MOST_CELLS = 63
_DEEPEST = 12
_MARKS = re.compile("[\x00-\x08\x0b-\x1f\xad]")
_ENCLOSED = re.compile(r"EQ\s*\\o\\ac\([^,，]*[,，]\s*([^()]*)\)", re.IGNORECASE)
_OPERAND = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}

# The short modifiers that a piece may carry (Prm0), by their number, as whole ones.
_SHORT = {
    0x18: 0x2416,
    0x19: 0x2417,
    0x41: 0x0800,
    0x47: 0x0806,
    0x57: 0x0837,
    0x5C: 0x083C,
    0x68: 0x2A48,
    0x73: 0x2A53,
    0x75: 0x0855,
}

_SPECIAL, _DELETED, _HIDDEN, _SYMBOL = 0x0855, 0x0800, 0x083C, 0x6A09
_LIKE_STYLE = frozenset({1, 0x80})  # 0x80: as the style, which has it
_NUMBER = re.compile("[0-9０-９]")
_ON = frozenset({1, 0x81})  # 0x81: other than the style, which as good as never has it
_LEVEL, _LOWERED, _HEIGHT = 0x2A48, 2, 0x4845
_CROSSING = frozenset({0x0837, 0x2A53, _LEVEL})
"""What leaves text on the page and is not counted: striking it, or making it the mark of a note."""
_HIDING = {
    _HIDDEN: _ON,
    0x0837: _ON,  # struck through
    0x2A53: _ON,  # struck through twice
    _LEVEL: frozenset({1}),  # raised, as the figure of a note is
    0x0806: frozenset(range(1, 256)),  # data of a field
}
_DELETION_MARKS = (0x4863, 0x6864)  # who deleted, and when
_STYLE = 0x4A30
_COLOURS = {0x6870: b"\xff\xff\xff\0", 0x2A42: b"\x08"}
"""What colours text, and how it says white; each undoes the other."""
_GROUNDS = frozenset({0x4866, 0xCA71, 0x2A0C})
_NUMBERED, _LISTS = 0x460B, range(1, 0x800)
"""Which list the paragraph is an entry of, so that a number stands before it; 0 and others mean none."""
_IN_TABLE, _ROW_END, _DEPTH, _DEEPER = 0x2416, 0x2417, 0x6649, 0x664A
_INNER_CELL_END, _INNER_ROW_END = 0x244B, 0x244C
_ELSEWHERE = (0x6645, 0x6646, 0x646B)  # properties that lie in the stream Data


class DamagedError(Exception):
    """The file contradicts itself or ends early; the message says where."""


class EncryptedError(Exception):
    """The file is protected by a password."""


class OlderWordError(Exception):
    """The file was written by Word 6 or 95, whose layout differs."""


@dataclass(slots=True)
class RowProperties:
    """What a row's end says of its cells: `edges` in twips, one more than cells; merges by cell.

    `across` is 0 for a cell of its own; a run of other numbers is one merged cell as soon as the
    number changes. `down` is 0, 1 (continues the cell above) or 3 (begins).
    """

    edges: list[int] = field(default_factory=list)
    across: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)


class WordParagraph(NamedTuple):
    """A paragraph as shown: its text without its mark, the depth of tables it stands in (0: none),
    and what its mark ends. `removed` where the mark itself is deleted or hidden. `boxes` are the floating
    text boxes anchored in it, each with its paragraphs.
    """

    text: str
    depth: int = 0
    ends_cell: bool = False
    row: RowProperties | None = None
    removed: bool = False
    boxes: tuple[tuple[WordParagraph, ...], ...] = ()


Modifier = tuple[int, bytes]
_Segment = tuple[str, int, int, int, tuple[Modifier, ...], tuple[Modifier, ...]]
"""Text of one look: its position, its place in the file, bytes a character, modifiers of it and its piece."""


def streams(body: bytes) -> dict[str, bytes]:
    """The streams of the file's root that a Word document has; raises DamagedError."""
    try:
        with olefile.OleFileIO(BytesIO(body), raise_defects=olefile.DEFECT_INCORRECT) as container:
            return {
                name: container.openstream(name).read()
                for name in ("WordDocument", "0Table", "1Table", "Data")
                if container.exists(name)
            }
    except OLE_ERRORS as error:
        raise DamagedError(f"its container cannot be read: {error}") from error


def paragraphs(found: dict[str, bytes], unread: list[str] | None = None) -> list[WordParagraph]:
    """The paragraphs of the main text, in order, from the document's streams.

    `unread` is told which text boxes could not be read. Raises DamagedError, EncryptedError and
    OlderWordError.
    """
    try:
        document = _Document(found)
        unread = [] if unread is None else unread
        boxes = document.boxes(unread)
        main = list(document.paragraphs(0, document.length, boxes))
        # Boxes whose place is not told stand at the end.
        return [*main, *(paragraph for box in boxes.values() for paragraph in box)]
    except (struct.error, IndexError) as error:
        raise DamagedError(f"a structure points outside the file ({error})") from error


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of text: character positions, place in the file, bytes a character, modifiers."""

    first: int
    last: int
    place: int
    width: int
    modifiers: tuple[Modifier, ...]


class _Runs:
    """Properties by place in the file: ascending edges, and what holds between each two."""

    def __init__(self, edges: list[int], properties: list[bytes]) -> None:
        self.edges, self.properties = edges, properties
        self.ends = frozenset(edges)

    def at(self, place: int) -> bytes:
        """The properties of the character at `place`."""
        index = bisect_right(self.edges, place) - 1
        return self.properties[index] if 0 <= index < len(self.properties) else b""

    def following(self, place: int) -> int:
        """The next edge after `place` (far away where there is none)."""
        index = bisect_right(self.edges, place)
        return self.edges[index] if index < len(self.edges) else 1 << 32


class _Document:
    """One document's main text and its properties."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self.word = found.get("WordDocument", b"")
        if len(self.word) < 0x22:
            raise DamagedError("it has no text stream")
        identifier, version = struct.unpack_from("<HH", self.word)
        flags = struct.unpack_from("<H", self.word, 10)[0]
        if identifier in (0xA5DC, 0xA59C) or (identifier == 0xA5EC and version < 0xC1):
            raise OlderWordError(f"it was written by a Word older than 97 (version {version})")
        if identifier != 0xA5EC:
            raise DamagedError("its text stream does not begin as a Word document's")
        if flags & 0x0100:
            raise EncryptedError("it is locked with a password")
        if (
            struct.unpack_from("<H", self.word, 0x20)[0] != 14
            or struct.unpack_from("<H", self.word, 0x3E)[0] != 22
        ):
            raise DamagedError("its header has another layout than Word's")
        self.table = found.get("1Table" if flags & 0x0200 else "0Table", b"")
        if not self.table:
            raise DamagedError("its table stream is missing")
        self.data = found.get("Data", b"")
        # Text, notes, headers, macros (of old, none), remarks, end notes, text boxes: they follow each other.
        self.length, *others, boxed = struct.unpack_from("<7i", self.word, 0x4C)
        others[2] = 0
        if min(boxed, *others) < 0:
            raise DamagedError("a part of its text has a negative length")
        start = self.length + sum(others)
        self.boxed = range(start, start + boxed)
        self.modifiers: dict[bytes, tuple[Modifier, ...]] = {}
        self.layouts: dict[tuple[bytes, tuple[Modifier, ...]], _Layout] = {}
        self.pieces = self._pieces()
        self.looks = self._runs(12, _character_properties)
        self.layout = self._runs(13, _paragraph_properties)
        self.styles = self._styles()

    def _structure(self, number: int) -> bytes:
        """A structure of the table stream, by its number in the header's list of places."""
        place, size = struct.unpack_from("<II", self.word, 0x9A + 8 * number)
        if place + size > len(self.table):
            raise DamagedError("a structure ends outside the table stream")
        return self.table[place : place + size]

    # Text ---------------------------------------------------------------------------------------

    def _pieces(self) -> list[_Piece]:
        clx, at = self._structure(33), 0
        shared: list[tuple[Modifier, ...]] = []
        while clx[at : at + 1] == b"\x01":
            size = struct.unpack_from("<h", clx, at + 1)[0]
            if size < 0:
                raise DamagedError("its table of pieces is broken")
            shared.append(self._modifiers(clx[at + 3 : at + 3 + size]))
            at += 3 + size
        if clx[at : at + 1] != b"\x02":
            raise DamagedError("it has no table of pieces")
        size = struct.unpack_from("<I", clx, at + 1)[0]
        plc = clx[at + 5 : at + 5 + size]
        count = (len(plc) - 4) // 12
        if len(plc) != size or count < 1 or len(plc) != 4 + 12 * count:
            raise DamagedError("its table of pieces is broken")
        positions = struct.unpack_from(f"<{count + 1}I", plc)
        if (
            positions[0]
            or any(a >= b for a, b in pairwise(positions))
            or not 0 < self.length <= positions[-1]
        ):
            raise DamagedError("its pieces of text do not follow each other")
        found = []
        self.end = positions[-1]
        end = min(self.boxed.stop if self.boxed else self.length, self.end)
        for index in range(count):
            if positions[index] >= end:
                break
            place, modifier = struct.unpack_from("<IH", plc, 4 * (count + 1) + 8 * index + 2)
            width = 1 if place & 0x40000000 else 2
            place = (place & 0x3FFFFFFF) // (2 if width == 1 else 1)
            last = min(positions[index + 1], end)
            if place + (last - positions[index]) * width > len(self.word):
                raise DamagedError("a piece of its text lies outside the file")
            found.append(_Piece(positions[index], last, place, width, _piece_modifiers(modifier, shared)))
        taken = sorted(
            (piece.place, piece.place + (piece.last - piece.first) * piece.width) for piece in found
        )
        if any(end > start for (_, end), (start, _) in pairwise(taken)):
            raise DamagedError("two pieces of its text lie in the same place")
        return found

    def _segments(self, first: int, last: int) -> Iterator[_Segment]:
        """Stretches of one look between two character positions."""
        for piece in self.pieces:
            place = piece.place + max(first - piece.first, 0) * piece.width
            end = piece.place + (min(last, piece.last) - piece.first) * piece.width
            while place < end:
                stop = min(end, self.looks.following(place))
                if (stop - place) % piece.width:
                    raise DamagedError("a change of look lies inside a character")
                text = _decoded(self.word[place:stop], piece.width)
                look = self._modifiers(self.looks.at(place))
                position = piece.first + (place - piece.place) // piece.width
                yield text, position, place, piece.width, look, piece.modifiers
                place = stop

    def boxes(self, unread: list[str]) -> dict[int, tuple[WordParagraph, ...]]:
        """The paragraphs of each text box by the place of its anchor in the main text; boxes without one
        follow behind the end. `unread` is told of those that cannot be read.
        """
        found: dict[int, tuple[WordParagraph, ...]] = {}
        if not self.boxed:
            return found
        if self.boxed.stop > self.end:
            unread.append("they are said to lie behind the end of the text")
            return found
        for first, last, anchor in self._box_places():
            try:
                box = tuple(self.paragraphs(first, last, {}))
            except (DamagedError, struct.error, IndexError) as error:
                unread.append(str(error))
                continue
            if any(paragraph.text.strip() for paragraph in box):
                place = self.length + len(found) if anchor is None or anchor in found else anchor
                found[place] = box
        return found

    def _box_places(self) -> list[tuple[int, int, int | None]]:
        """First and last character position of each text box, and where it is anchored if that is told."""
        start = self.boxed.start
        try:
            texts = _plc(self._structure(56), 22)
            shapes = _plc(self._structure(40), 26)
        except DamagedError:
            texts, shapes = [], []
        anchors = {struct.unpack_from("<I", shape)[0]: first for first, _, shape in shapes}
        places = [
            (start + first, start + last, anchors.get(struct.unpack_from("<I", about, 14)[0]))
            for first, last, about in texts
        ]
        whole = bool(places) and places[0][0] == start and places[-1][1] >= self.boxed.stop - 1
        return places if whole else [(start, self.boxed.stop, None)]

    def paragraphs(
        self, first: int, last: int, boxes: dict[int, tuple[WordParagraph, ...]]
    ) -> Iterator[WordParagraph]:
        """The paragraphs between two character positions, in order; the mark of each is looked up in the
        formatting pages. Text boxes are taken out of `boxes` where their anchors are met.
        """
        shown: list[str] = []
        met: list[tuple[WordParagraph, ...]] = []
        fields = _Fields()
        end = ""
        for text, position, place, width, look, piece_look in self._segments(first, last):
            end = text[-1]
            state = _Look(look, piece_look, self.styles)
            if fields.showing:
                shown += state.noted(text)
            at = 0
            for mark in _MARKS.finditer(text):
                char, start = mark[0], mark.start()
                if not state.removed:
                    shown += fields.taken(state.written(text, at, start), char, special=state.special)
                    if boxes and (box := boxes.pop(position + start, None)):
                        met.append(box)
                at = mark.end()
                if char in _ENDS:
                    layout = self._layout(place + start * width, width, char, piece_look)
                    if layout:
                        made = layout.paragraph("".join(shown), char, removed=state.removed)
                        yield made._replace(boxes=tuple(met)) if met else made
                        shown, met = [], []
                    else:
                        shown.append("\n")  # a page ends inside the paragraph
            if not state.removed:
                shown.append(fields.shown(state.written(text, at, len(text))))
        if any(shown) or not end or end not in _ENDS:
            raise DamagedError("its text does not end with a paragraph")

    def _layout(self, place: int, width: int, char: str, piece: tuple[Modifier, ...]) -> _Layout | None:
        """The properties of the paragraph that the mark at `place` ends; None for a page break inside one."""
        stated = self.layout.at(place)
        whole = place + width in self.layout.ends
        if char == "\x0c" and not whole:
            return None
        known = self.layouts.get((stated, piece))
        if known is None:
            known = _Layout((*self._resolved(stated[2:]), *piece))
            self.layouts[stated, piece] = known
        if (known.depth or char == "\x07") and not whole:
            raise DamagedError("a paragraph of a table ends elsewhere in the text than in its formatting")
        return known

    # Properties ---------------------------------------------------------------------------------

    def _runs(self, number: int, properties: Callable[[bytes, int], list[bytes]]) -> _Runs:
        """The formatting pages (FKP) of one kind, joined."""
        plc = self._structure(number)
        count = (len(plc) - 4) // 8
        if count < 1 or len(plc) != 4 + 8 * count:
            raise DamagedError("a list of formatting pages is broken")
        bounds = struct.unpack_from(f"<{count + 1}I", plc)
        numbers = struct.unpack_from(f"<{count}I", plc, 4 * (count + 1))
        edges: list[int] = []
        found: list[bytes] = []
        for index, page_number in enumerate(numbers):
            start = (page_number & 0x3FFFFF) * _PAGE
            page = self.word[start : start + _PAGE]
            if len(page) != _PAGE:
                raise DamagedError("a formatting page lies outside the file")
            runs = page[-1]
            if not runs or 4 * (runs + 1) >= _PAGE:
                raise DamagedError("a formatting page is broken")
            places = struct.unpack_from(f"<{runs + 1}I", page)
            if any(a >= b for a, b in pairwise(places)):
                raise DamagedError("a formatting page is out of order")
            if places[0] != bounds[index] or places[-1] != bounds[index + 1]:
                raise DamagedError("a formatting page is not the one that is asked for")
            if edges and edges[-1] != places[0]:
                raise DamagedError("formatting pages do not follow each other")
            edges += places[1:] if edges else places
            found += properties(page, runs)
        return _Runs(edges, found)

    def _modifiers(self, packed: bytes) -> tuple[Modifier, ...]:
        """Property modifiers (Prl) of a packed list, each with its operand."""
        known = self.modifiers.get(packed)
        if known is None:
            known = self.modifiers[packed] = tuple(_unpacked(packed))
        return known

    def _resolved(self, packed: bytes) -> Iterator[Modifier]:
        """The modifiers of a paragraph, with those that lie in the stream Data in their place."""
        for code, operand in self._modifiers(packed):
            if code not in _ELSEWHERE:
                yield code, operand
                continue
            place = struct.unpack("<I", operand)[0]
            size = struct.unpack_from("<h", self.data, place)[0]
            if size < 0 or place + 2 + size > len(self.data):
                raise DamagedError("a row's properties lie outside the file")
            for inner in self._modifiers(self.data[place + 2 : place + 2 + size]):
                if inner[0] in _ELSEWHERE:
                    raise DamagedError("a row's properties lead in a circle")
                yield inner

    def _styles(self) -> dict[int, frozenset[int]]:
        """What character styles do to their text, by number (istd): the properties that hide or whiten it,
        with those of the styles that they are based on.
        """
        sheet = self._structure(1)
        if len(sheet) < 8:
            return {}
        header, count, base = struct.unpack_from("<HHH", sheet)
        at = 2 + header
        own: dict[int, tuple[int, frozenset[int]]] = {}
        for number in range(count):
            if at + 2 > len(sheet):
                break
            size = struct.unpack_from("<H", sheet, at)[0]
            if found := _of_style(sheet[at + 2 : at + 2 + size], base):
                own[number] = found
            at += 2 + size + (size & 1)
        styles = {}
        for number, (above, codes) in own.items():
            seen = {number}
            while above in own and above not in seen:
                seen.add(above)
                above, more = own[above]
                codes |= more
            if codes:
                styles[number] = codes
        return styles


def _plc(packed: bytes, size: int) -> list[tuple[int, int, bytes]]:
    """A list of stretches (PLC): first and last position, and what is said of each in `size` bytes."""
    count = (len(packed) - 4) // (4 + size)
    if count < 1 or len(packed) != 4 + count * (4 + size):
        raise DamagedError("a list of places is broken")
    edges = struct.unpack_from(f"<{count + 1}I", packed)
    about = [packed[4 * (count + 1) + size * n :][:size] for n in range(count)]
    return list(zip(edges, edges[1:], about, strict=False))


def _of_style(style: bytes, base: int) -> tuple[int, frozenset[int]] | None:
    """Of a style (STD) of characters: the number of the one that it is based on, and which properties that
    hide or whiten text it switches on; None for another.
    """
    if len(style) < base + 2:
        return None
    kind = struct.unpack_from("<H", style, 2)[0]
    at = base + 2 * struct.unpack_from("<H", style, base)[0] + 4  # behind its name
    if kind & 0xF != _OF_CHARACTERS or at + 2 > len(style):
        return None
    packed = style[at + 2 :][: struct.unpack_from("<H", style, at)[0]]
    codes = {
        code
        for code, operand in _unpacked(packed)
        if (code in _HIDING and operand[0] in _HIDING[code]) or operand == _COLOURS.get(code)
    }
    return kind >> 4, frozenset(codes)


def _decoded(packed: bytes, width: int) -> str:
    return packed.decode("cp1252" if width == 1 else "utf-16-le", "replace")


class _Layout:
    """Where a paragraph stands: how many tables deep, and what its mark ends."""

    def __init__(self, modifiers: Sequence[Modifier]) -> None:
        self.row_end = self.inner_cell_end = self.inner_row_end = False
        lists = [struct.unpack("<H", operand)[0] for code, operand in modifiers if code == _NUMBERED]
        self.numbered = bool(lists) and lists[-1] in _LISTS
        self.table: list[Modifier] = []
        self.row: RowProperties | None = None  # what `table` makes, once a row ends with this layout
        in_table, depth = False, 0
        for code, operand in modifiers:
            if code == _IN_TABLE:
                in_table = operand[0] != 0
            elif code == _DEPTH:
                depth = struct.unpack("<i", operand)[0]
            elif code == _DEEPER:
                depth += struct.unpack("<i", operand)[0]
            elif code == _ROW_END:
                self.row_end = operand[0] != 0
            elif code == _INNER_CELL_END:
                self.inner_cell_end = operand[0] != 0
            elif code == _INNER_ROW_END:
                self.inner_row_end = operand[0] != 0
            elif code >> 10 & 7 == _OF_TABLES:
                self.table.append((code, operand))
        self.depth = depth if depth > 0 else int(in_table)
        if self.depth > _DEEPEST:
            raise DamagedError(f"a paragraph claims to stand {self.depth} tables deep")

    def paragraph(self, text: str, char: str, *, removed: bool) -> WordParagraph:
        """The paragraph with this layout that `char` ends; raises DamagedError where they do not fit."""
        if char == "\x07":
            if self.depth != 1:
                raise DamagedError("the mark of a cell stands outside tables, or inside the wrong one")
            row_ends, cell_ends = self.row_end, not self.row_end
        else:
            if self.row_end:
                raise DamagedError("a row ends without its mark")
            if (self.inner_cell_end or self.inner_row_end) and self.depth < 2:
                raise DamagedError("the end of a nested cell stands outside nested tables")
            row_ends, cell_ends = self.inner_row_end, self.inner_cell_end and not self.inner_row_end
        if row_ends and self.row is None:
            self.row = _row_properties(self.table)
        if self.numbered and self.depth and not row_ends and not removed:
            text += UNSURE  # a number that is not in the text stands before it
        return WordParagraph(text, self.depth, cell_ends, self.row if row_ends else None, removed)


class _Look:
    """Whether and how a stretch of text is shown."""

    def __init__(
        self, look: Sequence[Modifier], piece: Sequence[Modifier], styles: Mapping[int, frozenset[int]]
    ) -> None:
        deleted = signed = self.special = False
        hiding = dict.fromkeys(_HIDING, False)
        styled: frozenset[int] = frozenset()
        self.symbol: str | None = None
        self.off_line = False
        self.modifiers = (*look, *piece)
        for code, operand in self.modifiers:
            if code == _DELETED:
                deleted = operand[0] not in (0, 0x80)
                signed = signed or (code, operand) in piece
            elif code in _DELETION_MARKS:
                signed = True
            elif code in _HIDING:
                on = _LIKE_STYLE if code in styled and code != _LEVEL else _HIDING[code]
                hiding[code] = operand[0] in on
                self.off_line = self.off_line or (code == _LEVEL and operand[0] == _LOWERED)
            elif code == _HEIGHT:
                self.off_line = struct.unpack("<h", operand)[0] > 0
            elif code == _STYLE:
                styled = styles.get(struct.unpack("<H", operand)[0], frozenset())
                hiding |= {hidden: hidden in styled for hidden in _HIDING}
            elif code == _SPECIAL:
                self.special = operand[0] != 0
            elif code == _SYMBOL:
                char = struct.unpack("<HH", operand)[1]
                # Symbol fonts number their glyphs as they like in F000 to F0FF.
                self.symbol = DOUBT if 0xD800 <= char <= 0xF8FF else chr(char)
        self.styled = styled
        self.removed = deleted or any(hiding.values())
        self.crossed = (
            not deleted and {code for code, on in hiding.items() if on} <= _CROSSING and self.removed
        )
        self.doubtful = deleted != signed

    def noted(self, text: str) -> Iterator[str]:
        """What stands in the text for characters that are not in it, or not for certain."""
        if self.doubtful:
            yield DOUBT
        if not self.removed and _NUMBER.search(text) and self._is_white():
            yield UNSURE
        if self.crossed and _MARKS.sub("", text).strip():
            yield CROSSED

    def _is_white(self) -> bool:
        """Whether the text is white, on a ground of which its look says nothing."""
        white = not self.styled.isdisjoint(_COLOURS)
        for code, operand in self.modifiers:
            if code in _GROUNDS:
                return False
            if code in _COLOURS:
                white = operand == _COLOURS[code]
        return white

    def written(self, text: str, start: int, end: int) -> str:
        """A part of the stretch's text; a symbol stands for each character of one set in symbols."""
        if self.symbol is not None:
            return self.symbol * (end - start)
        return text[start:end].translate(OFF_LINE) if self.off_line else text[start:end]


class _Fields:
    """Where the text stands in fields: their results are shown, their codes are not."""

    def __init__(self) -> None:
        self.open: list[list[str] | None] = []  # the code so far, None from the separator on

    @property
    def showing(self) -> bool:
        """Whether text is shown here."""
        return all(code is None for code in self.open)

    def taken(self, text: str, char: str, *, special: bool) -> tuple[str, ...]:
        """What a text and the control character behind it show."""
        if char in _ENDS:  # these show nothing
            return (self.shown(text),) if text else ()
        return self.shown(text), self.shown(self.marked(char, special=special))

    def shown(self, text: str) -> str:
        """The text as shown: nothing inside a field's code."""
        if not self.open or self.showing:
            return text
        if self.open[-1] is not None:
            self.open[-1].append(text)
        return ""

    def marked(self, char: str, *, special: bool) -> str:
        """What a control character shows, and what it does to the fields."""
        if special and char == "\x13":
            self.open.append([])
        elif special and char == "\x14" and self.open:
            self.open[-1] = None
        elif special and char == "\x15" and self.open:
            code = self.open.pop()
            if code is not None and "".join(code).strip().upper().startswith("EQ"):
                enclosed = _ENCLOSED.search("".join(code))
                return enclosed.group(1) if enclosed else DOUBT  # a formula: shown, and not told here
        elif char in "\x0b\x0e":
            return "\n"
        elif char == "\x1e":
            return "-"
        elif special and char in "\x01\x08":
            return PICTURE
        return ""


def _character_properties(page: bytes, runs: int) -> list[bytes]:
    """The packed modifiers of each run of a page of characters (ChpxFkp)."""
    found = []
    for offset in page[4 * (runs + 1) : 4 * (runs + 1) + runs]:
        at = 2 * offset
        found.append(_within(page, at + 1, page[at]) if at else b"")
    return found


def _paragraph_properties(page: bytes, runs: int) -> list[bytes]:
    """The style number and packed modifiers of each run of a page of paragraphs (PapxFkp)."""
    found = []
    for index in range(runs):
        at = 2 * page[4 * (runs + 1) + 13 * index]
        if not at:
            found.append(b"")
        elif page[at]:
            found.append(_within(page, at + 1, 2 * page[at] - 1))
        else:
            found.append(_within(page, at + 2, 2 * page[at + 1]))
    return found


def _within(page: bytes, start: int, size: int) -> bytes:
    if start + size > _PAGE - 1:
        raise DamagedError("properties end outside their formatting page")
    return page[start : start + size]


def _unpacked(packed: bytes) -> Iterator[Modifier]:
    at = 0
    while at + 2 <= len(packed):
        code = packed[at] | packed[at + 1] << 8
        at += 2
        if not code and not packed[at:].strip(b"\0"):
            return  # filled up
        if code >> 10 & 7 not in (1, 2, 3, 4, 5):
            raise DamagedError(f"a property of an unknown kind ({code:#06x})")
        size = _OPERAND.get(code >> 13)
        if size is None:
            size, lead = _variable_size(code, packed, at)
            at += lead
        if at + size > len(packed):
            raise DamagedError(f"a property ({code:#06x}) is longer than the list that it stands in")
        yield code, packed[at : at + size]
        at += size


def _variable_size(code: int, packed: bytes, at: int) -> tuple[int, int]:
    """The size of an operand and of the count before it."""
    if code in (0xD608, 0xD606):  # sprmTDefTable counts in two bytes, one too many
        return max(struct.unpack_from("<H", packed, at)[0] - 1, 0), 2
    if code == 0xC615 and packed[at] == 255:  # sprmPChgTabs may be longer than a byte can say
        removed = packed[at + 1]
        return 1 + 4 * removed + 1 + 3 * packed[at + 2 + 4 * removed], 1
    return packed[at], 1


def _piece_modifiers(modifier: int, shared: Sequence[tuple[Modifier, ...]]) -> tuple[Modifier, ...]:
    """What a piece's property modifier (Prm) says: one short modifier, or a list kept with the pieces."""
    if modifier & 1:
        if modifier >> 1 >= len(shared):
            raise DamagedError("a piece of text names properties that are not there")
        return shared[modifier >> 1]
    code = _SHORT.get(modifier >> 1 & 0x7F)
    return ((code, bytes([modifier >> 8])),) if code else ()


def _row_properties(modifiers: Sequence[Modifier]) -> RowProperties:
    """A row's cells after all its modifiers; raises DamagedError where they fit no row."""
    row = RowProperties()
    for code, operand in modifiers:
        change = _ROW_CHANGES.get(code)
        if change:
            change(row, operand)
    if not row.across:
        raise DamagedError("a row of a table does not say which cells it has")
    if len(row.across) > _MOST_CELLS or any(a > b for a, b in pairwise(row.edges)):
        raise DamagedError("the edges of a row's cells are out of order")
    return row


def _define(row: RowProperties, operand: bytes) -> None:
    count = operand[0]
    row.edges = list(struct.unpack_from(f"<{count + 1}h", operand, 1))
    descriptions = operand[1 + 2 * (count + 1) :]
    # A description is 20 bytes; those left out at the end say nothing.
    bits = [struct.unpack_from("<H", descriptions, at)[0] for at in range(0, len(descriptions) - 19, 20)]
    bits = (bits + [0] * count)[:count]
    row.across = [bit & 3 for bit in bits]
    row.down = [bit >> 5 & 3 for bit in bits]


def _insert(row: RowProperties, operand: bytes) -> None:
    first, count, width = struct.unpack("<BBH", operand)
    first = min(first, len(row.across))
    start = row.edges[first] if row.edges else 0
    row.edges[first + 1 :] = [
        *(start + width * (index + 1) for index in range(count)),
        *(edge + width * count for edge in row.edges[first + 1 :]),
    ]
    row.across[first:first] = [0] * count
    row.down[first:first] = [0] * count


def _delete(row: RowProperties, operand: bytes) -> None:
    first, last = operand[0], min(operand[1], len(row.across))
    if first >= last:
        return
    width = row.edges[last] - row.edges[first]
    row.edges[first + 1 :] = [edge - width for edge in row.edges[last + 1 :]]
    del row.across[first:last], row.down[first:last]


def _resize(row: RowProperties, operand: bytes) -> None:
    first, last, width = struct.unpack("<BBH", operand)
    for index in range(first, min(last, len(row.across))):
        grown = width - (row.edges[index + 1] - row.edges[index])
        row.edges[index + 1 :] = [edge + grown for edge in row.edges[index + 1 :]]


def _merge(row: RowProperties, operand: bytes) -> None:
    for index in range(operand[0], min(operand[1], len(row.across))):
        row.across[index] = 2 if index == operand[0] else 1


def _split(row: RowProperties, operand: bytes) -> None:
    for index in range(operand[0], min(operand[1], len(row.across))):
        row.across[index] = 0


def _merge_down(row: RowProperties, operand: bytes) -> None:
    if len(operand) >= 2 and operand[0] < len(row.down):
        row.down[operand[0]] = operand[1] & 3


_ROW_CHANGES: dict[int, Callable[[RowProperties, bytes], None]] = {
    0xD608: _define,  # sprmTDefTable
    0x7621: _insert,  # sprmTInsert
    0x5622: _delete,  # sprmTDelete
    0x7623: _resize,  # sprmTDxaCol
    0x5624: _merge,  # sprmTMerge
    0x5625: _split,  # sprmTSplit
    0xD62B: _merge_down,  # sprmTVertMerge
}
