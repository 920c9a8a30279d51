"""Pictures of pages as rows of bytes: a frame drawn around a place, a part cut out, PNG.

Owns no reading. Standard library only, so that a page can be shown where the extra for scans is missing.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Self

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

FRAME = (200, 30, 30)
"""The colour of the frame around a place; grey pictures become coloured ones where one is drawn."""


@dataclass(slots=True)
class Raster:
    """Pixels in rows from the top, `channels` bytes each (1: grey; 3: red, green, blue), without padding."""

    width: int
    height: int
    channels: int
    pixels: bytearray

    @classmethod
    def of_rows(cls, width: int, height: int, channels: int, rows: bytes, stride: int) -> Self:
        """Pixels whose rows are `stride` bytes long."""
        length = width * channels
        if stride == length:
            return cls(width, height, channels, bytearray(rows[: length * height]))
        kept = (rows[at : at + length] for at in range(0, stride * height, stride))
        return cls(width, height, channels, bytearray(b"".join(kept)))

    def coloured(self) -> Raster:
        """The same in red, green and blue."""
        if self.channels == 3:
            return Raster(self.width, self.height, 3, bytearray(self.pixels))
        pixels = bytearray(3 * len(self.pixels))
        for channel in range(3):
            pixels[channel::3] = self.pixels
        return Raster(self.width, self.height, 3, pixels)

    def framed(self, box: Box, thickness: int = 4) -> Raster:
        """The picture with a frame around the `box` (pixels), outside of it so that nothing is covered."""
        found = self.coloured()
        left, top, right, bottom = self._outward(box, thickness)
        for edge in ((top, top + thickness), (bottom - thickness, bottom)):
            found._fill(left, right, *edge)  # noqa: SLF001 another of its own kind
        for side in ((left, left + thickness), (right - thickness, right)):
            found._fill(*side, top, bottom)  # noqa: SLF001
        return found

    def _outward(self, box: Box, by: int) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (round(value) for value in box)
        return (
            min(max(x0 - by, 0), self.width),
            min(max(y0 - by, 0), self.height),
            min(max(x1 + by, 0), self.width),
            min(max(y1 + by, 0), self.height),
        )

    def _fill(self, left: int, right: int, top: int, bottom: int) -> None:
        left = max(left, 0)
        line = bytes(FRAME) * max(0, right - left)
        for row in range(max(top, 0), min(bottom, self.height)):
            begin = (row * self.width + left) * 3
            self.pixels[begin : begin + len(line)] = line

    def rows(self, top: int, bottom: int) -> Raster:
        """The rows from `top` to before `bottom`, at least one."""
        first = min(max(top, 0), self.height - 1)
        last = min(max(bottom, first + 1), self.height)
        length = self.width * self.channels
        return Raster(self.width, last - first, self.channels, self.pixels[first * length : last * length])

    def png(self) -> bytes:
        """The picture as a PNG (ISO/IEC 15948): eight bits a channel, each row as it is."""
        length = self.width * self.channels
        rows = bytearray()
        for begin in range(0, length * self.height, length):
            rows += b"\0"
            rows += self.pixels[begin : begin + length]
        kind = {1: 0, 3: 2}[self.channels]
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, kind, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
