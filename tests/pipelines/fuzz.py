"""Damages real documents at random and looks for what no reader may do.

`python -m tests.pipelines.fuzz --seconds 60 --seed 7 [--only docx] [--keep DIR]` reads mutated documents of
every format in processes with the limits of a crawl (tighter: 20 s, 1.5 GB) and prints one line for each
finding: a reader that raises, hangs, dies or eats memory, and a figure that differs from the whole
document's while no problem names it. The suite runs a short round of a fixed seed.

A mutation is `hidden` where damage must be noticed (check sums, structures that contradict each other), and
`shown` where it makes another document, which honestly says something else: there only a number that comes
to stand in another cell counts.
"""

from __future__ import annotations

import argparse
import random
import re
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from pipelines.extract import read_file
from pipelines.pool import ReadingPool
from pipelines.records import READER_FAILURES, Cell, DocumentReading, Number, Report
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r
from tests.pipelines import word
from tests.pipelines.archives import rar, seven_zip

SECONDS = 20.0
MEGABYTES = 1536
DOCUMENTS = Path(__file__).parent / "documents"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "reports"

_OF_DOCUMENT = frozenset(
    {"document_cut", "damaged_document", "page_not_read", "scan_not_read", "ocr_disabled", "unreadable_text"}
)
"""Problems that say of the whole document that something is missing from it."""

Told = dict[Cell, tuple[str, Number | None]]


# Documents ----------------------------------------------------------------------------------------------


@cache
def sources() -> Mapping[str, bytes]:
    """Whole documents by a name that ends as their format's files do."""
    old, new = r.both_forms()
    found = {
        "new.docx": word.report(new, r.distinct(new)),
        "old.docx": word.report(old, r.distinct(old)),
        "new.pdf": d.pdf(d.report(d.tables(new, r.distinct(new)))),
        "old.pdf": d.pdf(d.report(d.tables(old, r.distinct(old)))),
        "new.ofd": d.ofd(d.report(d.tables(new, r.distinct(new)))),
        "new.html": r.official(new, r.distinct(new)).encode(),
        "lines.txt": r.cell_lines(new, r.distinct(new)).encode(),
        "tabs.txt": r.tab_rows(new, r.distinct(new)).encode("gb18030"),
        "flow.txt": r.flowing(new, r.distinct(new)).encode(),
    }
    found |= {
        path.name: path.read_bytes() for path in sorted(DOCUMENTS.iterdir()) if path.suffix[1:] in _KEPT
    }
    if SHARED.is_dir():
        found |= {
            p.name: p.read_bytes() for p in sorted(SHARED.iterdir()) if p.suffix in (".pdf", ".docx", ".html")
        }
    second = word.report(new, r.distinct(new, 5001))
    second_html = (
        r.official(new, r.distinct(new, 7001)).replace(r.TITLE, r.TITLE.replace("样例", "试验")).encode()
    )
    found["two.zip"] = zipped({"甲.docx": second, "乙.html": second_html})
    pages = {"甲.html": found["new.html"], "乙.html": second_html}
    found["two.rar"] = rar(pages)
    with TemporaryDirectory() as folder:
        found["two.7z"] = seven_zip(Path(folder), pages)
    found["in.zip"] = zipped({"all.zip": found["two.zip"], "丙.xlsx": found["official-f2021.xlsx"]})
    return found


_KEPT = frozenset({"doc", "xls", "xlsx", "docx", "pdf", "ofd", "wps", "et"})


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive file of these members."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return file.getvalue()


# Mutations ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mutation:
    """A way to damage; `hidden` as the module says."""

    name: str
    make: Callable[[random.Random, bytes], bytes]
    hidden: bool = True


def _truncated(rng: random.Random, body: bytes) -> bytes:
    return body[: rng.randrange(len(body))]


def _tail_gone(rng: random.Random, body: bytes) -> bytes:
    return body[: -rng.randint(1, min(4096, len(body) - 1))]


def _head_gone(rng: random.Random, body: bytes) -> bytes:
    return body[rng.randint(1, min(4096, len(body) - 1)) :]


def _flipped(rng: random.Random, body: bytes) -> bytes:
    made = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64)) if made else 0):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _overwritten(rng: random.Random, body: bytes) -> bytes:
    """A number of a structure replaced by one that programs stumble over."""
    made = bytearray(body)
    for _ in range(rng.choice((1, 1, 4))):
        value = rng.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE))
        packed = struct.pack("<I", value)[: rng.choice((1, 2, 4))]
        at = rng.randrange(len(made))
        made[at : at + len(packed)] = packed
    return bytes(made[: len(body)])


def _stretch(rng: random.Random, body: bytes) -> tuple[int, int]:
    unit = rng.choice((1, 16, 64, 512, 512, 4096))
    size = min(len(body), unit * rng.randint(1, 4))
    start = rng.randrange(max(1, len(body) - size + 1)) // unit * unit
    return start, start + size


def _zeroed(rng: random.Random, body: bytes) -> bytes:
    start, end = _stretch(rng, body)
    return body[:start] + bytes(len(body[start:end])) + body[end:]


def _deleted(rng: random.Random, body: bytes) -> bytes:
    start, end = _stretch(rng, body)
    return body[:start] + body[end:]


def _duplicated(rng: random.Random, body: bytes) -> bytes:
    start, end = _stretch(rng, body)
    return body[:end] + body[start:end] + body[end:]


def _swapped(rng: random.Random, body: bytes) -> bytes:
    unit = rng.choice((64, 512, 512, 512, 4096))
    count = len(body) // unit
    if count < 2:
        return body[::-1]
    first, second = sorted(rng.sample(range(count), 2))
    blocks = [body[at : at + unit] for at in range(0, len(body), unit)]
    blocks[first], blocks[second] = blocks[second], blocks[first]
    return b"".join(blocks)


def _copied_over(rng: random.Random, body: bytes) -> bytes:
    start, end = _stretch(rng, body)
    at = rng.randrange(len(body)) // 16 * 16
    return (body[:at] + body[start:end] + body[at + end - start :])[: len(body)]


def _spliced(rng: random.Random, body: bytes) -> bytes:
    other = rng.choice(list(sources().values()))
    return body[: rng.randrange(len(body))] + other[rng.randrange(len(other)) :]


def _wrapped(rng: random.Random, body: bytes) -> bytes:
    """Another format's signature before it, or another document behind it."""
    other = rng.choice(list(sources().values()))
    head = rng.choice(
        (b"%PDF-1.4\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<html>", b"\xff\xfe")
    )
    return head + body if rng.random() < 0.5 else body + other


def _words_flipped(rng: random.Random, body: bytes) -> bytes:
    """Bytes changed that belong to no digit: nothing in plain text tells one digit from another."""
    places = [at for at, byte in enumerate(body) if not 0x30 <= byte <= 0x39]
    made = bytearray(body)
    for _ in range(rng.choice((1, 2, 8, 64))):
        made[rng.choice(places)] ^= 1 << rng.randrange(8)
    return bytes(made)


def _tags_flipped(rng: random.Random, body: bytes) -> bytes:
    """Bytes of tags changed: what stands between them cannot be told from what was written."""
    places = [at for tag in re.finditer(rb"<[^>]*>", body) for at in range(*tag.span())]
    made = bytearray(body)
    for _ in range(rng.choice((1, 2, 5))):
        made[rng.choice(places)] ^= 1 << rng.randrange(7)
    return bytes(made)


_HUGE = ("0", "-1", "1000000000", "99999999999999999999", "", "1e9", "NaN", "65536", "٣")


def _xml_changed(rng: random.Random, text: bytes) -> bytes:
    root = etree.fromstring(text, etree.XMLParser(huge_tree=True))
    for _ in range(rng.choice((1, 1, 3, 10))):
        elements = [element for element in root.iter() if element.getparent() is not None]
        if not elements:
            break
        _element_changed(rng, root, rng.choice(elements), elements)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _element_changed(
    rng: random.Random, root: etree._Element, chosen: etree._Element, elements: Sequence[etree._Element]
) -> None:
    parent = chosen.getparent()
    act = rng.randrange(7)
    if act == 0:
        parent.remove(chosen)
    elif act == 1:
        parent.insert(parent.index(chosen), etree.fromstring(etree.tostring(chosen, with_tail=False)))
    elif act == 2 and chosen.attrib:
        chosen.set(rng.choice(list(chosen.attrib)), rng.choice(_HUGE))
    elif act == 3 and chosen.attrib:
        del chosen.attrib[rng.choice(list(chosen.attrib))]
    elif act == 4:
        chosen.tag = rng.choice(elements).tag
    elif act == 5:
        other = rng.choice(elements)
        if other is not chosen and chosen not in other.iterancestors() and other is not root:
            other.append(chosen)
    elif len(parent) > 1:
        parent.insert(rng.randrange(len(parent)), chosen)


def _parts_changed(rng: random.Random, body: bytes) -> bytes:
    """A package with its XML changed and packed again, so that no check sum tells."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as old:
            files = {name: old.read(name) for name in old.namelist()}
    except (zipfile.BadZipFile, ValueError):
        return body
    marks = (b"<?xml", b"<Types", b"<Rel", b"<work", b"<w:", b"<ofd", b"\xef\xbb\xbf<?xml")
    texts = [name for name, text in files.items() if text.startswith(marks)]
    for name in texts and rng.choices(texts, k=rng.choice((1, 1, 2))):
        if rng.random() < 0.1:
            files[name] = rng.choice(
                (files[name][: rng.randrange(len(files[name]) + 1)], b"", files[rng.choice(texts)])
            )
            continue
        try:
            files[name] = _xml_changed(rng, files[name])
        except etree.XMLSyntaxError:
            files[name] = _flipped(rng, files[name])
    if rng.random() < 0.05:
        files.pop(rng.choice(list(files)))
    method = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    return zipped(files, method)


def _stored_flipped(rng: random.Random, body: bytes) -> bytes:
    """The members packed in another way, then damaged."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as old:
            files = {name: old.read(name) for name in old.namelist()}
    except (zipfile.BadZipFile, ValueError):
        return body
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    return rng.choice((_flipped, _zeroed, _overwritten))(rng, zipped(files, method))


_ANY = (
    Mutation("truncated", _truncated),
    Mutation("tail gone", _tail_gone),
    Mutation("head gone", _head_gone),
    Mutation("flipped", _flipped),
    Mutation("overwritten", _overwritten),
    Mutation("zeroed", _zeroed),
    Mutation("deleted", _deleted),
    Mutation("duplicated", _duplicated),
    Mutation("swapped", _swapped),
    Mutation("copied over", _copied_over),
    Mutation("spliced", _spliced),
    Mutation("wrapped", _wrapped, hidden=False),
)
_OF_PACKAGES = (
    Mutation("xml changed", _parts_changed, hidden=False),
    Mutation("xml changed again", _parts_changed, hidden=False),
    Mutation("repacked and damaged", _stored_flipped),
)
_OF_TEXT = (
    Mutation("truncated", _truncated),
    Mutation("tail gone", _tail_gone),
    Mutation("zeroed", _zeroed, hidden=False),
    Mutation("deleted", _deleted, hidden=False),
    Mutation("duplicated", _duplicated, hidden=False),
    Mutation("flipped", _words_flipped, hidden=False),
    Mutation("spliced", _spliced, hidden=False),
    Mutation("wrapped", _wrapped, hidden=False),
)
_OF_PAGES = (*_OF_TEXT, Mutation("tags flipped", _tags_flipped, hidden=False))


def mutations(name: str) -> tuple[Mutation, ...]:
    """The ways to damage a document of this name."""
    ending = name.rpartition(".")[2]
    if ending == "txt":
        return _OF_TEXT
    if ending == "html":
        return _OF_PAGES
    if ending in ("docx", "xlsx", "ofd", "zip"):
        return (*_ANY, *_OF_PACKAGES)
    return _ANY


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged document: made again by `case` from its source, seed and number."""

    source: str
    seed: int
    number: int
    mutation: Mutation
    body: bytes

    def __str__(self) -> str:
        return f"{self.source} seed {self.seed} number {self.number} ({self.mutation.name})"


def case(source: str, seed: int, number: int) -> Case:
    """The damaged document of this number; the same for ever while the source is the same."""
    rng = random.Random(f"{seed}/{source}/{number}")
    mutation = rng.choice(mutations(source))
    return Case(source, seed, number, mutation, mutation.make(rng, sources()[source]))


def cases(seed: int, only: str = "") -> Iterator[Case]:
    """Damaged documents without end, every source in turn."""
    names = [name for name in sources() if only in name]
    number = 0
    while True:
        number += 1
        for name in names:
            yield case(name, seed, number)


# Judgement ----------------------------------------------------------------------------------------------


def _told(report: Report) -> Told:
    return {figure.cell: (figure.status, figure.value) for figure in report.figures}


@cache
def truth(source: str) -> tuple[Told, ...]:
    """The figures of each report in a whole document."""
    return tuple(_told(found.report) for found in read_file(sources()[source]) if found.report)


@cache
def every_truth() -> tuple[Told, ...]:
    """The figures of all whole documents."""
    return tuple(told for source in sources() for told in truth(source))


def finding(found: Sequence[DocumentReading], damaged: Case) -> str | None:
    """What a reading of a damaged document did that it may not do."""
    if not found:
        return "no reading at all"
    for reading in found:
        failed = [problem for problem in reading.problems if problem.code in READER_FAILURES]
        if failed:
            return f"{failed[0].code}: {failed[0].detail}"
        if reading.report is None:
            if not reading.problems:
                return "no report and no reason"
            continue
        reason = _wrong(reading, damaged)
        if reason:
            return reason
    return None


_ROWS_OF_NUMBERS = b"|".join(
    b"\xbd\0" + re.escape(bytes([6 + 6 * count])) + b"\0.{%d}" % (6 + 6 * count) for count in range(1, 16)
)
_VALUES = {
    "xls": re.compile(
        rb"\x7e\x02\x0a\x00.{10}|\x03\x02\x0e\x00.{14}|" + _ROWS_OF_NUMBERS + rb"|(?:[0-9]\x00)+|[0-9]{2,}",
        re.DOTALL,
    ),
    "doc": re.compile(rb"(?:[0-9]\x00)+|[0-9]{2,}"),
}
"""Where the numbers themselves are written in formats without check sums: what is changed there nobody can
know.
"""


def _is_exposed(damaged: Case) -> bool:
    """Whether bytes of a number itself were changed, or numbers moved about as an editor may move them."""
    whole = sources()[damaged.source]
    ending = damaged.source.rpartition(".")[2]
    if ending in ("docx", "xlsx", "ofd", "zip", "pdf", "rar", "7z"):
        return not damaged.mutation.hidden and not _in_order(whole, damaged.body)
    if ending in ("html", "txt"):
        if damaged.mutation.name == "deleted" and b"</tr" in _gone(whole, damaged.body):
            return True  # the label of one row stands before the figures of another
        return not damaged.mutation.hidden and not _follow(_numbers(whole), _numbers(damaged.body))
    if len(whole) != len(damaged.body):
        return False
    changed = [at for at, (old, new) in enumerate(zip(whole, damaged.body, strict=True)) if old != new]
    spans = [match.span() for match in _VALUES[ending].finditer(whole)]
    spans += [match.span() for match in _VALUES[ending].finditer(damaged.body)]
    return any(start <= at < end for at in changed for start, end in spans)


def _gone(whole: bytes, damaged: bytes) -> bytes:
    """The stretch that was deleted."""
    at = next((at for at, (old, new) in enumerate(zip(whole, damaged, strict=False)) if old != new), 0)
    return whole[at : at + len(whole) - len(damaged)]


def _numbers(text: bytes) -> list[bytes]:
    return re.findall(rb"[0-9]{3,}", re.sub(rb"<[^>]*>", b" ", text))


def _follow(whole: Sequence[bytes], damaged: Sequence[bytes]) -> bool:
    """Whether the numbers stand in their old order, some left out."""
    rest = iter(whole)
    return all(number in rest for number in damaged)


def _in_order(whole: bytes, damaged: bytes) -> bool:
    """Whether the parts of a package show the numbers in their old order."""
    try:
        with zipfile.ZipFile(BytesIO(whole)) as old, zipfile.ZipFile(BytesIO(damaged)) as new:
            if set(new.namelist()) - set(old.namelist()):
                return False
            names = new.namelist()
            if any(_moved(old.read(n), new.read(n)) for n in names if n.endswith("sharedStrings.xml")):
                return False
            return all(_follow(_numbers(old.read(n)), _numbers(new.read(n))) for n in names)
    except (zipfile.BadZipFile, ValueError):
        return True


def _moved(whole: bytes, damaged: bytes) -> bool:
    """Whether the words of a workbook stand at other places in its list, and so in other cells."""
    old, new = ([re.sub(rb"<[^>]*>", b"", text) for text in t.split(b"</si>")] for t in (whole, damaged))
    return any(text in old and old[at : at + 1] != [text] for at, text in enumerate(new) if text)


def _wrong(reading: DocumentReading, damaged: Case) -> str | None:
    if any(problem.code in _OF_DOCUMENT for problem in reading.problems) or reading.report is None:
        return None
    told = _told(reading.report)
    candidates = truth(damaged.source)
    if damaged.mutation.name in ("spliced", "wrapped"):
        candidates = every_truth()
    known = max(
        candidates, key=lambda one: sum(told.get(cell) == value for cell, value in one.items()), default={}
    )
    named = {(cell.table, cell.row) for problem in reading.problems for cell in problem.cells}
    absent = {table for table, form in reading.report.forms.items() if form is None}
    # A text cut short may pass for one of the other form, whose rows are named as missing then.
    absent |= {cell.table for p in reading.problems if p.code == "missing_row" for cell in p.cells}
    stands = {
        value: cell for cell, (status, value) in known.items() if status == "number" and (value or 0) > 99
    }
    for cell, before in known.items():
        if (cell.table, cell.row) in named:
            continue
        after = told.get(cell)
        if after == before or (after and after[0] in ("merged", "unreadable")):
            continue
        if after is None and cell.table in absent:
            continue
        moved = after is not None and after[0] == "number" and stands.get(after[1], cell) != cell
        if (moved or damaged.mutation.hidden) and not _is_exposed(damaged):
            return f"{cell.table}/{cell.row}/{cell.column}: {before} became {after}, and no problem names it"
    return None


# Running ------------------------------------------------------------------------------------------------


def findings(damaged: Iterator[Case], jobs: int = 1) -> Iterator[tuple[Case, str | None, float]]:
    """Each case, what was found, and the seconds that its reading took at most."""
    with ReadingPool(jobs, ocr=False, seconds=SECONDS, megabytes=MEGABYTES) as pool:
        waiting: list[tuple[Case, Future[list[DocumentReading]], float]] = []
        for one in damaged:
            waiting.append((one, pool.submit_file(one.body), time.monotonic()))
            if len(waiting) > 2 * jobs:
                yield _settled(pool, *waiting.pop(0))
        for entry in waiting:
            yield _settled(pool, *entry)


def _settled(
    pool: ReadingPool, one: Case, future: Future[list[DocumentReading]], begun: float
) -> tuple[Case, str | None, float]:
    found = pool.collected_file(one.body, future)
    return one, finding(found, one), time.monotonic() - begun


def main() -> int:
    """Prints the findings; 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.pipelines.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the names of the documents to damage")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the documents that gave a finding")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds

    def in_time() -> Iterator[Case]:
        for one in cases(options.seed, options.only):
            if time.monotonic() > end:
                return
            yield one

    counts: dict[str, int] = {}
    found = 0
    slowest = (0.0, "")
    for one, reason, seconds in findings(in_time(), options.jobs):
        ending = one.source.rpartition(".")[2]
        counts[ending] = counts.get(ending, 0) + 1
        slowest = max(slowest, (seconds, str(one)))
        if reason:
            found += 1
            print(f"{one}: {reason}", flush=True)
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{one.seed}-{one.number}-{one.source}").write_bytes(one.body)
    print(f"{sum(counts.values())} documents read ({counts}), {found} findings; slowest {slowest}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
