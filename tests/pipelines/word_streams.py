"""Writes the streams of Word 97 documents by hand, for what LibreOffice never writes."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

IN_TABLE = struct.pack("<HB", 0x2416, 1)
ROW_END = IN_TABLE + struct.pack("<HB", 0x2417, 1)
SPECIAL = struct.pack("<HB", 0x0855, 1)
DELETED = struct.pack("<HBHH", 0x0800, 1, 0x4863, 1)
_TEXT = 0x800


@dataclass
class Paragraph:
    """Runs of text with their look; the last ends with the paragraph's mark."""

    runs: Sequence[tuple[str, bytes]]
    properties: bytes = b""


def plain(text: str) -> Paragraph:
    return Paragraph([(text + "\r", b"")])


def cell(*runs: str | tuple[str, bytes]) -> Paragraph:
    return Paragraph(
        [*(run if isinstance(run, tuple) else (run, b"") for run in runs), ("\x07", b"")], IN_TABLE
    )


def deeper(text: str, properties: bytes = b"", depth: int = 2) -> Paragraph:
    """A paragraph of a table inside a cell; its mark ends a cell or row there as `properties` say."""
    return Paragraph([(text + "\r", b"")], IN_TABLE + struct.pack("<Hi", 0x6649, depth) + properties)


INNER_CELL = struct.pack("<HB", 0x244B, 1)
INNER_ROW = INNER_CELL + struct.pack("<HB", 0x244C, 1)


def definition(edges: Sequence[int], bits: Sequence[int] = ()) -> bytes:
    """sprmTDefTable: the edges of a row's cells and the merging bits of each."""
    count = len(edges) - 1
    packed = struct.pack(f"<B{count + 1}h", count, *edges)
    packed += b"".join(struct.pack("<H18x", bit) for bit in bits)
    return struct.pack("<HH", 0xD608, len(packed) + 1) + packed


def row(
    texts: Sequence[str | Paragraph], edges: Sequence[int], bits: Sequence[int] = (), changes: bytes = b""
) -> list[Paragraph]:
    """A row: its cells and its end."""
    cells = [text if isinstance(text, Paragraph) else cell(text) for text in texts]
    return [*cells, Paragraph([("\x07", b"")], ROW_END + definition(edges, bits) + changes)]


@dataclass
class Writer:
    """The streams of a document; `pieces` are lengths of text stored one after the other, last first,
    `widths` their bytes a character (1 or 2), `modifiers` what holds for each as a whole (Prm).
    """

    paragraphs: Sequence[Paragraph]
    width: int = 2
    pieces: Sequence[int] = ()
    widths: Sequence[int] = ()
    modifiers: Sequence[int] = ()
    elsewhere: bool = False
    version: int = 0xC1
    flags: int = 0x0200
    styles: bytes = b""
    data: bytearray = field(default_factory=bytearray)

    def streams(self) -> dict[str, bytes]:
        text = "".join(run for p in self.paragraphs for run, _ in p.runs)
        lengths = list(self.pieces) or [len(text)]
        widths = list(self.widths) or [self.width] * len(lengths)
        modifiers = list(self.modifiers) or [0] * len(lengths)
        assert sum(lengths) == len(text)
        bounds = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
        starts = dict.fromkeys(range(len(lengths)), 0)
        body = b""
        # The last piece lies first; the wide ones before the narrow, for they begin at even places.
        for index in sorted(starts, key=lambda index: (-widths[index], -index)):
            starts[index] = _TEXT + len(body)
            part = text[bounds[index] : bounds[index + 1]]
            body += part.encode("cp1252" if widths[index] == 1 else "utf-16-le")
        place_of = {
            cp: (starts[index] + (cp - bounds[index]) * widths[index], widths[index])
            for index in starts
            for cp in range(bounds[index], bounds[index + 1])
        }
        word = bytearray(_TEXT)
        word += body + bytes(-len(body) % 512)
        looks, layouts = self._runs(place_of)
        table = bytearray()
        places: dict[int, tuple[int, int]] = {1: (0, len(self.styles))}
        table += self.styles
        for number, runs, head in ((12, looks, 1), (13, layouts, 13)):
            plc = self._pages(word, runs, head)
            places[number] = (len(table), len(plc))
            table += plc
        plc = struct.pack(f"<{len(bounds)}I", *bounds)
        for index, place in starts.items():
            narrow = widths[index] == 1
            plc += struct.pack("<HIH", 0, place * 2 | 0x40000000 if narrow else place, modifiers[index])
        clx = b"\x02" + struct.pack("<I", len(plc)) + plc
        places[33] = (len(table), len(clx))
        table += clx
        struct.pack_into("<HH", word, 0, 0xA5EC, self.version)
        struct.pack_into("<H", word, 10, self.flags)
        struct.pack_into("<H", word, 0x20, 14)
        struct.pack_into("<H", word, 0x3E, 22)
        struct.pack_into("<i", word, 0x4C, len(text))
        for number, (place, size) in places.items():
            struct.pack_into("<II", word, 0x9A + 8 * number, place, size)
        return {"WordDocument": bytes(word), "1Table": bytes(table), "Data": bytes(self.data)}

    def _runs(
        self, place_of: dict[int, tuple[int, int]]
    ) -> tuple[list[tuple[int, int, bytes]], list[tuple[int, int, bytes]]]:
        looks, layouts = [], []
        cp = 0
        for paragraph in self.paragraphs:
            first = cp
            for text, look in paragraph.runs:
                # A look of its own for each character: pieces may part them anywhere.
                for at in range(cp, cp + len(text)):
                    place, width = place_of[at]
                    looks.append((place, place + width, look))
                cp += len(text)
            for at in range(first, cp):
                mark = at == cp - 1
                place, width = place_of[at]
                if mark or place_of[at + 1] != (place + width, width):
                    layouts.append(
                        (place_of[first][0], place + width, self._stated(paragraph) if mark else b"")
                    )
                    first = at + 1
        return sorted(looks), sorted(layouts)

    def _stated(self, paragraph: Paragraph) -> bytes:
        if not self.elsewhere or len(paragraph.properties) < 20:
            return struct.pack("<H", 0) + paragraph.properties
        place = len(self.data)
        self.data += struct.pack("<h", len(paragraph.properties)) + paragraph.properties
        return struct.pack("<HHI", 0, 0x6646, place)

    @staticmethod
    def _pages(word: bytearray, runs: list[tuple[int, int, bytes]], head: int) -> bytes:
        """Formatting pages of few runs each, appended to the stream; the list of them."""
        pages: list[list[tuple[int, int, bytes]]] = []
        for run in runs:
            size = sum(len(r[2]) + 22 for r in pages[-1]) if pages else 999
            if size + len(run[2]) + 40 > 500:
                pages.append([])
            pages[-1].append(run)
        numbers = []
        for page in pages:
            written = bytearray(512)
            struct.pack_into(f"<{len(page) + 1}I", written, 0, *(r[0] for r in page), page[-1][1])
            end = 510
            for index, (_, _, properties) in enumerate(page):
                if properties:
                    packed = _counted(properties, head)
                    end = (end - len(packed)) // 2 * 2
                    written[end : end + len(packed)] = packed
                    written[4 * (len(page) + 1) + head * index] = end // 2
            written[511] = len(page)
            numbers.append(len(word) // 512)
            word += written
        bounds = [page[0][0] for page in pages] + [pages[-1][-1][1]]
        return struct.pack(f"<{len(bounds)}I{len(numbers)}I", *bounds, *numbers)


def _counted(properties: bytes, head: int) -> bytes:
    if head == 1:
        return bytes([len(properties)]) + properties
    if len(properties) % 2:
        return bytes([(len(properties) + 1) // 2]) + properties
    return bytes([0, len(properties) // 2]) + properties


def style_sheet(*looks: bytes, bases: Mapping[int, int] | None = None) -> bytes:
    """Character styles with these looks, numbered from 0; `bases` are the numbers of those that some are
    based on.
    """
    sheet = struct.pack("<HHH14x", 18, len(looks), 10)
    for number, look in enumerate(looks):
        base = (bases or {}).get(number, 0xFFF)
        style = struct.pack("<HHHHH", 0, base << 4 | 2, 1, 0, 0) + struct.pack("<HHH", 1, ord("a"), 0)
        style += struct.pack("<H", len(look)) + look
        sheet += struct.pack("<H", len(style)) + style + bytes(len(style) % 2)
    return sheet


def streams(*paragraphs: Paragraph, **how: object) -> dict[str, bytes]:
    """The streams of a document of these paragraphs."""
    return Writer(paragraphs, **how).streams()  # type: ignore[arg-type]
