"""Documents made to break their reader, each with what must be said of it; nobody's report is among them."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from pipelines.readers.ole import container
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r
from tests.pipelines import sheet as s
from tests.pipelines import word
from tests.pipelines.archives import rar, vint, zipped

DOCUMENTS = Path(__file__).parent / "documents"
NEWEST = r.both_forms()[-1]
PRINTED = r.distinct(NEWEST)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Hostile(NamedTuple):
    """A document, the problem code that its reading ends with, and words of the reason."""

    make: Callable[[], bytes]
    code: str
    says: str = ""


def docx() -> bytes:
    return word.report(NEWEST, PRINTED)


def pdf() -> bytes:
    return d.pdf(d.report(d.tables(NEWEST, PRINTED)))


def kept(name: str) -> bytes:
    return (DOCUMENTS / name).read_bytes()


# Packages ---------------------------------------------------------------------------------------------


def repacked(body: bytes, changed: dict[str, Callable[[str], str]]) -> bytes:
    """A package with some of its parts changed."""
    with zipfile.ZipFile(BytesIO(body)) as old:
        files = {name: old.read(name) for name in old.namelist()}
    for name, change in changed.items():
        files[name] = change(files[name].decode()).encode()
    return zipped(files)


def with_type(definition: str, use: str = "") -> Callable[[str], str]:
    """Puts a document type definition before a part, and a use of it into the first number."""

    def change(text: str) -> str:
        head, end, rest = text.partition("?>")
        return head + end + f"<!DOCTYPE x {definition}>" + rest.replace(">1001<", f">{use}<", 1)

    return change


def of_text(change: Callable[[str], str]) -> Callable[[], bytes]:
    return lambda: repacked(docx(), {"word/document.xml": change})


LAUGHS = "[" + '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
) + "]"  # fmt: skip


def spanned(wide: str) -> Callable[[str], str]:
    return lambda text: text.replace('<w:gridSpan w:val="3"/>', f'<w:gridSpan w:val="{wide}"/>', 1)


def nested_tables(text: str, deep: int = 60) -> str:
    return text.replace(
        "<w:body>", "<w:body>" + "<w:tbl><w:tr><w:tc>" * deep + "</w:tc></w:tr></w:tbl>" * deep, 1
    )


def often_in_a_cell(content: str) -> Callable[[], bytes]:
    return lambda: word.packed(f"<w:tbl><w:tr><w:tc>{content * 150_000}</w:tc></w:tr></w:tbl>")


OFTEN_IN_A_CELL = ("<w:vMerge/>", "<w:p><w:vMerge/></w:p>", "<w:tcPr><w:vMerge/></w:tcPr>")


def vast_sheet() -> bytes:
    cells = {(0, 0): s.written("1", 0, 0), (999_999, 9_999): s.written("2", 999_999, 9_999)}
    return s.book(s.sheet(cells))


def vast_dimension() -> bytes:
    sheet = s.sheet({(0, 0): s.written("1", 0, 0)})
    return s.book(sheet.replace("<sheetData>", '<dimension ref="A1:NTP1000000"/><sheetData>'))


def many_merges() -> bytes:
    areas = [f"A{n}:CV{n + 99}" for n in range(1, 20_000)]
    return s.book(s.sheet({(0, 0): s.written("1", 0, 0)}, areas))


# Archives ---------------------------------------------------------------------------------------------


def encrypted_zip(body: bytes) -> bytes:
    """The archive with the flag of encryption on each member."""
    made = bytearray(body)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), body):
            made[found.start() + place] |= 1
    return bytes(made)


def encrypted_rar() -> bytes:
    """A RAR 5 whose headers are encrypted: after the signature comes how, then nothing that can be read."""
    content = vint(4) + vint(0) + vint(0) + vint(0) + bytes([15]) + bytes(range(16))
    sized = vint(len(content)) + content
    return b"Rar!\x1a\x07\x01\x00" + zlib.crc32(sized).to_bytes(4, "little") + sized + bytes(range(64)) * 4


def bomb() -> bytes:
    """400 MB in an archive of archives: each unpacks to little enough, all of them do not."""
    inner = zipped({"0": bytes(50_000_000)})
    return zipped({f"{n}.zip": zipped({"a.zip": inner, "b.zip": inner}) for n in range(4)})


def many_members(count: int, claimed: int = 1, name: bytes = b"a") -> bytes:
    """An archive whose list names one and the same member many times."""
    content = zlib.compress(bytes(claimed), 9)[2:-4]
    crc = zlib.crc32(bytes(claimed))
    common = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0, crc, len(content), claimed)
    local = b"PK\x03\x04" + common + struct.pack("<HH", len(name), 0) + name + content
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + common
    entry += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    listed = entry * count
    end = struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(listed), len(local), 0)
    if count > 0xFFFF:  # the longer end of ZIP64, and where to find it
        long = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(listed), len(local))
        long += struct.pack("<IIQI", 0x07064B50, 0, len(local) + len(listed), 1)
        end = struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        return local + listed + long + b"PK\x05\x06" + end
    return local + listed + b"PK\x05\x06" + end


def nested(depth: int) -> bytes:
    body = zipped({"a.txt": b"a"})
    for _ in range(depth - 1):
        body = zipped({"in.zip": body})
    return body


def linked() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("年报.docx")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


OUTSIDE = (
    "/tmp/nianbao-outside.txt",
    "../../nianbao-outside.txt",
    "C:\\nianbao-outside.txt",
    "..\\nianbao-outside.txt",
)
"""Names that would lead a careless program out of its folder."""


def outside_zip() -> bytes:
    return zipped(dict.fromkeys(OUTSIDE, b"written"))


def outside_rar() -> bytes:
    return rar(dict.fromkeys(OUTSIDE, b"written"))


# OLE --------------------------------------------------------------------------------------------------


def looping_fat() -> bytes:
    """A Word file in which every chain of sectors leads back to itself."""
    body = bytearray(kept("official-f2021.doc"))
    sector = struct.unpack_from("<I", body, 76)[0]
    for index in range(128):
        struct.pack_into("<I", body, 512 * (sector + 1) + 4 * index, index)
    return bytes(body)


def header_of_word(place: int, packed: bytes) -> Callable[[], bytes]:
    """A Word file with bytes of its text stream's header replaced."""

    def make() -> bytes:
        body = bytearray(kept("official-f2021.doc"))
        at = body.index(b"\xec\xa5") + place
        body[at : at + len(packed)] = packed
        return bytes(body)

    return make


def locked_package() -> bytes:
    """What Word and Excel make of a .docx or .xlsx with a password."""
    return container("EncryptedPackage", bytes(5000))


def locked_workbook() -> bytes:
    return container("Workbook", s.stream(s.number(0, 0, 1), head=s.record(0x2F, bytes(6))))


# PDF --------------------------------------------------------------------------------------------------


def pdf_of(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects; the first is the catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    named = trailer.replace(b"START", b"%d" % start)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, named, start)
    return bytes(out)


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"


def looping_pages() -> bytes:
    return pdf_of(
        [
            CATALOGUE,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>",
        ]
    )


def looping_table() -> bytes:
    """Its table of places names itself as the one before."""
    return pdf_of([CATALOGUE, b"<</Type/Pages/Kids[]/Count 0>>"], b"/Prev START")


def locked_pdf() -> bytes:
    """Encrypted by the standard handler, with keys that no password gives."""
    key = b"<" + b"41" * 32 + b">"
    return pdf_of(
        [CATALOGUE, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"],
        b"/ID[<41><41>]/Encrypt<</Filter/Standard/V 1/R 2/O %s/U %s/P -4>>" % (key, key),
    )


# Pictures ---------------------------------------------------------------------------------------------


def vast_picture() -> bytes:
    """A PNG of 30,000 pixels each way, with its first rows only: it must not come to reading them."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    rows = zlib.compress(bytes(30_001 * 100))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


HOSTILE: dict[str, Hostile] = {
    "empty.pdf": Hostile(lambda: b"", "empty_document", "0 bytes"),
    "spaces.html": Hostile(lambda: b" \r\n\x00" * 400, "empty_document"),
    "half.docx": Hostile(lambda: docx()[: len(docx()) // 2], "damaged_document", "Word file"),
    "half.pdf": Hostile(lambda: pdf()[: len(pdf()) // 2], "damaged_document", "end of the PDF is missing"),
    "half.doc": Hostile(lambda: kept("official-f2021.doc")[:22_000], "damaged_document", "container"),
    "half.xls": Hostile(lambda: kept("official-f2021.xls")[:7_000], "damaged_document", "container"),
    "half.xlsx": Hostile(lambda: kept("official-f2021.xlsx")[:5_000], "damaged_document", "workbook"),
    "tail.docx": Hostile(lambda: docx()[:-300], "damaged_document", "Word file"),
    "tail.pdf": Hostile(lambda: pdf()[:-300], "damaged_document", "end of the PDF is missing"),
    "noise.doc": Hostile(lambda: bytes(range(256)) * 20, "format_not_supported", "no known format"),
    "report.rtf": Hostile(lambda: rb"{\rtf1\ansi 1}", "format_not_supported", "RTF"),
    "report.xlsb": Hostile(
        lambda: zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\x83\x01\x00"}),
        "format_not_supported",
        ".xlsb",
    ),
    "report.odt": Hostile(
        lambda: zipped(
            {"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": b""}
        ),
        "format_not_supported",
        "OpenDocument",
    ),
    "laughs.docx": Hostile(of_text(with_type(LAUGHS, "&a11;")), "damaged_document", "entity"),
    "outside.docx": Hostile(
        of_text(with_type('[<!ENTITY e SYSTEM "file:///etc/passwd">]', "&e;")),
        "damaged_document",
        "definition",
    ),
    "entity.docx": Hostile(
        of_text(with_type('[<!ENTITY e "7">]', "1&e;1")), "damaged_document", "definition"
    ),
    "remote.docx": Hostile(
        of_text(with_type('SYSTEM "http://127.0.0.1:9/x.dtd"')), "damaged_document", "definition"
    ),
    "entity.xlsx": Hostile(
        lambda: repacked(
            kept("official-f2021.xlsx"), {"xl/sharedStrings.xml": with_type('[<!ENTITY e "7">]')}
        ),
        "damaged_document",
        "definition",
    ),
    "entity.ofd": Hostile(
        lambda: repacked(
            d.ofd(d.report(d.tables(NEWEST, PRINTED))), {"OFD.xml": with_type('[<!ENTITY e "7">]')}
        ),
        "damaged_document",
        "definition",
    ),
    "span.docx": Hostile(of_text(spanned("1000000000")), "damaged_document", "1000000000 columns"),
    "longer span.docx": Hostile(of_text(spanned("9" * 6000)), "damaged_document", "columns"),
    "merged.xlsx": Hostile(many_merges, "damaged_document", "merged cells"),
    "deep.docx": Hostile(of_text(lambda text: nested_tables(text, 100)), "damaged_document", "depth"),
    "two texts.docx": Hostile(
        lambda: many_members(2, 9, b"word/document.xml"), "damaged_document", "2 word/document.xml"
    ),
    "locked.docx": Hostile(lambda: encrypted_zip(docx()), "encrypted_document", "password"),
    "locked package.docx": Hostile(locked_package, "encrypted_document", "password"),
    "locked.doc": Hostile(header_of_word(10, b"\x00\x13"), "encrypted_document", "password"),
    "locked.xls": Hostile(locked_workbook, "encrypted_document", "password"),
    "locked.xlsx": Hostile(
        lambda: encrypted_zip(kept("official-f2021.xlsx")), "encrypted_document", "password"
    ),
    "locked.pdf": Hostile(locked_pdf, "encrypted_document", "password"),
    "locked.zip": Hostile(
        lambda: encrypted_zip(zipped({"a.docx": docx()})), "encrypted_document", "password"
    ),
    "locked.rar": Hostile(encrypted_rar, "encrypted_document", "password"),
    "vast.xlsx": Hostile(vast_sheet, "damaged_document", "1000000 rows of 10000 columns"),
    "fat.doc": Hostile(looping_fat, "damaged_document", "container"),
    "long.doc": Hostile(header_of_word(0x4C, b"\xff\xff\xff\x7f"), "damaged_document", "pieces"),
    "pieces.doc": Hostile(
        header_of_word(0x9A + 8 * 33 + 4, b"\xf0\xff\xff\x7f"), "damaged_document", "outside"
    ),
    "pages.pdf": Hostile(looping_pages, "damaged_document"),
    "table.pdf": Hostile(looping_table, "damaged_document"),
    "10000 pages.pdf": Hostile(lambda: d.pdf_file([b""] * 10_000), "too_many_pages", "10000 pages"),
    "vast.png": Hostile(vast_picture, "image_too_large", "30000"),
    "bomb.zip": Hostile(bomb, "archive_too_large", "bytes unpacked"),
    "overlapping.zip": Hostile(lambda: many_members(150, 10_000_000), "archive_too_large", "150 files"),
    "members.zip": Hostile(lambda: many_members(100_000), "archive_too_large", "100000 files"),
    "deep.zip": Hostile(lambda: nested(9), "archive_too_large", "deep"),
    "nothing.zip": Hostile(lambda: zipped({}), "empty_document", "no file"),
    "folders.zip": Hostile(lambda: zipped({"a/": b"", "a/b/": b""}), "empty_document", "no file"),
    "link.zip": Hostile(linked, "damaged_document", "link"),
}
"""By the name under which a portal might offer it."""
