"""From bytes to text: the three-line charset rule, measured better than labels and detectors.

Strict UTF-8, else GB18030 (which holds GB2312 and GBK), else whichever damages less. What the
page or the server says of its charset is wrong too often on these portals to be asked first;
it is asked only where both fail (Big5, UTF-16 by its byte-order mark).
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from bs4.dammit import EncodingDetector

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_OTHERS = ("big5", "cp", "euc", "hz", "iso", "shift", "utf-16")
"""How charsets begin; Python knows codecs that are none (`zlib`, `undefined`)."""


def decoded(body: bytes) -> str:
    """The text of a page or text file of unknown charset; damaged bytes become U+FFFD."""
    return _decoded(body)[0]


class Source(NamedTuple):
    """A text, and the bytes that it was read from where every ASCII character is a byte of its own in them.

    A rare sign is looked for in the bytes first: a search there costs a quarter of one in the text. What is
    not in the bytes is not in the text; the reverse is not certain (GB18030 has letters of two bytes).
    """

    text: str
    letters: bytes | None


def source(body: bytes) -> Source:
    """The text as `decoded` gives it, with its bytes."""
    text, encoding = _decoded(body)
    return Source(text, body if encoding in ("utf-8", "gb18030") else None)


def charset(body: bytes) -> str:
    """The charset in which `decoded` reads a page, by Python's name."""
    return _decoded(body)[1]


def _decoded(body: bytes) -> tuple[str, str]:
    """The text, and the charset in which it was read."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            begins = len(bom) if encoding == "utf-8" else 0
            return body[begins:].decode(encoding, "replace"), encoding
    for encoding in ("utf-8", "gb18030"):
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and not body[: error.start].isascii():
                # UTF-8 cut inside its last character; as GB18030 it might pass, every word another.
                return body.decode("utf-8", "replace"), "utf-8"
            continue
        return (text, encoding) if encoding == "utf-8" else _less_private(text, body)
    candidates = [
        (body.decode(encoding, "replace"), encoding) for encoding in ("utf-8", "gb18030", *_declared(body))
    ]
    return min(candidates, key=lambda candidate: candidate[0].count("\ufffd"))


def _less_private(text: str, body: bytes) -> tuple[str, str]:
    """A text read as GB18030, or as the charset that the page names where that reads without fault and
    GB18030 gives characters that nobody prints (Big5 read as GB18030 does).
    """
    if not _PRIVATE.search(text):
        return text, "gb18030"
    for encoding in _declared(body):
        try:
            return body.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return text, "gb18030"


def _declared(body: bytes) -> list[str]:
    """The charset that the page itself names, where it is one and no GB (tried already)."""
    name = EncodingDetector.find_declared_encoding(body[:4096], is_html=True)
    try:
        found = codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):  # the latter for a zero in the name
        return []
    return [found] if found.startswith(_OTHERS) else []
