"""What a page shows from elsewhere: documents in frames, viewers and scripts, other pages, pictures.

Owns the addresses only, so that a page which holds no report itself can say where it may be; nothing is
fetched. What speaks for and against an element is data in shown.toml.
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import unquote, urljoin

from pipelines.readers.cell_text import Element

_FRAMES = ("iframe", "frame", "embed", "object")
_LISTS = ("frame_attributes", "picture_attributes", "parameters", "endings", "furniture")
_QUOTED = re.compile(r"['\"]([^'\"<>\n]{3,400})['\"]")
_STYLED = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*(\d+)(?:\.\d+)?px", re.IGNORECASE)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PACKED = re.compile(r"data:application/[\w.+-]+(?:;[\w=.-]+)*;base64,", re.IGNORECASE)
_ENCODED = 3
"""How often addresses are encoded one in the other; more is none."""


class ShownError(ValueError):
    """shown.toml does not have the shape it must have."""


class Signs(NamedTuple):
    """shown.toml, its patterns compiled."""

    frame_attributes: tuple[str, ...]
    picture_attributes: tuple[str, ...]
    parameters: re.Pattern[str]
    endings: re.Pattern[str]
    furniture: re.Pattern[str]
    least_side: int


@cache
def signs() -> Signs:
    """The data. Raises ShownError with the key that is unknown, missing or wrong."""
    return checked(tomllib.loads(files(__package__).joinpath("shown.toml").read_text(encoding="utf-8")))


def checked(given: dict[str, object]) -> Signs:
    """The data in its shape; raises ShownError."""
    if set(given) != set(Signs._fields):
        wrong = ", ".join(sorted(set(given) ^ set(Signs._fields)))
        raise ShownError(f"shown.toml: unknown or missing: {wrong}")
    lists: dict[str, list[str]] = {}
    for key in _LISTS:
        value = given[key]
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            raise ShownError(f"shown.toml: {key}: must be a list of strings")
        lists[key] = value
    side = given["least_side"]
    if not isinstance(side, int) or side < 1:
        raise ShownError("shown.toml: least_side: must be a whole number from 1 on")
    parameters, endings = ("|".join(map(re.escape, lists[key])) for key in ("parameters", "endings"))
    try:
        furniture = re.compile("|".join(lists["furniture"]), re.IGNORECASE)
    except re.error as error:
        raise ShownError(f"shown.toml: furniture: {error}") from error
    return Signs(
        tuple(lists["frame_attributes"]),
        tuple(lists["picture_attributes"]),
        re.compile(rf"[?&#](?:{parameters})=([^&#]+)", re.IGNORECASE),
        re.compile(rf"\.(?:{endings})(?=$|[?#&])", re.IGNORECASE),
        furniture,
        side,
    )


def documents(root: Element, base: str | None) -> Iterator[str]:
    """Addresses of documents that frames of the page show, by themselves or in a viewer."""
    for frame in root.iter(*_FRAMES):
        references = [frame.get(name) for name in signs().frame_attributes]
        references += [param.get("value") for param in frame.iter("param")]
        for reference in references:
            if reference and (told := _document(reference)):
                yield _placed(told, base)
                break


def named(root: Element, base: str | None) -> Iterator[str]:
    """Addresses of documents that scripts and elements without a text of their own name."""
    for script in root.iter("script"):
        source = script.text or ""
        if signs().endings.search(source.replace("'", "?").replace('"', "?")):
            for quoted in _QUOTED.findall(source):
                if told := _document(quoted.replace("\\/", "/")):
                    yield _placed(told, base)
    for element in root.xpath("//*[@data-pdf or @data-file or @data-fileurl or @data-url]"):
        for name in ("data-pdf", "data-file", "data-fileurl", "data-url"):
            if told := _document(element.get(name) or ""):
                yield _placed(told, base)


def stand_ins(region: Element, base: str | None) -> Iterator[str]:
    """Addresses of pages in frames, and of pictures large enough to show a page, in their order."""
    for element in region.iter(*_FRAMES, "img"):
        known = signs()
        names = known.picture_attributes if element.tag == "img" else known.frame_attributes
        reference = next((text for name in names if _is_address(text := (element.get(name) or ""))), None)
        said = " ".join(element.get(name) or "" for name in ("class", "id", "alt", "title"))
        if not reference or (element.tag != "img" and _document(reference)):
            continue
        if not known.furniture.search(f"{unquote(reference)} {said}") and not _small(element):
            yield _placed(reference, base)


def packed(root: Element) -> bytes | None:
    """The first document whose file stands in the page itself, in an address that begins with data:."""
    for frame in root.iter(*_FRAMES):
        for name in ("src", "data"):
            text = (frame.get(name) or "").strip()
            if head := _PACKED.match(text):
                letters = re.sub(r"[^A-Za-z0-9+/]", "", unquote(text[head.end() :]))
                # A single letter over is no byte: what is cut off is for the document's reader to find.
                letters = letters[:-1] if len(letters) % 4 == 1 else letters
                return base64.b64decode(letters + "=" * (-len(letters) % 4))
    return None


def _is_address(text: str) -> bool:
    return bool(text) and not text.lower().startswith(("data:", "javascript:", "about:", "#"))


def _document(reference: str) -> str | None:
    """The address of a document in a reference: itself, or what a viewer is told to show."""
    text = reference.strip()
    if not _is_address(text):
        return None
    for _ in range(_ENCODED):
        found = signs().parameters.search(text)
        inner = unquote(unquote(found[1])) if found else ""
        if not signs().endings.search(inner):
            break
        text = inner
    if "#" in text and not signs().endings.search(text.partition("#")[0]):
        return None
    return text.partition("#")[0] if signs().endings.search(text) else None


def _placed(reference: str, base: str | None) -> str:
    return urljoin(base, reference) if base else reference


def _small(element: Element) -> bool:
    """Whether an element is hidden, or smaller than a page as far as the mark-up says."""
    if any(_UNSEEN.search(one.get("style") or "") for one in (element, *element.iterancestors())):
        return True
    sides = [element.get("width") or "", element.get("height") or ""]
    sides += _STYLED.findall(element.get("style") or "")
    told = [found for side in sides if (found := re.fullmatch(r"\s*(\d+)(?:px)?\s*", side))]
    return any(int(side[1]) < signs().least_side for side in told)
