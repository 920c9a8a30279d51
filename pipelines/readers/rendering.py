"""A page of the web as it may be shown again: no script, nothing loaded, no way out, cells marked.

Owns what stays of a page: an allow-list of attributes, and the elements that are dropped with all that
they hold. The server that hands it out forbids the same by headers; each is enough without the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape

from lxml import etree, html

from pipelines.readers.cell_text import Element
from pipelines.records import CELL_ID

_DROPPED = frozenset(
    {"script", "noscript", "template", "iframe", "frame", "frameset", "noframes", "object", "embed", "applet"}
    | {"param", "link", "meta", "base", "title", "audio", "video", "source", "track", "picture", "canvas"}
    | {"svg", "math", "portal", "fencedframe", "dialog", "map", "area", "bgsound", "marquee", "plaintext"}
    | {"xmp", "listing", "noembed", "xml"}
)
_UNCLOSED = frozenset(
    {"embed", "source", "track", "param", "link", "meta", "base", "area", "bgsound", "plaintext", "xml"}
)
_SAFE = frozenset(
    {"colspan", "rowspan", "align", "valign", "width", "height", "border", "cellpadding", "cellspacing"}
    | {"bgcolor", "color", "size", "face", "lang", "dir", "title", "alt", "class", "nowrap", "span"}
    | {"start", "value", "type", "checked", "hidden", "rules", "frame", "style", "src"}
)
_PICTURE = re.compile(r"\s*data:image/(?:png|jpe?g|gif|bmp|webp);base64,[A-Za-z0-9+/=\s%]*\Z", re.IGNORECASE)
_LOADS = re.compile(r"url\s*\(|@import|@font-face|image-set|expression\s*\(|-moz-binding|\\", re.IGNORECASE)
_FLOATS = re.compile(r"position\s*:\s*(?:fixed|sticky)", re.IGNORECASE)
_SHUT = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_RULE = re.compile(r"[^{}]*\{[^{}]*\}|@[^{};]*;")

_MARK = (
    "outline:4px solid #c81e1e!important;outline-offset:-2px;"
    "background:#fff1b8!important;color:#000!important"
)
_STYLE = (
    "body{font-family:system-ui,'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif;"
    "margin:12px;background:#fff;color:#111}"
    f"#{CELL_ID}{{scroll-margin:40vh 30vw}}table{{border-collapse:collapse}}td,th{{border:1px solid #bbb}}"
)


def rendered(root: Element, cells: Collection[Element]) -> str:
    """The page of `root` as a document of its own, the `cells` marked and the first one's id `CELL_ID`.

    `root` is changed. Styles of the page stay as far as they load nothing.
    """
    opened = {above for cell in cells for above in (cell, *cell.iterancestors())}
    title = " ".join(" ".join(root.xpath("//title//text()")).split())
    styles = [_without_loads(style.text or "") for style in root.iter("style")]
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    for element in list(root.iter(*_DROPPED, "style")):
        _drop(element, kept=element in opened)
    for element in root.iter(etree.Element):
        _clean(element, shown=element in opened)
    for cell in cells:
        cell.set("style", f"{cell.get('style') or ''};{_MARK}")
    for cell in list(cells)[:1]:
        cell.set("id", CELL_ID)
    body = root.find("body")
    inner = body if body is not None else root
    inner.tag = "body"
    text = html.tostring(inner, encoding="unicode", method="html", with_tail=False)
    head = f"<meta charset='utf-8'><title>{escape(title)}</title>"
    sheets = "".join(f"<style>{style}</style>" for style in (*styles, _STYLE) if style.strip())
    return f"<!DOCTYPE html><html lang='zh-Hans'><head>{head}{sheets}</head>{text}</html>"


def _drop(element: html.HtmlElement, *, kept: bool) -> None:
    """Takes an element out of the page with all that it holds, but for what the parser took for its own:
    what stands behind a tag that nobody closes, and the way to a marked cell.
    """
    parent = element.getparent()
    if parent is None:
        return
    if kept or element.tag in _UNCLOSED:
        element.tag = "span"
        element.attrib.clear()
        return
    before = element.getprevious()
    if before is None:
        parent.text = f"{parent.text or ''}{element.tail or ''}"
    else:
        before.tail = f"{before.tail or ''}{element.tail or ''}"
    parent.remove(element)


def _clean(element: Element, *, shown: bool) -> None:
    """Takes from an element all attributes that are not known to be harmless."""
    for name in list(element.attrib):
        value = element.get(name) or ""
        if name not in _SAFE or (name == "src" and not (element.tag == "img" and _PICTURE.match(value))):
            del element.attrib[name]
    style = element.get("style")
    if style is not None:
        if _LOADS.search(style):
            style = ";".join(part for part in style.split(";") if not _LOADS.search(part))
        style = _FLOATS.sub("position:static", style)
        element.set("style", _SHUT.sub("", style) if shown else style)
    if shown and "hidden" in element.attrib:
        del element.attrib["hidden"]


def _without_loads(sheet: str) -> str:
    """The rules of a style sheet that load nothing, without what could end it."""
    kept = [rule for rule in _RULE.findall(sheet.replace("<", "")) if not _LOADS.search(rule)]
    return _FLOATS.sub("position:static", "".join(kept))
