"""Addresses of files: which lead to a document, and which document a viewer is told to show.

Owns the judgement over addresses alone; the words are data in embedded.toml. Pure functions.
"""

from __future__ import annotations

import binascii
import re
import tomllib
from base64 import b64decode
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urljoin, urlsplit

from crawler.addresses import absolute

DOCUMENT_ENDINGS = frozenset(
    ("pdf", "doc", "docx", "wps", "wpt", "xls", "xlsx", "et", "csv", "ofd", "zip", "rar", "7z", "txt", "rtf")
)
IMAGE_ENDINGS = frozenset(("jpg", "jpeg", "png", "tif", "tiff"))
"""Images count as files of an article only where an anchor links them."""

_FILE = Path(__file__).with_name("embedded.toml")
_KINDS: dict[str, dict[str, type]] = {
    "viewer": {"pages": re.Pattern, "parameters": frozenset},
    "frame": {"attributes": tuple, "marks": tuple, "furniture": re.Pattern},
    "script": {"variables": re.Pattern, "calls": re.Pattern},
    "download": {"addresses": re.Pattern},
    "picture": {
        "attributes": tuple,
        "furniture": re.Pattern,
        "endings": frozenset,
        "least_side": int,
        "least_bytes": int,
        "most": int,
        "tables": tuple,
        "tables_since": int,
    },
    "onward": {"labels": re.Pattern, "most": int, "text": int},
}
_KEPT = 4096
"""Addresses that are kept with what was told of them: every page of a portal repeats those of its menu."""
_NESTED = 3
"""Viewers that show viewers, and addresses encoded again and again: more is no address."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ENDING = re.compile(r"\.(\w{2,4})$")


class EmbeddedError(ValueError):
    """embedded.toml does not have the shape it must have."""


@cache
def signs() -> dict[str, dict[str, Any]]:
    """embedded.toml by table and key, patterns compiled. Raises EmbeddedError with the key that is wrong."""
    return checked(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def checked(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tables of embedded.toml in the kinds that their keys have; raises EmbeddedError."""
    names = {f"{table}.{key}" for table, keys in given.items() for key in keys}
    wanted = {f"{table}.{key}" for table, keys in _KINDS.items() for key in keys}
    if names != wanted:
        wrong = ", ".join(sorted(names ^ wanted))
        raise EmbeddedError(f"{_FILE.name}: unknown or missing: {wrong}")
    return {
        table: {key: _value(f"{table}.{key}", kind, given[table][key]) for key, kind in keys.items()}
        for table, keys in _KINDS.items()
    }


def _value(name: str, kind: type, given: object) -> object:
    if kind is int:
        if not isinstance(given, int) or given < 1:
            raise EmbeddedError(f"{_FILE.name}: {name}: must be a whole number from 1 on")
        return given
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise EmbeddedError(f"{_FILE.name}: {name}: must be a list of strings")
    if kind is not re.Pattern:
        return kind(given)
    whole = "|".join(f"(?:{one})" for one in given)
    try:
        return re.compile(f"^(?:{whole})$" if name.startswith("script.") else whole, re.IGNORECASE)
    except re.error as error:
        raise EmbeddedError(f"{_FILE.name}: {name}: {error}") from error


@lru_cache(maxsize=_KEPT)
def document_ending(url: str) -> str | None:
    """The file ending in an address (path or a parameter that names a file), or None."""
    parts = urlsplit(url)
    names = [parts.path, *(value for _, value in parse_qsl(parts.query))]
    for name in names:
        ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
        if ending in DOCUMENT_ENDINGS or ending in IMAGE_ENDINGS:
            return ending
    return None


def is_document(url: str) -> bool:
    """Whether an address leads to a document rather than to a page or an image."""
    return document_ending(url) in DOCUMENT_ENDINGS


@lru_cache(maxsize=_KEPT)
def is_download(url: str) -> bool:
    """Whether an address gives a file, although it does not end as one does."""
    parts = urlsplit(url)
    return bool(signs()["download"]["addresses"].search(f"{parts.path}?{parts.query}"))


def names_file(text: str) -> bool:
    """Whether a link's text is a file's name."""
    match = _ENDING.search(text.strip())
    return match is not None and match[1].lower() in DOCUMENT_ENDINGS


@lru_cache(maxsize=_KEPT)
def is_viewer(url: str) -> bool:
    """Whether an address is that of a page which shows the document that the address names."""
    return bool(signs()["viewer"]["pages"].search(url))


def shown(base: str, reference: str, nested: int = _NESTED) -> str | None:
    """The address of what a reference shows: its own, or that of the document that a viewer is told to
    show, out of parameters encoded however often, or in Base64. None where it is no address.
    """
    own = absolute(base, reference)
    if own is None or nested == 0:
        return own
    # `absolute` drops what stands after the #, where some viewers are told.
    parts = urlsplit(urljoin(base, reference.strip().replace("\\", "/")))
    viewer = is_viewer(own)
    for value in _told(parts):
        for text in _readings(value):
            rooted = text.startswith(("http://", "https://", "/", "./", "../"))
            inner = absolute(own if viewer else base, text) if rooted or viewer else None
            if inner and inner != own and (is_document(text) or (viewer and rooted)):
                return shown(inner, inner, nested - 1)
    return own


def _told(parts: SplitResult) -> Iterator[str]:
    """What the parameters of an address say that may name a document."""
    if parts.fragment and "=" not in parts.fragment:
        yield parts.fragment
    for half in (parts.query, parts.fragment.rpartition("?")[2]):
        for pair in half.split("&"):
            name, _, value = pair.partition("=")
            if value and name.lower() in signs()["viewer"]["parameters"]:
                yield value


def _readings(value: str) -> Iterator[str]:
    """A parameter's value, decoded as often as it was encoded."""
    for _ in range(_NESTED):
        if (plain := unquote(value)) == value:
            break
        value = plain
    yield value
    if _BASE64.fullmatch(value):
        try:
            padded = value + "=" * (-len(value) % 4)
            text = b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return
        yield unquote(text)


def file_name(header: bytes) -> str | None:
    """The name that a Content-Disposition header gives a file, in whatever encoding, or None."""
    match = re.search(rb"filename\*\s*=\s*([\w-]+)'[^']*'([^;\s]+)", header, re.IGNORECASE)
    if match:
        try:
            return unquote(match[2].decode("ascii"), match[1].decode("ascii"), "replace")
        except (LookupError, UnicodeDecodeError):
            return None
    match = re.search(rb"filename\s*=\s*(?:\"([^\"]*)\"|([^;]+))", header, re.IGNORECASE)
    if not match:
        return None
    raw = (match[1] or match[2] or b"").strip()
    for encoding in ("utf-8", "gb18030"):
        try:
            return unquote(raw.decode(encoding)) or None
        except UnicodeDecodeError:
            continue
    return None
