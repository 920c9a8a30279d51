"""Writes archive files (ZIP, RAR, 7z) for the tests and measures of their reader."""

from __future__ import annotations

import subprocess
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from pipelines.readers import packed


def zipped(files: Mapping[str, bytes], charset: str | None = None) -> bytes:
    """A ZIP; with a charset the names are written in it without a mark, as old Chinese programs do."""
    names = {name: name for name in files}
    if charset:
        # Names in ASCII bear no mark; as many letters as the real name has bytes stand for it at first.
        names = {
            name: f"#{number}".ljust(len(name.encode(charset)), "_") for number, name in enumerate(files)
        }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(names[name], body)
    made = file.getvalue()
    for name, written in names.items() if charset else ():
        made = made.replace(written.encode(), name.encode(charset))
    return made


def vint(number: int) -> bytes:
    """A number as RAR 5 writes it: seven bits a byte, the last without the high bit."""
    parts = []
    while True:
        number, low = number >> 7, number & 0x7F
        parts.append(low | (0x80 if number else 0))
        if not number:
            return bytes(parts)


def rar(files: Mapping[str, bytes]) -> bytes:
    """A RAR 5 archive of stored files (format note of RARLAB: signature, main, file and end headers)."""

    def header(*fields: bytes) -> bytes:
        content = b"".join(fields)
        sized = vint(len(content)) + content
        return zlib.crc32(sized).to_bytes(4, "little") + sized

    body = b"Rar!\x1a\x07\x01\x00" + header(vint(1), vint(0), vint(0))
    for name, content in files.items():
        raw = name.encode()
        crc = zlib.crc32(content).to_bytes(4, "little")
        fields = [vint(2), vint(2), vint(len(content)), vint(4), vint(len(content)), vint(0o100644), crc]
        body += header(*fields, vint(0), vint(1), vint(len(raw)), raw) + content
    return body + header(vint(5), vint(0), vint(0))


def seven_zip(folder: Path, files: Mapping[str, bytes], *options: str) -> bytes:
    """A 7z made by 7-Zip (extra `archives`) in a folder of the caller's."""
    for name, body in files.items():
        (folder / name).write_bytes(body)
    made = folder / "made.7z"
    subprocess.run(
        [packed._program(), "a", *options, str(made), *(str(folder / name) for name in files)],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    return made.read_bytes()
