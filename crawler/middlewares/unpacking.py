"""Bodies that travel compressed: unpacking them, and what becomes of those that do not unpack.

Scrapy drops such an answer where it stands, below the archive and the retries: nothing would say
that it came. Here it goes on without its body and with a flag that says why, so that it leaves its
row, is tried again, and ends as the failure that it is.
"""

from __future__ import annotations

import re
import zlib
from importlib import import_module
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import retry
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest

from crawler.middlewares.challenge import RefusedPage

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

BROKEN = "broken: "
"""Starts the flag of an answer that could not be unpacked; what follows says why."""
_PIECE = 1 << 20
_GZIP = b"\x1f\x8b\x08"
_TOO_LARGE = "unpacks to more than"


def _codec_error(module: str, name: str) -> type[Exception]:
    """The error of an optional codec; without the codec no server is told that it may be used."""
    try:
        error: type[Exception] = getattr(import_module(module), name)
    except ImportError:
        return zlib.error
    return error


_DAMAGED = (
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    _codec_error("brotli", "error"),
    _codec_error("zstandard", "ZstdError"),
)


class UnpackingMiddleware(HttpCompressionMiddleware):
    """Scrapy's unpacking; what it cannot unpack goes on flagged and without a body."""

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        if response.status == 304:
            return response
        largest = request.meta.get("download_maxsize", self._max_size)
        if _is_packed_unsaid(request, response):
            response = response.replace(headers={**response.headers, b"Content-Encoding": [b"gzip"]})
        try:
            if _cut(response, largest):
                raise EOFError("it ends before its end")
            return super().process_response(request, response)
        except IgnoreRequest:
            return _flagged(response, f"{_TOO_LARGE} {largest} bytes (DOWNLOAD_MAXSIZE)")
        except _DAMAGED as error:
            packing = b", ".join(response.headers.getlist("Content-Encoding")).decode("latin-1")
            return _flagged(response, f"the body cannot be unpacked ({packing}): {error}")


class RetryMiddleware(retry.RetryMiddleware):
    """Scrapy's retries, also of answers that could not be unpacked."""

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        fault = next((flag for flag in response.flags if flag.startswith(BROKEN)), None)
        if fault is None:
            return super().process_response(request, response)
        reason = fault.removeprefix(BROKEN)
        if reason.startswith(_TOO_LARGE):
            raise RefusedPage("too_large", response, reason)
        again = None if request.meta.get("dont_retry") else self._retry(request, reason)
        if again is None:
            raise RefusedPage("connection_failed", response, reason)
        return again


def _is_packed_unsaid(request: Request, response: Response) -> bool:
    """Whether an answer is packed although no header says so and nobody asked for a packed file."""
    if "Content-Encoding" in response.headers or not response.body.startswith(_GZIP):
        return False
    kind = (response.headers.get("Content-Type") or b"").lower()
    packed = (b"gzip", b"compressed", b"octet-stream", b"application/x-")
    return not (
        any(name in kind for name in packed) or re.search(r"\.(t?gz|svgz)\b", request.url, re.IGNORECASE)
    )


def _cut(response: Response, largest: int) -> bool:
    """Whether a gzip body breaks off: Scrapy hands on what could be unpacked of it, as if that were all.

    A wrong sum at its end is no break: every byte came. Bodies of more than `largest` bytes are left
    to the unpacking, which refuses them.
    """
    packing = [name.strip().lower() for name in response.headers.getlist("Content-Encoding")]
    if packing not in ([b"gzip"], [b"x-gzip"]) or not response.body:
        return False
    unpacking, left, size = zlib.decompressobj(wbits=31), response.body, 0
    try:
        while left and not unpacking.eof:
            size += len(unpacking.decompress(left, _PIECE))
            left = unpacking.unconsumed_tail
            if size > largest > 0:
                return False
    except zlib.error as error:
        return "incorrect" not in str(error)
    return not unpacking.eof


def _flagged(response: Response, reason: str) -> Response:
    """The answer without its body; where the status says that nothing was served, that is all it says."""
    if not 200 <= response.status < 300:
        return response.replace(body=b"")
    return response.replace(body=b"", flags=[*response.flags, f"{BROKEN}{' '.join(reason.split())}"])
