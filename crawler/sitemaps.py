"""Sitemaps: the addresses that a portal tells machines, where its menus lead nowhere.

Owns the reading of sitemap.xml (plain, packed, or an index of others) and the choice of the addresses
that may be the section's. Pure functions over bytes; nothing is fetched here.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from crawler.addresses import absolute, canonical
from crawler.page import decoded
from crawler.titles import section_address

PATHS = ("/sitemap.xml", "/sitemap.xml.gz", "/sitemap_index.xml")
"""Where sitemaps lie when robots.txt names none."""
LARGEST = 20 * 1024 * 1024
"""Bytes that a packed sitemap may unpack to; the protocol allows 50 MB, no portal comes near."""
MOST_ADDRESSES = 50_000

_LOCATION = re.compile(r"<(?:\w+:)?loc\s*>\s*(?:<!\[CDATA\[)?\s*([^<\]]{1,2000}?)\s*(?:\]\]>)?\s*</")
_INDEX = re.compile(r"<(?:\w+:)?sitemapindex\b")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The addresses of a sitemap; of an `index` they are those of further sitemaps."""

    addresses: tuple[str, ...]
    index: bool = False


def read(body: bytes, url: str) -> Sitemap:
    """What a sitemap names; nothing where the bytes are none, are damaged or unpack to too much."""
    plain = _unpacked(body)
    text = decoded(plain) if plain is not None else ""
    found: dict[str, None] = {}
    for match in _LOCATION.finditer(text):
        address = absolute(url, html.unescape(match[1]))
        if address is not None:
            found.setdefault(address)
        if len(found) >= MOST_ADDRESSES:
            break
    return Sitemap(tuple(found), index=bool(_INDEX.search(text[:2000])))


def _unpacked(body: bytes) -> bytes | None:
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, LARGEST)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else plain


def sections(addresses: Iterable[str], most: int) -> tuple[str, ...]:
    """The addresses that may be the section's by what they are called, likeliest first, `most` at most."""
    found: dict[str, tuple[int, int, str]] = {}
    for address in addresses:
        told = section_address(address)
        if told is not None:
            rank, section = told
            found.setdefault(canonical(section), (rank, len(section), section))
    return tuple(section for _, _, section in sorted(found.values())[:most])
