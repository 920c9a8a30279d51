"""What a page shows without holding it: documents in frames, viewers and scripts, pictures of pages,
and links that stand in place of the text.

Owns finding them on a page; which of them are wanted is told by whether the page holds a report
itself, and whether they may be fetched by the spider. Pure functions over a page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import lxml.html
from lxml import etree

from crawler.addresses import absolute, canonical
from crawler.page import LEADING, Link, Page, compiled, in_navigation, wellformed
from crawler.platforms.files import is_document, is_download, is_viewer, shown, signs
from crawler.titles import folded, is_other, is_report, title_year

Kind = Literal["file", "frame", "picture", "page"]
"""How a page offers something: as a file, in a frame, as a picture, or behind a link that says so."""

_FRAMES = ("iframe", "frame", "embed", "object")
_QUOTED = r"(?:'((?:[^'\\\n]|\\.){3,400})'|\"((?:[^\"\\\n]|\\.){3,400})\")"
_ASSIGNED = re.compile(rf"(?<![\w$])([\w$]+)[\"']?\s*[=:]\s*{_QUOTED}")
_CALLED = re.compile(rf"(?<![\w$.])([\w$.]+)\s*\(\s*(?:\{{\s*url\s*:\s*)?{_QUOTED}")
_DOCUMENTS = re.compile(r"['\"]([^'\"<>\n]{1,400}\.(?:pdf|ofd|docx?|wps|xlsx?))['\"]", re.IGNORECASE)
_MADE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_STRINGS = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`")
_POINTS = re.compile(r"<(?:a|img|iframe|frame|embed|object)\s", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:p|div|table|span|br|a|img|iframe|embed|object)\b", re.IGNORECASE)
_SIZE = re.compile(r"^\s*(\d+)(?:px)?\s*$")
_STYLED = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*(\d+)(?:\.\d+)?px", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MOST_SCRIPT = 2_000_000


class Region:
    """A part of a page: some of its elements with all that stands in them."""

    def __init__(self, roots: Iterable[lxml.html.HtmlElement]) -> None:
        self.roots = frozenset(roots)

    def __contains__(self, element: lxml.html.HtmlElement) -> bool:
        return element in self.roots or any(above in self.roots for above in element.iterancestors())

    @cached_property
    def leading(self) -> frozenset[lxml.html.HtmlElement]:
        """The elements in it that may be links: a page has many links, and most stand elsewhere."""
        return frozenset(element for root in self.roots for element in LEADING(root))


@cache
def _holders() -> Callable[[lxml.html.HtmlElement], list[Any]]:
    """Finds the elements that may show a document."""
    marks = "".join(f" or @{name}" for name in signs()["frame"]["marks"])
    frames = " or ".join(f"self::{name}" for name in _FRAMES)
    return compiled(f"descendant-or-self::*[{frames}{marks}]")


@cache
def _held_words() -> tuple[bytes, ...]:
    """Words, in small letters as UTF-8, of which a page that may show a document has one."""
    return tuple(name.encode() for name in (*(f"<{name}" for name in _FRAMES), *signs()["frame"]["marks"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that a page shows or links, with the words that name it."""

    url: str
    label: str
    kind: Kind = "file"


def documents(page: Page, inside: Region | None, *, named: bool) -> Iterator[str]:
    """Documents that the page shows in a frame or viewer, or names in a script.

    `inside` is the article's part of the page, None where it is not known. With `named` a string of a
    script counts only where its variable or function says that it is shown: every page of a site may
    name the same help file.
    """
    if is_viewer(page.url):
        url = shown(page.url, page.url)
        if url and canonical(url) != canonical(page.url):
            yield url
    if any(word in page.lowered_bytes for word in _held_words()):
        for element in _holders()(page.tree):
            if inside is None or element in inside:
                yield from _held(page, element)
    yield from _scripted(page, named=named)


def _held(page: Page, element: lxml.html.HtmlElement) -> Iterator[str]:
    """The document that one element shows, if any."""
    frame = element.tag in _FRAMES
    for name in signs()["frame"]["attributes" if frame else "marks"]:
        reference = element.get(name)
        url = shown(page.base, reference) if reference else None
        if url and is_document(url):
            yield url
            return
    if element.tag == "object":
        for param in element.iter("param"):
            url = shown(page.base, param.get("value") or "")
            if url and is_document(url):
                yield url
                return


def _scripted(page: Page, *, named: bool) -> Iterator[str]:
    script = page.scripts[:_MOST_SCRIPT]
    known = signs()["script"]
    for found, names in ((_ASSIGNED, known["variables"]), (_CALLED, known["calls"])):
        for match in found.finditer(script):
            text = _made(match[2] or match[3])
            if not names.match(match[1]) or "<" in text:
                continue
            url = shown(page.base, text)
            if url and (is_document(url) or (not named and "/" in text and is_download(url))):
                yield url
    if named:
        return
    for quoted in _DOCUMENTS.findall(script):
        url = shown(page.base, _made(quoted))
        if url and is_document(url):
            yield url


def _made(text: str) -> str:
    """A string of a script without its escapes."""
    return wellformed(_MADE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text))


def frames(page: Page, inside: Region | None) -> Iterator[str]:
    """Pages that the page shows in its frames, the site's furniture left out."""
    furniture = signs()["frame"]["furniture"]
    for element in page.tree.iter(*_FRAMES):
        if (inside is not None and element not in inside) or _unseen(element):
            continue
        references = (element.get(name) for name in signs()["frame"]["attributes"])
        addresses = (shown(page.base, reference) for reference in references if reference)
        url = next((one for one in addresses if one), None)
        if url and not furniture.search(url) and canonical(url) != canonical(page.url):
            yield url


def pictures(page: Page, inside: Region | None) -> Iterator[str]:
    """Pictures large enough, as far as the mark-up says, to show a page of a report, in their order."""
    for element in page.tree.iter("img"):
        if inside is not None and element not in inside:
            continue
        if inside is None and in_navigation(element):
            continue
        references = (element.get(name) for name in signs()["picture"]["attributes"])
        addresses = (absolute(page.base, reference) for reference in references if reference)
        url = next((one for one in addresses if one), None)
        if url and _may_be_page(element, url):
            yield url


def _may_be_page(element: lxml.html.HtmlElement, url: str) -> bool:
    known = signs()["picture"]
    said = " ".join(element.get(name) or "" for name in ("class", "id", "alt", "title"))
    name = urlsplit(url).path.rsplit("/", 1)[-1].lower()
    ending = name.rpartition(".")[2] if "." in name else ""
    if ending and ending not in known["endings"]:
        return False
    if known["furniture"].search(f"{unquote(url)} {said}") or _unseen(element):
        return False
    sides = [element.get("width"), element.get("height")]
    sides += [side for _, side in _STYLED.findall(element.get("style") or "")]
    sizes = [int(match[1]) for side in sides if side and (match := _SIZE.match(side))]
    return all(size >= known["least_side"] for size in sizes)


def _unseen(element: lxml.html.HtmlElement) -> bool:
    """Whether an element is not to be seen: hidden, for readers without scripts, or of a point's size."""
    line = [element, *element.iterancestors()]
    if any(one.tag == "noscript" or _HIDDEN.search(one.get("style") or "") for one in line):
        return True
    return any((element.get(side) or "").strip() in ("0", "1", "0px", "1px") for side in ("width", "height"))


def onward(page: Page, links: Iterable[Link], year: int | None) -> Iterator[str]:
    """Links whose labels say that the text is elsewhere, or that name a report not of another year."""
    labels = signs()["onward"]["labels"]
    here = canonical(page.url)
    for link in links:
        label = folded(link.label)
        if not label or canonical(link.url) == here or is_other(link.label):
            continue
        told = title_year(link.label)
        if labels.search(label) or (is_report(link.label) and (told is None or year in (None, told))):
            yield link.url


def revealed(page: Page) -> Page | None:
    """What the page holds back for a script to show (in text areas, templates, strings), as a page.

    None where that points at nothing.
    """
    parts = []
    for holder in page.tree.iter("textarea", "template", "noscript", "script", "xmp"):
        inner = [holder.text or ""]
        inner += [etree.tostring(child, encoding="unicode", method="html") for child in holder]
        source = "".join(inner)[:_MOST_SCRIPT]
        kind = (holder.get("type") or "").lower()
        if holder.tag == "script" and (not kind or "javascript" in kind or "json" in kind):
            texts = [_made("".join(found.groups(""))) for found in _STRINGS.finditer(source)]
        else:
            texts = [source]
        for text in texts:
            markup = html.unescape(text) if "&lt;" in text else text
            if _POINTS.search(markup) and _MARKUP.search(markup):
                parts.append(markup)
    if not parts:
        return None
    # The base stays that of the page: what is shown is shown there.
    body = f'<html><head><base href="{html.escape(page.base)}"></head><body><div id="zoomcon">'
    return Page(page.url, f"{body}{''.join(parts)}</div></body></html>".encode(), "utf-8")


def offers(urls: Iterable[str], kind: Kind, label: str) -> Iterator[Offer]:
    """The addresses as what a publication may hold, labelled by file names that name a report."""
    for url in urls:
        name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
        yield Offer(url=url, label=name if is_report(name) else label, kind=kind)
